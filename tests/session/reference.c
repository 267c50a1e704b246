/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "reference.h"

static uint32_t ends_line(uint8_t octet)
{
    return octet == '\r' || octet == '\n';
}

void reference_message(record *out, const void *stored, size_t len, uint64_t lines, uint32_t stuffed)
{
    const uint8_t *text = stored;
    uint32_t in_header = 1;
    size_t at = 0;

    while (at < len) {
        size_t end = at;
        while (end < len && !ends_line(text[end])) {
            end++;
        }
        if (!in_header && lines != REFERENCE_ALL && lines-- == 0) {
            break;
        }
        if (end == at) {
            in_header = 0;
        }
        record_octets(out, ".", stuffed && end > at && text[at] == '.');
        record_octets(out, text + at, end - at);
        record_octets(out, "\r\n", 2);
        at = end + 1;
        if (end + 1 < len && text[end] == '\r' && text[end + 1] == '\n') {
            at++;
        }
    }
    record_octets(out, ".\r\n", stuffed ? 3 : 0);
}
