/* Octets between a connection and its socket, in the clear.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "transport.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

void transport_init(struct transport *transport, int fd)
{
    transport->fd = fd;
}

static enum transport_result failed(enum transport_result wait)
{
    return errno == EAGAIN || errno == EWOULDBLOCK ? wait : TRANSPORT_LOST;
}

enum transport_result transport_receive(struct transport *transport, void *data, size_t room, size_t *moved)
{
    ssize_t got;

    *moved = 0;
    do {
        got = recv(transport->fd, data, room, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return failed(TRANSPORT_WAIT_READ);
    }
    *moved = (size_t)got;
    return got == 0 ? TRANSPORT_EOF : TRANSPORT_OK;
}

enum transport_result transport_send(struct transport *transport, const void *data, size_t length, size_t *moved)
{
    ssize_t sent;

    *moved = 0;
    do {
        sent = send(transport->fd, data, length, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        return failed(TRANSPORT_WAIT_WRITE);
    }
    *moved = (size_t)sent;
    return TRANSPORT_OK;
}

enum transport_result transport_finish(struct transport *transport)
{
    return shutdown(transport->fd, SHUT_WR) == 0 ? TRANSPORT_OK : TRANSPORT_LOST;
}
