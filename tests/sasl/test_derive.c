/* What a server keeps of a password, made at once and in slices: the users of RFC 5802 section 5 and RFC 7677 section
 * 3, with keys worked out by Python's hashlib.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "drive.h"
#include "scram_peer.h"

typedef struct known {
    uint32_t hash;
    const char *salt;
    size_t salt_len;
    const char *stored_key, *server_key;
} known;

static const known users[] = {
    {EPOP_HASH_SHA1, TEXT("\x41\x25\xC2\x47\xE4\x3A\xB1\xE9\x3C\x6D\xFF\x76"),
     "\xe9\xd9\x46\x60\xc3\x9d\x65\xc3\x8f\xba\xd9\x1c\x35\x8f\x14\xda\x0e\xef\x2b\xd6",
     "\x0f\xe0\x92\x58\xb3\xac\x85\x2b\xa5\x02\xcc\x62\xba\x90\x3e\xaa\xcd\xbf\x7d\x31"},
    {EPOP_HASH_SHA256, TEXT("\x5B\x6D\x99\x68\x9D\x12\x35\x8E\xEC\xA0\x4B\x14\x12\x36\xFA\x81"),
     "\x58\x6e\x5d\xf2\x83\xe6\xdc\xeb\x5c\x3e\x79\x1d\x8b\x85\x28\xec\x19\x1e\x66\x40\x45\xce\x97\x17\x92\xe2\xe6\xb5"
     "\xbb\x13\xe2\xa6",
     "\xc1\xf3\xcb\xc1\xc1\x3a\x9d\x35\xa1\x4c\x09\x90\xee\xd9\x76\x29\xea\x22\x58\x63\xe5\x66\xa4\x31\x4a\xb9\x9f\x3f"
     "\x00\xe5\xd9\xd5"},
};

static const char password[] = "pencil";
static epop_crypto crypto;
static uint8_t stored_key[EPOP_HASH_MAX], server_key[EPOP_HASH_MAX];

static int set_up(void **state)
{
    (void)state;
    scram_crypto(&crypto);
    memset(stored_key, 0, sizeof stored_key);
    memset(server_key, 0, sizeof server_key);
    return 0;
}

static int32_t begin(epop_scram_derivation *derivation, const known *user, uint32_t iterations)
{
    return epop_scram_derive_begin(derivation, sizeof *derivation, &crypto, user->hash, password, 6, user->salt,
                                   user->salt_len, iterations);
}

static int32_t step(epop_scram_derivation *derivation, uint32_t rounds)
{
    return epop_scram_derive_step(derivation, password, 6, rounds, stored_key, server_key);
}

static void assert_keys(const known *user)
{
    assert_memory_equal(stored_key, user->stored_key, scram_length(user->hash));
    assert_memory_equal(server_key, user->server_key, scram_length(user->hash));
}

static void at_once(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        const known *user = &users[i];

        assert_int_equal(epop_scram_derive(&crypto, user->hash, password, 6, user->salt, user->salt_len, 4096,
                                           stored_key, server_key),
                         EPOP_OK);
        assert_keys(user);
    }
}

/* A hash interface without `rounds`: hmac does them, and the keys are the same. */
static void without_rounds(void **state)
{
    (void)state;
    crypto.rounds = NULL;
    at_once(state);
}

/* Whatever the slices, the keys are the same, and as many slices are needed as the rounds after the first one fill. */
static void in_slices(void **state)
{
    static const uint32_t slices[] = {1, 3, 256, 4094, 4095, 4096, UINT32_MAX};
    epop_scram_derivation derivation, zeroes;
    uint32_t i, used;

    (void)state;
    memset(&zeroes, 0, sizeof zeroes);
    for (i = 0; i < 2 * sizeof slices / sizeof *slices; i++) {
        uint32_t slice = slices[i / 2];
        uint32_t needed = slice >= 4095 ? 1 : (4095 + slice - 1) / slice;

        set_up(NULL);
        assert_int_equal(begin(&derivation, &users[i % 2], 4096), EPOP_OK);
        for (used = 1; used < needed; used++) {
            assert_int_equal(step(&derivation, slice), EPOP_AGAIN);
        }
        assert_int_equal(step(&derivation, slice), EPOP_OK);
        assert_keys(&users[i % 2]);
        assert_memory_equal(&derivation, &zeroes, sizeof zeroes);
    }
}

/* One iteration is done by begin; no rounds at a time are no error, and no progress. */
static void the_least(void **state)
{
    epop_scram_derivation derivation;
    uint8_t same[2][EPOP_HASH_MAX];

    (void)state;
    assert_int_equal(epop_scram_derive(&crypto, EPOP_HASH_SHA1, password, 6, "salt", 4, 1, same[0], same[1]), EPOP_OK);
    assert_int_equal(
        epop_scram_derive_begin(&derivation, sizeof derivation, &crypto, EPOP_HASH_SHA1, password, 6, "salt", 4, 1),
        EPOP_OK);
    assert_int_equal(step(&derivation, 0), EPOP_OK);
    assert_memory_equal(stored_key, same[0], 20);
    assert_memory_equal(server_key, same[1], 20);
    assert_int_equal(begin(&derivation, &users[0], 2), EPOP_OK);
    assert_int_equal(step(&derivation, 0), EPOP_AGAIN);
    assert_int_equal(step(&derivation, 1), EPOP_OK);
}

static void wrong_calls(void **state)
{
    const known *user = &users[1];
    epop_scram_derivation d;

    (void)state;
#define BEGIN(d, size, crypto, hash, password, salt, salt_len, iterations)                                             \
    epop_scram_derive_begin(d, size, crypto, hash, password, 6, salt, salt_len, iterations)
    assert_int_equal(BEGIN(NULL, sizeof d, &crypto, user->hash, password, user->salt, 16, 1), EPOP_ERR_NULL);
    assert_int_equal(BEGIN(&d, sizeof d, NULL, user->hash, password, user->salt, 16, 1), EPOP_ERR_NULL);
    assert_int_equal(BEGIN(&d, sizeof d, &crypto, user->hash, NULL, user->salt, 16, 1), EPOP_ERR_NULL);
    assert_int_equal(BEGIN(&d, sizeof d, &crypto, user->hash, password, NULL, 16, 1), EPOP_ERR_NULL);
    assert_int_equal(BEGIN(&d, sizeof d - 1, &crypto, user->hash, password, user->salt, 16, 1), EPOP_ERR_STRUCT_SIZE);
    assert_int_equal(BEGIN(&d, sizeof d, &crypto, EPOP_HASH_MD5, password, user->salt, 16, 1), EPOP_ERR_VALUE);
    assert_int_equal(BEGIN(&d, sizeof d, &crypto, user->hash, password, user->salt, 0, 1), EPOP_ERR_VALUE);
    assert_int_equal(BEGIN(&d, sizeof d, &crypto, user->hash, password, user->salt, 65, 1), EPOP_ERR_VALUE);
    assert_int_equal(BEGIN(&d, sizeof d, &crypto, user->hash, password, user->salt, 16, 0), EPOP_ERR_VALUE);
#undef BEGIN
    assert_int_equal(begin(&d, user, 2), EPOP_OK);
    assert_int_equal(epop_scram_derive_step(NULL, password, 6, 1, stored_key, server_key), EPOP_ERR_NULL);
    assert_int_equal(epop_scram_derive_step(&d, NULL, 6, 1, stored_key, server_key), EPOP_ERR_NULL);
    assert_int_equal(epop_scram_derive_step(&d, password, 6, 1, NULL, server_key), EPOP_ERR_NULL);
    assert_int_equal(epop_scram_derive_step(&d, password, 6, 1, stored_key, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_scram_derive(NULL, user->hash, password, 6, "salt", 4, 1, stored_key, server_key),
                     EPOP_ERR_NULL);
    assert_int_equal(epop_scram_derive(&crypto, user->hash, NULL, 6, "salt", 4, 1, stored_key, server_key),
                     EPOP_ERR_NULL);
    assert_int_equal(epop_scram_derive(&crypto, user->hash, password, 6, NULL, 4, 1, stored_key, server_key),
                     EPOP_ERR_NULL);
    assert_int_equal(epop_scram_derive(&crypto, user->hash, password, 6, "salt", 4, 1, NULL, server_key),
                     EPOP_ERR_NULL);
    assert_int_equal(epop_scram_derive(&crypto, user->hash, password, 6, "salt", 4, 1, stored_key, NULL),
                     EPOP_ERR_NULL);
    assert_int_equal(epop_scram_derive(&crypto, user->hash, password, 6, "salt", 4, 0, stored_key, server_key),
                     EPOP_ERR_VALUE);
    assert_int_equal(epop_scram_derive(&crypto, 0, password, 6, "salt", 4, 1, stored_key, server_key), EPOP_ERR_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(at_once, set_up),     cmocka_unit_test_setup(without_rounds, set_up),
        cmocka_unit_test_setup(in_slices, set_up),   cmocka_unit_test_setup(the_least, set_up),
        cmocka_unit_test_setup(wrong_calls, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
