/* The users file: who may log in, with what secret.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_USERS_H
#define POPD_USERS_H

#include <stddef.h>

#include "secret.h"

enum {
    USERS_NAME_MAX = 200, /* a name is also the name of a folder */
    USERS_PROBLEM_MAX = 512
};

#define USERS_EXPOSED "others can read or change the users file, which has passwords in it; chmod 600 it"

#define USERS_UNEVEN                                                                                                   \
    "the users file has SCRAM keys of different iterations or salts, by which names that it has can be told from "     \
    "others; make all of them anew (popd --hash-password)"

struct users;

/* What is wrong with a file, and how to mend it. */
struct users_problem {
    int status; /* of sysexits.h */
    char text[USERS_PROBLEM_MAX];
};

/* Reads the whole file. NULL with `problem` where it cannot be read or has a line that is not right: a server that
 * serves all users but the one with the typing error would hide the error. */
struct users *users_load(const char *path, int has_hashes, struct users_problem *problem);

/* Wipes the secrets. */
void users_free(struct users *users);

size_t users_count(const struct users *users);
int users_are_exposed(const struct users *users); /* others than the owner and its group can read or change the file */

/* The name as it stands in the file, NULL if it does not. */
const char *users_find(const struct users *users, const void *name, size_t length);

/* What is held against the name, NULL where the name is not known. Good until users_free. */
const struct secret *users_secret(const struct users *users, const void *name, size_t length);

/* A user's name by its place in the order of names, from 0. */
const char *users_name(const struct users *users, size_t index);

/* SCRAM's keys of a user with a password in the clear, which take a while to make: kept in memory until users_free, 32
 * octets each, also of SHA-1. users_keys returns 1, or 0 if there are none yet. */
int users_keys(const struct users *users, const void *name, size_t length, uint32_t hash, uint8_t *stored_key,
               uint8_t *server_key);
void users_keep_keys(struct users *users, const void *name, size_t length, uint32_t hash, const uint8_t *stored_key,
                     const uint8_t *server_key);

/* Which kinds of secrets the users have: a set of bits, 1 << SECRET_PLAIN and so on. */
unsigned users_kinds(const struct users *users);

/* The most iterations of a SCRAM key in the file, 0 where it has none. */
uint32_t users_iterations(const struct users *users);

/* 1 where keys differ in their iterations, or salts in their length, by which known names can be told from others. */
int users_are_uneven(const struct users *users);

#endif
