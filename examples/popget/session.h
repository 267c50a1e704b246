/* One session for one account: what is opened, in which order, and closed again.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_SESSION_H
#define POPGET_SESSION_H

#include "options.h"

/* What the server has said of the time between two logins. */
struct session_result {
    uint32_t login_delay; /* seconds; 0: any */
    bool too_soon;        /* the login was refused for that */
    bool logged_in;
    bool left_alone; /* nothing is wrong but messages that are left alone because they break sessions */
};

/* Fetches mail, or lists it. `report->status` says how that went. */
void session_run(struct options *options, struct report *report, struct session_result *result);

#endif
