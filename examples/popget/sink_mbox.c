/* Messages to the end of an mbox file (RFC 4155, with the quoting of mboxrd).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A message is received into a temporary file and appended when it is whole. So the lock that keeps other programs out
 * is held for the length of a copy, not of a download, and a program that is killed leaves no half message behind.
 */
#define _POSIX_C_SOURCE 200809L

#include "outfile.h"
#include "signals.h"
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LOCK_WAIT = 60, /* seconds; a mail program that rewrites a large mailbox may need some */
    LOCK_STEP = 100 /* milliseconds */
};

static const char word[] = "From ";

enum { WORD = sizeof word - 1 };

struct mbox {
    struct sink sink;
    const char *name;
    struct outfile spool; /* the message, quoted */
    struct outfile out;   /* the mailbox, while it is locked */
    off_t end;            /* where it ended before */
    size_t matched;       /* octets of `word` seen at the head of this line, behind any number of ">" */
    bool at_head;         /* only ">" and those octets were seen on this line */
    bool in_line;         /* the last octet was not a line end */
    bool fresh;           /* the mailbox was made by us */
};

static struct mbox *mbox_of(void *sink)
{
    return (struct mbox *)sink;
}

static bool mbox_begin(struct sink *sink, const struct sink_message *message)
{
    struct mbox *mbox = mbox_of(sink);
    int fd = outfile_temporary(mbox->name);

    (void)message;
    if (fd < 0) {
        return sink_fail(sink, "temporary file", errno);
    }
    outfile_start(&mbox->spool, fd);
    mbox->matched = 0;
    mbox->at_head = true;
    mbox->in_line = false;
    return true;
}

/* The octets of a line's head that were held back, with a ">" more where they are the whole word. */
static bool release(struct mbox *mbox)
{
    size_t held = mbox->matched;

    mbox->matched = 0;
    if (held == WORD && !outfile_put(&mbox->spool, ">", 1)) {
        return false;
    }
    return outfile_put(&mbox->spool, word, held);
}

/* An octet at the head of a line: a ">" more goes behind those that are there, so that none is held back. */
static bool put_head(struct mbox *mbox, uint8_t octet)
{
    if (octet == (uint8_t)word[mbox->matched]) {
        mbox->matched++;
        if (mbox->matched < WORD) {
            return true;
        }
        mbox->at_head = false;
        return release(mbox);
    }
    if (octet != '>' || mbox->matched > 0) {
        mbox->at_head = octet == '\n';
    }
    return release(mbox) && outfile_put(&mbox->spool, &octet, 1);
}

static bool put_quoted(struct mbox *mbox, const uint8_t *data, size_t len)
{
    const uint8_t *end = data + len;
    const uint8_t *stop;

    mbox->in_line = len > 0 ? end[-1] != '\n' : mbox->in_line;
    while (data < end) {
        if (mbox->at_head) {
            if (!put_head(mbox, *data++)) {
                return false;
            }
            continue;
        }
        stop = (const uint8_t *)memchr(data, '\n', (size_t)(end - data));
        mbox->at_head = stop != NULL;
        stop = stop != NULL ? stop + 1 : end;
        if (!outfile_put(&mbox->spool, data, (size_t)(stop - data))) {
            return false;
        }
        data = stop;
    }
    return true;
}

static bool mbox_put(void *sink, const uint8_t *data, size_t len)
{
    struct mbox *mbox = mbox_of(sink);

    return put_quoted(mbox, data, len) || sink_fail(sink, "temporary file", mbox->spool.error);
}

/* Waits for the lock for a while; false with errno set. */
static bool lock(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int tries;

    for (tries = 0; tries < LOCK_WAIT * 1000 / LOCK_STEP && !signals_caught(); tries++) {
        if (fcntl(fd, F_SETLK, &whole) == 0) {
            return true;
        }
        if (errno != EACCES && errno != EAGAIN && errno != EINTR) {
            return false;
        }
        poll(NULL, 0, LOCK_STEP);
    }
    errno = EAGAIN;
    return false;
}

/* True where the name still means the file that is open; a mail program may have put another one in its place. */
static bool same_file(int fd, const char *name)
{
    struct stat opened;
    struct stat named;

    return fstat(fd, &opened) == 0 && stat(name, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

/* Opens and locks the mailbox; the descriptor, or -1 with errno set. */
static int open_locked(struct mbox *mbox)
{
    struct stat about;
    int fd;
    int why;

    for (;;) {
        mbox->fresh = access(mbox->name, F_OK) != 0;
        fd = open(mbox->name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
        if (fd < 0) {
            return -1;
        }
        if (fstat(fd, &about) == 0 && !S_ISREG(about.st_mode)) {
            close(fd);
            errno = EINVAL;
            return -1;
        }
        if (!lock(fd)) {
            why = errno;
            close(fd);
            errno = why;
            return -1;
        }
        if (same_file(fd, mbox->name)) {
            return fd;
        }
        close(fd);
    }
}

/* Finds the end, and what is missing there for an empty line to stand before our message. */
static bool find_end(struct mbox *mbox, const char **gap)
{
    char tail[2] = {'\n', '\n'};

    *gap = "";
    mbox->end = lseek(mbox->out.fd, 0, SEEK_END);
    if (mbox->end < 0) {
        mbox->out.error = errno;
        return false;
    }
    if (mbox->end >= 2 && pread(mbox->out.fd, tail, 2, mbox->end - 2) != 2) {
        mbox->out.error = EIO;
        return false;
    }
    if (mbox->end >= 2 && tail[1] != '\n') {
        *gap = "\n\n";
    } else if (mbox->end >= 2 && tail[0] != '\n' && tail[0] != '\r') {
        *gap = "\n";
    }
    return true;
}

static bool copy_spool(struct mbox *mbox)
{
    struct outfile *out = &mbox->out;
    ssize_t got;

    if (lseek(mbox->spool.fd, 0, SEEK_SET) != 0) {
        out->error = errno;
        return false;
    }
    do {
        if (!outfile_flush(out)) {
            return false;
        }
        got = read(mbox->spool.fd, out->buffer, sizeof out->buffer);
        out->len = got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    if (got < 0) {
        out->error = errno;
    }
    return got == 0;
}

/* The message between its "From " line and its empty line. */
static bool append(struct mbox *mbox)
{
    const char *end = mbox->sink.crlf ? "\r\n" : "\n";
    char line[96];
    char date[64];
    time_t now = time(NULL);
    struct tm utc;
    const char *gap;

    if (!find_end(mbox, &gap)) {
        return false;
    }
    /* asctime() without the locale, in UTC: RFC 4155 appendix A. */
    gmtime_r(&now, &utc);
    asctime_r(&utc, date);
    date[strcspn(date, "\n")] = '\0';
    snprintf(line, sizeof line, "From MAILER-DAEMON %s%s", date, end);
    return outfile_put(&mbox->out, gap, strlen(gap)) && outfile_put(&mbox->out, line, strlen(line)) &&
           copy_spool(mbox) && outfile_put(&mbox->out, end, strlen(end)) && outfile_sync(&mbox->out);
}

/* The directory that the mailbox is in, for a new name in it to last. */
static bool sync_name(const struct mbox *mbox)
{
    char *path = strdup(mbox->name);
    char *slash;
    bool good;

    if (path == NULL) {
        return false;
    }
    slash = strrchr(path, '/');
    if (slash != NULL) {
        slash[slash == path] = '\0';
    }
    good = outfile_sync_directory(slash != NULL ? path : ".");
    free(path);
    return good;
}

/* A message that has no line end at its end would run into what follows it. */
static bool finish_spool(struct mbox *mbox)
{
    bool good = release(mbox);

    if (good && mbox->in_line) {
        good = outfile_put(&mbox->spool, "\n", 1);
    }
    return good && outfile_flush(&mbox->spool);
}

static enum sink_result store(struct mbox *mbox)
{
    if (append(mbox) && (!mbox->fresh || sync_name(mbox))) {
        return SINK_STORED;
    }
    sink_fail(&mbox->sink, mbox->name, mbox->out.error != 0 ? mbox->out.error : errno);
    /* Whoever reads the mailbox next must not find half a message. */
    if (mbox->end >= 0 && ftruncate(mbox->out.fd, mbox->end) != 0) {
        report_failure(mbox->sink.report, STATUS_IO, "%s: half a message may stand at its end, from octet %lld on: %s",
                       mbox->name, (long long)mbox->end, strerror(errno));
    }
    return SINK_BROKEN;
}

static enum sink_result mbox_commit(struct sink *sink, const struct sink_message *message)
{
    struct mbox *mbox = mbox_of(sink);
    enum sink_result result;
    int fd;

    (void)message;
    if (!finish_spool(mbox)) {
        sink_fail(sink, "temporary file", mbox->spool.error);
        return SINK_BROKEN;
    }
    fd = open_locked(mbox);
    if (fd < 0 && errno == EAGAIN && !signals_caught()) {
        report_failure(sink->report, STATUS_TEMPORARY, "%s: another program holds the lock (try again later)",
                       mbox->name);
        return SINK_BROKEN;
    }
    if (fd < 0) {
        sink_fail(sink, mbox->name, errno);
        return SINK_BROKEN;
    }
    outfile_start(&mbox->out, fd);
    result = store(mbox);
    outfile_close(&mbox->out); /* unlocks */
    outfile_close(&mbox->spool);
    return result;
}

static void mbox_drop(struct sink *sink)
{
    outfile_close(&mbox_of(sink)->spool);
}

static bool mbox_close(struct sink *sink)
{
    free(sink);
    return true;
}

static const struct sink_place place = {mbox_begin, mbox_put, mbox_commit, mbox_drop, mbox_close};

struct sink *sink_mbox_open(const char *file, struct report *report)
{
    struct mbox *mbox = (struct mbox *)sink_allocate(sizeof *mbox, &place, report);
    struct stat about;
    int error = 0;

    if (mbox == NULL) {
        return NULL;
    }
    mbox->spool.fd = mbox->out.fd = -1;
    mbox->name = file;
    if (stat(file, &about) == 0) {
        error = !S_ISREG(about.st_mode) ? EINVAL : access(file, W_OK) != 0 ? errno : 0;
    }
    if (error != 0) {
        report_fatal(report, STATUS_IO, "mbox %s: %s", file, error == EINVAL ? "not a plain file" : strerror(error));
        free(mbox);
        return NULL;
    }
    return &mbox->sink;
}
