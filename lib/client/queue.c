/* The queue of commands: a ring in the host's memory. Its first p_flight slots are sent, or being sent; the rest wait.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

#include "session/call.h"

#include "wire/command.h"
#include "wire/octets.h"
#include "wire/outbox.h"

/* "TOP 4294967295 4294967295" and its CRLF: no command without text is longer. */
enum { NUMERIC_MAX = 27 };

/* Index 0 to p_slot_count, counted from the head. */
static uint32_t place(const epop_client *c, uint32_t index)
{
    uint32_t at = c->p_slot_head + index;

    return at < c->p_slot_count ? at : at - c->p_slot_count;
}

epop_client_slot *epopi_client_slot(const epop_client *c, uint32_t index)
{
    return &c->p_slots[place(c, index)];
}

epop_client_slot *epopi_client_head(const epop_client *c)
{
    return epopi_client_slot(c, 0);
}

uint32_t epopi_client_command(const epop_client *c)
{
    uint32_t command = c->p_flight > 0 ? epopi_client_head(c)->p_command : (uint32_t)EPOP_CMD_UNKNOWN;

    return command == EPOP_CMD_LOGIN ? epopi_login_command(c) : command;
}

uint32_t epopi_client_is_idle(const epop_client *c)
{
    return c->p_state == EPOPI_STATUS && c->p_phase != EPOP_PHASE_GREETING && c->p_queued == 0 && c->p_todo == 0;
}

/* The phase in which the session is when all that is queued has succeeded. */
static uint32_t phase_after(uint32_t phase, uint32_t command)
{
    if (command == EPOP_CMD_LOGIN) {
        return EPOP_PHASE_TRANSACTION;
    }
    return command == EPOP_CMD_QUIT ? (uint32_t)EPOP_PHASE_ENDED : phase;
}

static uint32_t is_legal(const epop_client *c, uint32_t command, uint32_t phase)
{
    if (command == EPOP_CMD_STLS && (c->p_utf8 || c->p_state == EPOPI_TLS || (c->p_flags & EPOP_CLIENT_TLS))) {
        return 0;
    }
    return command == EPOP_CMD_LOGIN ? phase == EPOP_PHASE_AUTHORIZATION : epopi_command_legal(command, phase);
}

static uint32_t is_alone(uint32_t command)
{
    return command == EPOP_CMD_LOGIN || (epopi_command_flags(command) & EPOPI_ALONE);
}

/* ------------------------------------------------------------------------------------------------------------------ */

uint32_t epopi_client_can_release(const epop_client *c)
{
    const epop_client_slot *next;

    if (c->p_queued == c->p_flight || c->p_phase == EPOP_PHASE_GREETING || c->p_state == EPOPI_TLS) {
        return 0;
    }
    if (c->p_flight == 0) {
        return 1;
    }
    next = epopi_client_slot(c, c->p_flight);
    return (c->p_capabilities & EPOP_CAPA_PIPELINING) && !is_alone(epopi_client_head(c)->p_command) &&
           !is_alone(next->p_command) && c->p_flight < c->p_window &&
           c->p_flight_octets + NUMERIC_MAX <= c->p_window_octets &&
           c->p_out.p_size - epopi_outbox_len(&c->p_out) >= NUMERIC_MAX;
}

void epopi_client_sent(epop_client *c, size_t len)
{
    epop_client_slot *slot = epopi_client_slot(c, c->p_flight - 1u);

    epopi_outbox_wrote(&c->p_out, len);
    c->p_flight_octets = c->p_flight_octets - slot->p_octets + (uint32_t)len;
    slot->p_octets = (uint16_t)len;
    c->p_unsent_lines++;
    c->p_todo |= EPOPI_TODO_TRACE_SENT;
}

int32_t epopi_client_send(epop_client *c, const epop_command *command)
{
    size_t room = epopi_outbox_room(&c->p_out, EPOP_COMMAND_MAX);
    size_t len;
    int32_t result = epop_command_write(epopi_outbox_end(&c->p_out), room, &len, command);

    if (result == EPOP_OK) {
        epopi_client_sent(c, len);
    }
    return result;
}

static int32_t send_slot(epop_client *c, const epop_client_slot *slot)
{
    static const epop_command none;
    epop_command command = none;

    command.struct_size = sizeof command;
    command.id = slot->p_command;
    command.number = slot->p_number;
    command.lines = slot->p_lines;
    return epopi_client_send(c, &command);
}

int32_t epopi_client_release(epop_client *c)
{
    epop_client_slot *slot = epopi_client_slot(c, c->p_flight);

    c->p_flight++;
    if (!is_legal(c, slot->p_command, c->p_phase)) {
        return epopi_client_end_head(c, EPOP_ERR_UNSENT);
    }
    if (slot->p_command == EPOP_CMD_LOGIN) {
        return epopi_login_start(c);
    }
    if (slot->p_command == EPOP_CMD_QUIT && c->p_phase == EPOP_PHASE_TRANSACTION) {
        c->p_phase = EPOP_PHASE_UPDATE;
    }
    return send_slot(c, slot);
}

/* What can still be queued, after a login failed. */
static void predict_phase(epop_client *c)
{
    uint32_t phase = c->p_phase;
    uint32_t i;

    for (i = 0; i < c->p_queued; i++) {
        phase = phase_after(phase, epopi_client_slot(c, i)->p_command);
    }
    c->p_phase_queued = (uint8_t)phase;
}

/* Whether a reply has decided it: then its status and code are told. */
static uint32_t is_decided(int32_t result)
{
    return result == EPOP_OK || result == EPOP_ERR_ABORTED || result == EPOP_ERR_LOGIN_REFUSED ||
           result == EPOP_ERR_LOGIN_STLS_REFUSED;
}

int32_t epopi_client_end_head(epop_client *c, int32_t result)
{
    epop_client_slot slot = *epopi_client_head(c);

    c->p_slot_head = (uint16_t)place(c, 1);
    c->p_queued--;
    c->p_flight--;
    c->p_flight_octets -= slot.p_octets;
    if (!is_decided(result)) {
        c->p_status = 0;
        c->p_code = EPOP_CODE_NONE;
        c->p_body = 0;
    }
    if (slot.p_command == EPOP_CMD_LOGIN || slot.p_command == EPOP_CMD_QUIT) {
        predict_phase(c);
    }
    return epopi_client_emit_end(c, &slot, result);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t check_queue(const epop_client *c, uint32_t command)
{
    int32_t result = epopi_session_check_open((const epop_session *)c);

    if (result != EPOP_OK) {
        return result;
    }
    if (c->p_state == EPOPI_ENDED) {
        return EPOP_ERR_ENDED;
    }
    if (!is_legal(c, command, c->p_phase_queued)) {
        return EPOP_ERR_PHASE;
    }
    return c->p_queued == c->p_slot_count ? EPOP_ERR_QUEUE_FULL : EPOP_OK;
}

static epop_client_slot *push(epop_client *c, uint32_t command, uint32_t number, uint32_t shape, uintptr_t token)
{
    epop_client_slot *slot = epopi_client_slot(c, c->p_queued);

    slot->p_token = token;
    slot->p_number = number;
    slot->p_lines = 0;
    slot->p_octets = 0;
    slot->p_command = (uint8_t)command;
    slot->p_shape = (uint8_t)shape;
    c->p_queued++;
    c->p_phase_queued = (uint8_t)phase_after(c->p_phase_queued, command);
    return slot;
}

static int32_t queue(epop_client *c, uint32_t command, uint32_t number, uint32_t lines, uintptr_t token)
{
    int32_t result = check_queue(c, command);

    if (result != EPOP_OK) {
        return result;
    }
    push(c, command, number, epop_command_shape(command, number > 0), token)->p_lines = lines;
    return epopi_client_go_on(c);
}

static int32_t queue_number(epop_client *c, uint32_t command, uint32_t number, uint32_t lines, uintptr_t token)
{
    if (c && c->p_session.p_error == EPOP_OK && number == 0) {
        return EPOP_ERR_VALUE;
    }
    return queue(c, command, number, lines, token);
}

int32_t epop_client_login(epop_client *client, uintptr_t token)
{
    return queue(client, EPOP_CMD_LOGIN, 0, 0, token);
}

int32_t epop_client_stls(epop_client *client, uintptr_t token)
{
    return queue(client, EPOP_CMD_STLS, 0, 0, token);
}

int32_t epop_client_capa(epop_client *client, uintptr_t token)
{
    return queue(client, EPOP_CMD_CAPA, 0, 0, token);
}

int32_t epop_client_utf8(epop_client *client, uintptr_t token)
{
    return queue(client, EPOP_CMD_UTF8, 0, 0, token);
}

int32_t epop_client_stat(epop_client *client, uintptr_t token)
{
    return queue(client, EPOP_CMD_STAT, 0, 0, token);
}

int32_t epop_client_list(epop_client *client, uint32_t number, uintptr_t token)
{
    return queue(client, EPOP_CMD_LIST, number, 0, token);
}

int32_t epop_client_uidl(epop_client *client, uint32_t number, uintptr_t token)
{
    return queue(client, EPOP_CMD_UIDL, number, 0, token);
}

int32_t epop_client_retr(epop_client *client, uint32_t number, uintptr_t token)
{
    return queue_number(client, EPOP_CMD_RETR, number, 0, token);
}

int32_t epop_client_top(epop_client *client, uint32_t number, uint32_t lines, uintptr_t token)
{
    return queue_number(client, EPOP_CMD_TOP, number, lines, token);
}

int32_t epop_client_dele(epop_client *client, uint32_t number, uintptr_t token)
{
    return queue_number(client, EPOP_CMD_DELE, number, 0, token);
}

int32_t epop_client_noop(epop_client *client, uintptr_t token)
{
    return queue(client, EPOP_CMD_NOOP, 0, 0, token);
}

int32_t epop_client_rset(epop_client *client, uintptr_t token)
{
    return queue(client, EPOP_CMD_RSET, 0, 0, token);
}

int32_t epop_client_last(epop_client *client, uintptr_t token)
{
    return queue(client, EPOP_CMD_LAST, 0, 0, token);
}

int32_t epop_client_quit(epop_client *client, uintptr_t token)
{
    return queue(client, EPOP_CMD_QUIT, 0, 0, token);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* Commands with text of the host's, which goes straight to the output. */
static int32_t send_text(epop_client *c, const epop_command *command, uint32_t shape, uintptr_t token)
{
    int32_t result = check_queue(c, command->id);

    if (result == EPOP_OK && !epopi_client_is_idle(c)) {
        result = EPOP_ERR_BUSY;
    }
    if (result != EPOP_OK) {
        return result;
    }
    push(c, command->id, 0, shape, token);
    c->p_flight = 1;
    result = epopi_client_send(c, command);
    if (result != EPOP_OK) {
        c->p_queued = 0;
        c->p_flight = 0;
        return result;
    }
    return epopi_client_go_on(c);
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
    return send_text(client, &command, epop_command_shape(EPOP_CMD_LANG, len > 0), token);
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
    return result == EPOP_OK ? send_text(client, &command, shape, token) : result;
}
