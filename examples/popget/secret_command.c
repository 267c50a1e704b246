/* A secret that a command prints, such as one that asks a password manager.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "secret_command.h"

#include "signals.h"
#include "wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    NO_SUCH_COMMAND = 127, /* what a shell exits with where it finds none */
    OUTPUT_MOST = 1024 * 1024
};

static void run(const char *command, int output)
{
    if (dup2(output, STDOUT_FILENO) == STDOUT_FILENO) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    }
    _exit(NO_SUCH_COMMAND);
}

/* Reads what follows the first line to its end: a command that cannot write any more would die of that. Password
 * managers print notes there, which are secret, too. False with errno set. */
static bool read_rest(int fd)
{
    char octets[1024];
    size_t total = 0;
    ssize_t got = 1;

    while (got != 0 && total <= OUTPUT_MOST) {
        got = read(fd, octets, sizeof octets);
        if (got < 0 && (errno != EINTR || signals_caught())) {
            break;
        }
        total += got > 0 ? (size_t)got : 0u;
    }
    wipe(octets, sizeof octets);
    if (total > OUTPUT_MOST) {
        errno = EFBIG;
    }
    return got == 0;
}

static const char *describe(int error)
{
    if (error == EFBIG) {
        return "its output is too long (limit: 1 MiB behind the first line)";
    }
    return error == EMSGSIZE ? "its first line is too long" : strerror(error);
}

/* Waits for its end; what was wrong with reading goes first. */
static bool end(const char *what, pid_t child, bool good, int why, struct report *report)
{
    int status = 0;

    if (!signals_wait_child(child, &status)) {
        return false;
    }
    if (!good) {
        report_fatal(report, STATUS_IO, "%s: %s", what, describe(why));
        return false;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        report_fatal(report, STATUS_IO, "%s: the command ended with %s %d", what,
                     WIFEXITED(status) ? "status" : "signal",
                     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        return false;
    }
    return true;
}

bool secret_command_run(const char *what, const char *command, bool (*take)(void *secret, int fd), void *secret,
                        struct report *report)
{
    int ends[2];
    pid_t child;
    bool good;
    int why;

    if (pipe(ends) != 0) {
        report_fatal(report, STATUS_IO, "%s: %s", what, strerror(errno));
        return false;
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    child = signals_fork();
    if (child == 0) {
        run(command, ends[1]);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        report_fatal(report, STATUS_IO, "%s: %s", what, strerror(errno));
        return false;
    }
    good = take(secret, ends[0]) && read_rest(ends[0]);
    why = errno;
    close(ends[0]);
    return end(what, child, good, why, report);
}
