/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void end_make(link_end *end, int endpoint, uint32_t flags)
{
    mbedtls_ssl_config_init(&end->conf);
    mbedtls_ssl_init(&end->ssl);
    assert_int_equal(
        mbedtls_ssl_config_defaults(&end->conf, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT), 0);
    mbedtls_ssl_conf_rng(&end->conf, test_random, NULL);
    assert_int_equal(epop_tls_configure(&end->conf, flags), EPOP_OK);
    end->output_size = sizeof end->output;
    end->chunk = sizeof end->inbox;
    end->flip_at = LINK_NEVER;
    end->cut_at = LINK_NEVER;
    end->plain = (uint8_t *)malloc(LINK_PLAIN_MAX);
    assert_non_null(end->plain);
}

link *link_make_with(const identity_spec *spec, int self_signed)
{
    const identity_spec root = {"CN=Test Authority", NULL, NULL, 0, NULL, 1};
    const identity_spec leaf = {"CN=pop.example", "pop.example", NULL, 0, NULL, 0};
    link *wire = (link *)calloc(1, sizeof *wire);

    assert_non_null(wire);
    wire->chance = 1;
    identity_make(&wire->authority, &root, NULL);
    identity_make(&wire->own, spec ? spec : &leaf, self_signed ? NULL : &wire->authority);
    end_make(&wire->client, MBEDTLS_SSL_IS_CLIENT, EPOP_TLS_CLIENT);
    end_make(&wire->server, MBEDTLS_SSL_IS_SERVER, EPOP_TLS_SERVER);
    mbedtls_ssl_conf_ca_chain(&wire->client.conf, &wire->authority.certificate, NULL);
    assert_int_equal(mbedtls_ssl_conf_own_cert(&wire->server.conf, &wire->own.certificate, &wire->own.key), 0);
    return wire;
}

link *link_make(void)
{
    return link_make_with(NULL, 0);
}

void link_start(link *wire, const char *host)
{
    link_end *client = &wire->client;
    link_end *server = &wire->server;

    assert_int_equal(mbedtls_ssl_setup(&client->ssl, &client->conf), 0);
    assert_int_equal(mbedtls_ssl_setup(&server->ssl, &server->conf), 0);
    if (wire->resumed) {
        assert_int_equal(mbedtls_ssl_set_session(&client->ssl, wire->resumed), 0);
    }
    assert_int_equal(epop_tls_init(&client->tls, sizeof client->tls, &client->ssl,
                                   host ? EPOP_TLS_CLIENT : EPOP_TLS_NO_HOST_CHECK, host, client->output,
                                   client->output_size),
                     EPOP_OK);
    assert_int_equal(epop_tls_init(&server->tls, sizeof server->tls, &server->ssl, EPOP_TLS_SERVER, NULL,
                                   server->output, server->output_size),
                     EPOP_OK);
}

static void end_free(link_end *end)
{
    mbedtls_ssl_free(&end->ssl);
    mbedtls_ssl_config_free(&end->conf);
    free(end->plain);
}

void link_free(link *wire)
{
    end_free(&wire->client);
    end_free(&wire->server);
    identity_free(&wire->own);
    identity_free(&wire->authority);
    free(wire);
}

/* Numerical Recipes' generator: the same splits at every run. */
static size_t portion(link *wire, const link_end *to)
{
    if (to->chunk > 0) {
        return to->chunk;
    }
    wire->chance = wire->chance * 1664525u + 1013904223u;
    return 1 + (wire->chance >> 16) % 700;
}

/* 1 for the version of a record in the clear: no key protects it, and mbedTLS does not look at all of its bits. */
static int is_version(link_end *end, uint8_t octet)
{
    size_t at = end->record_at;

    if (at == 3 || at == 4) {
        end->record_len = (end->record_len & 0xFF) << 8 | octet;
    }
    end->record_at = at >= 4 && end->record_len == (at - 4) ? 0 : at + 1;
    return at == 1 || at == 2;
}

static int carry(link *wire, link_end *from, link_end *to)
{
    size_t len;
    const uint8_t *octets = epop_tls_output(&from->tls, &len);
    size_t most = portion(wire, to);
    size_t i;

    len = len < most ? len : most;
    len = len < sizeof to->inbox - to->inbox_len ? len : sizeof to->inbox - to->inbox_len;
    for (i = 0; i < len; i++) {
        if (is_version(to, octets[i]) && to->arrived == to->flip_at) {
            to->flip_at++;
        }
        if (to->arrived < to->cut_at) {
            to->inbox[to->inbox_len++] = octets[i] ^ (to->arrived == to->flip_at);
        }
        to->arrived++;
    }
    if (len > 0) {
        assert_int_equal(epop_tls_output_ack(&from->tls, len), EPOP_OK);
    }
    return len > 0;
}

static int collect(link_end *end)
{
    size_t got;
    size_t all = 0;

    do {
        if (epop_tls_read(&end->tls, end->plain + end->plain_len, LINK_PLAIN_MAX - end->plain_len, &got) < 0) {
            break;
        }
        end->plain_len += got;
        all += got;
    } while (got > 0);
    return all > 0;
}

static int swallow(link *wire, link_end *end)
{
    size_t most = portion(wire, end);
    size_t len = end->inbox_len < most ? end->inbox_len : most;
    size_t used;
    int went_on;

    if (len == 0) {
        return collect(end);
    }
    end->result = epop_tls_feed(&end->tls, end->inbox, len, &used);
    assert_true(used <= len);
    assert_true((used == len) == (end->result == EPOP_OK) || end->result == EPOP_END || end->result < 0);
    memmove(end->inbox, end->inbox + used, end->inbox_len - used);
    end->inbox_len -= used;
    went_on = collect(end);
    return used > 0 || went_on;
}

void link_run(link *wire)
{
    int moved;

    do {
        moved = carry(wire, &wire->client, &wire->server);
        moved |= swallow(wire, &wire->server);
        moved |= carry(wire, &wire->server, &wire->client);
        moved |= swallow(wire, &wire->client);
    } while (moved);
}

void link_write(link *wire, link_end *from, const void *data, size_t len)
{
    const uint8_t *octets = (const uint8_t *)data;
    int32_t result;
    size_t used;

    do {
        result = epop_tls_write(&from->tls, octets, len, &used);
        assert_true(result == EPOP_OK || result == EPOP_FULL);
        assert_true((result == EPOP_OK) == (used == len));
        octets += used;
        len -= used;
        link_run(wire);
    } while (result == EPOP_FULL);
}
