/* The hash interface as PSA and OpenSSL fill it, against the vectors of the RFCs.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include <epop/mbedtls.h>

#ifdef TEST_OPENSSL
#include "hash.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct vector {
    uint32_t hash;
    uint8_t key_octet; /* repeated, where `key` is NULL */
    size_t key_len;
    const char *key;
    uint8_t data_octet;
    size_t data_len;
    const char *data;
    const char *expected; /* hexadecimal */
} vector;

#define LONG_KEY "Test Using Larger Than Block-Size Key - Hash Key First"
#define LONG_BOTH "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"
#define LONG_BOTH_2                                                                                                    \
    "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed " \
    "before being used by the HMAC algorithm."

static const vector macs[] = {
    /* RFC 2202 section 2 (the first three are of RFC 2104 too), RFC 2202 section 3, RFC 4231 section 4 */
    {EPOP_HASH_MD5, 0x0b, 16, NULL, 0, 8, "Hi There", "9294727a3638bb1c13f48ef8158bfc9d"},
    {EPOP_HASH_MD5, 0, 4, "Jefe", 0, 28, "what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738"},
    {EPOP_HASH_MD5, 0xaa, 16, NULL, 0xdd, 50, NULL, "56be34521d144c88dbb8c733f0e8b3f6"},
    {EPOP_HASH_MD5, 0x0c, 16, NULL, 0, 20, "Test With Truncation", "56461ef2342edc00f9bab995690efd4c"},
    {EPOP_HASH_MD5, 0xaa, 80, NULL, 0, 54, LONG_KEY, "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"},
    {EPOP_HASH_MD5, 0xaa, 80, NULL, 0, 73, LONG_BOTH, "6f630fad67cda0ee1fb1f562db3aa53e"},
    {EPOP_HASH_SHA1, 0x0b, 20, NULL, 0, 8, "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"},
    {EPOP_HASH_SHA1, 0, 4, "Jefe", 0, 28, "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
    {EPOP_HASH_SHA1, 0xaa, 20, NULL, 0xdd, 50, NULL, "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
    {EPOP_HASH_SHA1, 0xaa, 80, NULL, 0, 54, LONG_KEY, "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
    {EPOP_HASH_SHA1, 0xaa, 80, NULL, 0, 73, LONG_BOTH, "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
    {EPOP_HASH_SHA256, 0x0b, 20, NULL, 0, 8, "Hi There",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {EPOP_HASH_SHA256, 0, 4, "Jefe", 0, 28, "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {EPOP_HASH_SHA256, 0xaa, 20, NULL, 0xdd, 50, NULL,
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {EPOP_HASH_SHA256, 0xaa, 131, NULL, 0, 54, LONG_KEY,
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {EPOP_HASH_SHA256, 0xaa, 131, NULL, 0, 152, LONG_BOTH_2,
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    /* Python's hmac: no key, no data, and a key longer than PSA imports */
    {EPOP_HASH_MD5, 0, 0, "", 0, 0, "", "74e6f7298a9c2d168935f58c001bad88"},
    {EPOP_HASH_SHA1, 0, 0, "", 0, 0, "", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"},
    {EPOP_HASH_SHA256, 0, 0, "", 0, 0, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    {EPOP_HASH_SHA256, 0x61, 9000, NULL, 0, 3, "abc",
     "7dfba98c9a43340cd72b572bf4b4cb5782cd29e6428085143e3c6aa1d54109ce"},
};

static const vector digests[] = {
    /* RFC 1321 appendix A.5, RFC 3174 section 7.3, RFC 6234 section 8.5 */
    {EPOP_HASH_MD5, 0, 0, NULL, 0, 0, "", "d41d8cd98f00b204e9800998ecf8427e"},
    {EPOP_HASH_MD5, 0, 0, NULL, 0, 3, "abc", "900150983cd24fb0d6963f7d28e17f72"},
    {EPOP_HASH_MD5, 0, 0, NULL, 0, 14, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    {EPOP_HASH_SHA1, 0, 0, NULL, 0, 3, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {EPOP_HASH_SHA1, 0, 0, NULL, 0, 56, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    {EPOP_HASH_SHA256, 0, 0, NULL, 0, 3, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {EPOP_HASH_SHA256, 0, 0, NULL, 0, 56, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

typedef struct derived {
    uint32_t hash;
    const char *password;
    size_t password_len;
    const char *salt;
    size_t salt_len;
    uint32_t count;
    const char *expected; /* the first block, or its beginning */
} derived;

static const derived keys[] = {
    /* RFC 6070 section 2, and two of SHA-256 from Python's hashlib */
    {EPOP_HASH_SHA1, "password", 8, "salt", 4, 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
    {EPOP_HASH_SHA1, "password", 8, "salt", 4, 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
    {EPOP_HASH_SHA1, "password", 8, "salt", 4, 4096, "4b007901b765489abead49d926f721d065a429c1"},
    {EPOP_HASH_SHA1, "passwordPASSWORDpassword", 24, "saltSALTsaltSALTsaltSALTsaltSALTsalt", 36, 4096,
     "3d2eec4fe41c849b80c8d83662c0e44a8b291a96"},
    {EPOP_HASH_SHA1, "pass\0word", 9, "sa\0lt", 5, 4096, "56fa6aa75548099dcc37d7f03425e0c3"},
    {EPOP_HASH_SHA256, "password", 8, "salt", 4, 1, "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"},
    {EPOP_HASH_SHA256, "password", 8, "salt", 4, 4096,
     "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"},
};

static void assert_hex(const uint8_t *octets, const char *expected)
{
    char hex[3];
    size_t i;

    for (i = 0; i < strlen(expected) / 2; i++) {
        hex[0] = "0123456789abcdef"[octets[i] >> 4];
        hex[1] = "0123456789abcdef"[octets[i] & 15];
        hex[2] = '\0';
        if (memcmp(hex, expected + 2 * i, 2) != 0) {
            fail_msg("octet %zu is %s, not as in %s", i, hex, expected);
        }
    }
}

static epop_span text_or_repeated(const char *text, uint8_t octet, size_t len)
{
    epop_span span;
    uint8_t *copy = (uint8_t *)malloc(len + 1);

    assert_non_null(copy);
    if (text) {
        memcpy(copy, text, len);
    } else {
        memset(copy, octet, len);
    }
    span.ptr = copy;
    span.len = len;
    return span;
}

static void release(epop_span span)
{
    free((void *)(uintptr_t)span.ptr);
}

/* The same in one part, in two at every place, and with an empty part between. */
static void try_vector(const epop_crypto *crypto, const vector *v, int is_mac)
{
    epop_span key = text_or_repeated(v->key, v->key_octet, v->key_len);
    epop_span data = text_or_repeated(v->data, v->data_octet, v->data_len);
    uint8_t out[EPOP_HASH_MAX];
    epop_span parts[3];
    size_t cut;

    for (cut = 0; cut <= data.len; cut++) {
        parts[0].ptr = data.ptr;
        parts[0].len = cut;
        parts[1].ptr = NULL;
        parts[1].len = 0;
        parts[2].ptr = data.ptr + cut;
        parts[2].len = data.len - cut;
        memset(out, 0, sizeof out);
        assert_int_equal(is_mac ? crypto->hmac(crypto->user, v->hash, &key, parts, 3, out)
                                : crypto->hash(crypto->user, v->hash, parts, 3, out),
                         0);
        assert_hex(out, v->expected);
    }
    release(key);
    release(data);
}

static void test_hash(void **state)
{
    size_t i;

    for (i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        try_vector((const epop_crypto *)*state, &digests[i], 0);
    }
}

static void test_hmac(void **state)
{
    size_t i;

    for (i = 0; i < sizeof macs / sizeof macs[0]; i++) {
        try_vector((const epop_crypto *)*state, &macs[i], 1);
    }
}

/* U1 by hmac, the others by rounds in portions. */
static void derive(const epop_crypto *crypto, const derived *d, uint32_t portion, uint8_t *sum)
{
    epop_span password = text_or_repeated(d->password, 0, d->password_len);
    epop_span parts[2];
    uint8_t u[EPOP_HASH_MAX];
    uint32_t left = d->count - 1;

    parts[0].ptr = (const uint8_t *)d->salt;
    parts[0].len = d->salt_len;
    parts[1].ptr = (const uint8_t *)"\0\0\0\1";
    parts[1].len = 4;
    assert_int_equal(crypto->hmac(crypto->user, d->hash, &password, parts, 2, u), 0);
    memcpy(sum, u, sizeof u);
    while (left > 0) {
        uint32_t now = left < portion ? left : portion;
        assert_int_equal(crypto->rounds(crypto->user, d->hash, &password, now, u, sum), 0);
        left -= now;
    }
    release(password);
}

static void test_rounds(void **state)
{
    const epop_crypto *crypto = (const epop_crypto *)*state;
    uint8_t sum[EPOP_HASH_MAX];
    size_t i;

    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        derive(crypto, &keys[i], 1000000, sum);
        assert_hex(sum, keys[i].expected);
        derive(crypto, &keys[i], 300, sum);
        assert_hex(sum, keys[i].expected);
    }
}

static void test_unknown_hash(void **state)
{
    const epop_crypto *crypto = (const epop_crypto *)*state;

    assert_int_equal(crypto->struct_size, sizeof *crypto);
    assert_int_equal(crypto->hashes, EPOP_HASH_MD5 | EPOP_HASH_SHA1 | EPOP_HASH_SHA256);
}

/* All that a test can say: two draws differ, all octets are written, and none beside them. */
static void test_random(void **state)
{
    const epop_crypto *crypto = (const epop_crypto *)*state;
    uint8_t draws[2][64];
    size_t changed = 0;
    size_t i;

    memset(draws, 0x5a, sizeof draws);
    assert_int_equal(crypto->random(crypto->user, draws[0], 62), 0);
    assert_int_equal(crypto->random(crypto->user, draws[1], 62), 0);
    assert_memory_not_equal(draws[0], draws[1], 62);
    for (i = 0; i < 62; i++) {
        changed += draws[0][i] != 0x5a || draws[1][i] != 0x5a;
    }
    assert_true(changed > 55);
    assert_int_equal(draws[0][62], 0x5a);
    assert_int_equal(draws[1][63], 0x5a);
    assert_int_equal(crypto->random(crypto->user, draws[0], 0), 0);
}

static void test_arguments(void **state)
{
    epop_crypto crypto = {0};

    (void)state;
    assert_int_equal(epop_mbedtls_crypto(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_mbedtls_crypto(&crypto), EPOP_ERR_STRUCT_SIZE);
}

static int32_t all_of(const char *name, epop_crypto *crypto)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_hash, crypto),         cmocka_unit_test_prestate(test_hmac, crypto),
        cmocka_unit_test_prestate(test_rounds, crypto),       cmocka_unit_test_prestate(test_random, crypto),
        cmocka_unit_test_prestate(test_unknown_hash, crypto), cmocka_unit_test(test_arguments),
    };

    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
    epop_crypto psa = {0};
    int failed = 0;

    psa.struct_size = sizeof psa;
    failed += epop_mbedtls_crypto(&psa) != EPOP_OK;
    failed += all_of("PSA", &psa);
#ifdef TEST_OPENSSL
    {
        epop_crypto openssl = {0};
        failed += openssl_crypto(&openssl) != 0;
        failed += all_of("OpenSSL", &openssl);
    }
#endif
    return failed;
}
