/* What was fetched before, in a plain file: a log of changes, read into memory at the start.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Lines are only ever added. A last line without its end was cut off by a crash, has never been relied on, and is
 * ignored. Where most lines have been overtaken by later ones, a short file takes the place of the long one.
 */
#define _POSIX_C_SOURCE 200809L

#include "log_table.h"
#include "outfile.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char head[] = STATE_LOG_HEAD "1\n";

enum {
    LINES_IN_VAIN = 1000 /* too few to be worth a new file */
};

struct log {
    struct state state;
    FILE *file; /* one descriptor only: closing another one of the same file would give up the lock */
    struct log_table table;
    uint32_t account; /* in use */
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
    struct record record = {kind, log->table.accounts[log->account], *intent};

    log->lines++;
    if (!log_table_apply(&log->table, log->account, &record)) {
        return no_memory(log);
    }
    log->broken = !record_write(log->file, &record) || log->broken;
    return !log->broken || fail(log);
}

static bool log_use(struct state *state, const char *account)
{
    struct log *log = log_of(state);

    return log_table_account(&log->table, account, &log->account) || no_memory(log);
}

static const struct entry *look_up(const struct log *log, const struct state_key *key)
{
    return log_table_find(&log->table, log->account, key);
}

static enum state_found log_find(struct state *state, const struct state_key *key, struct state_seen *seen)
{
    const struct entry *entry = look_up(log_of(state), key);

    if (entry == NULL || !entry->seen) {
        return STATE_ABSENT;
    }
    seen->first_seen = entry->first_seen;
    seen->deleted = entry->deleted;
    return STATE_PRESENT;
}

static enum state_found log_breaks(struct state *state, const struct state_key *key, struct state_breaks *breaks)
{
    const struct entry *entry = look_up(log_of(state), key);

    if (entry == NULL || entry->breaks.count == 0) {
        return STATE_ABSENT;
    }
    *breaks = entry->breaks;
    return STATE_PRESENT;
}

static bool log_each_intent(struct state *state, state_take_intent take, void *user)
{
    const struct log *log = log_of(state);
    const struct entry *entry;
    size_t i;

    for (i = 0; i < log->table.place_count; i++) {
        entry = log->table.places[i];
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

static bool log_broke(struct state *state, const struct state_key *key, int64_t time)
{
    struct state_intent intent = {*key, time, "", ""};

    return add(log_of(state), RECORD_BROKE, &intent);
}

/* Whether there is anything to be forgotten, intents apart. */
static bool is_known(const struct entry *entry)
{
    return entry->seen || entry->breaks.count > 0;
}

/* One record for each copy that it changes. */
static bool add_copies(struct log *log, int kind, const struct state_key *key, uint32_t last)
{
    struct state_intent intent = {*key, 0, "", ""};
    const struct entry *entry;
    uint64_t copy;

    for (copy = key->copy; copy <= last; copy++) {
        intent.key.copy = (uint32_t)copy;
        entry = look_up(log, &intent.key);
        if (entry != NULL && (kind == RECORD_FORGET ? is_known(entry) : entry->seen) && !add(log, kind, &intent)) {
            return false;
        }
    }
    return true;
}

static bool log_forget(struct state *state, const struct state_key *key, uint32_t last)
{
    return add_copies(log_of(state), RECORD_FORGET, key, last);
}

static bool log_deleted(struct state *state, const struct state_key *key, uint32_t last)
{
    return add_copies(log_of(state), RECORD_DELETED, key, last);
}

/* What a whole listing changes; 0: nothing. Where the clock was set back, time begins anew. */
static int change_of(const struct entry *entry, bool is_listed, int64_t now, int64_t *time)
{
    *time = 0;
    if (!entry->seen) {
        return is_listed ? 0 : RECORD_FORGET;
    }
    if (is_listed) {
        return entry->gone > 0 ? RECORD_GONE : 0;
    }
    if (entry->deleted || (entry->gone > 0 && now - entry->gone >= STATE_GONE_SECONDS)) {
        return RECORD_FORGET;
    }
    *time = now;
    return entry->gone == 0 || entry->gone > now ? RECORD_GONE : 0;
}

static bool log_prune(struct state *state, state_is_listed is_listed, void *user, int64_t now)
{
    struct log *log = log_of(state);
    struct state_intent intent = {{NULL, 0, 0}, 0, "", ""};
    const struct entry *entry;
    int change;
    size_t i;

    for (i = 0; i < log->table.place_count; i++) {
        entry = log->table.places[i];
        if (entry == NULL || entry->account != log->account || !is_known(entry)) {
            continue;
        }
        change = change_of(entry, is_listed(user, &entry->intent.key), now, &intent.time);
        intent.key = entry->intent.key;
        if (change != 0 && !add(log, change, &intent)) {
            return false;
        }
    }
    return true;
}

static bool log_date(struct state *state, int64_t now)
{
    struct log *log = log_of(state);
    struct state_intent intent = {{NULL, 0, 0}, now, "", ""};
    const struct entry *entry;
    size_t i;

    for (i = 0; i < log->table.place_count; i++) {
        entry = log->table.places[i];
        if (entry != NULL && entry->account == log->account && entry->seen && entry->first_seen < STATE_CLOCK_LEAST) {
            intent.key = entry->intent.key;
            if (!add(log, RECORD_SEEN, &intent)) {
                return false;
            }
        }
    }
    return true;
}

/* As many records as there were breaks. */
static bool add_breaks(struct log *log, const struct entry *entry)
{
    struct state_intent broke = {entry->intent.key, entry->breaks.last, "", ""};
    unsigned count = entry->breaks.count;

    while (count > 0 && add(log, RECORD_BROKE, &broke)) {
        count--;
    }
    return count == 0;
}

/* A message of another account becomes one of the account in use. */
static bool adopt_entry(struct log *log, const struct entry *entry)
{
    struct state_intent seen = {entry->intent.key, entry->first_seen, "", ""};
    uint32_t account = log->account;
    bool good = (!entry->seen || add(log, RECORD_SEEN, &seen)) && add_breaks(log, entry) &&
                (entry->intent.target == NULL || add(log, RECORD_INTENT, &entry->intent));

    log->account = entry->account;
    good = good && (!is_known(entry) || add(log, RECORD_FORGET, &seen)) &&
           (entry->intent.target == NULL || add(log, RECORD_END, &seen));
    log->account = account;
    return good;
}

/* The table may grow meanwhile, so its entries are listed first. */
static bool adopt_account(struct log *log, uint32_t account)
{
    struct entry **entries = (struct entry **)malloc((log->table.entry_count + 1) * sizeof(struct entry *));
    size_t count = 0;
    bool good = true;
    size_t i;

    if (entries == NULL) {
        return no_memory(log);
    }
    for (i = 0; i < log->table.place_count; i++) {
        if (log->table.places[i] != NULL && log->table.places[i]->account == account) {
            entries[count++] = log->table.places[i];
        }
    }
    for (i = 0; i < count && good; i++) {
        good = adopt_entry(log, entries[i]);
    }
    free((void *)entries);
    return good;
}

static bool log_adopt(struct state *state, state_is_old is_old, void *user)
{
    struct log *log = log_of(state);
    size_t i;

    for (i = 0; i < log->table.account_count; i++) {
        if (i != log->account && is_old(user, log->table.accounts[i]) && !adopt_account(log, (uint32_t)i)) {
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
    log_table_free(&log->table);
    free(log);
}

static const struct state_kind kind = {
    .use = log_use,
    .adopt = log_adopt,
    .date = log_date,
    .find = log_find,
    .breaks = log_breaks,
    .each_intent = log_each_intent,
    .begin = log_begin,
    .intend = log_intend,
    .settle = log_settle,
    .broke = log_broke,
    .forget = log_forget,
    .deleted = log_deleted,
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

/* The length without the line end, which is LF, or CRLF where an editor or a copy has made it so: a CR within a line is
 * always escaped. */
static size_t cut_line_end(char *line, size_t len)
{
    len--;
    if (len > 0 && line[len - 1] == '\r') {
        len--;
    }
    line[len] = '\0';
    return len;
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
    return (log_table_account(&log->table, record.account, &account) &&
            log_table_apply(&log->table, account, &record)) ||
           no_memory(log);
}

/* Where the whole lines end; -1 after a report. */
static off_t read_lines(struct log *log)
{
    char *line = NULL;
    size_t size = 0;
    off_t end = 0;
    ssize_t len = 0;
    bool good = fseeko(log->file, 0, SEEK_SET) == 0 || fail(log);

    if (good && (len = getline(&line, &size, log->file)) > 0) { /* the head, which was looked at before */
        end = len;
    }
    while (good && (len = getline(&line, &size, log->file)) > 0 && line[len - 1] == '\n') {
        good = take_line(log, line, cut_line_end(line, (size_t)len));
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
    const struct state_intent *intent = &entry->intent;
    const struct {
        bool wanted;
        struct record record;
    } rows[] = {
        {entry->seen, {RECORD_SEEN, NULL, {intent->key, entry->first_seen, "", ""}}},
        {entry->gone > 0, {RECORD_GONE, NULL, {intent->key, entry->gone, "", ""}}},
        {entry->breaks.count > 0, {RECORD_BROKE, NULL, {intent->key, entry->breaks.last, "", ""}}},
        {entry->breaks.count > 1, {RECORD_BROKE, NULL, {intent->key, entry->breaks.last, "", ""}}},
        {entry->breaks.count > 2, {RECORD_BROKE, NULL, {intent->key, entry->breaks.last, "", ""}}},
        {entry->deleted, {RECORD_DELETED, NULL, {intent->key, 0, "", ""}}},
        {intent->target != NULL, {RECORD_INTENT, NULL, *intent}},
    };
    struct record record;
    size_t i;

    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        record = rows[i].record;
        record.account = log->table.accounts[entry->account];
        if (rows[i].wanted && !record_write(out, &record)) {
            return false;
        }
        *lines += rows[i].wanted;
    }
    return true;
}

static bool write_all(const struct log *log, FILE *out, size_t *lines)
{
    bool good = fputs(head, out) >= 0;
    size_t i;

    for (i = 0; i < log->table.place_count && good; i++) {
        good = log->table.places[i] == NULL || write_entry(log, out, log->table.places[i], lines);
    }
    return good && sync_file(out);
}

static size_t count_live(const struct log *log)
{
    size_t live = 0;
    size_t i;

    for (i = 0; i < log->table.place_count; i++) {
        live += log->table.places[i] != NULL && log->table.places[i]->seen;
        live += log->table.places[i] != NULL && log->table.places[i]->breaks.count > 0;
        live += log->table.places[i] != NULL && log->table.places[i]->intent.target != NULL;
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
