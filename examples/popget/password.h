/* The password: from a file, the environment or the terminal, and wiped after use.
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

/* Gets the password where the options say. POPGET_PASSWORD leaves the environment in any case, so that no child sees
 * it. False after a report. */
bool password_get(struct password *password, const struct options *options, struct report *report);

/* Takes POPGET_PASSWORD out of the environment unread. */
void password_leave_environment(void);

void password_wipe(struct password *password);

#endif
