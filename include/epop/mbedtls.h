/* The optional adapter to mbedTLS, a library of its own (epop-mbedtls): hashes for SASL, and TLS without I/O.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Works with mbedTLS 2.28, 3.6 and 4.x. The adapter allocates nothing itself; mbedTLS does.
 *
 * TLS is a layer between the transport and a session, with bytes in and bytes out like the session itself:
 *
 *     transport <-> feed, output, output_ack  [ epop_tls ]  read, write <-> session's feed, output, output_ack
 *
 * With STLS, call epop_tls_init when EPOP_WANT_TLS is set and the session's output is drained; call
 * epop_client_tls_started or epop_server_tls_started when epop_tls_is_up returns 1. With implicit TLS (pops, port 995),
 * call epop_tls_init at once, and give the session EPOP_CLIENT_TLS or EPOP_SERVER_TLS.
 *
 * Never pass leftover plaintext to TLS: if bytes arrived in the clear before EPOP_WANT_TLS that the session did not
 * use, feed them to the session, which rejects them (EPOP_ERR_PEER_PLAINTEXT).
 */
#ifndef EPOP_MBEDTLS_H
#define EPOP_MBEDTLS_H

#include <epop/base.h>
#include <epop/sasl.h>

#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------------
 * Hashes
 */

/* Fills `crypto` with the hashes that this build of PSA Crypto has, and calls psa_crypto_init. The functions keep no
 * state: one such struct serves all sessions. EPOP_ERR_NULL, EPOP_ERR_STRUCT_SIZE, EPOP_ERR_CRYPTO. */
EPOP_API int32_t epop_mbedtls_crypto(epop_crypto *crypto);

/* ---------------------------------------------------------------------------------------------------------------------
 * TLS
 */

enum {
    EPOP_TLS_CLIENT = 0,
    EPOP_TLS_SERVER = 1,
    EPOP_TLS_NO_HOST_CHECK = 2 /* client: do not compare the host name. Risk: anyone with any certificate of a trusted
                                  authority can pose as the server. */
};

/* Least size of the output buffer, which holds ciphertext to be sent. What does not fit waits in mbedTLS until the
 * buffer is drained; this size holds a client's part of most handshakes at once. */
enum { EPOP_TLS_OUTPUT_MIN = 1024 };

/* Configures TLS for POP3. Call mbedtls_ssl_config_defaults first; the host then adds authorities, its certificate and
 * key, and the random generator. Sets:
 *
 * - TLS 1.2 or newer (1.3 if mbedTLS has it), without renegotiation
 * - cipher suites with forward secrecy and authenticated encryption only (no static RSA, no CBC)
 * - with mbedTLS 2.28, X25519 and P-256 before other curves
 * - ALPN "pop3" (IANA's registry; RFC 8314 names none)
 * - for a client, that a certificate is required
 *
 * The host may change all of this afterwards, for example by mbedtls_ssl_conf_ciphersuites, except that renegotiation
 * must stay off: channel bindings would be worthless. Calls psa_crypto_init. `flags`: EPOP_TLS_CLIENT or
 * EPOP_TLS_SERVER. One configuration serves any number of connections. EPOP_ERR_NULL, EPOP_ERR_VALUE, EPOP_ERR_CRYPTO.
 */
EPOP_API int32_t epop_tls_configure(mbedtls_ssl_config *conf, uint32_t flags);

/* A TLS connection. The struct is complete so that it can be placed anywhere; all members are private. */
typedef struct epop_tls {
    mbedtls_ssl_context *p_ssl;
    epop_span p_input;
    epop_span p_certificate;
    epop_outbox p_out;
    size_t p_owed;
    uint32_t p_flags;
    int32_t p_error;
    int32_t p_cause;
    uint8_t p_up;
    uint8_t p_ended;
    uint8_t p_closed;
    uint8_t p_unique;
    uint8_t p_address_len;
    uint8_t p_address[16];
} epop_tls;

EPOP_API size_t epop_tls_sizeof(void);

/* Initialises a connection over `ssl`, on which the host has called mbedtls_ssl_setup and nothing else: the adapter
 * sets its transport callbacks and host name. `ssl` and `output` must outlive it; the host frees `ssl`. `tls` must not
 * be moved while in use. A client's first message is in the output when this returns.
 *
 * `host` is what the certificate must be for, NUL-terminated, copied. A name is compared by mbedTLS, and sent to the
 * server (SNI); both without a final dot; in ASCII ("xn--..." where it has other letters). An IPv4 or IPv6 address
 * (without brackets) is compared, with all versions of mbedTLS alike, with the addresses in the certificate's
 * subjectAltName when the handshake is over, and is not sent. Client: NULL is EPOP_ERR_NULL; with
 * EPOP_TLS_NO_HOST_CHECK it is not looked at, and no name is sent. Server: NULL.
 *
 * A client accepts a server only if mbedtls_ssl_get_verify_result is 0, whatever authmode the configuration has:
 * MBEDTLS_SSL_VERIFY_OPTIONAL and _NONE count as _REQUIRED. (mbedTLS 3.x and 4.x built without its server part cannot
 * tell _NONE from success: do not use _NONE there.) A host that pins a certificate removes bits from `flags` in its
 * mbedtls_ssl_conf_verify callback. Whether client certificates are checked is up to the server's configuration.
 *
 * EPOP_ERR_NULL         a pointer is NULL, `host` of a client included
 * EPOP_ERR_STRUCT_SIZE  `size` is too small
 * EPOP_ERR_VALUE        unknown flags, a configuration for the other role, an empty or too long host
 * EPOP_ERR_BUFFER_SIZE  `output_size` is less than EPOP_TLS_OUTPUT_MIN
 * EPOP_ERR_CRYPTO       out of memory, or no random generator */
EPOP_API int32_t epop_tls_init(epop_tls *tls, size_t size, mbedtls_ssl_context *ssl, uint32_t flags, const char *host,
                               void *output, size_t output_size);

/* Gives a server its own certificate in DER (`raw` of mbedtls_x509_crt), for the channel binding
 * "tls-server-end-point": mbedTLS does not show which one it sent. It must outlive the connection. A server with
 * several certificates omits this call, or gives the one that its mbedtls_ssl_conf_sni callback chose. EPOP_ERR_NULL,
 * EPOP_ERR_VALUE. */
EPOP_API int32_t epop_tls_server_certificate(epop_tls *tls, const void *der, size_t len);

/* Takes ciphertext that was received, and continues the handshake. `data` may be NULL if `len` is 0. `*used` is always
 * set; feed what follows it again later.
 *
 * EPOP_OK                    all was used; there may be plaintext to read
 * EPOP_AGAIN                 read plaintext, or drain the output, first
 * EPOP_END                   the peer closed TLS normally; what follows is not used
 * EPOP_ERR_PEER_TLS          the handshake or a record is bad
 * EPOP_ERR_PEER_CERTIFICATE  the certificate is missing, untrusted, expired, or for another host
 *
 * Both errors are sticky; an alert for the peer may be in the output, to be sent before closing. */
EPOP_API int32_t epop_tls_feed(epop_tls *tls, const void *data, size_t len, size_t *used);

/* The transport was closed. EPOP_OK if TLS was closed before; otherwise EPOP_ERR_PEER_EOF, sticky: an attacker may have
 * cut the connection. Complete plaintext can still be read. */
EPOP_API int32_t epop_tls_eof(epop_tls *tls);

/* The ciphertext to send, and its acknowledgement, as with the sessions. The acknowledgement makes room for output that
 * waited, and continues a handshake that waited for it: call epop_tls_wants and epop_tls_is_up afterwards. */
EPOP_API const uint8_t *epop_tls_output(const epop_tls *tls, size_t *len);
EPOP_API int32_t epop_tls_output_ack(epop_tls *tls, size_t n);

/* EPOP_WANT_FEED, EPOP_WANT_DRAIN, EPOP_WANT_CLOSE (drain first). 0: plaintext waits for epop_tls_read. */
EPOP_API uint32_t epop_tls_wants(const epop_tls *tls);

/* 1 when the handshake is complete and the certificate is accepted. */
EPOP_API uint32_t epop_tls_is_up(const epop_tls *tls);

/* Reads up to `cap` octets of plaintext; `*got` is always set. EPOP_OK, with 0 octets if there are none now. EPOP_END:
 * the peer closed TLS. EPOP_ERR_PHASE before TLS is up; the sticky errors. */
EPOP_API int32_t epop_tls_read(epop_tls *tls, void *dst, size_t cap, size_t *got);

/* Encrypts plaintext into the output. `*used` is always set. EPOP_OK: all was taken, and need not be kept. EPOP_FULL:
 * drain the output, then call again with the rest. EPOP_ERR_PHASE before TLS is up; EPOP_ERR_ENDED after
 * epop_tls_close; the sticky errors. */
EPOP_API int32_t epop_tls_write(epop_tls *tls, const void *data, size_t len, size_t *used);

/* Puts the closing alert into the output; nothing can be written after it. EPOP_FULL: drain the output, then call
 * again. EPOP_ERR_PHASE before TLS is up (just close the transport); the sticky errors. */
EPOP_API int32_t epop_tls_close(epop_tls *tls);

/* Channel binding for EPOP_ASK_BINDING and EPOP_AUTH_BINDING: "type:" and the data, in `dst`. `type` chooses one by
 * name ("tls-exporter", NUL-terminated). NULL takes the type that every server with channel binding must have:
 * "tls-unique" with TLS 1.2 (RFC 5802 section 6.1), "tls-exporter" with TLS 1.3 (RFC 9266 section 3), and no other:
 * servers refuse a login with a type that they lack.
 *
 * "tls-unique" (RFC 5929 section 3): TLS 1.2 with mbedTLS 2.28 built with MBEDTLS_SSL_RENEGOTIATION, if the extended
 * master secret is in use and the session was not resumed; not with 3.x and 4.x, which do not tell whether the master
 * secret is unique.
 * "tls-exporter" (RFC 9266): TLS 1.3 with mbedTLS 3.6.4 or newer. TLS 1.2 under the same conditions as "tls-unique"
 * (and MBEDTLS_SSL_CONTEXT_SERIALIZATION), without a context, as others do it. "tls-server-end-point" (RFC 5929 section
 * 4): if the server's certificate is known (for a server, see epop_tls_server_certificate) and its signature uses one
 * hash (not Ed25519).
 *
 * EPOP_ERR_SPACE with `*len` as the size needed (EPOP_SASL_BINDING_MAX is enough); EPOP_ERR_PHASE before TLS is up;
 * EPOP_ERR_VALUE if there is none of that type; EPOP_ERR_CRYPTO. */
EPOP_API int32_t epop_tls_binding(const epop_tls *tls, const char *type, void *dst, size_t cap, size_t *len);

/* The error code of mbedTLS that caused the sticky error, for a log; 0 if none. */
EPOP_API int32_t epop_tls_cause(const epop_tls *tls);

#ifdef __cplusplus
}
#endif

#endif
