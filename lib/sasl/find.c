/* A mechanism by its name.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/octets.h"

#include <epop/sasl.h>

/* A row a mechanism, and no table: an address in a table needs a relocation. */
#define EPOPI_MECHANISMS(IS)                                                                                           \
    IS("SCRAM-SHA-256-PLUS", epop_sasl_scram_sha_256_plus)                                                             \
    IS("SCRAM-SHA-256", epop_sasl_scram_sha_256)                                                                       \
    IS("SCRAM-SHA-1-PLUS", epop_sasl_scram_sha_1_plus)                                                                 \
    IS("SCRAM-SHA-1", epop_sasl_scram_sha_1)                                                                           \
    IS("CRAM-MD5", epop_sasl_cram_md5)                                                                                 \
    IS("PLAIN", epop_sasl_plain)                                                                                       \
    IS("LOGIN", epop_sasl_login)                                                                                       \
    IS("OAUTHBEARER", epop_sasl_oauthbearer)                                                                           \
    IS("XOAUTH2", epop_sasl_xoauth2)                                                                                   \
    IS("EXTERNAL", epop_sasl_external)                                                                                 \
    IS("ANONYMOUS", epop_sasl_anonymous)                                                                               \
    IS("APOP", epop_sasl_apop)

epop_sasl_mechanism epop_sasl_find(const char *name, size_t len)
{
    const uint8_t *octets = (const uint8_t *)name;

    if (!name) {
        return NULL;
    }
#define EPOPI_RETURN_IF(known, mechanism)                                                                              \
    if (epopi_is_word(octets, len, known)) {                                                                           \
        return mechanism;                                                                                              \
    }
    EPOPI_MECHANISMS(EPOPI_RETURN_IF)
    return NULL;
}
