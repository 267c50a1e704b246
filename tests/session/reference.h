/* What a message becomes on the wire, read plainly out of RFC 1939, without a thought for speed or for pieces.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_REFERENCE_H
#define EPOP_TESTS_REFERENCE_H

#include "record.h"

#define REFERENCE_ALL 0xFFFFFFFFFFFFFFFFu

/* Adds a stored message with CRLF for every line end: the header, the blank line, and `lines` lines of the body (RFC
 * 1939 section 7), or REFERENCE_ALL of it. Where it is `stuffed`, dots are doubled, and the dot line ends it. */
void reference_message(record *out, const void *stored, size_t len, uint64_t lines, uint32_t stuffed);

#endif
