/* Every state that a server session can be in, and the way there.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_SERVER_STATES_H
#define EPOP_TESTS_SERVER_STATES_H

#include "server_host.h"

/* SERVER_STATE(name, phase, wants, deadline, login deadline): what the getters must say there. In the TRANSACTION phase
 * message 2 of 3 is marked as deleted. */
#define SERVER_STATES(X)                                                                                               \
    X(AUTHORIZATION, AUTHORIZATION, FEED, 600, 60) /* STLS is offered, and passwords are taken without it */           \
    X(NO_CLEARTEXT, AUTHORIZATION, FEED, 600, 60)  /* STLS is offered, and needed */                                   \
    X(AFTER_USER, AUTHORIZATION, FEED, 600, 60)                                                                        \
    X(TLS_UP, AUTHORIZATION, FEED, 600, 60)                                                                            \
    X(TRANSACTION, TRANSACTION, FEED, 600, 0)                                                                          \
    X(AUTH_ASKED, AUTHORIZATION, ANSWER, 0, 60)                                                                        \
    X(OPEN_ASKED, AUTHORIZATION, ANSWER, 0, 60)                                                                        \
    X(SEND_ASKED, TRANSACTION, ANSWER, 0, 0)                                                                           \
    X(COMMIT_ASKED, UPDATE, ANSWER, 0, 0)                                                                              \
    X(COMMAND_ASKED, TRANSACTION, ANSWER, 0, 0)                                                                        \
    X(BODY, TRANSACTION, DRAIN | BODY, 600, 0)   /* the status line of RETR 3 is in the output */                      \
    X(LISTING, TRANSACTION, DRAIN, 600, 0)       /* UIDL of many messages, and the output is full */                   \
    X(TLS_AGREED, AUTHORIZATION, DRAIN, 600, 60) /* the +OK to STLS is in the output */                                \
    X(TLS_WANTED, AUTHORIZATION, TLS, 600, 60)   /* and was sent */                                                    \
    X(ENDED, ENDED, CLOSE, 0, 0)                 /* QUIT was answered */                                               \
    X(REFUSED, ENDED, DRAIN | CLOSE, 600, 60)    /* the greeting is -ERR */                                            \
    X(DEAD, ENDED, CLOSE, 0, 0)                  /* a line that ends in a bare LF came */

enum {
#define SERVER_STATE(name, phase, wants, deadline, login) IN_##name,
    SERVER_STATES(SERVER_STATE)
#undef SERVER_STATE
        SERVER_STATE_COUNT
};

/* Brings the host into the state, checks what the getters say, and empties the log. From then on questions are held. */
void server_reach(server_host *host, uint32_t state);

const char *server_state_name(uint32_t state);

#endif
