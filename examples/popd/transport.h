/* Octets between a connection and its socket, in the clear or by TLS: the connection above sees only plain octets, and
 * waits for whatever direction a call names, whichever way it was going itself.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_TRANSPORT_H
#define POPD_TRANSPORT_H

#include <stddef.h>

enum transport_result {
    TRANSPORT_OK,         /* some octets moved, if only those of TLS itself; there may be more */
    TRANSPORT_WAIT_READ,  /* none can until the socket is readable */
    TRANSPORT_WAIT_WRITE, /* none can until the socket is writable */
    TRANSPORT_EOF,        /* the peer has closed its side */
    TRANSPORT_LOST        /* the connection is gone; errno says how */
};

struct tls;
struct tls_identity;

struct transport {
    int fd;
    struct tls *tls; /* NULL: in the clear */
};

void transport_init(struct transport *transport, int fd);

void transport_free(struct transport *transport);

/* TLS from here on: transport_shake until it is not shaking any more. 0, or -1 where there is no memory. */
int transport_start_tls(struct transport *transport, struct tls_identity *identity);
int transport_is_shaking(const struct transport *transport);
enum transport_result transport_shake(struct transport *transport);

/* Up to `room` octets from the peer; `*moved` says how many, and none is not the end. */
enum transport_result transport_receive(struct transport *transport, void *data, size_t room, size_t *moved);

/* Up to `length` octets to the peer; `*moved` says how many were taken. */
enum transport_result transport_send(struct transport *transport, const void *data, size_t length, size_t *moved);

/* TRANSPORT_OK when all that was taken is with the kernel. */
enum transport_result transport_flush(struct transport *transport);

/* Says that nothing more will be sent, behind all that was. What still comes is received as it is, to be
 * thrown away. */
enum transport_result transport_finish(struct transport *transport);

/* The same without TLS, for TLS. */
enum transport_result transport_socket_receive(int fd, void *data, size_t room, size_t *moved);
enum transport_result transport_socket_send(int fd, const void *data, size_t length, size_t *moved);

#endif
