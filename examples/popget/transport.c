/* The connection to the server: all that knows of sockets. TLS is a layer in it (tls.h).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "transport.h"

#include "dial.h"
#include "signals.h"
#include "tls.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t transport_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* poll() for the rest of the time; a handler may have run in between. Where a child is waited for, what has woken us
 * is left for the caller to see. */
static int poll_until(struct pollfd *fds, nfds_t count, bool child, int64_t end)
{
    int64_t left;
    int ready;

    do {
        if (!child) {
            signals_drain(); /* a child may have ended; the flag is what counts, and it is looked at after this */
        }
        if (signals_caught()) {
            return -1;
        }
        left = end - transport_now();
        ready = poll(fds, count, left > 0 ? (int)left : 0);
    } while ((ready < 0 && errno == EINTR) || (!child && ready == 1 && fds[0].revents == 0));
    return ready;
}

unsigned transport_socket_wait(int fd, unsigned want, int64_t milliseconds)
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
    ready = poll_until(fds, 2, want & TRANSPORT_CHILD, transport_now() + milliseconds);
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
    if (fds[1].revents != 0) {
        signals_drain();
        came |= want & TRANSPORT_CHILD;
    }
    return came;
}

bool transport_prepare(struct transport *transport, const struct options *options, struct report *report)
{
    bool wanted = options->pops || (options->tls != TLS_NEVER && tls_is_there());

    transport->fd = -1;
    transport->is_secure = false;
    transport->head_len = 0;
    transport->host = options->host;
    transport->report = report;
    transport->fingerprint = options->has_fingerprint ? options->fingerprint : NULL;
    transport->tls =
        wanted && options->ca_file != NULL ? tls_open(options->ca_file, transport->fingerprint, report) : NULL;
    return !wanted || options->ca_file == NULL || transport->tls != NULL;
}

bool transport_open(struct transport *transport, const struct options *options, struct report *report)
{
    struct transport_failure failure = {EPOP_OK, false, ""};

    transport->fd = dial(options, report);
    if (transport->fd < 0) {
        return false;
    }
    if (options->pops && !transport_start_tls(transport)) {
        transport_explain(transport, TRANSPORT_BROKEN, &failure);
        if (!failure.reported) {
            report_fatal(report, STATUS_SOFTWARE, "%s: %s", options->host, failure.text);
        }
        return false;
    }
    return true;
}

/* While hands are shaken, TLS itself says what it waits for. */
unsigned transport_wait(struct transport *transport, unsigned want, int64_t milliseconds)
{
    bool ready = false;
    unsigned came;

    if (transport->is_secure) {
        ready = (want & TRANSPORT_READ) && tls_has_input(transport->tls);
        want = tls_is_up(transport->tls) ? want : TRANSPORT_READ | (want & TRANSPORT_CHILD);
        want |= tls_has_output(transport->tls) ? (unsigned)TRANSPORT_WRITE : 0u;
    }
    came = transport_socket_wait(transport->fd, want, ready ? 0 : milliseconds);
    return came == TRANSPORT_SIGNAL || !ready ? came : came | TRANSPORT_READ;
}

static long outcome_of(ssize_t result)
{
    if (result >= 0) {
        return (long)result;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? TRANSPORT_WAIT : TRANSPORT_BROKEN;
}

long transport_socket_read(int fd, uint8_t *data, size_t len)
{
    return outcome_of(recv(fd, data, len, 0));
}

long transport_socket_write(int fd, const uint8_t *data, size_t len)
{
    return outcome_of(send(fd, data, len, MSG_NOSIGNAL));
}

long transport_read(struct transport *transport, uint8_t *data, size_t len)
{
    long got = transport->is_secure ? tls_read(transport->tls, transport->fd, data, len)
                                    : transport_socket_read(transport->fd, data, len);
    size_t i;

    for (i = 0; got > 0 && i < (size_t)got && transport->head_len < sizeof transport->head; i++) {
        transport->head[transport->head_len++] = data[i];
    }
    return got;
}

long transport_write(struct transport *transport, const uint8_t *data, size_t len)
{
    return transport->is_secure ? tls_write(transport->tls, transport->fd, data, len)
                                : transport_socket_write(transport->fd, data, len);
}

bool transport_has_output(const struct transport *transport)
{
    return transport->is_secure && tls_has_output(transport->tls);
}

bool transport_start_tls(struct transport *transport)
{
    if (transport->tls == NULL) {
        transport->tls = tls_open(NULL, transport->fingerprint, transport->report);
    }
    transport->is_secure = transport->tls != NULL;
    transport->has_reported = !transport->is_secure;
    return transport->is_secure && tls_start(transport->tls, transport->host);
}

bool transport_is_shaking(const struct transport *transport)
{
    return transport->is_secure && !tls_is_up(transport->tls);
}

long transport_shake(struct transport *transport)
{
    return tls_shake(transport->tls, transport->fd);
}

void transport_explain(const struct transport *transport, long outcome, struct transport_failure *failure)
{
    int error = errno;
    int32_t code = transport->is_secure ? tls_explain(transport->tls, failure->text, sizeof failure->text) : EPOP_OK;

    if (code == EPOP_OK && outcome == TRANSPORT_BROKEN) {
        snprintf(failure->text, sizeof failure->text, "%s", strerror(error));
    }
    failure->reported = transport->has_reported;
    failure->code = code != EPOP_ERR_PEER_EOF ? code : EPOP_OK; /* what that means is the session's to say */
}

bool transport_binding(const struct transport *transport, uint8_t *octets, size_t room, size_t *len)
{
    return transport->is_secure && tls_binding(transport->tls, octets, room, len);
}

void transport_close(struct transport *transport)
{
    if (transport->fd >= 0) {
        if (transport->is_secure) {
            tls_close(transport->tls, transport->fd);
        }
        close(transport->fd);
        transport->fd = -1;
    }
}

void transport_free(struct transport *transport)
{
    transport_close(transport);
    tls_free(transport->tls);
    transport->tls = NULL;
    transport->is_secure = false;
}
