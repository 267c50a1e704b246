/* Timeouts: many timers of few lengths, each operation in constant time.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "timer.h"

#include <stddef.h>
#include <time.h>

uint64_t timer_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void timer_queue_init(struct timer_queue *queue, uint64_t span)
{
    queue->first = NULL;
    queue->last = NULL;
    queue->span = span;
}

void timer_arm(struct timer *timer, struct timer_queue *queue, uint64_t now)
{
    timer_cancel(timer);
    timer->queue = queue;
    timer->due = now + queue->span;
    timer->previous = queue->last;
    timer->next = NULL;
    if (queue->last != NULL) {
        queue->last->next = timer;
    } else {
        queue->first = timer;
    }
    queue->last = timer;
}

void timer_cancel(struct timer *timer)
{
    struct timer_queue *queue = timer->queue;

    if (queue == NULL) {
        return;
    }
    if (timer->previous != NULL) {
        timer->previous->next = timer->next;
    } else {
        queue->first = timer->next;
    }
    if (timer->next != NULL) {
        timer->next->previous = timer->previous;
    } else {
        queue->last = timer->previous;
    }
    timer->queue = NULL;
}

struct timer *timer_queue_due(struct timer_queue *queue, uint64_t now)
{
    struct timer *timer = queue->first;

    if (timer == NULL || timer->due > now) {
        return NULL;
    }
    timer_cancel(timer);
    return timer;
}

uint64_t timer_queue_wait(const struct timer_queue *queue, uint64_t now, uint64_t longest)
{
    uint64_t wait;

    if (queue->first == NULL) {
        return longest;
    }
    wait = queue->first->due > now ? queue->first->due - now : 0;
    return wait < longest ? wait : longest;
}
