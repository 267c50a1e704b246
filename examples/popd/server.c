/* The event loop.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "connection.h"
#include "hash_turns.h"
#include "listener.h"
#include "log.h"
#include "tls.h"

enum {
    EVENTS = 256,
    TURNS = 8 /* of connections in the queue, before the sockets are looked at again */
};

/* ---- Signals: a handler may do next to nothing, so it writes the number of the signal into a pipe ---- */

static int signal_pipe[2] = {-1, -1};

static void on_signal(int number)
{
    uint8_t octet = (uint8_t)number;
    int kept = errno;
    ssize_t wrote = write(signal_pipe[1], &octet, 1);

    /* A full pipe holds enough of them already. */
    (void)wrote;
    errno = kept;
}

static int prepare_pipe(void)
{
    if (pipe(signal_pipe) != 0) {
        return -1;
    }
    for (int i = 0; i < 2; i++) {
        if (fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK) != 0) {
            return -1;
        }
    }
    return 0;
}

void server_warn_of_files(const struct server *server)
{
    struct stat info;

    if (users_are_exposed(server->users)) {
        log_message("warning", USERS_EXPOSED);
    }
    if (users_are_uneven(server->users)) {
        log_message("warning", USERS_UNEVEN);
    }
    if (users_count(server->users) == 0) {
        log_message("warning", "the users file names nobody; add lines of name:{PLAIN}secret");
    }
    if (server->identity != NULL && stat(server->options->key, &info) == 0 &&
        (info.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0) {
        log_message("warning", "others can read or change the key of --key, and with it be this server; chmod 600 it");
    }
}

static void reload_users(struct server *server)
{
    struct users_problem problem;
    struct users *users = users_load(server->options->users, server->auth.has_hashes, &problem);
    struct log_line line;

    if (users == NULL) {
        log_start(&line, "error");
        log_string(&line, "text", problem.text);
        log_string(&line, "consequence", "the users read before stay in force");
        log_end(&line);
        return;
    }
    hash_turns_forget(server);
    users_free(server->users);
    server->users = users;
    auth_set_users(&server->auth, users);
    log_start(&line, "reload");
    log_number(&line, "users", users_count(users));
    log_end(&line);
}

static void reload_identity(struct server *server)
{
    struct tls_problem problem;
    struct tls_identity *identity;
    struct log_line line;

    if (server->identity == NULL) {
        return;
    }
    identity = tls_identity_load(server->options, &problem);
    if (identity == NULL) {
        log_start(&line, "error");
        log_string(&line, "text", problem.text);
        log_string(&line, "consequence", "the certificate read before stays in force");
        log_end(&line);
        return;
    }
    tls_identity_release(server->identity);
    server->identity = identity;
    log_start(&line, "reload");
    log_string(&line, "certificate", server->options->certificate);
    log_end(&line);
}

static void stop(struct server *server)
{
    struct connection *next;

    if (server->stopping) {
        return;
    }
    log_message("stopping", "no further connections are taken");
    server->stopping = 1;
    listener_close_all(server);
    for (struct connection *connection = server->connections; connection != NULL; connection = next) {
        next = connection->next;
        connection_stop(connection);
    }
}

static void on_signal_pipe(struct watch *watch, unsigned events)
{
    struct server *server = (struct server *)(void *)((char *)watch - offsetof(struct server, signals));
    uint8_t octets[64];
    ssize_t got;
    int hangup = 0;

    (void)events;
    while ((got = read(watch->fd, octets, sizeof octets)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            if (octets[i] == SIGHUP) {
                hangup = 1;
            } else {
                stop(server);
            }
        }
    }
    if (hangup && !server->stopping) {
        reload_users(server);
        reload_identity(server);
        server_warn_of_files(server);
    }
}

int server_catch_signals(struct server *server)
{
    static const int caught[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_IGN;
    if (prepare_pipe() != 0 || sigaction(SIGPIPE, &action, NULL) != 0) {
        return -1;
    }
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) {
        if (sigaction(caught[i], &action, NULL) != 0) {
            return -1;
        }
    }
    server->signals.fd = signal_pipe[0];
    server->signals.on_ready = on_signal_pipe;
    return poller_add(server->poller, &server->signals, POLLER_READ);
}

/* ---- The loop ---- */

static void expire(struct server *server)
{
    struct timer *timer;

    while ((timer = timer_queue_due(&server->idle, server->now)) != NULL) {
        connection_expire(connection_of_timer(timer));
    }
    while ((timer = timer_queue_due(&server->login, server->now)) != NULL) {
        connection_expire_login(connection_of_login_timer(timer));
    }
    while ((timer = timer_queue_due(&server->linger, server->now)) != NULL) {
        connection_expire(connection_of_timer(timer));
    }
    while ((timer = timer_queue_due(&server->penalty, server->now)) != NULL) {
        connection_end_penalty(connection_of_timer(timer));
    }
    if (timer_queue_due(&server->pause, server->now) != NULL) {
        listener_resume(server);
    }
}

static int wait_time(const struct server *server)
{
    uint64_t wait = INT_MAX;

    if (server->queue_first != NULL || hash_turns_are_due(server)) {
        return 0;
    }
    wait = timer_queue_wait(&server->idle, server->now, wait);
    wait = timer_queue_wait(&server->login, server->now, wait);
    wait = timer_queue_wait(&server->linger, server->now, wait);
    wait = timer_queue_wait(&server->penalty, server->now, wait);
    wait = timer_queue_wait(&server->pause, server->now, wait);
    return (int)wait;
}

static void give_turns(struct server *server)
{
    for (int i = 0; i < TURNS && server->queue_first != NULL; i++) {
        connection_continue(server->queue_first);
    }
}

static void bury(struct server *server)
{
    while (server->closed != NULL) {
        struct connection *connection = server->closed;

        server->closed = connection->next;
        connection_free(connection);
    }
}

static int turn(struct server *server)
{
    struct poller_event events[EVENTS];
    int count = poller_wait(server->poller, wait_time(server), events, EVENTS);

    if (count < 0 && errno != EINTR) {
        return -1;
    }
    server->now = timer_clock();
    for (int i = 0; i < count; i++) {
        struct watch *watch = events[i].watch;

        /* An event before this one may have closed it. */
        if (watch->fd >= 0) {
            watch->on_ready(watch, events[i].events);
        }
    }
    if (server->accept_pending) {
        listener_accept_all(server);
    }
    give_turns(server);
    hash_turns_go(server);
    expire(server);
    bury(server);
    return 0;
}

int server_run(struct server *server)
{
    while (!server->stopping || server->connections != NULL) {
        if (turn(server) != 0) {
            log_message("error", strerror(errno));
            return EX_OSERR;
        }
    }
    log_message("stopped", "all connections are closed");
    return EX_OK;
}
