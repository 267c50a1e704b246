/* Decimal numbers as POP3 writes them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_WIRE_NUMBER_H
#define EPOP_WIRE_NUMBER_H

#include <epop/base.h>

/* 2^64 - 1 has 20 digits. */
enum { EPOPI_NUMBER_MAX = 20 };

/* Reads the digits at base[*pos, end) and moves *pos behind them. EPOP_OK; EPOP_ERR_SYNTAX where no digit stands there;
 * EPOP_ERR_NUMBER where the value is above `max` (*pos is then behind the digits all the same). */
int32_t epopi_number_read(const uint8_t *base, size_t *pos, size_t end, uint64_t max, uint64_t *value);

/* Writes the digits to `dst`, which has EPOPI_NUMBER_MAX octets; returns how many. */
size_t epopi_number_write(uint8_t *dst, uint64_t value);

#endif
