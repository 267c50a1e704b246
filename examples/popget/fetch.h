/* Fetching: RETR into the sink, and DELE for what is safely stored.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_FETCH_H
#define POPGET_FETCH_H

#include <epop/client.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;

struct fetch {
    size_t next;     /* the first message that was not asked for yet */
    unsigned flight; /* RETRs without an end */
    uint64_t wanted;
    uint64_t stored;
    uint64_t marked;    /* DELEs that were queued, and not refused: gone after QUIT */
    uint32_t number;    /* of the message that is being received */
    uint64_t received;  /* octets of this message */
    uint64_t discarded; /* octets that were dropped, of all messages */
    bool storing;       /* this message is open in the sink */
    bool failed;        /* this message was begun and given up; that was reported */
    bool stopped;       /* nothing can be stored any more */
};

void fetch_start(struct plan *plan);
void fetch_reply(struct plan *plan, const epop_reply_event *event);
void fetch_body(struct plan *plan, const epop_body_event *event);
void fetch_retr_end(struct plan *plan, const epop_end_event *event);
void fetch_dele_end(struct plan *plan, const epop_end_event *event);

#endif
