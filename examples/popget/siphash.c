/* SipHash-2-4: a hash under a secret key, so that nobody who does not know the key can choose texts that collide.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "siphash.h"

enum { ROUNDS = 2, FINAL_ROUNDS = 4, WORD = 8 };

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void mix(uint64_t v[4], unsigned rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix(v, ROUNDS);
    v[0] ^= word;
}

static uint64_t load(const uint8_t *data, size_t len)
{
    uint64_t word = 0;

    while (len-- > 0) {
        word = word << 8 | data[len];
    }
    return word;
}

uint64_t siphash(const struct siphash_key *key, const uint8_t *data, size_t len)
{
    uint64_t v[4] = {UINT64_C(0x736F6D6570736575), UINT64_C(0x646F72616E646F6D), UINT64_C(0x6C7967656E657261),
                     UINT64_C(0x7465646279746573)};
    size_t at;

    v[0] ^= key->halves[0];
    v[1] ^= key->halves[1];
    v[2] ^= key->halves[0];
    v[3] ^= key->halves[1];
    for (at = 0; len - at >= WORD; at += WORD) {
        absorb(v, load(data + at, WORD));
    }
    absorb(v, (uint64_t)len << 56 | load(data + at, len - at));
    v[2] ^= 0xFF;
    mix(v, FINAL_ROUNDS);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
