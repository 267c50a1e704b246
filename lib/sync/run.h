/* The sync from the inside.
 *
 * A run goes through phases, and a phase is a walk over the messages of the window, in an order, with a command for
 * each that needs it, as many in flight as may be. callbacks.c gets the client's events; response.c makes them marks on
 * the messages and the host's events (event.c); then walk.c goes on. policy.c decides what the marks lead to, and acts
 * on nothing. Calls of the host (answer.c, sync.c) do the same from the other side.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_SYNC_RUN_H
#define EPOP_SYNC_RUN_H

#include <epop/sync.h>

/* Where a run stands, in the order in which that goes; LISTING or SINGLES to DELETE again for each window. */
enum {
    EPOPI_SYNC_IDLE = 0,
    EPOPI_SYNC_STAT = 1,
    EPOPI_SYNC_COUNT = 2,    /* LIST of all, else UIDL, for the highest number alone: STAT was of no use */
    EPOPI_SYNC_LISTING = 3,  /* LIST and UIDL of all */
    EPOPI_SYNC_SINGLES = 4,  /* LIST n and UIDL n */
    EPOPI_SYNC_PROBE = 5,    /* UIDL of all, for whether it has rows: in the first window it had none */
    EPOPI_SYNC_IDENTIFY = 6, /* TOP n 0 */
    EPOPI_SYNC_FILTER = 7,   /* TOP n 0 */
    EPOPI_SYNC_FETCH = 8,    /* RETR n */
    EPOPI_SYNC_DELETE = 9,   /* DELE n */
    EPOPI_SYNC_RESET = 10,   /* RSET, where a later window has shown that the server may be out of step */
    EPOPI_SYNC_QUIT = 11,
    EPOPI_SYNC_OVER = 12,
    EPOPI_SYNC_CLOSED = 13
};

/* What STAT was good for: p_stat. */
enum {
    EPOPI_STAT_NONE = 0,  /* refused, or without a count */
    EPOPI_STAT_EMPTY = 1, /* no messages */
    EPOPI_STAT_COUNT = 2, /* a count without octets */
    EPOPI_STAT_WHOLE = 3
};

/* Marks on a message: p_flags of its entry. */
enum {
    EPOPI_PRESENT = 0x0001,   /* a listing has it */
    EPOPI_SIZED = 0x0002,     /* LIST has it */
    EPOPI_ASKED = 0x0004,     /* the host was asked about it */
    EPOPI_SEEN = 0x0008,      /* the host has seen it */
    EPOPI_OLD = 0x0010,       /* ... and long enough ago */
    EPOPI_WANTED = 0x0020,    /* to be fetched, if the filter lets it pass */
    EPOPI_SKIPPED = 0x0040,   /* not to be fetched */
    EPOPI_NAMELESS = 0x0080,  /* has no unique-id that could be used */
    EPOPI_CHOSEN = 0x0100,    /* has passed the filter */
    EPOPI_REQUESTED = 0x0200, /* RETR was queued */
    EPOPI_WHOLE = 0x0400,     /* came, and waits for the host's word */
    EPOPI_CONFIRMED = 0x0800, /* stored by the host */
    EPOPI_DROP = 0x1000,      /* the host wants it deleted without fetching */
    EPOPI_DUE = 0x2000,       /* to be deleted */
    EPOPI_MARKED = 0x4000     /* DELE was answered by +OK */
};

#define EPOPI_FAILED 0x8000u /* see p_result and p_code; no enumerator, as int may have 16 bits */

/* Which question is open. */
enum { EPOPI_ASK_TABLE = 1, EPOPI_ASK_KNOWN = 2, EPOPI_ASK_CHOICE = 3 };

#define EPOPI_SYNC_TABLE_MAX 0x7FFFFFFFu /* so that twice as many steps can be counted in 32 bits */

/* ---- entry.c ---- */

/* The entry of a message-number, NULL if the window has none. */
epop_sync_entry *epopi_sync_entry(const epop_sync *s, uint32_t number);
/* 1 for all of these marks and none of those. */
uint32_t epopi_sync_is_marked(const epop_sync_entry *entry, uint32_t all, uint32_t none);
/* The window reaches up to `highest`, for which there is memory; the new entries have no marks. */
void epopi_sync_widen(epop_sync *s, uint32_t highest);
/* The message has failed; the first reason stays. */
void epopi_sync_failed(epop_sync *s, epop_sync_entry *entry, int32_t result, uint32_t code);
/* The run cannot come to its end; QUIT follows, as soon as what is in flight is answered. The first reason stays. */
void epopi_sync_fail(epop_sync *s, int32_t result);

/* ---- policy.c ---- */

/* 1 if the phase at hand has a command for the message. */
uint32_t epopi_sync_needs(const epop_sync *s, const epop_sync_entry *entry);
/* The host has said what it knows of the message (epop_sync_known). */
void epopi_sync_decide_known(epop_sync *s, epop_sync_entry *entry, uint32_t verdict, uint64_t first_seen);
/* ... whether it wants it (epop_sync_choose). */
void epopi_sync_decide_choice(epop_sync *s, epop_sync_entry *entry, uint32_t choice);
/* ... whether it has stored it (epop_sync_confirm). */
void epopi_sync_decide_stored(epop_sync *s, epop_sync_entry *entry, uint32_t stored);
/* What to do about a message for which UIDL had no usable unique-id: IDENTIFY it by its header, ASK the host without
 * one, or fail it with EPOP_ERR_SYNC_LATER or EPOP_ERR_SYNC_UNIQUE_ID (NEVER). NOT: it has one. */
enum { EPOPI_UNNAMED_NOT, EPOPI_UNNAMED_IDENTIFY, EPOPI_UNNAMED_ASK, EPOPI_UNNAMED_LATER, EPOPI_UNNAMED_NEVER };
uint32_t epopi_sync_decide_unnamed(const epop_sync *s, const epop_sync_entry *entry);
/* Fetching is over: whether it is to be deleted. Called from the highest number down, for the newest to be counted. */
void epopi_sync_decide_due(epop_sync *s, epop_sync_entry *entry);
/* EPOP_SYNC_ bits for the report. */
uint32_t epopi_sync_outcome(const epop_sync_entry *entry);

/* ---- event.c: EPOP_OK, or what the host's callback returned; pauses only where sync.h says that they count ---- */

int32_t epopi_sync_ask_table(epop_sync *s, uint64_t octets);
int32_t epopi_sync_ask_known(epop_sync *s, uint32_t number, epop_span unique_id);
int32_t epopi_sync_ask_header(epop_sync *s, uint32_t question, uint32_t number, uint32_t status);
/* The answers: to on_listed or the header that identifies, and to the header that is filtered. */
void epopi_sync_answer_known(epop_sync *s, uint32_t verdict, uint64_t first_seen, uint64_t key);
void epopi_sync_answer_choice(epop_sync *s, uint32_t choice);
int32_t epopi_sync_tell_quirk(epop_sync *s, uint32_t quirk);
int32_t epopi_sync_emit_header(epop_sync *s, uint32_t number, epop_span data, uint32_t last, uint32_t status);
int32_t epopi_sync_emit_message(epop_sync *s, int32_t (*callback)(void *user, const epop_sync_message_event *event),
                                epop_sync_message_event *event);
int32_t epopi_sync_emit_end(epop_sync *s, uint32_t number, int32_t result);
/* Reports what of the window was not reported yet, and empties it. If the host stops it, it can be called again for
 * the rest. */
int32_t epopi_sync_report(epop_sync *s);

/* ---- response.c: the client's events of the sync's own commands ---- */

int32_t epopi_sync_take_reply(epop_sync *s, const epop_reply_event *event);
int32_t epopi_sync_take_row(epop_sync *s, const epop_row_event *event);
int32_t epopi_sync_take_body(epop_sync *s, const epop_body_event *event);
int32_t epopi_sync_end_command(epop_sync *s, const epop_end_event *event);
void epopi_sync_end_quit(epop_sync *s, const epop_end_event *event);

/* ---- walk.c ---- */

/* Queues what can be queued, and goes from phase to phase. EPOP_OK, or the host's negative value. Called from inside
 * itself it does nothing: the call around it will. */
int32_t epopi_sync_walk(epop_sync *s);
/* The same after a call of the host's. One from inside a callback is followed by a walk anyway. */
int32_t epopi_sync_walk_after_call(epop_sync *s);

#endif
