/* Strings of JSON (RFC 8259) from any octets.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "json.h"

#include "utf8.h"

static void put_escape(FILE *out, uint32_t code)
{
    if (code >= 0x10000) {
        code -= 0x10000;
        fprintf(out, "\\u%04x\\u%04x", (unsigned)(0xD800 + (code >> 10)), (unsigned)(0xDC00 + (code & 0x3FF)));
    } else {
        fprintf(out, "\\u%04x", (unsigned)code);
    }
}

static void put_code(FILE *out, uint32_t code, bool ascii)
{
    char octets[UTF8_MAX];
    size_t len;

    if (code == '"' || code == '\\') {
        putc('\\', out);
        putc((int)code, out);
    } else if (utf8_is_unsafe(code) || (ascii && code >= 0x80)) {
        put_escape(out, code);
    } else {
        len = utf8_put(octets, code);
        fwrite(octets, 1, len, out);
    }
}

void json_string(FILE *out, const void *text, size_t len, bool ascii)
{
    const uint8_t *octets = (const uint8_t *)text;
    bool is_utf8 = utf8_valid(text, len);
    uint32_t code;
    size_t pos = 0;

    putc('"', out);
    while (pos < len) {
        code = octets[pos];
        pos += is_utf8 ? (size_t)utf8_next(octets + pos, len - pos, &code) : 1;
        put_code(out, code, ascii);
    }
    putc('"', out);
}
