/* Connections by where they come from: how many there are of each address, and whose turn it is to have a password
 * hashed.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * One IPv4 address is a group, and so is one IPv6 network of 64 bits, since that is what one customer of a provider
 * has. Hashing goes round the groups: a thousand connections of one address wait for each other, not others for them.
 */
#ifndef POPD_PEER_GROUP_H
#define POPD_PEER_GROUP_H

#include <stdint.h>

#include "address.h"

enum { PEER_GROUP_BUCKETS = 1024 };

struct connection;

struct peer_group {
    struct peer_group *next; /* of the bucket */
    uint8_t key[16];
    uint32_t sessions;
    /* Connections that wait for a hash, in the order in which they came. */
    struct connection *waiting_first;
    struct connection *waiting_last;
    /* The ring of the groups that have such connections. */
    struct peer_group *ring_previous;
    struct peer_group *ring_next;
};

struct peer_groups {
    struct peer_group *buckets[PEER_GROUP_BUCKETS];
    struct peer_group *turn; /* the group that is next; NULL: nobody waits for a hash */
};

/* The group of an address, with one session more. NULL without memory. */
struct peer_group *peer_group_join(struct peer_groups *groups, const struct address *address);

/* One session less; the last one frees the group. */
void peer_group_leave(struct peer_groups *groups, struct peer_group *group);

/* Puts a connection at the end of those of its group that wait for a hash; takes it away, wherever it stands. */
void peer_group_wait(struct peer_groups *groups, struct connection *connection);
void peer_group_stop_waiting(struct peer_groups *groups, struct connection *connection);

/* The connection whose turn it is, NULL if nobody waits; the next call names one of another group if there is one. */
struct connection *peer_group_next(struct peer_groups *groups);

#endif
