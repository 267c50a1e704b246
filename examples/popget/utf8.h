/* UTF-8: reading and writing one character, and which characters are not fit for a terminal.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_UTF8_H
#define POPGET_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    UTF8_INCOMPLETE = 0, /* the text ends inside a character */
    UTF8_INVALID = -1,
    UTF8_MAX = 4,             /* octets in the longest character */
    UTF8_REPLACEMENT = 0xFFFD /* stands for octets that mean nothing */
};

/* The number of octets of the character at the head of `text`, 1 to 4, and its code point; or one of the above. Strict:
 * no overlong forms, no surrogates, nothing above U+10FFFF. */
int utf8_next(const uint8_t *text, size_t len, uint32_t *code);

/* Writes a character to `dst`, which has room for UTF8_MAX octets; returns how many there are. */
size_t utf8_put(char *dst, uint32_t code);

bool utf8_valid(const void *text, size_t len);

/* True for characters that move the cursor, change the order of others, or are not seen: controls (C0, DEL, C1), marks
 * that turn the direction of text, blanks without width, line and paragraph separators, tags and noncharacters. */
bool utf8_is_unsafe(uint32_t code);

#endif
