/* What happened in a test, as text: easy to write down in advance, and to read where it was something else.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_RECORD_H
#define EPOP_TESTS_RECORD_H

/* What cmocka.h wants to stand in front of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <epop/base.h>

/* A string constant as `pointer, length`, NUL octets inside it included. */
#define TEXT(literal) (literal), (sizeof(literal) - 1)

/* Room enough in arrays of cases. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A text that grows. All zero is an empty one. */
typedef struct record {
    char *text;
    size_t len;
    size_t cap;
} record;

void record_free(record *r);
void record_clear(record *r);

/* Adds octets as they are, or readable: CR, LF, backslash and all that is not printable ASCII as escapes. */
void record_octets(record *r, const void *data, size_t len);
void record_shown(record *r, epop_span span);

/* Adds what printf would print. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void record_add(record *r, const char *format, ...);

/* The text, never NULL. */
const char *record_text(const record *r);

/* "OK", "PEER_EOF" and so on: the identifier of a result without what all of them begin with. */
const char *result_name(int32_t result);

/* 1 where `text` is what `pattern` says: "*" stands for octets but CR and LF, one or more, all else for itself. */
int record_fits(const char *pattern, const char *text);

/* Fails the test where that is not so, and prints both, and what the test is at. Lines that begin with "> " or "< " are
 * traces, and are not expected of a library that was built without them. */
void record_subject(const char *what, const char *where);
void record_expect(const char *pattern, const char *text, const char *file, int line);

/* The next number of a repeatable sequence; `*seed` is anything but 0. */
uint32_t random_next(uint32_t *seed);
/* From 0 to bound - 1. */
uint32_t random_below(uint32_t *seed, uint32_t bound);

/* A heap copy of exactly this size, so that a sanitizer sees every octet read behind it or after free. */
uint8_t *exact_copy(const void *data, size_t len);

#endif
