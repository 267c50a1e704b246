/* The messages of the window: finding them, adding them, and what failed.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync/run.h"

epop_sync_entry *epopi_sync_entry(const epop_sync *s, uint32_t number)
{
    return number > s->p_base && number - s->p_base <= s->p_count ? &s->p_table[number - s->p_base - 1] : NULL;
}

uint32_t epopi_sync_is_marked(const epop_sync_entry *entry, uint32_t all, uint32_t none)
{
    return (entry->p_flags & all) == all && !(entry->p_flags & none);
}

void epopi_sync_widen(epop_sync *s, uint32_t highest)
{
    static const epop_sync_entry none = {EPOP_SYNC_SIZE_UNKNOWN, 0, EPOP_OK, 0, EPOP_CODE_NONE, 0};

    while (s->p_count < highest - s->p_base) {
        s->p_table[s->p_count++] = none;
    }
}

void epopi_sync_failed(epop_sync *s, epop_sync_entry *entry, int32_t result, uint32_t code)
{
    if (!(entry->p_flags & EPOPI_FAILED)) {
        entry->p_flags |= EPOPI_FAILED;
        entry->p_result = result;
        entry->p_code = (uint8_t)code;
        s->p_failed++;
    }
}

void epopi_sync_fail(epop_sync *s, int32_t result)
{
    if (s->p_result == EPOP_OK) {
        s->p_result = result;
    }
    s->p_stopped = 1;
}
