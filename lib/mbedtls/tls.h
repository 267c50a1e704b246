/* What the files of the TLS engine share, and where versions of mbedTLS differ in name only.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_MBEDTLS_TLS_H
#define EPOP_MBEDTLS_TLS_H

#include <epop/mbedtls.h>

#include <limits.h>

#if MBEDTLS_VERSION_NUMBER < 0x03000000
#define EPOPI_TLS_BEFORE_3 1
#else
#define EPOPI_TLS_BEFORE_3 0
#endif

/* TLS 1.3: the server has sent a ticket, which is no error, and no octets of the session. From any call. */
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
#define EPOPI_TLS_TICKET MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
#else
#define EPOPI_TLS_TICKET INT_MIN
#endif

/* The part of the handshake that 2.28 must be watched for; see binding.c. */
void epopi_binding_watch(epop_tls *tls);

#endif
