/* The OAuth access token: from a file, and wiped after use.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "token.h"

#include "secret_command.h"
#include "secret_file.h"
#include "signals.h"
#include "wipe.h"

#include <epop/base.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

void token_wipe(struct token *token)
{
    wipe(token, sizeof *token);
}

/* Reads to the end of the file, or until there is no room. False with errno set. */
static bool read_all(struct token *token, int fd)
{
    ssize_t got = 1;

    while (got != 0 && token->len < sizeof token->octets) {
        got = read(fd, token->octets + token->len, sizeof token->octets - token->len);
        if (got < 0 && (errno != EINTR || signals_caught())) {
            return false;
        }
        token->len += got > 0 ? (size_t)got : 0u;
    }
    return true;
}

static void drop_line_end(struct token *token)
{
    if (token->len > 0 && token->octets[token->len - 1] == '\n') {
        token->len--;
        if (token->len > 0 && token->octets[token->len - 1] == '\r') {
            token->len--;
        }
    }
}

/* RFC 6750 section 2.1. Messages tell where an octet stands and never which it is. */
static bool check(const struct token *token, const char *what, const char *name, struct report *report)
{
    size_t at = 0;

    if (token->len == 0) {
        report_fatal(report, STATUS_USAGE, "%s%s: it is empty", what, name);
        return false;
    }
    if (token->len > TOKEN_SIZE) {
        report_fatal(report, STATUS_USAGE, "%s%s: %s: a token has %d octets at most", what, name,
                     epop_error_name(EPOP_ERR_TOO_LONG), TOKEN_SIZE);
        return false;
    }
    while (at < token->len && token->octets[at] > ' ' && token->octets[at] <= '~') {
        at++;
    }
    if (at < token->len) {
        report_fatal(report, STATUS_USAGE,
                     "%s%s: %s: its octet %lu cannot be in a token (one line of visible ASCII, nothing else)", what,
                     name, epop_error_name(EPOP_ERR_OCTET), (unsigned long)at + 1);
        return false;
    }
    return true;
}

bool token_get(struct token *token, const char *name, struct report *report)
{
    int fd = secret_file_open("token file", name, report);
    bool good;
    int why;

    token->len = 0;
    if (fd < 0) {
        return false;
    }
    good = read_all(token, fd);
    why = errno;
    close(fd);
    if (!good) {
        if (!signals_caught()) {
            report_fatal(report, STATUS_IO, "token file %s: %s", name, strerror(why));
        }
        return false;
    }
    token->len = secret_file_drop_mark(token->octets, token->len);
    drop_line_end(token);
    return check(token, "token file ", name, report);
}

/* Its first line; more is not looked at. */
static bool take_output(void *secret, int fd)
{
    struct token *token = (struct token *)secret;
    const char *end;

    if (!read_all(token, fd)) {
        return false;
    }
    end = (const char *)memchr(token->octets, '\n', token->len);
    if (end == NULL && token->len == sizeof token->octets) {
        errno = EMSGSIZE;
        return false;
    }
    token->len = end != NULL ? (size_t)(end + 1 - token->octets) : token->len;
    return true;
}

bool token_ask_command(struct token *token, const char *command, struct report *report)
{
    static const char what[] = "oauth-token-eval";

    token->len = 0;
    if (!secret_command_run(what, command, take_output, token, report)) {
        return false;
    }
    drop_line_end(token);
    return check(token, what, "", report);
}
