/* TLS and hashes, from mbedTLS.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "tls.h"

#include "authorities.h"
#include "certificate.h"
#include "transport.h"

#include <epop/mbedtls.h>

#include <mbedtls/error.h>
#include <psa/crypto.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INPUT = 16384,
    OUTPUT = 17 * 1024 /* a whole record */
};

struct tls {
    mbedtls_x509_crt authorities;
    mbedtls_ssl_config conf;
    mbedtls_ssl_context ssl;
    epop_tls tls;
    struct certificate_faults faults;
    const char *host;
    int32_t error;
    bool ended;   /* nothing comes any more */
    bool stalled; /* TLS takes no input before output is gone */
    size_t at;    /* of the input that TLS has not taken yet */
    size_t len;
    uint8_t input[INPUT];
    uint8_t output[OUTPUT];
};

bool tls_is_there(void)
{
    return true;
}

bool tls_crypto(epop_crypto *crypto)
{
    return epop_mbedtls_crypto(crypto) == EPOP_OK;
}

#if MBEDTLS_VERSION_MAJOR < 4
static int random_octets(void *unused, unsigned char *dst, size_t len)
{
    (void)unused;
    return psa_generate_random(dst, len) == PSA_SUCCESS ? 0 : -1;
}
#endif

static bool configure(struct tls *tls)
{
    if (mbedtls_ssl_config_defaults(&tls->conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0 ||
        epop_tls_configure(&tls->conf, EPOP_TLS_CLIENT) != EPOP_OK) {
        return false;
    }
#if MBEDTLS_VERSION_MAJOR < 4
    mbedtls_ssl_conf_rng(&tls->conf, random_octets, NULL);
#endif
    mbedtls_ssl_conf_ca_chain(&tls->conf, &tls->authorities, NULL);
    mbedtls_ssl_conf_verify(&tls->conf, certificate_look_at, &tls->faults);
    return true;
}

struct tls *tls_open(const char *ca_file, const uint8_t *fingerprint, struct report *report)
{
    struct tls *tls = (struct tls *)calloc(1, sizeof *tls);

    if (tls == NULL) {
        report_fatal(report, STATUS_TEMPORARY, "out of memory");
        return NULL;
    }
    mbedtls_x509_crt_init(&tls->authorities);
    mbedtls_ssl_config_init(&tls->conf);
    mbedtls_ssl_init(&tls->ssl);
    tls->faults.fingerprint = fingerprint;
    if (fingerprint == NULL && !authorities_read(&tls->authorities, ca_file, report)) {
        tls_free(tls);
        return NULL;
    }
    if (!configure(tls)) {
        report_fatal(report, STATUS_SOFTWARE, "TLS: mbedTLS does not start (has this system a random generator?)");
        tls_free(tls);
        return NULL;
    }
    return tls;
}

void tls_free(struct tls *tls)
{
    if (tls != NULL) {
        mbedtls_ssl_free(&tls->ssl);
        mbedtls_ssl_config_free(&tls->conf);
        mbedtls_x509_crt_free(&tls->authorities);
        free(tls);
    }
}

/* An address is no server name, and with a fingerprint nothing is to be compared with it. */
static uint32_t flags_for(const struct tls *tls, const char *host)
{
    bool is_address = strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);

    return tls->faults.fingerprint != NULL && is_address ? EPOP_TLS_CLIENT | EPOP_TLS_NO_HOST_CHECK : EPOP_TLS_CLIENT;
}

bool tls_start(struct tls *tls, const char *host)
{
    tls->host = host;
    if (mbedtls_ssl_setup(&tls->ssl, &tls->conf) != 0 ||
        epop_tls_init(&tls->tls, sizeof tls->tls, &tls->ssl, flags_for(tls, host), host, tls->output,
                      sizeof tls->output) != EPOP_OK) {
        tls->error = EPOP_ERR_CRYPTO;
    }
    return tls->error == EPOP_OK;
}

bool tls_is_up(const struct tls *tls)
{
    return epop_tls_is_up(&tls->tls) != 0;
}

bool tls_has_input(const struct tls *tls)
{
    return tls->ended || (tls->at < tls->len && !tls->stalled) || mbedtls_ssl_get_bytes_avail(&tls->ssl) > 0;
}

bool tls_has_output(const struct tls *tls)
{
    return (epop_tls_wants(&tls->tls) & EPOP_WANT_DRAIN) != 0;
}

static long fail(struct tls *tls, int32_t error)
{
    tls->error = error;
    tls->ended = true;
    return TRANSPORT_BROKEN;
}

/* 1 when all is out. */
static long flush(struct tls *tls, int fd)
{
    size_t len;
    long sent;
    const uint8_t *octets = epop_tls_output(&tls->tls, &len);

    while (len > 0) {
        sent = transport_socket_write(fd, octets, len);
        if (sent < 0) {
            return sent;
        }
        epop_tls_output_ack(&tls->tls, (size_t)sent);
        tls->stalled = false;
        octets = epop_tls_output(&tls->tls, &len);
    }
    return 1;
}

/* The transport has ended. Where TLS had not, somebody on the way may have cut it. */
static long end(struct tls *tls)
{
    tls->ended = true;
    tls->error = epop_tls_eof(&tls->tls);
    return TRANSPORT_END;
}

/* Fills the input where it is empty. */
static long refill(struct tls *tls, int fd)
{
    long got = transport_socket_read(fd, tls->input, sizeof tls->input);

    if (got == TRANSPORT_END) {
        return end(tls);
    }
    tls->at = 0;
    tls->len = got > 0 ? (size_t)got : 0;
    return got;
}

/* Gives TLS one portion of what the peer sent; 1 where something has come of it. */
static long take(struct tls *tls, int fd)
{
    long result = flush(tls, fd);
    size_t used = 0;
    int32_t code;

    if (result == TRANSPORT_BROKEN) {
        return result;
    }
    if (tls->at == tls->len && (result = refill(tls, fd)) <= 0) {
        return result;
    }
    code = epop_tls_feed(&tls->tls, tls->input + tls->at, tls->len - tls->at, &used);
    tls->at += used;
    tls->stalled = code == EPOP_AGAIN && used == 0;
    if (code < 0) {
        (void)flush(tls, fd); /* the alert, if the socket takes it */
        return fail(tls, code);
    }
    tls->ended = code == EPOP_END;
    return tls->stalled ? TRANSPORT_WAIT : 1;
}

/* One portion at a time, here and below: in between signals are looked at, which a server that sends without end, and
 * nothing that is of use, would else keep us from. */
long tls_shake(struct tls *tls, int fd)
{
    long result = take(tls, fd);

    if (result > 0 && !tls_is_up(tls) && tls->ended) {
        return end(tls);
    }
    return result > 0 && flush(tls, fd) == TRANSPORT_BROKEN ? TRANSPORT_BROKEN : result;
}

long tls_read(struct tls *tls, int fd, uint8_t *data, size_t len)
{
    size_t got = 0;
    int32_t code = epop_tls_read(&tls->tls, data, len, &got);
    long result;

    if (got > 0) {
        return (long)got;
    }
    if (code == EPOP_END || code == EPOP_ERR_PEER_EOF) {
        return TRANSPORT_END;
    }
    result = code < 0 ? fail(tls, code) : take(tls, fd);
    return result > 0 ? TRANSPORT_WAIT : result;
}

long tls_write(struct tls *tls, int fd, const uint8_t *data, size_t len)
{
    long result = flush(tls, fd);
    size_t used = 0;
    int32_t code;

    if (result < 0 || len == 0) {
        return result < 0 ? result : 0;
    }
    code = epop_tls_write(&tls->tls, data, len, &used);
    if (code < 0) {
        return fail(tls, code);
    }
    if (flush(tls, fd) == TRANSPORT_BROKEN) {
        return TRANSPORT_BROKEN;
    }
    return used > 0 ? (long)used : TRANSPORT_WAIT;
}

void tls_close(struct tls *tls, int fd)
{
    if (flush(tls, fd) > 0 && epop_tls_close(&tls->tls) >= 0) {
        (void)flush(tls, fd);
    }
}

/* What mbedTLS says of records and handshakes, with what it mostly means. */
static void explain_cause(const struct tls *tls, char *text, size_t size)
{
    int32_t cause = epop_tls_cause(&tls->tls);
    char said[160];

    mbedtls_strerror(cause, said, sizeof said);
    if (cause == MBEDTLS_ERR_SSL_INVALID_RECORD && !tls_is_up(tls)) {
        snprintf(text, size, "%s: no TLS speaks there (pops:// is for port 995, pop:// for STLS on port 110)", said);
    } else if (cause == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        snprintf(text, size, "%s: the server has refused us", said);
    } else {
        snprintf(text, size, "%s", said);
    }
}

int32_t tls_explain(const struct tls *tls, char *text, size_t size)
{
    switch (tls->error) {
    case EPOP_OK:
        break;
    case EPOP_ERR_PEER_EOF:
        snprintf(text, size, "%s",
                 tls_is_up(tls) ? "TLS was not closed by the server: somebody on the way may have cut the connection"
                                : "the connection ended within the TLS handshake");
        break;
    case EPOP_ERR_PEER_CERTIFICATE:
        certificate_explain(&tls->faults, tls->host, text, size);
        break;
    case EPOP_ERR_CRYPTO:
        snprintf(text, size, "TLS could not be started: out of memory, or the name of the host is too long");
        break;
    default:
        explain_cause(tls, text, size);
        break;
    }
    return tls->error;
}

bool tls_binding(const struct tls *tls, uint8_t *octets, size_t room, size_t *len)
{
    return epop_tls_binding(&tls->tls, NULL, octets, room, len) == EPOP_OK;
}
