/* SASL in traces: mechanisms by name, hashes from OpenSSL, and random octets that a dialogue can foresee.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "trace.h"

#include "../../examples/openssl/hash.h"

#include <string.h>

static const struct {
    const char *name;
    epop_sasl_mechanism mechanism;
} mechanisms[] = {{"PLAIN", epop_sasl_plain},
                  {"LOGIN", epop_sasl_login},
                  {"EXTERNAL", epop_sasl_external},
                  {"ANONYMOUS", epop_sasl_anonymous},
                  {"CRAM-MD5", epop_sasl_cram_md5},
                  {"APOP", epop_sasl_apop},
                  {"SCRAM-SHA-1", epop_sasl_scram_sha_1},
                  {"SCRAM-SHA-1-PLUS", epop_sasl_scram_sha_1_plus},
                  {"SCRAM-SHA-256", epop_sasl_scram_sha_256},
                  {"SCRAM-SHA-256-PLUS", epop_sasl_scram_sha_256_plus},
                  {"OAUTHBEARER", epop_sasl_oauthbearer},
                  {"XOAUTH2", epop_sasl_xoauth2}};

bool sasl_config(struct config *c, const struct words *w)
{
    c->mechanisms = 0;
    for (size_t i = 0; i < w->count; i++) {
        size_t k = 0;

        while (k < sizeof mechanisms / sizeof *mechanisms && !word_is(w, i, mechanisms[k].name)) {
            k++;
        }
        if (k == sizeof mechanisms / sizeof *mechanisms) {
            return false;
        }
        c->mechanism[c->mechanisms++] = mechanisms[k].mechanism;
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The session's part
 */

static epop_crypto crypto;

/* As a nonce of SCRAM's: DyAxQlNkdYaXqLnK2+z9Dh8w. */
static int32_t known_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    for (size_t i = 0; i < len; i++) {
        dst[i] = (uint8_t)(0x0F + 0x11 * i);
    }
    return 0;
}

epop_sasl *sasl_open(struct run *r)
{
    static epop_sasl_config config; /* must outlive the session */
    const struct config *c = &r->trace->config;
    epop_sasl *sasl;

    if (c->mechanisms == 0) {
        return NULL;
    }
    (void)openssl_crypto(&crypto);
    crypto.random = known_random;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.mechanism_count = c->mechanisms;
    config.mechanisms = c->mechanism;
    config.crypto = &crypto;
    config.flags = c->authzid.ptr ? EPOP_SASL_ASK_AUTHZID : 0;
    config.port = c->sasl_port;
    config.host = c->sasl_host.ptr;
    config.host_len = c->sasl_host.len;
    config.iterations_min = c->iterations_min;
    config.iterations = c->iterations;
    config.salt_secret = "sixteen octets!!";
    config.salt_secret_len = 16;
    sasl = guard_tail(&memory.sasl, sizeof *sasl);
    run_expect(r, "epop_sasl_init",
               epop_sasl_init(sasl, sizeof *sasl, &config, guard_tail(&memory.sasl_buffer, EPOP_SASL_BUFFER_MIN),
                              EPOP_SASL_BUFFER_MIN),
               EPOP_OK);
    return sasl;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Answers of a server's host
 */

static int32_t give(struct run *r, const void *ptr, size_t len)
{
    const void *copy = guard_lend(&memory.lent, ptr, len);
    int32_t result = epop_server_answer(r->server, copy, len);

    guard_return(&memory.lent);
    return result;
}

/* The salt is "0123456789abcdef". */
static int32_t give_key(struct run *r, const struct octets *password)
{
    static const uint8_t salt[] = "0123456789abcdef";
    uint32_t hash = strstr(r->mechanism, "256") ? EPOP_HASH_SHA256 : EPOP_HASH_SHA1;
    uint8_t stored_key[EPOP_HASH_MAX];
    uint8_t server_key[EPOP_HASH_MAX];
    epop_scram_key key;
    int32_t result;

    memset(&key, 0, sizeof key);
    key.struct_size = sizeof key;
    key.iterations = r->trace->config.iterations;
    key.salt.ptr = salt;
    key.salt.len = 16;
    key.stored_key.ptr = stored_key;
    key.server_key.ptr = server_key;
    key.stored_key.len = key.server_key.len = hash == EPOP_HASH_SHA256 ? 32 : 20;
    run_expect(r, "epop_scram_derive",
               epop_scram_derive(&crypto, hash, password->ptr, password->len, salt, 16, key.iterations, stored_key,
                                 server_key),
               EPOP_OK);
    result = epop_server_key(r->server, &key);
    memset(stored_key, 0xA5, sizeof stored_key);
    memset(server_key, 0xA5, sizeof server_key);
    return result;
}

/* secret "text", key "password", binding "type:data" */
bool sasl_perform(struct run *r, const struct words *act)
{
    if (act->count == 2 && (word_is(act, 0, "secret") || word_is(act, 0, "binding"))) {
        run_result(r, "answer", give(r, act->word[1].ptr, act->word[1].len));
    } else if (act->count == 2 && word_is(act, 0, "key") && r->mechanism) {
        run_result(r, "key", give_key(r, &act->word[1]));
    } else {
        return false;
    }
    return true;
}

static bool same(const struct octets *a, const struct octets *b)
{
    return a->len == b->len && (!a->len || memcmp(a->ptr, b->ptr, a->len) == 0);
}

static const struct octets *password_of(const struct run *r)
{
    const struct config *c = &r->trace->config;

    for (size_t i = 0; i < c->names; i++) {
        if (same(&c->name[i], &r->name)) {
            return &c->password[i];
        }
    }
    return NULL;
}

/* Users of the config are known, their passwords, the token and the binding; whoever has proved it is let in. */
int32_t sasl_answer(struct run *r)
{
    const struct config *c = &r->trace->config;
    const struct octets *password = password_of(r);
    bool fits = r->auth == EPOP_AUTH_TOKEN     ? same(&c->token, &r->secret)
                : r->auth == EPOP_AUTH_BINDING ? c->binding.ptr != NULL
                : r->auth == EPOP_AUTH_SECRET  ? password != NULL
                : r->auth == EPOP_AUTH_KEY     ? password != NULL
                                               : r->auth != EPOP_AUTH_FAILED;

    if (!fits) {
        return epop_server_refuse(r->server, EPOP_CODE_AUTH, NULL, 0);
    }
    switch (r->auth) {
    case EPOP_AUTH_BINDING:
        return give(r, c->binding.ptr, c->binding.len);
    case EPOP_AUTH_SECRET:
        return give(r, password->ptr, password->len);
    case EPOP_AUTH_KEY:
        return give_key(r, password);
    default:
        return epop_server_accept(r->server);
    }
}
