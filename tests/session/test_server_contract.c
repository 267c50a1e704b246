/* The server's contract with its host: pointers, struct sizes, callbacks, secrets, errors.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server_states.h"
#include "struct_size.h"

static server_host host;

static epop_server *const s = &host.server;

/* ---------------------------------------------------------------------------------------------------------------------
 * NULL
 */

static void null_is_refused(void **data)
{
    epop_error_info info;
    epop_maildrop maildrop;
    epop_reply reply;
    size_t used = 1;

    (void)data;
    server_begin(&host, 0);
    maildrop = server_maildrop(&host);
    memset(&reply, 0, sizeof reply);
    reply.struct_size = sizeof reply;
    info.struct_size = sizeof info;
    assert_int_equal(epop_server_init(NULL, sizeof host.server, &host.config), EPOP_ERR_NULL);
    assert_int_equal(epop_server_init(s, sizeof host.server, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_server_feed(NULL, TEXT("x"), &used), EPOP_ERR_NULL);
    assert_int_equal(epop_server_feed(s, NULL, 1, &used), EPOP_ERR_NULL);
    assert_int_equal(epop_server_feed(s, TEXT("x"), NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_server_feed(s, NULL, 0, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_server_eof(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_server_timeout(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_server_output_ack(NULL, 0), EPOP_ERR_NULL);
    assert_int_equal(epop_server_tls_started(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_server_error_info(NULL, &info), EPOP_ERR_NULL);
    assert_int_equal(epop_server_error_info(s, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_server_accept(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_server_refuse(NULL, 0, NULL, 0), EPOP_ERR_NULL);
    assert_int_equal(epop_server_opened(NULL, &maildrop), EPOP_ERR_NULL);
    assert_int_equal(epop_server_message_info(NULL, 1, TEXT("x")), EPOP_ERR_NULL);
    assert_int_equal(epop_server_reply(NULL, &reply, EPOP_SHAPE_SINGLE), EPOP_ERR_NULL);
    assert_int_equal(epop_server_body(NULL, TEXT("x"), &used), EPOP_ERR_NULL);
    assert_int_equal(epop_server_body_end(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_server_body_fail(NULL), EPOP_ERR_NULL);
}

static void null_where_it_is_asked_for(void **data)
{
    epop_server before;
    size_t used = 1;

    (void)data;
    server_reach(&host, IN_OPEN_ASKED);
    before = host.server;
    assert_int_equal(epop_server_opened(s, NULL), EPOP_ERR_NULL);
    assert_memory_equal(&host.server, &before, sizeof before);
    server_reach(&host, IN_COMMAND_ASKED);
    before = host.server;
    assert_int_equal(epop_server_reply(s, NULL, EPOP_SHAPE_SINGLE), EPOP_ERR_NULL);
    assert_memory_equal(&host.server, &before, sizeof before);
    server_reach(&host, IN_BODY);
    before = host.server;
    assert_int_equal(epop_server_body(s, NULL, 1, &used), EPOP_ERR_NULL);
    assert_int_equal(used, 0);
    assert_int_equal(epop_server_body(s, TEXT("x"), NULL), EPOP_ERR_NULL);
    assert_memory_equal(&host.server, &before, sizeof before);
    server_reach(&host, IN_AUTH_ASKED);
    assert_int_equal(epop_server_refuse(s, EPOP_CODE_NONE, NULL, 5), EPOP_OK); /* NULL: the session's own words */
    server_says(&host, "-ERR *\r\n");
}

static void null_to_every_getter(void **data)
{
    size_t len = 1;

    (void)data;
    assert_null(epop_server_output(NULL, &len));
    assert_int_equal(len, 0);
    server_reach(&host, IN_REFUSED);
    assert_null(epop_server_output(s, NULL));
    assert_int_equal(epop_server_wants(NULL), EPOP_WANT_CLOSE);
    assert_int_equal(epop_server_phase(NULL), EPOP_PHASE_ENDED);
    assert_int_equal(epop_server_deadline(NULL), 0);
    assert_int_equal(epop_server_login_deadline(NULL), 0);
    assert_int_equal(epop_server_is_deleted(NULL, 1), 0);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Struct sizes
 */

static int32_t init_with(const epop_server_config *config)
{
    return epop_server_init(s, sizeof host.server, config);
}

static int32_t init_with_callbacks(const epop_server_callbacks *callbacks)
{
    host.config.callbacks = callbacks;
    return init_with(&host.config);
}

static int32_t opened_anew(epop_maildrop *maildrop)
{
    uint32_t size = maildrop->struct_size;

    server_reach(&host, IN_OPEN_ASKED);
    *maildrop = server_maildrop(&host);
    maildrop->struct_size = size;
    return epop_server_opened(s, maildrop);
}

static int32_t replied_anew(const epop_reply *reply)
{
    server_reach(&host, IN_COMMAND_ASKED);
    return epop_server_reply(s, reply, EPOP_SHAPE_SINGLE);
}

static void prepared(void)
{
    server_prepare(&host, 0);
    host.out = malloc(EPOP_SERVER_OUTPUT_MIN);
    host.config.output_buffer = host.out;
}

static void struct_sizes(void **data)
{
    epop_maildrop maildrop;
    epop_reply reply;
    uint32_t size;

    (void)data;
    prepared();
    assert_int_equal(epop_server_sizeof(), sizeof(epop_server));
    assert_int_equal(epop_server_init(s, sizeof host.server - 1, &host.config), EPOP_ERR_STRUCT_SIZE);
    assert_int_equal(epop_server_init(s, 0, &host.config), EPOP_ERR_STRUCT_SIZE);
    assert_int_equal(epop_server_init(s, sizeof host.server + 64, &host.config), EPOP_OK);
    STRUCT_SIZE_LAW(epop_server_config, host.config, init_with(it), EPOP_OK);
    STRUCT_SIZE_LAW(epop_server_callbacks, host.callbacks, init_with_callbacks(it), EPOP_OK);
    STRUCT_SIZE_LAW(epop_error_info, (epop_error_info){0}, epop_server_error_info(s, it), EPOP_OK);
    memset(&reply, 0, sizeof reply);
    reply.status = EPOP_STATUS_OK;
    STRUCT_SIZE_LAW(epop_reply, reply, replied_anew(it), EPOP_OK);
    for (size = 0; size <= sizeof maildrop + 8; size++) {
        maildrop.struct_size = size;
        assert_int_equal(opened_anew(&maildrop), size < sizeof maildrop ? EPOP_ERR_STRUCT_SIZE : EPOP_OK);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Callbacks
 */

/* A dialogue in which every kind of question comes. */
static int32_t dialogue(void)
{
    static const char text[] = "XFOO\r\nUSER joe\r\nPASS x\r\nLIST\r\nRETR 1\r\nQUIT\r\n";
    const char *at = text;
    size_t len = sizeof text - 1;
    uint32_t turns = 0;
    int32_t result = EPOP_OK;

    while (result >= 0 && (epop_server_wants(s) & (EPOP_WANT_CLOSE | EPOP_WANT_DRAIN)) != EPOP_WANT_CLOSE) {
        uint32_t wants = epop_server_wants(s);
        size_t used = 0;
        assert_true(++turns < 1000);
        if (wants & EPOP_WANT_BODY) {
            result = epop_server_body(s, TEXT("A: 1\n"), &used);
            result = result == EPOP_OK ? epop_server_body_end(s) : result;
            assert_int_equal(result, EPOP_OK);
        } else if (wants & EPOP_WANT_DRAIN) {
            const uint8_t *octets = epop_server_output(s, &used);
            record_octets(&host.said, octets, used);
            result = epop_server_output_ack(s, used);
        } else {
            result = epop_server_feed(s, at, wants & EPOP_WANT_RESUME ? 0 : len, &used);
            at += used;
            len -= used;
        }
    }
    return result < 0 ? result : EPOP_OK;
}

static void start_dialogue(uint32_t kind, int32_t returned)
{
    server_prepare(&host, EPOP_SERVER_ALLOW_CLEARTEXT);
    host.callbacks.on_trace = server_on_trace;
    host.show_info = 1;
    server_init(&host);
    host.stop_kind = kind;
    host.stop_result = returned;
}

static const uint32_t kinds[] = {EPOP_EVENT_AUTH,   EPOP_EVENT_OPEN,    EPOP_EVENT_MESSAGE_INFO, EPOP_EVENT_SEND,
                                 EPOP_EVENT_COMMIT, EPOP_EVENT_COMMAND, EPOP_EVENT_TRACE};

static uint32_t is_absent(uint32_t kind)
{
#ifdef EPOP_NO_TRACE
    return kind == EPOP_EVENT_TRACE;
#else
    (void)kind;
    return 0;
#endif
}

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
        server_is_dead(&host, values[i % COUNT(values)]);
        info.struct_size = sizeof info;
        assert_int_equal(epop_server_error_info(s, &info), EPOP_OK);
        assert_int_equal(info.callback, kind);
    }
}

/* A pause changes nothing but the moment: the same events in the same order, the same octets out. */
static void a_callback_pauses(void **data)
{
    record events = {NULL, 0, 0};
    record octets = {NULL, 0, 0};
    size_t i;

    (void)data;
    start_dialogue(0, 0);
    assert_int_equal(dialogue(), EPOP_OK);
    record_add(&events, "%s", record_text(&host.log));
    record_octets(&octets, host.said.text, host.said.len);
    assert_true(octets.len > 100);
    for (i = 0; i < COUNT(kinds); i++) {
        start_dialogue(kinds[i], EPOP_PAUSE);
        assert_int_equal(dialogue(), EPOP_OK);
        assert_string_equal(record_text(&host.log), events.text);
        assert_string_equal(record_text(&host.said), octets.text);
    }
    record_free(&events);
    record_free(&octets);
}

static uint64_t reentered;

static void call_what_is_forbidden(server_host *h, uint32_t kind)
{
    epop_server before = h->server;
    epop_error_info info;
    size_t used = 1;

    reentered |= UINT64_C(1) << kind;
    assert_int_equal(epop_server_feed(&h->server, TEXT("NOOP\r\n"), &used), EPOP_ERR_REENTRANT);
    assert_int_equal(used, 0);
    assert_int_equal(epop_server_feed(&h->server, NULL, 0, &used), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_server_eof(&h->server), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_server_timeout(&h->server), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_server_output_ack(&h->server, 0), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_server_output_ack(&h->server, 1), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_server_tls_started(&h->server), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_server_body(&h->server, TEXT("x"), &used), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_server_body_end(&h->server), EPOP_ERR_REENTRANT);
    assert_int_equal(epop_server_body_fail(&h->server), EPOP_ERR_REENTRANT);
    if (kind != EPOP_EVENT_MESSAGE_INFO) {
        assert_int_equal(epop_server_message_info(&h->server, 1, TEXT("x")), EPOP_ERR_NOT_ASKED);
    }
    assert_memory_equal(&h->server, &before, sizeof before);
    info.struct_size = sizeof info;
    assert_int_equal(epop_server_error_info(&h->server, &info), EPOP_OK);
    (void)epop_server_wants(&h->server);
    (void)epop_server_is_deleted(&h->server, 1);
    assert_memory_equal(&h->server, &before, sizeof before);
}

static void a_callback_reenters(void **data)
{
    uint64_t expected = 0;
    size_t i;

    (void)data;
    start_dialogue(0, 0);
    reentered = 0;
    host.act = call_what_is_forbidden;
    assert_int_equal(dialogue(), EPOP_OK);
    for (i = 0; i < COUNT(kinds); i++) {
        expected |= is_absent(kinds[i]) ? 0 : UINT64_C(1) << kinds[i];
    }
    assert_true(reentered == expected);
}

/* Every line that goes over the wire, bodies and listings apart, and no password. */
static void traces(void **data)
{
    (void)data;
    server_prepare(&host, EPOP_SERVER_ALLOW_CLEARTEXT);
    host.callbacks.on_trace = server_on_trace;
    server_init(&host);
    server_says(&host, "+OK *\r\n");
    server_hears(&host, "USER joe\r\nPASS x y\r\nAPOP joe 0123\r\nAUTH PLAIN AGpvZQ==\r\nAUTH AGpvZQ==\r\nLIST "
                        "1\r\nLIST\r\npass z\r\n\r\n");
    server_drain(&host);
    server_saw(&host, "> +OK *\n< USER joe\n> +OK *\n< PASS redacted\nauth joe x y\nopen joe\n> +OK *\n"
                      "< APOP redacted\n> -ERR *\n< AUTH PLAIN redacted\n> -ERR *\n"
                      "< AUTH redacted\n> -ERR *\n< LIST 1\n> +OK 1 13\n< LIST\n> +OK *\n"
                      "< pass redacted\n> -ERR *\n< \n> -ERR *\n");
}

/* All members may be NULL: questions are refused, and the session stays in step. */
static void without_callbacks(void **data)
{
    epop_server_callbacks none;

    (void)data;
    server_prepare(&host, EPOP_SERVER_ALLOW_CLEARTEXT);
    memset(&none, 0, sizeof none);
    none.struct_size = sizeof none;
    host.callbacks = none;
    server_init(&host);
    server_says(&host, "+OK *\r\n");
    server_talk(&host, "XFOO\r\n", "-ERR *\r\n");
    server_talk(&host, "USER joe\r\n", "+OK *\r\n");
    server_talk(&host, "PASS x\r\n", "-ERR *\r\n");
    assert_int_equal(epop_server_phase(s), EPOP_PHASE_AUTHORIZATION);

    server_enter(&host, 0);
    host.callbacks = none;
    server_talk(&host, "STAT\r\n", "+OK 3 49\r\n");
    server_talk(&host, "LIST\r\n", "+OK *\r\n.\r\n");
    server_talk(&host, "UIDL 1\r\nRETR 1\r\nTOP 1 1\r\nDELE 1\r\nXFOO\r\n",
                "-ERR *\r\n-ERR *\r\n-ERR *\r\n-ERR *\r\n-ERR *\r\n");
    server_talk(&host, "QUIT\r\n", "-ERR *\r\n"); /* nobody can delete anything: that is the truth */
    assert_int_equal(epop_server_wants(s), EPOP_WANT_CLOSE);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Secrets and errors
 */

static uint32_t remembered(const char *secret)
{
    size_t len = strlen(secret);
    size_t i;

    for (i = 0; i + len <= sizeof host.server; i++) {
        if (memcmp((const uint8_t *)s + i, secret, len) == 0) {
            return 1;
        }
    }
    for (i = 0; i + len <= sizeof host.line; i++) {
        if (memcmp(host.line + i, secret, len) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Law 6: wiped when the question has been put, or when the session dies in the middle of the line. */
static void passwords_are_wiped(void **data)
{
    static const char line[] = "PASS Geheimnis-1\r\n";
    size_t cut;
    size_t used;

    (void)data;
    for (cut = 0; cut < 2 * sizeof line - 2; cut++) {
        size_t first = cut / 2;
        server_reach(&host, IN_AFTER_USER);
        host.callbacks.on_trace = server_on_trace;
        assert_int_equal(server_feed(&host, line, first, &used), EPOP_OK);
        if (cut % 2 == 0) {
            assert_int_equal(epop_server_timeout(s), EPOP_ERR_PEER_TIMEOUT);
        } else {
            assert_int_equal(server_feed(&host, line + first, sizeof line - 1 - first, &used), EPOP_OK);
            server_saw(&host, "< PASS redacted\nauth joe Geheimnis-1\n");
        }
        assert_false(remembered("Geheimnis-1"));
        assert_false(remembered("Geheim"));
    }
}

static void expect_info(int32_t code, uint64_t offset, uint32_t phase, uint32_t command)
{
    epop_error_info info;

    memset(&info, 0xA5, sizeof info);
    info.struct_size = sizeof info;
    assert_int_equal(epop_server_error_info(s, &info), EPOP_OK);
    assert_int_equal(info.code, code);
    assert_int_equal(info.offset, offset);
    assert_int_equal(info.phase, phase);
    assert_int_equal(info.command, command);
    assert_int_equal(info.callback, 0);
    assert_int_equal(info.number, 0);
}

static void error_info(void **data)
{
    size_t used;

    (void)data;
    server_enter(&host, 0); /* "USER joe", "PASS secret" and CRLFs: 23 octets */
    server_talk(&host, "NOOP\r\n", "+OK *\r\n");
    expect_info(EPOP_OK, 29, EPOP_PHASE_TRANSACTION, EPOP_CMD_NOOP);
    assert_int_equal(server_feed(&host, TEXT("LIST\nNOOP\r\n"), &used), EPOP_ERR_PEER_LINE_END);
    expect_info(EPOP_ERR_PEER_LINE_END, 34, EPOP_PHASE_TRANSACTION, 0);
    server_reach(&host, IN_TLS_UP);
    assert_int_equal(epop_server_eof(s), EPOP_ERR_PEER_EOF);
    expect_info(EPOP_ERR_PEER_EOF, 0, EPOP_PHASE_AUTHORIZATION, EPOP_CMD_STLS);
    server_reach(&host, IN_TLS_WANTED);
    assert_int_equal(server_feed(&host, TEXT("x"), &used), EPOP_ERR_PEER_PLAINTEXT);
    expect_info(EPOP_ERR_PEER_PLAINTEXT, 6, EPOP_PHASE_AUTHORIZATION, EPOP_CMD_STLS);
}

/* An endless line is not read for ever, and a long one is one bad command. */
static void long_lines(void **data)
{
    static char text[EPOP_LINE_LENGTH_MAX + 100];
    size_t used;

    (void)data;
    server_begin(&host, 0);
    memset(text, 'x', sizeof text);
    server_talk(&host, "CAPA\r\n", "+OK *\r\n*\r\n*\r\n*\r\n*\r\n*\r\n.\r\n");
    assert_int_equal(server_feed(&host, text, EPOP_LINE_LENGTH_MAX, &used), EPOP_OK);
    server_talk(&host, "\r\n", "-ERR *\r\n");
    server_saw(&host, "");
    server_talk(&host, "CAPA\r\n", "+OK *\r\n*\r\n*\r\n*\r\n*\r\n*\r\n.\r\n");
    assert_int_equal(server_feed(&host, text, sizeof text, &used), EPOP_ERR_LIMIT_LINE);
    assert_true(used <= EPOP_LINE_LENGTH_MAX + 2);
    server_is_dead(&host, EPOP_ERR_LIMIT_LINE);
    server_says(&host, "-ERR *\r\n");
}

static int finish(void **data)
{
    (void)data;
    server_end(&host);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_refused),
        cmocka_unit_test(null_where_it_is_asked_for),
        cmocka_unit_test(null_to_every_getter),
        cmocka_unit_test(struct_sizes),
        cmocka_unit_test(a_callback_aborts),
        cmocka_unit_test(a_callback_pauses),
        cmocka_unit_test(traces),
        cmocka_unit_test(a_callback_reenters),
        cmocka_unit_test(without_callbacks),
        cmocka_unit_test(passwords_are_wiped),
        cmocka_unit_test(error_info),
        cmocka_unit_test(long_lines),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
