/* What all connections of the process share, and the event loop that drives them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_SERVER_H
#define POPD_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "auth.h"
#include "options.h"
#include "peer_group.h"
#include "poller.h"
#include "size_cache.h"
#include "timer.h"
#include "users.h"

enum {
    SCRATCH_SIZE = 65536, /* one buffer for all connections: nothing is kept in it from one call to the next */
    LINGER_MAX = 256      /* connections that were said good-bye to, and whose peer has not closed yet */
};

struct connection;
struct listener;

struct server {
    const struct options *options;
    struct users *users;
    struct auth auth;
    struct tls_identity *identity; /* NULL: no TLS */
    int root;                      /* descriptor of the folder with the Maildirs */
    struct poller *poller;
    struct size_cache *sizes;
    struct listener *listeners; /* as many as options->listen_count */
    struct watch signals;       /* reading end of the pipe that signal handlers write to */
    uint64_t now;               /* timer_clock of this turn of the loop */
    struct peer_groups groups;
    struct hashing *hashing; /* of keys that nobody has asked for yet; NULL: none */
    struct timer_queue idle;
    struct timer_queue login;
    struct timer_queue linger;
    struct timer_queue penalty; /* of connections that a failed login waits on for its answer */
    struct timer_queue pause;   /* of listeners without descriptors to accept with */
    struct timer accept_pause;
    struct connection *connections;
    struct connection *closed;      /* freed at the end of the turn: events of the same batch may still name them */
    struct connection *queue_first; /* have work to do without waiting for their socket */
    struct connection *queue_last;
    uint32_t sessions; /* live ones, without those that linger */
    uint32_t lingering;
    uint64_t next_id;
    int accept_pending; /* a listener is ready; connections are looked after first, they may make room */
    int stopping;
    uint8_t scratch[SCRATCH_SIZE];
};

/* Tells the log what is dangerous about the users file and the key. */
void server_warn_of_files(const struct server *server);

/* Runs until SIGTERM or SIGINT and all is done. Returns an exit status. */
int server_run(struct server *server);

/* Installs the signal handlers and their pipe. 0, or -1 with errno. */
int server_catch_signals(struct server *server);

#endif
