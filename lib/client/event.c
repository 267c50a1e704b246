/* Steps of the client session: each makes at most one event of what is owed.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/peers.h"
#include "client/session.h"

#include "session/call.h"

#include "wire/command.h"
#include "wire/octets.h"
#include "wire/outbox.h"

/* What a callback's result means for the session. */
static int32_t leave(epop_client *c, uint32_t kind, int32_t result)
{
    result = epopi_session_leave(&c->p_session, kind, result);
    return result < 0 ? epopi_client_die(c, result) : result;
}

static uintptr_t token_of(const epop_client *c)
{
    return c->p_flight > 0 ? epopi_client_head(c)->p_token : 0;
}

static uint32_t number_of(const epop_client *c)
{
    return c->p_flight > 0 ? epopi_client_head(c)->p_number : 0;
}

/* A line of which the first `shown` octets may be seen. */
#ifdef EPOP_NO_TRACE
static int32_t trace(epop_client *c, epop_span line, size_t shown, uint32_t sent)
{
    (void)c;
    (void)line;
    (void)shown;
    (void)sent;
    return EPOP_OK;
}
#else
static int32_t trace(epop_client *c, epop_span line, size_t shown, uint32_t sent)
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
    return leave(c, EPOP_EVENT_TRACE, c->p_callbacks->on_trace(c->p_user, &event));
}
#endif

/* The line that was written last, which is that of the last command in flight. A SASL response has no keyword that
 * could be shown. */
static int32_t trace_sent(epop_client *c)
{
    size_t len = epopi_client_slot(c, c->p_flight - 1u)->p_octets;
    epop_span line;

    if (len == 0) {
        return trace(c, epopi_span((const uint8_t *)"", 1), 0, 1);
    }
    line = epopi_span(epopi_outbox_end(&c->p_out) - len, len - 2);
    return trace(c, line, epopi_command_public(line, c->p_phase).len, 1);
}

/* Of a challenge, the "+" alone. */
static int32_t trace_received(epop_client *c)
{
    return trace(c, c->p_text, c->p_todo & EPOPI_TODO_CHALLENGE ? 1 : c->p_text.len, 0);
}

/* The line in hand, parsed again: it parsed when it came. */
static void reparse(const epop_client *c, epop_reply *reply)
{
    reply->struct_size = sizeof *reply;
    (void)epop_reply_parse(reply, c->p_text.ptr, c->p_text.len);
}

static int32_t emit_greeting(epop_client *c)
{
    epop_greeting_event event;
    epop_reply reply;

    reparse(c, &reply);
    c->p_traits = (uint8_t)epopi_peer_traits(reply.text);
    (void)epop_greeting_stamp(&event.stamp, reply.text.ptr, reply.text.len);
    epopi_client_sasl_greeting(c, event.stamp);
    if (!c->p_callbacks->on_greeting) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_GREETING;
    event.reply = &reply;
    event.pop4 = epop_greeting_is_pop4(reply.text.ptr, reply.text.len);
    event.traits = c->p_traits;
    epopi_session_enter(&c->p_session);
    return leave(c, EPOP_EVENT_GREETING, c->p_callbacks->on_greeting(c->p_user, &event));
}

static int32_t emit_reply(epop_client *c)
{
    epop_reply_event event;
    epop_reply reply;

    if (!c->p_callbacks->on_reply) {
        return EPOP_OK;
    }
    reparse(c, &reply);
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_REPLY;
    event.token = token_of(c);
    event.reply = &reply;
    event.command = epopi_client_command(c);
    event.number = number_of(c);
    epopi_session_enter(&c->p_session);
    return leave(c, EPOP_EVENT_REPLY, c->p_callbacks->on_reply(c->p_user, &event));
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* What a row, or the text of a status line, says. Returns EPOP_ROW_. */
static uint32_t read_row(const epop_client *c, epop_span line, epop_listing *listing, epop_capability *capability)
{
    int32_t result;

    switch (epopi_client_command(c)) {
    case EPOP_CMD_STAT:
        result = epop_stat_parse(listing, line.ptr, line.len);
        return result == EPOP_OK ? EPOP_ROW_STAT : EPOP_ROW_UNREADABLE;
    case EPOP_CMD_LIST:
        result = epop_list_parse(listing, line.ptr, line.len);
        return result == EPOP_OK ? EPOP_ROW_LIST : EPOP_ROW_UNREADABLE;
    case EPOP_CMD_UIDL:
        result = epop_uidl_parse(listing, line.ptr, line.len);
        return result == EPOP_OK ? EPOP_ROW_UIDL : EPOP_ROW_UNREADABLE;
    case EPOP_CMD_CAPA:
        result = epop_capability_parse(capability, line.ptr, line.len);
        return result == EPOP_OK ? EPOP_ROW_CAPA : EPOP_ROW_UNREADABLE;
    case EPOP_CMD_LANG:
        return EPOP_ROW_LANG;
    case EPOP_CMD_AUTH:
        return EPOP_ROW_SASL;
    case EPOP_CMD_XTND:
    case EPOP_CMD_UNKNOWN:
        return EPOP_ROW_RAW;
    default:
        return EPOP_ROW_UNREADABLE;
    }
}

/* A dot at the head of a row is stuffing; the line that is a dot alone never comes here. */
static epop_span row_text(const epop_client *c)
{
    epop_span line = c->p_text;

    if (epopi_client_command(c) == EPOP_CMD_AUTH) {
        return line;
    }
    if (c->p_state != EPOPI_ROWS) {
        epop_reply reply;
        reparse(c, &reply);
        return reply.text;
    }
    if (line.len > 0 && line.ptr[0] == '.') {
        line = epopi_span(line.ptr + 1, line.len - 1);
    }
    return line;
}

static void learn(epop_client *c, const epop_capability *capability)
{
    c->p_capabilities_new |= capability->id;
    if (capability->id == EPOP_CAPA_SASL) {
        epopi_client_sasl_offer(c, capability->params);
    }
    if (capability->id == EPOP_CAPA_IMPLEMENTATION && c->p_traits == 0) {
        c->p_traits = (uint8_t)epopi_peer_traits(capability->params);
    }
}

static int32_t emit_row(epop_client *c)
{
    epop_row_event event;
    epop_listing listing;
    epop_capability capability;
    epop_span line = row_text(c);

    listing.struct_size = sizeof listing;
    listing.quirks = 0;
    capability.struct_size = sizeof capability;
    event.row = read_row(c, line, &listing, &capability);
    c->p_quirks |= listing.quirks;
    if (event.row == EPOP_ROW_UNREADABLE) {
        c->p_quirks |= EPOP_QUIRK_ROW_SYNTAX;
    }
    if (event.row == EPOP_ROW_CAPA) {
        learn(c, &capability);
    }
    if (c->p_quirks != 0) {
        c->p_todo |= EPOPI_TODO_QUIRK;
    }
    if (!c->p_callbacks->on_row) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_ROW;
    event.token = token_of(c);
    event.command = epopi_client_command(c);
    event.listing = event.row <= EPOP_ROW_UIDL ? &listing : NULL;
    event.capability = event.row == EPOP_ROW_CAPA ? &capability : NULL;
    event.line = line;
    event.line_length = c->p_text_length - (uint32_t)(c->p_text.len - line.len);
    epopi_session_enter(&c->p_session);
    return leave(c, EPOP_EVENT_ROW, c->p_callbacks->on_row(c->p_user, &event));
}

int32_t epopi_client_emit_body(epop_client *c, epop_span data)
{
    epop_body_event event;

    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_BODY;
    event.token = token_of(c);
    event.command = epopi_client_command(c);
    event.number = number_of(c);
    event.offset = c->p_body;
    event.data = data;
    c->p_body += data.len;
    if (!c->p_callbacks->on_body) {
        return EPOP_OK;
    }
    epopi_session_enter(&c->p_session);
    return leave(c, EPOP_EVENT_BODY, c->p_callbacks->on_body(c->p_user, &event));
}

int32_t epopi_client_emit_end(epop_client *c, const epop_client_slot *slot, int32_t result)
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
    event.result = result;
    event.status = c->p_status;
    event.code = c->p_code;
    event.retry = epop_code_retry(c->p_code);
    event.octets = c->p_body;
    epopi_session_enter(&c->p_session);
    return leave(c, EPOP_EVENT_END, c->p_callbacks->on_end(c->p_user, &event));
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t emit_quirk(epop_client *c)
{
    epop_quirk_event event;
    uint32_t quirk = c->p_quirks & (0u - c->p_quirks); /* the lowest bit */

    c->p_quirks &= ~quirk;
    if (c->p_quirks != 0) {
        c->p_todo |= EPOPI_TODO_QUIRK;
    }
    if (!c->p_callbacks->on_quirk || quirk == 0) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_QUIRK;
    event.token = token_of(c);
    event.command = epopi_client_command(c);
    event.quirk = quirk;
    epopi_session_enter(&c->p_session);
    return leave(c, EPOP_EVENT_QUIRK, c->p_callbacks->on_quirk(c->p_user, &event));
}

static int32_t emit_ask(epop_client *c)
{
    epop_ask_event event;

    if (!c->p_callbacks->on_ask) {
        epopi_login_decline(c);
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_ASK;
    event.token = token_of(c);
    event.ask = c->p_ask;
    event.reserved = 0;
    event.offset = epopi_client_sasl_offset(c);
    event.mechanism = epopi_client_sasl_name(c);
    epopi_session_enter(&c->p_session);
    return leave(c, EPOP_EVENT_ASK, c->p_callbacks->on_ask(c->p_user, &event));
}

int32_t epopi_client_step(epop_client *c)
{
    uint32_t step = c->p_todo & (0u - (uint32_t)c->p_todo); /* the lowest bit */

    c->p_todo &= (uint16_t)~step;
    switch (step) {
    case EPOPI_TODO_TRACE_SENT:
        return trace_sent(c);
    case EPOPI_TODO_TRACE_RECEIVED:
        return trace_received(c);
    case EPOPI_TODO_GREETING:
        return emit_greeting(c);
    case EPOPI_TODO_REPLY:
        return emit_reply(c);
    case EPOPI_TODO_ROW:
        return emit_row(c);
    case EPOPI_TODO_QUIRK:
        return emit_quirk(c);
    case EPOPI_TODO_LIMIT:
        return epopi_client_die(c, EPOP_ERR_LIMIT_BODY);
    case EPOPI_TODO_END:
        return epopi_client_finish(c);
    case EPOPI_TODO_ASK:
        return emit_ask(c);
    case EPOPI_TODO_CHALLENGE:
        return epopi_client_sasl_challenge(c);
    case EPOPI_TODO_SASL:
        return epopi_client_sasl_respond(c);
    default:
        return EPOP_ERR_PHASE;
    }
}
