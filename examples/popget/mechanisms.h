/* The ways to log in: their names, which of them are tried, and SASL's part of the session.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_MECHANISMS_H
#define POPGET_MECHANISMS_H

#include "options.h"

#include <epop/client.h>

#include <stdbool.h>
#include <stddef.h>

enum { MECHANISMS_MAX = 12 };

struct mechanism {
    const char *name;
    epop_sasl_mechanism step; /* NULL: the commands USER and PASS */
    bool token;               /* wants a token, not a password */
    bool hashes;              /* not in a build without hashes */
    bool by_name;             /* only where the user has asked for it */
};

/* Letter case is ignored, and so is the "+" that stands before APOP in URLs (RFC 2384 section 5). NULL: unknown. */
const struct mechanism *mechanism_find(const char *name);

/* All names, with commas between them. */
void mechanism_names(char *text, size_t size);

struct mechanisms {
    epop_crypto crypto;
    epop_sasl_config config;
    epop_sasl sasl;
    epop_sasl_mechanism list[MECHANISMS_MAX];
    uint8_t buffer[4096]; /* names and passwords of the greatest length that the command line allows */
};

/* Gives the session the mechanisms that the options allow, strongest first. The result of epop_sasl_init. */
int32_t mechanisms_configure(struct mechanisms *mechanisms, const struct options *options, epop_client_config *config);

#endif
