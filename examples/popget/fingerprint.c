/* The fingerprint of a certificate.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "fingerprint.h"

#include <stddef.h>
#include <string.h>

static const char digits[] = "0123456789ABCDEF0123456789abcdef";

/* -1 where it is no digit. */
static int value_of(char digit)
{
    const char *at = digit != '\0' ? strchr(digits, digit) : NULL;

    return at != NULL ? (int)(at - digits) % 16 : -1;
}

bool fingerprint_parse(uint8_t *fingerprint, const char *text)
{
    size_t colon = strchr(text, ':') != NULL ? 1 : 0;
    size_t step = 2 + colon;
    size_t i;

    if (strlen(text) != FINGERPRINT_SIZE * step - colon) {
        return false;
    }
    for (i = 0; i < FINGERPRINT_SIZE; i++) {
        int high = value_of(text[i * step]);
        int low = value_of(text[i * step + 1]);

        if (high < 0 || low < 0 || (colon > 0 && i > 0 && text[i * step - 1] != ':')) {
            return false;
        }
        fingerprint[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

void fingerprint_format(char *text, const uint8_t *fingerprint)
{
    size_t i;

    for (i = 0; i < FINGERPRINT_SIZE; i++) {
        text[3 * i] = digits[fingerprint[i] >> 4];
        text[3 * i + 1] = digits[fingerprint[i] & 15];
        text[3 * i + 2] = i + 1 < FINGERPRINT_SIZE ? ':' : '\0';
    }
}
