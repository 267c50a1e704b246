/* Which hash a certificate was signed with, read from its DER: mbedTLS hides it since 3.0.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_MBEDTLS_SIGNATURE_H
#define EPOP_MBEDTLS_SIGNATURE_H

#include <epop/base.h>

#include <psa/crypto.h>

/* The hash for tls-server-end-point (RFC 5929 section 4.1): the one of signatureAlgorithm, SHA-256 in place of MD5 and
 * SHA-1. PSA_ALG_NONE where there is none (Ed25519), it is not known, or the octets are no certificate. */
psa_algorithm_t epopi_signature_hash(epop_span certificate);

#endif
