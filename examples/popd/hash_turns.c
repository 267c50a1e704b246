/* Who may hash next: one slice in each turn of the loop, in turns among the addresses that wait for one.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "hash_turns.h"

#include "connection.h"
#include "hashing.h"
#include "server.h"

void hash_turns_wait(struct connection *connection, struct hashing *hashing)
{
    connection->hashing = hashing;
    peer_group_wait(&connection->server->groups, connection);
}

void hash_turns_leave(struct connection *connection)
{
    if (connection->hashing != NULL) {
        peer_group_stop_waiting(&connection->server->groups, connection);
        hashing_free(connection->hashing);
        connection->hashing = NULL;
    }
}

int hash_turns_are_due(const struct server *server)
{
    return server->groups.turn != NULL || (!server->stopping && auth_lacks_keys(&server->auth));
}

static void make_keys(struct server *server)
{
    if (server->hashing == NULL) {
        server->hashing = auth_next_keys(&server->auth);
    }
    if (server->hashing != NULL && hashing_step(server->hashing)) {
        auth_keep_keys(&server->auth, server->hashing);
        hash_turns_forget(server);
    }
}

void hash_turns_go(struct server *server)
{
    struct connection *connection = peer_group_next(&server->groups);

    if (connection == NULL) {
        if (hash_turns_are_due(server)) {
            make_keys(server);
        }
    } else if (hashing_step(connection->hashing)) {
        peer_group_stop_waiting(&server->groups, connection);
        connection_hashed(connection);
    }
}

void hash_turns_forget(struct server *server)
{
    hashing_free(server->hashing);
    server->hashing = NULL;
}
