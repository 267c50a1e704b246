/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "sync_host.h"

#include <stdio.h>

#define CHECK_HEAD(event, is)                                                                                          \
    do {                                                                                                               \
        assert_int_equal((event)->struct_size, sizeof *(event));                                                       \
        assert_int_equal((event)->kind, is);                                                                           \
    } while (0)

static record *line(sync_host *h)
{
    if (h->in_body) {
        record_add(&h->log, "\n");
        h->in_body = 0;
    }
    return &h->log;
}

static int32_t done(sync_host *h, uint32_t kind, uint32_t number)
{
    uint32_t event = ++h->events;

    if (h->act) {
        h->act(h, kind, number);
    }
    return event == h->stop_at ? h->stop_result : 0;
}

static uint64_t key_of(uint32_t number)
{
    return number * UINT64_C(0x100000001);
}

static void add_size(record *log, uint64_t octets)
{
    if (octets == EPOP_SYNC_SIZE_UNKNOWN) {
        record_add(log, "?");
    } else {
        record_add(log, "%llu", (unsigned long long)octets);
    }
}

/* ---- Events of the sync ---- */

static int32_t on_maildrop(void *user, const epop_sync_maildrop_event *event)
{
    sync_host *h = user;

    CHECK_HEAD(event, EPOP_EVENT_SYNC_MAILDROP);
    assert_int_equal(event->reserved, 0);
    record_add(line(h), "maildrop %u ", (unsigned)event->messages);
    add_size(&h->log, event->octets);
    record_add(&h->log, "\n");
    if (h->late_table) {
        size_t size = h->table_count * sizeof(epop_sync_entry);
        assert_int_equal(
            epop_sync_table(&h->sync, (epop_sync_entry *)(void *)guard_tail(&h->memory, size), h->table_count),
            EPOP_OK);
    }
    return done(h, event->kind, 0);
}

static void make_known(sync_host *h, uint32_t number)
{
    assert_int_equal(epop_sync_known(&h->sync, h->verdicts[number], h->first_seen[number], key_of(number)), EPOP_OK);
    h->keyed[number] = 1;
}

static int32_t on_listed(void *user, const epop_sync_listed_event *event)
{
    sync_host *h = user;

    CHECK_HEAD(event, EPOP_EVENT_SYNC_LISTED);
    assert_int_equal(event->reserved, 0);
    record_add(line(h), "listed %u ", (unsigned)event->number);
    add_size(&h->log, event->octets);
    record_add(&h->log, " ");
    record_shown(&h->log, event->unique_id);
    record_add(&h->log, "\n");
    if (event->number <= HOST_MESSAGES && h->verdicts[event->number] != 0) {
        make_known(h, event->number);
    }
    return done(h, event->kind, event->number);
}

static void check_key(const sync_host *h, uint32_t number, uint64_t key)
{
    assert_true(key == (number <= HOST_MESSAGES && h->keyed[number] ? key_of(number) : 0));
}

static void answer_header(sync_host *h, const epop_sync_header_event *event)
{
    uint32_t number = event->number;

    if (event->purpose == EPOP_SYNC_TO_IDENTIFY && h->verdicts[number] != 0) {
        make_known(h, number);
    }
    if (event->purpose == EPOP_SYNC_TO_CHOOSE) {
        check_key(h, number, event->key);
        if (h->choices[number] != 0) {
            assert_int_equal(epop_sync_choose(&h->sync, h->choices[number]), EPOP_OK);
        }
    }
}

static int32_t on_header(void *user, const epop_sync_header_event *event)
{
    static const char *const purposes[] = {"?", "identify", "choose"};
    sync_host *h = user;

    CHECK_HEAD(event, EPOP_EVENT_SYNC_HEADER);
    h->header_octets[event->number] = event->octets;
    if (event->last) {
        record_add(line(h), "header %u %s last %s %llu\n", (unsigned)event->number, purposes[event->purpose],
                   event->status == EPOP_STATUS_OK ? "+" : "-", (unsigned long long)event->offset);
        assert_int_equal(event->data.len, 0);
        answer_header(h, event);
    } else {
        assert_true(event->data.len > 0);
        if (!h->in_body) {
            record_add(&h->log, "header %u %s ", (unsigned)event->number, purposes[event->purpose]);
            h->in_body = 1;
        }
        record_shown(&h->log, event->data);
    }
    return done(h, event->kind, event->number);
}

static int32_t on_begin(void *user, const epop_sync_message_event *event)
{
    sync_host *h = user;

    CHECK_HEAD(event, EPOP_EVENT_SYNC_BEGIN);
    check_key(h, event->number, event->key);
    record_add(line(h), "begin %u ", (unsigned)event->number);
    add_size(&h->log, event->octets);
    record_add(&h->log, "\n");
    return done(h, event->kind, event->number);
}

static int32_t on_body(void *user, const epop_sync_message_event *event)
{
    sync_host *h = user;

    CHECK_HEAD(event, EPOP_EVENT_SYNC_BODY);
    check_key(h, event->number, event->key);
    assert_true(event->data.len > 0);
    if (!h->in_body) {
        record_add(&h->log, "body %u ", (unsigned)event->number);
        h->in_body = 1;
    }
    record_shown(&h->log, event->data);
    return done(h, event->kind, event->number);
}

static int32_t on_end(void *user, const epop_sync_message_event *event)
{
    sync_host *h = user;

    CHECK_HEAD(event, EPOP_EVENT_SYNC_END);
    check_key(h, event->number, event->key);
    assert_int_equal(event->data.len, 0);
    record_add(line(h), "end %u %s %llu\n", (unsigned)event->number, result_name(event->result),
               (unsigned long long)event->octets);
    if (event->result == EPOP_OK && h->confirm == CONFIRM_LATER) {
        h->waiting[h->waiting_count++] = event->number;
    } else if (event->result == EPOP_OK && h->confirm != CONFIRM_NEVER) {
        assert_int_equal(epop_sync_confirm(&h->sync, event->number, h->confirm == CONFIRM_AT_ONCE), EPOP_OK);
    }
    return done(h, event->kind, event->number);
}

static int32_t on_report(void *user, const epop_sync_report_event *event)
{
    static const char *const names[] = {" FETCHED", " KNOWN", " SKIPPED", " FAILED", " MARKED"};
    sync_host *h = user;
    uint32_t i;

    CHECK_HEAD(event, EPOP_EVENT_SYNC_REPORT);
    check_key(h, event->number, event->key);
    record_add(line(h), "report %u", (unsigned)event->number);
    for (i = 0; i < 5; i++) {
        record_add(&h->log, "%s", event->outcome & (1u << i) ? names[i] : "");
    }
    if (event->result != EPOP_OK) {
        record_add(&h->log, " %s", result_name(event->result));
    }
    record_add(&h->log, event->code != EPOP_CODE_NONE ? " code %u\n" : "\n", (unsigned)event->code);
    return done(h, event->kind, event->number);
}

/* ---- Events of the client ---- */

static int32_t on_own_end(void *user, const epop_end_event *event)
{
    sync_host *h = user;

    if (event->command == EPOP_CMD_LOGIN) {
        record_clear(&h->sent);
        if (event->result == EPOP_OK) {
            return 0;
        }
    }
    record_add(line(h), "own %s %s %s\n", epop_command_name(event->command), result_name(event->result),
               event->status == EPOP_STATUS_OK    ? "+"
               : event->status == EPOP_STATUS_ERR ? "-"
                                                  : "0");
    return done(h, event->kind, event->number);
}

static int32_t on_own_ask(void *user, const epop_ask_event *event)
{
    sync_host *h = user;

    (void)event;
    assert_int_equal(epop_client_answer(&h->client, "joe", 3), EPOP_OK);
    return 0;
}

/* Those of STAT alone. */
static int32_t on_own_quirk(void *user, const epop_quirk_event *event)
{
    sync_host *h = user;

    CHECK_HEAD(event, EPOP_EVENT_QUIRK);
    assert_true(event->token == (uintptr_t)&h->sync || event->command != EPOP_CMD_STAT);
    if (event->command == EPOP_CMD_STAT) {
        record_add(line(h), "quirk %s\n", epop_quirk_name(event->quirk) + strlen("EPOP_QUIRK_"));
    }
    return 0;
}

/* ---- Life ---- */

void host_free(sync_host *h)
{
    record_free(&h->log);
    record_free(&h->sent);
    record_free(&h->answers);
    if (h->memory.map) {
        guard_close(&h->memory);
    }
}

static void prepare_client(sync_host *h)
{
    h->client_callbacks.struct_size = sizeof h->client_callbacks;
    assert_int_equal(epop_sync_client_callbacks(&h->client_callbacks), EPOP_OK);
    h->client_config.struct_size = sizeof h->client_config;
    h->client_config.flags = EPOP_CLIENT_ALLOW_CLEARTEXT;
    h->client_config.callbacks = &h->client_callbacks;
    h->client_config.user = &h->sync;
    h->client_config.line_buffer = h->line;
    h->client_config.line_buffer_size = sizeof h->line;
    h->client_config.output_buffer = h->out;
    h->client_config.output_buffer_size = sizeof h->out;
    h->client_config.slots = h->slots;
    h->client_config.slot_count = HOST_SLOTS;
}

void host_prepare(sync_host *h, uint32_t flags)
{
    static const epop_sync_callbacks callbacks = {sizeof callbacks, 0,       on_maildrop, on_listed, on_header,
                                                  on_begin,         on_body, on_end,      on_report};
    static const epop_client_callbacks own = {sizeof own, 0,          NULL,       NULL,         NULL,
                                              NULL,       on_own_end, on_own_ask, on_own_quirk, NULL};
    uint32_t i;

    host_free(h);
    memset(h, 0, sizeof *h);
    guard_open(&h->memory, HOST_MESSAGES * sizeof(epop_sync_entry));
    h->table_count = HOST_MESSAGES;
    h->greeting = "+OK ready\r\n";
    h->capabilities = "";
    h->count = 3;
    for (i = 0; i < HOST_MESSAGES + 2; i++) {
        h->verdicts[i] = EPOP_SYNC_NEW;
    }
    h->callbacks = callbacks;
    h->own_callbacks = own;
    prepare_client(h);
    h->config.struct_size = sizeof h->config;
    h->config.flags = flags;
    h->config.callbacks = &h->callbacks;
    h->config.user = h;
    h->config.client = &h->client;
    h->config.client_callbacks = &h->own_callbacks;
    h->config.client_user = h;
    h->config.now = 1000000;
}

void host_begin(sync_host *h)
{
    size_t size = h->table_count * sizeof(epop_sync_entry);

    if (!h->late_table && h->table_count > 0) {
        h->config.table = (epop_sync_entry *)(void *)guard_tail(&h->memory, size);
        h->config.table_count = h->table_count;
    }
    memset(&h->sync, 0xA5, sizeof h->sync); /* what stood there before is of no account */
    memset(&h->client, 0xA5, sizeof h->client);
    assert_int_equal(epop_sync_init(&h->sync, sizeof h->sync, &h->config), EPOP_OK);
    assert_int_equal(epop_client_init(&h->client, sizeof h->client, &h->client_config), EPOP_OK);
    assert_int_equal(epop_client_login(&h->client, 1), EPOP_OK);
    assert_int_equal(epop_sync_start(&h->sync), EPOP_OK);
    (void)host_hears(h, h->greeting);
}

int32_t host_hears(sync_host *h, const char *text)
{
    size_t len = strlen(text);
    size_t at = 0;
    int32_t result = EPOP_OK;

    while (result >= 0 && (at < len || (epop_client_wants(&h->client) & EPOP_WANT_RESUME))) {
        size_t n = h->piece > 0 && h->piece < len - at ? h->piece : len - at;
        uint8_t *copy = exact_copy(text + at, n);
        size_t used;
        result = epop_client_feed(&h->client, copy, n, &used);
        free(copy);
        assert_true(used <= n);
        at += used;
    }
    return result;
}

/* ---- The server ---- */

const char *host_text(uint32_t number)
{
    static char text[64];

    snprintf(text, sizeof text, "Subject: %u\r\n\r\nmail %u\r\n", (unsigned)number, (unsigned)number);
    return text;
}

static int fits(const char *pattern, const char *command)
{
    size_t len = strcspn(pattern, "*");

    return strncmp(pattern, command, len) == 0 && (pattern[len] == '*' || strlen(command) == len);
}

static void answer_listing(sync_host *h, const char *command)
{
    uint32_t number;

    record_add(&h->answers, "+OK\r\n");
    for (number = 1; number <= h->count; number++) {
        if (command[0] == 'L') {
            record_add(&h->answers, "%u %u\r\n", (unsigned)number, (unsigned)strlen(host_text(number)));
        } else {
            record_add(&h->answers, "%u u%u\r\n", (unsigned)number, (unsigned)number);
        }
    }
    record_add(&h->answers, ".\r\n");
}

/* What a number means to a server that counts anew after DELE. */
static uint32_t renumbered(const sync_host *h, uint32_t number)
{
    uint32_t real = 0;

    while (number > 0 && real < h->count) {
        number -= !h->marked[++real];
    }
    return number > 0 ? 0 : real;
}

static void answer_number(sync_host *h, const char *command, uint32_t number)
{
    uint32_t real = h->renumbers ? renumbered(h, number) : number;

    if (number == 0 || number > h->count) {
        record_add(&h->answers, "-ERR no such message\r\n");
    } else if (strchr("LU", command[0]) && real == 0) {
        record_add(&h->answers, "-ERR none any more\r\n");
    } else if (command[0] == 'L') {
        record_add(&h->answers, "+OK %u %u\r\n", (unsigned)number, (unsigned)strlen(host_text(real)));
    } else if (command[0] == 'U') {
        record_add(&h->answers, "+OK %u u%u\r\n", (unsigned)number, (unsigned)real);
    } else if (command[0] == 'R' || strstr(command, " 2147483647") != NULL) {
        record_add(&h->answers, "+OK\r\n%s.\r\n", host_text(number));
    } else if (command[0] == 'T') {
        record_add(&h->answers, "+OK\r\nSubject: %u\r\n\r\n.\r\n", (unsigned)number);
    } else {
        h->marked[number] = 1;
        record_add(&h->answers, "+OK\r\n");
    }
}

static void answer_by_default(sync_host *h, const char *command)
{
    uint32_t octets = 0;
    uint32_t number;

    if (strcmp(command, "CAPA") == 0) {
        record_add(&h->answers, "%s%s%s", h->capabilities ? "+OK\r\n" : "-ERR\r\n",
                   h->capabilities ? h->capabilities : "", h->capabilities ? ".\r\n" : "");
    } else if (strcmp(command, "STAT") == 0) {
        for (number = 1; number <= h->count; number++) {
            octets += (uint32_t)strlen(host_text(number));
        }
        record_add(&h->answers, "+OK %u %u\r\n", (unsigned)h->count, (unsigned)octets);
    } else if (strcmp(command, "LIST") == 0 || strcmp(command, "UIDL") == 0) {
        answer_listing(h, command);
    } else if (strchr("LURTD", command[0]) && strchr(command, ' ') && command[1] != 'S') {
        answer_number(h, command, (uint32_t)strtoul(strchr(command, ' '), NULL, 10));
    } else {
        record_add(&h->answers, "+OK\r\n");
    }
}

static void answer(sync_host *h, const char *command)
{
    const rule *r = h->rules;
    const char *end;

    while (r && r->command && !fits(r->command, command)) {
        r++;
    }
    if (!r || !r->command) {
        answer_by_default(h, command);
        return;
    }
    end = strstr(r->answer, "EOF");
    record_octets(&h->answers, r->answer, end ? (size_t)(end - r->answer) : strlen(r->answer));
    h->hung_up = end != NULL;
}

/* All that is to be sent, noted and answered. 0 where there was nothing. */
static uint32_t serve(sync_host *h)
{
    size_t len;
    const char *octets = (const char *)epop_client_output(&h->client, &len);
    char *copy;
    char *at;
    char *end;

    if (!octets) {
        return 0;
    }
    copy = calloc(1, len + 1);
    assert_non_null(copy);
    memcpy(copy, octets, len);
    assert_int_equal(epop_client_output_ack(&h->client, len), EPOP_OK);
    record_clear(&h->answers);
    for (at = copy; (end = strstr(at, "\r\n")) != NULL && !h->hung_up; at = end + 2) {
        *end = '\0';
        record_add(&h->sent, "%s%s", h->sent.len == 0 ? "" : at == copy ? "|" : " ", at);
        answer(h, at);
    }
    free(copy);
    return 1;
}

uint32_t host_step(sync_host *h)
{
    char *answers;

    if ((epop_client_wants(&h->client) & EPOP_WANT_CLOSE) || !serve(h)) {
        return 0;
    }
    answers = (char *)exact_copy(record_text(&h->answers), h->answers.len + 1);
    (void)host_hears(h, answers);
    free(answers);
    if (h->hung_up) {
        (void)epop_client_eof(&h->client);
    }
    return 1;
}

void host_go(sync_host *h)
{
    uint32_t turns = 0;

    while (host_step(h)) {
        assert_true(++turns < 100000);
    }
}

void host_close(sync_host *h)
{
    static const char *const deletions[] = {"NOTHING", "DELETED", "IN_PART", "UNKNOWN"};

    h->outcome.struct_size = sizeof h->outcome;
    assert_int_equal(epop_sync_close(&h->sync, &h->outcome), EPOP_OK);
    record_add(line(h), "outcome %s %s listed %u fetched %u failed %u marked %u strange %u\n",
               result_name(h->outcome.result), deletions[h->outcome.deletions], (unsigned)h->outcome.listed,
               (unsigned)h->outcome.fetched, (unsigned)h->outcome.failed, (unsigned)h->outcome.marked,
               (unsigned)h->outcome.malformed_rows);
}

void host_run(sync_host *h)
{
    host_begin(h);
    host_go(h);
    host_close(h);
}

/* ---- What was seen ---- */

void host_sent_at(sync_host *h, const char *text, const char *file, int line_number)
{
    record_expect(text, record_text(&h->sent), file, line_number);
    record_clear(&h->sent);
}

void host_saw_at(sync_host *h, const char *text, const char *file, int line_number)
{
    (void)line(h);
    record_expect(text, record_text(&h->log), file, line_number);
    record_clear(&h->log);
}

void host_ended_at(sync_host *h, const char *text, const char *file, int line_number)
{
    record ends = {NULL, 0, 0};
    const char *at = record_text(&h->log);

    while (*at != '\0') {
        size_t len = strcspn(at, "\n") + 1;
        if (strncmp(at, "report", 6) == 0 || strncmp(at, "outcome", 7) == 0) {
            record_octets(&ends, at, len);
        }
        at += len;
    }
    record_expect(text, record_text(&ends), file, line_number);
    record_free(&ends);
    record_clear(&h->log);
}
