/* Buffers between two unreadable pages, so that one octet read or written too far ends the test.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_GUARD_H
#define EPOP_TESTS_GUARD_H

#include <stddef.h>
#include <stdint.h>

typedef struct guard {
    uint8_t *map;
    size_t map_size;
    uint8_t *first; /* right behind the unreadable page in front */
    uint8_t *end;   /* the first octet of the unreadable page behind */
} guard;

/* Room for at least `room` octets. Ends the program where the system gives none. */
void guard_open(guard *g, size_t room);
void guard_close(guard *g);

/* The last `len` octets before the unreadable page; what stands in them is of no account. */
uint8_t *guard_tail(const guard *g, size_t len);

/* A copy of `data` that ends at the unreadable page behind, or begins at the one in front. */
uint8_t *guard_put(const guard *g, const void *data, size_t len);
uint8_t *guard_put_first(const guard *g, const void *data, size_t len);

#endif
