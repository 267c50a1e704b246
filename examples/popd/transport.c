/* Octets between a connection and its socket.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "transport.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "tls.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

void transport_init(struct transport *transport, int fd)
{
    transport->fd = fd;
    transport->tls = NULL;
}

void transport_free(struct transport *transport)
{
    tls_free(transport->tls);
    transport->tls = NULL;
}

int transport_start_tls(struct transport *transport, struct tls_identity *identity)
{
    transport->tls = tls_new(identity);
    return transport->tls != NULL ? 0 : -1;
}

int transport_is_shaking(const struct transport *transport)
{
    return transport->tls != NULL && !tls_is_up(transport->tls);
}

enum transport_result transport_shake(struct transport *transport)
{
    return tls_shake(transport->tls, transport->fd);
}

static enum transport_result failed(enum transport_result wait)
{
    return errno == EAGAIN || errno == EWOULDBLOCK ? wait : TRANSPORT_LOST;
}

enum transport_result transport_socket_receive(int fd, void *data, size_t room, size_t *moved)
{
    ssize_t got;

    *moved = 0;
    do {
        got = recv(fd, data, room, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return failed(TRANSPORT_WAIT_READ);
    }
    *moved = (size_t)got;
    return got == 0 ? TRANSPORT_EOF : TRANSPORT_OK;
}

enum transport_result transport_socket_send(int fd, const void *data, size_t length, size_t *moved)
{
    ssize_t sent;

    *moved = 0;
    do {
        sent = send(fd, data, length, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        return failed(TRANSPORT_WAIT_WRITE);
    }
    *moved = (size_t)sent;
    return TRANSPORT_OK;
}

enum transport_result transport_receive(struct transport *transport, void *data, size_t room, size_t *moved)
{
    return transport->tls != NULL ? tls_receive(transport->tls, transport->fd, data, room, moved)
                                  : transport_socket_receive(transport->fd, data, room, moved);
}

enum transport_result transport_send(struct transport *transport, const void *data, size_t length, size_t *moved)
{
    return transport->tls != NULL ? tls_send(transport->tls, transport->fd, data, length, moved)
                                  : transport_socket_send(transport->fd, data, length, moved);
}

enum transport_result transport_flush(struct transport *transport)
{
    return transport->tls != NULL ? tls_flush(transport->tls, transport->fd) : TRANSPORT_OK;
}

enum transport_result transport_finish(struct transport *transport)
{
    if (transport->tls != NULL) {
        tls_close(transport->tls, transport->fd);
        transport_free(transport);
    }
    return shutdown(transport->fd, SHUT_WR) == 0 ? TRANSPORT_OK : TRANSPORT_LOST;
}
