/* TLS and hashes, from mbedTLS (tls.c); tls_none.c stands in its place where popd is built without.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_TLS_H
#define POPD_TLS_H

#include <epop/epop.h>

#include "options.h"
#include "transport.h"

/* Behind the name of what needs mbedTLS, where popd is built without. */
#define TLS_MISSING                                                                                                    \
    "this popd was built without mbedTLS; install its headers (Debian: libmbedtls-dev) and build popd anew with "      \
    "meson -Dmbedtls=enabled"

struct tls_identity; /* certificate and key; counted, so that sessions keep theirs when there is a new one */

struct tls_problem {
    char text[512]; /* what is wrong, and how to mend it */
};

/* 1 where popd is built without mbedTLS. */
int tls_is_missing(void);

/* Fills in the hashes. 0, or -1 where there are none. */
int tls_crypto(epop_crypto *crypto);

/* NULL with `problem` where it cannot be had. */
struct tls_identity *tls_identity_load(const struct options *options, struct tls_problem *problem);
void tls_identity_release(struct tls_identity *identity);

/* The server's part of one connection; NULL where there is no memory. */
struct tls *tls_new(struct tls_identity *identity);
void tls_free(struct tls *tls);

/* As the calls of transport.h. */
int tls_is_up(const struct tls *tls);
enum transport_result tls_shake(struct tls *tls, int fd);
enum transport_result tls_receive(struct tls *tls, int fd, void *data, size_t room, size_t *moved);
enum transport_result tls_send(struct tls *tls, int fd, const void *data, size_t length, size_t *moved);
enum transport_result tls_flush(struct tls *tls, int fd);
void tls_close(struct tls *tls, int fd);
int32_t tls_error(const struct tls *tls);
/* What mbedTLS says of that error; NULL: nothing. Good until the next call. */
const char *tls_cause(struct tls *tls);
int tls_binding(const struct tls *tls, const char *type, uint8_t *octets, size_t room, size_t *length);

#endif
