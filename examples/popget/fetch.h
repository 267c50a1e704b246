/* Fetching: what the sync of epop asks and tells, and what becomes of each message on this side.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_FETCH_H
#define POPGET_FETCH_H

#include "delivery.h"
#include "filter.h"
#include "names.h"

#include <epop/sync.h>

struct plan;

/* How many messages there were of each kind. */
struct counts {
    uint64_t fetched;
    uint64_t known; /* seen before, and not fetched */
    uint64_t skipped;
    uint64_t failed;
    uint64_t marked;
    uint64_t unread; /* ... of those, never fetched */
    uint64_t listed;
    uint64_t deleted; /* after fetch_close */
};

struct fetch {
    epop_sync sync;
    epop_sync_entry *table;
    epop_sync_outcome outcome; /* after fetch_close */
    epop_client_callbacks callbacks;
    struct names names;
    struct filter filter;
    struct delivery delivery;
    struct counts counts;
    uint32_t messages;   /* as STAT says */
    bool was_listed;     /* ... which was answered */
    bool has_unique_ids; /* UIDL was answered, and every message has one */
    int listing_status;  /* what a refusal of STAT or LIST stands for, where nothing could be listed; else 0 */
    bool begun;          /* a message has begun */
    uint64_t wanted;     /* messages, and their octets */
    uint64_t wanted_octets;
    uint64_t stored;
    uint64_t undeleted; /* messages that are still listed, though the server said that it deleted them */
    uint64_t received;  /* octets of all messages */
    uint64_t discarded; /* ... and of those that were dropped */
    uint32_t number;    /* of the message that is being received */
    uint64_t octets;    /* ... of it */
    uint64_t expected;  /* ... by LIST */
    bool open;          /* it is open in the sink */
    bool is_endless;    /* it does not come to its end */
    bool stopped;       /* nothing can be stored any more */
};

/* Makes the sync; false after a report. */
bool fetch_open(struct plan *plan);

/* The client's events go to the sync. */
void fetch_hear_reply(struct plan *plan, const epop_reply_event *event);
void fetch_hear_row(struct plan *plan, const epop_row_event *event);
void fetch_hear_body(struct plan *plan, const epop_body_event *event);
/* EPOP_PAUSE, or 0. */
int32_t fetch_hear_end(struct plan *plan, const epop_end_event *event);

/* Whether anything that was stored is to be deleted. */
bool fetch_deletes(const struct options *options);

/* Nothing more can be stored, and why was reported: ends the session, now or when what is stored is deleted. */
void fetch_stop(struct plan *plan);

/* Gives up where the server sends without end what is dropped. */
void fetch_watch(struct plan *plan);

/* The session is over, in whatever way. */
void fetch_close(struct plan *plan);
void fetch_free(struct plan *plan);

#endif
