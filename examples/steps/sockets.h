/* Connecting and listening by TCP, as the examples of this folder need it. Nothing here has to do with POP3.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The sockets block, for SOCKETS_TIMEOUT seconds at most. A write to a connection that is gone is an error and no
 * signal.
 */
#ifndef STEPS_SOCKETS_H
#define STEPS_SOCKETS_H

#include <epop/base.h>

enum { SOCKETS_TIMEOUT = 60 };

/* A connection to the first address of `host` that answers; -1 after a message on standard error. */
int sockets_connect(const char *host, const char *port);

/* A listener on the loopback address; -1 after a message on standard error. Port 0 takes a free one. It prints
 * "ready on 127.0.0.1:PORT" on standard output. */
int sockets_listen(const char *port);

/* The next connection. It waits for ever; -1 where the listener is broken. */
int sockets_accept(int listener);

/* Sends all of it: EPOP_OK, EPOP_ERR_PEER_TIMEOUT or EPOP_ERR_PEER_EOF. */
int32_t sockets_send(int fd, const void *octets, size_t len);

/* EPOP_OK and at least one octet, EPOP_END where the peer has ended the connection, or an error as above. */
int32_t sockets_receive(int fd, void *octets, size_t cap, size_t *got);

/* The first line of standard input without its line end, at most `size` - 1 octets. 0, or -1 where there is none. */
int sockets_read_password(char *password, int size);

#endif
