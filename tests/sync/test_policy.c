/* What is fetched, in which order, and what is deleted: every policy, against a server without faults.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync_host.h"

#define PIPELINING "PIPELINING\r\n"

static sync_host h;

static void fetch_what_is_new(void **data)
{
    (void)data;
    host_prepare(&h, 0);
    h.verdicts[2] = EPOP_SYNC_SEEN;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 3|QUIT");
    host_saw(&h, "maildrop 3 66\n"
                 "listed 1 22 u1\nlisted 2 22 u2\nlisted 3 22 u3\n"
                 "begin 1 22\nbody 1 Subject: 1\\r\\n\\r\\nmail 1\\r\\n\nend 1 OK 22\n"
                 "begin 3 22\nbody 3 Subject: 3\\r\\n\\r\\nmail 3\\r\\n\nend 3 OK 22\n"
                 "report 1 FETCHED\nreport 2 KNOWN\nreport 3 FETCHED\n"
                 "outcome OK NOTHING listed 3 fetched 2 failed 0 marked 0 strange 0\n");
    host_prepare(&h, 0);
    h.count = 0;
    host_run(&h);
    host_sent(&h, "STAT|LIST|QUIT");
    host_saw(&h, "maildrop 0 0\noutcome OK NOTHING listed 0 fetched 0 failed 0 marked 0 strange 0\n");
}

static void verdicts(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.verdicts[1] = EPOP_SYNC_SKIP;
    h.verdicts[2] = 0; /* not answered */
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 3|DELE 3|QUIT");
    host_ended(&h, "report 1 SKIPPED\nreport 2 SKIPPED\nreport 3 FETCHED MARKED\n"
                   "outcome OK DELETED listed 3 fetched 1 failed 0 marked 1 strange 0\n");
    host_prepare(&h, EPOP_SYNC_ALL | EPOP_SYNC_DELETE);
    h.verdicts[1] = EPOP_SYNC_SEEN;
    h.verdicts[2] = EPOP_SYNC_SKIP;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 3|DELE 3|DELE 1|QUIT");
    host_ended(&h, "report 1 FETCHED KNOWN MARKED\nreport 2 SKIPPED\nreport 3 FETCHED MARKED\n"
                   "outcome OK DELETED listed 3 fetched 2 failed 0 marked 2 strange 0\n");
}

/* Seen and asked for again, and not stored now: it stays. */
static void all_and_declined(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_ALL | EPOP_SYNC_DELETE);
    h.verdicts[1] = EPOP_SYNC_SEEN;
    h.count = 1;
    h.confirm = DECLINE;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|QUIT");
    host_ended(&h, "report 1 KNOWN FAILED DECLINED\n"
                   "outcome OK NOTHING listed 1 fetched 0 failed 1 marked 0 strange 0\n");
}

static void order(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_NEWEST_FIRST | EPOP_SYNC_FILTER | EPOP_SYNC_DELETE);
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|TOP 3 0|TOP 2 0|TOP 1 0|RETR 3|RETR 2|RETR 1|DELE 3|DELE 2|DELE 1|QUIT");
}

static void max_messages(void **data)
{
    static const rule refused[] = {{"RETR 1", "-ERR\r\n"}, {NULL, NULL}};

    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.capabilities = PIPELINING;
    h.config.max_messages = 2;
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|RETR 1 RETR 2|DELE 2 DELE 1|QUIT");
    host_ended(&h, "report 1 FETCHED MARKED\nreport 2 FETCHED MARKED\nreport 3 SKIPPED\n"
                   "outcome OK DELETED listed 3 fetched 2 failed 0 marked 2 strange 0\n");
    host_prepare(&h, EPOP_SYNC_NEWEST_FIRST); /* what is refused does not count */
    h.capabilities = PIPELINING;
    h.config.max_messages = 3;
    h.count = 5;
    h.rules = refused;
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|RETR 5 RETR 4 RETR 3|QUIT");
    host_prepare(&h, 0);
    h.config.max_messages = 2;
    h.capabilities = PIPELINING;
    h.count = 5;
    h.rules = refused;
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|RETR 1 RETR 2|RETR 3|QUIT");
    host_prepare(&h, 0); /* nor what is not stored */
    h.config.max_messages = 1;
    h.confirm = DECLINE;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 2|RETR 3|QUIT");
}

/* With a filter, no more are looked at than may be fetched, until some of them do not come. */
static void max_messages_and_filter(void **data)
{
    static const rule refused[] = {{"RETR 1", "-ERR\r\n"}, {NULL, NULL}};

    (void)data;
    host_prepare(&h, EPOP_SYNC_FILTER);
    h.config.max_messages = 2;
    h.count = 6;
    h.choices[2] = EPOP_SYNC_SKIP;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|TOP 1 0|TOP 2 0|TOP 3 0|RETR 1|RETR 3|QUIT");
    host_prepare(&h, EPOP_SYNC_FILTER);
    h.config.max_messages = 2;
    h.count = 6;
    h.rules = refused;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|TOP 1 0|TOP 2 0|RETR 1|RETR 2|TOP 3 0|RETR 3|QUIT");
    host_ended(&h, "report 1 FAILED SYNC_REFUSED\nreport 2 FETCHED\nreport 3 FETCHED\nreport 4 SKIPPED\n"
                   "report 5 SKIPPED\nreport 6 SKIPPED\n"
                   "outcome OK NOTHING listed 6 fetched 2 failed 1 marked 0 strange 0\n");
}

static void max_octets(void **data)
{
    static const rule large[] = {{"LIST", "+OK\r\n1 22\r\n2 23\r\n3 0\r\n.\r\n"},
                                 {"RETR 3", "+OK\r\n0123456789012345678901xyz\r\n.\r\n"},
                                 {"RETR 1", "+OK\r\n01234567890123456789\r\n.\r\n"},
                                 {NULL, NULL}};
    size_t piece;

    (void)data;
    for (piece = 0; piece < 30; piece++) {
        host_prepare(&h, EPOP_SYNC_DELETE);
        h.config.max_octets = 22;
        h.rules = large;
        h.piece = piece;
        host_run(&h);
        host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 3|DELE 1|QUIT");
        host_saw(&h, "maildrop 3 66\nlisted 1 22 u1\nlisted 2 23 u2\nlisted 3 0 u3\n"
                     "begin 1 22\nbody 1 01234567890123456789\\r\\n\nend 1 OK 22\n"
                     "begin 3 0\nbody 3 0123456789012345678901\nend 3 LIMIT_BODY 22\n"
                     "report 1 FETCHED MARKED\nreport 2 SKIPPED\nreport 3 FAILED LIMIT_BODY\n"
                     "outcome OK DELETED listed 3 fetched 1 failed 1 marked 1 strange 0\n");
    }
}

static void filter(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_FILTER);
    h.capabilities = PIPELINING;
    h.count = 4;
    h.choices[1] = EPOP_SYNC_FETCH;
    h.choices[2] = EPOP_SYNC_SKIP;
    h.choices[3] = EPOP_SYNC_UNWANTED; /* 4 is not answered: fetched */
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|TOP 1 0 TOP 2 0 TOP 3 0 TOP 4 0|RETR 1 RETR 4|DELE 3|QUIT");
    host_saw(&h, "maildrop 4 88\nlisted 1 22 u1\nlisted 2 22 u2\nlisted 3 22 u3\nlisted 4 22 u4\n"
                 "header 1 choose Subject: 1\\r\\n\\r\\n\nheader 1 choose last + 14\n"
                 "header 2 choose Subject: 2\\r\\n\\r\\n\nheader 2 choose last + 14\n"
                 "header 3 choose Subject: 3\\r\\n\\r\\n\nheader 3 choose last + 14\n"
                 "header 4 choose Subject: 4\\r\\n\\r\\n\nheader 4 choose last + 14\n"
                 "begin 1 22\nbody 1 Subject: 1\\r\\n\\r\\nmail 1\\r\\n\nend 1 OK 22\n"
                 "begin 4 22\nbody 4 Subject: 4\\r\\n\\r\\nmail 4\\r\\n\nend 4 OK 22\n"
                 "report 1 FETCHED\nreport 2 SKIPPED\nreport 3 SKIPPED MARKED\nreport 4 FETCHED\n"
                 "outcome OK DELETED listed 4 fetched 2 failed 0 marked 1 strange 0\n");
    host_prepare(&h, EPOP_SYNC_FILTER); /* nobody to ask */
    h.callbacks.on_header = NULL;
    host_run(&h);
    host_ended(&h, "report 1 FETCHED\nreport 2 FETCHED\nreport 3 FETCHED\n"
                   "outcome OK NOTHING listed 3 fetched 3 failed 0 marked 0 strange 0\n");
}

static void filter_without_top(void **data)
{
    static const rule no_top[] = {{"TOP*", "-ERR what?\r\n"}, {NULL, NULL}};

    (void)data;
    host_prepare(&h, EPOP_SYNC_FILTER);
    h.rules = no_top;
    h.choices[2] = EPOP_SYNC_SKIP;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|TOP 1 0|TOP 2 0|TOP 3 0|RETR 1|RETR 3|QUIT");
    host_saw(&h, "maildrop 3 66\nlisted 1 22 u1\nlisted 2 22 u2\nlisted 3 22 u3\n"
                 "header 1 choose last - 0\nheader 2 choose last - 0\nheader 3 choose last - 0\n"
                 "begin 1 22\nbody 1 Subject: 1\\r\\n\\r\\nmail 1\\r\\n\nend 1 OK 22\n"
                 "begin 3 22\nbody 3 Subject: 3\\r\\n\\r\\nmail 3\\r\\n\nend 3 OK 22\n"
                 "report 1 FETCHED\nreport 2 SKIPPED\nreport 3 FETCHED\n"
                 "outcome OK NOTHING listed 3 fetched 2 failed 0 marked 0 strange 0\n");
}

/* TOP that gives more than was asked for: the host sees `max_header` octets, however they are cut. */
static void max_header(void **data)
{
    static const rule whole[] = {{"TOP*", "+OK\r\nSubject: long\r\n\r\nand all the rest of it\r\n.\r\n"}, {NULL, NULL}};
    size_t piece;

    (void)data;
    for (piece = 0; piece < 30; piece++) {
        host_prepare(&h, EPOP_SYNC_FILTER);
        h.rules = whole;
        h.config.max_header = 15;
        h.count = 1;
        h.choices[1] = EPOP_SYNC_SKIP;
        h.piece = piece;
        host_run(&h);
        host_saw(&h, "maildrop 1 22\nlisted 1 22 u1\n"
                     "header 1 choose Subject: long\\r\\n\nheader 1 choose last + 15\n"
                     "report 1 SKIPPED\noutcome OK NOTHING listed 1 fetched 0 failed 0 marked 0 strange 0\n");
    }
}

/* ---- Deleting ---- */

static void delete_at_once(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.capabilities = PIPELINING;
    h.verdicts[2] = EPOP_SYNC_SEEN;
    h.first_seen[2] = 2000000; /* in the future: no matter, at once is at once */
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|RETR 1 RETR 3|DELE 3 DELE 2 DELE 1|QUIT");
    host_ended(&h, "report 1 FETCHED MARKED\nreport 2 KNOWN MARKED\nreport 3 FETCHED MARKED\n"
                   "outcome OK DELETED listed 3 fetched 2 failed 0 marked 3 strange 0\n");
}

static void delete_after_days(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.config.now = 1000000;
    h.config.delete_after = 1000;
    h.count = 5;
    h.verdicts[2] = h.verdicts[3] = h.verdicts[4] = h.verdicts[5] = EPOP_SYNC_SEEN;
    h.first_seen[2] = 999000;            /* just old enough */
    h.first_seen[3] = 999001;            /* not yet */
    h.first_seen[4] = 1000001;           /* the clock went back */
    h.first_seen[5] = UINT64_MAX - 1000; /* ... a long way */
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|DELE 2|QUIT");
    host_ended(&h, "report 1 FETCHED\nreport 2 KNOWN MARKED\nreport 3 KNOWN\nreport 4 KNOWN\nreport 5 KNOWN\n"
                   "outcome OK DELETED listed 5 fetched 1 failed 0 marked 1 strange 0\n");
}

static void keep_newest(void **data)
{
    static const char *const sent[] = {"STAT|LIST UIDL|RETR 1 RETR 2|DELE 4 DELE 3 DELE 2 DELE 1|QUIT",
                                       "STAT|LIST UIDL|RETR 1 RETR 2|DELE 3 DELE 2 DELE 1|QUIT",
                                       "STAT|LIST UIDL|RETR 1 RETR 2|DELE 2 DELE 1|QUIT",
                                       "STAT|LIST UIDL|RETR 1 RETR 2|DELE 1|QUIT",
                                       "STAT|LIST UIDL|RETR 1 RETR 2|QUIT",
                                       "STAT|LIST UIDL|RETR 1 RETR 2|QUIT"};
    uint32_t keep;

    (void)data;
    for (keep = 0; keep < COUNT(sent); keep++) {
        host_prepare(&h, EPOP_SYNC_KEEP_NEWEST);
        h.capabilities = PIPELINING;
        h.count = 4;
        h.verdicts[3] = h.verdicts[4] = EPOP_SYNC_SEEN;
        h.config.keep_newest = keep;
        host_run(&h);
        host_sent(&h, sent[keep]);
    }
}

/* What is not stored is not deleted, and counts as one of the newest all the same. */
static void keep_newest_of_what_is_there(void **data)
{
    static const rule refused[] = {{"RETR 4", "-ERR\r\n"}, {NULL, NULL}};

    (void)data;
    host_prepare(&h, EPOP_SYNC_KEEP_NEWEST);
    h.count = 5;
    h.config.keep_newest = 2;
    h.verdicts[5] = EPOP_SYNC_SKIP;
    h.verdicts[2] = EPOP_SYNC_SKIP;
    h.rules = refused;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 3|RETR 4|DELE 3|DELE 1|QUIT");
}

/* Both: what is old goes, and what is too much. */
static void delete_and_keep_newest(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE | EPOP_SYNC_KEEP_NEWEST);
    h.count = 4;
    h.config.keep_newest = 2;
    h.config.delete_after = 10;
    h.verdicts[1] = h.verdicts[2] = h.verdicts[3] = h.verdicts[4] = EPOP_SYNC_SEEN;
    h.first_seen[1] = h.first_seen[3] = 1000000;
    h.first_seen[2] = h.first_seen[4] = 999990;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|DELE 4|DELE 2|DELE 1|QUIT");
}

/* A message that the filter drops goes, whatever the policy says of others. */
static void drop(void **data)
{
    (void)data;
    host_prepare(&h, EPOP_SYNC_FILTER | EPOP_SYNC_KEEP_NEWEST);
    h.config.keep_newest = 9;
    h.choices[3] = EPOP_SYNC_UNWANTED;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|TOP 1 0|TOP 2 0|TOP 3 0|RETR 1|RETR 2|DELE 3|QUIT");
}

/* Neither fetched nor stored, and gone; also where it is too large to be fetched, and the newest are kept. */
static void unwanted(void **data)
{
    static const rule doubtful[] = {{"LIST", "+OK\r\n1 22\r\n2 22\r\n2 22\r\n3 22\r\n.\r\n"}, {NULL, NULL}};

    (void)data;
    host_prepare(&h, EPOP_SYNC_KEEP_NEWEST | EPOP_SYNC_FILTER);
    h.config.keep_newest = 9;
    h.verdicts[1] = h.verdicts[3] = EPOP_SYNC_UNWANTED;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|TOP 2 0|RETR 2|DELE 3|DELE 1|QUIT");
    host_ended(&h, "report 1 SKIPPED MARKED\nreport 2 FETCHED\nreport 3 SKIPPED MARKED\n"
                   "outcome OK DELETED listed 3 fetched 1 failed 0 marked 2 strange 0\n");
    host_prepare(&h, 0);
    h.config.max_octets = 21;
    h.verdicts[2] = EPOP_SYNC_UNWANTED;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|DELE 2|QUIT");
    host_prepare(&h, 0);
    h.verdicts[3] = EPOP_SYNC_UNWANTED;
    h.rules = doubtful;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 2|QUIT");
}

/* Messages by TOP: as by RETR in all that the host sees. */
static void use_top(void **data)
{
    static const rule refused[] = {{"TOP 2 2147483647", "-ERR what?\r\n"}, {NULL, NULL}};

    (void)data;
    host_prepare(&h, EPOP_SYNC_USE_TOP | EPOP_SYNC_FILTER | EPOP_SYNC_DELETE);
    h.capabilities = PIPELINING;
    h.rules = refused;
    h.choices[3] = EPOP_SYNC_SKIP;
    host_run(&h);
    host_sent(&h, "STAT|LIST UIDL|TOP 1 0 TOP 2 0 TOP 3 0|TOP 1 2147483647 TOP 2 2147483647|DELE 1|QUIT");
    host_saw(&h, "maildrop 3 66\nlisted 1 22 u1\nlisted 2 22 u2\nlisted 3 22 u3\n"
                 "header 1 choose Subject: 1\\r\\n\\r\\n\nheader 1 choose last + 14\n"
                 "header 2 choose Subject: 2\\r\\n\\r\\n\nheader 2 choose last + 14\n"
                 "header 3 choose Subject: 3\\r\\n\\r\\n\nheader 3 choose last + 14\n"
                 "begin 1 22\nbody 1 Subject: 1\\r\\n\\r\\nmail 1\\r\\n\nend 1 OK 22\n"
                 "report 1 FETCHED MARKED\nreport 2 FAILED SYNC_REFUSED\nreport 3 SKIPPED\n"
                 "outcome OK DELETED listed 3 fetched 1 failed 1 marked 1 strange 0\n");
    host_prepare(&h, EPOP_SYNC_USE_TOP);
    h.config.max_octets = 22;
    host_run(&h);
    host_sent(&h, "STAT|LIST|UIDL|TOP 1 2147483647|TOP 2 2147483647|TOP 3 2147483647|QUIT");
    host_prepare(&h, EPOP_SYNC_USE_TOP); /* a server that is known to cut what TOP gives */
    h.greeting = "+OK MAILLENNIUM ready\r\n";
    host_run(&h);
    host_ended(&h, "report 1 FETCHED\nreport 2 FETCHED\nreport 3 FETCHED\n"
                   "outcome OK NOTHING listed 3 fetched 3 failed 0 marked 0 strange 0\n");
    assert_non_null(strstr(h.sent.text, "RETR 3"));
}

/* A header comes with the size that LIST said, or none. */
static void size_beside_a_header(void **data)
{
    static const rule sizes[] = {{"LIST", "+OK\r\n1 22\r\n2 4294967297\r\n3 0\r\n.\r\n"}, {NULL, NULL}};
    static const rule no_uidl[] = {{"UIDL", "-ERR\r\n"}, {NULL, NULL}};
    static const rule no_sizes[] = {{"LIST", "-ERR\r\n"}, {NULL, NULL}};

    (void)data;
    host_prepare(&h, EPOP_SYNC_FILTER);
    h.rules = sizes;
    host_run(&h);
    assert_true(h.header_octets[1] == 22 && h.header_octets[2] == UINT64_C(4294967297) && h.header_octets[3] == 0);
    host_prepare(&h, EPOP_SYNC_IDENTIFY);
    h.rules = no_uidl;
    host_run(&h);
    assert_true(h.header_octets[1] == 22 && h.header_octets[2] == 22 && h.header_octets[3] == 22);
    host_prepare(&h, EPOP_SYNC_FILTER);
    h.rules = no_sizes;
    host_run(&h);
    assert_true(h.header_octets[1] == EPOP_SYNC_SIZE_UNKNOWN && h.header_octets[3] == EPOP_SYNC_SIZE_UNKNOWN);
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
    const struct CMUnitTest tests[] = {TEST(fetch_what_is_new),
                                       TEST(verdicts),
                                       TEST(all_and_declined),
                                       TEST(order),
                                       TEST(max_messages),
                                       TEST(max_messages_and_filter),
                                       TEST(max_octets),
                                       TEST(filter),
                                       TEST(filter_without_top),
                                       TEST(max_header),
                                       TEST(delete_at_once),
                                       TEST(delete_after_days),
                                       TEST(keep_newest),
                                       TEST(keep_newest_of_what_is_there),
                                       TEST(delete_and_keep_newest),
                                       TEST(drop),
                                       TEST(unwanted),
                                       TEST(use_top),
                                       TEST(size_beside_a_header)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
