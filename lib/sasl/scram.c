/* SCRAM: the four mechanisms, and the choice of the role.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/scram.h"

#include "sasl/step.h"

/* Whether the list of mechanisms has the form of this one that binds: then a client that could bind and thinks that we
 * cannot was told so by somebody else (RFC 5802 section 6). */
static uint32_t is_listed(const epop_sasl_config *config, epop_sasl_mechanism mechanism)
{
    uint32_t i;

    for (i = 0; i < config->mechanism_count; i++) {
        if (config->mechanisms[i] == mechanism) {
            return 1;
        }
    }
    return 0;
}

static int32_t scram_server(epop_sasl_step *step, epop_sasl_mechanism plus)
{
    if (step->verb == EPOP_SASL_START && is_listed(step->config, plus)) {
        step->state[EPOPI_SCRAM_FLAGS] |= EPOPI_SCRAM_COULD_BIND;
    }
    return epopi_scram_server(step);
}

static int32_t scram(epop_sasl_step *step, const char *name, uint32_t hash, epop_sasl_mechanism plus, uint32_t binds)
{
    if (step->verb == EPOP_SASL_DESCRIBE) {
        return epopi_step_describe(step, name, EPOP_SASL_CLIENT_FIRST | EPOP_SASL_RANDOM | EPOP_SASL_SALT | binds, hash,
                                   EPOPI_SCRAM_STATE_MIN);
    }
    return step->role == EPOP_SASL_SERVER ? scram_server(step, plus) : epopi_scram_client(step);
}

int32_t epop_sasl_scram_sha_1(epop_sasl_step *step)
{
    return scram(step, "SCRAM-SHA-1", EPOP_HASH_SHA1, epop_sasl_scram_sha_1_plus, 0);
}

int32_t epop_sasl_scram_sha_1_plus(epop_sasl_step *step)
{
    return scram(step, "SCRAM-SHA-1-PLUS", EPOP_HASH_SHA1, epop_sasl_scram_sha_1_plus, EPOP_SASL_BINDS);
}

int32_t epop_sasl_scram_sha_256(epop_sasl_step *step)
{
    return scram(step, "SCRAM-SHA-256", EPOP_HASH_SHA256, epop_sasl_scram_sha_256_plus, 0);
}

int32_t epop_sasl_scram_sha_256_plus(epop_sasl_step *step)
{
    return scram(step, "SCRAM-SHA-256-PLUS", EPOP_HASH_SHA256, epop_sasl_scram_sha_256_plus, EPOP_SASL_BINDS);
}
