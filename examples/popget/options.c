/* What popget is to do, for one account: from the command line, and from the configuration file.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "options.h"

#include "account.h"
#include "dial.h"
#include "help.h"
#include "proxy.h"
#include "state_account.h"
#include "wipe.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static bool small_number(const char *argument, uint64_t least, uint64_t most, unsigned *number)
{
    uint64_t wide = 0;
    bool valid = whole_number(argument, least, most, &wide);

    *number = (unsigned)wide;
    return valid;
}

static bool set_pipeline(struct options *options, const char *argument)
{
    return small_number(argument, 1, PIPELINE_MOST, &options->pipeline);
}

static bool set_keep_alive(struct options *options, const char *argument)
{
    return small_number(argument, 1, TIMEOUT_MOST, &options->keep_alive);
}

static bool set_timeout(struct options *options, const char *argument)
{
    return small_number(argument, 1, TIMEOUT_MOST, &options->timeout);
}

static bool set_fingerprint(struct options *options, const char *argument)
{
    options->has_fingerprint = true;
    return fingerprint_parse(options->fingerprint, argument);
}

static bool set_proxy(struct options *options, const char *argument)
{
    struct proxy proxy;
    bool valid = proxy_parse(&proxy, argument);

    wipe(&proxy, sizeof proxy);
    options->proxy = argument;
    return valid;
}

static bool set_source(struct options *options, const char *argument)
{
    options->source = argument;
    return dial_is_address(argument);
}

static bool set_watch(struct options *options, const char *argument)
{
    return small_number(argument, 1, WATCH_MOST, &options->watch);
}

static bool set_max_messages(struct options *options, const char *argument)
{
    return small_number(argument, 1, UINT32_MAX, &options->max_messages);
}

static bool set_delete_after(struct options *options, const char *argument)
{
    options->delete_after = true;
    return whole_number(argument, 0, DAYS_MOST, &options->days);
}

static bool set_keep_newest(struct options *options, const char *argument)
{
    options->keep_newest = true;
    return small_number(argument, 0, UINT32_MAX, &options->newest_kept);
}

/* Whether it is a regular expression can be known at once. */
static bool set_pattern(const char **pattern, const char *argument)
{
    regex_t regex;
    bool valid = regcomp(&regex, argument + (argument[0] == '!'), REG_EXTENDED | REG_NOSUB) == 0;

    if (valid) {
        regfree(&regex);
    }
    *pattern = argument;
    return valid && argument[argument[0] == '!'] != '\0';
}

static bool set_headers_first(struct options *options, const char *argument)
{
    return set_pattern(&options->headers_first, argument);
}

static bool set_delete_matching(struct options *options, const char *argument)
{
    return set_pattern(&options->delete_matching, argument);
}

static bool set_kill_size(struct options *options, const char *argument)
{
    return whole_number(argument, 1, UINT64_MAX, &options->kill_size);
}

static bool set_since(struct options *options, const char *argument)
{
    options->has_since = true;
    return whole_number(argument, 1, DAYS_MOST, &options->since);
}

static bool copy_name(char *name, const char *argument)
{
    size_t len = strlen(argument);

    if (len == 0 || len >= NAME_SIZE) {
        return false;
    }
    memcpy(name, argument, len + 1);
    return true;
}

static bool set_user(struct options *options, const char *argument)
{
    return copy_name(options->user, argument);
}

static bool set_host(struct options *options, const char *argument)
{
    return strpbrk(argument, "/@ \t") == NULL && copy_name(options->host, argument);
}

static bool set_port(struct options *options, const char *argument)
{
    return small_number(argument, 1, 65535, &options->port_number);
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
    /* In the file there is no URL to say it. */
    options->pops = options->layer != LAYER_COMMAND ? strcmp(argument, "implicit") == 0 : options->pops;
    return i < 3 || (options->layer != LAYER_COMMAND && options->pops);
}

/* Where it may stand, and what it is. */
enum {
    OF_COMMAND = 0x01,
    OF_FILE = 0x02,
    OF_BOTH = OF_COMMAND | OF_FILE,
    PATH = 0x04,    /* "~/" at its beginning is the home directory */
    FETCHING = 0x08 /* means nothing to --list */
};

enum kind {
    FLAG, /* `member` is a bool, switched on */
    TEXT, /* `member` is a const char *, not empty */
    CALL, /* `set` takes the argument */
    BARE  /* `set` is called without one */
};

struct row {
    const char *name;
    int letter; /* 0: none */
    unsigned place;
    enum kind kind;
    enum group group;
    size_t member;
    bool (*set)(struct options *options, const char *argument);
};

#define FLAG_ROW(name, letter, place, group, member)                                                                   \
    {                                                                                                                  \
        name, letter, place, FLAG, group, offsetof(struct options, member), NULL                                       \
    }
#define TEXT_ROW(name, letter, place, group, member)                                                                   \
    {                                                                                                                  \
        name, letter, place, TEXT, group, offsetof(struct options, member), NULL                                       \
    }
#define CALL_ROW(name, letter, place, group, set)                                                                      \
    {                                                                                                                  \
        name, letter, place, CALL, group, 0, set                                                                       \
    }

static const struct row rows[] = {
    FLAG_ROW("help", 'h', OF_COMMAND, GROUP_NONE, help),
    FLAG_ROW("version", 'V', OF_COMMAND, GROUP_NONE, version),
    FLAG_ROW("quiet", 'q', OF_COMMAND, GROUP_NONE, quiet),
    TEXT_ROW("config", 'c', OF_COMMAND, GROUP_NONE, config_file),
    FLAG_ROW("all-accounts", 'a', OF_COMMAND, GROUP_NONE, all_accounts),
    CALL_ROW("watch", 'w', OF_COMMAND | FETCHING, GROUP_NONE, set_watch),
    TEXT_ROW("url", 0, OF_FILE, GROUP_NONE, url),
    CALL_ROW("host", 0, OF_FILE, GROUP_NONE, set_host),
    CALL_ROW("port", 0, OF_FILE, GROUP_NONE, set_port),
    CALL_ROW("user", 0, OF_FILE, GROUP_NONE, set_user),
    TEXT_ROW("password", 0, OF_FILE, GROUP_SECRET, password),
    TEXT_ROW("password-file", 0, OF_BOTH | PATH, GROUP_SECRET, password_file),
    TEXT_ROW("passwordeval", 0, OF_BOTH, GROUP_SECRET, password_command),
    TEXT_ROW("oauth-token-file", 0, OF_BOTH | PATH, GROUP_SECRET, token_file),
    TEXT_ROW("oauth-token-eval", 0, OF_BOTH, GROUP_SECRET, token_command),
    TEXT_ROW("auth", 0, OF_BOTH, GROUP_NONE, auth),
    CALL_ROW("tls", 0, OF_BOTH, GROUP_NONE, set_tls),
    TEXT_ROW("ca", 0, OF_BOTH | PATH, GROUP_NONE, ca_file),
    CALL_ROW("tls-fingerprint", 0, OF_BOTH, GROUP_NONE, set_fingerprint),
    FLAG_ROW("allow-cleartext", 0, OF_BOTH, GROUP_NONE, allow_cleartext),
    CALL_ROW("maildir", 0, OF_BOTH | PATH, GROUP_TARGET, set_maildir),
    CALL_ROW("mbox", 0, OF_BOTH | PATH, GROUP_TARGET, set_mbox),
    CALL_ROW("exec", 0, OF_BOTH, GROUP_TARGET, set_exec),
    {"stdout", 0, OF_COMMAND, BARE, GROUP_TARGET, 0, set_stdout},
    FLAG_ROW("list", 'l', OF_COMMAND, GROUP_TARGET, list),
    FLAG_ROW("crlf", 0, OF_BOTH | FETCHING, GROUP_NONE, crlf),
    FLAG_ROW("json", 0, OF_COMMAND, GROUP_NONE, json),
    TEXT_ROW("state", 's', OF_BOTH | PATH | FETCHING, GROUP_NONE, state_file),
    FLAG_ROW("state-by-port", 0, OF_BOTH | FETCHING, GROUP_NONE, state_by_port),
    FLAG_ROW("new", 0, OF_BOTH | FETCHING, GROUP_SCOPE, new_only),
    FLAG_ROW("all", 0, OF_BOTH | FETCHING, GROUP_SCOPE, all),
    CALL_ROW("messages", 'm', OF_COMMAND, GROUP_NONE, set_messages),
    CALL_ROW("max-size", 0, OF_BOTH, GROUP_NONE, set_max_size),
    CALL_ROW("max-messages", 0, OF_BOTH | FETCHING, GROUP_NONE, set_max_messages),
    CALL_ROW("headers-first", 0, OF_BOTH | FETCHING, GROUP_NONE, set_headers_first),
    CALL_ROW("since", 0, OF_BOTH | FETCHING, GROUP_NONE, set_since),
    CALL_ROW("kill-size", 0, OF_BOTH | FETCHING, GROUP_NONE, set_kill_size),
    CALL_ROW("delete-matching", 0, OF_BOTH | FETCHING, GROUP_NONE, set_delete_matching),
    FLAG_ROW("use-top", 0, OF_BOTH | FETCHING, GROUP_NONE, use_top),
    FLAG_ROW("newest-first", 0, OF_BOTH | FETCHING, GROUP_NONE, newest_first),
    FLAG_ROW("keep", 'k', OF_BOTH, GROUP_FATE, keep),
    FLAG_ROW("delete", 'd', OF_BOTH | FETCHING, GROUP_FATE, delete),
    CALL_ROW("delete-after", 0, OF_BOTH | FETCHING, GROUP_FATE, set_delete_after),
    CALL_ROW("keep-newest", 0, OF_BOTH | FETCHING, GROUP_FATE, set_keep_newest),
    CALL_ROW("pipeline", 0, OF_BOTH, GROUP_NONE, set_pipeline),
    CALL_ROW("proxy", 0, OF_BOTH, GROUP_NONE, set_proxy),
    CALL_ROW("source", 0, OF_BOTH, GROUP_NONE, set_source),
    CALL_ROW("timeout", 0, OF_BOTH, GROUP_NONE, set_timeout),
    CALL_ROW("keep-alive", 0, OF_BOTH, GROUP_NONE, set_keep_alive),
    TEXT_ROW("trace", 0, OF_COMMAND, GROUP_NONE, trace_file),
};

enum { ROWS = sizeof rows / sizeof rows[0] };

const struct row *options_row(size_t index)
{
    return index < ROWS ? &rows[index] : NULL;
}

const char *row_name(const struct row *row)
{
    return row->name;
}

int row_letter(const struct row *row)
{
    return row->letter;
}

bool row_takes_argument(const struct row *row)
{
    return row->kind == TEXT || row->kind == CALL;
}

bool row_is_of_command(const struct row *row)
{
    return (row->place & OF_COMMAND) != 0;
}

bool row_is_of_file(const struct row *row)
{
    return (row->place & OF_FILE) != 0;
}

bool row_is_path(const struct row *row)
{
    return (row->place & PATH) != 0;
}

const struct row *options_find(const char *name)
{
    size_t i;

    for (i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

void options_start(struct options *options)
{
    memset(options, 0, sizeof *options);
    options->pipeline = PIPELINE_DEFAULT;
    options->timeout = TIMEOUT_DEFAULT;
    options->keep_alive = KEEP_ALIVE_DEFAULT;
}

/* What a lower layer has said of this group no longer holds. */
static void clear(struct options *options, enum group group)
{
    switch (group) {
    case GROUP_TARGET:
        options->list = false;
        options->targets = 0;
        break;
    case GROUP_FATE:
        options->keep = options->delete = options->delete_after = options->keep_newest = false;
        break;
    case GROUP_SECRET:
        options->password = options->password_file = options->password_command = options->token_file =
            options->token_command = NULL;
        break;
    case GROUP_SCOPE:
        options->new_only = options->all = false;
        break;
    default:
        break;
    }
}

/* A flag of the file may be followed by "on" or "off". */
static bool set_flag(bool *flag, const char *argument)
{
    *flag = argument == NULL || strcmp(argument, "on") == 0;
    return *flag || strcmp(argument, "off") == 0;
}

static bool set_text(const char **text, const char *argument)
{
    *text = argument;
    return *argument != '\0';
}

bool options_set(struct options *options, const struct row *row, const char *argument)
{
    void *member = (char *)options + row->member;

    if (options->layers[row->group] < options->layer) {
        clear(options, row->group);
        options->layers[row->group] = options->layer;
    }
    if (row->place & FETCHING && options->layer == LAYER_COMMAND) {
        options->fetching = row->name;
    }
    switch (row->kind) {
    case FLAG:
        return set_flag((bool *)member, argument);
    case TEXT:
        return argument != NULL && set_text((const char **)member, argument);
    case BARE:
        return row->set(options, NULL);
    default:
        return argument != NULL && row->set(options, argument);
    }
}

static bool deletes(const struct options *options)
{
    return options->delete || options->delete_after || options->keep_newest;
}

/* What contradicts what; NULL where all is well. */
static const char *contradiction_of_fate(const struct options *options)
{
    if (options->kill_size > 0 && options->max_size >= options->kill_size) {
        return "--kill-size deletes unread what --max-size would fetch";
    }
    if (options->keep && deletes(options)) {
        return "--keep contradicts --delete, --delete-after and --keep-newest";
    }
    if (options->delete &&(options->delete_after || options->keep_newest)) {
        return "--delete contradicts --delete-after and --keep-newest: it deletes them all";
    }
    return NULL;
}

static const char *contradiction_of_output(const struct options *options)
{
    if (options->target != TARGET_STDOUT) {
        return NULL;
    }
    if (deletes(options) && isatty(STDOUT_FILENO)) {
        return "--delete: a terminal stores nothing (send standard output to a file or a pipe)";
    }
    return options->json ? "--json and --stdout both write to standard output" : NULL;
}

static const char *contradiction_of_fetch(const struct options *options)
{
    if (options->targets != 1) {
        return "give exactly one of --maildir, --mbox, --stdout, --exec, or --list";
    }
    if (options->new_only && (options->all || options->state_file == NULL)) {
        return options->all ? "--new and --all contradict each other"
                            : "--new: without --state FILE nobody knows what is new";
    }
    if (options->delete_after && options->state_file == NULL) {
        return "--delete-after: without --state FILE nobody knows how old a message is";
    }
    return contradiction_of_output(options);
}

static bool settle_list(const struct options *options, struct report *report)
{
    if (options->targets > 0) {
        report_fatal(report, STATUS_USAGE, "--list goes without a target: it fetches nothing");
    } else if (options->fetching != NULL) {
        report_fatal(report, STATUS_USAGE, "--%s is for fetching, and --list fetches nothing", options->fetching);
    }
    return options->targets == 0 && options->fetching == NULL;
}

static bool settle_fetch(const struct options *options, struct report *report)
{
    const char *wrong = contradiction_of_fetch(options);

    wrong = wrong != NULL ? wrong : contradiction_of_fate(options);
    if (wrong != NULL) {
        report_fatal(report, STATUS_USAGE, "%s", wrong);
    }
    return wrong == NULL;
}

bool options_settle(struct options *options, struct report *report)
{
    if (!(options->list ? settle_list(options, report) : settle_fetch(options, report)) ||
        !account_settle(options, report)) {
        return false;
    }
    snprintf(options->account, sizeof options->account, "%s@%s:%s", options->user, options->host, options->port);
    state_account_name(options);
    return true;
}

bool options_want_token(const struct options *options)
{
    return options->token_file != NULL || options->token_command != NULL;
}

void options_print_help(void)
{
    size_t i;

    for (i = 0; i < sizeof help_lines / sizeof help_lines[0]; i++) {
        puts(help_lines[i]);
    }
}
