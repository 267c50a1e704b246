/* SCRAM: reading and signing messages, in both roles.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/scram.h"

#include "sasl/key.h"

#include "wire/octets.h"

enum { AUTH_MESSAGE_PARTS = 5 };

epop_span epopi_scram_part(const epop_sasl_step *step, size_t from, size_t to)
{
    size_t start = epopi_memory_number(step, from);

    return epopi_span(epopi_memory_octets(step).ptr + start, epopi_memory_number(step, to) - start);
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
    epop_span parts[AUTH_MESSAGE_PARTS];

    parts[0] = epopi_scram_part(step, EPOPI_SCRAM_BARE, EPOPI_SCRAM_END_OF_FIRST);
    parts[1] = epopi_span(EPOPI_LITERAL(","));
    parts[2] = epopi_scram_part(step, EPOPI_SCRAM_CHALLENGE, EPOPI_SCRAM_CLIENT_FINAL);
    parts[3] = parts[1];
    parts[4] = epopi_scram_part(step, EPOPI_SCRAM_CLIENT_FINAL, EPOPI_SCRAM_END_OF_FINAL);
    return epopi_hmac(step->config->crypto, step->hashes, epopi_span(key, epopi_hash_length(step->hashes)), parts,
                      AUTH_MESSAGE_PARTS, signature);
}
