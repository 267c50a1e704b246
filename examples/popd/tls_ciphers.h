/* Cipher suites by name, for --tls-ciphers.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_TLS_CIPHERS_H
#define POPD_TLS_CIPHERS_H

#include "tls.h"

enum { TLS_CIPHERS_MAX = 32 };

/* Reads names with commas between, as IANA or mbedTLS writes them ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", with "_" or
 * "-"), into numbers with a 0 behind the last. 0, or -1 with what is wrong in `problem`. */
int tls_ciphers_parse(int suites[TLS_CIPHERS_MAX + 1], const char *list, struct tls_problem *problem);

#endif
