/* UTF-8: reading and writing one character, and which characters are not fit for a terminal.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "utf8.h"

/* What a first octet says of its character: how many octets follow, its own bits, the least code point of that length.
 */
static int lead(uint8_t octet, uint32_t *bits, uint32_t *least)
{
    if (octet < 0x80) {
        *bits = octet;
        *least = 0;
        return 0;
    }
    if ((octet & 0xE0) == 0xC0) {
        *bits = octet & 0x1Fu;
        *least = 0x80;
        return 1;
    }
    if ((octet & 0xF0) == 0xE0) {
        *bits = octet & 0x0Fu;
        *least = 0x800;
        return 2;
    }
    if ((octet & 0xF8) == 0xF0) {
        *bits = octet & 0x07u;
        *least = 0x10000;
        return 3;
    }
    return UTF8_INVALID;
}

int utf8_next(const uint8_t *text, size_t len, uint32_t *code)
{
    uint32_t least = 0;
    int more;
    int i;

    if (len == 0) {
        return UTF8_INCOMPLETE;
    }
    more = lead(text[0], code, &least);
    for (i = 1; i <= more; i++) {
        if ((size_t)i == len) {
            return UTF8_INCOMPLETE;
        }
        if ((text[i] & 0xC0) != 0x80) {
            return UTF8_INVALID;
        }
        *code = *code << 6 | (text[i] & 0x3Fu);
    }
    if (more < 0 || *code < least || *code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF)) {
        return UTF8_INVALID;
    }
    return more + 1;
}

size_t utf8_put(char *dst, uint32_t code)
{
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint32_t marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t i;

    for (i = len - 1; i > 0; i--) {
        dst[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    dst[0] = (char)(marks[len] | code);
    return len;
}

bool utf8_valid(const void *text, size_t len)
{
    const uint8_t *octets = (const uint8_t *)text;
    uint32_t code;
    size_t pos = 0;
    int step;

    while (pos < len) {
        step = utf8_next(octets + pos, len - pos, &code);
        if (step <= 0) {
            return false;
        }
        pos += (size_t)step;
    }
    return true;
}

bool utf8_is_unsafe(uint32_t code)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x00, 0x1F},     {0x7F, 0x9F},     {0x061C, 0x061C}, {0x180E, 0x180E}, {0x200B, 0x200F},   {0x2028, 0x202E},
        {0x2060, 0x206F}, {0xFDD0, 0xFDEF}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE0FFF},
    };
    size_t i;

    for (i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return (code & 0xFFFE) == 0xFFFE;
}
