/* Timeouts: many timers of few lengths, each operation in constant time.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * All timers of one queue run for the same time, so that the one that was armed first is due first: a list is all
 * that is needed, however many there are.
 */
#ifndef POPD_TIMER_H
#define POPD_TIMER_H

#include <stdint.h>

struct timer {
    struct timer *previous;
    struct timer *next;
    struct timer_queue *queue; /* NULL: not armed */
    uint64_t due;
};

struct timer_queue {
    struct timer *first;
    struct timer *last;
    uint64_t span;
};

/* Milliseconds of a clock that nobody sets. */
uint64_t timer_clock(void);

void timer_queue_init(struct timer_queue *queue, uint64_t span);

/* Starts a timer, or starts it again. */
void timer_arm(struct timer *timer, struct timer_queue *queue, uint64_t now);
void timer_cancel(struct timer *timer);

/* The timer that is due first, if it is due; it is cancelled. */
struct timer *timer_queue_due(struct timer_queue *queue, uint64_t now);

/* Milliseconds until the first is due, but `longest` at most. */
uint64_t timer_queue_wait(const struct timer_queue *queue, uint64_t now, uint64_t longest);

#endif
