/* A pause, an abort and a stop at every event of a run; every cut of what the server says.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync_host.h"

#include <stdio.h>

static sync_host h;

/* STAT refused; no unique-id for message 2, TOP refused for 3, RETR refused for 4, and 5 is too long. */
static const rule rules[] = {{"STAT", "-ERR\r\n"},
                             {"UIDL", "+OK\r\n1 u1\r\n2 \r\n3 u3\r\n4 u4\r\n5 u5\r\n6 u6\r\n.\r\n"},
                             {"UIDL 2", "+OK 2 \r\n"},
                             {"TOP 3 0", "-ERR\r\n"},
                             {"RETR 4", "-ERR\r\n"},
                             {"RETR 5", "+OK\r\n..012345678901234567890123\r\n.\r\n"},
                             {"RETR 6", "+OK\r\n..\r\n.\r\n"},
                             {NULL, NULL}};

enum { SHAPES = 16 };

/* The same run in several shapes: one window or three, pipelined or not, confirmed at once or later, counted by STAT or
 * by LIST. */
static void prepare(uint32_t shape)
{
    host_prepare(&h, EPOP_SYNC_FILTER | EPOP_SYNC_IDENTIFY | EPOP_SYNC_DELETE);
    h.rules = shape & 8 ? rules : rules + 1;
    h.count = 6;
    h.config.max_octets = 22;
    h.verdicts[1] = EPOP_SYNC_SEEN;
    h.choices[6] = EPOP_SYNC_FETCH;
    h.table_count = shape & 1 ? 2 : HOST_MESSAGES;
    h.capabilities = shape & 2 ? "PIPELINING\r\n" : "";
    h.confirm = shape & 4 ? CONFIRM_LATER : CONFIRM_AT_ONCE;
}

/* To the end, confirming what waits. */
static void go_on(void)
{
    do {
        host_go(&h);
        while (h.waiting_count > 0) {
            (void)epop_sync_confirm(&h.sync, h.waiting[--h.waiting_count], 1);
        }
    } while (epop_client_wants(&h.client) & EPOP_WANT_DRAIN);
}

static void run(uint32_t shape)
{
    prepare(shape);
    host_begin(&h);
    go_on();
    host_close(&h);
}

static char *expected_log(uint32_t shape, uint32_t *events)
{
    run(shape);
    assert_int_equal(h.outcome.result, EPOP_OK);
    assert_int_equal(h.outcome.fetched, 3);
    assert_int_equal(h.outcome.failed, 2);
    assert_int_equal(h.outcome.marked, 4);
    assert_int_equal(h.outcome.deletions, EPOP_SYNC_DELETED);
    *events = h.events;
    return (char *)exact_copy(record_text(&h.log), h.log.len + 1);
}

static void every_cut(void **data)
{
    uint32_t shape;

    (void)data;
    for (shape = 0; shape < SHAPES; shape++) {
        uint32_t events;
        char *expected = expected_log(shape, &events);
        size_t piece;

        for (piece = 1; piece < 40; piece++) {
            prepare(shape);
            h.piece = piece;
            host_begin(&h);
            go_on();
            host_close(&h);
            assert_string_equal(record_text(&h.log), expected);
        }
        free(expected);
    }
}

static void every_pause(void **data)
{
    uint32_t shape;

    (void)data;
    for (shape = 0; shape < SHAPES; shape++) {
        uint32_t events;
        char *expected = expected_log(shape, &events);
        uint32_t k;

        for (k = 1; k <= events; k++) {
            prepare(shape);
            h.stop_at = k;
            h.stop_result = EPOP_PAUSE;
            host_begin(&h);
            go_on();
            host_close(&h);
            assert_string_equal(record_text(&h.log), expected);
        }
        free(expected);
    }
}

static uint32_t count_lines(const char *word)
{
    const char *at = record_text(&h.log);
    uint32_t count = 0;

    while ((at = strstr(at, word)) != NULL) {
        count++;
        at++;
    }
    return count;
}

/* Every message that was listed is reported once, and what is told of deletions is so. */
static void check_end(void)
{
    uint32_t number;
    char word[24];

    for (number = 1; number <= h.count; number++) {
        snprintf(word, sizeof word, "report %u", (unsigned)number);
        assert_true(count_lines(word) <= 1);
        if (h.keyed[number]) {
            assert_int_equal(count_lines(word), 1);
        }
    }
    assert_int_equal(count_lines("begin "), count_lines("\nend "));
    assert_int_equal(count_lines(" MARKED"), h.outcome.marked);
    assert_int_equal(count_lines(" FETCHED"), h.outcome.fetched);
    assert_int_equal(count_lines(" FAILED"), h.outcome.failed);
    assert_int_equal(epop_sync_unconfirmed(&h.sync), 0);
}

static void every_abort(void **data)
{
    uint32_t shape;

    (void)data;
    for (shape = 0; shape < SHAPES; shape++) {
        uint32_t events;
        uint32_t k;

        free(expected_log(shape, &events));
        for (k = 1; k <= events; k++) {
            prepare(shape);
            h.stop_at = k;
            h.stop_result = -5000;
            host_begin(&h);
            go_on();
            assert_int_equal(h.events, k); /* no event came behind it */
            host_close(&h);
            assert_true(h.outcome.result == -5000 || ((shape & 4) && h.outcome.result == EPOP_ERR_ABORTED));
            assert_int_equal(h.outcome.deletions, EPOP_SYNC_NOTHING_DELETED);
            assert_null(strstr(record_text(&h.sent), "QUIT"));
            check_end();
        }
    }
}

static uint32_t stop_at;

static void stop(sync_host *host, uint32_t kind, uint32_t number)
{
    (void)kind;
    (void)number;
    if (host->events == stop_at) {
        assert_int_equal(epop_sync_stop(&host->sync), EPOP_OK);
    }
}

static void every_stop(void **data)
{
    uint32_t shape;

    (void)data;
    for (shape = 0; shape < SHAPES; shape++) {
        uint32_t events;

        free(expected_log(shape, &events));
        for (stop_at = 1; stop_at <= events; stop_at++) {
            size_t before;
            prepare(shape);
            h.act = stop;
            host_begin(&h);
            go_on();
            host_close(&h);
            assert_int_equal(h.outcome.result, EPOP_OK); /* it ends in good order */
            before = h.sent.len;
            assert_true(before > 4 && strcmp(record_text(&h.sent) + before - 4, "QUIT") == 0);
            assert_int_equal(h.outcome.deletions, h.outcome.marked > 0 ? EPOP_SYNC_DELETED : EPOP_SYNC_NOTHING_DELETED);
            check_end();
        }
    }
}

/* From outside, between any two answers of the server. */
static void stop_from_outside(void **data)
{
    uint32_t shape;
    uint32_t turn;

    (void)data;
    for (shape = 0; shape < SHAPES; shape++) {
        for (turn = 0; turn < 30; turn++) {
            uint32_t i;
            prepare(shape);
            h.piece = 1000;
            host_begin(&h);
            for (i = 0; i < turn; i++) {
                host_step(&h);
            }
            assert_int_equal(epop_sync_stop(&h.sync), EPOP_OK);
            go_on();
            host_close(&h);
            assert_int_equal(h.outcome.result, EPOP_OK);
            check_end();
        }
    }
}

static void stopped_while_fetching(sync_host *host, uint32_t kind, uint32_t number)
{
    if (kind == EPOP_EVENT_SYNC_BODY && number == 2) {
        assert_int_equal(epop_sync_stop(&host->sync), EPOP_OK);
    }
}

/* What is under way is dropped; what is stored is deleted; of the rest nothing happens. */
static void stop_in_a_body(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.capabilities = "PIPELINING\r\n";
    h.count = 4;
    h.config.depth = 2;
    h.act = stopped_while_fetching;
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|RETR 1 RETR 2|RETR 3|DELE 1|QUIT");
    host_ended(&h, "report 1 FETCHED MARKED\nreport 2 FAILED ABORTED\nreport 3 FAILED ABORTED\nreport 4\n"
                   "outcome OK DELETED listed 4 fetched 1 failed 2 marked 1 strange 0\n");
    host_prepare(&h, EPOP_SYNC_DELETE); /* and at no other window */
    h.count = 4;
    h.table_count = 2;
    h.act = stopped_while_fetching;
    h.config.flags |= EPOP_SYNC_NEWEST_FIRST;
    stop_at = 0;
    host_run(&h);
    host_sent(&h, "STAT|LIST 3|UIDL 3|LIST 4|UIDL 4|RETR 4|RETR 3|DELE 4|DELE 3|LIST 1|UIDL 1|LIST 2|UIDL 2|RETR 2|"
                  "QUIT");
}

static int end(void **data)
{
    (void)data;
    host_free(&h);
    memset(&h, 0, sizeof h);
    return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(every_cut),  TEST(every_pause),       TEST(every_abort),
                                       TEST(every_stop), TEST(stop_from_outside), TEST(stop_in_a_body)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
