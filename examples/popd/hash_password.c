/* popd --hash-password: what the users file can hold in the place of a password.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "auth.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "tls.h"
#include "wipe.h"

static struct termios shown;

/* Whoever ends the program while it asks must not be left with a terminal that shows nothing. */
static void on_signal(int number)
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    signal(number, SIG_DFL);
    raise(number);
}

static int hide(void)
{
    static const int ends[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
    struct termios hidden = shown;
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        sigaction(ends[i], &action, NULL);
    }
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    hidden.c_cc[VSUSP] = _POSIX_VDISABLE;
    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
}

/* At a terminal it asks, and does not show what is typed. 1 where a line came. */
static int read_line(char *line, size_t size)
{
    int is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &shown) == 0;
    int got;

    if (is_terminal) {
        if (hide() != 0) {
            return 0;
        }
        fputs("Password: ", stderr);
    }
    setvbuf(stdin, NULL, _IONBF, 0); /* no copy in a buffer that is not wiped */
    got = fgets(line, (int)size, stdin) != NULL;
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        fputs("\n", stderr);
    }
    return got;
}

static int print_key(epop_span password)
{
    epop_crypto crypto = {.struct_size = sizeof crypto};
    uint8_t salt[SECRET_SALT];
    uint8_t stored_key[EPOP_HASH_MAX];
    uint8_t server_key[EPOP_HASH_MAX];
    char text[SECRET_TEXT_MAX];

    if (tls_crypto(&crypto) != 0 || crypto.random(crypto.user, salt, sizeof salt) != 0 ||
        epop_scram_derive(&crypto, EPOP_HASH_SHA256, password.ptr, password.len, salt, sizeof salt,
                          EPOP_SCRAM_ITERATIONS_MIN, stored_key, server_key) != EPOP_OK) {
        fputs("popd: mbedTLS could not make a hash; give the process more memory\n", stderr);
        return EX_OSERR;
    }
    secret_format(text, EPOP_SCRAM_ITERATIONS_MIN, (epop_span){salt, sizeof salt}, stored_key, server_key);
    wipe(stored_key, sizeof stored_key);
    wipe(server_key, sizeof server_key);
    return puts(text) >= 0 && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

/* What is wrong with the line, or NULL. */
static const char *fault(const char *line, size_t length)
{
    if (length == 0) {
        return "no password came on standard input; give it as one line";
    }
    if (length > SECRET_PASSWORD_MAX) {
        return "the password is longer than 248 octets, which no PASS command can carry; choose a shorter one";
    }
    /* fgets goes on behind a NUL, but what is a string ends there. */
    return line[length] != '\0' || feof(stdin) ? NULL : "a NUL octet stands in the password; choose one without";
}

int auth_hash_password(void)
{
    char line[SECRET_PASSWORD_MAX + 3] = "";
    int status = EX_DATAERR;
    const char *wrong;
    size_t length;

    if (tls_is_missing()) {
        fputs("popd: --hash-password needs hashes, and " TLS_MISSING "\n", stderr);
        return EX_UNAVAILABLE;
    }
    length = read_line(line, sizeof line) ? strcspn(line, "\r\n") : 0;
    wrong = fault(line, length);
    if (wrong != NULL) {
        fprintf(stderr, "popd: %s\n", wrong);
    } else {
        status = print_key((epop_span){(const uint8_t *)line, length});
    }
    wipe(line, sizeof line);
    return status;
}
