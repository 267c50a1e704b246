/* The charsets that mail names, and how their octets are read.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_CHARSET_H
#define POPGET_CHARSET_H

#include <stddef.h>
#include <stdint.h>

enum { CHARSET_SIZE = 32 /* room for a label */ };

/* How the octets must be treated before the converter gets them. */
enum {
    CHARSET_PLAIN = 0,
    CHARSET_ASCII = 1, /* read as UTF-8 if they are valid UTF-8 */
    CHARSET_HZ = 2     /* RFC 1843: charset_unwrap_hz */
};

struct charset {
    const char *label;     /* in small letters */
    const char *converter; /* the name by which iconv knows it */
    int treatment;         /* CHARSET_ */
};

/* NULL for a label that is not known: the rest of what iconv has never sees a stranger's octets. */
const struct charset *charset_find(const char *label);

/* Turns HZ into EUC-CN, in place; returns the new length, which is not greater. */
size_t charset_unwrap_hz(uint8_t *octets, size_t len);

#endif
