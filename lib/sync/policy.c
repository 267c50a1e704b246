/* What the policy and the marks of a message make of it. Decisions alone: nothing here calls the host or the client.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync/run.h"

/* The host's policy has this bit. */
static uint32_t has_policy(const epop_sync *s, uint32_t policy)
{
    return s->p_flags & policy;
}

uint32_t epopi_sync_needs(const epop_sync *s, const epop_sync_entry *entry)
{
    switch (s->p_phase) {
    case EPOPI_SYNC_IDENTIFY:
        return !s->p_stopped && epopi_sync_is_marked(entry, EPOPI_NAMELESS, EPOPI_ASKED | EPOPI_FAILED);
    case EPOPI_SYNC_FILTER:
        return !s->p_stopped && epopi_sync_is_marked(entry, EPOPI_WANTED, EPOPI_CHOSEN);
    case EPOPI_SYNC_FETCH:
        return !s->p_stopped && epopi_sync_is_marked(entry, EPOPI_WANTED | EPOPI_CHOSEN, 0);
    case EPOPI_SYNC_DELETE:
        return epopi_sync_is_marked(entry, EPOPI_DUE, 0);
    case EPOPI_SYNC_LISTING:
    case EPOPI_SYNC_SINGLES:
        return 1;
    default:
        return 0;
    }
}

/* The size that LIST has told counts; none is not too large. */
static uint32_t is_too_large(const epop_sync *s, const epop_sync_entry *entry)
{
    return s->p_max_octets > 0 && (entry->p_flags & EPOPI_SIZED) && entry->p_octets > s->p_max_octets;
}

void epopi_sync_decide_known(epop_sync *s, epop_sync_entry *entry, uint32_t verdict, uint64_t first_seen)
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

uint32_t epopi_sync_outcome(const epop_sync_entry *entry)
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

/* A message that UIDL leaves out, and has others, is not known by its header: the next run may find it in UIDL, and
 * would take it for another. */
static uint32_t waits_for_uidl(const epop_sync *s, const epop_sync_entry *entry)
{
    return s->p_has_unique_ids && !(entry->p_flags & EPOPI_NAMELESS);
}

/* What was stored and not asked for again, or asked for and stored. */
static uint32_t is_stored(const epop_sync_entry *entry)
{
    return epopi_sync_is_marked(entry, EPOPI_CONFIRMED, 0) || epopi_sync_is_marked(entry, EPOPI_SEEN, EPOPI_WANTED);
}

static uint32_t is_due(const epop_sync *s, const epop_sync_entry *entry)
{
    if (!is_stored(entry)) {
        return epopi_sync_is_marked(entry, EPOPI_DROP, 0);
    }
    if (has_policy(s, EPOP_SYNC_KEEP_NEWEST) && s->p_rank > s->p_keep_newest) {
        return 1;
    }
    return has_policy(s, EPOP_SYNC_DELETE) && (s->p_delete_after == 0 || epopi_sync_is_marked(entry, EPOPI_OLD, 0));
}

void epopi_sync_decide_due(epop_sync *s, epop_sync_entry *entry)
{
    s->p_rank += epopi_sync_is_marked(entry, EPOPI_PRESENT, 0);
    if (s->p_malformed_rows == 0 && is_due(s, entry)) {
        entry->p_flags |= EPOPI_DUE;
    }
    if (epopi_sync_is_marked(entry, EPOPI_WANTED, EPOPI_REQUESTED) && !s->p_stopped) {
        entry->p_flags |= EPOPI_SKIPPED;
    }
}

uint32_t epopi_sync_decide_unnamed(const epop_sync *s, const epop_sync_entry *entry)
{
    if (!epopi_sync_is_marked(entry, EPOPI_PRESENT, EPOPI_ASKED)) {
        return EPOPI_UNNAMED_NOT;
    }
    if (waits_for_uidl(s, entry)) {
        return has_policy(s, EPOP_SYNC_ALL) && !has_policy(s, EPOP_SYNC_IDENTIFY) ? EPOPI_UNNAMED_ASK
                                                                                  : EPOPI_UNNAMED_LATER;
    }
    if (has_policy(s, EPOP_SYNC_IDENTIFY)) {
        return EPOPI_UNNAMED_IDENTIFY;
    }
    return has_policy(s, EPOP_SYNC_ALL) ? EPOPI_UNNAMED_ASK : EPOPI_UNNAMED_NEVER;
}

void epopi_sync_decide_choice(epop_sync *s, epop_sync_entry *entry, uint32_t choice)
{
    if (choice == EPOP_SYNC_FETCH) {
        entry->p_flags |= EPOPI_CHOSEN;
        s->p_chosen++;
        return;
    }
    entry->p_flags &= (uint16_t)~EPOPI_WANTED;
    entry->p_flags |= choice == EPOP_SYNC_UNWANTED ? EPOPI_SKIPPED | EPOPI_DROP : EPOPI_SKIPPED;
}

void epopi_sync_decide_stored(epop_sync *s, epop_sync_entry *entry, uint32_t stored)
{
    entry->p_flags &= (uint16_t)~EPOPI_WHOLE;
    s->p_unconfirmed--;
    if (stored) {
        entry->p_flags |= EPOPI_CONFIRMED;
        s->p_fetched++;
    } else {
        epopi_sync_failed(s, entry, EPOP_ERR_DECLINED, EPOP_CODE_NONE);
    }
}
