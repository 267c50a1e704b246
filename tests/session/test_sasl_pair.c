/* Logins by SASL and APOP: both sessions against each other, however the octets are cut, wherever callbacks pause,
 * whoever answers later, however small the output.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "../../examples/openssl/hash.h"
#include "record.h"

#include <epop/epop.h>

static const char password[] = "tanstaaf tanstaaf";
static char token[16385]; /* 16 KiB, and the NUL */

static epop_crypto crypto;
static uint8_t stored_key[EPOP_HASH_MAX], server_key[EPOP_HASH_MAX];
static const uint8_t salt[16] = "0123456789abcdef";

/* How one run is made. */
typedef struct manner {
    size_t chunk;     /* octets that go over the wire at once */
    uint32_t pause;   /* every callback pauses */
    uint32_t later;   /* questions are answered outside the callback */
    size_t room;      /* of the client's output */
    const char *user; /* what the client says */
    const char *secret;
    const char *binding;
    uint32_t stumbles; /* before every answer of the client come some that are refused */
} manner;

typedef struct world {
    epop_client client;
    epop_client_slot slot[2];
    epop_sasl client_sasl;
    uint8_t client_buffer[EPOP_SASL_BUFFER_MIN], client_line[512], client_out[2048];
    epop_server server;
    epop_sasl server_sasl;
    uint8_t server_buffer[EPOP_SASL_BUFFER_MIN], server_line[255], server_name[64], server_out[512];
    const manner *how;
    uint32_t client_asks, server_asks; /* the open question, where it is answered later */
    uint64_t offset;
    const char *asking;    /* the client's mechanism */
    const char *mechanism; /* the server's */
    size_t token_len;
    char got_token[20000];
    record log[2]; /* what the client and the server have seen */
    int32_t end;
    uint32_t code;
} world;

static world w;
static uint32_t client_flags = EPOP_CLIENT_TLS;

static int32_t leave(void)
{
    return w.how->pause ? EPOP_PAUSE : 0;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* An answer that is refused leaves no trace: the right one then does what it does otherwise. SCRAM and OAuth keep the
 * name, which may not fit, and in SCRAM by itself, escaped, or with the nonce behind it. */
static void stumble(void)
{
    static const char *const with_controls[] = {"\x01", "tim\n", "\x7ftanstaaf tanstaaf"};
    char many[2000];

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(epop_client_answer(&w.client, with_controls[i], strlen(with_controls[i])),
                         w.client_asks == EPOP_ASK_BINDING ? EPOP_ERR_VALUE : EPOP_ERR_OCTET);
    }
    memset(many, ':', sizeof many);
    if (w.client_asks == EPOP_ASK_BINDING) {
        assert_int_equal(epop_client_answer(&w.client, many, EPOP_SASL_BINDING_MAX + 1), EPOP_ERR_TOO_LONG);
    }
    if (strstr(w.asking, "OAUTH") && w.client_asks == EPOP_ASK_USER) {
        assert_int_equal(epop_client_answer(&w.client, many, sizeof many), EPOP_ERR_TOO_LONG);
    }
    if (strncmp(w.asking, "SCRAM", 5) == 0 && w.client_asks != EPOP_ASK_PASSWORD) {
        assert_int_equal(epop_client_answer(&w.client, many, sizeof many), EPOP_ERR_TOO_LONG);
        assert_int_equal(epop_client_answer(&w.client, many, w.client_asks == EPOP_ASK_USER ? 890 : 911),
                         EPOP_ERR_TOO_LONG);
        memset(many, ',', sizeof many);
        assert_int_equal(epop_client_answer(&w.client, many, 400), EPOP_ERR_TOO_LONG);
    }
}

static int32_t client_answer(void)
{
    const char *text = w.client_asks == EPOP_ASK_USER      ? w.how->user
                       : w.client_asks == EPOP_ASK_BINDING ? w.how->binding
                       : w.client_asks == EPOP_ASK_AUTHZID ? ""
                                                           : w.how->secret;

    if (w.how->stumbles && w.offset == 0) {
        stumble();
    }
    w.client_asks = 0;
    if (!text) {
        return epop_client_decline(&w.client);
    }
    return epop_client_answer(&w.client, text + w.offset, strlen(text) - (size_t)w.offset);
}

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    (void)user;
    w.client_asks = event->ask;
    w.offset = event->offset;
    w.asking = event->mechanism;
    if (!w.how->later) {
        assert_int_equal(client_answer(), EPOP_OK);
    }
    return leave();
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    (void)user;
    w.end = event->result;
    w.code = event->code;
    return leave();
}

static int32_t on_trace(void *user, const epop_trace_event *event)
{
    record *log = &w.log[user == &w.server];

    record_add(log, event->sent ? "> " : "< ");
    record_shown(log, event->line);
    record_add(log, event->redacted ? " redacted\n" : "\n");
    return leave();
}

/* ------------------------------------------------------------------------------------------------------------------ */

static uint32_t is_tim(epop_span name)
{
    return name.len == 3 && memcmp(name.ptr, "tim", 3) == 0;
}

static uint32_t known; /* whether the name of the open question is known */
static uint32_t right; /* whether the secret is */

static int32_t give_key(void)
{
    static const epop_scram_key none;
    epop_scram_key key = none;
    size_t len = strstr(w.mechanism, "256") ? 32 : 20;

    key.struct_size = sizeof key;
    key.iterations = 4096;
    key.salt.ptr = salt;
    key.salt.len = sizeof salt;
    key.stored_key.ptr = stored_key;
    key.stored_key.len = len;
    key.server_key.ptr = server_key;
    key.server_key.len = len;
    return epop_server_key(&w.server, &key);
}

static int32_t server_answer(void)
{
    uint32_t asked = w.server_asks;

    w.server_asks = 0;
    if (asked == EPOP_AUTH_BINDING) {
        return epop_server_answer(&w.server, "tls-exporter:abc", 16);
    }
    if (asked == EPOP_AUTH_FAILED || !known || !right) {
        assert_true(asked != EPOP_AUTH_FAILED || epop_server_accept(&w.server) == EPOP_ERR_NOT_ASKED);
        return epop_server_refuse(&w.server, EPOP_CODE_AUTH, NULL, 0);
    }
    if (asked == EPOP_AUTH_SECRET) {
        return epop_server_answer(&w.server, password, strlen(password));
    }
    return asked == EPOP_AUTH_KEY ? give_key() : epop_server_accept(&w.server);
}

static const char *const auth_names[] = {"",       "password", "token",  "external", "anonymous",
                                         "proven", "failed",   "secret", "key",      "binding"};

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    (void)user;
    w.mechanism = event->mechanism;
    known = is_tim(event->name);
    right = 1;
    if (event->auth == EPOP_AUTH_PASSWORD) {
        right =
            event->password.len == strlen(password) && memcmp(event->password.ptr, password, event->password.len) == 0;
    }
    if (event->auth == EPOP_AUTH_TOKEN) {
        assert_int_equal(event->offset, w.token_len);
        assert_true(w.token_len + event->password.len < sizeof w.got_token);
        memcpy(w.got_token + w.token_len, event->password.ptr, event->password.len);
        w.token_len += event->password.len;
        right = w.token_len == strlen(token) && memcmp(w.got_token, token, w.token_len) == 0;
    }
    record_add(&w.log[1], "auth %s %s%s ", event->mechanism, auth_names[event->auth], event->more ? " more" : "");
    record_shown(&w.log[1], event->name);
    record_add(&w.log[1], "\n");
    if (event->more) {
        assert_int_equal(epop_server_accept(&w.server), EPOP_ERR_NOT_ASKED);
        return leave();
    }
    w.server_asks = event->auth;
    if (!w.how->later) {
        assert_int_equal(server_answer(), EPOP_OK);
    }
    return leave();
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    static const epop_maildrop none;
    epop_maildrop empty = none;

    (void)user;
    assert_true(is_tim(event->name));
    empty.struct_size = sizeof empty;
    assert_int_equal(epop_server_opened(&w.server, &empty), EPOP_OK);
    return leave();
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void begin(epop_sasl_mechanism mechanism, const manner *how)
{
    static const epop_client_callbacks client_callbacks = {
        sizeof client_callbacks, 0, NULL, NULL, NULL, NULL, on_end, on_ask, NULL, on_trace};
    static const epop_server_callbacks server_callbacks = {
        sizeof server_callbacks, 0, on_auth, on_open, NULL, NULL, NULL, NULL, on_trace};
    static epop_sasl_mechanism list[1];
    static epop_sasl_config sasl;
    epop_client_config client;
    epop_server_config server;

    record_free(&w.log[0]);
    record_free(&w.log[1]);
    memset(&w, 0, sizeof w);
    w.how = how;
    list[0] = mechanism;
    sasl.struct_size = sizeof sasl;
    sasl.mechanism_count = 1;
    sasl.mechanisms = list;
    sasl.crypto = &crypto;
    sasl.salt_secret = "sixteen octets!!";
    sasl.salt_secret_len = 16;
    sasl.flags = how->stumbles ? EPOP_SASL_ASK_AUTHZID : 0; /* one question more that can be answered badly */
    assert_int_equal(
        epop_sasl_init(&w.client_sasl, sizeof w.client_sasl, &sasl, w.client_buffer, sizeof w.client_buffer), EPOP_OK);
    assert_int_equal(
        epop_sasl_init(&w.server_sasl, sizeof w.server_sasl, &sasl, w.server_buffer, sizeof w.server_buffer), EPOP_OK);
    memset(&client, 0, sizeof client);
    client.struct_size = sizeof client;
    client.flags = client_flags | EPOP_CLIENT_SASL_ONLY;
    client.callbacks = &client_callbacks;
    client.user = &w.client;
    client.line_buffer = w.client_line;
    client.line_buffer_size = sizeof w.client_line;
    client.output_buffer = w.client_out;
    client.output_buffer_size = how->room;
    client.slots = w.slot;
    client.slot_count = 2;
    client.sasl = &w.client_sasl;
    assert_int_equal(epop_client_init(&w.client, sizeof w.client, &client), EPOP_OK);
    memset(&server, 0, sizeof server);
    server.struct_size = sizeof server;
    server.flags = EPOP_SERVER_TLS | EPOP_SERVER_SASL_ONLY;
    server.callbacks = &server_callbacks;
    server.user = &w.server;
    server.line_buffer = w.server_line;
    server.line_buffer_size = sizeof w.server_line;
    server.name_buffer = w.server_name;
    server.name_buffer_size = sizeof w.server_name;
    server.output_buffer = w.server_out;
    server.output_buffer_size = sizeof w.server_out;
    server.sasl = &w.server_sasl;
    assert_int_equal(epop_server_init(&w.server, sizeof w.server, &server), EPOP_OK);
    w.end = 1;
    assert_int_equal(epop_client_login(&w.client, 7), EPOP_OK);
}

/* Moves octets from one side to the other until the other will take no more of these. 1 if any went. */
static uint32_t to_server(void)
{
    size_t len;
    size_t used = 0;
    const uint8_t *octets = epop_client_output(&w.client, &len);
    uint8_t copy[2048];

    len = len < w.how->chunk ? len : w.how->chunk;
    if (len == 0 || !(epop_server_wants(&w.server) & EPOP_WANT_FEED)) {
        return 0;
    }
    memcpy(copy, octets, len);
    assert_true(epop_client_output_ack(&w.client, len) >= 0);
    for (size_t at = 0; at < len; at += used) {
        int32_t result = epop_server_feed(&w.server, copy + at, len - at, &used);
        if (result < 0) {
            return 0;
        }
        while (result == EPOP_AGAIN && used == 0 && w.server_asks != 0) {
            assert_int_equal(server_answer(), EPOP_OK);
        }
        assert_true(result != EPOP_AGAIN || used > 0 || at + used < len);
    }
    return 1;
}

static uint32_t to_client(void)
{
    size_t len;
    size_t used = 0;
    const uint8_t *octets = epop_server_output(&w.server, &len);
    uint8_t copy[512];

    len = len < w.how->chunk ? len : w.how->chunk;
    if (len == 0) {
        return 0;
    }
    memcpy(copy, octets, len);
    assert_true(epop_server_output_ack(&w.server, len) >= 0);
    for (size_t at = 0; at < len; at += used) {
        if (epop_client_feed(&w.client, copy + at, len - at, &used) < 0) {
            return 0;
        }
    }
    return 1;
}

static uint32_t resume(void)
{
    size_t used;

    if (epop_client_wants(&w.client) & EPOP_WANT_RESUME) {
        assert_true(epop_client_feed(&w.client, NULL, 0, &used) >= 0);
        return 1;
    }
    if (epop_server_wants(&w.server) & EPOP_WANT_RESUME) {
        assert_true(epop_server_feed(&w.server, NULL, 0, &used) >= 0);
        return 1;
    }
    return 0;
}

static uint32_t answer(void)
{
    if (w.client_asks != 0) {
        assert_int_equal(client_answer(), EPOP_OK);
        return 1;
    }
    if (w.server_asks != 0) {
        assert_int_equal(server_answer(), EPOP_OK);
        return 1;
    }
    return 0;
}

static void run(epop_sasl_mechanism mechanism, const manner *how)
{
    begin(mechanism, how);
    while (resume() || answer() || to_client() || to_server()) {
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* Neither session's memory has the secret in it. */
static void holds_no(const char *secret)
{
    size_t len = strlen(secret);

    for (size_t i = 0; i + len <= sizeof w; i++) {
        size_t n = len < 12 ? len : 12;
        if (i + n <= offsetof(world, got_token) && memcmp((const uint8_t *)&w + i, secret, n) == 0) {
            fail_msg("the secret is in memory at %zu", i);
        }
    }
}

/* Nor what a server keeps of a password for SCRAM. */
static void holds_no_key(void)
{
    for (size_t i = 0; i + 20 <= offsetof(world, got_token); i++) {
        if (memcmp((const uint8_t *)&w + i, stored_key, 20) == 0 ||
            memcmp((const uint8_t *)&w + i, server_key, 20) == 0) {
            fail_msg("a key is in memory at %zu", i);
        }
    }
}

/* What both sides have seen does not depend on how the octets came. The host's name in APOP's greeting apart, which is
 * another each time. */
static void same_as_before(record *before, uint32_t is_first)
{
    for (int i = 0; i < 2; i++) {
        if (is_first) {
            record_clear(&before[i]);
            record_add(&before[i], "%s", record_text(&w.log[i]));
        } else if (!strchr(record_text(&w.log[i]), '@')) {
            assert_string_equal(record_text(&w.log[i]), record_text(&before[i]));
        }
    }
}

static void every_way(epop_sasl_mechanism mechanism, const char *user, const char *secret, const char *binding,
                      int32_t end, const char *auth)
{
    static const size_t chunks[] = {2048, 1, 2, 3, 5, 7, 64};
    static const size_t rooms[] = {2048, 255, 256, 300};
    static record before[2];

    for (size_t i = 0; i < 7 * 4 * 4; i++) {
        manner how = {chunks[i % 7], (uint32_t)(i / 7 % 2), (uint32_t)(i / 14 % 2), rooms[i / 28], user, secret,
                      binding,       (uint32_t)(i % 2)};
        run(mechanism, &how);
        assert_string_equal(result_name(w.end), result_name(end));
        assert_int_equal(epop_client_phase(&w.client),
                         end == EPOP_OK ? EPOP_PHASE_TRANSACTION : EPOP_PHASE_AUTHORIZATION);
        assert_int_equal(w.code, end == EPOP_OK ? EPOP_CODE_NONE : EPOP_CODE_AUTH);
        holds_no(secret);
        holds_no_key();
        assert_null(strstr(record_text(&w.log[0]), secret));
        assert_null(strstr(record_text(&w.log[1]), secret));
        if (strstr(record_text(&w.log[1]), auth) == NULL) {
            fail_msg("not in the log: %s\n%s", auth, record_text(&w.log[1]));
        }
        same_as_before(before, i == 0);
    }
    record_free(&before[0]);
    record_free(&before[1]);
}

static void works(epop_sasl_mechanism mechanism, const char *secret, const char *auth)
{
    every_way(mechanism, "tim", secret, "tls-exporter:abc", EPOP_OK, auth);
    every_way(mechanism, "tom", secret, "tls-exporter:abc", EPOP_ERR_LOGIN_REFUSED, "auth ");
    if (secret == password) {
        every_way(mechanism, "tim", "tanstaaf tanstaag", "tls-exporter:abc", EPOP_ERR_LOGIN_REFUSED, "auth ");
    }
}

static void plain(void **state)
{
    (void)state;
    works(epop_sasl_plain, password, "auth PLAIN password tim\n");
}

static void login(void **state)
{
    (void)state;
    works(epop_sasl_login, password, "auth LOGIN password tim\n");
}

static void cram_md5(void **state)
{
    (void)state;
    works(epop_sasl_cram_md5, password, "auth CRAM-MD5 secret tim\nauth CRAM-MD5 proven tim\n");
}

static void apop(void **state)
{
    (void)state;
    works(epop_sasl_apop, password, "auth APOP secret tim\nauth APOP proven tim\n");
}

static void scram(epop_sasl_mechanism mechanism, uint32_t hash, const char *auth)
{
    assert_int_equal(
        epop_scram_derive(&crypto, hash, password, strlen(password), salt, sizeof salt, 4096, stored_key, server_key),
        EPOP_OK);
    works(mechanism, password, auth);
}

static void scram_sha_1(void **state)
{
    (void)state;
    scram(epop_sasl_scram_sha_1, EPOP_HASH_SHA1, "auth SCRAM-SHA-1 key tim\n");
}

static void scram_sha_256(void **state)
{
    (void)state;
    scram(epop_sasl_scram_sha_256, EPOP_HASH_SHA256, "auth SCRAM-SHA-256 key tim\n");
}

static void scram_plus(void **state)
{
    (void)state;
    scram(epop_sasl_scram_sha_1_plus, EPOP_HASH_SHA1, "auth SCRAM-SHA-1-PLUS binding tim\n");
    scram(epop_sasl_scram_sha_256_plus, EPOP_HASH_SHA256, "auth SCRAM-SHA-256-PLUS binding tim\n");
    /* Somebody in the middle: the bindings differ. */
    every_way(epop_sasl_scram_sha_256_plus, "tim", password, "tls-exporter:abd", EPOP_ERR_LOGIN_REFUSED,
              "failed tim\n");
}

static void tokens(void **state)
{
    static const char *const short_token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg==";

    (void)state;
    memset(token, 'x', 16384);
    memcpy(token, short_token, strlen(short_token));
    works(epop_sasl_oauthbearer, token, "auth OAUTHBEARER token more tim\n");
    works(epop_sasl_xoauth2, token, "auth XOAUTH2 token more tim\n");
    strcpy(token, short_token);
    works(epop_sasl_oauthbearer, token, "auth OAUTHBEARER token tim\n");
    works(epop_sasl_xoauth2, token, "auth XOAUTH2 token tim\n");
}

/* A wrong password and an unknown name look the same from outside: as many lines, and the same words. */
static void unknown_users(void **state)
{
#ifdef EPOP_NO_TRACE
    (void)state;
    skip(); /* what was said is seen in the trace */
#else
    static const epop_sasl_mechanism mechanisms[] = {epop_sasl_plain,       epop_sasl_login,         epop_sasl_cram_md5,
                                                     epop_sasl_scram_sha_1, epop_sasl_scram_sha_256, epop_sasl_apop};
    static const manner wrong = {2048, 0, 0, 2048, "tim", "tanstaaf tanstaag", NULL, 0};
    static const manner unknown = {2048, 0, 0, 2048, "tom", password, NULL, 0};
    record seen = {0};

    (void)state;
    for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
        run(mechanisms[i], &wrong);
        record_clear(&seen);
        record_add(&seen, "%s", strchr(record_text(&w.log[0]), '\n')); /* the greeting has APOP's stamp */
        run(mechanisms[i], &unknown);
        assert_string_equal(strchr(record_text(&w.log[0]), '\n'), record_text(&seen));
        assert_non_null(strstr(record_text(&seen), "< -ERR [AUTH] "));
    }
    record_free(&seen);
#endif
}

static void client_says_and_hears(const char *says, const char *hears)
{
    size_t len;
    size_t used;
    const uint8_t *octets = epop_client_output(&w.client, &len);

    assert_int_equal(len, strlen(says));
    if (len > 0) {
        assert_memory_equal(octets, says, len);
    }
    assert_int_equal(epop_client_output_ack(&w.client, len), EPOP_OK);
    assert_int_equal(epop_client_feed(&w.client, hears, strlen(hears), &used), EPOP_OK);
    assert_int_equal(used, strlen(hears));
}

/* RFC 2595 section 4: what the server, or somebody on the way, said before TLS is not known any more, also where it
 * will not say it again. */
static void offers_before_tls_are_forgotten(void **state)
{
    static const manner how = {2048, 0, 0, 2048, "tim", password, "tls-exporter:abc", 0};

    (void)state;
    client_flags = EPOP_CLIENT_STLS;
    begin(epop_sasl_plain, &how);
    client_flags = EPOP_CLIENT_TLS;
    client_says_and_hears("", "+OK\r\n");
    client_says_and_hears("CAPA\r\n", "+OK\r\nSTLS\r\nSASL PLAIN\r\n.\r\n");
    client_says_and_hears("STLS\r\n", "+OK\r\n");
    assert_int_equal(epop_client_tls_started(&w.client), EPOP_OK);
    client_says_and_hears("CAPA\r\n", "-ERR\r\n");
    client_says_and_hears("", "");
    assert_int_equal(w.end, EPOP_ERR_LOGIN_NO_MECHANISM);
}

static int set_up(void **state)
{
    (void)state;
    memset(stored_key, 0xA5, sizeof stored_key); /* until there is one */
    memset(server_key, 0xA5, sizeof server_key);
    return openssl_crypto(&crypto);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),         cmocka_unit_test(login),
        cmocka_unit_test(cram_md5),      cmocka_unit_test(apop),
        cmocka_unit_test(scram_sha_1),   cmocka_unit_test(scram_sha_256),
        cmocka_unit_test(scram_plus),    cmocka_unit_test(tokens),
        cmocka_unit_test(unknown_users), cmocka_unit_test(offers_before_tls_are_forgotten),
    };

    return cmocka_run_group_tests_name("sasl_pair", tests, set_up, NULL);
}
