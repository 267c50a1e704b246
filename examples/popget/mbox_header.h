/* The header of a message on its way into an mbox file: who has sent it, and a field that would be a lie there.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Content-Length becomes X-Content-Length: line ends and the quoting of "From " lines change the length, and programs
 * that believe the field (those of System V, and some readers today) take what follows for part of the message, or skip
 * a part of it. Without the field they look for "From " lines.
 */
#ifndef POPGET_MBOX_HEADER_H
#define POPGET_MBOX_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MBOX_SENDER = 256, /* octets of an address, with a NUL; RFC 5321 section 4.5.3.1.3 allows 256 with its brackets */
    MBOX_HEADER_STEP = 32
};

struct mbox_header {
    bool is_over;
    bool in_line;   /* the line has octets */
    size_t held;    /* octets of a name that may be Content-Length, held back */
    size_t matched; /* ... of Return-Path, and its colon */
    bool at_name;   /* this line may still be a Content-Length */
    bool in_path;   /* in the value of the first Return-Path */
    bool has_path;  /* ... which has been seen */
    char name[16];  /* what is held back, as it came */
    char path[MBOX_SENDER + 2];
    size_t path_len;
};

void mbox_header_start(struct mbox_header *header);

/* Takes the next octet, and writes to `out`, of MBOX_HEADER_STEP octets, what stands in its place now; how many. When
 * `is_over`, nothing more need go through here. */
size_t mbox_header_step(struct mbox_header *header, uint8_t octet, uint8_t *out);

/* At the end of the message: what is still held back. */
size_t mbox_header_end(struct mbox_header *header, uint8_t *out);

/* The address of Return-Path for the "From " line, where it can stand there: visible ASCII, no blanks. Else, as for
 * bounces, whose address is empty, "MAILER-DAEMON". Writes MBOX_SENDER octets at most. */
void mbox_header_sender(const struct mbox_header *header, char *sender);

#endif
