/* Two ends of our TLS with a wire between them that the test can cut, slow down and bend.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef TEST_MBEDTLS_LINK_H
#define TEST_MBEDTLS_LINK_H

#include "authority.h"

#include <epop/mbedtls.h>

enum { LINK_PLAIN_MAX = 200000, LINK_NEVER = 0x7FFFFFFF };

typedef struct link_end {
    mbedtls_ssl_config conf;
    mbedtls_ssl_context ssl;
    epop_tls tls;
    uint8_t output[20000];
    size_t output_size;
    int32_t result; /* of the last feed */
    uint8_t inbox[40000];
    size_t inbox_len;
    uint64_t arrived;  /* octets that ever came into the inbox */
    uint64_t flip_at;  /* the octet whose lowest bit is turned over on its way in */
    uint64_t cut_at;   /* from this octet on nothing comes in */
    size_t record_at;  /* place in the record that is coming in */
    size_t record_len; /* and its length */
    size_t chunk;      /* the most that is fed at once; 0: any length, by chance */
    uint8_t *plain;    /* what was read */
    size_t plain_len;
} link_end;

typedef struct link {
    link_end client;
    link_end server;
    identity authority;
    identity own;
    uint32_t chance;
    const mbedtls_ssl_session *resumed; /* what the client begins with; NULL: nothing */
} link;

/* A client that trusts `authority`, and a server with a certificate of it for "pop.example". */
link *link_make(void);

/* The same with another certificate (NULL: that one), signed by the authority or by itself. */
link *link_make_with(const identity_spec *spec, int self_signed);

/* Calls epop_tls_init of both ends. */
void link_start(link *wire, const char *host);
void link_free(link *wire);

/* Carries octets until neither end has any more to say. */
void link_run(link *wire);

/* Writes all of it at `from`, carrying octets where that must be drained. */
void link_write(link *wire, link_end *from, const void *data, size_t len);

#endif
