/* link.h with mbedTLS and the adapter, epop_tls.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "link.h"

#include <epop/mbedtls.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <unistd.h>

#include "sockets.h"

struct link {
    int fd;
    uint32_t role;
    const char *host;
    mbedtls_x509_crt certificates; /* client: whom to trust; server: its own */
    mbedtls_pk_context key;
    mbedtls_ssl_config conf;
    mbedtls_ssl_context ssl;
    epop_tls tls;
    int has_tls;
    uint8_t output[EPOP_TLS_OUTPUT_MIN];
    uint8_t input[4096]; /* input[at, held) was received, and TLS has not taken it yet */
    size_t at, held;
};

#if MBEDTLS_VERSION_MAJOR < 4 /* later ones take it from PSA Crypto by themselves */
static int random_octets(void *unused, unsigned char *dst, size_t len)
{
    (void)unused;
    return psa_generate_random(dst, len) == PSA_SUCCESS ? 0 : -1;
}
#endif

static struct link *make(uint32_t role)
{
    static struct link link; /* a program has one */

    link.role = role;
    mbedtls_x509_crt_init(&link.certificates);
    mbedtls_pk_init(&link.key);
    mbedtls_ssl_config_init(&link.conf);
    if (mbedtls_ssl_config_defaults(&link.conf, role == EPOP_TLS_SERVER ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                    MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0 ||
        epop_tls_configure(&link.conf, role) != EPOP_OK) {
        fprintf(stderr, "mbedTLS does not start: out of memory, or it has no random generator\n");
        return NULL;
    }
#if MBEDTLS_VERSION_MAJOR < 4
    mbedtls_ssl_conf_rng(&link.conf, random_octets, NULL);
#endif
    return &link;
}

struct link *link_client(const char *host, const char *ca_file)
{
    struct link *link = make(EPOP_TLS_CLIENT);

    if (link != NULL && mbedtls_x509_crt_parse_file(&link->certificates, ca_file) != 0) {
        fprintf(stderr, "%s: no certificates in PEM that can be read\n", ca_file);
        return NULL;
    }
    if (link != NULL) {
        link->host = host;
        mbedtls_ssl_conf_ca_chain(&link->conf, &link->certificates, NULL);
    }
    return link;
}

static int read_key(struct link *link, const char *key_file)
{
#if MBEDTLS_VERSION_MAJOR == 3
    return mbedtls_pk_parse_keyfile(&link->key, key_file, NULL, random_octets, NULL);
#else
    return mbedtls_pk_parse_keyfile(&link->key, key_file, NULL);
#endif
}

struct link *link_server(const char *certificate_file, const char *key_file)
{
    struct link *link = make(EPOP_TLS_SERVER);

    if (link != NULL &&
        (mbedtls_x509_crt_parse_file(&link->certificates, certificate_file) != 0 || read_key(link, key_file) != 0 ||
         mbedtls_ssl_conf_own_cert(&link->conf, &link->certificates, &link->key) != 0)) {
        fprintf(stderr, "%s, %s: no certificate and key in PEM that can be read\n", certificate_file, key_file);
        return NULL;
    }
    return link;
}

void link_attach(struct link *link, int fd)
{
    link->fd = fd;
    link->has_tls = 0;
    link->at = link->held = 0;
    mbedtls_ssl_init(&link->ssl);
}

/* Sends all that TLS has for the peer: handshake, records, alerts. An acknowledgement may bring up more. */
static int32_t flush(struct link *link)
{
    int32_t result = EPOP_OK;
    const uint8_t *octets;
    size_t len;

    while (result == EPOP_OK && (octets = epop_tls_output(&link->tls, &len)) != NULL) {
        result = sockets_send(link->fd, octets, len);
        epop_tls_output_ack(&link->tls, len);
    }
    return result;
}

/* Gives TLS what it has left of the last portion, or the next one from the socket. */
static int32_t feed(struct link *link)
{
    int32_t result, sent;
    size_t used;

    if (link->at == link->held) {
        link->at = 0;
        result = sockets_receive(link->fd, link->input, sizeof link->input, &link->held);
        if (result != EPOP_OK) { /* an end that TLS has not announced may be an attacker's: EPOP_ERR_PEER_EOF */
            return result == EPOP_END ? epop_tls_eof(&link->tls) : result;
        }
    }
    result = epop_tls_feed(&link->tls, link->input + link->at, link->held - link->at, &used);
    link->at += used;
    sent = flush(link); /* also after an error: the alert tells the peer why */
    return result < 0 ? result : sent;
}

int32_t link_start_tls(struct link *link)
{
    int32_t result;

    if (mbedtls_ssl_setup(&link->ssl, &link->conf) != 0) {
        return EPOP_ERR_CRYPTO;
    }
    result = epop_tls_init(&link->tls, sizeof link->tls, &link->ssl, link->role, link->host, link->output,
                           sizeof link->output);
    link->has_tls = result == EPOP_OK;
    if (link->has_tls) {
        result = flush(link); /* a client has its first message ready */
    }
    while (result == EPOP_OK && !epop_tls_is_up(&link->tls)) {
        /* A peer may end TLS in good order in the middle of the handshake: nobody would ever be up. */
        result = epop_tls_wants(&link->tls) & EPOP_WANT_CLOSE ? (int32_t)EPOP_ERR_PEER_TLS : feed(link);
    }
    return result;
}

int32_t link_send(struct link *link, const void *octets, size_t len)
{
    const uint8_t *at = (const uint8_t *)octets;
    int32_t result = EPOP_OK;
    size_t used;

    if (!link->has_tls) {
        return sockets_send(link->fd, octets, len);
    }
    while (result == EPOP_OK && len > 0) {
        result = epop_tls_write(&link->tls, at, len, &used); /* EPOP_FULL: drain, and come again with the rest */
        at += used;
        len -= used;
        result = result < 0 ? result : flush(link);
    }
    return result;
}

int32_t link_receive(struct link *link, void *octets, size_t cap, size_t *got)
{
    int32_t result;

    if (!link->has_tls) {
        return sockets_receive(link->fd, octets, cap, got);
    }
    /* What has come already is read first, before the socket is waited for. */
    while ((result = epop_tls_read(&link->tls, octets, cap, got)) == EPOP_OK && *got == 0) {
        if ((result = feed(link)) != EPOP_OK) {
            break;
        }
    }
    return result;
}

void link_close(struct link *link)
{
    if (link->has_tls && epop_tls_close(&link->tls) == EPOP_OK) {
        (void)flush(link);
    }
    mbedtls_ssl_free(&link->ssl);
    close(link->fd);
}
