/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "sasl/name.h"

#include "wire/octets.h"

enum { ESCAPE_LENGTH = 2 }; /* of what follows the "=" */

epop_span epopi_name_escape(const uint8_t *octet)
{
    if (*octet == ',') {
        return epopi_span(EPOPI_LITERAL("=2C"));
    }
    return *octet == '=' ? epopi_span(EPOPI_LITERAL("=3D")) : epopi_span(octet, 1);
}

int32_t epopi_name_unescape(epop_span text, size_t *pos, uint8_t *octet)
{
    const uint8_t *code;

    *octet = text.ptr[(*pos)++];
    if (*octet != '=') {
        return EPOP_OK;
    }
    code = text.ptr + *pos;
    if (text.len - *pos < ESCAPE_LENGTH ||
        !(epopi_is_word(code, ESCAPE_LENGTH, "2C") || epopi_is_word(code, ESCAPE_LENGTH, "3D"))) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    *octet = *code == '2' ? ',' : '=';
    *pos += ESCAPE_LENGTH;
    return EPOP_OK;
}
