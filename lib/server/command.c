/* Commands, each with its handler.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A handler writes the reply, or sets what must come before it: a question to the host, size and unique-id.
 */
#include "server/session.h"

#include "wire/command.h"
#include "wire/octets.h"

static void do_USER(epop_server *s, const epop_command *command)
{
    if (s->p_flags & EPOP_SERVER_SASL_ONLY) {
        epopi_server_bad(s, "USER and PASS are not taken here");
    } else if (!epopi_server_may_login(s)) {
        epopi_server_bad(s, "passwords are not taken without TLS");
    } else if (command->argument.len > s->p_name_size) {
        epopi_server_bad(s, "name too long");
    } else {
        epopi_copy(s->p_name, command->argument.ptr, command->argument.len);
        s->p_name_len = (uint8_t)command->argument.len;
        epopi_server_ok(s, "send PASS");
    }
}

static void do_PASS(epop_server *s, const epop_command *command)
{
    (void)command;
    if (s->p_name_len == 0) {
        epopi_server_bad(s, "USER first");
    } else {
        epopi_server_ask(s, EPOP_EVENT_AUTH);
    }
}

static void do_AUTH(epop_server *s, const epop_command *command)
{
    if (epopi_server_sasl_count(s) == 0) {
        epopi_server_bad(s, "not supported");
    } else if (command->argument.len == 0) {
        epopi_server_begin_rows(s, "mechanisms follow");
    } else if (!epopi_server_may_login(s)) {
        epopi_server_bad(s, "passwords are not taken without TLS");
    } else {
        epopi_server_do_auth(s, command);
    }
}

static void do_APOP(epop_server *s, const epop_command *command)
{
    if (epopi_server_sasl_count(s) == 0) {
        epopi_server_bad(s, "not supported");
    } else if (!epopi_server_may_login(s)) {
        epopi_server_bad(s, "passwords are not taken without TLS");
    } else {
        epopi_server_do_apop(s, command);
    }
}

static void do_STLS(epop_server *s, const epop_command *command)
{
    (void)command;
    if (s->p_flags & EPOP_SERVER_TLS) {
        epopi_server_bad(s, "TLS is up already");
    } else if (!(s->p_flags & EPOP_SERVER_STLS)) {
        epopi_server_bad(s, "no TLS here");
    } else {
        epopi_server_move(s, EPOPI_SERVER_MOVE_STLS);
        epopi_server_ok(s, "begin TLS");
    }
}

static void do_CAPA(epop_server *s, const epop_command *command)
{
    (void)command;
    epopi_server_begin_rows(s, "capabilities follow");
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* 1 where the message-number is that of a message; otherwise the reply is written. */
static uint32_t message_is_there(epop_server *s, uint32_t number)
{
    if (number > s->p_count) {
        epopi_server_err(s, "no such message");
        return 0;
    }
    if (epopi_server_is_marked(s, number)) {
        epopi_server_err(s, "message is marked as deleted");
        return 0;
    }
    return 1;
}

/* The first half of what depends on size and unique-id; epopi_server_do_with_info is the other. */
static void do_of_message(epop_server *s, const epop_command *command)
{
    if (message_is_there(s, command->number)) {
        epopi_server_look_up(s, command->number);
    }
}

static void do_listing(epop_server *s, const epop_command *command)
{
    if (command->number == 0) {
        epopi_server_begin_rows(s, command->id == EPOP_CMD_LIST ? "scan listing follows" : "unique-ids follow");
    } else {
        do_of_message(s, command);
    }
}

void epopi_server_do_with_info(epop_server *s)
{
    if (!s->p_info) {
        epopi_server_err(s, "message is gone");
        return;
    }
    switch (s->p_command) {
    case EPOP_CMD_LIST:
    case EPOP_CMD_UIDL:
        epopi_server_info_reply(s);
        break;
    case EPOP_CMD_RETR:
        epopi_server_ask(s, EPOP_EVENT_SEND);
        break;
    case EPOP_CMD_DELE:
        epopi_server_mark(s);
        epopi_server_ok(s, "marked as deleted");
        break;
    default:
        epopi_server_bad(s, "not supported");
    }
}

static void do_TOP(epop_server *s, const epop_command *command)
{
    if (message_is_there(s, command->number)) {
        s->p_number = command->number;
        (void)epop_top_init(&s->p_top, command->lines);
        epopi_server_ask(s, EPOP_EVENT_SEND);
    }
}

static void do_STAT(epop_server *s, const epop_command *command)
{
    (void)command;
    epopi_server_ok_numbers(s, s->p_count - s->p_marked, " ", s->p_octets, "");
}

static void do_NOOP(epop_server *s, const epop_command *command)
{
    (void)command;
    epopi_server_ok(s, "done");
}

static void do_RSET(epop_server *s, const epop_command *command)
{
    (void)command;
    epopi_server_unmark_all(s);
    epopi_server_ok_maildrop(s);
}

static void do_QUIT(epop_server *s, const epop_command *command)
{
    (void)command;
    if (s->p_phase == EPOP_PHASE_TRANSACTION) {
        s->p_phase = EPOP_PHASE_UPDATE;
        epopi_server_ask(s, EPOP_EVENT_COMMIT);
    } else {
        epopi_server_goodbye(s);
        epopi_server_ok(s, "goodbye");
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void do_as_host_says(epop_server *s, const epop_command *command)
{
    (void)command;
    epopi_server_ask(s, EPOP_EVENT_COMMAND);
}

static void do_LAST(epop_server *s, const epop_command *command)
{
    if (s->p_flags & EPOP_SERVER_LAST) {
        epopi_server_ok_numbers(s, s->p_last, "", 0, "");
    } else {
        do_as_host_says(s, command);
    }
}

/* What looks like a secret in the place of a command is kept from the host: there it would be logged. */
static void do_unknown(epop_server *s, const epop_command *command)
{
    if (s->p_after_auth || (s->p_phase == EPOP_PHASE_AUTHORIZATION && epopi_command_keyword(command->keyword) == 0)) {
        epopi_server_bad(s, "unknown command");
    } else {
        do_as_host_says(s, command);
    }
}

/* Handlers that are those of others. */
#define do_LIST do_listing
#define do_UIDL do_listing
#define do_RETR do_of_message
#define do_DELE do_of_message
#define do_UTF8 do_as_host_says
#define do_LANG do_as_host_says
#define do_XTND do_as_host_says

/* A case for every row of commands.def: one without a handler does not compile. */
static void perform_command(epop_server *s, const epop_command *command)
{
    switch (command->id) {
#define EPOP_COMMAND(keyword, grammar, phases, shape, shape_argument, flags, source)                                   \
    case EPOP_CMD_##keyword:                                                                                           \
        do_##keyword(s, command);                                                                                      \
        break;
#include "wire/commands.def"
#undef EPOP_COMMAND
    case EPOP_CMD_UNKNOWN:
        do_unknown(s, command);
        break;
    default:
        epopi_server_bad(s, "not supported");
    }
}

#undef do_LIST
#undef do_UIDL
#undef do_RETR
#undef do_DELE
#undef do_UTF8
#undef do_LANG
#undef do_XTND

/* ------------------------------------------------------------------------------------------------------------------ */

/* An empty word with another one behind it. */
static uint32_t has_two_spaces(epop_span line)
{
    size_t i;

    for (i = 2; i < line.len; i++) {
        if (line.ptr[i - 2] == ' ' && line.ptr[i - 1] == ' ' && line.ptr[i] != ' ') {
            return 1;
        }
    }
    return 0;
}

static const char *syntax_fault(const epop_server *s, int32_t error)
{
    switch (error) {
    case EPOP_ERR_OCTET:
        return "CR or NUL in a command";
    case EPOP_ERR_ARGUMENT_MISSING:
        return has_two_spaces(s->p_text) ? "one space between arguments" : "argument missing";
    case EPOP_ERR_ARGUMENT_EXTRA:
        return "argument too many";
    case EPOP_ERR_NUMBER:
        return "not a number in range";
    default:
        return "syntax error";
    }
}

/* Why the command is not even tried; NULL where it is. */
static const char *command_fault(const epop_server *s, const epop_command *command, int32_t result)
{
    if (s->p_text_length > s->p_text.len) {
        return "line too long";
    }
    if (result != EPOP_OK) {
        return syntax_fault(s, result);
    }
    return epopi_command_legal(command->id, s->p_phase) ? NULL : "not in this phase";
}

/* What the session remembers of a line for those that follow. */
static void remember_command(epop_server *s, const epop_command *command, uint32_t refused)
{
    s->p_has_begun = 1;
    /* PASS counts right behind USER only (RFC 1939 section 7); what changes nothing does not come between them. */
    if (refused || !(command->id == EPOP_CMD_PASS || (epopi_command_flags(command->id) & EPOPI_READS))) {
        s->p_name_len = 0;
    }
    if (command->id != EPOP_CMD_UNKNOWN) {
        s->p_after_auth = command->id == EPOP_CMD_AUTH && (command->argument.len > 0 || refused);
    }
}

/* Before login nothing is forgiven: what is good there costs the peer nothing. Whether a command of the host's was good
 * is known when it is answered. */
static void forgive(epop_server *s)
{
    uint32_t host_decides = s->p_state == EPOPI_SERVER_ASKED && s->p_asked == EPOP_EVENT_COMMAND;

    if (s->p_phase == EPOP_PHASE_TRANSACTION && !host_decides) {
        s->p_bad = 0;
    }
}

int32_t epopi_server_do_command(epop_server *s)
{
    epop_command command;
    const char *why;
    int32_t result;
    uint32_t bad = s->p_bad;

    command.struct_size = sizeof command;
    result = epop_command_parse(&command, s->p_text.ptr, s->p_text.len);
    s->p_command = (uint8_t)command.id;
    if (!s->p_has_begun && epopi_server_is_stranger(s, &command)) {
        epopi_server_send_off(s);
        return EPOP_OK;
    }
    why = command_fault(s, &command, result);
    remember_command(s, &command, why != NULL);
    if (why) {
        epopi_server_bad(s, why);
        return EPOP_OK;
    }
    perform_command(s, &command);
    if (s->p_bad == bad) {
        forgive(s);
    }
    return EPOP_OK;
}
