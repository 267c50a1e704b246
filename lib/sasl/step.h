/* What a mechanism says in its step, as one call.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_SASL_STEP_H
#define EPOP_SASL_STEP_H

#include <epop/sasl.h>

/* DESCRIBE: EPOP_OK. */
int32_t epopi_step_describe(epop_sasl_step *step, const char *name, uint32_t properties, uint32_t hashes,
                            size_t state_min);

/* The next part of a message: EPOP_OK. `text` is a constant; EPOPI_LITERAL gives both arguments. */
int32_t epopi_step_text(epop_sasl_step *step, const uint8_t *text, size_t len);

/* A client's question, EPOP_ASK_: EPOP_ASK. */
int32_t epopi_step_ask(epop_sasl_step *step, uint32_t question, uint32_t keep);

/* A server's question, EPOP_AUTH_, when all of a message is taken: who they are, and the secret they gave. EPOP_ASK.
 * The few mechanisms that have an authorization identity set `authzid` afterwards. */
int32_t epopi_step_question(epop_sasl_step *step, uint32_t question, epop_span user, epop_span secret);

#endif
