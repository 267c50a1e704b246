/* In the place of the SQLite state, where popget is built without libsqlite3.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "state.h"

#include <unistd.h>

struct state *state_sqlite_open(const char *file, int fd, struct report *report)
{
    close(fd);
    state_fail(
        file, report,
        "an SQLite database, and this popget was built without libsqlite3 (build it with, or give another file)");
    return NULL;
}
