/* Base64 with padding, strict and streaming (RFC 4648 section 4).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/check.h"

#include <epop/wire.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int32_t epop_base64_init(epop_base64 *state)
{
    if (!state) {
        return EPOP_ERR_NULL;
    }
    state->p_bits = 0;
    state->p_count = 0;
    state->p_padding = 0;
    return EPOP_OK;
}

static uint8_t digit(uint32_t bits, uint32_t shift)
{
    return (uint8_t)alphabet[(bits >> shift) & 0x3F];
}

static size_t encode_group(epop_base64 *state, uint8_t *out)
{
    out[0] = digit(state->p_bits, 18);
    out[1] = digit(state->p_bits, 12);
    out[2] = digit(state->p_bits, 6);
    out[3] = digit(state->p_bits, 0);
    state->p_bits = 0;
    state->p_count = 0;
    return 4;
}

int32_t epop_base64_encode(epop_base64 *state, const void *data, size_t len, size_t *used, void *dst, size_t cap,
                           size_t *wrote)
{
    const uint8_t *in = (const uint8_t *)data;
    uint8_t *out = (uint8_t *)dst;

    if (!state || epopi_check_codec(data, len, used, dst, cap, wrote) != EPOP_OK) {
        return EPOP_ERR_NULL;
    }
    while (*used < len) {
        if (state->p_count == 2 && cap - *wrote < 4) {
            return EPOP_FULL;
        }
        state->p_bits = (state->p_bits << 8) | in[(*used)++];
        if (++state->p_count == 3) {
            *wrote += encode_group(state, out + *wrote);
        }
    }
    return EPOP_OK;
}

int32_t epop_base64_encode_end(epop_base64 *state, void *dst, size_t cap, size_t *wrote)
{
    uint8_t *out = (uint8_t *)dst;
    uint32_t bits;

    if (!state || epopi_check_write(dst, cap, wrote) != EPOP_OK) {
        return EPOP_ERR_NULL;
    }
    *wrote = state->p_count > 0 ? 4 : 0;
    if (*wrote > cap) {
        return EPOP_ERR_SPACE;
    }
    if (*wrote > 0) {
        bits = state->p_count == 1 ? state->p_bits << 16 : state->p_bits << 8;
        out[0] = digit(bits, 18);
        out[1] = digit(bits, 12);
        out[2] = state->p_count == 1 ? (uint8_t)'=' : digit(bits, 6);
        out[3] = '=';
    }
    return epop_base64_init(state);
}

/* The value of a digit, or 64. Comparisons instead of a table: the time does not depend on the octet, which may be a
 * password's, through a cache. */
static uint32_t digit_value(uint8_t octet)
{
    if (octet >= 'A' && octet <= 'Z') {
        return (uint32_t)octet - 'A';
    }
    if (octet >= 'a' && octet <= 'z') {
        return (uint32_t)octet - 'a' + 26;
    }
    if (octet >= '0' && octet <= '9') {
        return (uint32_t)octet - '0' + 52;
    }
    return octet == '+' ? 62 : octet == '/' ? 63 : 64;
}

/* Bits that belong to no octet must be zero, or one text had many spellings. */
static int32_t check_left_over(const epop_base64 *state)
{
    static const uint32_t left_over[3] = {0, 0xC0, 0xF000};

    return state->p_bits & left_over[state->p_padding] ? EPOP_ERR_BASE64 : EPOP_OK;
}

/* Takes one octet of a group. EPOP_ERR_BASE64 where it may not stand there. */
static int32_t decode_digit(epop_base64 *state, uint8_t octet)
{
    uint32_t value = digit_value(octet);

    /* A group that ended in padding was the last one. */
    if (state->p_padding > 0 && state->p_count == 0) {
        return EPOP_ERR_BASE64;
    }
    if (octet == '=' && state->p_count >= 2) {
        state->p_padding++;
        value = 0;
    } else if (value > 63 || state->p_padding > 0) {
        return EPOP_ERR_BASE64;
    }
    state->p_bits = (state->p_bits << 6) | value;
    state->p_count++;
    return state->p_count == 4 ? check_left_over(state) : EPOP_OK;
}

static size_t decode_group(epop_base64 *state, uint8_t *out)
{
    size_t n = 3u - state->p_padding;
    size_t i;

    for (i = 0; i < n; i++) {
        out[i] = (uint8_t)(state->p_bits >> (16 - 8 * i));
    }
    state->p_bits = 0;
    state->p_count = 0;
    return n;
}

int32_t epop_base64_decode(epop_base64 *state, const void *text, size_t len, size_t *used, void *dst, size_t cap,
                           size_t *wrote)
{
    const uint8_t *in = (const uint8_t *)text;
    uint8_t *out = (uint8_t *)dst;

    if (!state || epopi_check_codec(text, len, used, dst, cap, wrote) != EPOP_OK) {
        return EPOP_ERR_NULL;
    }
    while (*used < len) {
        if (state->p_count == 3 && cap - *wrote < 3) {
            return EPOP_FULL;
        }
        if (decode_digit(state, in[*used]) != EPOP_OK) {
            return EPOP_ERR_BASE64;
        }
        (*used)++;
        if (state->p_count == 4) {
            *wrote += decode_group(state, out + *wrote);
        }
    }
    return EPOP_OK;
}

int32_t epop_base64_decode_end(epop_base64 *state)
{
    uint32_t inside;

    if (!state) {
        return EPOP_ERR_NULL;
    }
    inside = state->p_count > 0;
    epop_base64_init(state);
    return inside ? EPOP_ERR_BASE64 : EPOP_OK;
}
