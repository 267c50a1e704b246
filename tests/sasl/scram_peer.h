/* SCRAM as another implementation has it: straight from RFC 5802 section 3, with OpenSSL's PBKDF2 and HMAC, over
 * messages that a test may have made up. It checks nothing, and lies when it is told to.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_SCRAM_PEER_H
#define EPOP_TESTS_SCRAM_PEER_H

#include <epop/sasl.h>

typedef struct scram_peer {
    uint32_t hash;
    const char *password;
    const char *salt; /* octets, with a NUL behind them */
    uint32_t iterations;
    char bare[1024];      /* client-first-message-bare */
    char challenge[1024]; /* server-first-message */
    char final[1024];     /* client-final-message-without-proof */
} scram_peer;

size_t scram_length(uint32_t hash);

/* Base64 of octets, NUL-terminated. */
void scram_encode(char *text, const void *octets, size_t len);

/* The values of RFC 5802 section 3. SaltedPassword and ClientKey are no message; tests look for them in memory. */
void scram_salted(const scram_peer *p, uint8_t *salted);
void scram_client_key(const scram_peer *p, uint8_t *key);
void scram_stored_key(const scram_peer *p, uint8_t *key);
void scram_server_key(const scram_peer *p, uint8_t *key);
void scram_proof(const scram_peer *p, char *base64);
void scram_signature(const scram_peer *p, char *base64);

/* epop_crypto with octets for random ones that a test can foresee. It spoils what it writes to before it reads, as
 * hardware may. With `swap_from`, HMAC sees `swap_to` in its place: an RFC's nonce where ours has another length. */
extern const char *swap_from, *swap_to;
void scram_crypto(epop_crypto *crypto);

/* What the random octets look like as a nonce. */
#define SCRAM_NONCE "DyAxQlNkdYaXqLnK2+z9Dh8w"

#endif
