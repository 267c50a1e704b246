/* Files that hold a secret: opened with a look at who else may read them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

int secret_file_open(const char *what, const char *name, struct report *report)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat about;

    if (fd < 0) {
        report_fatal(report, STATUS_IO, "%s %s: %s", what, name, strerror(errno));
        return -1;
    }
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & (S_IRGRP | S_IROTH))) {
        report_warning(report, "warning: %s %s: others may read it (chmod 600 %s)", what, name, name);
    }
    return fd;
}

size_t secret_file_drop_mark(char *octets, size_t len)
{
    static const char mark[] = "\xEF\xBB\xBF";
    size_t size = sizeof mark - 1;

    if (len < size || memcmp(octets, mark, size) != 0) {
        return len;
    }
    memmove(octets, octets + size, len - size);
    return len - size;
}

void secret_file_look(struct secret_stamp *stamp, const char *name)
{
    stamp->is_there = stat(name, &stamp->about) == 0;
}

static bool same_time(const struct timespec *one, const struct timespec *other)
{
    return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

bool secret_file_is_same(const struct secret_stamp *before, const struct secret_stamp *after)
{
    const struct stat *one = &before->about;
    const struct stat *other = &after->about;

    if (!before->is_there || !after->is_there) {
        return before->is_there == after->is_there;
    }
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino && one->st_size == other->st_size &&
           same_time(&one->st_mtim, &other->st_mtim) && same_time(&one->st_ctim, &other->st_ctim);
}
