/* Who is who.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * If one user has a hash, every check of a password takes the time of one, so that neither the unknown nor those with
 * passwords in the clear can be told from the others by the clock. SCRAM needs no hash of a password for a login: what
 * the library asks for is in the file, or made once.
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

void auth_set_users(struct auth *auth, struct users *users)
{
    uint32_t iterations = users_iterations(users);

    auth->users = users;
    auth->next_keys = 0;
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

/* Iterations and salt of this secret, or those that stand for it, after the same work. 0, or -1 if hashing fails. */
static int set_salt(const struct auth *auth, const struct secret *secret, epop_span name, uint32_t hash, uint8_t *salt,
                    epop_scram_key *key)
{
    int result = make_salt(auth, name, hash, salt);

    key->iterations = auth->sasl.iterations;
    key->salt.len = SECRET_SALT;
    if (secret->kind == SECRET_SCRAM) {
        key->iterations = secret->iterations;
        key->salt.len = secret->length;
        memcpy(salt, secret->octets, secret->length);
    }
    return result;
}

/* Begins with what makes the keys of a password. */
static struct hashing *begin(const struct auth *auth, const struct secret *secret, epop_span name, epop_span password,
                             uint32_t hash)
{
    struct auth_key memory;
    epop_scram_key key;

    auth_key_point(&memory, hash, &key);
    return set_salt(auth, secret, name, hash, memory.salt, &key) == 0
               ? hashing_new(&auth->crypto, hash, &key, name, password)
               : NULL;
}

enum auth_answer auth_password(const struct auth *auth, epop_span name, epop_span password, struct hashing **hashing)
{
    const struct secret *secret = users_secret(auth->users, name.ptr, name.len);
    const struct secret *compared = secret != NULL ? secret : &nobody;
    int is_sure = secret_is_password(compared, password.ptr, password.len) && secret != NULL;

    if (!auth->has_hashes || users_iterations(auth->users) == 0) {
        return is_sure ? AUTH_YES : AUTH_NO;
    }
    *hashing = begin(auth, compared, name, password, EPOP_HASH_SHA256);
    if (*hashing == NULL) {
        return AUTH_NO;
    }
    (*hashing)->is_check = 1;
    (*hashing)->is_sure = is_sure;
    (*hashing)->is_good &= secret != NULL && compared->kind == SECRET_SCRAM;
    memcpy((*hashing)->expected, compared->stored_key, SECRET_DIGEST);
    return AUTH_LATER;
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

/* A hash of the users file is one of SHA-256. */
static int may_have_key(const struct secret *secret, uint32_t hash)
{
    return secret != NULL &&
           (secret->kind == SECRET_PLAIN || (secret->kind == SECRET_SCRAM && hash == EPOP_HASH_SHA256));
}

enum auth_answer auth_key(const struct auth *auth, epop_span name, uint32_t hash, struct auth_key *memory,
                          epop_scram_key *key, struct hashing **hashing)
{
    const struct secret *secret = users_secret(auth->users, name.ptr, name.len);

    auth_key_point(memory, hash, key);
    if (!auth->has_hashes || !may_have_key(secret, hash) ||
        set_salt(auth, secret, name, hash, memory->salt, key) != 0) {
        return AUTH_NO;
    }
    if (secret->kind == SECRET_SCRAM) {
        memcpy(memory->stored_key, secret->stored_key, SECRET_DIGEST);
        memcpy(memory->server_key, secret->server_key, SECRET_DIGEST);
        return AUTH_YES;
    }
    if (users_keys(auth->users, name.ptr, name.len, hash, memory->stored_key, memory->server_key)) {
        return AUTH_YES;
    }
    *hashing = hashing_new(&auth->crypto, hash, key, name, (epop_span){secret->octets, secret->length});
    return *hashing != NULL ? AUTH_LATER : AUTH_NO;
}

/* ---- Keys that are made before anybody asks for them ---- */

static const uint32_t kept_hashes[] = {EPOP_HASH_SHA256, EPOP_HASH_SHA1};

enum { KEPT_HASHES = sizeof kept_hashes / sizeof kept_hashes[0] };

static int is_offered(const struct auth *auth, uint32_t hash)
{
    for (size_t i = 0; i < auth->sasl.mechanism_count; i++) {
        epop_sasl_mechanism mechanism = auth->mechanisms[i];

        if (hash == EPOP_HASH_SHA256 ? mechanism == epop_sasl_scram_sha_256 || mechanism == epop_sasl_scram_sha_256_plus
                                     : mechanism == epop_sasl_scram_sha_1 || mechanism == epop_sasl_scram_sha_1_plus) {
            return 1;
        }
    }
    return 0;
}

int auth_lacks_keys(const struct auth *auth)
{
    return auth->has_hashes && auth->next_keys < users_count(auth->users) * KEPT_HASHES;
}

struct hashing *auth_next_keys(struct auth *auth)
{
    while (auth_lacks_keys(auth)) {
        uint32_t hash = kept_hashes[auth->next_keys % KEPT_HASHES];
        const char *name = users_name(auth->users, auth->next_keys / KEPT_HASHES);
        epop_span span = {(const uint8_t *)name, strlen(name)};
        const struct secret *secret = users_secret(auth->users, name, span.len);
        uint8_t unused[EPOP_HASH_MAX];

        auth->next_keys++;
        if (secret->kind == SECRET_PLAIN && is_offered(auth, hash) &&
            !users_keys(auth->users, name, span.len, hash, unused, unused)) {
            return begin(auth, secret, span, (epop_span){secret->octets, secret->length}, hash);
        }
    }
    return NULL;
}

void auth_keep_keys(struct auth *auth, const struct hashing *hashing)
{
    const struct secret *secret = users_secret(auth->users, hashing->name, hashing->name_length);

    /* The users file may have been read again meanwhile. */
    if (hashing->is_good && secret != NULL && secret->kind == SECRET_PLAIN &&
        secret_is_password(secret, hashing->password, hashing->length) &&
        hashing->key.iterations == auth->sasl.iterations) {
        users_keep_keys(auth->users, hashing->name, hashing->name_length, hashing->hash, hashing->memory.stored_key,
                        hashing->memory.server_key);
    }
}
