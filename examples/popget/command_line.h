/* The command line, as it was typed: options that are laid over those of each account, and what remains.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_COMMAND_LINE_H
#define POPGET_COMMAND_LINE_H

#include "options.h"

struct setting {
    const struct row *row;
    const char *argument;
};

struct command_line {
    struct setting *settings;
    size_t count;
    char **names; /* what is no option: a URL, or accounts */
    int name_count;
    struct options options; /* what the options alone come to */
};

/* False after a report. `argv` must outlive it. */
bool command_line_read(struct command_line *line, int argc, char **argv, struct report *report);

/* Lays the options over what is there. They were found to be good. */
void command_line_apply(const struct command_line *line, struct options *options);

void command_line_free(struct command_line *line);

#endif
