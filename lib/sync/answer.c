/* The host's answers.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync/run.h"

int32_t epop_sync_table(epop_sync *sync, epop_sync_entry *table, uint32_t count)
{
    if (!sync || !table) {
        return EPOP_ERR_NULL;
    }
    if (sync->p_question != EPOPI_ASK_TABLE) {
        return EPOP_ERR_NOT_ASKED;
    }
    if (count == 0 || count > EPOPI_SYNC_TABLE_MAX) {
        return EPOP_ERR_VALUE;
    }
    sync->p_table = table;
    sync->p_table_count = count;
    return EPOP_OK;
}

int32_t epop_sync_known(epop_sync *sync, uint32_t verdict, uint64_t first_seen, uint64_t key)
{
    if (!sync) {
        return EPOP_ERR_NULL;
    }
    if (sync->p_question != EPOPI_ASK_KNOWN) {
        return EPOP_ERR_NOT_ASKED;
    }
    if (verdict - 1u > EPOP_SYNC_UNWANTED - 1u) {
        return EPOP_ERR_VALUE;
    }
    epopi_sync_answer_known(sync, verdict, first_seen, key);
    return EPOP_OK;
}

int32_t epop_sync_choose(epop_sync *sync, uint32_t choice)
{
    if (!sync) {
        return EPOP_ERR_NULL;
    }
    if (sync->p_question != EPOPI_ASK_CHOICE) {
        return EPOP_ERR_NOT_ASKED;
    }
    if (choice < EPOP_SYNC_SKIP || choice > EPOP_SYNC_FETCH) {
        return EPOP_ERR_VALUE;
    }
    epopi_sync_answer_choice(sync, choice);
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
    epopi_sync_decide_stored(sync, entry, stored);
    return epopi_sync_walk_after_call(sync);
}
