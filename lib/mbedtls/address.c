/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "mbedtls/address.h"

#include "wire/hex.h"
#include "wire/octets.h"

#include <string.h>

enum { SAN_IP = 0x87 }; /* GeneralName iPAddress: context-specific, primitive, 7 */

/* Where a number of at most `digits` digits ends; NULL where there is none or it is longer. */
static const char *number(const char *text, uint8_t base, uint8_t digits, uint32_t *value)
{
    const char *start = text;

    *value = 0;
    while (epopi_hex_value((uint8_t)*text) < base) {
        if (text - start == digits) {
            return NULL;
        }
        *value = *value * base + epopi_hex_value((uint8_t)*text);
        text++;
    }
    return text > start ? text : NULL;
}

static const char *end_or_zone(const char *text)
{
    return *text == '\0' || *text == '%' ? text : NULL;
}

/* Leading zeroes are refused: "010" is 8 to some. */
static const char *quad(const char *text, uint8_t *address)
{
    uint32_t value;
    size_t i;

    for (i = 0; i < 4; i++) {
        const char *end;
        if (i > 0 && *text++ != '.') {
            return NULL;
        }
        end = number(text, 10, 3, &value);
        if (!end || value > 255 || (*text == '0' && end - text > 1)) {
            return NULL;
        }
        address[i] = (uint8_t)value;
        text = end;
    }
    return end_or_zone(text);
}

/* Moves what stands behind "::" to the end. */
static void spread(uint8_t *address, size_t gap, size_t len)
{
    size_t i;

    epopi_copy(address + 16 - (len - gap), address + gap, len - gap);
    for (i = gap; i < 16 - (len - gap); i++) {
        address[i] = 0;
    }
}

/* One group behind `*len` octets, or the dotted end: the text behind it, or NULL. */
static const char *group(const char *text, uint8_t *address, size_t *len)
{
    uint32_t value;
    const char *end = number(text, 16, 4, &value);

    if (end && *end != '.' && *len <= 14) {
        address[(*len)++] = (uint8_t)(value >> 8);
        address[(*len)++] = (uint8_t)value;
        return end;
    }
    if (*len > 12) {
        return NULL;
    }
    end = quad(text, address + *len);
    *len += 4;
    return end;
}

enum { NO_GAP = 17 };

static uint32_t is_gap(const char *text)
{
    return text[0] == ':' && text[1] == ':';
}

/* What stands between two groups: the text behind it, or NULL. */
static const char *separator(const char *text, size_t len, size_t *gap)
{
    if (is_gap(text) && *gap == NO_GAP) {
        *gap = len;
        return text + 2;
    }
    if (text[0] == ':' && epopi_hex_value((uint8_t)text[1]) < 16) {
        return text + 1;
    }
    return end_or_zone(text);
}

static uint8_t parse_six(const char *text, uint8_t *address)
{
    size_t len = 0;
    size_t gap = NO_GAP;

    if (is_gap(text)) {
        text = separator(text, 0, &gap);
    }
    while (text && !end_or_zone(text)) {
        text = group(text, address, &len);
        text = text ? separator(text, len, &gap) : NULL;
    }
    if (!text || (gap == NO_GAP) != (len == 16)) {
        return 0;
    }
    if (gap != NO_GAP) {
        spread(address, gap, len);
    }
    return 16;
}

uint8_t epopi_address_parse(const char *text, uint8_t address[16])
{
    const char *end = quad(text, address);

    if (end) {
        return *end == '\0' ? 4 : 0;
    }
    return parse_six(text, address);
}

uint32_t epopi_address_certified(const mbedtls_x509_crt *certificate, const uint8_t *address, size_t len)
{
    const mbedtls_x509_sequence *name;

    for (name = &certificate->subject_alt_names; name; name = name->next) {
        if (name->buf.tag == SAN_IP && name->buf.len == len && memcmp(name->buf.p, address, len) == 0) {
            return 1;
        }
    }
    return 0;
}
