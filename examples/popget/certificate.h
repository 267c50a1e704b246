/* What is wrong with the certificate of a server, in words that say what can be done.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_CERTIFICATE_H
#define POPGET_CERTIFICATE_H

#include "fingerprint.h"

#include <mbedtls/x509_crt.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Found while the chain is looked at; mbedTLS forgets a certificate that it does not accept. */
struct certificate_faults {
    const uint8_t *fingerprint;      /* that it must have, and then nothing else counts; NULL: any */
    uint8_t found[FINGERPRINT_SIZE]; /* the one that it has */
    bool differs;
    uint32_t flags;    /* MBEDTLS_X509_BADCERT_ bits, of the whole chain */
    bool self_signed;  /* the server's own */
    char names[256];   /* hosts that it is for */
    char dates[2][16]; /* of the first one that is not valid now: from, until */
};

/* For mbedtls_ssl_conf_verify: takes notes, and changes nothing; but with a fingerprint, that alone decides. */
int certificate_look_at(void *faults, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

void certificate_explain(const struct certificate_faults *faults, const char *host, char *text, size_t size);

#endif
