/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "server_host.h"

/* What every event begins with. */
#define CHECK_HEAD(event, is)                                                                                          \
    do {                                                                                                               \
        assert_int_equal((event)->struct_size, sizeof *(event));                                                       \
        assert_int_equal((event)->kind, is);                                                                           \
    } while (0)

static int32_t done(server_host *host, uint32_t kind)
{
    host->events++;
    if (host->act) {
        host->act(host, kind);
    }
    return kind == host->stop_kind ? host->stop_result : 0;
}

/* Answers where it is not to be held. */
static int32_t decide(server_host *host, uint32_t kind, uint32_t what)
{
    epop_maildrop maildrop = server_maildrop(host);

    if (what == NO) {
        assert_int_equal(epop_server_refuse(&host->server, host->code, NULL, 0), EPOP_OK);
    } else if (what == YES && kind == EPOP_EVENT_OPEN) {
        assert_int_equal(epop_server_opened(&host->server, &maildrop), EPOP_OK);
    } else if (what == YES) {
        assert_int_equal(epop_server_accept(&host->server), EPOP_OK);
    }
    return done(host, kind);
}

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    server_host *host = user;

    CHECK_HEAD(event, EPOP_EVENT_AUTH);
    record_add(&host->log, "auth ");
    record_shown(&host->log, event->name);
    record_add(&host->log, " ");
    record_shown(&host->log, event->password);
    record_add(&host->log, "\n");
    return decide(host, event->kind, host->auth);
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    server_host *host = user;

    CHECK_HEAD(event, EPOP_EVENT_OPEN);
    record_add(&host->log, "open ");
    record_shown(&host->log, event->name);
    record_add(&host->log, "\n");
    return decide(host, event->kind, host->open);
}

static int32_t on_message_info(void *user, const epop_message_info_event *event)
{
    server_host *host = user;
    const server_message *message = &host->messages[(event->number - 1) % SERVER_MESSAGES];

    CHECK_HEAD(event, EPOP_EVENT_MESSAGE_INFO);
    assert_in_range(event->number, 1, host->count);
    if (host->show_info) {
        record_add(&host->log, "info %u\n", (unsigned)event->number);
    }
    if (event->number != host->vanished) {
        assert_int_equal(
            epop_server_message_info(&host->server, message->octets, message->unique_id, strlen(message->unique_id)),
            EPOP_OK);
    }
    return done(host, event->kind);
}

static int32_t on_send(void *user, const epop_send_event *event)
{
    server_host *host = user;

    CHECK_HEAD(event, EPOP_EVENT_SEND);
    record_add(&host->log, "send %s %u", epop_command_name(event->command), (unsigned)event->number);
    if (event->command == EPOP_CMD_TOP) {
        record_add(&host->log, " %u", (unsigned)event->lines);
    }
    record_add(&host->log, "\n");
    return decide(host, event->kind, host->send);
}

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    server_host *host = user;

    CHECK_HEAD(event, EPOP_EVENT_COMMIT);
    record_add(&host->log, "commit %u\n", (unsigned)event->marked);
    return decide(host, event->kind, host->commit);
}

static int32_t on_command(void *user, const epop_command_event *event)
{
    static const epop_reply none;
    server_host *host = user;
    epop_reply reply = none;

    CHECK_HEAD(event, EPOP_EVENT_COMMAND);
    assert_int_equal(event->command->struct_size, sizeof *event->command);
    assert_int_equal(event->phase, epop_server_phase(&host->server));
    record_add(&host->log, "command ");
    record_shown(&host->log, event->command->keyword);
    record_add(&host->log, " ");
    record_shown(&host->log, event->command->argument);
    record_add(&host->log, "\n");
    if (host->command == NO || host->command == HOLD) {
        return decide(host, event->kind, host->command);
    }
    reply.struct_size = sizeof reply;
    reply.status = EPOP_STATUS_OK;
    assert_int_equal(epop_server_reply(&host->server, &reply, EPOP_SHAPE_SINGLE), EPOP_OK);
    return done(host, event->kind);
}

int32_t server_on_trace(void *user, const epop_trace_event *event)
{
    server_host *host = user;

    CHECK_HEAD(event, EPOP_EVENT_TRACE);
    record_add(&host->log, "%s", event->sent ? "> " : "< ");
    record_shown(&host->log, event->line);
    record_add(&host->log, event->redacted ? " redacted\n" : "\n");
    return done(host, event->kind);
}

/* ------------------------------------------------------------------------------------------------------------------ */

void server_end(server_host *host)
{
    record_free(&host->log);
    record_free(&host->said);
    free(host->out);
    host->out = NULL;
}

void server_prepare(server_host *host, uint32_t flags)
{
    static const epop_server_callbacks callbacks = {sizeof callbacks, 0,         on_auth,    on_open, on_message_info,
                                                    on_send,          on_commit, on_command, NULL};
    static const server_message messages[] = {
        {"A: 1\n\none\n", 13, "id-1"}, {"B: 2\r\n\r\ntwo\r\n.dot\r\n", 19, "id-2"}, {"C: 3\n\n1\n2\n3\n", 17, "id-3"}};

    server_end(host);
    memset(host, 0, sizeof *host);
    memcpy(host->messages, messages, sizeof messages);
    host->count = 3;
    host->octets = 49;
    host->callbacks = callbacks;
    host->config.struct_size = sizeof host->config;
    host->config.flags = flags;
    host->config.callbacks = &host->callbacks;
    host->config.user = host;
    host->config.line_buffer = host->line;
    host->config.line_buffer_size = sizeof host->line;
    host->config.name_buffer = host->name;
    host->config.name_buffer_size = sizeof host->name;
    host->config.output_buffer_size = EPOP_SERVER_OUTPUT_MIN;
}

void server_init(server_host *host)
{
    memset(&host->server, 0xA5, sizeof host->server); /* what stood there before is of no account */
    host->out = malloc(host->config.output_buffer_size);
    host->config.output_buffer = host->out;
    assert_int_equal(epop_server_init(&host->server, sizeof host->server, &host->config), EPOP_OK);
}

void server_begin(server_host *host, uint32_t flags)
{
    server_prepare(host, flags);
    server_init(host);
    server_says(host, "+OK *\r\n");
}

void server_enter(server_host *host, uint32_t flags)
{
    server_begin(host, flags | EPOP_SERVER_ALLOW_CLEARTEXT);
    server_talk(host, "USER joe\r\n", "+OK *\r\n");
    server_talk(host, "PASS secret\r\n", "+OK *\r\n");
    server_saw(host, "auth joe secret\nopen joe\n");
    assert_int_equal(epop_server_phase(&host->server), EPOP_PHASE_TRANSACTION);
    host->events = 0;
}

epop_maildrop server_maildrop(server_host *host)
{
    epop_maildrop maildrop;

    memset(&maildrop, 0, sizeof maildrop);
    maildrop.struct_size = sizeof maildrop;
    maildrop.count = host->count;
    maildrop.octets = host->octets;
    maildrop.deleted = host->deleted;
    maildrop.deleted_size = sizeof host->deleted;
    return maildrop;
}

int32_t server_feed(server_host *host, const void *data, size_t len, size_t *used)
{
    uint8_t *copy = exact_copy(data, len);
    int32_t result;

    *used = len + 1;
    result = epop_server_feed(&host->server, copy, len, used);
    free(copy);
    assert_true(*used <= len);
    assert_true(result != EPOP_OK || *used == len);
    return result;
}

void server_hears(server_host *host, const char *text)
{
    size_t used;
    int32_t result;

    while ((result = server_feed(host, text, strlen(text), &used)) == EPOP_AGAIN) {
        text += used;
        server_drain(host);
    }
    if (result != EPOP_OK) {
        print_error("fed \"%s\"\n", text);
    }
    assert_string_equal(result_name(result), "OK");
}

void server_drain(server_host *host)
{
    const uint8_t *octets;
    size_t len;

    while ((octets = epop_server_output(&host->server, &len)) != NULL) {
        assert_true(len > 0);
        record_octets(&host->said, octets, len);
        assert_int_equal(epop_server_output_ack(&host->server, len), EPOP_OK);
    }
    assert_int_equal(len, 0);
}

void server_push(server_host *host, const char *text)
{
    size_t len = strlen(text);
    size_t used = 0;
    int32_t result = EPOP_FULL;

    while (result == EPOP_FULL) {
        result = epop_server_body(&host->server, text, len, &used);
        text += used;
        len -= used;
        server_drain(host);
    }
    assert_true(result == EPOP_OK || result == EPOP_END);
    while ((result = epop_server_body_end(&host->server)) == EPOP_FULL) {
        server_drain(host);
    }
    assert_int_equal(result, EPOP_OK);
}

void server_says_at(server_host *host, const char *text, const char *file, int line)
{
    server_drain(host);
    record_expect(text, record_text(&host->said), file, line);
    record_clear(&host->said);
}

void server_saw_at(server_host *host, const char *text, const char *file, int line)
{
    record_expect(text, record_text(&host->log), file, line);
    record_clear(&host->log);
}

void server_is_dead(server_host *host, int32_t error)
{
    static const epop_error_info none;
    epop_error_info info = none;
    uint64_t events = host->events;
    size_t used;

    info.struct_size = sizeof info;
    assert_int_equal(epop_server_error_info(&host->server, &info), EPOP_OK);
    assert_string_equal(result_name(info.code), result_name(error));
    assert_int_equal(epop_server_phase(&host->server), EPOP_PHASE_ENDED);
    assert_int_equal(epop_server_wants(&host->server) & ~(uint32_t)EPOP_WANT_DRAIN, EPOP_WANT_CLOSE);
    assert_int_equal(server_feed(host, TEXT("NOOP\r\n"), &used), error);
    assert_int_equal(epop_server_accept(&host->server), error);
    assert_int_equal(epop_server_body_end(&host->server), error);
    assert_int_equal(epop_server_tls_started(&host->server), error);
    assert_int_equal(epop_server_eof(&host->server), error);
    assert_int_equal(host->events, events);
}
