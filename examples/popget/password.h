/* The password: where it comes from; and wiped after use.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_PASSWORD_H
#define POPGET_PASSWORD_H

#include "options.h"

#include <stdbool.h>
#include <stddef.h>

enum { PASSWORD_SIZE = 512 }; /* more than a PASS command can carry */

struct password {
    char octets[PASSWORD_SIZE];
    size_t len;
};

/* Gets the password where the options say: from the configuration, a file, a command; else from the environment, or the
 * terminal, where it is kept for later rounds if the options have a place for it. POPGET_PASSWORD leaves the
 * environment in any case, so that no child sees it. False after a report. */
bool password_get(struct password *password, const struct options *options, struct report *report);

/* Takes POPGET_PASSWORD out of the environment unread. */
void password_leave_environment(void);

/* Reads the first line, without its end. False with errno set. */
bool password_read_line(struct password *password, int fd);

void password_wipe(struct password *password);

#endif
