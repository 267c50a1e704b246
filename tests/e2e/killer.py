"""Kills a program at its n-th call to the system: a library that is loaded before the C library counts them.

fsync() is counted and not done: the death of a program takes nothing away that the system has, and disks are slow.

Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
"""
from preload import preload

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static long calls;

static void count(void)
{
    const char *at = getenv("KILL_AT");

    if (++calls == (at ? atol(at) : -1)) {
        kill(getpid(), SIGKILL);
    }
}

__attribute__((destructor)) static void tell(void)
{
    const char *name = getenv("KILL_COUNT");
    FILE *file = name ? fopen(name, "w") : NULL;

    if (file) {
        fprintf(file, "%ld\n", calls);
        fclose(file);
    }
}

#define WRAP(type, name, parameters, arguments)                              \
    type name parameters                                                     \
    {                                                                        \
        static type(*next) parameters;                                       \
        if (!next) {                                                         \
            *(void **)&next = dlsym(RTLD_NEXT, #name);                       \
        }                                                                    \
        count();                                                             \
        return next arguments;                                               \
    }

int fsync(int fd)
{
    (void)fd;
    count();
    return 0;
}

int fdatasync(int fd)
{
    return fsync(fd);
}

WRAP(int, rename, (const char *from, const char *to), (from, to))
WRAP(int, unlink, (const char *name), (name))
WRAP(int, close, (int fd), (fd))
WRAP(int, ftruncate64, (int fd, off_t length), (fd, length))
WRAP(ssize_t, write, (int fd, const void *data, size_t len), (fd, data, len))
WRAP(ssize_t, pwrite64, (int fd, const void *data, size_t len, off_t at), (fd, data, len, at))
WRAP(ssize_t, send, (int fd, const void *data, size_t len, int flags), (fd, data, len, flags))
WRAP(ssize_t, recv, (int fd, void *data, size_t len, int flags), (fd, data, len, flags))
WRAP(int, poll, (struct pollfd *fds, nfds_t many, int timeout), (fds, many, timeout))
WRAP(int, fflush, (FILE *file), (file))

int open64(const char *name, int flags, ...)
{
    static int (*next)(const char *, int, ...);
    va_list more;
    int mode;

    if (!next) {
        *(void **)&next = dlsym(RTLD_NEXT, "open64");
    }
    va_start(more, flags);
    mode = va_arg(more, int);
    va_end(more);
    count();
    return next(name, flags, mode);
}
"""


class Killer:
    """The library, built in `folder`; None of it works without Linux, a C compiler and a program without sanitizers."""

    def __init__(self, folder):
        self.count = folder / "calls"
        self.library = preload(folder, "killer", SOURCE, "-D_FILE_OFFSET_BITS=64")

    def environment(self, at=None):
        """For a program that is to be killed before its call number `at`, or whose calls are to be counted."""
        env = {"LD_PRELOAD": self.library, "KILL_COUNT": str(self.count)}
        return env if at is None else {**env, "KILL_AT": str(at)}

    def calls(self):
        """How many there were in the last run that came to its end."""
        return int(self.count.read_text())
