/* The listening sockets.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "log.h"
#include "server.h"

/* Connections taken from one listener in one turn of the loop. */
enum { BATCH = 64 };

static void on_ready(struct watch *watch, unsigned events)
{
    struct listener *listener = (struct listener *)(void *)watch;

    (void)events;
    listener->is_ready = 1;
    listener->server->accept_pending = 1;
}

static int make_private(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 ? 0 : -1;
}

static int bind_to(int fd, const struct address *address)
{
    int on = 1;

    if (make_private(fd) != 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
        return -1;
    }
    /* [::] must mean the same on every system: IPv6 only. */
    if (address->storage.ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
        return -1;
    }
    if (bind(fd, (const struct sockaddr *)(const void *)&address->storage, address->length) != 0) {
        return -1;
    }
    return listen(fd, SOMAXCONN);
}

static int open_one(struct server *server, struct listener *listener, const struct address *address)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM, 0);

    listener->server = server;
    listener->watch.on_ready = on_ready;
    listener->watch.fd = -1;
    if (fd < 0) {
        return -1;
    }
    listener->address = *address;
    listener->watch.fd = fd;
    if (bind_to(fd, address) == 0 &&
        getsockname(fd, (struct sockaddr *)(void *)&listener->address.storage, &listener->address.length) == 0 &&
        poller_add(server->poller, &listener->watch, POLLER_READ) == 0) {
        return 0;
    }
    close(fd);
    listener->watch.fd = -1;
    return -1;
}

size_t listener_open_all(struct server *server)
{
    for (size_t i = 0; i < server->options->listen_count; i++) {
        server->listeners[i].is_secure = server->options->listen_secure[i];
        if (open_one(server, &server->listeners[i], &server->options->listen[i]) != 0) {
            return i + 1;
        }
    }
    return 0;
}

void listener_close_all(struct server *server)
{
    for (size_t i = 0; i < server->options->listen_count; i++) {
        int fd = server->listeners[i].watch.fd;

        if (fd >= 0) {
            poller_remove(server->poller, &server->listeners[i].watch);
            close(fd);
        }
    }
    timer_cancel(&server->accept_pause);
}

static void set_interest(struct server *server, unsigned interest)
{
    for (size_t i = 0; i < server->options->listen_count; i++) {
        if (server->listeners[i].watch.fd >= 0) {
            poller_change(server->poller, &server->listeners[i].watch, interest);
        }
    }
}

/* What cannot be accepted stays ready: without a pause the loop would run hot until a descriptor is free. */
static void pause_all(struct server *server)
{
    struct log_line line;

    log_start(&line, "error");
    log_string(&line, "text", "cannot accept connections for now");
    log_string(&line, "cause", strerror(errno));
    log_number(&line, "sessions", server->sessions);
    log_end(&line);
    set_interest(server, 0);
    timer_arm(&server->accept_pause, &server->pause, server->now);
}

void listener_resume(struct server *server)
{
    set_interest(server, POLLER_READ);
}

enum outcome { ACCEPTED, NOTHING, PAUSE };

static enum outcome accept_one(struct listener *listener)
{
    struct server *server = listener->server;
    struct address peer;
    int fd;

    memset(&peer, 0, sizeof peer);
    peer.length = sizeof peer.storage;
    fd = accept(listener->watch.fd, (struct sockaddr *)(void *)&peer.storage, &peer.length);
    if (fd < 0) {
        switch (errno) {
        case EAGAIN:
            return NOTHING;
        case EINTR:
        case ECONNABORTED:
            return ACCEPTED;
        default:
            return PAUSE;
        }
    }
    if (make_private(fd) != 0) {
        close(fd);
        return ACCEPTED;
    }
    connection_open(server, fd, &peer, listener->is_secure);
    return ACCEPTED;
}

void listener_accept_all(struct server *server)
{
    server->accept_pending = 0;
    for (size_t i = 0; i < server->options->listen_count; i++) {
        struct listener *listener = &server->listeners[i];
        enum outcome outcome = ACCEPTED;

        for (int n = 0; n < BATCH && outcome == ACCEPTED && listener->is_ready && listener->watch.fd >= 0; n++) {
            outcome = accept_one(listener);
        }
        listener->is_ready = 0;
        if (outcome == PAUSE) {
            pause_all(server);
            return;
        }
    }
}
