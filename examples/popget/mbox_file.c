/* An mbox file: locked, and looked at after a crash.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* memmem */

#include "mbox_file.h"

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
#include <unistd.h>

enum {
    LOCK_STEP = 100 /* milliseconds */
};

/* Waits for the lock for so many milliseconds; false with errno set. */
static bool lock(int fd, unsigned patience)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    unsigned waited;

    for (waited = 0; waited <= patience && !signals_caught(); waited += LOCK_STEP) {
        if (fcntl(fd, F_SETLK, &whole) == 0) {
            return true;
        }
        if (errno != EACCES && errno != EAGAIN && errno != EINTR) {
            return false;
        }
        if (waited + LOCK_STEP <= patience) {
            poll(NULL, 0, LOCK_STEP);
        }
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

int mbox_file_open(const char *name, bool *fresh, unsigned patience)
{
    struct stat about;
    int fd;
    int why;

    for (;;) {
        *fresh = access(name, F_OK) != 0;
        fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
        if (fd < 0) {
            return -1;
        }
        if (fstat(fd, &about) == 0 && !S_ISREG(about.st_mode)) {
            close(fd);
            errno = EINVAL;
            return -1;
        }
        if (!lock(fd, patience)) {
            why = errno;
            close(fd);
            errno = why;
            return -1;
        }
        if (same_file(fd, name)) {
            return fd;
        }
        close(fd);
    }
}

bool mbox_file_hash(XXH64_state_t *hash, int fd, off_t at, off_t end)
{
    uint8_t octets[16384];
    ssize_t got;

    while (at < end) {
        got = pread(fd, octets, end - at < (off_t)sizeof octets ? (size_t)(end - at) : sizeof octets, at);
        if (got <= 0) {
            return false;
        }
        XXH64_update(hash, octets, (size_t)got);
        at += got;
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * After a crash
 */

/* What mbox_describe has written. */
struct place_of_message {
    off_t begin;
    off_t end;
    uint64_t hash;
    const char *line;
};

static bool read_place(struct place_of_message *message, const char *detail)
{
    long long begin;
    long long end;
    unsigned long long hash;
    int used = 0;

    if (sscanf(detail, "%lld %lld %16llx %n", &begin, &end, &hash, &used) != 3 || used == 0 || begin < 0 ||
        end < begin) {
        return false;
    }
    message->begin = (off_t)begin;
    message->end = (off_t)end;
    message->hash = hash;
    message->line = detail + used;
    return true;
}

static bool is_whole(int fd, const struct place_of_message *message)
{
    XXH64_state_t *hash = XXH64_createState();
    bool good = false;

    if (hash != NULL) {
        XXH64_reset(hash, 0);
        good = mbox_file_hash(hash, fd, message->begin, message->end) && XXH64_digest(hash) == message->hash;
    }
    XXH64_freeState(hash);
    return good;
}

/* Whether what stands from the place to the end of the file is the beginning of that message: shorter than it, with its
 * "From " line or a part of that, and with no other message in it. The end of that line is where one may begin. */
static bool is_torn(int fd, const struct place_of_message *message, off_t length)
{
    char octets[16384];
    size_t line = strlen(message->line);
    off_t at = message->begin;
    size_t kept = 0;
    ssize_t got;

    if (length >= message->end || length <= message->begin) {
        return false;
    }
    got = pread(fd, octets, line, at);
    if (got <= 0 || memcmp(octets, message->line, (size_t)got) != 0) {
        return false;
    }
    for (at += got - 1; (got = pread(fd, octets + kept, sizeof octets - kept - 1, at)) > 0; at += got) {
        octets[kept + (size_t)got] = '\0';
        if (memmem(octets, kept + (size_t)got, "\nFrom ", sizeof MBOX_WORD) != NULL) {
            return false;
        }
        kept += (size_t)got;
        if (kept > (sizeof MBOX_WORD - 1)) {
            memmove(octets, octets + kept - (sizeof MBOX_WORD - 1), (sizeof MBOX_WORD - 1));
            kept = (sizeof MBOX_WORD - 1);
        }
    }
    return got == 0;
}

static enum sink_result look_at(int fd, const struct place_of_message *message)
{
    struct stat about;

    if (is_whole(fd, message)) {
        return SINK_STORED;
    }
    if (fstat(fd, &about) != 0) {
        return SINK_BROKEN;
    }
    if (is_torn(fd, message, about.st_size) && ftruncate(fd, message->begin) != 0) {
        return SINK_BROKEN;
    }
    return SINK_REFUSED;
}

/* A run that was killed may have written it and not waited for the disk. Closes the file. A directory that cannot be
 * read cannot be waited for. */
static bool is_on_disk(const char *file, int *fd)
{
    return outfile_sync_released(fd) && (outfile_sync_name(file) || errno == EACCES);
}

/* The mailbox cannot be opened, or not be looked into. */
static enum sink_result give_up(const char *file, int error, struct report *report)
{
    report_fatal(report, error == EAGAIN ? STATUS_TEMPORARY : STATUS_IO, "mbox %s: %s", file,
                 error == EAGAIN ? "another program holds the lock (try again later)" : strerror(error));
    return SINK_BROKEN;
}

enum sink_result sink_mbox_resolve(const char *file, const char *detail, struct report *report)
{
    struct place_of_message message;
    enum sink_result result;
    bool fresh;
    int why;
    int fd;

    if (!read_place(&message, detail)) {
        report_fatal(report, STATUS_IO, "mbox %s: \"%s\" is no place in it", file, detail);
        return SINK_BROKEN;
    }
    if (access(file, F_OK) != 0 && errno == ENOENT) {
        return SINK_REFUSED;
    }
    fd = mbox_file_open(file, &fresh, MBOX_LOCK_WAIT);
    if (fd < 0) {
        return give_up(file, errno, report);
    }
    result = look_at(fd, &message);
    if (result == SINK_STORED && !is_on_disk(file, &fd)) {
        result = SINK_BROKEN;
    }
    why = errno;
    outfile_close_released(&fd);
    return result == SINK_BROKEN ? give_up(file, why, report) : result;
}
