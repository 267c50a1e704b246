/* The client's queue: what goes out when, and whose answer an octet is.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client_host.h"

static client_host host;

static epop_client *const c = &host.client;

static void queued(int32_t result)
{
    assert_string_equal(result_name(result), "OK");
}

static void one_at_a_time_without_pipelining(void **data)
{
    (void)data;
    client_enter(&host, 0, "TOP\r\n");
    queued(epop_client_stat(c, 1));
    queued(epop_client_list(c, 0, 2));
    queued(epop_client_dele(c, 5, 3));
    assert_int_equal(epop_client_wants(c), EPOP_WANT_DRAIN | EPOP_WANT_FEED);
    client_says(&host, "STAT\r\n");
    assert_int_equal(epop_client_wants(c), EPOP_WANT_FEED);
    client_says(&host, "");
    client_hears(&host, "+OK 1 2\r\n");
    client_says(&host, "LIST\r\n");
    client_hears(&host, "+OK\r\n1 2\r\n");
    client_says(&host, "");
    client_hears(&host, ".\r\n");
    client_says(&host, "DELE 5\r\n");
    client_hears(&host, "-ERR\r\n");
    client_saw(&host, "reply 1 STAT + 1 2\nrow 1 STAT 1 2\nend 1 STAT OK + 0\n"
                      "reply 2 LIST + \nrow 2 LIST 1 2\nend 2 LIST OK + 0\n"
                      "reply 3 DELE - \nend 3 DELE OK - 0\n");
    assert_int_equal(epop_client_wants(c), EPOP_WANT_FEED | EPOP_WANT_COMMAND);
}

/* RFC 2449 section 6.6 */
static void back_to_back_with_pipelining(void **data)
{
    (void)data;
    client_enter(&host, 0, "PIPELINING\r\n");
    queued(epop_client_stat(c, 0));
    queued(epop_client_uidl(c, 0, 4294967295u));
    queued(epop_client_retr(c, 1, 3));
    queued(epop_client_top(c, 2, 5, 4));
    queued(epop_client_rset(c, 5));
    client_says(&host, "STAT\r\nUIDL\r\nRETR 1\r\nTOP 2 5\r\nRSET\r\n");
    client_hears(&host, "+OK 1 2\r\n+OK\r\n1 a\r\n.\r\n+OK\r\n..x\r\n.\r\n-ERR gone\r\n+OK\r\n");
    client_saw(&host, "reply 0 STAT + 1 2\nrow 0 STAT 1 2\nend 0 STAT OK + 0\n"
                      "reply 4294967295 UIDL + \nrow 4294967295 UIDL 1 a\n"
                      "end 4294967295 UIDL OK + 0\n"
                      "reply 3 RETR + \nbody 3 RETR .x\\r\\n\nend 3 RETR OK + 4\n"
                      "reply 4 TOP - gone\nend 4 TOP OK - 0\nreply 5 RSET + \nend 5 RSET OK + 0\n");
}

/* It counts what the server says now: before login and after it, and after STLS, are three different things. */
static void pipelining_only_while_announced(void **data)
{
    (void)data;
    client_begin(&host, 0);
    queued(epop_client_capa(c, 1));
    client_says(&host, "CAPA\r\n");
    queued(epop_client_capa(c, 2));
    client_hears(&host, "+OK\r\npipelining\r\nSTLS\r\n.\r\n");
    queued(epop_client_capa(c, 3));
    client_says(&host, "CAPA\r\nCAPA\r\n");
    client_hears(&host, "+OK\r\nPIPELINING\r\n.\r\n+OK\r\nTOP\r\n.\r\n");
    queued(epop_client_capa(c, 4));
    queued(epop_client_capa(c, 5));
    client_says(&host, "CAPA\r\n"); /* the last answer no longer had it */
    client_hears(&host, "+OK\r\nPIPELINING\r\n.\r\n");
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nPIPELINING\r\n.\r\n");
    queued(epop_client_stls(c, 6));
    client_says(&host, "STLS\r\n");
    client_hears(&host, "+OK\r\n");
    assert_int_equal(epop_client_capabilities(c), EPOP_CAPA_PIPELINING);
    queued(epop_client_tls_started(c));
    assert_int_equal(epop_client_capabilities(c), 0);
    queued(epop_client_capa(c, 7));
    queued(epop_client_capa(c, 8));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "-ERR\r\n");
    client_says(&host, "CAPA\r\n");
}

static void window_in_commands(void **data)
{
    uint32_t i;

    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.config.window_commands = 3;
    client_log_in(&host, "PIPELINING\r\n");
    for (i = 1; i <= 6; i++) {
        queued(epop_client_dele(c, i, i));
    }
    client_says(&host, "DELE 1\r\nDELE 2\r\nDELE 3\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "DELE 4\r\n");
    client_hears(&host, "+OK\r\n-ERR\r\n");
    client_says(&host, "DELE 5\r\nDELE 6\r\n");
    client_hears(&host, "+OK\r\n+OK\r\n+OK\r\n");
    client_says(&host, "");
    assert_int_equal(host.events, 12);
}

/* However small the window, one command can always go; with room for more, more go, and never more octets than that. */
static void window_in_octets(void **data)
{
    uint32_t window;
    uint32_t most;
    uint32_t i;
    size_t len;

    (void)data;
    for (window = 1; window < 100; window++) {
        client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
        host.config.window_octets = window;
        client_log_in(&host, "PIPELINING\r\n");
        for (i = 0; i < CLIENT_SLOTS; i++) {
            queued(epop_client_noop(c, i));
        }
        most = 0;
        i = 0;
        while (i < CLIENT_SLOTS) {
            const uint8_t *sent = epop_client_output(c, &len);
            size_t flight = len / 6; /* "NOOP" CRLF */
            assert_non_null(sent);
            assert_true(len <= window || len == 6);
            most = flight > most ? (uint32_t)flight : most;
            queued(epop_client_output_ack(c, len));
            for (i += (uint32_t)flight; flight > 0; flight--) {
                client_hears(&host, "+OK\r\n");
                (void)epop_client_output(c, &len);
                assert_true(len + (flight - 1) * 6 <= window || len <= 6);
                if (flight > 1 && len > 0) {
                    flight += len / 6;
                    i += (uint32_t)len / 6;
                    queued(epop_client_output_ack(c, len));
                }
            }
        }
        assert_true(window < 40 || most > 1);
    }
}

/* Commands that change what the session is wait for all before them, and all behind them for them. */
static void barriers(void **data)
{
    (void)data;
    client_begin(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.user = "joe";
    host.password = "x";
    queued(epop_client_capa(c, 1));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nPIPELINING\r\n.\r\n");
    queued(epop_client_capa(c, 2));
    queued(epop_client_utf8(c, 3));
    queued(epop_client_login(c, 4));
    queued(epop_client_stat(c, 5));
    queued(epop_client_noop(c, 6));
    queued(epop_client_quit(c, 7));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nPIPELINING\r\n.\r\n");
    client_says(&host, "UTF8\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "USER joe\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "PASS x\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nPIPELINING\r\n");
    client_says(&host, "");
    client_hears(&host, ".\r\n");
    client_says(&host, "STAT\r\nNOOP\r\n");
    client_hears(&host, "+OK 0 0\r\n");
    client_says(&host, "");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "QUIT\r\n");
    assert_int_equal(epop_client_noop(c, 8), EPOP_ERR_PHASE);
    client_hears(&host, "+OK\r\n");
    assert_int_equal(epop_client_wants(c), EPOP_WANT_CLOSE);
}

static void stls_is_a_barrier(void **data)
{
    (void)data;
    client_begin(&host, 0);
    queued(epop_client_capa(c, 1));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nPIPELINING\r\nSTLS\r\n.\r\n");
    queued(epop_client_capa(c, 2));
    queued(epop_client_stls(c, 3));
    queued(epop_client_capa(c, 4));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nPIPELINING\r\nSTLS\r\n.\r\n");
    client_says(&host, "STLS\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "");
    assert_int_equal(epop_client_wants(c), EPOP_WANT_TLS);
    queued(epop_client_tls_started(c));
    client_says(&host, "CAPA\r\n");
}

static void queue_full(void **data)
{
    epop_client before;
    uint32_t i;

    (void)data;
    client_enter(&host, 0, NULL);
    for (i = 0; i < CLIENT_SLOTS; i++) {
        queued(epop_client_noop(c, i));
    }
    before = host.client;
    assert_int_equal(epop_client_noop(c, i), EPOP_ERR_QUEUE_FULL);
    assert_int_equal(epop_client_quit(c, i), EPOP_ERR_QUEUE_FULL);
    assert_int_equal(epop_client_login(c, i), EPOP_ERR_PHASE);
    assert_memory_equal(&host.client, &before, sizeof before);
    client_says(&host, "NOOP\r\n");
    client_hears(&host, "+OK\r\n");
    queued(epop_client_noop(c, i));
    assert_int_equal(epop_client_noop(c, i), EPOP_ERR_QUEUE_FULL);
    for (i = 0; i < CLIENT_SLOTS; i++) {
        client_says(&host, "NOOP\r\n");
        client_hears(&host, "+OK\r\n");
    }
    client_saw(&host, "reply 0 NOOP + \nend 0 NOOP OK + 0\nreply 1 NOOP + \nend 1 NOOP OK + 0\n"
                      "reply 2 NOOP + \nend 2 NOOP OK + 0\nreply 3 NOOP + \nend 3 NOOP OK + 0\n"
                      "reply 4 NOOP + \nend 4 NOOP OK + 0\nreply 5 NOOP + \nend 5 NOOP OK + 0\n"
                      "reply 6 NOOP + \nend 6 NOOP OK + 0\nreply 7 NOOP + \nend 7 NOOP OK + 0\n"
                      "reply 8 NOOP + \nend 8 NOOP OK + 0\n");
}

/* One slot is enough for everything, one after the other. */
static void one_slot(void **data)
{
    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.config.slot_count = 1;
    client_log_in(&host, "PIPELINING\r\n");
    queued(epop_client_retr(c, 1, 1));
    assert_int_equal(epop_client_noop(c, 2), EPOP_ERR_QUEUE_FULL);
    client_says(&host, "RETR 1\r\n");
    client_hears(&host, "+OK\r\na\r\n.\r\n");
    queued(epop_client_raw(c, TEXT("XFOO"), EPOP_SHAPE_SINGLE, 2));
    client_says(&host, "XFOO\r\n");
    client_hears(&host, "+OK\r\n");
    queued(epop_client_quit(c, 3));
    client_says(&host, "QUIT\r\n");
    client_hears(&host, "+OK\r\n");
    client_saw(&host, "reply 1 RETR + \nbody 1 RETR a\\r\\n\nend 1 RETR OK + 3\nreply 2 ? + \nend 2 ? OK + 0\n"
                      "reply 3 QUIT + \nend 3 QUIT OK + 0\n");
}

static void before_the_greeting(void **data)
{
    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    client_init(&host);
    host.user = "joe";
    queued(epop_client_capa(c, 1));
    queued(epop_client_login(c, 2));
    queued(epop_client_stat(c, 3));
    assert_int_equal(epop_client_stls(c, 4), EPOP_ERR_PHASE);
    client_says(&host, "");
    client_hears(&host, "+OK hello");
    client_says(&host, "");
    client_hears(&host, "\r\n");
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "-ERR\r\n");
    client_says(&host, "USER joe\r\n"); /* the answer to CAPA is known: it is not asked again */
}

static void a_greeting_that_refuses(void **data)
{
    (void)data;
    client_prepare(&host, 0);
    client_init(&host);
    queued(epop_client_stls(c, 1));
    queued(epop_client_login(c, 2));
    queued(epop_client_list(c, 7, 3));
    queued(epop_client_quit(c, 4));
    client_hears(&host, "-ERR [SYS/TEMP] full\r\n");
    client_says(&host, "");
    client_saw(&host, "greeting - [SYS/TEMP] full\nend 1 STLS UNSENT 0 0\nend 2 LOGIN UNSENT 0 0\n"
                      "end 3 LIST UNSENT 0 0\nend 4 QUIT UNSENT 0 0\n");
    assert_int_equal(epop_client_wants(c), EPOP_WANT_CLOSE);
    assert_int_equal(epop_client_capa(c, 5), EPOP_ERR_ENDED);
    assert_int_equal(epop_client_eof(c), EPOP_OK);
}

/* Those that need the login end unsent; those that do not go out. */
static void behind_a_failed_login(void **data)
{
    (void)data;
    client_begin(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.user = "joe";
    host.password = "wrong";
    queued(epop_client_login(c, 1));
    queued(epop_client_stat(c, 2));
    queued(epop_client_capa(c, 3));
    queued(epop_client_retr(c, 1, 4));
    queued(epop_client_quit(c, 5));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "-ERR\r\n");
    client_says(&host, "USER joe\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "PASS wrong\r\n");
    client_hears(&host, "-ERR [AUTH] no\r\n");
    client_saw(&host, "reply 1 CAPA - \nask 1 user\nreply 1 USER + \nask 1 password\nreply 1 PASS - [AUTH] no\n"
                      "end 1 LOGIN LOGIN_REFUSED - 0\nend 2 STAT UNSENT 0 0\n");
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "-ERR\r\n");
    client_saw(&host, "reply 3 CAPA - \nend 3 CAPA OK - 0\nend 4 RETR UNSENT 0 0\n");
    client_says(&host, "QUIT\r\n");
    assert_int_equal(epop_client_capa(c, 6), EPOP_ERR_PHASE); /* behind QUIT nothing can be legal */
}

static void after_a_failed_login(void **data)
{
    (void)data;
    client_begin(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.user = "joe";
    queued(epop_client_login(c, 1));
    queued(epop_client_stat(c, 2));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "-ERR\r\n");
    client_says(&host, "USER joe\r\n");
    client_hears(&host, "-ERR\r\n");
    assert_int_equal(epop_client_stat(c, 3), EPOP_ERR_PHASE);
    queued(epop_client_login(c, 4)); /* and once more */
    queued(epop_client_stat(c, 5));
    client_says(&host, "USER joe\r\n");
    client_saw(&host, "reply 1 CAPA - \nask 1 user\nreply 1 USER - \nend 1 LOGIN LOGIN_REFUSED - 0\n"
                      "end 2 STAT UNSENT 0 0\nask 4 user\n");
}

/* RFC 6856 section 2.1: no STLS after UTF8. Whether there was one is known only when it is answered. */
static void stls_behind_utf8(void **data)
{
    (void)data;
    client_begin(&host, 0);
    queued(epop_client_utf8(c, 1));
    queued(epop_client_stls(c, 2));
    client_says(&host, "UTF8\r\n");
    client_hears(&host, "+OK\r\n");
    client_says(&host, "");
    client_saw(&host, "reply 1 UTF8 + \nend 1 UTF8 OK + 0\nend 2 STLS UNSENT 0 0\n");
    assert_int_equal(epop_client_stls(c, 3), EPOP_ERR_PHASE);

    client_begin(&host, 0);
    queued(epop_client_utf8(c, 1));
    queued(epop_client_stls(c, 2));
    client_says(&host, "UTF8\r\n");
    client_hears(&host, "-ERR\r\n");
    client_says(&host, "STLS\r\n");
}

/* Law 9: a reply to a command that was not sent to its last octet answers nothing. */
static void a_reply_before_the_command(void **data)
{
    size_t sent;

    (void)data;
    for (sent = 0; sent <= 6; sent++) {
        client_enter(&host, 0, NULL);
        queued(epop_client_stat(c, 1));
        queued(epop_client_output_ack(c, sent));
        assert_int_equal(client_feed(&host, TEXT("+OK 0 0\r\n")), sent < 6 ? EPOP_ERR_PEER_UNSOLICITED : EPOP_OK);
    }
    client_enter(&host, 0, "PIPELINING\r\n");
    queued(epop_client_noop(c, 1));
    queued(epop_client_retr(c, 1, 2));
    queued(epop_client_noop(c, 3));
    queued(epop_client_output_ack(c, 6 + 8 + 5)); /* the last octet of the last command is missing */
    client_hears(&host, "+OK\r\n+OK\r\n.\r\n");
    client_saw(&host, "reply 1 NOOP + \nend 1 NOOP OK + 0\nreply 2 RETR + \nend 2 RETR OK + 0\n");
    assert_int_equal(client_feed(&host, TEXT("+")), EPOP_ERR_PEER_UNSOLICITED);
}

static void queue_another(client_host *h, uint32_t kind)
{
    if (kind == EPOP_EVENT_GREETING) {
        queued(epop_client_capa(&h->client, 1));
    } else if (kind == EPOP_EVENT_REPLY) {
        queued(epop_client_capa(&h->client, 2));
        h->act = NULL;
    }
}

/* Commands that are queued in callbacks go out when the call around them goes on. */
static void queued_in_callbacks(void **data)
{
    (void)data;
    client_prepare(&host, 0);
    client_init(&host);
    host.act = queue_another;
    client_hears(&host, "+OK\r\n");
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\nTOP\r\n");
    client_says(&host, "");
    client_hears(&host, ".\r\n");
    client_says(&host, "CAPA\r\n");
    client_saw(&host, "greeting + \nreply 1 CAPA + \nrow 1 CAPA TOP\nend 1 CAPA OK + 0\n");
}

/* What was answered gives its octets back: 300 commands through 16 slots are 19 flights, within 256 octets too. */
static void window_is_given_back(void **data)
{
    static epop_client_slot slots[16];
    uint32_t flights = 0;
    uint32_t asked = 0;
    uint32_t done = 0;

    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.config.window_octets = 256;
    host.config.slots = slots;
    host.config.slot_count = 16;
    client_log_in(&host, "PIPELINING\r\n");
    while (done < 300) {
        size_t len;

        while (asked < 300 && epop_client_noop(c, asked) == EPOP_OK) {
            asked++;
        }
        assert_non_null(epop_client_output(c, &len));
        queued(epop_client_output_ack(c, len));
        flights++;
        assert_true(flights < 300);
        for (; len > 0; len -= 6) { /* "NOOP" CRLF */
            client_hears(&host, "+OK\r\n");
            done++;
        }
    }
    assert_int_equal(flights, 19);
}

/* The name was given inside a callback that paused, so the trace of USER comes with its acknowledgement. */
static size_t trace_at_acknowledgement(int32_t result)
{
    size_t used;
    size_t len;

    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.callbacks.on_trace = client_on_trace;
    host.user = "tim";
    client_init(&host);
    client_hears(&host, "+OK\r\n");
    queued(epop_client_login(c, 1));
    client_says(&host, "CAPA\r\n");
    host.stop_kind = EPOP_EVENT_ASK;
    host.stop_result = EPOP_PAUSE;
    assert_int_equal(epop_client_feed(c, "-ERR\r\n", 6, &used), EPOP_PAUSED);
    assert_non_null(epop_client_output(c, &len));
    host.stop_kind = EPOP_EVENT_TRACE;
    host.stop_result = result;
    return len;
}

static void trace_pauses_acknowledgement(void **data)
{
    size_t len = trace_at_acknowledgement(EPOP_PAUSE);

    (void)data;
    assert_int_equal(len, 10); /* USER tim */
    assert_int_equal(epop_client_output_ack(c, len), EPOP_PAUSED);
    host.stop_kind = 0;
    client_says(&host, "");
    client_saw(&host, "< +OK\ngreeting + \n> CAPA\n< -ERR\nreply 1 CAPA - \nask 1 user\n> USER tim\n");
    client_hears(&host, "-ERR\r\n");
}

static void trace_fails_acknowledgement(void **data)
{
    size_t len = trace_at_acknowledgement(EPOP_ERR_CALLBACK_FIRST - 7);

    (void)data;
    assert_int_equal(epop_client_output_ack(c, len), EPOP_ERR_CALLBACK_FIRST - 7);
    host.stop_kind = 0;
    client_is_dead(&host, EPOP_ERR_CALLBACK_FIRST - 7);
}

/* Each has an event of its own, in the order of their bits. */
static void two_quirks_on_one_line(void **data)
{
    (void)data;
    client_enter(&host, 0, "PIPELINING\r\n");
    queued(epop_client_uidl(c, 0, 1));
    client_says(&host, "UIDL\r\n");
    client_hears(&host, "+OK\r\n+OK 1  a\r\n.\r\n");
    client_saw(&host, "reply 1 UIDL + \nrow 1 UIDL 1 a\nquirk 1 UIDL ROW_STATUS\nquirk 1 UIDL ROW_BLANKS\n"
                      "end 1 UIDL OK + 0\n");
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
        cmocka_unit_test(one_at_a_time_without_pipelining),
        cmocka_unit_test(back_to_back_with_pipelining),
        cmocka_unit_test(pipelining_only_while_announced),
        cmocka_unit_test(window_in_commands),
        cmocka_unit_test(window_in_octets),
        cmocka_unit_test(barriers),
        cmocka_unit_test(stls_is_a_barrier),
        cmocka_unit_test(queue_full),
        cmocka_unit_test(one_slot),
        cmocka_unit_test(before_the_greeting),
        cmocka_unit_test(a_greeting_that_refuses),
        cmocka_unit_test(behind_a_failed_login),
        cmocka_unit_test(after_a_failed_login),
        cmocka_unit_test(stls_behind_utf8),
        cmocka_unit_test(a_reply_before_the_command),
        cmocka_unit_test(queued_in_callbacks),
        cmocka_unit_test(window_is_given_back),
        cmocka_unit_test(trace_pauses_acknowledgement),
        cmocka_unit_test(trace_fails_acknowledgement),
        cmocka_unit_test(two_quirks_on_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
