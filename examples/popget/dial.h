/* Connecting: to the host of the options, or to the proxy in front of it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_DIAL_H
#define POPGET_DIAL_H

#include "options.h"

/* Tries all addresses one after the other, each for `timeout` seconds at most; then a proxy, if there is one, has as
 * long to connect to the host. The descriptor of a socket that does not block; -1 after a report, or where a signal
 * came. */
int dial(const struct options *options, struct report *report);

/* Whether the text is a numeric address, of IPv4 or IPv6, for --source. */
bool dial_is_address(const char *text);

#endif
