/* The answers of a connection to what its session asks about users.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "connection.h"

#include <stdlib.h>
#include <string.h>

#include "hash_turns.h"
#include "hashing.h"
#include "log.h"
#include "server.h"
#include "tls.h"
#include "wipe.h"

void connection_log_failed_login(const struct connection *connection, const void *name, size_t length,
                                 const char *reason)
{
    struct log_line line;

    log_start(&line, "login-failed");
    log_number(&line, "session", connection->id);
    log_word(&line, "peer", connection->peer);
    log_octets(&line, "user", name, length);
    log_word(&line, "reason", reason);
    log_end(&line);
}

void connection_forget_token(struct connection *connection)
{
    if (connection->token != NULL) {
        wipe(connection->token, connection->token_length);
        free(connection->token);
        connection->token = NULL;
    }
    connection->token_length = 0;
}

/* Keeps a piece of a token. One that is too long, or for which there is no memory, is cut, and so not the right one. */
static void keep_token(struct connection *connection, const epop_auth_event *event)
{
    if (event->offset == 0) {
        connection_forget_token(connection);
        connection->token = malloc(CONNECTION_TOKEN_MAX);
    }
    if (connection->token != NULL && event->offset == connection->token_length &&
        event->password.len <= CONNECTION_TOKEN_MAX - connection->token_length) {
        memcpy(connection->token + connection->token_length, event->password.ptr, event->password.len);
        connection->token_length += event->password.len;
    } else {
        connection_forget_token(connection);
    }
}

/* Nobody may act as another. */
static int is_themselves(const epop_auth_event *event)
{
    return event->authzid.len == 0 ||
           (event->authzid.len == event->name.len && memcmp(event->authzid.ptr, event->name.ptr, event->name.len) == 0);
}

/* No, after a while. What the client has sent meanwhile waits in the socket. The clock is read anew: the turn of the
 * loop may have begun some milliseconds ago, and an answer that comes before its time would be a fault. */
static void refuse_later(struct connection *connection)
{
    struct server *server = connection->server;

    if (server->penalty.span == 0) {
        epop_server_refuse(&connection->session, EPOP_CODE_AUTH, NULL, 0);
    } else {
        connection->is_penalized = 1;
        timer_arm(&connection->timer, &server->penalty, timer_clock());
    }
}

static int32_t decide(struct connection *connection, epop_span name, int is_good)
{
    if (is_good) {
        epop_server_accept(&connection->session);
    } else {
        connection_log_failed_login(connection, name.ptr, name.len, "credentials");
        refuse_later(connection);
    }
    return 0;
}

static int32_t check_password(struct connection *connection, const epop_auth_event *event)
{
    struct hashing *hashing = NULL;
    enum auth_answer answer = auth_password(&connection->server->auth, event->name, event->password, &hashing);

    if (answer != AUTH_LATER) {
        return decide(connection, event->name, answer == AUTH_YES && is_themselves(event));
    }
    if (!is_themselves(event)) {
        hashing->is_sure = hashing->is_good = 0;
    }
    hash_turns_wait(connection, hashing);
    return 0;
}

static int32_t take_token(struct connection *connection, const epop_auth_event *event)
{
    int is_good;

    keep_token(connection, event);
    if (event->more) {
        return 0;
    }
    is_good = connection->token_length > 0 && auth_token(&connection->server->auth, event->name,
                                                         (epop_span){connection->token, connection->token_length});
    connection_forget_token(connection);
    return decide(connection, event->name, is_good && is_themselves(event));
}

/* Without a key: what the client says is then as wrong as a wrong password, which the library finds out by itself. */
static void answer_key(struct connection *connection, const epop_scram_key *key)
{
    if (key != NULL) {
        epop_server_key(&connection->session, key);
    } else {
        epop_server_refuse(&connection->session, EPOP_CODE_AUTH, NULL, 0);
    }
}

static int32_t give_key(struct connection *connection, const epop_auth_event *event)
{
    uint32_t hash = strncmp(event->mechanism, "SCRAM-SHA-256", 13) == 0 ? EPOP_HASH_SHA256 : EPOP_HASH_SHA1;
    struct hashing *hashing = NULL;
    struct auth_key memory;
    epop_scram_key key;
    enum auth_answer answer = auth_key(&connection->server->auth, event->name, hash, &memory, &key, &hashing);

    if (answer == AUTH_LATER) {
        hash_turns_wait(connection, hashing);
    } else {
        answer_key(connection, answer == AUTH_YES ? &key : NULL);
    }
    wipe(&memory, sizeof memory);
    return 0;
}

void connection_take_hash(struct connection *connection, const struct hashing *hashing)
{
    epop_span name = {(const uint8_t *)hashing->name, hashing->name_length};

    if (hashing->is_check) {
        decide(connection, name, hashing->is_good);
    } else {
        auth_keep_keys(&connection->server->auth, hashing);
        answer_key(connection, hashing->is_good ? &hashing->key : NULL);
    }
}

static int32_t give_password(struct connection *connection, const epop_auth_event *event)
{
    const struct secret *secret = users_secret(connection->server->users, event->name.ptr, event->name.len);

    if (secret != NULL && secret->kind == SECRET_PLAIN) {
        epop_server_answer(&connection->session, secret->octets, secret->length);
    } else {
        epop_server_refuse(&connection->session, EPOP_CODE_AUTH, NULL, 0);
    }
    return 0;
}

static int32_t give_binding(struct connection *connection, const epop_auth_event *event)
{
    char type[32] = "";
    uint8_t octets[EPOP_SASL_BINDING_MAX];
    size_t length = 0;

    if (event->password.len < sizeof type) {
        memcpy(type, event->password.ptr, event->password.len);
    }
    if (connection->transport.tls != NULL &&
        tls_binding(connection->transport.tls, type, octets, sizeof octets, &length) == 0) {
        epop_server_answer(&connection->session, octets, length);
    } else {
        epop_server_refuse(&connection->session, EPOP_CODE_AUTH, NULL, 0);
    }
    return 0;
}

int32_t connection_on_auth(void *user, const epop_auth_event *event)
{
    struct connection *connection = user;

    connection->mechanism = event->mechanism;
    switch (event->auth) {
    case EPOP_AUTH_PASSWORD:
        return check_password(connection, event);
    case EPOP_AUTH_TOKEN:
        return take_token(connection, event);
    case EPOP_AUTH_PROVEN:
        return decide(connection, event->name,
                      is_themselves(event) &&
                          users_find(connection->server->users, event->name.ptr, event->name.len) != NULL);
    case EPOP_AUTH_KEY:
        return give_key(connection, event);
    case EPOP_AUTH_SECRET:
        return give_password(connection, event);
    case EPOP_AUTH_BINDING:
        return give_binding(connection, event);
    default: /* EPOP_AUTH_FAILED, perhaps in the middle of a token */
        connection_forget_token(connection);
        return decide(connection, event->name, 0);
    }
}
