/* OAUTHBEARER (RFC 7628) and XOAUTH2: an access token among fields that end in 0x01.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 *     OAUTHBEARER   n,a=name, 0x01 host=... 0x01 port=... 0x01 auth=Bearer token 0x01 0x01
 *     XOAUTH2       user=name 0x01 auth=Bearer token 0x01 0x01
 */
#include "sasl/gather.h"

#include "wire/number.h"
#include "wire/octets.h"

enum {
    NAME_MAX = 255,
    /* A name of 64 octets that all have to be escaped, the port's digits, and a piece of a token. */
    STATE_MIN = EPOPI_GATHER_HEAD + 3 * 64 + EPOPI_NUMBER_MAX + 64
};

/* Parts of the client's message, in this order. */
enum {
    HEAD,
    NAME,
    NAME_ESCAPED,
    NAME_END,
    HOST_KEY,
    HOST,
    HOST_END,
    PORT_KEY,
    PORT,
    PORT_END,
    BEARER,
    TOKEN,
    TAIL,
    ENDS,
    SAID,
    REFUSED, /* the server's error was taken; one more answer is due */
    DONE
};

/* What the server reads, and what comes behind it. */
enum { FIRST_FIELD, KEY, SCHEME, IN_TOKEN, IN_PORT, IN_OTHER, END_OF_FIELDS, ASKED, ERROR_DUE, ERROR_SAID };

/* Own octets of the server's state: length of the name, which stands before the token; whether the token's octets were
 * shown to the host; whether there was a token; and a word that is being read. */
enum {
    NAME_LENGTH = EPOPI_GATHER_OWN,
    SHOWN = NAME_LENGTH + 1,
    TOKEN_SEEN = NAME_LENGTH + 2,
    WORD_LENGTH = NAME_LENGTH + 3,
    WORD = NAME_LENGTH + 4,
    WORD_MAX = 7 /* "Bearer "; longer keys are none that matter */
};

enum { PORT_DIGITS_MAX = 5 };

static uint32_t is_bearer(const epop_sasl_step *step)
{
    return step->name[0] == 'O';
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* Lengths are given: a loop that counts them would be made a call of strlen. */
static int32_t text(epop_sasl_step *step, const char *bearer, size_t bearer_len, const char *xoauth2,
                    size_t xoauth2_len)
{
    return is_bearer(step) ? epopi_sasl_text(step, bearer, bearer_len) : epopi_sasl_text(step, xoauth2, xoauth2_len);
}

/* Goes to a part of the message that is not the next. */
static void skip_to(epop_sasl_step *step, uint8_t part)
{
    step->state[EPOPI_GATHER_PHASE] = part;
}

static int32_t port_text(epop_sasl_step *step)
{
    uint8_t digits[EPOPI_NUMBER_MAX];
    size_t before = epopi_gathered(step).len;
    size_t len = epopi_number_write(digits, step->config->port);
    int32_t result = epopi_gather(step, epopi_span(digits, len));

    step->text = epopi_span(step->state + EPOPI_GATHER_HEAD + before, len);
    return result;
}

static int32_t optional_part(epop_sasl_step *step, uint8_t part)
{
    const epop_sasl_config *config = step->config;

    switch (part) {
    case HOST_KEY:
        if (config->host && is_bearer(step)) {
            return epopi_sasl_text(step, "host=", 5);
        }
        skip_to(step, PORT_KEY);
        return epopi_sasl_text(step, "", 0);
    case HOST:
        return epopi_sasl_text(step, (const char *)config->host, config->host_len);
    case PORT_KEY:
        if (config->port > 0 && is_bearer(step)) {
            return epopi_sasl_text(step, "port=", 5);
        }
        skip_to(step, BEARER);
        return epopi_sasl_text(step, "", 0);
    case PORT:
        return port_text(step);
    case HOST_END:
    case PORT_END:
        return epopi_sasl_text(step, "\x01", 1);
    default:
        return EPOP_ERR_VALUE;
    }
}

static int32_t client_next(epop_sasl_step *step)
{
    uint8_t part = step->state[EPOPI_GATHER_PHASE]++;

    if (part >= HOST_KEY && part <= PORT_END) {
        return optional_part(step, part);
    }
    switch (part) {
    case HEAD:
        return text(step, "n,a=", 4, "user=", 5);
    case NAME:
        return epopi_sasl_ask(step, EPOP_ASK_USER, 1);
    case NAME_ESCAPED:
        step->text = epopi_gathered(step);
        return EPOP_OK;
    case NAME_END:
        return text(step, ",\x01", 2, "\x01", 1);
    case BEARER:
        return epopi_sasl_text(step, "auth=Bearer ", 12);
    case TOKEN:
        return epopi_sasl_ask(step, EPOP_ASK_TOKEN, 0);
    case TAIL:
        return epopi_sasl_text(step, "\x01\x01", 2);
    case ENDS:
        return EPOP_END;
    case REFUSED:
        return text(step, "\x01", 1, "", 0);
    case SAID:
    case DONE:
        step->state[EPOPI_GATHER_PHASE] = part;
        return EPOP_END;
    default:
        return EPOP_ERR_VALUE;
    }
}

/* RFC 5801 section 4: "," and "=" in a name. */
static int32_t client_answer(epop_sasl_step *step)
{
    uint32_t escapes = is_bearer(step);
    int32_t result = EPOP_OK;
    size_t i;

    epopi_gather_cut(step, 0);
    for (i = 0; i < step->data.len && result == EPOP_OK; i++) {
        const uint8_t *octet = step->data.ptr + i;
        if (escapes && *octet == ',') {
            result = epopi_gather(step, epopi_span((const uint8_t *)"=2C", 3));
        } else if (escapes && *octet == '=') {
            result = epopi_gather(step, epopi_span((const uint8_t *)"=3D", 3));
        } else {
            result = epopi_gather(step, epopi_span(octet, 1));
        }
    }
    return result;
}

/* The only challenge says what is wrong with the token, and wants an answer all the same. */
static int32_t client_take(epop_sasl_step *step)
{
    if (!step->last) {
        return EPOP_OK;
    }
    if (step->state[EPOPI_GATHER_PHASE] != SAID) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    step->state[EPOPI_GATHER_PHASE] = REFUSED;
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static epop_span name_of(const epop_sasl_step *step)
{
    return epopi_span(step->state + EPOPI_GATHER_HEAD, step->state[NAME_LENGTH]);
}

/* "=2C" and "=3D" in base[pos, end), in place; the new end, or 0 where it is not well-formed. */
static size_t unescape(uint8_t *base, size_t pos, size_t end)
{
    size_t to = pos;

    while (pos < end) {
        uint8_t octet = base[pos++];
        if (octet == '=') {
            if (end - pos < 2 || !(epopi_is_word(base + pos, 2, "2C") || epopi_is_word(base + pos, 2, "3D"))) {
                return 0;
            }
            octet = base[pos] == '2' ? ',' : '=';
            pos += 2;
        }
        base[to++] = octet;
    }
    return to;
}

/* "n,a=" or "y,a=" in front: nobody binds a channel here (RFC 7628 section 3.1). */
static uint32_t begins_as_gs2(epop_span all)
{
    const uint8_t *p = all.ptr;

    return all.len > 4 && (p[0] == 'n' || p[0] == 'y') && p[1] == ',' && p[2] == 'a' && p[3] == '=';
}

/* The first field is whole: where the name stands in it. */
static int32_t find_name(const epop_sasl_step *step, size_t *start, size_t *end)
{
    epop_span all = epopi_gathered(step);

    if (!is_bearer(step)) {
        *start = 5;
        *end = all.len;
        return all.len > 5 && epopi_is_word(all.ptr, 5, "USER=") ? EPOP_OK : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    }
    if (!begins_as_gs2(all)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    /* The comma behind the name is the last octet. */
    *start = 4;
    *end = epopi_find(all.ptr, 4, all.len, ',');
    return *end == all.len - 1 ? EPOP_OK : (int32_t)EPOP_ERR_SASL_CHALLENGE;
}

static int32_t first_field(epop_sasl_step *step)
{
    uint8_t *base = step->state + EPOPI_GATHER_HEAD;
    size_t start;
    size_t end;
    int32_t result = find_name(step, &start, &end);

    if (result == EPOP_OK && is_bearer(step)) {
        end = unescape(base, start, end);
    }
    if (result != EPOP_OK || end <= start || epopi_breaks_line(base + start, end - start)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    if (end - start > NAME_MAX || end - start > step->state_size / 2) {
        return EPOP_ERR_TOO_LONG;
    }
    epopi_copy(base, base + start, end - start);
    epopi_gather_cut(step, end - start);
    step->state[NAME_LENGTH] = (uint8_t)(end - start);
    step->state[EPOPI_GATHER_PHASE] = KEY;
    return EPOP_OK;
}

/* RFC 6750 section 2.1. */
static uint32_t is_token_octet(uint8_t octet)
{
    static const uint8_t others[] = {'-', '.', '_', '~', '+', '/', '='};
    uint8_t lower = octet | 0x20;

    return (lower >= 'a' && lower <= 'z') || (octet >= '0' && octet <= '9') ||
           epopi_find(others, 0, sizeof others, octet) < sizeof others;
}

/* RFC 7628 section 3.1: VCHAR, SP, HTAB, CR and LF. */
static uint32_t is_value_octet(uint8_t octet)
{
    return (octet >= 0x20 && octet <= 0x7E) || octet == '\t' || octet == '\r' || octet == '\n';
}

static uint32_t word_is(const epop_sasl_step *step, const char *word)
{
    return epopi_is_word(step->state + WORD, step->state[WORD_LENGTH], word);
}

/* An octet more of the word, as long as there is room. */
static void add_to_word(epop_sasl_step *step, uint8_t octet)
{
    uint8_t *len = &step->state[WORD_LENGTH];

    if (*len < WORD_MAX) {
        step->state[WORD + (*len)++] = octet;
    }
}

static int32_t enter(epop_sasl_step *step, uint8_t phase)
{
    step->state[EPOPI_GATHER_PHASE] = phase;
    step->state[WORD_LENGTH] = 0;
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
    if (octet != '=' || step->state[WORD_LENGTH] == 0) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    if (word_is(step, "AUTH")) {
        return step->state[TOKEN_SEEN] ? (int32_t)EPOP_ERR_SASL_CHALLENGE : enter(step, SCHEME);
    }
    return enter(step, word_is(step, "PORT") ? IN_PORT : IN_OTHER);
}

/* Bearer is the only scheme here. */
static int32_t scheme_octet(epop_sasl_step *step, uint8_t octet)
{
    add_to_word(step, octet);
    if (step->state[WORD_LENGTH] < WORD_MAX) {
        return EPOP_OK;
    }
    step->state[TOKEN_SEEN] = 1;
    return word_is(step, "BEARER ") ? enter(step, IN_TOKEN) : (int32_t)EPOP_ERR_SASL_CHALLENGE;
}

/* EPOP_FULL: the octet does not fit any more; a piece must be shown first. */
static int32_t token_octet(epop_sasl_step *step, const uint8_t *octet)
{
    if (!is_token_octet(*octet)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    return epopi_gather(step, epopi_span(octet, 1)) == EPOP_OK ? EPOP_OK : EPOP_FULL;
}

/* RFC 7628 section 3.1: a positive number without leading zeros. */
static int32_t port_octet(epop_sasl_step *step, uint8_t octet)
{
    uint8_t least = step->state[WORD_LENGTH] == 0 ? '1' : '0';

    if (octet < least || octet > '9' || step->state[WORD_LENGTH] == PORT_DIGITS_MAX) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    add_to_word(step, octet);
    return EPOP_OK;
}

/* 0x01: a field has ended. One of no octets is the last. */
static int32_t end_of_field(epop_sasl_step *step)
{
    uint32_t has_word = step->state[WORD_LENGTH] > 0;

    switch (step->state[EPOPI_GATHER_PHASE]) {
    case FIRST_FIELD:
        return first_field(step);
    case KEY:
        return has_word || !step->state[TOKEN_SEEN] ? (int32_t)EPOP_ERR_SASL_CHALLENGE : enter(step, END_OF_FIELDS);
    case IN_TOKEN:
        return epopi_gathered(step).len > step->state[NAME_LENGTH] ? enter(step, KEY)
                                                                   : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    case IN_PORT:
        return has_word ? enter(step, KEY) : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    case IN_OTHER:
        return enter(step, KEY);
    default:
        return EPOP_ERR_SASL_CHALLENGE;
    }
}

static int32_t question(epop_sasl_step *step, uint32_t more)
{
    epop_span all = epopi_gathered(step);
    epop_span name = name_of(step);

    (void)epopi_sasl_question(step, EPOP_AUTH_TOKEN, name, epopi_span(all.ptr + name.len, all.len - name.len));
    step->more = more;
    return EPOP_ASK;
}

static int32_t take_octet(epop_sasl_step *step, const uint8_t *octet)
{
    if (*octet == 0x01) {
        return end_of_field(step);
    }
    switch (step->state[EPOPI_GATHER_PHASE]) {
    case FIRST_FIELD:
        return epopi_gather(step, epopi_span(octet, 1));
    case KEY:
        return key_octet(step, *octet);
    case SCHEME:
        return scheme_octet(step, *octet);
    case IN_TOKEN:
        return token_octet(step, octet);
    case IN_PORT:
        return port_octet(step, *octet);
    case IN_OTHER:
        return is_value_octet(*octet) ? EPOP_OK : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    default:
        return EPOP_ERR_SASL_CHALLENGE;
    }
}

/* Octets of the token that were shown stay where they are until the next one comes: the host has to see them. */
static void forget_shown(epop_sasl_step *step)
{
    if (step->state[SHOWN]) {
        step->state[SHOWN] = 0;
        epopi_gather_cut(step, step->state[NAME_LENGTH]);
    }
}

static int32_t message_ended(epop_sasl_step *step)
{
    if (step->state[EPOPI_GATHER_PHASE] != END_OF_FIELDS) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    step->state[EPOPI_GATHER_PHASE] = ASKED;
    return question(step, 0);
}

static int32_t server_take(epop_sasl_step *step)
{
    int32_t result = EPOP_OK;
    size_t i;

    if (step->state[EPOPI_GATHER_PHASE] >= ERROR_SAID) {
        return step->last ? (int32_t)EPOP_ERR_LOGIN_REFUSED : EPOP_OK;
    }
    forget_shown(step);
    for (i = 0; i < step->data.len && result == EPOP_OK; i++) {
        result = take_octet(step, step->data.ptr + i);
    }
    if (result == EPOP_FULL) {
        (void)question(step, 1);
        step->used = i - 1;
        step->state[SHOWN] = 1;
        return EPOP_ASK;
    }
    return result == EPOP_OK && step->last ? message_ended(step) : result;
}

/* RFC 7628 section 3.2.2; what Google's servers say in XOAUTH2. */
static int32_t server_next(epop_sasl_step *step)
{
    if (step->state[EPOPI_GATHER_PHASE] == ERROR_SAID) {
        return EPOP_END;
    }
    step->state[EPOPI_GATHER_PHASE] = ERROR_SAID;
    return text(step, "{\"status\":\"invalid_token\"}", 26, "{\"status\":\"401\",\"schemes\":\"bearer\"}", 35);
}

static int32_t server_answer(epop_sasl_step *step)
{
    if (step->accepted) {
        return EPOP_END;
    }
    step->state[EPOPI_GATHER_PHASE] = ERROR_DUE;
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t oauth(epop_sasl_step *step)
{
    uint32_t is_server = step->role == EPOP_SASL_SERVER;

    switch (step->verb) {
    case EPOP_SASL_TAKE:
        return is_server ? server_take(step) : client_take(step);
    case EPOP_SASL_NEXT:
        return is_server ? server_next(step) : client_next(step);
    case EPOP_SASL_ANSWER:
        return is_server ? server_answer(step) : client_answer(step);
    case EPOP_SASL_FINISH:
        return step->state[EPOPI_GATHER_PHASE] == SAID ? EPOP_OK : (int32_t)EPOP_ERR_PEER_SASL;
    case EPOP_SASL_START:
        return EPOP_OK;
    default:
        return EPOP_ERR_VALUE;
    }
}

int32_t epop_sasl_oauthbearer(epop_sasl_step *step)
{
    if (step->verb == EPOP_SASL_DESCRIBE) {
        return epopi_sasl_is(step, "OAUTHBEARER", EPOP_SASL_CLIENT_FIRST | EPOP_SASL_TELLS, 0, STATE_MIN);
    }
    return oauth(step);
}

int32_t epop_sasl_xoauth2(epop_sasl_step *step)
{
    if (step->verb == EPOP_SASL_DESCRIBE) {
        return epopi_sasl_is(step, "XOAUTH2", EPOP_SASL_CLIENT_FIRST | EPOP_SASL_TELLS, 0, STATE_MIN);
    }
    return oauth(step);
}
