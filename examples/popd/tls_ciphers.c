/* Cipher suites by name, for --tls-ciphers.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "tls_ciphers.h"

#include <stdio.h>
#include <string.h>

#include <mbedtls/ssl.h>

enum { NAME_MAX_LENGTH = 63 };

/* The number of the suite of that name, 0 if mbedTLS has none. mbedTLS writes "TLS1-3-" where IANA has "TLS_" alone. */
static int find(const char *name, size_t length)
{
    char own[sizeof "TLS1-3-" + NAME_MAX_LENGTH];
    int suite;

    if (length > NAME_MAX_LENGTH) {
        return 0;
    }
    memcpy(own, name, length);
    own[length] = '\0';
    for (char *at = strchr(own, '_'); at != NULL; at = strchr(at, '_')) {
        *at = '-';
    }
    suite = mbedtls_ssl_get_ciphersuite_id(own);
    if (suite == 0 && strncmp(own, "TLS-", 4) == 0) {
        memmove(own + 7, own + 4, length - 3);
        memcpy(own, "TLS1-3-", 7);
        suite = mbedtls_ssl_get_ciphersuite_id(own);
    }
    return suite;
}

int tls_ciphers_parse(int suites[TLS_CIPHERS_MAX + 1], const char *list, struct tls_problem *problem)
{
    size_t count = 0;

    do {
        size_t length = strcspn(list, ",");
        int suite = find(list, length);

        if (suite == 0 || count == TLS_CIPHERS_MAX) {
            snprintf(problem->text, sizeof problem->text,
                     "--tls-ciphers: \"%.*s\" is %s; give names such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, with "
                     "commas between",
                     length < 64 ? (int)length : 64, list, suite == 0 ? "not known" : "one too many");
            return -1;
        }
        suites[count++] = suite;
        list += length;
    } while (*list++ == ',');
    suites[count] = 0;
    return 0;
}
