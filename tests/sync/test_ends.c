/* What becomes of a run where commands are refused, the link is cut, or the host stops it; and what it is told then.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync_host.h"

#define PIPELINING "PIPELINING\r\n"
#define END_OF_RULES                                                                                                   \
    {                                                                                                                  \
        NULL, NULL                                                                                                     \
    }

static sync_host h;

static void run(uint32_t flags, const rule *rules)
{
    host_prepare(&h, flags);
    h.rules = rules;
    host_run(&h);
}

/* ---- Refusals ---- */

static void retr_refused(void **data)
{
    static const rule rules[] = {{"RETR 2", "-ERR [SYS/TEMP] gone\r\n"}, END_OF_RULES};

    (void)data;
    run(EPOP_SYNC_DELETE, rules);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 2|RETR 3|DELE 3|DELE 1|QUIT");
    host_saw(&h, "maildrop 3 66\nlisted 1 22 u1\nlisted 2 22 u2\nlisted 3 22 u3\n"
                 "begin 1 22\nbody 1 *\nend 1 OK 22\nbegin 3 22\nbody 3 *\nend 3 OK 22\n"
                 "report 1 FETCHED MARKED\nreport 2 FAILED SYNC_REFUSED code *\nreport 3 FETCHED MARKED\n"
                 "outcome OK DELETED listed 3 fetched 2 failed 1 marked 2 strange 0\n");
}

static void dele_refused(void **data)
{
    static const rule rules[] = {{"DELE 2", "-ERR no\r\n"}, END_OF_RULES};
    static const rule all[] = {{"DELE*", "-ERR no\r\n"}, {"QUIT", "EOF"}, END_OF_RULES};

    (void)data;
    run(EPOP_SYNC_DELETE, rules);
    host_ended(&h, "report 1 FETCHED MARKED\nreport 2 FETCHED FAILED SYNC_REFUSED\nreport 3 FETCHED MARKED\n"
                   "outcome OK DELETED listed 3 fetched 3 failed 1 marked 2 strange 0\n");
    run(EPOP_SYNC_DELETE, all); /* nothing depends on QUIT then */
    host_ended(&h, "report 1 FETCHED FAILED SYNC_REFUSED\nreport 2 FETCHED FAILED SYNC_REFUSED\n"
                   "report 3 FETCHED FAILED SYNC_REFUSED\n"
                   "outcome OK NOTHING listed 3 fetched 3 failed 3 marked 0 strange 0\n");
}

static void quit(void **data)
{
    static const rule refused[] = {{"QUIT", "-ERR some left\r\n"}, END_OF_RULES};
    static const rule cut[] = {{"QUIT", "EOF"}, END_OF_RULES};
    static const rule cut_in_answer[] = {{"QUIT", "+OK dewey\rEOF"}, END_OF_RULES};
    static const rule nonsense[] = {{"QUIT", "what?\r\n"}, END_OF_RULES};

    (void)data;
    run(EPOP_SYNC_DELETE, refused);
    assert_int_equal(h.outcome.result, EPOP_OK);
    assert_int_equal(h.outcome.deletions, EPOP_SYNC_DELETED_IN_PART);
    run(EPOP_SYNC_DELETE, cut);
    assert_int_equal(h.outcome.result, EPOP_ERR_PEER_QUIT_UNKNOWN);
    assert_int_equal(h.outcome.deletions, EPOP_SYNC_DELETED_UNKNOWN);
    run(EPOP_SYNC_DELETE, cut_in_answer);
    assert_int_equal(h.outcome.deletions, EPOP_SYNC_DELETED_UNKNOWN);
    run(EPOP_SYNC_DELETE, nonsense);
    assert_int_equal(h.outcome.result, EPOP_ERR_PEER_STATUS);
    assert_int_equal(h.outcome.deletions, EPOP_SYNC_DELETED_UNKNOWN);
    run(0, cut); /* nothing was marked */
    assert_int_equal(h.outcome.result, EPOP_OK);
    assert_int_equal(h.outcome.deletions, EPOP_SYNC_NOTHING_DELETED);
}

static uint32_t ack_and_find_quit(void)
{
    size_t len;
    const uint8_t *octets = epop_client_output(&h.client, &len);

    if (octets && len == 6 && memcmp(octets, "QUIT\r\n", 6) == 0) {
        return 1;
    }
    return 0;
}

/* QUIT that was not sent to its last octet was not said; one that was, may have been heard. */
static void quit_sent_in_part(void **data)
{
    static const rule rules[] = {{"DELE 1", ""}, END_OF_RULES};
    uint32_t sent;
    uint32_t how;

    (void)data;
    for (sent = 0; sent <= 6; sent++) {
        for (how = 0; how < 4; how++) {
            host_prepare(&h, EPOP_SYNC_DELETE);
            h.rules = rules;
            h.count = 1;
            host_begin(&h);
            host_go(&h);
            assert_int_equal(host_hears(&h, "+OK\r\n"), EPOP_OK);
            assert_true(ack_and_find_quit());
            assert_int_equal(epop_client_output_ack(&h.client, sent), EPOP_OK);
            if (how == 0) {
                (void)epop_client_eof(&h.client);
            } else if (how == 1) {
                (void)epop_client_timeout(&h.client);
            } else if (how == 2) {
                (void)epop_client_abort(&h.client, EPOP_ABORT_CLOSE);
            }
            host_close(&h);
            assert_int_equal(h.outcome.deletions, sent == 6 ? EPOP_SYNC_DELETED_UNKNOWN : EPOP_SYNC_NOTHING_DELETED);
            assert_int_equal(h.outcome.marked, 1);
            assert_true(h.outcome.result < 0);
        }
    }
}

/* ---- Cuts ---- */

static void end_of_file_everywhere(void **data)
{
    static const char *const commands[] = {"STAT", "LIST", "UIDL", "TOP 2 0", "RETR 1", "RETR 2", "DELE 3", "DELE 1"};
    static const char *const answers[] = {"EOF", "+OEOF", "+OK\r\nEOF", "+OK\r\nxEOF"};
    size_t i;
    size_t k;

    (void)data;
    for (i = 0; i < COUNT(commands); i++) {
        for (k = 0; k < COUNT(answers); k++) {
            const rule rules[] = {{commands[i], answers[k]}, END_OF_RULES};
            run(EPOP_SYNC_DELETE | EPOP_SYNC_FILTER, rules);
            assert_true(h.outcome.result == EPOP_ERR_PEER_EOF || (k > 1 && h.outcome.result < 0));
            assert_int_equal(h.outcome.deletions, EPOP_SYNC_NOTHING_DELETED);
            assert_int_equal(epop_sync_unconfirmed(&h.sync), 0);
        }
    }
}

static void cut_in_a_message(void **data)
{
    static const rule rules[] = {{"RETR 2", "+OK\r\nhalf a EOF"}, END_OF_RULES};
    static const rule too_long[] = {{"RETR 2", "+OK\r\n01234567890123456789012 EOF"}, END_OF_RULES};

    (void)data;
    run(EPOP_SYNC_DELETE, rules);
    host_saw(&h, "maildrop 3 66\nlisted 1 22 u1\nlisted 2 22 u2\nlisted 3 22 u3\n"
                 "begin 1 22\nbody 1 *\nend 1 OK 22\nbegin 2 22\nbody 2 half a \nend 2 PEER_EOF 7\n"
                 "report 1 FETCHED\nreport 2 FAILED PEER_EOF\nreport 3\n"
                 "outcome PEER_EOF NOTHING listed 3 fetched 1 failed 1 marked 0 strange 0\n");
    host_prepare(&h, 0);
    h.rules = too_long;
    h.config.max_octets = 22;
    host_run(&h);
    host_saw(&h, "maildrop 3 66\nlisted 1 22 u1\nlisted 2 22 u2\nlisted 3 22 u3\n"
                 "begin 1 22\nbody 1 *\nend 1 OK 22\nbegin 2 22\nbody 2 0123456789012345678901\nend 2 LIMIT_BODY 22\n"
                 "report 1 FETCHED\nreport 2 FAILED LIMIT_BODY\nreport 3\n"
                 "outcome PEER_EOF NOTHING listed 3 fetched 1 failed 1 marked 0 strange 0\n");
}

/* ---- Confirming ---- */

static void confirm_later(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.confirm = CONFIRM_LATER;
    host_begin(&h);
    host_go(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 2|RETR 3"); /* and then it waits */
    assert_int_equal(epop_client_wants(&h.client), EPOP_WANT_FEED | EPOP_WANT_COMMAND);
    assert_int_equal(epop_client_keep_alive(&h.client), 45);
    assert_int_equal(epop_sync_unconfirmed(&h.sync), 3);
    assert_int_equal(epop_client_noop(&h.client, 9), EPOP_OK);
    host_go(&h);
    host_sent(&h, "NOOP");
    assert_int_equal(epop_sync_confirm(&h.sync, 2, 1), EPOP_OK);
    assert_int_equal(epop_sync_confirm(&h.sync, 2, 1), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_sync_confirm(&h.sync, 0, 1), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_sync_confirm(&h.sync, 4, 1), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_sync_confirm(&h.sync, UINT32_MAX, 1), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_sync_confirm(&h.sync, 3, 2), EPOP_ERR_VALUE);
    assert_int_equal(epop_sync_confirm(&h.sync, 3, 0), EPOP_OK);
    host_go(&h);
    assert_int_equal(epop_sync_unconfirmed(&h.sync), 1);
    host_sent(&h, "");
    assert_int_equal(epop_sync_confirm(&h.sync, 1, 1), EPOP_OK);
    host_go(&h);
    host_sent(&h, "DELE 2|DELE 1|QUIT");
    host_close(&h);
    host_ended(&h, "report 1 FETCHED MARKED\nreport 2 FETCHED MARKED\nreport 3 FAILED DECLINED\n"
                   "outcome OK DELETED listed 3 fetched 2 failed 1 marked 2 strange 0\n");
}

/* In a window, what waits for a confirmation holds up the next; max_messages goes on where it was not stored. */
static void confirm_later_in_windows(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.confirm = CONFIRM_LATER;
    h.table_count = 2;
    h.config.max_messages = 1;
    host_begin(&h);
    host_go(&h);
    host_sent(&h, "STAT|LIST 2|UIDL 2|LIST 3|UIDL 3|RETR 2");
    assert_int_equal(epop_sync_confirm(&h.sync, 2, 0), EPOP_OK);
    host_go(&h);
    host_sent(&h, "RETR 3");
    assert_int_equal(epop_sync_confirm(&h.sync, 3, 1), EPOP_OK);
    host_go(&h);
    host_sent(&h, "DELE 3|LIST 1|UIDL 1|QUIT");
    host_close(&h);
}

static void never_confirmed(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.confirm = CONFIRM_NEVER;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 2|RETR 3");
    host_ended(&h, "report 1 FAILED DECLINED\nreport 2 FAILED DECLINED\nreport 3 FAILED DECLINED\n"
                   "outcome ABORTED NOTHING listed 3 fetched 0 failed 3 marked 0 strange 0\n");
    assert_int_equal(epop_sync_unconfirmed(&h.sync), 0);
    assert_int_equal(epop_sync_confirm(&h.sync, 1, 1), EPOP_ERR_NOT_ASKED);
}

/* The link dies, and the host has stored what came before that: it counts. */
static void confirm_on_a_dead_link(void **data)
{
    static const rule rules[] = {{"RETR 3", "+OK\r\nEOF"}, END_OF_RULES};

    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.rules = rules;
    h.confirm = CONFIRM_LATER;
    host_begin(&h);
    host_go(&h);
    assert_int_equal(epop_sync_confirm(&h.sync, 1, 1), EPOP_OK);
    assert_int_equal(epop_sync_confirm(&h.sync, 2, 1), EPOP_OK);
    host_close(&h);
    host_ended(&h, "report 1 FETCHED\nreport 2 FETCHED\nreport 3 FAILED PEER_EOF\n"
                   "outcome PEER_EOF NOTHING listed 3 fetched 2 failed 1 marked 0 strange 0\n");
    /* All had come, and earlier windows had marked: the end was not a good one. */
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.confirm = CONFIRM_LATER;
    h.count = 2;
    h.table_count = 1;
    h.config.max_messages = 0;
    host_begin(&h);
    host_go(&h);
    assert_int_equal(epop_sync_confirm(&h.sync, 2, 1), EPOP_OK);
    host_go(&h);
    assert_int_equal(epop_client_eof(&h.client), EPOP_ERR_PEER_EOF);
    assert_int_equal(epop_sync_confirm(&h.sync, 1, 0), EPOP_OK);
    host_close(&h);
    host_ended(&h, "report 2 FETCHED MARKED\nreport 1 FAILED DECLINED\n"
                   "outcome PEER_EOF NOTHING listed 2 fetched 1 failed 1 marked 1 strange 0\n");
}

static void nobody_stores(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.callbacks.on_end = NULL;
    host_run(&h);
    host_ended(&h, "report 1 FAILED DECLINED\nreport 2 FAILED DECLINED\nreport 3 FAILED DECLINED\n"
                   "outcome OK NOTHING listed 3 fetched 0 failed 3 marked 0 strange 0\n");
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.callbacks.on_listed = NULL;
    h.callbacks.on_report = NULL;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|QUIT");
}

/* The host gives one up while it comes. */
static void drain_second(sync_host *host, uint32_t kind, uint32_t number)
{
    if (kind == EPOP_EVENT_SYNC_BEGIN && number == 2) {
        assert_int_equal(epop_client_abort(&host->client, EPOP_ABORT_DRAIN), EPOP_OK);
    }
}

static void aborted_by_the_host(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.act = drain_second;
    host_run(&h);
    host_saw(&h, "maildrop 3 66\nlisted 1 22 u1\nlisted 2 22 u2\nlisted 3 22 u3\n"
                 "begin 1 22\nbody 1 *\nend 1 OK 22\nbegin 2 22\nend 2 ABORTED 0\nbegin 3 22\nbody 3 *\nend 3 OK 22\n"
                 "report 1 FETCHED MARKED\nreport 2 FAILED ABORTED\nreport 3 FETCHED MARKED\n"
                 "outcome OK DELETED listed 3 fetched 2 failed 1 marked 2 strange 0\n");
}

/* ---- The host's own QUIT ---- */

static void quit_while_fetching(sync_host *host, uint32_t kind, uint32_t number)
{
    if (kind == EPOP_EVENT_SYNC_END && number == 3) {
        (void)epop_client_quit(&host->client, 9);
    }
}

static void quit_of_the_hosts_own(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.table_count = 2;
    h.count = 5;
    h.act = quit_while_fetching;
    host_run(&h);
    host_sent(&h, "STAT|LIST 4|UIDL 4|LIST 5|UIDL 5|RETR 4|RETR 5|DELE 5|DELE 4|LIST 2|UIDL 2|LIST 3|UIDL 3|"
                  "RETR 2|RETR 3|QUIT");
    host_ended(&h, "report 4 FETCHED MARKED\nreport 5 FETCHED MARKED\nreport 2 FETCHED\nreport 3 FETCHED\n"
                   "outcome PHASE DELETED listed 4 fetched 4 failed 0 marked 2 strange 0\n");
}

static void quit_while_listing(sync_host *host, uint32_t kind, uint32_t number)
{
    if (kind == EPOP_EVENT_SYNC_LISTED && number == 3) {
        (void)epop_client_quit(&host->client, 9);
    }
}

/* No command can follow a QUIT of the host's own: the run is given up, and says so, however well QUIT ends. */
static void given_up(void **data)
{
    uint32_t table;

    (void)data;
    for (table = 2; table < 4; table++) {
        host_prepare(&h, EPOP_SYNC_DELETE);
        h.table_count = table;
        h.act = quit_while_listing;
        h.verdicts[2] = EPOP_SYNC_SEEN;
        host_run(&h);
        assert_null(strstr(record_text(&h.sent), "RETR"));
        assert_null(strstr(record_text(&h.sent), "DELE"));
        assert_int_equal(h.outcome.result, EPOP_ERR_PHASE);
        assert_int_equal(h.outcome.deletions, EPOP_SYNC_NOTHING_DELETED);
    }
}

/* A stop changes nothing of how a run has failed, and makes no failure of one that has not. */
static void stop_after_a_failure(void **data)
{
    static const rule neither[] = {{"LIST", "-ERR\r\n"}, {"UIDL", "-ERR\r\n"}, {"QUIT", ""}, END_OF_RULES};
    static const rule refused[] = {{"RETR 1", "-ERR\r\n"}, {"RETR 2", ""}, END_OF_RULES};

    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.rules = neither;
    host_begin(&h);
    host_go(&h);
    assert_int_equal(epop_sync_stop(&h.sync), EPOP_OK);
    (void)host_hears(&h, "+OK\r\n");
    host_close(&h);
    assert_int_equal(h.outcome.result, EPOP_ERR_SYNC_LISTING);
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.rules = refused;
    host_begin(&h);
    host_go(&h);
    assert_int_equal(epop_sync_stop(&h.sync), EPOP_OK);
    (void)host_hears(&h, "+OK\r\nx\r\n.\r\n");
    host_go(&h);
    host_close(&h);
    host_ended(&h, "report 1 FAILED SYNC_REFUSED\nreport 2 FAILED ABORTED\nreport 3\n"
                   "outcome OK NOTHING listed 3 fetched 0 failed 2 marked 0 strange 0\n");
}

/* A listing that ends early is none, though it has shown a message for which there is no memory, either: of two
 * failures the first is told. */
static void first_of_two_failures(void **data)
{
    static const rule rules[] = {{"STAT", "-ERR\r\n"}, {"LIST", ""}, {"UIDL", ""}, END_OF_RULES};
    uint32_t i;

    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.rules = rules;
    h.late_table = 1;
    host_begin(&h);
    host_go(&h);
    for (i = 0; i < 2; i++) {
        assert_int_equal(host_hears(&h, i == 0 ? "+OK\r\n1 22\r\n" : "+OK\r\n2 u2\r\n"), EPOP_OK);
        assert_int_equal(epop_client_abort(&h.client, EPOP_ABORT_DRAIN), EPOP_OK);
        assert_int_equal(host_hears(&h, ".\r\n"), EPOP_OK);
        host_go(&h);
    }
    host_close(&h);
    host_sent(&h, "STAT|LIST|UIDL|QUIT");
    host_saw(&h, "quirk STAT_COUNT\noutcome SYNC_LISTING NOTHING listed 0 fetched 0 failed 0 marked 0 strange 0\n");
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
    const struct CMUnitTest tests[] = {TEST(retr_refused),
                                       TEST(dele_refused),
                                       TEST(quit),
                                       TEST(quit_sent_in_part),
                                       TEST(end_of_file_everywhere),
                                       TEST(cut_in_a_message),
                                       TEST(confirm_later),
                                       TEST(confirm_later_in_windows),
                                       TEST(never_confirmed),
                                       TEST(confirm_on_a_dead_link),
                                       TEST(nobody_stores),
                                       TEST(aborted_by_the_host),
                                       TEST(quit_of_the_hosts_own),
                                       TEST(given_up),
                                       TEST(stop_after_a_failure),
                                       TEST(first_of_two_failures)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
