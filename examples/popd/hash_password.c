/* popd --hash-password: what the users file can hold in the place of a password.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "auth.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "tls.h"
#include "wipe.h"

/* At a terminal it asks, and does not show what is typed. 1 where a line came. */
static int read_line(char *line, size_t size)
{
    struct termios shown;
    int is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &shown) == 0;
    int got;

    if (is_terminal) {
        struct termios hidden = shown;

        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
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
    uint8_t salt[AUTH_SALT];
    uint8_t stored_key[EPOP_HASH_MAX];
    uint8_t server_key[EPOP_HASH_MAX];
    char text[SECRET_TEXT_MAX];

    if (tls_crypto(&crypto) != 0) {
        fputs("popd: --hash-password needs hashes, and " TLS_MISSING "\n", stderr);
        return EX_UNAVAILABLE;
    }
    if (crypto.random(crypto.user, salt, sizeof salt) != 0 ||
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

int auth_hash_password(void)
{
    char line[SECRET_PASSWORD_MAX + 3] = "";
    size_t length;
    int status = EX_DATAERR;

    if (!read_line(line, sizeof line) || line[0] == '\n' || line[0] == '\0') {
        fputs("popd: no password came on standard input; give it as one line\n", stderr);
        return EX_DATAERR;
    }
    length = strcspn(line, "\r\n");
    if (length > SECRET_PASSWORD_MAX) {
        fputs("popd: the password is longer than 248 octets, which no PASS command can carry; choose a shorter one\n",
              stderr);
    } else {
        status = print_key((epop_span){(const uint8_t *)line, length});
    }
    wipe(line, sizeof line);
    return status;
}
