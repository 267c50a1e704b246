/* How a connection begins: which ones are taken, and what their session is told.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "connection_parts.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "server.h"

static const char implementation[] = "epop-popd";
static const char greeting[] = "popd ready";
static const char greeting_full[] = "too many sessions, try again later";
static const char too_many[] = "max-sessions";
static const char too_many_there[] = "max-sessions-per-address";

static uint32_t flags_of(const struct connection *connection)
{
    const struct server *server = connection->server;
    uint32_t flags = server->options->allow_cleartext ? (uint32_t)EPOP_SERVER_ALLOW_CLEARTEXT : 0u;

    if (!server->auth.has_user) {
        flags |= EPOP_SERVER_SASL_ONLY;
    }
    if (connection->refusal != NULL) {
        flags |= EPOP_SERVER_REFUSE;
    }
    if (connection->is_secure) {
        return flags | EPOP_SERVER_TLS;
    }
    return server->identity != NULL ? flags | EPOP_SERVER_STLS : flags;
}

static int init_session(struct connection *connection)
{
    const struct server *server = connection->server;
    const struct options *options = server->options;
    epop_server_config config;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.flags = flags_of(connection);
    config.callbacks = &connection_callbacks;
    config.user = connection;
    config.line_buffer = connection->line;
    config.line_buffer_size = sizeof connection->line;
    config.name_buffer = connection->name;
    config.name_buffer_size = sizeof connection->name;
    config.output_buffer = connection->output;
    config.output_buffer_size = sizeof connection->output;
    config.greeting = connection->refusal != NULL ? greeting_full : greeting;
    config.greeting_len = strlen(config.greeting);
    config.greeting_code = connection->refusal != NULL ? EPOP_CODE_SYS_TEMP : EPOP_CODE_NONE;
    config.implementation = implementation;
    config.implementation_len = sizeof implementation - 1;
    config.expire = EPOP_EXPIRE_NEVER;
    config.max_failed_logins = options->max_login_failures;
    config.timeout_seconds = options->idle_timeout;
    config.login_seconds = options->login_timeout;
    if (server->auth.sasl.mechanism_count > 0) {
        config.sasl = &connection->sasl;
        if (epop_sasl_init(&connection->sasl, sizeof connection->sasl, &server->auth.sasl, connection->sasl_buffer,
                           sizeof connection->sasl_buffer) != EPOP_OK) {
            return 0;
        }
    }
    return epop_server_init(&connection->session, sizeof connection->session, &config) == EPOP_OK;
}

static void log_opened(const struct connection *connection)
{
    struct log_line line;

    log_start(&line, connection->refusal != NULL ? "refused" : "connect");
    log_number(&line, "session", connection->id);
    log_word(&line, "peer", connection->peer);
    if (connection->refusal != NULL) {
        log_word(&line, "reason", connection->refusal);
    }
    log_end(&line);
}

static void link_in(struct connection *connection)
{
    struct server *server = connection->server;

    connection->next = server->connections;
    if (server->connections != NULL) {
        server->connections->previous = connection;
    }
    server->connections = connection;
    server->sessions += connection->refusal == NULL;
    timer_arm(&connection->login_timer, &server->login, server->now);
}

/* When all places are taken, the one goes that has been there longest without logging in: whoever only holds places
 * open loses them to those who come to fetch mail. 1 if there was one. */
static int make_room(struct server *server)
{
    struct timer *timer = server->login.first;

    while (timer != NULL && connection_of_login_timer(timer)->refusal != NULL) {
        timer = timer->next;
    }
    if (timer == NULL) {
        return 0;
    }
    connection_end(connection_of_login_timer(timer), too_many, NULL);
    connection_destroy(connection_of_login_timer(timer));
    return 1;
}

/* Counts it for its address; the reason why it cannot be served, or NULL. */
static const char *judge(struct connection *connection, const struct address *peer)
{
    struct server *server = connection->server;

    connection->group = peer_group_join(&server->groups, peer);
    if (connection->group == NULL) {
        return too_many;
    }
    if (connection->group->sessions > server->options->max_sessions_per_address) {
        connection_leave_group(connection);
        return too_many_there;
    }
    if (server->sessions >= server->options->max_sessions && !make_room(server)) {
        connection_leave_group(connection);
        return too_many;
    }
    return NULL;
}

static struct connection *new_connection(struct server *server, int fd, const struct address *peer, int is_secure)
{
    struct connection *connection = malloc(sizeof *connection);
    int on = 1;

    if (connection == NULL) {
        return NULL;
    }
    memset(connection, 0, offsetof(struct connection, output));
    connection->server = server;
    connection->id = ++server->next_id;
    connection->watch.fd = fd;
    connection->watch.on_ready = connection_on_ready;
    connection->body = -1;
    connection->refusal = judge(connection, peer);
    connection->is_secure = is_secure != 0;
    transport_init(&connection->transport, fd);
    address_format(peer, connection->peer);
    /* Replies are short and whole; to wait for more of them to come only adds delay. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!init_session(connection) ||
        (is_secure && transport_start_tls(&connection->transport, server->identity) != 0) ||
        poller_add(server->poller, &connection->watch, 0) != 0) {
        connection_free(connection);
        return NULL;
    }
    return connection;
}

void connection_open(struct server *server, int fd, const struct address *peer, int is_secure)
{
    struct connection *connection = new_connection(server, fd, peer, is_secure);

    if (connection == NULL) {
        close(fd);
        log_message("error", "a connection could not be set up and was closed; is there memory enough?");
        return;
    }
    link_in(connection);
    log_opened(connection);
    if (connection->refusal != NULL && is_secure) {
        /* A handshake only to say no would cost more than a session. */
        connection_destroy(connection);
        return;
    }
    connection_run(connection);
}
