/* Messages into a Maildir: written in tmp/, synced, and only then shown in new/.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "outfile.h"
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    HOST_RAW = 65, /* HOST_NAME_MAX of Linux and a NUL */
    HOST_SIZE = 4 * HOST_RAW,
    TRIES = 100 /* names that are taken already, until we believe that something else is wrong */
};

struct maildir {
    struct sink sink;
    struct outfile out;
    unsigned long counter;
    char host[HOST_SIZE];
    char temporary[PATH_MAX]; /* "" where there is no such file */
    char new_directory[PATH_MAX];
    char directory[PATH_MAX];
};

static struct maildir *maildir_of(void *sink)
{
    return (struct maildir *)sink;
}

/* The host's name with what a Maildir file name can not hold replaced: "/" and ":" as the Maildir specification says.
 */
static void set_host(char *host)
{
    char name[HOST_RAW];
    size_t len = 0;
    size_t i;

    if (gethostname(name, sizeof name) != 0 || name[0] == '\0') {
        memcpy(name, "localhost", sizeof "localhost");
    }
    name[sizeof name - 1] = '\0';
    for (i = 0; name[i] != '\0'; i++) {
        if (name[i] == '/' || name[i] == ':' || name[i] == ',' || name[i] <= ' ' || name[i] > '~') {
            len += (size_t)snprintf(host + len, 5, "\\%03o", (unsigned char)name[i]);
        } else {
            host[len++] = name[i];
        }
    }
    host[len] = '\0';
}

static bool join(char *path, const char *directory, const char *part, const char *name)
{
    if (snprintf(path, PATH_MAX, "%s/%s%s", directory, part, name) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    return true;
}

/* Makes one directory where there is none; *made tells. */
static bool make_directory(const char *path, bool *made)
{
    struct stat about;

    if (mkdir(path, 0700) == 0) {
        *made = true;
        return true;
    }
    if (errno != EEXIST) {
        return false;
    }
    if (stat(path, &about) != 0) {
        return false;
    }
    errno = ENOTDIR;
    return S_ISDIR(about.st_mode);
}

/* A directory that a crash takes away takes the mail in it away too. */
static void sync_parent(const char *directory)
{
    char parent[PATH_MAX];

    if (join(parent, directory, "..", "")) {
        outfile_sync_directory(parent);
    }
}

static bool make_maildir(const char *directory)
{
    static const char *const parts[] = {"tmp", "new", "cur"};
    char path[PATH_MAX];
    bool made_all = false;
    bool made = false;
    size_t i;

    if (!make_directory(directory, &made_all)) {
        return false;
    }
    for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!join(path, directory, parts[i], "") || !make_directory(path, &made)) {
            return false;
        }
    }
    if (made_all) {
        sync_parent(directory);
    }
    return !made || outfile_sync_directory(directory);
}

static void make_name(struct maildir *maildir, char *name, size_t size)
{
    maildir->counter++;
    snprintf(name, size, "%lld.%ld_%lu.%s", (long long)time(NULL), (long)getpid(), maildir->counter, maildir->host);
}

static bool maildir_begin(struct sink *sink, const struct sink_message *message)
{
    struct maildir *maildir = maildir_of(sink);
    char name[HOST_SIZE + 64];
    int fd = -1;
    int tries;

    (void)message;
    for (tries = 0; tries < TRIES && fd < 0; tries++) {
        make_name(maildir, name, sizeof name);
        if (!join(maildir->temporary, maildir->directory, "tmp/", name)) {
            break;
        }
        fd = open(maildir->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST) {
            break;
        }
    }
    if (fd < 0) {
        maildir->temporary[0] = '\0';
        return sink_fail(sink, maildir->directory, errno);
    }
    outfile_start(&maildir->out, fd);
    return true;
}

static bool maildir_put(void *sink, const uint8_t *data, size_t len)
{
    struct maildir *maildir = maildir_of(sink);

    return outfile_put(&maildir->out, data, len) || sink_fail(sink, maildir->directory, maildir->out.error);
}

/* Gives the file its name in new/, under no circumstances over another message. */
static bool show(struct maildir *maildir)
{
    char path[PATH_MAX];
    struct stat about;

    if (!join(path, maildir->new_directory, "", strrchr(maildir->temporary, '/') + 1)) {
        return false;
    }
    if (link(maildir->temporary, path) == 0) {
        unlink(maildir->temporary);
        return true;
    }
    if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS && errno != EMLINK) {
        return false;
    }
    /* A file system without hard links. */
    if (lstat(path, &about) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(maildir->temporary, path) == 0;
}

static enum sink_result maildir_commit(struct sink *sink, const struct sink_message *message)
{
    struct maildir *maildir = maildir_of(sink);

    (void)message;
    if (!outfile_sync(&maildir->out) || !outfile_close(&maildir->out)) {
        sink_fail(sink, maildir->directory, maildir->out.error);
        return SINK_BROKEN;
    }
    if (!show(maildir)) {
        sink_fail(sink, maildir->new_directory, errno);
        return SINK_BROKEN;
    }
    maildir->temporary[0] = '\0';
    /* The message is there; but until its name is on the disk it is not safe, and so not to be deleted elsewhere. */
    if (!outfile_sync_directory(maildir->new_directory)) {
        sink_fail(sink, maildir->new_directory, errno);
        return SINK_BROKEN;
    }
    return SINK_STORED;
}

static void maildir_drop(struct sink *sink)
{
    struct maildir *maildir = maildir_of(sink);

    outfile_close(&maildir->out);
    if (maildir->temporary[0] != '\0') {
        unlink(maildir->temporary);
        maildir->temporary[0] = '\0';
    }
}

static bool maildir_close(struct sink *sink)
{
    free(sink);
    return true;
}

static const struct sink_place place = {maildir_begin, maildir_put, maildir_commit, maildir_drop, maildir_close};

struct sink *sink_maildir_open(const char *directory, struct report *report)
{
    struct maildir *maildir = (struct maildir *)sink_allocate(sizeof *maildir, &place, report);

    if (maildir == NULL) {
        return NULL;
    }
    maildir->out.fd = -1;
    set_host(maildir->host);
    if (strlen(directory) >= sizeof maildir->directory || !join(maildir->new_directory, directory, "new/", "")) {
        errno = ENAMETOOLONG;
    } else if (make_maildir(directory)) {
        memcpy(maildir->directory, directory, strlen(directory) + 1);
        return &maildir->sink;
    }
    report_fatal(report, STATUS_IO, "Maildir %s: %s", directory, strerror(errno));
    free(maildir);
    return NULL;
}
