/* Configuration, calls at the wrong time, and what is forwarded to whom.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync_host.h"

#include "../session/struct_size.h"

#define END_OF_RULES                                                                                                   \
    {                                                                                                                  \
        NULL, NULL                                                                                                     \
    }

static sync_host h;
static epop_sync made;

static int32_t init_with(const epop_sync_config *config)
{
    return epop_sync_init(&made, sizeof made, config);
}

static void init(void **data)
{
    epop_sync_config config;

    (void)data;
    host_prepare(&h, 0);
    assert_int_equal(epop_sync_sizeof(), sizeof(epop_sync));
    assert_int_equal(sizeof(epop_sync_entry), 24);
    assert_int_equal(epop_sync_init(NULL, sizeof made, &h.config), EPOP_ERR_NULL);
    assert_int_equal(epop_sync_init(&made, sizeof made, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_sync_init(&made, sizeof made - 1, &h.config), EPOP_ERR_STRUCT_SIZE);
    STRUCT_SIZE_LAW(epop_sync_config, h.config, init_with(it), EPOP_OK);
    config = h.config;
    config.callbacks = NULL;
    assert_int_equal(init_with(&config), EPOP_ERR_NULL);
    config = h.config;
    config.client = NULL;
    assert_int_equal(init_with(&config), EPOP_ERR_NULL);
    config = h.config;
    config.table_count = 1;
    assert_int_equal(init_with(&config), EPOP_ERR_NULL);
    config = h.config;
    config.table = (epop_sync_entry *)(void *)&made; /* never touched */
    config.table_count = 0x7FFFFFFF;
    assert_int_equal(init_with(&config), EPOP_OK);
    config.table_count = 0x80000000u; /* steps could not be counted */
    assert_int_equal(init_with(&config), EPOP_ERR_VALUE);
    config = h.config;
    config.flags = 0x80;
    assert_int_equal(init_with(&config), EPOP_ERR_VALUE);
    h.callbacks.struct_size--;
    assert_int_equal(init_with(&h.config), EPOP_ERR_STRUCT_SIZE);
    h.callbacks.struct_size++;
    h.own_callbacks.struct_size--;
    assert_int_equal(init_with(&h.config), EPOP_ERR_STRUCT_SIZE);
}

static void client_callbacks(void **data)
{
    epop_client_callbacks from;

    (void)data;
    memset(&from, 0, sizeof from);
    assert_int_equal(epop_sync_client_callbacks(NULL), EPOP_ERR_NULL);
    STRUCT_SIZE_LAW(epop_client_callbacks, from, epop_sync_client_callbacks(it), EPOP_OK);
}

static int32_t close_with(epop_sync_outcome *outcome)
{
    host_prepare(&h, 0);
    host_begin(&h);
    return epop_sync_close(&h.sync, outcome);
}

static int32_t close_again(epop_sync_outcome *outcome)
{
    return epop_sync_close(&h.sync, outcome);
}

static void close_calls(void **data)
{
    epop_sync_outcome outcome;

    (void)data;
    memset(&outcome, 0, sizeof outcome);
    STRUCT_SIZE_LAW(epop_sync_outcome, outcome, close_with(it), EPOP_OK);
    outcome.struct_size = sizeof outcome;
    assert_int_equal(epop_sync_close(NULL, &outcome), EPOP_ERR_NULL);
    assert_int_equal(epop_sync_close(&h.sync, NULL), EPOP_ERR_NULL);
    assert_int_equal(close_again(&outcome), EPOP_ERR_PHASE);
}

/* Before there is anything to answer, while the login goes on, and when all is over. */
static void nothing_was_asked(void)
{
    epop_sync_entry entry;

    assert_int_equal(epop_sync_table(&h.sync, &entry, 1), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_sync_known(&h.sync, EPOP_SYNC_NEW, 0, 0), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_sync_known(&h.sync, 77, 0, 0), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_sync_choose(&h.sync, EPOP_SYNC_FETCH), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_sync_confirm(&h.sync, 1, 1), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_sync_unconfirmed(&h.sync), 0);
}

static void calls_at_the_wrong_time(void **data)
{
    (void)data;
    host_prepare(&h, 0);
    assert_int_equal(epop_sync_start(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_sync_stop(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_sync_unconfirmed(NULL), 0);
    assert_int_equal(epop_sync_table(NULL, NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_sync_table(&h.sync, NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_sync_known(NULL, EPOP_SYNC_NEW, 0, 0), EPOP_ERR_NULL);
    assert_int_equal(epop_sync_choose(NULL, EPOP_SYNC_FETCH), EPOP_ERR_NULL);
    assert_int_equal(epop_sync_confirm(NULL, 1, 1), EPOP_ERR_NULL);
    host_begin(&h);
    assert_int_equal(epop_sync_start(&h.sync), EPOP_ERR_PHASE);
    nothing_was_asked();
    host_go(&h);
    assert_int_equal(epop_sync_start(&h.sync), EPOP_ERR_PHASE);
    nothing_was_asked();
    host_close(&h);
    assert_int_equal(epop_sync_start(&h.sync), EPOP_ERR_PHASE);
    assert_int_equal(epop_sync_stop(&h.sync), EPOP_OK);
    nothing_was_asked();
    assert_int_equal(h.outcome.fetched, 3);
}

/* Every answer that is none to the question in hand is refused, and changes nothing. */
static void wrong_answers(sync_host *host, uint32_t kind, uint32_t number)
{
    epop_sync_outcome outcome = {sizeof outcome, 0, 0, 0, 0, 0, 0, 0};
    epop_sync_entry entry;

    if (kind < EPOP_EVENT_SYNC_MAILDROP) {
        return;
    }
    assert_int_equal(epop_sync_start(&host->sync), EPOP_ERR_PHASE);
    assert_int_equal(epop_sync_close(&host->sync, &outcome), EPOP_ERR_REENTRANT);
    if (kind == EPOP_EVENT_SYNC_MAILDROP) {
        assert_int_equal(epop_sync_table(&host->sync, &entry, 0), EPOP_ERR_VALUE);
        assert_int_equal(epop_sync_table(&host->sync, &entry, 0x80000000u), EPOP_ERR_VALUE);
        assert_int_equal(epop_sync_table(&host->sync, NULL, 1), EPOP_ERR_NULL);
    } else {
        assert_int_equal(epop_sync_table(&host->sync, &entry, 1), EPOP_ERR_NOT_ASKED);
    }
    assert_int_equal(epop_sync_known(&host->sync, EPOP_SYNC_SEEN, 0, 0), EPOP_ERR_NOT_ASKED); /* answered already */
    assert_int_equal(epop_sync_choose(&host->sync, EPOP_SYNC_UNWANTED), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_sync_confirm(&host->sync, number, 1), EPOP_ERR_NOT_ASKED);
    assert_int_equal(epop_sync_confirm(&host->sync, number + 1, 1), EPOP_ERR_NOT_ASKED);
}

static void wrong_answers_everywhere(void **data)
{
    uint32_t table;

    (void)data;
    for (table = 2; table < 4; table++) {
        host_prepare(&h, EPOP_SYNC_DELETE | EPOP_SYNC_FILTER);
        h.act = wrong_answers;
        h.table_count = table;
        h.choices[1] = h.choices[2] = h.choices[3] = EPOP_SYNC_FETCH;
        host_run(&h);
        assert_int_equal(h.outcome.fetched, 3);
        assert_int_equal(h.outcome.marked, 3);
        assert_int_equal(h.outcome.result, EPOP_OK);
    }
}

static void wrong_values(sync_host *host, uint32_t kind, uint32_t number)
{
    (void)number;
    if (kind == EPOP_EVENT_SYNC_LISTED) {
        assert_int_equal(epop_sync_known(&host->sync, 0, 0, 0), EPOP_ERR_VALUE);
        assert_int_equal(epop_sync_known(&host->sync, 5, 0, 0), EPOP_ERR_VALUE);
        assert_int_equal(epop_sync_choose(&host->sync, EPOP_SYNC_UNWANTED), EPOP_ERR_NOT_ASKED);
        assert_int_equal(epop_sync_known(&host->sync, EPOP_SYNC_NEW, 0, 0), EPOP_OK);
    } else if (kind == EPOP_EVENT_SYNC_HEADER && epop_sync_choose(&host->sync, 0) != EPOP_ERR_NOT_ASKED) {
        assert_int_equal(epop_sync_choose(&host->sync, EPOP_SYNC_SEEN), EPOP_ERR_VALUE);
        assert_int_equal(epop_sync_known(&host->sync, EPOP_SYNC_SEEN, 0, 0), EPOP_ERR_NOT_ASKED);
        assert_int_equal(epop_sync_choose(&host->sync, EPOP_SYNC_SKIP), EPOP_OK);
    }
}

static void values(void **data)
{
    uint32_t i;

    (void)data;
    host_prepare(&h, EPOP_SYNC_FILTER);
    for (i = 1; i <= 3; i++) {
        h.verdicts[i] = 0;
    }
    h.act = wrong_values;
    host_begin(&h);
    host_go(&h);
    host_close(&h);
    host_sent(&h, "STAT|LIST|UIDL|TOP 1 0|TOP 2 0|TOP 3 0|QUIT");
}

/* From inside the events of close, too. */
static void close_within_close(sync_host *host, uint32_t kind, uint32_t number)
{
    epop_sync_outcome outcome = {sizeof outcome, 0, 0, 0, 0, 0, 0, 0};

    if (kind == EPOP_EVENT_SYNC_REPORT || kind == EPOP_EVENT_SYNC_END) {
        assert_int_equal(epop_sync_close(&host->sync, &outcome), EPOP_ERR_REENTRANT);
        assert_int_equal(epop_sync_stop(&host->sync), EPOP_OK);
    }
    if (kind == EPOP_EVENT_SYNC_REPORT) {
        assert_int_equal(epop_sync_confirm(&host->sync, number, 1), EPOP_ERR_NOT_ASKED);
    }
}

static void close_in_the_middle(void **data)
{
    static const rule rules[] = {{"RETR 3", "+OK\r\nhalf"}, END_OF_RULES};

    (void)data;
    host_prepare(&h, EPOP_SYNC_DELETE);
    h.rules = rules;
    h.confirm = CONFIRM_NEVER;
    host_begin(&h);
    host_go(&h);
    h.act = close_within_close;
    h.stop_at = h.events + 1;
    h.stop_result = -5000; /* comes to nothing */
    host_close(&h);
    host_saw(&h, "maildrop 3 66\nlisted 1 22 u1\nlisted 2 22 u2\nlisted 3 22 u3\nbegin 1 22\nbody 1 *\nend 1 OK 22\n"
                 "begin 2 22\nbody 2 *\nend 2 OK 22\nbegin 3 22\nbody 3 half\nend 3 ABORTED 4\n"
                 "report 1 FAILED DECLINED\nreport 2 FAILED DECLINED\nreport 3 FAILED ABORTED\n"
                 "outcome ABORTED NOTHING listed 3 fetched 0 failed 3 marked 0 strange 0\n");
    assert_int_equal(epop_client_phase(&h.client), EPOP_PHASE_ENDED);
    assert_int_equal(epop_client_noop(&h.client, 1), EPOP_ERR_ABORTED);
}

static void close_before_start(void **data)
{
    (void)data;
    host_prepare(&h, 0);
    assert_int_equal(epop_sync_init(&h.sync, sizeof h.sync, &h.config), EPOP_OK);
    assert_int_equal(epop_client_init(&h.client, sizeof h.client, &h.client_config), EPOP_OK);
    assert_int_equal(epop_sync_stop(&h.sync), EPOP_OK);
    host_close(&h);
    host_saw(&h, "outcome UNSENT NOTHING listed 0 fetched 0 failed 0 marked 0 strange 0\n");
}

/* ---- Login ---- */

static void login_fails_and_comes_again(void **data)
{
    static const rule refused[] = {{"PASS joe", "-ERR [IN-USE] busy\r\n"}, END_OF_RULES};

    (void)data;
    host_prepare(&h, 0);
    h.rules = refused;
    host_begin(&h);
    host_go(&h);
    host_saw(&h, "own LOGIN LOGIN_REFUSED -\n");
    nothing_was_asked();
    h.rules = NULL;
    assert_int_equal(epop_client_login(&h.client, 1), EPOP_OK);
    assert_int_equal(epop_sync_start(&h.sync), EPOP_OK);
    host_go(&h);
    host_close(&h);
    host_sent(&h, "STAT|LIST|UIDL|RETR 1|RETR 2|RETR 3|QUIT");
    assert_int_equal(h.outcome.fetched, 3);
    host_prepare(&h, 0);
    h.rules = refused;
    host_begin(&h);
    host_go(&h);
    assert_int_equal(epop_client_quit(&h.client, 1), EPOP_OK);
    host_go(&h);
    host_close(&h);
    assert_int_equal(h.outcome.result, EPOP_ERR_UNSENT);
    host_prepare(&h, 0);
    h.greeting = "-ERR not now\r\n";
    host_run(&h);
    assert_int_equal(h.outcome.result, EPOP_ERR_UNSENT);
}

/* The errors of epop_client_stat, and then it can be said again. */
static void start_into_a_full_queue(void **data)
{
    (void)data;
    host_prepare(&h, 0);
    h.client_config.slot_count = 1;
    assert_int_equal(epop_sync_init(&h.sync, sizeof h.sync, &h.config), EPOP_OK);
    assert_int_equal(epop_client_init(&h.client, sizeof h.client, &h.client_config), EPOP_OK);
    assert_int_equal(epop_sync_start(&h.sync), EPOP_ERR_PHASE); /* no login is queued */
    assert_int_equal(epop_client_login(&h.client, 1), EPOP_OK);
    assert_int_equal(epop_sync_start(&h.sync), EPOP_ERR_QUEUE_FULL);
    assert_int_equal(epop_sync_start(&h.sync), EPOP_ERR_QUEUE_FULL);
    assert_int_equal(epop_client_abort(&h.client, EPOP_ABORT_CLOSE), EPOP_OK);
    assert_int_equal(epop_sync_start(&h.sync), EPOP_ERR_ABORTED);
    host_close(&h);
    assert_int_equal(h.outcome.result, EPOP_ERR_ABORTED);
}

/* ---- Whose events they are ---- */

static uint32_t forwarded[10];

static int32_t note(uint32_t kind, uintptr_t token)
{
    assert_true(token == 1 || token == 9);
    forwarded[kind]++;
    return 0;
}

static int32_t note_greeting(void *user, const epop_greeting_event *event)
{
    assert_ptr_equal(user, &h);
    return note(event->kind, 1);
}

static int32_t note_reply(void *user, const epop_reply_event *event)
{
    assert_ptr_equal(user, &h);
    return note(event->kind, event->token);
}

static int32_t note_row(void *user, const epop_row_event *event)
{
    assert_ptr_equal(user, &h);
    return note(event->kind, event->token);
}

static int32_t note_body(void *user, const epop_body_event *event)
{
    assert_ptr_equal(user, &h);
    return note(event->kind, event->token);
}

static int32_t note_end(void *user, const epop_end_event *event)
{
    assert_ptr_equal(user, &h);
    return note(event->kind, event->token);
}

static int32_t note_quirk(void *user, const epop_quirk_event *event)
{
    assert_ptr_equal(user, &h);
    forwarded[event->kind]++;
    return 0;
}

static int32_t note_trace(void *user, const epop_trace_event *event)
{
    assert_ptr_equal(user, &h);
    forwarded[event->kind]++;
    return 0;
}

static void commands_of_the_hosts_own(sync_host *host, uint32_t kind, uint32_t number)
{
    (void)number;
    if (kind == EPOP_EVENT_SYNC_MAILDROP) {
        assert_int_equal(epop_client_list(&host->client, 0, 9), EPOP_OK);
        assert_int_equal(epop_client_retr(&host->client, 2, 9), EPOP_OK);
        assert_int_equal(epop_client_uidl(&host->client, 3, 9), EPOP_OK);
    }
}

static void forwarding(void **data)
{
    static const rule rules[] = {{"LIST", "+OK\r\n1  22\r\n.\r\n"}, END_OF_RULES};

    (void)data;
    memset(forwarded, 0, sizeof forwarded);
    host_prepare(&h, 0);
    h.count = 1;
    h.rules = rules;
    h.act = commands_of_the_hosts_own;
    h.own_callbacks.on_greeting = note_greeting;
    h.own_callbacks.on_reply = note_reply;
    h.own_callbacks.on_row = note_row;
    h.own_callbacks.on_body = note_body;
    h.own_callbacks.on_end = note_end;
    h.own_callbacks.on_quirk = note_quirk;
    h.own_callbacks.on_trace = note_trace;
    host_run(&h);
    assert_int_equal(h.outcome.fetched, 1);
    assert_int_equal(h.outcome.malformed_rows, 0);
    assert_int_equal(forwarded[EPOP_EVENT_GREETING], 1);
    assert_true(forwarded[EPOP_EVENT_REPLY] >= 3 + 3);
    assert_int_equal(forwarded[EPOP_EVENT_ROW], 1);
    assert_int_equal(forwarded[EPOP_EVENT_BODY], 0);
    assert_int_equal(forwarded[EPOP_EVENT_END], 4);
    assert_int_equal(forwarded[EPOP_EVENT_QUIRK], 2);
#ifndef EPOP_NO_TRACE
    assert_true(forwarded[EPOP_EVENT_TRACE] > 10);
#endif
}

/* Without client_callbacks nobody answers the login. */
static void nobody_else(void **data)
{
    (void)data;
    host_prepare(&h, 0);
    h.config.client_callbacks = NULL;
    host_begin(&h);
    host_go(&h);
    host_close(&h);
    assert_int_equal(h.outcome.result, EPOP_ERR_UNSENT);
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
    const struct CMUnitTest tests[] = {TEST(init),
                                       TEST(client_callbacks),
                                       TEST(close_calls),
                                       TEST(calls_at_the_wrong_time),
                                       TEST(wrong_answers_everywhere),
                                       TEST(values),
                                       TEST(close_in_the_middle),
                                       TEST(close_before_start),
                                       TEST(login_fails_and_comes_again),
                                       TEST(start_into_a_full_queue),
                                       TEST(forwarding),
                                       TEST(nobody_else)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
