/* popget: fetches mail by POP3 into a Maildir, an mbox, standard output or a command.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "command_line.h"
#include "config.h"
#include "rounds.h"
#include "signals.h"
#include "wipe.h"

#include <epop/version.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char default_config[] = "/.popgetrc";

/* A descriptor that the caller has closed would be given to the next file or connection, and output meant for it would
 * end up there. It is opened so that using it fails. */
static bool hold_standard_descriptors(void)
{
    int fd;

    for (fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) {
            return false;
        }
    }
    return true;
}

/* Everything that is to be done. */
struct work {
    struct command_line line;
    struct config config;
    char config_name[PATH_MAX];
    struct account *accounts;
    size_t count;
};

static bool make_room(struct work *work, size_t count, struct report *report)
{
    work->accounts = (struct account *)calloc(count > 0 ? count : 1, sizeof *work->accounts);
    if (work->accounts == NULL) {
        report_fatal(report, STATUS_TEMPORARY, "out of memory");
    }
    return work->accounts != NULL;
}

/* The layers below the command line stand in the options already. */
static bool add_account(struct work *work, const char *name, struct report *report)
{
    struct account *account = &work->accounts[work->count];

    account->name = name;
    command_line_apply(&work->line, &account->options);
    account->options.kept = &account->kept;
    work->count++;
    report->account = name;
    return options_settle(&account->options, report);
}

static bool add_url(struct work *work, const char *url, struct report *report)
{
    if (work->line.name_count != 1 || work->line.options.all_accounts) {
        report_fatal(report, STATUS_USAGE, "give one URL, pops://USER@HOST or pop://USER@HOST (popget --help)");
        return false;
    }
    if (!make_room(work, 1, report)) {
        return false;
    }
    options_start(&work->accounts[0].options);
    work->accounts[0].options.url = url;
    return add_account(work, NULL, report);
}

static bool add_section(struct work *work, size_t section, struct report *report)
{
    struct options *options = &work->accounts[work->count].options;

    options_start(options);
    config_apply(&work->config, section, options);
    return add_account(work, work->config.sections[section].name, report);
}

static bool add_named(struct work *work, struct report *report)
{
    size_t section;
    int i;

    for (i = 0; i < work->line.name_count; i++) {
        if (!config_find(&work->config, work->line.names[i], &section)) {
            report_fatal(report, STATUS_USAGE, "%s: no account in %s has that name, and it is no URL",
                         work->line.names[i], work->config.file);
            return false;
        }
        if (!add_section(work, section, report)) {
            return false;
        }
    }
    return true;
}

static bool add_all(struct work *work, struct report *report)
{
    size_t i;

    for (i = 0; i < work->config.section_count; i++) {
        if (work->config.sections[i].name != NULL && !add_section(work, i, report)) {
            return false;
        }
    }
    if (work->count == 0) {
        report_fatal(report, STATUS_USAGE, "%s: there is no account in it", work->config.file);
    }
    return work->count > 0;
}

static const char *config_name(struct work *work)
{
    const char *home = getenv("HOME");

    if (work->line.options.config_file != NULL) {
        return work->line.options.config_file;
    }
    snprintf(work->config_name, sizeof work->config_name, "%s%s", home != NULL ? home : "", default_config);
    return work->config_name;
}

/* Accounts by their names, or a URL. */
static bool find_accounts(struct work *work, struct report *report)
{
    const struct command_line *line = &work->line;
    bool all = line->options.all_accounts;

    if (line->name_count > 0 && strstr(line->names[0], "://") != NULL) {
        return add_url(work, line->names[0], report);
    }
    if (all ? line->name_count > 0 : line->name_count == 0) {
        report_fatal(report, STATUS_USAGE,
                     "give one URL, pops://USER@HOST or pop://USER@HOST, or accounts of the configuration, or "
                     "--all-accounts (popget --help)");
        return false;
    }
    return config_read(&work->config, config_name(work), report) &&
           make_room(work, all ? work->config.section_count : (size_t)line->name_count, report) &&
           (all ? add_all(work, report) : add_named(work, report));
}

static int run(struct work *work, struct report *report)
{
    if (!find_accounts(work, report)) {
        return report->status;
    }
    report->account = NULL;
    if (!signals_install()) {
        report_fatal(report, STATUS_IO, "%s", strerror(errno));
        return report->status;
    }
    if (work->count > 1) {
        password_leave_environment(); /* it is not the password of them all */
    }
    return rounds_run(work->accounts, work->count, work->line.options.watch, work->line.options.quiet);
}

static int tell(const struct options *options)
{
    if (options->help) {
        options_print_help();
    } else {
        puts("popget " EPOP_VERSION);
    }
    return fflush(stdout) == 0 ? STATUS_OK : STATUS_IO;
}

int main(int argc, char **argv)
{
    static struct work work;
    struct report report = {NULL, NULL, false, STATUS_OK, false};
    int status;

    if (!hold_standard_descriptors()) {
        return STATUS_IO;
    }
    setlocale(LC_CTYPE, "");
    if (!command_line_read(&work.line, argc, argv, &report)) {
        status = report.status;
    } else if (work.line.options.help || work.line.options.version) {
        status = tell(&work.line.options);
    } else {
        status = run(&work, &report);
    }
    if (work.accounts != NULL) {
        wipe(work.accounts, (work.count > 0 ? work.count : 1) * sizeof *work.accounts);
    }
    free(work.accounts);
    config_free(&work.config);
    command_line_free(&work.line);
    return status;
}
