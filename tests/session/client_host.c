/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "client_host.h"

/* What every event begins with. */
#define CHECK_HEAD(event, is)                                                                                          \
    do {                                                                                                               \
        assert_int_equal((event)->struct_size, sizeof *(event));                                                       \
        assert_int_equal((event)->kind, is);                                                                           \
    } while (0)

static int32_t done(client_host *host, uint32_t kind)
{
    host->events++;
    if (host->act) {
        host->act(host, kind);
    }
    return kind == host->stop_kind ? host->stop_result : 0;
}

static record *line(client_host *host)
{
    if (host->in_body) {
        record_add(&host->log, "\n");
        host->in_body = 0;
    }
    return &host->log;
}

static const char *sign(uint32_t status)
{
    return status == EPOP_STATUS_OK ? "+" : status == EPOP_STATUS_ERR ? "-" : "0";
}

static const char *name_of(uint32_t command)
{
    return command == EPOP_CMD_UNKNOWN ? "?" : epop_command_name(command);
}

static int32_t on_greeting(void *user, const epop_greeting_event *event)
{
    client_host *host = user;
    record *log = line(host);

    CHECK_HEAD(event, EPOP_EVENT_GREETING);
    assert_int_equal(event->reply->struct_size, sizeof *event->reply);
    record_add(log, "greeting %s ", sign(event->reply->status));
    record_shown(log, event->reply->text);
    if (event->stamp.len > 0) {
        record_add(log, " stamp ");
        record_shown(log, event->stamp);
    }
    if (event->pop4 || event->traits) {
        record_add(log, " pop4 %u traits %u", (unsigned)event->pop4, (unsigned)event->traits);
    }
    record_add(log, "\n");
    return done(host, event->kind);
}

static int32_t on_reply(void *user, const epop_reply_event *event)
{
    client_host *host = user;
    record *log = line(host);

    CHECK_HEAD(event, EPOP_EVENT_REPLY);
    assert_int_equal(event->reply->struct_size, sizeof *event->reply);
    record_add(log, "reply %lu %s %s ", (unsigned long)event->token, name_of(event->command),
               sign(event->reply->status));
    record_shown(log, event->reply->text);
    record_add(log, "\n");
    return done(host, event->kind);
}

static int32_t on_row(void *user, const epop_row_event *event)
{
    client_host *host = user;
    record *log = line(host);

    CHECK_HEAD(event, EPOP_EVENT_ROW);
    assert_true(!event->listing || event->listing->struct_size == sizeof *event->listing);
    assert_true(!event->capability || event->capability->struct_size == sizeof *event->capability);
    record_add(log, "row %lu %s ", (unsigned long)event->token, name_of(event->command));
    if (event->row == EPOP_ROW_STAT || event->row == EPOP_ROW_LIST) {
        record_add(log, "%u %llu", (unsigned)event->listing->number, (unsigned long long)event->listing->octets);
    } else if (event->row == EPOP_ROW_UIDL) {
        record_add(log, "%u ", (unsigned)event->listing->number);
        record_shown(log, event->listing->unique_id);
    } else {
        record_add(log, event->row == EPOP_ROW_UNREADABLE ? "UNREADABLE " : "");
        record_shown(log, event->line);
    }
    if (event->line_length != event->line.len) {
        record_add(log, " of %u", (unsigned)event->line_length);
    }
    record_add(log, "\n");
    return done(host, event->kind);
}

static int32_t on_body(void *user, const epop_body_event *event)
{
    client_host *host = user;

    CHECK_HEAD(event, EPOP_EVENT_BODY);
    host->body_octets += event->data.len;
    if (!host->in_body) {
        record_add(&host->log, "body %lu %s ", (unsigned long)event->token, name_of(event->command));
        host->in_body = 1;
    }
    record_shown(&host->log, event->data);
    return done(host, event->kind);
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    client_host *host = user;

    CHECK_HEAD(event, EPOP_EVENT_END);
    record_add(line(host), "end %lu %s %s %s %llu\n", (unsigned long)event->token, name_of(event->command),
               result_name(event->result), sign(event->status), (unsigned long long)event->octets);
    return done(host, event->kind);
}

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    client_host *host = user;
    const char *answer = event->ask == EPOP_ASK_USER ? host->user : host->password;

    CHECK_HEAD(event, EPOP_EVENT_ASK);
    record_add(line(host), "ask %lu %s\n", (unsigned long)event->token,
               event->ask == EPOP_ASK_USER ? "user" : "password");
    if (answer) {
        assert_int_equal(epop_client_answer(&host->client, answer, strlen(answer)), EPOP_OK);
    }
    return done(host, event->kind);
}

static int32_t on_quirk(void *user, const epop_quirk_event *event)
{
    client_host *host = user;

    CHECK_HEAD(event, EPOP_EVENT_QUIRK);
    record_add(line(host), "quirk %lu %s %s\n", (unsigned long)event->token, name_of(event->command),
               epop_quirk_name(event->quirk) + strlen("EPOP_QUIRK_"));
    return done(host, event->kind);
}

int32_t client_on_trace(void *user, const epop_trace_event *event)
{
    client_host *host = user;
    record *log = line(host);

    CHECK_HEAD(event, EPOP_EVENT_TRACE);
    record_add(log, "%s", event->sent ? "> " : "< ");
    record_shown(log, event->line);
    record_add(log, event->redacted ? " redacted\n" : "\n");
    return done(host, event->kind);
}

/* ------------------------------------------------------------------------------------------------------------------ */

void client_end(client_host *host)
{
    record_free(&host->log);
}

void client_prepare(client_host *host, uint32_t flags)
{
    static const epop_client_callbacks callbacks = {sizeof callbacks, 0,      on_greeting, on_reply, on_row,
                                                    on_body,          on_end, on_ask,      on_quirk, NULL};

    client_end(host);
    memset(host, 0, sizeof *host);
    host->callbacks = callbacks;
    host->config.struct_size = sizeof host->config;
    host->config.flags = flags;
    host->config.callbacks = &host->callbacks;
    host->config.user = host;
    host->config.line_buffer = host->line;
    host->config.line_buffer_size = sizeof host->line;
    host->config.output_buffer = host->out;
    host->config.output_buffer_size = sizeof host->out;
    host->config.slots = host->slots;
    host->config.slot_count = CLIENT_SLOTS;
}

void client_init(client_host *host)
{
    memset(&host->client, 0xA5, sizeof host->client); /* what stood there before is of no account */
    assert_int_equal(epop_client_init(&host->client, sizeof host->client, &host->config), EPOP_OK);
}

void client_begin(client_host *host, uint32_t flags)
{
    client_prepare(host, flags);
    client_init(host);
    client_hears(host, "+OK ready\r\n");
    client_saw(host, "greeting + ready\n");
}

void client_log_in(client_host *host, const char *capabilities)
{
    client_init(host);
    client_hears(host, "+OK ready\r\n");
    host->user = "joe";
    host->password = "secret";
    assert_int_equal(epop_client_login(&host->client, 99), EPOP_OK);
    client_says(host, "CAPA\r\n");
    client_hears(host, capabilities ? "+OK\r\n" : "-ERR\r\n");
    if (capabilities) {
        client_hears(host, capabilities);
        client_hears(host, ".\r\n");
    }
    client_says(host, "USER joe\r\n");
    client_hears(host, "+OK\r\n");
    client_says(host, "PASS secret\r\n");
    client_hears(host, "+OK\r\n");
    if (capabilities && capabilities[0] != '\0') {
        client_says(host, "CAPA\r\n");
        client_hears(host, "+OK\r\n");
        client_hears(host, capabilities);
        client_hears(host, ".\r\n");
    }
    client_says(host, "");
    assert_int_equal(epop_client_phase(&host->client), EPOP_PHASE_TRANSACTION);
    record_clear(&host->log);
    host->events = 0;
}

void client_enter(client_host *host, uint32_t flags, const char *capabilities)
{
    client_prepare(host, flags | EPOP_CLIENT_ALLOW_CLEARTEXT);
    client_log_in(host, capabilities);
}

int32_t client_feed(client_host *host, const void *data, size_t len)
{
    uint8_t *copy = exact_copy(data, len);
    size_t used = len + 1;
    int32_t result = epop_client_feed(&host->client, copy, len, &used);

    free(copy);
    assert_true(used <= len);
    assert_true(result != EPOP_OK || used == len);
    return result;
}

void client_hears(client_host *host, const char *text)
{
    int32_t result = client_feed(host, text, strlen(text));

    if (result != EPOP_OK) {
        print_error("fed \"%s\"\n", text);
    }
    assert_string_equal(result_name(result), "OK");
}

void client_says_at(client_host *host, const char *text, const char *file, int line_number)
{
    record got = {NULL, 0, 0};
    size_t len;
    const uint8_t *octets = epop_client_output(&host->client, &len);

    assert_true((octets != NULL) == (len > 0));
    record_octets(&got, octets, len);
    record_expect(text, record_text(&got), file, line_number);
    record_free(&got);
    if (len > 0) {
        _assert_int_equal((uintmax_t)epop_client_output_ack(&host->client, len), EPOP_OK, file, line_number);
    }
}

void client_saw_at(client_host *host, const char *text, const char *file, int line_number)
{
    (void)line(host);
    record_expect(text, record_text(&host->log), file, line_number);
    record_clear(&host->log);
}

void client_is_dead(client_host *host, int32_t error)
{
    static const epop_error_info none;
    epop_error_info info = none;
    uint64_t events = host->events;
    size_t len = 1;

    info.struct_size = sizeof info;
    assert_int_equal(epop_client_error_info(&host->client, &info), EPOP_OK);
    assert_string_equal(result_name(info.code), result_name(error));
    assert_int_equal(epop_client_phase(&host->client), EPOP_PHASE_ENDED);
    assert_int_equal(epop_client_wants(&host->client), EPOP_WANT_CLOSE);
    assert_int_equal(epop_client_deadline(&host->client), 0);
    assert_int_equal(epop_client_keep_alive(&host->client), 0);
    assert_null(epop_client_output(&host->client, &len));
    assert_int_equal(len, 0);
    assert_int_equal(client_feed(host, TEXT("+OK\r\n")), error);
    assert_int_equal(epop_client_noop(&host->client, 1), error);
    assert_int_equal(epop_client_answer(&host->client, TEXT("x")), error);
    assert_int_equal(epop_client_output_ack(&host->client, 0), error);
    assert_int_equal(epop_client_eof(&host->client), error);
    assert_int_equal(epop_client_timeout(&host->client), error);
    assert_int_equal(host->events, events);
}
