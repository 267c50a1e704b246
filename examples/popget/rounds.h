/* Several accounts, and several rounds.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_ROUNDS_H
#define POPGET_ROUNDS_H

#include "options.h"
#include "password.h"
#include "secret_file.h"

/* An account, and when its turn is. */
struct account {
    const char *name; /* NULL: of a URL */
    struct options options;
    struct password kept;
    uint64_t due;               /* milliseconds of the monotonic clock */
    uint64_t backoff;           /* milliseconds since the last failure but one; 0: all is well */
    bool proven;                /* a login has succeeded: what fails now may go well again */
    bool aside;                 /* no more rounds before its secret has changed */
    bool over;                  /* no more rounds */
    struct secret_stamp secret; /* the file with its password or token, before its last round */
};

/* Runs all of them, once, or with --watch until a signal comes. The exit status. */
int rounds_run(struct account *accounts, size_t count, unsigned watch, bool quiet);

#endif
