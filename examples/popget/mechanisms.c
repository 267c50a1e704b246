/* The ways to log in: their names, which of them are tried, and SASL's part of the session.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "mechanisms.h"

#include "tls.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Strongest first. APOP is none of those that are tried: it fails where the server keeps hashes, a second try might
 * lock the account, and a false server can choose its stamp so that the digest tells the password bit by bit. */
static const struct mechanism known[] = {
#if POPGET_SASL
    {"SCRAM-SHA-256-PLUS", epop_sasl_scram_sha_256_plus, false, true, false},
    {"SCRAM-SHA-1-PLUS", epop_sasl_scram_sha_1_plus, false, true, false},
    {"SCRAM-SHA-256", epop_sasl_scram_sha_256, false, true, false},
    {"SCRAM-SHA-1", epop_sasl_scram_sha_1, false, true, false},
    {"CRAM-MD5", epop_sasl_cram_md5, false, true, false},
    {"PLAIN", epop_sasl_plain, false, false, false},
    {"LOGIN", epop_sasl_login, false, false, false},
    {"OAUTHBEARER", epop_sasl_oauthbearer, true, false, false},
    {"XOAUTH2", epop_sasl_xoauth2, true, false, false},
    {"APOP", epop_sasl_apop, false, true, true},
#endif
    {"USER", NULL, false, false, false},
};

enum { KNOWN = sizeof known / sizeof known[0] };

const struct mechanism *mechanism_find(const char *name)
{
    size_t i;

    name += strcasecmp(name, "+APOP") == 0;
    for (i = 0; i < KNOWN; i++) {
        if (strcasecmp(known[i].name, name) == 0) {
            return &known[i];
        }
    }
    return NULL;
}

void mechanism_names(char *text, size_t size)
{
    size_t used = 0;
    size_t i;

    for (i = 0; i < KNOWN && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "", known[i].name);
    }
}

#if POPGET_SASL
static bool is_wanted(const struct mechanism *mechanism, const struct options *options)
{
    if (mechanism->step == NULL) {
        return false; /* the session tries USER and PASS itself when nothing else is left */
    }
    if (options->mechanism != NULL) {
        return mechanism == options->mechanism;
    }
    return !mechanism->by_name && mechanism->token == options_want_token(options);
}

/* What is for one secret alone, or chosen by name, is never replaced by sending a password. */
static bool is_exclusive(const struct options *options)
{
    return options_want_token(options) || options->mechanism != NULL;
}

int32_t mechanisms_configure(struct mechanisms *mechanisms, const struct options *options, epop_client_config *config)
{
    epop_sasl_config *sasl = &mechanisms->config;
    int32_t result;
    size_t i;

    sasl->struct_size = sizeof *sasl;
    sasl->mechanisms = mechanisms->list;
    sasl->mechanism_count = 0;
    sasl->host = options->host;
    sasl->host_len = strlen(options->host);
    sasl->port = options->port_number;
    mechanisms->crypto.struct_size = sizeof mechanisms->crypto;
    sasl->crypto = tls_crypto(&mechanisms->crypto) ? &mechanisms->crypto : NULL;
    for (i = 0; i < KNOWN; i++) {
        if (is_wanted(&known[i], options)) {
            mechanisms->list[sasl->mechanism_count++] = known[i].step;
        }
    }
    if (sasl->mechanism_count == 0) {
        return EPOP_OK;
    }
    if (is_exclusive(options)) {
        config->flags |= EPOP_CLIENT_SASL_ONLY;
    }
    if (options->mechanism != NULL) {
        config->flags |= EPOP_CLIENT_SASL_UNLISTED; /* who names one knows the server better than its CAPA does */
    }
    config->sasl = &mechanisms->sasl;
    result =
        epop_sasl_init(&mechanisms->sasl, sizeof mechanisms->sasl, sasl, mechanisms->buffer, sizeof mechanisms->buffer);
    return result;
}
#else
int32_t mechanisms_configure(struct mechanisms *mechanisms, const struct options *options, epop_client_config *config)
{
    (void)mechanisms;
    (void)options;
    (void)config;
    return EPOP_OK;
}
#endif
