/* popd: a POP3 server for Maildirs. This file starts it and tidies up behind it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "connection.h"
#include "hash_turns.h"
#include "listener.h"
#include "log.h"
#include "options.h"
#include "port_file.h"
#include "server.h"
#include "tls.h"

enum {
    LINGER_MS = 2000, /* that a peer has to close its side after the last reply */
    PAUSE_MS = 500,   /* without accepting, when descriptors or memory run out */
    /* A session has its socket, its Maildir, and for a while one folder and one file or two. */
    DESCRIPTORS_PER_SESSION = 4,
    DESCRIPTORS_OF_SERVER = 32 + LINGER_MAX
};

static int fail(int status, const char *what, const char *object, const char *remedy)
{
    fprintf(stderr, "popd: %s %s: %s; %s\n", what, object, strerror(errno), remedy);
    return status;
}

/* All descriptors that the system allows: the limit that is in force at first is for programs that use select. */
static void raise_descriptor_limit(const struct options *options)
{
    uint64_t need = (uint64_t)options->max_sessions * DESCRIPTORS_PER_SESSION + DESCRIPTORS_OF_SERVER;
    struct rlimit limit;
    struct log_line line;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < need) {
        log_start(&line, "warning");
        log_string(&line, "text", "fewer descriptors than --max-sessions may need; raise the hard limit (ulimit -Hn)");
        log_number(&line, "limit", (uint64_t)limit.rlim_cur);
        log_number(&line, "needed", need);
        log_end(&line);
    }
}

static void warn(const struct server *server)
{
    const struct options *options = server->options;
    int is_open = 0;

    for (size_t i = 0; i < options->listen_count; i++) {
        is_open |= !address_is_loopback(&options->listen[i]);
    }
    server_warn_of_files(server);
    if (options->allow_cleartext && is_open) {
        log_message("warning", "with --allow-cleartext anybody on the network between can read passwords and mail");
    }
    if (!options->allow_cleartext && server->identity == NULL) {
        log_message("warning", tls_is_missing() ? "nobody can log in without --allow-cleartext: " TLS_MISSING
                                                : "nobody can log in: that needs TLS (--cert and --key), or "
                                                  "--allow-cleartext");
    }
    if (options->idle_timeout < 600) {
        log_message("warning", "--idle-timeout is below the 600 seconds that RFC 1939 asks for");
    }
}

static int load_users(struct server *server)
{
    struct users_problem problem;
    char wrong[AUTH_PROBLEM_MAX];

    auth_init(&server->auth);
    server->users = users_load(server->options->users, server->auth.has_hashes, &problem);
    if (server->users == NULL) {
        fprintf(stderr, "popd: %s\n", problem.text);
        return problem.status;
    }
    auth_set_users(&server->auth, server->users);
    if (auth_set_mechanisms(&server->auth, server->options->mechanisms, wrong) != 0) {
        fprintf(stderr, "popd: %s\n", wrong);
        return EX_USAGE;
    }
    if (auth_set_salt_secret(&server->auth, server->options->key) != 0) {
        return fail(EX_OSERR, "cannot set up", "the random generator", "see mbedTLS's documentation");
    }
    return EX_OK;
}

static int load_identity(struct server *server)
{
    struct tls_problem problem;

    if (server->options->certificate != NULL) {
        server->identity = tls_identity_load(server->options, &problem);
        if (server->identity == NULL) {
            fprintf(stderr, "popd: %s\n", problem.text);
            return EX_CONFIG;
        }
    }
    return EX_OK;
}

static int load(struct server *server)
{
    int status = load_users(server);

    if (status == EX_OK) {
        status = load_identity(server);
    }
    if (status != EX_OK) {
        return status;
    }
    server->root = open(server->options->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (server->root < 0) {
        return fail(EX_CONFIG, "cannot open --root", server->options->root,
                    "it must be a folder that this user may read");
    }
    return EX_OK;
}

static int prepare(struct server *server)
{
    timer_queue_init(&server->idle, (uint64_t)server->options->idle_timeout * 1000);
    timer_queue_init(&server->login, (uint64_t)server->options->login_timeout * 1000);
    timer_queue_init(&server->linger, LINGER_MS);
    timer_queue_init(&server->penalty, (uint64_t)server->options->login_failure_delay * 1000);
    timer_queue_init(&server->pause, PAUSE_MS);
    server->now = timer_clock();
    server->poller = poller_new();
    server->sizes = size_cache_new();
    server->listeners = calloc(server->options->listen_count, sizeof *server->listeners);
    if (server->poller == NULL || server->sizes == NULL || server->listeners == NULL) {
        return fail(EX_OSERR, "cannot set up", "the event loop", "give the process more memory and descriptors");
    }
    for (size_t i = 0; i < server->options->listen_count; i++) {
        server->listeners[i].watch.fd = -1;
    }
    if (server_catch_signals(server) != 0) {
        return fail(EX_OSERR, "cannot set up", "signal handling", "give the process more descriptors");
    }
    return EX_OK;
}

static int listen_everywhere(struct server *server)
{
    size_t failed = listener_open_all(server);
    char address[ADDRESS_TEXT_MAX];

    if (failed != 0) {
        int kept = errno;

        address_format(&server->options->listen[failed - 1], address);
        errno = kept;
        return fail(EX_OSERR, "cannot listen on", address,
                    "choose an address of this machine and a free port, from 1024 up unless privileged");
    }
    if (server->options->port_file != NULL && port_file_write(server) != 0) {
        return fail(EX_IOERR, "cannot write --port-file", server->options->port_file,
                    "check that its folder exists and can be written");
    }
    return EX_OK;
}

static void log_listening(const struct server *server)
{
    for (size_t i = 0; i < server->options->listen_count; i++) {
        char address[ADDRESS_TEXT_MAX];
        struct log_line line;

        address_format(&server->listeners[i].address, address);
        log_start(&line, "listening");
        log_word(&line, "address", address);
        log_word(&line, "protocol", server->listeners[i].is_secure ? "pops" : "pop");
        log_end(&line);
    }
}

static void tidy_up(struct server *server)
{
    if (server->listeners != NULL) {
        listener_close_all(server);
    }
    while (server->connections != NULL) {
        struct connection *connection = server->connections;

        server->connections = connection->next;
        connection_free(connection);
    }
    hash_turns_forget(server);
    if (server->root >= 0) {
        close(server->root);
    }
    poller_free(server->poller);
    size_cache_free(server->sizes);
    users_free(server->users);
    auth_free(&server->auth);
    tls_identity_release(server->identity);
    free(server->listeners);
    free(server);
}

static int serve(struct server *server)
{
    int status = load(server);

    if (status == EX_OK) {
        status = prepare(server);
    }
    if (status == EX_OK) {
        raise_descriptor_limit(server->options);
        warn(server);
        status = listen_everywhere(server);
    }
    if (status == EX_OK) {
        log_listening(server);
        status = server_run(server);
        if (server->options->port_file != NULL) {
            unlink(server->options->port_file);
        }
    }
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    struct server *server;
    int status = options_parse(&options, argc, argv);

    if (status != -1) {
        return status;
    }
    if (options.hash_password) {
        return auth_hash_password();
    }
    log_setup(options.log);
    server = calloc(1, sizeof *server);
    if (server == NULL) {
        return fail(EX_OSERR, "cannot set up", "the server", "give the process more memory");
    }
    server->options = &options;
    server->root = -1;
    status = serve(server);
    tidy_up(server);
    return status;
}
