/* The header of a message on its way into an mbox file.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "mbox_header.h"

#include <string.h>

static const char length_name[] = "content-length";
static const char path_name[] = "return-path:";

enum { LENGTH_NAME = sizeof length_name - 1, PATH_NAME = sizeof path_name - 1 };

static void start_line(struct mbox_header *header)
{
    header->in_line = false;
    header->at_name = true;
    header->held = header->matched = 0;
    header->in_path = false;
}

void mbox_header_start(struct mbox_header *header)
{
    memset(header, 0, sizeof *header);
    start_line(header);
}

static char small(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? (char)(octet + ('a' - 'A')) : (char)octet;
}

/* The value of the first Return-Path, as far as there is room; what is longer has one octet too many, and is no use. */
static void note_path(struct mbox_header *header, uint8_t octet)
{
    if (header->in_path) {
        if (header->path_len < sizeof header->path) {
            header->path[header->path_len++] = (char)octet;
        }
        return;
    }
    if (header->matched < PATH_NAME && small(octet) == path_name[header->matched]) {
        header->matched++;
        header->in_path = header->matched == PATH_NAME && !header->has_path;
        header->has_path = header->has_path || header->matched == PATH_NAME;
    } else {
        header->matched = PATH_NAME; /* another name */
    }
}

size_t mbox_header_end(struct mbox_header *header, uint8_t *out)
{
    size_t len = header->held;

    memcpy(out, header->name, len);
    header->held = 0;
    header->at_name = false;
    return len;
}

/* An octet within a line. */
static size_t step_in_line(struct mbox_header *header, uint8_t octet, uint8_t *out)
{
    size_t len = 0;

    header->in_line = true;
    note_path(header, octet);
    if (header->at_name && header->held < LENGTH_NAME && small(octet) == length_name[header->held]) {
        header->name[header->held++] = (char)octet;
        return 0;
    }
    if (header->held == LENGTH_NAME && (octet == ':' || octet == ' ' || octet == '\t')) {
        out[len++] = 'X';
        out[len++] = '-';
    }
    len += mbox_header_end(header, out + len);
    out[len++] = octet;
    return len;
}

size_t mbox_header_step(struct mbox_header *header, uint8_t octet, uint8_t *out)
{
    size_t len;

    if (octet == '\r' && !header->in_line) {
        out[0] = octet; /* of the empty line */
        return 1;
    }
    if (octet != '\n') {
        return step_in_line(header, octet, out);
    }
    header->is_over = !header->in_line;
    len = mbox_header_end(header, out);
    out[len++] = octet;
    start_line(header);
    return len;
}

void mbox_header_sender(const struct mbox_header *header, char *sender)
{
    size_t len = header->path_len;
    size_t begin = 0;
    size_t at;

    strcpy(sender, "MAILER-DAEMON");
    while (len > 0 && strchr(" \t\r", header->path[len - 1]) != NULL) {
        len--;
    }
    while (begin < len && (header->path[begin] == ' ' || header->path[begin] == '\t')) {
        begin++;
    }
    if (len - begin < 3 || header->path[begin] != '<' || header->path[len - 1] != '>') {
        return;
    }
    begin++;
    len--;
    for (at = begin; at < len; at++) {
        if (header->path[at] <= ' ' || header->path[at] > '~' || header->path[at] == '<' || header->path[at] == '>') {
            return;
        }
    }
    if (len - begin < MBOX_SENDER) {
        memcpy(sender, header->path + begin, len - begin);
        sender[len - begin] = '\0';
    }
}
