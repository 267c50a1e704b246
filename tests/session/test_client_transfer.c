/* The client's responses: transfers, what aborting one costs, limits, raw commands, sessions of bare LF.
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

/* ---------------------------------------------------------------------------------------------------------------------
 * Transfers
 */

static void expect_transfer(uint32_t command, uintptr_t token, uint32_t number, uint32_t behind, uint64_t received,
                            uint64_t expected)
{
    epop_transfer transfer;

    memset(&transfer, 0xA5, sizeof transfer);
    transfer.struct_size = sizeof transfer;
    assert_int_equal(epop_client_transfer(c, &transfer), EPOP_OK);
    assert_int_equal(transfer.command, command);
    assert_int_equal(transfer.token, token);
    assert_int_equal(transfer.number, number);
    assert_int_equal(transfer.behind, behind);
    assert_int_equal(transfer.received, received);
    assert_int_equal(transfer.expected, expected);
}

static void transfer_under_way(void **data)
{
    (void)data;
    client_enter(&host, 0, "PIPELINING\r\n");
    expect_transfer(0, 0, 0, 0, 0, 0);
    queued(epop_client_retr(c, 7, 70));
    queued(epop_client_uidl(c, 0, 71));
    queued(epop_client_top(c, 8, 1, 72));
    expect_transfer(0, 0, 0, 0, 0, 0);
    client_says(&host, "RETR 7\r\nUIDL\r\nTOP 8 1\r\n");
    client_hears(&host, "+OK 120 octets");
    expect_transfer(0, 0, 0, 0, 0, 0);
    client_hears(&host, "\r\n");
    expect_transfer(EPOP_CMD_RETR, 70, 7, 2, 0, 120);
    client_hears(&host, "..12345\r\n");
    expect_transfer(EPOP_CMD_RETR, 70, 7, 2, 8, 120);
    client_hears(&host, ".\r\n");
    expect_transfer(0, 0, 0, 0, 0, 0);
    client_hears(&host, "+OK 3 unique-ids\r\n");
    expect_transfer(EPOP_CMD_UIDL, 71, 0, 1, 0, 0);
    client_hears(&host, "1 a\r\n.\r\n+OK 18446744073709551616 is too large to be true\r\n");
    expect_transfer(EPOP_CMD_TOP, 72, 8, 0, 0, 0);
    client_hears(&host, ".\r\n");
    expect_transfer(0, 0, 0, 0, 0, 0);
}

/* What the host does in the callback of a kind. */
static uint32_t abort_in;

static void abort_there(client_host *h, uint32_t kind)
{
    if (kind == abort_in) {
        abort_in = 0;
        queued(epop_client_abort(&h->client, EPOP_ABORT_DRAIN));
    }
}

typedef struct abort_row {
    uint32_t kind; /* the event in whose callback the transfer is aborted; 0: after `at` octets, from outside */
    size_t at;
    const char *log;
} abort_row;

static const char message[] = "+OK 100 octets\r\nFirst\r\n..Second\r\n.\r\n";
static const char listing[] = "+OK\r\n1 10\r\n2 20\r\n.\r\n";

/* Law 4 and the comment of EPOP_ABORT_DRAIN: costs the octets, keeps the session in step. */
static void abort_drain(void **data)
{
    static const abort_row retr[] = {
        {EPOP_EVENT_REPLY, 0, "reply 1 RETR + 100 octets\nend 1 RETR ABORTED + 16\n"},
        {EPOP_EVENT_BODY, 0, "reply 1 RETR + 100 octets\nbody 1 RETR First\\r\\n\nend 1 RETR ABORTED + 16\n"},
        {0, 16, "reply 1 RETR + 100 octets\nend 1 RETR ABORTED + 16\n"},
        {0, 18, "reply 1 RETR + 100 octets\nbody 1 RETR Fi\nend 1 RETR ABORTED + 16\n"},
        {0, 23, "reply 1 RETR + 100 octets\nbody 1 RETR First\\r\\n\nend 1 RETR ABORTED + 16\n"},
        {0, 24, "reply 1 RETR + 100 octets\nbody 1 RETR First\\r\\n\nend 1 RETR ABORTED + 16\n"},
        {0, 33, "reply 1 RETR + 100 octets\nbody 1 RETR First\\r\\n.Second\\r\\n\nend 1 RETR ABORTED + 16\n"},
        {0, 35, "reply 1 RETR + 100 octets\nbody 1 RETR First\\r\\n.Second\\r\\n\nend 1 RETR ABORTED + 16\n"},
    };
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(retr); i++) {
        size_t at = retr[i].at;
        client_enter(&host, 0, "PIPELINING\r\n");
        queued(epop_client_retr(c, 7, 1));
        queued(epop_client_noop(c, 2));
        client_says(&host, "RETR 7\r\nNOOP\r\n");
        abort_in = retr[i].kind;
        host.act = abort_there;
        queued(client_feed(&host, message, at));
        if (retr[i].kind == 0) {
            queued(epop_client_abort(c, EPOP_ABORT_DRAIN));
            queued(epop_client_abort(c, EPOP_ABORT_DRAIN));
        }
        queued(client_feed(&host, message + at, strlen(message) - at));
        client_saw(&host, retr[i].log);
        client_hears(&host, "+OK\r\n");
        client_saw(&host, "reply 2 NOOP + \nend 2 NOOP OK + 0\n");
    }
}

static void abort_drain_of_rows(void **data)
{
    static const abort_row rows[] = {
        {EPOP_EVENT_REPLY, 0, "reply 1 LIST + \nend 1 LIST ABORTED + 0\n"},
        {EPOP_EVENT_ROW, 0, "reply 1 LIST + \nrow 1 LIST 1 10\nend 1 LIST ABORTED + 0\n"},
        {0, 5, "reply 1 LIST + \nend 1 LIST ABORTED + 0\n"},
        {0, 8, "reply 1 LIST + \nend 1 LIST ABORTED + 0\n"},
        {0, 18, "reply 1 LIST + \nrow 1 LIST 1 10\nrow 1 LIST 2 20\nend 1 LIST ABORTED + 0\n"},
    };
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(rows); i++) {
        client_enter(&host, 0, NULL);
        queued(epop_client_list(c, 0, 1));
        client_says(&host, "LIST\r\n");
        abort_in = rows[i].kind;
        host.act = abort_there;
        queued(client_feed(&host, listing, rows[i].at));
        if (rows[i].kind == 0) {
            queued(epop_client_abort(c, EPOP_ABORT_DRAIN));
        }
        queued(client_feed(&host, listing + rows[i].at, strlen(listing) - rows[i].at));
        client_saw(&host, rows[i].log);
        assert_int_equal(epop_client_wants(c), EPOP_WANT_FEED | EPOP_WANT_COMMAND);
    }
}

#ifndef EPOP_NO_TRACE
/* What is owed from before a pause is dropped, too: a row that was traced only. */
static void abort_drain_in_a_pause(void **data)
{
    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.callbacks.on_trace = client_on_trace;
    client_log_in(&host, NULL);
    queued(epop_client_list(c, 0, 1));
    client_says(&host, "LIST\r\n");
    client_hears(&host, "+OK\r\n");
    record_clear(&host.log);
    host.stop_kind = EPOP_EVENT_TRACE;
    host.stop_result = EPOP_PAUSE;
    assert_int_equal(client_feed(&host, TEXT("1 10\r\n")), EPOP_PAUSED);
    queued(epop_client_abort(c, EPOP_ABORT_DRAIN));
    queued(client_feed(&host, TEXT("2 20\r\n.\r\n")));
    client_saw(&host, "< 1 10\nend 1 LIST ABORTED + 0\n");
}
#endif

static void abort_close_there(client_host *h, uint32_t kind)
{
    if (kind == EPOP_EVENT_BODY) {
        queued(epop_client_abort(&h->client, EPOP_ABORT_CLOSE));
    }
}

static void abort_close_in_callback(void **data)
{
    (void)data;
    client_enter(&host, 0, NULL);
    queued(epop_client_retr(c, 7, 1));
    client_says(&host, "RETR 7\r\n");
    host.act = abort_close_there;
    assert_int_equal(client_feed(&host, message, strlen(message)), EPOP_ERR_ABORTED);
    client_saw(&host, "reply 1 RETR + 100 octets\nbody 1 RETR First\\r\\n\n");
    client_is_dead(&host, EPOP_ERR_ABORTED);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Limits
 */

static void limit_of_rows(void **data)
{
    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.config.max_rows = 3;
    client_log_in(&host, "TOP\r\nX\r\nUIDL\r\n");
    queued(epop_client_uidl(c, 0, 1));
    client_says(&host, "UIDL\r\n");
    client_hears(&host, "+OK\r\n1 a\r\n2 b\r\n3 c\r\n");
    client_saw(&host, "reply 1 UIDL + \nrow 1 UIDL 1 a\nrow 1 UIDL 2 b\nrow 1 UIDL 3 c\n");
    client_hears(&host, ".\r\n");
    queued(epop_client_uidl(c, 0, 2)); /* each listing counts for itself */
    client_says(&host, "UIDL\r\n");
    client_hears(&host, "+OK\r\n1 a\r\n2 b\r\n3 c\r\n");
    record_clear(&host.log);
    assert_int_equal(client_feed(&host, TEXT("4 d\r\n.\r\n")), EPOP_ERR_LIMIT_ROWS);
    client_saw(&host, "");
    client_is_dead(&host, EPOP_ERR_LIMIT_ROWS);
}

/* Draining a listing is not a way around its limit: an endless one would be drained for ever. */
static void limit_of_rows_in_a_drain(void **data)
{
    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.config.max_rows = 3;
    client_log_in(&host, NULL);
    queued(epop_client_list(c, 0, 1));
    client_says(&host, "LIST\r\n");
    client_hears(&host, "+OK\r\n1 1\r\n");
    queued(epop_client_abort(c, EPOP_ABORT_DRAIN));
    client_hears(&host, "2 1\r\n3 1\r\n");
    assert_int_equal(client_feed(&host, TEXT("4 1\r\n")), EPOP_ERR_LIMIT_ROWS);
}

static void limit_of_a_body(void **data)
{
    static const char text[] = "..2345678\r\n";
    uint64_t limit;
    size_t cut;

    (void)data;
    for (limit = 8; limit <= 12; limit++) { /* of ".2345678" CRLF, 10 octets */
        for (cut = 0; cut < sizeof text; cut++) {
            int32_t result;
            client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
            host.config.max_body = limit;
            client_log_in(&host, NULL);
            queued(epop_client_retr(c, 1, 1));
            client_says(&host, "RETR 1\r\n");
            client_hears(&host, "+OK 5\r\n");
            result = client_feed(&host, text, cut);
            if (result == EPOP_OK) {
                result = client_feed(&host, text + cut, sizeof text - 1 - cut);
            }
            assert_int_equal(result, limit < 10 ? EPOP_ERR_LIMIT_BODY : EPOP_OK);
            assert_true(host.body_octets <= limit);
            if (result == EPOP_OK) {
                client_hears(&host, ".\r\n");
                assert_int_equal(host.body_octets, 10);
            }
        }
    }
}

static void limit_of_a_body_in_a_drain(void **data)
{
    size_t cut;

    (void)data;
    for (cut = 1; cut < 8; cut++) {
        client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
        host.config.max_body = 10;
        client_log_in(&host, NULL);
        queued(epop_client_retr(c, 1, 1));
        client_says(&host, "RETR 1\r\n");
        client_hears(&host, "+OK\r\n");
        queued(client_feed(&host, "12345678", cut));
        queued(epop_client_abort(c, EPOP_ABORT_DRAIN));
        queued(client_feed(&host, &"12345678"[cut], 8 - cut));
        client_hears(&host, "90");
        assert_int_equal(client_feed(&host, TEXT("1")), EPOP_ERR_LIMIT_BODY);
    }
}

/* A status line of `length` octets before its CRLF. */
static int32_t feed_long_line(size_t length, size_t step)
{
    static char line[EPOP_LINE_LENGTH_MAX + 8];
    size_t total = length + 2;
    size_t at = 0;
    int32_t result = EPOP_OK;

    memset(line, 'x', length);
    memcpy(line, "+OK ", 4);
    memcpy(line + length, "\r\n", 2);
    while (result == EPOP_OK && at < total) {
        size_t n = total - at < step ? total - at : step;
        result = client_feed(&host, line + at, n);
        at += n;
    }
    return result;
}

static void limit_of_a_line(void **data)
{
    static const size_t steps[] = {1u << 20, 7, 511, 512, 513, 65537};
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(steps); i++) {
        client_enter(&host, 0, NULL);
        queued(epop_client_noop(c, 1));
        client_says(&host, "NOOP\r\n");
        queued(feed_long_line(512, steps[i]));
        client_saw(&host, "reply 1 NOOP + xxxxx*\nend 1 NOOP OK + 0\n");
        queued(epop_client_noop(c, 2));
        client_says(&host, "NOOP\r\n");
        queued(feed_long_line(513, steps[i]));
        client_saw(&host, "reply 2 NOOP + xxxxx*\nquirk 2 NOOP LONG_LINE\nend 2 NOOP OK + 0\n");
        queued(epop_client_noop(c, 3));
        client_says(&host, "NOOP\r\n");
        queued(feed_long_line(EPOP_LINE_LENGTH_MAX, steps[i]));
        client_saw(&host, "reply 3 NOOP + xxxxx*\nquirk 3 NOOP LONG_LINE\nend 3 NOOP OK + 0\n");
        queued(epop_client_noop(c, 4));
        client_says(&host, "NOOP\r\n");
        assert_int_equal(feed_long_line(EPOP_LINE_LENGTH_MAX + 1, steps[i]), EPOP_ERR_LIMIT_LINE);
        client_saw(&host, "");
        client_is_dead(&host, EPOP_ERR_LIMIT_LINE);
    }
}

/* A row that does not fit the line buffer is delivered cut, with its length, and the session stays in step. */
static void a_long_row(void **data)
{
    record row = {NULL, 0, 0};
    size_t i;

    (void)data;
    client_enter(&host, 0, NULL);
    queued(epop_client_raw(c, TEXT("XLST"), EPOP_SHAPE_ROWS, 1));
    client_says(&host, "XLST\r\n");
    record_add(&row, "+OK\r\n..");
    for (i = 2; i < 600; i++) {
        record_add(&row, "%c", (char)('a' + i % 26));
    }
    record_add(&row, "\r\n.\r\n");
    client_hears(&host, row.text);
    client_saw(&host, "reply 1 ? + \nrow 1 ? .cdefghijklmnopqrstuvwxyz* of 599\nquirk 1 ? LONG_LINE\nend 1 ? OK + 0\n");
    record_free(&row);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Endless input
 */

static int32_t count_only(void *user, const epop_body_event *event)
{
    client_host *h = user;

    h->events++;
    h->body_octets += event->data.len;
    return 0;
}

/* Law 3: nothing is kept. The buffers stand between marks, the log is off, and what was received is counted only. */
static void an_endless_body(void **data)
{
    static const char piece[] = "line\r\n..\r\n.\r.\n\r\r\n..x\r\n";
    uint64_t turns = getenv("EPOP_TEST_LONG") ? 50000000 : 500000;
    uint64_t i;
    size_t used;

    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.callbacks.on_body = count_only;
    client_log_in(&host, NULL);
    queued(epop_client_retr(c, 1, 1));
    client_says(&host, "RETR 1\r\n");
    client_hears(&host, "+OK\r\n");
    for (i = 0; i < turns; i++) {
        assert_int_equal(epop_client_feed(c, piece, sizeof piece - 1, &used), EPOP_OK);
        assert_int_equal(used, sizeof piece - 1);
    }
    assert_int_equal(host.body_octets, turns * (sizeof piece - 1 - 3)); /* each turn has three stuffed lines */
    expect_transfer(EPOP_CMD_RETR, 1, 1, 0, host.body_octets, 0);
    client_hears(&host, ".\r\n");
    client_saw(&host, "reply 1 RETR + \nend 1 RETR OK + *\n");
}

static int32_t count_rows(void *user, const epop_row_event *event)
{
    client_host *h = user;

    (void)event;
    h->events++;
    return 0;
}

static void an_endless_listing(void **data)
{
    static char rows[5 * 1000 + 1];
    size_t i;
    int32_t result = EPOP_OK;

    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_CLEARTEXT);
    host.callbacks.on_row = count_rows;
    client_log_in(&host, NULL);
    queued(epop_client_list(c, 0, 1));
    client_says(&host, "LIST\r\n");
    client_hears(&host, "+OK\r\n");
    for (i = 0; i < 1000; i++) {
        memcpy(rows + 5 * i, "1 1\r\n", 6);
    }
    host.events = 0;
    while (result == EPOP_OK) {
        size_t used;
        result = epop_client_feed(c, rows, sizeof rows - 1, &used);
    }
    assert_int_equal(result, EPOP_ERR_LIMIT_ROWS);
    assert_int_equal(host.events, 10000000); /* the default of max_rows */
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Raw commands and LANG
 */

static void raw_shapes(void **data)
{
    (void)data;
    client_enter(&host, 0, "PIPELINING\r\n");
    queued(epop_client_raw(c, TEXT("XONE"), EPOP_SHAPE_SINGLE, 1));
    assert_int_equal(epop_client_raw(c, TEXT("XTWO"), EPOP_SHAPE_SINGLE, 2), EPOP_ERR_BUSY);
    queued(epop_client_noop(c, 2));
    client_says(&host, "XONE\r\n"); /* it goes alone, and what is behind it waits */
    client_hears(&host, "+OK one\r\n");
    client_says(&host, "NOOP\r\n");
    client_hears(&host, "+OK\r\n");
    client_saw(&host, "reply 1 ? + one\nend 1 ? OK + 0\nreply 2 NOOP + \nend 2 NOOP OK + 0\n");
    queued(epop_client_raw(c, TEXT("xtnd BBOARDS  x"), EPOP_SHAPE_ROWS, 3));
    client_says(&host, "XTND BBOARDS  x\r\n");
    client_hears(&host, "+OK\r\n1 2\r\n..\r\n.\r\n");
    client_saw(&host, "reply 3 XTND + \nrow 3 XTND 1 2\nrow 3 XTND .\nend 3 XTND OK + 0\n");
    queued(epop_client_raw(c, TEXT("XGET 1"), EPOP_SHAPE_BODY, 4));
    client_says(&host, "XGET 1\r\n");
    client_hears(&host, "+OK\r\n1 2\r\n..\r\n.\r\n");
    client_saw(&host, "reply 4 ? + \nbody 4 ? 1 2\\r\\n.\\r\\n\nend 4 ? OK + 8\n");
    queued(epop_client_raw(c, TEXT("XGET 1"), EPOP_SHAPE_BODY, 5));
    client_says(&host, "XGET 1\r\n");
    client_hears(&host, "-ERR\r\n");
    client_saw(&host, "reply 5 ? - \nend 5 ? OK - 0\n");
    queued(epop_client_raw(c, TEXT("XGET "), EPOP_SHAPE_BODY, 6));
    client_says(&host, "XGET\r\n"); /* no blank at the end: servers are known that stumble over it */
}

/* RFC 6856 section 3 */
static void lang_shapes(void **data)
{
    (void)data;
    client_begin(&host, 0);
    queued(epop_client_lang(c, NULL, 0, 1));
    client_says(&host, "LANG\r\n");
    client_hears(&host, "+OK\r\nen English\r\n.\r\n");
    client_saw(&host, "reply 1 LANG + \nrow 1 LANG en English\nend 1 LANG OK + 0\n");
    queued(epop_client_lang(c, TEXT("es"), 2));
    client_says(&host, "LANG es\r\n");
    client_hears(&host, "+OK es Idioma\r\n");
    client_saw(&host, "reply 2 LANG + es Idioma\nend 2 LANG OK + 0\n");
    queued(epop_client_lang(c, TEXT("*"), 3));
    client_says(&host, "LANG *\r\n");
    client_hears(&host, "-ERR\r\n");
    client_saw(&host, "reply 3 LANG - \nend 3 LANG OK - 0\n");
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Sessions of bare LF
 */

static void lf_session(void **data)
{
    (void)data;
    client_prepare(&host, EPOP_CLIENT_ALLOW_LF);
    client_init(&host);
    client_hears(&host, "+OK\n");
    client_saw(&host, "greeting + \nquirk 0 ? LF_SESSION\n");
    queued(epop_client_capa(c, 1));
    client_says(&host, "CAPA\r\n"); /* what we send is right in any case */
    client_hears(&host, "+OK\nTOP\n.\n");
    client_saw(&host, "reply 1 CAPA + \nrow 1 CAPA TOP\nend 1 CAPA OK + 0\n");
    queued(epop_client_raw(c, TEXT("XGET"), EPOP_SHAPE_BODY, 2));
    client_says(&host, "XGET\r\n");
    client_hears(&host, "+OK\na\r\n.\r\n..\n.\n");
    client_saw(&host, "reply 2 ? + \nbody 2 ? a\\r\\n\\r\\n.\\n\nend 2 ? OK + 7\n");
    queued(epop_client_capa(c, 3));
    client_says(&host, "CAPA\r\n");
    assert_int_equal(client_feed(&host, TEXT("+OK\r\n")), EPOP_ERR_PEER_LINE_END);
    client_is_dead(&host, EPOP_ERR_PEER_LINE_END);
}

static void lf_is_not_mixed_in(void **data)
{
    (void)data;
    client_begin(&host, EPOP_CLIENT_ALLOW_LF); /* the greeting ends in CRLF, so that is the rule */
    queued(epop_client_capa(c, 1));
    client_says(&host, "CAPA\r\n");
    client_hears(&host, "+OK\r\n");
    assert_int_equal(client_feed(&host, TEXT("TOP\n")), EPOP_ERR_PEER_LINE_END);
    client_begin(&host, 0);
    queued(epop_client_capa(c, 1));
    client_says(&host, "CAPA\r\n");
    assert_int_equal(client_feed(&host, TEXT("+OK\n")), EPOP_ERR_PEER_LINE_END);
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
        cmocka_unit_test(transfer_under_way),
        cmocka_unit_test(abort_drain),
        cmocka_unit_test(abort_drain_of_rows),
#ifndef EPOP_NO_TRACE
        cmocka_unit_test(abort_drain_in_a_pause),
#endif
        cmocka_unit_test(abort_close_in_callback),
        cmocka_unit_test(limit_of_rows),
        cmocka_unit_test(limit_of_rows_in_a_drain),
        cmocka_unit_test(limit_of_a_body),
        cmocka_unit_test(limit_of_a_body_in_a_drain),
        cmocka_unit_test(limit_of_a_line),
        cmocka_unit_test(a_long_row),
        cmocka_unit_test(an_endless_body),
        cmocka_unit_test(an_endless_listing),
        cmocka_unit_test(raw_shapes),
        cmocka_unit_test(lang_shapes),
        cmocka_unit_test(lf_session),
        cmocka_unit_test(lf_is_not_mixed_in),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
