/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "scram_peer.h"

#include "../../examples/openssl/hash.h"
#include "../wire/octets.h"

#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

size_t scram_length(uint32_t hash)
{
    return hash == EPOP_HASH_SHA256 ? 32 : 20;
}

static const EVP_MD *digest(uint32_t hash)
{
    return hash == EPOP_HASH_SHA256 ? EVP_sha256() : EVP_sha1();
}

void scram_encode(char *text, const void *octets, size_t len)
{
    (void)EVP_EncodeBlock((unsigned char *)text, octets, (int)len);
}

static void mac(uint32_t hash, const uint8_t *key, const char *text, uint8_t *out)
{
    assert_non_null(
        HMAC(digest(hash), key, (int)scram_length(hash), (const unsigned char *)text, strlen(text), out, NULL));
}

void scram_salted(const scram_peer *p, uint8_t *salted)
{
    assert_int_equal(PKCS5_PBKDF2_HMAC(p->password, (int)strlen(p->password), (const unsigned char *)p->salt,
                                       (int)strlen(p->salt), (int)p->iterations, digest(p->hash),
                                       (int)scram_length(p->hash), salted),
                     1);
}

void scram_client_key(const scram_peer *p, uint8_t *key)
{
    uint8_t salted[EPOP_HASH_MAX];

    scram_salted(p, salted);
    mac(p->hash, salted, "Client Key", key);
}

void scram_stored_key(const scram_peer *p, uint8_t *key)
{
    uint8_t client_key[EPOP_HASH_MAX];

    scram_client_key(p, client_key);
    assert_int_equal(EVP_Digest(client_key, scram_length(p->hash), key, NULL, digest(p->hash), NULL), 1);
}

void scram_server_key(const scram_peer *p, uint8_t *key)
{
    uint8_t salted[EPOP_HASH_MAX];

    scram_salted(p, salted);
    mac(p->hash, salted, "Server Key", key);
}

static void sign(const scram_peer *p, const uint8_t *key, uint8_t *out)
{
    char text[3 * sizeof p->bare];

    snprintf(text, sizeof text, "%s,%s,%s", p->bare, p->challenge, p->final);
    mac(p->hash, key, text, out);
}

void scram_proof(const scram_peer *p, char *base64)
{
    uint8_t key[EPOP_HASH_MAX], proof[EPOP_HASH_MAX];

    scram_stored_key(p, key);
    sign(p, key, proof);
    scram_client_key(p, key);
    for (size_t i = 0; i < scram_length(p->hash); i++) {
        proof[i] ^= key[i];
    }
    scram_encode(base64, proof, scram_length(p->hash));
}

void scram_signature(const scram_peer *p, char *base64)
{
    uint8_t key[EPOP_HASH_MAX], signature[EPOP_HASH_MAX];

    scram_server_key(p, key);
    sign(p, key, signature);
    scram_encode(base64, signature, scram_length(p->hash));
}

/* ------------------------------------------------------------------------------------------------------------------ */

const char *swap_from, *swap_to;

static epop_crypto openssl;

/* All parts one behind the other, with one text in place of another. */
static size_t join(const epop_span *parts, size_t count, uint8_t *all, size_t cap)
{
    size_t len = 0;
    size_t from_len = swap_from ? strlen(swap_from) : 0;

    for (size_t i = 0; i < count; i++) {
        assert_true(len + parts[i].len <= cap);
        memcpy(all + len, parts[i].ptr, parts[i].len);
        len += parts[i].len;
    }
    for (size_t i = 0; from_len > 0 && i + from_len <= len; i++) {
        size_t to_len = strlen(swap_to);
        if (memcmp(all + i, swap_from, from_len) == 0) {
            assert_true(len + to_len <= cap);
            memmove(all + i + to_len, all + i + from_len, len - i - from_len);
            memcpy(all + i, swap_to, to_len);
            len += to_len - from_len;
            i += to_len - 1;
        }
    }
    return len;
}

static int32_t spoiling_hash(void *user, uint32_t hash, const epop_span *parts, size_t count, uint8_t *out)
{
    memset(out, 0xA5, scram_length(hash));
    return openssl.hash(user, hash, parts, count, out);
}

static int32_t spoiling_hmac(void *user, uint32_t hash, const epop_span *key, const epop_span *parts, size_t count,
                             uint8_t *out)
{
    uint8_t all[4096];
    epop_span whole = {all, 0};

    memset(out, 0xA5, scram_length(hash));
    whole.len = join(parts, count, all, sizeof all);
    return openssl.hmac(user, hash, key, &whole, 1, out);
}

static int32_t known_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    for (size_t i = 0; i < len; i++) {
        dst[i] = (uint8_t)(0x0F + 0x11 * i);
    }
    return 0;
}

void scram_crypto(epop_crypto *crypto)
{
    assert_int_equal(openssl_crypto(&openssl), 0);
    *crypto = openssl;
    crypto->hash = spoiling_hash;
    crypto->hmac = spoiling_hmac;
    crypto->random = known_random;
}
