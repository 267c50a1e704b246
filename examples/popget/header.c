/* The header of a message as it comes in: three fields of it, unfolded.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "header.h"

#include <string.h>

/* Where in the header the next octet stands. A CR before an LF belongs to the line end; a bare LF is one too, for this
 * is for display only. */
enum {
    AT_LINE,  /* at the head of a line */
    IN_NAME,  /* before the colon */
    IN_VALUE, /* behind it, or on a line that continues it */
    OVER      /* behind the empty line */
};

static const char *const names[HEADER_FIELDS] = {"from", "subject", "date"};

void header_start(struct header *header)
{
    memset(header, 0, sizeof *header);
    header->field = HEADER_FIELDS;
    header->state = AT_LINE;
}

static void put_name(struct header *header, uint8_t octet)
{
    if (octet >= 'A' && octet <= 'Z') {
        octet = (uint8_t)(octet + ('a' - 'A'));
    }
    if (header->name_len < sizeof header->name) {
        header->name[header->name_len] = (char)octet;
    }
    header->name_len += header->name_len <= sizeof header->name;
}

/* The colon: which field is it? Blanks before it are old usage (RFC 5322 section 4.5). */
static void end_name(struct header *header)
{
    size_t len = header->name_len;
    int i;

    if (len > sizeof header->name) {
        return;
    }
    while (len > 0 && (header->name[len - 1] == ' ' || header->name[len - 1] == '\t')) {
        len--;
    }
    for (i = 0; i < HEADER_FIELDS; i++) {
        if (!header->values[i].seen && len == strlen(names[i]) && memcmp(header->name, names[i], len) == 0) {
            header->values[i].seen = true;
            header->field = i;
            header->gap = false;
        }
    }
}

static void keep(struct header_value *value, uint8_t octet)
{
    if (value->len < sizeof value->octets) {
        value->octets[value->len++] = octet;
    }
}

/* Runs of blanks become one space, and those at the ends go: folding may have put any number there. */
static void put_value(struct header *header, uint8_t octet)
{
    struct header_value *value;

    if (header->field == HEADER_FIELDS) {
        return;
    }
    value = &header->values[header->field];
    if (octet == ' ' || octet == '\t' || octet == '\r') {
        header->gap = true;
        return;
    }
    if (header->gap && value->len > 0) {
        keep(value, ' ');
    }
    header->gap = false;
    keep(value, octet);
}

static void put_at_line(struct header *header, uint8_t octet)
{
    if (octet == ' ' || octet == '\t') {
        header->state = IN_VALUE;
        header->gap = true;
        return;
    }
    if (octet == '\r') {
        return; /* of the empty line */
    }
    header->field = HEADER_FIELDS;
    header->name_len = 0;
    put_name(header, octet);
    header->state = IN_NAME;
}

static void put_octet(struct header *header, uint8_t octet)
{
    if (octet == '\n') {
        header->state = header->state == AT_LINE ? OVER : AT_LINE;
    } else if (header->state == AT_LINE) {
        put_at_line(header, octet);
    } else if (header->state == IN_VALUE) {
        put_value(header, octet);
    } else if (octet == ':') {
        header->state = IN_VALUE;
        end_name(header);
    } else {
        put_name(header, octet);
    }
}

void header_put(struct header *header, const uint8_t *data, size_t len)
{
    size_t i;

    for (i = 0; i < len && header->state != OVER; i++) {
        put_octet(header, data[i]);
    }
}
