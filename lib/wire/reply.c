/* Status lines and response codes.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/check.h"
#include "wire/octets.h"
#include "wire/writer.h"

#include <epop/wire.h>

typedef struct code_row {
    char name[12];
    uint8_t len;
    uint8_t code;
    uint8_t retry;
} code_row;

#define CODE(name, code, retry)                                                                                        \
    {                                                                                                                  \
        name, sizeof name - 1, code, retry                                                                             \
    }

/* RFC 2449 section 8.1, RFC 3206 section 4, RFC 6856 section 5. A longer name stands before its own beginning: codes
 * are hierarchical, and of two that fit, the more exact one counts. */
static const code_row codes[] = {
    CODE("LOGIN-DELAY", EPOP_CODE_LOGIN_DELAY, EPOP_RETRY_LATER),
    CODE("IN-USE", EPOP_CODE_IN_USE, EPOP_RETRY_LATER),
    CODE("SYS/TEMP", EPOP_CODE_SYS_TEMP, EPOP_RETRY_LATER),
    CODE("SYS/PERM", EPOP_CODE_SYS_PERM, EPOP_RETRY_NEVER),
    CODE("SYS", EPOP_CODE_SYS, EPOP_RETRY_UNKNOWN),
    CODE("AUTH", EPOP_CODE_AUTH, EPOP_RETRY_NEVER),
    CODE("UTF8", EPOP_CODE_UTF8, EPOP_RETRY_NOW),
};

enum { CODE_COUNT = sizeof codes / sizeof codes[0] };

static const code_row *find_code(uint32_t code)
{
    uint32_t i;

    for (i = 0; i < CODE_COUNT; i++) {
        if (codes[i].code == code) {
            return &codes[i];
        }
    }
    return NULL;
}

const char *epop_code_name(uint32_t code)
{
    const code_row *row = find_code(code);

    return row ? row->name : "";
}

uint32_t epop_code_retry(uint32_t code)
{
    const code_row *row = find_code(code);

    return row ? row->retry : (uint32_t)EPOP_RETRY_UNKNOWN;
}

/* 1 where the octets have the grammar of a response code (RFC 2449 section 3): levels of visible ASCII between slashes,
 * none of them empty, no bracket that closes. */
static uint32_t is_code_name(epop_span name)
{
    uint8_t before = '/';
    size_t i;

    for (i = 0; i < name.len; i++) {
        if (name.ptr[i] == ']' || (name.ptr[i] == '/' && before == '/')) {
            return 0;
        }
        before = name.ptr[i];
    }
    return before != '/' && epopi_is_visible(name.ptr, name.len);
}

/* What stands in the brackets at the head of a text, where it is a response code; empty otherwise. */
static epop_span bracketed(epop_span text)
{
    epop_span name = epopi_span(text.ptr, 0);
    size_t stop;

    if (text.len > 0 && text.ptr[0] == '[') {
        stop = epopi_find(text.ptr, 1, text.len, ']');
        name = epopi_span(text.ptr + 1, stop - 1);
        if (stop == text.len || !is_code_name(name)) {
            name.len = 0;
        }
    }
    return name;
}

/* 1 where the levels of the name are those of `known`, or go on below them. */
static uint32_t is_below(epop_span name, const code_row *known)
{
    return name.len >= known->len && epopi_is_word(name.ptr, known->len, known->name) &&
           (name.len == known->len || name.ptr[known->len] == '/');
}

static uint32_t code_of(epop_span name)
{
    uint32_t i;

    for (i = 0; i < CODE_COUNT; i++) {
        if (is_below(name, &codes[i])) {
            return codes[i].code;
        }
    }
    return EPOP_CODE_OTHER;
}

/* The text behind a status indicator of `skip` octets: one space is part of the line's form, not of the text. */
static void parse_text(epop_reply *out, const uint8_t *base, size_t skip, size_t len)
{
    size_t at = skip < len && base[skip] == ' ' ? skip + 1 : skip;

    out->text = epopi_span(base + at, len - at);
    out->detail = out->text;
    out->code = EPOP_CODE_NONE;
    out->code_name = epopi_span(base + at, 0);
    if (out->status == EPOP_STATUS_CONTINUE) {
        out->retry = EPOP_RETRY_UNKNOWN;
        return;
    }
    out->code_name = bracketed(out->text);
    if (out->code_name.len > 0) {
        out->code = code_of(out->code_name);
        at = out->code_name.len + 2;
        at = at < out->text.len && out->text.ptr[at] == ' ' ? at + 1 : at;
        out->detail = epopi_span(out->text.ptr + at, out->text.len - at);
    }
    out->retry = epop_code_retry(out->code);
}

/* 0 if the line does not begin with it. In capitals, unlike all other words of the protocol: so much RFC 1939 section 3
 * demands. */
static size_t indicator_length(const uint8_t *base, size_t len, const char *indicator)
{
    size_t i;

    for (i = 0; indicator[i] != '\0'; i++) {
        if (i == len || base[i] != (uint8_t)indicator[i]) {
            return 0;
        }
    }
    return i;
}

static uint32_t is_base64(uint8_t octet)
{
    uint32_t letter = (octet | 0x20u) - 'a';

    return letter <= 'z' - 'a' || (octet >= '/' && octet <= '9') || octet == '+' || octet == '=';
}

/* A challenge right after its "+": of the alphabet and length of base64, so that "+ok" is none. */
static uint32_t is_bare_challenge(const uint8_t *base, size_t len)
{
    size_t i = 1;

    if (len < 2 || base[0] != '+' || (len & 3u) != 1) {
        return 0;
    }
    while (i < len && is_base64(base[i])) {
        i++;
    }
    return i == len;
}

int32_t epop_reply_parse(epop_reply *out, const void *text, size_t len)
{
    const uint8_t *base = (const uint8_t *)text;
    int32_t result = epopi_check_parse(out, sizeof *out, text, len);
    size_t ok;
    size_t err;

    if (result != EPOP_OK) {
        return result;
    }
    ok = indicator_length(base, len, "+OK");
    err = indicator_length(base, len, "-ERR");
    if (ok > 0) {
        out->status = EPOP_STATUS_OK;
        parse_text(out, base, ok, len);
    } else if (err > 0) {
        out->status = EPOP_STATUS_ERR;
        parse_text(out, base, err, len);
    } else if (indicator_length(base, len, "+ ") > 0 || (len == 1 && base[0] == '+') || is_bare_challenge(base, len)) {
        out->status = EPOP_STATUS_CONTINUE;
        parse_text(out, base, 1, len);
    } else {
        return EPOP_ERR_SYNTAX;
    }
    return EPOP_OK;
}

static void put_indicator(epopi_writer *w, uint32_t status)
{
    if (status == EPOP_STATUS_OK) {
        epopi_put_word(w, "+OK ");
    } else {
        epopi_put_word(w, status == EPOP_STATUS_ERR ? "-ERR " : "+ ");
    }
}

static void put_code(epopi_writer *w, const epop_reply *reply)
{
    if (reply->code == EPOP_CODE_NONE) {
        return;
    }
    epopi_put_octet(w, '[');
    if (reply->code == EPOP_CODE_OTHER) {
        epopi_put_text(w, reply->code_name);
    } else {
        epopi_put_word(w, epop_code_name(reply->code));
    }
    epopi_put_octet(w, ']');
    if (reply->detail.len > 0) {
        epopi_put_octet(w, ' ');
    }
}

static int32_t check_reply(const epop_reply *reply)
{
    if (reply->status < EPOP_STATUS_OK || reply->status > EPOP_STATUS_CONTINUE) {
        return EPOP_ERR_VALUE;
    }
    if (reply->code == EPOP_CODE_NONE) {
        return EPOP_OK;
    }
    if (reply->status == EPOP_STATUS_CONTINUE) {
        return EPOP_ERR_VALUE;
    }
    if (reply->code == EPOP_CODE_OTHER) {
        return is_code_name(reply->code_name) ? EPOP_OK : EPOP_ERR_OCTET;
    }
    return find_code(reply->code) ? EPOP_OK : EPOP_ERR_VALUE;
}

int32_t epop_reply_write(void *dst, size_t cap, size_t *len, const epop_reply *reply)
{
    epopi_writer w;
    int32_t result = epopi_check_write(dst, cap, len);

    if (result == EPOP_OK) {
        result = epopi_check_struct(reply, sizeof *reply);
    }
    if (result == EPOP_OK) {
        result = epopi_check_spans(reply->detail, reply->code_name);
    }
    if (result == EPOP_OK) {
        result = check_reply(reply);
    }
    if (result != EPOP_OK) {
        return result;
    }
    for (epopi_writer_begin(&w, dst, cap, len, EPOP_STATUS_MAX); epopi_writer_pass(&w);) {
        put_indicator(&w, reply->status);
        put_code(&w, reply);
        epopi_put_text(&w, reply->detail);
        epopi_put_word(&w, "\r\n");
    }
    return w.result;
}
