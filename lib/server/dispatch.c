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

static int32_t do_USER(epop_server *s, const epop_command *command)
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

static int32_t do_PASS(epop_server *s, const epop_command *command)
{
    if (s->p_name_len == 0) {
        return epopi_server_bad(s, "USER first");
    }
    return epopi_server_ask_auth(s, command->argument);
}

static int32_t do_STLS(epop_server *s, const epop_command *command)
{
    (void)command;
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

static int32_t do_RETR(epop_server *s, const epop_command *command)
{
    int32_t result = EPOP_OK;

    if (is_there(s, command->number) && have_info(s, command->number, &result)) {
        s->p_todo |= EPOPI_TODO_ASK_SEND;
    }
    return result;
}

static int32_t do_TOP(epop_server *s, const epop_command *command)
{
    if (is_there(s, command->number)) {
        s->p_number = command->number;
        (void)epop_top_init(&s->p_top, command->lines);
        s->p_todo |= EPOPI_TODO_ASK_SEND;
    }
    return EPOP_OK;
}

static int32_t do_DELE(epop_server *s, const epop_command *command)
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

static int32_t do_RSET(epop_server *s, const epop_command *command)
{
    (void)command;
    epopi_wipe(s->p_deleted, (size_t)epopi_server_map_octets(s->p_count));
    s->p_marked = 0;
    s->p_octets = s->p_octets_all;
    s->p_last = 0;
    return epopi_server_ok_numbers(s, s->p_count, " messages (", s->p_octets, " octets)");
}

static int32_t do_QUIT(epop_server *s, const epop_command *command)
{
    (void)command;
    if (s->p_phase == EPOP_PHASE_TRANSACTION) {
        s->p_phase = EPOP_PHASE_UPDATE;
        return epopi_server_ask_commit(s);
    }
    s->p_state = EPOPI_ENDED;
    s->p_phase = EPOP_PHASE_ENDED;
    return epopi_server_ok(s, "goodbye");
}

static int32_t do_CAPA(epop_server *s, const epop_command *command)
{
    (void)command;
    s->p_state = EPOPI_ROWS;
    s->p_row = 0;
    s->p_capabilities_at = 0;
    return epopi_server_ok(s, "capabilities follow");
}

static int32_t do_AUTH(epop_server *s, const epop_command *command)
{
    return epopi_server_sasl_count(s) > 0 ? epopi_server_do_auth(s, command) : epopi_server_bad(s, "not supported");
}

static int32_t do_APOP(epop_server *s, const epop_command *command)
{
    return epopi_server_sasl_count(s) > 0 ? epopi_server_do_apop(s, command) : epopi_server_bad(s, "not supported");
}

static int32_t do_STAT(epop_server *s, const epop_command *command)
{
    (void)command;
    return epopi_server_ok_numbers(s, s->p_count - s->p_marked, " ", s->p_octets, "");
}

static int32_t do_NOOP(epop_server *s, const epop_command *command)
{
    (void)command;
    return epopi_server_ok(s, "done");
}

static int32_t do_LAST(epop_server *s, const epop_command *command)
{
    return s->p_flags & EPOP_SERVER_LAST ? epopi_server_ok_numbers(s, s->p_last, "", 0, "")
                                         : epopi_server_ask_command(s, command);
}

/* What looks like a secret in the place of a command is kept from the host: there it would be logged. */
static int32_t do_unknown(epop_server *s, const epop_command *command)
{
    uint32_t doubtful =
        s->p_after_auth || (s->p_phase == EPOP_PHASE_AUTHORIZATION && epopi_command_keyword(command->keyword) == 0);

    return doubtful ? epopi_server_bad(s, "unknown command") : epopi_server_ask_command(s, command);
}

/* Handlers that are those of others. */
#define do_LIST do_listing
#define do_UIDL do_listing
#define do_UTF8 epopi_server_ask_command
#define do_LANG epopi_server_ask_command
#define do_XTND epopi_server_ask_command

/* A case for every row of commands.def: one without a handler does not compile. */
static int32_t perform(epop_server *s, const epop_command *command)
{
    switch (command->id) {
#define EPOP_COMMAND(keyword, grammar, phases, shape, shape_argument, flags, source)                                   \
    case EPOP_CMD_##keyword:                                                                                           \
        return do_##keyword(s, command);
#include "wire/commands.def"
#undef EPOP_COMMAND
    case EPOP_CMD_UNKNOWN:
        return do_unknown(s, command);
    default:
        return epopi_server_bad(s, "not supported");
    }
}

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

static const char *what_is_wrong(const epop_server *s, int32_t error)
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
static const char *refusal(const epop_server *s, const epop_command *command, int32_t result)
{
    if (s->p_text_length > s->p_text.len) {
        return "line too long";
    }
    if (result != EPOP_OK) {
        return what_is_wrong(s, result);
    }
    return epopi_command_legal(command->id, s->p_phase) ? NULL : "not in this phase";
}

/* What the session remembers of a line for those that follow. */
static void note(epop_server *s, const epop_command *command, uint32_t refused)
{
    s->p_begun = 1;
    /* PASS counts right behind USER only (RFC 1939 section 7); what changes nothing does not come between them. */
    if (refused || !(command->id == EPOP_CMD_PASS || (epopi_command_flags(command->id) & EPOPI_READS))) {
        s->p_name_len = 0;
    }
    if (command->id != EPOP_CMD_UNKNOWN) {
        s->p_after_auth = command->id == EPOP_CMD_AUTH && (command->argument.len > 0 || refused);
    }
}

static uint32_t host_is_asked(const epop_server *s)
{
    return s->p_state == EPOPI_ASKED && s->p_asked == EPOP_EVENT_COMMAND;
}

int32_t epopi_server_dispatch(epop_server *s)
{
    epop_command command;
    const char *why;
    int32_t result;
    uint32_t bad = s->p_bad;

    command.struct_size = sizeof command;
    result = epop_command_parse(&command, s->p_text.ptr, s->p_text.len);
    s->p_command = (uint8_t)command.id;
    if (!s->p_begun && epopi_server_is_stranger(s, &command)) {
        return epopi_server_send_off(s);
    }
    why = refusal(s, &command, result);
    note(s, &command, why != NULL);
    if (why) {
        return epopi_server_bad(s, why);
    }
    result = perform(s, &command);
    /* Before login nothing is forgiven: what is good there costs the peer nothing. */
    if (s->p_phase == EPOP_PHASE_TRANSACTION && s->p_bad == bad && !host_is_asked(s)) {
        s->p_bad = 0;
    }
    return result;
}
