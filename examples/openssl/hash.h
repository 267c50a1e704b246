/* Hashes for epop's SASL mechanisms from OpenSSL's libcrypto (3.0 or newer).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef OPENSSL_HASH_H
#define OPENSSL_HASH_H

#include <epop/sasl.h>

/* Fills `crypto`; it holds no state and serves any number of sessions and threads. Returns 0. */
int32_t openssl_crypto(epop_crypto *crypto);

#endif
