/* Whose mail it is, where, and how safe the way there must be: the URL, and the options of the login.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_ACCOUNT_H
#define POPGET_ACCOUNT_H

#include "options.h"

/* Reads the URL, if there is one, and decides what the options of the login come to with it: on success user, host,
 * port, `tls` and `mechanism` are set. False after a report. */
bool account_settle(struct options *options, struct report *report);

#endif
