/* One session for one account: what is opened, in which order, and closed again.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "session.h"

#include "plan.h"
#include "signals.h"
#include "state_account.h"

#include <string.h>
#include <time.h>

static bool is_busy(void *user)
{
    struct plan *plan = (struct plan *)user;

    return plan->fetch.delivery.count > 0 && !delivery_waits(plan);
}

static void work(void *user)
{
    delivery_try((struct plan *)user);
}

static void watch(void *user)
{
    struct plan *plan = (struct plan *)user;

    if (!plan->options->list) {
        fetch_watch(plan);
    }
}

static bool waits(void *user)
{
    struct plan *plan = (struct plan *)user;

    return !plan->options->list && delivery_waits(plan);
}

static bool is_crowded(void *user)
{
    return delivery_is_crowded((struct plan *)user);
}

static void look(void *user)
{
    delivery_look((struct plan *)user);
}

static uint64_t steps(void *user)
{
    return ((struct plan *)user)->steps;
}

static void run(struct plan *plan)
{
    static struct loop loop;
    enum loop_end end;

    memset(&loop, 0, sizeof loop);
    loop.client = &plan->client;
    loop.transport = plan->transport;
    loop.timeout = plan->options->timeout;
    loop.host.user = plan;
    loop.host.is_busy = is_busy;
    loop.host.work = work;
    loop.host.watch = watch;
    loop.host.waits = waits;
    loop.host.is_crowded = is_crowded;
    loop.host.look = look;
    loop.host.steps = steps;
    loop.keep_alive = plan->options->keep_alive;
    if (plan_start(plan)) {
        end = loop_run(&loop);
        transport_close(plan->transport); /* first, so that nothing of what follows keeps the server waiting */
        plan_finish(plan, end, &loop.failure);
    }
    plan_free(plan);
}

/* What can be wrong on this side is told before anybody is asked for a password. */
static void prepare_and_run_once(struct plan *plan)
{
    if (transport_prepare(plan->transport, plan->options, plan->report)) {
        if (login_prepare(&plan->login, plan->options, plan->report) &&
            transport_open(plan->transport, plan->options, plan->report)) {
            run(plan);
        }
        login_wipe(&plan->login);
        transport_free(plan->transport);
    }
}

/* Tokens live for an hour or so: what the command has printed may have been out of date. */
static void prepare_and_run(struct plan *plan)
{
    plan->may_renew = plan->options->token_command != NULL;
    prepare_and_run_once(plan);
    if (plan->renew && !signals_caught()) {
        plan_begin_anew(plan);
        prepare_and_run_once(plan);
    }
    while (breaks_go_on(plan)) {
        plan_begin_anew(plan);
        prepare_and_run_once(plan);
    }
    breaks_free(plan);
}

/* What was noted under an older name of the account. */
static bool adopt(struct plan *plan)
{
    return state_begin(plan->state) && state_adopt(plan->state, state_account_is_old, plan->options) &&
           state_commit(plan->state);
}

/* What was noted while the clock was not set would be very old otherwise, and be deleted at once by --delete-after. */
static bool set_dates(struct plan *plan)
{
    int64_t now = (int64_t)time(NULL);

    return now < STATE_CLOCK_LEAST ||
           (state_begin(plan->state) && state_date(plan->state, now) && state_commit(plan->state));
}

static bool open_state(struct plan *plan)
{
    if (plan->options->state_file == NULL) {
        return true;
    }
    plan->state = state_open(plan->options->state_file, plan->report);
    return plan->state != NULL && state_use(plan->state, plan->options->state_account) && adopt(plan) &&
           delivery_recover(plan) && set_dates(plan);
}

/* What an earlier run has left is looked into first: a Maildir that was taken away must not have been made anew. */
static void fetch(struct plan *plan)
{
    if (open_state(plan)) {
        plan->sink = sink_open(plan->options, plan->report);
    }
    if (plan->sink != NULL) {
        prepare_and_run(plan);
    }
    state_close(plan->state);
    if (!sink_close(plan->sink) && plan->report->status == STATUS_OK) {
        plan->report->status = STATUS_IO;
    }
}

void session_run(struct options *options, struct report *report, struct session_result *result)
{
    static struct transport transport;
    static struct plan plan;
    static struct trace trace;

    memset(&plan, 0, sizeof plan);
    memset(&transport, 0, sizeof transport);
    memset(&trace, 0, sizeof trace);
    plan.options = options;
    plan.report = report;
    plan.transport = &transport;
    plan.trace = &trace;
    if (trace_open(&trace, options->trace_file, report)) {
        if (options->list) {
            prepare_and_run(&plan);
        } else {
            fetch(&plan);
        }
        trace_close(&trace, report);
    }
    result->login_delay = plan.login_delay;
    result->too_soon = plan.too_soon;
    result->logged_in = plan.logged_in;
    result->left_alone = plan.breaks.is_only_failure;
}
