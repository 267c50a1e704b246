/* A progress bar on a terminal.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_PROGRESS_H
#define POPGET_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool active;
    bool drawn;        /* the bar stands on the line now */
    uint64_t messages; /* all that are to come */
    uint64_t messages_done;
    uint64_t octets; /* as the server says: may be wrong, and is no promise */
    uint64_t octets_done;
    uint64_t began; /* milliseconds of the monotonic clock */
    uint64_t drawn_at;
};

/* Draws on standard error where that is a terminal and `wanted`; otherwise all of this does nothing. */
void progress_begin(struct progress *bar, bool wanted, uint64_t messages, uint64_t octets);
void progress_octets(struct progress *bar, uint64_t octets); /* so many have come */
void progress_message(struct progress *bar);                 /* a message is done */
void progress_wipe(struct progress *bar);                    /* off the line; NULL does nothing */

/* Wipes it for good; returns true where it was at work, so that a last word is in place. */
bool progress_end(struct progress *bar);

/* "1.5 MiB" and the like. `text` has room for 16 characters. */
const char *progress_amount(char *text, uint64_t octets);

#endif
