/* A file that is written to in small pieces, with every error seen.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE /* sync_file_range() */

#include "outfile.h"

#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void outfile_start(struct outfile *out, int fd)
{
    out->fd = fd;
    out->error = 0;
    out->len = 0;
}

/* One write(); false where it cannot go on. */
static bool write_some(struct outfile *out, const uint8_t *data, size_t len, size_t *done)
{
    struct pollfd wait = {.fd = out->fd, .events = POLLOUT};
    ssize_t wrote;

    if (signals_caught()) {
        out->error = EINTR;
        return false;
    }
    wrote = write(out->fd, data, len);
    if (wrote >= 0) {
        *done += (size_t)wrote;
        return true;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        poll(&wait, 1, 1000); /* somebody else made the pipe non-blocking */
        return true;
    }
    if (errno != EINTR) {
        out->error = errno;
        return false;
    }
    return true;
}

static bool write_all(struct outfile *out, const uint8_t *data, size_t len)
{
    size_t done = 0;

    while (done < len && out->error == 0) {
        write_some(out, data + done, len - done, &done);
    }
    return out->error == 0;
}

bool outfile_flush(struct outfile *out)
{
    size_t len = out->len;

    out->len = 0;
    return out->error == 0 && write_all(out, out->buffer, len);
}

bool outfile_put(struct outfile *out, const void *data, size_t len)
{
    const uint8_t *from = (const uint8_t *)data;
    size_t part;

    while (len > 0 && out->error == 0) {
        if (out->len == sizeof out->buffer && !outfile_flush(out)) {
            break;
        }
        part = sizeof out->buffer - out->len;
        part = part < len ? part : len;
        memcpy(out->buffer + out->len, from, part);
        out->len += part;
        from += part;
        len -= part;
    }
    return out->error == 0;
}

static bool sync_descriptor(int fd)
{
    while (fsync(fd) != 0) {
        if (errno == EINVAL || errno == ENOTSUP || errno == EROFS) {
            return true;
        }
        if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

bool outfile_sync(struct outfile *out)
{
    if (outfile_flush(out) && !sync_descriptor(out->fd)) {
        out->error = errno;
    }
    return out->error == 0;
}

int outfile_release(struct outfile *out)
{
    int fd = out->fd;

    if (!outfile_flush(out)) {
        return -1;
    }
#ifdef SYNC_FILE_RANGE_WRITE
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* a hint: errors come with fsync() */
#endif
    out->fd = -1;
    return fd;
}

void outfile_close_released(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

bool outfile_sync_released(int *fd)
{
    bool good = *fd < 0 || sync_descriptor(*fd);
    int why = errno;

    outfile_close_released(fd);
    errno = why;
    return good;
}

bool outfile_close(struct outfile *out)
{
    int fd = out->fd;

    out->fd = -1;
    out->len = 0;
    /* After EINTR the descriptor is gone all the same, and the octets were synced before. */
    if (fd >= 0 && close(fd) != 0 && errno != EINTR && out->error == 0) {
        out->error = errno;
    }
    return out->error == 0;
}

bool outfile_sync_directory(const char *name)
{
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good;
    int why;

    if (fd < 0) {
        return false;
    }
    good = sync_descriptor(fd);
    why = errno;
    close(fd);
    errno = why;
    return good;
}

bool outfile_sync_name(const char *name)
{
    char *path = strdup(name);
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

/* `pattern` ends in XXXXXX. */
static int make_temporary(char *pattern)
{
    int fd = mkstemp(pattern);

    if (fd >= 0) {
        unlink(pattern);
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    return fd;
}

int outfile_temporary(const char *name)
{
    char pattern[PATH_MAX];
    const char *directory = getenv("TMPDIR");
    int fd = -1;

    if (name != NULL && snprintf(pattern, sizeof pattern, "%s.popget-XXXXXX", name) < (int)sizeof pattern) {
        fd = make_temporary(pattern);
    }
    if (fd < 0) {
        directory = directory != NULL && *directory == '/' ? directory : "/tmp";
        if (snprintf(pattern, sizeof pattern, "%s/popget-XXXXXX", directory) >= (int)sizeof pattern) {
            errno = ENAMETOOLONG;
            return -1;
        }
        fd = make_temporary(pattern);
    }
    return fd;
}
