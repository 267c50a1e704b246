/* Octets in tests: made up, compared, and shown where they are not what they should be.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_OCTETS_H
#define EPOP_TESTS_OCTETS_H

/* What cmocka.h wants to stand in front of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <epop/base.h>

/* A string constant as `pointer, length`, NUL octets inside it included. */
#define TEXT(literal) (literal), (sizeof(literal) - 1)

/* The next number of a repeatable sequence; `*seed` is anything but 0. */
uint32_t octets_random(uint32_t *seed);

/* How many words of `len` letters an alphabet has, and the word of a given number. */
uint32_t octets_words(size_t letters, size_t len);
void octets_word(uint8_t *out, size_t len, const char *alphabet, size_t letters, uint32_t number);

/* Fails the test, and prints the input that did it. */
void octets_fail(const char *what, const void *input, size_t len);

/* Fails the test where `got` is not `want`; `input` is only shown. */
void octets_same(const void *got, size_t got_len, const void *want, size_t want_len, const void *input, size_t len);

/* Fails the test where a span is not this text. */
void octets_span(epop_span got, const char *want);

/* Fails the test where a span that is not empty lies outside `text`. */
void octets_within(epop_span span, const void *text, size_t len);

/* Two spans of the same octets at the same place; of empty ones the place is of no account. */
int octets_same_place(epop_span a, epop_span b);

/* The law of struct_size for one call on one struct: too small is refused and changes nothing; larger than the library
 * knows is taken, and what lies behind the known members is left alone. `call` uses `it`, a pointer to the struct. */
#define STRUCT_SIZE_LAW(type, call, want)                                                                              \
    do {                                                                                                               \
        struct {                                                                                                       \
            type known;                                                                                                \
            uint8_t later[16];                                                                                         \
        } grown, before;                                                                                               \
        type *it = &grown.known;                                                                                       \
        memset(&grown, 0, sizeof grown);                                                                               \
        for (uint32_t size_ = 0; size_ < sizeof(type); size_++) {                                                      \
            it->struct_size = size_;                                                                                   \
            before = grown;                                                                                            \
            assert_int_equal((call), EPOP_ERR_STRUCT_SIZE);                                                            \
            assert_memory_equal(&grown, &before, sizeof grown);                                                        \
        }                                                                                                              \
        memset(grown.later, 0xA5, sizeof grown.later);                                                                 \
        it->struct_size = (uint32_t)sizeof grown;                                                                      \
        assert_int_equal((call), (want));                                                                              \
        assert_int_equal(it->struct_size, sizeof grown);                                                               \
        for (size_t at_ = 0; at_ < sizeof grown.later; at_++) {                                                        \
            assert_int_equal(grown.later[at_], 0xA5);                                                                  \
        }                                                                                                              \
    } while (0)

#endif
