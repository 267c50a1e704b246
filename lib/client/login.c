/* Login: CAPA, STLS, CAPA, the strongest mechanism that both sides have, CAPA. One slot of the queue, several commands
 * on the wire; login.def has its steps.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

#include "wire/octets.h"

/* Writes the command of the step. */
static int32_t login_send(epop_client *c, epop_span argument)
{
    static const epop_command none;
    epop_command command = none;

    command.struct_size = sizeof command;
    command.id = epopi_client_login_step(c)->command;
    command.argument = argument;
    return epopi_client_send(c, &command);
}

static int32_t login_send_alone(epop_client *c, uint32_t step)
{
    epopi_client_login_move(c, step);
    return login_send(c, epopi_span(NULL, 0));
}

static int32_t login_over(epop_client *c, int32_t result)
{
    epopi_client_over(c, result);
    return EPOP_OK;
}

static int32_t login_ask(epop_client *c, uint32_t step, uint32_t question)
{
    epopi_client_login_move(c, step);
    epopi_client_ask(c, question);
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* The connection is as safe as it will be: who are we? */
static int32_t login_identify(epop_client *c)
{
    int32_t result = epopi_client_sasl_choose(c);

    if (result != EPOP_END) {
        return result;
    }
    if (c->p_flags & EPOP_CLIENT_SASL_ONLY) {
        return login_over(c, EPOP_ERR_LOGIN_NO_MECHANISM);
    }
    return login_ask(c, EPOPI_CLIENT_LOGIN_USER, EPOP_ASK_USER);
}

/* The capabilities are known, or the server will not tell them. */
static int32_t login_secure(epop_client *c)
{
    if ((c->p_flags & EPOP_CLIENT_TLS) || !(c->p_flags & EPOP_CLIENT_STLS)) {
        return login_identify(c);
    }
    if (c->p_capabilities & EPOP_CAPA_STLS) {
        return login_send_alone(c, EPOPI_CLIENT_LOGIN_STLS);
    }
    if (!(c->p_flags & EPOP_CLIENT_ALLOW_CLEARTEXT)) {
        return login_over(c, EPOP_ERR_LOGIN_NO_STLS);
    }
    return login_identify(c);
}

static int32_t login_begin(epop_client *c)
{
    if (!(c->p_flags & (EPOP_CLIENT_TLS | EPOP_CLIENT_STLS | EPOP_CLIENT_ALLOW_CLEARTEXT))) {
        return login_over(c, EPOP_ERR_LOGIN_CLEARTEXT);
    }
    return c->p_capabilities & EPOPI_CLIENT_CAPA_KNOWN ? login_secure(c)
                                                       : login_send_alone(c, EPOPI_CLIENT_LOGIN_CAPA_BEFORE);
}

static int32_t login_wait(epop_client *c)
{
    (void)c;
    return EPOP_OK;
}

static int32_t login_stls_refused(epop_client *c)
{
    return login_over(c, EPOP_ERR_LOGIN_STLS_REFUSED);
}

static int32_t login_password(epop_client *c)
{
    return login_ask(c, EPOPI_CLIENT_LOGIN_PASS, EPOP_ASK_PASSWORD);
}

static int32_t login_succeeded(epop_client *c)
{
    c->p_phase = EPOP_PHASE_TRANSACTION;
    return c->p_capabilities & EPOPI_CLIENT_CAPA_LISTED ? login_send_alone(c, EPOPI_CLIENT_LOGIN_CAPA_AFTER)
                                                        : login_over(c, EPOP_OK);
}

static int32_t login_refused(epop_client *c)
{
    return login_over(c, EPOP_ERR_LOGIN_REFUSED);
}

static int32_t login_mechanism(epop_client *c)
{
    int32_t result = epopi_client_sasl_result(c);

    if (result == EPOP_OK) {
        return login_succeeded(c);
    }
    return result == EPOP_END ? EPOP_OK : result;
}

static int32_t login_done(epop_client *c)
{
    c->p_status = EPOP_STATUS_OK; /* whatever CAPA said: the login has succeeded */
    c->p_code = EPOP_CODE_NONE;
    return login_over(c, EPOP_OK);
}

static int32_t login_unsolicited(epop_client *c)
{
    (void)c;
    return EPOP_ERR_PEER_UNSOLICITED;
}

int32_t epopi_client_login_next(epop_client *c)
{
    switch (epopi_client_login_step(c)->then[c->p_status == EPOP_STATUS_OK]) {
#define EPOPI_CLIENT_LOGIN(step, command, traits, ok, err, after)
#define EPOPI_CLIENT_LOGIN_THEN(decision, function, words)                                                             \
    case EPOPI_CLIENT_THEN_##decision:                                                                                 \
        return function(c);
#include "client/login.def"
#undef EPOPI_CLIENT_LOGIN
#undef EPOPI_CLIENT_LOGIN_THEN
    default:
        return EPOP_ERR_PHASE;
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

int32_t epopi_client_login_answer(epop_client *c, epop_span text)
{
    if (epopi_client_login_step(c)->traits & EPOPI_CLIENT_TRAIT_ANSWER) {
        return login_send(c, text);
    }
    return epopi_client_sasl_answer(c, text);
}

void epopi_client_login_decline(epop_client *c)
{
    c->p_ask = 0;
    c->p_pending &= (uint16_t)~EPOPI_CLIENT_STEP_ASK;
    if (epopi_client_login_step(c)->traits & EPOPI_CLIENT_TRAIT_ANSWER) {
        epopi_client_over(c, EPOP_ERR_DECLINED);
    } else {
        epopi_client_sasl_decline(c);
    }
}
