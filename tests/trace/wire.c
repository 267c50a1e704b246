/* The wire block of a trace: lines of the two sides and acts of the host, made into steps.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct step *step_add(struct trace *t, uint32_t kind, int line)
{
    struct step *s;

    if (t->step_count == t->step_cap) {
        t->step_cap = t->step_cap ? t->step_cap * 2 : 16;
        t->steps = realloc(t->steps, t->step_cap * sizeof *t->steps);
        if (!t->steps) {
            fputs("trace: out of memory\n", stderr);
            exit(2);
        }
    }
    s = &t->steps[t->step_count++];
    memset(s, 0, sizeof *s);
    s->kind = kind;
    s->line = line;
    s->begin = s->end = kind == STEP_IN ? t->input.len : t->output.len;
    return s;
}

/* The last step, where it is of this kind; else a new one. */
static struct step *step_of(struct trace *t, uint32_t kind, int line)
{
    struct step *last = t->step_count ? &t->steps[t->step_count - 1] : NULL;

    return last && last->kind == kind ? last : step_add(t, kind, line);
}

static bool has_wild(const struct pattern *p, size_t begin)
{
    for (size_t i = begin; i < p->len; i++) {
        if (p->ptr[i] == WILD) {
            return true;
        }
    }
    return false;
}

/* A line of a side; consecutive lines of one side are one step. */
static bool wire_side(struct trace *t, char side, const char *text, size_t len, int line)
{
    bool in = (side == 'S') == (t->config.role == ROLE_CLIENT);
    bool lf = side == 'C' ? t->config.lf_from_client : t->config.lf_from_server;
    uint32_t kind = in ? STEP_IN : STEP_OUT;
    struct pattern *p = in ? &t->input : &t->output;
    struct step *s = step_of(t, kind, line);
    size_t begin = p->len;
    bool open_end;

    if (!unescape(p, text, len, &open_end)) {
        return false;
    }
    if (!open_end && !lf) {
        pattern_add(p, '\r');
    }
    if (!open_end) {
        pattern_add(p, '\n');
    }
    s->end = p->len;
    /* Only the wording of a server under test is free. */
    return (!in && t->config.role == ROLE_SERVER) || !has_wild(p, begin);
}

bool wire_line(struct arena *a, struct trace *t, const char *text, size_t len, int line)
{
    if (len < 2 || text[1] != ':' || !strchr("CSH", text[0])) {
        return false;
    }
    if (text[0] == 'H') {
        return words_split(a, &step_add(t, STEP_HOST, line)->act, text + 2, len - 2, line);
    }
    return len == 2 || text[2] == ' ' ? wire_side(t, text[0], text + (len > 2 ? 3 : 2), len - (len > 2 ? 3u : 2u), line)
                                      : false;
}

static bool put(struct arena *a, struct trace *t, const char *text)
{
    return wire_line(a, t, text, strlen(text), t->line);
}

static bool put_capabilities(struct arena *a, struct trace *t, const struct words *w)
{
    if (!put(a, t, "C: CAPA") || !put(a, t, "S: +OK")) {
        return false;
    }
    for (size_t i = 2; i < w->count; i++) {
        char line[128];

        snprintf(line, sizeof line, "S: %.*s", (int)w->word[i].len, (const char *)w->word[i].ptr);
        if (!put(a, t, line)) {
            return false;
        }
    }
    return put(a, t, "S: .");
}

static bool put_all(struct arena *a, struct trace *t, const char *const *lines)
{
    for (; *lines; lines++) {
        if (!put(a, t, *lines)) {
            return false;
        }
    }
    return true;
}

static bool prelude_client(struct arena *a, struct trace *t, const struct words *w, const char *user, const char *pass)
{
    const char *const begin[] = {"S: +OK ready", "H: login token=0", NULL};
    const char *const login[] = {user, "S: +OK", pass, "S: +OK", NULL};

    t->config.name[t->config.names++] = w->word[0];
    t->config.password[t->config.passwords++] = w->word[1];
    return put_all(a, t, begin) && put_capabilities(a, t, w) && put_all(a, t, login) && put_capabilities(a, t, w);
}

bool wire_prelude(struct arena *a, struct trace *t)
{
    char user[128];
    char pass[128];
    struct words w;
    const char *const server[] = {"S: +OK \\*", user, "S: +OK \\*", pass, "S: +OK \\*", NULL};

    if (!t->config.login.len) {
        return true;
    }
    if (!words_split(a, &w, (const char *)t->config.login.ptr, t->config.login.len, t->line) || w.count < 2) {
        return false;
    }
    snprintf(user, sizeof user, "C: USER %.*s", (int)w.word[0].len, (const char *)w.word[0].ptr);
    snprintf(pass, sizeof pass, "C: PASS %.*s", (int)w.word[1].len, (const char *)w.word[1].ptr);
    if (t->config.role == ROLE_CLIENT ? !prelude_client(a, t, &w, user, pass) : !put_all(a, t, server)) {
        return false;
    }
    step_add(t, STEP_MARK, t->line);
    return true;
}
