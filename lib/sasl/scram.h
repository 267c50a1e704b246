/* SCRAM (RFC 5802, RFC 7677) from the inside: what both roles share.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The octets in the memory are the messages one after the other, as the signatures are over them:
 *
 *     [keys] gs2 header, client-first-bare [names] server-first, client-final-without-proof, more
 *                        BARE       END_OF_FIRST   CHALLENGE     CLIENT_FINAL      END_OF_FINAL
 *
 * Keys and names are there in the server only.
 */
#ifndef EPOP_SASL_SCRAM_H
#define EPOP_SASL_SCRAM_H

#include "sasl/memory.h"

/* Where numbers stand in the memory's head. */
enum {
    EPOPI_SCRAM_BARE = EPOPI_MEMORY_OWN,
    EPOPI_SCRAM_END_OF_FIRST = EPOPI_MEMORY_OWN + 2,
    EPOPI_SCRAM_CLIENT_FINAL = EPOPI_MEMORY_OWN + 4,
    EPOPI_SCRAM_END_OF_FINAL = EPOPI_MEMORY_OWN + 6,
    EPOPI_SCRAM_NAME = EPOPI_MEMORY_OWN + 8, /* server: the end of the name; client: the end of the proof */
    EPOPI_SCRAM_FLAGS = EPOPI_MEMORY_OWN + 10,
    EPOPI_SCRAM_CHALLENGE = EPOPI_MEMORY_OWN + 11
};

/* The server's flags. */
enum {
    EPOPI_SCRAM_KNOWN = 0x01,     /* the host has keys of this user */
    EPOPI_SCRAM_MATCHES = 0x02,   /* nonce and channel binding are right */
    EPOPI_SCRAM_PROVEN = 0x04,    /* ... and so is the proof */
    EPOPI_SCRAM_SAID = 0x08,      /* our message was given out */
    EPOPI_SCRAM_COULD_BIND = 0x10 /* the form of the mechanism that binds a channel was offered */
};

/* Names of 64 octets, escaped, nonces, salts and bindings as they are met; longer ones need a larger buffer. */
enum { EPOPI_SCRAM_STATE_MIN = 900 };

/* Octets from one of the numbers to another. */
epop_span epopi_scram_part(const epop_sasl_step *step, size_t from, size_t to);

/* The value of the attribute at the head of text[*pos...), "r=value", up to a comma or the end; *pos moves past the
 * comma. EPOP_ERR_SASL_CHALLENGE if another stands there, or the value is empty. */
int32_t epopi_scram_attribute(epop_span text, size_t *pos, char name, epop_span *value);

/* Strict base64 of 1 to `cap` octets; of as many only if `cap` is a multiple of 3. */
int32_t epopi_scram_decode(epop_span text, uint8_t *dst, size_t cap, size_t *len);

/* SaltedPassword, of a salt in base64; `password` in step->data. With `salted` NULL the salt is only checked. */
int32_t epopi_scram_salt(const epop_sasl_step *step, epop_span salt, uint32_t iterations, uint8_t *salted);

/* HMAC(key, AuthMessage). */
int32_t epopi_scram_sign(const epop_sasl_step *step, const uint8_t *key, uint8_t *signature);

/* The client: adds the final message with its proof, and the signature that the server has to give for it, from what
 * server-first said and the password in step->data. */
int32_t epopi_scram_prove(epop_sasl_step *step, epop_span nonce, epop_span salt, uint32_t iterations);

/* Both roles, for every verb but DESCRIBE. */
int32_t epopi_scram_client(epop_sasl_step *step);
int32_t epopi_scram_server(epop_sasl_step *step);

#endif
