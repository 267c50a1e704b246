/* The connection to the server: all that knows of sockets, and the place where a TLS layer belongs.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "transport.h"

#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* poll() for the rest of the time; a handler may have run in between. */
static int poll_until(struct pollfd *fds, nfds_t count, int64_t end)
{
    int64_t left;
    int ready;

    do {
        signals_drain(); /* a child may have ended; the flag is what counts, and it is looked at after this */
        if (signals_caught()) {
            return -1;
        }
        left = end - now();
        ready = poll(fds, count, left > 0 ? (int)left : 0);
    } while ((ready < 0 && errno == EINTR) || (ready == 1 && fds[0].revents == 0));
    return ready;
}

static unsigned wait_on(int fd, unsigned want, unsigned seconds)
{
    struct pollfd fds[2];
    unsigned came = 0;
    short broken = POLLERR | POLLHUP | POLLNVAL;
    int ready;

    fds[0].fd = fd;
    fds[0].events = (short)((want & TRANSPORT_READ ? POLLIN : 0) | (want & TRANSPORT_WRITE ? POLLOUT : 0));
    fds[1].fd = signals_descriptor();
    fds[1].events = POLLIN;
    fds[0].revents = fds[1].revents = 0;
    ready = poll_until(fds, 2, now() + (int64_t)seconds * 1000);
    if (signals_caught()) {
        return TRANSPORT_SIGNAL;
    }
    if (ready < 0) {
        return want; /* reading and writing will tell what is wrong */
    }
    if (fds[0].revents & (POLLIN | broken)) {
        came |= want & TRANSPORT_READ;
    }
    if (fds[0].revents & (POLLOUT | broken)) {
        came |= want & TRANSPORT_WRITE;
    }
    return came;
}

/* Waits for a connect() under way; 0 or an error number. */
static int finish_connect(int fd, unsigned timeout)
{
    int error = 0;
    socklen_t len = sizeof error;
    unsigned came = wait_on(fd, TRANSPORT_WRITE, timeout);

    if (came == TRANSPORT_SIGNAL) {
        return EINTR;
    }
    if (came == 0) {
        return ETIMEDOUT;
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

/* Connects to one address; the descriptor, or -1 with the reason in `error`. */
static int connect_to(const struct addrinfo *address, unsigned timeout, int *error)
{
    int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    int on = 1;

    if (fd < 0) {
        *error = errno;
        return -1;
    }
    *error = 0;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        *error = errno;
    } else if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        *error = errno == EINPROGRESS || errno == EINTR ? finish_connect(fd, timeout) : errno;
    }
    if (*error != 0) {
        close(fd);
        return -1;
    }
    /* Commands are short and each waits for its answer: they must not wait for more of their kind. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static struct addrinfo *resolve(const struct options *options, struct report *report)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    int result;

    signals_let_through(true); /* asking name servers may take long and starts over after a signal */
    result = getaddrinfo(options->host, options->port, &hints, &addresses);
    signals_let_through(false);
    if (result != 0) {
        report_fatal(report, STATUS_UNAVAILABLE, "%s: unknown host: %s", options->host,
                     result == EAI_SYSTEM ? strerror(errno) : gai_strerror(result));
        return NULL;
    }
    return addresses;
}

bool transport_open(struct transport *transport, const struct options *options, struct report *report)
{
    struct addrinfo *addresses = resolve(options, report);
    struct addrinfo *address;
    unsigned tried = 0;
    int error = 0;

    transport->fd = -1;
    if (addresses == NULL) {
        return false;
    }
    for (address = addresses; address != NULL && transport->fd < 0 && !signals_caught(); address = address->ai_next) {
        transport->fd = connect_to(address, options->timeout, &error);
        tried++;
    }
    freeaddrinfo(addresses);
    if (transport->fd < 0 && !signals_caught()) {
        report_fatal(report, STATUS_UNAVAILABLE, "%s port %s: no connection: %s (%u address%s tried)", options->host,
                     options->port, strerror(error), tried, tried == 1 ? "" : "es");
    }
    return transport->fd >= 0;
}

unsigned transport_wait(struct transport *transport, unsigned want, unsigned seconds)
{
    return wait_on(transport->fd, want, seconds);
}

static long outcome(ssize_t result)
{
    if (result >= 0) {
        return (long)result;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? TRANSPORT_WAIT : TRANSPORT_BROKEN;
}

long transport_read(struct transport *transport, uint8_t *data, size_t len)
{
    return outcome(recv(transport->fd, data, len, 0));
}

long transport_write(struct transport *transport, const uint8_t *data, size_t len)
{
    return outcome(send(transport->fd, data, len, MSG_NOSIGNAL));
}

void transport_close(struct transport *transport)
{
    if (transport->fd >= 0) {
        close(transport->fd);
        transport->fd = -1;
    }
}
