/* The law of the writers: all or nothing, the needed size always told, no octet beside the destination touched.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_WRITER_H
#define EPOP_TESTS_WRITER_H

#include <stddef.h>
#include <stdint.h>

/* A writer of wire.h, with its values behind `value`. */
typedef int32_t writer_call(void *dst, size_t cap, size_t *len, const void *value);

/* The writer gives exactly these octets: at every `cap` that is too small it writes none and tells the size; at every
 * larger one it writes these and no others. `want_len` is at most 2000. */
void writer_gives(writer_call *call, const void *value, const void *want, size_t want_len);

/* The writer refuses with this result and writes nothing; where the destination is too small as well, it may say that
 * instead. */
void writer_refuses(writer_call *call, const void *value, int32_t want);

#endif
