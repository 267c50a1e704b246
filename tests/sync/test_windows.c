/* Less memory than messages; how much is on its way at a time; queues that are full.
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

/* RETR, DELE and QUIT, by their first letters. */
static void commands_at(const char *expected, const char *file, int line)
{
    record got = {NULL, 0, 0};
    char *words = (char *)exact_copy(record_text(&h.sent), h.sent.len + 1);
    char *word;
    int shown = 0;

    for (word = strtok(words, "| "); word; word = strtok(NULL, "| ")) {
        shown = word[0] <= '9' ? shown : strchr("DRQ", word[0]) != NULL;
        record_octets(&got, word, shown ? word[0] <= '9' ? strlen(word) : 1u : 0u);
    }
    free(words);
    record_expect(expected, record_text(&got), file, line);
    record_free(&got);
}
#define commands(text) commands_at(text, __FILE__, __LINE__)

static void window_of_two(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.capabilities = PIPELINING;
    h.count = 5;
    h.table_count = 2;
    host_run(&h);
    host_sent(&h, "STAT|LIST 4 UIDL 4 LIST 5 UIDL 5|RETR 4 RETR 5|DELE 5 DELE 4|"
                  "LIST 2 UIDL 2 LIST 3 UIDL 3|RETR 2 RETR 3|DELE 3 DELE 2|LIST 1 UIDL 1|RETR 1|DELE 1|QUIT");
    host_ended(&h, "report 4 FETCHED MARKED\nreport 5 FETCHED MARKED\nreport 2 FETCHED MARKED\n"
                   "report 3 FETCHED MARKED\nreport 1 FETCHED MARKED\n"
                   "outcome OK DELETED listed 5 fetched 5 failed 0 marked 5 strange 0\n");
}

static void every_window(void **data)
{
    uint32_t sizes[] = {1, 2, 7, 19, 20};
    size_t i;
    uint32_t late;

    (void)data;
    for (i = 0; i < COUNT(sizes); i++) {
        for (late = 0; late < 2; late++) {
            host_prepare(&h, EPOP_SYNC_DELETE | EPOP_SYNC_KEEP_NEWEST | EPOP_SYNC_FILTER);
            h.count = 20;
            h.table_count = sizes[i];
            h.late_table = late;
            h.config.delete_after = 1;
            h.config.keep_newest = 17;
            host_run(&h);
            assert_int_equal(h.outcome.result, EPOP_OK);
            assert_int_equal(h.outcome.fetched, 20);
            assert_int_equal(h.outcome.marked, 3);
            assert_non_null(strstr(record_text(&h.log), "report 3 FETCHED MARKED\n"));
            assert_non_null(strstr(record_text(&h.log), "report 4 FETCHED\n"));
        }
    }
}

/* STAT is of no use, or tells no more than a count: LIST says how far windows reach. */
static void counted_by_list(void **data)
{
    static const rule cases[][2] = {{{"STAT", "-ERR\r\n"}, END_OF_RULES},
                                    {{"STAT", "+OK\r\n"}, END_OF_RULES},
                                    {{"STAT", "+OK 0 0\r\n"}, END_OF_RULES},
                                    {{"STAT", "+OK 20437\r\n"}, END_OF_RULES},
                                    {{"STAT", "+OK 3 messages\r\n"}, END_OF_RULES}};
    static const char *const maildrops[] = {"maildrop 3 66\n", "maildrop 3 66\n", "maildrop 3 66\n",
                                            "maildrop 20437 ?\n", "maildrop 3 ?\n"};
    size_t i;
    uint32_t late;

    (void)data;
    for (i = 0; i < 2 * COUNT(cases); i++) {
        late = i % 2;
        host_prepare(&h, EPOP_SYNC_DELETE);
        h.rules = cases[i / 2];
        h.table_count = 2;
        h.late_table = late;
        host_run(&h);
        host_sent(&h,
                  "STAT|LIST|LIST 2|UIDL 2|LIST 3|UIDL 3|RETR 2|RETR 3|DELE 3|DELE 2|LIST 1|UIDL 1|RETR 1|DELE 1|QUIT");
        assert_non_null(strstr(record_text(&h.log), maildrops[i / 2]));
        assert_null(strstr(strstr(record_text(&h.log), "maildrop") + 1, "maildrop"));
        host_ended(&h, "report 2 FETCHED MARKED\nreport 3 FETCHED MARKED\nreport 1 FETCHED MARKED\n"
                       "outcome OK DELETED listed 3 fetched 3 failed 0 marked 3 strange 0\n");
    }
}

/* ... and where that list is one to wonder at, nothing is deleted. The last: the replies come one too late. */
static void counted_in_doubt(void **data)
{
    static const char *const lists[] = {"+OK\r\n3 22\r\n1 22\r\n2 22\r\n.\r\n", "+OK\r\n1 22\r\n1 22\r\n3 22\r\n.\r\n",
                                        "+OK\r\n1 22\r\nwhat\r\n3 22\r\n.\r\n",
                                        "+OK 3 66\r\n+OK 3 66\r\n1 22\r\n2 22\r\n3 22\r\n.\r\n"};
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(lists); i++) {
        rule rules[] = {{"STAT", "+OK\r\n"}, {"LIST", NULL}, END_OF_RULES};

        rules[1].answer = lists[i];
        host_prepare(&h, EPOP_SYNC_DELETE);
        h.rules = rules;
        h.table_count = 2;
        host_run(&h);
        assert_int_equal(h.outcome.result, EPOP_OK);
        assert_int_equal(h.outcome.fetched, 3);
        assert_true(h.outcome.malformed_rows > 0);
        assert_null(strstr(record_text(&h.sent), "DELE"));
    }
}

/* One window alone cannot tell whether the server has no UIDL, or leaves a message out. */
static void unique_ids_in_windows(void **data)
{
    static const rule one[] = {{"UIDL 3", "-ERR\r\n"}, END_OF_RULES};
    static const rule none[] = {{"UIDL*", "-ERR\r\n"}, END_OF_RULES};
    static const rule empty[] = {
        {"UIDL 3", "-ERR\r\n"}, {"UIDL", "+OK\r\n1 \r\n.\r\n"}, {"UIDL*", "-ERR\r\n"}, END_OF_RULES};
    uint32_t i;

    (void)data;
    for (i = 0; i < 2; i++) {
        host_prepare(&h, EPOP_SYNC_IDENTIFY | EPOP_SYNC_DELETE);
        h.rules = one;
        h.table_count = 1;
        host_run(&h);
        host_sent(&h, "STAT|LIST 3|UIDL 3|UIDL|LIST 2|UIDL 2|RETR 2|DELE 2|LIST 1|UIDL 1|RETR 1|DELE 1|QUIT");
        host_ended(&h, "report 3 FAILED SYNC_LATER\nreport 2 FETCHED MARKED\nreport 1 FETCHED MARKED\n"
                       "outcome OK DELETED listed 2 fetched 2 failed 1 marked 2 strange 0\n");
        host_prepare(&h, EPOP_SYNC_IDENTIFY);
        h.rules = i ? empty : none;
        h.table_count = 1;
        host_run(&h);
        host_sent(&h, "STAT|LIST 3|UIDL 3|UIDL|TOP 3 0|RETR 3|LIST 2|UIDL 2|TOP 2 0|RETR 2|LIST 1|UIDL 1|TOP 1 0|"
                      "RETR 1|QUIT");
    }
    host_prepare(&h, 0); /* nothing depends on it */
    h.rules = one;
    h.table_count = 1;
    host_run(&h);
    host_sent(&h, "STAT|LIST 3|UIDL 3|LIST 2|UIDL 2|RETR 2|LIST 1|UIDL 1|RETR 1|QUIT");
}

static void window_of_one(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_KEEP_NEWEST);
    h.count = 4;
    h.table_count = 1;
    h.config.keep_newest = 2;
    h.config.max_messages = 3;
    host_run(&h);
    host_sent(&h, "STAT|LIST 4|UIDL 4|RETR 4|LIST 3|UIDL 3|RETR 3|LIST 2|UIDL 2|RETR 2|DELE 2|LIST 1|UIDL 1|QUIT");
}

static void newest_first_within(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_NEWEST_FIRST);
    h.count = 5;
    h.table_count = 3;
    host_run(&h);
    commands("R5R4R3R2R1Q");
    host_prepare(&h, 0);
    h.count = 5;
    h.table_count = 3;
    host_run(&h);
    commands("R3R4R5R1R2Q");
}

static void gaps_in_windows(void **data)
{
    static const rule rules[] = {{"LIST 4", "-ERR\r\n"}, {"UIDL 4", "-ERR\r\n"}, {"UIDL 2", "-ERR\r\n"}, END_OF_RULES};

    (void)data;
    host_prepare(&h, EPOP_SYNC_KEEP_NEWEST);
    h.rules = rules;
    h.count = 5;
    h.table_count = 2;
    h.config.keep_newest = 2;
    host_run(&h);
    commands("R5R3R1D1Q");
    host_ended(&h, "report 5 FETCHED\nreport 2 FAILED SYNC_LATER\nreport 3 FETCHED\nreport 1 FETCHED MARKED\n"
                   "outcome OK DELETED listed 3 fetched 3 failed 1 marked 1 strange 0\n");
}

/* What a later window shows undoes what an earlier one has marked. */
static void strange_in_a_later_window(void **data)
{
    static const rule rules[] = {{"UIDL 1", "+OK 2 u2\r\n"}, END_OF_RULES};
    static const rule stubborn[] = {{"UIDL 1", "+OK what\r\n"}, {"RSET", "-ERR\r\n"}, END_OF_RULES};
    static const rule cut[] = {{"UIDL 1", "+OK what\r\n"}, {"RSET", "EOF"}, END_OF_RULES};

    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.rules = rules;
    h.table_count = 2;
    host_run(&h);
    host_sent(&h, "STAT|LIST 2|UIDL 2|LIST 3|UIDL 3|RETR 2|RETR 3|DELE 3|DELE 2|LIST 1|UIDL 1|RSET|QUIT");
    host_ended(&h, "report 2 FETCHED MARKED\nreport 3 FETCHED MARKED\nreport 1 FAILED SYNC_LATER\n"
                   "outcome OK NOTHING listed 2 fetched 2 failed 1 marked 0 strange 1\n");
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.rules = stubborn;
    h.table_count = 2;
    host_run(&h);
    assert_null(strstr(record_text(&h.sent), "QUIT"));
    assert_int_equal(h.outcome.result, EPOP_ERR_SYNC_REFUSED);
    assert_int_equal(h.outcome.deletions, EPOP_SYNC_NOTHING_DELETED);
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.rules = cut;
    h.table_count = 2;
    host_run(&h);
    assert_int_equal(h.outcome.result, EPOP_ERR_PEER_EOF);
    assert_int_equal(h.outcome.deletions, EPOP_SYNC_NOTHING_DELETED);
}

/* A server whose LIST and UIDL count anew after DELE: windows from the top down do not notice. */
static void renumbering(void **data)
{
    uint32_t table;

    (void)data;
    for (table = 1; table < 5; table++) {
        host_prepare(&h, EPOP_SYNC_DELETE);
        h.count = 4;
        h.renumbers = 1;
        h.table_count = table;
        host_run(&h);
        assert_int_equal(h.outcome.marked, 4);
        assert_int_equal(h.outcome.fetched, 4);
        assert_int_equal(h.outcome.malformed_rows, 0);
        assert_non_null(strstr(record_text(&h.log), "listed 4 22 u4\n"));
        assert_non_null(strstr(record_text(&h.log), "listed 1 22 u1\n"));
    }
    commands("R1R2R3R4D4D3D2D1Q");
}

static void no_memory(void **data)
{
    (void)data;
    host_prepare(&h, 0);
    h.table_count = 0;
    host_run(&h);
    host_sent(&h, "STAT|QUIT");
    host_saw(&h, "maildrop 3 66\noutcome BUFFER_SIZE NOTHING listed 0 fetched 0 failed 0 marked 0 strange 0\n");
    host_prepare(&h, 0);
    h.table_count = 0;
    h.count = 0;
    host_run(&h);
    assert_int_equal(h.outcome.result, EPOP_OK);
}

/* ---- On their way at a time ---- */

static void depth(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.capabilities = PIPELINING;
    h.config.depth = 2;
    h.count = 4;
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|RETR 1 RETR 2|RETR 3 RETR 4|DELE 4 DELE 3|DELE 2 DELE 1|QUIT");
    host_prepare(&h, 0);
    h.capabilities = PIPELINING;
    h.config.depth = 1;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 2|RETR 3|QUIT");
}

static void flight_octets(void **data)
{
    static const rule unknown[] = {{"LIST", "-ERR\r\n"}, END_OF_RULES};

    (void)data;
    host_prepare(&h, 0);
    h.capabilities = PIPELINING;
    h.config.flight_octets = 44;
    h.count = 5;
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|RETR 1 RETR 2|RETR 3 RETR 4|RETR 5|QUIT");
    host_prepare(&h, 0); /* one always */
    h.capabilities = PIPELINING;
    h.config.flight_octets = 1;
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|RETR 1|RETR 2|RETR 3|QUIT");
    host_prepare(&h, 0); /* sizes that are not known count for nothing */
    h.capabilities = PIPELINING;
    h.config.flight_octets = 1;
    h.rules = unknown;
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|RETR 1 RETR 2 RETR 3|QUIT");
}

/* Gmail: what was fetched is not there any more, so that no more than one is risked. */
static void fetching_hides(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.capabilities = PIPELINING;
    h.greeting = "+OK Gpop ready\r\n";
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|RETR 1|RETR 2|RETR 3|DELE 3 DELE 2 DELE 1|QUIT");
}

/* ---- The host's own commands ---- */

static void noop_at_every_event(sync_host *host, uint32_t kind, uint32_t number)
{
    (void)number;
    if (kind >= EPOP_EVENT_SYNC_MAILDROP && kind <= EPOP_EVENT_SYNC_END) {
        int32_t result = epop_client_noop(&host->client, 9);
        assert_true(result == EPOP_OK || result == EPOP_ERR_QUEUE_FULL);
    }
}

static void full_queue(void **data)
{
    uint32_t slots;

    (void)data;
    for (slots = 2; slots < 7; slots++) {
        host_prepare(&h, EPOP_SYNC_DELETE | EPOP_SYNC_FILTER);
        h.client_config.slot_count = slots;
        h.capabilities = slots % 2 ? PIPELINING : "";
        h.act = noop_at_every_event;
        h.count = 9;
        h.table_count = 4;
        host_run(&h);
        assert_int_equal(h.outcome.result, EPOP_OK);
        assert_int_equal(h.outcome.deletions, EPOP_SYNC_DELETED);
        assert_int_equal(h.outcome.marked, 9);
        assert_non_null(strstr(record_text(&h.log), "own NOOP OK +\n"));
        assert_null(strstr(record_text(&h.log), "own RETR"));
    }
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
    const struct CMUnitTest tests[] = {
        TEST(window_of_two),       TEST(every_window),     TEST(window_of_one),
        TEST(counted_by_list),     TEST(counted_in_doubt), TEST(unique_ids_in_windows),
        TEST(newest_first_within), TEST(gaps_in_windows),  TEST(strange_in_a_later_window),
        TEST(renumbering),         TEST(no_memory),        TEST(depth),
        TEST(flight_octets),       TEST(fetching_hides),   TEST(full_queue)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
