/* Files that hold a secret: opened with a look at who else may read them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_SECRET_FILE_H
#define POPGET_SECRET_FILE_H

#include "report.h"

/* A descriptor, with a warning where others may read the file; or -1 after a report. `what` says what it is. */
int secret_file_open(const char *what, const char *name, struct report *report);

#endif
