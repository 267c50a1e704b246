/* From the sink to the server: batches of messages that become safe together, and are confirmed then.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "mbox_file.h"
#include "plan.h"
#include "signals.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---------------------------------------------------------------------------------------------------------------------
 * Intents that an earlier run has left
 */

struct left {
    struct state_intent intent;
    enum sink_result result;
};

struct all_left {
    struct left *rows;
    size_t count;
    bool failed;
};

/* One allocation for the texts of a row, which its unique-id begins. */
static bool copy_intent(struct state_intent *copy, const struct state_intent *intent)
{
    size_t target = strlen(intent->target) + 1;
    size_t detail = strlen(intent->detail) + 1;
    char *texts = (char *)malloc(intent->key.len + target + detail);

    if (texts == NULL) {
        return false;
    }
    *copy = *intent;
    if (intent->key.len > 0) {
        memcpy(texts, intent->key.id, intent->key.len);
    }
    copy->key.id = (const uint8_t *)texts;
    copy->target = (const char *)memcpy(texts + intent->key.len, intent->target, target);
    copy->detail = (const char *)memcpy(texts + intent->key.len + target, intent->detail, detail);
    return true;
}

static bool take(void *user, const struct state_intent *intent)
{
    struct all_left *all = (struct all_left *)user;
    struct left *rows = (struct left *)realloc(all->rows, (all->count + 1) * sizeof *rows);

    if (rows != NULL) {
        all->rows = rows;
        if (copy_intent(&rows[all->count].intent, intent)) {
            all->count++;
            return true;
        }
    }
    all->failed = true;
    return false;
}

/* What became of each. */
static bool resolve_all(struct plan *plan, struct all_left *all)
{
    int64_t now = (int64_t)time(NULL);
    struct left *left;
    size_t i;

    for (i = 0; i < all->count; i++) {
        left = &all->rows[i];
        left->result = sink_resolve(left->intent.target, left->intent.detail, now - left->intent.time, plan->report);
        if (left->result == SINK_BROKEN) {
            return false;
        }
    }
    return true;
}

static bool settle_all(struct plan *plan, const struct all_left *all)
{
    size_t arrived = 0;
    bool stored;
    size_t i;

    if (all->count == 0) {
        return true;
    }
    if (!state_begin(plan->state)) {
        return false;
    }
    for (i = 0; i < all->count; i++) {
        stored = all->rows[i].result == SINK_STORED;
        arrived += stored;
        if (!state_settle(plan->state, &all->rows[i].intent.key, stored, all->rows[i].intent.time)) {
            return false;
        }
    }
    report_note(plan->report, "messages on their way when an earlier run was broken off: %zu, arrived: %zu", all->count,
                arrived);
    return state_commit(plan->state);
}

bool delivery_recover(struct plan *plan)
{
    struct all_left all = {NULL, 0, false};
    bool good = state_each_intent(plan->state, take, &all) && resolve_all(plan, &all) && settle_all(plan, &all);
    size_t i;

    if (all.failed) {
        report_fatal(plan->report, STATUS_TEMPORARY, "out of memory");
    }
    for (i = 0; i < all.count; i++) {
        free((void *)(uintptr_t)all.rows[i].intent.key.id);
    }
    free(all.rows);
    return good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Batches
 */

static bool is_full(const struct plan *plan)
{
    const struct delivery *delivery = &plan->fetch.delivery;

    return delivery->count >= BATCH_MESSAGES || delivery->octets >= BATCH_OCTETS || plan->sink->crowded;
}

void delivery_add(struct plan *plan, uint32_t number, uint64_t key, uint64_t octets)
{
    struct delivery *delivery = &plan->fetch.delivery;

    delivery->held[delivery->count].number = number;
    delivery->held[delivery->count].key = key;
    delivery->count++;
    delivery->octets += octets;
    if (plan->sink->pending > 0) {
        delivery_look(plan);
    } else if (is_full(plan)) {
        delivery_try(plan);
    }
    if (delivery->count == BATCH_ROOM) {
        delivery_commit(plan);
    }
}

static struct state_key key_of(const struct plan *plan, size_t index)
{
    return names_of(&plan->fetch.names, plan->fetch.delivery.held[index].key);
}

static bool note_intents(struct plan *plan)
{
    char detail[SINK_DETAIL];
    struct state_intent intent = {.time = (int64_t)time(NULL), .target = plan->sink->target, .detail = detail};
    size_t i;

    if (!state_begin(plan->state)) {
        return false;
    }
    for (i = 0; i < plan->sink->held; i++) {
        intent.key = key_of(plan, i);
        if (!sink_describe(plan->sink, i, detail) || !state_intend(plan->state, &intent)) {
            return false;
        }
    }
    return state_commit(plan->state);
}

/* What was shown is seen; what was not is no more on its way. */
static bool note_seen(struct plan *plan)
{
    int64_t now = (int64_t)time(NULL);
    struct state_key key;
    size_t i;

    if (!state_begin(plan->state)) {
        return false;
    }
    for (i = 0; i < plan->sink->held; i++) {
        key = key_of(plan, i);
        if (!state_settle(plan->state, &key, i < plan->sink->shown, now)) {
            return false;
        }
    }
    return state_commit(plan->state);
}

/* How many of the held messages are safe now. */
static size_t deliver(struct plan *plan)
{
    struct sink *sink = plan->sink;
    bool noted = false;
    size_t safe = 0;

    if (sink_prepare(sink)) {
        noted = plan->state != NULL;
        if (!noted || note_intents(plan)) {
            sink_publish(sink);
            if (!sink->unsure && (!noted || note_seen(plan))) {
                noted = false;
                safe = sink->shown;
            }
        }
    }
    if (!sink->locked) {
        sink_end_batch(sink, noted);
    }
    return safe;
}

static void count_stored(struct plan *plan, uint64_t key)
{
    plan->fetch.stored++;
    progress_message(&plan->bar);
    if (key > 0) {
        names_get(&plan->fetch.names, key);
    }
}

static void commit(struct plan *plan, unsigned patience)
{
    struct delivery batch = plan->fetch.delivery;
    size_t safe;
    size_t i;

    plan->sink->patience = patience;
    safe = deliver(plan);
    if (plan->sink->locked) {
        plan->fetch.delivery.locked_since = batch.locked_since > 0 ? batch.locked_since : transport_now();
        return;
    }
    plan->fetch.delivery.count = 0;
    plan->fetch.delivery.octets = 0;
    plan->fetch.delivery.locked_since = 0;
    for (i = 0; i < batch.count; i++) {
        if (i < safe) {
            count_stored(plan, batch.held[i].key);
        }
        epop_sync_confirm(&plan->fetch.sync, batch.held[i].number, i < safe);
    }
    if (safe < batch.count) {
        fetch_stop(plan);
    }
}

void delivery_try(struct plan *plan)
{
    const struct delivery *delivery = &plan->fetch.delivery;
    bool late = delivery->locked_since > 0 && transport_now() - delivery->locked_since >= MBOX_LOCK_WAIT;

    if (delivery->count > 0 && plan->sink->pending == 0) {
        commit(plan, late ? MBOX_LOCK_WAIT : 0);
    }
}

/* The command of the message that was finished first has ended. */
static void end_pending(struct plan *plan, enum sink_result result)
{
    struct delivery *delivery = &plan->fetch.delivery;
    uint32_t number = delivery->held[0].number;
    uint64_t key = delivery->held[0].key;

    delivery->count--;
    memmove(&delivery->held[0], &delivery->held[1], delivery->count * sizeof delivery->held[0]);
    if (result == SINK_STORED && !delivery_record(plan, key)) {
        result = SINK_BROKEN;
    }
    epop_sync_confirm(&plan->fetch.sync, number, result == SINK_STORED);
    if (result == SINK_BROKEN) {
        fetch_stop(plan);
    }
}

static bool look_at_pending(struct plan *plan, bool wait)
{
    enum sink_result result = sink_poll(plan->sink, wait);

    if (result != SINK_PENDING) {
        end_pending(plan, result);
    }
    return result != SINK_PENDING;
}

void delivery_look(struct plan *plan)
{
    while (look_at_pending(plan, false)) {
    }
    if (plan->fetch.delivery.locked_since > 0) {
        delivery_try(plan);
    }
}

void delivery_commit(struct plan *plan)
{
    while (look_at_pending(plan, true)) {
    }
    if (plan->fetch.delivery.count > 0) {
        commit(plan, MBOX_LOCK_WAIT);
    }
}

bool delivery_waits(const struct plan *plan)
{
    return plan->sink->pending > 0 || plan->fetch.delivery.locked_since > 0;
}

bool delivery_is_crowded(const struct plan *plan)
{
    return delivery_waits(plan) && (plan->sink->pending > 0 ? plan->sink->crowded : is_full(plan));
}

bool delivery_record(struct plan *plan, uint64_t key)
{
    struct state_key name = names_of(&plan->fetch.names, key);

    if (plan->state != NULL &&
        !(state_begin(plan->state) && state_settle(plan->state, &name, true, (int64_t)time(NULL)) &&
          state_commit(plan->state))) {
        return false;
    }
    count_stored(plan, key);
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Deletions
 */

/* Of twins that were not all stored nobody will know, once some are deleted, which ones are left: all of them count as
 * new then. */
void delivery_marked(struct plan *plan, uint64_t key)
{
    const struct twin *twin = names_twin(&plan->fetch.names, key);
    struct state_key name = names_of(&plan->fetch.names, key);

    names_mark(&plan->fetch.names, key);
    name.copy = 1;
    if (twin->stored < twin->listed &&
        !(state_begin(plan->state) && state_forget(plan->state, &name, twin->listed) && state_commit(plan->state))) {
        plan_give_up(plan);
    }
}

/* The twins that are left move up. Whether they are gone is for the next listing to say. */
static bool note_deleted(struct plan *plan)
{
    struct names *names = &plan->fetch.names;
    const struct twin *twin;
    struct state_key name;
    uint64_t key = 0;

    while ((key = names_next_marked(names, key)) != 0) {
        twin = names_twin(names, key);
        name = names_of(names, key);
        name.copy = twin->listed - twin->marked + 1;
        if (!state_deleted(plan->state, &name, twin->listed)) {
            return false;
        }
    }
    return true;
}

/* Whether the listing is whole, so that what is not in it is not there. */
static bool is_whole_listing(const struct plan *plan)
{
    const epop_sync_outcome *outcome = &plan->fetch.outcome;

    return outcome->result == EPOP_OK && outcome->malformed_rows == 0 && outcome->listed == plan->fetch.messages &&
           (plan->fetch.has_unique_ids || (plan->fetch.was_listed && plan->fetch.messages == 0));
}

void delivery_finish(struct plan *plan)
{
    bool deleted = plan->fetch.outcome.deletions == EPOP_SYNC_DELETED;
    int64_t now = (int64_t)time(NULL);
    bool whole = is_whole_listing(plan) && now >= STATE_CLOCK_LEAST;

    if ((deleted || whole) && state_begin(plan->state) &&
        (!whole || state_prune(plan->state, names_listed, &plan->fetch.names, now)) &&
        (!deleted || note_deleted(plan))) {
        state_commit(plan->state);
    }
}
