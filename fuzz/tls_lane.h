/* Somebody between two ends of TLS, who alters records, and knows what the receiver may take all the same.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_FUZZ_TLS_LANE_H
#define EPOP_FUZZ_TLS_LANE_H

#include "fuzz.h"

#include <mbedtls/ssl.h>

/* What becomes of a record. */
enum {
    TLS_FLIP = 0, /* bits of an octet are turned over */
    TLS_DROP = 1,
    TLS_REPEAT = 2,
    TLS_HOLD = 3,    /* it comes behind the next one */
    TLS_INSERT = 4,  /* octets that the sender has not said stand in it */
    TLS_CUT_OFF = 5, /* its end is missing, and its length says nothing of that */
    TLS_SHORTEN = 6, /* ... and its length is right */
    TLS_SPLIT = 7,   /* two records of it */
    TLS_HANG_UP = 8, /* in the midst of it the connection ends */
    TLS_KINDS = 9
};

enum { TLS_RECORD_MAX = 5 + 16384 + 2048 }; /* RFC 5246 section 6.2.3 */

typedef struct tls_op {
    uint32_t from;
    uint32_t kind;
    uint32_t record;
    size_t offset;
    uint32_t value;
    const uint8_t *octets;
    size_t len;
} tls_op;

/* The way from one end to the other. */
typedef struct tls_lane {
    uint32_t from;
    const tls_op *ops; /* those of both lanes */
    size_t op_count;
    const mbedtls_ssl_context *sender;
    uint8_t record[TLS_RECORD_MAX]; /* is being collected */
    size_t len;
    uint32_t count; /* of those that came */
    fuzz_log held;
    fuzz_log out;
    size_t out_at;
    uint32_t is_secret;  /* records are encrypted from here on */
    uint32_t is_altered; /* since then */
    uint32_t is_broken;  /* a handshake message in the clear is not the sender's */
    uint32_t has_ended;
    size_t allowed; /* plaintext that the receiver may take */
} tls_lane;

/* Octets that the sender has sent. Whole records go on to `out`. */
void tls_lane_collect(tls_lane *l, const uint8_t *octets, size_t len);

#endif
