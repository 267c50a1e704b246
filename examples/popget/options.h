/* What popget is to do, for one account: from the command line, and from the configuration file.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * One table has all options. Each is a long option of the command line, or a keyword of the file, or both; their values
 * are understood by the same functions.
 */
#ifndef POPGET_OPTIONS_H
#define POPGET_OPTIONS_H

#include "fingerprint.h"
#include "ranges.h"
#include "report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum target { TARGET_NONE, TARGET_MAILDIR, TARGET_MBOX, TARGET_STDOUT, TARGET_EXEC };

/* How a connection that begins without TLS (pop://) goes on. */
enum tls_policy { TLS_DEFAULT, TLS_REQUIRED, TLS_OPTIONAL, TLS_NEVER };

struct mechanism;

enum {
    NAME_SIZE = 256, /* user and host of the URL, decoded; a command line has 255 octets (RFC 2449 section 4) */
    ACCOUNT_SIZE = 2 * NAME_SIZE + 16, /* of "USER@HOST:PORT" */
    PIPELINE_MOST = 1000,
    PIPELINE_DEFAULT = PIPELINE_MOST, /* RETRs asked for ahead; their octets are bounded too, so these are small ones */
    DAYS_MOST = 36500,
    WATCH_MOST = 7 * 86400, /* seconds */
    TIMEOUT_DEFAULT = 180,  /* seconds; some servers think for long before they answer QUIT */
    TIMEOUT_MOST = 86400,
    KEEP_ALIVE_DEFAULT = 45 /* seconds; known servers hang up after 50 */
};

struct password;

/* Where a value comes from: the later of these wins. */
enum layer { LAYER_NONE, LAYER_DEFAULTS, LAYER_ACCOUNT, LAYER_COMMAND };

/* Options of one group take each other's place, where they come from different layers. */
enum group { GROUP_NONE, GROUP_TARGET, GROUP_FATE, GROUP_SECRET, GROUP_SCOPE, GROUPS };

struct options {
    enum layer layer; /* of what is set now */
    enum layer layers[GROUPS];
    char account[ACCOUNT_SIZE];       /* "USER@HOST:PORT" */
    char state_account[ACCOUNT_SIZE]; /* its name in the state: account_state_name */
    const char *url;                  /* NULL: user, host and port were told one by one */
    char user[NAME_SIZE];
    char host[NAME_SIZE];
    char port[12];
    uint32_t port_number;
    bool pops;                         /* TLS from the first octet */
    enum tls_policy tls;               /* never TLS_DEFAULT after options_parse */
    const struct mechanism *mechanism; /* NULL: the strongest */
    const char *auth;                  /* --auth as it was given */
    const char *ca_file;
    const char *token_file;
    const char *token_command;
    const char *proxy;  /* NULL: none */
    const char *source; /* NULL: the system chooses */
    enum target target;
    const char *target_argument; /* DIR, FILE or CMD */
    unsigned targets;            /* how many were given */
    struct ranges messages;
    const char *password_file;
    const char *password_command;
    const char *password;
    struct password *kept; /* one that was typed in, for later sessions */
    const char *trace_file;
    const char *state_file; /* NULL: nothing is remembered */
    const char *headers_first;
    const char *delete_matching;
    const char *config_file;
    uint64_t max_size;     /* 0: any */
    uint64_t kill_size;    /* 0: none */
    uint64_t since;        /* days; with `has_since` */
    uint64_t days;         /* with `delete_after` */
    uint32_t newest_kept;  /* with `keep_newest` */
    uint32_t max_messages; /* 0: any number */
    unsigned watch;        /* seconds between two rounds; 0: one round */
    unsigned pipeline;
    unsigned timeout;
    unsigned keep_alive;
    const char *fetching; /* of the options of the command line that mean nothing to --list, one; NULL: there is none */
    bool list;
    bool json;
    bool keep;
    bool delete;
    bool delete_after;
    bool keep_newest;
    bool has_since;
    bool use_top;
    bool newest_first;
    bool all; /* what was fetched before, too */
    bool new_only;
    bool state_by_port;
    bool all_accounts;
    bool crlf;
    bool allow_cleartext;
    bool has_fingerprint;
    uint8_t fingerprint[FINGERPRINT_SIZE]; /* of the only certificate that is trusted */
    bool quiet;
    bool help;
    bool version;
};

struct row;

/* Nothing is set yet. */
void options_start(struct options *options);

/* The rows of the table; NULL behind the last one. */
const struct row *options_row(size_t index);
const char *row_name(const struct row *row);
int row_letter(const struct row *row); /* 0: none */
bool row_takes_argument(const struct row *row);
bool row_is_of_command(const struct row *row);
bool row_is_of_file(const struct row *row);
bool row_is_path(const struct row *row);

/* A row by its name; NULL where there is none. */
const struct row *options_find(const char *name);

/* Sets one. `argument` is NULL where there is none. False where that is no value for it. */
bool options_set(struct options *options, const struct row *row, const char *argument);

/* After the last one: what contradicts what, and what follows from it all. False after a report. */
bool options_settle(struct options *options, struct report *report);

/* Whether the login is by an OAuth token. */
bool options_want_token(const struct options *options);

void options_print_help(void);

#endif
