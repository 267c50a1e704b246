/* The command line.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_OPTIONS_H
#define POPGET_OPTIONS_H

#include "ranges.h"
#include "report.h"

#include <stdbool.h>
#include <stdint.h>

enum target { TARGET_NONE, TARGET_MAILDIR, TARGET_MBOX, TARGET_STDOUT, TARGET_EXEC };

/* How a connection that begins without TLS (pop://) goes on. */
enum tls_policy { TLS_DEFAULT, TLS_REQUIRED, TLS_OPTIONAL, TLS_NEVER };

struct mechanism;

enum {
    NAME_SIZE = 256,       /* user and host of the URL, decoded; a command line has 255 octets (RFC 2449 section 4) */
    PIPELINE_DEFAULT = 16, /* RETRs asked for ahead: hides the round trip, and little is in vain when one fails */
    PIPELINE_MOST = 1000,
    TIMEOUT_DEFAULT = 180, /* seconds; some servers think for long before they answer QUIT */
    TIMEOUT_MOST = 86400
};

struct options {
    char user[NAME_SIZE];
    char host[NAME_SIZE];
    char port[8];
    uint32_t port_number;
    bool pops;                         /* TLS from the first octet */
    enum tls_policy tls;               /* never TLS_DEFAULT after options_parse */
    const struct mechanism *mechanism; /* NULL: the strongest */
    const char *auth;                  /* --auth as it was given */
    const char *ca_file;
    const char *token_file;
    enum target target;
    const char *target_argument; /* DIR, FILE or CMD */
    unsigned targets;            /* how many were given */
    struct ranges messages;
    const char *password_file;
    const char *trace_file;
    uint64_t max_size; /* 0: any */
    unsigned pipeline;
    unsigned timeout;
    bool list;
    bool json;
    bool keep;
    bool delete;
    bool crlf;
    bool allow_cleartext;
    bool quiet;
    bool help;
    bool version;
};

/* Fills `options`; false where the command line is wrong, which was said then. With `help` or `version` the rest of it
 * does not matter. */
bool options_parse(struct options *options, int argc, char **argv, struct report *report);

void options_print_help(void);

#endif
