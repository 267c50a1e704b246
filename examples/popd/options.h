/* The command line.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_OPTIONS_H
#define POPD_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "log.h"

enum { OPTIONS_LISTEN_MAX = 16 };

struct options {
    const char *root;
    const char *users;
    const char *port_file; /* NULL: none */
    const char *certificate;
    const char *key;
    const char *tls_ciphers; /* NULL: the library's choice */
    const char *mechanisms;  /* NULL: those that all users can use */
    struct address listen[OPTIONS_LISTEN_MAX];
    uint8_t listen_secure[OPTIONS_LISTEN_MAX]; /* TLS from the first octet on */
    size_t listen_count;
    uint32_t idle_timeout;  /* seconds */
    uint32_t login_timeout; /* seconds */
    uint32_t max_sessions;
    uint32_t max_sessions_per_address;
    uint32_t max_login_failures;
    uint32_t login_failure_delay; /* seconds */
    int allow_cleartext;
    int hash_password;
    enum log_format log;
};

/* Returns -1 to go on, or the status to exit with: 0 after --help and --version, EX_USAGE after a mistake, of which
 * standard error has been told. */
int options_parse(struct options *options, int argc, char **argv);

#endif
