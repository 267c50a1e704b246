/* The C library's functions that epop calls, an octet at a time, as small chips have them: how many octets the library
 * looks at then shows in the instructions, and no vector unit hides it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *memchr(const void *text, int octet, size_t len)
{
    const unsigned char *at = text;

    for (size_t i = 0; i < len; i++) {
        if (at[i] == (unsigned char)octet) {
            return (void *)(uintptr_t)(at + i);
        }
    }
    return NULL;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t len)
{
    unsigned char *to = dst;
    const unsigned char *from = src;

    for (size_t i = 0; i < len; i++) {
        to[i] = from[i];
    }
    return dst;
}

void *memmove(void *dst, const void *src, size_t len)
{
    unsigned char *to = dst;
    const unsigned char *from = src;

    for (size_t i = 0; i < len; i++) {
        size_t at = (uintptr_t)dst < (uintptr_t)src ? i : len - 1 - i;

        to[at] = from[at];
    }
    return dst;
}

void *memset(void *dst, int octet, size_t len)
{
    unsigned char *to = dst;

    for (size_t i = 0; i < len; i++) {
        to[i] = (unsigned char)octet;
    }
    return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const unsigned char *x = a;
    const unsigned char *y = b;

    for (size_t i = 0; i < len; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}
