/* Showing what is in the maildrop: TOP for each message, and a line of output.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Servers are known that have TOP and do not announce it, and others that announce it and fail. So one TOP is tried,
 * and its answer decides for all.
 */
#include "plan.h"

#include <errno.h>
#include <string.h>

static void print(struct plan *plan, size_t index, const struct header *header)
{
    const struct message *message = &plan->box.messages[index];
    struct listing_row row;

    row.number = message->number;
    row.octets = message->octets;
    row.unique_id = mailbox_id(&plan->box, message);
    row.unique_id_len = message->id_len;
    row.header = header;
    if (!listing_print(&plan->browse.listing, &row) && !plan->given_up) {
        report_fatal(plan->report, STATUS_IO, "standard output: %s", strerror(errno));
        plan_give_up(plan);
    }
}

/* The next message that is wanted, from `next` on; false where there is none. */
static bool find_next(struct plan *plan)
{
    struct browse *browse = &plan->browse;

    while (browse->next < plan->box.count && !plan->box.messages[browse->next].wanted) {
        browse->next++;
    }
    return browse->next < plan->box.count;
}

static void finish(struct plan *plan)
{
    if (!listing_end(&plan->browse.listing) && !plan->given_up) {
        report_fatal(plan->report, STATUS_IO, "standard output: %s", strerror(errno));
    }
    plan_quit(plan);
}

static void go_on(struct plan *plan)
{
    struct browse *browse = &plan->browse;
    unsigned depth = browse->tried ? plan_depth(plan) : 1;

    while (!plan->given_up && find_next(plan)) {
        if (browse->no_top) {
            print(plan, browse->next, NULL);
        } else if (browse->flight < depth) {
            plan_check(plan, epop_client_top(&plan->client, plan->box.messages[browse->next].number, 0, browse->next));
            browse->flight++;
        } else {
            return;
        }
        browse->next++;
    }
    if (browse->flight == 0 && !plan->given_up) {
        finish(plan);
    }
}

void browse_start(struct plan *plan)
{
    listing_start(&plan->browse.listing, plan->options->json);
    go_on(plan);
}

void browse_reply(struct plan *plan, const epop_reply_event *event)
{
    (void)event;
    header_start(&plan->browse.header);
}

void browse_body(struct plan *plan, const epop_body_event *event)
{
    header_put(&plan->browse.header, event->data.ptr, event->data.len);
}

void browse_end(struct plan *plan, const epop_end_event *event)
{
    struct browse *browse = &plan->browse;
    bool announced = (epop_client_capabilities(&plan->client) & EPOP_CAPA_TOP) != 0;
    bool shown = event->result == EPOP_OK && event->status == EPOP_STATUS_OK;

    browse->flight--;
    if (!shown && !browse->tried && !announced) {
        browse->no_top = true;
    } else if (!shown) {
        report_failure(plan->report, report_status_of_code(event->code, STATUS_PROTOCOL),
                       "message %lu: TOP was refused: \"%s\"", (unsigned long)event->number, plan->refusal);
    }
    browse->tried = true;
    print(plan, event->token, shown ? &browse->header : NULL);
    go_on(plan);
}
