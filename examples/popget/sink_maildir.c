/* Messages into a Maildir: written in tmp/, synced, and only then shown in new/.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A message is in tmp/ or in new/, and never in both: rename() moves it in one step. So whoever knows that it was whole
 * in tmp/ knows, when it is there no more, that it has come to its reader, wherever that has put it since.
 *
 * Before it is whole and synced its name in tmp/ has an ending of ours, and the file is locked. So what a run that was
 * killed has left there can be told from the files of other programs, of runs that are alive, and from messages that a
 * state knows of.
 */
#define _POSIX_C_SOURCE 200809L

#include "outfile.h"
#include "sink.h"

#include <dirent.h>
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
    NAME_SIZE_OF_FILE = HOST_SIZE + 80,
    TRIES = 100,                 /* names that are taken already, until we believe that something else is wrong */
    CLEANED_AFTER = 35 * 60 * 60 /* seconds; programs that read mail remove files from tmp/ that are 36 hours old */
};

static const char unfinished[] = ".popget"; /* behind the name of a file that may be thrown away */

struct maildir {
    struct sink sink;
    struct outfile out;
    unsigned long counter;
    char host[HOST_SIZE];
    char temporary[PATH_MAX];                  /* of the open message; "" where there is no such file */
    char names[BATCH_ROOM][NAME_SIZE_OF_FILE]; /* of the finished ones */
    int files[BATCH_ROOM];                     /* ... open until they are synced; -1 then */
    char new_directory[PATH_MAX];
    char tmp_directory[PATH_MAX];
    char directory[PATH_MAX];
};

static struct maildir *maildir_of(void *sink)
{
    return (struct maildir *)sink;
}

/* The host's name with what a Maildir file name cannot hold replaced: "/" and ":" as the Maildir specification says.
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

static const char *const parts[] = {"tmp", "new", "cur"};

enum { PARTS = sizeof parts / sizeof parts[0] };

static bool make_parts(const char *directory, bool *made)
{
    char path[PATH_MAX];
    size_t i;

    for (i = 0; i < PARTS; i++) {
        if (!join(path, directory, parts[i], "") || !make_directory(path, made)) {
            return false;
        }
    }
    return true;
}

/* What is left empty here would look to the next run as if it had been there all along, and be synced no more. */
static void remove_empty(const char *directory)
{
    char path[PATH_MAX];
    int why = errno;
    size_t i;

    for (i = 0; i < PARTS; i++) {
        if (join(path, directory, parts[i], "")) {
            rmdir(path);
        }
    }
    rmdir(directory);
    errno = why;
}

/* A directory that a crash takes away takes the mail in it away too. A parent that may be searched but not read cannot
 * be synced by us. */
static bool sync_parent(const char *directory)
{
    char parent[PATH_MAX];

    return join(parent, directory, "..", "") && (outfile_sync_directory(parent) || errno == EACCES);
}

static bool make_maildir(const char *directory)
{
    bool made_all = false;
    bool made = false;

    if (!make_directory(directory, &made_all)) {
        return false;
    }
    if (make_parts(directory, &made) && (!made || outfile_sync_directory(directory)) &&
        (!made_all || sync_parent(directory))) {
        return true;
    }
    if (made_all) {
        remove_empty(directory);
    }
    return false;
}

static void make_name(struct maildir *maildir, char *name, size_t size)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    maildir->counter++;
    snprintf(name, size, "%lld.M%06ldP%ldQ%lu.%s", (long long)now.tv_sec, now.tv_nsec / 1000, (long)getpid(),
             maildir->counter, maildir->host);
}

/* True where the file can be written to: nobody has taken it for one that was left behind. On file systems without
 * locks nobody does. */
static bool claim(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat about;

    if (fcntl(fd, F_SETLK, &whole) != 0 && (errno == EACCES || errno == EAGAIN)) {
        return false;
    }
    return fstat(fd, &about) == 0 && about.st_nlink > 0;
}

/* The descriptor of a new file in tmp/, -1 with errno set; EEXIST where another name may do. */
static int open_temporary(struct maildir *maildir)
{
    char name[NAME_SIZE_OF_FILE];
    int fd;

    make_name(maildir, name, sizeof name - sizeof unfinished);
    memcpy(name + strlen(name), unfinished, sizeof unfinished);
    if (!join(maildir->temporary, maildir->directory, "tmp/", name)) {
        return -1;
    }
    fd = open(maildir->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0 && !claim(fd)) {
        close(fd);
        errno = EEXIST;
        return -1;
    }
    return fd;
}

static bool maildir_begin(struct sink *sink, const struct sink_message *message)
{
    struct maildir *maildir = maildir_of(sink);
    int fd = -1;
    int tries;

    (void)message;
    for (tries = 0; tries < TRIES && fd < 0; tries++) {
        fd = open_temporary(maildir);
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

static enum sink_result maildir_finish(struct sink *sink, const struct sink_message *message)
{
    struct maildir *maildir = maildir_of(sink);

    (void)message;
    maildir->files[sink->held] = outfile_release(&maildir->out);
    if (maildir->files[sink->held] < 0) {
        sink_fail(sink, maildir->directory, maildir->out.error);
        return SINK_BROKEN;
    }
    snprintf(maildir->names[sink->held], NAME_SIZE_OF_FILE, "%s", strrchr(maildir->temporary, '/') + 1);
    maildir->names[sink->held][strlen(maildir->names[sink->held]) - (sizeof unfinished - 1)] = '\0';
    maildir->temporary[0] = '\0';
    return SINK_HELD;
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

/* All files of the batch are written when the first is synced, so that they share most of the wait. */
static bool sync_files(struct maildir *maildir, size_t held)
{
    int error = 0;
    size_t i;

    for (i = 0; i < held; i++) {
        if (!outfile_sync_released(&maildir->files[i]) && error == 0) {
            error = errno;
        }
    }
    errno = error;
    return error == 0;
}

/* Where a finished message lies before it is synced. */
static bool unfinished_path(const struct maildir *maildir, size_t index, char *path)
{
    size_t len;

    if (!join(path, maildir->directory, "tmp/", maildir->names[index])) {
        return false;
    }
    len = strlen(path);
    if (len + sizeof unfinished > PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(path + len, unfinished, sizeof unfinished);
    return true;
}

/* Takes the ending off the names. */
static bool name_files(const struct maildir *maildir, size_t held)
{
    char from[PATH_MAX];
    char to[PATH_MAX];
    size_t i;

    for (i = 0; i < held; i++) {
        if (!unfinished_path(maildir, i, from) || !join(to, maildir->directory, "tmp/", maildir->names[i]) ||
            rename(from, to) != 0) {
            return false;
        }
    }
    return true;
}

static bool maildir_prepare(struct sink *sink)
{
    struct maildir *maildir = maildir_of(sink);

    if (!sync_files(maildir, sink->held) || !name_files(maildir, sink->held)) {
        return sink_fail(sink, maildir->directory, errno);
    }
    return outfile_sync_directory(maildir->tmp_directory) || sink_fail(sink, maildir->tmp_directory, errno);
}

static bool maildir_describe(struct sink *sink, size_t index, char *text)
{
    snprintf(text, SINK_DETAIL, "%s", maildir_of(sink)->names[index]);
    return true;
}

/* Gives a file its name in new/, under no circumstances over another message. */
static bool show(const char *directory, const char *name)
{
    char from[PATH_MAX];
    char to[PATH_MAX];
    struct stat about;

    if (!join(from, directory, "tmp/", name) || !join(to, directory, "new/", name)) {
        return false;
    }
    if (lstat(to, &about) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(from, to) == 0;
}

/* Takes messages back from their readers. One that a reader has put elsewhere meanwhile comes a second time later. */
static void hide(struct maildir *maildir)
{
    struct sink *sink = &maildir->sink;
    char from[PATH_MAX];
    char to[PATH_MAX];

    while (sink->shown > 0) {
        sink->shown--;
        if (join(from, maildir->directory, "new/", maildir->names[sink->shown]) &&
            join(to, maildir->directory, "tmp/", maildir->names[sink->shown])) {
            (void)rename(from, to);
        }
    }
}

/* Until their names are on the disk the messages are not safe, and so not to be deleted elsewhere. Nor may they be in
 * new/ without that: gone from there after a crash, they would look like messages that a reader has taken. */
static void maildir_publish(struct sink *sink)
{
    struct maildir *maildir = maildir_of(sink);

    while (sink->shown < sink->held && show(maildir->directory, maildir->names[sink->shown])) {
        sink->shown++;
    }
    if (sink->shown < sink->held) {
        sink_fail(sink, maildir->new_directory, errno);
    }
    if (sink->shown > 0 && !outfile_sync_directory(maildir->new_directory)) {
        sink_fail(sink, maildir->new_directory, errno);
        hide(maildir);
    }
}

static void maildir_end_batch(struct sink *sink, bool keep)
{
    struct maildir *maildir = maildir_of(sink);
    char path[PATH_MAX];
    size_t i;

    for (i = 0; i < sink->held; i++) {
        outfile_close_released(&maildir->files[i]);
    }
    for (i = sink->shown; i < sink->held && !keep; i++) {
        if (join(path, maildir->directory, "tmp/", maildir->names[i])) {
            unlink(path);
        }
        if (unfinished_path(maildir, i, path)) {
            unlink(path);
        }
    }
}

static bool maildir_close(struct sink *sink)
{
    free(sink);
    return true;
}

static const struct sink_place place = {
    .begin = maildir_begin,
    .put = maildir_put,
    .finish = maildir_finish,
    .drop = maildir_drop,
    .close = maildir_close,
    .prepare = maildir_prepare,
    .describe = maildir_describe,
    .publish = maildir_publish,
    .end_batch = maildir_end_batch,
};

static bool is_unfinished(const char *name)
{
    size_t len = strlen(name);
    size_t tail = sizeof unfinished - 1;

    return len > tail && strcmp(name + len - tail, unfinished) == 0;
}

/* One that nobody has locked belongs to a run that was killed. */
static void remove_left_over(const char *path)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

    if (fd >= 0 && fcntl(fd, F_SETLK, &whole) == 0) {
        unlink(path);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* What stays is only in the way, so nothing is said of failures. */
static void clean(const struct maildir *maildir)
{
    char path[PATH_MAX];
    const struct dirent *entry;
    DIR *tmp = opendir(maildir->tmp_directory);

    while (tmp != NULL && (entry = readdir(tmp)) != NULL) {
        if (is_unfinished(entry->d_name) && join(path, maildir->directory, "tmp/", entry->d_name)) {
            remove_left_over(path);
        }
    }
    if (tmp != NULL) {
        closedir(tmp);
    }
}

struct sink *sink_maildir_open(const char *directory, struct report *report)
{
    struct maildir *maildir = (struct maildir *)sink_allocate(sizeof *maildir, &place, report);

    if (maildir == NULL) {
        return NULL;
    }
    maildir->out.fd = -1;
    set_host(maildir->host);
    if (strlen(directory) >= sizeof maildir->directory || !join(maildir->new_directory, directory, "new/", "") ||
        !join(maildir->tmp_directory, directory, "tmp/", "")) {
        errno = ENAMETOOLONG;
    } else if (make_maildir(directory) && sink_set_target(&maildir->sink, SINK_MAILDIR, directory)) {
        memcpy(maildir->directory, directory, strlen(directory) + 1);
        clean(maildir);
        return &maildir->sink;
    }
    report_fatal(report, STATUS_IO, "Maildir %s: %s", directory, strerror(errno));
    free(maildir);
    return NULL;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * After a crash
 */

static bool is_there(const char *directory, const char *part, const char *name)
{
    char path[PATH_MAX];
    struct stat about;

    return join(path, directory, part, name) && lstat(path, &about) == 0;
}

/* Whether its reader has it, in new/, or in cur/ with some flags behind the name. */
static bool is_delivered(const char *directory, const char *name)
{
    char path[PATH_MAX];
    size_t len = strlen(name);
    const struct dirent *entry;
    bool found = is_there(directory, "new/", name);
    DIR *cur = !found && join(path, directory, "cur", "") ? opendir(path) : NULL;

    while (cur != NULL && !found && (entry = readdir(cur)) != NULL) {
        found = strncmp(entry->d_name, name, len) == 0 && (entry->d_name[len] == '\0' || entry->d_name[len] == ':');
    }
    if (cur != NULL) {
        closedir(cur);
    }
    return found;
}

/* Brings what lies ready to its reader; what does not lie there has come to him. A file system may have brought both
 * names of a rename() over a power cut. */
static bool bring(const char *directory, const char *name)
{
    char path[PATH_MAX];

    if (!is_there(directory, "tmp/", name)) {
        return true;
    }
    if (is_delivered(directory, name)) {
        return join(path, directory, "tmp/", name) && unlink(path) == 0;
    }
    return show(directory, name);
}

/* A run that was killed may have shown messages and not waited for the disk, and so may their reader. */
static bool sync_shown(const char *directory)
{
    char path[PATH_MAX];

    return join(path, directory, "new", "") && (outfile_sync_directory(path) || errno == ENOENT) &&
           join(path, directory, "cur", "") && (outfile_sync_directory(path) || errno == ENOENT);
}

enum sink_result sink_maildir_resolve(const char *directory, const char *detail, int64_t age, struct report *report)
{
    char path[PATH_MAX];
    struct stat about;

    if (strchr(detail, '/') != NULL || !join(path, directory, "tmp", "")) {
        report_fatal(report, STATUS_IO, "Maildir %s: \"%s\" is no name in it", directory, detail);
        return SINK_BROKEN;
    }
    if (stat(path, &about) != 0) {
        if (errno == ENOENT) {
            return SINK_REFUSED; /* the whole Maildir was taken away */
        }
        report_fatal(report, STATUS_IO, "Maildir %s: %s", directory, strerror(errno));
        return SINK_BROKEN;
    }
    /* Moved on by its reader; unless it was never shown, and thrown away as left over. Rather twice than never. */
    if (!is_there(directory, "tmp/", detail) && !is_delivered(directory, detail) && age >= CLEANED_AFTER) {
        return SINK_REFUSED;
    }
    if (bring(directory, detail) && sync_shown(directory)) {
        return SINK_STORED;
    }
    report_fatal(report, STATUS_IO, "Maildir %s: %s: %s", directory, detail, strerror(errno));
    return SINK_BROKEN;
}
