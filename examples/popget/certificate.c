/* What is wrong with the certificate of a server, in words that say what can be done.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "certificate.h"

#include <psa/crypto.h>

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    TAG_DNS = 0x82, /* RFC 5280 section 4.2.1.6: [2] dNSName, [7] iPAddress */
    TAG_ADDRESS = 0x87,
    OUT_OF_DATE = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE
};

/* "a", then "a, b". What has no room is left out. */
static void append(char *list, size_t size, const char *between, const char *format, ...)
{
    size_t used = strlen(list);
    va_list args;

    if (used > 0) {
        used += (size_t)snprintf(list + used, size - used, "%s", between);
    }
    if (used < size) {
        va_start(args, format);
        vsnprintf(list + used, size - used, format, args);
        va_end(args);
    }
}

static void note_name(struct certificate_faults *faults, const mbedtls_x509_buf *name)
{
    char address[INET6_ADDRSTRLEN];

    if (name->tag == TAG_DNS) {
        append(faults->names, sizeof faults->names, ", ", "%.*s", (int)name->len, (const char *)name->p);
    } else if (name->tag == TAG_ADDRESS && (name->len == 4 || name->len == 16) &&
               inet_ntop(name->len == 4 ? AF_INET : AF_INET6, name->p, address, sizeof address) != NULL) {
        append(faults->names, sizeof faults->names, ", ", "%s", address);
    }
}

static void note_own(struct certificate_faults *faults, const mbedtls_x509_crt *certificate)
{
    const mbedtls_x509_sequence *name;

    faults->self_signed =
        certificate->issuer_raw.len == certificate->subject_raw.len &&
        memcmp(certificate->issuer_raw.p, certificate->subject_raw.p, certificate->issuer_raw.len) == 0;
    faults->names[0] = '\0';
    for (name = &certificate->subject_alt_names; name != NULL && name->buf.p != NULL; name = name->next) {
        note_name(faults, &name->buf);
    }
}

static void note_date(char *text, size_t size, const mbedtls_x509_time *time)
{
    snprintf(text, size, "%04u-%02u-%02u", (unsigned)time->year % 10000u, (unsigned)time->mon % 100u,
             (unsigned)time->day % 100u);
}

/* Of the chain only the server's own certificate is looked at. */
static void compare(struct certificate_faults *faults, const mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    size_t len = 0;

    *flags = 0;
    if (depth > 0) {
        return;
    }
    if (psa_hash_compute(PSA_ALG_SHA_256, certificate->raw.p, certificate->raw.len, faults->found, FINGERPRINT_SIZE,
                         &len) != PSA_SUCCESS ||
        memcmp(faults->found, faults->fingerprint, FINGERPRINT_SIZE) != 0) {
        faults->differs = true;
        *flags = MBEDTLS_X509_BADCERT_OTHER;
    }
}

int certificate_look_at(void *faults, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    struct certificate_faults *notes = (struct certificate_faults *)faults;

    if (notes->fingerprint != NULL) {
        compare(notes, certificate, depth, flags);
        return 0;
    }
    if ((*flags & OUT_OF_DATE) != 0 && notes->dates[0][0] == '\0') {
        note_date(notes->dates[0], sizeof notes->dates[0], &certificate->valid_from);
        note_date(notes->dates[1], sizeof notes->dates[1], &certificate->valid_to);
    }
    notes->flags |= *flags;
    if (depth == 0) {
        note_own(notes, certificate);
    }
    return 0;
}

/* Faults that mbedTLS has words for and we have no remedy. */
static void explain_rest(uint32_t flags, char *text, size_t size)
{
    char said[256];
    size_t i;

    if (flags == 0 || mbedtls_x509_crt_verify_info(said, sizeof said, "", flags) < 0) {
        return;
    }
    for (i = strlen(said); i > 0 && said[i - 1] == '\n'; i--) {
        said[i - 1] = '\0';
    }
    for (i = 0; said[i] != '\0'; i++) {
        said[i] = said[i] == '\n' ? ' ' : said[i];
    }
    append(text, size, "; ", "%s", said);
}

static void explain_trust(const struct certificate_faults *faults, char *text, size_t size)
{
    if (faults->self_signed) {
        append(text, size, "; ",
               "it is self-signed, so that nobody vouches for it (get it from the operator of the "
               "server and give it by --ca FILE)");
    } else {
        append(text, size, "; ",
               "no authority that is trusted here has signed it (the certificate of the one that has "
               "is given by --ca FILE)");
    }
}

void certificate_explain(const struct certificate_faults *faults, const char *host, char *text, size_t size)
{
    const uint32_t told = OUT_OF_DATE | MBEDTLS_X509_BADCERT_NOT_TRUSTED | MBEDTLS_X509_BADCERT_CN_MISMATCH;

    char found[FINGERPRINT_TEXT];

    text[0] = '\0';
    if (faults->differs) {
        fingerprint_format(found, faults->found);
        append(text, size, "; ",
               "its fingerprint is not that of --tls-fingerprint, but %s (ask the operator of the "
               "server, by another way, whether it was changed; else somebody is in between)",
               found);
        return;
    }
    if (faults->flags & MBEDTLS_X509_BADCERT_EXPIRED) {
        append(text, size, "; ",
               "it expired on %s (the operator of the server must renew it; or the clock of this host "
               "is wrong)",
               faults->dates[1]);
    }
    if (faults->flags & MBEDTLS_X509_BADCERT_FUTURE) {
        append(text, size, "; ", "it is valid only from %s on (is the clock of this host right?)", faults->dates[0]);
    }
    if (faults->flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
        explain_trust(faults, text, size);
    }
    /* An address is compared after the chain, and leaves no flag. */
    if ((faults->flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) || faults->flags == 0) {
        append(text, size, "; ", "it is for %s and not for %s (write the name that it is for into the URL)",
               faults->names[0] != '\0' ? faults->names : "no host", host);
    }
    explain_rest(faults->flags & ~told, text, size);
}
