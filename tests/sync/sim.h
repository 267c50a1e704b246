/* A maildrop, a server session over it, a client session with a sync, and a host that remembers what it has stored: all
 * in memory, in one process, after a seed.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A schedule is a world and the runs through it. One of them may be broken: the link cut after an octet, or the host
 * killed at a point; what it had committed to its store is all that the next run knows. Runs follow until one has
 * nothing left to do; then everything that should have come must have come.
 */
#ifndef EPOP_TESTS_SIM_H
#define EPOP_TESTS_SIM_H

#include <epop/epop.h>

enum {
    SIM_MESSAGES = 8,
    SIM_TEXT = 512,
    SIM_WIRE = 1024,
    SIM_SLOTS = 6,
    SIM_TABLE = 10,
    SIM_LINE = 64,
    SIM_RUNS_MAX = 80,
    SIM_KILLED = -2000,
    SIM_STOPPED = -2001 /* a host's callback gave up, and the host lives */
};

/* What is done to the first run of a schedule. */
enum {
    SIM_RANDOM = 0,   /* drawn from the seed */
    SIM_NONE = 1,     /* nothing */
    SIM_CUT_UP = 2,   /* the link ends behind the k-th octet to the server */
    SIM_CUT_DOWN = 3, /* ... or to the client */
    SIM_KILL = 4      /* the host dies at the k-th of its points */
};

typedef struct sim_message {
    char text[SIM_TEXT];
    size_t len;
    uint64_t listed; /* its size, as the server says */
    uint32_t family; /* messages of one family are copies, with one unique-id */
    uint32_t arrives;
    uint8_t present;
    uint8_t dead;  /* can never be fetched */
    uint8_t skip;  /* the host does not want it, */
    uint8_t leave; /* nor does its filter, */
    uint8_t drop;  /* which may delete it too */
    /* Of the session that is under way. */
    uint32_t number;
    uint8_t hidden;  /* not there in this session */
    uint8_t refused; /* not to be fetched in this session */
    uint8_t listed_now;
    uint8_t seen; /* the host said so */
    uint8_t told_skip;
    uint8_t dropped;
    uint8_t whole;
    uint8_t stored;
    uint8_t confirmed;
    uint8_t reported;
    uint8_t begun;
    uint32_t outcome;
    uint64_t first_seen;
} sim_message;

/* What the host knows of a unique-id: the only memory that outlives it. */
typedef struct sim_record {
    uint32_t count;
    uint64_t first_seen;
} sim_record;

typedef struct sim_wire {
    uint8_t octets[SIM_WIRE];
    size_t len;
    uint64_t moved; /* octets that came out at its end */
    uint64_t limit; /* ... and how many ever will */
} sim_wire;

typedef struct sim_policy {
    uint32_t flags;
    uint32_t max_messages;
    uint64_t max_octets;
    uint32_t keep_newest;
    uint64_t delete_after;
} sim_policy;

typedef struct sim_world {
    uint32_t seed;
    uint32_t fault;
    uint64_t at;

    sim_message messages[SIM_MESSAGES];
    uint32_t count;
    sim_record store[SIM_MESSAGES];
    uint32_t delivered[SIM_MESSAGES]; /* of each family */
    uint32_t allowed[SIM_MESSAGES];   /* how often the host died between storing and recording it */
    sim_policy policy;
    uint32_t transaction; /* mail and record are stored as one */
    uint32_t no_uidl;
    uint32_t no_stat;
    uint32_t no_top;
    uint32_t hides; /* the greeting says that fetching hides */
    uint64_t now;

    /* Of the run that is under way. */
    uint32_t dice;
    uint32_t run;
    uint32_t calm; /* nothing bad happens in it */
    uint32_t broken;
    uint64_t points;
    uint64_t die_at;
    uint32_t dead;
    uint32_t stopped;
    uint32_t gave_up;
    uint32_t refused_dele;
    uint32_t chunks;
    uint32_t confirm_style;
    uint32_t asked; /* EPOP_EVENT_ of a question that the server's host holds */
    uint32_t sending;
    const char *body;
    size_t body_left;
    uint32_t session[SIM_MESSAGES + 1]; /* number to index */
    uint32_t session_count;
    uint32_t committed;
    uint32_t commit_refused;
    char line[SIM_LINE];
    size_t line_len;
    uint32_t family_listed[SIM_MESSAGES];
    char header[SIM_TEXT];
    size_t header_len;
    char body_got[SIM_TEXT];
    size_t body_len;
    uint32_t under_way;
    uint32_t noops;

    epop_client client;
    epop_sync sync;
    epop_client_callbacks client_callbacks;
    epop_client_slot slots[SIM_SLOTS];
    epop_sync_entry table[SIM_TABLE];
    uint32_t table_count;
    uint32_t late_table; /* given in on_maildrop */
    uint8_t client_line[EPOP_CLIENT_LINE_MIN];
    uint8_t client_out[2 * EPOP_CLIENT_OUTPUT_MIN];
    epop_server server;
    uint8_t server_line[EPOP_SERVER_LINE_MIN];
    uint8_t server_name[8];
    uint8_t server_out[2 * EPOP_SERVER_OUTPUT_MIN];
    uint8_t deleted[(SIM_MESSAGES + 7) / 8];
    sim_wire up;
    sim_wire down;
    epop_sync_outcome outcome;
} sim_world;

/* How often things were met, so that none is left out unseen. */
typedef struct sim_tally {
    uint64_t schedules;
    uint64_t runs;
    uint64_t whole_runs;
    uint64_t killed;
    uint64_t cut;
    uint64_t unknown;
    uint64_t deleted;
    uint64_t in_part;
    uint64_t twice;
    uint64_t windowed;
    uint64_t delivered;
    uint64_t identified;
} sim_tally;

extern sim_tally sim_count;

/* Ends the program where the condition does not hold, and says how to replay it. */
#define SIM_CHECK(w, condition) ((condition) ? (void)0 : sim_fail(w, #condition, __FILE__, __LINE__))
void sim_fail(const sim_world *w, const char *what, const char *file, int line);

uint32_t sim_below(sim_world *w, uint32_t bound);
/* 1 in `n`, but never in a calm run. */
uint32_t sim_bad_luck(sim_world *w, uint32_t n);

/* sim_maildrop.c: the server's host. */
void sim_server_begin(sim_world *w);
void sim_server_act(sim_world *w);
void sim_server_hears(sim_world *w, uint8_t *octets, size_t len); /* looks at commands before the server does */

/* sim_reader.c: the client's host. */
void sim_reader_begin(sim_world *w);
void sim_reader_act(sim_world *w, uint32_t must);
uint32_t sim_is_stored(const sim_world *w, const sim_message *m); /* by what the host has said in this run */
void sim_end_run(sim_world *w);

/* sim_run.c: one run. */
void sim_run(sim_world *w, uint32_t fault, uint64_t at);

/* sim_world.c: one schedule. What the first run came to, in octets and points, is in the world afterwards. */
typedef struct sim_extent {
    uint64_t up;
    uint64_t down;
    uint64_t points;
} sim_extent;
void sim_schedule(uint32_t seed, uint32_t fault, uint64_t at, sim_extent *extent);

#endif
