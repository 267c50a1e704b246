/* SCRAM, the server.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * An unknown user has a salt that is always the same, and keys that nobody knows: the exchange goes on, costs as much,
 * and fails where that of a wrong password fails.
 */
#include "sasl/scram.h"

#include "sasl/key.h"

#include "wire/number.h"
#include "wire/octets.h"

/* Phases: what is waited for. */
enum { CLIENT_FIRST, KEY, CLIENT_FINAL, BINDING, JUDGEMENT, EMPTY_MESSAGE };

/* Flags. */
enum { KNOWN = 1, MATCHES = 2, PROVEN = 4, SAID = 8 };

/* StoredKey and ServerKey stand in front of the messages. */
enum { KEYS = 2 * EPOP_HASH_MAX, FALSE_SALT = 16 };

static uint8_t *keys(const epop_sasl_step *step)
{
    return step->state + EPOPI_GATHER_HEAD;
}

static int32_t go(epop_sasl_step *step, uint8_t phase, int32_t result)
{
    step->state[EPOPI_GATHER_PHASE] = phase;
    return result;
}

static int32_t start(epop_sasl_step *step)
{
    static const uint8_t nothing[KEYS] = {0};

    return epopi_gather(step, epopi_span(nothing, sizeof nothing));
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* A name of the client's, unescaped, behind what was gathered. */
static int32_t add_name(epop_sasl_step *step, epop_span text)
{
    int32_t result = EPOP_OK;
    size_t i = 0;

    while (i < text.len && result == EPOP_OK) {
        uint8_t octet = text.ptr[i++];
        if (octet == '=') {
            if (text.len - i < 2 || !(epopi_is_word(text.ptr + i, 2, "2C") || epopi_is_word(text.ptr + i, 2, "3D"))) {
                return EPOP_ERR_SASL_CHALLENGE;
            }
            octet = text.ptr[i] == '2' ? ',' : '=';
            i += 2;
        }
        result = octet < 0x20 || octet == 0x7F ? (int32_t)EPOP_ERR_SASL_CHALLENGE
                                               : epopi_gather(step, epopi_span(&octet, 1));
    }
    return result;
}

/* Whether the list of mechanisms has the form of this one that binds: then a client that could bind and thinks that we
 * can not was told so by somebody else (RFC 5802 section 6). */
static uint32_t could_bind(const epop_sasl_step *step)
{
    epop_sasl_mechanism plus =
        step->hashes & EPOP_HASH_SHA256 ? epop_sasl_scram_sha_256_plus : epop_sasl_scram_sha_1_plus;
    uint32_t i;

    for (i = 0; i < step->config->mechanism_count; i++) {
        if (step->config->mechanisms[i] == plus) {
            return 1;
        }
    }
    return 0;
}

static uint32_t is_type(epop_span type)
{
    size_t i;

    for (i = 0; i < type.len; i++) {
        uint8_t lower = type.ptr[i] | 0x20;
        if (!((lower >= 'a' && lower <= 'z') || (type.ptr[i] >= '0' && type.ptr[i] <= '9') || type.ptr[i] == '.' ||
              type.ptr[i] == '-')) {
            return 0;
        }
    }
    return 1;
}

/* The flag at the head of the gs2 header; *pos moves behind its comma. */
static int32_t read_flag(const epop_sasl_step *step, epop_span text, size_t *pos)
{
    epop_span type;

    if (step->properties & EPOP_SASL_BINDS) {
        return epopi_scram_attribute(text, pos, 'p', &type) == EPOP_OK && is_type(type)
                   ? EPOP_OK
                   : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    }
    *pos = 2;
    if (text.len < 3 || text.ptr[1] != ',') {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    return text.ptr[0] == 'n' || (text.ptr[0] == 'y' && !could_bind(step)) ? EPOP_OK : (int32_t)EPOP_ERR_SASL_CHALLENGE;
}

/* The other half of the gs2 header, "a=name," or ",". */
static int32_t read_authzid(epop_span text, size_t *pos, epop_span *authzid)
{
    *authzid = epopi_span(NULL, 0);
    if (*pos < text.len && text.ptr[*pos] == ',') {
        (*pos)++;
        return EPOP_OK;
    }
    return epopi_scram_attribute(text, pos, 'a', authzid);
}

static int32_t read_bare(epop_span text, size_t pos, epop_span *name)
{
    epop_span nonce;
    int32_t result = epopi_scram_attribute(text, &pos, 'n', name);

    if (result == EPOP_OK) {
        result = epopi_scram_attribute(text, &pos, 'r', &nonce);
    }
    return result == EPOP_OK && epopi_is_visible(nonce.ptr, nonce.len) ? EPOP_OK : (int32_t)EPOP_ERR_SASL_CHALLENGE;
}

/* A question to the host, with the names that were written behind client-first. */
static int32_t ask(epop_sasl_step *step, uint32_t question, epop_span secret, uint8_t phase)
{
    epop_span user = epopi_scram_part(step, EPOPI_SCRAM_END_OF_FIRST, EPOPI_SCRAM_NAME);
    int32_t result = epopi_sasl_question(step, question, user, secret);

    step->authzid = epopi_scram_part(step, EPOPI_SCRAM_NAME, EPOPI_SCRAM_CHALLENGE);
    return go(step, phase, result);
}

static int32_t take_first(epop_sasl_step *step)
{
    epop_span all = epopi_gathered(step);
    epop_span text = epopi_span(all.ptr + KEYS, all.len - KEYS);
    epop_span authzid;
    epop_span name;
    size_t pos = 0;
    int32_t result = read_flag(step, text, &pos);

    if (result == EPOP_OK) {
        result = read_authzid(text, &pos, &authzid);
    }
    epopi_gather_set(step, EPOPI_SCRAM_BARE, KEYS + pos);
    epopi_gather_set(step, EPOPI_SCRAM_END_OF_FIRST, all.len);
    if (result == EPOP_OK) {
        result = read_bare(text, pos, &name);
    }
    if (result == EPOP_OK) {
        result = add_name(step, name);
    }
    epopi_gather_set(step, EPOPI_SCRAM_NAME, epopi_gathered(step).len);
    if (result == EPOP_OK) {
        result = add_name(step, authzid);
    }
    epopi_gather_set(step, EPOPI_SCRAM_CHALLENGE, epopi_gathered(step).len);
    return result == EPOP_OK ? ask(step, EPOP_AUTH_KEY, epopi_span(NULL, 0), KEY) : result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* The client's nonce ends client-first, extensions apart. */
static epop_span client_nonce(const epop_sasl_step *step)
{
    epop_span bare = epopi_scram_part(step, EPOPI_SCRAM_BARE, EPOPI_SCRAM_END_OF_FIRST);
    epop_span value = epopi_span(NULL, 0);
    size_t pos = 0;

    (void)epopi_scram_attribute(bare, &pos, 'n', &value);
    (void)epopi_scram_attribute(bare, &pos, 'r', &value);
    return value;
}

/* "r=nonces,s=salt,i=iterations". */
static int32_t add_server_first(epop_sasl_step *step, epop_span salt, uint32_t iterations)
{
    uint8_t digits[EPOPI_NUMBER_MAX];
    int32_t result = epopi_scram_word(step, "r=");

    if (result == EPOP_OK) {
        result = epopi_gather(step, client_nonce(step));
    }
    if (result == EPOP_OK) {
        result = epopi_scram_nonce(step);
    }
    if (result == EPOP_OK) {
        result = epopi_scram_word(step, ",s=");
    }
    if (result == EPOP_OK) {
        result = epopi_scram_base64(step, salt, epopi_span(NULL, 0));
    }
    if (result == EPOP_OK) {
        result = epopi_scram_word(step, ",i=");
    }
    if (result == EPOP_OK) {
        result = epopi_gather(step, epopi_span(digits, epopi_number_write(digits, iterations)));
    }
    epopi_gather_set(step, EPOPI_SCRAM_CLIENT_FINAL, epopi_gathered(step).len);
    return result;
}

static int32_t use_key(epop_sasl_step *step)
{
    const epop_scram_key *key = step->key;

    epopi_copy(keys(step), key->stored_key.ptr, key->stored_key.len);
    epopi_copy(keys(step) + EPOP_HASH_MAX, key->server_key.ptr, key->server_key.len);
    step->state[EPOPI_SCRAM_FLAG] = KNOWN;
    return add_server_first(step, key->salt, key->iterations);
}

/* The keys of nobody: zeroes, and no KNOWN. */
static int32_t use_false_key(epop_sasl_step *step)
{
    const epop_sasl_config *config = step->config;
    uint32_t iterations = config->iterations > 0 ? config->iterations : (uint32_t)EPOP_SCRAM_ITERATIONS_MIN;
    uint8_t salt[EPOP_HASH_MAX];
    epop_span name = epopi_scram_part(step, EPOPI_SCRAM_END_OF_FIRST, EPOPI_SCRAM_NAME);
    int32_t result =
        epopi_hmac(config->crypto, step->hashes,
                   epopi_span((const uint8_t *)config->salt_secret, config->salt_secret_len), &name, 1, salt);
    return result == EPOP_OK ? add_server_first(step, epopi_span(salt, FALSE_SALT), iterations) : result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* What client-final says. */
typedef struct final {
    epop_span binding; /* base64 */
    epop_span nonce;
    epop_span proof; /* base64 */
} final;

/* The proof is the last attribute; what is before it is signed. */
static int32_t read_final(const epop_sasl_step *step, final *out)
{
    epop_span all = epopi_gathered(step);
    size_t from = epopi_gather_get(step, EPOPI_SCRAM_CLIENT_FINAL);
    size_t to = epopi_gather_get(step, EPOPI_SCRAM_END_OF_FINAL);
    epop_span text = epopi_span(all.ptr + from, to - from);
    epop_span rest = epopi_span(all.ptr + to, all.len - to);
    size_t pos = 0;
    int32_t result = epopi_scram_attribute(text, &pos, 'c', &out->binding);

    if (result == EPOP_OK) {
        result = epopi_scram_attribute(text, &pos, 'r', &out->nonce);
    }
    pos = 1;
    if (result == EPOP_OK) {
        result = epopi_scram_attribute(rest, &pos, 'p', &out->proof);
    }
    return result;
}

/* The nonce is the one of server-first. */
static uint32_t is_our_nonce(const epop_sasl_step *step, epop_span nonce)
{
    epop_span text = epopi_scram_part(step, EPOPI_SCRAM_CHALLENGE, EPOPI_SCRAM_CLIENT_FINAL);
    epop_span ours = epopi_span(NULL, 0);
    size_t pos = 0;

    (void)epopi_scram_attribute(text, &pos, 'r', &ours);
    return ours.len == nonce.len && epop_secret_equal(ours.ptr, nonce.ptr, nonce.len);
}

/* "c=" is the gs2 header and the channel binding, in base64: it is made here again, and compared. */
static int32_t check_binding(epop_sasl_step *step, epop_span got, epop_span binding)
{
    size_t before = epopi_gathered(step).len;
    epop_span gs2 = epopi_span(epopi_gathered(step).ptr + KEYS, epopi_gather_get(step, EPOPI_SCRAM_BARE) - KEYS);
    int32_t result = epopi_scram_base64(step, gs2, binding);
    size_t len = epopi_gathered(step).len - before;

    if (result == EPOP_OK && !(len == got.len && epop_secret_equal(epopi_gathered(step).ptr + before, got.ptr, len))) {
        step->state[EPOPI_SCRAM_FLAG] &= (uint8_t)~MATCHES;
    }
    epopi_gather_cut(step, before);
    return result;
}

/* Whether H(proof XOR ClientSignature) is StoredKey. */
static int32_t check_proof(epop_sasl_step *step, epop_span text)
{
    size_t len = epopi_hash_length(step->hashes);
    uint8_t proof[EPOP_HASH_MAX + 1];
    uint8_t signature[EPOP_HASH_MAX];
    size_t proof_len;
    size_t i;
    int32_t result = epopi_scram_decode(text, proof, sizeof proof, &proof_len);

    if (result == EPOP_OK) {
        result = proof_len == len ? epopi_scram_sign(step, keys(step), signature) : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    }
    if (result != EPOP_OK) {
        return result;
    }
    for (i = 0; i < len; i++) {
        proof[i] = (uint8_t)(proof[i] ^ signature[i]);
    }
    result = epopi_stored_key(step->config->crypto, step->hashes, proof, signature);
    if (result == EPOP_OK && epop_secret_equal(signature, keys(step), len) &&
        (step->state[EPOPI_SCRAM_FLAG] & (KNOWN | MATCHES)) == (KNOWN | MATCHES)) {
        step->state[EPOPI_SCRAM_FLAG] |= PROVEN;
    }
    epopi_wipe(proof, sizeof proof);
    epopi_wipe(signature, sizeof signature);
    return result;
}

static int32_t judge(epop_sasl_step *step, epop_span binding)
{
    final got;
    int32_t result = read_final(step, &got);

    step->state[EPOPI_SCRAM_FLAG] |= MATCHES;
    if (result == EPOP_OK && !is_our_nonce(step, got.nonce)) {
        step->state[EPOPI_SCRAM_FLAG] &= (uint8_t)~MATCHES;
    }
    if (result == EPOP_OK) {
        result = check_binding(step, got.binding, binding);
    }
    if (result == EPOP_OK) {
        result = check_proof(step, got.proof);
    }
    if (result != EPOP_OK) {
        return result;
    }
    return ask(step, step->state[EPOPI_SCRAM_FLAG] & PROVEN ? EPOP_AUTH_PROVEN : EPOP_AUTH_FAILED, epopi_span(NULL, 0),
               JUDGEMENT);
}

static int32_t take_final(epop_sasl_step *step)
{
    epop_span all = epopi_gathered(step);
    size_t at = all.len;
    epop_span type = epopi_span(NULL, 0);
    size_t pos = KEYS;

    /* The last comma. */
    while (at > epopi_gather_get(step, EPOPI_SCRAM_CLIENT_FINAL) && all.ptr[at - 1] != ',') {
        at--;
    }
    if (at == epopi_gather_get(step, EPOPI_SCRAM_CLIENT_FINAL)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    epopi_gather_set(step, EPOPI_SCRAM_END_OF_FINAL, at - 1);
    if (!(step->properties & EPOP_SASL_BINDS)) {
        return judge(step, epopi_span(NULL, 0));
    }
    (void)epopi_scram_attribute(all, &pos, 'p', &type);
    return ask(step, EPOP_AUTH_BINDING, type, BINDING);
}

/* "type:" and the data, where the type is the client's. */
static int32_t take_binding(epop_sasl_step *step)
{
    size_t type = epopi_find(step->data.ptr, 0, step->data.len, ':');

    if (!step->accepted || type == step->data.len || type != step->secret.len ||
        !epop_secret_equal(step->data.ptr, step->secret.ptr, type)) {
        return EPOP_ERR_LOGIN_REFUSED;
    }
    return judge(step, epopi_span(step->data.ptr + type + 1, step->data.len - type - 1));
}

/* "v=" and the server's signature, in place of the client's proof. */
static int32_t next_final(epop_sasl_step *step)
{
    uint8_t signature[EPOP_HASH_MAX];
    size_t start = epopi_gather_get(step, EPOPI_SCRAM_END_OF_FINAL);
    int32_t result = epopi_scram_sign(step, keys(step) + EPOP_HASH_MAX, signature);

    epopi_gather_cut(step, start);
    if (result == EPOP_OK) {
        result = epopi_scram_word(step, "v=");
    }
    if (result == EPOP_OK) {
        result = epopi_scram_base64(step, epopi_span(signature, epopi_hash_length(step->hashes)), epopi_span(NULL, 0));
    }
    step->text = epopi_span(epopi_gathered(step).ptr + start, epopi_gathered(step).len - start);
    return result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t take(epop_sasl_step *step)
{
    uint8_t phase = step->state[EPOPI_GATHER_PHASE];
    int32_t result;

    if (phase == EMPTY_MESSAGE) {
        return step->data.len > 0 ? (int32_t)EPOP_ERR_SASL_CHALLENGE : step->last ? (int32_t)EPOP_END : EPOP_OK;
    }
    result = epopi_gather(step, step->data);
    if (result != EPOP_OK || !step->last) {
        return result;
    }
    return phase == CLIENT_FIRST ? take_first(step) : take_final(step);
}

static int32_t next(epop_sasl_step *step)
{
    uint8_t *flag = &step->state[EPOPI_SCRAM_FLAG];

    if (*flag & SAID) {
        *flag &= (uint8_t)~SAID;
        return EPOP_END;
    }
    *flag |= SAID;
    if (step->state[EPOPI_GATHER_PHASE] == EMPTY_MESSAGE) {
        return next_final(step);
    }
    step->text = epopi_scram_part(step, EPOPI_SCRAM_CHALLENGE, EPOPI_SCRAM_CLIENT_FINAL);
    return EPOP_OK;
}

static int32_t answer(epop_sasl_step *step)
{
    switch (step->state[EPOPI_GATHER_PHASE]) {
    case KEY:
        return go(step, CLIENT_FINAL, step->accepted ? use_key(step) : use_false_key(step));
    case BINDING:
        return take_binding(step);
    case JUDGEMENT:
        if (step->accepted && (step->state[EPOPI_SCRAM_FLAG] & PROVEN)) {
            return go(step, EMPTY_MESSAGE, EPOP_OK);
        }
        return EPOP_ERR_LOGIN_REFUSED;
    default:
        return EPOP_ERR_LOGIN_REFUSED;
    }
}

int32_t epopi_scram_server(epop_sasl_step *step)
{
    switch (step->verb) {
    case EPOP_SASL_START:
        return start(step);
    case EPOP_SASL_TAKE:
        return take(step);
    case EPOP_SASL_NEXT:
        return next(step);
    case EPOP_SASL_ANSWER:
        return answer(step);
    default:
        return EPOP_ERR_VALUE;
    }
}
