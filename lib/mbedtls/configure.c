/* What POP3 asks of a TLS configuration.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "mbedtls/tls.h"

#include <mbedtls/ssl_ciphersuites.h>
#include <psa/crypto.h>

/* mbedTLS keeps the pointers to these lists, so they cannot be on the stack. They hold what the build at hand has and
 * no more: a server of 2.28 or 3.x fails on a cipher suite that it does not know, a client of 2.28 on such a curve. */

#if defined(MBEDTLS_GCM_C) || defined(PSA_WANT_ALG_GCM)
#define HAS_GCM 1
#else
#define HAS_GCM 0
#endif
#if defined(MBEDTLS_CHACHAPOLY_C) || defined(PSA_WANT_ALG_CHACHA20_POLY1305)
#define HAS_CHACHA 1
#else
#define HAS_CHACHA 0
#endif

/* RFC 9325 section 4.2: forward secrecy and authenticated encryption, which leaves out static RSA and CBC. The suites
 * of TLS 1.3 are all so. */
static const int suites[] = {
#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && HAS_GCM
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
#endif
#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && HAS_CHACHA
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
#endif
#if defined(MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED) && HAS_GCM
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
#endif
#if defined(MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED) && HAS_CHACHA
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
#endif
#if defined(MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED) && HAS_GCM
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
#endif
#if defined(MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED) && HAS_CHACHA
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
#endif
#if defined(MBEDTLS_KEY_EXCHANGE_DHE_RSA_ENABLED) && HAS_GCM
    /* For servers of before elliptic curves. */
    MBEDTLS_TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
#endif
    0,
};

static uint32_t is_known(int suite)
{
    const int *known = mbedtls_ssl_list_ciphersuites();

    while (*known != 0 && *known != suite) {
        known++;
    }
    return *known != 0;
}

/* A build without some part that was not thought of above keeps mbedTLS's own choice. */
static void prefer_suites(mbedtls_ssl_config *conf)
{
    size_t i = 0;

    while (suites[i] != 0 && is_known(suites[i])) {
        i++;
    }
    if (i > 0 && suites[i] == 0) {
        mbedtls_ssl_conf_ciphersuites(conf, suites);
    }
}

#if EPOPI_TLS_BEFORE_3 && defined(MBEDTLS_ECP_C)
/* 2.28 prefers the largest. The order is that of later versions: quick ones first. */
static const mbedtls_ecp_group_id curves[] = {
#if defined(MBEDTLS_ECP_DP_CURVE25519_ENABLED)
    MBEDTLS_ECP_DP_CURVE25519,
#endif
#if defined(MBEDTLS_ECP_DP_SECP256R1_ENABLED)
    MBEDTLS_ECP_DP_SECP256R1,
#endif
#if defined(MBEDTLS_ECP_DP_SECP384R1_ENABLED)
    MBEDTLS_ECP_DP_SECP384R1,
#endif
#if defined(MBEDTLS_ECP_DP_SECP521R1_ENABLED)
    MBEDTLS_ECP_DP_SECP521R1,
#endif
#if defined(MBEDTLS_ECP_DP_BP256R1_ENABLED)
    MBEDTLS_ECP_DP_BP256R1,
#endif
#if defined(MBEDTLS_ECP_DP_BP384R1_ENABLED)
    MBEDTLS_ECP_DP_BP384R1,
#endif
#if defined(MBEDTLS_ECP_DP_BP512R1_ENABLED)
    MBEDTLS_ECP_DP_BP512R1,
#endif
    MBEDTLS_ECP_DP_NONE,
};

static void prefer_curves(mbedtls_ssl_config *conf)
{
    if (curves[0] != MBEDTLS_ECP_DP_NONE) {
        mbedtls_ssl_conf_curves(conf, curves);
    }
}
#else
static void prefer_curves(mbedtls_ssl_config *conf)
{
    (void)conf;
}
#endif

/* The only pointers in static data here. */
#if defined(MBEDTLS_SSL_ALPN)
static const char *const protocols[] = {"pop3", NULL};

static int offer_pop3(mbedtls_ssl_config *conf)
{
#if MBEDTLS_VERSION_NUMBER < 0x04000000
    /* Never written to, though 2.28 and 3.6 do not say so. */
    return mbedtls_ssl_conf_alpn_protocols(conf, (const char **)(uintptr_t)protocols);
#else
    return mbedtls_ssl_conf_alpn_protocols(conf, protocols);
#endif
}
#else
static int offer_pop3(mbedtls_ssl_config *conf)
{
    (void)conf;
    return 0;
}
#endif

int32_t epop_tls_configure(mbedtls_ssl_config *conf, uint32_t flags)
{
    if (!conf) {
        return EPOP_ERR_NULL;
    }
    if (flags > EPOP_TLS_NO_HOST_CHECK) {
        return EPOP_ERR_VALUE;
    }
    /* RFC 8314 section 4.1 and RFC 8996. */
#if EPOPI_TLS_BEFORE_3
    mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#else
    mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    /* It changes what channel bindings and client certificates mean. */
    mbedtls_ssl_conf_renegotiation(conf, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
    if (flags != EPOP_TLS_SERVER) {
        mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_REQUIRED);
    }
    prefer_suites(conf);
    prefer_curves(conf);
    /* TLS 1.3 calculates with PSA. */
    return psa_crypto_init() == PSA_SUCCESS && offer_pop3(conf) == 0 ? EPOP_OK : EPOP_ERR_CRYPTO;
}
