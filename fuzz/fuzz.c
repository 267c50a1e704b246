/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
    abort();
}

void fuzz_log_free(fuzz_log *log)
{
    free(log->octets);
    memset(log, 0, sizeof *log);
}

void fuzz_log_octets(fuzz_log *log, const void *data, size_t len)
{
    if (len == 0) {
        return;
    }
    if (log->len + len > log->cap) {
        log->cap = (log->len + len) * 2;
        log->octets = realloc(log->octets, log->cap);
        FUZZ_CHECK(log->octets != NULL);
    }
    memcpy(log->octets + log->len, data, len);
    log->len += len;
}

void fuzz_log_add(fuzz_log *log, const char *format, ...)
{
    char text[256];
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    FUZZ_CHECK(len >= 0 && (size_t)len < sizeof text);
    fuzz_log_octets(log, text, (size_t)len);
}

void fuzz_log_span(fuzz_log *log, epop_span span)
{
    fuzz_log_add(log, " %lu:", (unsigned long)span.len);
    fuzz_log_octets(log, span.ptr, span.len);
}

/* The log around octet `at`. */
static void show(const char *what, const fuzz_log *log, size_t at)
{
    size_t i = at > 400 ? at - 400 : 0;

    fprintf(stderr, "%s:\n", what);
    for (; i < log->len && i < at + 200; i++) {
        uint8_t octet = log->octets[i];
        fprintf(stderr, octet == '\n' || (octet >= ' ' && octet <= '~') ? "%c" : "\\x%02x", octet);
    }
    fprintf(stderr, "\n");
}

void fuzz_log_same(const char *what, const fuzz_log *left, const fuzz_log *right)
{
    size_t len = left->len < right->len ? left->len : right->len;
    size_t i = 0;

    while (i < len && left->octets[i] == right->octets[i]) {
        i++;
    }
    if (i < left->len || i < right->len) {
        fprintf(stderr, "%s differ from octet %lu of the log on\n", what, (unsigned long)i);
        show("at once", left, i);
        show("in pieces", right, i);
        fuzz_fail("one log for all cuts", __FILE__, __LINE__);
    }
}

uint32_t fuzz_next(uint32_t *seed)
{
    uint32_t x;

    *seed += 0x9e3779b9u;
    x = *seed;
    x = (x ^ (x >> 16)) * 0x21f0aaadu;
    x = (x ^ (x >> 15)) * 0x735a2d97u;
    return x ^ (x >> 15);
}

uint32_t fuzz_below(uint32_t *seed, uint32_t bound)
{
    return bound > 0 ? fuzz_next(seed) % bound : 0;
}

uint8_t *fuzz_copy(const void *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    FUZZ_CHECK(copy != NULL);
    if (len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}

/* ------------------------------------------------------------------------------------------------------------------ */

enum { SEGMENT_END = 0x1E, REPEAT = 0x1D, REPEAT_UNIT = 256, HEAD = 3, DECISIONS_MASK = 0x1F };

/* What stands at `at`, once or many times; returns how many octets of the input that took, 0 where it is too much. */
static size_t expand(fuzz_input *input, const uint8_t *at, size_t left)
{
    uint32_t is_repeat = at[0] == REPEAT && left >= 3;
    size_t count = is_repeat ? (size_t)at[1] * REPEAT_UNIT : 1;

    if (count > FUZZ_OCTETS_MAX - input->len) {
        return 0;
    }
    memset(input->octets + input->len, is_repeat ? at[2] : at[0], count);
    input->len += count;
    return is_repeat ? 3 : 1;
}

/* The octets, and where their segments end. */
static uint32_t read_octets(fuzz_input *input, const uint8_t *data, size_t size)
{
    size_t at = 0;

    while (at < size) {
        size_t used = 1;

        if (data[at] == SEGMENT_END) {
            input->segments[input->segment_count++] = input->len;
        } else {
            used = expand(input, data + at, size - at);
        }
        if (used == 0) {
            return 0;
        }
        at += used;
    }
    input->segments[input->segment_count++] = input->len;
    return 1;
}

uint32_t fuzz_input_open(fuzz_input *input, const uint8_t *data, size_t size)
{
    uint8_t *exact;

    memset(input, 0, sizeof *input);
    if (size < HEAD) {
        return 0;
    }
    input->flags = data[0];
    input->seed = data[1];
    input->decision_count = data[2] & DECISIONS_MASK;
    input->more = data[2] >> 5;
    input->decisions = data + HEAD;
    if (size < HEAD + input->decision_count) {
        return 0;
    }
    data += HEAD + input->decision_count;
    size -= HEAD + input->decision_count;
    input->octets = malloc(FUZZ_OCTETS_MAX);
    input->segments = malloc((size + 1) * sizeof *input->segments);
    FUZZ_CHECK(input->octets != NULL && input->segments != NULL);
    if (!read_octets(input, data, size)) {
        fuzz_input_close(input);
        return 0;
    }
    exact = fuzz_copy(input->octets, input->len);
    free(input->octets);
    input->octets = exact;
    return 1;
}

void fuzz_input_close(fuzz_input *input)
{
    free(input->octets);
    free(input->segments);
}

uint32_t fuzz_decide(fuzz_input *input)
{
    return input->decision_count > 0 ? input->decisions[input->decision_at++ % input->decision_count] : 0;
}
