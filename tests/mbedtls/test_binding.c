/* Channel bindings: what the two ends of a connection are told. That the values are right, test_openssl.py shows.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <mbedtls/ssl_cache.h>

enum { UNIQUE_LEN = 11 + 12, EXPORTER_LEN = 13 + 32, END_POINT_LEN = 21 + 32 };

static link *up(void)
{
    link *wire = link_make();

    link_start(wire, "pop.example");
    link_run(wire);
    assert_int_equal(epop_tls_is_up(&wire->client.tls), 1);
    return wire;
}

static void get(const link_end *end, const char *type, uint8_t *dst, size_t expected_len)
{
    size_t len;

    assert_int_equal(epop_tls_binding(&end->tls, type, dst, EPOP_SASL_BINDING_MAX, &len), EPOP_OK);
    assert_int_equal(len, expected_len);
}

/* Both ends of a connection agree, and those of another one have another. */
static void check_type(const char *type, size_t prefix, size_t len)
{
    link *wire = up();
    link *other = up();
    uint8_t ours[EPOP_SASL_BINDING_MAX];
    uint8_t theirs[EPOP_SASL_BINDING_MAX];

    get(&wire->client, type, ours, len);
    assert_memory_equal(ours, type, prefix - 1);
    assert_int_equal(ours[prefix - 1], ':');
    get(&wire->server, type, theirs, len);
    assert_memory_equal(ours, theirs, len);
    get(&other->client, type, theirs, len);
    assert_memory_not_equal(ours, theirs, len);
    link_free(wire);
    link_free(other);
}

static void test_exporter(void **state)
{
    (void)state;
    check_type("tls-exporter", 13, EXPORTER_LEN);
}

static void test_unique(void **state)
{
    (void)state;
    check_type("tls-unique", 11, UNIQUE_LEN);
}

/* RFC 5802 section 6.1: below TLS 1.3 it is tls-unique. */
static void test_default(void **state)
{
    link *wire = up();
    uint8_t unnamed[EPOP_SASL_BINDING_MAX];
    uint8_t named[EPOP_SASL_BINDING_MAX];

    (void)state;
    get(&wire->client, NULL, unnamed, UNIQUE_LEN);
    get(&wire->client, "tls-unique", named, UNIQUE_LEN);
    assert_memory_equal(unnamed, named, UNIQUE_LEN);
    link_free(wire);
}

static void test_end_point(void **state)
{
    link *wire = up();
    uint8_t ours[EPOP_SASL_BINDING_MAX];
    uint8_t theirs[EPOP_SASL_BINDING_MAX];
    const mbedtls_x509_buf *own = &wire->own.certificate.raw;
    size_t len;

    (void)state;
    get(&wire->client, "tls-server-end-point", ours, END_POINT_LEN);
    assert_memory_equal(ours, "tls-server-end-point:", 21);
    assert_int_equal(epop_tls_binding(&wire->server.tls, "tls-server-end-point", theirs, sizeof theirs, &len),
                     EPOP_ERR_VALUE);
    assert_int_equal(epop_tls_server_certificate(&wire->client.tls, own->p, own->len), EPOP_ERR_VALUE);
    assert_int_equal(epop_tls_server_certificate(&wire->server.tls, NULL, own->len), EPOP_ERR_NULL);
    assert_int_equal(epop_tls_server_certificate(&wire->server.tls, own->p, 0), EPOP_ERR_VALUE);
    assert_int_equal(epop_tls_server_certificate(&wire->server.tls, own->p, own->len), EPOP_OK);
    get(&wire->server, "tls-server-end-point", theirs, END_POINT_LEN);
    assert_memory_equal(ours, theirs, END_POINT_LEN);
    link_free(wire);
}

static void test_types_and_space(void **state)
{
    link *wire = up();
    uint8_t dst[EPOP_SASL_BINDING_MAX];
    static const char *const unknown[] = {
        "", "tls-uniqu", "tls-uniques", "tls-export", "tls-exporter:", "tls-exporters", "TLS-EXPORTER"};
    size_t len;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(epop_tls_binding(&wire->client.tls, unknown[i], dst, sizeof dst, &len), EPOP_ERR_VALUE);
    }
    assert_int_equal(epop_tls_binding(&wire->client.tls, NULL, dst, UNIQUE_LEN - 1, &len), EPOP_ERR_SPACE);
    assert_int_equal(len, UNIQUE_LEN);
    assert_int_equal(epop_tls_binding(&wire->client.tls, "tls-exporter", dst, EXPORTER_LEN - 1, &len), EPOP_ERR_SPACE);
    assert_int_equal(len, EXPORTER_LEN);
    assert_int_equal(epop_tls_binding(&wire->client.tls, NULL, NULL, 0, &len), EPOP_ERR_SPACE);
    assert_int_equal(epop_tls_binding(&wire->client.tls, NULL, NULL, 1, &len), EPOP_ERR_NULL);
    assert_int_equal(epop_tls_binding(&wire->client.tls, NULL, dst, sizeof dst, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_tls_binding(NULL, NULL, dst, sizeof dst, &len), EPOP_ERR_NULL);
    link_free(wire);
}

static void test_before_it_is_up(void **state)
{
    link *wire = link_make();
    uint8_t dst[EPOP_SASL_BINDING_MAX];
    size_t len;

    (void)state;
    link_start(wire, "pop.example");
    assert_int_equal(epop_tls_binding(&wire->client.tls, NULL, dst, sizeof dst, &len), EPOP_ERR_PHASE);
    assert_int_equal(epop_tls_binding(&wire->server.tls, NULL, dst, sizeof dst, &len), EPOP_ERR_PHASE);
    link_free(wire);
}

/* 2.28 cannot tell whether the first session had an extended master secret, so a resumed one has no exporter and
 * no tls-unique. Then there is no default: servers need not have tls-server-end-point. */
static void resume(link *wire, link *first, mbedtls_ssl_session *session, mbedtls_ssl_cache_context *cache)
{
    mbedtls_ssl_conf_session_tickets(&first->client.conf, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    mbedtls_ssl_conf_session_cache(&first->server.conf, cache, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
    link_start(first, "pop.example");
    link_run(first);
    assert_int_equal(mbedtls_ssl_get_session(&first->client.ssl, session), 0);
    mbedtls_ssl_conf_session_tickets(&wire->client.conf, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    mbedtls_ssl_conf_session_cache(&wire->server.conf, cache, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
    wire->resumed = session;
    link_start(wire, "pop.example");
    link_run(wire);
    assert_int_equal(epop_tls_is_up(&wire->client.tls), 1);
    assert_int_equal(epop_tls_is_up(&wire->server.tls), 1);
    assert_true(wire->client.arrived < first->client.arrived / 2); /* no certificate came: it was resumed indeed */
}

static void test_resumed(void **state)
{
    link *first = link_make();
    link *wire = link_make();
    mbedtls_ssl_session session;
    mbedtls_ssl_cache_context cache;
    uint8_t dst[EPOP_SASL_BINDING_MAX];
    size_t len;

    (void)state;
    mbedtls_ssl_session_init(&session);
    mbedtls_ssl_cache_init(&cache);
    resume(wire, first, &session, &cache);
    assert_int_equal(epop_tls_binding(&wire->client.tls, "tls-exporter", dst, sizeof dst, &len), EPOP_ERR_VALUE);
    assert_int_equal(epop_tls_binding(&wire->server.tls, "tls-exporter", dst, sizeof dst, &len), EPOP_ERR_VALUE);
    assert_int_equal(epop_tls_binding(&wire->client.tls, "tls-unique", dst, sizeof dst, &len), EPOP_ERR_VALUE);
    assert_int_equal(epop_tls_binding(&wire->server.tls, "tls-unique", dst, sizeof dst, &len), EPOP_ERR_VALUE);
    assert_int_equal(epop_tls_binding(&wire->client.tls, NULL, dst, sizeof dst, &len), EPOP_ERR_VALUE);
    get(&wire->client, "tls-server-end-point", dst, END_POINT_LEN);
    mbedtls_ssl_cache_free(&cache);
    mbedtls_ssl_session_free(&session);
    link_free(first);
    link_free(wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unique),          cmocka_unit_test(test_default),
        cmocka_unit_test(test_exporter),        cmocka_unit_test(test_end_point),
        cmocka_unit_test(test_types_and_space), cmocka_unit_test(test_before_it_is_up),
        cmocka_unit_test(test_resumed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
