/* The server's mail: bodies and TOP against a plain reading of RFC 1939, numbers, sizes, deletions, LAST.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * EPOP_TEST_LONG=1 runs a hundred times as many random messages.
 */
#include "reference.h"
#include "server_states.h"

static server_host host;

static epop_server *const s = &host.server;

/* ---------------------------------------------------------------------------------------------------------------------
 * Bodies
 */

/* Pushes in pieces of random size, and sips the output. */
static void push_randomly(const char *text, size_t len, uint32_t *seed)
{
    size_t at = 0;
    int32_t result = EPOP_OK;

    while (result != EPOP_END && at < len) {
        size_t n = 1 + random_below(seed, random_below(seed, 4) == 0 ? 900 : 9);
        size_t used;
        uint8_t *copy;
        n = n < len - at ? n : len - at;
        copy = exact_copy(text + at, n);
        result = epop_server_body(s, copy, n, &used);
        free(copy);
        assert_true(used <= n);
        assert_true(result == EPOP_END || result == (used == n ? EPOP_OK : EPOP_FULL));
        at += used;
        if (result == EPOP_FULL || random_below(seed, 20) == 0) {
            size_t pending;
            const uint8_t *octets = epop_server_output(s, &pending);
            size_t sip = octets ? 1 + random_below(seed, (uint32_t)pending) : 0;
            record_octets(&host.said, octets, sip);
            assert_int_equal(epop_server_output_ack(s, sip), EPOP_OK);
        }
    }
    while ((result = epop_server_body_end(s)) == EPOP_FULL) {
        server_drain(&host);
    }
    assert_int_equal(result, EPOP_OK);
}

static void check_message(const char *text, size_t len, uint32_t is_top, uint32_t lines, uint32_t seed)
{
    record expected = {NULL, 0, 0};
    record command = {NULL, 0, 0};

    host.send = YES;
    record_add(&command, is_top ? "TOP 1 %u\r\n" : "RETR 1\r\n", (unsigned)lines);
    server_hears(&host, command.text);
    server_says(&host, "+OK *\r\n");
    push_randomly(text, len, &seed);
    server_drain(&host);
    reference_message(&expected, text, len, is_top ? lines : REFERENCE_ALL, 1);
    if (host.said.len != expected.len || memcmp(host.said.text, expected.text, expected.len) != 0) {
        epop_span span;
        record shown = {NULL, 0, 0};
        span.ptr = (const uint8_t *)text;
        span.len = len;
        record_shown(&shown, span);
        print_error("%s of %s:\nexpected\n%s\ngot\n%s\n", command.text, shown.text, expected.text, host.said.text);
        fail();
    }
    record_clear(&host.said);
    record_free(&expected);
    record_free(&command);
}

static const struct {
    const char *text;
    size_t len;
} messages[] = {
    {TEXT("")},
    {TEXT(".")},
    {TEXT("\n")},
    {TEXT("\r")},
    {TEXT("\r\n")},
    {TEXT("\n\n")},
    {TEXT("\r\r\n")},
    {TEXT("\n\r")},
    {TEXT("..\n.\n..")},
    {TEXT("A: 1")},
    {TEXT("A: 1\r\n")},
    {TEXT("A: 1\n\n")},
    {TEXT("A: 1\r\n\r\n.\r\n")},
    {TEXT("A: 1\n\nx")},
    {TEXT("A: 1\n\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n")},
    {TEXT("A: 1\r\r1\r2\r3\r")},
    {TEXT("A: 1\r\n\r\n1\r\n\r\n\r\n\r\n5\r\n")},
    {TEXT("A: 1\n \n\nx\n")},
    {TEXT("\n.1\n.2\n.3\n")},
    {TEXT("\0\n\n\0\n\xff")},
    {TEXT("A: 1\r\n\r\none\r\n.\r\ntwo\n.\nthree\r.\rfour")},
};

static void every_message_every_top(void **data)
{
    static const uint32_t lines[] = {0, 1, 2, 3, 11, 12, 13, 4294967295u};
    size_t i;
    size_t k;

    (void)data;
    server_enter(&host, 0);
    for (i = 0; i < COUNT(messages); i++) {
        for (k = 0; k <= COUNT(lines); k++) {
            uint32_t seed = (uint32_t)(i * 31 + k + 1);
            check_message(messages[i].text, messages[i].len, k > 0, k > 0 ? lines[k - 1] : 0, seed);
        }
    }
}

static void random_messages(void **data)
{
    static const char alphabet[] = "\r\n.\r\n.ab\0\xe9\n";
    uint32_t turns = getenv("EPOP_TEST_LONG") ? 500000 : 5000;
    uint32_t seed = 4711;
    uint32_t i;
    static char text[3000];

    (void)data;
    server_enter(&host, 0);
    for (i = 0; i < turns; i++) {
        size_t len = random_below(&seed, i % 50 == 0 ? sizeof text : 40);
        size_t k;
        for (k = 0; k < len; k++) {
            text[k] = alphabet[random_below(&seed, sizeof alphabet - 1)];
        }
        check_message(text, len, i % 2, random_below(&seed, 12), seed);
    }
}

/* EPOP_END says that TOP needs no more, as often as more is offered. */
static void top_needs_no_more(void **data)
{
    size_t used;

    (void)data;
    server_enter(&host, 0);
    host.send = YES;
    server_talk(&host, "TOP 1 1\r\n", "+OK *\r\n");
    assert_int_equal(epop_server_body(s, TEXT("A: 1\n\none\ntwo\n"), &used), EPOP_END);
    assert_int_equal(used, 10);
    assert_int_equal(epop_server_body(s, TEXT("two\n"), &used), EPOP_END);
    assert_int_equal(used, 0);
    assert_int_equal(epop_server_body_end(s), EPOP_OK);
    server_says(&host, "A: 1\r\n\r\none\r\n.\r\n");
    assert_int_equal(epop_server_body(s, TEXT("x"), &used), EPOP_ERR_PHASE);
}

/* Law 4: the output never holds more than it can, and what does not fit is not taken. */
static void a_full_output(void **data)
{
    static char text[1000];
    size_t used;
    size_t len;

    (void)data;
    memset(text, 'a', sizeof text);
    server_reach(&host, IN_BODY);
    assert_int_equal(epop_server_body(s, text, sizeof text, &used), EPOP_FULL);
    (void)epop_server_output(s, &len);
    assert_int_equal(len, EPOP_SERVER_OUTPUT_MIN);
    assert_true(used < sizeof text);
    assert_int_equal(epop_server_wants(s), EPOP_WANT_DRAIN);
    assert_int_equal(epop_server_body(s, text, 1, &used), EPOP_FULL);
    assert_int_equal(used, 0);
    assert_int_equal(epop_server_body(s, text, 0, &used), EPOP_OK);
    assert_int_equal(epop_server_body_end(s), EPOP_FULL);
    assert_int_equal(epop_server_output_ack(s, 4), EPOP_OK);
    assert_int_equal(epop_server_body_end(s), EPOP_FULL); /* CRLF "." CRLF are 5 */
    assert_int_equal(epop_server_output_ack(s, 1), EPOP_OK);
    assert_int_equal(epop_server_body_end(s), EPOP_OK);
    assert_int_equal(epop_server_wants(s), EPOP_WANT_DRAIN);
}

/* What was sent of a body that fails is not made to look whole. */
static void body_fail(void **data)
{
    size_t used;

    (void)data;
    server_reach(&host, IN_BODY);
    assert_int_equal(epop_server_body(s, TEXT("half a li"), &used), EPOP_OK);
    assert_int_equal(epop_server_body_fail(s), EPOP_OK);
    server_is_dead(&host, EPOP_ERR_ABORTED);
    server_says(&host, "+OK *\r\nhalf a li");
    assert_int_equal(epop_server_body_fail(s), EPOP_ERR_ABORTED);
    assert_int_equal(epop_server_body(s, TEXT("x"), &used), EPOP_ERR_ABORTED);
    server_saw(&host, "");
}

/* The body that follows a command of the host's own is stuffed and ended like any other. */
static void body_of_a_command(void **data)
{
    static const epop_reply none;
    epop_reply reply = none;

    (void)data;
    server_reach(&host, IN_COMMAND_ASKED);
    reply.struct_size = sizeof reply;
    reply.status = EPOP_STATUS_OK;
    assert_int_equal(epop_server_reply(s, &reply, EPOP_SHAPE_ROWS), EPOP_OK);
    server_push(&host, "A: 1\n\n.one\ntwo");
    server_says(&host, "+OK \r\nA: 1\r\n\r\n..one\r\ntwo\r\n.\r\n");
    server_talk(&host, "STAT\r\n", "+OK 2 30\r\n");
}

/* A host may take its time between the answer and the body; a pause behind the answer makes no difference. */
static void a_pause_behind_accept(void **data)
{
    uint32_t turns = 0;
    uint32_t pushed = 0;
    size_t used;

    (void)data;
    server_enter(&host, 0);
    host.stop_kind = EPOP_EVENT_SEND;
    host.stop_result = EPOP_PAUSE;
    assert_int_equal(server_feed(&host, TEXT("RETR 1\r\n"), &used), EPOP_PAUSED);
    while (pushed < 2) { /* the loop of server.h, word by word */
        uint32_t wants = epop_server_wants(s);
        assert_true(++turns < 10);
        if (wants & EPOP_WANT_BODY) {
            assert_string_equal(
                result_name(pushed++ == 0 ? epop_server_body(s, TEXT("x"), &used) : epop_server_body_end(s)), "OK");
        } else if (wants & EPOP_WANT_DRAIN) {
            server_drain(&host);
        } else if (wants & EPOP_WANT_FEED) {
            assert_int_equal(epop_server_feed(s, NULL, 0, &used), EPOP_OK);
        }
    }
    server_says(&host, "+OK *\r\nx\r\n.\r\n");
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Numbers
 */

/* RFC 1939 section 5, and RFC 1460 for LAST: numbers stay, what is marked is not counted, RSET undoes it. */
static void a_session(void **data)
{
    (void)data;
    server_enter(&host, EPOP_SERVER_LAST);
    server_talk(&host, "STAT\r\nLAST\r\n", "+OK 3 49\r\n+OK 0\r\n");
    server_talk(&host, "LIST\r\n", "+OK *\r\n1 13\r\n2 19\r\n3 17\r\n.\r\n");
    server_talk(&host, "UIDL\r\n", "+OK *\r\n1 id-1\r\n2 id-2\r\n3 id-3\r\n.\r\n");
    host.send = YES;
    server_talk(&host, "RETR 2\r\n", "+OK *\r\n");
    server_push(&host, host.messages[1].text);
    server_says(&host, "B: 2\r\n\r\ntwo\r\n..dot\r\n.\r\n");
    server_talk(&host, "LAST\r\n", "+OK 2\r\n");
    server_talk(&host, "DELE 1\r\nLAST\r\n", "+OK *\r\n+OK 2\r\n");
    server_talk(&host, "DELE 3\r\nLAST\r\n", "+OK *\r\n+OK 3\r\n");
    server_talk(&host, "STAT\r\n", "+OK 1 19\r\n");
    server_talk(&host, "LIST\r\nUIDL\r\n", "+OK *\r\n2 19\r\n.\r\n+OK *\r\n2 id-2\r\n.\r\n");
    server_talk(&host, "LIST 1\r\nUIDL 1\r\nRETR 1\r\nTOP 1 0\r\nDELE 1\r\n",
                "-ERR *\r\n-ERR *\r\n-ERR *\r\n-ERR *\r\n-ERR *\r\n");
    server_talk(&host, "RSET\r\nSTAT\r\nLAST\r\n", "+OK *\r\n+OK 3 49\r\n+OK 0\r\n");
    server_talk(&host, "DELE 2\r\nQUIT\r\n", "+OK *\r\n+OK *\r\n");
    server_saw(&host, "send RETR 2\ncommit 1\n");
    assert_int_equal(epop_server_is_deleted(s, 2), 1);
    assert_int_equal(epop_server_is_deleted(s, 1), 0);
}

static void an_empty_maildrop(void **data)
{
    epop_maildrop maildrop;

    (void)data;
    server_reach(&host, IN_OPEN_ASKED);
    maildrop = server_maildrop(&host);
    maildrop.count = 0;
    maildrop.octets = 0;
    maildrop.deleted = NULL;
    maildrop.deleted_size = 0;
    assert_int_equal(epop_server_opened(s, &maildrop), EPOP_OK);
    server_talk(&host, "STAT\r\nLIST\r\nUIDL\r\n", "+OK *\r\n+OK 0 0\r\n+OK *\r\n.\r\n+OK *\r\n.\r\n");
    server_talk(&host, "RETR 1\r\nDELE 1\r\nTOP 1 1\r\nRSET\r\n", "-ERR *\r\n-ERR *\r\n-ERR *\r\n+OK *\r\n");
    host.commit = YES;
    server_talk(&host, "QUIT\r\n", "+OK *\r\n");
    server_saw(&host, "commit 0\n"); /* asked even where nothing is marked: the maildrop is to be released */
}

/* Law 5: however else a session ends, on_commit does not come. */
static void no_commit_without_quit(void **data)
{
    static const uint32_t states[] = {IN_TRANSACTION, IN_SEND_ASKED, IN_BODY, IN_COMMAND_ASKED, IN_LISTING};
    size_t i;
    size_t used;

    (void)data;
    for (i = 0; i < 3 * COUNT(states); i++) {
        server_reach(&host, states[i / 3]);
        if (i % 3 == 0) {
            (void)epop_server_eof(s);
        } else if (i % 3 == 1) {
            (void)epop_server_timeout(s);
        } else {
            (void)server_feed(&host, TEXT("QUIT\n"), &used);
        }
        server_saw(&host, "");
    }
    server_begin(&host, 0);
    server_talk(&host, "QUIT\r\n", "+OK *\r\n");
    server_saw(&host, "");
}

/* A commit that fails is told as it is, and ends the session all the same. */
static void a_commit_that_fails(void **data)
{
    (void)data;
    server_reach(&host, IN_COMMIT_ASKED);
    assert_int_equal(epop_server_refuse(s, EPOP_CODE_SYS_TEMP, NULL, 0), EPOP_OK);
    server_says(&host, "-ERR [SYS/TEMP] *\r\n");
    assert_int_equal(epop_server_wants(s), EPOP_WANT_CLOSE);
    assert_int_equal(epop_server_eof(s), EPOP_OK);
    server_reach(&host, IN_COMMIT_ASKED); /* the line is gone before the answer: it stays the host's to finish */
    assert_int_equal(epop_server_eof(s), EPOP_ERR_PEER_EOF);
    server_is_dead(&host, EPOP_ERR_PEER_EOF);
}

/* A message that on_message_info knows nothing of is gone. */
static void vanished(void **data)
{
    (void)data;
    server_enter(&host, 0);
    host.vanished = 2;
    server_talk(&host, "LIST\r\nUIDL\r\n", "+OK *\r\n1 13\r\n3 17\r\n.\r\n+OK *\r\n1 id-1\r\n3 id-3\r\n.\r\n");
    server_talk(&host, "LIST 2\r\nUIDL 2\r\nRETR 2\r\nDELE 2\r\n", "-ERR *\r\n-ERR *\r\n-ERR *\r\n-ERR *\r\n");
    server_saw(&host, "");
    assert_int_equal(epop_server_is_deleted(s, 2), 0);
}

static char long_id[72];

static int32_t on_info_wrong(void *user, const epop_message_info_event *event)
{
    (void)user;
    memset(long_id, '~', sizeof long_id);
    assert_int_equal(epop_server_message_info(s, 1, NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_server_message_info(s, 1, NULL, 0), EPOP_ERR_ARGUMENT_MISSING);
    assert_int_equal(epop_server_message_info(s, 1, TEXT("")), EPOP_ERR_ARGUMENT_MISSING);
    assert_int_equal(epop_server_message_info(s, 1, long_id, 71), EPOP_ERR_TOO_LONG);
    assert_int_equal(epop_server_message_info(s, 1, TEXT("a b")), EPOP_ERR_OCTET);
    assert_int_equal(epop_server_message_info(s, 1, TEXT("a\r\nb")), EPOP_ERR_OCTET);
    assert_int_equal(epop_server_message_info(s, 1, TEXT("a\0")), EPOP_ERR_OCTET);
    assert_int_equal(epop_server_message_info(s, 1, TEXT("\x7f")), EPOP_ERR_OCTET);
    assert_int_equal(epop_server_message_info(s, 1, TEXT("\x80")), EPOP_ERR_OCTET);
    assert_int_equal(epop_server_accept(s), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_server_refuse(s, EPOP_CODE_NONE, NULL, 0), EPOP_ERR_NOT_ASKED);
    if (event->number == 3) {
        assert_int_equal(epop_server_message_info(s, UINT64_MAX, long_id, 70), EPOP_OK);
    }
    return 0;
}

static void info_errors(void **data)
{
    (void)data;
    server_enter(&host, 0);
    host.callbacks.on_message_info = on_info_wrong;
    server_talk(&host, "LIST\r\nLIST 3\r\n", "+OK *\r\n3 18446744073709551615\r\n.\r\n+OK 3 18446744073709551615\r\n");
    server_talk(&host, "LIST 1\r\n", "-ERR *\r\n");
    server_talk(&host, "UIDL 3\r\n",
                "+OK 3 ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\r\n");
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
        cmocka_unit_test(every_message_every_top),
        cmocka_unit_test(random_messages),
        cmocka_unit_test(top_needs_no_more),
        cmocka_unit_test(a_full_output),
        cmocka_unit_test(body_fail),
        cmocka_unit_test(body_of_a_command),
        cmocka_unit_test(a_pause_behind_accept),
        cmocka_unit_test(a_session),
        cmocka_unit_test(an_empty_maildrop),
        cmocka_unit_test(no_commit_without_quit),
        cmocka_unit_test(a_commit_that_fails),
        cmocka_unit_test(vanished),
        cmocka_unit_test(info_errors),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
