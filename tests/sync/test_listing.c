/* Listings that are not as they should be: no UIDL, unique-ids that are none, rows that are missing, doubled or not to
 * be understood.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync_host.h"

#include <stdio.h>

#define NO_UIDL                                                                                                        \
    {                                                                                                                  \
        "UIDL*", "-ERR what?\r\n"                                                                                      \
    }
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

static void no_uidl(void **data)
{
    static const rule rules[] = {NO_UIDL, END_OF_RULES};

    (void)data;
    run(EPOP_SYNC_DELETE, rules); /* refused: it would come again in every run */
    host_sent(&h, "STAT|LIST|UIDL|QUIT");
    host_saw(&h, "maildrop 3 66\nreport 1 FAILED SYNC_UNIQUE_ID\nreport 2 FAILED SYNC_UNIQUE_ID\n"
                 "report 3 FAILED SYNC_UNIQUE_ID\noutcome OK NOTHING listed 0 fetched 0 failed 3 marked 0 strange 0\n");
    run(EPOP_SYNC_ALL, rules);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 2|RETR 3|QUIT");
    host_ended(&h, "report 1 FETCHED\nreport 2 FETCHED\nreport 3 FETCHED\n"
                   "outcome OK NOTHING listed 3 fetched 3 failed 0 marked 0 strange 0\n");
}

static void identify(void **data)
{
    static const rule rules[] = {NO_UIDL, {"TOP 3 0", "-ERR\r\n"}, END_OF_RULES};

    (void)data;
    host_prepare(&h, EPOP_SYNC_IDENTIFY | EPOP_SYNC_DELETE);
    h.rules = rules;
    h.capabilities = "PIPELINING\r\n";
    h.verdicts[1] = EPOP_SYNC_SEEN;
    h.count = 4;
    h.verdicts[4] = 0;
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|TOP 1 0 TOP 2 0 TOP 3 0 TOP 4 0|RETR 2|DELE 2 DELE 1|QUIT");
    h.verdicts[3] = 0;
    host_saw(&h, "maildrop 4 88\n"
                 "header 1 identify Subject: 1\\r\\n\\r\\n\nheader 1 identify last + 14\n"
                 "header 2 identify Subject: 2\\r\\n\\r\\n\nheader 2 identify last + 14\n"
                 "header 4 identify Subject: 4\\r\\n\\r\\n\nheader 4 identify last + 14\n"
                 "begin 2 22\nbody 2 Subject: 2\\r\\n\\r\\nmail 2\\r\\n\nend 2 OK 22\n"
                 "report 1 KNOWN MARKED\nreport 2 FETCHED MARKED\nreport 3 FAILED SYNC_UNIQUE_ID\nreport 4 SKIPPED\n"
                 "outcome OK DELETED listed 3 fetched 1 failed 1 marked 2 strange 0\n");
}

/* Where UIDL has rows, a message without one waits: it would be known by its header now, by its unique-id in the next
 * run, and come twice. */
static void uidl_in_part(void **data)
{
    static const rule rules[] = {{"UIDL", "+OK\r\n1 u1\r\n3 u3\r\n.\r\n"}, END_OF_RULES};
    uint32_t flags;

    (void)data;
    for (flags = 0; flags < 4; flags++) {
        run((flags & 1 ? EPOP_SYNC_IDENTIFY : 0u) | (flags == 3 ? EPOP_SYNC_ALL : 0u), rules);
        host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 3|QUIT");
        host_ended(&h, "report 1 FETCHED\nreport 2 FAILED SYNC_LATER\nreport 3 FETCHED\n"
                       "outcome OK NOTHING listed 2 fetched 2 failed 1 marked 0 strange 0\n");
    }
    run(EPOP_SYNC_ALL, rules); /* nothing is remembered */
    host_saw(&h,
             "maildrop 3 66\nlisted 1 22 u1\nlisted 3 22 u3\nlisted 2 22 \n"
             "begin 1 22\nbody 1 *\nend 1 OK 22\nbegin 2 22\nbody 2 *\nend 2 OK 22\nbegin 3 22\nbody 3 *\nend 3 OK 22\n"
             "report 1 FETCHED\nreport 2 FETCHED\nreport 3 FETCHED\n"
             "outcome OK NOTHING listed 3 fetched 3 failed 0 marked 0 strange 0\n");
}

/* Empty, longer than allowed and whole, longer than the line buffer: the last is none, for it may have twins. */
static void odd_unique_ids(void **data)
{
    static char answer[2000];
    rule rules[] = {{"UIDL", answer}, END_OF_RULES};
    size_t len;

    (void)data;
    strcpy(answer, "+OK\r\n1 \r\n2 ");
    len = strlen(answer);
    memset(answer + len, 'x', 200);
    strcpy(answer + len + 200, "\r\n3 ");
    len = strlen(answer);
    memset(answer + len, 'y', 600);
    strcpy(answer + len + 600, "\r\n.\r\n");
    run(EPOP_SYNC_DELETE, rules);
    assert_non_null(strstr(record_text(&h.log), "\nlisted 2 22 xxxxxxxx"));
    host_sent(&h, "STAT|LIST|UIDL|RETR 2|DELE 2|QUIT");
    host_ended(&h, "report 1 FAILED SYNC_UNIQUE_ID\nreport 2 FETCHED MARKED\nreport 3 FAILED SYNC_UNIQUE_ID\n"
                   "outcome OK DELETED listed 1 fetched 1 failed 2 marked 1 strange 0\n");
}

/* Any octet can be in one, and twins are both asked about. */
static void any_octets(void **data)
{
    static const rule rules[] = {{"UIDL", "+OK\r\n1 same\r\n2 same\r\n3 a b\t\xff\x01\r\n.\r\n"}, END_OF_RULES};

    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.rules = rules;
    h.verdicts[1] = EPOP_SYNC_SEEN;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 2|RETR 3|DELE 3|DELE 2|DELE 1|QUIT");
    host_saw(&h, "maildrop 3 66\nlisted 1 22 same\nlisted 2 22 same\nlisted 3 22 a b\\x09\\xff\\x01\n"
                 "begin 2 22\nbody 2 *\nend 2 OK 22\nbegin 3 22\nbody 3 *\nend 3 OK 22\n"
                 "report 1 KNOWN MARKED\nreport 2 FETCHED MARKED\nreport 3 FETCHED MARKED\n"
                 "outcome OK DELETED listed 3 fetched 2 failed 0 marked 3 strange 0\n");
}

static void only_one_listing(void **data)
{
    static const rule no_list[] = {{"LIST*", "-ERR\r\n"}, END_OF_RULES};
    static const rule neither[] = {{"LIST*", "-ERR\r\n"}, {"UIDL*", "-ERR\r\n"}, END_OF_RULES};

    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.rules = no_list;
    h.count = 1;
    h.config.max_octets = 22;
    host_run(&h);
    host_saw(&h, "maildrop 1 22\nlisted 1 ? u1\nbegin 1 ?\nbody 1 *\nend 1 OK 22\nreport 1 FETCHED MARKED\n"
                 "outcome OK DELETED listed 1 fetched 1 failed 0 marked 1 strange 0\n");
    run(EPOP_SYNC_DELETE, neither);
    host_sent(&h, "STAT|LIST|UIDL|QUIT");
    host_saw(&h, "maildrop 3 66\noutcome SYNC_LISTING NOTHING listed 0 fetched 0 failed 0 marked 0 strange 0\n");
}

/* Refused, without a count, with one that does not fit, or with one that LIST belies: LIST decides. */
static void stat_of_no_use(void **data)
{
    static const struct {
        rule rules[2];
        const char *quirks;
    } cases[] = {{{{"STAT", "-ERR\r\n"}, END_OF_RULES}, "quirk STAT_COUNT\n"},
                 {{{"STAT", "+OK\r\n"}, END_OF_RULES}, "quirk ROW_SYNTAX\nquirk STAT_COUNT\n"},
                 {{{"STAT", "+OK lots\r\n"}, END_OF_RULES}, "quirk ROW_SYNTAX\nquirk STAT_COUNT\n"},
                 {{{"STAT", "+OK 18446744073709551616 1\r\n"}, END_OF_RULES}, "quirk ROW_SYNTAX\nquirk STAT_COUNT\n"},
                 {{{"STAT", "+OK 0 0\r\n"}, END_OF_RULES}, "quirk STAT_COUNT\n"}};
    char expected[400];
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(cases); i++) {
        run(EPOP_SYNC_DELETE, cases[i].rules);
        host_sent(&h, "STAT|LIST|LIST|UIDL|RETR 1|RETR 2|RETR 3|DELE 3|DELE 2|DELE 1|QUIT");
        snprintf(expected, sizeof expected, "%smaildrop 3 66\nlisted 1 22 u1\n", cases[i].quirks);
        assert_ptr_equal(strstr(record_text(&h.log), expected), record_text(&h.log));
        host_ended(&h, "report 1 FETCHED MARKED\nreport 2 FETCHED MARKED\nreport 3 FETCHED MARKED\n"
                       "outcome OK DELETED listed 3 fetched 3 failed 0 marked 3 strange 0\n");
    }
}

/* Where all fits into memory, the second LIST judges the rows, not the first, which only counts. */
static void counted_and_listed(void **data)
{
    static const rule disorder[] = {
        {"STAT", "-ERR\r\n"}, {"LIST", "+OK\r\n3 22\r\n1 22\r\n2 22\r\n.\r\n"}, END_OF_RULES};
    static const rule nonsense[] = {
        {"STAT", "-ERR\r\n"}, {"LIST", "+OK\r\n1 22\r\nwhat\r\n2 22\r\n3 22\r\n.\r\n"}, END_OF_RULES};

    (void)data;
    run(EPOP_SYNC_DELETE, disorder);
    host_sent(&h, "STAT|LIST|LIST|UIDL|RETR 1|RETR 2|RETR 3|DELE 3|DELE 2|DELE 1|QUIT");
    run(EPOP_SYNC_DELETE, nonsense);
    assert_int_equal(h.outcome.fetched, 3);
    assert_int_equal(h.outcome.malformed_rows, 1);
    assert_int_equal(h.outcome.marked, 0);
}

/* The octets are of no account. */
static void stat_without_octets(void **data)
{
    static const char *const answers[] = {"+OK 3\r\n", "+OK 3 messages\r\n", "+OK 3 18446744073709551616\r\n"};
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(answers); i++) {
        rule rules[] = {{"STAT", NULL}, END_OF_RULES};

        rules[0].answer = answers[i];
        run(EPOP_SYNC_DELETE, rules);
        host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 2|RETR 3|DELE 3|DELE 2|DELE 1|QUIT");
        assert_ptr_equal(strstr(record_text(&h.log), "maildrop 3 ?\nquirk STAT_OCTETS\n"), record_text(&h.log));
        assert_int_equal(h.outcome.result, EPOP_OK);
        assert_int_equal(h.outcome.marked, 3);
    }
}

/* ... nor LIST, where UIDL is right; of the three one must be of use. */
static void stat_and_list_of_no_use(void **data)
{
    static const rule no_list[] = {{"STAT", "-ERR\r\n"}, {"LIST*", "-ERR\r\n"}, END_OF_RULES};
    static const rule nothing[] = {{"STAT", "-ERR\r\n"}, {"LIST", "-ERR\r\n"}, {"UIDL", "-ERR\r\n"}, END_OF_RULES};
    static const rule empty[] = {{"STAT", "+OK 0 0\r\n"}, {"LIST", "-ERR no messages\r\n"}, END_OF_RULES};
    static const rule really_empty[] = {{"STAT", "-ERR\r\n"}, {"LIST", "+OK\r\n.\r\n"}, END_OF_RULES};

    (void)data;
    run(EPOP_SYNC_DELETE, no_list);
    host_sent(&h, "STAT|LIST|UIDL|LIST|UIDL|RETR 1|RETR 2|RETR 3|DELE 3|DELE 2|DELE 1|QUIT");
    assert_ptr_equal(strstr(record_text(&h.log), "quirk STAT_COUNT\nmaildrop 3 ?\nlisted 1 ? u1\n"),
                     record_text(&h.log));
    run(0, nothing);
    host_sent(&h, "STAT|LIST|UIDL|QUIT");
    host_saw(&h, "quirk STAT_COUNT\noutcome SYNC_LISTING NOTHING listed 0 fetched 0 failed 0 marked 0 strange 0\n");
    run(0, empty);
    host_sent(&h, "STAT|LIST|QUIT");
    host_saw(&h, "maildrop 0 0\noutcome OK NOTHING listed 0 fetched 0 failed 0 marked 0 strange 0\n");
    run(0, really_empty);
    host_sent(&h, "STAT|LIST|QUIT");
    host_saw(&h, "quirk STAT_COUNT\nmaildrop 0 0\noutcome OK NOTHING listed 0 fetched 0 failed 0 marked 0 strange 0\n");
}

/* The host gives the run up when LIST has told how many there are. */
static void stop_at_the_count(void **data)
{
    static const rule rules[] = {{"STAT", "-ERR\r\n"}, END_OF_RULES};

    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.rules = rules;
    h.stop_at = 1;
    h.stop_result = -1500;
    host_run(&h);
    host_sent(&h, "STAT|LIST");
    host_saw(&h, "quirk STAT_COUNT\nmaildrop 3 66\n"
                 "outcome ? NOTHING listed 0 fetched 0 failed 0 marked 0 strange 0\n");
    assert_int_equal(h.outcome.result, -1500);
}

/* What LIST has and STAT has not is fetched where there is room for it; what STAT has and LIST has not is not there. */
static void stat_and_list_differ(void **data)
{
    static const rule less[] = {{"STAT", "+OK 2 44\r\n"}, END_OF_RULES};
    static const rule more[] = {{"STAT", "+OK 9 99\r\n"}, END_OF_RULES};

    (void)data;
    run(EPOP_SYNC_DELETE, less);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 2|RETR 3|DELE 3|DELE 2|DELE 1|QUIT");
    host_ended(&h, "report 1 FETCHED MARKED\nreport 2 FETCHED MARKED\nreport 3 FETCHED MARKED\n"
                   "outcome OK DELETED listed 3 fetched 3 failed 0 marked 3 strange 0\n");
    run(EPOP_SYNC_DELETE, more);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 2|RETR 3|DELE 3|DELE 2|DELE 1|QUIT");
    host_prepare(&h, EPOP_SYNC_DELETE); /* no room */
    h.rules = less;
    h.table_count = 2;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 2|QUIT");
    host_ended(&h, "report 1 FETCHED\nreport 2 FETCHED\n"
                   "outcome OK NOTHING listed 2 fetched 2 failed 0 marked 0 strange 2\n");
}

static void gaps_and_disorder(void **data)
{
    static const rule rules[] = {{"STAT", "+OK 3 66\r\n"},
                                 {"LIST", "+OK\r\n5 22\r\n1 22\r\n3 22\r\n.\r\n"},
                                 {"UIDL", "+OK\r\n3 u3\r\n5 u5\r\n1 u1\r\n.\r\n"},
                                 END_OF_RULES};

    (void)data;
    host_prepare(&h, EPOP_SYNC_KEEP_NEWEST);
    h.rules = rules;
    h.count = 5;
    h.config.keep_newest = 1;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 3|RETR 5|DELE 3|DELE 1|QUIT");
    host_ended(&h, "report 1 FETCHED MARKED\nreport 3 FETCHED MARKED\nreport 5 FETCHED\n"
                   "outcome OK DELETED listed 3 fetched 3 failed 0 marked 2 strange 0\n");
}

/* Rows that make one wonder whether the server is in step: what can be fetched is, and nothing is deleted. */
static void strange_rows(void **data)
{
    static const struct {
        rule rules[2];
        uint32_t fetched;
        uint32_t strange;
    } cases[] = {
        {{{"LIST", "+OK\r\n1 22\r\n1 22\r\n2 22\r\n3 22\r\n.\r\n"}, END_OF_RULES}, 3, 1},  /* twice */
        {{{"LIST", "+OK\r\n1 22\r\n2 22\r\n3 22\r\n99 22\r\n.\r\n"}, END_OF_RULES}, 3, 1}, /* no room */
        {{{"LIST", "+OK\r\n+OK 3 66\r\n1 22\r\n2 22\r\n3 22\r\n.\r\n"}, END_OF_RULES},
         3,
         1},                                                                               /* of STAT, can be a row */
        {{{"LIST", "+OK\r\nx\r\n\r\n1 22\r\n2 22\r\n3 22\r\n.\r\n"}, END_OF_RULES}, 3, 2}, /* not to be read */
        {{{"LIST", "+OK\r\n0 22\r\n4294967296 1\r\n1 22\r\n.\r\n"}, END_OF_RULES}, 3, 2},  /* no such numbers */
        {{{"UIDL", "+OK\r\n1 a\r\n1 b\r\n2 u2\r\n3 u3\r\n.\r\n"}, END_OF_RULES}, 3, 1},    /* twice */
        {{{"UIDL", "+OK\r\n1 \r\n1 b\r\n2 u2\r\n3 u3\r\n.\r\n"}, END_OF_RULES}, 2, 1},     /* ... the first empty */
        {{{"UIDL", "+OK\r\n1 a\r\n1 \r\n2 u2\r\n3 u3\r\n.\r\n"}, END_OF_RULES}, 3, 1},     /* ... the second */
        {{{"UIDL", "+OK\r\n1 a\r\n2 u2\r\n3 u3\r\n40 u40\r\n.\r\n"}, END_OF_RULES}, 3, 1}, /* no room */
    };
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(cases); i++) {
        record_subject("strange row, case", i % 2 ? "odd" : "even");
        run(EPOP_SYNC_DELETE, cases[i].rules);
        assert_int_equal(h.outcome.result, EPOP_OK);
        assert_int_equal(h.outcome.malformed_rows, cases[i].strange);
        assert_int_equal(h.outcome.fetched, cases[i].fetched);
        assert_int_equal(h.outcome.marked, 0);
        assert_null(strstr(record_text(&h.sent), "DELE"));
    }
}

/* A status line among the rows: what comes is not the answer to what was asked, and a message that is fetched now would
 * be recorded under another's unique-id. */
static void out_of_step(void **data)
{
    static const rule cases[][3] = {
        {{"LIST", "+OK\r\n1 22\r\n2 22\r\n3 22\r\n+OK\r\n.\r\n"}, END_OF_RULES},
        {{"LIST", "+OK\r\n1 22\r\n2 22\r\n-ERR\r\n3 22\r\n.\r\n"}, END_OF_RULES},
        {{"UIDL", "+OK\r\n1 a\r\n+OK\r\n2 u2\r\n3 u3\r\n.\r\n"}, END_OF_RULES},
        {{"UIDL", "+OK\r\n1 a\r\n-ERR [SYS/TEMP] later\r\n2 u2\r\n3 u3\r\n.\r\n"}, END_OF_RULES},
        {{"STAT", "+OK\r\n"}, {"LIST", "+OK 3 66\r\n+OK 3 messages\r\n1 22\r\n2 22\r\n3 22\r\n.\r\n"}, END_OF_RULES},
    };
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(cases); i++) {
        run(EPOP_SYNC_DELETE, cases[i]);
        assert_int_equal(h.outcome.result, EPOP_ERR_SYNC_LISTING);
        assert_int_equal(h.outcome.malformed_rows, 1);
        assert_int_equal(h.outcome.fetched, 0);
        assert_null(strstr(record_text(&h.sent), "RETR"));
        assert_null(strstr(record_text(&h.sent), "QUIT"));
    }
}

/* Old servers print "+OK " in front of rows of UIDL. */
static void status_before_rows(void **data)
{
    static const rule rules[] = {{"UIDL", "+OK\r\n+OK 1 u1\r\n+OK 2 u2\r\n+OK 3 u3\r\n.\r\n"}, END_OF_RULES};

    (void)data;
    run(EPOP_SYNC_DELETE, rules);
    host_ended(&h, "report 1 FETCHED MARKED\nreport 2 FETCHED MARKED\nreport 3 FETCHED MARKED\n"
                   "outcome OK DELETED listed 3 fetched 3 failed 0 marked 3 strange 0\n");
}

/* Sizes of 2^64 - 1 and 0 and less than nothing: nothing depends on them but what is asked for at a time. */
static void sizes_that_lie(void **data)
{
    static const rule rules[] = {
        {"LIST", "+OK\r\n1 18446744073709551615\r\n2 18446744073709551614\r\n3 0\r\n4 -1\r\n5 22\r\n.\r\n"},
        END_OF_RULES};

    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.rules = rules;
    h.count = 5;
    h.capabilities = "PIPELINING\r\n";
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|RETR 1|RETR 2|RETR 3 RETR 4 RETR 5|DELE 5 DELE 4 DELE 3 DELE 2 DELE 1|QUIT");
    assert_int_equal(h.outcome.fetched, 5);
    assert_int_equal(h.outcome.malformed_rows, 0);
}

static int end(void **data)
{
    (void)data;
    host_free(&h);
    memset(&h, 0, sizeof h);
    record_subject("", "");
    return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(no_uidl),
                                       TEST(identify),
                                       TEST(uidl_in_part),
                                       TEST(odd_unique_ids),
                                       TEST(any_octets),
                                       TEST(only_one_listing),
                                       TEST(stat_of_no_use),
                                       TEST(stat_without_octets),
                                       TEST(counted_and_listed),
                                       TEST(stat_and_list_of_no_use),
                                       TEST(stop_at_the_count),
                                       TEST(stat_and_list_differ),
                                       TEST(gaps_and_disorder),
                                       TEST(strange_rows),
                                       TEST(out_of_step),
                                       TEST(status_before_rows),
                                       TEST(sizes_that_lie)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
