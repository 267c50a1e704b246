/* What a line from the server means, and what the end of a response does to the session.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
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
        c->p_quirks |= EPOP_QUIRK_LONG_LINE;
    }
}

static void note_status_quirks(epop_client *c, const epop_reply *reply)
{
    size_t indicator = reply->status == EPOP_STATUS_OK ? 3 : 4;

    note_line_quirks(c);
    if (c->p_text.len > indicator && c->p_text.ptr[indicator] != ' ') {
        c->p_quirks |= EPOP_QUIRK_STATUS_SPACE;
    }
}

static void take_greeting(epop_client *c)
{
    if (epop_line_eol(&c->p_line) == EPOP_EOL_LF) {
        c->p_quirks |= EPOP_QUIRK_LF_SESSION;
    }
    c->p_phase = c->p_status == EPOP_STATUS_OK ? EPOP_PHASE_AUTHORIZATION : EPOP_PHASE_ENDED;
    c->p_state = c->p_status == EPOP_STATUS_OK ? EPOPI_STATUS : EPOPI_ENDED;
    c->p_todo |= EPOPI_TODO_GREETING;
}

/* A positive status line: what follows it. */
static void begin_response(epop_client *c, const epop_reply *reply)
{
    uint32_t command = epopi_client_command(c);

    switch (epopi_client_head(c)->p_command == EPOP_CMD_LOGIN ? epop_command_shape(command, command == EPOP_CMD_AUTH)
                                                              : epopi_client_head(c)->p_shape) {
    case EPOP_SHAPE_ROWS:
        c->p_state = EPOPI_ROWS;
        c->p_rows = 0;
        c->p_capabilities_new = 0;
        if (command == EPOP_CMD_CAPA) {
            epopi_client_sasl_forget(c);
        }
        break;
    case EPOP_SHAPE_BODY:
        c->p_state = EPOPI_BODY;
        c->p_expected = leading_number(reply->text);
        (void)epop_dot_init(&c->p_dot, epop_line_eol(&c->p_line));
        break;
    case EPOP_SHAPE_SINGLE:
    case EPOP_SHAPE_SASL:
        if (command == EPOP_CMD_STAT || command == EPOP_CMD_LIST || command == EPOP_CMD_UIDL) {
            c->p_todo |= EPOPI_TODO_ROW;
        }
        c->p_todo |= EPOPI_TODO_END;
        break;
    default:
        (void)epopi_client_die(c, EPOP_ERR_VALUE);
        break;
    }
}

static int32_t take_status(epop_client *c)
{
    epop_reply reply;

    reply.struct_size = sizeof reply;
    if (epop_reply_parse(&reply, c->p_text.ptr, c->p_text.len) != EPOP_OK ||
        (reply.status == EPOP_STATUS_CONTINUE && !epopi_client_sasl_expects(c))) {
        return epopi_client_die(c, EPOP_ERR_PEER_STATUS);
    }
    if (reply.status == EPOP_STATUS_CONTINUE) {
        c->p_todo |= EPOPI_TODO_TRACE_RECEIVED | EPOPI_TODO_CHALLENGE;
        if (c->p_text.len > 1 && c->p_text.ptr[1] != ' ') {
            c->p_quirks |= EPOP_QUIRK_STATUS_SPACE;
            c->p_todo |= EPOPI_TODO_QUIRK;
        }
        return EPOP_OK;
    }
    c->p_status = (uint8_t)reply.status;
    c->p_code = (uint8_t)reply.code;
    c->p_result = EPOP_OK;
    c->p_body = 0;
    c->p_expected = 0;
    c->p_todo |= EPOPI_TODO_TRACE_RECEIVED;
    note_status_quirks(c, &reply);
    if (c->p_phase == EPOP_PHASE_GREETING) {
        take_greeting(c);
    } else {
        c->p_todo |= EPOPI_TODO_REPLY;
        if (reply.status == EPOP_STATUS_OK) {
            begin_response(c, &reply);
        } else {
            c->p_todo |= EPOPI_TODO_END;
        }
    }
    if (c->p_quirks != 0) {
        c->p_todo |= EPOPI_TODO_QUIRK;
    }
    return EPOP_OK;
}

static int32_t take_row(epop_client *c)
{
    if (c->p_text_length == 1 && c->p_text.ptr[0] == '.') {
        c->p_todo |= EPOPI_TODO_END;
        c->p_state = EPOPI_STATUS;
        return EPOP_OK;
    }
    if (c->p_rows == c->p_max_rows) {
        return epopi_client_die(c, EPOP_ERR_LIMIT_ROWS);
    }
    c->p_rows++;
    if (c->p_result == EPOP_ERR_ABORTED) {
        return EPOP_OK;
    }
    note_line_quirks(c);
    c->p_todo |= EPOPI_TODO_TRACE_RECEIVED | EPOPI_TODO_ROW;
    return EPOP_OK;
}

int32_t epopi_client_take_line(epop_client *c)
{
    return c->p_state == EPOPI_ROWS ? take_row(c) : take_status(c);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* CAPA was answered. A refusal drops what was known: servers are known that answer before login and not after it. */
static void keep_capabilities(epop_client *c)
{
    if (c->p_result == EPOP_ERR_ABORTED) {
        return;
    }
    c->p_capabilities = EPOPI_CAPA_KNOWN;
    if (c->p_status == EPOP_STATUS_OK) {
        c->p_capabilities |= EPOPI_CAPA_LISTED | c->p_capabilities_new;
    }
}

static void apply(epop_client *c, uint32_t command)
{
    uint32_t ok = c->p_status == EPOP_STATUS_OK;

    if (command == EPOP_CMD_CAPA) {
        keep_capabilities(c);
    } else if (command == EPOP_CMD_STLS && ok) {
        c->p_state = EPOPI_TLS;
    } else if (command == EPOP_CMD_UTF8 && ok) {
        c->p_utf8 = 1;
    } else if (command == EPOP_CMD_QUIT) {
        c->p_state = EPOPI_ENDED;
        c->p_phase = EPOP_PHASE_ENDED;
    }
}

int32_t epopi_client_finish(epop_client *c)
{
    apply(c, epopi_client_command(c));
    if (epopi_client_head(c)->p_command == EPOP_CMD_LOGIN) {
        return epopi_login_next(c);
    }
    return epopi_client_end_head(c, c->p_result);
}
