/* What each command does.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "wire/command.h"
#include "wire/octets.h"

static uint32_t cleartext_forbidden(const epop_server *s)
{
    return !(s->p_flags & (EPOP_SERVER_TLS | EPOP_SERVER_ALLOW_CLEARTEXT));
}

static int32_t do_user(epop_server *s, const epop_command *command)
{
    if (s->p_flags & EPOP_SERVER_SASL_ONLY) {
        return epopi_server_bad(s, "USER and PASS are not taken here");
    }
    if (cleartext_forbidden(s)) {
        return epopi_server_bad(s, "passwords are not taken without TLS");
    }
    if (command->argument.len > s->p_name_size) {
        return epopi_server_bad(s, "name too long");
    }
    epopi_copy(s->p_name, command->argument.ptr, command->argument.len);
    s->p_name_len = (uint8_t)command->argument.len;
    return epopi_server_ok(s, "send PASS");
}

static int32_t do_pass(epop_server *s, const epop_command *command)
{
    if (s->p_name_len == 0) {
        return epopi_server_bad(s, "USER first");
    }
    return epopi_server_ask_auth(s, command->argument);
}

static int32_t do_stls(epop_server *s)
{
    if (!(s->p_flags & EPOP_SERVER_STLS) || (s->p_flags & EPOP_SERVER_TLS)) {
        return epopi_server_bad(s, s->p_flags & EPOP_SERVER_TLS ? "TLS is up already" : "no TLS here");
    }
    s->p_state = EPOPI_TLS;
    return epopi_server_ok(s, "begin TLS");
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* 1 where the message-number is that of a message; otherwise the reply is written. */
static uint32_t is_there(epop_server *s, uint32_t number)
{
    if (number > s->p_count) {
        (void)epopi_server_err(s, EPOP_CODE_NONE, "no such message");
        return 0;
    }
    if (epopi_server_is_marked(s, number)) {
        (void)epopi_server_err(s, EPOP_CODE_NONE, "message is marked as deleted");
        return 0;
    }
    return 1;
}

/* Asks for size and unique-id. 1 where they were given; otherwise the reply, if any, is written. */
static uint32_t have_info(epop_server *s, uint32_t number, int32_t *result)
{
    *result = epopi_server_ask_info(s, number);
    if (*result < 0) {
        return 0;
    }
    if (!s->p_info) {
        (void)epopi_server_err(s, EPOP_CODE_NONE, "message is gone");
        return 0;
    }
    return 1;
}

static int32_t do_listing(epop_server *s, const epop_command *command)
{
    int32_t result = EPOP_OK;

    if (command->number == 0) {
        s->p_state = EPOPI_ROWS;
        s->p_row = 0;
        return epopi_server_ok(s, command->id == EPOP_CMD_LIST ? "scan listing follows" : "unique-ids follow");
    }
    if (!is_there(s, command->number) || !have_info(s, command->number, &result)) {
        return result;
    }
    if (command->id == EPOP_CMD_LIST) {
        (void)epopi_server_ok_numbers(s, command->number, " ", s->p_info_octets, "");
    } else {
        epopi_server_ok_row(s);
    }
    return result;
}

static int32_t do_retr(epop_server *s, const epop_command *command)
{
    int32_t result = EPOP_OK;

    if (is_there(s, command->number) && have_info(s, command->number, &result)) {
        s->p_todo |= EPOPI_TODO_ASK_SEND;
    }
    return result;
}

static int32_t do_top(epop_server *s, const epop_command *command)
{
    if (is_there(s, command->number)) {
        s->p_number = command->number;
        (void)epop_top_init(&s->p_top, command->lines);
        s->p_todo |= EPOPI_TODO_ASK_SEND;
    }
    return EPOP_OK;
}

static int32_t do_dele(epop_server *s, const epop_command *command)
{
    uint32_t index = command->number - 1;
    int32_t result = EPOP_OK;

    if (!is_there(s, command->number) || !have_info(s, command->number, &result)) {
        return result;
    }
    s->p_deleted[index / 8] = (uint8_t)(s->p_deleted[index / 8] | 1u << index % 8);
    s->p_marked++;
    s->p_octets -= s->p_info_octets < s->p_octets ? s->p_info_octets : s->p_octets;
    s->p_last = command->number > s->p_last ? command->number : s->p_last;
    (void)epopi_server_ok(s, "marked as deleted");
    return result;
}

static int32_t do_rset(epop_server *s)
{
    epopi_wipe(s->p_deleted, (s->p_count + 7) / 8);
    s->p_marked = 0;
    s->p_octets = s->p_octets_all;
    s->p_last = 0;
    return epopi_server_ok_numbers(s, s->p_count, " messages (", s->p_octets, " octets)");
}

static int32_t do_quit(epop_server *s)
{
    if (s->p_phase == EPOP_PHASE_TRANSACTION) {
        s->p_phase = EPOP_PHASE_UPDATE;
        return epopi_server_ask_commit(s);
    }
    s->p_state = EPOPI_ENDED;
    s->p_phase = EPOP_PHASE_ENDED;
    return epopi_server_ok(s, "goodbye");
}

static int32_t do_capa(epop_server *s)
{
    s->p_state = EPOPI_ROWS;
    s->p_row = 0;
    s->p_capabilities_at = 0;
    return epopi_server_ok(s, "capabilities follow");
}

/* ------------------------------------------------------------------------------------------------------------------ */

static const char *what_is_wrong(int32_t error)
{
    switch (error) {
    case EPOP_ERR_OCTET:
        return "CR or NUL in a command";
    case EPOP_ERR_ARGUMENT_MISSING:
        return "argument missing";
    case EPOP_ERR_ARGUMENT_EXTRA:
        return "argument too many";
    case EPOP_ERR_NUMBER:
        return "not a number in range";
    default:
        return "syntax error";
    }
}

static int32_t perform(epop_server *s, const epop_command *command)
{
    switch (command->id) {
    case EPOP_CMD_USER:
        return do_user(s, command);
    case EPOP_CMD_PASS:
        return do_pass(s, command);
    case EPOP_CMD_APOP:
        return epopi_server_do_apop(s, command);
    case EPOP_CMD_AUTH:
        return epopi_server_do_auth(s, command);
    case EPOP_CMD_STLS:
        return do_stls(s);
    case EPOP_CMD_CAPA:
        return do_capa(s);
    case EPOP_CMD_STAT:
        return epopi_server_ok_numbers(s, s->p_count - s->p_marked, " ", s->p_octets, "");
    case EPOP_CMD_LIST:
    case EPOP_CMD_UIDL:
        return do_listing(s, command);
    case EPOP_CMD_RETR:
        return do_retr(s, command);
    case EPOP_CMD_TOP:
        return do_top(s, command);
    case EPOP_CMD_DELE:
        return do_dele(s, command);
    case EPOP_CMD_NOOP:
        return epopi_server_ok(s, "done");
    case EPOP_CMD_RSET:
        return do_rset(s);
    case EPOP_CMD_LAST:
        return epopi_server_ok_numbers(s, s->p_last, "", 0, "");
    default:
        return do_quit(s);
    }
}

static uint32_t is_served(const epop_server *s, uint32_t id)
{
    if (id == EPOP_CMD_AUTH || id == EPOP_CMD_APOP) {
        return epopi_server_sasl_count(s) > 0;
    }
    return (epopi_command_flags(id) & EPOPI_SERVED) && (id != EPOP_CMD_LAST || (s->p_flags & EPOP_SERVER_LAST));
}

/* A command that is the host's. One that carries a secret never is: there it would be traced and logged; and what looks
 * like a secret in the place of a command is kept from the host, too. */
static int32_t ask_host(epop_server *s, const epop_command *command)
{
    if (command->id != EPOP_CMD_UNKNOWN) {
        return epopi_command_flags(command->id) & EPOPI_HARMLESS ? epopi_server_ask_command(s, command)
                                                                 : epopi_server_bad(s, "not supported");
    }
    if (s->p_after_auth ||
        (s->p_phase == EPOP_PHASE_AUTHORIZATION && epopi_command_keyword(command->keyword) == 0)) {
        return epopi_server_bad(s, "unknown command");
    }
    return epopi_server_ask_command(s, command);
}

int32_t epopi_server_dispatch(epop_server *s)
{
    epop_command command;
    int32_t result;
    uint32_t bad = s->p_bad;

    command.struct_size = sizeof command;
    result = epop_command_parse(&command, s->p_text.ptr, s->p_text.len);
    s->p_command = (uint8_t)command.id;
    if (command.id != EPOP_CMD_UNKNOWN) {
        s->p_after_auth = command.id == EPOP_CMD_AUTH && (command.argument.len > 0 || result != EPOP_OK);
    }
    if (command.id != EPOP_CMD_PASS || result != EPOP_OK) {
        s->p_name_len = 0; /* PASS counts right behind USER only (RFC 1939 section 7) */
    }
    if (s->p_text_length > s->p_text.len) {
        return epopi_server_bad(s, "line too long");
    }
    if (result != EPOP_OK) {
        return epopi_server_bad(s, what_is_wrong(result));
    }
    if (!epopi_command_legal(command.id, s->p_phase)) {
        return epopi_server_bad(s, "not in this phase");
    }
    if (!is_served(s, command.id)) {
        return ask_host(s, &command);
    }
    result = perform(s, &command);
    /* AUTH is judged by what comes of it: begun and cancelled for ever, it is no good command. */
    s->p_bad = s->p_bad == bad && s->p_state != EPOPI_SASL ? 0 : s->p_bad;
    return result;
}
