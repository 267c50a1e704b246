/* The client's contract with its host: pointers, struct sizes, configuration, callbacks, errors, time, and the end.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client_states.h"
#include "struct_size.h"

static client_host host;

static epop_client *const c = &host.client;

/* ---------------------------------------------------------------------------------------------------------------------
 * NULL
 */

static void null_is_refused(void **data)
{
    epop_error_info info;
    epop_transfer transfer;
    size_t used = 1;

    (void)data;
    client_begin(&host, 0);
    info.struct_size = sizeof info;
    transfer.struct_size = sizeof transfer;
    assert_int_equal(epop_client_init(NULL, sizeof host.client, &host.config), EPOP_ERR_NULL);
    assert_int_equal(epop_client_init(c, sizeof host.client, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_client_feed(NULL, TEXT("x"), &used), EPOP_ERR_NULL);
    assert_int_equal(epop_client_feed(c, NULL, 1, &used), EPOP_ERR_NULL);
    assert_int_equal(epop_client_feed(c, TEXT("x"), NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_client_feed(c, NULL, 0, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_client_eof(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_client_timeout(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_client_output_ack(NULL, 0), EPOP_ERR_NULL);
    assert_int_equal(epop_client_tls_started(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_client_error_info(NULL, &info), EPOP_ERR_NULL);
    assert_int_equal(epop_client_error_info(c, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_client_transfer(NULL, &transfer), EPOP_ERR_NULL);
    assert_int_equal(epop_client_transfer(c, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_client_lang(NULL, NULL, 0, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_lang(c, NULL, 1, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_raw(NULL, TEXT("XFOO"), EPOP_SHAPE_SINGLE, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_raw(c, NULL, 1, EPOP_SHAPE_SINGLE, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_answer(NULL, TEXT("x")), EPOP_ERR_NULL);
    assert_int_equal(epop_client_decline(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_client_abort(NULL, EPOP_ABORT_CLOSE), EPOP_ERR_NULL);
    client_reach(&host, IN_ASKED_USER);
    assert_int_equal(epop_client_answer(c, NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_wants(c), EPOP_WANT_ANSWER);
}

static void null_to_every_command(void **data)
{
    (void)data;
    assert_int_equal(epop_client_login(NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_stls(NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_capa(NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_utf8(NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_stat(NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_list(NULL, 0, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_uidl(NULL, 0, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_retr(NULL, 1, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_retr(NULL, 0, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_top(NULL, 1, 1, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_dele(NULL, 1, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_noop(NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_rset(NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_last(NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_client_quit(NULL, 1), EPOP_ERR_NULL);
}

static void null_to_every_getter(void **data)
{
    size_t len = 1;

    (void)data;
    assert_null(epop_client_output(NULL, &len));
    assert_int_equal(len, 0);
    client_reach(&host, IN_QUIT_UNSENT);
    assert_null(epop_client_output(c, NULL));
    assert_int_equal(epop_client_wants(NULL), EPOP_WANT_CLOSE);
    assert_int_equal(epop_client_phase(NULL), EPOP_PHASE_ENDED);
    assert_int_equal(epop_client_deadline(NULL), 0);
    assert_int_equal(epop_client_keep_alive(NULL), 0);
    assert_int_equal(epop_client_capabilities(NULL), 0);
    assert_int_equal(epop_client_traits(NULL), 0);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Struct sizes and configuration
 */

static int32_t init_with(const epop_client_config *config)
{
    return epop_client_init(c, sizeof host.client, config);
}

static int32_t init_with_callbacks(const epop_client_callbacks *callbacks)
{
    host.config.callbacks = callbacks;
    return init_with(&host.config);
}

static void struct_sizes(void **data)
{
    (void)data;
    client_prepare(&host, 0);
    assert_int_equal(epop_client_sizeof(), sizeof(epop_client));
    assert_int_equal(epop_client_init(c, sizeof host.client - 1, &host.config), EPOP_ERR_STRUCT_SIZE);
    assert_int_equal(epop_client_init(c, 0, &host.config), EPOP_ERR_STRUCT_SIZE);
    assert_int_equal(epop_client_init(c, sizeof host.client + 64, &host.config), EPOP_OK);
    STRUCT_SIZE_LAW(epop_client_config, host.config, init_with(it), EPOP_OK);
    STRUCT_SIZE_LAW(epop_client_callbacks, host.callbacks, init_with_callbacks(it), EPOP_OK);
    client_reach(&host, IN_BODY);
    STRUCT_SIZE_LAW(epop_error_info, (epop_error_info){0}, epop_client_error_info(c, it), EPOP_OK);
    STRUCT_SIZE_LAW(epop_transfer, (epop_transfer){0}, epop_client_transfer(c, it), EPOP_OK);
}

static void config_errors(void **data)
{
    epop_client_config good;

    (void)data;
    client_prepare(&host, 0);
    good = host.config;
#define REFUSED(change, error)                                                                                         \
    do {                                                                                                               \
        host.config = good;                                                                                            \
        change;                                                                                                        \
        assert_int_equal(init_with(&host.config), error);                                                              \
    } while (0)
    REFUSED(host.config.callbacks = NULL, EPOP_ERR_NULL);
    REFUSED(host.config.line_buffer = NULL, EPOP_ERR_NULL);
    REFUSED(host.config.output_buffer = NULL, EPOP_ERR_NULL);
    REFUSED(host.config.slots = NULL, EPOP_ERR_NULL);
    REFUSED(host.config.line_buffer_size = 511, EPOP_ERR_BUFFER_SIZE);
    REFUSED(host.config.line_buffer_size = 0, EPOP_ERR_BUFFER_SIZE);
    REFUSED(host.config.output_buffer_size = 254, EPOP_ERR_BUFFER_SIZE);
    REFUSED(host.config.slot_count = 0, EPOP_ERR_VALUE);
    REFUSED(host.config.slot_count = 65536, EPOP_ERR_VALUE);
    REFUSED(host.config.slot_count = 4294967295u, EPOP_ERR_VALUE);
    REFUSED(host.config.flags = 64, EPOP_ERR_VALUE);
    REFUSED(host.config.flags = 0x80000001u, EPOP_ERR_VALUE);
    REFUSED(host.config.line_buffer_size = 512, EPOP_OK);
    REFUSED(host.config.output_buffer_size = 255, EPOP_OK);
    REFUSED(host.config.flags = 7, EPOP_OK);
    REFUSED(host.config.user = NULL, EPOP_OK);
    REFUSED(host.config.slot_count = 65535, EPOP_OK);
#undef REFUSED
}

static void times(void **data)
{
    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.config.timeout_seconds = 7;
    host.config.keep_alive_seconds = 4294967295u;
    client_log_in(&host, NULL);
    assert_int_equal(epop_client_keep_alive(c), 4294967295u);
    assert_int_equal(epop_client_deadline(c), 0);
    assert_int_equal(epop_client_noop(c, 1), EPOP_OK);
    assert_int_equal(epop_client_keep_alive(c), 0);
    assert_int_equal(epop_client_deadline(c), 7);
    client_says(&host, "NOOP\r\n");
    client_hears(&host, "+OK\r\n");
    assert_int_equal(epop_client_keep_alive(c), 4294967295u);
    /* The defaults, 300 and 45, are checked in every state by client_states. */
}

/* No callback at all: everything runs its course, and a login asks nobody. */
static void without_callbacks(void **data)
{
    epop_client_callbacks none;

    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    memset(&none, 0, sizeof none);
    none.struct_size = sizeof none;
    host.callbacks = none;
    client_init(&host);
    client_hears(&host, "+OK\r\n");
    assert_int_equal(epop_client_login(c, 1), EPOP_OK);
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nTOP\r\n.\r\n");
    assert_int_equal(epop_client_wants(c), EPOP_WANT_FEED | EPOP_WANT_COMMAND);
    assert_int_equal(epop_client_raw(c, TEXT("XGET"), EPOP_SHAPE_BODY, 1), EPOP_OK);
    client_says(&host, "XGET\r\n");
    client_hears(&host, "+OK\r\nabc\r\n.\r\n");
    assert_int_equal(epop_client_quit(c, 1), EPOP_OK);
    client_says(&host, "QUIT\r\n");
    client_hears(&host, "+OK\r\n");
    assert_int_equal(epop_client_wants(c), EPOP_WANT_CLOSE);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Callbacks
 */

/* A dialogue in which every kind of callback comes: greeting (with a quirk), ask, trace, reply, row, body, end. */
static int32_t dialogue(void)
{
    static const char *const lines[] = {"+OKready\r\n", "+OK\r\nTOP\r\n.\r\n", "+OK\r\n", "+OK\r\n",
                                        "-ERR\r\n",     "+OK\r\nabc\r\n.\r\n"};
    int32_t result = EPOP_OK;
    size_t i;

    for (i = 0; i < COUNT(lines) && result >= 0; i++) {
        size_t used = 0;
        size_t len = strlen(lines[i]);
        const char *at = lines[i];
        size_t out;
        do {
            result = epop_client_feed(c, at, len, &used);
            at += used;
            len -= used;
        } while (result == EPOP_PAUSED);
        if (result >= 0 && epop_client_output(c, &out)) {
            result = epop_client_output_ack(c, out);
            result = result > 0 ? EPOP_OK : result;
        }
        while (result >= 0 && (epop_client_wants(c) & EPOP_WANT_RESUME)) {
            result = epop_client_feed(c, NULL, 0, &used);
        }
        if (result >= 0 && epop_client_output(c, &out)) {
            result = epop_client_output_ack(c, out);
            result = result > 0 ? EPOP_OK : result;
        }
    }
    return result;
}

static void start_dialogue(uint32_t kind, int32_t returned)
{
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.callbacks.on_trace = client_on_trace;
    client_init(&host);
    host.user = "joe";
    host.password = "x";
    host.stop_kind = kind;
    host.stop_result = returned;
    assert_int_equal(epop_client_login(c, 1), EPOP_OK);
    assert_int_equal(epop_client_retr(c, 1, 2), EPOP_OK);
}

static const uint32_t kinds[] = {EPOP_EVENT_GREETING, EPOP_EVENT_REPLY, EPOP_EVENT_ROW,   EPOP_EVENT_BODY,
                                 EPOP_EVENT_END,      EPOP_EVENT_ASK,   EPOP_EVENT_QUIRK, EPOP_EVENT_TRACE};

static uint32_t is_absent(uint32_t kind)
{
#ifdef EPOP_NO_TRACE
    return kind == EPOP_EVENT_TRACE;
#else
    (void)kind;
    return 0;
#endif
}

/* A negative value comes back unchanged, now and for ever, and the kind of the callback is told. */
static void a_callback_aborts(void **data)
{
    static const int32_t values[] = {EPOP_ERR_CALLBACK_FIRST, -1001, -2147483647 - 1};
    static const epop_error_info none;
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(kinds) * COUNT(values); i++) {
        uint32_t kind = kinds[i / COUNT(values)];
        epop_error_info info = none;
        if (is_absent(kind)) {
            continue;
        }
        start_dialogue(kind, values[i % COUNT(values)]);
        assert_int_equal(dialogue(), values[i % COUNT(values)]);
        client_is_dead(&host, values[i % COUNT(values)]);
        info.struct_size = sizeof info;
        assert_int_equal(epop_client_error_info(c, &info), EPOP_OK);
        assert_int_equal(info.callback, kind);
    }
}

/* A pause changes nothing but the moment. */
static void a_callback_pauses(void **data)
{
    record straight = {NULL, 0, 0};
    size_t i;

    (void)data;
    start_dialogue(0, 0);
    assert_int_equal(dialogue(), EPOP_OK);
    record_add(&straight, "%s", record_text(&host.log));
    assert_true(straight.len > 200);
    for (i = 0; i < COUNT(kinds); i++) {
        start_dialogue(kinds[i], EPOP_PAUSE);
        assert_int_equal(dialogue(), EPOP_OK);
        assert_string_equal(record_text(&host.log), straight.text);
    }
    record_free(&straight);
}

static uint32_t reentered;

/* Everything that may not be called inside a callback, and all that may. */
static void call_what_is_forbidden(client_host *h, uint32_t kind)
{
    epop_client before = h->client;
    epop_transfer transfer;
    epop_error_info info;
    size_t used = 1;

    reentered |= 1u << kind;
    assert_int_equal(epop_client_feed(&h->client, TEXT("+OK\r\n"), &used), EPOP_ERR_REENTRANT);
    assert_int_equal(used, 0);
    assert_int_equal(epop_client_feed(&h->client, NULL, 0, &used), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_client_eof(&h->client), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_client_timeout(&h->client), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_client_output_ack(&h->client, 0), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_client_output_ack(&h->client, 1), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_client_tls_started(&h->client), EPOP_ERR_REENTRANT);
    assert_memory_equal(&h->client, &before, sizeof before);
    info.struct_size = sizeof info;
    transfer.struct_size = sizeof transfer;
    assert_int_equal(epop_client_error_info(&h->client, &info), EPOP_OK);
    assert_int_equal(epop_client_transfer(&h->client, &transfer), EPOP_OK);
    (void)epop_client_wants(&h->client);
    (void)epop_client_output(&h->client, &used);
    assert_memory_equal(&h->client, &before, sizeof before);
}

static void a_callback_reenters(void **data)
{
    uint32_t expected = 0;
    size_t i;

    (void)data;
    start_dialogue(0, 0);
    reentered = 0;
    host.act = call_what_is_forbidden;
    assert_int_equal(dialogue(), EPOP_OK);
    for (i = 0; i < COUNT(kinds); i++) {
        expected |= is_absent(kinds[i]) ? 0 : 1u << kinds[i];
    }
    assert_int_equal(reentered, expected);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Errors and the end
 */

static void expect_info(int32_t code, uint64_t offset, uint32_t phase, uint32_t command, uint32_t number)
{
    epop_error_info info;

    memset(&info, 0xA5, sizeof info);
    info.struct_size = sizeof info;
    assert_int_equal(epop_client_error_info(c, &info), EPOP_OK);
    assert_int_equal(info.code, code);
    assert_int_equal(info.offset, offset);
    assert_int_equal(info.phase, phase);
    assert_int_equal(info.command, command);
    assert_int_equal(info.callback, 0);
    assert_int_equal(info.number, number);
}

static void error_info(void **data)
{
    (void)data;
    client_begin(&host, EPOP_CLIENT_ALLOW_CLEARTEXT); /* "+OK ready" CRLF: 11 octets */
    expect_info(EPOP_OK, 11, EPOP_PHASE_AUTHORIZATION, 0, 0);
    assert_int_equal(epop_client_capa(c, 1), EPOP_OK);
    client_says(&host, "CAPA\r\n");
    assert_int_equal(client_feed(&host, TEXT("+OK\r\nTOP\r\nbad\nx")), EPOP_ERR_PEER_LINE_END);
    expect_info(EPOP_ERR_PEER_LINE_END, 11 + 5 + 5 + 4, EPOP_PHASE_AUTHORIZATION, EPOP_CMD_CAPA, 0);

    client_reach(&host, IN_TLS_UP);
    expect_info(EPOP_OK, 0, EPOP_PHASE_AUTHORIZATION, 0, 0); /* counted from TLS on */
    assert_int_equal(client_feed(&host, TEXT("x")), EPOP_ERR_PEER_UNSOLICITED);
    expect_info(EPOP_ERR_PEER_UNSOLICITED, 0, EPOP_PHASE_AUTHORIZATION, 0, 0);

    client_reach(&host, IN_BODY);
    assert_int_equal(epop_client_eof(c), EPOP_ERR_PEER_EOF);
    /* greeting 11, CAPA 6, USER 5, PASS 5, RETR 17, body 13 */
    expect_info(EPOP_ERR_PEER_EOF, 57, EPOP_PHASE_TRANSACTION, EPOP_CMD_RETR, 7);

    client_reach(&host, IN_QUIT_SENT);
    assert_int_equal(epop_client_timeout(c), EPOP_ERR_PEER_QUIT_UNKNOWN);
    expect_info(EPOP_ERR_PEER_QUIT_UNKNOWN, 27, EPOP_PHASE_UPDATE, EPOP_CMD_QUIT, 0);

    client_reach(&host, IN_TLS_AGREED);
    assert_int_equal(client_feed(&host, TEXT("+OK\r\n")), EPOP_ERR_PEER_PLAINTEXT);
    expect_info(EPOP_ERR_PEER_PLAINTEXT, 16, EPOP_PHASE_AUTHORIZATION, 0, 0);
}

/* A slot that has served is no command that is being answered. */
static void error_info_when_idle(void **data)
{
    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.config.slot_count = 1;
    client_log_in(&host, NULL);
    assert_int_equal(epop_client_dele(c, 7, 1), EPOP_OK);
    client_says(&host, "DELE 7\r\n");
    expect_info(EPOP_OK, 27, EPOP_PHASE_TRANSACTION, EPOP_CMD_DELE, 7);
    client_hears(&host, "+OK\r\n");
    expect_info(EPOP_OK, 32, EPOP_PHASE_TRANSACTION, 0, 0);
}

/* lib/client/peers.def: known by a word of the greeting, or else of IMPLEMENTATION. */
static void traits(void **data)
{
    static const struct {
        const char *words;
        uint32_t traits;
    } peers[] = {
        {"Maillennium V05.00c++", EPOP_TRAIT_TOP_CUTS},
        {"the courier mail server", EPOP_TRAIT_RENUMBERS},
        {"WILDDUCK", EPOP_TRAIT_RENUMBERS},
        {"The Microsoft Exchange POP3 service is ready.", EPOP_TRAIT_SIZES_LIE | EPOP_TRAIT_SHORT_IDLE},
        {"Gpop ready", EPOP_TRAIT_FETCH_HIDES},
        {"HP OpenMail POP3", EPOP_TRAIT_SIZES_LIE | EPOP_TRAIT_TOP_CUTS},
        {"Qpopper at x", EPOP_TRAIT_APOP_BROKEN},
        {"qpo p", 0},
        {"Dovecot ready.", 0},
        {"", 0},
    };
    size_t i;

    (void)data;
    for (i = 0; i < 2 * COUNT(peers); i++) {
        const char *words = peers[i / 2].words;
        record line = {NULL, 0, 0};
        client_prepare(&host, 0);
        client_init(&host);
        record_add(&line, "+OK %s\r\n", i % 2 ? "" : words);
        client_hears(&host, line.text);
        assert_int_equal(epop_client_traits(c), i % 2 ? 0 : peers[i / 2].traits);
        record_clear(&line);
        record_add(&line, "+OK\r\nX %s\r\nIMPLEMENTATION %s\r\n.\r\n", words, i % 2 ? words : "Gpop");
        assert_int_equal(epop_client_capa(c, 1), EPOP_OK);
        client_says(&host, "CAPA\r\n");
        client_hears(&host, line.text);
        assert_int_equal(epop_client_traits(c),
                         peers[i / 2].traits > 0 || i % 2 ? peers[i / 2].traits : (uint32_t)EPOP_TRAIT_FETCH_HIDES);
        record_free(&line);
    }
}

/* QUIT without an answer: what became of the deletions is unknown, where there can have been any. */
static void quit_unknown(void **data)
{
    size_t sent;

    (void)data;
    for (sent = 0; sent <= 6; sent++) {
        client_reach(&host, IN_QUIT_UNSENT);
        assert_int_equal(epop_client_output_ack(c, sent), EPOP_OK);
        assert_int_equal(epop_client_eof(c), sent == 6 ? EPOP_ERR_PEER_QUIT_UNKNOWN : EPOP_ERR_PEER_EOF);
    }
    client_begin(&host, 0); /* before login there is nothing to delete */
    assert_int_equal(epop_client_quit(c, 1), EPOP_OK);
    client_says(&host, "QUIT\r\n");
    assert_int_equal(epop_client_eof(c), EPOP_ERR_PEER_EOF);
    client_reach(&host, IN_QUIT_SENT); /* an answer that is cut is none */
    client_hears(&host, "+OK");
    assert_int_equal(epop_client_eof(c), EPOP_ERR_PEER_QUIT_UNKNOWN);
    client_is_dead(&host, EPOP_ERR_PEER_QUIT_UNKNOWN);
}

static int finish(void **data)
{
    (void)data;
    client_end(&host);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_refused),      cmocka_unit_test(null_to_every_command),
        cmocka_unit_test(null_to_every_getter), cmocka_unit_test(struct_sizes),
        cmocka_unit_test(config_errors),        cmocka_unit_test(times),
        cmocka_unit_test(without_callbacks),    cmocka_unit_test(a_callback_aborts),
        cmocka_unit_test(a_callback_pauses),    cmocka_unit_test(a_callback_reenters),
        cmocka_unit_test(error_info),           cmocka_unit_test(quit_unknown),
        cmocka_unit_test(error_info_when_idle), cmocka_unit_test(traits),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
