/* Our TLS client against our TLS server: whatever the pieces and the buffers, the same comes out.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SAID "USER tim\r\n"

static void assert_up(const link *wire)
{
    assert_int_equal(epop_tls_is_up(&wire->client.tls), 1);
    assert_int_equal(epop_tls_is_up(&wire->server.tls), 1);
    assert_int_equal(epop_tls_cause(&wire->client.tls), 0);
}

static void assert_plain(const link_end *end, const void *data, size_t len)
{
    assert_int_equal(end->plain_len, len);
    assert_memory_equal(end->plain, data, len);
}

static uint8_t *long_text(void)
{
    static uint8_t text[100000];
    size_t i;

    for (i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)(i * 7 + i / 251);
    }
    return text;
}

/* A handshake, both directions, and a close in good order from both sides. */
static void talk(size_t chunk, size_t output_size, size_t len)
{
    link *wire = link_make();

    wire->client.chunk = wire->server.chunk = chunk;
    wire->client.output_size = wire->server.output_size = output_size;
    link_start(wire, "pop.example");
    link_run(wire);
    assert_up(wire);
    link_write(wire, &wire->client, SAID, sizeof SAID - 1);
    assert_plain(&wire->server, SAID, sizeof SAID - 1);
    link_write(wire, &wire->server, long_text(), len);
    assert_plain(&wire->client, long_text(), len);
    assert_int_equal(epop_tls_close(&wire->server.tls), EPOP_OK);
    link_run(wire);
    assert_int_equal(wire->client.result, EPOP_END);
    assert_int_equal(epop_tls_eof(&wire->client.tls), EPOP_OK);
    assert_int_equal(epop_tls_close(&wire->client.tls), EPOP_OK);
    link_run(wire);
    assert_int_equal(epop_tls_eof(&wire->server.tls), EPOP_OK);
    link_free(wire);
}

static void test_every_chunk_size(void **state)
{
    size_t chunk;

    (void)state;
    for (chunk = 1; chunk <= 64; chunk++) {
        talk(chunk, EPOP_TLS_OUTPUT_MIN, 3000);
    }
}

static void test_chance(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 8; i++) {
        talk(0, EPOP_TLS_OUTPUT_MIN + (size_t)i, 100000);
    }
}

static void test_at_once(void **state)
{
    (void)state;
    talk(40000, 20000, 100000);
}

static void test_least_output(void **state)
{
    (void)state;
    talk(40000, EPOP_TLS_OUTPUT_MIN, 100000);
}

static void test_alpn(void **state)
{
    link *wire = link_make();

    (void)state;
    link_start(wire, "pop.example");
    link_run(wire);
    assert_up(wire);
    assert_string_equal(mbedtls_ssl_get_alpn_protocol(&wire->server.ssl), "pop3");
    assert_string_equal(mbedtls_ssl_get_alpn_protocol(&wire->client.ssl), "pop3");
    link_free(wire);
}

static void test_wants(void **state)
{
    link *wire = link_make();
    size_t len;

    (void)state;
    link_start(wire, "pop.example");
    assert_int_equal(epop_tls_wants(&wire->client.tls), EPOP_WANT_FEED | EPOP_WANT_DRAIN);
    assert_int_equal(epop_tls_wants(&wire->server.tls), EPOP_WANT_FEED);
    assert_int_equal(epop_tls_write(&wire->client.tls, "x", 1, &len), EPOP_ERR_PHASE);
    assert_int_equal(epop_tls_read(&wire->client.tls, &len, 1, &len), EPOP_ERR_PHASE);
    assert_int_equal(epop_tls_close(&wire->client.tls), EPOP_ERR_PHASE);
    link_run(wire);
    assert_int_equal(epop_tls_wants(&wire->client.tls), EPOP_WANT_FEED);
    assert_int_equal(epop_tls_close(&wire->client.tls), EPOP_OK);
    assert_int_equal(epop_tls_wants(&wire->client.tls), EPOP_WANT_DRAIN | EPOP_WANT_CLOSE);
    assert_int_equal(epop_tls_write(&wire->client.tls, "x", 1, &len), EPOP_ERR_ENDED);
    assert_int_equal(epop_tls_close(&wire->client.tls), EPOP_OK);
    link_run(wire);
    assert_int_equal(epop_tls_wants(&wire->client.tls), EPOP_WANT_CLOSE);
    assert_int_equal(epop_tls_wants(&wire->server.tls), EPOP_WANT_CLOSE);
    link_free(wire);
}

/* Plaintext that nobody takes holds the wire up; nothing is lost, and nothing of the next record is used. */
static void test_plaintext_waits(void **state)
{
    link *wire = link_make();
    const uint8_t *octets;
    uint8_t dst[8];
    size_t len;
    size_t used;

    (void)state;
    link_start(wire, "pop.example");
    link_run(wire);
    assert_int_equal(epop_tls_write(&wire->client.tls, "one", 3, &used), EPOP_OK);
    (void)epop_tls_output(&wire->client.tls, &len);
    used = len;
    assert_int_equal(epop_tls_write(&wire->client.tls, "two", 3, &len), EPOP_OK);
    octets = epop_tls_output(&wire->client.tls, &len);
    assert_int_equal(len, 2 * used);
    assert_int_equal(epop_tls_feed(&wire->server.tls, octets, len, &used), EPOP_AGAIN);
    assert_int_equal(used, len / 2);
    assert_int_equal(epop_tls_wants(&wire->server.tls), 0);
    assert_int_equal(epop_tls_feed(&wire->server.tls, octets + used, len - used, &used), EPOP_AGAIN);
    assert_int_equal(used, 0);
    assert_int_equal(epop_tls_read(&wire->server.tls, dst, 2, &used), EPOP_OK);
    assert_int_equal(used, 2);
    assert_int_equal(epop_tls_read(&wire->server.tls, dst + 2, 6, &used), EPOP_OK);
    assert_int_equal(used, 1);
    assert_memory_equal(dst, "one", 3);
    assert_int_equal(epop_tls_feed(&wire->server.tls, octets + len / 2, len / 2, &used), EPOP_OK);
    assert_int_equal(epop_tls_eof(&wire->server.tls), EPOP_ERR_PEER_EOF);
    assert_int_equal(epop_tls_read(&wire->server.tls, dst, 8, &used), EPOP_OK);
    assert_memory_equal(dst, "two", 3);
    assert_int_equal(epop_tls_read(&wire->server.tls, dst, 8, &used), EPOP_ERR_PEER_EOF);
    link_free(wire);
}

static void test_arguments(void **state)
{
    link *wire = link_make();
    epop_tls tls;
    uint8_t output[EPOP_TLS_OUTPUT_MIN];
    mbedtls_ssl_context *ssl = &wire->client.ssl;

    (void)state;
    assert_int_equal(epop_tls_sizeof(), sizeof tls);
    assert_int_equal(mbedtls_ssl_setup(ssl, &wire->client.conf), 0);
    assert_int_equal(epop_tls_init(NULL, sizeof tls, ssl, 0, "a", output, sizeof output), EPOP_ERR_NULL);
    assert_int_equal(epop_tls_init(&tls, sizeof tls, NULL, 0, "a", output, sizeof output), EPOP_ERR_NULL);
    assert_int_equal(epop_tls_init(&tls, sizeof tls, ssl, 0, NULL, output, sizeof output), EPOP_ERR_NULL);
    assert_int_equal(epop_tls_init(&tls, sizeof tls, ssl, 0, "", output, sizeof output), EPOP_ERR_VALUE);
    assert_int_equal(epop_tls_init(&tls, sizeof tls, ssl, 0, ".", output, sizeof output), EPOP_ERR_VALUE);
    assert_int_equal(epop_tls_init(&tls, sizeof tls, ssl, 0, "a", NULL, sizeof output), EPOP_ERR_NULL);
    assert_int_equal(epop_tls_init(&tls, sizeof tls - 1, ssl, 0, "a", output, sizeof output), EPOP_ERR_STRUCT_SIZE);
    assert_int_equal(epop_tls_init(&tls, sizeof tls, ssl, 0, "a", output, sizeof output - 1), EPOP_ERR_BUFFER_SIZE);
    assert_int_equal(epop_tls_init(&tls, sizeof tls, ssl, 3, "a", output, sizeof output), EPOP_ERR_VALUE);
    assert_int_equal(epop_tls_init(&tls, sizeof tls, ssl, EPOP_TLS_SERVER, NULL, output, sizeof output),
                     EPOP_ERR_VALUE);
    assert_int_equal(epop_tls_configure(NULL, 0), EPOP_ERR_NULL);
    assert_int_equal(epop_tls_configure(&wire->client.conf, 3), EPOP_ERR_VALUE);
    assert_int_equal(epop_tls_wants(NULL), EPOP_WANT_CLOSE);
    link_free(wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_every_chunk_size),
        cmocka_unit_test(test_chance),
        cmocka_unit_test(test_least_output),
        cmocka_unit_test(test_alpn),
        cmocka_unit_test(test_wants),
        cmocka_unit_test(test_plaintext_waits),
        cmocka_unit_test(test_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
