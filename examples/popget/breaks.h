/* Messages that break sessions: which one is suspected, and how the run goes on without it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * When the server breaks a session, the first message whose RETR or TOP it has not answered to the end is suspected.
 * The run goes on in a new session, which leaves that message out, so that the others do not wait for it. With a state
 * the message gets a mark. In a later run it is left out at first, and is then fetched in a session of its own, when
 * QUIT has ended that of the others. After STATE_BREAKS_MOST breaks in a row it is left alone for BREAKS_ALONE_SECONDS.
 */
#ifndef POPGET_BREAKS_H
#define POPGET_BREAKS_H

#include "fetch.h"
#include "names.h"

#include <epop/client.h>
#include <epop/sync.h>

struct plan;

enum {
    BREAKS_SESSIONS = 3, /* new ones in a run */
    BREAKS_ALONE_SECONDS = 24 * 60 * 60
};

/* What a session of a run is for. */
enum breaks_session {
    BREAKS_NOTHING, /* the first one; as the next one: there is none */
    BREAKS_REST,    /* what is left but for the messages that broke the run */
    BREAKS_OWN      /* messages with a mark, and no others */
};

struct broken {
    struct state_key name; /* `id` is allocated */
    uint32_t number;       /* in its session */
};

/* Of a run, over all of its sessions. */
struct breaks {
    enum breaks_session session;
    enum breaks_session next;
    unsigned sessions;   /* how many were begun after the first */
    struct names before; /* the messages of the session before this one */
    struct broken rows[BREAKS_SESSIONS + 1];
    size_t count;
    struct counts total;
    uint32_t deletions;   /* EPOP_SYNC_DELETED... */
    uint32_t number;      /* of the message that has broken this session; 0: none */
    uint64_t key;         /* ... and in the names; 0: it has none */
    uint64_t owed;        /* messages with a mark, which wait for a session of their own */
    uint64_t left;        /* messages that are left alone */
    bool is_nameless;     /* a message was not noted by its unique-id */
    bool is_told;         /* the summary */
    bool is_only_failure; /* ... and nothing has failed but that some are left alone */
};

/* Whether a message that is wanted is left out of this session. */
bool breaks_leaves_out(struct plan *plan, uint32_t number, uint64_t key);

/* Whether an earlier session of this run has stored it. Of messages that share a unique-id: one of them. */
bool breaks_is_got(const struct plan *plan, uint64_t key);

/* Whether it has broken an earlier session of this run. */
bool breaks_is_broken(const struct plan *plan, uint64_t key);

/* A message is reported: counts it. */
void breaks_hear(struct plan *plan, const epop_sync_report_event *event);

/* Whether this session has more to tell of a message than those before. */
bool breaks_tells(const struct plan *plan, const epop_sync_report_event *event);

/* The session is over, and fetch_close comes next. `info` is NULL where it was ended by a signal. */
void breaks_suspect(struct plan *plan, const epop_error_info *info);

/* After fetch_close: notes what broke the session, and decides how the run goes on. */
void breaks_settle(struct plan *plan);

/* After what is said of the end of the session: says what comes of the message that broke it. */
void breaks_report(struct plan *plan);

/* At the end of the run, if it was not called before: says what is left alone, and counts. */
void breaks_end(struct plan *plan);

/* Whether another session follows; plan_begin_anew comes next then. */
bool breaks_go_on(struct plan *plan);

void breaks_free(struct plan *plan);

#endif
