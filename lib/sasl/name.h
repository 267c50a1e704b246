/* Names in SCRAM and OAUTHBEARER: "," is written as "=2C" and "=" as "=3D" (RFC 5801 section 4, RFC 5802 section 5.1).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_SASL_NAME_H
#define EPOP_SASL_NAME_H

#include <epop/base.h>

/* How an octet of a name is written: a constant, or the octet where it is. */
epop_span epopi_name_escape(const uint8_t *octet);

/* Reads the octet of a name that is written at text[*pos...), which is not the end; *pos moves past it. EPOP_OK, or
 * EPOP_ERR_SASL_CHALLENGE for a "=" that neither "2C" nor "3D" follows. */
int32_t epopi_name_unescape(epop_span text, size_t *pos, uint8_t *octet);

#endif
