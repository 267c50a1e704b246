/* The trace runner: reads files of traces, runs each trace in all its variants, and says which failed.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "trace.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MAX = 256 };

struct options {
    const char *id;
    bool print;
    bool quick;
    bool ids;
};

struct tally {
    unsigned passed;
    unsigned failed;
};

static int usage(void)
{
    fputs("usage: trace [--id ID] [--quick] [--print | --ids] FILE...\n"
          "  --id ID   only the trace with this id\n"
          "  --quick   only the plain run and a few variants\n"
          "  --print   print what the plain run sends and logs; judge nothing\n"
          "  --ids     only see to it that all files can be read and no id is taken twice\n",
          stderr);
    return 2;
}

static void print_run(const struct trace *t)
{
    static const struct variant plain = {0, SIZE_MAX, 0, 0, 0, 0, 0, 0, false, false, false, false, 0};
    struct text sent = {NULL, 0, 0};
    struct run r;

    run_trace(&r, t, &plain);
    printf("## %s {%s}\n%s", t->title, t->id, r.events.ptr + r.mark);
    printf("trace:\n%s", r.wiretrace.ptr);
    text_escaped(&sent, r.sent.ptr, r.sent.len);
    printf("sent: %s\n", sent.ptr ? sent.ptr : "");
    if (r.failed) {
        printf("failed: %s\n", r.why.ptr);
    }
    text_free(&sent);
    run_free(&r);
}

/* A crash is told with the name of the trace that was running; guard pages make it likely that there is one. */
static const struct trace *volatile running;

static void say(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));

    (void)written;
}

static void crashed(int signal_number)
{
    const struct trace *t = running;

    say("CRASHED ");
    if (t) {
        say(t->file);
        say(": ");
        say(t->id);
    }
    say("\n");
    _exit(128 + signal_number);
}

static bool run_file(const char *file, const struct options *o, struct tally *tally)
{
    struct arena arena = {NULL};
    struct trace *list = trace_parse(&arena, file);

    for (const struct trace *t = list; t; t = t->next) {
        if (o->id && strcmp(o->id, t->id) != 0) {
            continue;
        }
        running = t;
        if (o->print) {
            print_run(t);
        } else if (sweep(t, o->quick)) {
            tally->passed++;
        } else {
            tally->failed++;
        }
    }
    trace_free(list);
    arena_free(&arena);
    return list != NULL;
}

/* How many traces of `list` have an id that a trace of `others` has. */
static unsigned ids_taken(const struct trace *list, const struct trace *others)
{
    unsigned taken = 0;

    for (const struct trace *t = list; t; t = t->next) {
        for (const struct trace *other = others; other; other = other->next) {
            if (strcmp(other->id, t->id) == 0) {
                printf("%s:%d: id %s is taken by %s:%d\n", t->file, t->line, t->id, other->file, other->line);
                taken++;
            }
        }
    }
    return taken;
}

/* Ids are unique over all files, so that a failure and a commit message can name a trace by its id alone. */
static int check_ids(char **files, int count)
{
    struct arena arena = {NULL};
    struct trace *lists[FILES_MAX];
    unsigned wrong = count > FILES_MAX;
    int read = 0;

    for (; read < count && !wrong; read++) {
        lists[read] = trace_parse(&arena, files[read]);
        wrong = !lists[read];
        for (int k = 0; k < read && !wrong; k++) {
            wrong = ids_taken(lists[read], lists[k]);
        }
    }
    for (int k = 0; k < read; k++) {
        trace_free(lists[k]);
    }
    arena_free(&arena);
    printf("trace: ids of %d files, %s\n", count, wrong ? "not all unique" : "all unique");
    return wrong ? 1 : 0;
}

/* How many arguments were options; 0 where they are wrong. */
static int take_options(struct options *o, int argc, char **argv)
{
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--id") == 0 && i + 1 < argc) {
            o->id = argv[++i];
        } else if (strcmp(argv[i], "--print") == 0) {
            o->print = true;
        } else if (strcmp(argv[i], "--quick") == 0) {
            o->quick = true;
        } else if (strcmp(argv[i], "--ids") == 0) {
            o->ids = true;
        } else {
            return 0;
        }
    }
    return i < argc ? i : 0;
}

int main(int argc, char **argv)
{
    struct options o = {NULL, false, false, false};
    struct tally tally = {0, 0};
    bool readable = true;
    int i = take_options(&o, argc, argv);

    if (!i) {
        return usage();
    }
    if (o.ids) {
        return check_ids(argv + i, argc - i);
    }
    signal(SIGSEGV, crashed);
    signal(SIGBUS, crashed);
    for (; i < argc; i++) {
        readable = run_file(argv[i], &o, &tally) && readable;
    }
    if (o.print) {
        return readable ? 0 : 1;
    }
    printf("trace: %u passed, %u failed\n", tally.passed, tally.failed);
    return readable && !tally.failed && tally.passed ? 0 : 1;
}
