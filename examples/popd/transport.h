/* Octets between a connection and its socket. A TLS engine goes in here: the connection above sees only plain octets,
 * and waits for whatever direction a call names, whichever way it was going itself.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_TRANSPORT_H
#define POPD_TRANSPORT_H

#include <stddef.h>

enum transport_result {
    TRANSPORT_OK,         /* some octets moved */
    TRANSPORT_WAIT_READ,  /* none can until the socket is readable */
    TRANSPORT_WAIT_WRITE, /* none can until the socket is writable */
    TRANSPORT_EOF,        /* the peer has closed its side */
    TRANSPORT_LOST        /* the connection is gone; errno says how */
};

struct transport {
    int fd;
};

void transport_init(struct transport *transport, int fd);

/* Up to `room` octets from the peer; `*moved` says how many. */
enum transport_result transport_receive(struct transport *transport, void *data, size_t room, size_t *moved);

/* Up to `length` octets to the peer; `*moved` says how many were taken. */
enum transport_result transport_send(struct transport *transport, const void *data, size_t length, size_t *moved);

/* Says that nothing more will be sent, behind all that was. */
enum transport_result transport_finish(struct transport *transport);

#endif
