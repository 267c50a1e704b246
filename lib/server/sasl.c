/* AUTH, and what the host says to it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/sasl.h"

#include "sasl/exchange.h"

#include "wire/check.h"
#include "wire/octets.h"

static void begin_exchange(epop_server *s, epop_span initial)
{
    epop_sasl *x = s->p_sasl;
    uint32_t early = x->p_step.properties & (EPOP_SASL_CLIENT_FIRST | EPOP_SASL_EARLY);
    int32_t result;
    size_t used;

    if (initial.len > 0 && !early) {
        epopi_server_bad(s, "this mechanism takes no initial response");
        return;
    }
    result = epopi_sasl_start(x, 0);
    if (result != EPOP_OK) {
        epopi_server_sasl_fail(s, result);
        return;
    }
    if (initial.len == 0) {
        epopi_server_sasl_challenge(s, x->p_step.properties & EPOP_SASL_CLIENT_FIRST);
        return;
    }
    epopi_sasl_begin_take(x);
    x->p_length = 0;
    /* RFC 5034 section 4: "=" is an initial response of no octets. */
    if ((initial.len > 1 || initial.ptr[0] != '=') && epopi_sasl_take(x, initial.ptr, initial.len, &used) == EPOP_ASK) {
        epopi_server_sasl_fail(s, EPOP_ERR_TOO_LONG); /* no token that fits a command line has pieces */
        return;
    }
    epopi_server_sasl_continue(s, epopi_sasl_take_end(x));
}

void epopi_server_do_auth(epop_server *s, const epop_command *command)
{
    uint32_t index = epopi_sasl_find(s->p_sasl, EPOP_SASL_SERVER, command->argument);

    if (epopi_server_sasl_offers(s, index)) {
        begin_exchange(s, command->second);
    } else {
        epopi_server_bad(s, "mechanism not supported");
    }
}

void epopi_server_sasl_describe(epop_server *s, epop_auth_event *event)
{
    epop_sasl *x = s->p_sasl;

    event->name = x->p_step.user;
    event->password = x->p_step.secret;
    event->auth = x->p_step.ask;
    event->more = x->p_step.more;
    event->authzid = x->p_step.authzid;
    event->mechanism = x->p_step.name;
    event->offset = x->p_offset;
    x->p_offset += x->p_step.secret.len;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static uint32_t is_lookup_question(uint32_t auth)
{
    return auth == EPOP_AUTH_SECRET || auth == EPOP_AUTH_KEY || auth == EPOP_AUTH_BINDING;
}

static int32_t give_answer(epop_server *s, uint32_t accepted)
{
    epop_sasl_step *step = &s->p_sasl->p_step;

    step->accepted = accepted;
    epopi_server_sasl_result(s, epopi_sasl_call(s->p_sasl, EPOP_SASL_ANSWER));
    step->data = epopi_span(NULL, 0);
    step->key = NULL;
    return EPOP_OK;
}

int32_t epopi_server_sasl_accept(epop_server *s)
{
    uint32_t auth = s->p_sasl->p_step.ask;

    return is_lookup_question(auth) || auth == EPOP_AUTH_FAILED ? (int32_t)EPOP_ERR_NOT_ASKED : give_answer(s, 1);
}

uint32_t epopi_server_sasl_conceals(epop_server *s, uint32_t code)
{
    uint32_t auth;

    if (s->p_asked != EPOP_EVENT_AUTH || s->p_command == EPOP_CMD_PASS) {
        return 0;
    }
    auth = s->p_sasl->p_step.ask;
    if ((code != EPOP_CODE_NONE && code != EPOP_CODE_AUTH) || (auth != EPOP_AUTH_TOKEN && !is_lookup_question(auth))) {
        return 0;
    }
    s->p_sasl->p_code = auth == EPOP_AUTH_TOKEN ? EPOP_CODE_AUTH : EPOP_CODE_NONE;
    (void)give_answer(s, 0);
    return 1;
}

int32_t epopi_server_sasl_answer(epop_server *s, epop_span octets)
{
    epop_sasl_step *step = &s->p_sasl->p_step;

    if (step->ask != EPOP_AUTH_SECRET && step->ask != EPOP_AUTH_BINDING) {
        return EPOP_ERR_NOT_ASKED;
    }
    if (!octets.ptr && octets.len > 0) {
        return EPOP_ERR_NULL;
    }
    step->data = octets;
    return give_answer(s, 1);
}

static int32_t check_scram_key(const epop_server *s, const epop_scram_key *key)
{
    size_t len = s->p_sasl->p_step.hashes & EPOP_HASH_SHA256 ? 32 : 20;
    int32_t result = epopi_check_struct(key, sizeof *key);

    if (result != EPOP_OK) {
        return result;
    }
    if (!key->salt.ptr || !key->stored_key.ptr || !key->server_key.ptr) {
        return EPOP_ERR_NULL;
    }
    return key->iterations == 0 || key->salt.len - 1u >= EPOP_SCRAM_SALT_MAX || key->stored_key.len != len ||
                   key->server_key.len != len
               ? EPOP_ERR_VALUE
               : EPOP_OK;
}

int32_t epopi_server_sasl_key(epop_server *s, const epop_scram_key *key)
{
    int32_t result = s->p_sasl->p_step.ask == EPOP_AUTH_KEY ? check_scram_key(s, key) : (int32_t)EPOP_ERR_NOT_ASKED;

    if (result != EPOP_OK) {
        return result;
    }
    s->p_sasl->p_step.key = key;
    return give_answer(s, 1);
}

/* ------------------------------------------------------------------------------------------------------------------ */

uint32_t epopi_server_sasl_failed(const epop_server *s)
{
    return s->p_command != EPOP_CMD_PASS && s->p_sasl->p_step.ask == EPOP_AUTH_FAILED;
}

const char *epopi_server_sasl_text(const epop_server *s, uint32_t *code)
{
    int32_t error = s->p_sasl->p_result;

    if (error >= 0 || error == EPOP_ERR_LOGIN_REFUSED || (*code != EPOP_CODE_NONE && *code != EPOP_CODE_AUTH)) {
        return NULL;
    }
    *code = error == EPOP_ERR_CRYPTO ? EPOP_CODE_SYS_TEMP : EPOP_CODE_NONE;
    switch (error) {
    case EPOP_ERR_CRYPTO:
        return "login is not possible now";
    case EPOP_ERR_DECLINED:
        return "login cancelled";
    case EPOP_ERR_BASE64:
        return "not base64";
    case EPOP_ERR_TOO_LONG:
        return "response too long";
    case EPOP_ERR_LIMIT_LINE:
        return "line too long";
    case EPOP_ERR_PEER_LINE_END:
        return "lines end in CRLF here";
    default:
        return "malformed response";
    }
}
