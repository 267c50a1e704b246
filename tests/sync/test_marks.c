/* The decisions of the sync (lib/sync/policy.c), without a server: every order in which marks can come on a message,
 * under every policy.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * What the host said is kept beside the marks, and the rules of sync.h are read off from it. Marks are reached by what
 * can happen: rows of listings, the host's answers, RETR, its end, the host's word.
 */
#include "sync/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What the host and the server said of the message. */
typedef struct story {
    uint32_t listed; /* a listing has it */
    uint32_t verdict;
    uint32_t choice;
    uint32_t requested;
    uint32_t came;   /* RETR ended with EPOP_OK */
    uint32_t stored; /* 1 yes, 2 no */
} story;

/* What a run knows apart from the message. */
typedef struct setting {
    uint32_t policy;
    uint32_t strange;
    uint32_t stopped;
    uint32_t old;
    uint32_t future; /* first seen after now: the clock went back */
    uint32_t newest;
    uint32_t too_large;
    uint32_t has_unique_ids;
} setting;

enum { POLICIES = 0x80, NOW = 1000, DAY = 100, LIMIT = 10 };

static uint64_t walked;

static void prepare(epop_sync *s, const setting *set)
{
    memset(s, 0, sizeof *s);
    s->p_flags = (uint8_t)set->policy;
    s->p_malformed_rows = set->strange;
    s->p_stopped = (uint8_t)set->stopped;
    s->p_now = NOW;
    s->p_delete_after = DAY;
    s->p_keep_newest = set->newest;
    s->p_max_octets = LIMIT;
    s->p_has_unique_ids = (uint8_t)set->has_unique_ids;
}

/* sync.h, EPOP_SYNC_DELETE, _KEEP_NEWEST, EPOP_SYNC_UNWANTED and _DROP: what may be deleted, from the story alone. */
static uint32_t may_go(const setting *set, const story *t)
{
    uint32_t asked_again = t->verdict == EPOP_SYNC_SEEN && (set->policy & EPOP_SYNC_ALL) && !set->too_large &&
                           t->choice != EPOP_SYNC_SKIP && t->choice != EPOP_SYNC_UNWANTED;
    uint32_t kept = t->stored == 1 || (t->verdict == EPOP_SYNC_SEEN && !asked_again);

    if (set->strange) {
        return 0;
    }
    if (!kept) {
        return t->verdict == EPOP_SYNC_UNWANTED || t->choice == EPOP_SYNC_UNWANTED;
    }
    if ((set->policy & EPOP_SYNC_KEEP_NEWEST) && set->newest == 0) {
        return 1;
    }
    return (set->policy & EPOP_SYNC_DELETE) && t->verdict == EPOP_SYNC_SEEN && set->old;
}

/* The phase DELETE: the one message has rank 1. */
static void check_deletion(epop_sync s, epop_sync_entry entry, const setting *set, const story *t)
{
    epopi_sync_decide_due(&s, &entry);
    s.p_phase = EPOPI_SYNC_DELETE;
    assert_int_equal(epopi_sync_needs(&s, &entry) != 0, may_go(set, t) != 0);
    walked++;
}

/* sync.h, EPOP_SYNC_FETCHED to _FAILED. */
static void check_outcome(epop_sync s, epop_sync_entry entry, const story *t)
{
    uint32_t outcome;

    epopi_sync_decide_due(&s, &entry);
    outcome = epopi_sync_outcome(&entry);
    assert_int_equal((outcome & EPOP_SYNC_FETCHED) != 0, t->stored == 1);
    assert_int_equal((outcome & EPOP_SYNC_KNOWN) != 0, t->verdict == EPOP_SYNC_SEEN);
    assert_int_equal((outcome & EPOP_SYNC_FAILED) != 0, t->stored == 2 || (t->requested && !t->came));
    if (t->verdict == EPOP_SYNC_SKIP || t->verdict == EPOP_SYNC_UNWANTED || t->choice > EPOP_SYNC_FETCH) {
        assert_true(outcome & EPOP_SYNC_SKIPPED);
        assert_false(outcome & EPOP_SYNC_FETCHED);
    }
    assert_false(outcome & EPOP_SYNC_MARKED);
}

static void finish(const epop_sync *s, const epop_sync_entry *entry, const setting *set, const story *t)
{
    check_deletion(*s, *entry, set, t);
    check_outcome(*s, *entry, t);
}

static void fetch(epop_sync s, epop_sync_entry entry, const setting *set, story t)
{
    epop_sync_entry next = entry;

    s.p_phase = EPOPI_SYNC_FETCH;
    finish(&s, &entry, set, &t); /* not reached: max_messages, or the session ended */
    if (!epopi_sync_needs(&s, &entry)) {
        return;
    }
    assert_true(t.verdict == EPOP_SYNC_NEW || (t.verdict == EPOP_SYNC_SEEN && (set->policy & EPOP_SYNC_ALL)));
    assert_true(!set->too_large && !set->stopped && t.choice <= EPOP_SYNC_FETCH);
    t.requested = 1;
    next.p_flags |= EPOPI_REQUESTED;
    entry = next;
    epopi_sync_failed(&s, &next, EPOP_ERR_SYNC_REFUSED, EPOP_CODE_NONE);
    finish(&s, &next, set, &t);
    t.came = 1;
    for (t.stored = 1; t.stored <= 2; t.stored++) {
        next = entry;
        next.p_flags |= EPOPI_WHOLE;
        s.p_unconfirmed = 1;
        epopi_sync_decide_stored(&s, &next, t.stored == 1);
        assert_int_equal(s.p_unconfirmed, 0);
        assert_false(next.p_flags & EPOPI_WHOLE);
        finish(&s, &next, set, &t);
    }
}

/* Without EPOP_SYNC_FILTER all that is wanted is chosen. */
static void choose(epop_sync s, const epop_sync_entry *entry, const setting *set, story t)
{
    epop_sync_entry next = *entry;

    if (!(set->policy & EPOP_SYNC_FILTER)) {
        next.p_flags |= EPOPI_CHOSEN;
        fetch(s, next, set, t);
        return;
    }
    s.p_phase = EPOPI_SYNC_FILTER;
    if (!epopi_sync_needs(&s, entry)) {
        fetch(s, next, set, t);
        return;
    }
    for (t.choice = EPOP_SYNC_FETCH; t.choice <= EPOP_SYNC_UNWANTED; t.choice++) {
        next = *entry;
        epopi_sync_decide_choice(&s, &next, t.choice);
        fetch(s, next, set, t);
    }
}

static void answer_known(epop_sync s, const epop_sync_entry *entry, const setting *set, story t)
{
    for (t.verdict = EPOP_SYNC_NEW; t.verdict <= EPOP_SYNC_UNWANTED; t.verdict++) {
        epop_sync_entry next = *entry;

        next.p_flags |= EPOPI_ASKED;
        epopi_sync_decide_known(&s, &next, t.verdict, set->future ? NOW + 1 : set->old ? NOW - DAY : NOW - DAY + 1);
        choose(s, &next, set, t);
    }
}

/* sync.h, EPOP_SYNC_IDENTIFY: what has no usable unique-id. */
static void treat_unnamed(epop_sync s, epop_sync_entry entry, const setting *set, const story *t)
{
    uint32_t nameless = entry.p_flags & EPOPI_NAMELESS;
    uint32_t left_out = set->has_unique_ids && !nameless;

    switch (epopi_sync_decide_unnamed(&s, &entry)) {
    case EPOPI_UNNAMED_IDENTIFY:
        assert_true((set->policy & EPOP_SYNC_IDENTIFY) && !left_out);
        entry.p_flags |= EPOPI_NAMELESS;
        s.p_phase = EPOPI_SYNC_IDENTIFY;
        assert_int_equal(epopi_sync_needs(&s, &entry) != 0, !set->stopped);
        if (!set->stopped) {
            answer_known(s, &entry, set, *t);
        }
        break;
    case EPOPI_UNNAMED_ASK:
        assert_true((set->policy & EPOP_SYNC_ALL) && !(set->policy & EPOP_SYNC_IDENTIFY));
        answer_known(s, &entry, set, *t);
        break;
    case EPOPI_UNNAMED_LATER:
        assert_true(left_out);
        break;
    case EPOPI_UNNAMED_NEVER:
        assert_false(left_out);
        assert_false(set->policy & (EPOP_SYNC_IDENTIFY | EPOP_SYNC_ALL));
        break;
    default:
        fail_msg("a message that a listing has, and nobody asked about");
    }
}

static void begin(const setting *set)
{
    static const story untold;
    epop_sync s;
    epop_sync_entry entry;
    story t = untold;
    uint32_t sized;
    uint32_t nameless;

    prepare(&s, set);
    memset(&entry, 0, sizeof entry);
    assert_int_equal(epopi_sync_decide_unnamed(&s, &entry), EPOPI_UNNAMED_NOT); /* no listing has it */
    finish(&s, &entry, set, &t);
    t.listed = 1;
    for (sized = set->too_large; sized <= 1; sized++) {
        entry.p_flags = (uint16_t)(sized ? EPOPI_PRESENT | EPOPI_SIZED : EPOPI_PRESENT);
        entry.p_octets = set->too_large ? LIMIT + 1 : LIMIT;
        answer_known(s, &entry, set, t);
        for (nameless = 0; nameless <= 1; nameless++) {
            entry.p_flags = (uint16_t)(nameless ? entry.p_flags | EPOPI_NAMELESS : entry.p_flags);
            treat_unnamed(s, entry, set, &t);
        }
    }
}

static void every_order_under_every_policy(void **data)
{
    setting set;

    (void)data;
    walked = 0;
    for (set.policy = 0; set.policy < POLICIES; set.policy++) {
        uint32_t bits;

        for (bits = 0; bits < 0x80; bits++) {
            set.strange = bits & 1;
            set.stopped = bits >> 1 & 1;
            set.future = bits >> 6 & 1;
            set.old = bits >> 2 & 1 & !set.future;
            set.newest = bits >> 3 & 1;
            set.too_large = bits >> 4 & 1;
            set.has_unique_ids = bits >> 5 & 1;
            begin(&set);
        }
    }
    assert_true(walked > 100000);
}

/* Of the phases only four look at marks, and none at a message that no mark names; all 65,536 sets of marks. */
static void every_set_of_marks(void **data)
{
    static const uint32_t must[][2] = {{EPOPI_SYNC_IDENTIFY, EPOPI_NAMELESS},
                                       {EPOPI_SYNC_FILTER, EPOPI_WANTED},
                                       {EPOPI_SYNC_FETCH, EPOPI_WANTED | EPOPI_CHOSEN},
                                       {EPOPI_SYNC_DELETE, EPOPI_DUE}};
    epop_sync s;
    epop_sync_entry entry;
    uint32_t marks;
    size_t i;

    (void)data;
    memset(&s, 0, sizeof s);
    memset(&entry, 0, sizeof entry);
    for (marks = 0; marks <= 0xFFFF; marks++) {
        entry.p_flags = (uint16_t)marks;
        for (i = 0; i < sizeof must / sizeof must[0]; i++) {
            s.p_phase = (uint8_t)must[i][0];
            s.p_stopped = 0;
            if (epopi_sync_needs(&s, &entry)) {
                assert_int_equal(marks & must[i][1], must[i][1]);
            }
            s.p_stopped = 1;
            assert_true(!epopi_sync_needs(&s, &entry) || must[i][0] == EPOPI_SYNC_DELETE);
        }
        s.p_stopped = 0;
        s.p_malformed_rows = 1;
        s.p_flags = EPOP_SYNC_DELETE | EPOP_SYNC_KEEP_NEWEST;
        epopi_sync_decide_due(&s, &entry);
        assert_int_equal(entry.p_flags & EPOPI_DUE, marks & EPOPI_DUE); /* malformed rows: nothing more is deleted */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_under_every_policy),
        cmocka_unit_test(every_set_of_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
