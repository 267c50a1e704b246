/* TLS and hashes, from mbedTLS.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "tls.h"

#include <epop/mbedtls.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>

#include "tls_ciphers.h"
#include "wipe.h"

enum {
    INPUT = 4096,
    OUTPUT = 17 * 1024 /* a whole record */
};

struct tls_identity {
    uint32_t count;
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    mbedtls_ssl_config conf;
    int suites[TLS_CIPHERS_MAX + 1];
};

struct tls {
    struct tls_identity *identity;
    mbedtls_ssl_context ssl;
    epop_tls tls;
    int32_t error;
    char cause[128];
    size_t at; /* of the input that TLS has not taken yet */
    size_t length;
    uint8_t input[INPUT];
    uint8_t output[OUTPUT];
};

int tls_is_missing(void)
{
    return 0;
}

int tls_crypto(epop_crypto *crypto)
{
    return epop_mbedtls_crypto(crypto) == EPOP_OK ? 0 : -1;
}

/* ---- Certificate and key ---- */

#if MBEDTLS_VERSION_MAJOR < 4
static int random_octets(void *unused, unsigned char *dst, size_t length)
{
    (void)unused;
    return psa_generate_random(dst, length) == PSA_SUCCESS ? 0 : -1;
}
#endif

static int read_key(struct tls_identity *identity, const char *path)
{
#if MBEDTLS_VERSION_MAJOR == 3
    return mbedtls_pk_parse_keyfile(&identity->key, path, NULL, random_octets, NULL);
#else
    return mbedtls_pk_parse_keyfile(&identity->key, path, NULL);
#endif
}

static int is_pair(const struct tls_identity *identity)
{
#if MBEDTLS_VERSION_MAJOR == 3
    return mbedtls_pk_check_pair(&identity->certificate.pk, &identity->key, random_octets, NULL) == 0;
#else
    return mbedtls_pk_check_pair(&identity->certificate.pk, &identity->key) == 0;
#endif
}

/* mbedTLS does not say why a file could not be opened. */
static int problem_open(struct tls_problem *problem, const char *what, const char *path)
{
    snprintf(problem->text, sizeof problem->text, "%s %s: %s; give a file in PEM that this user may read", what, path,
             strerror(errno));
    return -1;
}

static int problem_in(struct tls_problem *problem, const char *what, const char *path, int code)
{
    char cause[128];

    mbedtls_strerror(code, cause, sizeof cause);
    snprintf(problem->text, sizeof problem->text, "%s %s: %s; give a file in PEM that this user may read", what, path,
             cause);
    return -1;
}

static int load(struct tls_identity *identity, const char *certificate, const char *key, struct tls_problem *problem)
{
    int code;

    if (access(certificate, R_OK) != 0) {
        return problem_open(problem, "--cert", certificate);
    }
    if (access(key, R_OK) != 0) {
        return problem_open(problem, "--key", key);
    }
    if (psa_crypto_init() != PSA_SUCCESS) {
        snprintf(problem->text, sizeof problem->text, "mbedTLS has no random generator; see its documentation");
        return -1;
    }
    code = mbedtls_x509_crt_parse_file(&identity->certificate, certificate);
    if (code != 0) {
        /* Above zero: so many of the certificates in the file cannot be read. */
        return problem_in(problem, "--cert", certificate, code < 0 ? code : MBEDTLS_ERR_X509_INVALID_FORMAT);
    }
    code = read_key(identity, key);
    if (code != 0) {
        return problem_in(problem, "--key", key, code);
    }
    if (!is_pair(identity)) {
        snprintf(problem->text, sizeof problem->text,
                 "--key %s does not belong to --cert %s; give the key that the "
                 "certificate was made for, and the server's certificate first in its file",
                 key, certificate);
        return -1;
    }
    code = mbedtls_ssl_config_defaults(&identity->conf, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                       MBEDTLS_SSL_PRESET_DEFAULT);
    if (code == 0 && epop_tls_configure(&identity->conf, EPOP_TLS_SERVER) != EPOP_OK) {
        code = MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    }
    if (code == 0) {
        code = mbedtls_ssl_conf_own_cert(&identity->conf, &identity->certificate, &identity->key);
    }
    return code == 0 ? 0 : problem_in(problem, "--cert", certificate, code);
}

static int set_suites(struct tls_identity *identity, const char *list, struct tls_problem *problem)
{
    if (list == NULL) {
        return 0;
    }
    if (tls_ciphers_parse(identity->suites, list, problem) != 0) {
        return -1;
    }
    mbedtls_ssl_conf_ciphersuites(&identity->conf, identity->suites);
    return 0;
}

struct tls_identity *tls_identity_load(const struct options *options, struct tls_problem *problem)
{
    struct tls_identity *identity = calloc(1, sizeof *identity);

    if (identity == NULL) {
        snprintf(problem->text, sizeof problem->text, "out of memory; give the process more of it");
        return NULL;
    }
    identity->count = 1;
    mbedtls_x509_crt_init(&identity->certificate);
    mbedtls_pk_init(&identity->key);
    mbedtls_ssl_config_init(&identity->conf);
#if MBEDTLS_VERSION_MAJOR < 4
    mbedtls_ssl_conf_rng(&identity->conf, random_octets, NULL);
#endif
    if (load(identity, options->certificate, options->key, problem) != 0 ||
        set_suites(identity, options->tls_ciphers, problem) != 0) {
        tls_identity_release(identity);
        return NULL;
    }
    return identity;
}

void tls_identity_release(struct tls_identity *identity)
{
    if (identity != NULL && --identity->count == 0) {
        mbedtls_ssl_config_free(&identity->conf);
        mbedtls_pk_free(&identity->key);
        mbedtls_x509_crt_free(&identity->certificate);
        free(identity);
    }
}

/* ---- One connection ---- */

struct tls *tls_new(struct tls_identity *identity)
{
    struct tls *tls = malloc(sizeof *tls);

    if (tls == NULL) {
        return NULL;
    }
    memset(tls, 0, offsetof(struct tls, input));
    tls->identity = identity;
    identity->count++;
    mbedtls_ssl_init(&tls->ssl);
    if (mbedtls_ssl_setup(&tls->ssl, &identity->conf) != 0 ||
        epop_tls_init(&tls->tls, sizeof tls->tls, &tls->ssl, EPOP_TLS_SERVER, NULL, tls->output, sizeof tls->output) !=
            EPOP_OK ||
        epop_tls_server_certificate(&tls->tls, identity->certificate.raw.p, identity->certificate.raw.len) != EPOP_OK) {
        tls_free(tls);
        return NULL;
    }
    return tls;
}

void tls_free(struct tls *tls)
{
    if (tls != NULL) {
        mbedtls_ssl_free(&tls->ssl);
        tls_identity_release(tls->identity);
        free(tls);
    }
}

int tls_is_up(const struct tls *tls)
{
    return (int)epop_tls_is_up(&tls->tls);
}

int32_t tls_error(const struct tls *tls)
{
    return tls->error;
}

const char *tls_cause(struct tls *tls)
{
    int code = epop_tls_cause(&tls->tls);

    if (code == 0) {
        return NULL;
    }
    mbedtls_strerror(code, tls->cause, sizeof tls->cause);
    return tls->cause;
}

static enum transport_result lost(struct tls *tls, int32_t error)
{
    tls->error = error;
    errno = EPROTO;
    return TRANSPORT_LOST;
}

enum transport_result tls_flush(struct tls *tls, int fd)
{
    enum transport_result result = TRANSPORT_OK;
    size_t length;
    size_t moved;
    const uint8_t *octets = epop_tls_output(&tls->tls, &length);

    while (length > 0 && result == TRANSPORT_OK) {
        result = transport_socket_send(fd, octets, length, &moved);
        epop_tls_output_ack(&tls->tls, moved);
        octets = epop_tls_output(&tls->tls, &length);
    }
    return result;
}

/* Takes one portion of what the peer sent. */
static enum transport_result take(struct tls *tls, int fd)
{
    enum transport_result result = tls_flush(tls, fd);
    size_t used = 0;
    int32_t code;

    if (result == TRANSPORT_OK && tls->at == tls->length) {
        tls->at = tls->length = 0;
        result = transport_socket_receive(fd, tls->input, sizeof tls->input, &tls->length);
    }
    if (result != TRANSPORT_OK) {
        if (result == TRANSPORT_EOF) {
            tls->error = EPOP_ERR_PEER_EOF;
        }
        return result;
    }
    code = epop_tls_feed(&tls->tls, tls->input + tls->at, tls->length - tls->at, &used);
    tls->at += used;
    if (code < 0) {
        (void)tls_flush(tls, fd); /* the alert, if the socket takes it */
        return lost(tls, code);
    }
    return TRANSPORT_OK;
}

/* One portion at a time, here and below: a peer that sends faster than TLS takes it, and nothing that is of use, would
 * else keep all other connections waiting. */
enum transport_result tls_shake(struct tls *tls, int fd)
{
    enum transport_result result = take(tls, fd);

    return epop_tls_is_up(&tls->tls) ? TRANSPORT_OK : result;
}

enum transport_result tls_receive(struct tls *tls, int fd, void *data, size_t room, size_t *moved)
{
    int32_t code = epop_tls_read(&tls->tls, data, room, moved);

    if (*moved > 0) {
        return TRANSPORT_OK;
    }
    if (code != EPOP_OK) {
        return code == EPOP_END ? TRANSPORT_EOF : lost(tls, code);
    }
    return take(tls, fd);
}

enum transport_result tls_send(struct tls *tls, int fd, const void *data, size_t length, size_t *moved)
{
    enum transport_result result = tls_flush(tls, fd);
    int32_t code;

    *moved = 0;
    if (result != TRANSPORT_OK) {
        return result;
    }
    code = epop_tls_write(&tls->tls, data, length, moved);
    if (code < 0) {
        return lost(tls, code);
    }
    return tls_flush(tls, fd) == TRANSPORT_LOST ? TRANSPORT_LOST : TRANSPORT_OK;
}

void tls_close(struct tls *tls, int fd)
{
    if (epop_tls_close(&tls->tls) >= 0) {
        (void)tls_flush(tls, fd);
    }
}

int tls_binding(const struct tls *tls, const char *type, uint8_t *octets, size_t room, size_t *length)
{
    return epop_tls_binding(&tls->tls, type, octets, room, length) == EPOP_OK ? 0 : -1;
}
