/* The connection to the server: all that knows of sockets, and the place where a TLS layer belongs.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_TRANSPORT_H
#define POPGET_TRANSPORT_H

#include "options.h"

#include <stddef.h>
#include <stdint.h>

struct transport {
    int fd; /* -1: not connected */
};

/* What reading and writing come to, beside a number of octets. */
enum {
    TRANSPORT_END = 0,    /* the peer has closed its side */
    TRANSPORT_WAIT = -1,  /* nothing to be done now: transport_wait */
    TRANSPORT_BROKEN = -2 /* errno says why */
};

/* What to wait for and what came. */
enum {
    TRANSPORT_READ = 1,
    TRANSPORT_WRITE = 2,
    TRANSPORT_SIGNAL = 4 /* a signal was caught */
};

/* Connects to the host of the options: all its addresses one after the other, each for `timeout` seconds at most. False
 * after a report, or where a signal came. */
bool transport_open(struct transport *transport, const struct options *options, struct report *report);

/* Waits until what is in `want` can be tried again; 0 after `seconds` without. */
unsigned transport_wait(struct transport *transport, unsigned want, unsigned seconds);

long transport_read(struct transport *transport, uint8_t *data, size_t len);
long transport_write(struct transport *transport, const uint8_t *data, size_t len);
void transport_close(struct transport *transport);

#endif
