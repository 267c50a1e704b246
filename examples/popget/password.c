/* The password: where it comes from; and wiped after use.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "password.h"

#include "escape.h"
#include "secret_command.h"
#include "secret_file.h"
#include "signals.h"
#include "wipe.h"

#include <epop/base.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define VARIABLE "POPGET_PASSWORD"

static const char remedy[] = "use --password-file or " VARIABLE;

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

bool password_read_line(struct password *password, int fd)
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
    int fd = secret_file_open("password file", name, report);
    bool good;
    int why;

    if (fd < 0) {
        return false;
    }
    good = password_read_line(password, fd);
    why = errno;
    close(fd);
    password->len = secret_file_drop_mark(password->octets, password->len);
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
    good = password_read_line(password, tty);
    tcsetattr(tty, TCSAFLUSH, &before);
    written = write(tty, "\n", 1);
    (void)written;
    close(tty);
    if (!good && !signals_caught()) {
        report_fatal(report, STATUS_USAGE, "password: the terminal gave none");
    }
    return good;
}

static bool from_text(struct password *password, const char *source, const char *value, struct report *report)
{
    size_t len = strlen(value);
    bool fits = len <= sizeof password->octets;

    if (fits) {
        memcpy(password->octets, value, len);
        password->len = len;
    } else {
        report_fatal(report, STATUS_USAGE, "%s: too long for POP3", source);
    }
    return fits;
}

/* The environment and the terminal give it once only. */
static bool from_outside(struct password *password, const struct options *options, struct report *report)
{
    const char *value = getenv(VARIABLE);
    bool good;

    if (options->kept != NULL && options->kept->len > 0) {
        *password = *options->kept;
        return true;
    }
    good = value != NULL ? from_text(password, VARIABLE, value, report) : from_terminal(password, options, report);
    if (good && options->kept != NULL) {
        *options->kept = *password;
    }
    return good;
}

static bool take_output(void *password, int fd)
{
    return password_read_line((struct password *)password, fd);
}

static bool get(struct password *password, const struct options *options, struct report *report)
{
    if (options->password != NULL) {
        return from_text(password, "password", options->password, report);
    }
    if (options->password_file != NULL) {
        return from_file(password, options->password_file, report);
    }
    if (options->password_command != NULL) {
        password_leave_environment();
        return secret_command_run("passwordeval", options->password_command, take_output, password, report);
    }
    return from_outside(password, options, report);
}

/* No command of POP3 can carry these, and no mechanism may (RFC 4616 section 2 for NUL). */
static bool check(const struct password *password, struct report *report)
{
    size_t i;

    if (password->len == 0) {
        report_fatal(report, STATUS_USAGE, "password: it is empty (%s)", remedy);
        return false;
    }
    for (i = 0; i < password->len; i++) {
        if (password->octets[i] == '\r' || password->octets[i] == '\n' || password->octets[i] == '\0') {
            report_fatal(report, STATUS_USAGE, "password: %s: CR, LF or NUL is in it", epop_error_name(EPOP_ERR_OCTET));
            return false;
        }
    }
    return true;
}

bool password_get(struct password *password, const struct options *options, struct report *report)
{
    bool good = get(password, options, report);

    password_leave_environment();
    return good && check(password, report);
}

/* Other programs of the same user can look at it there. */
void password_leave_environment(void)
{
    char *value = getenv(VARIABLE);

    if (value != NULL) {
        wipe(value, strlen(value));
        unsetenv(VARIABLE);
    }
}
