/* The plan of a session: login, then fetching or showing, then QUIT.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The plan hears the events of the session and queues commands. Fetching is left to the sync of epop (fetch.c), showing
 * is done here, with listings (mailbox.c) and TOP (browse.c).
 */
#ifndef POPGET_PLAN_H
#define POPGET_PLAN_H

#include "breaks.h"
#include "browse.h"
#include "fetch.h"
#include "login.h"
#include "loop.h"
#include "mailbox.h"
#include "options.h"
#include "progress.h"
#include "report.h"
#include "sink.h"
#include "state.h"
#include "trace.h"

#include <epop/client.h>

enum {
    REFUSAL_SIZE = 1024,
    LOGIN_DELAY_MOST = 7 * 24 * 60 * 60, /* seconds; who wants more is not serious */
    FLIGHT_OCTETS = 4 * 1024 * 1024,     /* of messages that are asked for ahead */
    DISCARD_MAX = 64 * 1024 * 1024 /* octets that are received and dropped to keep a session, rather than lose it */
};

struct plan {
    struct options *options;
    struct report *report;
    struct transport *transport;
    struct trace *trace;
    struct sink *sink;   /* NULL with --list */
    struct state *state; /* NULL without --state */
    struct progress bar;
    epop_client client;
    epop_client_slot *slots;
    struct login login;
    struct mailbox box;
    struct fetch fetch;
    struct breaks breaks;
    struct browse browse;
    char refusal[REFUSAL_SIZE]; /* the text of the last answer where that was -ERR, fit to be shown; else empty */
    uint64_t unreadable;        /* rows of LIST and UIDL */
    uint64_t listed;            /* octets of all rows */
    bool quitting;              /* QUIT is queued or sent */
    bool quit_failed;           /* ... and was answered by -ERR */
    bool cut;                   /* the session ended within a message */
    uint32_t login_delay;       /* seconds between two logins, as the server wants them; 0: any */
    bool too_soon;              /* ... and it said that we do not keep to that */
    bool logged_in;
    uint64_t steps; /* greetings, replies and ends of commands */
    bool may_renew; /* a refused token may be asked for again */
    bool renew;     /* ... and that is to be done */
    bool given_up;  /* the session was closed by us, and why was reported */
    uint8_t line[4096];
    uint8_t output[16384];
};

/* `plan` is all zero but for its first members, up to `state`, and what login_prepare has done. False after a report.
 */
bool plan_start(struct plan *plan);

/* What is to be said when the loop has ended. */
void plan_finish(struct plan *plan, enum loop_end end, const struct transport_failure *failure);

void plan_free(struct plan *plan);

/* After plan_free: ready for another session of the run, in which the token is not asked for again. */
void plan_begin_anew(struct plan *plan);

/* For the parts of the plan. */

/* Ends the session in good order. */
void plan_quit(struct plan *plan);

/* Closes it at once: what was marked for deletion stays. The reason was reported. */
void plan_give_up(struct plan *plan);

/* Reports and gives up where a command could not be queued; that would be a fault of ours. */
void plan_check(struct plan *plan, int32_t result);

/* Tells of messages that were asked for by number and are not there, and of rows that cannot be understood. */
void plan_report_missing(struct plan *plan);

/* How many commands it pays to queue ahead. */
unsigned plan_depth(const struct plan *plan);

#endif
