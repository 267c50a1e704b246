/* SASL and APOP within a login.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Our line is composed behind the output and belongs to it only when it is complete, or when the output is full: so the
 * host sees no half of a line that may still be taken back.
 */
#include "sasl/exchange.h"

#include "client/session.h"

#include "wire/octets.h"
#include "wire/outbox.h"

enum {
    /* RFC 1939 section 7: a stamp is a msg-id; longer ones than this are not known. */
    STAMP_MAX = 128
};

void epopi_client_sasl_greeting(epop_client *c, epop_span stamp)
{
    epop_sasl *s = c->p_sasl;

    if (s && stamp.len > 0 && stamp.len <= STAMP_MAX) {
        s->p_stamp_len = (uint8_t)stamp.len;
        epopi_copy(s->p_buffer + s->p_buffer_size - stamp.len, stamp.ptr, stamp.len);
    }
}

void epopi_client_sasl_forget(epop_client *c)
{
    if (c->p_sasl) {
        c->p_sasl->p_offered = 0;
    }
}

void epopi_client_sasl_offer(epop_client *c, epop_span words)
{
    epop_span word;
    size_t pos = 0;
    uint32_t index;

    while (c->p_sasl && epop_word_next(words.ptr, words.len, &pos, &word) == EPOP_OK) {
        index = epopi_sasl_find(c->p_sasl, EPOP_SASL_CLIENT, word);
        c->p_sasl->p_offered |= index < EPOP_SASL_MECHANISMS_MAX ? (uint32_t)1 << index : 0;
    }
}

static void drop_line(epop_client *c)
{
    epopi_wipe(c->p_out.p_buffer + c->p_out.p_tail, c->p_sasl->p_length);
    c->p_sasl->p_length = 0;
}

void epopi_client_sasl_end(epop_client *c)
{
    if (c->p_sasl) {
        drop_line(c);
        epopi_sasl_end(c->p_sasl);
    }
}

const char *epopi_client_sasl_name(const epop_client *c)
{
    if (c->p_login >= EPOPI_LOGIN_APOP) {
        return c->p_sasl->p_step.name;
    }
    return c->p_login == EPOPI_LOGIN_BINDING ? "" : "USER";
}

uint64_t epopi_client_sasl_offset(const epop_client *c)
{
    return c->p_login >= EPOPI_LOGIN_APOP ? c->p_sasl->p_offset : 0;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* Where more of our line goes, and how much of it, CRLF apart. */
static uint8_t *line_end(const epop_client *c, size_t *room)
{
    size_t used = c->p_sasl->p_length;
    size_t all = c->p_out.p_size - c->p_out.p_tail;

    /* RFC 5034 section 4: 255 octets for AUTH with an initial response, as for any command. */
    if (c->p_login != EPOPI_LOGIN_AUTH && all > EPOP_COMMAND_MAX) {
        all = EPOP_COMMAND_MAX;
    }
    *room = all - used - 2;
    return c->p_out.p_buffer + c->p_out.p_tail + used;
}

/* A few octets that always fit: keywords and names at the head of an empty line, "=", "*". */
static void put(epop_client *c, const char *word)
{
    size_t room;
    uint8_t *at = line_end(c, &room);
    size_t len = 0;

    while (word[len] != '\0' && len < room) {
        at[len] = (uint8_t)word[len];
        len++;
    }
    c->p_sasl->p_length += (uint32_t)len;
}

/* The line is complete. A response is owed since the challenge came, a command only now. */
static void send_line(epop_client *c, uint32_t is_response)
{
    epop_sasl *s = c->p_sasl;
    size_t len = s->p_length + 2u;
    uint8_t *end = c->p_out.p_buffer + c->p_out.p_tail + s->p_length;

    end[0] = '\r';
    end[1] = '\n';
    s->p_length = 0;
    epopi_client_sent(c, len);
    if (is_response) {
        epopi_client_head(c)->p_octets = 0;
        c->p_flight_octets = 0;
        c->p_unsent_lines--;
    }
}

/* RFC 5034 section 4: a client cancels by a line with a "*" alone. Behind octets that are sent already it is no base64,
 * and comes to the same. */
static int32_t cancel(epop_client *c, int32_t error)
{
    drop_line(c);
    c->p_sasl->p_flow = EPOPI_FLOW_DONE;
    c->p_sasl->p_result = error;
    c->p_sasl->p_cancelled = 1;
    put(c, "*");
    send_line(c, 1);
    return EPOP_OK;
}

/* Gives up: in silence where nothing was sent. */
static int32_t give_up(epop_client *c, int32_t error)
{
    if (c->p_login == EPOPI_LOGIN_AUTH) {
        return cancel(c, error);
    }
    drop_line(c);
    epopi_login_fail(c, error);
    return EPOP_OK;
}

static void begin_line(epop_client *c)
{
    (void)epopi_outbox_room(&c->p_out, c->p_out.p_size);
    c->p_sasl->p_length = 0;
}

/* AUTH without an initial response. */
static int32_t send_auth(epop_client *c)
{
    c->p_login = EPOPI_LOGIN_AUTH;
    c->p_sasl->p_flow = EPOPI_FLOW_NONE;
    put(c, "AUTH ");
    put(c, c->p_sasl->p_step.name);
    send_line(c, 0);
    return EPOP_OK;
}

static int32_t begin_auth(epop_client *c)
{
    int32_t result = epopi_sasl_start(c->p_sasl, 0);

    begin_line(c);
    if (result != EPOP_OK) {
        return epopi_client_end_head(c, result);
    }
    if (!(c->p_sasl->p_step.properties & EPOP_SASL_CLIENT_FIRST)) {
        return send_auth(c);
    }
    c->p_login = EPOPI_LOGIN_INITIAL;
    put(c, "AUTH ");
    put(c, c->p_sasl->p_step.name);
    put(c, " ");
    epopi_sasl_begin_message(c->p_sasl, 0);
    c->p_todo |= EPOPI_TODO_SASL;
    return EPOP_OK;
}

static int32_t begin_apop(epop_client *c)
{
    epop_sasl *s = c->p_sasl;
    size_t stamp_len = s->p_stamp_len;
    int32_t result = epopi_sasl_start(s, stamp_len);

    begin_line(c);
    epopi_sasl_begin_take(s);
    if (result == EPOP_OK) {
        epopi_sasl_take_octets(s, s->p_buffer + s->p_buffer_size - stamp_len, stamp_len);
        result = epopi_sasl_take_end(s);
    }
    if (result != EPOP_OK) {
        return epopi_client_end_head(c, result);
    }
    c->p_login = EPOPI_LOGIN_APOP;
    put(c, "APOP ");
    epopi_sasl_begin_message(s, 1);
    c->p_todo |= EPOPI_TODO_SASL;
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* Of the mechanisms that can be used here, whether one that binds is wanted (`offered` 0), or offered too. */
static uint32_t binds(epop_sasl *s, uint32_t offered)
{
    uint32_t i;

    for (i = 0; i < s->p_step.config->mechanism_count; i++) {
        if (epopi_sasl_describe(s, EPOP_SASL_CLIENT, i) && (s->p_step.properties & EPOP_SASL_BINDS) &&
            (!offered || (s->p_offered >> i & 1u))) {
            return 1;
        }
    }
    return 0;
}

/* Whether the mechanism that was described is possible on this connection. */
static uint32_t is_possible(const epop_sasl *s, uint32_t is_offered)
{
    if (s->p_step.properties & EPOP_SASL_NOT_AUTH) {
        return s->p_stamp_len > 0;
    }
    return is_offered && (!(s->p_step.properties & EPOP_SASL_BINDS) || s->p_binding_len > 0);
}

/* Describes the first mechanism that is in the set, or is APOP, and is possible. 1 if there is one. */
static uint32_t find_possible(epop_sasl *s, uint32_t set)
{
    uint32_t i;

    for (i = 0; i < s->p_step.config->mechanism_count; i++) {
        if (epopi_sasl_describe(s, EPOP_SASL_CLIENT, i) && is_possible(s, set >> i & 1u)) {
            return 1;
        }
    }
    return 0;
}

static uint32_t find_mechanism(const epop_client *c)
{
    return find_possible(c->p_sasl, c->p_sasl->p_offered) ||
           ((c->p_flags & EPOP_CLIENT_SASL_UNLISTED) && find_possible(c->p_sasl, UINT32_MAX));
}

int32_t epopi_client_sasl_choose(epop_client *c)
{
    epop_sasl *s = c->p_sasl;
    uint32_t asked = c->p_login == EPOPI_LOGIN_BINDING;

    if (!s) {
        return EPOP_END;
    }
    s->p_cancelled = 0;
    if (!asked && (c->p_flags & EPOP_CLIENT_TLS) && binds(s, 0)) {
        s->p_binding_len = 0;
        return epopi_login_ask(c, EPOPI_LOGIN_BINDING, EPOP_ASK_BINDING);
    }
    s->p_step.unbound = s->p_binding_len > 0 && !binds(s, 1);
    if (!find_mechanism(c)) {
        return EPOP_END;
    }
    return s->p_step.properties & EPOP_SASL_NOT_AUTH ? begin_apop(c) : begin_auth(c);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* No room for more of our line. */
static int32_t overflow(epop_client *c)
{
    epop_sasl *s = c->p_sasl;
    int32_t result;

    if (c->p_login == EPOPI_LOGIN_APOP) {
        return give_up(c, EPOP_ERR_TOO_LONG);
    }
    if (c->p_login == EPOPI_LOGIN_AUTH) {
        epopi_outbox_wrote(&c->p_out, s->p_length);
        s->p_length = 0;
        return EPOP_OK;
    }
    /* Too long for an initial response: from the beginning, without one. */
    drop_line(c);
    result = epopi_sasl_start(s, 0);
    if (result != EPOP_OK) {
        epopi_login_fail(c, result);
        return EPOP_OK;
    }
    return send_auth(c);
}

static int32_t complete(epop_client *c)
{
    epop_sasl *s = c->p_sasl;

    if (c->p_login == EPOPI_LOGIN_AUTH) {
        send_line(c, 1);
        return EPOP_OK;
    }
    if (c->p_login == EPOPI_LOGIN_INITIAL) {
        if (c->p_out.p_buffer[c->p_out.p_tail + s->p_length - 1] == ' ') {
            put(c, "="); /* RFC 5034 section 4: an empty initial response */
        }
        c->p_login = EPOPI_LOGIN_FIRST;
    }
    send_line(c, 0);
    return EPOP_OK;
}

static int32_t went(epop_client *c, int32_t result)
{
    switch (result) {
    case EPOP_OK:
        return complete(c);
    case EPOP_FULL:
        return overflow(c);
    case EPOP_ASK:
        return epopi_login_ask(c, c->p_login, c->p_sasl->p_step.ask);
    default:
        return give_up(c, result);
    }
}

int32_t epopi_client_sasl_respond(epop_client *c)
{
    epop_sasl *s = c->p_sasl;
    size_t room;
    size_t wrote = 0;
    uint8_t *at = line_end(c, &room);
    int32_t result = epopi_sasl_message(s, at, room, &wrote);

    s->p_length += (uint32_t)wrote;
    return went(c, result);
}

void epopi_client_sasl_drained(epop_client *c)
{
    epop_sasl *s = c->p_sasl;

    if (!s || c->p_flight == 0 || c->p_login != EPOPI_LOGIN_AUTH || c->p_ask != 0) {
        return;
    }
    if (s->p_flow == EPOPI_FLOW_ANSWER) {
        (void)epopi_login_ask(c, EPOPI_LOGIN_AUTH, s->p_step.ask);
    } else if (s->p_flow != EPOPI_FLOW_NONE && s->p_flow != EPOPI_FLOW_DONE) {
        c->p_todo |= EPOPI_TODO_SASL;
    }
}

static int32_t take_binding(epop_client *c, epop_span text)
{
    epop_sasl *s = c->p_sasl;

    if (text.len > EPOP_SASL_BINDING_MAX) {
        return EPOP_ERR_TOO_LONG;
    }
    if (epopi_find(text.ptr, 0, text.len, ':') == text.len) {
        return EPOP_ERR_VALUE;
    }
    epopi_copy(s->p_buffer, text.ptr, text.len);
    s->p_binding_len = (uint8_t)text.len;
    c->p_todo |= EPOPI_TODO_END;
    return EPOP_OK;
}

int32_t epopi_client_sasl_answer(epop_client *c, epop_span text)
{
    epop_sasl *s = c->p_sasl;
    size_t room;
    size_t wrote = 0;
    uint8_t *at;
    int32_t result;

    if (c->p_login == EPOPI_LOGIN_BINDING) {
        return take_binding(c, text);
    }
    at = line_end(c, &room);
    result = epopi_sasl_answer(s, text, at, room, &wrote);
    s->p_length += (uint32_t)wrote;
    if (result == EPOP_OK) {
        c->p_todo |= EPOPI_TODO_SASL;
    }
    if (result == EPOP_ERR_CRYPTO) { /* no answer would do */
        return give_up(c, result);
    }
    return result == EPOP_FULL ? overflow(c) : result;
}

void epopi_client_sasl_decline(epop_client *c)
{
    if (c->p_login == EPOPI_LOGIN_BINDING) {
        c->p_todo |= EPOPI_TODO_END;
    } else {
        (void)give_up(c, EPOP_ERR_DECLINED);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

uint32_t epopi_client_sasl_expects(const epop_client *c)
{
    return c->p_flight > 0 && epopi_client_head(c)->p_command == EPOP_CMD_LOGIN && (c->p_login == EPOPI_LOGIN_AUTH || c->p_login == EPOPI_LOGIN_FIRST) && !c->p_sasl->p_cancelled;
}

static void note_text(epop_client *c)
{
    c->p_quirks |= EPOP_QUIRK_CHALLENGE_TEXT;
    c->p_todo |= EPOPI_TODO_QUIRK;
}

/* The server's reason, which was taken as base64 already, goes to the host. It is decoded in place: the line buffer has
 * nothing in it but this line. */
static void tell(epop_client *c, epop_span text)
{
    epop_base64 state;
    size_t used;
    size_t wrote;

    (void)epop_base64_init(&state);
    (void)epop_base64_decode(&state, text.ptr, text.len, &used, c->p_line.p_buffer, text.len, &wrote);
    c->p_text = epopi_span(c->p_line.p_buffer, wrote);
    c->p_text_length = (uint32_t)wrote;
    c->p_todo |= EPOPI_TODO_ROW;
}

/* The mechanism gets its message. */
static int32_t take_message(epop_client *c, epop_span text)
{
    epop_sasl *s = c->p_sasl;
    size_t used;
    int32_t result;

    epopi_sasl_begin_take(s);
    (void)epopi_sasl_take(s, text.ptr, text.len, &used);
    result = epopi_sasl_take_end(s);
    if (result == EPOP_ERR_BASE64 && (s->p_step.properties & EPOP_SASL_PROMPTED)) {
        note_text(c);
        epopi_sasl_begin_take(s);
        return epopi_sasl_take_end(s);
    }
    if (result == EPOP_OK && (s->p_step.properties & EPOP_SASL_TELLS)) {
        tell(c, text);
    }
    return result;
}

/* The text of a challenge, to the mechanism. Where it is our turn all the same, its text should be empty, and known
 * servers put words there. */
static int32_t take_challenge(epop_client *c, epop_span text)
{
    epop_sasl *s = c->p_sasl;

    if (c->p_text_length > c->p_text.len) {
        return EPOP_ERR_TOO_LONG;
    }
    if (s->p_flow == EPOPI_FLOW_NONE && (s->p_step.properties & EPOP_SASL_CLIENT_FIRST)) {
        if (text.len > 0) {
            note_text(c);
        }
        return EPOP_OK;
    }
    return take_message(c, text);
}

int32_t epopi_client_sasl_challenge(epop_client *c)
{
    epop_reply reply;
    int32_t result;

    c->p_login = EPOPI_LOGIN_AUTH;
    reply.struct_size = sizeof reply;
    (void)epop_reply_parse(&reply, c->p_text.ptr, c->p_text.len);
    result = take_challenge(c, reply.text);
    c->p_unsent_lines++; /* a line of ours is due, whatever is in it */
    begin_line(c);
    if (result < 0) {
        return cancel(c, result == EPOP_ERR_BASE64 ? (int32_t)EPOP_ERR_SASL_CHALLENGE : result);
    }
    epopi_sasl_begin_message(c->p_sasl, 0);
    c->p_todo |= EPOPI_TODO_SASL;
    return EPOP_OK;
}

/* Whether AUTH may have been refused for its initial response alone: RFC 1734 had none. A response code says that it was
 * for something else. What was in it goes out a second time, so it must be safe or worth nothing: the first message of
 * mechanisms with a nonce proves nothing yet. */
static uint32_t is_refused_early(const epop_client *c)
{
    return c->p_login == EPOPI_LOGIN_FIRST && c->p_status == EPOP_STATUS_ERR && c->p_code == EPOP_CODE_NONE &&
           ((c->p_flags & EPOP_CLIENT_TLS) || (c->p_sasl->p_step.properties & EPOP_SASL_RANDOM));
}

int32_t epopi_client_sasl_result(epop_client *c)
{
    epop_sasl *s = c->p_sasl;
    int32_t cancelled = s->p_cancelled ? s->p_result : (int32_t)EPOP_OK;
    int32_t result = EPOP_OK;

    if (is_refused_early(c) && epopi_sasl_start(s, 0) == EPOP_OK) {
        begin_line(c);
        (void)send_auth(c);
        return EPOP_AGAIN;
    }
    if (c->p_status != EPOP_STATUS_OK) {
        result = cancelled != EPOP_OK ? cancelled : (int32_t)EPOP_ERR_LOGIN_REFUSED;
    } else if (cancelled != EPOP_OK || epopi_sasl_call(s, EPOP_SASL_FINISH) != EPOP_OK) {
        result = epopi_client_die(c, EPOP_ERR_PEER_SASL);
    }
    epopi_sasl_end(s);
    return result;
}
