"""Lets one call to the system fail, and takes away what the failure means to say is lost.

A library that is loaded before the C library counts the calls of each kind that have to do with files, and lets one of
them fail. The kinds are open, write, fsync, rename, mkdir, unlink and ftruncate. After a failed fsync of a file the
octets are gone that were appended since the last good one; after one of a folder, so is every name that was made in it
since then: the worst that a disk may do. As on a real disk nobody sees that before the program has ended. Calls that concern the system's own folders are let through, and fsync takes no time.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
import json

from preload import preload

KINDS = ("open", "write", "fsync", "rename", "mkdir", "unlink", "ftruncate")
SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { OPEN, WRITE, FSYNC, RENAME, MKDIR, UNLINK, FTRUNCATE, KINDS };
static const char *const names[KINDS] = {"open", "write", "fsync", "rename", "mkdir", "unlink", "ftruncate"};
static const int causes[KINDS] = {EIO, ENOSPC, EIO, EIO, ENOSPC, EACCES, EIO};
static long calls[KINDS];

/* Names that no fsync of their folder has made safe, and those of which one has failed. */
static struct {
    char path[PATH_MAX];
    int is_lost;
} made[256];
static int count_made;

/* Lengths of files that are safe. */
static struct {
    ino_t file;
    off_t length;
} safe[256];
static int count_safe;

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int fails(int kind)
{
    const char *want = getenv("FAULT_KIND");
    const char *at = getenv("FAULT_AT");

    calls[kind]++;
    if (want && at && strcmp(want, names[kind]) == 0 && calls[kind] == atol(at)) {
        errno = causes[kind];
        return 1;
    }
    return 0;
}

__attribute__((destructor)) static void tell(void)
{
    const char *name = getenv("FAULT_COUNT");
    int fd = name ? NEXT(open64)(name, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;

    for (int i = 0; fd >= 0 && i < KINDS; i++) {
        dprintf(fd, "%s\"%s\": %ld%s", i ? ", " : "{", names[i], calls[i], i + 1 < KINDS ? "" : "}\n");
    }
}

static int is_of_system(const char *path)
{
    static const char *const folders[] = {"/etc/", "/usr/", "/lib", "/proc/", "/dev/", "/sys/", "/run/"};

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (strncmp(path, folders[i], strlen(folders[i])) == 0) {
            return 1;
        }
    }
    return 0;
}

static int is_on_disk(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));
}

static int is_folder(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The whole path; the file itself need not be there. */
static void whole_path(char *out, int folder, const char *name)
{
    char at[PATH_MAX] = "";
    char link[64];

    if (name[0] == '/') {
        snprintf(out, PATH_MAX, "%s", name);
    } else if (folder == AT_FDCWD) {
        snprintf(out, PATH_MAX, "%s/%s", getcwd(at, sizeof at) ? at : "", name);
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        at[readlink(link, at, sizeof at - 1) < 0 ? 0 : strlen(at)] = '\0';
        snprintf(out, PATH_MAX, "%s/%s", at, name);
    }
}

static void note_made(int folder, const char *name)
{
    char path[PATH_MAX];

    whole_path(path, folder, name);
    for (int i = 0; i < count_made; i++) {
        if (strcmp(made[i].path, path) == 0) {
            made[i].path[0] = '\0';
        }
    }
    if (count_made < 256) {
        strcpy(made[count_made++].path, path);
    }
}

static int remove_it(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void settle_made(const char *folder, int lost)
{
    size_t length = strlen(folder);

    for (int i = 0; i < count_made; i++) {
        const char *path = made[i].path;

        if (!made[i].is_lost && strncmp(path, folder, length) == 0 && path[length] == '/' &&
            !strchr(path + length + 1, '/')) {
            made[i].is_lost = lost;
            made[i].path[0] = lost ? made[i].path[0] : '\0';
        }
    }
}

static void note_safe(int fd)
{
    struct stat info;
    int i = 0;

    if (fstat(fd, &info) == 0) {
        while (i < count_safe && safe[i].file != info.st_ino) {
            i++;
        }
        if (i < 256) {
            count_safe += i == count_safe;
            safe[i].file = info.st_ino;
            safe[i].length = info.st_size;
        }
    }
}

static int is_known(int fd)
{
    struct stat info;
    int i = 0;

    if (fstat(fd, &info) != 0) {
        return 0;
    }
    while (i < count_safe && safe[i].file != info.st_ino) {
        i++;
    }
    return i < count_safe;
}

/* A descriptor of our own, so that the file is found whatever it is called in the end. */
static int lost_file = -1;
static off_t lost_from;

static void lose_octets(int fd)
{
    struct stat info;

    for (int i = 0; fstat(fd, &info) == 0 && i < count_safe; i++) {
        if (safe[i].file == info.st_ino && safe[i].length < info.st_size) {
            lost_file = dup(fd);
            lost_from = safe[i].length;
        }
    }
}

__attribute__((destructor)) static void lose_it(void)
{
    if (lost_file >= 0) {
        NEXT(ftruncate64)(lost_file, lost_from);
    }
    for (int i = 0; i < count_made; i++) {
        if (made[i].is_lost && made[i].path[0]) {
            nftw(made[i].path, remove_it, 16, FTW_DEPTH | FTW_PHYS);
        }
    }
}

static int sync_it(int fd)
{
    char link[64], path[PATH_MAX] = "";
    int failed = fails(FSYNC);

    if (is_folder(fd)) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, path, sizeof path - 1) > 0) {
            settle_made(path, failed);
        }
    } else if (failed) {
        lose_octets(fd);
    } else {
        note_safe(fd);
    }
    errno = causes[FSYNC];
    return failed ? -1 : 0;
}

int fsync(int fd) { return sync_it(fd); }
int fdatasync(int fd) { return sync_it(fd); }

static int open_it(int folder, const char *name, int flags, int mode)
{
    int is_new = (flags & O_CREAT) && faccessat(folder, name, F_OK, 0) != 0;
    int fd;

    if (!is_of_system(name) && fails(OPEN)) {
        return -1;
    }
    fd = NEXT(openat64)(folder, name, flags, mode);
    if (fd >= 0 && is_new) {
        note_made(folder, name);
    }
    if (fd >= 0 && (is_new || !is_known(fd))) {
        note_safe(fd);
    }
    return fd;
}

#define OPEN_LIKE(function, parameters, folder)  \
    int function parameters                      \
    {                                            \
        va_list more;                            \
        int mode;                                \
        va_start(more, flags);                   \
        mode = va_arg(more, int);                \
        va_end(more);                            \
        return open_it(folder, name, flags, mode); \
    }
OPEN_LIKE(open64, (const char *name, int flags, ...), AT_FDCWD)
OPEN_LIKE(openat64, (int at, const char *name, int flags, ...), at)

ssize_t write(int fd, const void *data, size_t len)
{
    return is_on_disk(fd) && fails(WRITE) ? -1 : NEXT(write)(fd, data, len);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
    return fails(WRITE) ? -1 : NEXT(pwrite64)(fd, data, len, at);
}

int ftruncate64(int fd, off64_t length) { return fails(FTRUNCATE) ? -1 : NEXT(ftruncate64)(fd, length); }
int unlink(const char *name) { return fails(UNLINK) ? -1 : NEXT(unlink)(name); }
int unlinkat(int folder, const char *name, int flags) { return fails(UNLINK) ? -1 : NEXT(unlinkat)(folder, name, flags); }

int mkdir(const char *name, mode_t mode)
{
    int result = fails(MKDIR) ? -1 : NEXT(mkdir)(name, mode);

    if (result == 0) {
        note_made(AT_FDCWD, name);
    }
    return result;
}

int rename(const char *from, const char *to)
{
    int result = fails(RENAME) ? -1 : NEXT(rename)(from, to);

    if (result == 0) {
        note_made(AT_FDCWD, to);
    }
    return result;
}
"""


class Faults:
    """The library, built in `folder`. It needs Linux, a C compiler and a program without sanitizers."""

    def __init__(self, folder):
        self.counts = folder / "counts"
        self.library = preload(folder, "faults", SOURCE)

    def environment(self, kind=None, at=None):
        """For a program of which one call is to fail, or whose calls are to be counted."""
        env = {"LD_PRELOAD": self.library, "FAULT_COUNT": str(self.counts)}
        return env if kind is None else {**env, "FAULT_KIND": kind, "FAULT_AT": str(at)}

    def calls(self):
        """How many there were of each kind in the last run that came to its end."""
        return json.loads(self.counts.read_text())
