/* The file that --trace writes: the dialogue without its secrets.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_TRACE_H
#define POPGET_TRACE_H

#include <epop/base.h>

#include "report.h"

#include <stdio.h>

struct trace {
    FILE *file; /* NULL: no trace is wanted */
    const char *name;
};

/* `name` may be NULL. False after a report. */
bool trace_open(struct trace *trace, const char *name, struct report *report);

void trace_line(struct trace *trace, const epop_trace_event *event);

/* Reports what went wrong with the file at any time. */
void trace_close(struct trace *trace, struct report *report);

#endif
