/* What was fetched before, in a plain file: a log of changes, read into memory at the start.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Lines are only ever added. A last line without its end was cut off by a crash, has never been relied on, and is
 * ignored. Where most lines have been overtaken by later ones, a short file takes the place of the long one.
 */
#define _POSIX_C_SOURCE 200809L

#include "outfile.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static const char head[] = STATE_LOG_HEAD "1\n";

enum {
    ACCOUNTS_STEP = 16,
    PLACES_FIRST = 1024, /* a power of 2 */
    LINES_IN_VAIN = 1000 /* too few to be worth a new file */
};

/* A message of any account. One that is neither seen nor intended is as good as none. */
struct entry {
    struct state_intent intent; /* `key.id` stands behind the entry; `target` is NULL where there is no intent */
    uint64_t hash;
    int64_t first_seen;
    uint32_t account;
    bool seen;
};

struct log {
    struct state state;
    FILE *file; /* one descriptor only: closing another one of the same file would give up the lock */
    char **accounts;
    size_t account_count;
    uint32_t account; /* in use */
    struct entry **places;
    size_t place_count;
    size_t entry_count;
    size_t lines;
    bool broken; /* a part of a line may stand at the end: nothing may go behind it, so that it is ignored */
};

static struct log *log_of(struct state *state)
{
    return (struct log *)(void *)state;
}

static bool fail(struct log *log)
{
    return state_fail(log->state.file, log->state.report, strerror(errno));
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The table
 */

static uint64_t hash_of(uint32_t account, const struct state_key *key)
{
    return XXH64(key->id, key->len, ((uint64_t)account << 32) | key->copy);
}

/* Where the message is, or would go. */
static struct entry **place_of(const struct log *log, uint32_t account, const struct state_key *key)
{
    uint64_t hash = hash_of(account, key);
    size_t at = (size_t)hash & (log->place_count - 1);
    const struct entry *entry;

    while ((entry = log->places[at]) != NULL &&
           (entry->hash != hash || entry->account != account || entry->intent.key.copy != key->copy ||
            entry->intent.key.len != key->len || memcmp(entry->intent.key.id, key->id, key->len) != 0)) {
        at = (at + 1) & (log->place_count - 1);
    }
    return &log->places[at];
}

static bool grow_table(struct log *log)
{
    size_t count = log->place_count > 0 ? 2 * log->place_count : (size_t)PLACES_FIRST;
    struct entry **places = (struct entry **)calloc(count, sizeof(struct entry *));
    size_t i;
    size_t at;

    if (places == NULL) {
        return false;
    }
    for (i = 0; i < log->place_count; i++) {
        if (log->places[i] != NULL) {
            for (at = (size_t)log->places[i]->hash & (count - 1); places[at] != NULL; at = (at + 1) & (count - 1)) {
            }
            places[at] = log->places[i];
        }
    }
    free(log->places);
    log->places = places;
    log->place_count = count;
    return true;
}

/* The entry of a message, made where there is none; NULL where there is no memory. */
static struct entry *entry_of(struct log *log, uint32_t account, const struct state_key *key)
{
    struct entry **place;
    struct entry *entry;
    uint8_t *id;

    if (log->place_count > 0 && *place_of(log, account, key) != NULL) {
        return *place_of(log, account, key);
    }
    if (2 * log->entry_count >= log->place_count && !grow_table(log)) {
        return NULL;
    }
    place = place_of(log, account, key);
    entry = (struct entry *)calloc(1, sizeof *entry + key->len);
    if (entry == NULL) {
        return NULL;
    }
    id = (uint8_t *)(entry + 1);
    if (key->len > 0) {
        memcpy(id, key->id, key->len);
    }
    entry->intent.key = *key;
    entry->intent.key.id = id;
    entry->account = account;
    entry->hash = hash_of(account, key);
    log->entry_count++;
    *place = entry;
    return entry;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = (char *)malloc(size);

    return copy != NULL ? (char *)memcpy(copy, text, size) : NULL;
}

/* The texts of an intent are one allocation, which `target` points to. */
static void drop_intent(struct entry *entry)
{
    free((void *)(uintptr_t)entry->intent.target);
    entry->intent.target = NULL;
}

static bool set_intent(struct entry *entry, const struct state_intent *intent)
{
    size_t target = strlen(intent->target) + 1;
    size_t detail = strlen(intent->detail) + 1;
    char *texts = (char *)malloc(target + detail);

    if (texts == NULL) {
        return false;
    }
    memcpy(texts, intent->target, target);
    memcpy(texts + target, intent->detail, detail);
    drop_intent(entry);
    entry->intent.target = texts;
    entry->intent.detail = texts + target;
    entry->intent.time = intent->time;
    return true;
}

/* The number of an account; false where there is no memory. */
static bool number_account(struct log *log, const char *name, uint32_t *number)
{
    char **accounts = log->accounts;
    size_t i;

    for (i = log->account_count; i-- > 0;) {
        if (strcmp(log->accounts[i], name) == 0) {
            *number = (uint32_t)i;
            return true;
        }
    }
    if (log->account_count % ACCOUNTS_STEP == 0) {
        accounts = (char **)realloc(accounts, (log->account_count + ACCOUNTS_STEP) * sizeof(char *));
        if (accounts == NULL) {
            return false;
        }
        log->accounts = accounts;
    }
    accounts[log->account_count] = copy_text(name);
    *number = (uint32_t)log->account_count;
    log->account_count += accounts[log->account_count] != NULL;
    return *number < log->account_count;
}

/* What a record changes in the table. */
static bool apply(struct log *log, uint32_t account, const struct record *record)
{
    struct entry *entry = entry_of(log, account, &record->intent.key);

    if (entry == NULL) {
        return false;
    }
    switch (record->kind) {
    case RECORD_SEEN:
        entry->first_seen = entry->seen ? entry->first_seen : record->intent.time;
        entry->seen = true;
        drop_intent(entry);
        return true;
    case RECORD_INTENT:
        return set_intent(entry, &record->intent);
    case RECORD_FORGET:
        entry->seen = false;
        return true;
    default:
        drop_intent(entry);
        return true;
    }
}

static void free_table(struct log *log)
{
    size_t i;

    for (i = 0; i < log->place_count; i++) {
        if (log->places[i] != NULL) {
            drop_intent(log->places[i]);
            free(log->places[i]);
        }
    }
    for (i = 0; i < log->account_count; i++) {
        free(log->accounts[i]);
    }
    free(log->places);
    free(log->accounts);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Changes
 */

static bool no_memory(struct log *log)
{
    report_fatal(log->state.report, STATUS_TEMPORARY, "state %s: out of memory", log->state.file);
    return false;
}

/* To the table and to the file, where it is safe after log_commit. */
static bool add(struct log *log, int kind, const struct state_intent *intent)
{
    struct record record = {kind, log->accounts[log->account], *intent};

    log->lines++;
    if (!apply(log, log->account, &record)) {
        return no_memory(log);
    }
    log->broken = !record_write(log->file, &record) || log->broken;
    return !log->broken || fail(log);
}

static bool log_use(struct state *state, const char *account)
{
    struct log *log = log_of(state);

    return number_account(log, account, &log->account) || no_memory(log);
}

static const struct entry *look_up(const struct log *log, const struct state_key *key)
{
    return log->place_count > 0 ? *place_of(log, log->account, key) : NULL;
}

static enum state_found log_find(struct state *state, const struct state_key *key, int64_t *first_seen)
{
    const struct entry *entry = look_up(log_of(state), key);

    if (entry == NULL || !entry->seen) {
        return STATE_ABSENT;
    }
    *first_seen = entry->first_seen;
    return STATE_PRESENT;
}

static bool log_each_intent(struct state *state, state_take_intent take, void *user)
{
    const struct log *log = log_of(state);
    const struct entry *entry;
    size_t i;

    for (i = 0; i < log->place_count; i++) {
        entry = log->places[i];
        if (entry != NULL && entry->account == log->account && entry->intent.target != NULL &&
            !take(user, &entry->intent)) {
            return false;
        }
    }
    return true;
}

static bool log_begin(struct state *state)
{
    return !log_of(state)->broken;
}

static bool log_intend(struct state *state, const struct state_intent *intent)
{
    return add(log_of(state), RECORD_INTENT, intent);
}

static bool log_settle(struct state *state, const struct state_key *key, bool seen, int64_t time)
{
    struct state_intent intent = {*key, time, "", ""};

    return add(log_of(state), seen ? RECORD_SEEN : RECORD_END, &intent);
}

static bool log_forget(struct state *state, const struct state_key *key, uint32_t last)
{
    struct log *log = log_of(state);
    struct state_intent intent = {*key, 0, "", ""};
    const struct entry *entry;
    uint64_t copy;

    for (copy = key->copy; copy <= last; copy++) {
        intent.key.copy = (uint32_t)copy;
        entry = look_up(log, &intent.key);
        if (entry != NULL && entry->seen && !add(log, RECORD_FORGET, &intent)) {
            return false;
        }
    }
    return true;
}

static bool log_prune(struct state *state, state_is_listed is_listed, void *user)
{
    struct log *log = log_of(state);
    struct state_intent intent = {{NULL, 0, 0}, 0, "", ""};
    const struct entry *entry;
    size_t i;

    for (i = 0; i < log->place_count; i++) {
        entry = log->places[i];
        if (entry == NULL || entry->account != log->account || !entry->seen || is_listed(user, &entry->intent.key)) {
            continue;
        }
        intent.key = entry->intent.key;
        if (!add(log, RECORD_FORGET, &intent)) {
            return false;
        }
    }
    return true;
}

static bool sync_file(FILE *file)
{
    return fflush(file) == 0 && fsync(fileno(file)) == 0;
}

static bool log_commit(struct state *state)
{
    struct log *log = log_of(state);

    log->broken = !sync_file(log->file) || log->broken;
    return !log->broken || fail(log);
}

static void log_close(struct state *state)
{
    struct log *log = log_of(state);

    if (log->file != NULL) {
        fclose(log->file);
    }
    free_table(log);
    free(log);
}

static const struct state_kind kind = {
    .use = log_use,
    .find = log_find,
    .each_intent = log_each_intent,
    .begin = log_begin,
    .intend = log_intend,
    .settle = log_settle,
    .forget = log_forget,
    .prune = log_prune,
    .commit = log_commit,
    .close = log_close,
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Opening
 */

static bool lock(FILE *file)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return fcntl(fileno(file), F_SETLK, &whole) == 0;
}

/* True where `name` is still the file that was opened: another popget may have put a shorter one in its place. */
static bool is_same_file(FILE *file, const char *name)
{
    struct stat opened;
    struct stat named;

    return fstat(fileno(file), &opened) == 0 && stat(name, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

static bool lock_log(struct log *log)
{
    if (lock(log->file) && is_same_file(log->file, log->state.file)) {
        return true;
    }
    state_in_use(log->state.file, log->state.report);
    return false;
}

static bool take_line(struct log *log, char *line, size_t len)
{
    struct record record;
    uint32_t account;
    char what[96];

    log->lines++;
    if (!record_parse(&record, line, len)) {
        snprintf(what, sizeof what, "line %zu is damaged (nothing was changed; restore the file, or move it away)",
                 log->lines + 1);
        return state_fail(log->state.file, log->state.report, what);
    }
    return (number_account(log, record.account, &account) && apply(log, account, &record)) || no_memory(log);
}

/* Where the whole lines end; -1 after a report. */
static off_t read_lines(struct log *log)
{
    char *line = NULL;
    size_t size = 0;
    off_t end = (off_t)(sizeof head - 1);
    bool good = fseeko(log->file, end, SEEK_SET) == 0 || fail(log);
    ssize_t len = 0;

    while (good && (len = getline(&line, &size, log->file)) > 0 && line[len - 1] == '\n') {
        line[len - 1] = '\0';
        good = take_line(log, line, (size_t)len - 1);
        end += len;
    }
    if (good && ferror(log->file)) {
        good = fail(log);
    }
    free(line);
    return good ? end : -1;
}

/* Cuts off what a crash has left of a line, and stands at the end. */
static bool go_to_end(struct log *log, off_t end)
{
    struct stat about;

    clearerr(log->file);
    if (fseeko(log->file, end, SEEK_SET) != 0 || fstat(fileno(log->file), &about) != 0 ||
        (about.st_size > end && ftruncate(fileno(log->file), end) != 0)) {
        return fail(log);
    }
    return true;
}

static bool write_entry(const struct log *log, FILE *out, const struct entry *entry, size_t *lines)
{
    struct record record = {RECORD_SEEN, log->accounts[entry->account], entry->intent};
    bool good = true;

    if (entry->seen) {
        record.intent.time = entry->first_seen;
        record.intent.target = record.intent.detail = "";
        good = record_write(out, &record);
        *lines += 1;
    }
    if (good && entry->intent.target != NULL) {
        record.kind = RECORD_INTENT;
        record.intent = entry->intent;
        good = record_write(out, &record);
        *lines += 1;
    }
    return good;
}

static bool write_all(const struct log *log, FILE *out, size_t *lines)
{
    bool good = fputs(head, out) >= 0;
    size_t i;

    for (i = 0; i < log->place_count && good; i++) {
        good = log->places[i] == NULL || write_entry(log, out, log->places[i], lines);
    }
    return good && sync_file(out);
}

static size_t count_live(const struct log *log)
{
    size_t live = 0;
    size_t i;

    for (i = 0; i < log->place_count; i++) {
        live += log->places[i] != NULL && log->places[i]->seen;
        live += log->places[i] != NULL && log->places[i]->intent.target != NULL;
    }
    return live;
}

/* The new file is locked before it gets the name, so that nobody comes in between. */
static bool compact(struct log *log)
{
    char name[PATH_MAX];
    size_t lines = 0;
    FILE *out = NULL;
    int fd = -1;

    if (snprintf(name, sizeof name, "%s.new", log->state.file) < (int)sizeof name) {
        fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        out = fd >= 0 ? fdopen(fd, "r+") : NULL;
    }
    if (out == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return fail(log);
    }
    if (!lock(out) || !write_all(log, out, &lines) || rename(name, log->state.file) != 0 ||
        !outfile_sync_name(log->state.file)) {
        fail(log);
        fclose(out);
        return false;
    }
    fclose(log->file);
    log->file = out;
    log->lines = lines;
    return true;
}

/* Empty, or cut off within its first line. What was there before the lock does not count. */
static bool is_fresh(const struct log *log)
{
    struct stat about;

    return fstat(fileno(log->file), &about) == 0 && about.st_size < (off_t)(sizeof head - 1);
}

static bool start(struct log *log)
{
    off_t end;

    if (!lock_log(log)) {
        return false;
    }
    if (is_fresh(log)) {
        return (fputs(head, log->file) >= 0 && sync_file(log->file) && outfile_sync_name(log->state.file)) || fail(log);
    }
    end = read_lines(log);
    if (end < 0 || !go_to_end(log, end)) {
        return false;
    }
    return log->lines < 2 * count_live(log) + LINES_IN_VAIN || compact(log);
}

struct state *state_log_open(const char *file, int fd, struct report *report)
{
    struct log *log = (struct log *)calloc(1, sizeof *log);

    if (log == NULL) {
        close(fd);
        report_fatal(report, STATUS_TEMPORARY, "out of memory");
        return NULL;
    }
    log->state.kind = &kind;
    log->state.file = file;
    log->state.report = report;
    log->file = fdopen(fd, "r+");
    if (log->file == NULL) {
        close(fd);
        fail(log);
    } else if (start(log)) {
        return &log->state;
    }
    log_close(&log->state);
    return NULL;
}
