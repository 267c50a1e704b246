/* Channel binding: what both ends of one TLS connection know, and nobody between them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * tls-unique (RFC 5929 section 3) and tls-exporter (RFC 9266) are defined only if the master secret is unique: with TLS
 * 1.3, which has no tls-unique, and with TLS 1.2 if the extended master secret (RFC 7627) was agreed on. mbedTLS has no
 * call that tells the latter. 2.28, whose structures are in its headers, can be looked at; in 3.x and 4.x they are
 * hidden, so TLS 1.2 has neither there.
 */
#include "mbedtls/signature.h"
#include "mbedtls/tls.h"
#include "wire/octets.h"

#include <psa/crypto.h>

#if EPOPI_TLS_BEFORE_3
#include <mbedtls/ssl_internal.h>
#if defined(MBEDTLS_SSL_EXTENDED_MASTER_SECRET) && defined(MBEDTLS_VERSION_C)
#define CAN_WATCH 1
/* The randoms, and the Finished messages, are kept only for the sake of these. */
#if defined(MBEDTLS_SSL_CONTEXT_SERIALIZATION)
#define CAN_EXPORT 1
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
#define HAS_FINISHED 1
#endif
#endif
#elif defined(MBEDTLS_SSL_KEYING_MATERIAL_EXPORT) && defined(MBEDTLS_SSL_PROTO_TLS1_3)
#define CAN_EXPORT 1
#endif
#ifndef CAN_WATCH
#define CAN_WATCH 0
#endif
#ifndef CAN_EXPORT
#define CAN_EXPORT 0
#endif
#ifndef HAS_FINISHED
#define HAS_FINISHED 0
#endif

enum { EXPORTED = 32, RANDOM = 32 }; /* RFC 9266 section 2; RFC 5246 section 7.4.1.2 */

#define LABEL "EXPORTER-Channel-Binding"

#if CAN_WATCH

/* Seen again before every step, since mbedTLS frees what it knows of the handshake at its end. A resumed session may
 * have begun without an extended master secret, and 2.28 does not keep whether it did. The layout is that of the
 * headers: a library of another patch level may have another. */
void epopi_binding_watch(epop_tls *tls)
{
    const mbedtls_ssl_handshake_params *now = tls->p_ssl->handshake;

    if (now) {
        tls->p_unique = now->extended_ms == MBEDTLS_SSL_EXTENDED_MS_ENABLED && now->resume == 0 &&
                        mbedtls_version_get_number() == MBEDTLS_VERSION_NUMBER;
    }
}

#else

void epopi_binding_watch(epop_tls *tls)
{
    (void)tls;
}

#endif

#if EPOPI_TLS_BEFORE_3 && CAN_EXPORT

/* RFC 5705 section 4, without a context, as OpenSSL and GnuTLS do it with TLS 1.2. */
static int32_t export_binding(const epop_tls *tls, uint8_t *dst)
{
    const mbedtls_ssl_session *session = tls->p_ssl->session;
    const uint8_t *kept = tls->p_ssl->transform->randbytes;
    const mbedtls_ssl_ciphersuite_t *suite = mbedtls_ssl_ciphersuite_from_id(session->ciphersuite);
    mbedtls_tls_prf_types prf =
        suite && suite->mac == MBEDTLS_MD_SHA384 ? MBEDTLS_SSL_TLS_PRF_SHA384 : MBEDTLS_SSL_TLS_PRF_SHA256;
    uint8_t randoms[2 * RANDOM];

    /* mbedTLS keeps the server's first. */
    epopi_copy(randoms, kept + RANDOM, RANDOM);
    epopi_copy(randoms + RANDOM, kept, RANDOM);
    if (mbedtls_ssl_tls_prf(prf, session->master, sizeof session->master, LABEL, randoms, sizeof randoms, dst,
                            EXPORTED) != 0) {
        return EPOP_ERR_CRYPTO;
    }
    return EPOP_OK;
}

#else

static int32_t export_binding(const epop_tls *tls, uint8_t *dst)
{
#if CAN_EXPORT
    return mbedtls_ssl_export_keying_material(tls->p_ssl, dst, EXPORTED, LABEL, sizeof LABEL - 1, NULL, 0, 0) == 0
               ? EPOP_OK
               : EPOP_ERR_CRYPTO;
#else
    (void)tls;
    (void)dst;
    return EPOP_ERR_VALUE;
#endif
}

#endif

static uint32_t is_tls_1_3(const epop_tls *tls)
{
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    return mbedtls_ssl_get_version_number(tls->p_ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
#else
    (void)tls;
    return 0;
#endif
}

static uint32_t can_export(const epop_tls *tls)
{
    return CAN_EXPORT && (tls->p_unique || is_tls_1_3(tls));
}

/* The server's certificate, ours or theirs. */
static epop_span server_certificate(const epop_tls *tls)
{
    const mbedtls_x509_crt *theirs = mbedtls_ssl_get_peer_cert(tls->p_ssl);

    if (tls->p_flags & EPOP_TLS_SERVER) {
        return tls->p_certificate;
    }
    return theirs ? epopi_span(theirs->raw.p, theirs->raw.len) : epopi_span(NULL, 0);
}

static int32_t hash_certificate(epop_span certificate, psa_algorithm_t hash, uint8_t *dst)
{
    size_t len;

    if (psa_crypto_init() != PSA_SUCCESS ||
        psa_hash_compute(hash, certificate.ptr, certificate.len, dst, PSA_HASH_LENGTH(hash), &len) != PSA_SUCCESS) {
        return EPOP_ERR_CRYPTO;
    }
    return EPOP_OK;
}

static uint32_t is_type(const char *type, const char *name)
{
    while (*type != '\0' && *type == *name) {
        type++;
        name++;
    }
    return *type == '\0' && *name == ':';
}

/* Writes "type:" and says how long all is; EPOP_ERR_SPACE where it does not fit. */
static int32_t begin_binding(const char *prefix, size_t prefix_len, size_t data_len, uint8_t *dst, size_t cap,
                             size_t *len)
{
    *len = prefix_len + data_len;
    if (cap < *len) {
        return EPOP_ERR_SPACE;
    }
    epopi_copy(dst, (const uint8_t *)prefix, prefix_len);
    return EPOP_OK;
}

static int32_t bind_exporter(const epop_tls *tls, uint8_t *dst, size_t cap, size_t *len)
{
    static const char prefix[] = "tls-exporter:";
    int32_t result = begin_binding(prefix, sizeof prefix - 1, EXPORTED, dst, cap, len);

    return result == EPOP_OK ? export_binding(tls, dst + sizeof prefix - 1) : result;
}

/* The first Finished message of a handshake that resumes nothing is the client's (RFC 5246 section 7.3). mbedTLS keeps
 * it for a renegotiation, which epop_tls_configure forbids. */
static int32_t bind_unique(const epop_tls *tls, uint8_t *dst, size_t cap, size_t *len)
{
#if HAS_FINISHED
    static const char prefix[] = "tls-unique:";
    const mbedtls_ssl_context *ssl = tls->p_ssl;
    const char *first = tls->p_flags & EPOP_TLS_SERVER ? ssl->peer_verify_data : ssl->own_verify_data;
    int32_t result = begin_binding(prefix, sizeof prefix - 1, ssl->verify_data_len, dst, cap, len);

    if (result == EPOP_OK) {
        epopi_copy(dst + sizeof prefix - 1, (const uint8_t *)first, ssl->verify_data_len);
    }
    return result;
#else
    (void)tls;
    (void)dst;
    (void)cap;
    (void)len;
    return EPOP_ERR_VALUE;
#endif
}

static int32_t bind_end_point(const epop_tls *tls, uint8_t *dst, size_t cap, size_t *len)
{
    static const char prefix[] = "tls-server-end-point:";
    epop_span certificate = server_certificate(tls);
    psa_algorithm_t hash = epopi_signature_hash(certificate);
    int32_t result;

    if (hash == PSA_ALG_NONE) {
        return EPOP_ERR_VALUE;
    }
    result = begin_binding(prefix, sizeof prefix - 1, PSA_HASH_LENGTH(hash), dst, cap, len);
    return result == EPOP_OK ? hash_certificate(certificate, hash, dst + sizeof prefix - 1) : result;
}

static int32_t bind_type(const epop_tls *tls, const char *type, uint8_t *dst, size_t cap, size_t *len)
{
    if (tls->p_unique && is_type(type, "tls-unique:")) {
        return bind_unique(tls, dst, cap, len);
    }
    if (can_export(tls) && is_type(type, "tls-exporter:")) {
        return bind_exporter(tls, dst, cap, len);
    }
    return is_type(type, "tls-server-end-point:") ? bind_end_point(tls, dst, cap, len) : EPOP_ERR_VALUE;
}

int32_t epop_tls_binding(const epop_tls *tls, const char *type, void *dst, size_t cap, size_t *len)
{
    if (!tls || !len || (!dst && cap > 0)) {
        return EPOP_ERR_NULL;
    }
    *len = 0;
    if (tls->p_error != EPOP_OK || !tls->p_up) {
        return tls->p_error != EPOP_OK ? tls->p_error : EPOP_ERR_PHASE;
    }
    if (!type) {
        type = is_tls_1_3(tls) ? "tls-exporter" : "tls-unique";
    }
    return bind_type(tls, type, (uint8_t *)dst, cap, len);
}

int32_t epop_tls_server_certificate(epop_tls *tls, const void *der, size_t len)
{
    if (!tls || !der) {
        return EPOP_ERR_NULL;
    }
    if (!(tls->p_flags & EPOP_TLS_SERVER) || len == 0) {
        return EPOP_ERR_VALUE;
    }
    tls->p_certificate = epopi_span((const uint8_t *)der, len);
    return EPOP_OK;
}
