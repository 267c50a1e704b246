/* Octets of somebody else as text that a terminal, a log or a reader can be shown.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "escape.h"

#include "utf8.h"

#include <langinfo.h>
#include <string.h>
#include <unistd.h>

enum { UNIT_MAX = 10 }; /* "\u{10ffff}" */

static size_t put_octet(char *dst, uint8_t octet)
{
    static const char digits[] = "0123456789abcdef";

    dst[0] = '\\';
    dst[1] = 'x';
    dst[2] = digits[octet >> 4];
    dst[3] = digits[octet & 15];
    return 4;
}

static size_t put_code(char *dst, uint32_t code)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = 0;
    int shift = 20;

    dst[len++] = '\\';
    dst[len++] = 'u';
    dst[len++] = '{';
    while (shift > 0 && code >> shift == 0) {
        shift -= 4;
    }
    for (; shift >= 0; shift -= 4) {
        dst[len++] = digits[code >> shift & 15];
    }
    dst[len++] = '}';
    return len;
}

/* One ASCII character. */
static size_t put_ascii(char *dst, uint8_t octet, unsigned flags)
{
    if ((flags & ESCAPE_LINES) && (octet == '\n' || octet == '\t')) {
        dst[0] = (char)octet;
        return 1;
    }
    if (octet == '\\' && (flags & ESCAPE_BACKSLASH)) {
        dst[0] = dst[1] = '\\';
        return 2;
    }
    if (octet < 0x20 || octet == 0x7F) {
        return put_octet(dst, octet);
    }
    dst[0] = (char)octet;
    return 1;
}

/* One character of `step` octets, where 0 and less mean that its first octet stands alone. */
static size_t put_unit(char *dst, const uint8_t *text, int step, uint32_t code, unsigned flags)
{
    if (step <= 0) {
        return put_octet(dst, text[0]);
    }
    if (step == 1) {
        return put_ascii(dst, text[0], flags);
    }
    if ((flags & ESCAPE_ASCII) || utf8_is_unsafe(code)) {
        return put_code(dst, code);
    }
    memcpy(dst, text, (size_t)step);
    return (size_t)step;
}

size_t escape_piece(char *dst, size_t cap, size_t *wrote, const uint8_t *text, size_t len, unsigned flags, bool last)
{
    char unit[UNIT_MAX];
    uint32_t code = 0;
    size_t used = 0;
    size_t size;
    int step;

    *wrote = 0;
    while (used < len) {
        step = utf8_next(text + used, len - used, &code);
        if (step == UTF8_INCOMPLETE && !last) {
            break;
        }
        size = put_unit(unit, text + used, step, code, flags);
        if (size > cap - *wrote) {
            break;
        }
        memcpy(dst + *wrote, unit, size);
        *wrote += size;
        used += step > 0 ? (size_t)step : 1;
    }
    return used;
}

size_t escape_text(char *dst, size_t cap, const void *text, size_t len, unsigned flags)
{
    size_t wrote;

    if (escape_piece(dst, cap - 4, &wrote, (const uint8_t *)text, len, flags, true) < len) {
        memcpy(dst + wrote, "...", 3);
        wrote += 3;
    }
    dst[wrote] = '\0';
    return wrote;
}

unsigned escape_for_stream(int fd)
{
    return isatty(fd) && strcmp(nl_langinfo(CODESET), "UTF-8") != 0 ? ESCAPE_ASCII : 0;
}
