/* What was fetched before: which kind of file it is, and what all kinds have in common.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char sqlite_head[16] = "SQLite format 3"; /* with its NUL */

bool state_fail(const char *file, struct report *report, const char *what)
{
    report_fatal(report, STATUS_IO, "state %s: %s", file, what);
    return false;
}

void state_in_use(const char *file, struct report *report)
{
    report_fatal(report, STATUS_TEMPORARY, "state %s: another popget uses it (try again later)", file);
}

/* The head of the file as far as it is there; the length, or -1 with errno set. */
static ssize_t read_head(int fd, char *head, size_t size)
{
    struct stat about;

    if (fstat(fd, &about) != 0) {
        return -1;
    }
    if (!S_ISREG(about.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    return pread(fd, head, size, 0);
}

static struct state *refuse(const char *file, int fd, struct report *report, const char *what)
{
    close(fd);
    state_fail(file, report, what);
    return NULL;
}

/* Which kind it is, by its first octets. Nothing that we do not know is ever written to. */
static struct state *open_kind(const char *file, int fd, const char *head, size_t len, struct report *report)
{
    static const char log_head[] = STATE_LOG_HEAD "1\n";
    static const char log_head_crlf[] = STATE_LOG_HEAD "1\r\n"; /* an editor or a copy has changed the line ends */
    size_t most = len < sizeof log_head - 1 ? len : sizeof log_head - 1;

    if (len == 0) {
        return POPGET_SQLITE ? state_sqlite_open(file, fd, report) : state_log_open(file, fd, report);
    }
    if (len >= sizeof sqlite_head && memcmp(head, sqlite_head, sizeof sqlite_head) == 0) {
        return state_sqlite_open(file, fd, report);
    }
    if (memcmp(head, log_head, most) == 0 ||
        (len >= sizeof log_head_crlf - 1 &&
         memcmp(head, log_head_crlf, sizeof log_head_crlf - 1) == 0)) { /* or as much of it as a crash has left */
        return state_log_open(file, fd, report);
    }
    if (len >= sizeof log_head - 1 && memcmp(head, STATE_LOG_HEAD, sizeof STATE_LOG_HEAD - 1) == 0) {
        return refuse(file, fd, report, "its format is newer than this popget (use a newer popget)");
    }
    return refuse(file, fd, report, "not a state file of popget (give the name of another file, or of none yet)");
}

struct state *state_open(const char *file, struct report *report)
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    char head[32];
    ssize_t len;

    if (fd < 0) {
        state_fail(file, report, strerror(errno));
        return NULL;
    }
    len = read_head(fd, head, sizeof head);
    if (len < 0) {
        return refuse(file, fd, report, errno == EINVAL ? "not a plain file" : strerror(errno));
    }
    return open_kind(file, fd, head, (size_t)len, report);
}

void state_close(struct state *state)
{
    if (state != NULL) {
        state->kind->close(state);
    }
}

bool state_use(struct state *state, const char *account)
{
    return state->kind->use(state, account);
}

bool state_adopt(struct state *state, state_is_old is_old, void *user)
{
    return state->kind->adopt(state, is_old, user);
}

bool state_date(struct state *state, int64_t now)
{
    return state->kind->date(state, now);
}

enum state_found state_find(struct state *state, const struct state_key *key, struct state_seen *seen)
{
    return state->kind->find(state, key, seen);
}

enum state_found state_breaks(struct state *state, const struct state_key *key, struct state_breaks *breaks)
{
    return state->kind->breaks(state, key, breaks);
}

bool state_each_intent(struct state *state, state_take_intent take, void *user)
{
    return state->kind->each_intent(state, take, user);
}

bool state_begin(struct state *state)
{
    return state->kind->begin(state);
}

bool state_intend(struct state *state, const struct state_intent *intent)
{
    return state->kind->intend(state, intent);
}

bool state_settle(struct state *state, const struct state_key *key, bool seen, int64_t time)
{
    return state->kind->settle(state, key, seen, time);
}

bool state_broke(struct state *state, const struct state_key *key, int64_t time)
{
    return state->kind->broke(state, key, time);
}

bool state_forget(struct state *state, const struct state_key *key, uint32_t last)
{
    return state->kind->forget(state, key, last);
}

bool state_deleted(struct state *state, const struct state_key *key, uint32_t last)
{
    return state->kind->deleted(state, key, last);
}

bool state_prune(struct state *state, state_is_listed is_listed, void *user, int64_t now)
{
    return state->kind->prune(state, is_listed, user, now);
}

bool state_commit(struct state *state)
{
    return state->kind->commit(state);
}
