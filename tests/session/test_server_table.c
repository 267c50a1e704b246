/* The server session, every state with every command line.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "letters.h"
#include "server_states.h"

static server_host host;

/* ---------------------------------------------------------------------------------------------------------------------
 * Command lines
 */

/* What a line does, in the states that take one: AUTHORIZATION NO_CLEARTEXT AFTER_USER TLS_UP TRANSACTION.
 *
 *   +  a positive status line, `reply` where that is given     -  a negative one
 *   a  the password is asked of the host                        h  the command is
 *   s  a message is asked for                                   c  the deletions are to be committed
 *   g  goodbye                                                  t  TLS is wanted
 */
typedef struct line_row {
    const char *text;
    size_t len;
    const char *outcome;
    const char *reply;
    const char *log;
} line_row;

#define LINE(text, outcome, reply, log)                                                                                \
    {                                                                                                                  \
        TEXT(text), outcome, reply, log                                                                                \
    }
#define NEVER(text) LINE(text, "-----", NULL, NULL)

static const char capa_plain[] =
    "+OK *\r\nTOP\r\nUSER\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUIDL\r\nSTLS\r\n.\r\n";
static const char capa_stls[] = "+OK *\r\nTOP\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUIDL\r\nSTLS\r\n.\r\n";
static const char capa_tls[] = "+OK *\r\nTOP\r\nUSER\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nUIDL\r\n.\r\n";

static const line_row lines[] = {
    /* RFC 1939 section 7. A name of 41 octets is one too many for the host's buffer. */
    LINE("USER ann", "+-++-", NULL, NULL),
    LINE("user ann", "+-++-", NULL, NULL),
    LINE("uSeR a b", "+-++-", NULL, NULL),
    LINE("USER 0123456789012345678901234567890123456789", "+-++-", NULL, NULL),
    NEVER("USER 01234567890123456789012345678901234567890"),
    NEVER("USER"),
    NEVER("USER "),
    LINE("USERann", "hhhhh", NULL, "command USERann \n"),
    LINE("PASS x", "--a--", NULL, "auth joe x\n"),
    LINE("pass  x  y ", "--a--", NULL, "auth joe  x  y \n"),
    NEVER("PASS"),
    NEVER("PASS "),
    /* Not served: secrets would go through a hook for strangers. */
    NEVER("APOP joe c4c9334bac560ecc979e58001b3e22fb"),
    NEVER("APOP joe"),
    NEVER("APOP"),
    NEVER("AUTH"),
    NEVER("AUTH "),
    NEVER("AUTH PLAIN"),
    NEVER("AUTH PLAIN AGpvZQBzZWNyZXQ="),
    NEVER("AUTH PLAIN = ="),
    /* RFC 2595 section 4 */
    LINE("STLS", "ttt--", NULL, NULL),
    LINE("stls ", "ttt--", NULL, NULL),
    NEVER("STLS now"),
    /* RFC 2449 section 5 */
    LINE("CAPA", "+++++", NULL, NULL),
    LINE("capa ", "+++++", NULL, NULL),
    NEVER("CAPA all"),
    /* RFC 6856: UTF8 before login, LANG always. */
    LINE("UTF8", "hhhh-", NULL, "command UTF8 \n"),
    NEVER("UTF8 now"),
    LINE("LANG", "hhhhh", NULL, "command LANG \n"),
    LINE("lang de", "hhhhh", NULL, "command lang de\n"),
    NEVER("LANG de en"),
    NEVER("LANG  de"),
    /* RFC 1939 section 5 */
    LINE("STAT", "----+", "+OK 2 30\r\n", NULL),
    LINE("stat  ", "----+", "+OK 2 30\r\n", NULL),
    NEVER("STAT 1"),
    LINE("LIST", "----+", "+OK *\r\n1 13\r\n3 17\r\n.\r\n", NULL),
    LINE("LIST 1", "----+", "+OK 1 13\r\n", NULL),
    LINE("list 3 ", "----+", "+OK 3 17\r\n", NULL),
    LINE("LIST 0000000003", "----+", "+OK 3 17\r\n", NULL),
    NEVER("LIST 2"),
    NEVER("LIST 4"),
    NEVER("LIST 0"),
    NEVER("LIST -1"),
    NEVER("LIST +1"),
    NEVER("LIST 1.0"),
    NEVER("LIST one"),
    NEVER("LIST 1 2"),
    NEVER("LIST  1"),
    LINE("LIST\t1", "----h", NULL, "command LIST\\x091 \n"), /* a tab separates nothing */
    NEVER("LIST 4294967295"),
    NEVER("LIST 4294967296"),
    NEVER("LIST 4294967297"),
    NEVER("LIST 18446744073709551617"),
    NEVER("LIST 00000000003"),
    LINE("RETR 1", "----s", NULL, "send RETR 1\n"),
    LINE("retr 3", "----s", NULL, "send RETR 3\n"),
    NEVER("RETR"),
    NEVER("RETR 0"),
    NEVER("RETR 2"),
    NEVER("RETR 4"),
    NEVER("RETR 4294967295"),
    NEVER("RETR 4294967297"),
    NEVER("RETR 1 1"),
    NEVER("RETR x"),
    LINE("DELE 1", "----+", NULL, NULL),
    LINE("dele 3", "----+", NULL, NULL),
    NEVER("DELE"),
    NEVER("DELE 0"),
    NEVER("DELE 2"),
    NEVER("DELE 4"),
    NEVER("DELE 4294967297"),
    NEVER("DELE 1 3"),
    LINE("NOOP", "----+", NULL, NULL),
    NEVER("NOOP 1"),
    LINE("RSET", "----+", NULL, NULL),
    NEVER("RSET 1"),
    /* RFC 1939 section 7 */
    LINE("TOP 1 0", "----s", NULL, "send TOP 1 0\n"),
    LINE("top 3 4294967295", "----s", NULL, "send TOP 3 4294967295\n"),
    NEVER("TOP"),
    NEVER("TOP 1"),
    NEVER("TOP 1 "),
    NEVER("TOP 0 1"),
    NEVER("TOP 2 1"),
    NEVER("TOP 4 1"),
    NEVER("TOP 1 -1"),
    NEVER("TOP 1 x"),
    NEVER("TOP 1 4294967296"),
    NEVER("TOP 1 1 1"),
    LINE("UIDL", "----+", "+OK *\r\n1 id-1\r\n3 id-3\r\n.\r\n", NULL),
    LINE("UIDL 1", "----+", "+OK 1 id-1\r\n", NULL),
    LINE("uidl 3", "----+", "+OK 3 id-3\r\n", NULL),
    NEVER("UIDL 2"),
    NEVER("UIDL 4"),
    NEVER("UIDL 0"),
    NEVER("UIDL x"),
    NEVER("UIDL 1 3"),
    LINE("QUIT", "ggggc", NULL, "commit 1\n"),
    LINE("quit ", "ggggc", NULL, "commit 1\n"),
    NEVER("QUIT now"),
    /* RFC 1082, and commands of the host's own: LAST is one where it is not switched on. */
    LINE("XTND BBOARDS", "----h", NULL, "command XTND BBOARDS\n"),
    NEVER("XTND"),
    LINE("LAST", "----h", NULL, "command LAST \n"),
    LINE("XFOO", "hhhhh", NULL, "command XFOO \n"),
    LINE("xfoo  a  b ", "hhhhh", NULL, "command xfoo  a  b \n"),
    LINE("HELP", "hhhhh", NULL, "command HELP \n"),
    LINE("Q", "hhhhh", NULL, "command Q \n"),
    /* No command at all. */
    NEVER(""),
    NEVER(" "),
    NEVER(" STAT"),
    NEVER("STAT\0"),
    NEVER("\0"),
    NEVER("XFOO a\0b"),
    NEVER("XFOO a\rb"),
    NEVER("\r"),
};

static const uint32_t taking[] = {IN_AUTHORIZATION, IN_NO_CLEARTEXT, IN_AFTER_USER, IN_TLS_UP, IN_TRANSACTION};

static int32_t feed_line(const line_row *row, size_t *used)
{
    record line = {NULL, 0, 0};
    int32_t result;

    record_octets(&line, row->text, row->len);
    record_octets(&line, "\r\n", 2);
    result = server_feed(&host, line.text, line.len, used);
    record_free(&line);
    return result;
}

static const char *capa_in(uint32_t state)
{
    return state == IN_NO_CLEARTEXT ? capa_stls : state == IN_TLS_UP || state == IN_TRANSACTION ? capa_tls : capa_plain;
}

static void expect_reply(const line_row *row, uint32_t state)
{
    if (row->reply) {
        server_says(&host, row->reply);
    } else if ((row->text[0] | 0x20) == 'c') {
        server_says(&host, capa_in(state));
    } else {
        server_says(&host, "+OK *\r\n");
    }
    server_saw(&host, "");
}

/* The state the line must have left behind. */
static void check_after(const line_row *row, uint32_t state, char outcome)
{
    uint32_t phase = state == IN_TRANSACTION ? EPOP_PHASE_TRANSACTION : EPOP_PHASE_AUTHORIZATION;

    if (outcome == 'g') {
        server_says(&host, "+OK *\r\n");
        assert_int_equal(epop_server_phase(&host.server), EPOP_PHASE_ENDED);
        assert_int_equal(epop_server_wants(&host.server), EPOP_WANT_CLOSE);
        assert_int_equal(epop_server_eof(&host.server), EPOP_OK);
    } else if (outcome == 't') {
        assert_int_equal(epop_server_wants(&host.server), EPOP_WANT_DRAIN);
        server_says(&host, "+OK *\r\n");
        assert_int_equal(epop_server_wants(&host.server), EPOP_WANT_TLS);
    } else if (outcome == '+' || outcome == '-') {
        assert_int_equal(epop_server_phase(&host.server), phase);
        assert_int_equal(epop_server_wants(&host.server), EPOP_WANT_FEED);
    } else {
        server_says(&host, "");
        server_saw(&host, row->log);
        assert_int_equal(epop_server_wants(&host.server), EPOP_WANT_ANSWER);
        assert_int_equal(epop_server_phase(&host.server), outcome == 'c' ? (uint32_t)EPOP_PHASE_UPDATE : phase);
    }
}

/* Numbers and marks after a line that was answered: a command that fails changes nothing. */
static void check_maildrop(const line_row *row, char outcome)
{
    const char *stat = "+OK 2 30\r\n";

    if (outcome == '+' && (row->text[0] | 0x20) == 'd') {
        stat = row->text[5] == '1' ? "+OK 1 17\r\n" : "+OK 1 13\r\n";
    } else if (outcome == '+' && row->text[0] == 'R') {
        stat = "+OK 3 49\r\n";
    }
    server_talk(&host, "STAT\r\n", stat);
}

static void check_line(const line_row *row, uint32_t index)
{
    uint32_t state = taking[index];
    char outcome = letters_at(row->outcome, index);
    size_t used;
    int32_t result;

    server_reach(&host, state);
    record_subject(row->text, server_state_name(state));
    result = feed_line(row, &used);
    assert_string_equal(result_name(result), "OK");
    if (outcome == '-') {
        server_says(&host, "-ERR *\r\n");
        server_saw(&host, "");
    } else if (outcome == '+') {
        expect_reply(row, state);
    }
    check_after(row, state, outcome);
    if (state == IN_TRANSACTION && (outcome == '+' || outcome == '-')) {
        check_maildrop(row, outcome);
    }
}

static void every_line_in_every_phase(void **data)
{
    uint32_t i;
    uint32_t k;

    (void)data;
    for (i = 0; i < COUNT(lines); i++) {
        for (k = 0; k < COUNT(taking); k++) {
            check_line(&lines[i], k);
        }
    }
}

/* RFC 1939 section 7: PASS "immediately after a successful USER command", and at no other time; CAPA changes nothing.
 */
static void pass_counts_right_behind_user(void **data)
{
    uint32_t wrong = 0;
    uint32_t i;
    size_t used;

    (void)data;
    for (i = 0; i < COUNT(lines); i++) {
        char outcome = letters_at(lines[i].outcome, 2);
        uint32_t user = outcome == '+' && strchr("uc", lines[i].text[0] | 0x20) != NULL;
        if (outcome != '+' && outcome != '-') {
            continue;
        }
        server_reach(&host, IN_AFTER_USER);
        assert_int_equal(feed_line(&lines[i], &used), EPOP_OK);
        server_drain(&host);
        server_hears(&host, "PASS y\r\n");
        if ((epop_server_wants(&host.server) == EPOP_WANT_ANSWER) != user) {
            print_error("USER, then \"%s\", then PASS: %s\n", lines[i].text, user ? "refused" : "taken");
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* Law 4: no command is read before the reply to the one before it is out. */
static void a_line_where_none_is_read(void **data)
{
    static const uint32_t waiting[] = {IN_AUTH_ASKED, IN_OPEN_ASKED, IN_SEND_ASKED, IN_COMMIT_ASKED, IN_COMMAND_ASKED,
                                       IN_BODY,       IN_LISTING,    IN_ENDED,      IN_REFUSED};
    epop_server before;
    uint32_t i;
    uint32_t k;
    size_t used;

    (void)data;
    for (k = 0; k < COUNT(waiting); k++) {
        server_reach(&host, waiting[k]);
        (void)epop_server_feed(&host.server, NULL, 0, &used);
        before = host.server;
        for (i = 0; i < COUNT(lines); i++) {
            int32_t expected = waiting[k] == IN_ENDED || waiting[k] == IN_REFUSED ? EPOP_ERR_ENDED : EPOP_AGAIN;
            assert_int_equal(feed_line(&lines[i], &used), expected);
            assert_int_equal(used, 0);
            assert_memory_equal(&host.server, &before, sizeof before);
        }
        assert_int_equal(host.events, 0);
    }
}

/* Law 7 for a server, and law 10. */
static void a_line_that_kills(void **data)
{
    static const uint32_t states[] = {IN_TLS_AGREED, IN_TLS_WANTED, IN_DEAD};
    uint32_t i;
    uint32_t k;
    size_t used;

    (void)data;
    for (k = 0; k < COUNT(states); k++) {
        int32_t expected = states[k] == IN_DEAD ? EPOP_ERR_PEER_LINE_END : EPOP_ERR_PEER_PLAINTEXT;
        for (i = 0; i < COUNT(lines); i++) {
            server_reach(&host, states[k]);
            assert_int_equal(feed_line(&lines[i], &used), expected);
            assert_int_equal(used, 0);
            assert_int_equal(host.events, 0);
            server_is_dead(&host, expected);
        }
        server_reach(&host, states[k]);
        assert_int_equal(server_feed(&host, "\x16", 1, &used), expected);
    }
}

/* Line ends: CRLF, or what the first line has where the host allows it (law 8). */
static void line_ends(void **data)
{
    uint32_t k;
    size_t used;

    (void)data;
    for (k = 0; k < COUNT(taking); k++) {
        server_reach(&host, taking[k]);
        assert_int_equal(server_feed(&host, TEXT("NOOP\nQUIT\r\n"), &used), EPOP_ERR_PEER_LINE_END);
        assert_int_equal(used, 5);
        server_saw(&host, "");
        server_is_dead(&host, EPOP_ERR_PEER_LINE_END);
        server_says(&host, "-ERR *\r\n");
    }
    server_begin(&host, EPOP_SERVER_ALLOW_LF);
    server_talk(&host, "CAPA\r\n", "+OK *\r\n*\r\n*\r\n*\r\n*\r\n*\r\n.\r\n");
    assert_int_equal(server_feed(&host, TEXT("CAPA\n"), &used), EPOP_ERR_PEER_LINE_END);
    server_begin(&host, EPOP_SERVER_ALLOW_LF);
    server_talk(&host, "NOOP\nNOOP\n", "-ERR *\r\n-ERR *\r\n");
    assert_int_equal(server_feed(&host, TEXT("QUIT\r\n"), &used), EPOP_ERR_PEER_LINE_END);
    server_is_dead(&host, EPOP_ERR_PEER_LINE_END);
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
        cmocka_unit_test(every_line_in_every_phase),
        cmocka_unit_test(pass_counts_right_behind_user),
        cmocka_unit_test(a_line_where_none_is_read),
        cmocka_unit_test(a_line_that_kills),
        cmocka_unit_test(line_ends),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
