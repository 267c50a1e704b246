/* The password: from a file, the environment or the terminal, and wiped after use.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "password.h"

#include "escape.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static const char remedy[] = "use --password-file or POPGET_PASSWORD";

/* A store that the compiler can not drop. */
static void wipe(void *memory, size_t len)
{
    volatile char *at = (volatile char *)memory;

    while (len-- > 0) {
        *at++ = 0;
    }
}

void password_wipe(struct password *password)
{
    wipe(password, sizeof *password);
}

/* One octet: 1, at the end 0, -1 with errno set; a signal is EINTR. One by one, so that from a terminal or a pipe no
 * more than the line is taken. */
static ssize_t read_octet(int fd, char *octet)
{
    ssize_t got;

    do {
        if (signals_caught()) {
            errno = EINTR;
            return -1;
        }
        got = read(fd, octet, 1);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* Reads the first line without its end. False with errno set. */
static bool read_line(struct password *password, int fd)
{
    ssize_t got;
    char octet;

    password->len = 0;
    while ((got = read_octet(fd, &octet)) > 0 && octet != '\n') {
        if (password->len == sizeof password->octets) {
            errno = EMSGSIZE;
            return false;
        }
        password->octets[password->len++] = octet;
    }
    if (password->len > 0 && password->octets[password->len - 1] == '\r') {
        password->len--;
    }
    return got >= 0;
}

static bool from_file(struct password *password, const char *name, struct report *report)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct stat about;
    bool good;
    int why;

    if (fd < 0) {
        report_fatal(report, STATUS_IO, "password file %s: %s", name, strerror(errno));
        return false;
    }
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & (S_IRGRP | S_IROTH))) {
        report_warning(report, "warning: password file %s: others may read it (chmod 600 %s)", name, name);
    }
    good = read_line(password, fd);
    why = errno;
    close(fd);
    if (!good && !signals_caught()) {
        report_fatal(report, STATUS_IO, "password file %s: %s", name,
                     why == EMSGSIZE ? "its first line is too long" : strerror(why));
    }
    return good;
}

static void prompt(int tty, const struct options *options)
{
    char text[2 * NAME_SIZE + 32];
    char safe[3 * sizeof text];
    ssize_t written;

    snprintf(text, sizeof text, "Password for %s at %s: ", options->user, options->host);
    written = write(tty, safe, escape_text(safe, sizeof safe, text, strlen(text), escape_for_stream(tty)));
    (void)written; /* a prompt that is not seen is no reason not to ask */
}

static bool from_terminal(struct password *password, const struct options *options, struct report *report)
{
    int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios before;
    struct termios silent;
    ssize_t written;
    bool good;

    if (tty < 0 || tcgetattr(tty, &before) != 0) {
        report_fatal(report, STATUS_USAGE, "password: there is no terminal to ask on (%s)", remedy);
        if (tty >= 0) {
            close(tty);
        }
        return false;
    }
    silent = before;
    silent.c_lflag &= (tcflag_t) ~(ECHO | ECHOE | ECHOK | ECHONL);
    silent.c_lflag |= ICANON | ISIG;
    prompt(tty, options);
    tcsetattr(tty, TCSAFLUSH, &silent);
    good = read_line(password, tty);
    tcsetattr(tty, TCSAFLUSH, &before);
    written = write(tty, "\n", 1);
    (void)written;
    close(tty);
    if (!good && !signals_caught()) {
        report_fatal(report, STATUS_USAGE, "password: the terminal gave none");
    }
    return good;
}

/* Takes it over and wipes the place where it came in, which other programs of the same user can look at. */
static bool from_environment(struct password *password, char *value, struct report *report)
{
    size_t len = strlen(value);
    bool fits = len <= sizeof password->octets;

    if (fits) {
        memcpy(password->octets, value, len);
        password->len = len;
    } else {
        report_fatal(report, STATUS_USAGE, "POPGET_PASSWORD: too long for POP3");
    }
    return fits;
}

static bool get(struct password *password, char *value, const struct options *options, struct report *report)
{
    if (options->password_file != NULL) {
        return from_file(password, options->password_file, report);
    }
    if (value != NULL) {
        return from_environment(password, value, report);
    }
    return from_terminal(password, options, report);
}

bool password_get(struct password *password, const struct options *options, struct report *report)
{
    char *value = getenv("POPGET_PASSWORD");
    bool good = get(password, value, options, report);

    if (value != NULL) {
        wipe(value, strlen(value));
        unsetenv("POPGET_PASSWORD");
    }
    if (good && password->len == 0) {
        report_fatal(report, STATUS_USAGE, "password: it is empty (%s)", remedy);
        good = false;
    }
    return good;
}
