/* Who is who.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Where one user has a hash, every check of a password takes the time of one, so that neither the unknown nor those
 * with passwords in the clear can be told from the others by the clock.
 */
#define _GNU_SOURCE
#include "auth.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tls.h"
#include "wipe.h"

enum { HAS_PASSWORD = 1 << SECRET_PLAIN, HAS_HASH = 1 << SECRET_SCRAM, HAS_TOKEN = 1 << SECRET_BEARER };

/* Strongest first. */
static const struct {
    const char *name;
    epop_sasl_mechanism mechanism; /* NULL: USER and PASS, which are no mechanism */
    unsigned serves;               /* users with secrets of these kinds */
    int needs_hashes;
} known[] = {
    {"SCRAM-SHA-256-PLUS", epop_sasl_scram_sha_256_plus, HAS_PASSWORD | HAS_HASH, 1},
    {"SCRAM-SHA-1-PLUS", epop_sasl_scram_sha_1_plus, HAS_PASSWORD, 1},
    {"SCRAM-SHA-256", epop_sasl_scram_sha_256, HAS_PASSWORD | HAS_HASH, 1},
    {"SCRAM-SHA-1", epop_sasl_scram_sha_1, HAS_PASSWORD, 1},
    {"OAUTHBEARER", epop_sasl_oauthbearer, HAS_TOKEN, 1}, /* tokens are compared by their digests */
    {"XOAUTH2", epop_sasl_xoauth2, HAS_TOKEN, 1},
    {"CRAM-MD5", epop_sasl_cram_md5, HAS_PASSWORD, 1},
    {"APOP", epop_sasl_apop, HAS_PASSWORD, 1},
    {"PLAIN", epop_sasl_plain, HAS_PASSWORD | HAS_HASH, 0},
    {"LOGIN", epop_sasl_login, HAS_PASSWORD | HAS_HASH, 0},
    {"USER", NULL, HAS_PASSWORD | HAS_HASH, 0},
};

enum { KNOWN = sizeof known / sizeof known[0] };

void auth_init(struct auth *auth)
{
    memset(auth, 0, sizeof *auth);
    auth->crypto.struct_size = sizeof auth->crypto;
    auth->has_hashes = tls_crypto(&auth->crypto) == 0;
    auth->sasl.struct_size = sizeof auth->sasl;
    auth->sasl.mechanisms = auth->mechanisms;
    auth->sasl.crypto = auth->has_hashes ? &auth->crypto : NULL;
    auth->sasl.iterations = EPOP_SCRAM_ITERATIONS_MIN;
}

static void add(struct auth *auth, size_t i)
{
    int is_new = known[i].mechanism != NULL;

    auth->has_user |= known[i].mechanism == NULL;
    for (size_t j = 0; j < auth->sasl.mechanism_count; j++) {
        is_new = is_new && auth->mechanisms[j] != known[i].mechanism;
    }
    if (is_new) {
        auth->mechanisms[auth->sasl.mechanism_count++] = known[i].mechanism;
    }
}

/* A mechanism is offered if it serves somebody. One that needs the password in the clear is not, if anybody has a hash:
 * a client takes the first that it knows, and theirs would fail with the right password. */
static int is_of_use(size_t i, unsigned kinds)
{
    return (known[i].serves & kinds) != 0 && (known[i].serves != HAS_PASSWORD || (kinds & HAS_HASH) == 0);
}

/* Sessions under way look mechanisms up by name whenever they need them, so that the list may change between calls. */
static void offer_what_is_of_use(struct auth *auth)
{
    unsigned kinds = users_kinds(auth->users);

    auth->sasl.mechanism_count = 0;
    auth->has_user = 0;
    for (size_t i = 0; i < KNOWN; i++) {
        if ((auth->has_hashes || !known[i].needs_hashes) && is_of_use(i, kinds)) {
            add(auth, i);
        }
    }
}

void auth_set_users(struct auth *auth, const struct users *users)
{
    uint32_t iterations = users_iterations(users);

    auth->users = users;
    auth->sasl.iterations = iterations != 0 ? iterations : (uint32_t)EPOP_SCRAM_ITERATIONS_MIN;
    if (!auth->is_listed) {
        offer_what_is_of_use(auth);
    }
}

static int add_named(struct auth *auth, const char *name, size_t length, char *problem)
{
    size_t i = 0;

    while (i < KNOWN && (strlen(known[i].name) != length || strncasecmp(known[i].name, name, length) != 0)) {
        i++;
    }
    if (i == KNOWN) {
        snprintf(
            problem, AUTH_PROBLEM_MAX,
            "--mechanisms does not know \"%.*s\"; give names with commas between, out of SCRAM-SHA-256-PLUS, "
            "SCRAM-SHA-1-PLUS, SCRAM-SHA-256, SCRAM-SHA-1, OAUTHBEARER, XOAUTH2, CRAM-MD5, APOP, PLAIN, LOGIN, USER",
            length < 32 ? (int)length : 32, name);
        return -1;
    }
    if (known[i].needs_hashes && !auth->has_hashes) {
        snprintf(problem, AUTH_PROBLEM_MAX, "--mechanisms: %s needs hashes, and %s", known[i].name, TLS_MISSING);
        return -1;
    }
    add(auth, i);
    return 0;
}

int auth_set_mechanisms(struct auth *auth, const char *list, char *problem)
{
    int result = 0;

    if (list == NULL) {
        return 0;
    }
    auth->is_listed = 1;
    auth->sasl.mechanism_count = 0;
    auth->has_user = 0;
    do {
        size_t length = strcspn(list, ",");

        result = add_named(auth, list, length, problem);
        list += length;
    } while (result == 0 && *list++ == ',');
    return result;
}

int auth_set_salt_secret(struct auth *auth, const char *path)
{
    static const char purpose[] = "popd: salts of users that have none";
    uint8_t octets[4096];
    ssize_t got = 0;
    int result = 0;

    if (!auth->has_hashes) {
        return 0;
    }
    if (path != NULL) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

        got = fd >= 0 ? read(fd, octets, sizeof octets) : 0;
        if (fd >= 0) {
            close(fd);
        }
    }
    if (got > 0) {
        epop_span parts[2] = {{(const uint8_t *)purpose, sizeof purpose - 1}, {octets, (size_t)got}};

        result = auth->crypto.hash(auth->crypto.user, EPOP_HASH_SHA256, parts, 2, auth->salt_secret);
    } else {
        result = auth->crypto.random(auth->crypto.user, auth->salt_secret, sizeof auth->salt_secret);
    }
    wipe(octets, sizeof octets);
    auth->sasl.salt_secret = auth->salt_secret;
    auth->sasl.salt_secret_len = sizeof auth->salt_secret;
    return result == 0 ? 0 : -1;
}

void auth_free(struct auth *auth)
{
    wipe(auth->salt_secret, sizeof auth->salt_secret);
}

static const struct secret nobody;

/* The salt that the library gives those who have none, which depends on the hash: were it another, it would tell who
 * exists. */
static int make_salt(const struct auth *auth, epop_span name, uint32_t hash, uint8_t *salt)
{
    const epop_span key = {auth->salt_secret, sizeof auth->salt_secret};
    uint8_t mac[EPOP_HASH_MAX];
    int result = auth->crypto.hmac(auth->crypto.user, hash, &key, &name, 1, mac);

    memcpy(salt, mac, SECRET_SALT);
    return result == 0 ? 0 : -1;
}

/* The keys of this password, by the salt of this secret or a false one. */
static int derive(const struct auth *auth, const struct secret *secret, epop_span name, epop_span password,
                  uint32_t hash, struct auth_key *memory, epop_scram_key *key)
{
    memset(key, 0, sizeof *key);
    key->struct_size = sizeof *key;
    key->iterations = auth->sasl.iterations;
    key->salt.ptr = memory->salt;
    key->salt.len = SECRET_SALT;
    if (make_salt(auth, name, hash, memory->salt) != 0) {
        return -1;
    }
    if (secret->kind == SECRET_SCRAM) {
        key->iterations = secret->iterations;
        key->salt.len = secret->length;
        memcpy(memory->salt, secret->octets, secret->length);
    }
    key->stored_key.ptr = memory->stored_key;
    key->server_key.ptr = memory->server_key;
    key->stored_key.len = key->server_key.len = hash == EPOP_HASH_SHA1 ? 20 : SECRET_DIGEST;
    return epop_scram_derive(&auth->crypto, hash, password.ptr, password.len, key->salt.ptr, key->salt.len,
                             key->iterations, memory->stored_key, memory->server_key) == EPOP_OK
               ? 0
               : -1;
}

int auth_password(const struct auth *auth, epop_span name, epop_span password)
{
    const struct secret *secret = users_secret(auth->users, name.ptr, name.len);
    const struct secret *compared = secret != NULL ? secret : &nobody;
    int good = secret_is_password(compared, password.ptr, password.len);

    if (auth->has_hashes && users_iterations(auth->users) != 0) {
        struct auth_key memory;
        epop_scram_key key;
        int same = derive(auth, compared, name, password, EPOP_HASH_SHA256, &memory, &key) == 0 &&
                   epop_secret_equal(memory.stored_key, compared->stored_key, SECRET_DIGEST);

        good |= same && compared->kind == SECRET_SCRAM;
        wipe(&memory, sizeof memory);
    }
    return secret != NULL && good;
}

int auth_token(const struct auth *auth, epop_span name, epop_span token)
{
    const struct secret *secret = users_secret(auth->users, name.ptr, name.len);
    uint8_t digest[EPOP_HASH_MAX];
    int good;

    if (!auth->has_hashes || auth->crypto.hash(auth->crypto.user, EPOP_HASH_SHA256, &token, 1, digest) != 0) {
        return 0;
    }
    good = epop_secret_equal(digest, (secret != NULL ? secret : &nobody)->stored_key, SECRET_DIGEST) != 0;
    wipe(digest, sizeof digest);
    return good && secret != NULL && secret->kind == SECRET_BEARER;
}

int auth_key(const struct auth *auth, epop_span name, uint32_t hash, struct auth_key *memory, epop_scram_key *key)
{
    const struct secret *secret = users_secret(auth->users, name.ptr, name.len);
    const struct secret *used = secret != NULL ? secret : &nobody;
    const epop_span password = {used->octets, used->kind == SECRET_PLAIN ? used->length : 1u};

    /* The work is done for everybody, and thrown away where there is a key already, or none. */
    if (!auth->has_hashes || derive(auth, used, name, password, hash, memory, key) != 0) {
        return -1;
    }
    if (used->kind == SECRET_SCRAM && hash == EPOP_HASH_SHA256) {
        memcpy(memory->stored_key, used->stored_key, SECRET_DIGEST);
        memcpy(memory->server_key, used->server_key, SECRET_DIGEST);
        return 0;
    }
    return used->kind == SECRET_PLAIN ? 0 : -1;
}
