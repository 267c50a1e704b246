/* Showing what is in the maildrop: TOP for each message, and a line of output.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_BROWSE_H
#define POPGET_BROWSE_H

#include "header.h"
#include "listing.h"

#include <epop/client.h>

struct plan;

struct browse {
    struct listing listing;
    struct header header;
    size_t next;     /* the first message that TOP was not queued for yet */
    unsigned flight; /* TOPs without an end */
    bool tried;      /* one TOP has been answered */
    bool no_top;     /* the server has no TOP */
};

void browse_start(struct plan *plan);
void browse_reply(struct plan *plan, const epop_reply_event *event);
void browse_body(struct plan *plan, const epop_body_event *event);
void browse_end(struct plan *plan, const epop_end_event *event);

#endif
