/* What is said of a run with messages: a line for people, or lines of JSON.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "summary.h"

#include "escape.h"
#include "json.h"
#include "plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of a run of several sessions, the later ones count what the earlier ones got as seen, and leave out what broke them.
 */
static const char *result_of(const struct plan *plan, const epop_sync_report_event *event)
{
    uint32_t outcome = event->outcome;

    if (breaks_is_got(plan, event->key)) {
        return "fetched";
    }
    if (breaks_is_broken(plan, event->key)) {
        return "failed";
    }
    if (outcome & EPOP_SYNC_FETCHED) {
        return "fetched";
    }
    if (outcome & EPOP_SYNC_FAILED) {
        return "failed";
    }
    return outcome & EPOP_SYNC_SKIPPED ? "skipped" : outcome & EPOP_SYNC_KNOWN ? "seen" : "left";
}

static void put_string(const char *name, const void *text, size_t len)
{
    printf(",\"%s\":", name);
    json_string(stdout, text, len, escape_for_stream(STDOUT_FILENO) != 0);
}

void summary_message(struct plan *plan, const epop_sync_report_event *event)
{
    struct state_key name = names_of(&plan->fetch.names, event->key);
    const char *error = event->result != EPOP_OK ? epop_error_name(event->result) : "";

    printf("{\"number\":%" PRIu32, event->number);
    if (event->octets == EPOP_SYNC_SIZE_UNKNOWN) {
        printf(",\"size\":null");
    } else {
        printf(",\"size\":%" PRIu64, event->octets);
    }
    put_string("account", plan->options->account, strlen(plan->options->account));
    put_string("uid", name.id, name.len);
    put_string("result", result_of(plan, event), strlen(result_of(plan, event)));
    put_string("error", error, strlen(error));
    printf(",\"marked\":%s}\n", event->outcome & EPOP_SYNC_MARKED ? "true" : "false");
}

/* What became of the marked messages. */
static const char *deletions_of(const struct plan *plan)
{
    static const char *const names[] = {"none", "done", "in part", "unknown"};

    return names[plan->breaks.deletions];
}

static void print_json(struct plan *plan)
{
    const struct counts *counts = &plan->breaks.total;

    printf("{\"summary\":true");
    put_string("account", plan->options->account, strlen(plan->options->account));
    printf(",\"fetched\":%" PRIu64 ",\"octets\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"seen\":%" PRIu64
           ",\"failed\":%" PRIu64 ",\"deleted\":%" PRIu64 ",\"kept\":%" PRIu64,
           counts->fetched, plan->fetch.received, counts->skipped, counts->known, counts->failed, counts->deleted,
           counts->listed - counts->deleted);
    put_string("deletions", deletions_of(plan), strlen(deletions_of(plan)));
    printf(",\"status\":%d}\n", plan->report->status);
    if ((fflush(stdout) != 0 || ferror(stdout)) && plan->report->status == STATUS_OK) {
        report_failure(plan->report, STATUS_IO, "standard output: %s", strerror(errno));
    }
}

void summary_run(struct plan *plan)
{
    const struct counts *counts = &plan->breaks.total;
    char octets[16];

    if (plan->options->json) {
        print_json(plan);
        return;
    }
    report_note(plan->report,
                "%s: fetched %" PRIu64 " (%s), skipped %" PRIu64 ", seen %" PRIu64 ", failed %" PRIu64
                ", deleted %" PRIu64 ", kept %" PRIu64,
                plan->options->account, counts->fetched, progress_amount(octets, plan->fetch.received), counts->skipped,
                counts->known, counts->failed, counts->deleted, counts->listed - counts->deleted);
}
