/* What a login asks of a password, worked out in slices: is it the user's, or which keys has SCRAM for it?
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "hashing.h"

#include <stdlib.h>
#include <string.h>

#include "wipe.h"

/* Rounds of HMAC in a slice: something like a millisecond, so that nobody else waits for longer than that. */
enum { SLICE_ROUNDS = 1024 };

void auth_key_point(struct auth_key *memory, uint32_t hash, epop_scram_key *key)
{
    memset(key, 0, sizeof *key);
    key->struct_size = sizeof *key;
    key->salt.ptr = memory->salt;
    key->stored_key.ptr = memory->stored_key;
    key->server_key.ptr = memory->server_key;
    key->stored_key.len = key->server_key.len = hash == EPOP_HASH_SHA1 ? 20 : SECRET_DIGEST;
}

struct hashing *hashing_new(const epop_crypto *crypto, uint32_t hash, const epop_scram_key *key, epop_span name,
                            epop_span password)
{
    struct hashing *hashing = calloc(1, sizeof *hashing);

    if (hashing == NULL) {
        return NULL;
    }
    hashing->hash = hash;
    hashing->is_good = password.len <= sizeof hashing->password;
    hashing->length = hashing->is_good ? password.len : sizeof hashing->password;
    memcpy(hashing->password, password.ptr, hashing->length);
    hashing->name_length = name.len < sizeof hashing->name ? name.len : sizeof hashing->name;
    memcpy(hashing->name, name.ptr, hashing->name_length);
    memcpy(hashing->memory.salt, key->salt.ptr, key->salt.len);
    auth_key_point(&hashing->memory, hash, &hashing->key);
    hashing->key.iterations = key->iterations;
    hashing->key.salt.len = key->salt.len;
    if (epop_scram_derive_begin(&hashing->derivation, sizeof hashing->derivation, crypto, hash, hashing->password,
                                hashing->length, hashing->memory.salt, key->salt.len, key->iterations) != EPOP_OK) {
        hashing_free(hashing);
        return NULL;
    }
    return hashing;
}

int hashing_step(struct hashing *hashing)
{
    int32_t result = epop_scram_derive_step(&hashing->derivation, hashing->password, hashing->length, SLICE_ROUNDS,
                                            hashing->memory.stored_key, hashing->memory.server_key);

    if (result == EPOP_AGAIN) {
        return 0;
    }
    hashing->is_good = hashing->is_good && result == EPOP_OK;
    if (hashing->is_check) {
        hashing->is_good &= epop_secret_equal(hashing->memory.stored_key, hashing->expected, SECRET_DIGEST) != 0;
        hashing->is_good |= hashing->is_sure;
    }
    return 1;
}

void hashing_free(struct hashing *hashing)
{
    if (hashing != NULL) {
        wipe(hashing, sizeof *hashing);
        free(hashing);
    }
}
