/* epop: an embeddable POP3 protocol library. This header includes all of it but <epop/mbedtls.h>,
 * which needs mbedTLS.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_EPOP_H
#define EPOP_EPOP_H

#include <epop/base.h>
#include <epop/client.h>
#include <epop/sasl.h>
#include <epop/server.h>
#include <epop/sync.h>
#include <epop/version.h>
#include <epop/wire.h>

#endif
