/* A server for many clients at once: one thread, one poll loop, and answers that come late.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The idea: nothing waits. A socket that is not ready is left for later, and so is a question. on_auth only notes that
 * somebody asked; the answer is given from the loop, DELAY seconds later, as it would be by a host that asks a database
 * or a directory. Until then that session wants nothing, and all others go on.
 *
 * One message for everybody whose password is "hello", without TLS: keep it on one machine.
 */
#include <epop/epop.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sockets.h"

enum { CONNECTIONS = 200, DELAY = 1, TURNS = 100, FAIR_PART = 65536 };

static const char message[] = "From: epop\nSubject: hello\n\nOne of many.\n";
static uint64_t octets_of_message;
static time_t now;

struct connection {
    int fd; /* -1: free */
    epop_server server;
    uint8_t line[EPOP_SERVER_LINE_MIN], name[64], output[4096], input[1024];
    size_t at, held; /* input[at, held) was received, and the session has not taken it yet */
    size_t sent;     /* of the message */
    uint8_t deleted[1];
    int is_asked, is_right;            /* a login waits for its answer; which one it will be */
    time_t answer_at, began, moved_at; /* moved: a reply was taken, or a fair part of a long one */
    size_t taken;                      /* octets since then */
};

static struct connection all[CONNECTIONS];

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    struct connection *c = (struct connection *)user;

    /* Spans are good within the callback only. Here the verdict is kept and not the password; a host that needs name
     * and password later copies them, and wipes the copy afterwards. */
    c->is_right = event->password.len == 5 && memcmp(event->password.ptr, "hello", 5) == 0;
    c->is_asked = 1;
    c->answer_at = now + DELAY;
    return 0; /* no answer: the session waits for it, and wants EPOP_WANT_ANSWER */
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    struct connection *c = (struct connection *)user;
    const epop_maildrop maildrop = {.struct_size = sizeof maildrop,
                                    .count = 1,
                                    .octets = octets_of_message,
                                    .deleted = c->deleted,
                                    .deleted_size = sizeof c->deleted};

    (void)event;
    return epop_server_opened(&c->server, &maildrop);
}

static int32_t on_message_info(void *user, const epop_message_info_event *event)
{
    (void)event;
    return epop_server_message_info(&((struct connection *)user)->server, octets_of_message, "poll-1", 6);
}

static int32_t on_send(void *user, const epop_send_event *event)
{
    struct connection *c = (struct connection *)user;

    (void)event;
    c->sent = 0;
    return epop_server_accept(&c->server);
}

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    (void)event; /* nothing is ever removed here: see examples/popd */
    return epop_server_accept(&((struct connection *)user)->server);
}

static void open_connection(struct connection *c, int fd)
{
    static const epop_server_callbacks callbacks = {.struct_size = sizeof callbacks,
                                                    .on_auth = on_auth,
                                                    .on_open = on_open,
                                                    .on_message_info = on_message_info,
                                                    .on_send = on_send,
                                                    .on_commit = on_commit};
    const epop_server_config config = {.struct_size = sizeof config,
                                       .flags = EPOP_SERVER_ALLOW_CLEARTEXT,
                                       .callbacks = &callbacks,
                                       .user = c,
                                       .line_buffer = c->line,
                                       .line_buffer_size = sizeof c->line,
                                       .name_buffer = c->name,
                                       .name_buffer_size = sizeof c->name,
                                       .output_buffer = c->output,
                                       .output_buffer_size = sizeof c->output};

    memset(c, 0, sizeof *c);
    c->fd = fd;
    c->began = c->moved_at = now;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    epop_server_init(&c->server, sizeof c->server, &config);
}

static void close_connection(struct connection *c)
{
    epop_error_info info = {.struct_size = sizeof info};

    epop_server_error_info(&c->server, &info);
    printf("session: %s\n", epop_error_name(info.code));
    fflush(stdout);
    close(c->fd);
    c->fd = -1;
}

/* 1: something was sent; 0: the socket is full, or broken, which the session then knows. */
static int drain(struct connection *c)
{
    size_t len;
    const uint8_t *octets = epop_server_output(&c->server, &len);
    ssize_t n = send(c->fd, octets, len, 0);

    if (n <= 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            close_connection(c);
        }
        return 0;
    }
    epop_server_output_ack(&c->server, (size_t)n);
    c->taken += (size_t)n;
    if ((size_t)n == len || c->taken >= FAIR_PART) { /* single octets move no deadline, see epop_server_deadline */
        c->moved_at = now;
        c->taken = 0;
    }
    return 1;
}

/* 1: the session has taken something; 0: there is nothing for now. */
static int feed(struct connection *c)
{
    size_t used;

    if (c->at == c->held) {
        ssize_t n = recv(c->fd, c->input, sizeof c->input, 0);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return 0;
        }
        c->at = 0;
        c->held = n > 0 ? (size_t)n : 0;
        if (n <= 0) {
            epop_server_eof(&c->server);
            return 1;
        }
    }
    epop_server_feed(&c->server, c->input + c->at, c->held - c->at, &used);
    memset(c->input + c->at, 0, used); /* a password may have been there */
    c->at += used;
    return 1;
}

static int send_body(struct connection *c)
{
    size_t used = 0;
    int32_t result = epop_server_body(&c->server, message + c->sent, strlen(message) - c->sent, &used);

    c->sent += used;
    if (result == EPOP_OK || result == EPOP_END) { /* EPOP_FULL, of both calls: drain, and come again */
        epop_server_body_end(&c->server);
    }
    return 1;
}

static void look_at_clock(struct connection *c)
{
    uint32_t seconds = epop_server_deadline(&c->server), login = epop_server_login_deadline(&c->server);

    if (c->is_asked && now >= c->answer_at) {
        c->is_asked = 0;
        if (c->is_right) {
            epop_server_accept(&c->server);
        } else {
            epop_server_refuse(&c->server, EPOP_CODE_AUTH, NULL, 0);
        }
        c->moved_at = now; /* the client waited for us, and not we for it */
    }
    if ((seconds != 0 && now - c->moved_at > (time_t)seconds) || (login != 0 && now - c->began > (time_t)login)) {
        epop_server_timeout(&c->server); /* ends without a reply, also where output is pending: nobody takes it */
        close_connection(c);
    }
}

/* Does what can be done without waiting; but only so much, or a client that never stops would keep us from the others.
 */
static void run(struct connection *c)
{
    int i, goes_on = 1;

    for (i = 0; i < TURNS && goes_on && c->fd >= 0; i++) {
        uint32_t wants = epop_server_wants(&c->server);
        if (wants & EPOP_WANT_BODY) {
            goes_on = send_body(c);
        } else if (wants & EPOP_WANT_DRAIN) {
            goes_on = drain(c);
        } else if (wants & EPOP_WANT_CLOSE) {
            close_connection(c);
        } else {
            goes_on = (wants & EPOP_WANT_FEED) && feed(c);
        }
    }
}

/* What to wait for. A session whose question is open waits for us, and not for its socket. One that has turns to come
 * waits for nothing: most sockets can be written to at once. */
static short interest(const struct connection *c)
{
    uint32_t wants = epop_server_wants(&c->server);

    if (wants & EPOP_WANT_FEED && c->at == c->held && !(wants & EPOP_WANT_DRAIN)) {
        return POLLIN;
    }
    return wants & EPOP_WANT_ANSWER && !(wants & EPOP_WANT_DRAIN) ? 0 : POLLOUT;
}

static void accept_one(int listener)
{
    int i, fd = accept(listener, NULL, NULL);

    for (i = 0; i < CONNECTIONS && all[i].fd >= 0; i++) {
    }
    if (i < CONNECTIONS && fd >= 0) {
        open_connection(&all[i], fd);
    } else if (fd >= 0) {
        close(fd); /* a real server says why: EPOP_SERVER_REFUSE, see examples/popd */
    }
}

int main(int argc, char **argv)
{
    static struct pollfd polled[CONNECTIONS + 1];
    int i, listener;
    epop_size size;

    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 64;
    }
    epop_size_init(&size);
    epop_size_add(&size, message, strlen(message));
    epop_size_end(&size);
    octets_of_message = size.octets;
    for (i = 0; i < CONNECTIONS; i++) {
        all[i].fd = -1;
    }
    if ((listener = sockets_listen(argv[1])) < 0) {
        return 1;
    }
    for (;;) {
        for (i = 0; i < CONNECTIONS; i++) { /* poll leaves out what has a negative descriptor */
            polled[i] = (struct pollfd){.fd = all[i].fd, .events = all[i].fd >= 0 ? interest(&all[i]) : 0};
        }
        polled[CONNECTIONS] = (struct pollfd){.fd = listener, .events = POLLIN};
        poll(polled, CONNECTIONS + 1, 1000); /* a second: what our clock can tell apart */
        now = time(NULL);
        for (i = 0; i < CONNECTIONS; i++) {
            if (all[i].fd >= 0) {
                look_at_clock(&all[i]);
            }
            if (all[i].fd >= 0 && polled[i].revents != 0) {
                run(&all[i]);
            }
        }
        if (polled[CONNECTIONS].revents & POLLIN) {
            accept_one(listener);
        }
    }
}
