/* The few things that are done to runs of octets. find and copy are the only places that call into libc's string.h for
 * the data path, so that a proof needs contracts for nothing else.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_WIRE_OCTETS_H
#define EPOP_WIRE_OCTETS_H

#include <epop/base.h>

/* Index of the first `octet` in base[pos, end), or `end`. */
size_t epopi_find(const uint8_t *base, size_t pos, size_t end, uint8_t octet);

/* dst[0, n) = src[0, n); n may be 0 and the pointers NULL then. The two may overlap. */
void epopi_copy(uint8_t *dst, const uint8_t *src, size_t n);

/* Zeroes what held a secret. Not a plain memset, which a compiler may drop before the memory is left. */
void epopi_wipe(uint8_t *dst, size_t n);

epop_span epopi_span(const uint8_t *ptr, size_t len);

/* A string constant as two arguments: its octets, and how many they are. */
#define EPOPI_LITERAL(text) (const uint8_t *)("" text), sizeof("" text) - 1

/* 1 where the octets are `word` (capitals, NUL-terminated), ASCII letters in any case. */
uint32_t epopi_is_word(const uint8_t *ptr, size_t len, const char *word);

/* 1 where one of CR, LF and NUL is among the octets: they would end a line or a string too early. */
uint32_t epopi_breaks_line(const uint8_t *ptr, size_t len);

/* 1 where all octets are in 0x21 to 0x7E. */
uint32_t epopi_is_visible(const uint8_t *ptr, size_t len);

/* 1 for space and tab. */
uint32_t epopi_is_blank(uint8_t octet);

#endif
