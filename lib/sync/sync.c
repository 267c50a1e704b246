/* A sync's life: init, start, stop, the outcome.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync/run.h"

#include "wire/check.h"
#include "wire/octets.h"

enum {
    SYNC_ALL_FLAGS = EPOP_SYNC_ALL | EPOP_SYNC_NEWEST_FIRST | EPOP_SYNC_FILTER | EPOP_SYNC_IDENTIFY | EPOP_SYNC_DELETE |
                     EPOP_SYNC_KEEP_NEWEST | EPOP_SYNC_USE_TOP
};

size_t epop_sync_sizeof(void)
{
    return sizeof(epop_sync);
}

static int32_t check_sync_config(const epop_sync_config *config)
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
    return config->flags > SYNC_ALL_FLAGS || config->table_count > EPOPI_SYNC_TABLE_MAX ? EPOP_ERR_VALUE : EPOP_OK;
}

int32_t epop_sync_init(epop_sync *sync, size_t size, const epop_sync_config *config)
{
    static const epop_client_callbacks nobody;
    int32_t result = epopi_check_init(sync, size, sizeof *sync, config, sizeof *config);

    if (result == EPOP_OK) {
        result = check_sync_config(config);
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

int32_t epop_sync_stop(epop_sync *sync)
{
    if (!sync) {
        return EPOP_ERR_NULL;
    }
    sync->p_stopped = 1;
    return epopi_sync_walk_after_call(sync);
}

uint32_t epop_sync_unconfirmed(const epop_sync *sync)
{
    return sync ? sync->p_unconfirmed : 0;
}

/* ---- The end ---- */

/* Where QUIT was not answered: whether it can have been heard. It goes out alone: a line that was not sent is its own.
 */
static void note_unanswered_quit(epop_sync *s, const epop_error_info *info)
{
    if (info->phase == EPOP_PHASE_UPDATE && epop_client_unsent(s->p_client) == 0) {
        s->p_deletions = EPOP_SYNC_DELETED_UNKNOWN;
    }
}

/* Messages that were asked for and did not come, or were not confirmed. */
static void fail_open_messages(epop_sync *s, int32_t error)
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

static int32_t result_of_run(const epop_sync *s, int32_t error)
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
    fail_open_messages(s, result);
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
    note_unanswered_quit(sync, &info);
    outcome->result = result_of_run(sync, info.code);
    if (epop_client_phase(sync->p_client) != EPOP_PHASE_ENDED) {
        (void)epop_client_abort(sync->p_client, EPOP_ABORT_CLOSE); /* no event comes any more */
    }
    close_events(sync, outcome->result);
    outcome->deletions = sync->p_marked > 0 ? sync->p_deletions : (uint32_t)EPOP_SYNC_NOTHING_DELETED;
    outcome->listed = sync->p_asked;
    outcome->fetched = sync->p_fetched;
    outcome->failed = sync->p_failed;
    outcome->marked = sync->p_marked;
    outcome->malformed_rows = sync->p_malformed_rows;
    return EPOP_OK;
}
