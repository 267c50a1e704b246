/* OAUTHBEARER (RFC 7628) and XOAUTH2: an access token among fields that end in 0x01.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 *     OAUTHBEARER   n,a=name, 0x01 host=... 0x01 port=... 0x01 auth=Bearer token 0x01 0x01
 *     XOAUTH2       user=name 0x01 auth=Bearer token 0x01 0x01
 */
#include "sasl/memory.h"
#include "sasl/message.h"
#include "sasl/name.h"
#include "sasl/step.h"

#include "wire/number.h"
#include "wire/octets.h"

enum {
    OAUTH_NAME_MAX = 255,
    /* A name of 64 octets that all have to be escaped, the port's digits, and a piece of a token. */
    OAUTH_STATE_MIN = EPOPI_MEMORY_HEAD + 3 * 64 + EPOPI_NUMBER_MAX + 64
};

/* Parts of the client's message, in this order. */
enum {
    OAUTH_HEAD,
    OAUTH_NAME,
    OAUTH_NAME_ESCAPED,
    OAUTH_NAME_END,
    OAUTH_HOST_KEY,
    OAUTH_HOST,
    OAUTH_HOST_END,
    OAUTH_PORT_KEY,
    OAUTH_PORT,
    OAUTH_PORT_END,
    OAUTH_BEARER,
    OAUTH_TOKEN,
    OAUTH_TAIL,
    OAUTH_END,
    OAUTH_SAID,
    OAUTH_REFUSED, /* the server's error was taken; one more answer is due */
    OAUTH_DONE
};

/* What the server reads, and what follows. */
enum {
    OAUTH_FIRST_FIELD,
    OAUTH_KEY,
    OAUTH_SCHEME,
    OAUTH_IN_TOKEN,
    OAUTH_IN_PORT,
    OAUTH_IN_OTHER,
    OAUTH_END_OF_FIELDS,
    OAUTH_ASKED,
    OAUTH_ERROR_DUE,
    OAUTH_ERROR_SAID
};

#define BEARER_SCHEME "BEARER "

/* Own octets of the server's state: length of the name, which stands before the token; whether the token's octets were
 * shown to the host; whether there was a token; and a word that is being read. */
enum {
    OAUTH_NAME_LENGTH = EPOPI_MEMORY_OWN,
    OAUTH_SHOWN = OAUTH_NAME_LENGTH + 1,
    OAUTH_TOKEN_SEEN = OAUTH_NAME_LENGTH + 2,
    OAUTH_WORD_LENGTH = OAUTH_NAME_LENGTH + 3,
    OAUTH_WORD = OAUTH_NAME_LENGTH + 4,
    OAUTH_WORD_MAX = sizeof BEARER_SCHEME - 1 /* longer keys are none that matter */
};

enum { OAUTH_PORT_DIGITS_MAX = 5 };

#define GS2_HEAD "n,a="
#define USER_KEY "USER="

static uint32_t is_bearer(const epop_sasl_step *step)
{
    return step->name[0] == 'O';
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t oauth_text(epop_sasl_step *step, const uint8_t *bearer, size_t bearer_len, const uint8_t *xoauth2,
                          size_t xoauth2_len)
{
    return is_bearer(step) ? epopi_step_text(step, bearer, bearer_len) : epopi_step_text(step, xoauth2, xoauth2_len);
}

/* Goes to a part of the message that is not the next. */
static void skip_to_part(epop_sasl_step *step, uint8_t part)
{
    step->state[EPOPI_MEMORY_PHASE] = part;
}

static int32_t port_text(epop_sasl_step *step)
{
    size_t before = epopi_memory_octets(step).len;
    epopi_message m;
    epop_span all;

    epopi_message_begin(&m, step);
    epopi_message_number(&m, step->config->port);
    all = epopi_memory_octets(step);
    step->text = epopi_span(all.ptr + before, all.len - before);
    return m.result;
}

static int32_t optional_part(epop_sasl_step *step, uint8_t part)
{
    const epop_sasl_config *config = step->config;

    switch (part) {
    case OAUTH_HOST_KEY:
        if (config->host && is_bearer(step)) {
            return epopi_step_text(step, EPOPI_LITERAL("host="));
        }
        skip_to_part(step, OAUTH_PORT_KEY);
        return epopi_step_text(step, EPOPI_LITERAL(""));
    case OAUTH_HOST:
        return epopi_step_text(step, (const uint8_t *)config->host, config->host_len);
    case OAUTH_PORT_KEY:
        if (config->port > 0 && is_bearer(step)) {
            return epopi_step_text(step, EPOPI_LITERAL("port="));
        }
        skip_to_part(step, OAUTH_BEARER);
        return epopi_step_text(step, EPOPI_LITERAL(""));
    case OAUTH_PORT:
        return port_text(step);
    case OAUTH_HOST_END:
    case OAUTH_PORT_END:
        return epopi_step_text(step, EPOPI_LITERAL("\x01"));
    default:
        return EPOP_ERR_VALUE;
    }
}

static int32_t oauth_client_next(epop_sasl_step *step)
{
    uint8_t part = step->state[EPOPI_MEMORY_PHASE]++;

    if (part >= OAUTH_HOST_KEY && part <= OAUTH_PORT_END) {
        return optional_part(step, part);
    }
    switch (part) {
    case OAUTH_HEAD:
        return oauth_text(step, EPOPI_LITERAL(GS2_HEAD), EPOPI_LITERAL("user="));
    case OAUTH_NAME:
        return epopi_step_ask(step, EPOP_ASK_USER, 1);
    case OAUTH_NAME_ESCAPED:
        step->text = epopi_memory_octets(step);
        return EPOP_OK;
    case OAUTH_NAME_END:
        return oauth_text(step, EPOPI_LITERAL(",\x01"), EPOPI_LITERAL("\x01"));
    case OAUTH_BEARER:
        return epopi_step_text(step, EPOPI_LITERAL("auth=Bearer "));
    case OAUTH_TOKEN:
        return epopi_step_ask(step, EPOP_ASK_TOKEN, 0);
    case OAUTH_TAIL:
        return epopi_step_text(step, EPOPI_LITERAL("\x01\x01"));
    case OAUTH_END:
        return EPOP_END;
    case OAUTH_REFUSED:
        return oauth_text(step, EPOPI_LITERAL("\x01"), EPOPI_LITERAL(""));
    case OAUTH_SAID:
    case OAUTH_DONE:
        step->state[EPOPI_MEMORY_PHASE] = part;
        return EPOP_END;
    default:
        return EPOP_ERR_VALUE;
    }
}

/* XOAUTH2 has no escapes. */
static int32_t oauth_client_answer(epop_sasl_step *step)
{
    epopi_message m;

    epopi_memory_truncate(step, 0);
    epopi_message_begin(&m, step);
    if (is_bearer(step)) {
        epopi_message_name(&m, step->data);
    } else {
        epopi_message_octets(&m, step->data);
    }
    return m.result;
}

/* The only challenge says what is wrong with the token, and wants an answer all the same. */
static int32_t oauth_client_take(epop_sasl_step *step)
{
    if (!step->last) {
        return EPOP_OK;
    }
    if (step->state[EPOPI_MEMORY_PHASE] != OAUTH_SAID) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    step->state[EPOPI_MEMORY_PHASE] = OAUTH_REFUSED;
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static epop_span name_of(const epop_sasl_step *step)
{
    return epopi_span(step->state + EPOPI_MEMORY_HEAD, step->state[OAUTH_NAME_LENGTH]);
}

/* Undoes the escapes of base[pos, end), in place; the new end, or 0 where they are malformed. */
static size_t unescape_name(uint8_t *base, size_t pos, size_t end)
{
    epop_span text = epopi_span(base, end);
    size_t to = pos;

    while (pos < end) {
        if (epopi_name_unescape(text, &pos, base + to++) != EPOP_OK) {
            return 0;
        }
    }
    return to;
}

/* "n,a=" or "y,a=" in front: nobody binds a channel here (RFC 7628 section 3.1). */
static uint32_t begins_as_gs2(epop_span all)
{
    const uint8_t *p = all.ptr;

    return all.len > sizeof GS2_HEAD - 1 && (p[0] == 'n' || p[0] == 'y') && p[1] == ',' && p[2] == 'a' && p[3] == '=';
}

/* The first field is whole: where the name stands in it. */
static int32_t find_name(const epop_sasl_step *step, size_t *start, size_t *end)
{
    epop_span all = epopi_memory_octets(step);

    if (!is_bearer(step)) {
        *start = sizeof USER_KEY - 1;
        *end = all.len;
        return all.len > *start && epopi_is_word(all.ptr, *start, USER_KEY) ? EPOP_OK
                                                                            : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    }
    if (!begins_as_gs2(all)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    /* The comma after the name is the last octet. */
    *start = sizeof GS2_HEAD - 1;
    *end = epopi_find(all.ptr, *start, all.len, ',');
    return *end == all.len - 1 ? EPOP_OK : (int32_t)EPOP_ERR_SASL_CHALLENGE;
}

static int32_t first_field(epop_sasl_step *step)
{
    uint8_t *base = step->state + EPOPI_MEMORY_HEAD;
    size_t start;
    size_t end;
    int32_t result = find_name(step, &start, &end);

    if (result == EPOP_OK && is_bearer(step)) {
        end = unescape_name(base, start, end);
    }
    if (result != EPOP_OK || end <= start || epopi_breaks_line(base + start, end - start)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    if (end - start > OAUTH_NAME_MAX || end - start > step->state_size / 2) {
        return EPOP_ERR_TOO_LONG;
    }
    epopi_copy(base, base + start, end - start);
    epopi_memory_truncate(step, end - start);
    step->state[OAUTH_NAME_LENGTH] = (uint8_t)(end - start);
    step->state[EPOPI_MEMORY_PHASE] = OAUTH_KEY;
    return EPOP_OK;
}

/* RFC 6750 section 2.1. */
static uint32_t is_token_octet(uint8_t octet)
{
    static const uint8_t token_others[] = {'-', '.', '_', '~', '+', '/', '='};
    uint8_t lower = octet | 0x20;

    return (lower >= 'a' && lower <= 'z') || (octet >= '0' && octet <= '9') ||
           epopi_find(token_others, 0, sizeof token_others, octet) < sizeof token_others;
}

/* RFC 7628 section 3.1: VCHAR, SP, HTAB, CR and LF. */
static uint32_t is_value_octet(uint8_t octet)
{
    return (octet >= 0x20 && octet <= 0x7E) || octet == '\t' || octet == '\r' || octet == '\n';
}

static uint32_t word_is(const epop_sasl_step *step, const char *word)
{
    return epopi_is_word(step->state + OAUTH_WORD, step->state[OAUTH_WORD_LENGTH], word);
}

/* An octet more of the word, as long as there is room. */
static void add_to_word(epop_sasl_step *step, uint8_t octet)
{
    uint8_t *len = &step->state[OAUTH_WORD_LENGTH];

    if (*len < OAUTH_WORD_MAX) {
        step->state[OAUTH_WORD + (*len)++] = octet;
    }
}

static int32_t enter_field(epop_sasl_step *step, uint8_t phase)
{
    step->state[EPOPI_MEMORY_PHASE] = phase;
    step->state[OAUTH_WORD_LENGTH] = 0;
    return EPOP_OK;
}

/* An octet of a key, or the "=" behind it. */
static int32_t key_octet(epop_sasl_step *step, uint8_t octet)
{
    uint8_t lower = octet | 0x20;

    if (lower >= 'a' && lower <= 'z') {
        add_to_word(step, octet);
        return EPOP_OK;
    }
    if (octet != '=' || step->state[OAUTH_WORD_LENGTH] == 0) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    if (word_is(step, "AUTH")) {
        return step->state[OAUTH_TOKEN_SEEN] ? (int32_t)EPOP_ERR_SASL_CHALLENGE : enter_field(step, OAUTH_SCHEME);
    }
    return enter_field(step, word_is(step, "PORT") ? OAUTH_IN_PORT : OAUTH_IN_OTHER);
}

/* Bearer is the only scheme here. */
static int32_t scheme_octet(epop_sasl_step *step, uint8_t octet)
{
    add_to_word(step, octet);
    if (step->state[OAUTH_WORD_LENGTH] < OAUTH_WORD_MAX) {
        return EPOP_OK;
    }
    step->state[OAUTH_TOKEN_SEEN] = 1;
    return word_is(step, BEARER_SCHEME) ? enter_field(step, OAUTH_IN_TOKEN) : (int32_t)EPOP_ERR_SASL_CHALLENGE;
}

/* EPOP_FULL: the octet does not fit any more; a piece must be shown first. */
static int32_t token_octet(epop_sasl_step *step, const uint8_t *octet)
{
    if (!is_token_octet(*octet)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    return epopi_memory_add(step, epopi_span(octet, 1)) == EPOP_OK ? EPOP_OK : EPOP_FULL;
}

/* RFC 7628 section 3.1: a positive number without leading zeros. */
static int32_t port_octet(epop_sasl_step *step, uint8_t octet)
{
    uint8_t least = step->state[OAUTH_WORD_LENGTH] == 0 ? '1' : '0';

    if (octet < least || octet > '9' || step->state[OAUTH_WORD_LENGTH] == OAUTH_PORT_DIGITS_MAX) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    add_to_word(step, octet);
    return EPOP_OK;
}

/* 0x01: a field has ended. One of no octets is the last. */
static int32_t end_of_field(epop_sasl_step *step)
{
    uint32_t has_word = step->state[OAUTH_WORD_LENGTH] > 0;

    switch (step->state[EPOPI_MEMORY_PHASE]) {
    case OAUTH_FIRST_FIELD:
        return first_field(step);
    case OAUTH_KEY:
        return has_word || !step->state[OAUTH_TOKEN_SEEN] ? (int32_t)EPOP_ERR_SASL_CHALLENGE
                                                          : enter_field(step, OAUTH_END_OF_FIELDS);
    case OAUTH_IN_TOKEN:
        return epopi_memory_octets(step).len > step->state[OAUTH_NAME_LENGTH] ? enter_field(step, OAUTH_KEY)
                                                                              : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    case OAUTH_IN_PORT:
        return has_word ? enter_field(step, OAUTH_KEY) : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    case OAUTH_IN_OTHER:
        return enter_field(step, OAUTH_KEY);
    default:
        return EPOP_ERR_SASL_CHALLENGE;
    }
}

static int32_t token_question(epop_sasl_step *step, uint32_t more)
{
    epop_span all = epopi_memory_octets(step);
    epop_span name = name_of(step);

    (void)epopi_step_question(step, EPOP_AUTH_TOKEN, name, epopi_span(all.ptr + name.len, all.len - name.len));
    step->more = more;
    return EPOP_ASK;
}

static int32_t take_octet(epop_sasl_step *step, const uint8_t *octet)
{
    if (*octet == 0x01) {
        return end_of_field(step);
    }
    switch (step->state[EPOPI_MEMORY_PHASE]) {
    case OAUTH_FIRST_FIELD:
        return epopi_memory_add(step, epopi_span(octet, 1));
    case OAUTH_KEY:
        return key_octet(step, *octet);
    case OAUTH_SCHEME:
        return scheme_octet(step, *octet);
    case OAUTH_IN_TOKEN:
        return token_octet(step, octet);
    case OAUTH_IN_PORT:
        return port_octet(step, *octet);
    case OAUTH_IN_OTHER:
        return is_value_octet(*octet) ? EPOP_OK : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    default:
        return EPOP_ERR_SASL_CHALLENGE;
    }
}

/* Octets of the token that were shown stay where they are until the next one comes: the host has to see them. */
static void forget_shown(epop_sasl_step *step)
{
    if (step->state[OAUTH_SHOWN]) {
        step->state[OAUTH_SHOWN] = 0;
        epopi_memory_truncate(step, step->state[OAUTH_NAME_LENGTH]);
    }
}

static int32_t message_ended(epop_sasl_step *step)
{
    if (step->state[EPOPI_MEMORY_PHASE] != OAUTH_END_OF_FIELDS) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    step->state[EPOPI_MEMORY_PHASE] = OAUTH_ASKED;
    return token_question(step, 0);
}

static int32_t oauth_server_take(epop_sasl_step *step)
{
    int32_t result = EPOP_OK;
    size_t i;

    if (step->state[EPOPI_MEMORY_PHASE] >= OAUTH_ERROR_SAID) {
        return step->last ? (int32_t)EPOP_ERR_LOGIN_REFUSED : EPOP_OK;
    }
    forget_shown(step);
    for (i = 0; i < step->data.len && result == EPOP_OK; i++) {
        result = take_octet(step, step->data.ptr + i);
    }
    if (result == EPOP_FULL) {
        (void)token_question(step, 1);
        step->used = i - 1;
        step->state[OAUTH_SHOWN] = 1;
        return EPOP_ASK;
    }
    return result == EPOP_OK && step->last ? message_ended(step) : result;
}

/* RFC 7628 section 3.2.2; what Google's servers say in XOAUTH2. */
static int32_t oauth_server_next(epop_sasl_step *step)
{
    if (step->state[EPOPI_MEMORY_PHASE] == OAUTH_ERROR_SAID) {
        return EPOP_END;
    }
    step->state[EPOPI_MEMORY_PHASE] = OAUTH_ERROR_SAID;
    return oauth_text(step, EPOPI_LITERAL("{\"status\":\"invalid_token\"}"),
                      EPOPI_LITERAL("{\"status\":\"401\",\"schemes\":\"bearer\"}"));
}

static int32_t oauth_server_answer(epop_sasl_step *step)
{
    if (step->accepted) {
        return EPOP_END;
    }
    step->state[EPOPI_MEMORY_PHASE] = OAUTH_ERROR_DUE;
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t oauth(epop_sasl_step *step)
{
    uint32_t is_server = step->role == EPOP_SASL_SERVER;

    switch (step->verb) {
    case EPOP_SASL_TAKE:
        return is_server ? oauth_server_take(step) : oauth_client_take(step);
    case EPOP_SASL_NEXT:
        return is_server ? oauth_server_next(step) : oauth_client_next(step);
    case EPOP_SASL_ANSWER:
        return is_server ? oauth_server_answer(step) : oauth_client_answer(step);
    case EPOP_SASL_FINISH:
        return step->state[EPOPI_MEMORY_PHASE] == OAUTH_SAID ? EPOP_OK : (int32_t)EPOP_ERR_PEER_SASL;
    case EPOP_SASL_START:
        return EPOP_OK;
    default:
        return EPOP_ERR_VALUE;
    }
}

int32_t epop_sasl_oauthbearer(epop_sasl_step *step)
{
    if (step->verb == EPOP_SASL_DESCRIBE) {
        return epopi_step_describe(step, "OAUTHBEARER", EPOP_SASL_CLIENT_FIRST | EPOP_SASL_TELLS, 0, OAUTH_STATE_MIN);
    }
    return oauth(step);
}

int32_t epop_sasl_xoauth2(epop_sasl_step *step)
{
    if (step->verb == EPOP_SASL_DESCRIBE) {
        return epopi_step_describe(step, "XOAUTH2", EPOP_SASL_CLIENT_FIRST | EPOP_SASL_TELLS, 0, OAUTH_STATE_MIN);
    }
    return oauth(step);
}
