/* What POP3 asks of a TLS configuration.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "mbedtls/tls.h"

#include <psa/crypto.h>

/* mbedTLS keeps the pointer, so the list can not be on the stack; the only pointers in static data here. */
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
    /* TLS 1.3 calculates with PSA. */
    return psa_crypto_init() == PSA_SUCCESS && offer_pop3(conf) == 0 ? EPOP_OK : EPOP_ERR_CRYPTO;
}
