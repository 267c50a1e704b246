/* Events: one callback each. What follows from its result is for others to do.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

#include "session/call.h"

#include "wire/command.h"
#include "wire/octets.h"
#include "wire/outbox.h"

static uintptr_t token_of_head(const epop_client *c)
{
    return c->p_flight > 0 ? epopi_client_head(c)->p_token : 0;
}

static uint32_t number_of_head(const epop_client *c)
{
    return c->p_flight > 0 ? epopi_client_head(c)->p_number : 0;
}

#ifdef EPOP_NO_TRACE
int32_t epopi_client_trace_sent(epop_client *c)
{
    (void)c;
    return EPOP_OK;
}

int32_t epopi_client_trace_received(epop_client *c)
{
    (void)c;
    return EPOP_OK;
}
#else
/* A line of which the first `shown` octets may be seen. */
static int32_t trace_line(epop_client *c, epop_span line, size_t shown, uint32_t sent)
{
    epop_trace_event event;

    if (!c->p_callbacks->on_trace) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_TRACE;
    event.sent = sent;
    event.line = epopi_span(line.ptr, shown);
    event.redacted = shown < line.len;
    epopi_session_enter(&c->p_session);
    return epopi_session_leave(&c->p_session, EPOP_EVENT_TRACE, c->p_callbacks->on_trace(c->p_user, &event));
}

/* The line that was written last, which is that of the last command in flight. A SASL response has no keyword that
 * could be shown. */
int32_t epopi_client_trace_sent(epop_client *c)
{
    size_t len = epopi_client_slot(c, c->p_flight - 1u)->p_octets;
    epop_span line;

    if (len == 0) {
        return trace_line(c, epopi_span((const uint8_t *)"", 1), 0, 1);
    }
    line = epopi_span(epopi_outbox_end(&c->p_out) - len, len - 2);
    return trace_line(c, line, epopi_command_public(line, c->p_phase).len, 1);
}

/* Of a challenge, the "+" alone. */
int32_t epopi_client_trace_received(epop_client *c)
{
    return trace_line(c, c->p_text, c->p_pending & EPOPI_CLIENT_STEP_CHALLENGE ? 1 : c->p_text.len, 0);
}
#endif

int32_t epopi_client_emit_greeting(epop_client *c)
{
    epop_greeting_event event;
    epop_reply reply;

    if (!c->p_callbacks->on_greeting) {
        return EPOP_OK;
    }
    epopi_client_read_reply(c, &reply);
    (void)epop_greeting_stamp(&event.stamp, reply.text.ptr, reply.text.len);
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_GREETING;
    event.reply = &reply;
    event.pop4 = epop_greeting_is_pop4(reply.text.ptr, reply.text.len);
    event.traits = c->p_traits;
    epopi_session_enter(&c->p_session);
    return epopi_session_leave(&c->p_session, EPOP_EVENT_GREETING, c->p_callbacks->on_greeting(c->p_user, &event));
}

int32_t epopi_client_emit_reply(epop_client *c)
{
    epop_reply_event event;
    epop_reply reply;

    if (!c->p_callbacks->on_reply) {
        return EPOP_OK;
    }
    epopi_client_read_reply(c, &reply);
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_REPLY;
    event.token = token_of_head(c);
    event.reply = &reply;
    event.command = epopi_client_command(c);
    event.number = number_of_head(c);
    epopi_session_enter(&c->p_session);
    return epopi_session_leave(&c->p_session, EPOP_EVENT_REPLY, c->p_callbacks->on_reply(c->p_user, &event));
}

int32_t epopi_client_emit_row(epop_client *c)
{
    epop_row_event event;
    epopi_client_row row;

    epopi_client_read_row(c, &row);
    if (!c->p_callbacks->on_row) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_ROW;
    event.token = token_of_head(c);
    event.command = epopi_client_command(c);
    event.row = row.kind;
    event.listing = row.kind <= EPOP_ROW_UIDL ? &row.listing : NULL;
    event.capability = row.kind == EPOP_ROW_CAPA ? &row.capability : NULL;
    event.line = row.line;
    event.line_length = c->p_text_length - (uint32_t)(c->p_text.len - row.line.len);
    epopi_session_enter(&c->p_session);
    return epopi_session_leave(&c->p_session, EPOP_EVENT_ROW, c->p_callbacks->on_row(c->p_user, &event));
}

int32_t epopi_client_emit_body(epop_client *c)
{
    epop_body_event event;

    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_BODY;
    event.token = token_of_head(c);
    event.command = epopi_client_command(c);
    event.number = number_of_head(c);
    event.offset = c->p_body;
    event.data = c->p_text;
    c->p_body += c->p_text.len;
    if (!c->p_callbacks->on_body) {
        return EPOP_OK;
    }
    epopi_session_enter(&c->p_session);
    return epopi_session_leave(&c->p_session, EPOP_EVENT_BODY, c->p_callbacks->on_body(c->p_user, &event));
}

int32_t epopi_client_emit_end(epop_client *c, const epop_client_slot *slot)
{
    epop_end_event event;

    if (!c->p_callbacks->on_end) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_END;
    event.token = slot->p_token;
    event.command = slot->p_command;
    event.number = slot->p_number;
    event.result = c->p_result;
    event.status = c->p_status;
    event.code = c->p_code;
    event.retry = epop_code_retry(c->p_code);
    event.octets = c->p_body;
    epopi_session_enter(&c->p_session);
    return epopi_session_leave(&c->p_session, EPOP_EVENT_END, c->p_callbacks->on_end(c->p_user, &event));
}

int32_t epopi_client_emit_quirk(epop_client *c)
{
    epop_quirk_event event;

    event.quirk = c->p_quirks & (0u - c->p_quirks); /* the lowest bit */
    c->p_quirks &= ~event.quirk;
    epopi_client_quirk(c, 0); /* there may be more */
    if (!c->p_callbacks->on_quirk) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_QUIRK;
    event.token = token_of_head(c);
    event.command = epopi_client_command(c);
    epopi_session_enter(&c->p_session);
    return epopi_session_leave(&c->p_session, EPOP_EVENT_QUIRK, c->p_callbacks->on_quirk(c->p_user, &event));
}

int32_t epopi_client_emit_ask(epop_client *c)
{
    epop_ask_event event;

    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_ASK;
    event.token = token_of_head(c);
    event.ask = c->p_ask;
    event.reserved = 0;
    event.offset = epopi_client_sasl_offset(c);
    event.mechanism = epopi_client_sasl_name(c);
    epopi_session_enter(&c->p_session);
    return epopi_session_leave(&c->p_session, EPOP_EVENT_ASK, c->p_callbacks->on_ask(c->p_user, &event));
}
