/* SCRAM (RFC 5802, RFC 7677) from the inside: what both roles share.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The gathered octets are the messages one behind the other, as the signatures are over them:
 *
 *     [keys] gs2 header, client-first-bare [names] server-first, client-final-without-proof, more
 *                        BARE       END_OF_FIRST   CHALLENGE     CLIENT_FINAL      END_OF_FINAL
 *
 * Keys and names are there in the server only.
 */
#ifndef EPOP_SASL_SCRAM_H
#define EPOP_SASL_SCRAM_H

#include "sasl/gather.h"

/* Where numbers stand in the state. */
enum {
    EPOPI_SCRAM_BARE = EPOPI_GATHER_OWN,
    EPOPI_SCRAM_END_OF_FIRST = EPOPI_GATHER_OWN + 2,
    EPOPI_SCRAM_CLIENT_FINAL = EPOPI_GATHER_OWN + 4,
    EPOPI_SCRAM_END_OF_FINAL = EPOPI_GATHER_OWN + 6,
    EPOPI_SCRAM_NAME = EPOPI_GATHER_OWN + 8, /* server: the end of the name; client: the end of the proof */
    EPOPI_SCRAM_FLAG = EPOPI_GATHER_OWN + 10,
    EPOPI_SCRAM_CHALLENGE = EPOPI_GATHER_OWN + 11
};

/* Names of 64 octets, escaped, nonces, salts and bindings as they are met; longer ones need a larger buffer. */
enum { EPOPI_SCRAM_STATE_MIN = 900 };

/* Octets from one of the numbers to another. */
epop_span epopi_scram_part(const epop_sasl_step *step, size_t from, size_t to);

/* Gathers a word, base64, a new nonce. EPOP_OK, EPOP_ERR_TOO_LONG, EPOP_ERR_CRYPTO. */
int32_t epopi_scram_word(epop_sasl_step *step, const char *word);
int32_t epopi_scram_base64(epop_sasl_step *step, epop_span first, epop_span second);
int32_t epopi_scram_nonce(epop_sasl_step *step);

/* The value of the attribute at the head of text[*pos...), "r=value", up to a comma or the end; *pos moves behind the
 * comma. EPOP_ERR_SASL_CHALLENGE where another stands there, or the value is empty. */
int32_t epopi_scram_attribute(epop_span text, size_t *pos, char name, epop_span *value);

/* Strict base64 of 1 to `cap` octets; of as many only where `cap` is a multiple of 3. */
int32_t epopi_scram_decode(epop_span text, uint8_t *dst, size_t cap, size_t *len);

/* SaltedPassword, of a salt in base64; `password` in step->data. With `salted` NULL the salt is only looked at. */
int32_t epopi_scram_salt(const epop_sasl_step *step, epop_span salt, uint32_t iterations, uint8_t *salted);

/* HMAC(key, AuthMessage). */
int32_t epopi_scram_sign(const epop_sasl_step *step, const uint8_t *key, uint8_t *signature);

/* The client: gathers the final message with its proof, and the signature that the server owes for it, of what
 * server-first said and the password in step->data. */
int32_t epopi_scram_prove(epop_sasl_step *step, epop_span nonce, epop_span salt, uint32_t iterations);

int32_t epopi_scram_client(epop_sasl_step *step);
int32_t epopi_scram_server(epop_sasl_step *step);

#endif
