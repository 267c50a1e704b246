/* Lines of the log of what was fetched before: eight fields with a space between them, the last one a checksum.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 *     KIND ACCOUNT UNIQUE-ID COPY TIME TARGET DETAIL CHECKSUM
 *
 * In texts, octets that are not visible ASCII, and "%", are written as %HH; an empty one is "-". The checksum is XXH64
 * of what stands before the space in front of it.
 */
#ifndef POPGET_RECORD_H
#define POPGET_RECORD_H

#include "state.h"

#include <stdio.h>

enum {
    RECORD_SEEN = 'S',   /* TIME: first seen */
    RECORD_INTENT = 'I', /* all fields */
    RECORD_END = 'E',    /* of an intent, which came to nothing */
    RECORD_FORGET = 'F',
    RECORD_GONE = 'G',    /* TIME: not listed since then; 0: listed again */
    RECORD_DELETED = 'D', /* the server has said that it deleted it */
    RECORD_BROKE = 'B'    /* TIME: it was under way when a session broke */
};

/* The fields that a kind has no use for are empty, or 0. */
struct record {
    int kind;
    const char *account;
    struct state_intent intent;
};

/* False with errno set. */
bool record_write(FILE *out, const struct record *record);

/* Takes a line apart, without its line end; its octets are changed, and the record points into them. False where it is
 * not one. */
bool record_parse(struct record *record, char *line, size_t len);

#endif
