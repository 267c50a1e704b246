/* SCRAM: what both roles share, and the four mechanisms.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/scram.h"

#include "sasl/key.h"

#include "wire/octets.h"

epop_span epopi_scram_part(const epop_sasl_step *step, size_t from, size_t to)
{
    size_t start = epopi_gather_get(step, from);

    return epopi_span(epopi_gathered(step).ptr + start, epopi_gather_get(step, to) - start);
}

int32_t epopi_scram_word(epop_sasl_step *step, const char *word)
{
    int32_t result = EPOP_OK;

    while (*word != '\0' && result == EPOP_OK) {
        result = epopi_gather(step, epopi_span((const uint8_t *)word++, 1));
    }
    return result;
}

static int32_t encode(epop_sasl_step *step, epop_base64 *state, epop_span octets)
{
    uint8_t text[32];
    size_t used = 0;
    size_t wrote = 0;
    int32_t result = EPOP_OK;

    while (octets.len > 0 && result == EPOP_OK) {
        (void)epop_base64_encode(state, octets.ptr, octets.len, &used, text, sizeof text, &wrote);
        octets = epopi_span(octets.ptr + used, octets.len - used);
        result = epopi_gather(step, epopi_span(text, wrote));
    }
    return result;
}

int32_t epopi_scram_base64(epop_sasl_step *step, epop_span first, epop_span second)
{
    epop_base64 state;
    uint8_t tail[4];
    size_t wrote = 0;
    int32_t result;

    (void)epop_base64_init(&state);
    result = encode(step, &state, first);
    if (result == EPOP_OK) {
        result = encode(step, &state, second);
    }
    (void)epop_base64_encode_end(&state, tail, sizeof tail, &wrote);
    return result == EPOP_OK ? epopi_gather(step, epopi_span(tail, wrote)) : result;
}

int32_t epopi_scram_nonce(epop_sasl_step *step)
{
    const epop_crypto *crypto = step->config->crypto;
    uint8_t random[18]; /* more than anybody can guess, and no padding */

    if (crypto->random(crypto->user, random, sizeof random) != 0) {
        return EPOP_ERR_CRYPTO;
    }
    return epopi_scram_base64(step, epopi_span(random, sizeof random), epopi_span(NULL, 0));
}

int32_t epopi_scram_attribute(epop_span text, size_t *pos, char name, epop_span *value)
{
    size_t start = *pos + 2;
    size_t end;

    if (start >= text.len || text.ptr[*pos] != (uint8_t)name || text.ptr[*pos + 1] != '=') {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    end = epopi_find(text.ptr, start, text.len, ',');
    *value = epopi_span(text.ptr + start, end - start);
    *pos = end < text.len ? end + 1 : end;
    return end > start ? EPOP_OK : (int32_t)EPOP_ERR_SASL_CHALLENGE;
}

int32_t epopi_scram_decode(epop_span text, uint8_t *dst, size_t cap, size_t *len)
{
    epop_base64 state;
    size_t used = 0;

    *len = 0;
    (void)epop_base64_init(&state);
    if (epop_base64_decode(&state, text.ptr, text.len, &used, dst, cap, len) != EPOP_OK || used < text.len ||
        epop_base64_decode_end(&state) != EPOP_OK || *len == 0) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    return EPOP_OK;
}

int32_t epopi_scram_salt(const epop_sasl_step *step, epop_span salt, uint32_t iterations, uint8_t *salted)
{
    uint8_t octets[EPOP_SCRAM_SALT_MAX + 2]; /* base64 comes in groups of three */
    size_t len;
    int32_t result = epopi_scram_decode(salt, octets, sizeof octets, &len);

    if (len > EPOP_SCRAM_SALT_MAX) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    if (result == EPOP_OK && salted) {
        result = epopi_salt_password(step->config->crypto, step->hashes, step->data, epopi_span(octets, len),
                                     iterations, salted);
    }
    return result;
}

int32_t epopi_scram_sign(const epop_sasl_step *step, const uint8_t *key, uint8_t *signature)
{
    epop_span parts[5];

    parts[0] = epopi_scram_part(step, EPOPI_SCRAM_BARE, EPOPI_SCRAM_END_OF_FIRST);
    parts[1] = epopi_span((const uint8_t *)",", 1);
    parts[2] = epopi_scram_part(step, EPOPI_SCRAM_CHALLENGE, EPOPI_SCRAM_CLIENT_FINAL);
    parts[3] = parts[1];
    parts[4] = epopi_scram_part(step, EPOPI_SCRAM_CLIENT_FINAL, EPOPI_SCRAM_END_OF_FINAL);
    return epopi_hmac(step->config->crypto, step->hashes, epopi_span(key, epopi_hash_length(step->hashes)), parts, 5,
                      signature);
}

static int32_t scram(epop_sasl_step *step, const char *name, uint32_t hash, uint32_t binds)
{
    if (step->verb == EPOP_SASL_DESCRIBE) {
        return epopi_sasl_is(step, name, EPOP_SASL_CLIENT_FIRST | EPOP_SASL_RANDOM | EPOP_SASL_SALT | binds, hash,
                             EPOPI_SCRAM_STATE_MIN);
    }
    return step->role == EPOP_SASL_SERVER ? epopi_scram_server(step) : epopi_scram_client(step);
}

int32_t epop_sasl_scram_sha_1(epop_sasl_step *step)
{
    return scram(step, "SCRAM-SHA-1", EPOP_HASH_SHA1, 0);
}

int32_t epop_sasl_scram_sha_1_plus(epop_sasl_step *step)
{
    return scram(step, "SCRAM-SHA-1-PLUS", EPOP_HASH_SHA1, EPOP_SASL_BINDS);
}

int32_t epop_sasl_scram_sha_256(epop_sasl_step *step)
{
    return scram(step, "SCRAM-SHA-256", EPOP_HASH_SHA256, 0);
}

int32_t epop_sasl_scram_sha_256_plus(epop_sasl_step *step)
{
    return scram(step, "SCRAM-SHA-256-PLUS", EPOP_HASH_SHA256, EPOP_SASL_BINDS);
}
