/* The sweep: a trace in every variant that the split law, the abort rule and the re-entry rule ask for.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "trace.h"

#include <stdio.h>
#include <string.h>

enum {
    CAP_POSITIONS = 1500, /* two-way cuts; in a longer input every n-th position, so that about so many are tried */
    CAP_CHUNKS = 300,     /* chunk sizes; above, every n-th */
    LONG_INPUT = 20000,   /* from here on it is the limit on lines that matters, and the two caps are these: */
    LONG_POSITIONS = 60,  /* and all that are NEAR an edge */
    LONG_CHUNKS = 30,
    NEAR = 20,
    CAP_CALLBACKS = 400, /* pauses, aborts, re-entries; above, every n-th */
    RANDOM_RUNS = 60,
    OUTPUT_SIZES = 64 /* from the documented minimum */
};

static const struct variant PLAIN = {0, SIZE_MAX, 0, 0, 0, 0, 0, 0, false, false, false, false, 0};

struct sweep {
    const struct trace *trace;
    struct run plain;
    bool failed;
};

static void report(const struct trace *t, const struct variant *v, struct run *r)
{
    printf("FAILED %s:%d: %s {%s}\n", t->file, t->line, t->title, t->id);
    variant_print(v);
    printf("  %s\n", r->why.ptr);
}

static void try_variant(struct sweep *s, const struct variant *v)
{
    struct run r;
    bool fine;

    if (s->failed) {
        return;
    }
    run_trace(&r, s->trace, v);
    fine = v->abort_at ? check_prefix(&r, &s->plain) : check_same(&r, &s->plain);
    if (!fine) {
        report(s->trace, v, &r);
        s->failed = true;
    }
    run_free(&r);
}

/* Pieces for variants that are about something else. In a long input single octets would take their time, and the sweep
 * of chunk sizes has them. */
static size_t small_chunk(const struct sweep *s)
{
    return s->trace->input.len < LONG_INPUT ? 1 : 251;
}

static size_t stride(size_t count, size_t cap)
{
    return count <= cap ? 1 : count / cap + 1;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Ways to cut the input
 */

static size_t longest_flight(const struct trace *t)
{
    size_t longest = 1;

    for (size_t i = 0; i < t->step_count; i++) {
        size_t len = t->steps[i].end - t->steps[i].begin;

        if (t->steps[i].kind == STEP_IN && len > longest) {
            longest = len;
        }
    }
    return longest;
}

static void sweep_chunks(struct sweep *s)
{
    size_t longest = longest_flight(s->trace);
    size_t cap = s->trace->input.len < LONG_INPUT ? CAP_CHUNKS : LONG_CHUNKS;
    bool eager_too = !s->trace->config.lazy;

    for (size_t chunk = 1; chunk <= longest; chunk += chunk < 70 ? 1 : stride(longest, cap)) {
        struct variant v = PLAIN;

        v.chunk = chunk;
        try_variant(s, &v);
        v.later = true;
        try_variant(s, &v);
        v.later = false;
        v.eager = eager_too;
        try_variant(s, &v);
    }
}

static bool is_near(size_t position, size_t edge)
{
    return position <= edge + NEAR && edge <= position + NEAR;
}

/* Whether a flight begins or ends here, or its first line gets too long. */
static bool is_edge(const struct trace *t, size_t position)
{
    for (size_t i = 0; i < t->step_count; i++) {
        const struct step *s = &t->steps[i];

        if (s->kind == STEP_IN && (is_near(position, s->begin) || is_near(position, s->end) ||
                                   is_near(position, s->begin + EPOP_LINE_LENGTH_MAX))) {
            return true;
        }
    }
    return false;
}

static bool is_cut(const struct trace *t, size_t position)
{
    size_t len = t->input.len;

    if (len < LONG_INPUT) {
        return (position - 1) % stride(len, CAP_POSITIONS) == 0;
    }
    return (position - 1) % stride(len, LONG_POSITIONS) == 0 || is_edge(t, position);
}

static void sweep_cuts(struct sweep *s)
{
    size_t len = s->trace->input.len;

    for (size_t cut = 1; cut < len; cut++) {
        struct variant v = PLAIN;

        if (!is_cut(s->trace, cut)) {
            continue;
        }

        v.cut = cut;
        try_variant(s, &v);
        v.eager = !s->trace->config.lazy;
        v.later = true;
        try_variant(s, &v);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Callbacks that pause, abort, or call what they must not
 */

static void sweep_pauses(struct sweep *s)
{
    uint64_t count = s->plain.callbacks;
    struct variant v = PLAIN;

    for (uint64_t k = 1; k <= count; k += stride((size_t)count, CAP_CALLBACKS)) {
        v = PLAIN;
        v.pause_at = k;
        try_variant(s, &v);
        v.resume_empty = true;
        v.later = true;
        try_variant(s, &v);
        v.chunk = small_chunk(s);
        try_variant(s, &v);
    }
    v = PLAIN;
    v.pause_at = UINT64_MAX;
    for (size_t chunk = 0; chunk < 8; chunk++) {
        v.chunk = chunk;
        v.later = (chunk & 1) != 0;
        v.resume_empty = (chunk & 2) != 0;
        v.ack = chunk == 3 ? 1 : 0;
        try_variant(s, &v);
    }
}

static void sweep_aborts(struct sweep *s)
{
    uint64_t count = s->plain.callbacks;

    for (uint64_t k = 1; k <= count; k += stride((size_t)count, CAP_CALLBACKS)) {
        struct variant v = PLAIN;

        v.abort_at = k;
        try_variant(s, &v);
        v.later = true;
        v.chunk = small_chunk(s);
        /* A trace whose body comes in more slices has more callbacks; then k is another one, which is as good. */
        try_variant(s, &v);
    }
}

static void sweep_reentry(struct sweep *s)
{
    uint64_t count = s->plain.callbacks;
    struct variant v = PLAIN;

    for (uint64_t k = 1; k <= count; k += stride((size_t)count, CAP_CALLBACKS)) {
        v = PLAIN;
        v.reenter_at = k;
        try_variant(s, &v);
    }
    v = PLAIN;
    v.reenter_at = UINT64_MAX;
    v.later = true;
    v.chunk = small_chunk(s);
    try_variant(s, &v);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Ways to take the output, to push bodies, to answer
 */

static void sweep_output(struct sweep *s)
{
    size_t least = s->trace->config.role == ROLE_CLIENT ? EPOP_CLIENT_OUTPUT_MIN : EPOP_SERVER_OUTPUT_MIN;
    static const size_t acks[] = {0, 1, 2, 3};
    static const size_t slices[] = {0, 1, 2, 3, 7};

    for (size_t size = least; size <= least + OUTPUT_SIZES; size++) {
        for (size_t i = 0; i < 4; i++) {
            struct variant v = PLAIN;

            v.output_size = size;
            v.ack = acks[i];
            v.slice = slices[(size + i) % 5];
            v.later = ((size + i) & 1) != 0;
            v.chunk = i == 2 ? small_chunk(s) : 0;
            try_variant(s, &v);
        }
    }
    for (size_t i = 0; i < 40; i++) {
        struct variant v = PLAIN;

        v.output_size = i < 20 ? least : 65536;
        v.ack = acks[i % 4];
        v.slice = slices[i % 5];
        v.later = (i & 1) != 0;
        v.eager = (i & 2) != 0 && !s->trace->config.lazy;
        try_variant(s, &v);
    }
}

static void sweep_random(struct sweep *s)
{
    size_t least = s->trace->config.role == ROLE_CLIENT ? EPOP_CLIENT_OUTPUT_MIN : EPOP_SERVER_OUTPUT_MIN;

    for (uint32_t seed = 1; seed <= RANDOM_RUNS; seed++) {
        struct variant v = PLAIN;

        v.random = seed * 2654435761u;
        v.output_size = least + seed % 40;
        v.eager = (seed & 1) != 0 && !s->trace->config.lazy;
        try_variant(s, &v);
    }
}

bool sweep(const struct trace *t, bool quick)
{
    struct sweep s;
    struct variant v = PLAIN;

    memset(&s, 0, sizeof s);
    s.trace = t;
    run_trace(&s.plain, t, &PLAIN);
    if (!check_golden(&s.plain)) {
        report(t, &PLAIN, &s.plain);
        s.failed = true;
    }
    v.later = true;
    try_variant(&s, &v);
    v.untraced = true;
    try_variant(&s, &v);
    v.untraced = false;
    v.eager = !t->config.lazy;
    try_variant(&s, &v);
    if (!quick) {
        sweep_chunks(&s);
        sweep_cuts(&s);
        sweep_pauses(&s);
        sweep_aborts(&s);
        sweep_reentry(&s);
        sweep_output(&s);
        sweep_random(&s);
    }
    run_free(&s.plain);
    return !s.failed;
}
