/* The client session, every state with every call of the host and every kind of line from the server.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client_states.h"
#include "letters.h"

static client_host host;

/* ---------------------------------------------------------------------------------------------------------------------
 * Calls
 */

#define CALL(name, expression)                                                                                         \
    static int32_t call_##name(epop_client *c)                                                                         \
    {                                                                                                                  \
        return (expression);                                                                                           \
    }

/* 254 octets: one more than RFC 2449 section 4 leaves for a command beside its CRLF. Filled before the tests. */
static char long_text[254];

static int32_t feed_nothing(epop_client *c)
{
    size_t used = 1;
    int32_t result = epop_client_feed(c, NULL, 0, &used);

    assert_int_equal(used, 0);
    return result;
}

CALL(login, epop_client_login(c, 5))
CALL(stls, epop_client_stls(c, 5))
CALL(capa, epop_client_capa(c, 5))
CALL(utf8, epop_client_utf8(c, 5))
CALL(stat, epop_client_stat(c, 5))
CALL(list, epop_client_list(c, 0, 5))
CALL(list_one, epop_client_list(c, 3, 5))
CALL(uidl, epop_client_uidl(c, 0, 5))
CALL(uidl_one, epop_client_uidl(c, 4294967295u, 5))
CALL(retr, epop_client_retr(c, 3, 5))
CALL(retr_none, epop_client_retr(c, 0, 5))
CALL(top, epop_client_top(c, 3, 0, 5))
CALL(top_none, epop_client_top(c, 0, 1, 5))
CALL(dele, epop_client_dele(c, 3, 5))
CALL(dele_none, epop_client_dele(c, 0, 5))
CALL(noop, epop_client_noop(c, 5))
CALL(rset, epop_client_rset(c, 5))
CALL(last, epop_client_last(c, 5))
CALL(quit, epop_client_quit(c, 5))
CALL(lang, epop_client_lang(c, NULL, 0, 5))
CALL(lang_range, epop_client_lang(c, TEXT("de"), 5))
CALL(lang_cr, epop_client_lang(c, TEXT("d\re"), 5))
CALL(lang_space, epop_client_lang(c, TEXT("de en"), 5))
CALL(lang_long, epop_client_lang(c, long_text, sizeof long_text, 5))
CALL(raw, epop_client_raw(c, TEXT("XFOO a b"), EPOP_SHAPE_SINGLE, 5))
CALL(raw_xtnd, epop_client_raw(c, TEXT("XTND BBOARDS"), EPOP_SHAPE_ROWS, 5))
CALL(raw_stat, epop_client_raw(c, TEXT("STAT"), EPOP_SHAPE_SINGLE, 5))
CALL(raw_dele, epop_client_raw(c, TEXT("dele 1"), EPOP_SHAPE_SINGLE, 5))
CALL(raw_bad_dele, epop_client_raw(c, TEXT("DELE one"), EPOP_SHAPE_SINGLE, 5))
CALL(raw_user, epop_client_raw(c, TEXT("USER"), EPOP_SHAPE_SINGLE, 5))
CALL(raw_nothing, epop_client_raw(c, TEXT(""), EPOP_SHAPE_SINGLE, 5))
CALL(raw_cr, epop_client_raw(c, TEXT("XFOO a\rDELE 1"), EPOP_SHAPE_SINGLE, 5))
CALL(raw_lf, epop_client_raw(c, TEXT("XFOO a\nDELE 1"), EPOP_SHAPE_SINGLE, 5))
CALL(raw_nul, epop_client_raw(c, TEXT("XFOO a\0b"), EPOP_SHAPE_SINGLE, 5))
CALL(raw_long, epop_client_raw(c, long_text, sizeof long_text, EPOP_SHAPE_SINGLE, 5))
CALL(raw_sasl, epop_client_raw(c, TEXT("XFOO"), EPOP_SHAPE_SASL, 5))
CALL(answer, epop_client_answer(c, TEXT("a b")))
CALL(answer_nothing, epop_client_answer(c, TEXT("")))
CALL(answer_null, epop_client_answer(c, NULL, 0))
CALL(answer_crlf, epop_client_answer(c, TEXT("joe\r\nDELE 1")))
CALL(answer_nul, epop_client_answer(c, TEXT("joe\0x")))
CALL(answer_long, epop_client_answer(c, long_text, sizeof long_text))
CALL(decline, epop_client_decline(c))
CALL(abort_drain, epop_client_abort(c, EPOP_ABORT_DRAIN))
CALL(abort_close, epop_client_abort(c, EPOP_ABORT_CLOSE))
CALL(abort_zero, epop_client_abort(c, 0))
CALL(abort_three, epop_client_abort(c, 3))
CALL(tls_started, epop_client_tls_started(c))
CALL(eof, epop_client_eof(c))
CALL(timeout, epop_client_timeout(c))
CALL(ack_nothing, epop_client_output_ack(c, 0))
CALL(ack_too_much, epop_client_output_ack(c, sizeof host.out))
CALL(feed_nothing, feed_nothing(c))

/* One result for each state, in the order of CLIENT_STATES; and what goes out where the session is idle. */
typedef struct call_row {
    const char *name;
    int32_t (*call)(epop_client *c);
    const char *results;
    const char *wire;
} call_row;

#define ROW(name, results, wire)                                                                                       \
    {                                                                                                                  \
#name, call_##name, results, wire                                                                              \
    }

static const call_row calls[] = {
    /* GREETING AUTHORIZATION ASKED_USER ASKED_PASSWORD LOGIN_CAPA, TRANSACTION WAITING ROWS BODY,
     * TLS_AGREED TLS_UP UTF8_ON, QUIT_UNSENT QUIT_SENT ENDED REFUSED DEAD */
    ROW(login, "..PPP PPPP ... PPEEU", "CAPA\r\n"),
    ROW(stls, "..PPP PPPP PPP PPEEU", "STLS\r\n"),
    ROW(capa, "..... .... ... PPEEU", "CAPA\r\n"),
    ROW(utf8, "..PPP PPPP ... PPEEU", "UTF8\r\n"),
    ROW(stat, "PP... .... PPP PPEEU", "STAT\r\n"),
    ROW(list, "PP... .... PPP PPEEU", "LIST\r\n"),
    ROW(list_one, "PP... .... PPP PPEEU", "LIST 3\r\n"),
    ROW(uidl, "PP... .... PPP PPEEU", "UIDL\r\n"),
    ROW(uidl_one, "PP... .... PPP PPEEU", "UIDL 4294967295\r\n"),
    ROW(retr, "PP... .... PPP PPEEU", "RETR 3\r\n"),
    ROW(retr_none, "VVVVV VVVV VVV VVVVU", ""),
    ROW(top, "PP... .... PPP PPEEU", "TOP 3 0\r\n"),
    ROW(top_none, "VVVVV VVVV VVV VVVVU", ""),
    ROW(dele, "PP... .... PPP PPEEU", "DELE 3\r\n"),
    ROW(dele_none, "VVVVV VVVV VVV VVVVU", ""),
    ROW(noop, "PP... .... PPP PPEEU", "NOOP\r\n"),
    ROW(rset, "PP... .... PPP PPEEU", "RSET\r\n"),
    ROW(last, "PP... .... PPP PPEEU", "LAST\r\n"),
    ROW(quit, "..... .... ... PPEEU", "QUIT\r\n"),
    ROW(lang, "B.BBB .BBB B.. PPEEU", "LANG\r\n"),
    ROW(lang_range, "B.BBB .BBB B.. PPEEU", "LANG de\r\n"),
    ROW(lang_cr, "BOBBB OBBB BOO PPEEU", ""),
    ROW(lang_space, "BOBBB OBBB BOO PPEEU", ""),
    ROW(lang_long, "BLBBB LBBB BLL PPEEU", ""),
    ROW(raw, "B.BBB .BBB B.. PPEEU", "XFOO a b\r\n"),
    ROW(raw_xtnd, "PPBBB .BBB PPP PPEEU", "XTND BBOARDS\r\n"),
    ROW(raw_stat, "RRRRR RRRR RRR RRRRU", ""),
    ROW(raw_dele, "RRRRR RRRR RRR RRRRU", ""),
    ROW(raw_bad_dele, "RRRRR RRRR RRR RRRRU", ""),
    ROW(raw_user, "RRRRR RRRR RRR RRRRU", ""),
    ROW(raw_nothing, "SSSSS SSSS SSS SSSSU", ""),
    ROW(raw_cr, "OOOOO OOOO OOO OOOOU", ""),
    ROW(raw_lf, "OOOOO OOOO OOO OOOOU", ""),
    ROW(raw_nul, "OOOOO OOOO OOO OOOOU", ""),
    ROW(raw_long, "BLBBB LBBB BLL PPEEU", ""),
    ROW(raw_sasl, "VVVVV VVVV VVV VVVVU", ""),
    ROW(answer, "NN..N NNNN NNN NNNNU", ""),
    ROW(answer_nothing, "NNMMN NNNN NNN NNNNU", ""),
    ROW(answer_null, "NNMMN NNNN NNN NNNNU", ""),
    ROW(answer_crlf, "NNOON NNNN NNN NNNNU", ""),
    ROW(answer_nul, "NNOON NNNN NNN NNNNU", ""),
    ROW(answer_long, "NNLLN NNNN NNN NNNNU", ""),
    ROW(decline, "NN..N NNNN NNN NNNNU", ""),
    ROW(abort_drain, "PPPPP PP.. PPP PPPPU", ""),
    ROW(abort_close, "..... .... ... ....U", ""),
    ROW(abort_zero, "VVVVV VVVV VVV VVVVU", ""),
    ROW(abort_three, "VVVVV VVVV VVV VVVVU", ""),
    ROW(tls_started, "PPPPP PPPP .PP PPPPU", ""),
    ROW(eof, "FFFFF FFFF FFF FQ..U", ""),
    ROW(timeout, "TTTTT TTTT TTT TQ..U", ""),
    ROW(ack_nothing, "..... .... ... ....U", ""),
    ROW(ack_too_much, "VVVVV VVVV VVV VVVVU", ""),
    ROW(feed_nothing, "..... .... ... ....U", ""),
};

/* Usage errors, and nothing else, leave the session as it was (EPOP_ERROR_LIST: -1 to -59). */
static void check_unchanged(const epop_client *before)
{
    assert_memory_equal(&host.client, before, sizeof *before);
    assert_int_equal(host.events, 0);
}

static uint32_t is_idle(uint32_t state)
{
    return state == IN_AUTHORIZATION || state == IN_TRANSACTION || state == IN_TLS_UP || state == IN_UTF8_ON;
}

/* Returns 0 where the result is wrong, so that one run shows all that are. */
static uint32_t check_call(const call_row *row, uint32_t state)
{
    epop_client before;
    size_t pending;
    size_t len;
    int32_t expected = letters_result(row->results, state);
    int32_t result;

    client_reach(&host, state);
    before = host.client;
    (void)epop_client_output(&host.client, &pending);
    result = row->call(&host.client);
    if (result != expected) {
        print_error("%s in state %s: %s, expected %s\n", row->name, client_state_name(state), result_name(result),
                    result_name(expected));
        return 0;
    }
    if (result < 0 && result > EPOP_ERR_PEER_EOF) {
        check_unchanged(&before);
    } else if (result < 0) {
        client_is_dead(&host, result);
    } else if (is_idle(state) && row->wire[0] != '\0') {
        client_says(&host, row->wire);
    } else if (row->wire[0] != '\0') {
        (void)epop_client_output(&host.client, &len);
        assert_int_equal(len, pending); /* it is queued, and nothing is sent ahead of its turn */
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
        for (state = 0; state < CLIENT_STATE_COUNT; state++) {
            right += check_call(&calls[i], state);
        }
    }
    assert_int_equal(right, COUNT(calls) * CLIENT_STATE_COUNT);
}

static void abort_close_is_sticky(void **data)
{
    uint32_t state;

    (void)data;
    for (state = 0; state < IN_DEAD; state++) {
        client_reach(&host, state);
        assert_int_equal(epop_client_abort(&host.client, EPOP_ABORT_CLOSE), EPOP_OK);
        client_is_dead(&host, EPOP_ERR_ABORTED);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Lines from the server
 */

/* Where no octet may come, every one of these is the same error. */
static const struct {
    const char *text;
    size_t len;
} lines[] = {
    {TEXT("+OK\r\n")}, {TEXT("-ERR\r\n")},  {TEXT("+OK 2 320\r\n")},
    {TEXT(".\r\n")},   {TEXT("1 120\r\n")}, {TEXT("+ go on\r\n")},
    {TEXT("+\r\n")},   {TEXT("* BYE\r\n")}, {TEXT("\r\n")},
    {TEXT("\n")},      {TEXT("+OK\n")},     {TEXT("\0\r\n")},
    {TEXT("x")},       {TEXT("\0")},        {TEXT("\r")},
    {TEXT("..\r\n")},  {TEXT("\xff\xfe")},  {TEXT("TOP 1 2\r\n")},
};

static void silence_is_broken(uint32_t state, int32_t expected)
{
    static const epop_error_info none;
    epop_error_info info = none;
    size_t i;

    for (i = 0; i < COUNT(lines); i++) {
        client_reach(&host, state);
        assert_string_equal(result_name(client_feed(&host, lines[i].text, lines[i].len)), result_name(expected));
        client_saw(&host, "");
        client_is_dead(&host, expected);
        info.struct_size = sizeof info;
        assert_int_equal(epop_client_error_info(&host.client, &info), EPOP_OK);
        assert_int_equal(info.callback, 0);
    }
}

/* Law 9 (in step) and law 7 (nothing in the clear after STLS). */
static void octets_where_none_are_due(void **data)
{
    static const uint32_t silent[] = {IN_AUTHORIZATION, IN_ASKED_USER,  IN_ASKED_PASSWORD, IN_TRANSACTION, IN_TLS_UP,
                                      IN_UTF8_ON,       IN_QUIT_UNSENT, IN_ENDED,          IN_REFUSED,     IN_DEAD};
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(silent); i++) {
        silence_is_broken(silent[i], EPOP_ERR_PEER_UNSOLICITED);
    }
    silence_is_broken(IN_TLS_AGREED, EPOP_ERR_PEER_PLAINTEXT);
}

typedef struct line_row {
    uint32_t state;
    const char *text;
    size_t len;
    int32_t result;
    const char *log;
} line_row;

/* RFC 1939 section 3: a status indicator in capitals, lines that end in CRLF; a dot line ends a multi-line response. */
static const line_row due[] = {
    {IN_GREETING, TEXT("+OK\r\n"), EPOP_OK, "greeting + \n"},
    {IN_GREETING, TEXT("+OK [IN-USE] hi\r\n"), EPOP_OK, "greeting + [IN-USE] hi\n"},
    {IN_GREETING, TEXT("+OK <1.2@a> \xe9\r\n"), EPOP_OK, "greeting + <1.2@a> \\xe9 stamp <1.2@a>\n"},
    {IN_GREETING, TEXT("+OKAY\r\n"), EPOP_OK, "greeting + AY\nquirk 0 ? STATUS_SPACE\n"},
    {IN_GREETING, TEXT("+OK\r\n+OK\r\n"), EPOP_ERR_PEER_UNSOLICITED, "greeting + \n"},
    {IN_GREETING, TEXT("-ERR full\r\n"), EPOP_OK, "greeting - full\n"},
    {IN_GREETING, TEXT("-ERR full\r\nx"), EPOP_ERR_PEER_UNSOLICITED, "greeting - full\n"},
    {IN_GREETING, TEXT("+ok\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_GREETING, TEXT("-err\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_GREETING, TEXT("+ go\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_GREETING, TEXT("+\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_GREETING, TEXT("* OK IMAP4rev1\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_GREETING, TEXT("220 smtp\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_GREETING, TEXT("\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_GREETING, TEXT(".\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_GREETING, TEXT(" +OK\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_GREETING, TEXT("\0+OK\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_GREETING, TEXT("+OK\n"), EPOP_ERR_PEER_LINE_END, ""},
    {IN_GREETING, TEXT("\n"), EPOP_ERR_PEER_LINE_END, ""},
    {IN_GREETING, TEXT("+OK\n\r\n"), EPOP_ERR_PEER_LINE_END, ""},
    {IN_GREETING, TEXT("+OK\r"), EPOP_OK, ""},
    {IN_GREETING, TEXT("+OK a\rb\0\r\n"), EPOP_OK, "greeting + a\\rb\\x00\n"},

    {IN_LOGIN_CAPA, TEXT("+OK\r\n"), EPOP_OK, "reply 1 CAPA + \n"},
    {IN_LOGIN_CAPA, TEXT("-ERR what\r\n"), EPOP_OK, "reply 1 CAPA - what\nask 1 user\n"},
    {IN_LOGIN_CAPA, TEXT("+OK\r\nTOP\r\n.\r\n"), EPOP_OK, "reply 1 CAPA + \nrow 1 CAPA TOP\nask 1 user\n"},
    {IN_LOGIN_CAPA, TEXT("-ERR\r\n+"), EPOP_ERR_PEER_UNSOLICITED, "reply 1 CAPA - \nask 1 user\n"},
    {IN_LOGIN_CAPA, TEXT("* NO\r\n"), EPOP_ERR_PEER_STATUS, ""},

    {IN_WAITING, TEXT("+OK 2 320\r\n"), EPOP_OK, "reply 1 STAT + 2 320\nrow 1 STAT 2 320\nend 1 STAT OK + 0\n"},
    {IN_WAITING, TEXT("+OK 2 320 x\r\n"), EPOP_OK, "reply 1 STAT + 2 320 x\nrow 1 STAT 2 320\nend 1 STAT OK + 0\n"},
    {IN_WAITING, TEXT("+OK 0 0\r\n"), EPOP_OK, "reply 1 STAT + 0 0\nrow 1 STAT 0 0\nend 1 STAT OK + 0\n"},
    {IN_WAITING, TEXT("+OK\r\n"), EPOP_OK,
     "reply 1 STAT + \nrow 1 STAT UNREADABLE \nquirk 1 STAT ROW_SYNTAX\nend 1 STAT OK + 0\n"},
    {IN_WAITING, TEXT("+OK two\r\n"), EPOP_OK,
     "reply 1 STAT + two\nrow 1 STAT UNREADABLE two\nquirk 1 STAT ROW_SYNTAX\nend 1 STAT OK + 0\n"},
    {IN_WAITING, TEXT("+OK 2 -5\r\n"), EPOP_OK,
     "reply 1 STAT + 2 -5\nrow 1 STAT 2 0\nquirk 1 STAT NEGATIVE_SIZE\nend 1 STAT OK + 0\n"},
    {IN_WAITING, TEXT("+OK 4294967296 1\r\n"), EPOP_OK,
     "reply 1 STAT + 4294967296 1\nrow 1 STAT UNREADABLE 4294967296 1\nquirk 1 STAT ROW_SYNTAX\nend 1 STAT OK + 0\n"},
    {IN_WAITING, TEXT("-ERR [SYS/TEMP] no\r\n"), EPOP_OK, "reply 1 STAT - [SYS/TEMP] no\nend 1 STAT OK - 0\n"},
    {IN_WAITING, TEXT("-ERR\r\n-ERR\r\n"), EPOP_ERR_PEER_UNSOLICITED, "reply 1 STAT - \nend 1 STAT OK - 0\n"},
    {IN_WAITING, TEXT("+ 2 320\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_WAITING, TEXT("2 320\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_WAITING, TEXT(".\r\n"), EPOP_ERR_PEER_STATUS, ""},
    {IN_WAITING, TEXT("+OK 2 320\n"), EPOP_ERR_PEER_LINE_END, ""},

    {IN_ROWS, TEXT("2 200\r\n"), EPOP_OK, "row 1 LIST 2 200\n"},
    {IN_ROWS, TEXT(".\r\n"), EPOP_OK, "end 1 LIST OK + 0\n"},
    {IN_ROWS, TEXT(".\r\n+OK\r\n"), EPOP_ERR_PEER_UNSOLICITED, "end 1 LIST OK + 0\n"},
    {IN_ROWS, TEXT("..\r\n"), EPOP_OK, "row 1 LIST UNREADABLE .\nquirk 1 LIST ROW_SYNTAX\n"},
    {IN_ROWS, TEXT(".2 200\r\n"), EPOP_OK, "row 1 LIST 2 200\n"},
    {IN_ROWS, TEXT("+OK\r\n"), EPOP_OK, "row 1 LIST UNREADABLE +OK\nquirk 1 LIST ROW_SYNTAX\n"},
    {IN_ROWS, TEXT("-ERR\r\n"), EPOP_OK, "row 1 LIST UNREADABLE -ERR\nquirk 1 LIST ROW_SYNTAX\n"},
    {IN_ROWS, TEXT("\r\n"), EPOP_OK, "row 1 LIST UNREADABLE \nquirk 1 LIST ROW_SYNTAX\n"},
    {IN_ROWS, TEXT("0 5\r\n"), EPOP_OK, "row 1 LIST UNREADABLE 0 5\nquirk 1 LIST ROW_SYNTAX\n"},
    {IN_ROWS, TEXT("2  5\r\n"), EPOP_OK, "row 1 LIST 2 5\nquirk 1 LIST ROW_BLANKS\n"},
    {IN_ROWS, TEXT("2  -5 x\r\n"), EPOP_OK, "row 1 LIST 2 0\nquirk 1 LIST ROW_BLANKS\nquirk 1 LIST NEGATIVE_SIZE\n"},
    {IN_ROWS, TEXT("2 18446744073709551615\r\n"), EPOP_OK, "row 1 LIST 2 18446744073709551615\n"},
    {IN_ROWS, TEXT(".\n"), EPOP_ERR_PEER_LINE_END, ""},
    {IN_ROWS, TEXT("2 200\n"), EPOP_ERR_PEER_LINE_END, ""},

    {IN_BODY, TEXT("x\r\n"), EPOP_OK, "body 1 RETR x\\r\\n\n"},
    {IN_BODY, TEXT(".\r\n"), EPOP_OK, "end 1 RETR OK + 13\n"},
    {IN_BODY, TEXT("..\r\n.\r\n"), EPOP_OK, "body 1 RETR .\\r\\n\nend 1 RETR OK + 16\n"},
    {IN_BODY, TEXT(".x\r\n"), EPOP_OK, "body 1 RETR x\\r\\n\n"},
    {IN_BODY, TEXT("a\n.\r\n"), EPOP_OK, "body 1 RETR a\\n.\\r\\n\n"},
    {IN_BODY, TEXT(".\n.\r\n"), EPOP_OK, "body 1 RETR \\n.\\r\\n\n"},
    {IN_BODY, TEXT("-ERR\r\n\0\xff"), EPOP_OK, "body 1 RETR -ERR\\r\\n\\x00\\xff\n"},
    {IN_BODY, TEXT(".\r\n+OK\r\n"), EPOP_ERR_PEER_UNSOLICITED, "end 1 RETR OK + 13\n"},

    {IN_QUIT_SENT, TEXT("+OK bye\r\n"), EPOP_OK, "reply 1 QUIT + bye\nend 1 QUIT OK + 0\n"},
    {IN_QUIT_SENT, TEXT("-ERR some left\r\n"), EPOP_OK, "reply 1 QUIT - some left\nend 1 QUIT OK - 0\n"},
    {IN_QUIT_SENT, TEXT("+OK\r\n."), EPOP_ERR_PEER_UNSOLICITED, "reply 1 QUIT + \nend 1 QUIT OK + 0\n"},
    {IN_QUIT_SENT, TEXT("bye\r\n"), EPOP_ERR_PEER_STATUS, ""},
};

static void every_line_in_every_state(void **data)
{
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(due); i++) {
        int32_t result;
        client_reach(&host, due[i].state);
        result = client_feed(&host, due[i].text, due[i].len);
        if (result != due[i].result) {
            print_error("\"%s\" in state %s\n", due[i].text, client_state_name(due[i].state));
        }
        assert_string_equal(result_name(result), result_name(due[i].result));
        client_saw(&host, due[i].log);
        if (result < 0) {
            client_is_dead(&host, result);
        }
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
    client_end(&host);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_in_every_state),
        cmocka_unit_test(abort_close_is_sticky),
        cmocka_unit_test(octets_where_none_are_due),
        cmocka_unit_test(every_line_in_every_state),
    };

    return cmocka_run_group_tests(tests, begin, finish);
}
