/* Who may hash next: one slice in each turn of the loop, in turns among the addresses that wait for one.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * While nobody waits, the keys of users with passwords are made, once after each load of the users file: a login that
 * finds them there takes no longer than one of a name that does not exist.
 */
#ifndef POPD_HASH_TURNS_H
#define POPD_HASH_TURNS_H

struct connection;
struct hashing;
struct server;

/* The connection waits for this; connection_hashed is called when it is done. */
void hash_turns_wait(struct connection *connection, struct hashing *hashing);

/* The connection waits no more, and what was begun is wiped. Does nothing if it does not wait. */
void hash_turns_leave(struct connection *connection);

/* 1 while there is something to hash. */
int hash_turns_are_due(const struct server *server);

/* One slice. */
void hash_turns_go(struct server *server);

/* Gives up what was begun for a user without a login; there are other users, or none any more. */
void hash_turns_forget(struct server *server);

#endif
