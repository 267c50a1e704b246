/* TLS without I/O: mbedTLS reads from the octets that feed is given, and writes to an outbox.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * What mbedTLS has made and the outbox has no room for stays in mbedTLS's own buffer: `p_owed` octets. Nothing else is
 * done before they are out, so that an alert always finds that buffer free.
 */
#include "mbedtls/address.h"
#include "mbedtls/tls.h"
#include "wire/check.h"
#include "wire/octets.h"
#include "wire/outbox.h"

#include <mbedtls/x509_crt.h>

#include <limits.h>
#include <string.h>

static int tls_take(void *user, unsigned char *dst, size_t len)
{
    epop_tls *tls = (epop_tls *)user;

    if (len > tls->p_input.len) {
        len = tls->p_input.len;
    }
    if (len == 0) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    if (len > INT_MAX) {
        len = INT_MAX;
    }
    epopi_copy(dst, tls->p_input.ptr, len);
    tls->p_input.ptr += len;
    tls->p_input.len -= len;
    return (int)len;
}

static int tls_put(void *user, const unsigned char *src, size_t len)
{
    epop_tls *tls = (epop_tls *)user;
    size_t room = epopi_outbox_room(&tls->p_out, len);

    tls->p_owed = len;
    if (room == 0) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    if (len > room) {
        len = room;
    }
    if (len > INT_MAX) {
        len = INT_MAX;
    }
    epopi_copy(epopi_outbox_end(&tls->p_out), src, len);
    epopi_outbox_wrote(&tls->p_out, len);
    tls->p_owed -= len;
    return (int)len;
}

/* 1 where mbedTLS holds nothing back any more. While it does, its alert function sends that and no alert. */
static uint32_t flushed(epop_tls *tls)
{
    if (tls->p_owed > 0) {
        (void)mbedtls_ssl_send_alert_message(tls->p_ssl, MBEDTLS_SSL_ALERT_LEVEL_WARNING,
                                             MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY);
    }
    return tls->p_owed == 0;
}

static int32_t fail_session(epop_tls *tls, int32_t result, int cause)
{
    tls->p_error = result;
    tls->p_cause = cause;
    return result;
}

static int32_t fail_tls(epop_tls *tls, int cause)
{
    uint32_t certificate = cause == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || cause == MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED ||
                           cause == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE;

    return fail_session(tls, certificate ? EPOP_ERR_PEER_CERTIFICATE : EPOP_ERR_PEER_TLS, cause);
}

/* mbedTLS has mostly said no already. This is for addresses, for connections without certificates, and for builds in
 * which set_host cannot insist. */
static uint32_t is_trusted(const epop_tls *tls)
{
    const mbedtls_x509_crt *certificate = mbedtls_ssl_get_peer_cert(tls->p_ssl);

    if (tls->p_flags & EPOP_TLS_SERVER) {
        return 1;
    }
    if (!certificate || mbedtls_ssl_get_verify_result(tls->p_ssl) != 0) {
        return 0;
    }
    return tls->p_address_len == 0 || epopi_address_certified(certificate, tls->p_address, tls->p_address_len);
}

static int handshake(epop_tls *tls)
{
#if EPOPI_TLS_BEFORE_3
    int result = 0;
    while (result == 0 && tls->p_ssl->state != MBEDTLS_SSL_HANDSHAKE_OVER) {
        epopi_binding_watch(tls);
        result = mbedtls_ssl_handshake_step(tls->p_ssl);
    }
    return result;
#else
    return mbedtls_ssl_handshake(tls->p_ssl);
#endif
}

/* mbedTLS also says WANT_READ behind a warning that it ignored, with more to be read. */
static uint32_t goes_on(const epop_tls *tls, int result, size_t before)
{
    return result == MBEDTLS_ERR_SSL_WANT_READ && tls->p_input.len > 0 && tls->p_input.len < before;
}

static int32_t shake(epop_tls *tls)
{
    size_t before;
    int result;

    do {
        before = tls->p_input.len;
        result = handshake(tls);
    } while (goes_on(tls, result, before));
    if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) {
        return EPOP_OK;
    }
    if (result != 0) {
        return fail_tls(tls, result);
    }
    if (!is_trusted(tls)) {
        (void)mbedtls_ssl_send_alert_message(tls->p_ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, MBEDTLS_SSL_ALERT_MSG_BAD_CERT);
        return fail_session(tls, EPOP_ERR_PEER_CERTIFICATE, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED);
    }
    tls->p_up = 1;
    return EPOP_OK;
}

/* One record, or what else mbedTLS has to do; its plaintext stays in mbedTLS. EPOP_PAUSED: no more can be done now. */
static int32_t take_record(epop_tls *tls)
{
    uint8_t nothing = 0;
    size_t before = tls->p_input.len;
    int result = mbedtls_ssl_read(tls->p_ssl, &nothing, 0);

    switch (result) {
    case 0:
        /* Without this a mbedTLS that says 0 for no reason would hold us forever. */
        if (before == tls->p_input.len && mbedtls_ssl_get_bytes_avail(tls->p_ssl) == 0) {
            return fail_tls(tls, result);
        }
        return EPOP_OK;
    case MBEDTLS_ERR_SSL_WANT_READ:
        return goes_on(tls, result, before) ? EPOP_OK : EPOP_PAUSED;
    case MBEDTLS_ERR_SSL_WANT_WRITE:
        return EPOP_PAUSED;
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        tls->p_ended = 1;
        return EPOP_END;
    case EPOPI_TLS_TICKET:
        return EPOP_OK;
    default:
        return fail_tls(tls, result);
    }
}

static int32_t run_tls(epop_tls *tls)
{
    int32_t result = EPOP_OK;

    if (flushed(tls) && !tls->p_up) {
        result = shake(tls);
    }
    while (result == EPOP_OK && tls->p_up && flushed(tls) && mbedtls_ssl_get_bytes_avail(tls->p_ssl) == 0) {
        result = take_record(tls);
    }
    if (result < 0 || result == EPOP_END) {
        return result;
    }
    return tls->p_input.len > 0 ? EPOP_AGAIN : EPOP_OK;
}

static int32_t run_with(epop_tls *tls, epop_span input, size_t *used)
{
    int32_t result;

    tls->p_input = input;
    result = run_tls(tls);
    *used = input.len - tls->p_input.len;
    tls->p_input = epopi_span(NULL, 0);
    return result;
}

int32_t epop_tls_feed(epop_tls *tls, const void *data, size_t len, size_t *used)
{
    int32_t result;

    if (!tls || !used) {
        return EPOP_ERR_NULL;
    }
    *used = 0;
    result = epopi_check_octets(data, len);
    if (result != EPOP_OK || tls->p_error != EPOP_OK) {
        return result != EPOP_OK ? result : tls->p_error;
    }
    return tls->p_ended ? EPOP_END : run_with(tls, epopi_span((const uint8_t *)data, len), used);
}

int32_t epop_tls_eof(epop_tls *tls)
{
    if (!tls) {
        return EPOP_ERR_NULL;
    }
    if (tls->p_error != EPOP_OK) {
        return tls->p_error;
    }
    return tls->p_ended ? EPOP_OK : fail_session(tls, EPOP_ERR_PEER_EOF, 0);
}

const uint8_t *epop_tls_output(const epop_tls *tls, size_t *len)
{
    if (!len) {
        return NULL;
    }
    *len = 0;
    return tls ? epopi_outbox_show(&tls->p_out, len) : NULL;
}

int32_t epop_tls_output_ack(epop_tls *tls, size_t n)
{
    size_t used;

    if (!tls) {
        return EPOP_ERR_NULL;
    }
    if (n > epopi_outbox_len(&tls->p_out)) {
        return EPOP_ERR_VALUE;
    }
    epopi_outbox_drop(&tls->p_out, n);
    if (tls->p_owed > 0 && flushed(tls) && !tls->p_up && tls->p_error == EPOP_OK) {
        (void)run_with(tls, epopi_span(NULL, 0), &used);
    }
    return EPOP_OK;
}

uint32_t epop_tls_wants(const epop_tls *tls)
{
    uint32_t wants;

    if (!tls) {
        return EPOP_WANT_CLOSE;
    }
    wants = epopi_outbox_len(&tls->p_out) > 0 ? EPOP_WANT_DRAIN : 0;
    if (tls->p_error != EPOP_OK || tls->p_ended || tls->p_closed) {
        return wants | EPOP_WANT_CLOSE;
    }
    if (tls->p_owed == 0 && (!tls->p_up || mbedtls_ssl_get_bytes_avail(tls->p_ssl) == 0)) {
        wants |= EPOP_WANT_FEED;
    }
    return wants;
}

uint32_t epop_tls_is_up(const epop_tls *tls)
{
    return tls && tls->p_up;
}

int32_t epop_tls_cause(const epop_tls *tls)
{
    return tls ? tls->p_cause : 0;
}

/* Plaintext that came before the transport broke off may still be taken. */
static int32_t check_read(const epop_tls *tls)
{
    size_t waiting;

    if (!tls->p_up) {
        return tls->p_error != EPOP_OK ? tls->p_error : EPOP_ERR_PHASE;
    }
    waiting = mbedtls_ssl_get_bytes_avail(tls->p_ssl);
    if (tls->p_error != EPOP_OK && (tls->p_error != EPOP_ERR_PEER_EOF || waiting == 0)) {
        return tls->p_error;
    }
    return waiting == 0 && tls->p_ended ? EPOP_END : EPOP_OK;
}

int32_t epop_tls_read(epop_tls *tls, void *dst, size_t cap, size_t *got)
{
    int32_t result;
    size_t waiting;
    int len;

    if (!tls || !got) {
        return EPOP_ERR_NULL;
    }
    *got = 0;
    result = epopi_check_octets(dst, cap);
    if (result == EPOP_OK) {
        result = check_read(tls);
    }
    waiting = result == EPOP_OK ? mbedtls_ssl_get_bytes_avail(tls->p_ssl) : 0;
    if (waiting == 0 || cap == 0) {
        return result;
    }
    len = mbedtls_ssl_read(tls->p_ssl, (unsigned char *)dst, cap < waiting ? cap : waiting);
    if (len < 0) {
        return fail_tls(tls, len);
    }
    *got = (size_t)len;
    return EPOP_OK;
}

static int32_t check_tls_write(const epop_tls *tls)
{
    if (tls->p_error != EPOP_OK) {
        return tls->p_error;
    }
    if (!tls->p_up) {
        return EPOP_ERR_PHASE;
    }
    return tls->p_closed ? EPOP_ERR_ENDED : EPOP_OK;
}

/* mbedTLS has the whole record when it says WANT_WRITE for what it could not get out: the plaintext is taken. */
static int32_t write_record(epop_tls *tls, const uint8_t *data, size_t len, size_t *taken)
{
    int most = mbedtls_ssl_get_max_out_record_payload(tls->p_ssl);
    int result;

    if (most <= 0) {
        return fail_tls(tls, most);
    }
    if (len > (size_t)most) {
        len = (size_t)most;
    }
    do {
        result = mbedtls_ssl_write(tls->p_ssl, data, len);
    } while (result == EPOPI_TLS_TICKET);
    if (result <= 0 && (result != MBEDTLS_ERR_SSL_WANT_WRITE || tls->p_owed == 0)) {
        return fail_tls(tls, result);
    }
    *taken = result > 0 ? (size_t)result : len;
    return EPOP_OK;
}

int32_t epop_tls_write(epop_tls *tls, const void *data, size_t len, size_t *used)
{
    const uint8_t *octets = (const uint8_t *)data;
    int32_t result;
    size_t taken;

    if (!tls || !used) {
        return EPOP_ERR_NULL;
    }
    *used = 0;
    result = epopi_check_octets(data, len);
    if (result == EPOP_OK) {
        result = check_tls_write(tls);
    }
    while (result == EPOP_OK && *used < len) {
        if (!flushed(tls)) {
            return EPOP_FULL;
        }
        result = write_record(tls, octets + *used, len - *used, &taken);
        *used += result == EPOP_OK ? taken : 0;
    }
    return result;
}

int32_t epop_tls_close(epop_tls *tls)
{
    int32_t result;
    int cause;

    if (!tls) {
        return EPOP_ERR_NULL;
    }
    result = check_tls_write(tls);
    if (result != EPOP_OK) {
        return result == EPOP_ERR_ENDED ? EPOP_OK : result;
    }
    if (!flushed(tls)) {
        return EPOP_FULL;
    }
    cause = mbedtls_ssl_close_notify(tls->p_ssl);
    if (cause != 0 && cause != MBEDTLS_ERR_SSL_WANT_WRITE) {
        return fail_tls(tls, cause);
    }
    tls->p_closed = 1;
    return EPOP_OK;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Beginning
 */

size_t epop_tls_sizeof(void)
{
    return sizeof(epop_tls);
}

static uint32_t is_server(const mbedtls_ssl_context *ssl)
{
#if EPOPI_TLS_BEFORE_3
    return ssl->conf->endpoint == MBEDTLS_SSL_IS_SERVER;
#else
    return mbedtls_ssl_conf_get_endpoint(mbedtls_ssl_context_get_config(ssl)) == MBEDTLS_SSL_IS_SERVER;
#endif
}

static int32_t check_init(const mbedtls_ssl_context *ssl, uint32_t flags, const char *host)
{
    if (flags > EPOP_TLS_NO_HOST_CHECK || is_server(ssl) != (flags == EPOP_TLS_SERVER)) {
        return EPOP_ERR_VALUE;
    }
    if (flags == EPOP_TLS_CLIENT) {
        if (!host) {
            return EPOP_ERR_NULL;
        }
        return *host != '\0' && strcmp(host, ".") != 0 ? EPOP_OK : EPOP_ERR_VALUE;
    }
    return flags == EPOP_TLS_SERVER && host ? EPOP_ERR_VALUE : EPOP_OK;
}

/* Drops the final dot of an absolute name: neither certificates nor server names have one (RFC 6066 section 3). The
 * output is still empty, and lends its memory for the copy. */
static const char *without_final_dot(epop_tls *tls, const char *host)
{
    uint8_t *copy = epopi_outbox_end(&tls->p_out);
    size_t len = strlen(host);

    if (len > MBEDTLS_SSL_MAX_HOST_NAME_LEN || host[len - 1] != '.') {
        return host;
    }
    memcpy(copy, host, len - 1);
    copy[len - 1] = '\0';
    return (const char *)copy;
}

/* An address is no server name (RFC 6066 section 3), so mbedTLS is not told of it and is_trusted compares it. mbedTLS
 * 3.6 wants to be told even of no name. */
static int32_t set_host(epop_tls *tls, const char *host)
{
    if (tls->p_flags & EPOP_TLS_SERVER) {
        return EPOP_OK;
    }
#if defined(MBEDTLS_SSL_SRV_C) && defined(MBEDTLS_SSL_SERVER_NAME_INDICATION)
    /* With VERIFY_NONE the verify result would be 0 without anybody having looked. */
    mbedtls_ssl_set_hs_authmode(tls->p_ssl, MBEDTLS_SSL_VERIFY_REQUIRED);
#endif
    if (host) {
        tls->p_address_len = epopi_address_parse(host, tls->p_address);
        host = without_final_dot(tls, host);
    }
    switch (mbedtls_ssl_set_hostname(tls->p_ssl, tls->p_address_len > 0 ? NULL : host)) {
    case 0:
        return EPOP_OK;
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
        return EPOP_ERR_CRYPTO;
    default:
        return EPOP_ERR_VALUE; /* too long */
    }
}

static int32_t start(epop_tls *tls, const char *host)
{
    size_t used;
    int32_t result = set_host(tls, host);

    if (result != EPOP_OK || tls->p_flags == EPOP_TLS_SERVER) {
        return result;
    }
    return run_with(tls, epopi_span(NULL, 0), &used) == EPOP_OK ? EPOP_OK : EPOP_ERR_CRYPTO;
}

int32_t epop_tls_init(epop_tls *tls, size_t size, mbedtls_ssl_context *ssl, uint32_t flags, const char *host,
                      void *output, size_t output_size)
{
    int32_t result;

    if (!tls || !ssl || !output) {
        return EPOP_ERR_NULL;
    }
    result = size < sizeof *tls ? EPOP_ERR_STRUCT_SIZE : check_init(ssl, flags, host);
    if (result != EPOP_OK || output_size < EPOP_TLS_OUTPUT_MIN) {
        return result != EPOP_OK ? result : EPOP_ERR_BUFFER_SIZE;
    }
    epopi_wipe((uint8_t *)tls, sizeof *tls);
    tls->p_ssl = ssl;
    tls->p_flags = flags;
    epopi_outbox_init(&tls->p_out, output, output_size);
    mbedtls_ssl_set_bio(ssl, tls, tls_put, tls_take, NULL);
    return start(tls, flags == EPOP_TLS_CLIENT ? host : NULL);
}
