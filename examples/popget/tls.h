/* TLS and hashes, from mbedTLS (tls.c); tls_none.c stands in its place where popget is built without.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_TLS_H
#define POPGET_TLS_H

#include "report.h"

#include <epop/sasl.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_MISSING "this popget was built without mbedTLS and has no TLS (build it with meson -Dmbedtls=enabled)"

struct tls;

/* Whether this build has TLS. */
bool tls_is_there(void);

/* Fills in the hashes; false where there are none. */
bool tls_crypto(epop_crypto *crypto);

/* Reads the certificates of the authorities that are trusted, from a file in PEM, or where that is NULL from the
 * system's. With a fingerprint (FINGERPRINT_SIZE octets; else NULL), which must outlive it, none is read: the server's
 * certificate must have it, and nothing else of it counts. NULL after a report. */
struct tls *tls_open(const char *ca_file, const uint8_t *fingerprint, struct report *report);
void tls_free(struct tls *tls);

/* Begins TLS with this host. False where that cannot be done, which is a failure as below. */
bool tls_start(struct tls *tls, const char *host);

/* As the calls of transport.h, on this socket. tls_shake: 1 when TLS is up. */
long tls_shake(struct tls *tls, int fd);
long tls_read(struct tls *tls, int fd, uint8_t *data, size_t len);
long tls_write(struct tls *tls, int fd, const uint8_t *data, size_t len);
bool tls_is_up(const struct tls *tls);
bool tls_has_input(const struct tls *tls);  /* tls_read has something to say without the socket */
bool tls_has_output(const struct tls *tls); /* the socket has not taken all; tls_write with nothing goes on */

/* Says that we have nothing more to say, as far as the socket takes it. */
void tls_close(struct tls *tls, int fd);

/* Why it failed: EPOP_ERR_PEER_TLS or _CERTIFICATE, EPOP_ERR_PEER_EOF where the connection ended before TLS did,
 * EPOP_OK where it did not fail; and in `text` the cause and what can be done. */
int32_t tls_explain(const struct tls *tls, char *text, size_t size);

/* Channel binding, as epop_tls_binding makes it. False where there is none. */
bool tls_binding(const struct tls *tls, uint8_t *octets, size_t room, size_t *len);

#endif
