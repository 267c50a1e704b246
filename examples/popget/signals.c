/* Signals that end the program in good order: a flag to look at and a descriptor to wait on.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    SIGNALS = 3,
    GRACE = 2000 /* milliseconds for a child to end after a signal, before it is left alone */
};

static const int signals[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};
static bool ignored[SIGNALS]; /* as under nohup: stays so */
static volatile sig_atomic_t caught;
static int pipe_ends[2] = {-1, -1};

static void on_signal(int number)
{
    int saved = errno;
    ssize_t sent;

    if (number != SIGCHLD) {
        caught = number;
    }
    sent = write(pipe_ends[1], "", 1);
    (void)sent; /* a full pipe wakes the reader too */
    errno = saved;
}

static void set_handler(int number, void (*handler)(int))
{
    struct sigaction action = {0};

    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void set_all(void (*handler)(int))
{
    size_t i;

    for (i = 0; i < SIGNALS; i++) {
        if (!ignored[i]) {
            set_handler(signals[i], handler);
        }
    }
}

bool signals_install(void)
{
    struct sigaction before;
    size_t i;
    int end;

    if (pipe(pipe_ends) != 0) {
        return false;
    }
    for (end = 0; end < 2; end++) {
        fcntl(pipe_ends[end], F_SETFD, FD_CLOEXEC);
        fcntl(pipe_ends[end], F_SETFL, O_NONBLOCK);
    }
    for (i = 0; i < SIGNALS; i++) {
        ignored[i] = sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN;
    }
    set_all(on_signal);
    set_handler(SIGPIPE, SIG_IGN);
    set_handler(SIGCHLD, on_signal);
    return true;
}

int signals_caught(void)
{
    return (int)caught;
}

int signals_descriptor(void)
{
    return pipe_ends[0];
}

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

bool signals_sleep(uint64_t milliseconds)
{
    struct pollfd wake = {.fd = pipe_ends[0], .events = POLLIN};
    uint64_t end = now() + milliseconds;
    uint64_t time = now();

    while (!caught && time < end) {
        poll(&wake, 1, end - time < INT_MAX ? (int)(end - time) : INT_MAX);
        signals_drain();
        time = now();
    }
    return !caught;
}

void signals_let_through(bool through)
{
    set_all(through ? SIG_DFL : on_signal);
}

void signals_drain(void)
{
    char octets[64];

    while (read(pipe_ends[0], octets, sizeof octets) > 0) {
    }
}

pid_t signals_fork(void)
{
    sigset_t all;
    sigset_t before;
    pid_t child;

    /* The child shares the pipe: its handlers must not run, or the parent would wake for a signal that it never got. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        set_all(SIG_DFL);
        set_handler(SIGPIPE, SIG_DFL);
        set_handler(SIGCHLD, SIG_DFL);
    }
    if (child > 0) {
        setpgid(child, child); /* whichever of the two comes first */
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return child;
}

/* Stopped, for it wants the terminal: it would wait for ever. */
static bool wants_terminal(int status)
{
    return WIFSTOPPED(status) && (WSTOPSIG(status) == SIGTTIN || WSTOPSIG(status) == SIGTTOU);
}

pid_t signals_look_after(pid_t child, int *status)
{
    pid_t changed = waitpid(child, status, WNOHANG | WUNTRACED);

    if (changed < 0) {
        return errno == EINTR ? 0 : -1;
    }
    if (changed == child && wants_terminal(*status)) {
        kill(-child, SIGKILL);
    }
    return changed == child && !WIFSTOPPED(*status) ? child : 0;
}

bool signals_wait_child(pid_t child, int *status)
{
    struct pollfd wake = {.fd = pipe_ends[0], .events = POLLIN};
    bool told = false;
    pid_t ended;
    int ready = 1;

    for (;;) {
        signals_drain();
        ended = signals_look_after(child, status);
        if (ended != 0) {
            return ended == child && !caught;
        }
        if (told && ready == 0) {
            return false;
        }
        if (caught && !told) {
            kill(-child, (int)caught);
            told = true;
        }
        ready = poll(&wake, 1, told ? GRACE : -1);
    }
}
