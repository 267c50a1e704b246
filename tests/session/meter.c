/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "meter.h"

epop_crypto real;

static int32_t count(void *user)
{
    meter *m = user;

    return ++m->calls == m->fails ? -1 : 0;
}

static int32_t hash(void *user, uint32_t which, const epop_span *parts, size_t n, uint8_t *digest)
{
    return count(user) == 0 ? real.hash(real.user, which, parts, n, digest) : -1;
}

static int32_t hmac(void *user, uint32_t which, const epop_span *key, const epop_span *parts, size_t n, uint8_t *mac)
{
    ((meter *)user)->hmacs++;
    return count(user) == 0 ? real.hmac(real.user, which, key, parts, n, mac) : -1;
}

static int32_t rounds(void *user, uint32_t which, const epop_span *key, uint32_t n, uint8_t *u, uint8_t *sum)
{
    ((meter *)user)->rounds += n;
    return count(user) == 0 ? real.rounds(real.user, which, key, n, u, sum) : -1;
}

static int32_t octets(void *user, uint8_t *dst, size_t len)
{
    return count(user) == 0 ? real.random(real.user, dst, len) : -1;
}

epop_crypto metered(meter *m)
{
    epop_crypto made = {sizeof made, real.hashes, m, hash, hmac, rounds, octets};

    return made;
}
