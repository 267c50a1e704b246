/* The host's hash interface and SASL: what it costs, what happens when it fails, and answers that are none.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "../../examples/openssl/hash.h"
#include "meter.h"
#include "record.h"

#include <epop/epop.h>

static const char password[] = "tanstaaf";
static const uint8_t salt[16] = "0123456789abcdef";

/* ---------------------------------------------------------------------------------------------------------------------
 * A client and a server
 */

typedef struct side {
    epop_sasl sasl;
    epop_sasl_config config;
    epop_crypto crypto;
    meter meter;
    uint8_t memory[EPOP_SASL_BUFFER_MIN], line[512], out[2048];
} side;

static struct {
    side of_client, of_server;
    epop_client client;
    epop_client_slot slot[2];
    epop_server server;
    uint8_t name[64];
    epop_sasl_mechanism list[1];
    const char *user; /* what the client says */
    const char *with; /* its password, NULL: declined */
    int32_t end;      /* of the login */
    record log;       /* the server's questions */
    uint32_t waits;   /* the host of the server answers nothing */
} w;

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    const char *text = event->ask == EPOP_ASK_USER      ? w.user
                       : event->ask == EPOP_ASK_BINDING ? "tls-exporter:abc"
                       : event->ask == EPOP_ASK_AUTHZID ? ""
                                                        : w.with;

    (void)user;
    if (!text) {
        assert_int_equal(epop_client_decline(&w.client), EPOP_OK);
        return 0;
    }
    assert_int_equal(epop_client_answer(&w.client, text + event->offset, strlen(text) - (size_t)event->offset),
                     EPOP_OK);
    return 0;
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    (void)user;
    w.end = event->result;
    return 0;
}

static void keys_of(uint32_t which, uint8_t *keys, epop_scram_key *key)
{
    size_t len = which == EPOP_HASH_SHA256 ? 32 : 20;

    memset(key, 0, sizeof *key);
    key->struct_size = sizeof *key;
    key->iterations = 4096;
    key->salt.ptr = salt;
    key->salt.len = sizeof salt;
    key->stored_key.ptr = keys;
    key->server_key.ptr = keys + EPOP_HASH_MAX;
    key->stored_key.len = key->server_key.len = len;
    assert_int_equal(epop_scram_derive(&real, which, password, strlen(password), salt, sizeof salt, 4096, keys,
                                       keys + EPOP_HASH_MAX),
                     EPOP_OK);
}

static int32_t give_key(const char *mechanism)
{
    uint8_t keys[2 * EPOP_HASH_MAX];
    epop_scram_key key;

    keys_of(strstr(mechanism, "256") ? EPOP_HASH_SHA256 : EPOP_HASH_SHA1, keys, &key);
    return epop_server_key(&w.server, &key);
}

static int32_t answer(const epop_auth_event *event)
{
    if (event->auth == EPOP_AUTH_FAILED || event->name.len != 3 || memcmp(event->name.ptr, "tim", 3) != 0) {
        return epop_server_refuse(&w.server, EPOP_CODE_AUTH, NULL, 0);
    }
    switch (event->auth) {
    case EPOP_AUTH_SECRET:
        return epop_server_answer(&w.server, password, strlen(password));
    case EPOP_AUTH_BINDING:
        return epop_server_answer(&w.server, "tls-exporter:abc", 16);
    case EPOP_AUTH_KEY:
        return give_key(event->mechanism);
    default:
        return epop_server_accept(&w.server);
    }
}

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    (void)user;
    record_add(&w.log, "%u ", (unsigned)event->auth);
    if (!w.waits && !event->more) {
        assert_int_equal(answer(event), EPOP_OK);
    }
    return 0;
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    epop_maildrop empty;

    (void)user, (void)event;
    memset(&empty, 0, sizeof empty);
    empty.struct_size = sizeof empty;
    record_add(&w.log, "open ");
    return epop_server_opened(&w.server, &empty);
}

static void open_side(side *s, epop_sasl_mechanism mechanism, uint32_t client_fails)
{
    w.list[0] = mechanism;
    s->meter.fails = client_fails;
    s->crypto = metered(&s->meter);
    s->config.struct_size = sizeof s->config;
    s->config.mechanism_count = 1;
    s->config.mechanisms = w.list;
    s->config.crypto = &s->crypto;
    s->config.salt_secret = "sixteen octets!!";
    s->config.salt_secret_len = 16;
    assert_int_equal(epop_sasl_init(&s->sasl, sizeof s->sasl, &s->config, s->memory, sizeof s->memory), EPOP_OK);
}

static int32_t open_server(void)
{
    static const epop_server_callbacks callbacks = {
        sizeof callbacks, 0, on_auth, on_open, NULL, NULL, NULL, NULL, NULL};
    epop_server_config config;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.flags = EPOP_SERVER_TLS | EPOP_SERVER_SASL_ONLY;
    config.callbacks = &callbacks;
    config.line_buffer = w.of_server.line;
    config.line_buffer_size = EPOP_SERVER_LINE_MIN;
    config.name_buffer = w.name;
    config.name_buffer_size = sizeof w.name;
    config.output_buffer = w.of_server.out;
    config.output_buffer_size = EPOP_SERVER_OUTPUT_MIN;
    config.max_failed_logins = 9;
    config.sasl = &w.of_server.sasl;
    return epop_server_init(&w.server, sizeof w.server, &config);
}

static void open_client(void)
{
    static const epop_client_callbacks callbacks = {sizeof callbacks, 0,      NULL, NULL, NULL, NULL,
                                                    on_end,           on_ask, NULL, NULL};
    epop_client_config config;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.flags = EPOP_CLIENT_TLS | EPOP_CLIENT_SASL_ONLY;
    config.callbacks = &callbacks;
    config.line_buffer = w.of_client.line;
    config.line_buffer_size = sizeof w.of_client.line;
    config.output_buffer = w.of_client.out;
    config.output_buffer_size = sizeof w.of_client.out;
    config.slots = w.slot;
    config.slot_count = 2;
    config.sasl = &w.of_client.sasl;
    assert_int_equal(epop_client_init(&w.client, sizeof w.client, &config), EPOP_OK);
    w.end = 1;
    assert_int_equal(epop_client_login(&w.client, 7), EPOP_OK);
}

static void move(void)
{
    const uint8_t *from;
    size_t len;
    size_t used;

    do {
        from = epop_server_output(&w.server, &len);
        assert_int_equal(epop_client_feed(&w.client, from, len, &used), EPOP_OK);
        assert_int_equal(used, len);
        assert_true(epop_server_output_ack(&w.server, len) >= 0);
        from = epop_client_output(&w.client, &len);
        (void)epop_server_feed(&w.server, from, len, &used);
        assert_int_equal(used, len);
        assert_int_equal(epop_client_output_ack(&w.client, len), EPOP_OK);
        (void)epop_server_output(&w.server, &used);
    } while (used + len > 0);
}

static void reset(void)
{
    record_free(&w.log);
    memset(&w, 0, sizeof w);
    w.user = "tim";
    w.with = password;
}

/* A whole login; 1 where the server could greet. */
static uint32_t log_in(epop_sasl_mechanism mechanism, uint32_t client_fails, uint32_t server_fails)
{
    reset();
    open_side(&w.of_client, mechanism, client_fails);
    open_side(&w.of_server, mechanism, server_fails);
    if (open_server() != EPOP_OK) {
        return 0;
    }
    open_client();
    move();
    return 1;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Every call that fails
 */

static const epop_sasl_mechanism hashing[] = {
    epop_sasl_cram_md5,         epop_sasl_apop,          epop_sasl_scram_sha_1,
    epop_sasl_scram_sha_1_plus, epop_sasl_scram_sha_256, epop_sasl_scram_sha_256_plus,
};

static uint32_t calls_of(epop_sasl_mechanism mechanism, const side *s)
{
    assert_true(log_in(mechanism, 0, 0) && w.end == EPOP_OK && s->meter.calls > 0);
    return s->meter.calls;
}

static void client_hashes_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hashing); i++) {
        uint32_t calls = calls_of(hashing[i], &w.of_client);

        for (uint32_t k = 1; k <= calls; k++) {
            assert_true(log_in(hashing[i], k, 0));
            assert_string_equal(result_name(w.end), "CRYPTO");
            assert_int_equal(epop_client_phase(&w.client), EPOP_PHASE_AUTHORIZATION);
            assert_int_equal(epop_server_phase(&w.server), EPOP_PHASE_AUTHORIZATION);
            assert_int_equal(epop_client_wants(&w.client) & EPOP_WANT_ANSWER, 0);
            assert_int_equal(w.of_client.meter.calls, k);
        }
    }
}

static void server_hashes_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hashing); i++) {
        uint32_t calls = calls_of(hashing[i], &w.of_server);
        uint32_t greeted = 0;

        for (uint32_t k = 1; k <= calls; k++) {
            if (!log_in(hashing[i], 0, k)) { /* APOP's stamp */
                assert_int_equal(k, 1);
                assert_ptr_equal(hashing[i], epop_sasl_apop);
                assert_int_equal(open_server(), EPOP_OK);
                continue;
            }
            greeted++;
            assert_string_equal(result_name(w.end), "LOGIN_REFUSED");
            assert_non_null(strstr(record_text(&w.log), "6 "));
            assert_null(strstr(record_text(&w.log), "open"));
            assert_int_equal(epop_server_phase(&w.server), EPOP_PHASE_AUTHORIZATION);
        }
        assert_true(greeted > 0);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * What an attempt costs the server
 */

static void server_says(const char *text)
{
    size_t len;
    const char *out = (const char *)epop_server_output(&w.server, &len);

    if (len < strlen(text) || memcmp(out, text, strlen(text)) != 0) {
        fail_msg("instead of %s: %.*s", text, (int)len, out ? out : "");
    }
    assert_int_equal(epop_server_output_ack(&w.server, len), EPOP_OK);
}

static void server_hears(const char *text)
{
    size_t used;

    assert_true(epop_server_feed(&w.server, text, strlen(text), &used) >= 0);
    assert_int_equal(used, strlen(text));
}

static void begin_server(epop_sasl_mechanism mechanism)
{
    reset();
    open_side(&w.of_server, mechanism, 0);
    assert_int_equal(open_server(), EPOP_OK);
    server_says("+OK");
}

/* RFC 5802 section 3: a server needs no PBKDF2. Known, unknown or cancelled: none, and as many HMACs, but for one that
 * makes the salt of nobody. */
static void no_rounds(void **state)
{
    /* "n,,n=tim,r=CLIENT", "n,,n=tom,r=CLIENT" */
    static const char *const firsts[] = {"biwsbj10aW0scj1DTElFTlQ=", "biwsbj10b20scj1DTElFTlQ="};

    (void)state;
    assert_true(log_in(epop_sasl_scram_sha_256, 0, 0));
    assert_string_equal(result_name(w.end), "OK");
    assert_int_equal(w.of_server.meter.rounds, 0);
    assert_int_equal(w.of_client.meter.rounds, 4095);
    for (size_t i = 0; i < COUNT(firsts); i++) {
        begin_server(epop_sasl_scram_sha_256);
        for (int k = 0; k < 8; k++) {
            server_hears("AUTH SCRAM-SHA-256 ");
            server_hears(firsts[i]);
            server_hears("\r\n");
            server_says("+ ");
            server_hears("*\r\n");
            server_says("-ERR login cancelled");
            assert_int_equal(w.of_server.meter.hmacs, (i == 1) * (k + 1));
        }
        assert_int_equal(w.of_server.meter.rounds, 0);
    }
}

static void unknown_costs_one_hmac_more(void **state)
{
    uint32_t known = 0;

    (void)state;
    for (int i = 0; i < 2; i++) {
        reset();
        open_side(&w.of_client, epop_sasl_scram_sha_256, 0);
        open_side(&w.of_server, epop_sasl_scram_sha_256, 0);
        assert_int_equal(open_server(), EPOP_OK);
        w.user = i ? "tom" : "tim";
        w.with = "wrong";
        open_client();
        move();
        assert_string_equal(result_name(w.end), "LOGIN_REFUSED");
        assert_int_equal(w.of_server.meter.rounds, 0);
        if (i == 0) {
            known = w.of_server.meter.hmacs;
        }
    }
    assert_int_equal(w.of_server.meter.hmacs, known + 1);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Answers that are none
 */

static void wrong_keys(void **state)
{
    uint8_t keys[2 * EPOP_HASH_MAX];
    epop_scram_key good;
    epop_scram_key key;

    (void)state;
    assert_int_equal(epop_server_key(NULL, NULL), EPOP_ERR_NULL);
    begin_server(epop_sasl_scram_sha_256);
    w.waits = 1;
    keys_of(EPOP_HASH_SHA256, keys, &good);
    assert_int_equal(epop_server_key(&w.server, &good), EPOP_ERR_NOT_ASKED);
    server_hears("AUTH SCRAM-SHA-256 biwsbj10aW0scj1DTElFTlQ=\r\n");
    assert_int_equal(epop_server_key(&w.server, NULL), EPOP_ERR_NULL);

#define WRONG(change, error) (key = good, change, assert_int_equal(epop_server_key(&w.server, &key), error))
    WRONG(key.struct_size = 0, EPOP_ERR_STRUCT_SIZE);
    WRONG(key.struct_size = sizeof key - 1, EPOP_ERR_STRUCT_SIZE);
    WRONG(key.salt.ptr = NULL, EPOP_ERR_NULL);
    WRONG(key.stored_key.ptr = NULL, EPOP_ERR_NULL);
    WRONG(key.server_key.ptr = NULL, EPOP_ERR_NULL);
    WRONG(key.iterations = 0, EPOP_ERR_VALUE);
    WRONG(key.salt.len = 0, EPOP_ERR_VALUE);
    WRONG(key.salt.len = EPOP_SCRAM_SALT_MAX + 1, EPOP_ERR_VALUE);
    WRONG(key.stored_key.len = 20, EPOP_ERR_VALUE);
    WRONG(key.stored_key.len = 33, EPOP_ERR_VALUE);
    WRONG(key.server_key.len = 31, EPOP_ERR_VALUE);
#undef WRONG
    assert_int_equal(epop_server_answer(&w.server, "x", 1), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_server_accept(&w.server), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_server_wants(&w.server), EPOP_WANT_ANSWER);
    assert_int_equal(epop_server_key(&w.server, &good), EPOP_OK);
    server_says("+ ");
    assert_int_equal(epop_server_key(&w.server, &good), EPOP_ERR_NOT_ASKED);
}

static void wrong_answers(void **state)
{
    (void)state;
    assert_int_equal(epop_server_answer(NULL, "x", 1), EPOP_ERR_NULL);
    begin_server(epop_sasl_cram_md5);
    w.waits = 1;
    assert_int_equal(epop_server_answer(&w.server, "x", 1), EPOP_ERR_NOT_ASKED);
    server_hears("AUTH CRAM-MD5\r\n");
    server_says("+ ");
    assert_int_equal(epop_server_answer(&w.server, "x", 1), EPOP_ERR_NOT_ASKED);
    server_hears("dGltIDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw\r\n");
    assert_string_equal(record_text(&w.log), "7 ");
    assert_int_equal(epop_server_answer(&w.server, NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_server_wants(&w.server), EPOP_WANT_ANSWER);
    assert_int_equal(epop_server_answer(&w.server, NULL, 0), EPOP_OK); /* an empty password */
    assert_string_equal(record_text(&w.log), "7 6 ");
    assert_int_equal(epop_server_answer(&w.server, "x", 1), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_server_refuse(&w.server, EPOP_CODE_AUTH, "a\rb", 3), EPOP_ERR_OCTET);
    assert_int_equal(epop_server_refuse(&w.server, EPOP_CODE_OTHER, NULL, 0), EPOP_ERR_VALUE);
    assert_int_equal(epop_server_refuse(&w.server, EPOP_CODE_AUTH, NULL, 0), EPOP_OK);
    server_says("-ERR [AUTH] authentication failed\r\n");
    assert_int_equal(epop_server_timeout(&w.server), EPOP_ERR_PEER_TIMEOUT);
    assert_int_equal(epop_server_answer(&w.server, "x", 1), EPOP_ERR_PEER_TIMEOUT);
    assert_int_equal(epop_server_key(&w.server, NULL), EPOP_ERR_PEER_TIMEOUT);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Mechanisms that the host cannot serve
 */

typedef struct lack {
    epop_sasl_mechanism mechanism;
    const char *name;
    uint32_t hash; /* what it needs */
    uint32_t random_in_client, random_in_server, salt_in_server;
} lack;

static const lack lacks[] = {
    {epop_sasl_cram_md5, "CRAM-MD5", EPOP_HASH_MD5, 0, 1, 0},
    {epop_sasl_scram_sha_1, "SCRAM-SHA-1", EPOP_HASH_SHA1, 1, 1, 1},
    {epop_sasl_scram_sha_1_plus, "SCRAM-SHA-1-PLUS", EPOP_HASH_SHA1, 1, 1, 1},
    {epop_sasl_scram_sha_256, "SCRAM-SHA-256", EPOP_HASH_SHA256, 1, 1, 1},
    {epop_sasl_scram_sha_256_plus, "SCRAM-SHA-256-PLUS", EPOP_HASH_SHA256, 1, 1, 1},
};

/* 1 where the server lists the mechanism, and begins an exchange with it. */
static uint32_t server_offers(const lack *l)
{
    const uint8_t *out;
    size_t len;
    record said = {0};
    uint32_t listed;

    assert_int_equal(open_server(), EPOP_OK);
    server_says("+OK");
    server_hears("AUTH\r\n");
    while ((out = epop_server_output(&w.server, &len)) != NULL) {
        record_octets(&said, out, len);
        assert_int_equal(epop_server_output_ack(&w.server, len), EPOP_OK);
    }
    listed = strstr(record_text(&said), l->name) != NULL;
    record_free(&said);
    server_hears("AUTH ");
    server_hears(l->name);
    server_hears("\r\n");
    server_says(listed ? "+ " : "-ERR mechanism not supported");
    return listed;
}

static uint32_t client_begins(void)
{
    static const char capa[] = "+OK\r\n+OK\r\nSASL CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 "
                               "SCRAM-SHA-256-PLUS\r\n.\r\n";
    size_t len;
    size_t used;

    open_client();
    assert_int_equal(epop_client_feed(&w.client, capa, 5, &used), EPOP_OK);
    (void)epop_client_output(&w.client, &len);
    assert_int_equal(epop_client_output_ack(&w.client, len), EPOP_OK);
    assert_int_equal(epop_client_feed(&w.client, capa + 5, sizeof capa - 6, &used), EPOP_OK);
    assert_true(w.end == 1 || w.end == EPOP_ERR_LOGIN_NO_MECHANISM);
    return w.end == 1;
}

static void hosts_that_lack_something(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lacks); i++) {
        const lack *l = &lacks[i];

        for (uint32_t without = 0; without < 5; without++) {
            uint32_t client = 1;
            uint32_t server = 1;

            reset();
            open_side(&w.of_client, l->mechanism, 0);
            open_side(&w.of_server, l->mechanism, 0);
            if (without == 1) { /* all hashes but the one that it needs */
                w.of_client.crypto.hashes = w.of_server.crypto.hashes = 7u & ~l->hash;
                client = server = 0;
            } else if (without == 2) {
                w.of_client.crypto.random = w.of_server.crypto.random = NULL;
                client = !l->random_in_client;
                server = !l->random_in_server;
            } else if (without == 3) {
                w.of_client.config.salt_secret_len = w.of_server.config.salt_secret_len = 0;
                server = !l->salt_in_server;
            } else if (without == 4) {
                w.of_client.config.crypto = w.of_server.config.crypto = NULL;
                client = server = 0;
            }
            assert_int_equal(client_begins(), client);
            assert_int_equal(server_offers(l), server);
        }
    }
}

/* APOP needs MD5, and a server random octets for its stamp: without them it greets without one. */
static void apop_that_can_not_be(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        reset();
        open_side(&w.of_server, epop_sasl_apop, 0);
        if (i == 1) {
            w.of_server.crypto.hashes = EPOP_HASH_SHA1 | EPOP_HASH_SHA256;
        } else if (i == 2) {
            w.of_server.crypto.random = NULL;
        }
        assert_int_equal(open_server(), EPOP_OK);
        server_says(i == 0 ? "+OK POP3 server ready <" : "+OK POP3 server ready\r\n");
        server_hears("APOP tim 00000000000000000000000000000000\r\n");
        server_says(i == 0 ? "-ERR [AUTH]" : "-ERR not supported");
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * A client that gives up
 */

/* RFC 5034 section 4: "*" on a line of its own. What of the response was made until then does not go out. */
static void cancel_within_a_response(void **state)
{
    static const char capa[] = "+OK\r\nSASL PLAIN\r\n.\r\n";
    static char name[201];
    size_t len;
    size_t used;
    const uint8_t *out;

    (void)state;
    reset();
    memset(name, 'n', 200);
    w.user = name;
    w.with = NULL;
    open_side(&w.of_client, epop_sasl_plain, 0);
    open_client();
    assert_int_equal(epop_client_feed(&w.client, "+OK\r\n", 5, &used), EPOP_OK);
    (void)epop_client_output(&w.client, &len);
    assert_int_equal(epop_client_output_ack(&w.client, len), EPOP_OK);
    assert_int_equal(epop_client_feed(&w.client, capa, sizeof capa - 1, &used), EPOP_OK);
    out = epop_client_output(&w.client, &len);
    assert_int_equal(len, 12);
    assert_memory_equal(out, "AUTH PLAIN\r\n", 12);
    assert_int_equal(epop_client_output_ack(&w.client, len), EPOP_OK);
    assert_int_equal(epop_client_feed(&w.client, "+ \r\n", 4, &used), EPOP_OK);
    out = epop_client_output(&w.client, &len);
    assert_int_equal(len, 3);
    assert_memory_equal(out, "*\r\n", 3);
    assert_int_equal(epop_client_output_ack(&w.client, len), EPOP_OK);
    assert_int_equal(epop_client_feed(&w.client, "-ERR\r\n", 6, &used), EPOP_OK);
    assert_string_equal(result_name(w.end), "DECLINED");
}

static int set_up(void **state)
{
    (void)state;
    return openssl_crypto(&real);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_hashes_fail),
        cmocka_unit_test(server_hashes_fail),
        cmocka_unit_test(no_rounds),
        cmocka_unit_test(unknown_costs_one_hmac_more),
        cmocka_unit_test(wrong_keys),
        cmocka_unit_test(wrong_answers),
        cmocka_unit_test(hosts_that_lack_something),
        cmocka_unit_test(apop_that_can_not_be),
        cmocka_unit_test(cancel_within_a_response),
    };

    return cmocka_run_group_tests_name("sasl_crypto", tests, set_up, NULL);
}
