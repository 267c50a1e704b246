/* The listening sockets.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_LISTENER_H
#define POPD_LISTENER_H

#include "address.h"
#include "poller.h"

struct server;

struct listener {
    struct watch watch; /* first: the poller gives back a pointer to it */
    struct server *server;
    struct address address; /* as bound: with the port that the kernel chose where 0 was asked for */
    int is_ready;
    int is_secure; /* TLS from the first octet on */
};

/* Binds all addresses of the options. 0, or the number (from 1) of the one that failed, with errno. */
size_t listener_open_all(struct server *server);
void listener_close_all(struct server *server);

/* Accepts on all that are ready. */
void listener_accept_all(struct server *server);

/* After a pause for want of descriptors or memory. */
void listener_resume(struct server *server);

#endif
