/* A secret that a command prints, such as one that asks a password manager.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_SECRET_COMMAND_H
#define POPGET_SECRET_COMMAND_H

#include "report.h"

#include <stdbool.h>

/* Runs `sh -c command`, whose output `take` takes as much of as it needs; false from it, with errno set, is reported,
 * EMSGSIZE as a first line that is too long. The rest of the output is read and dropped. `what` is the option's name.
 * False after a report, or where a signal came. */
bool secret_command_run(const char *what, const char *command, bool (*take)(void *secret, int fd), void *secret,
                        struct report *report);

#endif
