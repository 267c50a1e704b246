/* Octets in tests: made up, compared, and shown.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "octets.h"

#include <stdio.h>

uint32_t octets_random(uint32_t *seed)
{
    /* George Marsaglia's xorshift with the shifts 13, 17, 5. */
    uint32_t x = *seed;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *seed = x;
    return x;
}

uint32_t octets_words(size_t letters, size_t len)
{
    uint32_t words = 1;

    while (len-- > 0) {
        words *= (uint32_t)letters;
    }
    return words;
}

void octets_word(uint8_t *out, size_t len, const char *alphabet, size_t letters, uint32_t number)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)alphabet[number % letters];
        number /= (uint32_t)letters;
    }
}

static void show(const char *label, const void *data, size_t len)
{
    const uint8_t *octets = data;

    fprintf(stderr, "%s (%lu octets) \"", label, (unsigned long)len);
    for (size_t i = 0; i < len && i < 400; i++) {
        if (octets[i] == '\r') {
            fputs("\\r", stderr);
        } else if (octets[i] == '\n') {
            fputs("\\n", stderr);
        } else if (octets[i] < 0x20 || octets[i] > 0x7E || octets[i] == '"' || octets[i] == '\\') {
            fprintf(stderr, "\\x%02x", octets[i]);
        } else {
            fputc(octets[i], stderr);
        }
    }
    fputs("\"\n", stderr);
}

void octets_fail(const char *what, const void *input, size_t len)
{
    show("input", input, len);
    fail_msg("%s", what);
}

void octets_same(const void *got, size_t got_len, const void *want, size_t want_len, const void *input, size_t len)
{
    if (got_len != want_len || (want_len > 0 && memcmp(got, want, want_len) != 0)) {
        show("got  ", got, got_len);
        show("want ", want, want_len);
        octets_fail("the octets differ", input, len);
    }
}

void octets_span(epop_span got, const char *want)
{
    octets_same(got.ptr, got.len, want, strlen(want), want, strlen(want));
}

void octets_within(epop_span span, const void *text, size_t len)
{
    const uint8_t *first = text;

    if (span.len == 0) {
        return;
    }
    if (span.ptr < first || span.len > len || (size_t)(span.ptr - first) > len - span.len) {
        octets_fail("a span lies outside the text", text, len);
    }
}

int octets_same_place(epop_span a, epop_span b)
{
    return a.len == b.len && (a.len == 0 || a.ptr == b.ptr);
}
