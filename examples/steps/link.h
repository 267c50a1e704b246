/* A connection that begins in the clear or not, and has TLS from link_start_tls on. link_mbedtls.c does it with the
 * adapter of epop, link_openssl.c with OpenSSL and nothing of ours; the programs do not see which one they have.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * TLS is one more machine of bytes in, bytes out, between the socket and the session:
 *
 *     socket <- ciphertext -> TLS <- plaintext -> session
 *
 * Sockets block, see sockets.h. Results are those of epop: EPOP_OK, EPOP_END or an error, among them
 * EPOP_ERR_PEER_EOF (cut without the end that TLS announces), EPOP_ERR_PEER_TIMEOUT, EPOP_ERR_PEER_TLS,
 * EPOP_ERR_PEER_CERTIFICATE.
 */
#ifndef STEPS_LINK_H
#define STEPS_LINK_H

#include <epop/base.h>

struct link;

/* The link of this program, before there is a socket: a fault in the files is told before anybody is called. NULL after
 * a message on standard error. A client trusts the authorities in the file and nobody else, for the name or address
 * `host` and no other, which must outlive the link. */
struct link *link_client(const char *host, const char *ca_file);
struct link *link_server(const char *certificate_file, const char *key_file);

/* A new connection; after link_close the next one. */
void link_attach(struct link *link, int fd);

/* The handshake, to its end. */
int32_t link_start_tls(struct link *link);

/* Sends all of it. */
int32_t link_send(struct link *link, const void *octets, size_t len);

/* EPOP_OK and at least one octet; or EPOP_END: the peer has ended the connection in good order. */
int32_t link_receive(struct link *link, void *octets, size_t cap, size_t *got);

/* Ends TLS, if it is up, and closes the socket. */
void link_close(struct link *link);

#endif
