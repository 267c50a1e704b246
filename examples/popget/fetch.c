/* Fetching: what the sync of epop asks and tells, and what becomes of each message on this side.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "plan.h"

#include "signals.h"
#include "sink.h"
#include "summary.h"
#include "wanted.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    DAY = 24 * 60 * 60,
    GAPS = 1024 /* numbers that may be missing in a small maildrop */
};

bool fetch_deletes(const struct options *options)
{
    return options->delete || options->delete_after || options->keep_newest;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * What is there, and what is wanted
 */

static int32_t on_maildrop(void *user, const epop_sync_maildrop_event *event)
{
    struct plan *plan = (struct plan *)user;
    uint32_t room;

    plan->fetch.was_listed = true;
    plan->fetch.messages = event->messages;
    if (event->messages == 0) {
        return 0;
    }
    if (event->messages > MAILBOX_ROWS_MAX) {
        report_fatal(plan->report, STATUS_PROTOCOL, "%s: says that it has %lu messages, which is too many (limit: %d)",
                     plan->options->host, (unsigned long)event->messages, MAILBOX_ROWS_MAX);
        plan_give_up(plan);
        return 0;
    }
    /* Servers are known whose numbers have gaps, and so go higher than STAT says. */
    room = event->messages + event->messages / 2 + GAPS;
    plan->fetch.table = (epop_sync_entry *)malloc(room * sizeof *plan->fetch.table);
    if (plan->fetch.table == NULL) {
        report_fatal(plan->report, STATUS_TEMPORARY, "no memory for the listing of this maildrop");
        plan_give_up(plan);
        return 0;
    }
    epop_sync_table(&plan->fetch.sync, plan->fetch.table, room);
    return 0;
}

static int32_t on_listed(void *user, const epop_sync_listed_event *event)
{
    struct plan *plan = (struct plan *)user;

    if (event->unique_id.len == 0) {
        plan->fetch.has_unique_ids = false;
    }
    wanted_answer(plan, event->number, event->octets, event->unique_id.ptr, event->unique_id.len);
    return 0;
}

/* A header that the server refuses keeps nothing away, and deletes nothing. */
static uint32_t choose(struct plan *plan, const epop_sync_header_event *event)
{
    const struct filter *filter = &plan->fetch.filter;

    if (event->status != EPOP_STATUS_OK) {
        return EPOP_SYNC_FETCH;
    }
    if (filter_condemns(filter)) {
        report_note(plan->report, "message %lu: to be deleted unread: its header is one of --delete-matching",
                    (unsigned long)event->number);
        return EPOP_SYNC_UNWANTED;
    }
    return filter_passes(filter) ? EPOP_SYNC_FETCH : EPOP_SYNC_SKIP;
}

static int32_t on_header(void *user, const epop_sync_header_event *event)
{
    struct plan *plan = (struct plan *)user;
    struct filter *filter = &plan->fetch.filter;
    char digest[FILTER_DIGEST_SIZE];
    size_t len;

    if (event->offset == 0) {
        filter_start(filter);
    }
    filter_put(filter, event->data.ptr, event->data.len);
    if (!event->last) {
        return 0;
    }
    filter_unfold(filter);
    if (event->purpose == EPOP_SYNC_TO_IDENTIFY) {
        plan->fetch.has_unique_ids = false; /* not all: what it has given before it may give again */
        len = filter_digest(filter, digest);
        wanted_answer(plan, event->number, event->octets, (const uint8_t *)digest, len);
    } else {
        epop_sync_choose(&plan->fetch.sync, choose(plan, event));
    }
    return 0;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Messages
 */

/* Stored messages may still be deleted by QUIT: only if there are any, the rest of what was asked for is received and
 * dropped. */
void fetch_stop(struct plan *plan)
{
    if (plan->fetch.stopped) {
        return;
    }
    plan->fetch.stopped = true;
    delivery_commit(plan);
    if (plan->fetch.stored == 0 || !fetch_deletes(plan->options) || signals_caught()) {
        plan_give_up(plan);
    } else {
        epop_sync_stop(&plan->fetch.sync);
    }
}

static struct sink_message describe(const struct plan *plan, uint64_t key)
{
    struct state_key name = names_of(&plan->fetch.names, key);
    struct sink_message message;

    message.number = plan->fetch.number;
    message.octets = plan->fetch.octets;
    message.unique_id = name.id;
    message.unique_id_len = name.len;
    return message;
}

/* No bar where the messages themselves, or lines about them, go to the terminal. */
static void begin_bar(struct plan *plan)
{
    bool busy = (plan->options->target == TARGET_STDOUT || plan->options->json) && isatty(STDOUT_FILENO);

    progress_begin(&plan->bar, !plan->options->quiet && !busy, plan->fetch.wanted, plan->fetch.wanted_octets);
}

static int32_t on_begin(void *user, const epop_sync_message_event *event)
{
    struct plan *plan = (struct plan *)user;
    struct fetch *fetch = &plan->fetch;
    struct sink_message message;

    if (!fetch->begun) {
        fetch->begun = true;
        begin_bar(plan);
    }
    fetch->number = event->number;
    fetch->octets = 0;
    fetch->expected = event->octets;
    message = describe(plan, event->key);
    fetch->open = !fetch->stopped && sink_begin(plan->sink, &message);
    if (!fetch->open && !fetch->stopped) {
        sink_drop(plan->sink);
        fetch_stop(plan);
    }
    return 0;
}

static int32_t on_body(void *user, const epop_sync_message_event *event)
{
    struct plan *plan = (struct plan *)user;
    struct fetch *fetch = &plan->fetch;

    fetch->octets += event->data.len;
    fetch->received += event->data.len;
    progress_octets(&plan->bar, event->data.len);
    if (fetch->open && !sink_put(plan->sink, event->data.ptr, event->data.len)) {
        fetch->open = false;
        sink_drop(plan->sink);
        fetch_stop(plan);
    }
    return 0;
}

/* Nothing at all, of a message that LIST has: the server has lost it, or cannot read it just now. */
static bool is_void(const struct fetch *fetch)
{
    return fetch->octets == 0 && fetch->expected > 0 && fetch->expected != EPOP_SYNC_SIZE_UNKNOWN;
}

/* Of a message by TOP nobody says that it is whole: there are servers that cut it. */
static bool is_cut(const struct plan *plan)
{
    const struct fetch *fetch = &plan->fetch;

    return plan->options->use_top && fetch->expected != EPOP_SYNC_SIZE_UNKNOWN && fetch->octets < fetch->expected;
}

/* A whole message. The session pauses where no more can be taken. */
static int32_t finish(struct plan *plan, uint64_t key)
{
    struct fetch *fetch = &plan->fetch;
    struct sink_message message = describe(plan, key);
    enum sink_result result = sink_finish(plan->sink, &message);

    fetch->open = false;
    if (result == SINK_HELD || result == SINK_PENDING) {
        delivery_add(plan, message.number, key, message.octets);
        return delivery_is_crowded(plan) ? EPOP_PAUSE : 0;
    }
    if (result == SINK_STORED && !delivery_record(plan, key)) {
        result = SINK_BROKEN;
    }
    epop_sync_confirm(&fetch->sync, message.number, result == SINK_STORED);
    if (result == SINK_BROKEN) {
        fetch_stop(plan);
    }
    return 0;
}

static int32_t on_end(void *user, const epop_sync_message_event *event)
{
    struct plan *plan = (struct plan *)user;
    struct fetch *fetch = &plan->fetch;

    if (event->result == EPOP_OK && fetch->open && !is_void(fetch) && !is_cut(plan)) {
        return finish(plan, event->key);
    }
    if (event->result == EPOP_OK && fetch->open && is_cut(plan)) {
        report_failure(plan->report, STATUS_PROTOCOL,
                       "message %lu: TOP gave %" PRIu64 " octets of %" PRIu64
                       ": it may be cut (not stored; it stays on the server; try without --use-top)",
                       (unsigned long)event->number, fetch->octets, fetch->expected);
    } else if (event->result == EPOP_OK && fetch->open) {
        report_failure(plan->report, STATUS_PROTOCOL,
                       "message %lu: came without a single octet, though LIST said %" PRIu64
                       " (not stored; it stays on the server)",
                       (unsigned long)event->number, fetch->expected);
    }
    if (event->result == EPOP_ERR_LIMIT_BODY && fetch->open) {
        report_failure(plan->report, STATUS_PROTOCOL,
                       "message %lu: longer than --max-size %" PRIu64 ", though LIST said %" PRIu64
                       " octets (not stored; it stays on the server)",
                       (unsigned long)event->number, plan->options->max_size, fetch->expected);
    }
    fetch->open = false;
    sink_drop(plan->sink);
    if (event->result == EPOP_OK) {
        epop_sync_confirm(&fetch->sync, event->number, 0);
    }
    return 0;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Reports
 */

static int32_t on_report(void *user, const epop_sync_report_event *event)
{
    struct plan *plan = (struct plan *)user;

    breaks_hear(plan, event);
    if (event->result == EPOP_ERR_SYNC_LATER) {
        plan->fetch.has_unique_ids = false;
        report_failure(plan->report, STATUS_TEMPORARY,
                       "message %lu: UIDL leaves it out, and has others: it waits for a later run",
                       (unsigned long)event->number);
    } else if (event->result == EPOP_ERR_SYNC_UNIQUE_ID) {
        report_failure(plan->report, STATUS_PROTOCOL,
                       "message %lu: has no unique-id, and its header cannot be had by TOP: it cannot be told from "
                       "others, and was not fetched (without --state it can be)",
                       (unsigned long)event->number);
    }
    if (event->result == EPOP_ERR_SYNC_REFUSED && plan->options->use_top && !(event->outcome & EPOP_SYNC_FETCHED)) {
        report_failure(plan->report, report_status_of_code(event->code, STATUS_PROTOCOL),
                       "message %lu: TOP was refused: --use-top needs a server that has it (it stays on the server)",
                       (unsigned long)event->number);
    }
    if ((event->outcome & EPOP_SYNC_MARKED) && plan->state != NULL && event->key > 0) {
        delivery_marked(plan, event->key);
    }
    if (plan->options->json && breaks_tells(plan, event)) {
        summary_message(plan, event);
    }
    return 0;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Between client and sync
 */

static const epop_sync_callbacks callbacks = {
    .struct_size = sizeof callbacks,
    .on_maildrop = on_maildrop,
    .on_listed = on_listed,
    .on_header = on_header,
    .on_begin = on_begin,
    .on_body = on_body,
    .on_end = on_end,
    .on_report = on_report,
};

/* In a session that goes on with a run, what it has got already is seen, and not fetched again. */
static uint32_t policy_of(const struct plan *plan)
{
    const struct options *options = plan->options;
    uint32_t policy = 0;

    policy |= (options->state_file == NULL || options->all) && plan->breaks.sessions == 0 ? EPOP_SYNC_ALL : 0u;
    policy |= options->state_file != NULL ? EPOP_SYNC_IDENTIFY : 0u;
    policy |= options->newest_first ? EPOP_SYNC_NEWEST_FIRST : 0u;
    policy |= options->headers_first != NULL || options->delete_matching != NULL || options->has_since
                  ? EPOP_SYNC_FILTER
                  : 0u;
    policy |= options->use_top ? EPOP_SYNC_USE_TOP : 0u;
    policy |= options->delete || options->delete_after ? EPOP_SYNC_DELETE : 0u;
    policy |= options->keep_newest ? EPOP_SYNC_KEEP_NEWEST : 0u;
    return policy;
}

static bool open_pattern(struct plan *plan, struct pattern *pattern, const char *option, const char *text)
{
    char why[200];

    if (text == NULL || filter_pattern(pattern, text, why, sizeof why)) {
        return true;
    }
    report_fatal(plan->report, STATUS_USAGE, "%s: %s", option, why);
    return false;
}

static bool open_filter(struct plan *plan)
{
    const struct options *options = plan->options;
    struct filter *filter = &plan->fetch.filter;

    filter->has_since = options->has_since;
    filter->since = (int64_t)time(NULL) - (int64_t)options->since * DAY;
    return open_pattern(plan, &filter->wanted, "--headers-first", options->headers_first) &&
           open_pattern(plan, &filter->unwanted, "--delete-matching", options->delete_matching);
}

bool fetch_open(struct plan *plan)
{
    const struct options *options = plan->options;
    struct fetch *fetch = &plan->fetch;
    epop_sync_config config = {.struct_size = sizeof config};

    if (!open_filter(plan)) {
        return false;
    }
    config.flags = policy_of(plan);
    config.callbacks = &callbacks;
    config.user = plan;
    config.client = &plan->client;
    config.depth = plan->breaks.sessions == 0 ? options->pipeline : 1; /* so that it is known what breaks it */
    config.flight_octets = FLIGHT_OCTETS;
    config.max_messages = options->max_messages > 0 ? options->max_messages - (uint32_t)plan->breaks.total.fetched : 0;
    config.max_octets = options->max_size;
    config.max_header = FILTER_SIZE;
    config.keep_newest = options->newest_kept;
    config.now = (uint64_t)time(NULL);
    config.delete_after = options->days * DAY;
    fetch->callbacks.struct_size = sizeof fetch->callbacks;
    plan_check(plan, epop_sync_client_callbacks(&fetch->callbacks));
    plan_check(plan, epop_sync_init(&fetch->sync, sizeof fetch->sync, &config));
    return !plan->given_up;
}

void fetch_hear_reply(struct plan *plan, const epop_reply_event *event)
{
    plan->fetch.callbacks.on_reply(&plan->fetch.sync, event);
}

void fetch_hear_row(struct plan *plan, const epop_row_event *event)
{
    plan->fetch.callbacks.on_row(&plan->fetch.sync, event);
}

static void discard(struct plan *plan, size_t len)
{
    plan->fetch.discarded += len;
    if (plan->fetch.discarded > DISCARD_MAX && !plan->given_up) {
        plan->fetch.is_endless = !plan->fetch.stopped;
        report_failure(plan->report, STATUS_PROTOCOL,
                       "the server does not come to an end of what is not wanted; connection closed");
        plan_give_up(plan);
    }
}

void fetch_hear_body(struct plan *plan, const epop_body_event *event)
{
    if (plan->fetch.stopped) {
        discard(plan, event->data.len);
    } else {
        plan->fetch.callbacks.on_body(&plan->fetch.sync, event);
    }
}

static const char *meaning_of(uint32_t command)
{
    switch (command) {
    case EPOP_CMD_RETR:
        return " (it stays on the server)";
    case EPOP_CMD_DELE:
        return " (it is stored, and stays on the server)";
    default:
        return "";
    }
}

/* STAT and LIST can be done without: whether this one was, is known at the end (verdict.c). */
static void note_refusal(struct plan *plan, const epop_end_event *event)
{
    plan->fetch.listing_status = report_status_of_code(event->code, STATUS_PROTOCOL);
    report_note(plan->report, "%s was refused: \"%s\"", epop_command_name(event->command), plan->refusal);
}

/* Of QUIT is told at the end; servers without UIDL or TOP are none to complain about. */
static void report_refusal(struct plan *plan, const epop_end_event *event)
{
    char message[40] = "";

    if (event->result != EPOP_OK || event->status == EPOP_STATUS_OK || event->command == EPOP_CMD_QUIT ||
        event->command == EPOP_CMD_UIDL || event->command == EPOP_CMD_TOP || event->command == EPOP_CMD_NOOP) {
        return;
    }
    if (event->command == EPOP_CMD_STAT || (event->command == EPOP_CMD_LIST && event->number == 0)) {
        note_refusal(plan, event);
        return;
    }
    if (event->number > 0) {
        snprintf(message, sizeof message, "message %lu: ", (unsigned long)event->number);
    }
    report_failure(plan->report, report_status_of_code(event->code, STATUS_PROTOCOL), "%s%s was refused: \"%s\"%s",
                   message, epop_command_name(event->command), plan->refusal, meaning_of(event->command));
}

int32_t fetch_hear_end(struct plan *plan, const epop_end_event *event)
{
    bool good = event->result == EPOP_OK && event->status == EPOP_STATUS_OK;

    if (event->command != EPOP_CMD_LOGIN) {
        report_refusal(plan, event);
    }
    if (event->command == EPOP_CMD_UIDL && event->number == 0) {
        plan->fetch.has_unique_ids = good;
    }
    if (event->command == EPOP_CMD_QUIT) {
        plan->quit_failed = !good;
    }
    return plan->fetch.callbacks.on_end(&plan->fetch.sync, event) == EPOP_PAUSE ? EPOP_PAUSE : 0;
}

/* A message that is given up for its length is received to its end, and dropped inside the session. */
void fetch_watch(struct plan *plan)
{
    epop_transfer transfer = {.struct_size = sizeof transfer};
    uint64_t most = plan->options->max_size;

    if (most > 0 && epop_client_transfer(&plan->client, &transfer) == EPOP_OK &&
        (transfer.command == EPOP_CMD_RETR || plan->options->use_top) && transfer.received > most &&
        transfer.received - most > DISCARD_MAX) {
        discard(plan, (size_t)DISCARD_MAX + 1);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The end
 */

/* Whole messages that wait are delivered, however the session has ended. */
void fetch_close(struct plan *plan)
{
    struct fetch *fetch = &plan->fetch;

    fetch->outcome.struct_size = sizeof fetch->outcome;
    delivery_commit(plan);
    epop_sync_close(&fetch->sync, &fetch->outcome);
    fetch->counts.deleted = fetch->outcome.deletions == EPOP_SYNC_DELETED ? fetch->counts.marked : 0;
    if (fetch->open) {
        sink_drop(plan->sink);
    }
    if (plan->state != NULL) {
        delivery_finish(plan);
    }
}

void fetch_free(struct plan *plan)
{
    free(plan->fetch.table);
    names_free(&plan->fetch.names);
    filter_close(&plan->fetch.filter);
}
