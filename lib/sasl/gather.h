/* A mechanism's memory as most of them use it: where the exchange stands, and octets that were gathered one by one.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Octets alone, because the host's buffer may have any alignment.
 */
#ifndef EPOP_SASL_GATHER_H
#define EPOP_SASL_GATHER_H

#include <epop/sasl.h>

/* What stands in front of the octets: the phase, numbers of the mechanism's own, and how many octets there are. */
enum { EPOPI_GATHER_PHASE = 0, EPOPI_GATHER_OWN = 1, EPOPI_GATHER_LENGTH = 14, EPOPI_GATHER_HEAD = 16 };

/* A number of 16 bits in two octets of the above. */
size_t epopi_gather_get(const epop_sasl_step *step, size_t at);
void epopi_gather_set(epop_sasl_step *step, size_t at, size_t value);

epop_span epopi_gathered(const epop_sasl_step *step);

/* Adds octets. EPOP_OK, or EPOP_ERR_TOO_LONG where the memory is full. */
int32_t epopi_gather(epop_sasl_step *step, epop_span octets);

/* Forgets all but the first `len` octets. */
void epopi_gather_cut(epop_sasl_step *step, size_t len);

/* Describes a mechanism. */
int32_t epopi_sasl_is(epop_sasl_step *step, const char *name, uint32_t properties, uint32_t hashes, size_t state_min);

/* The next part of a client's message: a constant of one octet or more, a question, or its end. */
int32_t epopi_sasl_text(epop_sasl_step *step, const char *text, size_t len);
int32_t epopi_sasl_ask(epop_sasl_step *step, uint32_t question, uint32_t keep);

/* A server's question, when all of a message is taken: who they are, and the secret they gave. Whom they want to act as
 * is to be set by the few mechanisms that have it. */
int32_t epopi_sasl_question(epop_sasl_step *step, uint32_t question, epop_span user, epop_span secret);

#endif
