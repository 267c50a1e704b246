/* The server session, every state with every call of the host.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "letters.h"
#include "server_states.h"

static server_host host;

/* One octet more than fits a status line beside "-ERR " and CRLF (RFC 2449 section 4: 512). Filled before the tests. */
static char long_text[506];

static int32_t refuse(epop_server *s, uint32_t code, const void *text, size_t len)
{
    return epop_server_refuse(s, code, text, len);
}

static int32_t opened(epop_server *s, uint32_t struct_size, uint8_t *map, size_t map_size)
{
    epop_maildrop maildrop = server_maildrop(&host);

    maildrop.struct_size = struct_size;
    maildrop.count = 9;
    maildrop.deleted = map;
    maildrop.deleted_size = map_size;
    return epop_server_opened(s, &maildrop);
}

static int32_t reply(epop_server *s, uint32_t status, uint32_t code, const char *text, size_t len, uint32_t shape)
{
    static const epop_reply none;
    epop_reply line = none;

    line.struct_size = sizeof line;
    line.status = status;
    line.code = code;
    line.detail.ptr = (const uint8_t *)text;
    line.detail.len = len;
    return epop_server_reply(s, &line, shape);
}

static int32_t reply_unsized(epop_server *s)
{
    static const epop_reply none;

    return epop_server_reply(s, &none, EPOP_SHAPE_SINGLE);
}

static int32_t body(epop_server *s, const void *data, size_t len)
{
    size_t used = 99;
    int32_t result = epop_server_body(s, data, len, &used);

    assert_int_equal(used, result == EPOP_OK ? len : 0);
    return result;
}

static int32_t feed_nothing(epop_server *s)
{
    size_t used = 1;
    int32_t result = epop_server_feed(s, NULL, 0, &used);

    assert_int_equal(used, 0);
    return result;
}

#define OK EPOP_STATUS_OK
#define ERR EPOP_STATUS_ERR
#define SINGLE EPOP_SHAPE_SINGLE

#define CALL(name, expression)                                                                                         \
    static int32_t call_##name(epop_server *s)                                                                         \
    {                                                                                                                  \
        return (expression);                                                                                           \
    }

CALL(accept, epop_server_accept(s))
CALL(refuse, refuse(s, EPOP_CODE_NONE, NULL, 0))
CALL(refuse_code, refuse(s, EPOP_CODE_SYS_TEMP, TEXT("try \xc3\xa4 later")))
CALL(refuse_empty, refuse(s, EPOP_CODE_NONE, TEXT("")))
CALL(refuse_other, refuse(s, EPOP_CODE_OTHER, TEXT("x")))
CALL(refuse_nine, refuse(s, 9, TEXT("x")))
CALL(refuse_cr, refuse(s, EPOP_CODE_NONE, TEXT("a\rb")))
CALL(refuse_crlf, refuse(s, EPOP_CODE_NONE, TEXT("a\r\n+OK")))
CALL(refuse_nul, refuse(s, EPOP_CODE_NONE, TEXT("a\0b")))
CALL(refuse_longest, refuse(s, EPOP_CODE_NONE, long_text, sizeof long_text - 1))
CALL(refuse_long, refuse(s, EPOP_CODE_NONE, long_text, sizeof long_text))
CALL(opened, opened(s, sizeof(epop_maildrop), host.deleted, 2))
CALL(opened_small, opened(s, sizeof(epop_maildrop), host.deleted, 1))
CALL(opened_no_map, opened(s, sizeof(epop_maildrop), NULL, 2))
CALL(opened_unsized, opened(s, sizeof(epop_maildrop) - 1, host.deleted, 2))
CALL(info, epop_server_message_info(s, 10, TEXT("id")))
CALL(reply, reply(s, OK, EPOP_CODE_NONE, TEXT("x"), SINGLE))
CALL(reply_err, reply(s, ERR, EPOP_CODE_SYS_PERM, TEXT("x"), EPOP_SHAPE_BODY))
CALL(reply_rows, reply(s, OK, EPOP_CODE_NONE, TEXT(""), EPOP_SHAPE_ROWS))
CALL(reply_body, reply(s, OK, EPOP_CODE_NONE, TEXT("x"), EPOP_SHAPE_BODY))
CALL(reply_sasl, reply(s, OK, EPOP_CODE_NONE, TEXT("x"), EPOP_SHAPE_SASL))
CALL(reply_continue, reply(s, EPOP_STATUS_CONTINUE, EPOP_CODE_NONE, TEXT("x"), SINGLE))
CALL(reply_no_status, reply(s, 0, EPOP_CODE_NONE, TEXT("x"), SINGLE))
CALL(reply_nine, reply(s, OK, 9, TEXT("x"), SINGLE))
CALL(reply_lf, reply(s, OK, EPOP_CODE_NONE, TEXT("a\nb"), SINGLE))
CALL(reply_long, reply(s, ERR, EPOP_CODE_NONE, long_text, sizeof long_text, SINGLE))
CALL(reply_unsized, reply_unsized(s))
CALL(body, body(s, TEXT("x")))
CALL(body_nothing, body(s, NULL, 0))
CALL(body_end, epop_server_body_end(s))
CALL(body_fail, epop_server_body_fail(s))
CALL(tls_started, epop_server_tls_started(s))
CALL(eof, epop_server_eof(s))
CALL(timeout, epop_server_timeout(s))
CALL(ack_nothing, epop_server_output_ack(s, 0))
CALL(ack_too_much, epop_server_output_ack(s, EPOP_SERVER_OUTPUT_MIN + 1))
CALL(feed_nothing, feed_nothing(s))

/* One result for each state, in the order of SERVER_STATES. */
typedef struct call_row {
    const char *name;
    int32_t (*call)(epop_server *s);
    const char *results;
} call_row;

#define ROW(name, results)                                                                                             \
    {                                                                                                                  \
#name, call_##name, results                                                                                    \
    }

static const call_row calls[] = {
    /* AUTHORIZATION NO_CLEARTEXT AFTER_USER TLS_UP TRANSACTION,
     * AUTH_ASKED OPEN_ASKED SEND_ASKED COMMIT_ASKED COMMAND_ASKED,
     * BODY LISTING, TLS_AGREED TLS_WANTED, ENDED REFUSED DEAD */
    ROW(accept, "NNNNN .N..N NN NN NNX"),
    ROW(refuse, "NNNNN ..... NN NN NNX"),
    ROW(refuse_code, "NNNNN ..... NN NN NNX"),
    ROW(refuse_empty, "NNNNN ..... NN NN NNX"),
    ROW(refuse_other, "NNNNN VVVVV NN NN NNX"),
    ROW(refuse_nine, "NNNNN VVVVV NN NN NNX"),
    ROW(refuse_cr, "NNNNN OOOOO NN NN NNX"),
    ROW(refuse_crlf, "NNNNN OOOOO NN NN NNX"),
    ROW(refuse_nul, "NNNNN OOOOO NN NN NNX"),
    ROW(refuse_longest, "NNNNN ..... NN NN NNX"),
    ROW(refuse_long, "NNNNN LLLLL NN NN NNX"),
    ROW(opened, "NNNNN N.NNN NN NN NNX"),
    ROW(opened_small, "NNNNN NINNN NN NN NNX"),
    ROW(opened_no_map, "NNNNN N0NNN NN NN NNX"),
    ROW(opened_unsized, "NNNNN NZNNN NN NN NNX"),
    ROW(info, "NNNNN NNNNN NN NN NNX"),
    ROW(reply, "NNNNN NNNN. NN NN NNX"),
    ROW(reply_err, "NNNNN NNNN. NN NN NNX"),
    ROW(reply_rows, "NNNNN NNNN. NN NN NNX"),
    ROW(reply_body, "NNNNN NNNN. NN NN NNX"),
    ROW(reply_sasl, "NNNNN NNNNV NN NN NNX"),
    ROW(reply_continue, "NNNNN NNNNV NN NN NNX"),
    ROW(reply_no_status, "NNNNN NNNNV NN NN NNX"),
    ROW(reply_nine, "NNNNN NNNNV NN NN NNX"),
    ROW(reply_lf, "NNNNN NNNNO NN NN NNX"),
    ROW(reply_long, "NNNNN NNNNL NN NN NNX"),
    ROW(reply_unsized, "NNNNN NNNNZ NN NN NNX"),
    ROW(body, "PPPPP PPPPP .P PP PPX"),
    ROW(body_nothing, "PPPPP PPPPP .P PP PPX"),
    ROW(body_end, "PPPPP PPPPP .P PP PPX"),
    ROW(body_fail, "PPPPP PPPPP .P PP PPX"),
    ROW(tls_started, "PPPPP PPPPP PP P. PPX"),
    ROW(eof, "FFFFF FFFFF FF FF ..X"),
    ROW(timeout, "TTTTT TTTTT TT TT TTX"),
    ROW(ack_nothing, "..... ..... .. .. ..."),
    ROW(ack_too_much, "VVVVV VVVVV VV VV VVV"),
    ROW(feed_nothing, "..... ..... .. .. ..X"),
};

/* Returns 0 where the result is wrong, so that one run shows all that are. */
static uint32_t check_call(const call_row *row, uint32_t state)
{
    int32_t expected = letters_result(row->results, state);
    epop_server before;
    int32_t result;

    server_reach(&host, state);
    before = host.server;
    result = row->call(&host.server);
    if (result != expected) {
        print_error("%s in state %s: %s, expected %s\n", row->name, server_state_name(state), result_name(result),
                    result_name(expected));
        return 0;
    }
    if (result == EPOP_ERR_LIMIT_MESSAGES || (result < 0 && result > EPOP_ERR_PEER_EOF)) {
        assert_memory_equal(&host.server, &before, sizeof before);
        assert_int_equal(host.events, 0);
    } else if (result < 0) {
        server_is_dead(&host, result);
    }
    return 1;
}

static void every_call_in_every_state(void **data)
{
    uint32_t right = 0;
    uint32_t state;
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(calls); i++) {
        for (state = 0; state < SERVER_STATE_COUNT; state++) {
            right += check_call(&calls[i], state);
        }
    }
    assert_int_equal(right, COUNT(calls) * SERVER_STATE_COUNT);
}

/* What an answer leads to. */
typedef struct answer_row {
    uint32_t state;
    int32_t (*call)(epop_server *s);
    const char *says;
    const char *saw;
    uint32_t wants;
    uint32_t phase;
} answer_row;

static void every_answer_leads_on(void **data)
{
    static const answer_row answers[] = {
        {IN_AUTH_ASKED, call_accept, "", "open joe\n", EPOP_WANT_ANSWER, EPOP_PHASE_AUTHORIZATION},
        {IN_AUTH_ASKED, call_refuse, "-ERR *\r\n", "", EPOP_WANT_FEED, EPOP_PHASE_AUTHORIZATION},
        {IN_AUTH_ASKED, call_refuse_code, "-ERR [SYS/TEMP] try \xc3\xa4 later\r\n", "", EPOP_WANT_FEED,
         EPOP_PHASE_AUTHORIZATION},
        {IN_OPEN_ASKED, call_opened, "+OK *\r\n", "", EPOP_WANT_FEED, EPOP_PHASE_TRANSACTION},
        {IN_OPEN_ASKED, call_refuse, "-ERR *\r\n", "", EPOP_WANT_FEED, EPOP_PHASE_AUTHORIZATION},
        {IN_OPEN_ASKED, call_refuse_empty, "-ERR \r\n", "", EPOP_WANT_FEED, EPOP_PHASE_AUTHORIZATION},
        {IN_SEND_ASKED, call_accept, "+OK *\r\n", "", EPOP_WANT_BODY, EPOP_PHASE_TRANSACTION},
        {IN_SEND_ASKED, call_refuse_code, "-ERR [SYS/TEMP] try \xc3\xa4 later\r\n", "", EPOP_WANT_FEED,
         EPOP_PHASE_TRANSACTION},
        {IN_COMMIT_ASKED, call_accept, "+OK *\r\n", "", EPOP_WANT_CLOSE, EPOP_PHASE_ENDED},
        {IN_COMMIT_ASKED, call_refuse, "-ERR *\r\n", "", EPOP_WANT_CLOSE, EPOP_PHASE_ENDED},
        {IN_COMMAND_ASKED, call_reply, "+OK x\r\n", "", EPOP_WANT_FEED, EPOP_PHASE_TRANSACTION},
        {IN_COMMAND_ASKED, call_reply_err, "-ERR [SYS/PERM] x\r\n", "", EPOP_WANT_FEED, EPOP_PHASE_TRANSACTION},
        {IN_COMMAND_ASKED, call_reply_rows, "+OK \r\n", "", EPOP_WANT_BODY, EPOP_PHASE_TRANSACTION},
        {IN_COMMAND_ASKED, call_reply_body, "+OK x\r\n", "", EPOP_WANT_BODY, EPOP_PHASE_TRANSACTION},
        {IN_COMMAND_ASKED, call_refuse, "-ERR *\r\n", "", EPOP_WANT_FEED, EPOP_PHASE_TRANSACTION},
        {IN_BODY, call_body_end, "+OK *\r\n.\r\n", "", EPOP_WANT_FEED, EPOP_PHASE_TRANSACTION},
        {IN_BODY, call_body, "+OK *\r\nx", "", EPOP_WANT_BODY, EPOP_PHASE_TRANSACTION},
        {IN_BODY, call_body_fail, "+OK *\r\n", "", EPOP_WANT_CLOSE, EPOP_PHASE_ENDED},
        {IN_TLS_WANTED, call_tls_started, "", "", EPOP_WANT_FEED, EPOP_PHASE_AUTHORIZATION},
        {IN_AUTHORIZATION, call_eof, "", "", EPOP_WANT_CLOSE, EPOP_PHASE_ENDED},
    };
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(answers); i++) {
        server_reach(&host, answers[i].state);
        (void)answers[i].call(&host.server);
        server_says(&host, answers[i].says);
        server_saw(&host, answers[i].saw);
        assert_int_equal(epop_server_wants(&host.server), answers[i].wants);
        assert_int_equal(epop_server_phase(&host.server), answers[i].phase);
    }
}

static uint32_t refuse_them;

/* Inside its callback, a question is answered once. */
static void answer_twice(server_host *h, uint32_t kind)
{
    epop_server *s = &h->server;

    if (kind == EPOP_EVENT_MESSAGE_INFO) {
        return;
    }
    assert_int_equal(refuse_them                  ? call_refuse(s)
                     : kind == EPOP_EVENT_OPEN    ? call_opened(s)
                     : kind == EPOP_EVENT_COMMAND ? call_reply(s)
                                                  : call_accept(s),
                     EPOP_OK);
    assert_int_equal(call_accept(s), EPOP_ERR_NOT_ASKED);
    assert_int_equal(call_refuse(s), EPOP_ERR_NOT_ASKED);
    assert_int_equal(call_opened(s), EPOP_ERR_NOT_ASKED);
    assert_int_equal(call_reply(s), EPOP_ERR_NOT_ASKED);
}

static void one_answer_for_one_question(void **data)
{
    static const struct {
        uint32_t state;
        const char *line;
    } questions[] = {
        {IN_AFTER_USER, "PASS x\r\n"},  {IN_TRANSACTION, "XFOO\r\n"}, {IN_TRANSACTION, "TOP 1 1\r\n"},
        {IN_TRANSACTION, "RETR 1\r\n"}, {IN_TRANSACTION, "QUIT\r\n"},
    };
    size_t i;

    (void)data;
    for (i = 0; i < 2 * COUNT(questions); i++) {
        refuse_them = i % 2;
        server_reach(&host, questions[i / 2].state);
        host.act = answer_twice;
        server_hears(&host, questions[i / 2].line);
        server_says(&host, refuse_them ? "-ERR *\r\n" : "+OK *\r\n");
    }
}

/* RFC 1939 section 3: an autologout timer that runs out ends the session without deletions, and without a word. */
static void timeout_says_nothing(void **data)
{
    uint32_t state;

    (void)data;
    for (state = 0; state < IN_DEAD; state++) {
        server_reach(&host, state);
        assert_int_equal(epop_server_timeout(&host.server), EPOP_ERR_PEER_TIMEOUT);
        server_says(&host, "");
        server_saw(&host, "");
        assert_int_equal(epop_server_wants(&host.server), EPOP_WANT_CLOSE);
    }
}

static int begin(void **data)
{
    (void)data;
    memset(long_text, 'a', sizeof long_text);
    return 0;
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
        cmocka_unit_test(every_call_in_every_state),
        cmocka_unit_test(every_answer_leads_on),
        cmocka_unit_test(one_answer_for_one_question),
        cmocka_unit_test(timeout_says_nothing),
    };

    return cmocka_run_group_tests(tests, begin, finish);
}
