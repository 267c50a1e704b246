/* Growing texts, the escapes of trace files, and memory that is freed all at once.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(void)
{
    fputs("trace: out of memory\n", stderr);
    exit(2);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Texts
 */

static void text_room(struct text *t, size_t more)
{
    size_t cap = t->cap ? t->cap : 256;

    while (cap - t->len <= more) {
        cap *= 2;
    }
    if (cap != t->cap) {
        t->ptr = realloc(t->ptr, cap);
        if (!t->ptr) {
            out_of_memory();
        }
        t->cap = cap;
    }
}

void text_add(struct text *t, const void *ptr, size_t len)
{
    text_room(t, len);
    if (len) {
        memcpy(t->ptr + t->len, ptr, len);
    }
    t->len += len;
    t->ptr[t->len] = 0;
}

void text_printf(struct text *t, const char *format, ...)
{
    char buffer[2048];
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(buffer, sizeof buffer, format, list);
    va_end(list);
    text_add(t, buffer, n < 0 ? 0 : (size_t)n < sizeof buffer ? (size_t)n : sizeof buffer - 1);
}

void text_escaped(struct text *t, const void *ptr, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";
    const uint8_t *p = ptr;

    for (size_t i = 0; i < len; i++) {
        uint8_t c = p[i];

        if (c == '\r') {
            text_add(t, "\\r", 2);
        } else if (c == '\n') {
            text_add(t, "\\n", 2);
        } else if (c == '\t') {
            text_add(t, "\\t", 2);
        } else if (c == 0) {
            text_add(t, "\\0", 2);
        } else if (c == '"' || c == '\\') {
            text_add(t, "\\", 1);
            text_add(t, &p[i], 1);
        } else if (c < 0x20 || c > 0x7E) {
            char hex[4] = {'\\', 'x', digits[c >> 4], digits[c & 15]};

            text_add(t, hex, sizeof hex);
        } else {
            text_add(t, &p[i], 1);
        }
    }
}

void text_clear(struct text *t)
{
    t->len = 0;
    text_room(t, 0);
    t->ptr[0] = 0;
}

void text_free(struct text *t)
{
    free(t->ptr);
    memset(t, 0, sizeof *t);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Escapes
 */

void pattern_add(struct pattern *p, uint16_t value)
{
    if (p->len == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 256;
        p->ptr = realloc(p->ptr, p->cap * sizeof *p->ptr);
        if (!p->ptr) {
            out_of_memory();
        }
    }
    p->ptr[p->len++] = value;
}

void pattern_free(struct pattern *p)
{
    free(p->ptr);
    memset(p, 0, sizeof *p);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) % 16 : -1;
}

/* One octet, escaped or not; how many characters it took, 0 where it is wrong. */
static size_t one_octet(uint16_t *value, const char *s, size_t len)
{
    static const char from[] = "\\\"rnt0s*";
    static const uint16_t to[] = {'\\', '"', '\r', '\n', '\t', 0, ' ', WILD};
    const char *at;

    if (s[0] != '\\') {
        *value = (uint8_t)s[0];
        return 1;
    }
    if (len >= 4 && s[1] == 'x' && hex_digit(s[2]) >= 0 && hex_digit(s[3]) >= 0) {
        *value = (uint16_t)(hex_digit(s[2]) * 16 + hex_digit(s[3]));
        return 4;
    }
    at = len >= 2 && s[1] ? strchr(from, s[1]) : NULL;
    if (!at) {
        return 0;
    }
    *value = to[at - from];
    return 2;
}

/* The octets of one unit, again and again. */
static bool repeat(struct pattern *out, const char *s, size_t len, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < len;) {
            uint16_t value;
            size_t took = one_octet(&value, s + k, len - k);

            if (!took) {
                return false;
            }
            pattern_add(out, value);
            k += took;
        }
    }
    return true;
}

/* The number behind "\{"; *at is moved behind its brace. */
static size_t repetition_count(const char *s, size_t len, size_t *at)
{
    size_t count = 0;

    for (*at = 2; *at < len && s[*at] >= '0' && s[*at] <= '9' && count < 1000000; ++*at) {
        count = count * 10 + (size_t)(s[*at] - '0');
    }
    if (*at + 1 >= len || s[*at] != '}') {
        return 0;
    }
    ++*at;
    return count;
}

size_t unescape_repetition(struct pattern *out, const char *s, size_t len)
{
    uint16_t value;
    size_t at;
    size_t unit;
    size_t count = repetition_count(s, len, &at);

    if (!count) {
        return 0;
    }
    if (s[at] == '(') {
        const char *close = memchr(s + at, ')', len - at);

        unit = close ? (size_t)(close - s) - at - 1 : 0;
        return close && repeat(out, s + at + 1, unit, count) ? at + unit + 2 : 0;
    }
    unit = one_octet(&value, s + at, len - at);
    return unit && repeat(out, s + at, unit, count) ? at + unit : 0;
}

bool unescape(struct pattern *out, const char *text, size_t len, bool *open_end)
{
    *open_end = false;
    for (size_t i = 0; i < len;) {
        uint16_t value;
        size_t took;

        if (text[i] == '\\' && i + 1 == len) {
            *open_end = true;
            return true;
        }
        if (text[i] == '\\' && text[i + 1] == '{') {
            took = unescape_repetition(out, text + i, len - i);
        } else {
            took = one_octet(&value, text + i, len - i);
            if (took) {
                pattern_add(out, value);
            }
        }
        if (!took) {
            return false;
        }
        i += took;
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Memory of one file
 */

struct arena_block {
    struct arena_block *next;
    uint64_t data[];
};

void *arena_get(struct arena *a, size_t size)
{
    struct arena_block *block = calloc(1, sizeof *block + size + 1);

    if (!block) {
        out_of_memory();
    }
    block->next = a->blocks;
    a->blocks = block;
    return block->data;
}

void *arena_copy(struct arena *a, const void *ptr, size_t len)
{
    void *copy = arena_get(a, len);

    if (len) {
        memcpy(copy, ptr, len);
    }
    return copy;
}

void arena_free(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;

        free(a->blocks);
        a->blocks = next;
    }
}
