/* Traces, and questions to the host.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "session/call.h"

#include "wire/command.h"
#include "wire/octets.h"
#include "wire/outbox.h"

/* What a callback's result means for the session. */
static int32_t leave(epop_server *s, uint32_t kind, int32_t result)
{
    result = epopi_session_leave(&s->p_session, kind, result);
    return result < 0 ? epopi_server_die(s, result) : result;
}

#ifdef EPOP_NO_TRACE
int32_t epopi_server_trace(epop_server *s, epop_span line, uint32_t sent)
{
    (void)s;
    (void)line;
    (void)sent;
    return EPOP_OK;
}
#else
/* What may be seen of a line: of a challenge its "+", of a response nothing, and neither of what may be one: a client
 * that does not wait sends it behind an AUTH that is refused. */
static epop_span shown(const epop_server *s, epop_span line, uint32_t sent)
{
    if (sent) {
        return line.len > 1 && line.ptr[0] == '+' && line.ptr[1] == ' ' ? epopi_span(line.ptr, 1) : line;
    }
    if (s->p_state == EPOPI_SASL || (s->p_after_auth && !epopi_command_is_known(line))) {
        return epopi_span(NULL, 0);
    }
    return epopi_command_public(line, s->p_phase);
}

int32_t epopi_server_trace(epop_server *s, epop_span line, uint32_t sent)
{
    epop_trace_event event;

    if (!s->p_callbacks->on_trace) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_TRACE;
    event.sent = sent;
    event.line = shown(s, line, sent);
    event.redacted = event.line.len < line.len || (!sent && s->p_state == EPOPI_SASL);
    epopi_session_enter(&s->p_session);
    return leave(s, EPOP_EVENT_TRACE, s->p_callbacks->on_trace(s->p_user, &event));
}
#endif

/* Opens a question; without a callback to put it to, it is refused. */
static uint32_t put(epop_server *s, uint32_t kind, uint32_t has_callback)
{
    s->p_state = EPOPI_ASKED;
    s->p_asked = (uint8_t)kind;
    if (has_callback) {
        epopi_session_enter(&s->p_session);
        return 1;
    }
    (void)epopi_server_refuse(s, kind == EPOP_EVENT_COMMAND ? EPOP_CODE_NONE : EPOP_CODE_SYS_PERM, epopi_span(NULL, 0));
    return 0;
}

static int32_t emit_auth(epop_server *s, const epop_auth_event *event)
{
    return leave(s, EPOP_EVENT_AUTH, s->p_callbacks->on_auth(s->p_user, event));
}

int32_t epopi_server_ask_auth(epop_server *s, epop_span password)
{
    static const epop_auth_event none;
    epop_auth_event event = none;

    if (!put(s, EPOP_EVENT_AUTH, s->p_callbacks->on_auth != NULL)) {
        return s->p_session.p_error;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_AUTH;
    event.name = epopi_span(s->p_name, s->p_name_len);
    event.password = password;
    event.auth = EPOP_AUTH_PASSWORD;
    event.mechanism = "USER";
    return emit_auth(s, &event);
}

static void describe_auth(epop_server *s, epop_auth_event *event)
{
    epop_sasl *x = s->p_sasl;

    event->struct_size = sizeof *event;
    event->kind = EPOP_EVENT_AUTH;
    event->name = x->p_step.user;
    event->password = x->p_step.secret;
    event->auth = x->p_step.ask;
    event->more = x->p_step.more;
    event->authzid = x->p_step.authzid;
    event->mechanism = x->p_step.name;
    event->offset = x->p_offset;
    x->p_offset += x->p_step.secret.len;
}

int32_t epopi_server_ask_sasl(epop_server *s)
{
    epop_auth_event event;

    if (!put(s, EPOP_EVENT_AUTH, s->p_callbacks->on_auth != NULL)) {
        return s->p_session.p_error;
    }
    describe_auth(s, &event);
    return emit_auth(s, &event);
}

int32_t epopi_server_show_piece(epop_server *s)
{
    epop_auth_event event;

    describe_auth(s, &event);
    if (!s->p_callbacks->on_auth) {
        return EPOP_OK;
    }
    epopi_session_enter(&s->p_session);
    return emit_auth(s, &event);
}

int32_t epopi_server_ask_open(epop_server *s)
{
    epop_open_event event;

    if (!put(s, EPOP_EVENT_OPEN, s->p_callbacks->on_open != NULL)) {
        return s->p_session.p_error;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_OPEN;
    event.name = epopi_span(s->p_name, s->p_name_len);
    return leave(s, EPOP_EVENT_OPEN, s->p_callbacks->on_open(s->p_user, &event));
}

int32_t epopi_server_ask_info(epop_server *s, uint32_t number)
{
    epop_info_event event;
    int32_t result;

    s->p_info = 0;
    s->p_number = number;
    if (!s->p_callbacks->on_info) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_INFO;
    event.number = number;
    s->p_asked = EPOP_EVENT_INFO;
    (void)epopi_outbox_room(&s->p_out, EPOPI_LISTING_MAX); /* all in one piece, for epop_server_info */
    epopi_session_enter(&s->p_session);
    result = leave(s, EPOP_EVENT_INFO, s->p_callbacks->on_info(s->p_user, &event));
    s->p_asked = 0;
    return result;
}

int32_t epopi_server_ask_send(epop_server *s)
{
    epop_send_event event;

    if (!put(s, EPOP_EVENT_SEND, s->p_callbacks->on_send != NULL)) {
        return s->p_session.p_error;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_SEND;
    event.command = s->p_command;
    event.number = s->p_number;
    event.lines = s->p_command == EPOP_CMD_TOP ? s->p_top.p_lines : 0;
    return leave(s, EPOP_EVENT_SEND, s->p_callbacks->on_send(s->p_user, &event));
}

int32_t epopi_server_ask_commit(epop_server *s)
{
    epop_commit_event event;

    if (!put(s, EPOP_EVENT_COMMIT, s->p_callbacks->on_commit != NULL)) {
        return s->p_session.p_error;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_COMMIT;
    event.marked = s->p_marked;
    return leave(s, EPOP_EVENT_COMMIT, s->p_callbacks->on_commit(s->p_user, &event));
}

int32_t epopi_server_ask_command(epop_server *s, const epop_command *command)
{
    epop_command_event event;

    if (!put(s, EPOP_EVENT_COMMAND, s->p_callbacks->on_command != NULL)) {
        return s->p_session.p_error;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_COMMAND;
    event.phase = s->p_phase;
    event.command = command;
    return leave(s, EPOP_EVENT_COMMAND, s->p_callbacks->on_command(s->p_user, &event));
}
