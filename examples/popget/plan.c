/* The plan of a session: login, STAT, UIDL, LIST, then fetching or showing, then QUIT.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "plan.h"

#include "escape.h"
#include "signals.h"
#include "sink.h"

#include <stdlib.h>

enum {
    SLOTS_BESIDE = 8,                   /* login, the listings and QUIT */
    LISTINGS_MAX = 100 * 1000 * 1000,   /* octets of all listings: rows may be few and very long, too */
    HEADER_REPLY_MAX = 64 * 1024 * 1024 /* octets of an answer to TOP n 0; some servers send the whole message */
};

void plan_quit(struct plan *plan)
{
    if (!plan->quitting && !plan->given_up) {
        plan->quitting = true;
        plan_check(plan, epop_client_quit(&plan->client, 0));
    }
}

void plan_give_up(struct plan *plan)
{
    plan->given_up = true;
    epop_client_abort(&plan->client, EPOP_ABORT_CLOSE);
}

void plan_check(struct plan *plan, int32_t result)
{
    if (result < 0 && !plan->given_up) {
        report_fatal(plan->report, STATUS_SOFTWARE, "%s: %s (please report this fault)", epop_error_name(result),
                     epop_strerror(result));
        plan_give_up(plan);
    }
}

unsigned plan_depth(const struct plan *plan)
{
    return epop_client_capabilities(&plan->client) & EPOP_CAPA_PIPELINING ? plan->options->pipeline : 1;
}

/* The listings are taken once, before any DELE: servers are known that count anew after it. */
static void ask_for_listings(struct plan *plan)
{
    plan_check(plan, epop_client_stat(&plan->client, 0));
    plan_check(plan, epop_client_uidl(&plan->client, 0, 0));
    plan_check(plan, epop_client_list(&plan->client, 0, 0));
}

static void keep_refusal(struct plan *plan, const epop_reply *reply)
{
    escape_text(plan->refusal, sizeof plan->refusal, reply->text.ptr, reply->text.len, 0);
}

static int32_t on_greeting(void *user, const epop_greeting_event *event)
{
    struct plan *plan = (struct plan *)user;

    login_greeting(plan, event);
    if (event->reply->status == EPOP_STATUS_ERR) {
        keep_refusal(plan, event->reply);
        plan->quitting = true; /* there is nobody to say it to */
        report_fatal(plan->report, report_status_of_code(event->reply->code, STATUS_UNAVAILABLE),
                     "%s does not serve us: \"%s\"", plan->options->host, plan->refusal);
    }
    return 0;
}

static int32_t on_reply(void *user, const epop_reply_event *event)
{
    struct plan *plan = (struct plan *)user;

    if (event->reply->status == EPOP_STATUS_ERR) {
        keep_refusal(plan, event->reply);
        return 0;
    }
    plan->refusal[0] = '\0';
    if (event->command == EPOP_CMD_RETR) {
        fetch_reply(plan, event);
    } else if (event->command == EPOP_CMD_TOP) {
        browse_reply(plan, event);
    } else if (event->command == EPOP_CMD_CAPA) {
        login_capabilities(plan);
    }
    return 0;
}

/* Unique-ids are kept only where somebody will see them. */
static bool ids_matter(const struct plan *plan)
{
    return plan->options->list || plan->options->target == TARGET_EXEC;
}

/* A line that is no row. Where it is a status line, an answer too many has come before it, and what follows would be
 * taken for answers to the wrong commands. */
static void take_unreadable(struct plan *plan, const epop_row_event *event)
{
    epop_reply reply = {.struct_size = sizeof reply};

    if (event->command != EPOP_CMD_LIST && event->command != EPOP_CMD_UIDL) {
        return;
    }
    if (epop_reply_parse(&reply, event->line.ptr, event->line.len) == EPOP_OK) {
        report_fatal(plan->report, STATUS_PROTOCOL,
                     "%s: a status line stands in the answer to %s: the server is out of step", plan->options->host,
                     epop_command_name(event->command));
        plan_give_up(plan);
    } else if (event->command == EPOP_CMD_LIST || ids_matter(plan)) {
        plan->unreadable++;
    }
}

static enum mailbox_result take_row(struct plan *plan, const epop_row_event *event)
{
    const epop_listing *listing = event->listing;

    plan->listed += event->line_length;
    if (plan->listed > LISTINGS_MAX) {
        return MAILBOX_TOO_LONG;
    }
    if (event->row == EPOP_ROW_CAPA) {
        login_capability(plan, event->capability);
    }
    if (event->row == EPOP_ROW_LIST) {
        return mailbox_add(&plan->box, listing->number, listing->octets);
    }
    if (event->row == EPOP_ROW_UIDL && ids_matter(plan)) {
        return mailbox_add_id(&plan->box, listing->number, listing->unique_id.ptr, listing->unique_id.len);
    }
    if (event->row == EPOP_ROW_UNREADABLE) {
        take_unreadable(plan, event);
    }
    return MAILBOX_OK;
}

static int32_t on_row(void *user, const epop_row_event *event)
{
    struct plan *plan = (struct plan *)user;

    switch (take_row(plan, event)) {
    case MAILBOX_NO_MEMORY:
        report_fatal(plan->report, STATUS_TEMPORARY, "no memory for the listing of this maildrop");
        plan_give_up(plan);
        break;
    case MAILBOX_TOO_LONG:
        report_fatal(plan->report, STATUS_PROTOCOL,
                     "%s: its listings are too long (limits: %d octets, %d of unique-ids)", plan->options->host,
                     LISTINGS_MAX, MAILBOX_IDS_MAX);
        plan_give_up(plan);
        break;
    case MAILBOX_OK:
        break;
    }
    return 0;
}

static int32_t on_body(void *user, const epop_body_event *event)
{
    struct plan *plan = (struct plan *)user;

    if (event->command == EPOP_CMD_RETR) {
        fetch_body(plan, event);
    } else {
        browse_body(plan, event);
    }
    return 0;
}

static void login_end(struct plan *plan, const epop_end_event *event)
{
    login_wipe(&plan->login);
    if (event->result == EPOP_OK) {
        ask_for_listings(plan);
    } else {
        login_failed(plan, event);
        plan_quit(plan);
    }
}

/* Messages that were asked for by number and are not there. */
static void report_missing(struct plan *plan)
{
    const struct ranges *ranges = &plan->options->messages;
    size_t i;

    for (i = 0; i < ranges->count; i++) {
        if (!ranges->rows[i].met) {
            report_failure(plan->report, STATUS_PROTOCOL,
                           "--messages: nothing from %lu to %lu is in the maildrop (popget --list shows what is)",
                           (unsigned long)ranges->rows[i].first, (unsigned long)ranges->rows[i].last);
        }
    }
    if (plan->unreadable > 0) {
        report_failure(plan->report, STATUS_PROTOCOL, "lines of the listings that can not be understood: %llu",
                       (unsigned long long)plan->unreadable);
    }
}

static void list_end(struct plan *plan, const epop_end_event *event)
{
    if (event->result != EPOP_OK || event->status != EPOP_STATUS_OK) {
        report_fatal(plan->report, report_status_of_code(event->code, STATUS_PROTOCOL), "LIST was refused: \"%s\"",
                     plan->refusal);
        plan_quit(plan);
        return;
    }
    mailbox_settle(&plan->box);
    mailbox_choose(&plan->box, &plan->options->messages, plan->options->max_size, plan->report);
    report_missing(plan);
    if (plan->options->list) {
        browse_start(plan);
    } else {
        fetch_start(plan);
    }
}

static void quit_end(struct plan *plan, const epop_end_event *event)
{
    if (event->result != EPOP_OK || event->status != EPOP_STATUS_OK) {
        plan->quit_failed = true;
    }
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    static const struct {
        uint32_t command;
        void (*end)(struct plan *plan, const epop_end_event *event);
    } ends[] = {
        {EPOP_CMD_LOGIN, login_end},     {EPOP_CMD_LIST, list_end},       {EPOP_CMD_TOP, browse_end},
        {EPOP_CMD_RETR, fetch_retr_end}, {EPOP_CMD_DELE, fetch_dele_end}, {EPOP_CMD_QUIT, quit_end},
    };
    struct plan *plan = (struct plan *)user;
    size_t i;

    for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends[i].command == event->command) {
            ends[i].end(plan, event);
        }
    }
    return 0;
}

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    login_ask((struct plan *)user, event);
    return 0;
}

static int32_t on_trace(void *user, const epop_trace_event *event)
{
    trace_line(((struct plan *)user)->trace, event);
    return 0;
}

static const epop_client_callbacks callbacks = {
    .struct_size = sizeof callbacks,
    .on_greeting = on_greeting,
    .on_reply = on_reply,
    .on_row = on_row,
    .on_body = on_body,
    .on_end = on_end,
    .on_ask = on_ask,
    .on_trace = on_trace,
};

bool plan_start(struct plan *plan)
{
    const struct options *options = plan->options;
    epop_client_config config = {.struct_size = sizeof config};
    int32_t result;

    config.callbacks = &callbacks;
    config.user = plan;
    config.line_buffer = plan->line;
    config.line_buffer_size = sizeof plan->line;
    config.output_buffer = plan->output;
    config.output_buffer_size = sizeof plan->output;
    config.slot_count = 2 * options->pipeline + SLOTS_BESIDE; /* for each RETR ahead there may be a DELE behind it */
    config.window_commands = options->pipeline;
    config.max_rows = MAILBOX_ROWS_MAX;
    config.max_body = options->list ? HEADER_REPLY_MAX : 0;
    config.timeout_seconds = options->timeout;
    plan->report->bar = &plan->bar;
    plan->slots = (epop_client_slot *)calloc(config.slot_count, sizeof *plan->slots);
    config.slots = plan->slots;
    if (plan->slots == NULL) {
        report_fatal(plan->report, STATUS_TEMPORARY, "out of memory");
        return false;
    }
    result = login_configure(&plan->login, options, &config);
    if (result == EPOP_OK) {
        result = epop_client_init(&plan->client, sizeof plan->client, &config);
    }
    plan_check(plan, result);
    if (result == EPOP_OK) {
        plan_check(plan, epop_client_login(&plan->client, 0));
    }
    return !plan->given_up;
}

void plan_free(struct plan *plan)
{
    plan->report->bar = NULL;
    mailbox_free(&plan->box);
    free(plan->slots);
    plan->slots = NULL;
}
