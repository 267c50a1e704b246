/* What all fuzz targets share: reading decisions out of the input, a log, and a check that ends the program.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_FUZZ_H
#define EPOP_FUZZ_H

#include <epop/base.h>

#include <stddef.h>
#include <stdint.h>

/* The entry of a target; libFuzzer and replay.c call it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program where the condition does not hold: that is a fault of the library, or of the oracle. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

void fuzz_fail(const char *what, const char *file, int line);

/* Text that grows, and is compared. All zero is an empty one. */
typedef struct fuzz_log {
    uint8_t *octets;
    size_t len;
    size_t cap;
} fuzz_log;

void fuzz_log_free(fuzz_log *log);
void fuzz_log_octets(fuzz_log *log, const void *data, size_t len);
void fuzz_log_span(fuzz_log *log, epop_span span); /* its length, and its octets */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void fuzz_log_add(fuzz_log *log, const char *format, ...);

/* Ends the program where the two differ, and prints both. */
void fuzz_log_same(const char *what, const fuzz_log *left, const fuzz_log *right);

/* A repeatable sequence of numbers; all zero is a good seed. */
uint32_t fuzz_next(uint32_t *seed);
uint32_t fuzz_below(uint32_t *seed, uint32_t bound); /* 0 to bound - 1; 0 where bound is 0 */

/* A heap copy of exactly that size, so that a sanitizer sees every octet read behind it, and every use of it later. */
uint8_t *fuzz_copy(const void *data, size_t len);

/* An input of the session targets: an octet of flags, a seed for cuts, the decisions of the host (five bits of an octet
 * say how many, three are more flags), then what the other side says, in segments that 0x1E parts. Between segments the
 * host may start TLS. 0x1D, K and an octet stand for 256 times K of that octet: so small inputs reach limits of 64 KiB.
 */
typedef struct fuzz_input {
    uint32_t flags;
    uint32_t more; /* three bits */
    uint32_t seed;
    const uint8_t *decisions;
    size_t decision_count;
    size_t decision_at;
    uint8_t *octets; /* without the 0x1E */
    size_t len;
    size_t *segments; /* where they end; the last is `len` */
    size_t segment_count;
} fuzz_input;

/* 0 where the input is too short to be one, or says more than FUZZ_OCTETS_MAX. */
enum { FUZZ_OCTETS_MAX = 140000 };
uint32_t fuzz_input_open(fuzz_input *input, const uint8_t *data, size_t size);
void fuzz_input_close(fuzz_input *input);

/* The next decision, from the front again where they are used up; 0 where there are none. */
uint32_t fuzz_decide(fuzz_input *input);

#endif
