/* What SCRAM makes of a password (RFC 5802 sections 2.2 and 3), and comparing secrets.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/key.h"

#include "wire/octets.h"

/* So many rounds at a time: the host's function may feed a watchdog between two calls. */
enum { ROUNDS_AT_A_TIME = 256 };

uint32_t epop_secret_equal(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *p = (const volatile uint8_t *)a;
    const volatile uint8_t *q = (const volatile uint8_t *)b;
    uint32_t different = 0;
    size_t i;

    for (i = 0; i < len; i++) {
        different |= (uint32_t)(p[i] ^ q[i]);
    }
    return (different - 1u) >> 31;
}

size_t epopi_hash_length(uint32_t hash)
{
    return hash == EPOP_HASH_SHA256 ? 32 : hash == EPOP_HASH_SHA1 ? 20 : 16;
}

int32_t epopi_hmac(const epop_crypto *crypto, uint32_t hash, epop_span key, const epop_span *parts, size_t count,
                   uint8_t *mac)
{
    return crypto->hmac(crypto->user, hash, &key, parts, count, mac) == 0 ? EPOP_OK : (int32_t)EPOP_ERR_CRYPTO;
}

int32_t epopi_hash(const epop_crypto *crypto, uint32_t hash, epop_span octets, uint8_t *digest)
{
    return crypto->hash(crypto->user, hash, &octets, 1, digest) == 0 ? EPOP_OK : (int32_t)EPOP_ERR_CRYPTO;
}

static int32_t do_round(const epop_crypto *crypto, uint32_t hash, epop_span password, uint8_t *u, uint8_t *sum)
{
    size_t len = epopi_hash_length(hash);
    epop_span last = epopi_span(u, len);
    size_t i;

    /* Not in place: a hash may write before it has read all. */
    uint8_t next[EPOP_HASH_MAX];
    int32_t result = epopi_hmac(crypto, hash, password, &last, 1, next);

    for (i = 0; i < len; i++) {
        u[i] = next[i];
        sum[i] = (uint8_t)(sum[i] ^ next[i]);
    }
    epopi_wipe(next, sizeof next);
    return result;
}

static int32_t do_rounds(const epop_crypto *crypto, uint32_t hash, epop_span password, uint32_t count, uint8_t *u,
                         uint8_t *sum)
{
    int32_t result = EPOP_OK;

    if (crypto->rounds) {
        return crypto->rounds(crypto->user, hash, &password, count, u, sum) == 0 ? EPOP_OK : (int32_t)EPOP_ERR_CRYPTO;
    }
    while (count > 0 && result == EPOP_OK) {
        result = do_round(crypto, hash, password, u, sum);
        count--;
    }
    return result;
}

/* The first round, which alone sees the salt. */
static int32_t salt_first(epop_scram_derivation *derivation, epop_span password, epop_span salt)
{
    static const uint8_t first_block[4] = {0, 0, 0, 1};
    epop_span parts[2];
    int32_t result;

    parts[0] = salt;
    parts[1] = epopi_span(first_block, sizeof first_block);
    result = epopi_hmac(derivation->p_crypto, derivation->p_hash, password, parts, 2, derivation->p_u);
    epopi_copy(derivation->p_salted, derivation->p_u, epopi_hash_length(derivation->p_hash));
    return result;
}

/* EPOP_AGAIN while rounds are left; p_salted is SaltedPassword after the last. */
static int32_t salt_more(epop_scram_derivation *derivation, epop_span password, uint32_t count)
{
    int32_t result;

    count = count < derivation->p_left ? count : derivation->p_left;
    result = count == 0 ? EPOP_OK
                        : do_rounds(derivation->p_crypto, derivation->p_hash, password, count, derivation->p_u,
                                    derivation->p_salted);
    derivation->p_left -= count;
    return result == EPOP_OK && derivation->p_left > 0 ? (int32_t)EPOP_AGAIN : result;
}

int32_t epopi_salt_password(const epop_crypto *crypto, uint32_t hash, epop_span password, epop_span salt,
                            uint32_t iterations, uint8_t *salted)
{
    epop_scram_derivation derivation;
    int32_t result;

    derivation.p_crypto = crypto;
    derivation.p_hash = hash;
    derivation.p_left = iterations - 1;
    result = salt_first(&derivation, password, salt);
    if (result == EPOP_OK) {
        do {
            result = salt_more(&derivation, password, ROUNDS_AT_A_TIME);
        } while (result == EPOP_AGAIN);
    }
    epopi_copy(salted, derivation.p_salted, epopi_hash_length(hash));
    epopi_wipe((uint8_t *)&derivation, sizeof derivation);
    return result;
}

int32_t epopi_named_key(const epop_crypto *crypto, uint32_t hash, const uint8_t *salted, uint32_t which, uint8_t *key)
{
    epop_span text =
        which == EPOPI_CLIENT_KEY ? epopi_span(EPOPI_LITERAL("Client Key")) : epopi_span(EPOPI_LITERAL("Server Key"));

    return epopi_hmac(crypto, hash, epopi_span(salted, epopi_hash_length(hash)), &text, 1, key);
}

int32_t epopi_stored_key(const epop_crypto *crypto, uint32_t hash, const uint8_t *client_key, uint8_t *stored_key)
{
    return epopi_hash(crypto, hash, epopi_span(client_key, epopi_hash_length(hash)), stored_key);
}

/* Both keys from SaltedPassword. */
static int32_t derive_keys(const epop_crypto *crypto, uint32_t hash, const uint8_t *salted, uint8_t *stored_key,
                           uint8_t *server_key)
{
    uint8_t client_key[EPOP_HASH_MAX];
    int32_t result = epopi_named_key(crypto, hash, salted, EPOPI_CLIENT_KEY, client_key);

    if (result == EPOP_OK) {
        result = epopi_stored_key(crypto, hash, client_key, stored_key);
    }
    if (result == EPOP_OK) {
        result = epopi_named_key(crypto, hash, salted, EPOPI_SERVER_KEY, server_key);
    }
    epopi_wipe(client_key, sizeof client_key);
    return result;
}

static int32_t check_derive(const epop_scram_derivation *derivation, size_t size, uint32_t hash, size_t salt_len,
                            uint32_t iterations)
{
    if (size < sizeof *derivation) {
        return EPOP_ERR_STRUCT_SIZE;
    }
    return (hash != EPOP_HASH_SHA1 && hash != EPOP_HASH_SHA256) || iterations == 0 ||
                   salt_len - 1u >= EPOP_SCRAM_SALT_MAX
               ? EPOP_ERR_VALUE
               : EPOP_OK;
}

int32_t epop_scram_derive_begin(epop_scram_derivation *derivation, size_t size, const epop_crypto *crypto,
                                uint32_t hash, const void *password, size_t password_len, const void *salt,
                                size_t salt_len, uint32_t iterations)
{
    int32_t result;

    if (!derivation || !crypto || !password || !salt) {
        return EPOP_ERR_NULL;
    }
    result = check_derive(derivation, size, hash, salt_len, iterations);
    if (result != EPOP_OK) {
        return result;
    }
    derivation->p_crypto = crypto;
    derivation->p_hash = hash;
    derivation->p_left = iterations - 1;
    return salt_first(derivation, epopi_span((const uint8_t *)password, password_len),
                      epopi_span((const uint8_t *)salt, salt_len));
}

int32_t epop_scram_derive_step(epop_scram_derivation *derivation, const void *password, size_t password_len,
                               uint32_t rounds, uint8_t *stored_key, uint8_t *server_key)
{
    int32_t result;

    if (!derivation || !password || !stored_key || !server_key) {
        return EPOP_ERR_NULL;
    }
    result = salt_more(derivation, epopi_span((const uint8_t *)password, password_len), rounds);
    if (result == EPOP_OK) {
        result = derive_keys(derivation->p_crypto, derivation->p_hash, derivation->p_salted, stored_key, server_key);
    }
    if (result != EPOP_AGAIN) {
        epopi_wipe((uint8_t *)derivation, sizeof *derivation);
    }
    return result;
}

int32_t epop_scram_derive(const epop_crypto *crypto, uint32_t hash, const void *password, size_t password_len,
                          const void *salt, size_t salt_len, uint32_t iterations, uint8_t *stored_key,
                          uint8_t *server_key)
{
    epop_scram_derivation derivation;
    int32_t result;

    if (!stored_key || !server_key) {
        return EPOP_ERR_NULL;
    }
    result = epop_scram_derive_begin(&derivation, sizeof derivation, crypto, hash, password, password_len, salt,
                                     salt_len, iterations);
    if (result == EPOP_OK) {
        do {
            result =
                epop_scram_derive_step(&derivation, password, password_len, ROUNDS_AT_A_TIME, stored_key, server_key);
        } while (result == EPOP_AGAIN);
    }
    epopi_wipe((uint8_t *)&derivation, sizeof derivation);
    return result;
}
