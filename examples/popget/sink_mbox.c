/* Messages to the end of an mbox file (RFC 4155, with the quoting of mboxrd).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Messages are received into a temporary file and appended when they are whole, several at a time. So the lock that
 * keeps other programs out is held for the length of a copy, not of a download, and a program that is killed in a
 * download leaves no half message behind.
 */
#define _POSIX_C_SOURCE 200809L

#include "mbox_file.h"
#include "mbox_header.h"
#include "outfile.h"
#include "signals.h"
#include "sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

enum {
    DATE_SIZE = 64,
    FROM_LINE = MBOX_SENDER + DATE_SIZE + 16,
    SPOOL_ENOUGH = 16 * 1024 * 1024 /* octets of old messages in the spool, beside an open one */
};

static const char word[] = MBOX_WORD;

enum { WORD = sizeof word - 1 };

struct mbox {
    struct sink sink;
    const char *name;
    struct outfile spool;   /* the messages, quoted, one behind the other; its descriptor is -1 where there is none */
    off_t first;            /* octets in it of messages that are not held any more */
    off_t spooled;          /* ... and of all that are finished */
    off_t ends[BATCH_ROOM]; /* of each of those */
    struct outfile out;     /* the mailbox, while it is locked; else -1 */
    off_t end;              /* where it ended before */
    off_t places[BATCH_ROOM + 1];          /* where in it each message goes, and where the last one ends */
    const char *gap;                       /* what is missing for an empty line to stand before our messages */
    struct mbox_header header;             /* of the open message */
    char senders[BATCH_ROOM][MBOX_SENDER]; /* of the messages that are held */
    char date[DATE_SIZE];                  /* of all "From " lines of a batch */
    size_t matched; /* octets of `word` seen at the head of this line, behind any number of ">" */
    bool at_head;   /* only ">" and those octets were seen on this line */
    bool in_line;   /* the last octet was not a line end */
    bool fresh;     /* the mailbox was made by us */
};

static struct mbox *mbox_of(void *sink)
{
    return (struct mbox *)sink;
}

static bool mbox_begin(struct sink *sink, const struct sink_message *message)
{
    struct mbox *mbox = mbox_of(sink);
    int fd = mbox->spool.fd;

    (void)message;
    if (fd < 0) {
        if (sink->held > 0) {
            return sink_fail(sink, "temporary file", EIO);
        }
        fd = outfile_temporary(mbox->name);
        if (fd < 0) {
            return sink_fail(sink, "temporary file", errno);
        }
        mbox->first = mbox->spooled = 0;
    }
    outfile_start(&mbox->spool, fd);
    mbox_header_start(&mbox->header);
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

/* The header goes through octet by octet. */
static bool put(struct mbox *mbox, const uint8_t *data, size_t len)
{
    uint8_t octets[MBOX_HEADER_STEP];
    size_t at;

    for (at = 0; at < len && !mbox->header.is_over; at++) {
        if (!put_quoted(mbox, octets, mbox_header_step(&mbox->header, data[at], octets))) {
            return false;
        }
    }
    return put_quoted(mbox, data + at, len - at);
}

static bool mbox_put(void *sink, const uint8_t *data, size_t len)
{
    struct mbox *mbox = mbox_of(sink);

    return put(mbox, data, len) || sink_fail(sink, "temporary file", mbox->spool.error);
}

/* A message that has no line end at its end would run into what follows it. */
static bool finish_spool(struct mbox *mbox)
{
    uint8_t octets[MBOX_HEADER_STEP];
    bool good = put_quoted(mbox, octets, mbox_header_end(&mbox->header, octets)) && release(mbox);

    if (good && mbox->in_line) {
        good = outfile_put(&mbox->spool, "\n", 1);
    }
    return good && outfile_flush(&mbox->spool);
}

static enum sink_result mbox_finish(struct sink *sink, const struct sink_message *message)
{
    struct mbox *mbox = mbox_of(sink);

    (void)message;
    if (!finish_spool(mbox)) {
        sink_fail(sink, "temporary file", mbox->spool.error);
        return SINK_BROKEN;
    }
    mbox->spooled = lseek(mbox->spool.fd, 0, SEEK_CUR);
    mbox->ends[sink->held] = mbox->spooled;
    mbox_header_sender(&mbox->header, mbox->senders[sink->held]);
    return SINK_HELD;
}

/* Cuts the open message off behind the finished ones; where that fails, they go too, and nothing can be stored until
 * their batch has ended. */
static void mbox_drop(struct sink *sink)
{
    struct mbox *mbox = mbox_of(sink);

    mbox->spool.len = 0;
    if (mbox->spool.fd >= 0 && (sink->held == 0 || ftruncate(mbox->spool.fd, mbox->spooled) != 0 ||
                                lseek(mbox->spool.fd, mbox->spooled, SEEK_SET) != mbox->spooled)) {
        outfile_close(&mbox->spool);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * A batch
 */

/* Finds the end, and what is missing there for an empty line to stand before our message. */
static bool find_end(struct mbox *mbox)
{
    char tail[2] = {'\n', '\n'};

    mbox->gap = "";
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
        mbox->gap = "\n\n";
    } else if (mbox->end >= 2 && tail[0] != '\n' && tail[0] != '\r') {
        mbox->gap = "\n";
    }
    return true;
}

static const char *line_end(const struct mbox *mbox)
{
    return mbox->sink.crlf ? "\r\n" : "\n";
}

/* Where in the spool a message begins. */
static off_t begin_of(const struct mbox *mbox, size_t index)
{
    return index > 0 ? mbox->ends[index - 1] : mbox->first;
}

/* asctime() without the locale, in UTC: RFC 4155 appendix A. */
static void note_date(struct mbox *mbox)
{
    time_t now = time(NULL);
    struct tm utc;

    gmtime_r(&now, &utc);
    asctime_r(&utc, mbox->date);
    mbox->date[strcspn(mbox->date, "\n")] = '\0';
}

/* The "From " line of a message, in `line` of FROM_LINE octets; its length. */
static size_t write_line(const struct mbox *mbox, size_t index, char *line)
{
    return (size_t)snprintf(line, FROM_LINE, "%s%s %s%s", word, mbox->senders[index], mbox->date, line_end(mbox));
}

/* Each message stands between its "From " line and an empty line. */
static void find_places(struct mbox *mbox)
{
    char line[FROM_LINE];
    off_t beside;
    size_t i;

    mbox->places[0] = mbox->end + (off_t)strlen(mbox->gap);
    for (i = 0; i < mbox->sink.held; i++) {
        beside = (off_t)(write_line(mbox, i, line) + strlen(line_end(mbox)));
        mbox->places[i + 1] = mbox->places[i] + beside + mbox->ends[i] - begin_of(mbox, i);
    }
}

/* Locks the mailbox, so that the places stay as they are. */
static bool mbox_prepare(struct sink *sink)
{
    struct mbox *mbox = mbox_of(sink);
    bool fresh;
    int fd;

    if (mbox->spool.fd < 0) {
        return sink_fail(sink, "temporary file", EIO);
    }
    fd = mbox_file_open(mbox->name, &fresh, sink->patience);
    mbox->fresh = mbox->fresh || fresh;
    sink->locked = fd < 0 && errno == EAGAIN && sink->patience < MBOX_LOCK_WAIT;
    if (sink->locked) {
        return false;
    }
    if (fd < 0 && errno == EAGAIN && !signals_caught()) {
        report_failure(sink->report, STATUS_TEMPORARY, "%s: another program holds the lock (try again later)",
                       mbox->name);
        return false;
    }
    if (fd < 0) {
        return sink_fail(sink, mbox->name, errno);
    }
    outfile_start(&mbox->out, fd);
    if (!find_end(mbox) || !sink_set_target(sink, SINK_MBOX, mbox->name)) {
        return sink_fail(sink, mbox->name, mbox->out.error != 0 ? mbox->out.error : errno);
    }
    note_date(mbox);
    find_places(mbox);
    return true;
}

/* Place, end and checksum of what will stand there, and its "From " line. */
static bool mbox_describe(struct sink *sink, size_t index, char *text)
{
    const struct mbox *mbox = mbox_of(sink);
    XXH64_state_t *hash = XXH64_createState();
    bool good = hash != NULL;
    char line[FROM_LINE];

    if (good) {
        XXH64_reset(hash, 0);
        XXH64_update(hash, line, write_line(mbox, index, line));
        good = mbox_file_hash(hash, mbox->spool.fd, begin_of(mbox, index), mbox->ends[index]);
        XXH64_update(hash, line_end(mbox), strlen(line_end(mbox)));
        snprintf(text, SINK_DETAIL, "%lld %lld %016llx %s", (long long)mbox->places[index],
                 (long long)mbox->places[index + 1], (unsigned long long)XXH64_digest(hash), line);
    }
    XXH64_freeState(hash);
    return good || sink_fail(sink, "temporary file", EIO);
}

static bool copy_spool(struct mbox *mbox, off_t at, off_t end)
{
    struct outfile *out = &mbox->out;
    size_t wish;
    ssize_t got;

    while (at < end) {
        if (!outfile_flush(out)) {
            return false;
        }
        wish = end - at < (off_t)sizeof out->buffer ? (size_t)(end - at) : sizeof out->buffer;
        got = pread(mbox->spool.fd, out->buffer, wish, at);
        if (got <= 0) {
            out->error = got < 0 ? errno : EIO;
            return false;
        }
        out->len = (size_t)got;
        at += got;
    }
    return true;
}

static bool append(struct mbox *mbox)
{
    bool good = outfile_put(&mbox->out, mbox->gap, strlen(mbox->gap));
    char line[FROM_LINE];
    size_t i;

    for (i = 0; i < mbox->sink.held && good; i++) {
        good = outfile_put(&mbox->out, line, write_line(mbox, i, line)) &&
               copy_spool(mbox, begin_of(mbox, i), mbox->ends[i]) &&
               outfile_put(&mbox->out, line_end(mbox), strlen(line_end(mbox)));
    }
    return good && outfile_sync(&mbox->out);
}

static void mbox_publish(struct sink *sink)
{
    struct mbox *mbox = mbox_of(sink);

    if (append(mbox) && (!mbox->fresh || outfile_sync_name(mbox->name))) {
        sink->shown = sink->held;
        return;
    }
    sink_fail(sink, mbox->name, mbox->out.error != 0 ? mbox->out.error : errno);
    /* Whoever reads the mailbox next must not find half a message. */
    if (ftruncate(mbox->out.fd, mbox->end) != 0) {
        report_failure(sink->report, STATUS_IO, "%s: half a message may stand at its end, from octet %lld on: %s",
                       mbox->name, (long long)mbox->end, strerror(errno));
        sink->unsure = true;
    }
}

static void mbox_end_batch(struct sink *sink, bool keep)
{
    struct mbox *mbox = mbox_of(sink);

    (void)keep;
    outfile_close(&mbox->out); /* unlocks */
    if (sink->open) {
        mbox->first = mbox->spooled;
        sink->crowded = mbox->spooled > SPOOL_ENOUGH;
        return;
    }
    outfile_close(&mbox->spool);
    sink->crowded = false;
}

static bool mbox_close(struct sink *sink)
{
    outfile_close(&mbox_of(sink)->spool);
    free(sink);
    return true;
}

static const struct sink_place place = {
    .begin = mbox_begin,
    .put = mbox_put,
    .finish = mbox_finish,
    .drop = mbox_drop,
    .close = mbox_close,
    .prepare = mbox_prepare,
    .describe = mbox_describe,
    .publish = mbox_publish,
    .end_batch = mbox_end_batch,
};

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
