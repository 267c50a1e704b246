/* A schedule: a world drawn from a seed, the runs through it, and what must be true when all is done.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY = 86400 };

sim_tally sim_count;

/* What one needs to know of the world in which a check has failed. */
static void show(const sim_world *w)
{
    uint32_t i;

    fprintf(stderr,
            "policy 0x%02x, max_messages %u, max_octets %llu, keep_newest %u, delete_after %llu, table %u%s%s%s\n",
            (unsigned)w->policy.flags, (unsigned)w->policy.max_messages, (unsigned long long)w->policy.max_octets,
            (unsigned)w->policy.keep_newest, (unsigned long long)w->policy.delete_after, (unsigned)w->table_count,
            w->no_uidl ? ", no UIDL" : "", w->no_top ? ", no TOP" : "", w->no_stat ? ", no STAT" : "");
    for (i = 0; i < w->count; i++) {
        const sim_message *m = &w->messages[i];
        fprintf(stderr,
                "message %u: number %u, family %u, %u octets, listed as %llu, delivered %u,%s%s%s%s%s%s%s%s%s%s\n",
                (unsigned)i, (unsigned)m->number, (unsigned)m->family, (unsigned)m->len, (unsigned long long)m->listed,
                (unsigned)w->delivered[m->family], m->present ? "" : " gone", m->dead ? " dead" : "",
                m->skip ? " skip" : "", m->leave ? " leave" : "", m->drop ? " drop" : "", m->hidden ? " hidden" : "",
                m->seen ? " seen" : "", m->whole ? " whole" : "", m->stored ? " stored" : "",
                m->confirmed ? " confirmed" : "");
    }
    fprintf(stderr, "outcome %d, deletions %u, fetched %u, failed %u, marked %u, strange %u\n", (int)w->outcome.result,
            (unsigned)w->outcome.deletions, (unsigned)w->outcome.fetched, (unsigned)w->outcome.failed,
            (unsigned)w->outcome.marked, (unsigned)w->outcome.malformed_rows);
}

void sim_fail(const sim_world *w, const char *what, const char *file, int line)
{
    static const char *const names[] = {"random", "none", "cut-up", "cut-down", "kill"};

    fflush(stdout);
    fprintf(stderr, "%s:%d: not true in run %u of a schedule: %s\n", file, line, (unsigned)w->run, what);
    show(w);
    fprintf(stderr, "To replay it: simulate --seed %u --fault %s --at %llu\n", (unsigned)w->seed, names[w->fault],
            (unsigned long long)w->at);
    exit(1);
}

/* xorshift32 (Marsaglia). */
uint32_t sim_below(sim_world *w, uint32_t bound)
{
    uint32_t x = w->dice;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    w->dice = x;
    return bound > 0 ? (x >> 4) % bound : 0;
}

uint32_t sim_bad_luck(sim_world *w, uint32_t n)
{
    return !w->calm && sim_below(w, n) == 0;
}

/* ---- The world ---- */

static void fill_text(sim_world *w, sim_message *m)
{
    static const char *const pieces[] = {"a", "line of text", ".", "..", "\r\n", "\r\n.", "\r\n\r\n", " ", "\xe4"};
    uint32_t size = sim_below(w, 4) == 0 ? sim_below(w, SIM_TEXT - 80) : sim_below(w, 60);

    m->len = (size_t)snprintf(m->text, SIM_TEXT, "Subject: %c\r\n%s\r\n", (char)('a' + (char)m->family),
                              sim_below(w, 2) ? "From: somebody\r\n" : "");
    while (size > 0 && m->len < size) {
        const char *piece = pieces[sim_below(w, sizeof pieces / sizeof pieces[0])];
        memcpy(m->text + m->len, piece, strlen(piece));
        m->len += strlen(piece);
    }
    memcpy(m->text + m->len, "\r\n", 2);
    m->len += 2;
}

static void fill_message(sim_world *w, uint32_t i)
{
    sim_message *m = &w->messages[i];

    m->family = i;
    if (i > 0 && sim_below(w, 8) == 0) {
        *m = w->messages[sim_below(w, i)]; /* a twin */
    } else {
        fill_text(w, m);
        m->listed = sim_below(w, 10) ? m->len : sim_below(w, 2) ? 0 : UINT64_MAX - 1 - sim_below(w, 9);
        m->skip = sim_below(w, 12) == 0;
        m->leave = sim_below(w, 8) == 0;
        m->drop = sim_below(w, 8) == 0;
        m->dead = sim_below(w, 16) == 0;
    }
    m->arrives = sim_below(w, 5) == 0 ? sim_below(w, 3) : 0;
}

static void draw_policy(sim_world *w)
{
    sim_policy *policy = &w->policy;

    policy->flags |= sim_below(w, 10) == 0 ? EPOP_SYNC_ALL : 0u;
    policy->flags |= sim_below(w, 2) ? EPOP_SYNC_NEWEST_FIRST : 0u;
    policy->flags |= sim_below(w, 3) == 0 ? EPOP_SYNC_FILTER : 0u;
    policy->flags |= sim_below(w, 4) ? EPOP_SYNC_IDENTIFY : 0u;
    policy->flags |= sim_below(w, 2) ? EPOP_SYNC_DELETE : 0u;
    policy->flags |= sim_below(w, 3) == 0 ? EPOP_SYNC_KEEP_NEWEST : 0u;
    policy->max_messages = sim_below(w, 3) == 0 ? 1 + sim_below(w, 3) : 0;
    policy->max_octets = sim_below(w, 4) == 0 ? 20 + sim_below(w, 300) : 0;
    policy->keep_newest = sim_below(w, 5);
    policy->delete_after = sim_below(w, 2) ? (uint64_t)sim_below(w, 4) * DAY : 0;
    w->transaction = sim_below(w, 2);
    w->no_uidl = sim_below(w, 6) == 0;
    w->no_top = sim_below(w, 12) == 0;
    w->no_stat = sim_below(w, 6) == 0;
    w->hides = sim_below(w, 8) == 0;
    w->now = 1000 * DAY;
}

static void draw_world(sim_world *w, uint32_t seed)
{
    uint32_t i;

    memset(w, 0, sizeof *w);
    w->seed = seed;
    w->dice = (seed + 1) * 2654435761u;
    w->dice = w->dice ? w->dice : 1;
    for (i = 0; i < 4; i++) {
        (void)sim_below(w, 1);
    }
    w->count = sim_below(w, SIM_MESSAGES + 1);
    for (i = 0; i < w->count; i++) {
        fill_message(w, i);
    }
    draw_policy(w);
}

/* ---- What must be true ---- */

/* Whether a message comes to the host sooner or later, by policy and by what the server can do. */
static uint32_t must_come(const sim_world *w, const sim_message *m)
{
    uint32_t filter = (w->policy.flags & EPOP_SYNC_FILTER) && (m->leave || m->drop);

    if (m->dead || m->skip || filter) {
        return 0;
    }
    if (w->policy.max_octets > 0 && (m->listed > w->policy.max_octets || m->len > w->policy.max_octets)) {
        return 0;
    }
    if (w->no_uidl && (w->policy.flags & EPOP_SYNC_IDENTIFY)) {
        return !w->no_top;
    }
    return !w->no_uidl || (w->policy.flags & EPOP_SYNC_ALL);
}

static void check_world(sim_world *w)
{
    uint32_t copies[SIM_MESSAGES] = {0};
    uint32_t all = w->policy.flags & EPOP_SYNC_ALL;
    uint32_t i;

    for (i = 0; i < w->count; i++) {
        const sim_message *m = &w->messages[i];
        copies[m->family]++;
        SIM_CHECK(w, !must_come(w, m) || w->delivered[m->family] > 0 || (all && w->policy.max_messages > 0));
        SIM_CHECK(w, m->present || m->drop || w->delivered[m->family] > 0);
    }
    for (i = 0; i < w->count; i++) {
        SIM_CHECK(w, all || w->delivered[i] <= copies[i] + w->allowed[i]);
        SIM_CHECK(w, !w->transaction || w->allowed[i] == 0);
        sim_count.twice += w->allowed[i];
    }
}

/* Nothing came and nothing went: another run would be the same again. */
static uint32_t is_done(const sim_world *w)
{
    uint32_t all = w->policy.flags & EPOP_SYNC_ALL;

    return w->calm && w->outcome.result == EPOP_OK && w->outcome.marked == 0 && (all || w->outcome.fetched == 0);
}

static void pass_time(sim_world *w)
{
    w->now += (uint64_t)sim_below(w, 5) * DAY / 2;
    w->now -= sim_bad_luck(w, 8) ? (uint64_t)3 * DAY : 0; /* somebody sets the clock */
}

void sim_schedule(uint32_t seed, uint32_t fault, uint64_t at, sim_extent *extent)
{
    static sim_world w;
    uint32_t bad_runs;

    draw_world(&w, seed);
    w.fault = fault;
    w.at = at;
    bad_runs = 1 + sim_below(&w, 2);
    sim_count.schedules++;
    do {
        w.calm = w.run >= bad_runs + 2u || (w.run > 0 && w.run >= bad_runs && sim_below(&w, 2));
        SIM_CHECK(&w, w.run < SIM_RUNS_MAX);
        sim_run(&w, w.run == 0 ? fault : (uint32_t)SIM_RANDOM, at);
        if (w.run == 0 && extent) {
            extent->up = w.up.moved;
            extent->down = w.down.moved;
            extent->points = w.points;
        }
        sim_count.runs++;
        sim_count.whole_runs += !w.dead && w.outcome.result == EPOP_OK;
        w.run++;
        pass_time(&w);
    } while (!is_done(&w) || w.run < 4);
    check_world(&w);
}
