/* A maildrop of 1,000,000 messages in 24 octets each, and one of some thousands in windows of 64.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "../session/record.h"
#include "../wire/guard.h"

#include <epop/sync.h>

#include <stdio.h>

enum { NEW_EVERY = 1000, PIECE = 65536 };

typedef struct big_host {
    epop_client client;
    epop_client_callbacks client_callbacks;
    epop_client_slot slots[40];
    uint8_t line[EPOP_CLIENT_LINE_MIN];
    uint8_t out[1024];
    epop_sync sync;
    uint32_t messages;
    char *answers;
    size_t len;
    uint64_t asked;
    uint64_t reported;
    uint64_t bodies;
    uint32_t commands;
} big_host;

static big_host h;

/* Every message that is not new was seen, and the key is its number. */
static int32_t on_listed(void *user, const epop_sync_listed_event *event)
{
    char unique_id[24];
    int len = snprintf(unique_id, sizeof unique_id, "id%u", (unsigned)event->number);

    (void)user;
    assert_int_equal(event->unique_id.len, len);
    assert_memory_equal(event->unique_id.ptr, unique_id, event->unique_id.len);
    assert_int_equal(event->octets, event->number);
    h.asked++;
    return epop_sync_known(&h.sync, event->number % NEW_EVERY == 0 ? EPOP_SYNC_NEW : EPOP_SYNC_SEEN, 0, event->number);
}

static int32_t on_end(void *user, const epop_sync_message_event *event)
{
    (void)user;
    assert_int_equal(event->key, event->number);
    h.bodies++;
    return epop_sync_confirm(&h.sync, event->number, 1);
}

static int32_t on_report(void *user, const epop_sync_report_event *event)
{
    uint32_t known = event->number % NEW_EVERY == 0 ? EPOP_SYNC_FETCHED : EPOP_SYNC_KNOWN;

    (void)user;
    assert_int_equal(event->key, event->number);
    assert_int_equal(event->octets, event->number);
    assert_int_equal(event->outcome, known | (event->number <= 10 ? EPOP_SYNC_MARKED : 0u));
    h.reported++;
    return 0;
}

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    (void)user;
    (void)event;
    return epop_client_answer(&h.client, "joe", 3);
}

static void add(const char *text)
{
    memcpy(h.answers + h.len, text, strlen(text));
    h.len += strlen(text);
}

static void answer(const char *command)
{
    const char *argument = strchr(command, ' ');
    uint32_t number = argument ? (uint32_t)strtoul(argument, NULL, 10) : 0;
    uint32_t first = number > 0 ? number : 1;
    uint32_t last = number > 0 ? number : h.messages;
    uint32_t is_row = strncmp(command, "LIST", 4) == 0 || strncmp(command, "UIDL", 4) == 0;
    char text[64];

    h.commands++;
    add(is_row && number > 0 ? "" : strncmp(command, "STAT", 4) == 0 ? "" : "+OK\r\n");
    if (strncmp(command, "STAT", 4) == 0) {
        snprintf(text, sizeof text, "+OK %u 1\r\n", (unsigned)h.messages);
        add(text);
    } else if (is_row) {
        for (; first <= last; first++) {
            snprintf(text, sizeof text, command[0] == 'L' ? "%s%u %u\r\n" : "%s%u id%u\r\n", number > 0 ? "+OK " : "",
                     (unsigned)first, (unsigned)first);
            add(text);
        }
        add(number > 0 ? "" : ".\r\n");
    } else if (strncmp(command, "CAPA", 4) == 0) {
        add("PIPELINING\r\n.\r\n");
    } else if (strncmp(command, "RETR", 4) == 0) {
        add("body\r\n.\r\n");
    }
}

static uint32_t serve(void)
{
    size_t len;
    const uint8_t *octets = epop_client_output(&h.client, &len);
    char *copy;
    char *at;
    char *end;

    if (!octets) {
        return 0;
    }
    copy = calloc(1, len + 1);
    assert_non_null(copy);
    memcpy(copy, octets, len);
    assert_int_equal(epop_client_output_ack(&h.client, len), EPOP_OK);
    h.len = 0;
    for (at = copy; (end = strstr(at, "\r\n")) != NULL; at = end + 2) {
        *end = '\0';
        answer(at);
    }
    free(copy);
    return 1;
}

static void begin(uint32_t flags, epop_sync_entry *table, uint32_t count)
{
    static const epop_client_callbacks own = {sizeof own, 0, NULL, NULL, NULL, NULL, NULL, on_ask, NULL, NULL};
    static const epop_sync_callbacks callbacks = {sizeof callbacks, 0,        NULL, on_listed, NULL, NULL, NULL,
                                                  on_end,           on_report};
    epop_sync_config config;
    epop_client_config client;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.flags = flags;
    config.callbacks = &callbacks;
    config.client = &h.client;
    config.client_callbacks = &own;
    config.table = table;
    config.table_count = count;
    config.keep_newest = h.messages - 10;
    assert_int_equal(epop_sync_init(&h.sync, sizeof h.sync, &config), EPOP_OK);
    memset(&client, 0, sizeof client);
    h.client_callbacks.struct_size = sizeof h.client_callbacks;
    assert_int_equal(epop_sync_client_callbacks(&h.client_callbacks), EPOP_OK);
    client.struct_size = sizeof client;
    client.flags = EPOP_CLIENT_ALLOW_CLEARTEXT;
    client.callbacks = &h.client_callbacks;
    client.user = &h.sync;
    client.line_buffer = h.line;
    client.line_buffer_size = sizeof h.line;
    client.output_buffer = h.out;
    client.output_buffer_size = sizeof h.out;
    client.slots = h.slots;
    client.slot_count = COUNT(h.slots);
    assert_int_equal(epop_client_init(&h.client, sizeof h.client, &client), EPOP_OK);
    assert_int_equal(epop_client_login(&h.client, 1), EPOP_OK);
    assert_int_equal(epop_sync_start(&h.sync), EPOP_OK);
    memcpy(h.answers, "+OK\r\n", 5);
    h.len = 5;
}

static void feed_all(void)
{
    size_t at;
    size_t used;

    for (at = 0; at < h.len; at += used) {
        size_t n = h.len - at < PIECE ? h.len - at : PIECE;
        assert_int_equal(epop_client_feed(&h.client, h.answers + at, n, &used), EPOP_OK);
        assert_int_equal(used, n);
    }
}

static void run(uint32_t messages, uint32_t flags, uint32_t count)
{
    epop_sync_outcome outcome;
    guard memory;

    memset(&h, 0, sizeof h);
    h.messages = messages;
    h.answers = malloc(4096 + (size_t)messages * 32);
    assert_non_null(h.answers);
    guard_open(&memory, count * (size_t)24);
    begin(flags, (epop_sync_entry *)(void *)guard_tail(&memory, count * (size_t)24), count);
    do {
        feed_all();
    } while (serve());
    outcome.struct_size = sizeof outcome;
    assert_int_equal(epop_sync_close(&h.sync, &outcome), EPOP_OK);
    assert_int_equal(outcome.result, EPOP_OK);
    assert_int_equal(outcome.listed, messages);
    assert_int_equal(outcome.fetched, messages / NEW_EVERY);
    assert_int_equal(outcome.marked, 10);
    assert_int_equal(outcome.deletions, EPOP_SYNC_DELETED);
    assert_int_equal(outcome.malformed_rows, 0);
    assert_int_equal(h.asked, messages);
    assert_int_equal(h.reported, messages);
    assert_int_equal(h.bodies, messages / NEW_EVERY);
    free(h.answers);
    guard_close(&memory);
}

static void a_million(void **data)
{
    (void)data;
    run(1000000, EPOP_SYNC_KEEP_NEWEST | EPOP_SYNC_NEWEST_FIRST, 1000000);
    assert_int_equal(h.commands, 4 + 3 + 1000 + 10 + 1); /* CAPA USER PASS CAPA, STAT LIST UIDL, RETR, DELE, QUIT */
}

static void thousands_in_windows(void **data)
{
    (void)data;
    run(5003, EPOP_SYNC_KEEP_NEWEST, 64);
    assert_int_equal(h.commands, 4 + 1 + 2 * 5003 + 5 + 10 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_million), cmocka_unit_test(thousands_in_windows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
