/* The plan of a session: login, then fetching or showing, then QUIT.
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
    COMMAND_OCTETS = 32,                /* of a command with a message-number, more or less */
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

    plan->steps++;
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

    plan->steps++;
    plan->refusal[0] = '\0';
    if (event->reply->status == EPOP_STATUS_ERR) {
        keep_refusal(plan, event->reply);
    } else if (event->command == EPOP_CMD_CAPA) {
        login_capabilities(plan);
    }
    if (!plan->options->list) {
        fetch_hear_reply(plan, event);
    } else if (event->command == EPOP_CMD_TOP && event->reply->status == EPOP_STATUS_OK) {
        browse_reply(plan, event);
    }
    return 0;
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
    } else {
        plan->unreadable++;
    }
}

/* RFC 2449 section 6.5: seconds, and perhaps "USER", which says that another user may have another delay. */
static void take_login_delay(struct plan *plan, const epop_capability *capability)
{
    uint64_t seconds = 0;
    size_t i;

    for (i = 0; i < capability->params.len && capability->params.ptr[i] >= '0' && capability->params.ptr[i] <= '9' &&
                seconds < LOGIN_DELAY_MOST;
         i++) {
        seconds = 10 * seconds + (uint64_t)(capability->params.ptr[i] - '0');
    }
    plan->login_delay = (uint32_t)(seconds < LOGIN_DELAY_MOST ? seconds : LOGIN_DELAY_MOST);
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
        if (event->capability->id == EPOP_CAPA_LOGIN_DELAY) {
            take_login_delay(plan, event->capability);
        }
    }
    if (event->row == EPOP_ROW_SASL) {
        login_reason(plan, event);
    }
    if (plan->options->list && event->row == EPOP_ROW_LIST) {
        return mailbox_add(&plan->box, listing->number, listing->octets);
    }
    if (plan->options->list && event->row == EPOP_ROW_UIDL) {
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
        if (!plan->options->list && !plan->given_up) {
            fetch_hear_row(plan, event);
        }
        break;
    }
    return 0;
}

static int32_t on_body(void *user, const epop_body_event *event)
{
    struct plan *plan = (struct plan *)user;

    if (plan->options->list) {
        browse_body(plan, event);
    } else if (!plan->given_up) {
        fetch_hear_body(plan, event);
    }
    return 0;
}

static void login_end(struct plan *plan, const epop_end_event *event)
{
    login_wipe(&plan->login);
    plan->too_soon = event->code == EPOP_CODE_LOGIN_DELAY;
    plan->logged_in = plan->logged_in || event->result == EPOP_OK;
    plan->renew = plan->may_renew && event->result == EPOP_ERR_LOGIN_REFUSED &&
                  (event->code == EPOP_CODE_NONE || event->code == EPOP_CODE_AUTH || event->code == EPOP_CODE_OTHER);
    if (plan->renew) {
        report_note(plan->report, "the server refused the token: \"%s\"; asking for another one", plan->refusal);
        plan_quit(plan);
    } else if (event->result != EPOP_OK) {
        login_failed(plan, event);
        plan_quit(plan);
    } else if (plan->options->list) {
        ask_for_listings(plan);
    }
}

void plan_report_missing(struct plan *plan)
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
        report_failure(plan->report, STATUS_PROTOCOL, "lines of the listings that cannot be understood: %llu",
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
    plan_report_missing(plan);
    browse_start(plan);
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    struct plan *plan = (struct plan *)user;

    plan->steps++;
    if (event->command == EPOP_CMD_LOGIN) {
        login_end(plan, event);
    }
    if (!plan->options->list) {
        return plan->given_up ? 0 : fetch_hear_end(plan, event);
    }
    if (event->command == EPOP_CMD_LIST) {
        list_end(plan, event);
    } else if (event->command == EPOP_CMD_TOP) {
        browse_end(plan, event);
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

/* RETRs go out as far ahead as the options and their octets allow: what is in flight is bounded there, not by the
 * length of the commands. The loop reads and writes at the same time, so no full socket can stop both sides. */
static int32_t start_client(struct plan *plan)
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
    config.slots = plan->slots;
    config.slot_count = options->pipeline + SLOTS_BESIDE;
    config.window_commands = options->pipeline;
    config.window_octets = options->pipeline * COMMAND_OCTETS + sizeof plan->line;
    config.max_rows = MAILBOX_ROWS_MAX;
    config.max_body = options->list ? HEADER_REPLY_MAX : 0;
    config.timeout_seconds = options->timeout;
    config.keep_alive_seconds = options->keep_alive;
    result = login_configure(&plan->login, options, &config);
    return result == EPOP_OK ? epop_client_init(&plan->client, sizeof plan->client, &config) : result;
}

bool plan_start(struct plan *plan)
{
    int32_t result;

    plan->report->bar = &plan->bar;
    plan->slots = (epop_client_slot *)calloc(plan->options->pipeline + SLOTS_BESIDE, sizeof *plan->slots);
    if (plan->slots == NULL) {
        report_fatal(plan->report, STATUS_TEMPORARY, "out of memory");
        return false;
    }
    result = start_client(plan);
    plan_check(plan, result);
    if (result != EPOP_OK || (!plan->options->list && !fetch_open(plan))) {
        return false;
    }
    plan_check(plan, epop_client_login(&plan->client, 0));
    if (!plan->options->list) {
        plan_check(plan, epop_sync_start(&plan->fetch.sync));
    }
    return !plan->given_up;
}

void plan_free(struct plan *plan)
{
    plan->report->bar = NULL;
    mailbox_free(&plan->box);
    fetch_free(plan);
    free(plan->slots);
    plan->slots = NULL;
}

void plan_begin_anew(struct plan *plan)
{
    static struct plan next;

    next.options = plan->options;
    next.report = plan->report;
    next.transport = plan->transport;
    next.trace = plan->trace;
    next.sink = plan->sink;
    next.state = plan->state;
    next.breaks = plan->breaks;
    next.login_delay = plan->login_delay;
    next.logged_in = plan->logged_in;
    next.fetch.received = plan->fetch.received;
    *plan = next;
}
