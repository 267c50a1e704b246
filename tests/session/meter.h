/* A hash interface that counts its calls, and fails one of them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_METER_H
#define EPOP_TESTS_METER_H

#include <epop/sasl.h>

typedef struct meter {
    uint32_t calls;  /* of all functions */
    uint32_t rounds; /* rounds of PBKDF2 */
    uint32_t hmacs;
    uint32_t fails; /* the call that fails, from 1 on; 0: none does */
} meter;

/* What the hashes are made with: fill it first. */
extern epop_crypto real;

epop_crypto metered(meter *m);

#endif
