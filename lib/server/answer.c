/* Answers of the host.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "session/call.h"

#include "wire/check.h"
#include "wire/octets.h"

static int32_t check_question(const epop_server *s, uint32_t kind)
{
    int32_t result = epopi_session_check_open((const epop_session *)s);

    if (result != EPOP_OK) {
        return result;
    }
    return epopi_server_is_open(s, kind) ? EPOP_OK : EPOP_ERR_NOT_ASKED;
}

/* The steps that an answer leads to, if it was one. */
static int32_t resume_after(epop_server *s, int32_t result)
{
    return result == EPOP_OK ? epopi_server_resume(s) : result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t accept_login(epop_server *s)
{
    if (s->p_command != EPOP_CMD_PASS) {
        return epopi_server_sasl_accept(s);
    }
    epopi_server_ask(s, EPOP_EVENT_OPEN);
    return EPOP_OK;
}

static int32_t accept_send(epop_server *s)
{
    if (s->p_command == EPOP_CMD_RETR) {
        epopi_server_ok_numbers(s, s->p_info_octets, "", 0, " octets");
    } else {
        epopi_server_ok(s, "top of message follows");
    }
    epopi_server_begin_body(s);
    return EPOP_OK;
}

static int32_t accept_commit(epop_server *s)
{
    epopi_server_ok(s, "goodbye");
    epopi_server_goodbye(s);
    return EPOP_OK;
}

static int32_t accept_question(epop_server *s)
{
    switch (s->p_asked) {
    case EPOP_EVENT_AUTH:
        return accept_login(s);
    case EPOP_EVENT_SEND:
        return accept_send(s);
    case EPOP_EVENT_COMMIT:
        return accept_commit(s);
    default:
        return EPOP_ERR_NOT_ASKED;
    }
}

int32_t epop_server_accept(epop_server *server)
{
    int32_t result = check_question(server, 0);

    return resume_after(server, result == EPOP_OK ? accept_question(server) : result);
}

int32_t epop_server_refuse(epop_server *server, uint32_t code, const void *text, size_t len)
{
    int32_t result = check_question(server, 0);

    if (result == EPOP_OK && !epopi_server_sasl_conceals(server, code)) {
        result = epopi_server_refuse(server, code, epopi_span((const uint8_t *)text, len));
    }
    return resume_after(server, result);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t check_lookup(const epop_server *s)
{
    int32_t result = check_question(s, EPOP_EVENT_AUTH);

    return result == EPOP_OK && s->p_command == EPOP_CMD_PASS ? (int32_t)EPOP_ERR_NOT_ASKED : result;
}

int32_t epop_server_answer(epop_server *server, const void *octets, size_t len)
{
    int32_t result = check_lookup(server);

    if (result == EPOP_OK) {
        result = epopi_server_sasl_answer(server, epopi_span((const uint8_t *)octets, len));
    }
    return resume_after(server, result);
}

int32_t epop_server_key(epop_server *server, const epop_scram_key *key)
{
    int32_t result = check_lookup(server);

    return resume_after(server, result == EPOP_OK ? epopi_server_sasl_key(server, key) : result);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t check_maildrop(const epop_maildrop *maildrop)
{
    int32_t result = epopi_check_struct(maildrop, sizeof *maildrop);

    if (result == EPOP_OK) {
        result = epopi_check_octets(maildrop->deleted, maildrop->count > 0);
    }
    if (result == EPOP_OK && maildrop->deleted_size < epopi_server_map_octets(maildrop->count)) {
        result = EPOP_ERR_LIMIT_MESSAGES;
    }
    return result;
}

int32_t epop_server_opened(epop_server *server, const epop_maildrop *maildrop)
{
    int32_t result = check_question(server, EPOP_EVENT_OPEN);

    if (result == EPOP_OK) {
        result = check_maildrop(maildrop);
    }
    if (result != EPOP_OK) {
        return result;
    }
    epopi_server_open_maildrop(server, maildrop);
    server->p_phase = EPOP_PHASE_TRANSACTION;
    server->p_login_seconds = 0;
    server->p_after_auth = 0;
    server->p_bad = 0;
    epopi_server_move(server, EPOPI_SERVER_MOVE_OPENED);
    epopi_server_ok_maildrop(server);
    return epopi_server_resume(server);
}

int32_t epop_server_reply(epop_server *server, const epop_reply *reply, uint32_t shape)
{
    int32_t result = check_question(server, EPOP_EVENT_COMMAND);

    if (result == EPOP_OK) {
        result = epopi_check_struct(reply, sizeof *reply);
    }
    if (result == EPOP_OK && (shape > EPOP_SHAPE_BODY || reply->status == EPOP_STATUS_CONTINUE)) {
        result = EPOP_ERR_VALUE;
    }
    if (result == EPOP_OK) {
        result = epopi_server_reply(server, reply);
    }
    if (result != EPOP_OK) {
        return result;
    }
    server->p_bad = server->p_phase == EPOP_PHASE_TRANSACTION ? 0 : server->p_bad;
    if (shape != EPOP_SHAPE_SINGLE && reply->status == EPOP_STATUS_OK) {
        epopi_server_begin_body(server);
    } else {
        epopi_server_move(server, EPOPI_SERVER_MOVE_ANSWERED);
    }
    return epopi_server_resume(server);
}
