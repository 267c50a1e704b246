/* A client session and a server session, wired to each other in memory, each with a host that knows what must come out.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_PAIR_H
#define EPOP_TESTS_PAIR_H

#include "reference.h"

#include <epop/epop.h>

enum { PAIR_MESSAGES = 12, PAIR_COMMANDS = 48, PAIR_SLOTS = 20 };

typedef struct pair_message {
    uint8_t *stored;
    size_t len;
    record repaired; /* with CRLF for every line end, as LIST must count it and RETR deliver it */
    char unique_id[EPOP_UNIQUE_ID_MAX + 1];
    uint32_t vanished;   /* on_message_info knows nothing of it */
    uint32_t unsendable; /* on_send refuses it */
} pair_message;

/* What must come of the command whose token is its index. */
typedef struct pair_command {
    uint32_t id;
    uint32_t number;
    int32_t result;
    uint32_t status;
    record expected; /* rows as text, the body, or the text of the reply to LAST */
    record got;
    uint32_t replied;
    uint32_t ended;
} pair_command;

typedef struct pair {
    uint32_t seed;

    /* The client and its host. */
    epop_client client;
    epop_client_slot slots[PAIR_SLOTS];
    uint8_t client_line[EPOP_CLIENT_LINE_MIN];
    uint8_t *client_out;
    pair_command commands[PAIR_COMMANDS + 1];
    uint32_t queued; /* tokens 1 to `queued` are given out */
    uint32_t ended;
    uint32_t plan;   /* how many commands there are to be */
    uint32_t logins; /* attempts that fail before the one that succeeds */
    uint32_t want_stls;
    uint32_t logged_in; /* the login is queued */
    uint32_t quits;     /* the last command is QUIT; without it the connection is cut in the end */
    uint32_t quit_queued;
    uint32_t held; /* EPOP_ASK_ of a question that waits for its answer */

    /* What the maildrop is, once all that is queued has been done. */
    uint32_t marked[PAIR_MESSAGES + 1];
    uint32_t last;

    /* The server and its host. */
    epop_server server;
    uint8_t server_line[EPOP_SERVER_LINE_MIN];
    uint8_t server_name[16];
    uint8_t *server_out;
    uint8_t deleted[(PAIR_MESSAGES + 7) / 8];
    pair_message messages[PAIR_MESSAGES + 1];
    uint32_t count;
    uint32_t failures;   /* logins that are still to be refused */
    uint32_t asked;      /* EPOP_EVENT_ of a question that is held */
    const uint8_t *body; /* what is being pushed */
    size_t body_left;
    uint32_t sending; /* number of the message on_send asked for */
    uint32_t commits;
    uint32_t refuse_commit;

    /* The wires between them. */
    record to_server;
    record to_client;
    uint32_t capacity;
} pair;

/* pair_maildrop.c: the server's host. */
void pair_fill(pair *p);
uint64_t pair_octets(const pair *p, uint32_t number); /* what on_message_info says */
void pair_server_begin(pair *p);
void pair_server_act(pair *p); /* answers what is held, or pushes a piece of a body */

/* pair_client.c: the client's host. */
void pair_client_begin(pair *p);
void pair_answer(pair *p); /* the question that is held, if there is one */
void pair_queue(pair *p);  /* the next command of the plan, if it can go */

#endif
