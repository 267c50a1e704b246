/* Who is who: mechanisms, hashes, passwords and tokens, against the users file.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_AUTH_H
#define POPD_AUTH_H

#include <epop/epop.h>

#include "hashing.h"
#include "users.h"

enum { AUTH_MECHANISMS = 10, AUTH_PROBLEM_MAX = 256 };

struct auth {
    struct users *users;
    size_t next_keys; /* how far the making of keys has come: the user's number times the hashes */
    epop_crypto crypto;
    int has_hashes;
    epop_sasl_mechanism mechanisms[AUTH_MECHANISMS];
    epop_sasl_config sasl;
    int has_user;  /* USER and PASS are taken */
    int is_listed; /* the mechanisms are those of a list, whoever the users are */
    uint8_t salt_secret[EPOP_HASH_MAX];
};

/* Finds out which hashes there are. */
void auth_init(struct auth *auth);

/* Other users from now on, and the mechanisms that they can use unless there is a list. */
void auth_set_users(struct auth *auth, struct users *users);

/* Sets the mechanisms; `list` is names and commas, NULL for those of auth_set_users. 0, or -1 with what is wrong with
 * the list, and how to mend it, in `problem`, which has room for AUTH_PROBLEM_MAX. */
int auth_set_mechanisms(struct auth *auth, const char *list, char *problem);

/* Wipes what false salts are made of. */
void auth_free(struct auth *auth);

/* Makes what false salts are made of from a file that others cannot read and that seldom changes; with NULL, or where
 * it cannot be read, it is other at every start. 0, or -1 where there is nothing random. */
int auth_set_salt_secret(struct auth *auth, const char *path);

/* LATER: a hash is needed first, and was begun in `*hashing`. */
enum auth_answer { AUTH_NO, AUTH_YES, AUTH_LATER };

/* Is it their password, their token? After the same work whether the name is known or not. */
enum auth_answer auth_password(const struct auth *auth, epop_span name, epop_span password, struct hashing **hashing);
int auth_token(const struct auth *auth, epop_span name, epop_span token); /* 1 or 0 */

/* Keys for SCRAM, of which the pointers in `key` are into `memory`. NO: there are none for this name. */
enum auth_answer auth_key(const struct auth *auth, epop_span name, uint32_t hash, struct auth_key *memory,
                          epop_scram_key *key, struct hashing **hashing);

/* Keys of users with passwords that nobody has asked for yet: 1 while there may be some; the next ones to make, NULL if
 * there are none. */
int auth_lacks_keys(const struct auth *auth);
struct hashing *auth_next_keys(struct auth *auth);

/* Keeps the keys that were made, for the next login of this user. */
void auth_keep_keys(struct auth *auth, const struct hashing *hashing);

/* popd --hash-password: a line from standard input, the form for the users file to standard output. An exit status. */
int auth_hash_password(void);

#endif
