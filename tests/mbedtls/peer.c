/* One TLS connection of ours on a loopback socket, for another implementation to talk to; test_openssl.py runs it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 *     peer client PORT HOST AUTHORITY.pem    connects, prints its bindings, sends a line, prints the answer, closes
 *     peer server CERTIFICATE.pem KEY.pem    prints "port N", takes one connection, prints its bindings, answers a line
 *     peer signature CERTIFICATE.der         prints the length of the hash for tls-server-end-point in bits, or "none"
 */
#include "mbedtls/signature.h"

#include <epop/mbedtls.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct connection {
    int fd;
    mbedtls_ssl_config conf;
    mbedtls_ssl_context ssl;
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    epop_tls tls;
    uint8_t output[EPOP_TLS_OUTPUT_MIN];
} connection;

static int stop(const char *what, int32_t result)
{
    printf("failed %s %s\n", what, epop_error_name(result));
    exit(1);
}

static int random_octets(void *unused, unsigned char *dst, size_t len)
{
    (void)unused;
    return psa_generate_random(dst, len) == PSA_SUCCESS ? 0 : -1;
}

static void drain(connection *c)
{
    size_t len;
    const uint8_t *octets = epop_tls_output(&c->tls, &len);

    while (len > 0) {
        ssize_t sent = send(c->fd, octets, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        (void)epop_tls_output_ack(&c->tls, (size_t)sent);
        octets = epop_tls_output(&c->tls, &len);
    }
}

/* Sends what there is, then takes one portion from the transport. */
static int32_t turn(connection *c)
{
    uint8_t octets[300];
    size_t used;
    ssize_t len;
    int32_t result;

    drain(c);
    /* Never more than is wanted now: what feed does not use stays in the kernel. */
    len = recv(c->fd, octets, sizeof octets, MSG_PEEK);
    if (len <= 0) {
        return epop_tls_eof(&c->tls) == EPOP_OK ? EPOP_END : epop_tls_eof(&c->tls);
    }
    result = epop_tls_feed(&c->tls, octets, (size_t)len, &used);
    if (used > 0 && recv(c->fd, octets, used, 0) != (ssize_t)used) {
        stop("recv", 0);
    }
    drain(c);
    return result;
}

static void print_binding(const connection *c, const char *type)
{
    uint8_t octets[EPOP_SASL_BINDING_MAX];
    size_t len;
    size_t i;
    size_t prefix = strlen(type) + 1;

    printf("%s ", type);
    if (epop_tls_binding(&c->tls, type, octets, sizeof octets, &len) != EPOP_OK) {
        printf("none\n");
        return;
    }
    for (i = prefix; i < len; i++) {
        printf("%02X", octets[i]);
    }
    printf("\n");
}

static void come_up(connection *c)
{
    while (!epop_tls_is_up(&c->tls)) {
        int32_t result = turn(c);
        if (result < 0) {
            stop("handshake", result);
        }
    }
    print_binding(c, "tls-unique");
    print_binding(c, "tls-exporter");
    print_binding(c, "tls-server-end-point");
    printf("alpn %s\n", mbedtls_ssl_get_alpn_protocol(&c->ssl) ? mbedtls_ssl_get_alpn_protocol(&c->ssl) : "none");
    fflush(stdout);
}

/* The first line that comes. */
static void print_line(connection *c)
{
    char line[100];
    size_t len = 0;
    size_t got;

    while (len == 0 || (line[len - 1] != '\n' && len < sizeof line - 1)) {
        int32_t result = epop_tls_read(&c->tls, line + len, sizeof line - 1 - len, &got);
        if (result != EPOP_OK) {
            stop("read", result);
        }
        len += got;
        if (got == 0) {
            result = turn(c);
            if (result < 0) {
                stop("feed", result);
            }
        }
    }
    line[len] = '\0';
    printf("line %s", line);
    fflush(stdout);
}

static void say(connection *c, const char *text)
{
    size_t used;
    int32_t result = epop_tls_write(&c->tls, text, strlen(text), &used);

    if (result != EPOP_OK) {
        stop("write", result);
    }
    drain(c);
}

static void close_down(connection *c)
{
    int32_t result = epop_tls_close(&c->tls);

    if (result != EPOP_OK) {
        stop("close", result);
    }
    drain(c);
    (void)close(c->fd);
    printf("closed\n");
}

static void prepare(connection *c, int endpoint, uint32_t flags)
{
    mbedtls_ssl_config_init(&c->conf);
    mbedtls_ssl_init(&c->ssl);
    mbedtls_x509_crt_init(&c->certificate);
    mbedtls_pk_init(&c->key);
    if (mbedtls_ssl_config_defaults(&c->conf, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) ||
        epop_tls_configure(&c->conf, flags) != EPOP_OK) {
        stop("configure", 0);
    }
    mbedtls_ssl_conf_rng(&c->conf, random_octets, NULL);
}

static void release(connection *c)
{
    mbedtls_ssl_free(&c->ssl);
    mbedtls_ssl_config_free(&c->conf);
    mbedtls_x509_crt_free(&c->certificate);
    mbedtls_pk_free(&c->key);
}

static int run_client(char **argv)
{
    connection c;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[0]))};

    prepare(&c, MBEDTLS_SSL_IS_CLIENT, EPOP_TLS_CLIENT);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c.fd < 0 || connect(c.fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        mbedtls_x509_crt_parse_file(&c.certificate, argv[2]) != 0) {
        stop("connect", 0);
    }
    mbedtls_ssl_conf_ca_chain(&c.conf, &c.certificate, NULL);
    if (mbedtls_ssl_setup(&c.ssl, &c.conf) != 0 ||
        epop_tls_init(&c.tls, sizeof c.tls, &c.ssl, EPOP_TLS_CLIENT, argv[1], c.output, sizeof c.output) != EPOP_OK) {
        stop("init", 0);
    }
    come_up(&c);
    say(&c, "ours\n");
    print_line(&c);
    close_down(&c);
    release(&c);
    return 0;
}

static int listen_and_accept(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int fd;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        stop("listen", 0);
    }
    printf("port %u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    fd = accept(listener, NULL, NULL);
    (void)close(listener);
    return fd;
}

static int run_server(char **argv)
{
    connection c;

    prepare(&c, MBEDTLS_SSL_IS_SERVER, EPOP_TLS_SERVER);
    if (mbedtls_x509_crt_parse_file(&c.certificate, argv[0]) != 0 ||
        mbedtls_pk_parse_keyfile(&c.key, argv[1], NULL) != 0 ||
        mbedtls_ssl_conf_own_cert(&c.conf, &c.certificate, &c.key) != 0) {
        stop("certificate", 0);
    }
    c.fd = listen_and_accept();
    if (mbedtls_ssl_setup(&c.ssl, &c.conf) != 0 ||
        epop_tls_init(&c.tls, sizeof c.tls, &c.ssl, EPOP_TLS_SERVER, NULL, c.output, sizeof c.output) != EPOP_OK ||
        epop_tls_server_certificate(&c.tls, c.certificate.raw.p, c.certificate.raw.len) != EPOP_OK) {
        stop("init", 0);
    }
    come_up(&c);
    print_line(&c);
    say(&c, "ours\n");
    while (turn(&c) == EPOP_OK) {
    }
    printf("eof %s\n", epop_error_name(epop_tls_eof(&c.tls)));
    close_down(&c);
    release(&c);
    return 0;
}

static int run_signature(char **argv)
{
    static uint8_t der[10000];
    epop_span certificate = {der, 0};
    FILE *file = fopen(argv[0], "rb");
    psa_algorithm_t hash;

    if (!file) {
        return stop("open", 0);
    }
    certificate.len = fread(der, 1, sizeof der, file);
    (void)fclose(file);
    hash = epopi_signature_hash(certificate);
    if (hash == PSA_ALG_NONE) {
        printf("none\n");
    } else {
        printf("%u\n", (unsigned)(8 * PSA_HASH_LENGTH(hash)));
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "client") == 0) {
        return run_client(argv + 2);
    }
    if (argc == 4 && strcmp(argv[1], "server") == 0) {
        return run_server(argv + 2);
    }
    if (argc == 3 && strcmp(argv[1], "signature") == 0) {
        return run_signature(argv + 2);
    }
    fprintf(stderr, "see the comment at the top of peer.c\n");
    return 2;
}
