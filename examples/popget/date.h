/* Dates of mail (RFC 5322 section 3.3).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_DATE_H
#define POPGET_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Reads a date: "Sat, 28 Nov 2026 12:00:00 +0100". The day of the week and the seconds may be missing, years may have
 * two digits, zones may have names. What follows it does not matter. Seconds since 1970 in UTC; false where it is none.
 */
bool date_parse(const char *text, int64_t *time);

#endif
