/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "wire/hex.h"

uint32_t epopi_hex_value(uint8_t octet)
{
    uint32_t lower = octet | 0x20u;

    if (octet >= '0' && octet <= '9') {
        return (uint32_t)octet - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : (uint32_t)EPOPI_NOT_HEX;
}

static uint8_t hex_digit(uint32_t value, uint8_t ten)
{
    return (uint8_t)(value < 10 ? '0' + value : ten + value - 10);
}

void epopi_hex_write(uint8_t *dst, uint8_t octet, uint8_t ten)
{
    dst[0] = hex_digit(octet >> 4, ten);
    dst[1] = hex_digit(octet & 15u, ten);
}
