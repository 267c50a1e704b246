/* Waiting for many descriptors at once: epoll on Linux, poll elsewhere (or with POPD_USE_POLL).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Level-triggered: what is not dealt with is reported again.
 */
#ifndef POPD_POLLER_H
#define POPD_POLLER_H

#include <stddef.h>

enum {
    POLLER_READ = 1,
    POLLER_WRITE = 2,
    POLLER_BROKEN = 4 /* reported, not asked for: the connection is gone in both directions */
};

/* Lives inside the object that owns the descriptor. */
struct watch {
    int fd; /* -1 once it is no longer watched */
    unsigned interest;
    size_t slot; /* of the poll form */
    void (*on_ready)(struct watch *watch, unsigned events);
};

struct poller_event {
    struct watch *watch;
    unsigned events;
};

struct poller;

struct poller *poller_new(void); /* NULL with errno */
void poller_free(struct poller *poller);

/* 0, or -1 with errno. */
int poller_add(struct poller *poller, struct watch *watch, unsigned interest);
int poller_change(struct poller *poller, struct watch *watch, unsigned interest);
/* To be called before the descriptor is closed. Sets watch->fd to -1, by which stale events of a batch are known. */
void poller_remove(struct poller *poller, struct watch *watch);

/* Waits for up to `timeout` milliseconds (-1: for ever). Returns the number of events, or -1 with errno. */
int poller_wait(struct poller *poller, int timeout, struct poller_event *events, int capacity);

#endif
