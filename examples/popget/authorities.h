/* The authorities whose certificates are trusted: a file of the user's, or the system's store.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_AUTHORITIES_H
#define POPGET_AUTHORITIES_H

#include "report.h"

#include <mbedtls/x509_crt.h>

#include <stdbool.h>

/* `name` is a file in PEM; NULL: $SSL_CERT_FILE, or the first that is there of the places where systems keep theirs.
 * False after a report. */
bool authorities_read(mbedtls_x509_crt *authorities, const char *name, struct report *report);

#endif
