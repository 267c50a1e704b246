/* The certificate of the TLS target's server, and its key: for tests, and known to all the world.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_FUZZ_IDENTITY_H
#define EPOP_FUZZ_IDENTITY_H

#include <stdint.h>

/* X.509 in DER: for "pop.example", P-256, signed by itself. */
extern const uint8_t fuzz_certificate[362];

/* ECPrivateKey in DER (RFC 5915). */
extern const uint8_t fuzz_key[121];

#endif
