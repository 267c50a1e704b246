/* SCRAM, the client: what shows that it knows the password, and what the server has to show (RFC 5802 section 3).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/scram.h"

#include "sasl/key.h"

#include "wire/octets.h"

/* "c=", the gs2 header and the binding in base64, ",r=" and the nonce. */
static int32_t add_final(epop_sasl_step *step, epop_span nonce)
{
    epop_span gs2 = epopi_span(epopi_gathered(step).ptr, epopi_gather_get(step, EPOPI_SCRAM_BARE));
    epop_span binding = epopi_span(NULL, 0);
    size_t type = epopi_find(step->binding.ptr, 0, step->binding.len, ':');
    int32_t result = epopi_scram_word(step, "c=");

    if (step->properties & EPOP_SASL_BINDS) {
        binding = epopi_span(step->binding.ptr + type + 1, step->binding.len - type - 1);
    }
    if (result == EPOP_OK) {
        result = epopi_scram_base64(step, gs2, binding);
    }
    if (result == EPOP_OK) {
        result = epopi_scram_word(step, ",r=");
    }
    if (result == EPOP_OK) {
        result = epopi_gather(step, nonce);
    }
    epopi_gather_set(step, EPOPI_SCRAM_END_OF_FINAL, epopi_gathered(step).len);
    return result;
}

/* ",p=" and ClientKey XOR ClientSignature. `key` is ClientKey and is used up. */
static int32_t add_proof(epop_sasl_step *step, uint8_t *key)
{
    const epop_crypto *crypto = step->config->crypto;
    size_t len = epopi_hash_length(step->hashes);
    uint8_t stored_key[EPOP_HASH_MAX]; /* not in place: a hash may write before it has read all */
    uint8_t signature[EPOP_HASH_MAX];
    size_t i;
    int32_t result = epopi_stored_key(crypto, step->hashes, key, stored_key);

    if (result == EPOP_OK) {
        result = epopi_scram_sign(step, stored_key, signature);
    }
    for (i = 0; i < len && result == EPOP_OK; i++) {
        key[i] = (uint8_t)(key[i] ^ signature[i]);
    }
    if (result == EPOP_OK) {
        result = epopi_scram_word(step, ",p=");
    }
    if (result == EPOP_OK) {
        result = epopi_scram_base64(step, epopi_span(key, len), epopi_span(NULL, 0));
    }
    epopi_gather_set(step, EPOPI_SCRAM_NAME, epopi_gathered(step).len);
    epopi_wipe(stored_key, sizeof stored_key);
    epopi_wipe(signature, sizeof signature);
    return result;
}

/* What the server will have to sign with, kept behind the final message. */
static int32_t add_server_signature(epop_sasl_step *step, const uint8_t *salted)
{
    uint8_t key[EPOP_HASH_MAX];
    uint8_t signature[EPOP_HASH_MAX];
    int32_t result = epopi_named_key(step->config->crypto, step->hashes, salted, "Server Key", key);

    if (result == EPOP_OK) {
        result = epopi_scram_sign(step, key, signature);
    }
    if (result == EPOP_OK) {
        result = epopi_gather(step, epopi_span(signature, epopi_hash_length(step->hashes)));
    }
    epopi_wipe(key, sizeof key);
    epopi_wipe(signature, sizeof signature);
    return result;
}

int32_t epopi_scram_prove(epop_sasl_step *step, epop_span nonce, epop_span salt, uint32_t iterations)
{
    uint8_t salted[EPOP_HASH_MAX];
    uint8_t key[EPOP_HASH_MAX];
    int32_t result = epopi_scram_salt(step, salt, iterations, salted);

    if (result == EPOP_OK) {
        result = add_final(step, nonce);
    }
    if (result == EPOP_OK) {
        result = epopi_named_key(step->config->crypto, step->hashes, salted, "Client Key", key);
    }
    if (result == EPOP_OK) {
        result = add_proof(step, key);
    }
    if (result == EPOP_OK) {
        result = add_server_signature(step, salted);
    }
    epopi_wipe(salted, sizeof salted);
    epopi_wipe(key, sizeof key);
    return result;
}
