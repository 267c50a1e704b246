/* The authorities whose certificates are trusted: a file of the user's, or the system's store.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "authorities.h"

#include <mbedtls/error.h>
#include <psa/crypto.h>

#include <stdlib.h>
#include <unistd.h>

static const char *const places[] = {
    "/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, Arch */
    "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, Red Hat */
    "/etc/ssl/cert.pem",                  /* the BSDs, macOS */
};

/* NULL where there is none. */
static const char *find_store(void)
{
    const char *named = getenv("SSL_CERT_FILE");
    size_t i;

    if (named != NULL && *named != '\0') {
        return named;
    }
    for (i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (access(places[i], R_OK) == 0) {
            return places[i];
        }
    }
    return NULL;
}

bool authorities_read(mbedtls_x509_crt *authorities, const char *name, struct report *report)
{
    const char *what = name != NULL ? "--ca" : "trusted certificates:";
    char cause[160];
    int code;

    name = name != NULL ? name : find_store();
    if (name == NULL) {
        report_fatal(report, STATUS_REFUSED,
                     "TLS: no server can be trusted: this system has no store of certificate "
                     "authorities where it is mostly kept (install ca-certificates, or give one by --ca FILE or "
                     "SSL_CERT_FILE)");
        return false;
    }
    code = psa_crypto_init() == PSA_SUCCESS ? mbedtls_x509_crt_parse_file(authorities, name)
                                            : MBEDTLS_ERR_X509_FATAL_ERROR;
    if (code < 0 || authorities->raw.len == 0) {
        mbedtls_strerror(code < 0 ? code : MBEDTLS_ERR_X509_INVALID_FORMAT, cause, sizeof cause);
        report_fatal(report, STATUS_IO, "%s %s: %s (give a file of certificates in PEM that this user may read)", what,
                     name, cause);
        return false;
    }
    if (code > 0) {
        report_note(report, "%s %s: certificates that mbedTLS can not read: %d", what, name, code);
    }
    return true;
}
