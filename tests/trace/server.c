/* The server role: logs every question, and gives the calls of a session to the driver.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "maildrop.h"

#include <string.h>

/* ---------------------------------------------------------------------------------------------------------------------
 * Questions
 */

static void ask(struct run *r, uint32_t kind)
{
    r->question = kind;
    r->held = false;
    if (!r->variant->later && run_random(r, 2, 1) == 1) {
        maildrop_answer(r);
    }
}

static void check_head(struct run *r, uint32_t struct_size, size_t expected, uint32_t kind, uint32_t expected_kind)
{
    if (struct_size != expected || kind != expected_kind) {
        run_fail(r, "an event has struct_size %lu and kind %lu instead of %lu and %lu", (unsigned long)struct_size,
                 (unsigned long)kind, (unsigned long)expected, (unsigned long)expected_kind);
    }
}

/* The host may remember a name; the password only until it has answered. A token comes in pieces. */
static void keep(struct octets *copy, uint8_t *room, size_t cap, size_t at, epop_span span)
{
    copy->ptr = room;
    copy->len = at + span.len < cap ? at + span.len : cap;
    if (copy->len > at) {
        memcpy(room + at, span.ptr, copy->len - at);
    }
}

static void log_auth(struct run *r, const epop_auth_event *event)
{
    static const char *const names[] = {"?",      "password", "token",  "external", "anonymous",
                                        "proven", "failed",   "secret", "key",      "binding"};

    log_line(r, "auth");
    if (strcmp(event->mechanism, "USER") != 0) {
        text_printf(&r->events, " %s %s", event->mechanism, event->auth < 10 ? names[event->auth] : "?");
        text_printf(&r->events, event->more ? " more" : "");
    }
    log_span(r, "name", event->name);
    if (event->authzid.len) {
        log_span(r, "authzid", event->authzid);
    }
    if (event->password.len || event->auth == EPOP_AUTH_PASSWORD) {
        log_span(r, "password", event->password);
    }
    log_end(r);
}

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    static uint8_t name[512];
    static uint8_t secret[20000];
    struct run *r = user;

    callback_begin(r, EPOP_EVENT_AUTH);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_AUTH);
    log_auth(r, event);
    if (event->offset && event->offset != r->secret.len) {
        run_fail(r, "a piece of a token does not begin where the last has ended");
    }
    keep(&r->name, name, sizeof name, 0, event->name);
    keep(&r->secret, secret, sizeof secret, (size_t)event->offset, event->password);
    r->auth = event->auth;
    r->mechanism = event->mechanism;
    if (!event->more) {
        ask(r, EPOP_EVENT_AUTH);
    }
    return callback_end(r, EPOP_EVENT_AUTH);
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    struct run *r = user;

    callback_begin(r, EPOP_EVENT_OPEN);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_OPEN);
    log_line(r, "open");
    log_span(r, "name", event->name);
    log_end(r);
    ask(r, EPOP_EVENT_OPEN);
    return callback_end(r, EPOP_EVENT_OPEN);
}

static int32_t on_message_info(void *user, const epop_message_info_event *event)
{
    struct run *r = user;
    const struct config *c = &r->trace->config;

    callback_begin(r, EPOP_EVENT_MESSAGE_INFO);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_MESSAGE_INFO);
    log_line(r, "info number=%lu", (unsigned long)event->number);
    log_end(r);
    if (event->number < 1 || event->number > c->messages) {
        run_fail(r, "info for message %lu", (unsigned long)event->number);
    } else if (!c->message[event->number - 1].vanished) {
        const struct message *m = &c->message[event->number - 1];
        void *copy = guard_lend(&memory.lent, m->unique_id.ptr, m->unique_id.len);

        run_result(r, "info", epop_server_message_info(r->server, maildrop_size(m), copy, m->unique_id.len));
        guard_return(&memory.lent);
    }
    return callback_end(r, EPOP_EVENT_MESSAGE_INFO);
}

static int32_t on_send(void *user, const epop_send_event *event)
{
    struct run *r = user;

    callback_begin(r, EPOP_EVENT_SEND);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_SEND);
    log_line(r, "send verb=%s number=%lu", verb_name(event->command), (unsigned long)event->number);
    if (event->command == EPOP_CMD_TOP) {
        text_printf(&r->events, " lines=%lu", (unsigned long)event->lines);
    }
    log_end(r);
    if (event->number < 1 || event->number > r->trace->config.messages) {
        run_fail(r, "send for message %lu", (unsigned long)event->number);
        return callback_end(r, EPOP_EVENT_SEND);
    }
    r->sending = event->number;
    r->body_done = true;
    ask(r, EPOP_EVENT_SEND);
    return callback_end(r, EPOP_EVENT_SEND);
}

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    struct run *r = user;

    callback_begin(r, EPOP_EVENT_COMMIT);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_COMMIT);
    log_line(r, "commit marked=%lu", (unsigned long)event->marked);
    for (uint32_t i = 1; i <= r->trace->config.messages; i++) {
        if (epop_server_is_deleted(r->server, i)) {
            text_printf(&r->events, " %lu", (unsigned long)i);
        }
    }
    log_end(r);
    ask(r, EPOP_EVENT_COMMIT);
    return callback_end(r, EPOP_EVENT_COMMIT);
}

static int32_t on_command(void *user, const epop_command_event *event)
{
    struct run *r = user;
    const epop_command *c = event->command;

    callback_begin(r, EPOP_EVENT_COMMAND);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_COMMAND);
    log_line(r, "command phase=%s verb=%s", phase_name(event->phase), verb_name(c->id));
    log_span(r, "keyword", c->keyword);
    if (c->argument.len) {
        log_span(r, "argument", c->argument);
    }
    log_end(r);
    ask(r, EPOP_EVENT_COMMAND);
    return callback_end(r, EPOP_EVENT_COMMAND);
}

static int32_t on_trace(void *user, const epop_trace_event *event)
{
    struct run *r = user;

    callback_begin(r, EPOP_EVENT_TRACE);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_TRACE);
    log_trace(r, event);
    return callback_end(r, EPOP_EVENT_TRACE);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The session
 */

static bool server_serve(struct run *r, uint32_t wants)
{
    if (wants & EPOP_WANT_BODY) {
        if (r->body_done) {
            run_fail(r, "EPOP_WANT_BODY without a message being sent");
            return false;
        }
        return maildrop_push(r);
    }
    if (wants & EPOP_WANT_ANSWER) {
        if (!r->question) {
            run_fail(r, "EPOP_WANT_ANSWER without a question");
            return false;
        }
        if (!r->held) {
            maildrop_answer(r);
            return !r->held;
        }
    }
    return false;
}

static bool server_host(struct run *r, const struct words *act)
{
    uint32_t kind;

    if (word_is(act, 0, "deleted") && act->count == 2) {
        uint64_t number = 0;

        (void)word_number(&act->word[1], &number);
        log_line(r, "deleted %lu %lu", (unsigned long)number,
                 (unsigned long)epop_server_is_deleted(r->server, (uint32_t)number));
        log_end(r);
        return true;
    }
    kind = r->question;
    r->held = false;
    r->question = 0;
    if (!maildrop_perform(r, act, kind)) {
        return false;
    }
    if (r->result < 0 && !r->dead) {
        r->question = kind;
        r->held = kind != 0;
    }
    return true;
}

static const epop_server_callbacks traced = {sizeof traced, 0,         on_auth,    on_open, on_message_info,
                                             on_send,       on_commit, on_command, on_trace};
static const epop_server_callbacks untraced = {sizeof untraced, 0,         on_auth,    on_open, on_message_info,
                                               on_send,         on_commit, on_command, NULL};

static int32_t server_init(struct run *r)
{
    const struct config *c = &r->trace->config;
    size_t output = r->variant->output_size ? r->variant->output_size : c->output_buffer;
    epop_server_config config;
    int32_t result;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.flags = c->flags;
    config.callbacks = r->variant->untraced ? &untraced : &traced;
    config.user = r;
    config.line_buffer = guard_tail(&memory.line, c->line_buffer);
    config.line_buffer_size = c->line_buffer;
    config.name_buffer = guard_tail(&memory.name, c->name_buffer);
    config.name_buffer_size = c->name_buffer;
    config.output_buffer = guard_tail(&memory.output, output);
    config.output_buffer_size = output;
    if (c->greeting.len) {
        config.greeting = guard_lend(&memory.lent, c->greeting.ptr, c->greeting.len);
        config.greeting_len = c->greeting.len;
    }
    config.implementation = c->implementation.len ? c->implementation.ptr : NULL;
    config.implementation_len = c->implementation.len;
    config.capabilities = c->capabilities.len ? c->capabilities.ptr : NULL;
    config.capabilities_len = c->capabilities.len;
    config.greeting_code = c->greeting_code;
    config.expire = c->expire == 0 ? EPOP_EXPIRE_AT_ONCE : c->expire;
    config.login_delay = c->login_delay;
    config.max_bad_commands = c->max_bad;
    config.max_failed_logins = c->max_failed;
    config.max_unknown_commands = c->max_unknown;
    config.timeout_seconds = c->timeout;
    config.sasl = sasl_open(r);
    r->session_size = sizeof *r->server;
    r->server = guard_tail(&memory.session, sizeof *r->server);
    result = epop_server_init(r->server, sizeof *r->server, &config);
    if (c->greeting.len) {
        guard_return(&memory.lent);
    }
    memset(&config, 0xA5, sizeof config);
    return result;
}

static int32_t server_feed(struct run *r, const void *data, size_t len, size_t *used)
{
    return epop_server_feed(r->server, data, len, used);
}

static int32_t server_eof(struct run *r)
{
    return epop_server_eof(r->server);
}

static int32_t server_timeout(struct run *r)
{
    return epop_server_timeout(r->server);
}

static int32_t server_tls_started(struct run *r)
{
    return epop_server_tls_started(r->server);
}

static const uint8_t *server_output(struct run *r, size_t *len)
{
    return epop_server_output(r->server, len);
}

static int32_t server_ack(struct run *r, size_t n)
{
    return epop_server_output_ack(r->server, n);
}

static uint32_t server_wants(const struct run *r)
{
    return epop_server_wants(r->server);
}

static int32_t server_error_info(const struct run *r, epop_error_info *info)
{
    return epop_server_error_info(r->server, info);
}

static uint32_t server_phase(const struct run *r)
{
    return epop_server_phase(r->server);
}

static uint32_t server_deadline(const struct run *r)
{
    return epop_server_deadline(r->server);
}

static void server_reenter(struct run *r)
{
    size_t used = 1;

    run_expect(r, "feed in a callback", epop_server_feed(r->server, "NOOP\r\n", 6, &used), EPOP_ERR_REENTRANT);
    run_expect(r, "feed of nothing in a callback", epop_server_feed(r->server, NULL, 0, &used), EPOP_ERR_REENTRANT);
    if (used != 0) {
        run_fail(r, "feed in a callback took octets");
    }
    run_expect(r, "output_ack in a callback", epop_server_output_ack(r->server, 0), EPOP_ERR_REENTRANT);
    run_expect(r, "eof in a callback", epop_server_eof(r->server), EPOP_ERR_REENTRANT);
    run_expect(r, "timeout in a callback", epop_server_timeout(r->server), EPOP_ERR_REENTRANT);
    run_expect(r, "tls_started in a callback", epop_server_tls_started(r->server), EPOP_ERR_REENTRANT);
    used = 1;
    run_expect(r, "body in a callback", epop_server_body(r->server, "a", 1, &used), EPOP_ERR_REENTRANT);
    if (used != 0) {
        run_fail(r, "body in a callback took octets");
    }
    run_expect(r, "body_end in a callback", epop_server_body_end(r->server), EPOP_ERR_REENTRANT);
    run_expect(r, "body_fail in a callback", epop_server_body_fail(r->server), EPOP_ERR_REENTRANT);
}

static void server_dead_calls(struct run *r, int32_t code)
{
    size_t used = 1;

    if (code == EPOP_ERR_ENDED) {
        run_expect(r, "accept after the end", epop_server_accept(r->server), EPOP_ERR_NOT_ASKED);
        return;
    }
    run_expect(r, "accept after the end", epop_server_accept(r->server), code);
    run_expect(r, "refuse after the end", epop_server_refuse(r->server, 0, NULL, 0), code);
    run_expect(r, "body after the end", epop_server_body(r->server, "a", 1, &used), code);
    run_expect(r, "body_end after the end", epop_server_body_end(r->server), code);
}

const struct role server_role = {server_init,     server_feed,  server_eof,   server_timeout,    server_tls_started,
                                 server_output,   server_ack,   server_wants, server_error_info, server_phase,
                                 server_deadline, server_serve, server_host,  server_reenter,    server_dead_calls};
