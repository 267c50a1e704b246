/* The optional adapter to mbedTLS, a library of its own (epop-mbedtls): hashes for SASL, and TLS without I/O.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Works with mbedTLS 2.28, 3.6 and 4.x. The adapter allocates nothing itself; mbedTLS does.
 *
 * TLS stands between the transport and a session, and is bytes in, bytes out like the session itself:
 *
 *     transport <-> feed, output, output_ack  [ epop_tls ]  read, write <-> session's feed, output, output_ack
 *
 * With STLS, make it when the session wants EPOP_WANT_TLS and its output is drained; say epop_client_tls_started or
 * epop_server_tls_started when epop_tls_is_up. With implicit TLS (pops, port 995), make it at once, and give the
 * session EPOP_CLIENT_TLS or EPOP_SERVER_TLS. What the session's feed did not use belongs to nobody then: never hand
 * octets that came in the clear to TLS which the session has not refused (feed the session first: it dies of them).
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

/* Fills `crypto` with what PSA Crypto of the mbedTLS at hand can do; calls psa_crypto_init. `crypto->user` is NULL, the
 * functions keep no state, and one such struct serves every session. EPOP_ERR_NULL, EPOP_ERR_STRUCT_SIZE,
 * EPOP_ERR_CRYPTO. */
EPOP_API int32_t epop_mbedtls_crypto(epop_crypto *crypto);

/* ---------------------------------------------------------------------------------------------------------------------
 * TLS
 */

enum {
    EPOP_TLS_CLIENT = 0,
    EPOP_TLS_SERVER = 1,
    EPOP_TLS_NO_HOST_CHECK = 2 /* client: any name in the certificate will do. Risk: whoever owns any certificate of a
                                  trusted authority can pose as the server. */
};

/* Ciphertext waits here on its way out. What a smaller buffer has no room for waits in mbedTLS until this one is
 * drained, so any size works; this much takes a client's part of most handshakes in one go. */
enum { EPOP_TLS_OUTPUT_MIN = 1024 };

/* Sets what POP3 asks of a `mbedtls_ssl_config` on which mbedtls_ssl_config_defaults was called: TLS 1.2 or newer (1.3 if
 * mbedTLS has it); cipher suites with forward secrecy and authenticated encryption only (no static RSA, no CBC); with
 * 2.28, X25519 and P-256 before other curves; no renegotiation; ALPN "pop3" (RFC 8314 names none, IANA's registry does);
 * for a client, that certificates are required. Calls psa_crypto_init. `flags` as above. The host adds authorities, its
 * certificate and key, the random generator. The host may still change anything afterwards, for instance by
 * mbedtls_ssl_conf_ciphersuites, but renegotiation must stay off: channel bindings would mean nothing. One configuration
 * serves any number of connections. EPOP_ERR_NULL, EPOP_ERR_VALUE, EPOP_ERR_CRYPTO. */
EPOP_API int32_t epop_tls_configure(mbedtls_ssl_config *conf, uint32_t flags);

/* A TLS connection. Complete so that it can live anywhere; all members are private. */
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

/* Makes a connection over `ssl`, on which the host has called mbedtls_ssl_setup with its configuration and nothing
 * else: the adapter sets its transport callbacks and host name. `ssl` and `output` must outlive it; the host frees
 * `ssl`. `tls` must not move while in use. A client's first message is in the output when this returns.
 *
 * `host` is what the certificate must be for, NUL-terminated, copied. A name is compared by mbedTLS, and sent to the
 * server (SNI); both without a final dot; in ASCII ("xn--..." where it has other letters). An IPv4 or IPv6 address (without brackets) is compared, with all versions of mbedTLS alike, with the
 * addresses in the certificate's subjectAltName when the handshake is over, and is not sent. Client: NULL is
 * EPOP_ERR_NULL; with EPOP_TLS_NO_HOST_CHECK it is not looked at, and no name is sent. Server: NULL.
 *
 * A client accepts nobody whose mbedtls_ssl_get_verify_result is not 0, whatever authmode the configuration has:
 * MBEDTLS_SSL_VERIFY_OPTIONAL and _NONE count as _REQUIRED (a mbedTLS 3.x or 4.x built without its server part can not
 * tell _NONE from success: do not use it there). A host that knows better, by a pinned certificate, takes bits out of
 * `flags` in its mbedtls_ssl_conf_verify callback. About certificates of clients a server's configuration decides.
 *
 * EPOP_ERR_NULL, EPOP_ERR_STRUCT_SIZE, EPOP_ERR_VALUE (also a configuration for the other role), EPOP_ERR_BUFFER_SIZE,
 * EPOP_ERR_CRYPTO (out of memory, no random generator). */
EPOP_API int32_t epop_tls_init(epop_tls *tls, size_t size, mbedtls_ssl_context *ssl, uint32_t flags, const char *host,
                               void *output, size_t output_size);

/* Tells a server its own certificate in DER (`raw` of mbedtls_x509_crt), without which it has no
 * "tls-server-end-point": mbedTLS does not show which one it sent. Must outlive the connection. A server with several
 * certificates leaves this away, or calls it with the one that its mbedtls_ssl_conf_sni callback chose. EPOP_ERR_NULL,
 * EPOP_ERR_VALUE. */
EPOP_API int32_t epop_tls_server_certificate(epop_tls *tls, const void *der, size_t len);

/* Gives ciphertext from the transport; the handshake goes on with it. `*used` is always set: what is behind it waits
 * for epop_tls_read or for draining; feed it again. EPOP_OK: all was used; there may be plaintext to read. EPOP_AGAIN:
 * read plaintext, or drain, first. EPOP_END: the peer closed TLS in good order, octets behind that are not used.
 * EPOP_ERR_PEER_TLS: the handshake or a record is bad. EPOP_ERR_PEER_CERTIFICATE: the certificate is missing, not
 * trusted, expired, or for another host. Both are sticky; an alert for the peer may be in the output, to be drained
 * before closing. `data` may be NULL where `len` is 0. */
EPOP_API int32_t epop_tls_feed(epop_tls *tls, const void *data, size_t len, size_t *used);

/* The transport ended. EPOP_OK behind a close in good order; else EPOP_ERR_PEER_EOF, sticky: what came may have been
 * cut by an attacker. Plaintext that had come whole can still be read. */
EPOP_API int32_t epop_tls_eof(epop_tls *tls);

/* Ciphertext to send, and how much of it was sent; as with the sessions. Output that had no room comes up with the
 * acknowledgement, and a handshake that waited for it goes on: look at epop_tls_wants and epop_tls_is_up afterwards. */
EPOP_API const uint8_t *epop_tls_output(const epop_tls *tls, size_t *len);
EPOP_API int32_t epop_tls_output_ack(epop_tls *tls, size_t n);

/* EPOP_WANT_FEED, EPOP_WANT_DRAIN, EPOP_WANT_CLOSE (drain first). None: plaintext waits for epop_tls_read. */
EPOP_API uint32_t epop_tls_wants(const epop_tls *tls);

/* 1 when the handshake is done and the certificate accepted. */
EPOP_API uint32_t epop_tls_is_up(const epop_tls *tls);

/* Takes plaintext that came: up to `cap` octets; `*got` is always set. EPOP_OK, with 0 octets where there is none now;
 * EPOP_END: the peer has closed. EPOP_ERR_PHASE before TLS is up, and the sticky errors. */
EPOP_API int32_t epop_tls_read(epop_tls *tls, void *dst, size_t cap, size_t *got);

/* Encrypts plaintext into the output. `*used` is always set. EPOP_OK: all was taken, and need not be kept; EPOP_FULL:
 * drain, come again with the rest. EPOP_ERR_PHASE before TLS is up, EPOP_ERR_ENDED after epop_tls_close, and the sticky
 * errors. */
EPOP_API int32_t epop_tls_write(epop_tls *tls, const void *data, size_t len, size_t *used);

/* Puts the closing alert into the output; nothing can be written after it. EPOP_FULL: drain, and say it again.
 * EPOP_ERR_PHASE before TLS is up (just close the transport), and the sticky errors. */
EPOP_API int32_t epop_tls_close(epop_tls *tls);

/* Channel binding for EPOP_ASK_BINDING and EPOP_AUTH_BINDING: "type:" and the data, in `dst`. `type` chooses one by
 * name ("tls-exporter", NUL-terminated). NULL takes the type that every server with channel binding must have:
 * "tls-unique" with TLS 1.2 (RFC 5802 section 6.1), "tls-exporter" with TLS 1.3 (RFC 9266 section 3); no other one, since
 * servers refuse the login if they lack the type that a client takes.
 *
 * "tls-unique" (RFC 5929 section 3): TLS 1.2 with mbedTLS 2.28 built with MBEDTLS_SSL_RENEGOTIATION, if the extended
 * master secret is in use and the session was not resumed; not with 3.x and 4.x, which do not tell whether the master
 * secret is unique.
 * "tls-exporter" (RFC 9266): TLS 1.3 with mbedTLS 3.6.4 or newer. TLS 1.2 under the same conditions as "tls-unique" (and
 * MBEDTLS_SSL_CONTEXT_SERIALIZATION), without a context, as others do it.
 * "tls-server-end-point" (RFC 5929 section 4): where the server's certificate is known (a server must be told, see
 * epop_tls_server_certificate) and its signature has one hash (so not with Ed25519).
 *
 * EPOP_ERR_SPACE with `*len` as the size needed (EPOP_SASL_BINDING_MAX is enough); EPOP_ERR_PHASE before TLS is up;
 * EPOP_ERR_VALUE where there is none of that type; EPOP_ERR_CRYPTO. */
EPOP_API int32_t epop_tls_binding(const epop_tls *tls, const char *type, void *dst, size_t cap, size_t *len);

/* mbedTLS's own code behind the error, for a log; 0 if none. */
EPOP_API int32_t epop_tls_cause(const epop_tls *tls);

#ifdef __cplusplus
}
#endif

#endif
