/* Login: CAPA, USER, PASS, CAPA. One slot of the queue, several commands on the wire.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

#include "wire/octets.h"

enum {
    CAPA_BEFORE = 1,
    USER = 2,
    PASS = 3,
    CAPA_AFTER = 4 /* PIPELINING and others show only then at some servers (Gmail) */
};

uint32_t epopi_login_command(const epop_client *c)
{
    switch (c->p_login) {
    case USER:
        return EPOP_CMD_USER;
    case PASS:
        return EPOP_CMD_PASS;
    default:
        return EPOP_CMD_CAPA;
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

static int32_t ask(epop_client *c, uint8_t step, uint8_t question)
{
    c->p_login = step;
    c->p_ask = question;
    c->p_todo |= EPOPI_TODO_ASK;
    return EPOP_OK;
}

static int32_t send_capa(epop_client *c, uint8_t step)
{
    c->p_login = step;
    return send(c, EPOP_CMD_CAPA, NULL, 0);
}

int32_t epopi_login_start(epop_client *c)
{
    if (!(c->p_flags & (EPOP_CLIENT_TLS | EPOP_CLIENT_ALLOW_CLEARTEXT))) {
        return epopi_client_end_head(c, EPOP_ERR_LOGIN_CLEARTEXT);
    }
    if (c->p_capabilities & EPOPI_CAPA_KNOWN) {
        return ask(c, USER, EPOP_ASK_USER);
    }
    return send_capa(c, CAPA_BEFORE);
}

int32_t epopi_login_next(epop_client *c)
{
    uint32_t ok = c->p_status == EPOP_STATUS_OK;

    if (c->p_result == EPOP_ERR_DECLINED) {
        return epopi_client_end_head(c, EPOP_ERR_DECLINED);
    }
    c->p_result = EPOP_OK; /* not that of a CAPA listing which the host aborted */
    switch (c->p_login) {
    case CAPA_BEFORE:
        return ask(c, USER, EPOP_ASK_USER);
    case USER:
        return ok ? ask(c, PASS, EPOP_ASK_PASSWORD) : epopi_client_end_head(c, EPOP_ERR_LOGIN_REFUSED);
    case PASS:
        if (!ok) {
            return epopi_client_end_head(c, EPOP_ERR_LOGIN_REFUSED);
        }
        c->p_phase = EPOP_PHASE_TRANSACTION;
        if (c->p_capabilities & EPOPI_CAPA_LISTED) {
            return send_capa(c, CAPA_AFTER);
        }
        return epopi_client_end_head(c, EPOP_OK);
    default:
        c->p_status = EPOP_STATUS_OK; /* whatever CAPA said: the login has succeeded */
        c->p_code = EPOP_CODE_NONE;
        return epopi_client_end_head(c, EPOP_OK);
    }
}

static int32_t check_asked(const epop_client *c)
{
    if (!c) {
        return EPOP_ERR_NULL;
    }
    if (c->p_error != EPOP_OK) {
        return c->p_error;
    }
    return c->p_ask == 0 ? EPOP_ERR_NOT_ASKED : EPOP_OK;
}

int32_t epop_client_answer(epop_client *client, const void *text, size_t len)
{
    int32_t result = check_asked(client);

    if (result == EPOP_OK && !text && len > 0) {
        result = EPOP_ERR_NULL;
    }
    if (result == EPOP_OK) {
        result = send(client, epopi_login_command(client), text, len);
    }
    if (result != EPOP_OK) {
        return result;
    }
    client->p_ask = 0;
    client->p_todo &= (uint16_t)~EPOPI_TODO_ASK;
    return epopi_client_go_on(client);
}

void epopi_login_decline(epop_client *c)
{
    c->p_ask = 0;
    c->p_result = EPOP_ERR_DECLINED;
    c->p_todo = (uint16_t)((c->p_todo & ~EPOPI_TODO_ASK) | EPOPI_TODO_END);
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
