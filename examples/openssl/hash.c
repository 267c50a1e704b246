/* epop_crypto from OpenSSL's libcrypto: all that SASL needs of a hash library.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "hash.h"

#include <limits.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#define HASH_NAME(hash) ((hash) == EPOP_HASH_MD5 ? "MD5" : (hash) == EPOP_HASH_SHA1 ? "SHA1" : "SHA256")

static int32_t openssl_hash(void *user, uint32_t hash, const epop_span *parts, size_t count, uint8_t *digest)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int good = context && EVP_DigestInit_ex(context, EVP_get_digestbyname(HASH_NAME(hash)), NULL);

    (void)user;
    for (; good && count > 0; parts++, count--) {
        good = EVP_DigestUpdate(context, parts->ptr, parts->len);
    }
    good = good && EVP_DigestFinal_ex(context, digest, NULL);
    EVP_MD_CTX_free(context);
    return good ? 0 : -1;
}

/* A context that has taken the key. To OpenSSL a key of no octets is none; HMAC fills with zeroes: one zero is it. */
static EVP_MAC_CTX *keyed(uint32_t hash, const epop_span *key)
{
    char name[8];
    OSSL_PARAM params[2] = {OSSL_PARAM_END, OSSL_PARAM_END};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(hmac);
    const uint8_t zero = 0;

    strcpy(name, HASH_NAME(hash));
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
    EVP_MAC_free(hmac);
    if (context && !EVP_MAC_init(context, key->len ? key->ptr : &zero, key->len ? key->len : 1, params)) {
        EVP_MAC_CTX_free(context);
        context = NULL;
    }
    return context;
}

static int32_t openssl_hmac(void *user, uint32_t hash, const epop_span *key, const epop_span *parts, size_t count,
                            uint8_t *mac)
{
    EVP_MAC_CTX *context = keyed(hash, key);
    int good = context != NULL;
    size_t len;

    (void)user;
    for (; good && count > 0; parts++, count--) {
        good = EVP_MAC_update(context, parts->ptr, parts->len);
    }
    good = good && EVP_MAC_final(context, mac, &len, EPOP_HASH_MAX);
    EVP_MAC_CTX_free(context);
    return good ? 0 : -1;
}

static int32_t openssl_rounds(void *user, uint32_t hash, const epop_span *password, uint32_t count, uint8_t *u,
                              uint8_t *sum)
{
    EVP_MAC_CTX *context = keyed(hash, password);
    int good = context != NULL;
    size_t len = context ? EVP_MAC_CTX_get_mac_size(context) : 0;

    (void)user;
    for (; good && count > 0; count--) {
        good = EVP_MAC_init(context, NULL, 0, NULL) && EVP_MAC_update(context, u, len) &&
               EVP_MAC_final(context, u, &len, EPOP_HASH_MAX);
        for (size_t i = 0; good && i < len; i++) {
            sum[i] ^= u[i];
        }
    }
    EVP_MAC_CTX_free(context);
    return good ? 0 : -1;
}

static int32_t openssl_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return len <= INT_MAX && RAND_bytes(dst, (int)len) == 1 ? 0 : -1;
}

int32_t openssl_crypto(epop_crypto *crypto)
{
    *crypto = (epop_crypto){.struct_size = sizeof *crypto,
                            .hashes = EPOP_HASH_MD5 | EPOP_HASH_SHA1 | EPOP_HASH_SHA256,
                            .hash = openssl_hash,
                            .hmac = openssl_hmac,
                            .rounds = openssl_rounds,
                            .random = openssl_random};
    return 0;
}
