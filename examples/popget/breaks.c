/* Messages that break sessions: which one is suspected, and how the run goes on without it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "breaks.h"

#include "plan.h"
#include "signals.h"
#include "summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEFT_NAMED = 20 /* after so many only their number is told */ };

/* ---------------------------------------------------------------------------------------------------------------------
 * What is listed
 */

bool breaks_is_got(const struct plan *plan, uint64_t key)
{
    struct state_key name = names_of(&plan->fetch.names, key);
    const struct twin *twin = key > 0 ? names_seek(&plan->breaks.before, &name) : NULL;

    return twin != NULL && twin->got > 0;
}

bool breaks_is_broken(const struct plan *plan, uint64_t key)
{
    const struct breaks *breaks = &plan->breaks;
    struct state_key name = names_of(&plan->fetch.names, key);
    size_t i;

    for (i = 0; i < breaks->count && key > 0; i++) {
        if (breaks->rows[i].name.len == name.len && breaks->rows[i].name.copy == name.copy &&
            (name.len == 0 || memcmp(breaks->rows[i].name.id, name.id, name.len) == 0)) {
            return true;
        }
    }
    return false;
}

/* A mark from before the clock was set back does not keep the message away. */
static bool is_left_alone(const struct state_breaks *mark)
{
    int64_t now = (int64_t)time(NULL);

    return mark->count >= STATE_BREAKS_MOST && now >= mark->last && now - mark->last < BREAKS_ALONE_SECONDS;
}

static void note_left_alone(struct plan *plan, uint32_t number)
{
    if (plan->breaks.sessions > 0) {
        return; /* the first session has told it */
    }
    plan->breaks.left++;
    if (plan->breaks.left <= LEFT_NAMED) {
        report_warning(plan->report,
                       "message %lu: left alone, because %d sessions in a row broke while it was fetched (it stays on "
                       "the server; --messages %lu fetches it)",
                       (unsigned long)number, STATE_BREAKS_MOST, (unsigned long)number);
    }
}

/* Where the server wants time between two logins there is no session for it alone: it takes its turn. */
static bool leaves_out_marked(struct plan *plan, uint32_t number, const struct state_breaks *mark)
{
    struct breaks *breaks = &plan->breaks;

    if (plan->options->all || plan->options->messages.count > 0) {
        return false; /* it was asked for by name */
    }
    if (is_left_alone(mark)) {
        note_left_alone(plan, number);
        return true;
    }
    if (breaks->session == BREAKS_OWN || plan->login_delay > 0) {
        return false;
    }
    breaks->owed++;
    return true;
}

bool breaks_leaves_out(struct plan *plan, uint32_t number, uint64_t key)
{
    struct state_key name = names_of(&plan->fetch.names, key);
    struct state_breaks mark = {0, 0};

    if (breaks_is_broken(plan, key)) {
        return true;
    }
    if (plan->state == NULL) {
        return false;
    }
    switch (state_breaks(plan->state, &name, &mark)) {
    case STATE_ABSENT:
        return plan->breaks.session == BREAKS_OWN;
    case STATE_PRESENT:
        return leaves_out_marked(plan, number, &mark);
    default:
        plan_give_up(plan);
        return true;
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Counts
 */

/* What an earlier session got is counted there, and what broke one has failed. */
static void count(struct plan *plan, const epop_sync_report_event *event)
{
    struct counts *counts = &plan->fetch.counts;

    counts->listed++;
    counts->marked += (event->outcome & EPOP_SYNC_MARKED) != 0;
    counts->unread += (event->outcome & EPOP_SYNC_MARKED) != 0 && (event->outcome & EPOP_SYNC_SKIPPED) != 0;
    if (event->outcome & EPOP_SYNC_FETCHED) {
        counts->fetched++;
    } else if ((event->outcome & EPOP_SYNC_FAILED) || breaks_is_broken(plan, event->key)) {
        counts->failed++;
    } else if (breaks_is_got(plan, event->key)) {
        return;
    } else if (event->outcome & EPOP_SYNC_SKIPPED) {
        counts->skipped++;
    } else if (event->outcome & EPOP_SYNC_KNOWN) {
        counts->known++;
    }
}

void breaks_hear(struct plan *plan, const epop_sync_report_event *event)
{
    count(plan, event);
    if (event->number == plan->breaks.number) {
        plan->breaks.key = event->key;
    }
}

bool breaks_tells(const struct plan *plan, const epop_sync_report_event *event)
{
    return plan->breaks.session != BREAKS_OWN || (event->outcome & (EPOP_SYNC_FETCHED | EPOP_SYNC_FAILED));
}

/* The session that a message has for itself takes it from those that were skipped. */
static void add_counts(struct plan *plan)
{
    struct breaks *breaks = &plan->breaks;
    const struct counts *now = &plan->fetch.counts;
    uint64_t fetched = breaks->total.fetched + now->fetched;
    uint64_t tried = now->fetched + now->failed;

    if (!plan->fetch.was_listed) {
        return;
    }
    if (breaks->session == BREAKS_OWN) {
        breaks->total.failed += now->failed;
        breaks->total.skipped -= breaks->total.skipped < tried ? breaks->total.skipped : tried;
        breaks->total.deleted += now->deleted;
    } else {
        breaks->total = *now;
    }
    breaks->total.fetched = fetched;
    if (breaks->session != BREAKS_OWN || plan->fetch.outcome.deletions != EPOP_SYNC_NOTHING_DELETED) {
        breaks->deletions = plan->fetch.outcome.deletions;
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The end of a session
 */

static bool is_of_peer(const epop_error_info *info)
{
    return info->code <= EPOP_ERR_PEER_EOF && info->code > EPOP_ERR_UNSENT && info->phase == EPOP_PHASE_TRANSACTION &&
           (info->command == EPOP_CMD_RETR || info->command == EPOP_CMD_TOP);
}

void breaks_suspect(struct plan *plan, const epop_error_info *info)
{
    struct breaks *breaks = &plan->breaks;
    const struct fetch *fetch = &plan->fetch;

    breaks->number = 0;
    breaks->key = 0;
    if (info == NULL || fetch->stopped) {
        return;
    }
    if (fetch->is_endless) {
        breaks->number = fetch->number;
    } else if (!plan->given_up && is_of_peer(info)) {
        breaks->number = info->number;
    }
}

/* Keeps its name, and marks it. False after a report. */
static bool note_broken(struct plan *plan)
{
    struct breaks *breaks = &plan->breaks;
    struct broken *row = &breaks->rows[breaks->count];
    uint8_t *id;

    row->name = names_of(&plan->fetch.names, breaks->key);
    row->number = breaks->number;
    id = (uint8_t *)malloc(row->name.len + 1);
    if (id == NULL) {
        report_fatal(plan->report, STATUS_TEMPORARY, "out of memory");
        return false;
    }
    memcpy(id, row->name.id, row->name.len);
    row->name.id = id;
    breaks->count++;
    return plan->state == NULL ||
           (state_begin(plan->state) && state_broke(plan->state, &row->name, (int64_t)time(NULL)) &&
            state_commit(plan->state));
}

/* Whether a new session can tell the messages of this one again, and may be begun. Where two sessions got nothing, the
 * messages are not to blame. Numbers of messages hold for one session only. */
static bool may_go_on(const struct plan *plan)
{
    const struct breaks *breaks = &plan->breaks;
    const struct options *options = plan->options;
    bool is_known = plan->state != NULL || (plan->fetch.has_unique_ids && !breaks->is_nameless);

    return is_known && breaks->sessions < BREAKS_SESSIONS && (breaks->sessions == 0 || breaks->total.fetched > 0) &&
           plan->login_delay == 0 && options->messages.count == 0 &&
           (options->max_messages == 0 || breaks->total.fetched < options->max_messages) && !plan->report->final &&
           !signals_caught();
}

/* Half a message on standard output must be the last. */
static bool is_torn(const struct plan *plan)
{
    return plan->options->target == TARGET_STDOUT && plan->cut && plan->fetch.octets > 0;
}

/* Whether the session has left more undone than the message that broke it. */
static bool is_more_to_do(const struct plan *plan)
{
    const struct breaks *breaks = &plan->breaks;

    if (plan->fetch.wanted > plan->fetch.stored + 1) {
        return true;
    }
    return breaks->session != BREAKS_OWN &&
           (breaks->owed > 0 || (fetch_deletes(plan->options) && breaks->total.fetched + breaks->total.known > 0));
}

/* The session of the others has come to its end, with all that was marked for deletion. */
static bool is_done(const struct plan *plan)
{
    const struct fetch *fetch = &plan->fetch;

    return !plan->given_up && fetch->outcome.result == EPOP_OK && fetch->counts.deleted == fetch->counts.marked;
}

static enum breaks_session next_session(const struct plan *plan, bool broken)
{
    const struct breaks *breaks = &plan->breaks;

    if (!may_go_on(plan)) {
        return BREAKS_NOTHING;
    }
    if (!broken) {
        return is_done(plan) && breaks->session != BREAKS_OWN && breaks->owed > 0 ? BREAKS_OWN : BREAKS_NOTHING;
    }
    if (is_torn(plan) || !is_more_to_do(plan)) {
        return BREAKS_NOTHING;
    }
    return breaks->session == BREAKS_OWN ? BREAKS_OWN : BREAKS_REST;
}

void breaks_settle(struct plan *plan)
{
    struct breaks *breaks = &plan->breaks;
    bool broken = breaks->number > 0 && breaks->key > 0;

    add_counts(plan);
    if (broken && !note_broken(plan)) {
        return;
    }
    if (!broken && breaks->number > 0) {
        return; /* it cannot be told again */
    }
    breaks->next = next_session(plan, broken);
    if (breaks->next != BREAKS_NOTHING) {
        names_free(&breaks->before);
        breaks->before = plan->fetch.names;
        memset(&plan->fetch.names, 0, sizeof plan->fetch.names);
    }
}

/* What the mark of a message means for the next run. */
static void report_mark(struct plan *plan, const struct broken *row)
{
    struct state_breaks mark;

    if (state_breaks(plan->state, &row->name, &mark) != STATE_PRESENT) {
        return;
    }
    if (mark.count >= STATE_BREAKS_MOST) {
        report_warning(plan->report,
                       "message %lu: %u sessions in a row broke while it was fetched: it is left alone for a day (it "
                       "stays on the server; --messages %lu fetches it)",
                       (unsigned long)row->number, mark.count, (unsigned long)row->number);
    } else {
        report_note(plan->report, "message %lu: it goes last in the next run", (unsigned long)row->number);
    }
}

void breaks_report(struct plan *plan)
{
    const struct breaks *breaks = &plan->breaks;

    if (breaks->number == 0 || breaks->key == 0 || breaks->count == 0) {
        return;
    }
    if (plan->fetch.is_endless && breaks->next != BREAKS_NOTHING) {
        report_note(plan->report, "the run goes on in a new session, without message %lu",
                    (unsigned long)breaks->number);
    }
    if (plan->state != NULL) {
        report_mark(plan, &breaks->rows[breaks->count - 1]);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The run
 */

void breaks_end(struct plan *plan)
{
    struct breaks *breaks = &plan->breaks;

    breaks->is_told = true;
    if (breaks->left > 0) {
        breaks->is_only_failure = plan->report->status == STATUS_OK;
        report_failure(plan->report, STATUS_PROTOCOL,
                       "messages that are left alone because they break the session: %" PRIu64, breaks->left);
    }
    if (plan->fetch.was_listed || breaks->sessions > 0 || plan->options->json) {
        summary_run(plan);
    }
}

bool breaks_go_on(struct plan *plan)
{
    struct breaks *breaks = &plan->breaks;

    if (breaks->next != BREAKS_NOTHING && !signals_caught()) {
        breaks->session = breaks->next;
        breaks->next = BREAKS_NOTHING;
        breaks->sessions++;
        breaks->owed = 0;
        return true;
    }
    if (breaks->sessions > 0 && !breaks->is_told) {
        breaks_end(plan); /* there was no connection for the last session */
    }
    return false;
}

void breaks_free(struct plan *plan)
{
    struct breaks *breaks = &plan->breaks;
    size_t i;

    for (i = 0; i < breaks->count; i++) {
        free((void *)(uintptr_t)breaks->rows[i].name.id);
    }
    names_free(&breaks->before);
}
