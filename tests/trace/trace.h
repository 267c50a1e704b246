/* What the parts of the trace runner share: a trace as it was read, a variant of running it, and a run.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * tests/traces/README.md says what a trace looks like and what is demanded of it.
 */
#ifndef EPOP_TESTS_TRACE_H
#define EPOP_TESTS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <epop/epop.h>

/* ---------------------------------------------------------------------------------------------------------------------
 * text.c: growing texts, escapes, memory that is freed all at once
 */

struct text {
    char *ptr;
    size_t len;
    size_t cap;
};

void text_add(struct text *t, const void *ptr, size_t len);
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds octets in the notation of the log: printable ASCII as it is, the rest escaped. */
void text_escaped(struct text *t, const void *ptr, size_t len);
void text_clear(struct text *t);
void text_free(struct text *t);

/* Octets of a wire line; a value of WILD stands for any run of octets up to the end of the line. */
#define WILD 256u

struct pattern {
    uint16_t *ptr;
    size_t len;
    size_t cap;
};

void pattern_add(struct pattern *p, uint16_t value);
void pattern_free(struct pattern *p);

/* Undoes the escapes of a wire line. `*open_end` tells of a backslash at the very end: no line end follows. */
bool unescape(struct pattern *out, const char *text, size_t len, bool *open_end);
/* "\{300}a" or "\{20}(text\r\n)" at the head of a text; how many characters it took, 0 where it is wrong. */
size_t unescape_repetition(struct pattern *out, const char *text, size_t len);

/* Memory of one trace. */
struct arena {
    struct arena_block *blocks;
};

void *arena_get(struct arena *a, size_t size);
void *arena_copy(struct arena *a, const void *ptr, size_t len);
void arena_free(struct arena *a);

/* ---------------------------------------------------------------------------------------------------------------------
 * guard.c: memory that ends at an unreadable page
 */

struct guard {
    uint8_t *end; /* the first octet of the unreadable page */
    size_t cap;
    size_t used;
};

/* The last `size` octets before the unreadable page, with marked octets in front of them. */
void *guard_tail(struct guard *g, size_t size);
/* Whether the octets in front are still as they were marked. */
bool guard_intact(const struct guard *g);
/* A copy of octets that are lent to the library for one call; guard_return spoils it afterwards. */
void *guard_lend(struct guard *g, const void *ptr, size_t len);
void guard_return(struct guard *g);
void guard_free(struct guard *g);

/* ---------------------------------------------------------------------------------------------------------------------
 * A trace
 */

enum { ROLE_CLIENT = 1, ROLE_SERVER = 2 };
enum { WORDS_MAX = 12 };

struct octets {
    const uint8_t *ptr;
    size_t len;
};

struct words {
    struct octets word[WORDS_MAX];
    size_t count;
    int line;
};

bool word_is(const struct words *w, size_t index, const char *text);
/* The value of a `key=value` word; NULL if there is none. */
const struct octets *word_value(const struct words *w, const char *key, struct octets *value);
bool word_number(const struct octets *word, uint64_t *number);

struct message {
    struct octets text;
    struct octets unique_id;
    uint64_t size;      /* 0: counted by epop_size */
    bool vanished;      /* on_message_info is not answered */
    uint64_t breaks_at; /* the body fails after so many octets; UINT64_MAX: never */
};

/* What the host answers to the next question of a kind, or does inside the next callback of a kind. */
struct script {
    uint32_t kind; /* EPOP_EVENT_ */
    struct words act;
};

enum { MESSAGES_MAX = 64, SCRIPTS_MAX = 32, ANSWERS_MAX = 8 };

struct config {
    uint32_t role;
    uint32_t flags;
    uint32_t slots;
    uint32_t window;
    uint32_t window_octets;
    uint32_t max_rows;
    uint32_t max_body;
    uint32_t timeout;
    uint32_t keep_alive;
    uint32_t line_buffer;
    uint32_t output_buffer;
    uint32_t name_buffer;
    uint32_t greeting_code;
    uint32_t expire;
    uint32_t login_delay;
    uint32_t max_bad;
    uint32_t max_failed;
    uint32_t max_unknown;
    bool lf_from_client;
    bool lf_from_server;
    bool lazy; /* what the session sends is never taken before the whole flight was fed */
    bool show_info;
    struct octets greeting;
    struct octets implementation;
    struct octets capabilities;
    struct octets login; /* "name password CAPABILITY..." of the prelude; len 0: none */
    struct octets name[ANSWERS_MAX];
    struct octets password[ANSWERS_MAX];
    size_t names;
    size_t passwords;
    epop_sasl_mechanism mechanism[EPOP_SASL_MECHANISMS_MAX];
    uint32_t mechanisms;
    uint32_t iterations;     /* of the users of a server, known or not */
    uint32_t iterations_min; /* what a client puts up with */
    uint32_t sasl_port;
    struct octets sasl_host;
    struct octets token;
    struct octets binding;
    struct octets authzid; /* with it a client has EPOP_SASL_ASK_AUTHZID */
    struct octets anonymous;
    struct message message[MESSAGES_MAX];
    uint32_t messages;
    struct script script[SCRIPTS_MAX];
    size_t scripts;
};

enum { STEP_IN = 1, STEP_OUT = 2, STEP_HOST = 3, STEP_MARK = 4 };

struct step {
    uint32_t kind;
    int line;
    size_t begin; /* in `input` or `output` of the trace */
    size_t end;
    struct words act;
};

struct trace {
    const char *file;
    int line;
    const char *title;
    const char *id;
    struct config config;
    struct pattern input;
    struct pattern output;
    struct step *steps;
    size_t step_count;
    size_t step_cap;
    struct text log;       /* the golden log, one event a line, repetitions written out */
    struct text wiretrace; /* the golden trace, if has_wiretrace */
    bool has_log;
    bool has_wiretrace;
    struct trace *next;
};

/* parse.c: all traces of a file in a list; NULL where the file is wrong (the reason was printed). */
struct trace *trace_parse(struct arena *a, const char *file);
void trace_free(struct trace *list);

/* config.c: one line of a config block, one `message` fence; false where it is wrong. */
bool config_line(struct arena *a, struct config *c, const struct trace *list, const char *text, size_t len, int line);
bool config_message(struct arena *a, struct config *c, const struct words *attributes);
void config_defaults(struct config *c);
/* parse.c: */
bool words_split(struct arena *a, struct words *out, const char *text, size_t len, int line);
/* wire.c: one line of a wire block; the steps of a login that come before it. */
bool wire_line(struct arena *a, struct trace *t, const char *text, size_t len, int line);
bool wire_prelude(struct arena *a, struct trace *t);

/* ---------------------------------------------------------------------------------------------------------------------
 * A variant: in what way a trace is run
 */

struct variant {
    size_t chunk;        /* octets in one feed; 0: all there are */
    size_t cut;          /* no feed goes across this position of the whole input; SIZE_MAX: no cut */
    uint64_t pause_at;   /* the callback that pauses, from 1; 0: none; UINT64_MAX: every one */
    uint64_t abort_at;   /* the callback that aborts */
    uint64_t reenter_at; /* the callback that calls what it must not */
    size_t output_size;  /* 0: as the trace says */
    size_t ack;          /* octets acknowledged at a time; 0: all */
    size_t slice;        /* octets of a message pushed at a time; 0: all */
    bool later;          /* questions are answered after the call that asked has returned */
    bool eager;          /* output is taken after every feed */
    bool resume_empty;   /* after a pause, first a feed of no octets */
    bool untraced;       /* on_trace is NULL */
    uint32_t random;     /* seed for all of the above anew at each decision; 0: not so */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * A run
 */

struct run {
    const struct trace *trace;
    const struct variant *variant;
    const struct role *role;
    epop_client *client;
    epop_server *server;
    size_t session_size;
    size_t in_pos;   /* octets of the input that the session has taken */
    size_t in_avail; /* octets that the dialogue has released */
    size_t flight;   /* where the flight began */
    size_t out_pos;  /* position in the expected output */
    size_t out_allowed;
    uint64_t callbacks;
    uint64_t spins;
    uint32_t state_random;
    int32_t abort_code;  /* what a callback returned to abort, until the call in progress has returned */
    uint32_t abort_kind; /* kind of its event */
    int32_t result;      /* of the last call */
    int32_t dead;        /* the sticky error */
    uint64_t dead_offset;
    bool blocked; /* feed said EPOP_AGAIN and nothing has changed since */
    bool failed;
    bool body_open; /* the last line of the log is a body that may go on */
    bool in_callback;
    uint64_t body_offset;
    uintptr_t body_token;
    struct text why;
    struct text events;
    struct text wiretrace; /* both directions, in the order of the calls */
    struct text traced_in;
    struct text traced_out;
    struct text sent; /* octets that the session sent */
    size_t mark;      /* where in `events` the golden log begins */
    /* client host */
    uint32_t ask;        /* the open question */
    uint64_t ask_offset; /* where its answer goes on */
    size_t next_name;
    size_t next_password;
    size_t next_other;
    uintptr_t next_token;
    /* server host */
    uint32_t question;     /* EPOP_EVENT_ of the open question */
    uint32_t auth;         /* EPOP_AUTH_ of a question about a login */
    const char *mechanism; /* ... and what it belongs to */
    bool held;
    size_t next_script[64]; /* by EPOP_EVENT_ */
    uint32_t sending;       /* message being sent; 0: none */
    bool body_done;
    uint64_t body_pos;
    struct octets body;
    uint64_t breaks_at;
    struct octets name;
    struct octets secret;
};

/* What differs between client and server. */
struct role {
    int32_t (*init)(struct run *r);
    int32_t (*feed)(struct run *r, const void *data, size_t len, size_t *used);
    int32_t (*eof)(struct run *r);
    int32_t (*timeout)(struct run *r);
    int32_t (*tls_started)(struct run *r);
    const uint8_t *(*output)(struct run *r, size_t *len);
    int32_t (*ack)(struct run *r, size_t n);
    uint32_t (*wants)(const struct run *r);
    int32_t (*error_info)(const struct run *r, epop_error_info *info);
    uint32_t (*phase)(const struct run *r);
    uint32_t (*deadline)(const struct run *r);
    bool (*serve)(struct run *r, uint32_t wants);         /* answers or pushes; false: nothing to do */
    bool (*host)(struct run *r, const struct words *act); /* an H line; false: not known */
    void (*reenter)(struct run *r);                       /* in a callback: calls that are forbidden there */
    void (*dead_calls)(struct run *r, int32_t code);      /* calls that must all say `code` now */
};

extern const struct role client_role;
extern const struct role server_role;

/* The memory of the session under test, shared by all runs. */
struct memory {
    struct guard session;
    struct guard line;
    struct guard output;
    struct guard name;
    struct guard slots;
    struct guard map;
    struct guard sasl;
    struct guard sasl_buffer;
    struct guard input;
    struct guard lent;
};

extern struct memory memory;

/* drive.c */
void run_trace(struct run *r, const struct trace *t, const struct variant *v);
void run_free(struct run *r);
void run_fail(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Judges what a call returned: aborts, sticky errors (logged), usage errors (logged). */
void run_result(struct run *r, const char *call, int32_t result);
/* A number below `bound` in random variants, else `otherwise`. */
size_t run_random(struct run *r, size_t bound, size_t otherwise);
/* The next act that the config has for events of a kind; NULL if there is none any more. */
const struct words *run_next_act(struct run *r, uint32_t kind);
/* In a callback: before and after its work. */
void callback_begin(struct run *r, uint32_t kind);
int32_t callback_end(struct run *r, uint32_t kind);
/* In reenter and dead_calls: `result` of `call` must be `expected`. */
void run_expect(struct run *r, const char *call, int32_t result, int32_t expected);

/* record.c: the log */
void log_line(struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_span(struct run *r, const char *key, epop_span span);
void log_end(struct run *r);
void log_body(struct run *r, uintptr_t token, uint32_t number, uint64_t offset, epop_span data);
void log_close_body(struct run *r);
void log_trace(struct run *r, const epop_trace_event *event);
void log_reply(struct run *r, const epop_reply *reply);
const char *verb_name(uint32_t command);
const char *status_name(uint32_t status);
const char *code_label(uint32_t code);
uint32_t code_from(const struct octets *word); /* UINT32_MAX: no such code */
const char *retry_name(uint32_t retry);
const char *phase_name(uint32_t phase);

/* ask.c: answers the open question of a client; "!decline" is none. Answers from the config, until one is taken; false
 * where it has none. */
int32_t ask_give(struct run *r, const struct octets *text);
bool ask_answer(struct run *r);

/* sasl.c, or sasl_none.c where the library is built without SASL: the mechanisms of a config; the part of a session,
 * NULL where the config has no mechanisms; acts of a server's host that are about a login (false: not known), and what
 * it answers without a script. */
bool sasl_config(struct config *c, const struct words *w);
epop_sasl *sasl_open(struct run *r);
bool sasl_perform(struct run *r, const struct words *act);
int32_t sasl_answer(struct run *r);

/* sweep.c: runs a trace in all its variants; prints and returns false where one fails. */
bool sweep(const struct trace *t, bool quick);
/* check.c: what must hold at the end of a run, and in comparison with the golden log and the plain run. */
bool check_golden(struct run *r);
bool check_same(struct run *r, const struct run *plain);
bool check_prefix(struct run *r, const struct run *plain);
void check_secrets(struct run *r);
/* Whether octets have a password or the token of the config in them, as it is or in base64. */
bool check_leak(const struct config *c, const uint8_t *ptr, size_t len);
void variant_print(const struct variant *v);

#endif
