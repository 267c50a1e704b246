/* The sync from the inside.
 *
 * A run goes through phases, and a phase is a walk: over the messages of the window, in an order, with a command for
 * each that needs it, as many in flight as may be (walk.c). Answers come as the client's events, which become marks on
 * the messages and the host's events (event.c); behind each the walk goes on. What is answered from outside does the
 * same (sync.c).
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

/* walk.c: queues what can be queued, and goes from phase to phase. EPOP_OK, or the host's negative value. Not from
 * inside itself: then the call around that does it. */
int32_t epopi_sync_walk(epop_sync *s);
/* walk.c: the window reaches up to `highest`, for which there is memory; nothing is known of what is new in it. */
void epopi_sync_widen(epop_sync *s, uint32_t highest);
/* walk.c: the run can not come to its end; QUIT follows, as soon as what is in flight is answered. */
void epopi_sync_fail(epop_sync *s, int32_t result);

/* event.c */
int32_t epopi_sync_ask_table(epop_sync *s, uint64_t octets);
int32_t epopi_sync_tell_quirk(epop_sync *s, uint32_t quirk);
int32_t epopi_sync_ask_known(epop_sync *s, uint32_t number, epop_span unique_id);
void epopi_sync_failed(epop_sync *s, epop_sync_entry *entry, int32_t result, uint32_t code);
int32_t epopi_sync_emit_end(epop_sync *s, uint32_t number, int32_t result);

/* sync.c: the entry of a message-number, NULL where the window has none. */
epop_sync_entry *epopi_sync_entry(const epop_sync *s, uint32_t number);
/* sync.c: reports what of the window was not reported yet, and empties it. EPOP_OK, or the host's negative value: then
 * it can be called again for the rest. */
int32_t epopi_sync_report(epop_sync *s);

#endif
