/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "mechanisms.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a in 64 bits, well stirred. */
static uint64_t stir(uint64_t x, uint8_t octet)
{
    x = (x ^ octet) * UINT64_C(0x100000001b3);
    return x ^ (x >> 29);
}

static uint64_t stir_all(uint64_t x, const uint8_t *octets, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        x = stir(x, octets[i]);
    }
    return x;
}

static uint64_t stir_parts(uint64_t x, const epop_span *parts, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        x = stir_all(x, parts[i].ptr, parts[i].len);
    }
    return x;
}

static int32_t spread(uint64_t x, uint32_t hash, uint8_t *digest)
{
    size_t len = hash == EPOP_HASH_MD5 ? 16 : hash == EPOP_HASH_SHA1 ? 20 : 32;
    size_t i;

    for (i = 0; i < len; i++) {
        x = stir(x, (uint8_t)i);
        digest[i] = (uint8_t)(x >> 40);
    }
    return 0;
}

static int32_t toy_hash(void *user, uint32_t hash, const epop_span *parts, size_t count, uint8_t *digest)
{
    (void)user;
    return spread(stir_parts(hash, parts, count), hash, digest);
}

static int32_t toy_hmac(void *user, uint32_t hash, const epop_span *key, const epop_span *parts, size_t count,
                        uint8_t *mac)
{
    uint64_t x = stir_parts(stir(hash, 0x36), key, 1);

    (void)user;
    return spread(stir_parts(stir_parts(stir(x, 0x5C), parts, count), key, 1), hash, mac);
}

static int32_t toy_random(void *user, uint8_t *dst, size_t len)
{
    size_t i;

    (void)user;
    for (i = 0; i < len; i++) {
        dst[i] = (uint8_t)i;
    }
    return 0;
}

const epop_crypto fuzz_crypto = {
    sizeof fuzz_crypto, EPOP_HASH_MD5 | EPOP_HASH_SHA1 | EPOP_HASH_SHA256, NULL, toy_hash, toy_hmac, NULL, toy_random};

static uint32_t has_secret(const uint8_t *octets, size_t len)
{
    size_t i;

    for (i = 0; i + 6 <= len; i++) {
        if (octets[i] == 's' && memcmp(octets + i, "s3cr3t", 6) == 0) {
            return 1;
        }
    }
    return 0;
}

void fuzz_holds_no_secret(const fuzz_input *input, const void *memory, size_t len)
{
    FUZZ_CHECK(!has_secret(memory, len) || has_secret(input->octets, input->len));
}

/* ------------------------------------------------------------------------------------------------------------------ */

#ifdef FUZZ_NO_SASL
const epop_sasl_config fuzz_sasl_config = {0};

epop_sasl *fuzz_sasl_open(epop_sasl *sasl, uint8_t **buffer)
{
    (void)sasl;
    *buffer = NULL;
    return NULL;
}

void fuzz_scram_key(uint32_t hash, uint8_t *keys, epop_scram_key *key)
{
    (void)hash;
    memset(keys, 0, 2 * EPOP_HASH_MAX);
    memset(key, 0, sizeof *key);
}
#else
static const epop_sasl_mechanism all[] = {epop_sasl_scram_sha_256_plus,
                                          epop_sasl_scram_sha_1_plus,
                                          epop_sasl_scram_sha_256,
                                          epop_sasl_scram_sha_1,
                                          epop_sasl_oauthbearer,
                                          epop_sasl_xoauth2,
                                          epop_sasl_external,
                                          epop_sasl_cram_md5,
                                          epop_sasl_plain,
                                          epop_sasl_login,
                                          epop_sasl_anonymous,
                                          epop_sasl_apop};

const epop_sasl_config fuzz_sasl_config = {sizeof fuzz_sasl_config,
                                           sizeof all / sizeof *all,
                                           all,
                                           &fuzz_crypto,
                                           EPOP_SASL_ASK_AUTHZID,
                                           995,
                                           "pop.example.com",
                                           15,
                                           1,
                                           10,
                                           FUZZ_ITERATIONS,
                                           "sixteen octets!!",
                                           16};

epop_sasl *fuzz_sasl_open(epop_sasl *sasl, uint8_t **buffer)
{
    *buffer = malloc(FUZZ_BUFFER);
    FUZZ_CHECK(*buffer != NULL);
    FUZZ_CHECK(epop_sasl_init(sasl, sizeof *sasl, &fuzz_sasl_config, *buffer, FUZZ_BUFFER) == EPOP_OK);
    return sasl;
}

/* One round at a time comes to the same as all at once. */
static void check_slices(uint32_t hash, size_t len, const uint8_t *keys)
{
    uint8_t sliced[2 * EPOP_HASH_MAX];
    epop_scram_derivation derivation;
    int32_t result =
        epop_scram_derive_begin(&derivation, sizeof derivation, &fuzz_crypto, hash, FUZZ_PASSWORD,
                                sizeof FUZZ_PASSWORD - 1, FUZZ_SALT, sizeof FUZZ_SALT - 1, FUZZ_ITERATIONS);

    FUZZ_CHECK(result == EPOP_OK);
    do {
        result = epop_scram_derive_step(&derivation, FUZZ_PASSWORD, sizeof FUZZ_PASSWORD - 1, 1, sliced,
                                        sliced + EPOP_HASH_MAX);
    } while (result == EPOP_AGAIN);
    FUZZ_CHECK(result == EPOP_OK);
    FUZZ_CHECK(memcmp(sliced, keys, len) == 0);
    FUZZ_CHECK(memcmp(sliced + EPOP_HASH_MAX, keys + EPOP_HASH_MAX, len) == 0);
}

void fuzz_scram_key(uint32_t hash, uint8_t *keys, epop_scram_key *key)
{
    size_t len = hash == EPOP_HASH_SHA256 ? 32 : 20;

    memset(key, 0, sizeof *key);
    key->struct_size = sizeof *key;
    key->iterations = FUZZ_ITERATIONS;
    key->salt.ptr = (const uint8_t *)FUZZ_SALT;
    key->salt.len = sizeof FUZZ_SALT - 1;
    key->stored_key.ptr = keys;
    key->server_key.ptr = keys + EPOP_HASH_MAX;
    key->stored_key.len = key->server_key.len = len;
    FUZZ_CHECK(epop_scram_derive(&fuzz_crypto, hash, FUZZ_PASSWORD, sizeof FUZZ_PASSWORD - 1, FUZZ_SALT,
                                 sizeof FUZZ_SALT - 1, FUZZ_ITERATIONS, keys, keys + EPOP_HASH_MAX) == EPOP_OK);
    check_slices(hash, len, keys);
}
#endif
