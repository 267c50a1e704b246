/* Strings of JSON (RFC 8259) from any octets.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_JSON_H
#define POPGET_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Writes the text with its quotes. Text that is not UTF-8 is taken for Latin-1, octet by octet. Unsafe characters
 * (utf8_is_unsafe) are escaped, so that the line can be shown; with `ascii` all beyond ASCII are. */
void json_string(FILE *out, const void *text, size_t len, bool ascii);

#endif
