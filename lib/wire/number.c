/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "wire/number.h"

/* A division costs a chip that has none a kilobyte of code; shifts and sums do for ten. */
static uint64_t ten_times(uint64_t value)
{
    return (value << 3) + (value << 1);
}

/* 4/5 of the value as a sum of halvings, then an eighth of that: at most one too little. */
static uint64_t tenth(uint64_t value)
{
    uint64_t part = (value >> 1) + (value >> 2);

    part += part >> 4;
    part += part >> 8;
    part += part >> 16;
    part += part >> 32;
    part >>= 3;
    return part + (value - ten_times(part) > 9);
}

/* One more digit; 0 where the value would be above `max`. */
static uint32_t append(uint64_t *sum, uint32_t digit, uint64_t max)
{
    uint64_t ten = ten_times(*sum);

    if (*sum > UINT64_MAX / 10 || ten > max || digit > max - ten) {
        return 0;
    }
    *sum = ten + digit;
    return 1;
}

int32_t epopi_number_read(const uint8_t *base, size_t *pos, size_t end, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    uint32_t fits = 1;
    size_t at = *pos;

    while (at < end && base[at] >= '0' && base[at] <= '9') {
        fits = append(&sum, (uint32_t)base[at] - '0', max) && fits;
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
        uint64_t rest = tenth(value);
        digits[count++] = (uint8_t)('0' + (value - ten_times(rest)));
        value = rest;
    } while (value > 0);
    for (i = 0; i < count; i++) {
        dst[i] = digits[count - 1 - i];
    }
    return count;
}
