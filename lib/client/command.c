/* The host's commands, and its answers to questions.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

#include "session/call.h"

#include "wire/check.h"
#include "wire/command.h"
#include "wire/octets.h"

static int32_t check_queueing(const epop_client *c, uint32_t command)
{
    int32_t result = epopi_session_check_open((const epop_session *)c);

    if (result != EPOP_OK) {
        return result;
    }
    if (c->p_state == EPOPI_CLIENT_ENDED) {
        return EPOP_ERR_ENDED;
    }
    if (!epopi_client_is_legal(c, command, c->p_phase_queued)) {
        return EPOP_ERR_PHASE;
    }
    return c->p_queued == c->p_slot_count ? EPOP_ERR_QUEUE_FULL : EPOP_OK;
}

static epop_client_slot *queue_slot(epop_client *c, uint32_t command, uint32_t number, uint32_t shape, uintptr_t token)
{
    c->p_phase_queued = (uint8_t)epopi_client_phase_after(c->p_phase_queued, command);
    return epopi_client_push(c, command, number, shape, token);
}

static int32_t queue_client_command(epop_client *c, uint32_t command, uint32_t number, uint32_t lines, uintptr_t token)
{
    int32_t result = check_queueing(c, command);

    if (result != EPOP_OK) {
        return result;
    }
    queue_slot(c, command, number, epop_command_shape(command, number > 0), token)->p_lines = lines;
    return epopi_client_resume(c);
}

static int32_t queue_numbered(epop_client *c, uint32_t command, uint32_t number, uint32_t lines, uintptr_t token)
{
    if (c && c->p_session.p_error == EPOP_OK && number == 0) {
        return EPOP_ERR_VALUE;
    }
    return queue_client_command(c, command, number, lines, token);
}

int32_t epop_client_login(epop_client *client, uintptr_t token)
{
    return queue_client_command(client, EPOP_CMD_LOGIN, 0, 0, token);
}

int32_t epop_client_stls(epop_client *client, uintptr_t token)
{
    return queue_client_command(client, EPOP_CMD_STLS, 0, 0, token);
}

int32_t epop_client_capa(epop_client *client, uintptr_t token)
{
    return queue_client_command(client, EPOP_CMD_CAPA, 0, 0, token);
}

int32_t epop_client_utf8(epop_client *client, uintptr_t token)
{
    return queue_client_command(client, EPOP_CMD_UTF8, 0, 0, token);
}

int32_t epop_client_stat(epop_client *client, uintptr_t token)
{
    return queue_client_command(client, EPOP_CMD_STAT, 0, 0, token);
}

int32_t epop_client_list(epop_client *client, uint32_t number, uintptr_t token)
{
    return queue_client_command(client, EPOP_CMD_LIST, number, 0, token);
}

int32_t epop_client_uidl(epop_client *client, uint32_t number, uintptr_t token)
{
    return queue_client_command(client, EPOP_CMD_UIDL, number, 0, token);
}

int32_t epop_client_retr(epop_client *client, uint32_t number, uintptr_t token)
{
    return queue_numbered(client, EPOP_CMD_RETR, number, 0, token);
}

int32_t epop_client_top(epop_client *client, uint32_t number, uint32_t lines, uintptr_t token)
{
    return queue_numbered(client, EPOP_CMD_TOP, number, lines, token);
}

int32_t epop_client_dele(epop_client *client, uint32_t number, uintptr_t token)
{
    return queue_numbered(client, EPOP_CMD_DELE, number, 0, token);
}

int32_t epop_client_noop(epop_client *client, uintptr_t token)
{
    return queue_client_command(client, EPOP_CMD_NOOP, 0, 0, token);
}

int32_t epop_client_rset(epop_client *client, uintptr_t token)
{
    return queue_client_command(client, EPOP_CMD_RSET, 0, 0, token);
}

int32_t epop_client_last(epop_client *client, uintptr_t token)
{
    return queue_client_command(client, EPOP_CMD_LAST, 0, 0, token);
}

int32_t epop_client_quit(epop_client *client, uintptr_t token)
{
    return queue_client_command(client, EPOP_CMD_QUIT, 0, 0, token);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* Commands with text of the host's, which goes straight to the output. */
static int32_t send_text_command(epop_client *c, const epop_command *command, uint32_t shape, uintptr_t token)
{
    int32_t result = check_queueing(c, command->id);

    if (result == EPOP_OK && !epopi_client_is_idle(c)) {
        result = EPOP_ERR_BUSY;
    }
    if (result != EPOP_OK) {
        return result;
    }
    queue_slot(c, command->id, 0, shape, token);
    c->p_flight = 1;
    result = epopi_client_send(c, command);
    if (result != EPOP_OK) {
        c->p_queued = 0;
        c->p_flight = 0;
        return result;
    }
    return epopi_client_resume(c);
}

int32_t epop_client_lang(epop_client *client, const void *range, size_t len, uintptr_t token)
{
    static const epop_command none;
    epop_command command = none;

    if (!client || (!range && len > 0)) {
        return EPOP_ERR_NULL;
    }
    command.struct_size = sizeof command;
    command.id = EPOP_CMD_LANG;
    command.argument = epopi_span((const uint8_t *)range, len);
    return send_text_command(client, &command, epop_command_shape(EPOP_CMD_LANG, len > 0), token);
}

int32_t epop_client_raw(epop_client *client, const void *text, size_t len, uint32_t shape, uintptr_t token)
{
    epop_command command;
    int32_t result = epopi_session_check_open((const epop_session *)client);

    if (result != EPOP_OK) {
        return result;
    }
    command.struct_size = sizeof command;
    result = epop_command_parse(&command, text, len);
    if (result != EPOP_ERR_NULL && !(epopi_command_flags(command.id) & EPOPI_DECLARED)) {
        result = EPOP_ERR_NOT_RAW;
    }
    if (result == EPOP_OK && shape > EPOP_SHAPE_BODY) {
        result = EPOP_ERR_VALUE;
    }
    return result == EPOP_OK ? send_text_command(client, &command, shape, token) : result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t check_client_question(const epop_client *c)
{
    int32_t result = epopi_session_check_open((const epop_session *)c);

    return result == EPOP_OK && c->p_ask == 0 ? (int32_t)EPOP_ERR_NOT_ASKED : result;
}

int32_t epop_client_answer(epop_client *client, const void *text, size_t len)
{
    int32_t result = check_client_question(client);

    if (result == EPOP_OK) {
        result = epopi_check_octets(text, len);
    }
    if (result == EPOP_OK) {
        result = epopi_client_login_answer(client, epopi_span((const uint8_t *)text, len));
    }
    if (result != EPOP_OK) {
        return result;
    }
    client->p_ask = 0;
    client->p_pending &= (uint16_t)~EPOPI_CLIENT_STEP_ASK;
    return epopi_client_resume(client);
}

int32_t epop_client_decline(epop_client *client)
{
    int32_t result = check_client_question(client);

    if (result != EPOP_OK) {
        return result;
    }
    epopi_client_login_decline(client);
    return epopi_client_resume(client);
}
