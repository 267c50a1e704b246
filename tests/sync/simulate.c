/* simulate: schedules of mailbox synchronisation, one seed after another.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: simulate [--seed N] [--count N] [--sweep N] [--fault FAULT --at N] [--quiet]\n"
    "\n"
    "Runs schedules of a sync between an epop client and an epop server in memory, and ends with status 1 at the "
    "first\n"
    "that loses a message, deletes one too early, brings one twice without a reason, or reports what is not so.\n"
    "\n"
    "  --seed N      the first seed (default 1); without --count, the only one\n"
    "  --count N     how many seeds, one after another, each a schedule with random faults; EPOP_TEST_LONG=1 makes it\n"
    "                twenty times as many\n"
    "  --sweep N     schedules more: of seed after seed, the first run is cut behind every octet, either way, and its\n"
    "                host killed at every point\n"
    "  --fault F     what to do to the first run: random (the default), none, cut-up, cut-down, kill\n"
    "  --at N        ... behind how many octets, or at which point of the host\n"
    "  --quiet       say nothing where all is well\n";

typedef struct options {
    uint32_t seed;
    uint64_t count;
    uint64_t sweep;
    uint32_t fault;
    uint64_t at;
    uint32_t quiet;
    uint32_t bounded;
} options;

static void refuse(const char *what, const char *which)
{
    fprintf(stderr, "simulate: %s: %s; see simulate --help\n", which, what);
    exit(2);
}

static uint64_t number(const char *option, const char *text)
{
    char *end = NULL;
    uint64_t value = text ? strtoull(text, &end, 10) : 0;

    if (!text || *text < '0' || *text > '9' || *end != '\0') {
        refuse("wants a number", option);
    }
    return value;
}

static uint32_t fault_of(const char *text)
{
    static const char *const names[] = {"random", "none", "cut-up", "cut-down", "kill"};
    uint32_t i;

    for (i = 0; i < 5 && text; i++) {
        if (strcmp(text, names[i]) == 0) {
            return i;
        }
    }
    refuse("wants random, none, cut-up, cut-down or kill", "--fault");
    return 0;
}

/* 1 where the option took a value. */
static int take(options *o, const char *name, const char *value)
{
    if (strcmp(name, "--quiet") == 0) {
        o->quiet = 1;
        return 0;
    }
    if (strcmp(name, "--seed") == 0) {
        o->seed = (uint32_t)number(name, value);
    } else if (strcmp(name, "--count") == 0) {
        o->count = number(name, value);
        o->bounded = 1;
    } else if (strcmp(name, "--sweep") == 0) {
        o->sweep = number(name, value);
    } else if (strcmp(name, "--at") == 0) {
        o->at = number(name, value);
    } else if (strcmp(name, "--fault") == 0) {
        o->fault = fault_of(value);
    } else {
        refuse("no such option", name);
    }
    return 1;
}

static options read_options(int argc, char **argv)
{
    options o = {1, 1, 0, SIM_RANDOM, 0, 0, 0};
    int i;

    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            exit(0);
        }
        i += take(&o, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
    }
    if (o.bounded && getenv("EPOP_TEST_LONG")) {
        o.count *= 20;
        o.sweep *= 20;
    }
    return o;
}

/* Every k of the first run of one seed. How many schedules there were. */
static uint64_t sweep_seed(uint32_t seed, uint64_t most)
{
    static const uint32_t faults[] = {SIM_CUT_UP, SIM_CUT_DOWN, SIM_KILL};
    uint64_t done = 1;
    sim_extent extent;
    uint32_t i;

    sim_schedule(seed, SIM_NONE, 0, &extent);
    for (i = 0; i < 3; i++) {
        uint64_t end = i == 0 ? extent.up : i == 1 ? extent.down : extent.points;
        uint64_t at;

        for (at = 0; at < end && done < most; at++) {
            sim_schedule(seed, faults[i], at, NULL);
            done++;
        }
    }
    return done;
}

static void print(const char *what, uint64_t count)
{
    printf("%12llu %s\n", (unsigned long long)count, what);
}

static void report(void)
{
    print("schedules", sim_count.schedules);
    print("runs", sim_count.runs);
    print("of them came to their end", sim_count.whole_runs);
    print("... were cut", sim_count.cut);
    print("... lost their host", sim_count.killed);
    print("... worked in windows", sim_count.windowed);
    print("messages delivered", sim_count.delivered);
    print("of them twice, as the host had died between storing and recording", sim_count.twice);
    print("known by their header", sim_count.identified);
    print("runs with deletions", sim_count.deleted);
    print("... with deletions in part", sim_count.in_part);
    print("... with deletions unknown", sim_count.unknown);
}

int main(int argc, char **argv)
{
    options o = read_options(argc, argv);
    uint32_t seed = o.seed;
    uint64_t i;

    for (i = 0; i < o.count; i++) {
        sim_schedule(seed++, o.fault, o.at, NULL);
    }
    for (i = 0; i < o.sweep;) {
        i += sweep_seed(seed++, o.sweep - i);
    }
    if (!o.quiet) {
        report();
    }
    return 0;
}
