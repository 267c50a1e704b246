/* What is said of a run with messages: a line for people, or lines of JSON.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_SUMMARY_H
#define POPGET_SUMMARY_H

#include <epop/sync.h>

struct plan;

/* One message. */
void summary_message(struct plan *plan, const epop_sync_report_event *event);

/* The run. */
void summary_run(struct plan *plan);

#endif
