/* A SASL response as it comes in: on a line of its own, or behind AUTH and the mechanism.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * No line is kept: octets go to the mechanism as they come, each is looked at once, and a response that is wrong
 * already is passed over up to its end.
 */
#include "server/sasl.h"

#include "sasl/exchange.h"

#include "wire/octets.h"

/* Base64 is decoded in pieces of so many octets, those that the stage takes: no more is looked at and left. */
enum { SERVER_SASL_PIECE = 64 };

/* How many octets stand before the first CR or LF. */
static size_t response_length(const uint8_t *data, size_t len)
{
    size_t n = 0;

    len = len < SERVER_SASL_PIECE ? len : (size_t)SERVER_SASL_PIECE;
    while (n < len && data[n] != '\r' && data[n] != '\n') {
        n++;
    }
    return n;
}

/* The response is wrong already: only its end is looked for. */
static size_t skip_response(epop_sasl *x, const uint8_t *data, size_t len)
{
    size_t end = epopi_find(data, 0, len, '\n');

    x->p_flags &= (uint8_t)~EPOPI_SERVER_SASL_AFTER_CR;
    if (data[end - 1] == '\r') {
        x->p_flags |= EPOPI_SERVER_SASL_AFTER_CR;
    }
    return end;
}

/* 1 where nothing but LF, or behind a "*" the line's end, may follow. */
static uint32_t must_have_ended(const epop_sasl *x, uint8_t next)
{
    return (x->p_flags & EPOPI_SERVER_SASL_AFTER_CR) || ((x->p_flags & EPOPI_SERVER_SASL_STAR) && next != '\r');
}

/* Octets of a response, the first of them no LF. */
static size_t take_response(epop_server *s, const uint8_t *data, size_t len)
{
    epop_sasl *x = s->p_sasl;
    size_t used = 1;

    if (x->p_result == EPOP_OK && must_have_ended(x, data[0])) {
        x->p_result = EPOP_ERR_BASE64;
    }
    if (x->p_result < 0) {
        return skip_response(x, data, len);
    }
    if (data[0] == '\r') {
        x->p_flags |= EPOPI_SERVER_SASL_AFTER_CR;
    } else if (x->p_length == 0 && data[0] == '*') {
        x->p_flags |= EPOPI_SERVER_SASL_STAR;
    } else if (epopi_sasl_take(x, data, response_length(data, len), &used) == EPOP_ASK) {
        s->p_pending |= EPOPI_SERVER_STEP_PIECE;
    }
    return used;
}

/* The framing is broken. The session ends when the host has been told of the login. */
static void break_response(epop_server *s, int32_t error)
{
    epopi_server_sasl_result(s, error);
    s->p_end_error = error;
}

static void take_response_end(epop_server *s)
{
    epop_sasl *x = s->p_sasl;
    uint8_t eol = x->p_flags & EPOPI_SERVER_SASL_AFTER_CR ? EPOP_EOL_CRLF : EPOP_EOL_LF;

    if (s->p_line.p_eol == EPOP_EOL_FIRST) { /* AUTH is the first line of the session */
        s->p_line.p_eol = eol;
    }
    if (s->p_line.p_eol != eol) {
        break_response(s, EPOP_ERR_PEER_LINE_END);
        return;
    }
    if (x->p_length - (eol == EPOP_EOL_CRLF) > EPOP_LINE_LENGTH_MAX) {
        break_response(s, EPOP_ERR_LIMIT_LINE);
        return;
    }
    s->p_text = epopi_span(NULL, 0);
    if (x->p_flags & EPOPI_SERVER_SASL_INITIAL) {
        s->p_text = epopi_span(s->p_line.p_buffer, epopi_find(s->p_line.p_buffer, 0, s->p_line.p_size, 0));
        epopi_server_move(s, EPOPI_SERVER_MOVE_AUTH_LINE); /* traced as one */
    }
    x->p_flow = EPOPI_SERVER_SASL_LINE_ENDED;
    s->p_pending |= EPOPI_SERVER_STEP_TRACE_RECEIVED | EPOPI_SERVER_STEP_SASL;
}

void epopi_server_sasl_receive(epop_server *s, const uint8_t *data, size_t len, size_t *used)
{
    epop_sasl *x = s->p_sasl;
    uint32_t room = EPOP_LINE_LENGTH_MAX + 2u - x->p_length; /* as for every line: two for its end */

    *used = 0;
    if (epopi_sasl_take_rest(x) == EPOP_ASK) {
        s->p_pending |= EPOPI_SERVER_STEP_PIECE;
        return;
    }
    if (data[0] == '\n') {
        *used = 1;
        take_response_end(s);
        return;
    }
    *used = take_response(s, data, len < room ? len : (size_t)room);
    x->p_length += (uint32_t)*used;
    if (x->p_length >= EPOP_LINE_LENGTH_MAX + 2u) {
        break_response(s, EPOP_ERR_LIMIT_LINE);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* Where the initial response begins in a line that is not whole yet; p_step then describes its mechanism. 0 where there
 * is none that this session takes: then the line is too long. */
static size_t find_initial_response(epop_server *s, epop_span line)
{
    size_t keyword = epopi_find(line.ptr, 0, line.len, ' ');
    size_t name = epopi_find(line.ptr, keyword + 1, line.len, ' ');
    uint32_t index;
    uint32_t early;

    if (s->p_phase != EPOP_PHASE_AUTHORIZATION || name == line.len || !epopi_is_word(line.ptr, keyword, "AUTH")) {
        return 0;
    }
    index = epopi_sasl_find(s->p_sasl, EPOP_SASL_SERVER, epopi_span(line.ptr + keyword + 1, name - keyword - 1));
    early = epopi_server_sasl_offers(s, index) &&
            (s->p_sasl->p_step.properties & (EPOP_SASL_CLIENT_FIRST | EPOP_SASL_EARLY));
    return early ? name + 1 : 0;
}

/* What has come of the response. It is too short for a piece of a token. */
static void take_rest_of_line(epop_server *s, epop_span text)
{
    size_t pos;
    size_t used;

    for (pos = 0; pos < text.len; pos += used) {
        epopi_server_sasl_receive(s, text.ptr + pos, text.len - pos, &used);
        if (s->p_pending & EPOPI_SERVER_STEP_PIECE) {
            s->p_pending &= (uint16_t)~EPOPI_SERVER_STEP_PIECE;
            s->p_sasl->p_result = EPOP_ERR_TOO_LONG;
        }
    }
}

void epopi_server_sasl_long(epop_server *s)
{
    epop_sasl *x = s->p_sasl;
    epop_span line = epopi_span(s->p_line.p_buffer, s->p_line.p_stored);
    size_t start = x ? find_initial_response(s, line) : 0;
    int32_t result;

    if (start == 0) {
        return;
    }
    result = epopi_sasl_start(x, 0);
    epopi_sasl_begin_take(x);
    x->p_result = result;
    x->p_length = 0;
    x->p_flags = EPOPI_SERVER_SASL_INITIAL;
    s->p_command = EPOP_CMD_AUTH;
    s->p_name_len = 0;
    s->p_after_auth = 1;
    s->p_has_begun = 1;
    epopi_server_move(s, EPOPI_SERVER_MOVE_LONG_AUTH);
    take_rest_of_line(s, epopi_span(line.ptr + start, line.len - start));
    /* The keyword and the mechanism stay, for the trace. */
    epopi_wipe(s->p_line.p_buffer + start, s->p_line.p_size - start);
    s->p_line.p_stored = 0;
    s->p_line.p_length = 0;
    s->p_line.p_after_cr = 0;
}
