/* SCRAM, the server.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * An unknown user has a salt that is always the same, and keys that nobody knows: the exchange goes on, costs as much,
 * and fails where that of a wrong password fails.
 */
#include "sasl/scram.h"

#include "sasl/key.h"
#include "sasl/message.h"
#include "sasl/name.h"
#include "sasl/step.h"

#include "wire/octets.h"

/* Phases: what is waited for. */
enum {
    SCRAM_AWAITS_FIRST,
    SCRAM_AWAITS_KEY,
    SCRAM_AWAITS_FINAL,
    SCRAM_AWAITS_BINDING,
    SCRAM_AWAITS_DECISION,
    SCRAM_AWAITS_EMPTY
};

/* StoredKey and ServerKey stand in front of the messages. */
enum { KEYS_LENGTH = 2 * EPOP_HASH_MAX, FALSE_SALT_LENGTH = 16 };

static uint8_t *scram_keys(const epop_sasl_step *step)
{
    return step->state + EPOPI_MEMORY_HEAD;
}

static int32_t add_no_keys(epop_sasl_step *step)
{
    static const uint8_t no_keys[KEYS_LENGTH] = {0};

    return epopi_memory_add(step, epopi_span(no_keys, sizeof no_keys));
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* A name of the client's, unescaped, after what is there. */
static int32_t add_name(epop_sasl_step *step, epop_span text)
{
    int32_t result = EPOP_OK;
    size_t pos = 0;

    while (pos < text.len && result == EPOP_OK) {
        uint8_t octet;

        result = epopi_name_unescape(text, &pos, &octet);
        if (result == EPOP_OK) {
            result = octet < 0x20 || octet == 0x7F ? (int32_t)EPOP_ERR_SASL_CHALLENGE
                                                   : epopi_memory_add(step, epopi_span(&octet, 1));
        }
    }
    return result;
}

static uint32_t is_binding_type(epop_span type)
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

/* The flag at the head of the gs2 header; *pos moves past its comma. */
static int32_t read_gs2_flag(const epop_sasl_step *step, epop_span text, size_t *pos)
{
    epop_span type;

    if (step->properties & EPOP_SASL_BINDS) {
        return epopi_scram_attribute(text, pos, 'p', &type) == EPOP_OK && is_binding_type(type)
                   ? EPOP_OK
                   : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    }
    *pos = 2;
    if (text.len < 3 || text.ptr[1] != ',') {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    return text.ptr[0] == 'n' || (text.ptr[0] == 'y' && !(step->state[EPOPI_SCRAM_FLAGS] & EPOPI_SCRAM_COULD_BIND))
               ? EPOP_OK
               : (int32_t)EPOP_ERR_SASL_CHALLENGE;
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

static int32_t read_client_bare(epop_span text, size_t pos, epop_span *name)
{
    epop_span nonce;
    int32_t result = epopi_scram_attribute(text, &pos, 'n', name);

    if (result == EPOP_OK) {
        result = epopi_scram_attribute(text, &pos, 'r', &nonce);
    }
    return result == EPOP_OK && epopi_is_visible(nonce.ptr, nonce.len) ? EPOP_OK : (int32_t)EPOP_ERR_SASL_CHALLENGE;
}

/* A question to the host, with the names that were written after client-first. */
static int32_t ask_scram_host(epop_sasl_step *step, uint32_t question, epop_span secret, uint8_t phase)
{
    epop_span user = epopi_scram_part(step, EPOPI_SCRAM_END_OF_FIRST, EPOPI_SCRAM_NAME);
    int32_t result = epopi_step_question(step, question, user, secret);

    step->authzid = epopi_scram_part(step, EPOPI_SCRAM_NAME, EPOPI_SCRAM_CHALLENGE);
    return epopi_memory_set_phase(step, phase, result);
}

static int32_t take_client_first(epop_sasl_step *step)
{
    epop_span all = epopi_memory_octets(step);
    epop_span text = epopi_span(all.ptr + KEYS_LENGTH, all.len - KEYS_LENGTH);
    epop_span authzid;
    epop_span name;
    size_t pos = 0;
    int32_t result = read_gs2_flag(step, text, &pos);

    if (result == EPOP_OK) {
        result = read_authzid(text, &pos, &authzid);
    }
    epopi_memory_set_number(step, EPOPI_SCRAM_BARE, KEYS_LENGTH + pos);
    epopi_memory_set_number(step, EPOPI_SCRAM_END_OF_FIRST, all.len);
    if (result == EPOP_OK) {
        result = read_client_bare(text, pos, &name);
    }
    if (result == EPOP_OK) {
        result = add_name(step, name);
    }
    epopi_memory_set_number(step, EPOPI_SCRAM_NAME, epopi_memory_octets(step).len);
    if (result == EPOP_OK) {
        result = add_name(step, authzid);
    }
    epopi_memory_set_number(step, EPOPI_SCRAM_CHALLENGE, epopi_memory_octets(step).len);
    return result == EPOP_OK ? ask_scram_host(step, EPOP_AUTH_KEY, epopi_span(NULL, 0), SCRAM_AWAITS_KEY) : result;
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
    epopi_message m;

    epopi_message_begin(&m, step);
    epopi_message_word(&m, "r=");
    epopi_message_octets(&m, client_nonce(step));
    epopi_message_nonce(&m);
    epopi_message_word(&m, ",s=");
    epopi_message_base64(&m, salt, epopi_span(NULL, 0));
    epopi_message_word(&m, ",i=");
    epopi_message_number(&m, iterations);
    epopi_message_mark(&m, EPOPI_SCRAM_CLIENT_FINAL);
    return m.result;
}

static int32_t use_key(epop_sasl_step *step)
{
    const epop_scram_key *key = step->key;

    epopi_copy(scram_keys(step), key->stored_key.ptr, key->stored_key.len);
    epopi_copy(scram_keys(step) + EPOP_HASH_MAX, key->server_key.ptr, key->server_key.len);
    step->state[EPOPI_SCRAM_FLAGS] |= EPOPI_SCRAM_KNOWN;
    return add_server_first(step, key->salt, key->iterations);
}

/* The keys of nobody: zeroes, and no EPOPI_SCRAM_KNOWN. */
static int32_t use_false_key(epop_sasl_step *step)
{
    const epop_sasl_config *config = step->config;
    uint32_t iterations = config->iterations > 0 ? config->iterations : (uint32_t)EPOP_SCRAM_ITERATIONS_MIN;
    uint8_t salt[EPOP_HASH_MAX];
    epop_span name = epopi_scram_part(step, EPOPI_SCRAM_END_OF_FIRST, EPOPI_SCRAM_NAME);
    int32_t result =
        epopi_hmac(config->crypto, step->hashes,
                   epopi_span((const uint8_t *)config->salt_secret, config->salt_secret_len), &name, 1, salt);
    return result == EPOP_OK ? add_server_first(step, epopi_span(salt, FALSE_SALT_LENGTH), iterations) : result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* What client-final says. */
typedef struct client_final {
    epop_span binding; /* base64 */
    epop_span nonce;
    epop_span proof; /* base64 */
} client_final;

/* The proof is the last attribute; what is before it is signed. */
static int32_t read_client_final(const epop_sasl_step *step, client_final *out)
{
    epop_span all = epopi_memory_octets(step);
    size_t from = epopi_memory_number(step, EPOPI_SCRAM_CLIENT_FINAL);
    size_t to = epopi_memory_number(step, EPOPI_SCRAM_END_OF_FINAL);
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
    size_t before = epopi_memory_octets(step).len;
    epop_span gs2 = epopi_span(epopi_memory_octets(step).ptr + KEYS_LENGTH,
                               epopi_memory_number(step, EPOPI_SCRAM_BARE) - KEYS_LENGTH);
    size_t len;
    epopi_message m;

    epopi_message_begin(&m, step);
    epopi_message_base64(&m, gs2, binding);
    len = epopi_memory_octets(step).len - before;
    if (m.result == EPOP_OK &&
        !(len == got.len && epop_secret_equal(epopi_memory_octets(step).ptr + before, got.ptr, len))) {
        step->state[EPOPI_SCRAM_FLAGS] &= (uint8_t)~EPOPI_SCRAM_MATCHES;
    }
    epopi_memory_truncate(step, before);
    return m.result;
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
        result =
            proof_len == len ? epopi_scram_sign(step, scram_keys(step), signature) : (int32_t)EPOP_ERR_SASL_CHALLENGE;
    }
    if (result != EPOP_OK) {
        return result;
    }
    for (i = 0; i < len; i++) {
        proof[i] = (uint8_t)(proof[i] ^ signature[i]);
    }
    result = epopi_stored_key(step->config->crypto, step->hashes, proof, signature);
    if (result == EPOP_OK && epop_secret_equal(signature, scram_keys(step), len) &&
        (step->state[EPOPI_SCRAM_FLAGS] & (EPOPI_SCRAM_KNOWN | EPOPI_SCRAM_MATCHES)) ==
            (EPOPI_SCRAM_KNOWN | EPOPI_SCRAM_MATCHES)) {
        step->state[EPOPI_SCRAM_FLAGS] |= EPOPI_SCRAM_PROVEN;
    }
    epopi_wipe(proof, sizeof proof);
    epopi_wipe(signature, sizeof signature);
    return result;
}

static int32_t verify_final(epop_sasl_step *step, epop_span binding)
{
    client_final got;
    int32_t result = read_client_final(step, &got);

    step->state[EPOPI_SCRAM_FLAGS] |= EPOPI_SCRAM_MATCHES;
    if (result == EPOP_OK && !is_our_nonce(step, got.nonce)) {
        step->state[EPOPI_SCRAM_FLAGS] &= (uint8_t)~EPOPI_SCRAM_MATCHES;
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
    return ask_scram_host(step,
                          step->state[EPOPI_SCRAM_FLAGS] & EPOPI_SCRAM_PROVEN ? EPOP_AUTH_PROVEN : EPOP_AUTH_FAILED,
                          epopi_span(NULL, 0), SCRAM_AWAITS_DECISION);
}

static int32_t take_client_final(epop_sasl_step *step)
{
    epop_span all = epopi_memory_octets(step);
    size_t at = all.len;
    epop_span type = epopi_span(NULL, 0);
    size_t pos = KEYS_LENGTH;

    /* The last comma. */
    while (at > epopi_memory_number(step, EPOPI_SCRAM_CLIENT_FINAL) && all.ptr[at - 1] != ',') {
        at--;
    }
    if (at == epopi_memory_number(step, EPOPI_SCRAM_CLIENT_FINAL)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    epopi_memory_set_number(step, EPOPI_SCRAM_END_OF_FINAL, at - 1);
    if (!(step->properties & EPOP_SASL_BINDS)) {
        return verify_final(step, epopi_span(NULL, 0));
    }
    (void)epopi_scram_attribute(all, &pos, 'p', &type);
    return ask_scram_host(step, EPOP_AUTH_BINDING, type, SCRAM_AWAITS_BINDING);
}

/* "type:" and the data, where the type is the client's. */
static int32_t take_channel_binding(epop_sasl_step *step)
{
    size_t type = epopi_find(step->data.ptr, 0, step->data.len, ':');

    if (!step->accepted || type == step->data.len || type != step->secret.len ||
        !epop_secret_equal(step->data.ptr, step->secret.ptr, type)) {
        return EPOP_ERR_LOGIN_REFUSED;
    }
    return verify_final(step, epopi_span(step->data.ptr + type + 1, step->data.len - type - 1));
}

/* "v=" and the server's signature, in place of the client's proof. */
static int32_t add_server_final(epop_sasl_step *step)
{
    uint8_t signature[EPOP_HASH_MAX];
    size_t start = epopi_memory_number(step, EPOPI_SCRAM_END_OF_FINAL);
    epopi_message m;

    epopi_message_begin(&m, step);
    epopi_message_check(&m, epopi_scram_sign(step, scram_keys(step) + EPOP_HASH_MAX, signature));
    epopi_memory_truncate(step, start);
    epopi_message_word(&m, "v=");
    epopi_message_base64(&m, epopi_span(signature, epopi_hash_length(step->hashes)), epopi_span(NULL, 0));
    step->text = epopi_span(epopi_memory_octets(step).ptr + start, epopi_memory_octets(step).len - start);
    return m.result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t scram_server_take(epop_sasl_step *step)
{
    uint8_t phase = step->state[EPOPI_MEMORY_PHASE];
    int32_t result;

    if (phase == SCRAM_AWAITS_EMPTY) {
        return step->data.len > 0 ? (int32_t)EPOP_ERR_SASL_CHALLENGE : step->last ? (int32_t)EPOP_END : EPOP_OK;
    }
    result = epopi_memory_add(step, step->data);
    if (result != EPOP_OK || !step->last) {
        return result;
    }
    return phase == SCRAM_AWAITS_FIRST ? take_client_first(step) : take_client_final(step);
}

static int32_t scram_server_next(epop_sasl_step *step)
{
    uint8_t *flags = &step->state[EPOPI_SCRAM_FLAGS];

    if (*flags & EPOPI_SCRAM_SAID) {
        *flags &= (uint8_t)~EPOPI_SCRAM_SAID;
        return EPOP_END;
    }
    *flags |= EPOPI_SCRAM_SAID;
    if (step->state[EPOPI_MEMORY_PHASE] == SCRAM_AWAITS_EMPTY) {
        return add_server_final(step);
    }
    step->text = epopi_scram_part(step, EPOPI_SCRAM_CHALLENGE, EPOPI_SCRAM_CLIENT_FINAL);
    return EPOP_OK;
}

static int32_t scram_server_answer(epop_sasl_step *step)
{
    switch (step->state[EPOPI_MEMORY_PHASE]) {
    case SCRAM_AWAITS_KEY:
        return epopi_memory_set_phase(step, SCRAM_AWAITS_FINAL, step->accepted ? use_key(step) : use_false_key(step));
    case SCRAM_AWAITS_BINDING:
        return take_channel_binding(step);
    case SCRAM_AWAITS_DECISION:
        if (step->accepted && (step->state[EPOPI_SCRAM_FLAGS] & EPOPI_SCRAM_PROVEN)) {
            return epopi_memory_set_phase(step, SCRAM_AWAITS_EMPTY, EPOP_OK);
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
        return add_no_keys(step);
    case EPOP_SASL_TAKE:
        return scram_server_take(step);
    case EPOP_SASL_NEXT:
        return scram_server_next(step);
    case EPOP_SASL_ANSWER:
        return scram_server_answer(step);
    default:
        return EPOP_ERR_VALUE;
    }
}
