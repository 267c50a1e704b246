/* The value of a header field as text: encoded words (RFC 2047) and 8-bit octets become UTF-8.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_ENCODED_WORD_H
#define POPGET_ENCODED_WORD_H

#include <stddef.h>
#include <stdint.h>

/* Writes the decoded value to `text`, valid UTF-8 always, and returns its length; what does not fit is cut off between
 * two characters. Any octet may be in the result, so it must be escaped before it is shown. An encoded word that can
 * not be decoded stays as it stands. */
size_t encoded_word_decode(char *text, size_t cap, const uint8_t *value, size_t len);

#endif
