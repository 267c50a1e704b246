/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "wire/octets.h"

#include <string.h>

size_t epopi_find(const uint8_t *base, size_t pos, size_t end, uint8_t octet)
{
    const uint8_t *hit;

    if (pos >= end) {
        return end;
    }
    hit = (const uint8_t *)memchr(base + pos, octet, end - pos);
    return hit ? (size_t)(hit - base) : end;
}

void epopi_copy(uint8_t *dst, const uint8_t *src, size_t n)
{
    if (n > 0) {
        memmove(dst, src, n);
    }
}

void epopi_wipe(uint8_t *dst, size_t n)
{
    volatile uint8_t *at = dst;

    while (n > 0) {
        *at++ = 0;
        n--;
    }
}

epop_span epopi_span(const uint8_t *ptr, size_t len)
{
    epop_span span;

    span.ptr = ptr;
    span.len = len;
    return span;
}

uint32_t epopi_is_word(const uint8_t *ptr, size_t len, const char *word)
{
    size_t i;

    for (i = 0; i < len; i++) {
        uint8_t octet = ptr[i];
        if (octet >= 'a' && octet <= 'z') {
            octet = (uint8_t)(octet - ('a' - 'A'));
        }
        if (word[i] == '\0' || octet != (uint8_t)word[i]) {
            return 0;
        }
    }
    return word[len] == '\0';
}

uint32_t epopi_breaks_line(const uint8_t *ptr, size_t len)
{
    return epopi_find(ptr, 0, len, '\r') < len || epopi_find(ptr, 0, len, '\n') < len ||
           epopi_find(ptr, 0, len, 0) < len;
}

uint32_t epopi_is_visible(const uint8_t *ptr, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if (ptr[i] < 0x21 || ptr[i] > 0x7E) {
            return 0;
        }
    }
    return 1;
}

uint32_t epopi_is_blank(uint8_t octet)
{
    return octet == ' ' || octet == '\t';
}
