/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L

#include "record.h"

#include <stdio.h>

void record_free(record *r)
{
    free(r->text);
    memset(r, 0, sizeof *r);
}

void record_clear(record *r)
{
    r->len = 0;
    if (r->text) {
        r->text[0] = '\0';
    }
}

void record_octets(record *r, const void *data, size_t len)
{
    if (r->len + len + 1 > r->cap) {
        r->cap = (r->len + len + 1) * 2;
        r->text = realloc(r->text, r->cap);
        if (!r->text) {
            abort();
        }
    }
    if (len > 0) {
        memcpy(r->text + r->len, data, len);
    }
    r->len += len;
    r->text[r->len] = '\0';
}

void record_shown(record *r, epop_span span)
{
    static const char hex[] = "0123456789abcdef";
    size_t i;

    for (i = 0; i < span.len; i++) {
        uint8_t octet = span.ptr[i];
        char shown[4] = {'\\', 'x', hex[octet >> 4], hex[octet & 15]};
        if (octet == '\r' || octet == '\n') {
            record_octets(r, octet == '\r' ? "\\r" : "\\n", 2);
        } else if (octet < 0x20 || octet > 0x7e || octet == '\\') {
            record_octets(r, shown, 4);
        } else {
            record_octets(r, span.ptr + i, 1);
        }
    }
}

void record_add(record *r, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    int len;

    va_start(arguments, format);
    len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= sizeof line) {
        abort();
    }
    record_octets(r, line, (size_t)len);
}

const char *record_text(const record *r)
{
    return r->text ? r->text : "";
}

const char *result_name(int32_t result)
{
    static const char prefix[] = "EPOP_ERR_";
    const char *name = epop_error_name(result);

    if (strncmp(name, prefix, sizeof prefix - 1) == 0) {
        return name + sizeof prefix - 1;
    }
    return strncmp(name, "EPOP_", 5) == 0 ? name + 5 : name;
}

int record_fits(const char *pattern, const char *text)
{
    while (*pattern != '\0') {
        if (*pattern == '*') {
            pattern++;
            if (*text == '\0' || *text == '\r' || *text++ == '\n') {
                return 0;
            }
            while (*text != '\0' && *text != '\r' && *text != '\n' && *text != *pattern) {
                text++;
            }
        } else if (*pattern++ != *text++) {
            return 0;
        }
    }
    return *text == '\0';
}

static const char *subject_what = "";
static const char *subject_where = "";

void record_subject(const char *what, const char *where)
{
    subject_what = what;
    subject_where = where;
}

#ifdef EPOP_NO_TRACE
/* A library without traces reports all the rest. */
static char *expected_here(const char *pattern)
{
    record kept = {NULL, 0, 0};

    record_add(&kept, "%s", "");
    while (*pattern != '\0') {
        size_t len = strcspn(pattern, "\n");
        len += pattern[len] == '\n';
        if (strncmp(pattern, "> ", 2) != 0 && strncmp(pattern, "< ", 2) != 0) {
            record_octets(&kept, pattern, len);
        }
        pattern += len;
    }
    return kept.text;
}
#else
static char *expected_here(const char *pattern)
{
    return strdup(pattern);
}
#endif

void record_expect(const char *pattern, const char *text, const char *file, int line)
{
    char *expected = expected_here(pattern);

    if (!record_fits(expected, text)) {
        print_error("%s:%d: (%s %s) expected\n%s\ngot\n%s\n", file, line, subject_what, subject_where, expected, text);
        fail();
    }
    free(expected);
}

uint32_t random_next(uint32_t *seed)
{
    uint32_t x = *seed;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *seed = x;
    return x;
}

uint32_t random_below(uint32_t *seed, uint32_t bound)
{
    return bound > 0 ? (random_next(seed) >> 4) % bound : 0;
}

uint8_t *exact_copy(const void *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    if (!copy) {
        abort();
    }
    if (len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}
