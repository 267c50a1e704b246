/* Lines of a CAPA listing.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/number.h"
#include "wire/octets.h"

#include <epop/wire.h>

/* Row n has bit n of EPOP_CAPA_. */
static const char names[][15] = {
    "TOP",    "USER", "SASL",           "RESP-CODES", "LOGIN-DELAY",    "PIPELINING", "EXPIRE",
    "UIDL",   "IMPLEMENTATION", "STLS", "AUTH-RESP-CODE", "UTF8",       "LANG",
};

enum { NAME_COUNT = sizeof names / sizeof names[0] };

const char *epop_capability_name(uint32_t id)
{
    uint32_t i;

    for (i = 0; i < NAME_COUNT; i++) {
        if (id == (uint32_t)1 << i) {
            return names[i];
        }
    }
    return "";
}

int32_t epop_word_next(const void *text, size_t len, size_t *pos, epop_span *word)
{
    const uint8_t *base = (const uint8_t *)text;
    size_t at;
    size_t start;

    if (!pos || !word || (!text && len > 0)) {
        return EPOP_ERR_NULL;
    }
    at = *pos;
    while (at < len && epopi_is_blank(base[at])) {
        at++;
    }
    start = at;
    while (at < len && !epopi_is_blank(base[at])) {
        at++;
    }
    *pos = at;
    *word = epopi_span(at > start ? base + start : NULL, at > start ? at - start : 0);
    return at > start ? EPOP_OK : EPOP_END;
}

static uint32_t value_of(epop_span word)
{
    uint64_t value = 0;
    size_t at = 0;

    /* The two highest values mean NEVER and "no value". */
    if (epopi_number_read(word.ptr, &at, word.len, EPOP_EXPIRE_NEVER - 1u, &value) != EPOP_OK || at < word.len) {
        return EPOP_UNSET;
    }
    return (uint32_t)value;
}

static void parse_params(epop_capability *out)
{
    epop_span word;
    size_t pos = 0;
    uint32_t first = 1;

    while (epop_word_next(out->params.ptr, out->params.len, &pos, &word) == EPOP_OK) {
        if (epopi_is_word(word.ptr, word.len, "USER")) {
            out->user = 1;
        } else if (first && out->id == EPOP_CAPA_EXPIRE && epopi_is_word(word.ptr, word.len, "NEVER")) {
            out->value = EPOP_EXPIRE_NEVER;
        } else if (first && (out->id == EPOP_CAPA_EXPIRE || out->id == EPOP_CAPA_LOGIN_DELAY)) {
            out->value = value_of(word);
        }
        first = 0;
    }
}

int32_t epop_capability_parse(epop_capability *out, const void *text, size_t len)
{
    const uint8_t *base = (const uint8_t *)text;
    size_t pos = 0;
    uint32_t i;

    if (!out || (!text && len > 0)) {
        return EPOP_ERR_NULL;
    }
    if (!EPOPI_HAS(out, epop_capability)) {
        return EPOP_ERR_STRUCT_SIZE;
    }
    out->id = 0;
    out->value = EPOP_UNSET;
    out->user = 0;
    out->params = epopi_span(NULL, 0);
    if (epop_word_next(base, len, &pos, &out->tag) == EPOP_END) {
        return EPOP_ERR_SYNTAX;
    }
    for (i = 0; i < NAME_COUNT; i++) {
        if (epopi_is_word(out->tag.ptr, out->tag.len, names[i])) {
            out->id = (uint32_t)1 << i;
        }
    }
    while (pos < len && epopi_is_blank(base[pos])) {
        pos++;
    }
    while (len > pos && epopi_is_blank(base[len - 1])) {
        len--;
    }
    out->params = epopi_span(base + pos, len - pos);
    parse_params(out);
    return EPOP_OK;
}
