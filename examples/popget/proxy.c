/* A SOCKS proxy, version 5, between us and the server (RFC 1928, RFC 1929).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "proxy.h"

#include "signals.h"
#include "transport.h"
#include "wipe.h"

#include <epop/wire.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum {
    VERSION = 5,
    METHOD_NONE = 0,
    METHOD_PASSWORD = 2,
    METHOD_REFUSED = 0xFF,
    PASSWORD_VERSION = 1, /* of RFC 1929 */
    CONNECT = 1,
    IPV4 = 1,
    DOMAIN = 3,
    IPV6 = 4,
    MESSAGE = 3 + 2 * PROXY_SECRET /* octets of the longest message */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * The option
 */

/* What stands behind the scheme; NULL where it is another one. */
static const char *behind_scheme(const char *text)
{
    static const char *const schemes[] = {"socks5://", "socks5h://"};
    size_t i;

    for (i = 0; i < 2; i++) {
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0) {
            return text + strlen(schemes[i]);
        }
    }
    return NULL;
}

static bool decode(char *dst, const char *text, size_t len)
{
    size_t used = 0;

    if (epop_url_decode(dst, PROXY_SECRET, &used, text, len) != EPOP_OK || used == 0) {
        return false;
    }
    dst[used] = '\0';
    return strlen(dst) == used;
}

static bool take_user(struct proxy *proxy, const char *text, size_t len)
{
    const char *colon = (const char *)memchr(text, ':', len);

    return colon != NULL && decode(proxy->user, text, (size_t)(colon - text)) &&
           decode(proxy->password, colon + 1, len - (size_t)(colon + 1 - text));
}

/* The name or address, and what follows it in `rest`. */
static bool take_host(struct proxy *proxy, const char *text, const char **rest)
{
    bool is_bracketed = text[0] == '[';
    size_t len;

    text += is_bracketed;
    len = strcspn(text, is_bracketed ? "]" : ":/@ ");
    if (len == 0 || len >= sizeof proxy->host || (is_bracketed && text[len] != ']')) {
        return false;
    }
    memcpy(proxy->host, text, len);
    proxy->host[len] = '\0';
    *rest = text + len + is_bracketed;
    return true;
}

static bool take_port(struct proxy *proxy, const char *text)
{
    uint64_t port = 1080; /* RFC 1928 section 3 */

    if (text[0] == ':') {
        text++;
        if (!ranges_number(&text, 65535, &port) || port == 0) {
            return false;
        }
    }
    snprintf(proxy->port, sizeof proxy->port, "%u", (unsigned)port);
    return text[0] == '\0' || strcmp(text, "/") == 0;
}

bool proxy_parse(struct proxy *proxy, const char *text)
{
    const char *at;

    memset(proxy, 0, sizeof *proxy);
    text = behind_scheme(text);
    at = text != NULL ? strrchr(text, '@') : NULL;
    if (at != NULL && !take_user(proxy, text, (size_t)(at - text))) {
        return false;
    }
    text = at != NULL ? at + 1 : text;
    return text != NULL && take_host(proxy, text, &text) && take_port(proxy, text);
}

bool proxy_has_password(const char *text)
{
    return strchr(text, '@') != NULL;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The conversation
 */

struct talk {
    const struct proxy *proxy;
    const struct options *options;
    struct report *report;
    int fd;
    int64_t end; /* on the clock of transport_now */
    uint8_t message[MESSAGE];
    size_t len;
};

static bool fail(const struct talk *talk, int status, const char *why)
{
    if (!signals_caught()) {
        report_fatal(talk->report, status, "proxy %s port %s: %s", talk->proxy->host, talk->proxy->port, why);
    }
    return false;
}

/* Waits until the deadline of the whole conversation, which no octet moves. */
static bool await(const struct talk *talk, unsigned want)
{
    int64_t left = talk->end - transport_now();
    unsigned came = left > 0 ? transport_socket_wait(talk->fd, want, left) : 0;

    if (came == 0) {
        return fail(talk, STATUS_TEMPORARY, "it does not answer in time; try again later");
    }
    return came != TRANSPORT_SIGNAL;
}

static bool lost(const struct talk *talk, long outcome)
{
    return fail(talk, STATUS_TEMPORARY,
                outcome == TRANSPORT_END ? "it hung up in the middle of an answer; try again later" : strerror(errno));
}

static bool say(struct talk *talk)
{
    size_t pos = 0;

    while (pos < talk->len) {
        long sent = transport_socket_write(talk->fd, talk->message + pos, talk->len - pos);

        if (sent == TRANSPORT_BROKEN) {
            return lost(talk, sent);
        }
        if (sent == TRANSPORT_WAIT && !await(talk, TRANSPORT_WRITE)) {
            return false;
        }
        pos += sent > 0 ? (size_t)sent : 0;
    }
    return true;
}

/* Reads as many octets and no more: the server's greeting may follow at once. */
static bool hear(struct talk *talk, size_t len)
{
    talk->len = 0;
    while (talk->len < len) {
        long got = transport_socket_read(talk->fd, talk->message + talk->len, len - talk->len);

        if (got == TRANSPORT_END || got == TRANSPORT_BROKEN) {
            return lost(talk, got);
        }
        if (got == TRANSPORT_WAIT && !await(talk, TRANSPORT_READ)) {
            return false;
        }
        talk->len += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static void put(struct talk *talk, const void *data, size_t len)
{
    memcpy(talk->message + talk->len, data, len);
    talk->len += len;
}

static void put_octet(struct talk *talk, size_t octet)
{
    talk->message[talk->len++] = (uint8_t)octet;
}

/* RFC 1929. */
static bool log_in(struct talk *talk)
{
    const struct proxy *proxy = talk->proxy;

    if (proxy->user[0] == '\0') {
        return fail(talk, STATUS_PROTOCOL, "it chose a login that was not offered");
    }
    talk->len = 0;
    put_octet(talk, PASSWORD_VERSION);
    put_octet(talk, strlen(proxy->user));
    put(talk, proxy->user, strlen(proxy->user));
    put_octet(talk, strlen(proxy->password));
    put(talk, proxy->password, strlen(proxy->password));
    if (!say(talk) || !hear(talk, 2)) {
        return false;
    }
    return talk->message[1] == 0 || fail(talk, STATUS_REFUSED, "it does not accept this user and password");
}

/* RFC 1928 section 3. */
static bool choose_method(struct talk *talk)
{
    bool has_user = talk->proxy->user[0] != '\0';

    put_octet(talk, VERSION);
    put_octet(talk, has_user ? 2 : 1);
    put_octet(talk, METHOD_NONE);
    if (has_user) {
        put_octet(talk, METHOD_PASSWORD);
    }
    if (!say(talk) || !hear(talk, 2)) {
        return false;
    }
    if (talk->message[0] != VERSION) {
        return fail(talk, STATUS_PROTOCOL, "it does not speak SOCKS version 5: wrong port?");
    }
    switch (talk->message[1]) {
    case METHOD_NONE:
        return true;
    case METHOD_PASSWORD:
        return log_in(talk);
    case METHOD_REFUSED:
        return fail(talk, STATUS_REFUSED,
                    has_user ? "it accepts neither a login by password nor none"
                             : "it wants a login (write socks5://USER:PASSWORD@HOST)");
    default:
        return fail(talk, STATUS_PROTOCOL, "it chose a login that was not offered");
    }
}

/* RFC 1928 section 5. A name is for the proxy to resolve. */
static void put_destination(struct talk *talk)
{
    const char *host = talk->options->host;
    struct in_addr four;
    struct in6_addr six;

    if (inet_pton(AF_INET, host, &four) == 1) {
        put_octet(talk, IPV4);
        put(talk, &four, sizeof four);
    } else if (inet_pton(AF_INET6, host, &six) == 1) {
        put_octet(talk, IPV6);
        put(talk, &six, sizeof six);
    } else {
        put_octet(talk, DOMAIN);
        put_octet(talk, strlen(host));
        put(talk, host, strlen(host));
    }
    put_octet(talk, talk->options->port_number >> 8);
    put_octet(talk, talk->options->port_number & 0xFF);
}

/* RFC 1928 section 6. */
static bool report_reply(const struct talk *talk, uint8_t reply)
{
    static const char *const words[] = {"unknown failure",
                                        "general failure",
                                        "not allowed by its rules",
                                        "network unreachable",
                                        "host unreachable (or unknown to it)",
                                        "connection refused",
                                        "the time to live expired",
                                        "it does not know the command CONNECT",
                                        "it does not know this type of address"};
    char text[NAME_SIZE + 128];

    snprintf(text, sizeof text, "no connection to %s port %s: %s (reply %u)", talk->options->host, talk->options->port,
             words[reply < sizeof words / sizeof words[0] ? reply : 0], (unsigned)reply);
    return fail(talk, reply == 2 ? STATUS_REFUSED : STATUS_UNAVAILABLE, text);
}

/* Behind an octet that is reserved and the type: the address to which the proxy has bound its side, which is of no use.
 */
static bool skip_address(struct talk *talk)
{
    switch (talk->message[1]) {
    case IPV4:
        return hear(talk, 4 + 2);
    case IPV6:
        return hear(talk, 16 + 2);
    case DOMAIN:
        return hear(talk, 1) && hear(talk, (size_t)talk->message[0] + 2);
    default:
        return fail(talk, STATUS_PROTOCOL, "its reply has an unknown type of address");
    }
}

static bool connect_through(struct talk *talk)
{
    talk->len = 0;
    put_octet(talk, VERSION);
    put_octet(talk, CONNECT);
    put_octet(talk, 0);
    put_destination(talk);
    if (!say(talk) || !hear(talk, 2)) {
        return false;
    }
    if (talk->message[0] != VERSION) {
        return fail(talk, STATUS_PROTOCOL, "its reply is not of SOCKS version 5");
    }
    if (talk->message[1] != 0) {
        return report_reply(talk, talk->message[1]);
    }
    return hear(talk, 2) && skip_address(talk);
}

bool proxy_pass(const struct proxy *proxy, int fd, const struct options *options, struct report *report)
{
    struct talk talk;
    bool good;

    memset(&talk, 0, sizeof talk);
    talk.proxy = proxy;
    talk.options = options;
    talk.report = report;
    talk.fd = fd;
    talk.end = transport_now() + (int64_t)options->timeout * 1000;
    good = choose_method(&talk) && connect_through(&talk);
    wipe(&talk, sizeof talk);
    return good;
}
