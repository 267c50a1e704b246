/* CRAM-MD5 (RFC 2195) and APOP (RFC 1939 section 7): the name, a space, and a digest of a challenge and the password.
 * In APOP the challenge is the stamp in the greeting, which the session gives as the first message.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/gather.h"

#include "wire/octets.h"

enum {
    DIGEST = 16,
    HEX = 2 * DIGEST,
    RANDOM = 16,
    /* A challenge with a host of 128 octets, a name of 255, and a digest. */
    STATE_MIN = EPOPI_GATHER_HEAD + 168 + 255 + 1 + HEX
};

/* Phases. The client's message has a part for each; the server waits for the response, then for the host. */
enum { CHALLENGE, NAME, SPACE, PASSWORD, HEX_DIGITS, SAID };
enum { LOOKED_UP = HEX_DIGITS, JUDGED = SAID };

/* Where the length of the challenge stands, in two octets; the third says that it was proved. */
enum { CHALLENGE_LENGTH = EPOPI_GATHER_OWN, PROVEN = EPOPI_GATHER_OWN + 2 };

static const char digits[] = "0123456789abcdef";

static size_t challenge_length(const epop_sasl_step *step)
{
    return epopi_gather_get(step, CHALLENGE_LENGTH);
}

static void end_of_challenge(epop_sasl_step *step)
{
    epopi_gather_set(step, CHALLENGE_LENGTH, epopi_gathered(step).len);
    step->state[EPOPI_GATHER_PHASE] = NAME;
}

static void write_hex(uint8_t *dst, const uint8_t *octets, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        dst[2 * i] = (uint8_t)digits[octets[i] >> 4];
        dst[2 * i + 1] = (uint8_t)digits[octets[i] & 15];
    }
}

static uint32_t is_apop(const epop_sasl_step *step)
{
    return (step->properties & EPOP_SASL_NOT_AUTH) != 0;
}

/* The digest that the password leads to, in hexadecimal digits. */
static int32_t compute(const epop_sasl_step *step, epop_span password, uint8_t *hex)
{
    const epop_crypto *crypto = step->config->crypto;
    epop_span parts[2];
    uint8_t digest[DIGEST];
    int32_t result;

    parts[0] = epopi_span(step->state + EPOPI_GATHER_HEAD, challenge_length(step));
    parts[1] = password;
    if (is_apop(step)) {
        result = crypto->hash(crypto->user, EPOP_HASH_MD5, parts, 2, digest);
    } else {
        result = crypto->hmac(crypto->user, EPOP_HASH_MD5, &password, parts, 1, digest);
    }
    if (result != 0) {
        return EPOP_ERR_CRYPTO;
    }
    write_hex(hex, digest, sizeof digest);
    epopi_wipe(digest, sizeof digest);
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t client_take(epop_sasl_step *step)
{
    int32_t result;

    if (step->state[EPOPI_GATHER_PHASE] != CHALLENGE) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    result = epopi_gather(step, step->data);
    if (result == EPOP_OK && step->last) {
        end_of_challenge(step);
        result = challenge_length(step) > 0 ? EPOP_OK : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    }
    return result;
}

static int32_t client_next(epop_sasl_step *step)
{
    switch (step->state[EPOPI_GATHER_PHASE]++) {
    case NAME:
        return epopi_sasl_ask(step, EPOP_ASK_USER, 0);
    case SPACE:
        return epopi_sasl_text(step, " ", 1);
    case PASSWORD:
        return epopi_sasl_ask(step, EPOP_ASK_PASSWORD, 1);
    case HEX_DIGITS:
        step->text = epopi_span(step->state + EPOPI_GATHER_HEAD + challenge_length(step), HEX);
        return EPOP_OK;
    case SAID:
        return EPOP_END;
    default:
        return EPOP_ERR_VALUE;
    }
}

static int32_t client_answer(epop_sasl_step *step)
{
    size_t at = EPOPI_GATHER_HEAD + challenge_length(step);

    if (step->state_size - at < HEX) {
        return EPOP_ERR_TOO_LONG;
    }
    return compute(step, step->data, step->state + at);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* "<32 hexadecimal digits@host>": never the same twice. */
static int32_t make_challenge(epop_sasl_step *step)
{
    const epop_sasl_config *config = step->config;
    uint8_t random[RANDOM];
    uint8_t hex[1 + 2 * RANDOM + 1];

    if (config->crypto->random(config->crypto->user, random, sizeof random) != 0) {
        return EPOP_ERR_CRYPTO;
    }
    hex[0] = '<';
    write_hex(hex + 1, random, sizeof random);
    hex[sizeof hex - 1] = '@';
    (void)epopi_gather(step, epopi_span(hex, sizeof hex));
    if (config->host) {
        (void)epopi_gather(step, epopi_span((const uint8_t *)config->host, config->host_len));
    } else {
        (void)epopi_gather(step, epopi_span((const uint8_t *)"localhost", 9));
    }
    (void)epopi_gather(step, epopi_span((const uint8_t *)">", 1));
    end_of_challenge(step);
    step->text = epopi_gathered(step);
    return EPOP_OK;
}

static int32_t server_next(epop_sasl_step *step)
{
    return step->state[EPOPI_GATHER_PHASE] == CHALLENGE ? make_challenge(step) : (int32_t)EPOP_END;
}

/* A question about the name in the response. */
static int32_t name_question(epop_sasl_step *step, uint32_t question)
{
    epop_span all = epopi_gathered(step);
    size_t start = challenge_length(step);

    return epopi_sasl_question(step, question, epopi_span(all.ptr + start, all.len - start - HEX - 1),
                               epopi_span(NULL, 0));
}

/* The response: name, space, digest. A name may have spaces. */
static int32_t look_up(epop_sasl_step *step)
{
    epop_span all = epopi_gathered(step);
    size_t start = challenge_length(step);

    if (all.len - start < HEX + 2 || all.ptr[all.len - HEX - 1] != ' ' ||
        epopi_breaks_line(all.ptr + start, all.len - start)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    step->state[EPOPI_GATHER_PHASE] = LOOKED_UP;
    return name_question(step, EPOP_AUTH_SECRET);
}

static int32_t server_take(epop_sasl_step *step)
{
    int32_t result = epopi_gather(step, step->data);

    if (result != EPOP_OK || !step->last) {
        return result;
    }
    if (step->state[EPOPI_GATHER_PHASE] == CHALLENGE) { /* APOP's stamp */
        end_of_challenge(step);
        return EPOP_OK;
    }
    return look_up(step);
}

static void to_lower_case(uint8_t *hex)
{
    size_t i;

    for (i = 0; i < HEX; i++) {
        hex[i] = (uint8_t)(hex[i] >= 'A' && hex[i] <= 'F' ? hex[i] + ('a' - 'A') : hex[i]);
    }
}

/* An unknown user costs as much time as a known one. */
static int32_t judge(epop_sasl_step *step)
{
    epop_span all = epopi_gathered(step);
    uint8_t *theirs = step->state + EPOPI_GATHER_HEAD + all.len - HEX;
    uint8_t ours[HEX];
    int32_t result = compute(step, step->accepted ? step->data : epopi_span(NULL, 0), ours);

    if (result != EPOP_OK) {
        return result;
    }
    to_lower_case(theirs);
    step->state[PROVEN] = (uint8_t)(epop_secret_equal(ours, theirs, HEX) & (step->accepted != 0));
    epopi_wipe(ours, sizeof ours);
    step->state[EPOPI_GATHER_PHASE] = JUDGED;
    return name_question(step, step->state[PROVEN] ? EPOP_AUTH_PROVEN : EPOP_AUTH_FAILED);
}

static int32_t server_answer(epop_sasl_step *step)
{
    if (step->state[EPOPI_GATHER_PHASE] != JUDGED) {
        return judge(step);
    }
    return step->accepted && step->state[PROVEN] ? (int32_t)EPOP_END : (int32_t)EPOP_ERR_LOGIN_REFUSED;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t digest_of_challenge(epop_sasl_step *step)
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
        return step->state[EPOPI_GATHER_PHASE] > SAID ? EPOP_OK : (int32_t)EPOP_ERR_PEER_SASL;
    case EPOP_SASL_START:
        return EPOP_OK;
    default:
        return EPOP_ERR_VALUE;
    }
}

int32_t epop_sasl_cram_md5(epop_sasl_step *step)
{
    if (step->verb == EPOP_SASL_DESCRIBE) {
        return epopi_sasl_is(step, "CRAM-MD5", step->role == EPOP_SASL_SERVER ? EPOP_SASL_RANDOM : 0, EPOP_HASH_MD5,
                             STATE_MIN);
    }
    return digest_of_challenge(step);
}

int32_t epop_sasl_apop(epop_sasl_step *step)
{
    if (step->verb == EPOP_SASL_DESCRIBE) {
        return epopi_sasl_is(step, "APOP",
                             EPOP_SASL_NOT_AUTH | (step->role == EPOP_SASL_SERVER ? (uint32_t)EPOP_SASL_RANDOM : 0u),
                             EPOP_HASH_MD5, STATE_MIN);
    }
    return digest_of_challenge(step);
}
