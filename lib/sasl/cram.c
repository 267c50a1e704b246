/* CRAM-MD5 (RFC 2195) and APOP (RFC 1939 section 7): the name, a space, and a digest of a challenge and the password.
 * In APOP the challenge is the stamp in the greeting, which the session gives as the first message.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/memory.h"
#include "sasl/message.h"
#include "sasl/step.h"

#include "wire/hex.h"
#include "wire/octets.h"

enum {
    CRAM_DIGEST = 16,
    CRAM_HEX = 2 * CRAM_DIGEST,
    CRAM_RANDOM = 16,
    /* A challenge with a host of 128 octets, a name of 255, and a digest. */
    CRAM_STATE_MIN = EPOPI_MEMORY_HEAD + 168 + 255 + 1 + CRAM_HEX
};

/* Phases. The client's message has a part for each; the server waits for the response, then for the host. */
enum { CRAM_CHALLENGE, CRAM_NAME, CRAM_SPACE, CRAM_PASSWORD, CRAM_HEX_DIGITS, CRAM_SAID };
enum { CRAM_LOOKED_UP = CRAM_HEX_DIGITS, CRAM_VERIFIED = CRAM_SAID };

/* Where the length of the challenge stands, in two octets; the third says that it was proved. */
enum { CRAM_CHALLENGE_LENGTH = EPOPI_MEMORY_OWN, CRAM_PROVEN = EPOPI_MEMORY_OWN + 2 };

static size_t challenge_length(const epop_sasl_step *step)
{
    return epopi_memory_number(step, CRAM_CHALLENGE_LENGTH);
}

static void end_challenge(epop_sasl_step *step)
{
    epopi_memory_set_number(step, CRAM_CHALLENGE_LENGTH, epopi_memory_octets(step).len);
    step->state[EPOPI_MEMORY_PHASE] = CRAM_NAME;
}

static void write_hex(uint8_t *dst, const uint8_t *octets, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        epopi_hex_write(dst + 2 * i, octets[i], 'a');
    }
}

static uint32_t is_apop(const epop_sasl_step *step)
{
    return (step->properties & EPOP_SASL_NOT_AUTH) != 0;
}

/* The digest that the password leads to, in hexadecimal digits. */
static int32_t compute_digest(const epop_sasl_step *step, epop_span password, uint8_t *hex)
{
    const epop_crypto *crypto = step->config->crypto;
    epop_span parts[2];
    uint8_t digest[CRAM_DIGEST];
    int32_t result;

    parts[0] = epopi_span(step->state + EPOPI_MEMORY_HEAD, challenge_length(step));
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

static int32_t cram_client_take(epop_sasl_step *step)
{
    int32_t result;

    if (step->state[EPOPI_MEMORY_PHASE] != CRAM_CHALLENGE) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    result = epopi_memory_add(step, step->data);
    if (result == EPOP_OK && step->last) {
        end_challenge(step);
        result = challenge_length(step) > 0 ? EPOP_OK : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    }
    return result;
}

static int32_t cram_client_next(epop_sasl_step *step)
{
    switch (step->state[EPOPI_MEMORY_PHASE]++) {
    case CRAM_NAME:
        return epopi_step_ask(step, EPOP_ASK_USER, 0);
    case CRAM_SPACE:
        return epopi_step_text(step, EPOPI_LITERAL(" "));
    case CRAM_PASSWORD:
        return epopi_step_ask(step, EPOP_ASK_PASSWORD, 1);
    case CRAM_HEX_DIGITS:
        step->text = epopi_span(step->state + EPOPI_MEMORY_HEAD + challenge_length(step), CRAM_HEX);
        return EPOP_OK;
    case CRAM_SAID:
        return EPOP_END;
    default:
        return EPOP_ERR_VALUE;
    }
}

static int32_t cram_client_answer(epop_sasl_step *step)
{
    size_t at = EPOPI_MEMORY_HEAD + challenge_length(step);

    if (step->state_size - at < CRAM_HEX) {
        return EPOP_ERR_TOO_LONG;
    }
    return compute_digest(step, step->data, step->state + at);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* "<32 hexadecimal digits@host>": never the same twice. */
static int32_t make_challenge(epop_sasl_step *step)
{
    const epop_sasl_config *config = step->config;
    uint8_t random[CRAM_RANDOM];
    uint8_t hex[2 * CRAM_RANDOM];
    epopi_message m;

    if (config->crypto->random(config->crypto->user, random, sizeof random) != 0) {
        return EPOP_ERR_CRYPTO;
    }
    write_hex(hex, random, sizeof random);
    epopi_message_begin(&m, step);
    epopi_message_word(&m, "<");
    epopi_message_octets(&m, epopi_span(hex, sizeof hex));
    epopi_message_word(&m, "@");
    if (config->host) {
        epopi_message_octets(&m, epopi_span((const uint8_t *)config->host, config->host_len));
    } else {
        epopi_message_word(&m, "localhost");
    }
    epopi_message_word(&m, ">");
    end_challenge(step);
    step->text = epopi_memory_octets(step);
    return m.result;
}

static int32_t cram_server_next(epop_sasl_step *step)
{
    return step->state[EPOPI_MEMORY_PHASE] == CRAM_CHALLENGE ? make_challenge(step) : (int32_t)EPOP_END;
}

/* A question about the name in the response. */
static int32_t name_question(epop_sasl_step *step, uint32_t question)
{
    epop_span all = epopi_memory_octets(step);
    size_t start = challenge_length(step);

    return epopi_step_question(step, question, epopi_span(all.ptr + start, all.len - start - CRAM_HEX - 1),
                               epopi_span(NULL, 0));
}

/* The response: name, space, digest. A name may have spaces. */
static int32_t look_up_user(epop_sasl_step *step)
{
    epop_span all = epopi_memory_octets(step);
    size_t start = challenge_length(step);

    if (all.len - start < CRAM_HEX + 2 || all.ptr[all.len - CRAM_HEX - 1] != ' ' ||
        epopi_breaks_line(all.ptr + start, all.len - start)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    step->state[EPOPI_MEMORY_PHASE] = CRAM_LOOKED_UP;
    return name_question(step, EPOP_AUTH_SECRET);
}

static int32_t cram_server_take(epop_sasl_step *step)
{
    int32_t result = epopi_memory_add(step, step->data);

    if (result != EPOP_OK || !step->last) {
        return result;
    }
    if (step->state[EPOPI_MEMORY_PHASE] == CRAM_CHALLENGE) { /* APOP's stamp */
        end_challenge(step);
        return EPOP_OK;
    }
    return look_up_user(step);
}

static void hex_to_lower_case(uint8_t *hex)
{
    size_t i;

    for (i = 0; i < CRAM_HEX; i++) {
        hex[i] = (uint8_t)(hex[i] >= 'A' && hex[i] <= 'F' ? hex[i] + ('a' - 'A') : hex[i]);
    }
}

/* An unknown user costs as much time as a known one. */
static int32_t verify_digest(epop_sasl_step *step)
{
    epop_span all = epopi_memory_octets(step);
    uint8_t *theirs = step->state + EPOPI_MEMORY_HEAD + all.len - CRAM_HEX;
    uint8_t ours[CRAM_HEX];
    int32_t result = compute_digest(step, step->accepted ? step->data : epopi_span(NULL, 0), ours);

    if (result != EPOP_OK) {
        return result;
    }
    hex_to_lower_case(theirs);
    step->state[CRAM_PROVEN] = (uint8_t)(epop_secret_equal(ours, theirs, CRAM_HEX) & (step->accepted != 0));
    epopi_wipe(ours, sizeof ours);
    step->state[EPOPI_MEMORY_PHASE] = CRAM_VERIFIED;
    return name_question(step, step->state[CRAM_PROVEN] ? EPOP_AUTH_PROVEN : EPOP_AUTH_FAILED);
}

static int32_t cram_server_answer(epop_sasl_step *step)
{
    if (step->state[EPOPI_MEMORY_PHASE] != CRAM_VERIFIED) {
        return verify_digest(step);
    }
    return step->accepted && step->state[CRAM_PROVEN] ? (int32_t)EPOP_END : (int32_t)EPOP_ERR_LOGIN_REFUSED;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t digest_of_challenge(epop_sasl_step *step)
{
    uint32_t is_server = step->role == EPOP_SASL_SERVER;

    switch (step->verb) {
    case EPOP_SASL_TAKE:
        return is_server ? cram_server_take(step) : cram_client_take(step);
    case EPOP_SASL_NEXT:
        return is_server ? cram_server_next(step) : cram_client_next(step);
    case EPOP_SASL_ANSWER:
        return is_server ? cram_server_answer(step) : cram_client_answer(step);
    case EPOP_SASL_FINISH:
        return step->state[EPOPI_MEMORY_PHASE] > CRAM_SAID ? EPOP_OK : (int32_t)EPOP_ERR_PEER_SASL;
    case EPOP_SASL_START:
        return EPOP_OK;
    default:
        return EPOP_ERR_VALUE;
    }
}

int32_t epop_sasl_cram_md5(epop_sasl_step *step)
{
    if (step->verb == EPOP_SASL_DESCRIBE) {
        return epopi_step_describe(step, "CRAM-MD5", step->role == EPOP_SASL_SERVER ? EPOP_SASL_RANDOM : 0,
                                   EPOP_HASH_MD5, CRAM_STATE_MIN);
    }
    return digest_of_challenge(step);
}

int32_t epop_sasl_apop(epop_sasl_step *step)
{
    if (step->verb == EPOP_SASL_DESCRIBE) {
        return epopi_step_describe(
            step, "APOP", EPOP_SASL_NOT_AUTH | (step->role == EPOP_SASL_SERVER ? (uint32_t)EPOP_SASL_RANDOM : 0u),
            EPOP_HASH_MD5, CRAM_STATE_MIN);
    }
    return digest_of_challenge(step);
}
