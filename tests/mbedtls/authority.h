/* Certificates for tests, made in memory when the test runs.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef TEST_MBEDTLS_AUTHORITY_H
#define TEST_MBEDTLS_AUTHORITY_H

#include <stddef.h>
#include <stdint.h>

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

typedef struct identity {
    mbedtls_pk_context key;
    mbedtls_x509_crt certificate;
} identity;

/* What a certificate says; NULL and 0 for what it does not. */
typedef struct identity_spec {
    const char *subject; /* "CN=pop.example" */
    const char *dns;     /* a dNSName */
    const uint8_t *ip;   /* an iPAddress */
    size_t ip_len;
    const char *not_after; /* "20301231235959" */
    int is_authority;
} identity_spec;

/* `signer` NULL: signs itself. Fails the test where anything goes wrong. */
void identity_make(identity *made, const identity_spec *spec, const identity *signer);
void identity_free(identity *made);

/* The random generator of all tests, for mbedTLS's calls. */
int test_random(void *unused, unsigned char *dst, size_t len);

#endif
