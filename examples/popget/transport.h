/* The connection to the server: all that knows of sockets. TLS is a layer in it (tls.h).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_TRANSPORT_H
#define POPGET_TRANSPORT_H

#include "options.h"

#include <stddef.h>
#include <stdint.h>

struct tls;

struct transport {
    int fd;                     /* -1: not connected */
    struct tls *tls;            /* NULL before it is needed */
    bool is_secure;             /* TLS has begun */
    bool has_reported;          /* ... or could not, and why was reported */
    const uint8_t *fingerprint; /* NULL: authorities are asked */
    const char *host;           /* whose certificate it must be */
    struct report *report;
    uint8_t head[64]; /* the first octets that came: enough to tell who speaks */
    size_t head_len;
};

/* Why a connection broke. */
struct transport_failure {
    int32_t code;   /* EPOP_ERR_ of TLS; EPOP_OK for anything else */
    bool reported;  /* the user knows it already */
    char text[640]; /* empty where there is nothing to tell */
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
    TRANSPORT_SIGNAL = 4, /* a signal was caught */
    TRANSPORT_CHILD = 8   /* a child may have ended */
};

/* Reads the authorities of --ca, where TLS may be needed, before anybody is asked for a password. Those of the system
 * are read when TLS begins: a system may have none, and the session may need none. False after a report. */
bool transport_prepare(struct transport *transport, const struct options *options, struct report *report);

/* Connects (dial.h); with pops://, TLS begins. False after a report, or where a signal came. */
bool transport_open(struct transport *transport, const struct options *options, struct report *report);

/* Waits until what is in `want` can be tried again; 0 after so many milliseconds without. */
unsigned transport_wait(struct transport *transport, unsigned want, int64_t milliseconds);

/* Milliseconds of a clock that only goes forward. */
int64_t transport_now(void);

long transport_read(struct transport *transport, uint8_t *data, size_t len);
long transport_write(struct transport *transport, const uint8_t *data, size_t len);
bool transport_has_output(const struct transport *transport); /* transport_write with nothing goes on with it */

/* Begins TLS; false where that failed, see transport_explain. Then, while it is shaking hands, transport_shake: 1 when
 * that is done, else as reading. */
bool transport_start_tls(struct transport *transport);
bool transport_is_shaking(const struct transport *transport);
long transport_shake(struct transport *transport);

/* Says why, right after the call that came to `outcome`: TRANSPORT_END, which may be a cut, or TRANSPORT_BROKEN. */
void transport_explain(const struct transport *transport, long outcome, struct transport_failure *failure);

/* False where there is none. */
bool transport_binding(const struct transport *transport, uint8_t *octets, size_t room, size_t *len);

void transport_close(struct transport *transport);
void transport_free(struct transport *transport);

/* For the layer of TLS, and before there is a connection to the server. */
unsigned transport_socket_wait(int fd, unsigned want, int64_t milliseconds);
long transport_socket_read(int fd, uint8_t *data, size_t len);
long transport_socket_write(int fd, const uint8_t *data, size_t len);

#endif
