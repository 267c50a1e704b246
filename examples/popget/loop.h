/* The loop that joins a session of epop to a connection: what every host of the library has in some form.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_LOOP_H
#define POPGET_LOOP_H

#include "transport.h"

#include <epop/client.h>

#include <stdbool.h>

enum {
    LOOP_BUFFER = 65536,
    LOOP_LEAST = 8 /* octets a second: less than any link that mail could be fetched over */
};

enum loop_end {
    LOOP_GO_ON,  /* not an end */
    LOOP_DONE,   /* the session ended in good order, or the host has aborted it */
    LOOP_ERROR,  /* the session met an error */
    LOOP_SIGNAL, /* a signal was caught */
    LOOP_STUCK   /* the session wants nothing that could come: a fault in this program or in the library */
};

/* What the host has to do while the session waits. */
struct loop_host {
    void *user;
    bool (*is_busy)(void *user);    /* there is something to be done as soon as the peer has nothing to say */
    void (*work)(void *user);       /* ... and does it */
    void (*watch)(void *user);      /* after every piece of input */
    bool (*waits)(void *user);      /* for a child or a lock: the session is kept alive meanwhile */
    bool (*is_crowded)(void *user); /* ... and can take hardly anything before that has ended */
    void (*look)(void *user);       /* ... whether it has */
    uint64_t (*steps)(void *user);  /* how often the session has come a step further: a reply, the end of a command */
};

struct loop {
    epop_client *client;
    struct loop_host host;
    struct transport *transport;
    unsigned timeout;                 /* seconds in which there must be progress */
    unsigned keep_alive;              /* seconds of silence that a server bears */
    int64_t window_end;               /* the time by which it must be there; 0: nothing is awaited */
    uint64_t window_octets;           /* that were moved since the window began */
    uint64_t window_steps;            /* at its beginning */
    int64_t last_octets;              /* the time when some were moved */
    struct transport_failure failure; /* of a connection that broke */
    bool is_stls;                     /* TLS began in the middle of the session */
    bool deaf;                        /* the peer takes nothing any more; what it has still to say is read */
    bool full;                        /* the session takes no more input before some of its output is gone */
    size_t pos;                       /* octets in `data` that were fed */
    size_t len;
    uint8_t data[LOOP_BUFFER];
};

/* Every wait for the peer has an end that single octets do not move: within `timeout` seconds it must come a step
 * further (a reply, the end of a response), or LOOP_LEAST octets a second must be moved. TLS must be up within
 * `timeout` seconds.
 *
 * Runs until the session is over; closes nothing. Where that is by LOOP_DONE or LOOP_ERROR, epop_client_error_info
 * knows whether all went well. */
enum loop_end loop_run(struct loop *loop);

#endif
