/* AUTH and APOP.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * What the mechanism says next is done in a step of its own (EPOPI_TODO_SASL), because it may ask the host again, and
 * the host's answer may have come from inside a callback.
 */
#include "sasl/exchange.h"
#include "sasl/step.h"

#include "server/sasl_line.h"

#include "wire/octets.h"
#include "wire/outbox.h"

/* Of the stamp, without the host and the ">"; 43 of them are digits. */
enum { STAMP_BITS = 128, STAMP_LEN = 46 };

/* ------------------------------------------------------------------------------------------------------------------ */

uint32_t epopi_server_sasl_offers(epop_server *s, uint32_t index)
{
    epop_sasl *x = s->p_sasl;

    return x && index < x->p_step.config->mechanism_count && epopi_sasl_describe(x, EPOP_SASL_SERVER, index) &&
           !(x->p_step.properties & EPOP_SASL_NOT_AUTH) &&
           (!(x->p_step.properties & EPOP_SASL_BINDS) || (s->p_flags & EPOP_SERVER_TLS)) &&
           (s->p_flags & (EPOP_SERVER_TLS | EPOP_SERVER_ALLOW_CLEARTEXT));
}

uint32_t epopi_server_sasl_count(const epop_server *s)
{
    return s->p_sasl ? s->p_sasl->p_step.config->mechanism_count : 0;
}

/* "word" and a mechanism's name, at dst[at]; the new end. A row of EPOP_SASL_MECHANISMS_MAX names of 20 octets fits a
 * status line. */
static size_t put_word(uint8_t *dst, size_t at, const char *word)
{
    while (*word != '\0') {
        dst[at++] = (uint8_t)*word++;
    }
    return at;
}

size_t epopi_server_sasl_row(epop_server *s, uint8_t *dst)
{
    size_t none = put_word(dst, 0, "SASL");
    size_t at = none;
    uint32_t i;

    for (i = 0; i < epopi_server_sasl_count(s); i++) {
        if (epopi_server_sasl_offers(s, i)) {
            dst[at++] = ' ';
            at = put_word(dst, at, s->p_sasl->p_step.name);
        }
    }
    return at == none ? 0 : put_word(dst, at, "\r\n");
}

size_t epopi_server_sasl_name(epop_server *s, uint32_t index, uint8_t *dst)
{
    return epopi_server_sasl_offers(s, index) ? put_word(dst, put_word(dst, 0, s->p_sasl->p_step.name), "\r\n") : 0;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static epop_span host_of(const epop_sasl *x)
{
    const epop_sasl_config *config = x->p_step.config;

    if (!config->host) {
        return epopi_span((const uint8_t *)"localhost", 9);
    }
    return epopi_span((const uint8_t *)config->host, config->host_len);
}

/* "<digits.digits@", the form of RFC 1939's example, which is the only one that some clients know (Mail::Box::POP3);
 * the host and ">" follow. A digit has three bits, so that all 128 are there. */
static size_t put_stamp(const epop_sasl *x, uint8_t *dst)
{
    size_t at = 0;
    uint32_t bit;

    dst[at++] = '<';
    for (bit = 0; bit < STAMP_BITS; bit += 3) {
        uint32_t two = x->p_stamp[bit / 8] | (uint32_t)x->p_stamp[bit / 8 + 1] << 8;
        dst[at++] = (uint8_t)('0' + (two >> bit % 8 & 7u));
        if (at == STAMP_LEN / 2) {
            dst[at++] = '.';
        }
    }
    dst[at++] = '@';
    return at;
}

/* Index of APOP among the mechanisms; p_step then describes it. */
static uint32_t find_apop(epop_sasl *x)
{
    static const uint8_t name[] = {'A', 'P', 'O', 'P'};

    return epopi_sasl_find(x, EPOP_SASL_SERVER, epopi_span(name, sizeof name));
}

int32_t epopi_server_sasl_greet(epop_server *s)
{
    epop_sasl *x = s->p_sasl;
    const epop_crypto *crypto;
    uint8_t *end;
    epop_span host;
    size_t at;

    if (!x || find_apop(x) == EPOP_SASL_MECHANISMS_MAX) {
        return EPOP_OK;
    }
    crypto = x->p_step.config->crypto;
    host = host_of(x);
    if (s->p_out.p_tail + STAMP_LEN + host.len + 2 > EPOP_STATUS_MAX) {
        return EPOP_ERR_TOO_LONG;
    }
    if (!crypto || !crypto->random || crypto->random(crypto->user, x->p_stamp, STAMP_BITS / 8) != 0) {
        return EPOP_ERR_CRYPTO;
    }
    x->p_stamp[STAMP_BITS / 8] = 1; /* tells that there is one */
    end = epopi_outbox_end(&s->p_out) - 2;
    end[0] = ' ';
    at = 1 + put_stamp(x, end + 1);
    epopi_copy(end + at, host.ptr, host.len);
    at = put_word(end, at + host.len, ">\r\n");
    epopi_outbox_wrote(&s->p_out, at - 2);
    s->p_trace_len = (uint16_t)(s->p_trace_len + at - 2);
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

void epopi_server_sasl_end(epop_server *s)
{
    if (s->p_sasl) {
        epopi_sasl_end(s->p_sasl);
    }
}

void epopi_server_sasl_note(epop_server *s, int32_t result)
{
    s->p_sasl->p_result = result;
    s->p_sasl->p_flow = EPOPI_SASL_RESULT_KNOWN;
    s->p_asked = 0;
    s->p_todo |= EPOPI_TODO_SASL;
}

static void forget_names(epop_sasl_step *step)
{
    step->user = epopi_span(NULL, 0);
    step->authzid = epopi_span(NULL, 0);
}

/* The exchange has failed. The host is told, so that it can log the attempt and delay the answer, and its refusal counts
 * as any other does. A token that the host itself has refused is no news to it. */
static int32_t fail(epop_server *s, int32_t error)
{
    epop_sasl *x = s->p_sasl;

    x->p_result = error;
    x->p_offset = 0;
    if (x->p_code != EPOP_CODE_NONE) {
        s->p_asked = EPOP_EVENT_AUTH;
        return epopi_server_refuse(s, x->p_code, epopi_span(NULL, 0));
    }
    if (x->p_step.ask == 0) {
        forget_names(&x->p_step);
    }
    (void)epopi_step_question(&x->p_step, EPOP_AUTH_FAILED, x->p_step.user, epopi_span(NULL, 0));
    return epopi_server_ask_sasl(s);
}

/* A challenge, and then the client's response to it. */
static int32_t challenge(epop_server *s, uint32_t is_empty)
{
    epop_sasl *x = s->p_sasl;
    size_t len = 0;
    uint8_t *end;

    (void)epopi_outbox_room(&s->p_out, EPOP_STATUS_MAX);
    end = epopi_outbox_end(&s->p_out);
    epopi_sasl_begin_message(x, 0);
    if (!is_empty && epopi_sasl_message(x, end + 2, EPOP_STATUS_MAX - 4, &len) != EPOP_OK) {
        epopi_wipe(end, EPOP_STATUS_MAX);
        return fail(s, EPOP_ERR_CRYPTO);
    }
    end[0] = '+';
    end[1] = ' ';
    end[len + 2] = '\r';
    end[len + 3] = '\n';
    epopi_server_sent(s, len + 4);
    epopi_sasl_begin_take(x);
    x->p_length = 0;
    s->p_state = EPOPI_SASL;
    return EPOP_OK;
}

/* Whose maildrop on_open will name. */
static uint32_t take_name(epop_server *s)
{
    const epop_sasl_step *step = &s->p_sasl->p_step;
    epop_span name = step->authzid.len > 0 ? step->authzid : step->user;

    if (name.len > s->p_name_size) {
        return 0;
    }
    epopi_copy(s->p_name, name.ptr, name.len);
    s->p_name_len = (uint8_t)name.len;
    return 1;
}

static int32_t ask(epop_server *s)
{
    if (take_name(s)) {
        return epopi_server_ask_sasl(s);
    }
    forget_names(&s->p_sasl->p_step);
    return fail(s, EPOP_ERR_TOO_LONG);
}

static int32_t go(epop_server *s, int32_t result)
{
    switch (result) {
    case EPOP_OK:
        return challenge(s, 0);
    case EPOP_ASK:
        return ask(s);
    case EPOP_END:
        epopi_server_sasl_end(s);
        s->p_todo |= EPOPI_TODO_ASK_OPEN;
        return EPOP_OK;
    default:
        return fail(s, result);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t begin(epop_server *s, epop_span initial)
{
    epop_sasl *x = s->p_sasl;
    uint32_t early = x->p_step.properties & (EPOP_SASL_CLIENT_FIRST | EPOP_SASL_EARLY);
    int32_t result;
    size_t used;

    if (initial.len > 0 && !early) {
        return epopi_server_bad(s, "this mechanism takes no initial response");
    }
    result = epopi_sasl_start(x, 0);
    if (result != EPOP_OK) {
        return fail(s, result);
    }
    if (initial.len == 0) {
        return challenge(s, x->p_step.properties & EPOP_SASL_CLIENT_FIRST);
    }
    epopi_sasl_begin_take(x);
    x->p_length = 0;
    /* RFC 5034 section 4: "=" is an initial response of no octets. */
    if (initial.len > 1 || initial.ptr[0] != '=') {
        result = epopi_sasl_take(x, initial.ptr, initial.len, &used);
        if (result == EPOP_ASK) {
            return fail(s, EPOP_ERR_TOO_LONG); /* no token that fits a command line has pieces */
        }
    }
    return go(s, epopi_sasl_take_end(x));
}

int32_t epopi_server_do_auth(epop_server *s, const epop_command *command)
{
    uint32_t index;

    if (command->argument.len == 0) {
        s->p_state = EPOPI_ROWS;
        s->p_row = 0;
        return epopi_server_ok(s, "mechanisms follow");
    }
    if (!(s->p_flags & (EPOP_SERVER_TLS | EPOP_SERVER_ALLOW_CLEARTEXT))) {
        return epopi_server_bad(s, "passwords are not taken without TLS");
    }
    index = epopi_sasl_find(s->p_sasl, EPOP_SASL_SERVER, command->argument);
    if (!epopi_server_sasl_offers(s, index)) {
        return epopi_server_bad(s, "mechanism not supported");
    }
    return begin(s, command->second);
}

int32_t epopi_server_do_apop(epop_server *s, const epop_command *command)
{
    epop_sasl *x = s->p_sasl;
    const uint8_t *end = command->second.ptr + command->second.len;
    epop_span host = host_of(x);
    int32_t result;

    if (!(s->p_flags & (EPOP_SERVER_TLS | EPOP_SERVER_ALLOW_CLEARTEXT))) {
        return epopi_server_bad(s, "passwords are not taken without TLS");
    }
    if (x->p_stamp[STAMP_BITS / 8] == 0 || find_apop(x) == EPOP_SASL_MECHANISMS_MAX) {
        return epopi_server_bad(s, "not supported");
    }
    result = epopi_sasl_start(x, 0);
    if (result == EPOP_OK) {
        epopi_sasl_begin_take(x);
        epopi_sasl_take_octets(x, x->p_stage, put_stamp(x, x->p_stage));
        epopi_sasl_take_octets(x, host.ptr, host.len);
        epopi_sasl_take_octets(x, (const uint8_t *)">", 1);
        result = epopi_sasl_take_end(x);
    }
    if (result == EPOP_OK) {
        epopi_sasl_begin_take(x);
        epopi_sasl_take_octets(x, command->argument.ptr, (size_t)(end - command->argument.ptr));
        result = epopi_sasl_take_end(x);
    }
    return go(s, result);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t line_ended(epop_server *s)
{
    epop_sasl *x = s->p_sasl;

    s->p_state = EPOPI_ASKED;
    if (!(x->p_flags & EPOPI_SASL_STAR) || x->p_result != EPOP_OK) {
        return go(s, epopi_sasl_take_end(x));
    }
    if (x->p_step.ask != 0) {
        return fail(s, EPOP_ERR_DECLINED);
    }
    epopi_server_sasl_end(s);
    s->p_state = EPOPI_COMMAND;
    return epopi_server_bad(s, "login cancelled");
}

int32_t epopi_server_sasl_step(epop_server *s)
{
    return s->p_sasl->p_flow == EPOPI_SASL_LINE_ENDED ? line_ended(s) : go(s, s->p_sasl->p_result);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static uint32_t is_lookup(uint32_t auth)
{
    return auth == EPOP_AUTH_SECRET || auth == EPOP_AUTH_KEY || auth == EPOP_AUTH_BINDING;
}

static int32_t answer(epop_server *s, uint32_t accepted)
{
    epop_sasl_step *step = &s->p_sasl->p_step;

    step->accepted = accepted;
    epopi_server_sasl_note(s, epopi_sasl_call(s->p_sasl, EPOP_SASL_ANSWER));
    step->data = epopi_span(NULL, 0);
    step->key = NULL;
    return EPOP_OK;
}

int32_t epopi_server_sasl_accept(epop_server *s)
{
    uint32_t auth = s->p_sasl->p_step.ask;

    return is_lookup(auth) || auth == EPOP_AUTH_FAILED ? (int32_t)EPOP_ERR_NOT_ASKED : answer(s, 1);
}

uint32_t epopi_server_sasl_goes_on(epop_server *s, uint32_t code)
{
    uint32_t auth = s->p_sasl->p_step.ask;

    if ((code != EPOP_CODE_NONE && code != EPOP_CODE_AUTH) || (auth != EPOP_AUTH_TOKEN && !is_lookup(auth))) {
        return 0;
    }
    s->p_sasl->p_code = auth == EPOP_AUTH_TOKEN ? EPOP_CODE_AUTH : EPOP_CODE_NONE;
    (void)answer(s, 0);
    return 1;
}

uint32_t epopi_server_sasl_failed(const epop_server *s)
{
    return s->p_command != EPOP_CMD_PASS && s->p_sasl->p_step.ask == EPOP_AUTH_FAILED;
}

const char *epopi_server_sasl_why(const epop_server *s, uint32_t *code)
{
    int32_t error = s->p_sasl->p_result;

    if (error >= 0 || error == EPOP_ERR_LOGIN_REFUSED || (*code != EPOP_CODE_NONE && *code != EPOP_CODE_AUTH)) {
        return NULL;
    }
    *code = error == EPOP_ERR_CRYPTO ? EPOP_CODE_SYS_TEMP : EPOP_CODE_NONE;
    switch (error) {
    case EPOP_ERR_CRYPTO:
        return "login is not possible now";
    case EPOP_ERR_DECLINED:
        return "login cancelled";
    case EPOP_ERR_BASE64:
        return "not base64";
    case EPOP_ERR_TOO_LONG:
        return "response too long";
    case EPOP_ERR_LIMIT_LINE:
        return "line too long";
    case EPOP_ERR_PEER_LINE_END:
        return "lines end in CRLF here";
    default:
        return "malformed response";
    }
}

static int32_t check_lookup(const epop_server *s)
{
    if (!s) {
        return EPOP_ERR_NULL;
    }
    if (s->p_session.p_error != EPOP_OK) {
        return s->p_session.p_error;
    }
    return s->p_state == EPOPI_ASKED && s->p_asked == EPOP_EVENT_AUTH && s->p_command != EPOP_CMD_PASS
               ? EPOP_OK
               : EPOP_ERR_NOT_ASKED;
}

int32_t epop_server_answer(epop_server *server, const void *octets, size_t len)
{
    int32_t result = check_lookup(server);

    if (result == EPOP_OK && server->p_sasl->p_step.ask != EPOP_AUTH_SECRET &&
        server->p_sasl->p_step.ask != EPOP_AUTH_BINDING) {
        result = EPOP_ERR_NOT_ASKED;
    }
    if (result == EPOP_OK && !octets && len > 0) {
        result = EPOP_ERR_NULL;
    }
    if (result != EPOP_OK) {
        return result;
    }
    server->p_sasl->p_step.data = epopi_span((const uint8_t *)octets, len);
    (void)answer(server, 1);
    return epopi_server_go_on(server);
}

static int32_t check_key(const epop_server *s, const epop_scram_key *key)
{
    size_t len = s->p_sasl->p_step.hashes & EPOP_HASH_SHA256 ? 32 : 20;

    if (key->struct_size < sizeof *key) {
        return EPOP_ERR_STRUCT_SIZE;
    }
    if (!key->salt.ptr || !key->stored_key.ptr || !key->server_key.ptr) {
        return EPOP_ERR_NULL;
    }
    return key->iterations == 0 || key->salt.len - 1u >= EPOP_SCRAM_SALT_MAX || key->stored_key.len != len ||
                   key->server_key.len != len
               ? EPOP_ERR_VALUE
               : EPOP_OK;
}

int32_t epop_server_key(epop_server *server, const epop_scram_key *key)
{
    int32_t result = check_lookup(server);

    if (result == EPOP_OK && server->p_sasl->p_step.ask != EPOP_AUTH_KEY) {
        result = EPOP_ERR_NOT_ASKED;
    }
    if (result == EPOP_OK) {
        result = key ? check_key(server, key) : EPOP_ERR_NULL;
    }
    if (result != EPOP_OK) {
        return result;
    }
    server->p_sasl->p_step.key = key;
    (void)answer(server, 1);
    return epopi_server_go_on(server);
}
