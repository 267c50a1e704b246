/* The command line.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include "options.h"

#include "account.h"
#include "help.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_LONG = 256 }; /* getopt_long's values of the options without a letter */

static bool whole_number(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    return ranges_number(&text, most, number) && *text == '\0' && *number >= least;
}

static bool set_target(struct options *options, enum target target, const char *argument)
{
    options->target = target;
    options->target_argument = argument;
    options->targets++;
    return argument == NULL || *argument != '\0';
}

static bool set_maildir(struct options *options, const char *argument)
{
    return set_target(options, TARGET_MAILDIR, argument);
}

static bool set_mbox(struct options *options, const char *argument)
{
    return set_target(options, TARGET_MBOX, argument);
}

static bool set_stdout(struct options *options, const char *argument)
{
    return set_target(options, TARGET_STDOUT, argument);
}

static bool set_exec(struct options *options, const char *argument)
{
    return set_target(options, TARGET_EXEC, argument);
}

static bool set_messages(struct options *options, const char *argument)
{
    return ranges_parse(&options->messages, argument);
}

static bool set_max_size(struct options *options, const char *argument)
{
    return whole_number(argument, 1, UINT64_MAX, &options->max_size);
}

static bool set_pipeline(struct options *options, const char *argument)
{
    uint64_t number = 0;
    bool valid = whole_number(argument, 1, PIPELINE_MOST, &number);

    options->pipeline = (unsigned)number;
    return valid;
}

static bool set_timeout(struct options *options, const char *argument)
{
    uint64_t number = 0;
    bool valid = whole_number(argument, 1, TIMEOUT_MOST, &number);

    options->timeout = (unsigned)number;
    return valid;
}

static bool set_password_file(struct options *options, const char *argument)
{
    options->password_file = argument;
    return *argument != '\0';
}

static bool set_trace(struct options *options, const char *argument)
{
    options->trace_file = argument;
    return *argument != '\0';
}

static bool set_oauth_token_file(struct options *options, const char *argument)
{
    options->token_file = argument;
    return *argument != '\0';
}

static bool set_auth(struct options *options, const char *argument)
{
    options->auth = argument;
    return *argument != '\0';
}

static bool set_ca(struct options *options, const char *argument)
{
    options->ca_file = argument;
    return *argument != '\0';
}

static bool set_tls(struct options *options, const char *argument)
{
    static const struct {
        const char *name;
        enum tls_policy policy;
    } policies[] = {{"required", TLS_REQUIRED}, {"optional", TLS_OPTIONAL}, {"never", TLS_NEVER}};
    size_t i = 0;

    while (i < 3 && strcmp(policies[i].name, argument) != 0) {
        i++;
    }
    options->tls = i < 3 ? policies[i].policy : TLS_DEFAULT;
    return i < 3;
}

/* An option with `flag` is just switched on; the others have a function that takes their argument. */
struct row {
    const char *name;
    int letter; /* 0: none */
    bool argument;
    size_t flag;
    bool (*set)(struct options *options, const char *argument);
};

#define FLAG(name, letter, member)                                                                                     \
    {                                                                                                                  \
        name, letter, false, offsetof(struct options, member), NULL                                                    \
    }

static const struct row rows[] = {
    FLAG("help", 'h', help),
    FLAG("version", 'V', version),
    FLAG("quiet", 'q', quiet),
    FLAG("list", 'l', list),
    FLAG("json", 0, json),
    FLAG("keep", 'k', keep),
    FLAG("delete", 'd', delete),
    FLAG("crlf", 0, crlf),
    FLAG("allow-cleartext", 0, allow_cleartext),
    {"stdout", 0, false, 0, set_stdout},
    {"maildir", 0, true, 0, set_maildir},
    {"mbox", 0, true, 0, set_mbox},
    {"exec", 0, true, 0, set_exec},
    {"messages", 'm', true, 0, set_messages},
    {"max-size", 0, true, 0, set_max_size},
    {"pipeline", 0, true, 0, set_pipeline},
    {"timeout", 0, true, 0, set_timeout},
    {"password-file", 0, true, 0, set_password_file},
    {"oauth-token-file", 0, true, 0, set_oauth_token_file},
    {"auth", 0, true, 0, set_auth},
    {"tls", 0, true, 0, set_tls},
    {"ca", 0, true, 0, set_ca},
    {"trace", 0, true, 0, set_trace},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static const struct row *find_row(int value)
{
    size_t i;

    if (value >= FIRST_LONG) {
        return &rows[value - FIRST_LONG];
    }
    for (i = 0; i < ROWS; i++) {
        if (rows[i].letter == value) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Hands the options of the command line to their functions; what remains begins at argv[optind]. */
static bool read_options(struct options *options, int argc, char **argv, struct report *report)
{
    struct option longs[ROWS + 1] = {{NULL, 0, NULL, 0}};
    const struct row *row;
    size_t i;
    int value;

    for (i = 0; i < ROWS; i++) {
        longs[i].name = rows[i].name;
        longs[i].has_arg = rows[i].argument ? required_argument : no_argument;
        longs[i].val = FIRST_LONG + (int)i;
    }
    /* getopt_long's own complaints begin with argv[0] and are no secret; the remedy comes behind them. */
    while ((value = getopt_long(argc, argv, "hVqlkdm:", longs, NULL)) != -1) {
        row = find_row(value);
        if (row == NULL) {
            report_fatal(report, STATUS_USAGE, "wrong option (popget --help lists them)");
            return false;
        }
        if (row->set == NULL) {
            *(bool *)((char *)options + row->flag) = true;
        } else if (!row->set(options, optarg)) {
            report_fatal(report, STATUS_USAGE, "--%s: '%s' is not a value for it (popget --help)", row->name, optarg);
            return false;
        }
    }
    return true;
}

/* What contradicts what; NULL where all is well. */
static const char *contradiction_of_list(const struct options *options)
{
    if (options->targets > 0 || options->delete) {
        return "--list fetches nothing: it goes neither with a target nor with --delete";
    }
    return options->crlf ? "--crlf is for fetching and does not go with --list" : NULL;
}

static const char *contradiction_of_fetch(const struct options *options)
{
    if (options->json) {
        return "--json is a form of --list (add --list)";
    }
    if (options->targets != 1) {
        return "give exactly one of --maildir, --mbox, --stdout, --exec, or --list";
    }
    if (options->keep && options->delete) {
        return "--keep and --delete contradict each other";
    }
    if (options->delete &&options->target == TARGET_STDOUT && isatty(STDOUT_FILENO)) {
        return "--delete: a terminal stores nothing (send standard output to a file or a pipe)";
    }
    return NULL;
}

bool options_parse(struct options *options, int argc, char **argv, struct report *report)
{
    const char *wrong;

    memset(options, 0, sizeof *options);
    options->pipeline = PIPELINE_DEFAULT;
    options->timeout = TIMEOUT_DEFAULT;
    if (!read_options(options, argc, argv, report)) {
        return false;
    }
    if (options->help || options->version) {
        return true;
    }
    report->quiet = options->quiet;
    if (optind != argc - 1) {
        report_fatal(report, STATUS_USAGE, "give one URL, pops://USER@HOST or pop://USER@HOST (popget --help)");
        return false;
    }
    wrong = options->list ? contradiction_of_list(options) : contradiction_of_fetch(options);
    if (wrong != NULL) {
        report_fatal(report, STATUS_USAGE, "%s", wrong);
        return false;
    }
    return account_settle(options, argv[optind], report);
}

void options_print_help(void)
{
    size_t i;

    for (i = 0; i < sizeof help_lines / sizeof help_lines[0]; i++) {
        puts(help_lines[i]);
    }
}
