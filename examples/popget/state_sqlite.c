/* What was fetched before, in an SQLite database.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The write-ahead log makes a commit one fsync(), and is played back by whoever opens the database after a crash. The
 * exclusive lock is kept for the whole run, and goes with the process.
 */
#define _POSIX_C_SOURCE 200809L

#include "state.h"

#include <sqlite3.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    APPLICATION = 0x65706F70, /* PRAGMA application_id: the letters of "epop" */
    VERSION = 1,
    WORD = 256
};

/* The statements, prepared once. */
enum {
    ACCOUNT_ADD,
    ACCOUNT_FIND,
    ADOPT_SEEN, /* these eight in this order */
    ADOPT_INTENTS,
    ADOPT_BREAKS,
    ADOPT_REST_SEEN,
    ADOPT_REST_INTENTS,
    ADOPT_REST_GONE,
    ADOPT_REST_BREAKS,
    ADOPT_END,
    DATE,
    FIND,
    BREAKS,
    INTENTS,
    BEGIN,
    INTEND,
    INTENT_END,
    SEEN,
    BROKE,
    FORGET,
    FORGET_GONE,
    FORGET_BREAKS,
    DELETED,
    PRUNE, /* these five in this order */
    PRUNE_BACK,
    PRUNE_CLOCK,
    PRUNE_GONE,
    PRUNE_BREAKS,
    COMMIT,
    STATEMENTS
};

#define OLD "(SELECT id FROM account WHERE id <> ?1 AND is_old(name))"
#define SAME "b.account = a.account AND b.id = a.id AND b.copy = a.copy"

static const char *const texts[STATEMENTS] = {
    "INSERT OR IGNORE INTO account(name) VALUES (?1)",
    "SELECT id FROM account WHERE name = ?1",
    "UPDATE OR IGNORE seen SET account = ?1 WHERE account IN " OLD,
    "UPDATE OR IGNORE intent SET account = ?1 WHERE account IN " OLD,
    "UPDATE OR IGNORE broken SET account = ?1 WHERE account IN " OLD,
    "DELETE FROM seen WHERE account IN " OLD,
    "DELETE FROM intent WHERE account IN " OLD,
    "DELETE FROM gone WHERE account IN " OLD,
    "DELETE FROM broken WHERE account IN " OLD,
    "DELETE FROM account WHERE id IN " OLD,
    "UPDATE seen SET first_seen = ?2 WHERE account = ?1 AND first_seen < ?3",
    "SELECT a.first_seen, EXISTS (SELECT 1 FROM gone AS b WHERE " SAME " AND b.deleted)"
    " FROM seen AS a WHERE a.account = ?1 AND a.id = ?2 AND a.copy = ?3",
    "SELECT count, last FROM broken WHERE account = ?1 AND id = ?2 AND copy = ?3",
    "SELECT id, copy, time, target, detail FROM intent WHERE account = ?1",
    "BEGIN IMMEDIATE",
    "INSERT OR REPLACE INTO intent(account, id, copy, time, target, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    "DELETE FROM intent WHERE account = ?1 AND id = ?2 AND copy = ?3",
    "INSERT OR IGNORE INTO seen(account, id, copy, first_seen) VALUES (?1, ?2, ?3, ?4)",
    "INSERT OR REPLACE INTO broken(account, id, copy, count, last) SELECT ?1, ?2, ?3, min(?5, 1 + ifnull("
    "(SELECT count FROM broken WHERE account = ?1 AND id = ?2 AND copy = ?3), 0)), ?4",
    "DELETE FROM seen WHERE account = ?1 AND id = ?2 AND copy BETWEEN ?3 AND ?4",
    "DELETE FROM gone WHERE account = ?1 AND id = ?2 AND copy BETWEEN ?3 AND ?4",
    "DELETE FROM broken WHERE account = ?1 AND id = ?2 AND copy BETWEEN ?3 AND ?4",
    "INSERT OR REPLACE INTO gone(account, id, copy, since, deleted)"
    " SELECT account, id, copy, 0, 1 FROM seen WHERE account = ?1 AND id = ?2 AND copy BETWEEN ?3 AND ?4",
    "DELETE FROM seen AS a WHERE account = ?1 AND NOT is_listed(id, copy) AND EXISTS"
    " (SELECT 1 FROM gone AS b WHERE " SAME " AND (b.deleted OR b.since <= ?2 - ?3))",
    "DELETE FROM gone AS a WHERE account = ?1 AND ((is_listed(id, copy) AND NOT deleted) OR NOT EXISTS"
    " (SELECT 1 FROM seen AS b WHERE " SAME "))",
    "UPDATE gone SET since = ?2 WHERE account = ?1 AND since > ?2",
    "INSERT OR IGNORE INTO gone(account, id, copy, since, deleted)"
    " SELECT account, id, copy, ?2, 0 FROM seen WHERE account = ?1 AND NOT is_listed(id, copy)",
    "DELETE FROM broken WHERE account = ?1 AND NOT is_listed(id, copy)",
    "COMMIT",
};

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE account(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE seen(account INTEGER NOT NULL REFERENCES account, id BLOB NOT NULL, copy INTEGER NOT NULL,"
    " first_seen INTEGER NOT NULL, PRIMARY KEY (account, id, copy)) WITHOUT ROWID;"
    "CREATE TABLE intent(account INTEGER NOT NULL REFERENCES account, id BLOB NOT NULL, copy INTEGER NOT NULL,"
    " time INTEGER NOT NULL, target TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (account, id, copy))"
    " WITHOUT ROWID;"
    "PRAGMA application_id = 1701867376;"
    "PRAGMA user_version = 1;"
    "COMMIT;";

/* What a popget of before did without: it does no harm where it is old. */
static const char additions[] =
    "CREATE TABLE IF NOT EXISTS gone(account INTEGER NOT NULL REFERENCES account, id BLOB NOT NULL,"
    " copy INTEGER NOT NULL, since INTEGER NOT NULL, deleted INTEGER NOT NULL, PRIMARY KEY (account, id, copy))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS broken(account INTEGER NOT NULL REFERENCES account, id BLOB NOT NULL,"
    " copy INTEGER NOT NULL, count INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (account, id, copy))"
    " WITHOUT ROWID;";

struct database {
    struct state state;
    sqlite3 *sqlite;
    sqlite3_stmt *statements[STATEMENTS];
    sqlite3_int64 account;
    state_is_listed is_listed; /* while pruning */
    state_is_old is_old;       /* while adopting */
    void *user;
};

static struct database *database_of(struct state *state)
{
    return (struct database *)(void *)state;
}

static bool fail(struct database *database)
{
    char what[WORD];
    int code = sqlite3_errcode(database->sqlite);

    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        state_in_use(database->state.file, database->state.report);
        return false;
    }
    snprintf(what, sizeof what, "%s%s", sqlite3_errmsg(database->sqlite),
             code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? " (nothing was changed; restore it, or move it away)"
                                                             : "");
    return state_fail(database->state.file, database->state.report, what);
}

/* Runs a statement that gives no rows, and leaves it ready for the next time. */
static bool run(struct database *database, int statement)
{
    sqlite3_stmt *prepared = database->statements[statement];
    bool good = sqlite3_step(prepared) == SQLITE_DONE || fail(database);

    sqlite3_reset(prepared);
    return good;
}

static sqlite3_stmt *bind_key(struct database *database, int statement, const struct state_key *key)
{
    sqlite3_stmt *prepared = database->statements[statement];

    sqlite3_bind_int64(prepared, 1, database->account);
    sqlite3_bind_blob64(prepared, 2, key->id, key->len, SQLITE_STATIC);
    sqlite3_bind_int64(prepared, 3, key->copy);
    return prepared;
}

static bool database_use(struct state *state, const char *account)
{
    struct database *database = database_of(state);
    sqlite3_stmt *find = database->statements[ACCOUNT_FIND];
    bool good;

    sqlite3_bind_text(database->statements[ACCOUNT_ADD], 1, account, -1, SQLITE_STATIC);
    if (!run(database, ACCOUNT_ADD)) {
        return false;
    }
    sqlite3_bind_text(find, 1, account, -1, SQLITE_STATIC);
    good = sqlite3_step(find) == SQLITE_ROW || fail(database);
    database->account = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    return good;
}

static enum state_found database_find(struct state *state, const struct state_key *key, struct state_seen *seen)
{
    struct database *database = database_of(state);
    sqlite3_stmt *find = bind_key(database, FIND, key);
    int result = sqlite3_step(find);

    if (result == SQLITE_ROW) {
        seen->first_seen = sqlite3_column_int64(find, 0);
        seen->deleted = sqlite3_column_int(find, 1) != 0;
    } else if (result != SQLITE_DONE) {
        fail(database);
    }
    sqlite3_reset(find);
    return result == SQLITE_ROW ? STATE_PRESENT : result == SQLITE_DONE ? STATE_ABSENT : STATE_FAILED;
}

static enum state_found database_breaks(struct state *state, const struct state_key *key, struct state_breaks *breaks)
{
    struct database *database = database_of(state);
    sqlite3_stmt *find = bind_key(database, BREAKS, key);
    int result = sqlite3_step(find);

    if (result == SQLITE_ROW) {
        breaks->count = (unsigned)sqlite3_column_int(find, 0);
        breaks->last = sqlite3_column_int64(find, 1);
    } else if (result != SQLITE_DONE) {
        fail(database);
    }
    sqlite3_reset(find);
    return result == SQLITE_ROW ? STATE_PRESENT : result == SQLITE_DONE ? STATE_ABSENT : STATE_FAILED;
}

static bool database_each_intent(struct state *state, state_take_intent take, void *user)
{
    struct database *database = database_of(state);
    sqlite3_stmt *rows = database->statements[INTENTS];
    struct state_intent intent;
    bool going_on = true;
    int result = SQLITE_DONE;

    sqlite3_bind_int64(rows, 1, database->account);
    while (going_on && (result = sqlite3_step(rows)) == SQLITE_ROW) {
        intent.key.id = (const uint8_t *)sqlite3_column_blob(rows, 0);
        intent.key.len = (size_t)sqlite3_column_bytes(rows, 0);
        intent.key.copy = (uint32_t)sqlite3_column_int64(rows, 1);
        intent.time = sqlite3_column_int64(rows, 2);
        intent.target = (const char *)sqlite3_column_text(rows, 3);
        intent.detail = (const char *)sqlite3_column_text(rows, 4);
        going_on = take(user, &intent);
    }
    if (going_on && result != SQLITE_DONE) {
        going_on = fail(database);
    }
    sqlite3_reset(rows);
    return going_on;
}

static bool database_begin(struct state *state)
{
    return run(database_of(state), BEGIN);
}

static bool database_intend(struct state *state, const struct state_intent *intent)
{
    struct database *database = database_of(state);
    sqlite3_stmt *intend = bind_key(database, INTEND, &intent->key);

    sqlite3_bind_int64(intend, 4, intent->time);
    sqlite3_bind_text(intend, 5, intent->target, -1, SQLITE_STATIC);
    sqlite3_bind_text(intend, 6, intent->detail, -1, SQLITE_STATIC);
    return run(database, INTEND);
}

static bool database_settle(struct state *state, const struct state_key *key, bool seen, int64_t time)
{
    struct database *database = database_of(state);

    bind_key(database, INTENT_END, key);
    if (!run(database, INTENT_END)) {
        return false;
    }
    if (!seen) {
        return true;
    }
    sqlite3_bind_int64(bind_key(database, SEEN, key), 4, time);
    sqlite3_bind_int64(bind_key(database, FORGET_BREAKS, key), 4, key->copy);
    return run(database, SEEN) && run(database, FORGET_BREAKS);
}

static bool database_broke(struct state *state, const struct state_key *key, int64_t time)
{
    struct database *database = database_of(state);
    sqlite3_stmt *broke = bind_key(database, BROKE, key);

    sqlite3_bind_int64(broke, 4, time);
    sqlite3_bind_int64(broke, 5, STATE_BREAKS_MOST);
    return run(database, BROKE);
}

static bool database_forget(struct state *state, const struct state_key *key, uint32_t last)
{
    struct database *database = database_of(state);

    sqlite3_bind_int64(bind_key(database, FORGET, key), 4, last);
    sqlite3_bind_int64(bind_key(database, FORGET_GONE, key), 4, last);
    sqlite3_bind_int64(bind_key(database, FORGET_BREAKS, key), 4, last);
    return run(database, FORGET) && run(database, FORGET_GONE) && run(database, FORGET_BREAKS);
}

static bool database_deleted(struct state *state, const struct state_key *key, uint32_t last)
{
    struct database *database = database_of(state);

    sqlite3_bind_int64(bind_key(database, DELETED, key), 4, last);
    return run(database, DELETED);
}

/* The SQL function that asks whether a row is still listed. */
static void sql_is_listed(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct database *database = (struct database *)sqlite3_user_data(context);
    struct state_key key;

    (void)count;
    key.id = (const uint8_t *)sqlite3_value_blob(values[0]);
    key.len = (size_t)sqlite3_value_bytes(values[0]);
    key.copy = (uint32_t)sqlite3_value_int64(values[1]);
    sqlite3_result_int(context, database->is_listed(database->user, &key));
}

/* Statements about the account in use, in order; parameters that one does not have are not missed. */
static bool run_all(struct database *database, int first, int last, int64_t now, int64_t seconds)
{
    bool good = true;

    for (; good && first <= last; first++) {
        sqlite3_bind_int64(database->statements[first], 1, database->account);
        sqlite3_bind_int64(database->statements[first], 2, now);
        sqlite3_bind_int64(database->statements[first], 3, seconds);
        good = run(database, first);
    }
    return good;
}

static bool database_prune(struct state *state, state_is_listed is_listed, void *user, int64_t now)
{
    struct database *database = database_of(state);

    database->is_listed = is_listed;
    database->user = user;
    return run_all(database, PRUNE, PRUNE_BREAKS, now, STATE_GONE_SECONDS);
}

/* The SQL function that asks whether an account is to be adopted. */
static void sql_is_old(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct database *database = (struct database *)sqlite3_user_data(context);

    (void)count;
    sqlite3_result_int(context, database->is_old(database->user, (const char *)sqlite3_value_text(values[0])));
}

/* Nothing is left of the old one: SQLite may give its number to a later account. */
static bool database_adopt(struct state *state, state_is_old is_old, void *user)
{
    struct database *database = database_of(state);

    database->is_old = is_old;
    database->user = user;
    return run_all(database, ADOPT_SEEN, ADOPT_END, 0, 0);
}

static bool database_date(struct state *state, int64_t now)
{
    return run_all(database_of(state), DATE, DATE, now, STATE_CLOCK_LEAST);
}

static bool database_commit(struct state *state)
{
    return run(database_of(state), COMMIT);
}

static void database_close(struct state *state)
{
    struct database *database = database_of(state);
    int i;

    for (i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(database->statements[i]);
    }
    sqlite3_close(database->sqlite);
    free(database);
}

static const struct state_kind kind = {
    .use = database_use,
    .adopt = database_adopt,
    .date = database_date,
    .find = database_find,
    .breaks = database_breaks,
    .each_intent = database_each_intent,
    .begin = database_begin,
    .intend = database_intend,
    .settle = database_settle,
    .broke = database_broke,
    .forget = database_forget,
    .deleted = database_deleted,
    .prune = database_prune,
    .commit = database_commit,
    .close = database_close,
};

static bool execute(struct database *database, const char *text)
{
    return sqlite3_exec(database->sqlite, text, NULL, NULL, NULL) == SQLITE_OK || fail(database);
}

/* The number that a PRAGMA tells, or -1 after a report. */
static int ask_number(struct database *database, const char *text)
{
    sqlite3_stmt *statement = NULL;
    int number = -1;

    if (sqlite3_prepare_v2(database->sqlite, text, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        number = sqlite3_column_int(statement, 0);
    } else {
        fail(database);
    }
    sqlite3_finalize(statement);
    return number;
}

/* Whose database it is, and how new. One without any table is as good as a fresh file: popget was stopped while making
 * it. */
static bool check_format(struct database *database)
{
    const struct state *state = &database->state;
    int tables = ask_number(database, "SELECT count(*) FROM sqlite_master");
    int application = tables < 0 ? -1 : ask_number(database, "PRAGMA application_id");
    int version = application < 0 ? -1 : ask_number(database, "PRAGMA user_version");

    if (version < 0) {
        return false;
    }
    if (tables == 0) {
        return execute(database, schema) && execute(database, additions);
    }
    if (application != APPLICATION) {
        return state_fail(state->file, state->report, "an SQLite database of another program (give another file)");
    }
    return version <= VERSION
               ? execute(database, additions)
               : state_fail(state->file, state->report, "its format is newer than this popget (use a newer popget)");
}

static bool prepare(struct database *database)
{
    int i;

    for (i = 0; i < STATEMENTS; i++) {
        if (sqlite3_prepare_v2(database->sqlite, texts[i], -1, &database->statements[i], NULL) != SQLITE_OK) {
            return fail(database);
        }
    }
    return true;
}

static bool add_function(struct database *database, const char *name, int arguments,
                         void (*call)(sqlite3_context *, int, sqlite3_value **))
{
    return sqlite3_create_function(database->sqlite, name, arguments, SQLITE_UTF8, database, call, NULL, NULL) ==
               SQLITE_OK ||
           fail(database);
}

/* The lock is taken by the first transaction, and kept. Whose database it is, is asked before anything is set: the
 * journal mode is written into the file. */
static bool start(struct database *database)
{
    return execute(database, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF") &&
           execute(database, "BEGIN IMMEDIATE; COMMIT") && check_format(database) &&
           execute(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE; COMMIT") &&
           add_function(database, "is_listed", 2, sql_is_listed) && add_function(database, "is_old", 1, sql_is_old) &&
           prepare(database);
}

struct state *state_sqlite_open(const char *file, int fd, struct report *report)
{
    struct database *database = (struct database *)calloc(1, sizeof *database);
    char name[PATH_MAX];

    close(fd); /* SQLite opens it anew, before there is a lock to be lost by this */
    /* Some names have a meaning for SQLite, ":memory:" for one; a path has none. */
    snprintf(name, sizeof name, "%s%s", file[0] == '/' ? "" : "./", file);
    if (database == NULL) {
        report_fatal(report, STATUS_TEMPORARY, "out of memory");
        return NULL;
    }
    database->state.kind = &kind;
    database->state.file = file;
    database->state.report = report;
    if (sqlite3_open_v2(name, &database->sqlite, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        fail(database);
    } else if (start(database)) {
        return &database->state;
    }
    database_close(&database->state);
    return NULL;
}
