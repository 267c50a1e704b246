/* SipHash-2-4: a hash under a secret key, so that nobody who does not know the key can choose texts that collide.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Jean-Philippe Aumasson and Daniel J. Bernstein, "SipHash: a fast short-input PRF", 2012. Hashes that are only seeded,
 * such as XXH64, have texts that collide under many seeds.
 */
#ifndef POPGET_SIPHASH_H
#define POPGET_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t halves[2];
};

uint64_t siphash(const struct siphash_key *key, const uint8_t *data, size_t len);

/* The key of this run: random, the same at every call. Where the system has no random octets it is made from the time
 * and the process. */
const struct siphash_key *siphash_key_of_run(void);

#endif
