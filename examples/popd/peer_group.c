/* Connections by where they come from: how many there are of each address, and whose turn it is to have a password
 * hashed.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "peer_group.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "connection.h"

/* IPv4 in the form that IPv6 has for it, so that it is the same peer on both kinds of sockets (RFC 4291
 * section 2.5.5.2); of other IPv6 addresses the network. */
static void make_key(uint8_t key[16], const struct address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    memset(key, 0, 16);
    if (address->storage.ss_family == AF_INET6) {
        struct sockaddr_in6 v6;

        memcpy(&v6, &address->storage, sizeof v6);
        memcpy(key, v6.sin6_addr.s6_addr, memcmp(v6.sin6_addr.s6_addr, mapped, sizeof mapped) == 0 ? 16 : 8);
    } else {
        struct sockaddr_in v4;

        memcpy(&v4, &address->storage, sizeof v4);
        memcpy(key, mapped, sizeof mapped);
        memcpy(key + sizeof mapped, &v4.sin_addr, 4);
    }
}

static struct peer_group **place_of(struct peer_groups *groups, const uint8_t key[16])
{
    struct peer_group **place = &groups->buckets[XXH64(key, 16, 0) % PEER_GROUP_BUCKETS];

    while (*place != NULL && memcmp((*place)->key, key, 16) != 0) {
        place = &(*place)->next;
    }
    return place;
}

struct peer_group *peer_group_join(struct peer_groups *groups, const struct address *address)
{
    struct peer_group **place;
    uint8_t key[16];

    make_key(key, address);
    place = place_of(groups, key);
    if (*place == NULL) {
        *place = calloc(1, sizeof **place);
        if (*place == NULL) {
            return NULL;
        }
        memcpy((*place)->key, key, sizeof key);
    }
    (*place)->sessions++;
    return *place;
}

void peer_group_leave(struct peer_groups *groups, struct peer_group *group)
{
    if (--group->sessions == 0) {
        *place_of(groups, group->key) = group->next;
        free(group);
    }
}

/* ---- The ring ---- */

static void enter_ring(struct peer_groups *groups, struct peer_group *group)
{
    if (groups->turn == NULL) {
        group->ring_previous = group->ring_next = groups->turn = group;
        return;
    }
    group->ring_next = groups->turn; /* before the one that is next: last */
    group->ring_previous = groups->turn->ring_previous;
    group->ring_previous->ring_next = group->ring_next->ring_previous = group;
}

static void leave_ring(struct peer_groups *groups, struct peer_group *group)
{
    if (groups->turn == group) {
        groups->turn = group->ring_next != group ? group->ring_next : NULL;
    }
    group->ring_previous->ring_next = group->ring_next;
    group->ring_next->ring_previous = group->ring_previous;
}

void peer_group_wait(struct peer_groups *groups, struct connection *connection)
{
    struct peer_group *group = connection->group;

    connection->waiting_next = NULL;
    connection->waiting_previous = group->waiting_last;
    if (group->waiting_last != NULL) {
        group->waiting_last->waiting_next = connection;
    } else {
        group->waiting_first = connection;
        enter_ring(groups, group);
    }
    group->waiting_last = connection;
}

void peer_group_stop_waiting(struct peer_groups *groups, struct connection *connection)
{
    struct peer_group *group = connection->group;

    if (connection->waiting_previous != NULL) {
        connection->waiting_previous->waiting_next = connection->waiting_next;
    } else {
        group->waiting_first = connection->waiting_next;
    }
    if (connection->waiting_next != NULL) {
        connection->waiting_next->waiting_previous = connection->waiting_previous;
    } else {
        group->waiting_last = connection->waiting_previous;
    }
    if (group->waiting_first == NULL) {
        leave_ring(groups, group);
    }
}

struct connection *peer_group_next(struct peer_groups *groups)
{
    struct peer_group *group = groups->turn;

    if (group == NULL) {
        return NULL;
    }
    groups->turn = group->ring_next;
    return group->waiting_first;
}
