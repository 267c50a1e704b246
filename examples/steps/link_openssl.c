/* link.h with OpenSSL (3.0 or newer) and nothing of ours: a session does not care who encrypts.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A BIO pair keeps OpenSSL away from the socket. What SSL_write and the handshake produce is read from `network` and
 * sent; what is received is written into `network`, for SSL_read to find. Any event loop can be put there instead of
 * the blocking calls. A host that is content with blocking sockets could give OpenSSL the socket itself, by SSL_set_fd.
 */
#include "link.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sockets.h"

struct link {
    int fd;
    int is_client;
    char host[256]; /* a name of DNS has 253 octets at most */
    SSL_CTX *context;
    SSL *ssl; /* NULL before TLS */
    BIO *network;
    int is_up;
};

static struct link *make(const SSL_METHOD *method)
{
    static struct link link; /* a program has one */

    link.context = SSL_CTX_new(method);
    if (link.context == NULL || SSL_CTX_set_min_proto_version(link.context, TLS1_2_VERSION) != 1) {
        fprintf(stderr, "OpenSSL does not start\n");
        return NULL;
    }
    SSL_CTX_set_options(link.context, SSL_OP_NO_RENEGOTIATION);
    return &link;
}

struct link *link_client(const char *host, const char *ca_file)
{
    struct link *link = make(TLS_client_method());

    if (link == NULL) {
        return NULL;
    }
    if (SSL_CTX_load_verify_file(link->context, ca_file) != 1) {
        fprintf(stderr, "%s: no certificates in PEM that can be read\n", ca_file);
        return NULL;
    }
    if (strlen(host) >= sizeof link->host) {
        fprintf(stderr, "%s: too long for the name of a host\n", host);
        return NULL;
    }
    strcpy(link->host, host);
    link->is_client = 1;
    SSL_CTX_set_verify(link->context, SSL_VERIFY_PEER, NULL); /* without it any certificate will do */
    return link;
}

struct link *link_server(const char *certificate_file, const char *key_file)
{
    struct link *link = make(TLS_server_method());

    if (link != NULL && (SSL_CTX_use_certificate_chain_file(link->context, certificate_file) != 1 ||
                         SSL_CTX_use_PrivateKey_file(link->context, key_file, SSL_FILETYPE_PEM) != 1)) {
        fprintf(stderr, "%s, %s: no certificate and key in PEM that can be read\n", certificate_file, key_file);
        return NULL;
    }
    return link;
}

void link_attach(struct link *link, int fd)
{
    link->fd = fd;
    link->ssl = NULL;
    link->is_up = 0;
    ERR_clear_error(); /* SSL_get_error would take an old one, of another connection, for one of this */
}

/* Sends all that TLS has for the peer. */
static int32_t flush(struct link *link)
{
    uint8_t octets[4096];
    int32_t result = EPOP_OK;
    int n;

    while (result == EPOP_OK && (n = BIO_read(link->network, octets, sizeof octets)) > 0) {
        result = sockets_send(link->fd, octets, (size_t)n);
    }
    return result;
}

/* Receives as much as the pair has room for. At the end of the connection the pair is told: OpenSSL knows whether TLS
 * had ended before it. */
static int32_t fill(struct link *link)
{
    uint8_t octets[4096];
    size_t room = BIO_ctrl_get_write_guarantee(link->network), got;
    int32_t result = sockets_receive(link->fd, octets, room < sizeof octets ? room : sizeof octets, &got);

    if (result == EPOP_END) {
        BIO_shutdown_wr(link->network);
        return EPOP_OK;
    }
    return result == EPOP_OK && BIO_write(link->network, octets, (int)got) != (int)got ? EPOP_ERR_PEER_TLS : result;
}

/* After a call to OpenSSL that returned `n`: EPOP_OK, it is done; EPOP_AGAIN, make it again. */
static int32_t after(struct link *link, int n)
{
    int error = SSL_get_error(link->ssl, n);
    int32_t sent = flush(link); /* also after an error: the alert tells the peer why */

    if (n > 0) {
        return sent;
    }
    switch (error) {
    case SSL_ERROR_WANT_WRITE:
        return sent == EPOP_OK ? EPOP_AGAIN : sent;
    case SSL_ERROR_WANT_READ:
        sent = sent == EPOP_OK ? fill(link) : sent;
        return sent == EPOP_OK ? EPOP_AGAIN : sent;
    case SSL_ERROR_ZERO_RETURN: /* TLS was ended by the peer; within the handshake that is no good order */
        return link->is_up ? EPOP_END : (int32_t)EPOP_ERR_PEER_TLS;
    default:
        break;
    }
    if (link->is_client && SSL_get_verify_result(link->ssl) != X509_V_OK) {
        return EPOP_ERR_PEER_CERTIFICATE;
    }
    /* The connection ended and TLS had not: an attacker may have cut it. */
    return BIO_eof(SSL_get_rbio(link->ssl)) ? EPOP_ERR_PEER_EOF : EPOP_ERR_PEER_TLS;
}

/* What the certificate must be for. An address is compared with addresses, and never sent as a name. */
static int set_host(struct link *link)
{
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(link->ssl), link->host) == 1 ||
           (SSL_set1_host(link->ssl, link->host) == 1 && SSL_set_tlsext_host_name(link->ssl, link->host) == 1);
}

int32_t link_start_tls(struct link *link)
{
    int32_t result = EPOP_AGAIN;
    BIO *internal = NULL;

    link->ssl = SSL_new(link->context);
    if (link->ssl == NULL || BIO_new_bio_pair(&internal, 0, &link->network, 0) != 1) {
        return EPOP_ERR_CRYPTO;
    }
    SSL_set_bio(link->ssl, internal, internal); /* `internal` is now freed with it; `network` is ours */
    if (link->is_client && !set_host(link)) {
        return EPOP_ERR_CRYPTO;
    }
    while (result == EPOP_AGAIN) {
        result = after(link, link->is_client ? SSL_connect(link->ssl) : SSL_accept(link->ssl));
    }
    link->is_up = result == EPOP_OK;
    return result;
}

int32_t link_send(struct link *link, const void *octets, size_t len)
{
    int32_t result = EPOP_AGAIN;

    if (link->ssl == NULL) {
        return sockets_send(link->fd, octets, len);
    }
    while (result == EPOP_AGAIN && len > 0) { /* OpenSSL takes all or nothing */
        result = after(link, SSL_write(link->ssl, octets, (int)len));
    }
    return result == EPOP_AGAIN ? EPOP_OK : result;
}

int32_t link_receive(struct link *link, void *octets, size_t cap, size_t *got)
{
    int32_t result = EPOP_AGAIN;
    int n = 0;

    if (link->ssl == NULL) {
        return sockets_receive(link->fd, octets, cap, got);
    }
    while (result == EPOP_AGAIN) {
        n = SSL_read(link->ssl, octets, (int)cap);
        result = after(link, n);
    }
    *got = n > 0 ? (size_t)n : 0;
    return result;
}

void link_close(struct link *link)
{
    if (link->ssl != NULL) {
        if (link->is_up) {
            SSL_shutdown(link->ssl); /* puts the closing alert into the pair */
            (void)flush(link);
        }
        SSL_free(link->ssl);
        BIO_free(link->network);
    }
    close(link->fd);
}
