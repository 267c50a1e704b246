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
    CLIENT_STAMP_MAX = 128
};

static uint32_t step_is(const epop_client *c, uint32_t trait)
{
    return epopi_client_login_step(c)->traits & trait;
}

void epopi_client_sasl_greeting(epop_client *c, epop_span stamp)
{
    epop_sasl *s = c->p_sasl;

    if (s && stamp.len > 0 && stamp.len <= CLIENT_STAMP_MAX) {
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

void epopi_client_sasl_offer(epop_client *c, epop_span row)
{
    epop_span word;
    size_t pos = 0;
    uint32_t index;

    while (c->p_sasl && epop_word_next(row.ptr, row.len, &pos, &word) == EPOP_OK) {
        index = epopi_sasl_find(c->p_sasl, EPOP_SASL_CLIENT, word);
        c->p_sasl->p_offered |= index < EPOP_SASL_MECHANISMS_MAX ? (uint32_t)1 << index : 0;
    }
}

static void take_line_back(epop_client *c)
{
    epopi_wipe(c->p_out.p_buffer + c->p_out.p_tail, c->p_sasl->p_length);
    c->p_sasl->p_length = 0;
}

void epopi_client_sasl_end(epop_client *c)
{
    if (c->p_sasl) {
        take_line_back(c);
        epopi_sasl_end(c->p_sasl);
    }
}

const char *epopi_client_sasl_name(const epop_client *c)
{
    if (step_is(c, EPOPI_CLIENT_TRAIT_COMPOSED)) {
        return c->p_sasl->p_step.name;
    }
    return step_is(c, EPOPI_CLIENT_TRAIT_ANSWER) ? "USER" : "";
}

uint64_t epopi_client_sasl_offset(const epop_client *c)
{
    return step_is(c, EPOPI_CLIENT_TRAIT_COMPOSED) ? c->p_sasl->p_offset : 0;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* Where more of our line goes, and how much of it, CRLF apart. */
static uint8_t *end_of_line(const epop_client *c, size_t *room)
{
    size_t used = c->p_sasl->p_length;
    size_t all = c->p_out.p_size - c->p_out.p_tail;

    /* RFC 5034 section 4: 255 octets for AUTH with an initial response, as for any command. */
    if (!step_is(c, EPOPI_CLIENT_TRAIT_RESPONSE) && all > EPOP_COMMAND_MAX) {
        all = EPOP_COMMAND_MAX;
    }
    *room = all - used - 2;
    return c->p_out.p_buffer + c->p_out.p_tail + used;
}

/* A few octets that always fit: keywords and names at the head of an empty line, "=", "*". */
static void put_word(epop_client *c, const char *word)
{
    size_t room;
    uint8_t *at = end_of_line(c, &room);
    size_t len = 0;

    while (word[len] != '\0' && len < room) {
        at[len] = (uint8_t)word[len];
        len++;
    }
    c->p_sasl->p_length += (uint32_t)len;
}

/* The line is complete. A response has been due since the challenge came, a command is only now. */
static void send_composed(epop_client *c, uint32_t is_response)
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
static void cancel_exchange(epop_client *c, int32_t error)
{
    take_line_back(c);
    c->p_sasl->p_flow = EPOPI_FLOW_DONE;
    c->p_sasl->p_result = error;
    c->p_sasl->p_cancelled = 1;
    put_word(c, "*");
    send_composed(c, 1);
}

/* In silence where nothing was sent. */
static void give_up_exchange(epop_client *c, int32_t error)
{
    if (step_is(c, EPOPI_CLIENT_TRAIT_RESPONSE)) {
        cancel_exchange(c, error);
        return;
    }
    take_line_back(c);
    epopi_client_over(c, error);
}

static void begin_composed(epop_client *c)
{
    (void)epopi_outbox_room(&c->p_out, c->p_out.p_size);
    c->p_sasl->p_length = 0;
}

/* AUTH without an initial response. */
static void send_auth(epop_client *c)
{
    epopi_client_login_move(c, EPOPI_CLIENT_LOGIN_AUTH);
    c->p_sasl->p_flow = EPOPI_FLOW_NONE;
    put_word(c, "AUTH ");
    put_word(c, c->p_sasl->p_step.name);
    send_composed(c, 0);
}

/* The mechanism goes on with its message. */
static void compose(epop_client *c, uint32_t plain)
{
    epopi_sasl_begin_message(c->p_sasl, plain);
    c->p_pending |= EPOPI_CLIENT_STEP_SASL;
}

static void begin_auth(epop_client *c)
{
    int32_t result = epopi_sasl_start(c->p_sasl, 0);

    begin_composed(c);
    if (result != EPOP_OK) {
        epopi_client_over(c, result);
    } else if (!(c->p_sasl->p_step.properties & EPOP_SASL_CLIENT_FIRST)) {
        send_auth(c);
    } else {
        epopi_client_login_move(c, EPOPI_CLIENT_LOGIN_INITIAL);
        put_word(c, "AUTH ");
        put_word(c, c->p_sasl->p_step.name);
        put_word(c, " ");
        compose(c, 0);
    }
}

static void begin_apop(epop_client *c)
{
    epop_sasl *s = c->p_sasl;
    size_t stamp_len = s->p_stamp_len;
    int32_t result = epopi_sasl_start(s, stamp_len);

    begin_composed(c);
    epopi_sasl_begin_take(s);
    if (result == EPOP_OK) {
        epopi_sasl_take_octets(s, s->p_buffer + s->p_buffer_size - stamp_len, stamp_len);
        result = epopi_sasl_take_end(s);
    }
    if (result != EPOP_OK) {
        epopi_client_over(c, result);
        return;
    }
    epopi_client_login_move(c, EPOPI_CLIENT_LOGIN_APOP);
    put_word(c, "APOP ");
    compose(c, 1);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* Of the mechanisms that can be used here, whether one that binds is wanted (`offered` 0), or offered too. */
static uint32_t has_binding(epop_sasl *s, uint32_t offered)
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
static uint32_t is_mechanism_possible(const epop_sasl *s, uint32_t is_offered)
{
    if (s->p_step.properties & EPOP_SASL_NOT_AUTH) {
        return s->p_stamp_len > 0;
    }
    return is_offered && (!(s->p_step.properties & EPOP_SASL_BINDS) || s->p_binding_len > 0);
}

/* Describes the first mechanism that is in the set, or is APOP, and is possible. 1 if there is one. */
static uint32_t find_possible_mechanism(epop_sasl *s, uint32_t set)
{
    uint32_t i;

    for (i = 0; i < s->p_step.config->mechanism_count; i++) {
        if (epopi_sasl_describe(s, EPOP_SASL_CLIENT, i) && is_mechanism_possible(s, set >> i & 1u)) {
            return 1;
        }
    }
    return 0;
}

static uint32_t find_mechanism(const epop_client *c)
{
    return find_possible_mechanism(c->p_sasl, c->p_sasl->p_offered) ||
           ((c->p_flags & EPOP_CLIENT_SASL_UNLISTED) && find_possible_mechanism(c->p_sasl, UINT32_MAX));
}

int32_t epopi_client_sasl_choose(epop_client *c)
{
    epop_sasl *s = c->p_sasl;
    uint32_t asked = c->p_login == EPOPI_CLIENT_LOGIN_BINDING;

    if (!s) {
        return EPOP_END;
    }
    s->p_cancelled = 0;
    if (!asked && (c->p_flags & EPOP_CLIENT_TLS) && has_binding(s, 0)) {
        s->p_binding_len = 0;
        epopi_client_login_move(c, EPOPI_CLIENT_LOGIN_BINDING);
        epopi_client_ask(c, EPOP_ASK_BINDING);
        return EPOP_OK;
    }
    s->p_step.unbound = s->p_binding_len > 0 && !has_binding(s, 1);
    if (!find_mechanism(c)) {
        return EPOP_END;
    }
    if (s->p_step.properties & EPOP_SASL_NOT_AUTH) {
        begin_apop(c);
    } else {
        begin_auth(c);
    }
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* No room for more of our line. */
static void overflow_line(epop_client *c)
{
    epop_sasl *s = c->p_sasl;
    int32_t result;

    if (step_is(c, EPOPI_CLIENT_TRAIT_RESPONSE)) {
        epopi_outbox_wrote(&c->p_out, s->p_length);
        s->p_length = 0;
        return;
    }
    if (c->p_login == EPOPI_CLIENT_LOGIN_APOP) {
        give_up_exchange(c, EPOP_ERR_TOO_LONG);
        return;
    }
    /* Too long for an initial response: from the beginning, without one. */
    take_line_back(c);
    result = epopi_sasl_start(s, 0);
    if (result == EPOP_OK) {
        send_auth(c);
    } else {
        epopi_client_over(c, result);
    }
}

static void complete_line(epop_client *c)
{
    if (c->p_login == EPOPI_CLIENT_LOGIN_INITIAL) {
        if (c->p_out.p_buffer[c->p_out.p_tail + c->p_sasl->p_length - 1] == ' ') {
            put_word(c, "="); /* RFC 5034 section 4: an empty initial response */
        }
        epopi_client_login_move(c, EPOPI_CLIENT_LOGIN_FIRST);
    }
    send_composed(c, step_is(c, EPOPI_CLIENT_TRAIT_RESPONSE));
}

int32_t epopi_client_sasl_respond(epop_client *c)
{
    epop_sasl *s = c->p_sasl;
    size_t room;
    size_t wrote = 0;
    uint8_t *at = end_of_line(c, &room);
    int32_t result = epopi_sasl_message(s, at, room, &wrote);

    s->p_length += (uint32_t)wrote;
    if (result == EPOP_OK) {
        complete_line(c);
    } else if (result == EPOP_FULL) {
        overflow_line(c);
    } else if (result == EPOP_ASK) {
        epopi_client_ask(c, s->p_step.ask);
    } else {
        give_up_exchange(c, result);
    }
    return EPOP_OK;
}

void epopi_client_sasl_drained(epop_client *c)
{
    epop_sasl *s = c->p_sasl;

    if (!s || c->p_flight == 0 || !step_is(c, EPOPI_CLIENT_TRAIT_RESPONSE) || c->p_ask != 0) {
        return;
    }
    if (s->p_flow == EPOPI_FLOW_ANSWER) {
        epopi_client_ask(c, s->p_step.ask);
    } else if (s->p_flow != EPOPI_FLOW_NONE && s->p_flow != EPOPI_FLOW_DONE) {
        c->p_pending |= EPOPI_CLIENT_STEP_SASL;
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
    c->p_pending |= EPOPI_CLIENT_STEP_RESPONSE;
    return EPOP_OK;
}

int32_t epopi_client_sasl_answer(epop_client *c, epop_span text)
{
    epop_sasl *s = c->p_sasl;
    size_t room;
    size_t wrote = 0;
    uint8_t *at;
    int32_t result;

    if (c->p_login == EPOPI_CLIENT_LOGIN_BINDING) {
        return take_binding(c, text);
    }
    at = end_of_line(c, &room);
    result = epopi_sasl_answer(s, text, at, room, &wrote);
    s->p_length += (uint32_t)wrote;
    if (result == EPOP_OK) {
        c->p_pending |= EPOPI_CLIENT_STEP_SASL;
    } else if (result == EPOP_FULL) {
        overflow_line(c);
    } else if (result == EPOP_ERR_CRYPTO) { /* no answer would do */
        give_up_exchange(c, result);
    } else {
        return result;
    }
    return EPOP_OK;
}

void epopi_client_sasl_decline(epop_client *c)
{
    if (c->p_login == EPOPI_CLIENT_LOGIN_BINDING) {
        c->p_pending |= EPOPI_CLIENT_STEP_RESPONSE;
    } else {
        give_up_exchange(c, EPOP_ERR_DECLINED);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

uint32_t epopi_client_sasl_expects(const epop_client *c)
{
    return epopi_client_is_login(c) && step_is(c, EPOPI_CLIENT_TRAIT_CHALLENGED) && !c->p_sasl->p_cancelled;
}

/* The server's reason, which was taken as base64 already, goes to the host. It is decoded in place: the line buffer has
 * nothing in it but this line. */
static void show_reason(epop_client *c, epop_span text)
{
    epop_base64 state;
    size_t used;
    size_t wrote;

    (void)epop_base64_init(&state);
    (void)epop_base64_decode(&state, text.ptr, text.len, &used, c->p_line.p_buffer, text.len, &wrote);
    c->p_text = epopi_span(c->p_line.p_buffer, wrote);
    c->p_text_length = (uint32_t)wrote;
    c->p_pending |= EPOPI_CLIENT_STEP_ROW;
}

/* The mechanism gets its message. */
static int32_t take_challenge_text(epop_client *c, epop_span text)
{
    epop_sasl *s = c->p_sasl;
    size_t used;
    int32_t result;

    epopi_sasl_begin_take(s);
    (void)epopi_sasl_take(s, text.ptr, text.len, &used);
    result = epopi_sasl_take_end(s);
    if (result == EPOP_ERR_BASE64 && (s->p_step.properties & EPOP_SASL_PROMPTED)) {
        epopi_client_quirk(c, EPOP_QUIRK_CHALLENGE_TEXT);
        epopi_sasl_begin_take(s);
        return epopi_sasl_take_end(s);
    }
    if (result == EPOP_OK && (s->p_step.properties & EPOP_SASL_TELLS)) {
        show_reason(c, text);
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
            epopi_client_quirk(c, EPOP_QUIRK_CHALLENGE_TEXT);
        }
        return EPOP_OK;
    }
    return take_challenge_text(c, text);
}

int32_t epopi_client_sasl_challenge(epop_client *c)
{
    epop_reply reply;
    int32_t result;

    epopi_client_login_move(c, EPOPI_CLIENT_LOGIN_AUTH);
    epopi_client_read_reply(c, &reply);
    result = take_challenge(c, reply.text);
    c->p_unsent_lines++; /* a line of ours is due, whatever is in it */
    begin_composed(c);
    if (result < 0) {
        cancel_exchange(c, result == EPOP_ERR_BASE64 ? (int32_t)EPOP_ERR_SASL_CHALLENGE : result);
    } else {
        compose(c, 0);
    }
    return EPOP_OK;
}

/* Whether AUTH may have been refused for its initial response alone: RFC 1734 had none. A response code says that it
 * was for something else. What was in it goes out a second time, so it must be safe or worth nothing: the first message
 * of mechanisms with a nonce proves nothing yet. */
static uint32_t is_refused_early(const epop_client *c)
{
    return c->p_login == EPOPI_CLIENT_LOGIN_FIRST && c->p_status == EPOP_STATUS_ERR && c->p_code == EPOP_CODE_NONE &&
           ((c->p_flags & EPOP_CLIENT_TLS) || (c->p_sasl->p_step.properties & EPOP_SASL_RANDOM));
}

int32_t epopi_client_sasl_result(epop_client *c)
{
    epop_sasl *s = c->p_sasl;
    int32_t cancelled = s->p_cancelled ? s->p_result : (int32_t)EPOP_OK;
    int32_t result = EPOP_OK;

    if (is_refused_early(c) && epopi_sasl_start(s, 0) == EPOP_OK) {
        begin_composed(c);
        send_auth(c);
        return EPOP_END;
    }
    if (c->p_status != EPOP_STATUS_OK) {
        epopi_client_over(c, cancelled != EPOP_OK ? cancelled : (int32_t)EPOP_ERR_LOGIN_REFUSED);
        result = EPOP_END;
    } else if (cancelled != EPOP_OK || epopi_sasl_call(s, EPOP_SASL_FINISH) != EPOP_OK) {
        result = EPOP_ERR_PEER_SASL;
    }
    epopi_sasl_end(s);
    return result;
}
