/* POP URLs (RFC 2384), and pops:// for TLS from the first octet.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/check.h"
#include "wire/hex.h"
#include "wire/number.h"
#include "wire/octets.h"
#include "wire/writer.h"

#include <epop/wire.h>

#define AUTH_KEY ";AUTH="
#define AFTER_SCHEME "://"

enum {
    PORT_POP3 = 110,
    PORT_POP3S = 995,
    AUTH_KEY_LENGTH = sizeof AUTH_KEY - 1,
    AFTER_SCHEME_LENGTH = sizeof AFTER_SCHEME - 1
};

/* Decodes the octet at *pos, which is moved behind it. */
static int32_t decode_url_octet(epop_span text, size_t *pos, uint8_t *octet)
{
    uint32_t high;
    uint32_t low;

    *octet = text.ptr[*pos];
    if (*octet != '%') {
        (*pos)++;
        return epopi_breaks_line(octet, 1) ? EPOP_ERR_OCTET : EPOP_OK;
    }
    if (text.len - *pos < 3) {
        return EPOP_ERR_SYNTAX;
    }
    high = epopi_hex_value(text.ptr[*pos + 1]);
    low = epopi_hex_value(text.ptr[*pos + 2]);
    if (high == EPOPI_NOT_HEX || low == EPOPI_NOT_HEX) {
        return EPOP_ERR_SYNTAX;
    }
    *octet = (uint8_t)(high * 16 + low);
    *pos += 3;
    return epopi_breaks_line(octet, 1) ? EPOP_ERR_OCTET : EPOP_OK;
}

static int32_t measure(epop_span in, size_t *len)
{
    int32_t result = EPOP_OK;
    size_t need = 0;
    size_t pos = 0;
    uint8_t octet;

    while (pos < in.len && result == EPOP_OK) {
        result = decode_url_octet(in, &pos, &octet);
        need++;
    }
    *len = result == EPOP_OK ? need : 0;
    return result;
}

int32_t epop_url_decode(void *dst, size_t cap, size_t *len, const void *text, size_t text_len)
{
    epop_span in = epopi_span((const uint8_t *)text, text_len);
    uint8_t *out = (uint8_t *)dst;
    size_t pos;
    size_t at;
    int32_t result = epopi_check_write(dst, cap, len);

    if (result == EPOP_OK) {
        result = epopi_check_octets(text, text_len);
    }
    if (result == EPOP_OK) {
        result = measure(in, len);
    }
    if (result == EPOP_OK && *len > cap) {
        result = EPOP_ERR_SPACE;
    }
    if (result != EPOP_OK) {
        return result;
    }
    for (pos = 0, at = 0; pos < in.len; at++) {
        (void)decode_url_octet(in, &pos, &out[at]);
    }
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t parse_scheme(epop_url *out, const uint8_t *base, size_t len, size_t *pos)
{
    size_t colon = epopi_find(base, 0, len, ':');

    out->tls = epopi_is_word(base, colon, "POPS");
    if ((!out->tls && !epopi_is_word(base, colon, "POP")) || len - colon < AFTER_SCHEME_LENGTH ||
        !epopi_is_word(base + colon, AFTER_SCHEME_LENGTH, AFTER_SCHEME)) {
        return EPOP_ERR_SCHEME;
    }
    *pos = colon + AFTER_SCHEME_LENGTH;
    return EPOP_OK;
}

/* Percent codes are well-formed, and none hides a NUL, CR or LF. */
static int32_t check_codes(epop_span user, epop_span auth)
{
    size_t need = 0;
    int32_t result = epop_url_decode(NULL, 0, &need, user.ptr, user.len);

    if (result == EPOP_OK || result == EPOP_ERR_SPACE) {
        result = epop_url_decode(NULL, 0, &need, auth.ptr, auth.len);
    }
    return result == EPOP_ERR_SPACE ? EPOP_OK : result;
}

static uint32_t is_name_octet(uint8_t octet)
{
    uint8_t small = (uint8_t)(octet | 0x20);

    return (small >= 'a' && small <= 'z') || (octet >= '0' && octet <= '9') || octet == '.' || octet == '-' ||
           octet == '_';
}

/* 1 where all octets are the "achar" of RFC 2384 section 8. Not among them are the ":" before a password, which section
 * 3 does not permit, and everything that another reader could take for the end of the authority. */
static uint32_t is_encoded(epop_span text)
{
    static const uint8_t others[] = {'$', '+', '!', '*', '\'', '(', ')', ',', '%', '&', '=', '~'};
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (!is_name_octet(text.ptr[i]) && epopi_find(others, 0, sizeof others, text.ptr[i]) == sizeof others) {
            return 0;
        }
    }
    return 1;
}

/* user[;AUTH=mechanism] */
static int32_t parse_user(epop_url *out, const uint8_t *base, size_t pos, size_t end)
{
    size_t semicolon = epopi_find(base, pos, end, ';');
    size_t auth = semicolon + AUTH_KEY_LENGTH;

    if (semicolon < end) {
        if (end <= auth || !epopi_is_word(base + semicolon, AUTH_KEY_LENGTH, AUTH_KEY)) {
            return EPOP_ERR_SYNTAX;
        }
        out->apop = base[auth] == '+';
        auth += out->apop;
        out->auth = epopi_span(base + auth, end - auth);
        if (out->auth.len == 0) {
            return EPOP_ERR_SYNTAX;
        }
    }
    out->user = epopi_span(base + pos, semicolon - pos);
    if (end == pos || !is_encoded(out->user) || !is_encoded(out->auth)) {
        return EPOP_ERR_SYNTAX;
    }
    return check_codes(out->user, out->auth);
}

static uint32_t is_host_octet(uint8_t octet, uint32_t in_brackets)
{
    if (!in_brackets) {
        return is_name_octet(octet);
    }
    return epopi_hex_value(octet) != EPOPI_NOT_HEX || octet == ':' || octet == '.';
}

/* host, or [address]; *pos is moved behind it. */
static int32_t parse_host(epop_url *out, const uint8_t *base, size_t *pos, size_t end)
{
    uint32_t in_brackets = *pos < end && base[*pos] == '[';
    size_t start = *pos + in_brackets;
    size_t at = start;

    while (at < end && is_host_octet(base[at], in_brackets)) {
        at++;
    }
    out->host = epopi_span(base + start, at - start);
    if (in_brackets && (at == end || base[at] != ']' || epopi_find(base, start, at, ':') == at)) {
        return EPOP_ERR_SYNTAX;
    }
    *pos = at + in_brackets;
    return out->host.len > 0 ? EPOP_OK : EPOP_ERR_SYNTAX;
}

static int32_t parse_port(epop_url *out, const uint8_t *base, size_t *pos, size_t end)
{
    uint64_t port = 0;

    out->port = out->tls ? PORT_POP3S : PORT_POP3;
    if (*pos == end || base[*pos] != ':') {
        return EPOP_OK;
    }
    (*pos)++;
    if (epopi_number_read(base, pos, end, 65535, &port) != EPOP_OK || port == 0) {
        return EPOP_ERR_NUMBER;
    }
    out->port = (uint32_t)port;
    return EPOP_OK;
}

static int32_t parse_server(epop_url *out, const uint8_t *base, size_t pos, size_t end)
{
    size_t at = epopi_find(base, pos, end, '@');
    int32_t result;

    if (at < end) {
        /* A second "@" is an attempt to have two readers see two hosts. */
        if (epopi_find(base, at + 1, end, '@') < end) {
            return EPOP_ERR_SYNTAX;
        }
        result = parse_user(out, base, pos, at);
        if (result != EPOP_OK) {
            return result;
        }
        pos = at + 1;
    }
    result = parse_host(out, base, &pos, end);
    if (result == EPOP_OK) {
        result = parse_port(out, base, &pos, end);
    }
    if (result == EPOP_OK && pos < end && !(base[pos] == '/' && pos + 1 == end)) {
        result = EPOP_ERR_SYNTAX;
    }
    return result;
}

int32_t epop_url_parse(epop_url *out, const void *text, size_t len)
{
    const uint8_t *base = (const uint8_t *)text;
    size_t pos = 0;
    int32_t result = epopi_check_parse(out, sizeof *out, text, len);

    if (result != EPOP_OK) {
        return result;
    }
    out->port = 0;
    out->apop = 0;
    out->user = epopi_span(NULL, 0);
    out->auth = epopi_span(NULL, 0);
    out->host = epopi_span(NULL, 0);
    result = parse_scheme(out, base, len, &pos);
    if (result != EPOP_OK) {
        return result;
    }
    if (!epopi_is_visible(base, len)) {
        return EPOP_ERR_OCTET;
    }
    return parse_server(out, base, pos, len);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* What may stand in a user name or mechanism as it is: RFC 3986 "unreserved". */
static uint32_t is_unreserved(uint8_t octet)
{
    return is_name_octet(octet) || octet == '~';
}

static void put_encoded(epopi_writer *w, epop_span text)
{
    uint8_t code[2];
    size_t i;

    for (i = 0; i < text.len; i++) {
        uint8_t octet = text.ptr[i];
        if (epopi_breaks_line(&octet, 1)) {
            epopi_writer_fail(w, EPOP_ERR_OCTET);
        }
        if (is_unreserved(octet)) {
            epopi_put_octet(w, octet);
        } else {
            epopi_hex_write(code, octet, 'A');
            epopi_put_octet(w, '%');
            epopi_put_octet(w, code[0]);
            epopi_put_octet(w, code[1]);
        }
    }
}

static void put_auth(epopi_writer *w, const epop_url *url)
{
    epopi_put_word(w, url->apop ? AUTH_KEY "+" : AUTH_KEY);
    if (url->auth.len == 1 && url->auth.ptr[0] == '*') {
        epopi_put_octet(w, '*');
    } else {
        put_encoded(w, url->auth);
    }
}

static void put_host(epopi_writer *w, epop_span host)
{
    uint32_t in_brackets = epopi_find(host.ptr, 0, host.len, ':') < host.len;
    size_t i;

    for (i = 0; i < host.len; i++) {
        if (!is_host_octet(host.ptr[i], in_brackets)) {
            epopi_writer_fail(w, EPOP_ERR_OCTET);
        }
    }
    if (in_brackets) {
        epopi_put_octet(w, '[');
    }
    epopi_put_text(w, host);
    if (in_brackets) {
        epopi_put_octet(w, ']');
    }
}

static void put_user(epopi_writer *w, const epop_url *url)
{
    put_encoded(w, url->user);
    if (url->auth.len > 0) {
        put_auth(w, url);
    }
    if (url->user.len > 0 || url->auth.len > 0) {
        epopi_put_octet(w, '@');
    }
}

static void put_port(epopi_writer *w, const epop_url *url)
{
    if (url->port > 0 && url->port != (url->tls ? PORT_POP3S : PORT_POP3)) {
        epopi_put_octet(w, ':');
        epopi_put_number(w, url->port);
    }
}

static int32_t check_url(const epop_url *url)
{
    int32_t result = epopi_check_struct(url, sizeof *url);

    if (result == EPOP_OK) {
        result = epopi_check_spans(url->user, url->auth);
    }
    if (result == EPOP_OK) {
        result = epopi_check_octets(url->host.ptr, url->host.len);
    }
    if (result == EPOP_OK && url->host.len == 0) {
        result = EPOP_ERR_ARGUMENT_MISSING;
    }
    return result == EPOP_OK && url->port > 65535 ? EPOP_ERR_VALUE : result;
}

int32_t epop_url_write(void *dst, size_t cap, size_t *len, const epop_url *url)
{
    epopi_writer w;
    int32_t result = epopi_check_write(dst, cap, len);

    if (result == EPOP_OK) {
        result = check_url(url);
    }
    if (result != EPOP_OK) {
        return result;
    }
    for (epopi_writer_begin(&w, dst, cap, len, 0); epopi_writer_pass(&w);) {
        epopi_put_word(&w, url->tls ? "pops" AFTER_SCHEME : "pop" AFTER_SCHEME);
        put_user(&w, url);
        put_host(&w, url->host);
        put_port(&w, url);
    }
    return w.result;
}
