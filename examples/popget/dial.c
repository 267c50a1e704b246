/* Connecting: to the host of the options, or to the proxy in front of it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "dial.h"

#include "address.h"
#include "idn.h"
#include "proxy.h"
#include "signals.h"
#include "transport.h"
#include "wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is connected to. */
struct goal {
    const char *what; /* in front of the host in messages */
    const char *host;
    const char *port;
    unsigned timeout;
    struct addrinfo *source; /* NULL: the system chooses */
};

static int look_up_source(const char *text, struct addrinfo **source)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};

    *source = NULL;
    return getaddrinfo(text, NULL, &hints, source);
}

bool dial_is_address(const char *text)
{
    struct addrinfo *source;
    bool good = look_up_source(text, &source) == 0;

    if (good) {
        freeaddrinfo(source);
    }
    return good;
}

/* Waits for a connect() under way; 0 or an error number. */
static int finish_connect(int fd, unsigned timeout)
{
    int error = 0;
    socklen_t len = sizeof error;
    unsigned came = transport_socket_wait(fd, TRANSPORT_WRITE, (int64_t)timeout * 1000);

    if (came == TRANSPORT_SIGNAL) {
        return EINTR;
    }
    if (came == 0) {
        return ETIMEDOUT;
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

/* 0 or an error number. */
static int try(int fd, const struct addrinfo *address, const struct goal *goal)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
        (goal->source != NULL && bind(fd, goal->source->ai_addr, goal->source->ai_addrlen) != 0)) {
        return errno;
    }
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        return errno == EINPROGRESS || errno == EINTR ? finish_connect(fd, goal->timeout) : errno;
    }
    return 0;
}

/* Connects to one address; the descriptor, or -1 with the reason in `error`. */
static int connect_to(const struct addrinfo *address, const struct goal *goal, int *error)
{
    int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    int on = 1;

    if (fd < 0) {
        *error = errno;
        return -1;
    }
    *error = try(fd, address, goal);
    if (*error != 0) {
        close(fd);
        return -1;
    }
    /* Commands are short and each waits for its answer: they must not wait for more of their kind. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static bool resolve(struct addresses *addresses, const struct goal *goal, struct report *report)
{
    int result;

    signals_let_through(true); /* asking name servers may take long and starts over after a signal */
    result = addresses_find(addresses, goal->host, goal->port);
    signals_let_through(false);
    if (result != 0) {
        report_fatal(report, STATUS_UNAVAILABLE, "%s%s: unknown host: %s", goal->what, goal->host,
                     result == EAI_SYSTEM ? strerror(errno) : gai_strerror(result));
    }
    return result == 0;
}

static void report_unconnected(const struct goal *goal, unsigned tried, int error, struct report *report)
{
    if (tried == 0) {
        report_fatal(report, STATUS_USAGE, "%s%s: it has no IPv%c address, and --source is one", goal->what, goal->host,
                     goal->source->ai_family == AF_INET ? '4' : '6');
    } else if (error == EADDRNOTAVAIL && goal->source != NULL) {
        report_fatal(report, STATUS_USAGE, "--source: this host has no such address: %s", strerror(error));
    } else {
        report_fatal(report, STATUS_UNAVAILABLE, "%s%s port %s: no connection: %s (%u address%s tried)", goal->what,
                     goal->host, goal->port, strerror(error), tried, tried == 1 ? "" : "es");
    }
}

static int connect_to_any(const struct goal *goal, struct report *report)
{
    const struct addrinfo *address = NULL;
    struct addresses addresses;
    unsigned tried = 0;
    int error = 0;
    int fd = -1;

    if (!resolve(&addresses, goal, report)) {
        addresses_free(&addresses);
        return -1;
    }
    while (fd < 0 && !signals_caught() && (address = addresses_next(&addresses, address)) != NULL) {
        if (goal->source == NULL || goal->source->ai_family == address->ai_family) {
            fd = connect_to(address, goal, &error);
            tried++;
        }
    }
    addresses_free(&addresses);
    if (fd < 0 && !signals_caught()) {
        report_unconnected(goal, tried, error, report);
    }
    return fd;
}

static int dial_through(const struct options *options, struct goal *goal, struct report *report)
{
    struct proxy proxy;
    int fd = -1;

    if (proxy_parse(&proxy, options->proxy) && idn_convert(proxy.host, sizeof proxy.host, "--proxy: ", report)) {
        goal->what = "proxy ";
        goal->host = proxy.host;
        goal->port = proxy.port;
        fd = connect_to_any(goal, report);
    }
    if (fd >= 0 && !proxy_pass(&proxy, fd, options, report)) {
        close(fd);
        fd = -1;
    }
    wipe(&proxy, sizeof proxy);
    return fd;
}

int dial(const struct options *options, struct report *report)
{
    struct goal goal = {"", options->host, options->port, options->timeout, NULL};
    int fd;

    if (options->source != NULL && look_up_source(options->source, &goal.source) != 0) {
        report_fatal(report, STATUS_USAGE, "--source: it is no numeric address");
        return -1;
    }
    fd = options->proxy != NULL ? dial_through(options, &goal, report) : connect_to_any(&goal, report);
    if (goal.source != NULL) {
        freeaddrinfo(goal.source);
    }
    return fd;
}
