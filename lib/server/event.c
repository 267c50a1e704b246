/* Traces, and questions to the host: one callback each. What follows from its result is for others to do.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "session/call.h"

#include "wire/command.h"
#include "wire/octets.h"
#include "wire/outbox.h"

#ifdef EPOP_NO_TRACE
int32_t epopi_server_trace_sent(epop_server *s)
{
    (void)s;
    return EPOP_OK;
}

int32_t epopi_server_trace_received(epop_server *s)
{
    (void)s;
    return EPOP_OK;
}
#else
static int32_t emit_server_trace(epop_server *s, epop_span visible, uint32_t redacted, uint32_t sent)
{
    epop_trace_event event;

    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_TRACE;
    event.sent = sent;
    event.line = visible;
    event.redacted = redacted;
    epopi_session_enter(&s->p_session);
    return epopi_session_leave(&s->p_session, EPOP_EVENT_TRACE, s->p_callbacks->on_trace(s->p_user, &event));
}

/* Of a challenge the "+" alone is shown. */
int32_t epopi_server_trace_sent(epop_server *s)
{
    size_t len = s->p_trace_len - 2u;
    const uint8_t *line = epopi_outbox_end(&s->p_out) - s->p_trace_len;
    uint32_t is_challenge = len > 1 && line[0] == '+' && line[1] == ' ';

    return emit_server_trace(s, epopi_span(line, is_challenge ? 1 : len), is_challenge, 1);
}

/* Nothing is shown of a SASL response, nor of a line that may be one: a client that does not wait sends it after an
 * AUTH that is refused. */
int32_t epopi_server_trace_received(epop_server *s)
{
    uint32_t is_response = s->p_state == EPOPI_SERVER_SASL;
    epop_span visible = epopi_span(NULL, 0);

    if (!s->p_callbacks->on_trace) {
        return EPOP_OK;
    }
    if (!is_response && (!s->p_after_auth || epopi_command_is_known(s->p_text))) {
        visible = epopi_command_public(s->p_text, s->p_phase);
    }
    return emit_server_trace(s, visible, is_response || visible.len < s->p_text.len, 0);
}
#endif

/* ------------------------------------------------------------------------------------------------------------------ */

/* The line in hand, parsed again: it parsed when it came. */
static void reparse_command(const epop_server *s, epop_command *command)
{
    command->struct_size = sizeof *command;
    (void)epop_command_parse(command, s->p_text.ptr, s->p_text.len);
}

static void describe_password(epop_server *s, epop_auth_event *event)
{
    epop_command command;

    reparse_command(s, &command);
    event->name = epopi_span(s->p_name, s->p_name_len);
    event->password = command.argument;
    event->auth = EPOP_AUTH_PASSWORD;
    event->mechanism = "USER";
}

static int32_t emit_AUTH(epop_server *s)
{
    static const epop_auth_event none;
    epop_auth_event event = none;

    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_AUTH;
    if (s->p_command == EPOP_CMD_PASS) {
        describe_password(s, &event);
    } else {
        epopi_server_sasl_describe(s, &event);
    }
    return s->p_callbacks->on_auth(s->p_user, &event);
}

static int32_t emit_OPEN(epop_server *s)
{
    epop_open_event event;

    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_OPEN;
    event.name = epopi_span(s->p_name, s->p_name_len);
    return s->p_callbacks->on_open(s->p_user, &event);
}

static int32_t emit_SEND(epop_server *s)
{
    epop_send_event event;

    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_SEND;
    event.command = s->p_command;
    event.number = s->p_number;
    event.lines = s->p_command == EPOP_CMD_TOP ? s->p_top.p_lines : 0;
    return s->p_callbacks->on_send(s->p_user, &event);
}

static int32_t emit_COMMIT(epop_server *s)
{
    epop_commit_event event;

    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_COMMIT;
    event.marked = s->p_marked;
    return s->p_callbacks->on_commit(s->p_user, &event);
}

static int32_t emit_COMMAND(epop_server *s)
{
    epop_command_event event;
    epop_command command;

    reparse_command(s, &command);
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_COMMAND;
    event.phase = s->p_phase;
    event.command = &command;
    return s->p_callbacks->on_command(s->p_user, &event);
}

/* A case for every row of questions.def: one without a function does not compile. */
static int32_t emit_question(epop_server *s, uint32_t kind)
{
    switch (kind) {
#define EPOPI_SERVER_QUESTION(event, callback, code_without, special, text_of_special, text)                           \
    case EPOP_EVENT_##event:                                                                                           \
        return emit_##event(s);
#include "server/questions.def"
#undef EPOPI_SERVER_QUESTION
    default:
        return EPOP_ERR_PHASE;
    }
}

static int32_t put_question(epop_server *s, uint32_t kind)
{
    epopi_session_enter(&s->p_session);
    return epopi_session_leave(&s->p_session, kind, emit_question(s, kind));
}

int32_t epopi_server_question(epop_server *s)
{
    return put_question(s, s->p_asked);
}

int32_t epopi_server_show_piece(epop_server *s)
{
    return s->p_callbacks->on_auth ? put_question(s, EPOP_EVENT_AUTH) : EPOP_OK;
}

uint32_t epopi_server_code_unless_asked(const epop_server *s)
{
    switch (s->p_asked) {
#define EPOPI_SERVER_QUESTION(event, callback, code_without, special, text_of_special, text)                           \
    case EPOP_EVENT_##event:                                                                                           \
        return s->p_callbacks->callback ? EPOP_CODE_OTHER : EPOP_CODE_##code_without;
#include "server/questions.def"
#undef EPOPI_SERVER_QUESTION
    default:
        return 0;
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

int32_t epopi_server_ask_info(epop_server *s)
{
    epop_message_info_event event;
    int32_t result;

    s->p_info = 0;
    if (!s->p_callbacks->on_message_info) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_MESSAGE_INFO;
    event.number = s->p_number;
    s->p_asked = EPOP_EVENT_MESSAGE_INFO;
    (void)epopi_outbox_room(&s->p_out, EPOPI_SERVER_LISTING_MAX); /* all in one piece, for epop_server_message_info */
    epopi_session_enter(&s->p_session);
    result =
        epopi_session_leave(&s->p_session, EPOP_EVENT_MESSAGE_INFO, s->p_callbacks->on_message_info(s->p_user, &event));
    s->p_asked = 0;
    return result;
}
