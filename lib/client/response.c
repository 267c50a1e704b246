/* What a line from the server is, and what the end of a response does to the session.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/peers.h"
#include "client/session.h"

#include "wire/number.h"
#include "wire/octets.h"

/* "+OK 120 octets": a number at the head of the text, for what it is worth. */
static uint64_t leading_number(epop_span text)
{
    uint64_t value = 0;
    size_t pos = 0;

    return epopi_number_read(text.ptr, &pos, text.len, UINT64_MAX, &value) == EPOP_OK ? value : 0;
}

static void note_line_quirks(epop_client *c)
{
    if (c->p_text_length > c->p_text.len) {
        epopi_client_quirk(c, EPOP_QUIRK_LONG_LINE);
    }
}

/* The status indicator is followed by a space, or by nothing. */
static void note_missing_space(epop_client *c, size_t indicator)
{
    if (c->p_text.len > indicator && c->p_text.ptr[indicator] != ' ') {
        epopi_client_quirk(c, EPOP_QUIRK_STATUS_SPACE);
    }
}

static void take_greeting(epop_client *c, const epop_reply *reply)
{
    epop_span stamp;

    if (epop_line_eol(&c->p_line) == EPOP_EOL_LF) {
        epopi_client_quirk(c, EPOP_QUIRK_LF_SESSION);
    }
    c->p_traits = (uint8_t)epopi_peer_traits(reply->text);
    (void)epop_greeting_stamp(&stamp, reply->text.ptr, reply->text.len);
    epopi_client_sasl_greeting(c, stamp);
    if (reply->status == EPOP_STATUS_OK) {
        c->p_phase = EPOP_PHASE_AUTHORIZATION;
    } else {
        c->p_phase = EPOP_PHASE_ENDED;
        epopi_client_move(c, EPOPI_CLIENT_MOVE_GOODBYE);
    }
    c->p_pending |= EPOPI_CLIENT_STEP_GREETING;
}

static uint32_t shape_of_response(const epop_client *c, uint32_t command)
{
    return epopi_client_is_login(c) ? epop_command_shape(command, command == EPOP_CMD_AUTH)
                                    : epopi_client_head(c)->p_shape;
}

/* A positive status line: what follows it. */
static int32_t begin_response(epop_client *c, const epop_reply *reply)
{
    uint32_t command = epopi_client_command(c);

    switch (shape_of_response(c, command)) {
    case EPOP_SHAPE_ROWS:
        epopi_client_move(c, EPOPI_CLIENT_MOVE_LISTING);
        c->p_rows = 0;
        c->p_capabilities_new = 0;
        if (command == EPOP_CMD_CAPA) {
            epopi_client_sasl_forget(c);
        }
        return EPOP_OK;
    case EPOP_SHAPE_BODY:
        epopi_client_move(c, EPOPI_CLIENT_MOVE_CONTENT);
        c->p_expected = leading_number(reply->text);
        (void)epop_dot_decoder_init(&c->p_dot, epop_line_eol(&c->p_line));
        return EPOP_OK;
    case EPOP_SHAPE_SINGLE:
    case EPOP_SHAPE_SASL:
        if (epopi_client_response_to(command)->has_values) {
            c->p_pending |= EPOPI_CLIENT_STEP_ROW;
        }
        c->p_pending |= EPOPI_CLIENT_STEP_RESPONSE;
        return EPOP_OK;
    default:
        return EPOP_ERR_VALUE;
    }
}

static int32_t take_reply(epop_client *c, const epop_reply *reply)
{
    c->p_status = (uint8_t)reply->status;
    c->p_code = (uint8_t)reply->code;
    c->p_result = EPOP_OK;
    c->p_body = 0;
    c->p_expected = 0;
    note_line_quirks(c);
    note_missing_space(c, reply->status == EPOP_STATUS_OK ? sizeof "+OK" - 1 : sizeof "-ERR" - 1);
    if (c->p_phase == EPOP_PHASE_GREETING) {
        take_greeting(c, reply);
        return EPOP_OK;
    }
    c->p_pending |= EPOPI_CLIENT_STEP_REPLY;
    if (reply->status == EPOP_STATUS_OK) {
        return begin_response(c, reply);
    }
    c->p_pending |= EPOPI_CLIENT_STEP_RESPONSE;
    return EPOP_OK;
}

static int32_t take_status(epop_client *c)
{
    epop_reply reply;

    reply.struct_size = sizeof reply;
    if (epop_reply_parse(&reply, c->p_text.ptr, c->p_text.len) != EPOP_OK ||
        (reply.status == EPOP_STATUS_CONTINUE && !epopi_client_sasl_expects(c))) {
        return EPOP_ERR_PEER_STATUS;
    }
    c->p_pending |= EPOPI_CLIENT_STEP_TRACE_RECEIVED;
    if (reply.status != EPOP_STATUS_CONTINUE) {
        return take_reply(c, &reply);
    }
    c->p_pending |= EPOPI_CLIENT_STEP_CHALLENGE;
    note_missing_space(c, sizeof "+" - 1);
    return EPOP_OK;
}

static int32_t take_row(epop_client *c)
{
    if (c->p_text_length == 1 && c->p_text.ptr[0] == '.') {
        epopi_client_move(c, EPOPI_CLIENT_MOVE_LISTED);
        c->p_pending |= EPOPI_CLIENT_STEP_RESPONSE;
        return EPOP_OK;
    }
    if (c->p_rows == c->p_max_rows) {
        return EPOP_ERR_LIMIT_ROWS;
    }
    c->p_rows++;
    if (c->p_result != EPOP_ERR_ABORTED) {
        note_line_quirks(c);
        c->p_pending |= EPOPI_CLIENT_STEP_TRACE_RECEIVED | EPOPI_CLIENT_STEP_ROW;
    }
    return EPOP_OK;
}

int32_t epopi_client_take_line(epop_client *c)
{
    return c->p_state == EPOPI_CLIENT_ROWS ? take_row(c) : take_status(c);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* CAPA was answered. A refusal drops what was known: servers are known that answer before login and not after it. */
static void keep_capabilities(epop_client *c)
{
    if (c->p_result == EPOP_ERR_ABORTED) {
        return;
    }
    c->p_capabilities = EPOPI_CLIENT_CAPA_KNOWN;
    if (c->p_status == EPOP_STATUS_OK) {
        c->p_capabilities |= EPOPI_CLIENT_CAPA_LISTED | c->p_capabilities_new;
    }
}

void epopi_client_apply_response(epop_client *c)
{
    uint32_t ok = c->p_status == EPOP_STATUS_OK;

    switch (epopi_client_response_to(epopi_client_command(c))->effect) {
    case EPOPI_CLIENT_EFFECT_CAPABILITIES:
        keep_capabilities(c);
        break;
    case EPOPI_CLIENT_EFFECT_TLS:
        if (ok) {
            epopi_client_move(c, EPOPI_CLIENT_MOVE_STLS);
        }
        break;
    case EPOPI_CLIENT_EFFECT_UTF8:
        c->p_utf8 |= (uint8_t)ok;
        break;
    case EPOPI_CLIENT_EFFECT_GOODBYE:
        epopi_client_move(c, EPOPI_CLIENT_MOVE_GOODBYE);
        c->p_phase = EPOP_PHASE_ENDED;
        break;
    case EPOPI_CLIENT_EFFECT_NOTHING:
        break;
    }
}
