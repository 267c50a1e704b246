/* The command line, as it was typed.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include "command_line.h"

#include "proxy.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTIONS_MAX = 64,
    FIRST_LONG = 256 /* getopt_long's values of the options without a letter */
};

/* What getopt_long is to know. */
struct grammar {
    struct option longs[OPTIONS_MAX + 1];
    const struct row *rows[OPTIONS_MAX];
    char letters[2 * OPTIONS_MAX + 1];
};

static void make_grammar(struct grammar *grammar)
{
    const struct row *row;
    char *letter = grammar->letters;
    size_t count = 0;
    size_t i;

    for (i = 0; (row = options_row(i)) != NULL && count < OPTIONS_MAX; i++) {
        if (!row_is_of_command(row)) {
            continue;
        }
        grammar->rows[count] = row;
        grammar->longs[count].name = row_name(row);
        grammar->longs[count].has_arg = row_takes_argument(row) ? required_argument : no_argument;
        grammar->longs[count].val = FIRST_LONG + (int)count;
        if (row_letter(row) != 0) {
            *letter++ = (char)row_letter(row);
            if (row_takes_argument(row)) {
                *letter++ = ':';
            }
        }
        count++;
    }
}

static const struct row *find_row(const struct grammar *grammar, int value)
{
    size_t i;

    if (value >= FIRST_LONG) {
        return grammar->rows[value - FIRST_LONG];
    }
    for (i = 0; i < OPTIONS_MAX && grammar->rows[i] != NULL; i++) {
        if (row_letter(grammar->rows[i]) == value) {
            return grammar->rows[i];
        }
    }
    return NULL;
}

/* A proxy may have a password in it, which is never shown. */
static const char *presentable(const struct row *row, const char *argument)
{
    if (argument == NULL) {
        return "";
    }
    return row == options_find("proxy") && proxy_has_password(argument) ? "..." : argument;
}

/* Keeps one option; false where its value is none. */
static bool take(struct command_line *line, const struct row *row, const char *argument, struct report *report)
{
    if (!options_set(&line->options, row, argument)) {
        report_fatal(report, STATUS_USAGE, "--%s: '%s' is not a value for it (popget --help)", row_name(row),
                     presentable(row, argument));
        return false;
    }
    line->settings[line->count].row = row;
    line->settings[line->count].argument = argument;
    line->count++;
    return true;
}

bool command_line_read(struct command_line *line, int argc, char **argv, struct report *report)
{
    static struct grammar grammar;
    const struct row *row;
    int value;

    make_grammar(&grammar);
    options_start(&line->options);
    line->options.layer = LAYER_COMMAND;
    /* A word can hold as many options as it has letters. */
    for (value = 0; value < argc; value++) {
        line->count += 1 + strlen(argv[value]);
    }
    line->settings = (struct setting *)calloc(line->count + 1, sizeof *line->settings);
    line->count = 0;
    if (line->settings == NULL) {
        report_fatal(report, STATUS_TEMPORARY, "out of memory");
        return false;
    }
    /* getopt_long's own complaints begin with argv[0] and are no secret; the remedy comes behind them. */
    while ((value = getopt_long(argc, argv, grammar.letters, grammar.longs, NULL)) != -1) {
        row = find_row(&grammar, value);
        if (row == NULL) {
            report_fatal(report, STATUS_USAGE, "wrong option (popget --help lists them)");
            return false;
        }
        if (!take(line, row, row_takes_argument(row) ? optarg : NULL, report)) {
            return false;
        }
    }
    line->names = argv + optind;
    line->name_count = argc - optind;
    return true;
}

void command_line_apply(const struct command_line *line, struct options *options)
{
    size_t i;

    options->layer = LAYER_COMMAND;
    for (i = 0; i < line->count; i++) {
        (void)options_set(options, line->settings[i].row, line->settings[i].argument);
    }
}

void command_line_free(struct command_line *line)
{
    free(line->settings);
    line->settings = NULL;
}
