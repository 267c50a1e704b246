/* Hexadecimal digits.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_WIRE_HEX_H
#define EPOP_WIRE_HEX_H

#include <epop/base.h>

enum { EPOPI_NOT_HEX = 16 };

/* The value of a digit in either letter case, or EPOPI_NOT_HEX. */
uint32_t epopi_hex_value(uint8_t octet);

/* Writes an octet as two digits; `ten` is the digit for 10, 'a' or 'A'. */
void epopi_hex_write(uint8_t *dst, uint8_t octet, uint8_t ten);

#endif
