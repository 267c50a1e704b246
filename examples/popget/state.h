/* What was fetched before: a file that holds the unique-ids of each account.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Beside what was seen it holds intents: messages that lie ready and are about to be shown to their reader. An intent
 * that is found at the start of a run was left by one that died, and tells where to look what became of the message.
 *
 * It also holds marks: messages that were under way when the server broke a session, and how often in a row. A message
 * that is seen, forgotten or no longer listed loses its mark.
 *
 * Changes are made between state_begin and state_commit, and are on the disk when that returns. The file is locked from
 * state_open to state_close. Whatever fails is reported, as something that ends the program.
 */
#ifndef POPGET_STATE_H
#define POPGET_STATE_H

#include "report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message of the account. `copy`: of messages with the same unique-id at the same time, the how manieth, from 1. */
struct state_key {
    const uint8_t *id;
    size_t len;
    uint32_t copy;
};

struct state_intent {
    struct state_key key;
    int64_t time;
    const char *target; /* where the message goes; for sink_resolve */
    const char *detail; /* ... and under which name, or at which place */
};

/* What is known of a message that was seen. */
struct state_seen {
    int64_t first_seen;
    bool deleted; /* the server has said that it deleted it */
};

/* A mark. */
struct state_breaks {
    unsigned count; /* sessions in a row; no more than STATE_BREAKS_MOST are counted */
    int64_t last;   /* when the last of them broke */
};

enum {
    STATE_BREAKS_MOST = 3,
    STATE_GONE_SECONDS = 30 * 24 * 60 * 60, /* how long an id that is no longer listed is kept */
    STATE_CLOCK_LEAST = 1577836800          /* 2020 began: a clock that is earlier was never set */
};

enum state_found { STATE_ABSENT, STATE_PRESENT, STATE_FAILED };

typedef bool (*state_is_listed)(void *user, const struct state_key *key);
typedef bool (*state_is_old)(void *user, const char *account);
typedef bool (*state_take_intent)(void *user, const struct state_intent *intent);

struct state;

/* A kind of file. */
struct state_kind {
    bool (*use)(struct state *state, const char *account);
    bool (*adopt)(struct state *state, state_is_old is_old, void *user);
    bool (*date)(struct state *state, int64_t now);
    enum state_found (*find)(struct state *state, const struct state_key *key, struct state_seen *seen);
    enum state_found (*breaks)(struct state *state, const struct state_key *key, struct state_breaks *breaks);
    bool (*each_intent)(struct state *state, state_take_intent take, void *user);
    bool (*begin)(struct state *state);
    bool (*intend)(struct state *state, const struct state_intent *intent);
    bool (*settle)(struct state *state, const struct state_key *key, bool seen, int64_t time);
    bool (*broke)(struct state *state, const struct state_key *key, int64_t time);
    bool (*forget)(struct state *state, const struct state_key *key, uint32_t last);
    bool (*deleted)(struct state *state, const struct state_key *key, uint32_t last);
    bool (*prune)(struct state *state, state_is_listed is_listed, void *user, int64_t now);
    bool (*commit)(struct state *state);
    void (*close)(struct state *state); /* frees it */
};

/* The head of every kind. */
struct state {
    const struct state_kind *kind;
    const char *file;
    struct report *report;
};

/* Opens and locks the file; makes one where there is none. NULL after a report. `file` must outlive it. */
struct state *state_open(const char *file, struct report *report);
void state_close(struct state *state); /* NULL does nothing */

/* All calls below are about this account from here on. */
bool state_use(struct state *state, const char *account);

/* All that is known of other accounts for which `is_old` returns true becomes known of this one, and they are
 * forgotten.
 */
bool state_adopt(struct state *state, state_is_old is_old, void *user);

/* Messages that were stored while the clock was not set count as seen from `now` on. */
bool state_date(struct state *state, int64_t now);

enum state_found state_find(struct state *state, const struct state_key *key, struct state_seen *seen);

/* The mark of a message. */
enum state_found state_breaks(struct state *state, const struct state_key *key, struct state_breaks *breaks);

/* What `take` gets is good until it returns; it must not change the state. It returns false to stop. */
bool state_each_intent(struct state *state, state_take_intent take, void *user);

bool state_begin(struct state *state);
bool state_intend(struct state *state, const struct state_intent *intent);

/* The intent, if there is one, has come to its end. With `seen` the message counts as seen from `time` on; where it was
 * seen earlier, that time stays. */
bool state_settle(struct state *state, const struct state_key *key, bool seen, int64_t time);

/* The message was under way when a session broke. */
bool state_broke(struct state *state, const struct state_key *key, int64_t time);

/* The copies from key->copy to `last` are no longer on the server. */
bool state_forget(struct state *state, const struct state_key *key, uint32_t last);

/* The server has said that it deleted the copies from key->copy to `last`. */
bool state_deleted(struct state *state, const struct state_key *key, uint32_t last);

/* After a whole listing: of what is not in it, forgets what was deleted, and what has not been listed for
 * STATE_GONE_SECONDS. */
bool state_prune(struct state *state, state_is_listed is_listed, void *user, int64_t now);
bool state_commit(struct state *state);

/* The kinds. `fd` is open for reading and writing, and taken over. NULL after a report. */
struct state *state_sqlite_open(const char *file, int fd, struct report *report);
struct state *state_log_open(const char *file, int fd, struct report *report);

/* The first octets of a log. A digit and a line end follow: the version of the format. */
#define STATE_LOG_HEAD "popget state log "

/* Reports a failure and its remedy. Returns false, for its callers to return. */
bool state_fail(const char *file, struct report *report, const char *what);
void state_in_use(const char *file, struct report *report);

#endif
