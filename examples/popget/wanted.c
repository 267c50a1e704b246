/* Which messages of the listing are wanted.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wanted.h"

#include "plan.h"

#include <inttypes.h>
#include <time.h>

enum { UNDELETED_NAMED = 20 /* after so many only their number is told */ };

/* Unique-ids must be kept where somebody will see them. Elsewhere they serve to go on after a break only. */
static bool ids_matter(const struct plan *plan)
{
    return plan->state != NULL || plan->options->json || plan->options->target == TARGET_EXEC;
}

/* A message that the server has said to have deleted. Some servers give the unique-id of a message that is gone to a
 * new one: so it is not deleted again unseen. With --all it is fetched, and may go then. */
static uint32_t look_at_deleted(struct plan *plan, uint32_t number)
{
    plan->fetch.undeleted++;
    if (plan->fetch.undeleted <= UNDELETED_NAMED) {
        report_failure(plan->report, STATUS_PROTOCOL,
                       "message %lu: the server has said that it deleted it, and still "
                       "lists it (it is neither fetched nor deleted again; --all fetches it)",
                       (unsigned long)number);
    }
    return plan->options->all ? EPOP_SYNC_SEEN : EPOP_SYNC_SKIP;
}

/* What is known of it. */
static uint32_t look_up(struct plan *plan, uint32_t number, uint64_t key, uint64_t *first_seen)
{
    struct state_key name = names_of(&plan->fetch.names, key);
    struct state_seen seen = {0, false};

    if (plan->state == NULL) {
        return EPOP_SYNC_NEW;
    }
    switch (state_find(plan->state, &name, &seen)) {
    case STATE_PRESENT:
        if (breaks_is_got(plan, key)) {
            names_get(&plan->fetch.names, key);
        } else {
            names_store(&plan->fetch.names, key);
        }
        *first_seen = (uint64_t)seen.first_seen;
        return seen.deleted ? look_at_deleted(plan, number) : (uint32_t)EPOP_SYNC_SEEN;
    case STATE_ABSENT:
        return EPOP_SYNC_NEW;
    default:
        plan_give_up(plan);
        return EPOP_SYNC_SKIP;
    }
}

static void note_wanted(struct plan *plan, uint32_t number, uint64_t octets)
{
    uint64_t most = plan->options->max_size;

    if (octets != EPOP_SYNC_SIZE_UNKNOWN && most > 0 && octets > most) {
        report_note(plan->report, "message %lu: skipped: %" PRIu64 " octets are more than --max-size %" PRIu64,
                    (unsigned long)number, octets, most);
        return;
    }
    plan->fetch.wanted++;
    plan->fetch.wanted_octets += octets != EPOP_SYNC_SIZE_UNKNOWN ? octets : 0;
}

static bool is_to_be_killed(const struct plan *plan, uint64_t octets)
{
    uint64_t most = plan->options->kill_size;

    return most > 0 && octets != EPOP_SYNC_SIZE_UNKNOWN && octets > most;
}

/* What an earlier session of this run has stored. Once something was deleted, the unique-id may be that of another
 * message; and of messages that share one, nobody knows which they are. Those stay, and are not fetched either. */
static uint32_t look_at_got(struct plan *plan, uint64_t key, uint64_t *first_seen)
{
    struct state_key name = names_of(&plan->fetch.names, key);
    const struct twin *twin = names_seek(&plan->breaks.before, &name);

    names_get(&plan->fetch.names, key);
    if (twin->listed > 1 || name.copy > 1 || plan->breaks.total.deleted > 0) {
        return EPOP_SYNC_SKIP;
    }
    *first_seen = (uint64_t)time(NULL);
    return EPOP_SYNC_SEEN;
}

/* Whether a message with this answer is to be fetched, if nothing is in the way. */
static bool is_wanted(const struct plan *plan, uint32_t verdict)
{
    return verdict == EPOP_SYNC_NEW || (verdict == EPOP_SYNC_SEEN && plan->options->all);
}

/* Of a message that is not known from this run. */
static uint32_t judge(struct plan *plan, uint32_t number, uint64_t octets, uint64_t key, uint64_t *first_seen)
{
    uint32_t verdict = look_up(plan, number, key, first_seen); /* of those not chosen too: their twins may be */

    if (!ranges_take(&plan->options->messages, number)) {
        return EPOP_SYNC_SKIP;
    }
    if (verdict == EPOP_SYNC_NEW && is_to_be_killed(plan, octets)) {
        report_note(plan->report,
                    "message %lu: to be deleted unread: %" PRIu64 " octets are more than --kill-size %" PRIu64,
                    (unsigned long)number, octets, plan->options->kill_size);
        return EPOP_SYNC_UNWANTED;
    }
    if (!is_wanted(plan, verdict)) {
        return verdict;
    }
    if (breaks_leaves_out(plan, number, key)) {
        return EPOP_SYNC_SKIP;
    }
    note_wanted(plan, number, octets);
    return plan->breaks.sessions > 0 ? (uint32_t)EPOP_SYNC_NEW : verdict;
}

void wanted_answer(struct plan *plan, uint32_t number, uint64_t octets, const uint8_t *id, size_t len)
{
    uint64_t key = names_add(&plan->fetch.names, id, len);
    uint64_t first_seen = 0;
    uint32_t verdict;

    if (key == 0 && ids_matter(plan)) {
        report_fatal(plan->report, STATUS_TEMPORARY, "no memory for the unique-ids of this maildrop (limit: %d)",
                     NAMES_MAX);
        plan_give_up(plan);
        return;
    }
    plan->breaks.is_nameless = plan->breaks.is_nameless || key == 0;
    if (breaks_is_got(plan, key) && (plan->state == NULL || plan->options->all)) {
        verdict = look_at_got(plan, key, &first_seen);
    } else {
        verdict = judge(plan, number, octets, key, &first_seen);
    }
    epop_sync_known(&plan->fetch.sync, verdict, verdict == EPOP_SYNC_SEEN ? first_seen : 0, key);
}
