/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "wire/number.h"

int32_t epopi_number_read(const uint8_t *base, size_t *pos, size_t end, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    uint32_t fits = 1;
    size_t at = *pos;

    while (at < end && base[at] >= '0' && base[at] <= '9') {
        uint32_t digit = (uint32_t)base[at] - '0';
        if (sum > max / 10 || (sum == max / 10 && digit > max % 10)) {
            fits = 0;
        } else {
            sum = sum * 10 + digit;
        }
        at++;
    }
    if (at == *pos) {
        return EPOP_ERR_SYNTAX;
    }
    *pos = at;
    if (!fits) {
        return EPOP_ERR_NUMBER;
    }
    *value = sum;
    return EPOP_OK;
}

size_t epopi_number_write(uint8_t *dst, uint64_t value)
{
    uint8_t digits[EPOPI_NUMBER_MAX];
    size_t count = 0;
    size_t i;

    do {
        digits[count++] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    for (i = 0; i < count; i++) {
        dst[i] = digits[count - 1 - i];
    }
    return count;
}
