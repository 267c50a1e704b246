/* The header of a message as it comes in: three fields of it, unfolded.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_HEADER_H
#define POPGET_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HEADER_FROM,
    HEADER_SUBJECT,
    HEADER_DATE,
    HEADER_FIELDS,
    HEADER_VALUE_MAX = 2000 /* octets of a value that are kept; RFC 5322 allows 998 on one line */
};

struct header_value {
    uint8_t octets[HEADER_VALUE_MAX];
    size_t len;
    bool seen; /* the first field of a name counts */
};

struct header {
    struct header_value values[HEADER_FIELDS];
    char name[16]; /* of the field on this line, as far as it has come */
    size_t name_len;
    int field; /* that is being read, or HEADER_FIELDS for one that nobody asked for */
    uint8_t state;
    bool gap; /* blanks stand between what was kept and what comes next */
};

void header_start(struct header *header);

/* The next octets of the message; after the empty line they are ignored. */
void header_put(struct header *header, const uint8_t *data, size_t len);

#endif
