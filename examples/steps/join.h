/* A server session and a client session joined: the questions of the one are commands of the other.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Every question of the server session becomes a command of the client session, and its answer waits for the reply. So
 * both sides are checked as sessions check them: neither can send the other anything that is not POP3.
 *
 *     on_auth    login with the same name and password      its end: accept, or refuse
 *     on_open    LIST and UIDL                              their ends: opened
 *     on_send    RETR or TOP                                its lines: body; its end: body_end
 *     on_commit  DELE for what is marked, QUIT              its end: accept
 *
 * "Down" is our client, to whom `server` speaks; "up" is the mail server, to which `client` speaks. The host moves the
 * octets of both, as with any session, but for the rules below.
 */
#ifndef STEPS_JOIN_H
#define STEPS_JOIN_H

#include <epop/epop.h>

enum { JOIN_MESSAGES = 10000, JOIN_PORTION = 4096 };

struct join {
    epop_server server;
    epop_client client;
    char name[256], password[256]; /* from the question to the login's own */
    uint32_t count, next;          /* messages; the next one to be deleted */
    int failed;                    /* a message could not be deleted */
    uint64_t all_octets;
    uint64_t octets[JOIN_MESSAGES + 1];
    char ids[JOIN_MESSAGES + 1][EPOP_UNIQUE_ID_MAX + 1];
    uint8_t deleted[(JOIN_MESSAGES + 7) / 8];
    uint8_t body[JOIN_PORTION + 2]; /* body[sent, pending) came from the server, and is not in the output yet */
    size_t sent, pending;
    int body_ends; /* the mail server has sent all of it */
    epop_client_slot slots[50];
    uint8_t server_line[EPOP_SERVER_LINE_MIN], server_name[255], server_output[2 * JOIN_PORTION];
    uint8_t client_line[EPOP_CLIENT_LINE_MIN], client_output[EPOP_CLIENT_OUTPUT_MIN];
};

/* Begins; 0 in `is_connected`: there is no mail server, which our client is told. */
void join_init(struct join *join, int is_connected);

/* 1 while nothing may be received from above: a part of a message waits to go down. Portions have JOIN_PORTION octets
 * at most. So a slow client slows down the server, and no message has to fit into memory. */
int join_is_full(const struct join *join);

/* Moves what waits, while `server` wants EPOP_WANT_BODY; 0 where there is nothing to move. */
int join_push(struct join *join);

/* `client` wants EPOP_WANT_CLOSE: what our client waits for is still told, and half a message does not look whole. 0
 * where nothing is left to tell: hang up. */
int join_end(struct join *join);

#endif
