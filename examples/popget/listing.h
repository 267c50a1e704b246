/* The lines that --list prints: columns for a terminal, tab-separated fields, or JSON.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_LISTING_H
#define POPGET_LISTING_H

#include "header.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listing {
    bool json;
    bool columns;
    bool ascii;    /* the terminal is not UTF-8 */
    bool headed;   /* the line above the columns is out */
    int widths[6]; /* of the columns */
};

/* What is known of a message; `header` is NULL where there is none. */
struct listing_row {
    uint32_t number;
    uint64_t octets;
    const uint8_t *unique_id;
    size_t unique_id_len;
    const struct header *header;
};

void listing_start(struct listing *listing, bool json);

/* Writes to standard output; false with errno set where that fails. */
bool listing_print(struct listing *listing, const struct listing_row *row);
bool listing_end(struct listing *listing);

#endif
