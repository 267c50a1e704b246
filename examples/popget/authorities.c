/* The authorities whose certificates are trusted: a file of the user's, or the system's store.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "authorities.h"

#include <mbedtls/error.h>
#include <psa/crypto.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* What the system says against it; NULL where nothing. mbedTLS has only one word for all this, and would try to load a
 * directory. */
static const char *obstacle(const char *name)
{
    struct stat about;

    if (access(name, R_OK) != 0 || stat(name, &about) != 0) {
        return strerror(errno);
    }
    return S_ISDIR(about.st_mode) ? strerror(EISDIR) : NULL;
}

/* 0, the number of certificates that cannot be read, or with a cause a negative number. */
static int parse(mbedtls_x509_crt *authorities, const char *name, char *cause, size_t size)
{
    const char *said = obstacle(name);
    int code;

    if (said != NULL) {
        snprintf(cause, size, "%s", said);
        return -1;
    }
    code = psa_crypto_init() == PSA_SUCCESS ? mbedtls_x509_crt_parse_file(authorities, name)
                                            : MBEDTLS_ERR_X509_FATAL_ERROR;
    if (code > 0 && authorities->raw.len == 0) {
        code = MBEDTLS_ERR_X509_INVALID_FORMAT;
    }
    mbedtls_strerror(code, cause, size);
    return code;
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
    code = parse(authorities, name, cause, sizeof cause);
    if (code < 0) {
        report_fatal(report, STATUS_IO, "%s %s: %s (give a file of certificates in PEM that this user may read)", what,
                     name, cause);
        return false;
    }
    if (code > 0) {
        report_note(report, "%s %s: certificates that mbedTLS cannot read: %d", what, name, code);
    }
    return true;
}
