/* What must hold at the end of a run, and in comparison with the golden log and with the plain run.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "trace.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------------------
 * Secrets
 */

static bool found(const uint8_t *ptr, size_t len, const uint8_t *secret, size_t secret_len)
{
    for (size_t i = 0; i + secret_len <= len; i++) {
        if (ptr[i] == secret[0] && memcmp(ptr + i, secret, secret_len) == 0) {
            return true;
        }
    }
    return false;
}

/* In base64 a secret has three forms, after the octet of a group with which it begins. What stands beside it changes
 * its first and its last digits, so that these are left out. A long one is known by its beginning. */
static bool found_encoded(const uint8_t *ptr, size_t len, const struct octets *secret)
{
    for (size_t from = 0; from < 3; from++) {
        size_t n = secret->len < 48 + from ? secret->len : 48 + from;
        epop_base64 state;
        uint8_t form[64];
        size_t used;
        size_t wrote;

        if (n < from + 6) {
            return false;
        }
        (void)epop_base64_init(&state);
        (void)epop_base64_encode(&state, secret->ptr + from, (n - from) / 3 * 3, &used, form, sizeof form, &wrote);
        if (found(ptr, len, form, wrote)) {
            return true;
        }
    }
    return false;
}

static bool leaks(const struct octets *secret, const uint8_t *ptr, size_t len)
{
    return secret->len >= 4 && (found(ptr, len, secret->ptr, secret->len) || found_encoded(ptr, len, secret));
}

bool check_leak(const struct config *c, const uint8_t *ptr, size_t len)
{
    for (size_t i = 0; i < c->passwords; i++) {
        if (leaks(&c->password[i], ptr, len)) {
            return true;
        }
    }
    return leaks(&c->token, ptr, len);
}

/* No password or token is left in any memory of the session; only a client that still has it to send may keep it. */
void check_secrets(struct run *r)
{
    const struct config *c = &r->trace->config;
    const struct {
        const char *name;
        const struct guard *guard;
    } places[] = {{"session", &memory.session},
                  {"line buffer", &memory.line},
                  {"output buffer", &memory.output},
                  {"name buffer", &memory.name},
                  {"slots", &memory.slots},
                  {"part that is SASL's", &memory.sasl},
                  {"buffer that is SASL's", &memory.sasl_buffer}};

    if (c->role == ROLE_CLIENT && (r->role->wants(r) & EPOP_WANT_DRAIN)) {
        return;
    }
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        const struct guard *g = places[k].guard;

        if (g->end && check_leak(c, g->end - g->used, g->used)) {
            run_fail(r, "a secret is left in the %s", places[k].name);
        }
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Logs
 */

struct line {
    const char *ptr;
    size_t len;
};

static bool next_line(const struct text *t, size_t *at, struct line *line)
{
    const char *end;

    if (*at >= t->len) {
        return false;
    }
    line->ptr = t->ptr + *at;
    end = memchr(line->ptr, '\n', t->len - *at);
    line->len = end ? (size_t)(end - line->ptr) : t->len - *at;
    *at += line->len + 1;
    return true;
}

static bool next_shown(const struct run *r, size_t *at, struct line *line)
{
    while (next_line(&r->events, at, line)) {
        if (r->trace->config.show_info || line->len < 5 || memcmp(line->ptr, "info ", 5) != 0) {
            return true;
        }
    }
    return false;
}

/* In a golden trace, "\\*" at the end of a line stands for any rest; in what a run logs it cannot occur. */
static bool same_line(const struct line *a, const struct line *b)
{
    if (a->len >= 2 && memcmp(a->ptr + a->len - 2, "\\*", 2) == 0) {
        return b->len >= a->len - 2 && memcmp(a->ptr, b->ptr, a->len - 2) == 0;
    }
    return a->len == b->len && memcmp(a->ptr, b->ptr, a->len) == 0;
}

static void differ(struct run *r, const char *what, const struct line *expected, const struct line *actual)
{
    static const struct line nothing = {"(nothing)", 9};

    if (r->failed) {
        return;
    }
    text_printf(&r->why, "%s\n", what);
    expected = expected ? expected : &nothing;
    actual = actual ? actual : &nothing;
    text_add(&r->why, "  expected: ", 12);
    text_add(&r->why, expected->ptr, expected->len);
    text_add(&r->why, "\n  actual:   ", 13);
    text_add(&r->why, actual->ptr, actual->len);
    r->failed = true;
}

static bool same_text(const struct text *a, const struct text *b)
{
    return a->len == b->len && (!a->len || memcmp(a->ptr, b->ptr, a->len) == 0);
}

static void compare_texts(struct run *r, const char *what, const struct text *expected, const struct text *actual)
{
    size_t at_expected = 0;
    size_t at_actual = 0;
    bool more = !same_text(expected, actual);

    while (more) {
        struct line a;
        struct line b;
        bool has_a = next_line(expected, &at_expected, &a);
        bool has_b = next_line(actual, &at_actual, &b);

        more = has_a && has_b;
        if (has_a != has_b || (more && !same_line(&a, &b))) {
            differ(r, what, has_a ? &a : NULL, has_b ? &b : NULL);
            return;
        }
    }
}

bool check_golden(struct run *r)
{
    size_t at_golden = 0;
    size_t at_actual = r->mark;

    for (bool more = !r->failed; more;) {
        struct line golden;
        struct line actual;
        bool has_golden = next_line(&r->trace->log, &at_golden, &golden);
        bool has_actual = next_shown(r, &at_actual, &actual);

        more = has_golden && has_actual;
        if (has_golden != has_actual || (more && !same_line(&golden, &actual))) {
            differ(r, "the log differs", has_golden ? &golden : NULL, has_actual ? &actual : NULL);
            more = false;
        }
    }
    if (r->trace->has_wiretrace) {
        compare_texts(r, "the trace differs", &r->trace->wiretrace, &r->wiretrace);
    }
    return !r->failed;
}

/* What a session that died had written and not yet sent depends on when the host answered; nothing else does. */
static void check_traced_out(struct run *r, const struct run *plain)
{
    const struct text *a = &plain->traced_out;
    const struct text *b = &r->traced_out;
    size_t less = a->len < b->len ? a->len : b->len;

    if (!r->dead || memcmp(a->ptr, b->ptr, less) != 0) {
        compare_texts(r, "the trace of what was sent differs from the plain run", a, b);
    }
}

bool check_same(struct run *r, const struct run *plain)
{
    if (r->failed) {
        return false;
    }
    compare_texts(r, "the log differs from that of the plain run", &plain->events, &r->events);
    if (r->sent.len != plain->sent.len || memcmp(r->sent.ptr, plain->sent.ptr, r->sent.len) != 0) {
        run_fail(r, "the session sent other octets than in the plain run");
    }
    if (!r->variant->untraced) {
        compare_texts(r, "the trace of what came differs from the plain run", &plain->traced_in, &r->traced_in);
        check_traced_out(r, plain);
    }
    if (r->dead != plain->dead || r->dead_offset != plain->dead_offset) {
        run_fail(r, "it ended with %s at %llu, the plain run with %s at %llu", epop_error_name(r->dead),
                 (unsigned long long)r->dead_offset, epop_error_name(plain->dead),
                 (unsigned long long)plain->dead_offset);
    }
    return !r->failed;
}

static bool is_prefix(const struct text *part, size_t len, const struct text *whole)
{
    return len <= whole->len && memcmp(part->ptr, whole->ptr, len) == 0;
}

/* After an abort: everything up to it was as in the plain run. */
bool check_prefix(struct run *r, const struct run *plain)
{
    size_t len = r->events.len;
    bool by_host = r->dead == EPOP_ERR_ABORTED && r->callbacks == r->variant->abort_at;

    if (r->failed || (by_host && plain->dead == EPOP_ERR_ABORTED)) {
        return check_same(r, plain); /* the host itself ended the session in that callback */
    }
    if (len >= 2 && memcmp(r->events.ptr + len - 2, "\"\n", 2) == 0) {
        len -= 2; /* a body that was cut short */
    }
    if (r->dead != -1000 - (int32_t)r->variant->abort_at) {
        run_fail(r, "the abort of callback %llu did not end the session", (unsigned long long)r->variant->abort_at);
    }
    if (!is_prefix(&r->events, len, &plain->events)) {
        run_fail(r, "the log up to the abort differs from the plain run");
    }
    if (!is_prefix(&r->sent, r->sent.len, &plain->sent)) {
        run_fail(r, "what was sent up to the abort differs from the plain run");
    }
    return !r->failed;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The variant, for people
 */

static void print_number(const char *name, uint64_t value)
{
    if (value == UINT64_MAX) {
        printf(" %s=every", name);
    } else if (value) {
        printf(" %s=%llu", name, (unsigned long long)value);
    }
}

void variant_print(const struct variant *v)
{
    printf("  variant:");
    print_number("chunk", v->chunk);
    if (v->cut != SIZE_MAX) {
        printf(" cut=%lu", (unsigned long)v->cut);
    }
    print_number("pause", v->pause_at);
    print_number("abort", v->abort_at);
    print_number("reenter", v->reenter_at);
    print_number("output", v->output_size);
    print_number("ack", v->ack);
    print_number("slice", v->slice);
    print_number("random", v->random);
    printf("%s%s%s%s\n", v->later ? " later" : "", v->eager ? " eager" : "", v->resume_empty ? " resume-empty" : "",
           v->untraced ? " untraced" : "");
}
