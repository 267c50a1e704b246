/* Hashes as SCRAM uses them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * All return EPOP_OK or EPOP_ERR_CRYPTO.
 */
#ifndef EPOP_SASL_KEY_H
#define EPOP_SASL_KEY_H

#include <epop/sasl.h>

size_t epopi_hash_length(uint32_t hash);
int32_t epopi_hash(const epop_crypto *crypto, uint32_t hash, epop_span octets, uint8_t *digest);
int32_t epopi_hmac(const epop_crypto *crypto, uint32_t hash, epop_span key, const epop_span *parts, size_t count,
                   uint8_t *mac);

/* SaltedPassword. `iterations` is not 0. */
int32_t epopi_salt_password(const epop_crypto *crypto, uint32_t hash, epop_span password, epop_span salt,
                            uint32_t iterations, uint8_t *salted);

/* ClientKey or ServerKey. */
enum { EPOPI_CLIENT_KEY, EPOPI_SERVER_KEY };
int32_t epopi_named_key(const epop_crypto *crypto, uint32_t hash, const uint8_t *salted, uint32_t which, uint8_t *key);

int32_t epopi_stored_key(const epop_crypto *crypto, uint32_t hash, const uint8_t *client_key, uint8_t *stored_key);

#endif
