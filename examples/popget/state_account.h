/* The names of accounts in a state.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A name is "USER@HOST": the host in small letters and without a final dot, and with ":PORT" behind it only where the
 * options say that each port of a host is another server. States that were made before have "USER@HOST:PORT", as typed.
 */
#ifndef POPGET_STATE_ACCOUNT_H
#define POPGET_STATE_ACCOUNT_H

#include "options.h"

/* Sets options->state_account. */
void state_account_name(struct options *options);

/* Whether `name` is the account of these options under an older name: with the port in use, or, unless ports count,
 * with 110 or 995. A `state_is_old` whose user is the options. */
bool state_account_is_old(void *options, const char *name);

#endif
