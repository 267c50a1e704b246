/* Host names with letters beyond ASCII, and their form in DNS and in certificates: "xn--..." (RFC 5891).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_IDN_H
#define POPGET_IDN_H

#include "report.h"

#include <stdbool.h>
#include <stddef.h>

/* Converts a host in UTF-8 in place. One that is ASCII stays as it is. `what` stands in front of it in the report;
 * false after one. */
bool idn_convert(char *host, size_t size, const char *what, struct report *report);

/* Converts the host of a URL that somebody typed with such letters (RFC 3987 section 3.1). `uri` takes the whole URL;
 * false after a report. */
bool idn_convert_url(char *uri, size_t size, const char *url, struct report *report);

#endif
