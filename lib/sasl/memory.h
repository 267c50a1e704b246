/* A mechanism's memory as most of them use it: where the exchange stands, and octets that were added one after the
 * other.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Octets alone, because the host's buffer may have any alignment.
 */
#ifndef EPOP_SASL_MEMORY_H
#define EPOP_SASL_MEMORY_H

#include <epop/sasl.h>

/* Layout: the phase, numbers of the mechanism's own, how many octets were added, and those octets. */
enum { EPOPI_MEMORY_PHASE = 0, EPOPI_MEMORY_OWN = 1, EPOPI_MEMORY_LENGTH = 14, EPOPI_MEMORY_HEAD = 16 };

/* A number of 16 bits in two octets of the head. */
size_t epopi_memory_number(const epop_sasl_step *step, size_t at);
void epopi_memory_set_number(epop_sasl_step *step, size_t at, size_t value);

/* Sets the phase; returns `result`. */
int32_t epopi_memory_set_phase(epop_sasl_step *step, uint8_t phase, int32_t result);

/* The octets that were added. */
epop_span epopi_memory_octets(const epop_sasl_step *step);

/* Adds octets. EPOP_OK, or EPOP_ERR_TOO_LONG if they do not fit; then none is added. */
int32_t epopi_memory_add(epop_sasl_step *step, epop_span octets);

/* Wipes all but the first `len` octets. */
void epopi_memory_truncate(epop_sasl_step *step, size_t len);

#endif
