/* A sync's life: init, start, the host's answers, the reports, the outcome.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync/run.h"

#include "wire/check.h"
#include "wire/octets.h"

enum {
    ALL_FLAGS = EPOP_SYNC_ALL | EPOP_SYNC_NEWEST_FIRST | EPOP_SYNC_FILTER | EPOP_SYNC_IDENTIFY | EPOP_SYNC_DELETE |
                EPOP_SYNC_KEEP_NEWEST | EPOP_SYNC_USE_TOP
};
#define TABLE_MAX 0x7FFFFFFFu /* so that twice as many steps can be counted in 32 bits */

size_t epop_sync_sizeof(void)
{
    return sizeof(epop_sync);
}

static int32_t check_config(const epop_sync_config *config)
{
    int32_t result = epopi_check_struct(config->callbacks, sizeof *config->callbacks);

    if (result == EPOP_OK && config->client_callbacks) {
        result = epopi_check_struct(config->client_callbacks, sizeof *config->client_callbacks);
    }
    if (result != EPOP_OK) {
        return result;
    }
    if (!config->client || (!config->table && config->table_count > 0)) {
        return EPOP_ERR_NULL;
    }
    return config->flags > ALL_FLAGS || config->table_count > TABLE_MAX ? EPOP_ERR_VALUE : EPOP_OK;
}

int32_t epop_sync_init(epop_sync *sync, size_t size, const epop_sync_config *config)
{
    static const epop_client_callbacks nobody;
    int32_t result = epopi_check_init(sync, size, sizeof *sync, config, sizeof *config);

    if (result == EPOP_OK) {
        result = check_config(config);
    }
    if (result != EPOP_OK) {
        return result;
    }
    epopi_wipe((uint8_t *)sync, sizeof *sync);
    sync->p_callbacks = config->callbacks;
    sync->p_user = config->user;
    sync->p_client = config->client;
    sync->p_client_callbacks = config->client_callbacks ? config->client_callbacks : &nobody;
    sync->p_client_user = config->client_user;
    sync->p_table = config->table;
    sync->p_table_count = config->table_count;
    sync->p_flags = (uint8_t)config->flags;
    sync->p_depth = epopi_or_default(config->depth, EPOP_SYNC_DEPTH);
    sync->p_flight_octets_max = epopi_or_default(config->flight_octets, EPOP_SYNC_FLIGHT_OCTETS);
    sync->p_max_messages = config->max_messages;
    sync->p_max_octets = config->max_octets;
    sync->p_max_header = epopi_or_default(config->max_header, EPOP_SYNC_HEADER_MAX);
    sync->p_keep_newest = config->keep_newest;
    sync->p_now = config->now;
    sync->p_delete_after = config->delete_after;
    return EPOP_OK;
}

int32_t epop_sync_start(epop_sync *sync)
{
    int32_t result;

    if (!sync) {
        return EPOP_ERR_NULL;
    }
    if (sync->p_phase != EPOPI_SYNC_IDLE) {
        return EPOP_ERR_PHASE;
    }
    sync->p_phase = EPOPI_SYNC_STAT;
    sync->p_flight = 1;
    result = epop_client_stat(sync->p_client, (uintptr_t)sync);
    if (result != EPOP_OK) {
        sync->p_phase = EPOPI_SYNC_IDLE;
        sync->p_flight = 0;
    }
    return result;
}

epop_sync_entry *epopi_sync_entry(const epop_sync *s, uint32_t number)
{
    return number > s->p_base && number - s->p_base <= s->p_count ? &s->p_table[number - s->p_base - 1] : NULL;
}

/* Behind a call of the host's. One from inside a callback is followed by a walk anyway. */
static int32_t go_on(epop_sync *s)
{
    int32_t result = epop_client_is_in_callback(s->p_client) || s->p_question != 0 ? EPOP_OK : epopi_sync_walk(s);

    if (result < 0) {
        (void)epop_client_abort(s->p_client, EPOP_ABORT_CLOSE);
    }
    return result;
}

int32_t epop_sync_stop(epop_sync *sync)
{
    if (!sync) {
        return EPOP_ERR_NULL;
    }
    sync->p_stopped = 1;
    return go_on(sync);
}

uint32_t epop_sync_unconfirmed(const epop_sync *sync)
{
    return sync ? sync->p_unconfirmed : 0;
}

/* ---- Answers ---- */

int32_t epop_sync_table(epop_sync *sync, epop_sync_entry *table, uint32_t count)
{
    if (!sync || !table) {
        return EPOP_ERR_NULL;
    }
    if (sync->p_question != EPOPI_ASK_TABLE) {
        return EPOP_ERR_NOT_ASKED;
    }
    if (count == 0 || count > TABLE_MAX) {
        return EPOP_ERR_VALUE;
    }
    sync->p_table = table;
    sync->p_table_count = count;
    return EPOP_OK;
}

/* A question is open only about a message of the window. */
static epop_sync_entry *asked_about(const epop_sync *s)
{
    return &s->p_table[s->p_number - s->p_base - 1];
}

/* The size that LIST has told counts; none is not too large. */
static uint32_t is_too_large(const epop_sync *s, const epop_sync_entry *entry)
{
    return s->p_max_octets > 0 && (entry->p_flags & EPOPI_SIZED) && entry->p_octets > s->p_max_octets;
}

static void take_known(epop_sync *s, epop_sync_entry *entry, uint32_t verdict, uint64_t first_seen)
{
    s->p_asked++;
    if (verdict == EPOP_SYNC_SKIP || verdict == EPOP_SYNC_UNWANTED) {
        entry->p_flags |= verdict == EPOP_SYNC_SKIP ? EPOPI_SKIPPED : EPOPI_SKIPPED | EPOPI_DROP;
        return;
    }
    if (verdict == EPOP_SYNC_SEEN) {
        entry->p_flags |= EPOPI_SEEN;
        if (s->p_now >= first_seen && s->p_now - first_seen >= s->p_delete_after) {
            entry->p_flags |= EPOPI_OLD;
        }
    }
    if (verdict == EPOP_SYNC_SEEN && !(s->p_flags & EPOP_SYNC_ALL)) {
        return;
    }
    entry->p_flags |= is_too_large(s, entry) ? EPOPI_SKIPPED : EPOPI_WANTED;
}

int32_t epop_sync_known(epop_sync *sync, uint32_t verdict, uint64_t first_seen, uint64_t key)
{
    epop_sync_entry *entry;

    if (!sync) {
        return EPOP_ERR_NULL;
    }
    if (sync->p_question != EPOPI_ASK_KNOWN) {
        return EPOP_ERR_NOT_ASKED;
    }
    if (verdict - 1u > EPOP_SYNC_UNWANTED - 1u) {
        return EPOP_ERR_VALUE;
    }
    sync->p_question = 0;
    entry = asked_about(sync);
    entry->p_key = key;
    take_known(sync, entry, verdict, first_seen);
    return EPOP_OK;
}

int32_t epop_sync_choose(epop_sync *sync, uint32_t choice)
{
    epop_sync_entry *entry;

    if (!sync) {
        return EPOP_ERR_NULL;
    }
    if (sync->p_question != EPOPI_ASK_CHOICE) {
        return EPOP_ERR_NOT_ASKED;
    }
    if (choice - 1u > EPOP_SYNC_DROP - 1u) {
        return EPOP_ERR_VALUE;
    }
    sync->p_question = 0;
    entry = asked_about(sync);
    if (choice == EPOP_SYNC_FETCH) {
        entry->p_flags |= EPOPI_CHOSEN;
        sync->p_chosen++;
        return EPOP_OK;
    }
    entry->p_flags &= (uint16_t)~EPOPI_WANTED;
    entry->p_flags |= choice == EPOP_SYNC_DROP ? EPOPI_SKIPPED | EPOPI_DROP : EPOPI_SKIPPED;
    return EPOP_OK;
}

int32_t epop_sync_confirm(epop_sync *sync, uint32_t number, uint32_t stored)
{
    epop_sync_entry *entry;

    if (!sync) {
        return EPOP_ERR_NULL;
    }
    entry = epopi_sync_entry(sync, number);
    if (!entry || !(entry->p_flags & EPOPI_WHOLE)) {
        return EPOP_ERR_NOT_ASKED;
    }
    if (stored > 1) {
        return EPOP_ERR_VALUE;
    }
    entry->p_flags &= (uint16_t)~EPOPI_WHOLE;
    sync->p_unconfirmed--;
    if (stored) {
        entry->p_flags |= EPOPI_CONFIRMED;
        sync->p_fetched++;
    } else {
        epopi_sync_failed(sync, entry, EPOP_ERR_DECLINED, EPOP_CODE_NONE);
    }
    return go_on(sync);
}

/* ---- Reports ---- */

static uint32_t outcome_of(const epop_sync_entry *entry)
{
    static const struct {
        uint16_t mark;
        uint16_t outcome;
    } rows[] = {{EPOPI_CONFIRMED, EPOP_SYNC_FETCHED},
                {EPOPI_SEEN, EPOP_SYNC_KNOWN},
                {EPOPI_SKIPPED, EPOP_SYNC_SKIPPED},
                {EPOPI_FAILED, EPOP_SYNC_FAILED},
                {EPOPI_MARKED, EPOP_SYNC_MARKED}};
    uint32_t outcome = 0;
    size_t i;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        outcome |= entry->p_flags & rows[i].mark ? rows[i].outcome : 0u;
    }
    return outcome;
}

int32_t epopi_sync_report(epop_sync *s)
{
    int32_t result;
    uint32_t i;

    for (i = 0; i < s->p_count && s->p_callbacks->on_report; i++) {
        epop_sync_entry *entry = &s->p_table[i];
        epop_sync_report_event event;

        if (!(entry->p_flags & EPOPI_PRESENT)) {
            continue;
        }
        entry->p_flags &= (uint16_t)~EPOPI_PRESENT;
        event.struct_size = sizeof event;
        event.kind = EPOP_EVENT_SYNC_REPORT;
        event.number = s->p_base + 1 + i;
        event.outcome = outcome_of(entry);
        event.result = entry->p_result;
        event.code = entry->p_code;
        event.octets = entry->p_octets;
        event.key = entry->p_key;
        result = s->p_callbacks->on_report(s->p_user, &event);
        if (result < 0) {
            return result;
        }
    }
    s->p_count = 0;
    return EPOP_OK;
}

/* ---- The end ---- */

/* Where QUIT was not answered: whether it can have been heard. It goes out alone: a line that was not sent is its own.
 */
static void judge_quit(epop_sync *s, const epop_error_info *info)
{
    if (info->phase == EPOP_PHASE_UPDATE && epop_client_unsent(s->p_client) == 0) {
        s->p_deletions = EPOP_SYNC_DELETED_UNKNOWN;
    }
}

/* Messages that were asked for and did not come, or were not confirmed. */
static void fail_what_is_open(epop_sync *s, int32_t error)
{
    uint32_t i;

    for (i = 0; i < s->p_count; i++) {
        epop_sync_entry *entry = &s->p_table[i];

        if (entry->p_flags & EPOPI_WHOLE) {
            entry->p_flags &= (uint16_t)~EPOPI_WHOLE;
            epopi_sync_failed(s, entry, EPOP_ERR_DECLINED, EPOP_CODE_NONE);
        } else if ((entry->p_flags & EPOPI_REQUESTED) && !(entry->p_flags & EPOPI_CONFIRMED)) {
            epopi_sync_failed(s, entry, error, EPOP_CODE_NONE);
        }
    }
    s->p_unconfirmed = 0;
}

static int32_t result_of(const epop_sync *s, int32_t error)
{
    if (s->p_result != EPOP_OK) {
        return s->p_result;
    }
    if (s->p_phase == EPOPI_SYNC_IDLE) {
        return error != EPOP_OK ? error : EPOP_ERR_UNSENT;
    }
    /* A server that hangs up instead of answering a QUIT on which nothing depends has done no harm. */
    if (s->p_phase == EPOPI_SYNC_OVER || (s->p_phase == EPOPI_SYNC_QUIT && s->p_quit && s->p_marked == 0)) {
        return EPOP_OK;
    }
    return error != EPOP_OK ? error : EPOP_ERR_ABORTED;
}

/* What has not been said yet. The session is over, so that no callback can stop it. */
static void close_events(epop_sync *s, int32_t result)
{
    epop_sync_entry *entry = s->p_under_way ? epopi_sync_entry(s, s->p_single) : NULL;

    s->p_busy = 1;
    if (entry) {
        epopi_sync_failed(s, entry, result, EPOP_CODE_NONE);
        (void)epopi_sync_emit_end(s, s->p_single, entry->p_result);
    }
    fail_what_is_open(s, result);
    while (epopi_sync_report(s) < 0) {
    }
    s->p_phase = EPOPI_SYNC_CLOSED;
    s->p_busy = 0;
}

int32_t epop_sync_close(epop_sync *sync, epop_sync_outcome *outcome)
{
    epop_error_info info;
    int32_t result = epopi_check_struct(outcome, sizeof *outcome);

    if (!sync || result != EPOP_OK) {
        return !sync ? EPOP_ERR_NULL : result;
    }
    if (epop_client_is_in_callback(sync->p_client) || sync->p_busy) {
        return EPOP_ERR_REENTRANT;
    }
    if (sync->p_phase == EPOPI_SYNC_CLOSED) {
        return EPOP_ERR_PHASE;
    }
    info.struct_size = sizeof info;
    (void)epop_client_error_info(sync->p_client, &info);
    judge_quit(sync, &info);
    outcome->result = result_of(sync, info.code);
    if (epop_client_phase(sync->p_client) != EPOP_PHASE_ENDED) {
        (void)epop_client_abort(sync->p_client, EPOP_ABORT_CLOSE); /* no event comes any more */
    }
    close_events(sync, outcome->result);
    outcome->deletions = sync->p_marked > 0 ? sync->p_deletions : (uint32_t)EPOP_SYNC_NOTHING_DELETED;
    outcome->listed = sync->p_asked;
    outcome->fetched = sync->p_fetched;
    outcome->failed = sync->p_failed;
    outcome->marked = sync->p_marked;
    outcome->strange = sync->p_strange;
    return EPOP_OK;
}
