/* Every state that a client session can be in, and the way there.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_CLIENT_STATES_H
#define EPOP_TESTS_CLIENT_STATES_H

#include "client_host.h"

/* CLIENT_STATE(name, phase, wants, deadline, keep alive): what the getters must say there. */
#define CLIENT_STATES(X)                                                                                               \
    X(GREETING, GREETING, FEED, 300, 0)                   /* nothing has come yet */                                   \
    X(AUTHORIZATION, AUTHORIZATION, FEED | COMMAND, 0, 0) /* idle, nothing known of the server */                      \
    X(ASKED_USER, AUTHORIZATION, ANSWER, 0, 0)            /* login: the name is asked for */                           \
    X(ASKED_PASSWORD, AUTHORIZATION, ANSWER, 0, 0)        /* login: the password is asked for */                       \
    X(LOGIN_CAPA, AUTHORIZATION, FEED, 300, 0)            /* login: CAPA is sent */                                    \
    X(TRANSACTION, TRANSACTION, FEED | COMMAND, 0, 45)    /* idle */                                                   \
    X(WAITING, TRANSACTION, FEED, 300, 0)                 /* STAT is sent */                                           \
    X(ROWS, TRANSACTION, FEED, 300, 0)                    /* LIST is positive */                                       \
    X(BODY, TRANSACTION, FEED, 300, 0)                    /* RETR is positive, and a line of it came */                \
    X(TLS_AGREED, AUTHORIZATION, TLS, 300, 0)             /* STLS is positive */                                       \
    X(TLS_UP, AUTHORIZATION, FEED | COMMAND, 0, 0)        /* idle, over TLS */                                         \
    X(UTF8_ON, AUTHORIZATION, FEED | COMMAND, 0, 0)       /* idle, UTF8 is positive */                                 \
    X(QUIT_UNSENT, UPDATE, DRAIN | FEED, 300, 0)          /* QUIT is in the output, after a login */                   \
    X(QUIT_SENT, UPDATE, FEED, 300, 0)                    /* and was sent */                                           \
    X(ENDED, ENDED, CLOSE, 0, 0)                          /* and answered */                                           \
    X(REFUSED, ENDED, CLOSE, 0, 0)                        /* the greeting was -ERR */                                  \
    X(DEAD, ENDED, CLOSE, 0, 0)                           /* octets that answer no command came */

enum {
#define CLIENT_STATE(name, phase, wants, deadline, keep_alive) IN_##name,
    CLIENT_STATES(CLIENT_STATE)
#undef CLIENT_STATE
        CLIENT_STATE_COUNT
};

/* Brings the host into the state, checks what the getters say, and empties the log. */
void client_reach(client_host *host, uint32_t state);

const char *client_state_name(uint32_t state);

#endif
