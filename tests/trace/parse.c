/* Reads a file of traces: headings, fences, and what is in them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FENCE_NONE, FENCE_CONFIG, FENCE_MESSAGE, FENCE_WIRE, FENCE_LOG, FENCE_TRACE, FENCE_OTHER };

struct parser {
    struct arena *arena;
    const char *file;
    struct trace *first;
    struct trace *last;
    int line;
    int fence;
    struct words attributes;
    struct text message;
    bool message_lf;
};

static bool wrong(const struct parser *p, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", p->file, p->line, what);
    return false;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Words
 */

bool word_is(const struct words *w, size_t index, const char *text)
{
    return index < w->count && w->word[index].len == strlen(text) &&
           memcmp(w->word[index].ptr, text, w->word[index].len) == 0;
}

const struct octets *word_value(const struct words *w, const char *key, struct octets *value)
{
    size_t len = strlen(key);

    for (size_t i = 0; i < w->count; i++) {
        const struct octets *word = &w->word[i];

        if (word->len > len && memcmp(word->ptr, key, len) == 0 && word->ptr[len] == '=') {
            value->ptr = word->ptr + len + 1;
            value->len = word->len - len - 1;
            return value;
        }
    }
    return NULL;
}

bool word_number(const struct octets *word, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < word->len; i++) {
        if (word->ptr[i] < '0' || word->ptr[i] > '9') {
            return false;
        }
        *number = *number * 10 + (uint64_t)(word->ptr[i] - '0');
    }
    return word->len > 0;
}

/* Copies a pattern that has no wild parts. */
static bool pattern_octets(struct arena *a, const struct pattern *p, struct octets *out)
{
    uint8_t *copy = arena_get(a, p->len);

    for (size_t i = 0; i < p->len; i++) {
        if (p->ptr[i] > 255) {
            return false;
        }
        copy[i] = (uint8_t)p->ptr[i];
    }
    out->ptr = copy;
    out->len = p->len;
    return true;
}

/* One word; how many characters it took, 0 where it is wrong. */
static size_t word_take(struct pattern *out, const char *s, size_t len)
{
    size_t i = 0;

    while (i < len && s[i] != ' ') {
        size_t begin;
        bool open_end;

        if (s[i] != '"') {
            pattern_add(out, (uint8_t)s[i++]);
            continue;
        }
        begin = ++i;
        while (i < len && s[i] != '"') {
            i += s[i] == '\\' ? 2u : 1u;
        }
        if (i >= len || !unescape(out, s + begin, i - begin, &open_end) || open_end) {
            return 0;
        }
        i++;
    }
    return i;
}

bool words_split(struct arena *a, struct words *out, const char *text, size_t len, int line)
{
    memset(out, 0, sizeof *out);
    out->line = line;
    for (size_t i = 0; i < len;) {
        struct pattern p = {NULL, 0, 0};
        size_t took;
        bool fine;

        if (text[i] == ' ') {
            i++;
            continue;
        }
        took = word_take(&p, text + i, len - i);
        fine = took && out->count < WORDS_MAX && pattern_octets(a, &p, &out->word[out->count]);
        pattern_free(&p);
        if (!fine) {
            return false;
        }
        out->count++;
        i += took;
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Lines of the blocks
 */

/* "## title {ID}" */
static bool heading(struct parser *p, const char *s, size_t len)
{
    const char *open = memchr(s, '{', len);
    const char *close = open ? memchr(open, '}', len - (size_t)(open - s)) : NULL;
    struct trace *t;
    size_t title;

    if (!close || close == open + 1) {
        return wrong(p, "a trace needs an id: ## title {ID}");
    }
    t = arena_get(p->arena, sizeof *t);
    t->file = p->file;
    t->line = p->line;
    title = (size_t)(open - s);
    while (title > 3 && s[title - 1] == ' ') {
        title--;
    }
    t->title = arena_copy(p->arena, s + 3, title - 3);
    t->id = arena_copy(p->arena, open + 1, (size_t)(close - open) - 1);
    for (struct trace *other = p->first; other; other = other->next) {
        if (strcmp(other->id, t->id) == 0) {
            return wrong(p, "this id is taken");
        }
    }
    config_defaults(&t->config);
    if (p->last) {
        p->last->next = t;
    } else {
        p->first = t;
    }
    p->last = t;
    return true;
}

/* Writes a repetition out; how many characters it took, 0 where it is wrong. */
static size_t golden_repetition(struct text *out, const char *s, size_t len)
{
    struct pattern p = {NULL, 0, 0};
    size_t took = unescape_repetition(&p, s, len);

    for (size_t k = 0; took && k < p.len; k++) {
        uint8_t octet = (uint8_t)p.ptr[k];

        text_escaped(out, &octet, 1);
    }
    pattern_free(&p);
    return took;
}

/* Repetitions are written out; everything else stays as it is. */
static bool golden_line(struct text *out, const char *s, size_t len)
{
    while (len && s[len - 1] == ' ') {
        len--;
    }
    for (size_t i = 0; i < len;) {
        bool escape = s[i] == '\\' && i + 1 < len;
        size_t took = escape ? 2 : 1;

        if (escape && s[i + 1] == '{') {
            took = golden_repetition(out, s + i, len - i);
        } else {
            text_add(out, s + i, took);
        }
        if (!took) {
            return false;
        }
        i += took;
    }
    text_add(out, "\n", 1);
    return true;
}

static bool message_line(struct parser *p, const char *s, size_t len)
{
    struct pattern line = {NULL, 0, 0};
    bool open_end;

    if (!unescape(&line, s, len, &open_end)) {
        pattern_free(&line);
        return wrong(p, "an escape is wrong");
    }
    for (size_t i = 0; i < line.len; i++) {
        uint8_t octet = (uint8_t)line.ptr[i];

        text_add(&p->message, &octet, 1);
    }
    pattern_free(&line);
    if (!open_end) {
        text_add(&p->message, p->message_lf ? "\n" : "\r\n", p->message_lf ? 1 : 2);
    }
    return true;
}

static int fence_kind(const struct words *attributes)
{
    static const struct {
        const char *name;
        int fence;
    } names[] = {{"config", FENCE_CONFIG},
                 {"message", FENCE_MESSAGE},
                 {"wire", FENCE_WIRE},
                 {"log", FENCE_LOG},
                 {"trace", FENCE_TRACE}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (word_is(attributes, 0, names[i].name)) {
            return names[i].fence;
        }
    }
    return FENCE_OTHER;
}

static bool fence_open(struct parser *p, const char *s, size_t len)
{
    struct octets eol;

    if (!words_split(p->arena, &p->attributes, s + 3, len - 3, p->line)) {
        return wrong(p, "this fence is not understood");
    }
    p->fence = fence_kind(&p->attributes);
    if (p->fence != FENCE_OTHER && !p->last) {
        return wrong(p, "a block before the first heading");
    }
    switch (p->fence) {
    case FENCE_MESSAGE:
        text_clear(&p->message);
        p->message_lf = word_value(&p->attributes, "eol", &eol) && eol.len == 2;
        return true;
    case FENCE_WIRE:
        return wire_prelude(p->arena, p->last) || wrong(p, "the login of this trace is wrong");
    case FENCE_LOG:
        p->last->has_log = true;
        return true;
    case FENCE_TRACE:
        p->last->has_wiretrace = true;
        return true;
    default:
        return true;
    }
}

static bool fence_close(struct parser *p)
{
    int fence = p->fence;

    p->fence = FENCE_NONE;
    if (fence == FENCE_MESSAGE) {
        struct config *c = &p->last->config;

        if (!config_message(p->arena, c, &p->attributes)) {
            return wrong(p, "this message is wrong");
        }
        c->message[c->messages - 1].text.ptr = arena_copy(p->arena, p->message.ptr, p->message.len);
        c->message[c->messages - 1].text.len = p->message.len;
    }
    return true;
}

static bool block_line(struct parser *p, const char *s, size_t len)
{
    switch (p->fence) {
    case FENCE_CONFIG:
        return config_line(p->arena, &p->last->config, p->first, s, len, p->line) ||
               wrong(p, "this line of the config is not understood");
    case FENCE_MESSAGE:
        return message_line(p, s, len);
    case FENCE_WIRE:
        return wire_line(p->arena, p->last, s, len, p->line) || wrong(p, "this line of the wire is not understood");
    case FENCE_LOG:
        return golden_line(&p->last->log, s, len) || wrong(p, "a repetition is wrong");
    case FENCE_TRACE:
        return golden_line(&p->last->wiretrace, s, len) || wrong(p, "a repetition is wrong");
    default:
        return true;
    }
}

static bool parser_line(struct parser *p, const char *s, size_t len)
{
    p->line++;
    if (p->fence != FENCE_NONE) {
        return len == 3 && memcmp(s, "```", 3) == 0 ? fence_close(p) : block_line(p, s, len);
    }
    if (len > 3 && memcmp(s, "```", 3) == 0) {
        return fence_open(p, s, len);
    }
    if (len > 3 && memcmp(s, "## ", 3) == 0) {
        return heading(p, s, len);
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Files
 */

static bool read_file(struct text *out, const char *file)
{
    FILE *f = fopen(file, "rb");
    char buffer[4096];
    size_t n;

    if (!f) {
        perror(file);
        return false;
    }
    text_clear(out);
    while ((n = fread(buffer, 1, sizeof buffer, f)) > 0) {
        text_add(out, buffer, n);
    }
    n = ferror(f) ? 1 : 0;
    fclose(f);
    return n == 0;
}

static bool complete(const struct parser *p)
{
    if (p->fence != FENCE_NONE) {
        return wrong(p, "the last block is open");
    }
    if (!p->first) {
        return wrong(p, "no trace in this file");
    }
    for (const struct trace *t = p->first; t; t = t->next) {
        if (!t->config.role || !t->step_count || !t->has_log) {
            fprintf(stderr, "%s:%d: %s: role, wire or log is missing\n", t->file, t->line, t->id);
            return false;
        }
    }
    return true;
}

struct trace *trace_parse(struct arena *a, const char *file)
{
    struct parser p;
    struct text content = {NULL, 0, 0};
    bool fine;

    memset(&p, 0, sizeof p);
    p.arena = a;
    p.file = file;
    fine = read_file(&content, file);
    for (size_t at = 0; fine && at < content.len;) {
        const char *end = memchr(content.ptr + at, '\n', content.len - at);
        size_t len = end ? (size_t)(end - content.ptr) - at : content.len - at;

        fine = parser_line(&p, content.ptr + at, len);
        at += len + 1;
    }
    fine = fine && complete(&p);
    text_free(&content);
    text_free(&p.message);
    if (!fine) {
        trace_free(p.first);
        return NULL;
    }
    return p.first;
}

void trace_free(struct trace *list)
{
    for (struct trace *t = list; t; t = t->next) {
        pattern_free(&t->input);
        pattern_free(&t->output);
        free(t->steps);
        text_free(&t->log);
        text_free(&t->wiretrace);
    }
}
