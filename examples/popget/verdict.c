/* What is to be said when a session is over: how it ended, and what that means for the messages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "plan.h"

#include "escape.h"
#include "signals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BREAK_TEXT = 2048 };

static int status_of(int32_t code)
{
    if (code == EPOP_ERR_PEER_CERTIFICATE) {
        return STATUS_REFUSED;
    }
    if (code == EPOP_ERR_CRYPTO) {
        return STATUS_SOFTWARE;
    }
    if (code == EPOP_ERR_PEER_EOF || code == EPOP_ERR_PEER_TIMEOUT || code == EPOP_ERR_PEER_QUIT_UNKNOWN) {
        return STATUS_TEMPORARY;
    }
    return code <= EPOP_ERR_PEER_EOF ? STATUS_PROTOCOL : STATUS_SOFTWARE;
}

/* A server that hangs up instead of answering a QUIT on which nothing depends has done no harm. */
static bool is_harmless(const struct plan *plan, int32_t code)
{
    return status_of(code) == STATUS_TEMPORARY &&
           (plan->quitting || (!plan->options->list && plan->fetch.outcome.result == EPOP_OK));
}

/* Where in the dialogue: "RETR 2". */
static void describe_place(const struct plan *plan, const epop_error_info *info, char *text, size_t size)
{
    const char *command = epop_command_name(info->command);

    if (info->phase == EPOP_PHASE_GREETING) {
        snprintf(text, size, "greeting");
    } else if (plan->cut) {
        snprintf(text, size, "answer to %s %lu, which is not stored", command, (unsigned long)plan->fetch.number);
    } else if (info->number > 0) {
        snprintf(text, size, "answer to %s %lu", command, (unsigned long)info->number);
    } else if (*command != '\0') {
        snprintf(text, size, "answer to %s", command);
    } else {
        snprintf(text, size, "between two answers");
    }
}

static const char *remedy_of(const struct plan *plan, const epop_error_info *info)
{
    if (plan->breaks.next != BREAKS_NOTHING) {
        return "the run goes on in a new session, without this message";
    }
    if (info->code == EPOP_ERR_PEER_SASL || info->code == EPOP_ERR_PEER_PLAINTEXT) {
        return "it may be a false server, or somebody is on the way";
    }
    if (info->code == EPOP_ERR_PEER_TIMEOUT && info->phase == EPOP_PHASE_GREETING && !plan->options->pops) {
        return "try again later, or pops:// where the server waits for TLS";
    }
    return status_of(info->code) == STATUS_TEMPORARY ? "try again later" : "--trace FILE writes down what it says";
}

/* What ends the session ends the program, unless the run goes on in another one. */
static void report_break(struct plan *plan, int status, const char *text)
{
    if (plan->breaks.next != BREAKS_NOTHING) {
        report_failure(plan->report, status, "%s", text);
    } else {
        report_fatal(plan->report, status, "%s", text);
    }
}

/* Where TLS has failed, that took the session with it. */
static void report_tls(struct plan *plan, const struct transport_failure *failure)
{
    char text[BREAK_TEXT];

    snprintf(text, sizeof text, "%s: %s: %s: %s", plan->options->host, epop_error_name(failure->code),
             epop_strerror(failure->code), failure->text);
    report_break(plan, status_of(failure->code), text);
}

/* Who greets like this, where that is not POP3; else NULL. RFC 5321 section 4.2, RFC 9051 section 7.1, RFC 3977 section
 * 5.1, RFC 4253 section 4.2. */
static const char *service_of(const struct transport *transport)
{
    static const struct {
        const char *head;
        const char *service;
    } rows[] = {
        {"220 ", "an SMTP server"},      {"220-", "an SMTP server"},  {"* OK", "an IMAP server"},
        {"* PREAUTH", "an IMAP server"}, {"* BYE", "an IMAP server"}, {"200 ", "a news server"},
        {"201 ", "a news server"},       {"SSH-", "an SSH server"},   {"HTTP/", "a web server"},
    };
    size_t i;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (transport->head_len >= strlen(rows[i].head) &&
            memcmp(transport->head, rows[i].head, strlen(rows[i].head)) == 0) {
            return rows[i].service;
        }
    }
    return NULL;
}

/* The other side does not speak POP3. What it said is in no trace: the library shows no line that is none of POP3. */
static void report_stranger(struct plan *plan, const epop_error_info *info)
{
    const struct transport *transport = plan->transport;
    const char *service = service_of(transport);
    char text[4 * sizeof transport->head];
    size_t len = 0;

    while (len < transport->head_len && transport->head[len] != '\r' && transport->head[len] != '\n') {
        len++;
    }
    escape_text(text, sizeof text, transport->head, len, ESCAPE_ASCII);
    report_fatal(plan->report, status_of(info->code),
                 "%s port %s: %s: this is %s: wrong port? (POP3 has 110, pops:// 995) "
                 "It begins with \"%s\"",
                 plan->options->host, plan->options->port, epop_error_name(info->code),
                 service != NULL ? service : "no POP3 server", text);
}

static void report_error(struct plan *plan, const epop_error_info *info, const struct transport_failure *failure)
{
    char text[BREAK_TEXT];
    char place[80];

    if (info->phase == EPOP_PHASE_GREETING &&
        (info->code == EPOP_ERR_PEER_STATUS || service_of(plan->transport) != NULL)) {
        report_stranger(plan, info);
        return;
    }
    describe_place(plan, info, place, sizeof place);
    snprintf(text, sizeof text, "%s: %s: %s: %s, octet %" PRIu64 " of what it sent%s%s (%s)", plan->options->host,
             epop_error_name(info->code), epop_strerror(info->code), place, info->offset,
             failure->text[0] != '\0' ? ": " : "", failure->text, remedy_of(plan, info));
    report_break(plan, status_of(info->code), text);
    if (plan->refusal[0] != '\0') {
        report_warning(plan->report, "the last that %s said was: \"%s\"", plan->options->host, plan->refusal);
    }
}

/* What became of the messages that were to be deleted. */
static void report_deletions(struct plan *plan)
{
    uint64_t marked = plan->fetch.counts.marked;
    const char *what = plan->fetch.counts.unread > 0 ? "marked, some of them unread" : "stored";

    if (plan->fetch.undeleted > 0 && plan->breaks.sessions == 0) {
        report_failure(plan->report, STATUS_PROTOCOL,
                       "the server said that it deleted these, and still has them: %" PRIu64, plan->fetch.undeleted);
    }
    if (marked == 0) {
        return;
    }
    switch (plan->fetch.outcome.deletions) {
    case EPOP_SYNC_DELETED:
        break;
    case EPOP_SYNC_DELETED_IN_PART:
        report_failure(plan->report, STATUS_TEMPORARY,
                       "QUIT was refused: \"%s\": some of these may be left on the server%s: %" PRIu64, plan->refusal,
                       plan->state != NULL ? "" : " and come again", marked);
        break;
    case EPOP_SYNC_DELETED_UNKNOWN:
        report_failure(plan->report, STATUS_TEMPORARY, "%s, and whether they were deleted is unknown: %" PRIu64 "%s",
                       what, marked, plan->state != NULL ? "" : " (they may come again)");
        break;
    default:
        report_failure(plan->report, STATUS_TEMPORARY, "%s, and not deleted because there was no QUIT: %" PRIu64 "%s",
                       what, marked, plan->state != NULL ? "" : " (they will come again)");
        break;
    }
}

/* What was strange about the listings. */
static void report_listings(struct plan *plan)
{
    const epop_sync_outcome *outcome = &plan->fetch.outcome;

    if (outcome->result == EPOP_ERR_SYNC_LISTING && plan->report->status == STATUS_OK) {
        report_fatal(
            plan->report, plan->fetch.listing_status != STATUS_OK ? plan->fetch.listing_status : STATUS_PROTOCOL,
            "%s: LIST and UIDL were refused, or cannot be understood; nothing was fetched", plan->options->host);
    } else if (outcome->result == EPOP_OK) {
        plan_report_missing(plan);
    }
    if (outcome->malformed_rows > 0) {
        report_failure(plan->report, STATUS_PROTOCOL,
                       "lines of the listings that are strange: %lu (so nothing was deleted)",
                       (unsigned long)outcome->malformed_rows);
    }
}

static void report_fetch(struct plan *plan)
{
    report_listings(plan);
    report_deletions(plan);
    breaks_report(plan);
    if (plan->breaks.next != BREAKS_NOTHING) {
        return; /* the last session counts for all */
    }
    breaks_end(plan);
    if (plan->options->quiet && plan->fetch.stored < plan->fetch.wanted) {
        report_warning(plan->report, "messages stored: %" PRIu64 " of %" PRIu64, plan->fetch.stored,
                       plan->fetch.wanted);
    }
}

/* What has ended it, where that was not in good order. */
static void report_end(struct plan *plan, enum loop_end end, const epop_error_info *info,
                       const struct transport_failure *failure)
{
    int number = signals_caught();

    if (number != 0) {
        report_fatal(plan->report, 128 + number, "ended by signal %d", number);
    } else if (end == LOOP_STUCK) {
        report_fatal(plan->report, STATUS_SOFTWARE, "the session does not go on (please report this fault)");
    } else if (info->code == EPOP_OK || plan->given_up || failure->reported) {
        return;
    } else if (failure->code != EPOP_OK) {
        report_tls(plan, failure);
    } else if (!is_harmless(plan, info->code)) {
        report_error(plan, info, failure);
    }
}

void plan_finish(struct plan *plan, enum loop_end end, const struct transport_failure *failure)
{
    epop_error_info info = {.struct_size = sizeof info};

    progress_end(&plan->bar);
    plan->cut = plan->fetch.open;
    if (end == LOOP_SIGNAL) {
        epop_client_eof(&plan->client); /* so that it tells what a cut at this place means */
    }
    epop_client_error_info(&plan->client, &info);
    if (!plan->options->list) {
        breaks_suspect(plan, end == LOOP_SIGNAL ? NULL : &info);
        fetch_close(plan);
        breaks_settle(plan);
    }
    if (plan->renew && !signals_caught()) {
        return; /* the next session says how it goes */
    }
    report_end(plan, end, &info, failure);
    if (!plan->options->list) {
        report_fetch(plan);
    }
}
