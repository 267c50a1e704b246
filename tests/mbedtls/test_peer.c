/* Servers that must not be trusted, and wires that somebody bends or cuts.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t loopback[4] = {127, 0, 0, 1};

static const identity_spec good = {"CN=pop.example", "pop.example", NULL, 0, NULL, 0};
static const identity_spec for_address = {"CN=pop.example", "pop.example", loopback, 4, NULL, 0};
static const identity_spec address_as_name = {"CN=127.0.0.1", "127.0.0.1", NULL, 0, NULL, 0};
static const identity_spec wild = {"CN=x", "*.example", NULL, 0, NULL, 0};
static const identity_spec expired = {"CN=pop.example", "pop.example", NULL, 0, "20201231235959", 0};

/* The client refuses for the certificate, never comes up, takes no plaintext out or in, and says so to the server. */
static void assert_refused(link *wire)
{
    size_t len;

    assert_int_equal(wire->client.result, EPOP_ERR_PEER_CERTIFICATE);
    assert_int_equal(epop_tls_is_up(&wire->client.tls), 0);
    assert_int_not_equal(epop_tls_cause(&wire->client.tls), 0);
    assert_int_equal(epop_tls_feed(&wire->client.tls, "x", 1, &len), EPOP_ERR_PEER_CERTIFICATE);
    assert_int_equal(epop_tls_write(&wire->client.tls, "x", 1, &len), EPOP_ERR_PEER_CERTIFICATE);
    assert_int_equal(epop_tls_read(&wire->client.tls, &len, 1, &len), EPOP_ERR_PEER_CERTIFICATE);
    assert_int_equal(epop_tls_eof(&wire->client.tls), EPOP_ERR_PEER_CERTIFICATE);
    assert_int_equal(epop_tls_wants(&wire->client.tls), EPOP_WANT_CLOSE);
    assert_int_equal(wire->server.result, EPOP_ERR_PEER_TLS);
    assert_int_equal(epop_tls_cause(&wire->server.tls), MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
}

static void assert_both_up(link *wire)
{
    assert_int_equal(epop_tls_is_up(&wire->client.tls), 1);
    assert_int_equal(epop_tls_is_up(&wire->server.tls), 1);
}

/* One handshake; `authmode` is what the host made of the client's configuration. */
static void expect(const identity_spec *spec, int self_signed, const char *host, int authmode, int good_enough)
{
    link *wire = link_make_with(spec, self_signed);

    mbedtls_ssl_conf_authmode(&wire->client.conf, authmode);
    link_start(wire, host);
    link_run(wire);
    if (good_enough) {
        assert_both_up(wire);
    } else {
        assert_refused(wire);
    }
    link_free(wire);
}

static void expect_with_all_modes(const identity_spec *spec, int self_signed, const char *host, int good_enough)
{
    expect(spec, self_signed, host, MBEDTLS_SSL_VERIFY_REQUIRED, good_enough);
    expect(spec, self_signed, host, MBEDTLS_SSL_VERIFY_OPTIONAL, good_enough);
    expect(spec, self_signed, host, MBEDTLS_SSL_VERIFY_NONE, good_enough);
}

static void test_names(void **state)
{
    (void)state;
    expect_with_all_modes(&good, 0, "pop.example", 1);
    expect_with_all_modes(&good, 0, "POP.Example", 1);
    expect_with_all_modes(&good, 0, "pop.example.", 1);
    expect_with_all_modes(&good, 0, "pop.example..", 0);
    expect_with_all_modes(&good, 0, "imap.example", 0);
    expect_with_all_modes(&good, 0, "example", 0);
    expect_with_all_modes(&wild, 0, "pop.example", 1);
    expect_with_all_modes(&wild, 0, "example", 0);
    expect_with_all_modes(&wild, 0, "a.pop.example", 0);
    expect_with_all_modes(&good, 0, NULL, 1);
}

static int keep_name(void *name, mbedtls_ssl_context *ssl, const unsigned char *text, size_t len)
{
    (void)ssl;
    assert_true(len < 64);
    memcpy(name, text, len);
    return 0;
}

static void expect_name_sent(const char *host, const char *expected)
{
    link *wire = link_make_with(&good, 0);
    char name[64] = {0};

    mbedtls_ssl_conf_sni(&wire->server.conf, keep_name, name);
    link_start(wire, host);
    link_run(wire);
    assert_string_equal(name, expected);
    link_free(wire);
}

/* RFC 6066 section 3: without a trailing dot, and no address. */
static void test_name_that_is_sent(void **state)
{
    (void)state;
    expect_name_sent("pop.example", "pop.example");
    expect_name_sent("pop.example.", "pop.example");
    expect_name_sent("127.0.0.1", "");
    expect_name_sent(NULL, "");
}

static void test_addresses(void **state)
{
    (void)state;
    expect_with_all_modes(&for_address, 0, "127.0.0.1", 1);
    expect_with_all_modes(&for_address, 0, "127.0.0.2", 0);
    expect_with_all_modes(&for_address, 0, "::1", 0);
    expect_with_all_modes(&for_address, 0, "pop.example", 1);
    expect_with_all_modes(&good, 0, "127.0.0.1", 0);
    expect_with_all_modes(&address_as_name, 0, "127.0.0.1", 0);
}

static void test_untrusted(void **state)
{
    (void)state;
    expect_with_all_modes(&good, 1, "pop.example", 0);
    expect_with_all_modes(&good, 1, NULL, 0);
    expect_with_all_modes(&for_address, 1, "127.0.0.1", 0);
    expect_with_all_modes(&expired, 0, "pop.example", 0);
    expect_with_all_modes(&expired, 0, NULL, 0);
}

static int pardon(void *unused, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    (void)unused;
    (void)certificate;
    (void)depth;
    *flags = 0;
    return 0;
}

/* The one way in for a certificate that is not in order: the host says so itself. */
static void test_host_pardons(void **state)
{
    link *wire = link_make_with(&good, 1);

    (void)state;
    mbedtls_ssl_conf_verify(&wire->client.conf, pardon, NULL);
    link_start(wire, "other.example");
    link_run(wire);
    assert_both_up(wire);
    link_free(wire);
}

/* A server that has only a shared key, to a client that would take one. */
static void test_no_certificate(void **state)
{
    static const int suites[] = {MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256, 0};
    static const unsigned char key[16] = {1};
    link *wire = link_make();

    (void)state;
    mbedtls_ssl_conf_ciphersuites(&wire->client.conf, suites);
    mbedtls_ssl_conf_ciphersuites(&wire->server.conf, suites);
    assert_int_equal(mbedtls_ssl_conf_psk(&wire->client.conf, key, sizeof key, key, 4), 0);
    assert_int_equal(mbedtls_ssl_conf_psk(&wire->server.conf, key, sizeof key, key, 4), 0);
    link_start(wire, "pop.example");
    link_run(wire);
    assert_refused(wire);
    link_free(wire);
}

/* The server asks for a certificate of the client, which has none, or a good one. */
static void test_client_certificate(void **state)
{
    link *wire = link_make();

    (void)state;
    mbedtls_ssl_conf_authmode(&wire->server.conf, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&wire->server.conf, &wire->authority.certificate, NULL);
    link_start(wire, "pop.example");
    link_run(wire);
    assert_int_equal(wire->server.result, EPOP_ERR_PEER_CERTIFICATE);
    assert_int_equal(epop_tls_is_up(&wire->server.tls), 0);
    link_free(wire);

    wire = link_make();
    mbedtls_ssl_conf_authmode(&wire->server.conf, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&wire->server.conf, &wire->authority.certificate, NULL);
    assert_int_equal(mbedtls_ssl_conf_own_cert(&wire->client.conf, &wire->own.certificate, &wire->own.key), 0);
    link_start(wire, "pop.example");
    link_run(wire);
    assert_both_up(wire);
    link_free(wire);
}

static void test_tls_1_1(void **state)
{
    link *wire = link_make();

    (void)state;
    mbedtls_ssl_conf_min_version(&wire->client.conf, 3, 1);
    mbedtls_ssl_conf_max_version(&wire->client.conf, 3, 2);
    link_start(wire, "pop.example");
    link_run(wire);
    assert_int_equal(wire->server.result, EPOP_ERR_PEER_TLS);
    assert_int_equal(wire->client.result, EPOP_ERR_PEER_TLS);
    link_free(wire);

    wire = link_make();
    mbedtls_ssl_conf_min_version(&wire->server.conf, 3, 1);
    mbedtls_ssl_conf_max_version(&wire->server.conf, 3, 2);
    link_start(wire, "pop.example");
    link_run(wire);
    assert_int_equal(wire->client.result, EPOP_ERR_PEER_TLS);
    assert_int_equal(epop_tls_is_up(&wire->server.tls), 0);
    link_free(wire);
}

/* A server that speaks POP3 where TLS should be, and a client that does. */
static void test_plaintext(void **state)
{
    static const char greeting[] = "+OK POP3 ready <1896.697170952@dbc.mtview.ca.us>\r\n";
    link *wire = link_make();
    size_t used;

    (void)state;
    link_start(wire, "pop.example");
    assert_int_equal(epop_tls_feed(&wire->client.tls, greeting, sizeof greeting - 1, &used), EPOP_ERR_PEER_TLS);
    assert_int_equal(epop_tls_feed(&wire->server.tls, "CAPA\r\nQUIT\r\n", 12, &used), EPOP_ERR_PEER_TLS);
    assert_int_equal(epop_tls_is_up(&wire->client.tls), 0);
    assert_int_equal(epop_tls_is_up(&wire->server.tls), 0);
    link_free(wire);
}

/* A handshake and a line, with one octet bent or everything behind it gone. 1 where the line arrived. */
static int bent(uint64_t flip_server, uint64_t flip_client, uint64_t cut_server, uint64_t cut_client)
{
    link *wire = link_make();
    size_t used;
    int arrived;

    wire->server.flip_at = flip_server;
    wire->client.flip_at = flip_client;
    wire->server.cut_at = cut_server;
    wire->client.cut_at = cut_client;
    link_start(wire, "pop.example");
    link_run(wire);
    if (epop_tls_is_up(&wire->client.tls)) {
        (void)epop_tls_write(&wire->client.tls, "USER tim\r\n", 10, &used);
        link_run(wire);
    }
    arrived = wire->server.plain_len == 10 && memcmp(wire->server.plain, "USER tim\r\n", 10) == 0;
    assert_true(arrived || wire->server.plain_len == 0);
    if (cut_server != LINK_NEVER || cut_client != LINK_NEVER) {
        assert_true(epop_tls_eof(&wire->server.tls) < 0);
        assert_true(epop_tls_eof(&wire->client.tls) < 0);
    }
    if (!arrived && cut_server == LINK_NEVER && cut_client == LINK_NEVER) {
        assert_true(epop_tls_wants(&wire->server.tls) & EPOP_WANT_FEED || wire->server.result == EPOP_ERR_PEER_TLS);
    }
    link_free(wire);
    return arrived;
}

static uint64_t sent_in_all(int to_server)
{
    link *wire = link_make();
    uint64_t octets;

    link_start(wire, "pop.example");
    link_run(wire);
    octets = to_server ? wire->server.arrived : wire->client.arrived;
    link_free(wire);
    return octets;
}

/* Signatures differ in length by chance; the last octets of a direction are tried beside its end. */
static void test_cuts(void **state)
{
    uint64_t at;

    (void)state;
    assert_int_equal(bent(LINK_NEVER, LINK_NEVER, LINK_NEVER, LINK_NEVER), 1);
    for (at = 0; at < sent_in_all(1) - 4; at += 11) {
        assert_int_equal(bent(LINK_NEVER, LINK_NEVER, at, LINK_NEVER), 0);
    }
    for (at = 0; at < sent_in_all(0) - 4; at += 11) {
        assert_int_equal(bent(LINK_NEVER, LINK_NEVER, LINK_NEVER, at), 0);
    }
}

static void test_flips(void **state)
{
    uint64_t at;

    (void)state;
    for (at = 0; at < sent_in_all(1) - 4; at += 11) {
        assert_int_equal(bent(at, LINK_NEVER, LINK_NEVER, LINK_NEVER), 0);
    }
    for (at = 0; at < sent_in_all(0) - 4; at += 11) {
        assert_int_equal(bent(LINK_NEVER, at, LINK_NEVER, LINK_NEVER), 0);
    }
}

/* Every octet of a record of data, bent: nothing is delivered, the error is sticky, and an alert goes out. */
static void test_bent_record(void **state)
{
    uint64_t i;
    uint64_t record = 40;

    (void)state;
    for (i = 5; i < record; i++) {
        link *wire = link_make();
        size_t used;
        link_start(wire, "pop.example");
        link_run(wire);
        wire->client.flip_at = wire->client.arrived + i;
        assert_int_equal(epop_tls_write(&wire->server.tls, "+OK maildrop ready\r\n", 20, &used), EPOP_OK);
        (void)epop_tls_output(&wire->server.tls, &used);
        record = used;
        link_run(wire);
        assert_int_equal(wire->client.plain_len, 0);
        assert_int_equal(wire->client.result, EPOP_ERR_PEER_TLS);
        assert_int_equal(epop_tls_cause(&wire->client.tls), MBEDTLS_ERR_SSL_INVALID_MAC);
        assert_int_equal(wire->server.result, EPOP_ERR_PEER_TLS);
        assert_int_equal(epop_tls_cause(&wire->server.tls), MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
        assert_int_equal(epop_tls_feed(&wire->client.tls, NULL, 0, &used), EPOP_ERR_PEER_TLS);
        link_free(wire);
    }
    assert_true(record > 40);
}

/* An alert is not lost where the output is full of something else: there is none of it before that is drained. */
static void test_alert_behind_full_output(void **state)
{
    static const uint8_t text[3000];
    static const uint8_t bad[] = {23, 3,  3,  0,  40, 1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                  11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
                                  26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40};
    link *wire = link_make();
    size_t used;

    (void)state;
    wire->client.output_size = EPOP_TLS_OUTPUT_MIN;
    link_start(wire, "pop.example");
    link_run(wire);
    assert_int_equal(epop_tls_write(&wire->client.tls, text, sizeof text, &used), EPOP_OK);
    assert_int_equal(epop_tls_close(&wire->client.tls), EPOP_FULL);
    assert_int_equal(epop_tls_wants(&wire->client.tls), EPOP_WANT_DRAIN);
    assert_int_equal(epop_tls_feed(&wire->client.tls, bad, sizeof bad, &used), EPOP_AGAIN);
    assert_int_equal(used, 0);
    memcpy(wire->client.inbox, bad, sizeof bad);
    wire->client.inbox_len = sizeof bad;
    link_run(wire);
    assert_int_equal(wire->server.plain_len, sizeof text);
    assert_int_equal(wire->client.result, EPOP_ERR_PEER_TLS);
    assert_int_equal(epop_tls_cause(&wire->server.tls), MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
    link_free(wire);
}

static void test_truncation(void **state)
{
    link *wire = link_make();

    (void)state;
    link_start(wire, "pop.example");
    link_run(wire);
    link_write(wire, &wire->server, "+OK\r\n", 5);
    assert_int_equal(epop_tls_eof(&wire->client.tls), EPOP_ERR_PEER_EOF);
    assert_int_equal(epop_tls_eof(&wire->client.tls), EPOP_ERR_PEER_EOF);
    assert_int_equal(epop_tls_wants(&wire->client.tls), EPOP_WANT_CLOSE);
    link_free(wire);
}

/* Octets behind the closing alert are nobody's. */
static void test_behind_close(void **state)
{
    link *wire = link_make();
    uint8_t octets[200];
    const uint8_t *sent;
    size_t used;
    size_t len;

    (void)state;
    link_start(wire, "pop.example");
    link_run(wire);
    assert_int_equal(epop_tls_close(&wire->server.tls), EPOP_OK);
    sent = epop_tls_output(&wire->server.tls, &len);
    assert_true(len + 5 <= sizeof octets);
    memcpy(octets, sent, len);
    memcpy(octets + len, "+OK\r\n", 5);
    assert_int_equal(epop_tls_feed(&wire->client.tls, octets, len + 5, &used), EPOP_END);
    assert_int_equal(used, len);
    assert_int_equal(epop_tls_feed(&wire->client.tls, octets + used, 5, &used), EPOP_END);
    assert_int_equal(used, 0);
    assert_int_equal(epop_tls_read(&wire->client.tls, octets, 5, &used), EPOP_END);
    link_free(wire);
}

/* A server asks for another handshake on a connection that is up: the client says no, and both go on. */
static void test_renegotiation(void **state)
{
    link *wire = link_make();

    (void)state;
    mbedtls_ssl_conf_renegotiation(&wire->server.conf, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
    link_start(wire, "pop.example");
    link_run(wire);
    assert_int_equal(mbedtls_ssl_renegotiate(&wire->server.ssl), 0);
    link_run(wire);
    assert_int_equal(epop_tls_is_up(&wire->client.tls), 1);
    link_write(wire, &wire->client, "STAT\r\n", 6);
    assert_int_equal(wire->server.plain_len, 6);
    link_free(wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_name_that_is_sent),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_untrusted),
        cmocka_unit_test(test_host_pardons),
        cmocka_unit_test(test_no_certificate),
        cmocka_unit_test(test_client_certificate),
        cmocka_unit_test(test_tls_1_1),
        cmocka_unit_test(test_plaintext),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_bent_record),
        cmocka_unit_test(test_alert_behind_full_output),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_behind_close),
        cmocka_unit_test(test_renegotiation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
