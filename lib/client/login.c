/* Login: CAPA, STLS, CAPA, the strongest mechanism that both sides have, CAPA. One slot of the queue, several commands
 * on the wire.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

#include "session/call.h"

#include "wire/octets.h"

uint32_t epopi_login_command(const epop_client *c)
{
    switch (c->p_login) {
    case EPOPI_LOGIN_STLS:
        return EPOP_CMD_STLS;
    case EPOPI_LOGIN_BINDING:
        return EPOP_CMD_LOGIN; /* nothing is on the wire */
    case EPOPI_LOGIN_USER:
        return EPOP_CMD_USER;
    case EPOPI_LOGIN_PASS:
        return EPOP_CMD_PASS;
    case EPOPI_LOGIN_APOP:
        return EPOP_CMD_APOP;
    case EPOPI_LOGIN_INITIAL:
    case EPOPI_LOGIN_AUTH:
    case EPOPI_LOGIN_FIRST:
        return EPOP_CMD_AUTH;
    case EPOPI_LOGIN_CAPA_BEFORE:
    case EPOPI_LOGIN_CAPA_AFTER:
        return EPOP_CMD_CAPA;
    default:
        return EPOP_CMD_UNKNOWN;
    }
}

static int32_t send(epop_client *c, uint32_t id, const void *text, size_t len)
{
    static const epop_command none;
    epop_command command = none;

    command.struct_size = sizeof command;
    command.id = id;
    command.argument = epopi_span((const uint8_t *)text, len);
    return epopi_client_send(c, &command);
}

int32_t epopi_login_ask(epop_client *c, uint32_t step, uint32_t question)
{
    c->p_login = (uint8_t)step;
    c->p_ask = (uint8_t)question;
    c->p_todo |= EPOPI_TODO_ASK;
    return EPOP_OK;
}

static int32_t send_plain(epop_client *c, uint32_t step)
{
    c->p_login = (uint8_t)step;
    return send(c, epopi_login_command(c), NULL, 0);
}

/* The connection is as safe as it will be: who are we? */
static int32_t identify(epop_client *c)
{
    int32_t result = epopi_client_sasl_choose(c);

    if (result != EPOP_END) {
        return result;
    }
    if (c->p_flags & EPOP_CLIENT_SASL_ONLY) {
        return epopi_client_end_head(c, EPOP_ERR_LOGIN_NO_MECHANISM);
    }
    return epopi_login_ask(c, EPOPI_LOGIN_USER, EPOP_ASK_USER);
}

/* The capabilities are known, or the server will not tell them. */
static int32_t secure(epop_client *c)
{
    if ((c->p_flags & EPOP_CLIENT_TLS) || !(c->p_flags & EPOP_CLIENT_STLS)) {
        return identify(c);
    }
    if (c->p_capabilities & EPOP_CAPA_STLS) {
        return send_plain(c, EPOPI_LOGIN_STLS);
    }
    if (!(c->p_flags & EPOP_CLIENT_ALLOW_CLEARTEXT)) {
        return epopi_client_end_head(c, EPOP_ERR_LOGIN_NO_STLS);
    }
    return identify(c);
}

int32_t epopi_login_start(epop_client *c)
{
    c->p_login = 0;
    if (!(c->p_flags & (EPOP_CLIENT_TLS | EPOP_CLIENT_STLS | EPOP_CLIENT_ALLOW_CLEARTEXT))) {
        return epopi_client_end_head(c, EPOP_ERR_LOGIN_CLEARTEXT);
    }
    return c->p_capabilities & EPOPI_CAPA_KNOWN ? secure(c) : send_plain(c, EPOPI_LOGIN_CAPA_BEFORE);
}

int32_t epopi_login_tls_started(epop_client *c)
{
    if (c->p_flight == 0 || epopi_client_head(c)->p_command != EPOP_CMD_LOGIN) {
        return EPOP_OK;
    }
    return send_plain(c, EPOPI_LOGIN_CAPA_BEFORE);
}

/* PASS, APOP or AUTH has ended with `result`. */
static int32_t logged_in(epop_client *c, int32_t result)
{
    if (result != EPOP_OK) {
        return epopi_client_end_head(c, result);
    }
    c->p_phase = EPOP_PHASE_TRANSACTION;
    if (c->p_capabilities & EPOPI_CAPA_LISTED) {
        return send_plain(c, EPOPI_LOGIN_CAPA_AFTER);
    }
    return epopi_client_end_head(c, EPOP_OK);
}

/* STLS was answered. Where it was refused, going on would be a fall-back to clear text. */
static int32_t stls_answered(epop_client *c, uint32_t ok)
{
    return ok ? EPOP_OK : epopi_client_end_head(c, EPOP_ERR_LOGIN_STLS_REFUSED);
}

static int32_t sasl_answered(epop_client *c)
{
    int32_t result = epopi_client_sasl_result(c);

    if (c->p_session.p_error != EPOP_OK || result == EPOP_AGAIN) {
        return c->p_session.p_error;
    }
    return logged_in(c, result);
}

int32_t epopi_login_next(epop_client *c)
{
    uint32_t ok = c->p_status == EPOP_STATUS_OK;
    int32_t failed = c->p_result;

    c->p_result = EPOP_OK;
    if (failed != EPOP_OK && failed != EPOP_ERR_ABORTED) { /* a CAPA listing that the host aborted ends no login */
        epopi_client_sasl_end(c);
        return epopi_client_end_head(c, failed);
    }
    switch (c->p_login) {
    case EPOPI_LOGIN_CAPA_BEFORE:
        return secure(c);
    case EPOPI_LOGIN_STLS:
        return stls_answered(c, ok);
    case EPOPI_LOGIN_USER:
        return ok ? epopi_login_ask(c, EPOPI_LOGIN_PASS, EPOP_ASK_PASSWORD)
                  : epopi_client_end_head(c, EPOP_ERR_LOGIN_REFUSED);
    case EPOPI_LOGIN_PASS:
        return logged_in(c, ok ? EPOP_OK : (int32_t)EPOP_ERR_LOGIN_REFUSED);
    case EPOPI_LOGIN_APOP:
    case EPOPI_LOGIN_AUTH:
    case EPOPI_LOGIN_FIRST:
        return sasl_answered(c);
    case EPOPI_LOGIN_BINDING:
        return identify(c);
    case EPOPI_LOGIN_CAPA_AFTER:
        c->p_status = EPOP_STATUS_OK; /* whatever CAPA said: the login has succeeded */
        c->p_code = EPOP_CODE_NONE;
        return epopi_client_end_head(c, EPOP_OK);
    default: /* nothing was sent that this could be the answer to */
        return epopi_client_die(c, EPOP_ERR_PEER_UNSOLICITED);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t check_asked(const epop_client *c)
{
    int32_t result = epopi_session_check_open((const epop_session *)c);

    return result == EPOP_OK && c->p_ask == 0 ? (int32_t)EPOP_ERR_NOT_ASKED : result;
}

static uint32_t is_sasl(const epop_client *c)
{
    return c->p_login != EPOPI_LOGIN_USER && c->p_login != EPOPI_LOGIN_PASS;
}

int32_t epop_client_answer(epop_client *client, const void *text, size_t len)
{
    int32_t result = check_asked(client);

    if (result == EPOP_OK && !text && len > 0) {
        result = EPOP_ERR_NULL;
    }
    if (result != EPOP_OK) {
        return result;
    }
    if (is_sasl(client)) {
        result = epopi_client_sasl_answer(client, epopi_span((const uint8_t *)text, len));
    } else {
        result = send(client, epopi_login_command(client), text, len);
    }
    if (result != EPOP_OK) {
        return result;
    }
    client->p_ask = 0;
    client->p_todo &= (uint16_t)~EPOPI_TODO_ASK;
    return epopi_client_go_on(client);
}

void epopi_login_fail(epop_client *c, int32_t error)
{
    c->p_result = error;
    c->p_todo |= EPOPI_TODO_END;
}

void epopi_login_decline(epop_client *c)
{
    c->p_ask = 0;
    c->p_todo &= (uint16_t)~EPOPI_TODO_ASK;
    if (is_sasl(c)) {
        epopi_client_sasl_decline(c);
    } else {
        epopi_login_fail(c, EPOP_ERR_DECLINED);
    }
}

int32_t epop_client_decline(epop_client *client)
{
    int32_t result = check_asked(client);

    if (result != EPOP_OK) {
        return result;
    }
    epopi_login_decline(client);
    return epopi_client_go_on(client);
}
