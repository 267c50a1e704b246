/* Fetching: RETR into the sink, and DELE for what is safely stored.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "plan.h"

#include "signals.h"
#include "sink.h"

#include <inttypes.h>
#include <unistd.h>

static const struct message *message_at(const struct plan *plan, uintptr_t token)
{
    return &plan->box.messages[token];
}

static struct sink_message describe(const struct plan *plan, uintptr_t token)
{
    const struct message *message = message_at(plan, token);
    struct sink_message described;

    described.number = message->number;
    described.octets = plan->fetch.received;
    described.unique_id = mailbox_id(&plan->box, message);
    described.unique_id_len = message->id_len;
    return described;
}

/* Queues RETRs ahead; when there is nothing left to fetch, ends the session. */
static void go_on(struct plan *plan)
{
    struct fetch *fetch = &plan->fetch;
    unsigned depth = plan_depth(plan);

    for (; fetch->next < plan->box.count && !fetch->stopped && !plan->given_up; fetch->next++) {
        if (!message_at(plan, fetch->next)->wanted) {
            continue;
        }
        if (fetch->flight == depth) {
            return;
        }
        plan_check(plan, epop_client_retr(&plan->client, message_at(plan, fetch->next)->number, fetch->next));
        fetch->flight++;
    }
    if (fetch->flight == 0) {
        plan_quit(plan);
    }
}

void fetch_start(struct plan *plan)
{
    uint64_t octets = 0;
    size_t i;

    for (i = 0; i < plan->box.count; i++) {
        if (plan->box.messages[i].wanted) {
            plan->fetch.wanted++;
            octets += plan->box.messages[i].octets;
        }
    }
    /* No bar where the messages themselves go to the terminal. */
    progress_begin(&plan->bar,
                   !plan->options->quiet && (plan->options->target != TARGET_STDOUT || !isatty(STDOUT_FILENO)),
                   plan->fetch.wanted, octets);
    go_on(plan);
}

/* Nothing more can be stored. What is stored already may still be deleted by a QUIT, but only where there is some of it
 * is it worth receiving what was asked for in vain. */
static void stop(struct plan *plan)
{
    plan->fetch.stopped = true;
    if (plan->fetch.marked == 0 || signals_caught()) {
        plan_give_up(plan);
    }
}

void fetch_reply(struct plan *plan, const epop_reply_event *event)
{
    struct fetch *fetch = &plan->fetch;
    struct sink_message message;

    fetch->number = event->number;
    fetch->received = 0;
    fetch->failed = false;
    fetch->storing = false;
    if (fetch->stopped) {
        return;
    }
    message = describe(plan, event->token);
    fetch->storing = sink_begin(plan->sink, &message);
    if (!fetch->storing) {
        sink_drop(plan->sink);
        stop(plan);
    }
}

static void discard(struct plan *plan, size_t len)
{
    plan->fetch.discarded += len;
    if (plan->fetch.discarded > DISCARD_MAX) {
        report_fatal(plan->report, STATUS_PROTOCOL,
                     "the server does not come to an end of what is not wanted; connection closed");
        plan_give_up(plan);
    }
}

static void drop_message(struct plan *plan)
{
    plan->fetch.storing = false;
    plan->fetch.failed = true;
    sink_drop(plan->sink);
}

void fetch_body(struct plan *plan, const epop_body_event *event)
{
    struct fetch *fetch = &plan->fetch;
    uint64_t most = plan->options->max_size;

    if (!fetch->storing) {
        discard(plan, event->data.len);
        return;
    }
    fetch->received += event->data.len;
    progress_octets(&plan->bar, event->data.len);
    if (most > 0 && fetch->received > most) {
        drop_message(plan);
        report_failure(plan->report, STATUS_PROTOCOL,
                       "message %lu: longer than --max-size %" PRIu64 ", though LIST said %" PRIu64
                       " octets (not stored; it stays on the server)",
                       (unsigned long)event->number, most, message_at(plan, event->token)->octets);
    } else if (!sink_put(plan->sink, event->data.ptr, event->data.len)) {
        drop_message(plan);
        stop(plan);
    }
}

static void commit(struct plan *plan, const epop_end_event *event)
{
    struct fetch *fetch = &plan->fetch;
    struct sink_message message = describe(plan, event->token);
    enum sink_result result = sink_commit(plan->sink, &message);

    fetch->storing = false;
    if (result == SINK_BROKEN) {
        stop(plan);
    } else if (result == SINK_STORED) {
        fetch->stored++;
        progress_message(&plan->bar);
        if (plan->options->delete) {
            fetch->marked++;
            plan_check(plan, epop_client_dele(&plan->client, event->number, event->token));
        }
    }
}

void fetch_retr_end(struct plan *plan, const epop_end_event *event)
{
    struct fetch *fetch = &plan->fetch;

    fetch->flight--;
    if (event->result != EPOP_OK) {
        report_failure(plan->report, STATUS_TEMPORARY, "message %lu: %s: %s", (unsigned long)event->number,
                       epop_error_name(event->result), epop_strerror(event->result));
    } else if (event->status != EPOP_STATUS_OK) {
        report_failure(plan->report, report_status_of_code(event->code, STATUS_PROTOCOL),
                       "message %lu: RETR was refused: \"%s\" (it stays on the server)", (unsigned long)event->number,
                       plan->refusal);
    } else if (fetch->storing) {
        commit(plan, event);
    }
    if (!plan->given_up) {
        go_on(plan);
    }
}

void fetch_dele_end(struct plan *plan, const epop_end_event *event)
{
    if (event->result == EPOP_OK && event->status == EPOP_STATUS_OK) {
        return;
    }
    plan->fetch.marked--;
    report_failure(plan->report, report_status_of_code(event->code, STATUS_PROTOCOL),
                   "message %lu: DELE was refused: \"%s\" (it is stored, and stays on the server)",
                   (unsigned long)event->number, plan->refusal);
}
