/* What a login asks of a password, worked out in slices: is it the user's, or which keys has SCRAM for it?
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_HASHING_H
#define POPD_HASHING_H

#include <epop/epop.h>

#include <stddef.h>
#include <stdint.h>

#include "users.h"

/* Keys for SCRAM, to which the pointers in an epop_scram_key point. */
struct auth_key {
    uint8_t salt[EPOP_SCRAM_SALT_MAX];
    uint8_t stored_key[EPOP_HASH_MAX];
    uint8_t server_key[EPOP_HASH_MAX];
};

/* An epop_scram_key without iterations whose pointers are into `memory`, with a salt of no octets so far. */
void auth_key_point(struct auth_key *memory, uint32_t hash, epop_scram_key *key);

/* Holds secrets until hashing_free. */
struct hashing {
    epop_scram_derivation derivation;
    struct auth_key memory;
    epop_scram_key key;
    uint32_t hash;
    uint8_t password[SECRET_PASSWORD_MAX];
    size_t length;
    char name[USERS_NAME_MAX]; /* whose it is; a longer one is in no users file, and is cut */
    size_t name_length;
    uint8_t expected[SECRET_DIGEST]; /* the stored key to be met, if `is_check` */
    int is_check;                    /* is it the password? otherwise the keys are wanted */
    int is_sure;                     /* it is, whatever comes of hashing */
    int is_good;                     /* so far; after the last slice, the answer */
};

/* Begins with the salt and the iterations in `key`. A password that is longer than any
 * of the users file is cut, and never good. NULL without memory or hashes. */
struct hashing *hashing_new(const epop_crypto *crypto, uint32_t hash, const epop_scram_key *key, epop_span name,
                            epop_span password);

/* A slice of a millisecond or so. 1 when it is done. */
int hashing_step(struct hashing *hashing);

/* Wipes it; NULL does nothing. */
void hashing_free(struct hashing *hashing);

#endif
