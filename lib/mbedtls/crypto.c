/* The hash interface of SASL, from PSA Crypto: the one interface to hashes that mbedTLS 2.28, 3.x and 4.x share.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include <epop/mbedtls.h>

#include "wire/check.h"
#include "wire/octets.h"

#include <psa/crypto.h>

enum { BLOCK = 64 }; /* of MD5, SHA-1 and SHA-256 alike; RFC 2104 section 2 hashes longer keys first */

static psa_algorithm_t algorithm(uint32_t hash)
{
    switch (hash) {
    case EPOP_HASH_MD5:
        return PSA_ALG_MD5;
    case EPOP_HASH_SHA1:
        return PSA_ALG_SHA_1;
    case EPOP_HASH_SHA256:
        return PSA_ALG_SHA_256;
    default:
        return PSA_ALG_NONE;
    }
}

static int32_t failed(psa_status_t status)
{
    return status == PSA_SUCCESS ? EPOP_OK : EPOP_ERR_CRYPTO;
}

static int32_t digest_parts(void *user, uint32_t hash, const epop_span *parts, size_t count, uint8_t *digest)
{
    psa_hash_operation_t operation = PSA_HASH_OPERATION_INIT;
    psa_status_t status = psa_hash_setup(&operation, algorithm(hash));
    size_t len;

    (void)user;
    for (; status == PSA_SUCCESS && count > 0; parts++, count--) {
        if (parts->len > 0) {
            status = psa_hash_update(&operation, parts->ptr, parts->len);
        }
    }
    if (status == PSA_SUCCESS) {
        status = psa_hash_finish(&operation, digest, PSA_HASH_LENGTH(algorithm(hash)), &len);
    }
    (void)psa_hash_abort(&operation);
    return failed(status);
}

static psa_status_t import(uint32_t hash, const uint8_t *octets, size_t len, psa_key_id_t *id)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;

    psa_set_key_type(&attributes, PSA_KEY_TYPE_HMAC);
    psa_set_key_algorithm(&attributes, PSA_ALG_HMAC(algorithm(hash)));
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_MESSAGE);
    return psa_import_key(&attributes, octets, len, id);
}

/* PSA takes neither keys of no octets nor, everywhere, long ones. HMAC fills keys with zeroes up to a block, so that an
 * empty one is as good as one zero; and it begins with the digest of those that are longer. */
static psa_status_t import_any(uint32_t hash, const epop_span *key, psa_key_id_t *id)
{
    uint8_t digest[EPOP_HASH_MAX] = {0};
    psa_status_t status;

    if (key->len == 0) {
        status = import(hash, digest, 1, id);
    } else if (key->len <= BLOCK) {
        status = import(hash, key->ptr, key->len, id);
    } else if (digest_parts(NULL, hash, key, 1, digest) == EPOP_OK) {
        status = import(hash, digest, PSA_HASH_LENGTH(algorithm(hash)), id);
    } else {
        status = PSA_ERROR_GENERIC_ERROR;
    }
    epopi_wipe(digest, sizeof digest);
    return status;
}

static psa_status_t sign_parts(psa_key_id_t id, uint32_t hash, const epop_span *parts, size_t count, uint8_t *mac)
{
    psa_mac_operation_t operation = PSA_MAC_OPERATION_INIT;
    psa_status_t status = psa_mac_sign_setup(&operation, id, PSA_ALG_HMAC(algorithm(hash)));
    size_t len;

    for (; status == PSA_SUCCESS && count > 0; parts++, count--) {
        if (parts->len > 0) {
            status = psa_mac_update(&operation, parts->ptr, parts->len);
        }
    }
    if (status == PSA_SUCCESS) {
        status = psa_mac_sign_finish(&operation, mac, PSA_HASH_LENGTH(algorithm(hash)), &len);
    }
    (void)psa_mac_abort(&operation);
    return status;
}

static int32_t mac_parts(void *user, uint32_t hash, const epop_span *key, const epop_span *parts, size_t count,
                         uint8_t *mac)
{
    psa_key_id_t id;
    psa_status_t status = import_any(hash, key, &id);

    (void)user;
    if (status == PSA_SUCCESS) {
        status = sign_parts(id, hash, parts, count, mac);
        (void)psa_destroy_key(id);
    }
    return failed(status);
}

static psa_status_t round_once(psa_key_id_t id, uint32_t hash, size_t len, uint8_t *u, uint8_t *sum)
{
    epop_span part = epopi_span(u, len);
    psa_status_t status = sign_parts(id, hash, &part, 1, u);
    size_t i;

    for (i = 0; status == PSA_SUCCESS && i < len; i++) {
        sum[i] = (uint8_t)(sum[i] ^ u[i]);
    }
    return status;
}

static int32_t rounds(void *user, uint32_t hash, const epop_span *password, uint32_t count, uint8_t *u, uint8_t *sum)
{
    psa_key_id_t id;
    psa_status_t status = import_any(hash, password, &id);

    (void)user;
    if (status != PSA_SUCCESS) {
        return EPOP_ERR_CRYPTO;
    }
    for (; status == PSA_SUCCESS && count > 0; count--) {
        status = round_once(id, hash, PSA_HASH_LENGTH(algorithm(hash)), u, sum);
    }
    (void)psa_destroy_key(id);
    return failed(status);
}

static int32_t unguessable(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return len > 0 ? failed(psa_generate_random(dst, len)) : EPOP_OK;
}

/* A build of mbedTLS may lack some; asking it is surer than asking its configuration, whose names have changed. */
static uint32_t able(uint32_t hash)
{
    uint8_t octets[EPOP_HASH_MAX] = {0};
    epop_span none = epopi_span(octets, 0);

    return digest_parts(NULL, hash, NULL, 0, octets) == EPOP_OK &&
                   mac_parts(NULL, hash, &none, NULL, 0, octets) == EPOP_OK
               ? hash
               : 0;
}

int32_t epop_mbedtls_crypto(epop_crypto *crypto)
{
    int32_t result = epopi_check_struct(crypto, sizeof *crypto);

    if (result != EPOP_OK) {
        return result;
    }
    if (psa_crypto_init() != PSA_SUCCESS) {
        return EPOP_ERR_CRYPTO;
    }
    crypto->hashes = able(EPOP_HASH_MD5) | able(EPOP_HASH_SHA1) | able(EPOP_HASH_SHA256);
    crypto->user = NULL;
    crypto->hash = digest_parts;
    crypto->hmac = mac_parts;
    crypto->rounds = rounds;
    crypto->random = unguessable;
    return crypto->hashes != 0 ? EPOP_OK : EPOP_ERR_CRYPTO;
}
