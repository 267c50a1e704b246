/* SASL for the fuzz targets: all mechanisms, and hashes that are fast and no good for anything else.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_FUZZ_MECHANISMS_H
#define EPOP_FUZZ_MECHANISMS_H

#include "fuzz.h"

#include <epop/sasl.h>

/* The one user of all servers is FUZZ_USER, whose password is FUZZ_PASSWORD. */
#define FUZZ_USER "tim"
#define FUZZ_PASSWORD "s3cr3t-tanstaaf"
#define FUZZ_SALT "0123456789abcdef"
#define FUZZ_BINDING "tls-exporter:abc"

enum { FUZZ_ITERATIONS = 3, FUZZ_BUFFER = EPOP_SASL_BUFFER_MIN };

/* Random octets are 0, 1, 2... */
extern const epop_crypto fuzz_crypto;
extern const epop_sasl_config fuzz_sasl_config;

/* The part of one session, NULL where the library is built without SASL. The buffer is of the heap. */
epop_sasl *fuzz_sasl_open(epop_sasl *sasl, uint8_t **buffer);

/* Nothing of FUZZ_PASSWORD or of what an answer begins with ("s3cr3t") is left. An input that has the word itself is no
 * matter: then the peer has said it. */
void fuzz_holds_no_secret(const fuzz_input *input, const void *memory, size_t len);

/* FUZZ_USER's key for the hash, in `keys`, 2 * EPOP_HASH_MAX octets. */
void fuzz_scram_key(uint32_t hash, uint8_t *keys, epop_scram_key *key);

#endif
