/* Runs a trace once: feeds what the dialogue has released, takes what the session sends, and lets the host act.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct memory memory;

void run_fail(struct run *r, const char *format, ...)
{
    char buffer[1024];
    va_list list;

    if (r->failed) {
        return;
    }
    va_start(list, format);
    vsnprintf(buffer, sizeof buffer, format, list);
    va_end(list);
    text_add(&r->why, buffer, strlen(buffer));
    r->failed = true;
}

size_t run_random(struct run *r, size_t bound, size_t otherwise)
{
    if (!r->variant->random) {
        return otherwise;
    }
    r->state_random = r->state_random * 1664525u + 1013904223u;
    return (size_t)(r->state_random >> 8) % bound;
}

void run_expect(struct run *r, const char *call, int32_t result, int32_t expected)
{
    if (result != expected) {
        run_fail(r, "%s returned %s (%ld) instead of %s (%ld)", call, epop_error_name(result), (long)result,
                 epop_error_name(expected), (long)expected);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Callbacks
 */

const struct words *run_next_act(struct run *r, uint32_t kind)
{
    const struct config *c = &r->trace->config;
    size_t skip = r->next_script[kind];

    for (size_t i = 0; i < c->scripts; i++) {
        if (c->script[i].kind == kind && skip-- == 0) {
            r->next_script[kind]++;
            return &c->script[i].act;
        }
    }
    return NULL;
}

void callback_begin(struct run *r, uint32_t kind)
{
    const struct variant *v = r->variant;

    r->callbacks++;
    if (r->dead || r->abort_code) {
        run_fail(r, "callback %llu (kind %lu) came after the session had died", (unsigned long long)r->callbacks,
                 (unsigned long)kind);
    }
    if (r->in_callback) {
        run_fail(r, "a callback (kind %lu) came inside a callback", (unsigned long)kind);
    }
    r->in_callback = true;
    if (v->reenter_at == r->callbacks || v->reenter_at == UINT64_MAX) {
        r->role->reenter(r);
    }
}

int32_t callback_end(struct run *r, uint32_t kind)
{
    const struct variant *v = r->variant;
    epop_error_info info;

    r->in_callback = false;
    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    if (r->role->error_info(r, &info) == EPOP_OK && info.code != EPOP_OK) {
        return 0; /* the host ended the session in this very callback */
    }
    if (v->abort_at == r->callbacks) {
        r->abort_code = -1000 - (int32_t)r->callbacks;
        r->abort_kind = kind;
        return r->abort_code;
    }
    if (v->pause_at == r->callbacks || v->pause_at == UINT64_MAX || run_random(r, 4, 1) == 0) {
        return EPOP_PAUSE;
    }
    return 0;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Results
 */

static void run_died(struct run *r, int32_t code)
{
    epop_error_info info;

    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    run_expect(r, "error_info", r->role->error_info(r, &info), EPOP_OK);
    run_expect(r, "error_info.code", info.code, code);
    if (info.callback != r->abort_kind) {
        run_fail(r, "error_info.callback is %lu instead of %lu", (unsigned long)info.callback,
                 (unsigned long)r->abort_kind);
    }
    r->dead = code;
    r->dead_offset = info.offset;
    r->in_pos = r->in_avail = r->trace->input.len;
    if (!r->abort_kind) {
        log_line(r, "error %s", epop_error_name(code));
        log_end(r);
    }
}

static bool ends_by_name(const char *call)
{
    return strcmp(call, "abort") == 0 || strcmp(call, "body_fail") == 0;
}

static void judge(struct run *r, const char *call, int32_t result)
{
    epop_error_info info;

    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    (void)r->role->error_info(r, &info);
    if (!r->in_callback && info.code != EPOP_OK) {
        if (result != info.code && !ends_by_name(call)) {
            run_fail(r, "%s returned %s while the session died of %s", call, epop_error_name(result),
                     epop_error_name(info.code));
        }
        run_died(r, info.code);
    } else if (result < 0) {
        log_line(r, "call %s %s", call, epop_error_name(result));
        log_end(r);
    }
}

void run_result(struct run *r, const char *call, int32_t result)
{
    r->result = result;
    if (r->abort_code && !r->in_callback) {
        run_expect(r, call, result, r->abort_code);
        run_died(r, r->abort_code);
        r->abort_code = 0;
    } else if (!r->dead && result <= EPOP_ERR_CALLBACK_FIRST) {
        run_fail(r, "%s returned %ld, which no callback returned now", call, (long)result);
    } else if (!r->dead) {
        judge(r, call, result);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Output
 */

static void sent_wrong(struct run *r, const uint8_t *ptr, size_t len, const char *what)
{
    struct text got = {NULL, 0, 0};
    struct text want = {NULL, 0, 0};
    const struct pattern *p = &r->trace->output;

    text_add(&got, "", 0);
    text_escaped(&got, ptr, len < 80 ? len : 80);
    text_add(&want, "", 0);
    for (size_t i = r->out_pos; i < r->out_allowed && i < r->out_pos + 80; i++) {
        uint8_t octet = (uint8_t)p->ptr[i];

        if (p->ptr[i] == WILD) {
            text_add(&want, "\\*", 2);
        } else {
            text_escaped(&want, &octet, 1);
        }
    }
    run_fail(r, "%s\n  expected: %s\n  sent:     %s", what, want.ptr, got.ptr);
    text_free(&got);
    text_free(&want);
}

/* Whether the expected output goes on with `octet`; a wild part takes all but control octets. */
static bool sent_fits(struct run *r, uint8_t octet)
{
    const struct pattern *p = &r->trace->output;

    while (r->out_pos < r->out_allowed) {
        if (p->ptr[r->out_pos] != WILD) {
            return p->ptr[r->out_pos++] == octet;
        }
        if (octet >= 0x20 && octet != 0x7F) {
            return true;
        }
        r->out_pos++;
    }
    return false;
}

static void drain(struct run *r)
{
    size_t len = 0;
    size_t n;
    const uint8_t *ptr = r->role->output(r, &len);

    if (!ptr || !len) {
        run_fail(r, "EPOP_WANT_DRAIN without output");
        return;
    }
    n = r->variant->ack && r->variant->ack < len ? r->variant->ack : len;
    n = run_random(r, n, n - 1) + 1;
    for (size_t i = 0; i < n; i++) {
        size_t before = r->out_pos;

        if (!sent_fits(r, ptr[i])) {
            r->out_pos = before;
            sent_wrong(r, ptr + i, len - i, "the session sent something else, or too early");
            return;
        }
    }
    text_add(&r->sent, ptr, n);
    r->blocked = false;
    run_result(r, "output_ack", r->role->ack(r, n));
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Input
 */

static size_t feed_size(struct run *r)
{
    const struct variant *v = r->variant;
    size_t n = r->in_avail - r->in_pos;

    if (v->chunk) {
        size_t to_edge = v->chunk - (r->in_pos - r->flight) % v->chunk;

        n = n < to_edge ? n : to_edge;
    }
    if (v->cut > r->in_pos && v->cut - r->in_pos < n) {
        n = v->cut - r->in_pos;
    }
    return n > 1 ? run_random(r, n < 24 ? n : 24, n - 1) + 1 : n;
}

static void feed(struct run *r, size_t n)
{
    uint8_t *data = guard_tail(&memory.input, n);
    const struct pattern *p = &r->trace->input;
    size_t used = SIZE_MAX;
    int32_t result;

    for (size_t i = 0; i < n; i++) {
        data[i] = (uint8_t)p->ptr[r->in_pos + i];
    }
    result = r->role->feed(r, n ? data : NULL, n, &used);
    guard_return(&memory.input);
    if (used > n) {
        run_fail(r, "feed of %lu octets says that it used %lu", (unsigned long)n, (unsigned long)used);
        return;
    }
    if (result == EPOP_OK && used != n) {
        run_fail(r, "feed says EPOP_OK and used %lu of %lu octets", (unsigned long)used, (unsigned long)n);
        return;
    }
    if (result > EPOP_AGAIN) {
        run_fail(r, "feed returned %ld", (long)result);
        return;
    }
    r->in_pos += used;
    r->blocked = result == EPOP_AGAIN;
    if (result < 0 && !r->abort_code) {
        r->in_pos = r->in_avail = result == EPOP_ERR_ENDED ? r->in_avail : r->in_pos;
    }
    run_result(r, "feed", result);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The loop of a host
 */

static void check_wants(struct run *r, uint32_t wants)
{
    epop_error_info info;

    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    if (r->role->error_info(r, &info) == EPOP_OK && info.code && !(wants & EPOP_WANT_CLOSE)) {
        run_fail(r, "the session is dead and does not want EPOP_WANT_CLOSE");
    }
    if (!info.code && !(wants & (EPOP_WANT_CLOSE | EPOP_WANT_TLS | EPOP_WANT_ANSWER | EPOP_WANT_FEED))) {
        run_fail(r, "the session is idle and does not want EPOP_WANT_FEED (wants 0x%lx)", (unsigned long)wants);
    }
}

/* Output is taken when nothing else can be done, or at once in eager variants. */
static bool drain_now(const struct run *r, uint32_t wants, bool waiting)
{
    return (wants & EPOP_WANT_DRAIN) && (r->blocked || !waiting || r->variant->eager || r->dead);
}

static void feed_some(struct run *r, bool resume)
{
    bool empty = r->in_avail == r->in_pos;

    if (resume && !empty) {
        empty = r->variant->resume_empty || run_random(r, 2, 1) == 0;
    }
    feed(r, empty ? 0 : feed_size(r));
}

/* Nothing can be done: that is right only where the dialogue, or an answer that is held back, must go on first. */
static void check_stuck(struct run *r, uint32_t wants, bool resume)
{
    if (!r->blocked) {
        check_wants(r, wants);
    } else if (resume || !r->held) {
        run_fail(r, "feed says EPOP_AGAIN, and there is nothing to drain or to answer (wants 0x%lx)",
                 (unsigned long)wants);
    }
}

/* One move; false where there is nothing to do until the dialogue goes on. */
static bool move(struct run *r)
{
    uint32_t wants = r->role->wants(r);
    bool resume = (wants & EPOP_WANT_RESUME) != 0;
    bool waiting = resume || r->in_avail > r->in_pos;

    if (!r->dead && r->role->serve(r, wants)) {
        r->blocked = false;
        return true;
    }
    if (drain_now(r, wants, waiting)) {
        drain(r);
        return true;
    }
    if (r->dead) {
        return false;
    }
    if (waiting && !r->blocked) {
        feed_some(r, resume);
        return true;
    }
    check_stuck(r, wants, resume);
    return false;
}

static bool fences_intact(void)
{
    const struct guard *const guards[] = {&memory.line,  &memory.output, &memory.name, &memory.session,
                                          &memory.slots, &memory.map,    &memory.sasl, &memory.sasl_buffer};

    for (size_t i = 0; i < sizeof guards / sizeof *guards; i++) {
        if (!guard_intact(guards[i])) {
            return false;
        }
    }
    return true;
}

static void pump(struct run *r)
{
    uint64_t limit = 10000 + 64 * (uint64_t)(r->trace->input.len + r->trace->output.len + 1);

    for (size_t i = 0; i < r->trace->config.messages; i++) {
        limit += 64 * r->trace->config.message[i].text.len;
    }
    while (!r->failed && move(r)) {
        if (++r->spins > limit) {
            run_fail(r, "no progress: the loop of the host went round %llu times", (unsigned long long)r->spins);
        }
    }
    if (!fences_intact()) {
        run_fail(r, "octets in front of a buffer were overwritten");
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The dialogue
 */

/* "H: eof" and the getters, which both roles have; false: not one of these. */
static bool host_shared(struct run *r, const struct words *act)
{
    if (word_is(act, 0, "eof")) {
        run_result(r, "eof", r->role->eof(r));
    } else if (word_is(act, 0, "timeout")) {
        run_result(r, "timeout", r->role->timeout(r));
    } else if (word_is(act, 0, "tls_started")) {
        run_result(r, "tls_started", r->role->tls_started(r));
    } else if (word_is(act, 0, "phase")) {
        log_line(r, "phase %s", phase_name(r->role->phase(r)));
        log_end(r);
    } else if (word_is(act, 0, "deadline")) {
        log_line(r, "deadline %lu", (unsigned long)r->role->deadline(r));
        log_end(r);
    } else if (word_is(act, 0, "wants")) {
        static const char *const names[] = {"FEED", "DRAIN", "TLS", "CLOSE", "ANSWER", "BODY", "COMMAND", "RESUME"};
        uint32_t wants = r->role->wants(r);

        log_line(r, "wants");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            text_printf(&r->events, (wants >> i) & 1 ? " %s" : "%s", (wants >> i) & 1 ? names[i] : "");
        }
        log_end(r);
    } else {
        return false;
    }
    return true;
}

static void host(struct run *r, const struct words *act)
{
    if (!r->dead && !host_shared(r, act) && !r->role->host(r, act)) {
        run_fail(r, "line %d: the host does not know how to do this", act->line);
    }
    r->blocked = false;
}

/* The output that may come by now: all steps of output that follow directly. */
static void allow_output(struct run *r, size_t step)
{
    const struct trace *t = r->trace;

    while (step < t->step_count && t->steps[step].kind == STEP_OUT) {
        r->out_allowed = t->steps[step++].end;
    }
}

/* What should have been sent by now was sent. */
static void check_sent(struct run *r, const struct step *s)
{
    while (r->out_pos < s->end && r->trace->output.ptr[r->out_pos] == WILD) {
        r->out_pos++;
    }
    if (r->out_pos < s->end && !(r->dead && r->variant->abort_at)) {
        sent_wrong(r, (const uint8_t *)"", 0, "the session did not send all that it should");
    }
}

static void play_step(struct run *r, size_t index)
{
    const struct step *s = &r->trace->steps[index];

    if (s->kind == STEP_MARK) {
        log_close_body(r);
        r->mark = r->events.len;
        return;
    }
    if (s->kind == STEP_OUT) {
        check_sent(r, s);
        return;
    }
    if (s->kind == STEP_IN && !r->dead) {
        r->flight = s->begin;
        r->in_avail = s->end;
    }
    allow_output(r, index + 1);
    if (s->kind == STEP_HOST) {
        host(r, &s->act);
    }
    pump(r);
}

static void play(struct run *r)
{
    allow_output(r, 0);
    pump(r);
    for (size_t i = 0; i < r->trace->step_count && !r->failed; i++) {
        play_step(r, i);
    }
}

/* The last words: the state in which the session was left, and that it stays in it. */
static void finish(struct run *r)
{
    uint32_t wants = r->role->wants(r);
    uint64_t callbacks = r->callbacks;
    size_t used = 1;
    uint8_t *data = guard_lend(&memory.input, "\n", 1);

    log_close_body(r);
    if (r->dead) {
        run_expect(r, "feed after the end", r->role->feed(r, data, 1, &used), r->dead);
        run_expect(r, "feed of nothing after the end", r->role->feed(r, NULL, 0, &used), r->dead);
        run_expect(r, "eof after the end", r->role->eof(r), r->dead);
        run_expect(r, "timeout after the end", r->role->timeout(r), r->dead);
        run_expect(r, "tls_started after the end", r->role->tls_started(r), r->dead);
        r->role->dead_calls(r, r->dead);
    } else if (wants & EPOP_WANT_CLOSE) {
        log_line(r, "close");
        log_end(r);
        run_expect(r, "eof after the end", r->role->eof(r), EPOP_OK);
        r->role->dead_calls(r, EPOP_ERR_ENDED);
        /* To a client, octets behind the answer to QUIT are out of step; to a server, they are merely late. */
        run_expect(r, "feed after the end", r->role->feed(r, data, 1, &used),
                   r->client ? EPOP_ERR_PEER_UNSOLICITED : EPOP_ERR_ENDED);
    }
    if (used != 0 && (r->dead || (wants & EPOP_WANT_CLOSE))) {
        run_fail(r, "feed after the end took octets");
    }
    if (r->callbacks != callbacks) {
        run_fail(r, "a callback came after the end");
    }
    check_secrets(r);
}

void run_trace(struct run *r, const struct trace *t, const struct variant *v)
{
    memset(r, 0, sizeof *r);
    r->trace = t;
    r->variant = v;
    r->role = t->config.role == ROLE_CLIENT ? &client_role : &server_role;
    r->state_random = v->random;
    text_clear(&r->why);
    text_clear(&r->events);
    text_clear(&r->sent);
    text_clear(&r->wiretrace);
    text_clear(&r->traced_in);
    text_clear(&r->traced_out);
    run_expect(r, "init", r->role->init(r), EPOP_OK);
    if (!r->failed) {
        play(r);
    }
    if (!r->failed) {
        finish(r);
    }
}

void run_free(struct run *r)
{
    text_free(&r->why);
    text_free(&r->events);
    text_free(&r->wiretrace);
    text_free(&r->traced_in);
    text_free(&r->traced_out);
    text_free(&r->sent);
}
