/* SCRAM, the client: what shows that it knows the password, and what the server has to show (RFC 5802 section 3).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/scram.h"

#include "sasl/key.h"
#include "sasl/message.h"

#include "wire/octets.h"

/* "c=", the gs2 header and the binding in base64, ",r=" and the nonce. */
static void add_client_final(epopi_message *m, epop_span nonce)
{
    epop_sasl_step *step = m->step;
    epop_span gs2 = epopi_span(epopi_memory_octets(step).ptr, epopi_memory_number(step, EPOPI_SCRAM_BARE));
    epop_span binding = epopi_span(NULL, 0);
    size_t type = epopi_find(step->binding.ptr, 0, step->binding.len, ':');

    if (step->properties & EPOP_SASL_BINDS) {
        binding = epopi_span(step->binding.ptr + type + 1, step->binding.len - type - 1);
    }
    epopi_message_word(m, "c=");
    epopi_message_base64(m, gs2, binding);
    epopi_message_word(m, ",r=");
    epopi_message_octets(m, nonce);
    epopi_message_mark(m, EPOPI_SCRAM_END_OF_FINAL);
}

/* ",p=" and ClientKey XOR ClientSignature. `key` is ClientKey and is used up. */
static void add_proof(epopi_message *m, uint8_t *key)
{
    epop_sasl_step *step = m->step;
    size_t len = epopi_hash_length(step->hashes);
    uint8_t stored_key[EPOP_HASH_MAX]; /* not in place: a hash may write before it has read all */
    uint8_t signature[EPOP_HASH_MAX];
    size_t i;
    int32_t result = epopi_stored_key(step->config->crypto, step->hashes, key, stored_key);

    if (result == EPOP_OK) {
        result = epopi_scram_sign(step, stored_key, signature);
    }
    for (i = 0; i < len && result == EPOP_OK; i++) {
        key[i] = (uint8_t)(key[i] ^ signature[i]);
    }
    epopi_message_check(m, result);
    epopi_message_word(m, ",p=");
    epopi_message_base64(m, epopi_span(key, len), epopi_span(NULL, 0));
    epopi_message_mark(m, EPOPI_SCRAM_NAME);
    epopi_wipe(stored_key, sizeof stored_key);
    epopi_wipe(signature, sizeof signature);
}

/* What the server will have to sign with, kept after the final message. */
static void add_server_signature(epopi_message *m, const uint8_t *salted)
{
    epop_sasl_step *step = m->step;
    uint8_t key[EPOP_HASH_MAX];
    uint8_t signature[EPOP_HASH_MAX];
    int32_t result = epopi_named_key(step->config->crypto, step->hashes, salted, EPOPI_SERVER_KEY, key);

    if (result == EPOP_OK) {
        result = epopi_scram_sign(step, key, signature);
    }
    epopi_message_check(m, result);
    epopi_message_octets(m, epopi_span(signature, epopi_hash_length(step->hashes)));
    epopi_wipe(key, sizeof key);
    epopi_wipe(signature, sizeof signature);
}

int32_t epopi_scram_prove(epop_sasl_step *step, epop_span nonce, epop_span salt, uint32_t iterations)
{
    uint8_t salted[EPOP_HASH_MAX];
    uint8_t key[EPOP_HASH_MAX];
    epopi_message m;

    epopi_message_begin(&m, step);
    epopi_message_check(&m, epopi_scram_salt(step, salt, iterations, salted));
    add_client_final(&m, nonce);
    if (m.result == EPOP_OK) {
        m.result = epopi_named_key(step->config->crypto, step->hashes, salted, EPOPI_CLIENT_KEY, key);
    }
    if (m.result == EPOP_OK) {
        add_proof(&m, key);
    }
    if (m.result == EPOP_OK) {
        add_server_signature(&m, salted);
    }
    epopi_wipe(salted, sizeof salted);
    epopi_wipe(key, sizeof key);
    return m.result;
}
