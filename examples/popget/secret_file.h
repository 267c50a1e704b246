/* Files that hold a secret: opened with a look at who else may read them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_SECRET_FILE_H
#define POPGET_SECRET_FILE_H

#include "report.h"

#include <stddef.h>
#include <sys/stat.h>

/* A descriptor, with a warning where others may read the file; or -1 after a report. `what` says what it is. */
int secret_file_open(const char *what, const char *name, struct report *report);

/* Takes away the U+FEFF that some editors begin every file with; the length that is left. */
size_t secret_file_drop_mark(char *octets, size_t len);

/* How a file looks from outside. */
struct secret_stamp {
    bool is_there;
    struct stat about;
};

void secret_file_look(struct secret_stamp *stamp, const char *name);

/* False where the file was written, replaced, made or removed between the two looks. */
bool secret_file_is_same(const struct secret_stamp *before, const struct secret_stamp *after);

#endif
