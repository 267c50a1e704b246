/* The fingerprint of a certificate: the SHA-256 of its DER form.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_FINGERPRINT_H
#define POPGET_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    FINGERPRINT_SIZE = 32,
    FINGERPRINT_TEXT = 3 * FINGERPRINT_SIZE /* "AB:CD:...", with a NUL */
};

/* Reads 64 hexadecimal digits, either without colons or with one between every two. False where they are not. */
bool fingerprint_parse(uint8_t *fingerprint, const char *text);

void fingerprint_format(char *text, const uint8_t *fingerprint);

#endif
