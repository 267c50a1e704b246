/* The configuration file: accounts, and what holds for all of them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 *     defaults
 *       state ~/.popget-state
 *     account work
 *       host pop.example.org
 *       user jane
 *       passwordeval "pass show work"
 */
#ifndef POPGET_CONFIG_H
#define POPGET_CONFIG_H

#include "options.h"

struct config_setting {
    const struct row *row;
    const char *value; /* NULL where there is none */
    unsigned line;
};

struct config_section {
    const char *name; /* NULL: defaults, for all accounts behind it */
    unsigned line;
    size_t first; /* of its settings */
};

struct config {
    const char *file;
    char *text; /* the whole file, which names and values point into */
    struct config_section *sections;
    size_t section_count;
    struct config_setting *settings;
    size_t setting_count;
    char **paths; /* values with the home directory put in */
    size_t path_count;
};

/* False after a report. `file` must outlive it. */
bool config_read(struct config *config, const char *file, struct report *report);

/* The section of an account; false where there is none. */
bool config_find(const struct config *config, const char *name, size_t *section);

/* Lays the account, and the defaults that stand before it, over what is there. */
void config_apply(const struct config *config, size_t section, struct options *options);

void config_free(struct config *config);

#endif
