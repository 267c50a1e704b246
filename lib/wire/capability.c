/* Lines of a CAPA listing.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/check.h"
#include "wire/number.h"
#include "wire/octets.h"
#include "wire/writer.h"

#include <epop/wire.h>

/* Row n has bit n of EPOP_CAPA_. */
static const char capability_names[][15] = {
    "TOP",  "USER",           "SASL", "RESP-CODES",     "LOGIN-DELAY", "PIPELINING", "EXPIRE",
    "UIDL", "IMPLEMENTATION", "STLS", "AUTH-RESP-CODE", "UTF8",        "LANG",
};

enum { CAPABILITY_COUNT = sizeof capability_names / sizeof capability_names[0] };

const char *epop_capability_name(uint32_t id)
{
    uint32_t i;

    for (i = 0; i < CAPABILITY_COUNT; i++) {
        if (id == (uint32_t)1 << i) {
            return capability_names[i];
        }
    }
    return "";
}

/* Behind the blanks, or behind the octets that are none, at base[pos, end). */
static size_t skip_run(const uint8_t *base, size_t pos, size_t end, uint32_t blanks)
{
    while (pos < end && epopi_is_blank(base[pos]) == blanks) {
        pos++;
    }
    return pos;
}

int32_t epop_word_next(const void *text, size_t len, size_t *pos, epop_span *word)
{
    const uint8_t *base = (const uint8_t *)text;
    size_t start;

    if (!pos || !word || epopi_check_octets(text, len) != EPOP_OK) {
        return EPOP_ERR_NULL;
    }
    *pos = skip_run(base, *pos, len, 1);
    start = *pos;
    *pos = skip_run(base, *pos, len, 0);
    *word = *pos > start ? epopi_span(base + start, *pos - start) : epopi_span(NULL, 0);
    return *pos > start ? EPOP_OK : EPOP_END;
}

static uint32_t numeric_value(epop_span word)
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
            out->value = numeric_value(word);
        }
        first = 0;
    }
}

static uint32_t id_of(epop_span tag)
{
    uint32_t i;

    for (i = 0; i < CAPABILITY_COUNT; i++) {
        if (epopi_is_word(tag.ptr, tag.len, capability_names[i])) {
            return (uint32_t)1 << i;
        }
    }
    return 0;
}

int32_t epop_capability_parse(epop_capability *out, const void *text, size_t len)
{
    const uint8_t *base = (const uint8_t *)text;
    size_t pos = 0;
    int32_t result = epopi_check_parse(out, sizeof *out, text, len);

    if (result != EPOP_OK) {
        return result;
    }
    out->id = 0;
    out->value = EPOP_UNSET;
    out->user = 0;
    out->params = epopi_span(NULL, 0);
    if (epop_word_next(base, len, &pos, &out->tag) == EPOP_END) {
        return EPOP_ERR_SYNTAX;
    }
    out->id = id_of(out->tag);
    pos = skip_run(base, pos, len, 1);
    while (len > pos && epopi_is_blank(base[len - 1])) {
        len--;
    }
    out->params = epopi_span(base + pos, len - pos);
    parse_params(out);
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void put_params(epopi_writer *w, const epop_capability *c)
{
    if (c->params.len > 0) {
        epopi_put_octet(w, ' ');
        epopi_put_text(w, c->params);
        return;
    }
    if (c->value == EPOP_EXPIRE_NEVER && c->id != EPOP_CAPA_LOGIN_DELAY) {
        epopi_put_word(w, " NEVER");
    } else if (c->value != EPOP_UNSET) {
        epopi_put_octet(w, ' ');
        epopi_put_number(w, c->value);
    }
    if (c->user) {
        epopi_put_word(w, " USER");
    }
}

/* RFC 2449 section 3: no dot in a tag, so that the line is not taken for the end of the listing. */
static int32_t check_tag(const epop_capability *c)
{
    if (c->tag.len == 0) {
        return epop_capability_name(c->id)[0] == '\0' ? EPOP_ERR_ARGUMENT_MISSING : EPOP_OK;
    }
    return epopi_is_visible(c->tag.ptr, c->tag.len) && epopi_find(c->tag.ptr, 0, c->tag.len, '.') == c->tag.len
               ? EPOP_OK
               : EPOP_ERR_OCTET;
}

int32_t epop_capability_write(void *dst, size_t cap, size_t *len, const epop_capability *capability)
{
    epopi_writer w;
    int32_t result = epopi_check_write(dst, cap, len);

    if (result == EPOP_OK) {
        result = epopi_check_struct(capability, sizeof *capability);
    }
    if (result == EPOP_OK) {
        result = epopi_check_spans(capability->tag, capability->params);
    }
    if (result == EPOP_OK) {
        result = check_tag(capability);
    }
    if (result != EPOP_OK) {
        return result;
    }
    for (epopi_writer_begin(&w, dst, cap, len, EPOP_STATUS_MAX); epopi_writer_pass(&w);) {
        if (capability->tag.len > 0) {
            epopi_put_text(&w, capability->tag);
        } else {
            epopi_put_word(&w, epop_capability_name(capability->id));
        }
        put_params(&w, capability);
        epopi_put_word(&w, "\r\n");
    }
    return w.result;
}
