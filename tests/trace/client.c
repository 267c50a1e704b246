/* The client role: a host of a client session that does what the H lines say and logs every event.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "trace.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------------------
 * Events
 */

static void check_head(struct run *r, uint32_t struct_size, size_t expected, uint32_t kind, uint32_t expected_kind)
{
    if (struct_size != expected || kind != expected_kind) {
        run_fail(r, "an event has struct_size %lu and kind %lu instead of %lu and %lu", (unsigned long)struct_size,
                 (unsigned long)kind, (unsigned long)expected, (unsigned long)expected_kind);
    }
}

static void log_traits(struct run *r, uint32_t traits)
{
    static const char *const names[] = {"RENUMBERS",  "SIZES_LIE",   "TOP_CUTS",
                                        "SHORT_IDLE", "FETCH_HIDES", "APOP_BROKEN"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((traits >> i) & 1) {
            text_printf(&r->events, " trait=%s", names[i]);
        }
    }
}

static bool client_host(struct run *r, const struct words *act);

/* What the host does inside this callback, and its end. */
static int32_t leave(struct run *r, uint32_t kind)
{
    const struct words *act = run_next_act(r, kind);

    if (act && !word_is(act, 0, "-") && !client_host(r, act)) {
        run_fail(r, "line %d: the host does not know how to do this", act->line);
    }
    return callback_end(r, kind);
}

static int32_t on_greeting(void *user, const epop_greeting_event *event)
{
    struct run *r = user;

    callback_begin(r, EPOP_EVENT_GREETING);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_GREETING);
    log_line(r, "greeting");
    log_reply(r, event->reply);
    if (event->stamp.len) {
        log_span(r, "stamp", event->stamp);
    }
    if (event->pop4) {
        text_printf(&r->events, " pop4");
    }
    log_traits(r, event->traits);
    log_end(r);
    return leave(r, EPOP_EVENT_GREETING);
}

static void log_command(struct run *r, const char *what, uintptr_t token, uint32_t command, uint32_t number)
{
    log_line(r, "%s token=%lu verb=%s", what, (unsigned long)token, verb_name(command));
    if (number) {
        text_printf(&r->events, " number=%lu", (unsigned long)number);
    }
}

static int32_t on_reply(void *user, const epop_reply_event *event)
{
    struct run *r = user;

    callback_begin(r, EPOP_EVENT_REPLY);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_REPLY);
    log_command(r, "reply", event->token, event->command, event->number);
    log_reply(r, event->reply);
    log_end(r);
    return leave(r, EPOP_EVENT_REPLY);
}

static void log_listing(struct run *r, const epop_row_event *event, struct text *canonical)
{
    const epop_listing *l = event->listing;

    text_printf(&r->events, " number=%lu", (unsigned long)l->number);
    text_printf(canonical, "%lu ", (unsigned long)l->number);
    if (event->row == EPOP_ROW_UIDL) {
        log_span(r, "uid", l->unique_id);
        text_add(canonical, l->unique_id.ptr, l->unique_id.len);
    } else {
        text_printf(&r->events, " octets=%llu", (unsigned long long)l->octets);
        text_printf(canonical, "%llu", (unsigned long long)l->octets);
    }
}

static void log_capability(struct run *r, const epop_row_event *event, struct text *canonical)
{
    const epop_capability *c = event->capability;

    log_span(r, "tag", c->tag);
    text_add(canonical, c->tag.ptr, c->tag.len);
    if (c->params.len) {
        log_span(r, "params", c->params);
        text_add(canonical, " ", 1);
        text_add(canonical, c->params.ptr, c->params.len);
    }
    if (!c->id) {
        text_printf(&r->events, " unknown");
    }
    if (c->value == EPOP_EXPIRE_NEVER) {
        text_printf(&r->events, " value=never");
    } else if (c->value != EPOP_UNSET) {
        text_printf(&r->events, " value=%lu", (unsigned long)c->value);
    }
    if (c->user) {
        text_printf(&r->events, " user");
    }
}

static int32_t on_row(void *user, const epop_row_event *event)
{
    static const char *const names[] = {"?", "STAT", "LIST", "UIDL", "CAPA", "LANG", "RAW", "UNREADABLE", "SASL"};
    struct run *r = user;
    struct text canonical = {NULL, 0, 0};

    callback_begin(r, EPOP_EVENT_ROW);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_ROW);
    log_line(r, "row token=%lu %s", (unsigned long)event->token, event->row < 9 ? names[event->row] : "?");
    if (event->listing) {
        log_listing(r, event, &canonical);
    } else if (event->capability) {
        log_capability(r, event, &canonical);
    }
    if (!canonical.ptr || canonical.len != event->line.len ||
        memcmp(canonical.ptr, event->line.ptr, canonical.len) != 0) {
        log_span(r, "line", event->line);
    }
    if (event->line_length != event->line.len) {
        text_printf(&r->events, " length=%lu", (unsigned long)event->line_length);
    }
    log_end(r);
    text_free(&canonical);
    return leave(r, EPOP_EVENT_ROW);
}

static int32_t on_body(void *user, const epop_body_event *event)
{
    struct run *r = user;

    callback_begin(r, EPOP_EVENT_BODY);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_BODY);
    log_body(r, event->token, event->number, event->offset, event->data);
    return callback_end(r, EPOP_EVENT_BODY);
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    struct run *r = user;

    callback_begin(r, EPOP_EVENT_END);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_END);
    log_command(r, "end", event->token, event->command, event->number);
    if (event->result) {
        text_printf(&r->events, " %s", epop_error_name(event->result));
    }
    text_printf(&r->events, " status=%s", status_name(event->status));
    if (event->code || event->retry) {
        text_printf(&r->events, " code=%s retry=%s", code_label(event->code), retry_name(event->retry));
    }
    if (event->octets) {
        text_printf(&r->events, " octets=%llu", (unsigned long long)event->octets);
    }
    log_end(r);
    return leave(r, EPOP_EVENT_END);
}

static int32_t on_quirk(void *user, const epop_quirk_event *event)
{
    struct run *r = user;

    callback_begin(r, EPOP_EVENT_QUIRK);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_QUIRK);
    log_line(r, "quirk token=%lu", (unsigned long)event->token);
    if (event->command) {
        text_printf(&r->events, " verb=%s", verb_name(event->command));
    }
    text_printf(&r->events, " %s", epop_quirk_name(event->quirk));
    log_end(r);
    return leave(r, EPOP_EVENT_QUIRK);
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
 * Questions
 */

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    static const char *const names[] = {"?", "user", "password", "token", "authzid", "anonymous", "binding"};
    struct run *r = user;

    callback_begin(r, EPOP_EVENT_ASK);
    check_head(r, event->struct_size, sizeof *event, event->kind, EPOP_EVENT_ASK);
    /* How often an answer is taken up again depends on the room for it. */
    if (event->offset == 0) {
        log_line(r, "ask token=%lu %s", (unsigned long)event->token, event->ask < 7 ? names[event->ask] : "?");
        if (strcmp(event->mechanism, "USER") != 0 && *event->mechanism) {
            text_printf(&r->events, " mechanism=%s", event->mechanism);
        }
        log_end(r);
    }
    r->ask = event->ask;
    r->ask_offset = event->offset;
    if (!r->variant->later && run_random(r, 2, 1) == 1) {
        (void)ask_answer(r);
    }
    return leave(r, EPOP_EVENT_ASK);
}

static bool client_serve(struct run *r, uint32_t wants)
{
    if (!(wants & EPOP_WANT_ANSWER)) {
        return false;
    }
    if (!r->ask) {
        run_fail(r, "EPOP_WANT_ANSWER without a question");
        return false;
    }
    r->held = !ask_answer(r);
    return !r->held;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Acts of the host
 */

static uint32_t number_at(const struct words *act, size_t index)
{
    uint64_t value;

    return index < act->count && word_number(&act->word[index], &value) ? (uint32_t)value : 0;
}

static int32_t do_list(epop_client *c, const struct words *act, uintptr_t token)
{
    return epop_client_list(c, number_at(act, 1), token);
}

static int32_t do_uidl(epop_client *c, const struct words *act, uintptr_t token)
{
    return epop_client_uidl(c, number_at(act, 1), token);
}

static int32_t do_retr(epop_client *c, const struct words *act, uintptr_t token)
{
    return epop_client_retr(c, number_at(act, 1), token);
}

static int32_t do_dele(epop_client *c, const struct words *act, uintptr_t token)
{
    return epop_client_dele(c, number_at(act, 1), token);
}

static int32_t do_top(epop_client *c, const struct words *act, uintptr_t token)
{
    return epop_client_top(c, number_at(act, 1), number_at(act, 2), token);
}

static int32_t do_lang(epop_client *c, const struct words *act, uintptr_t token)
{
    bool range = act->count > 1 && act->word[1].len && !word_is(act, 1, "token");
    int32_t result;
    const void *copy = range ? guard_lend(&memory.lent, act->word[1].ptr, act->word[1].len) : NULL;

    result = epop_client_lang(c, copy, range ? act->word[1].len : 0, token);
    if (copy) {
        guard_return(&memory.lent);
    }
    return result;
}

/* H: raw "XTND BBOARDS" rows */
static int32_t do_raw(epop_client *c, const struct words *act, uintptr_t token)
{
    uint32_t shape = word_is(act, 2, "rows")   ? EPOP_SHAPE_ROWS
                     : word_is(act, 2, "body") ? EPOP_SHAPE_BODY
                     : word_is(act, 2, "sasl") ? EPOP_SHAPE_SASL
                                               : EPOP_SHAPE_SINGLE;
    const void *copy = guard_lend(&memory.lent, act->word[1].ptr, act->word[1].len);
    int32_t result = epop_client_raw(c, copy, act->word[1].len, shape, token);

    guard_return(&memory.lent);
    return result;
}

static const struct {
    const char *name;
    int32_t (*plain)(epop_client *c, uintptr_t token);
    int32_t (*with)(epop_client *c, const struct words *act, uintptr_t token);
} commands[] = {
    {"login", epop_client_login, NULL},
    {"stls", epop_client_stls, NULL},
    {"capa", epop_client_capa, NULL},
    {"utf8", epop_client_utf8, NULL},
    {"stat", epop_client_stat, NULL},
    {"noop", epop_client_noop, NULL},
    {"rset", epop_client_rset, NULL},
    {"last", epop_client_last, NULL},
    {"quit", epop_client_quit, NULL},
    {"list", NULL, do_list},
    {"uidl", NULL, do_uidl},
    {"retr", NULL, do_retr},
    {"top", NULL, do_top},
    {"dele", NULL, do_dele},
    {"lang", NULL, do_lang},
    {"raw", NULL, do_raw},
};

/* Commands; without token=N they have the numbers 1, 2, 3... */
static bool host_command(struct run *r, const struct words *act)
{
    char name[32];

    snprintf(name, sizeof name, "%.*s", (int)act->word[0].len, (const char *)act->word[0].ptr);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct words rest = *act;
        struct octets value;
        uint64_t token;

        if (strcmp(commands[i].name, name) != 0) {
            continue;
        }
        if (!word_value(act, "token", &value) || !word_number(&value, &token)) {
            token = ++r->next_token;
        } else {
            rest.count--;
        }
        run_result(r, name,
                   commands[i].plain ? commands[i].plain(r->client, (uintptr_t)token)
                                     : commands[i].with(r->client, &rest, (uintptr_t)token));
        return true;
    }
    return false;
}

static void host_transfer(struct run *r)
{
    epop_transfer t;

    memset(&t, 0, sizeof t);
    t.struct_size = sizeof t;
    run_result(r, "transfer", epop_client_transfer(r->client, &t));
    log_line(r, "transfer");
    if (t.command || t.token || t.number) {
        text_printf(&r->events, " token=%lu verb=%s number=%lu behind=%lu received=%llu expected=%llu",
                    (unsigned long)t.token, verb_name(t.command), (unsigned long)t.number, (unsigned long)t.behind,
                    (unsigned long long)t.received, (unsigned long long)t.expected);
    }
    log_end(r);
}

static void log_capabilities(struct run *r)
{
    uint32_t set = epop_client_capabilities(r->client);

    log_line(r, "capabilities");
    for (uint32_t bit = 1; bit; bit <<= 1) {
        if (set & bit) {
            text_printf(&r->events, " %s", epop_capability_name(bit));
        }
    }
    log_end(r);
}

static bool host_getter(struct run *r, const struct words *act)
{
    if (word_is(act, 0, "transfer")) {
        host_transfer(r);
    } else if (word_is(act, 0, "capabilities")) {
        log_capabilities(r);
    } else if (word_is(act, 0, "traits")) {
        log_line(r, "traits");
        log_traits(r, epop_client_traits(r->client));
        log_end(r);
    } else if (word_is(act, 0, "keep-alive")) {
        log_line(r, "keep-alive %lu", (unsigned long)epop_client_keep_alive(r->client));
        log_end(r);
    } else {
        return false;
    }
    return true;
}

static bool client_host(struct run *r, const struct words *act)
{
    uint32_t how = word_is(act, 1, "drain") ? EPOP_ABORT_DRAIN : word_is(act, 1, "close") ? EPOP_ABORT_CLOSE : 0;

    if (word_is(act, 0, "answer") && act->count == 2) {
        uint32_t ask = r->ask;

        r->ask = 0;
        r->held = false;
        run_result(r, "answer", ask_give(r, &act->word[1]));
        if (!r->ask && (epop_client_wants(r->client) & EPOP_WANT_ANSWER)) {
            r->ask = ask; /* it was not taken */
        }
    } else if (word_is(act, 0, "decline")) {
        r->held = false;
        run_result(r, "decline", epop_client_decline(r->client));
    } else if (word_is(act, 0, "abort")) {
        run_result(r, "abort", epop_client_abort(r->client, how));
    } else {
        return host_command(r, act) || host_getter(r, act);
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The session
 */

static const epop_client_callbacks traced = {sizeof traced, 0,      on_greeting, on_reply, on_row,
                                             on_body,       on_end, on_ask,      on_quirk, on_trace};
static const epop_client_callbacks untraced = {sizeof untraced, 0,      on_greeting, on_reply, on_row,
                                               on_body,         on_end, on_ask,      on_quirk, NULL};

static int32_t client_init(struct run *r)
{
    const struct config *c = &r->trace->config;
    epop_client_config config;
    size_t output = r->variant->output_size ? r->variant->output_size : c->output_buffer;
    int32_t result;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.flags = c->flags;
    config.callbacks = r->variant->untraced ? &untraced : &traced;
    config.user = r;
    config.line_buffer = guard_tail(&memory.line, c->line_buffer);
    config.line_buffer_size = c->line_buffer;
    config.output_buffer = guard_tail(&memory.output, output);
    config.output_buffer_size = output;
    config.slots = guard_tail(&memory.slots, c->slots * sizeof *config.slots);
    config.slot_count = c->slots;
    config.window_commands = c->window;
    config.window_octets = c->window_octets;
    config.max_rows = c->max_rows;
    config.max_body = c->max_body;
    config.timeout_seconds = c->timeout;
    config.keep_alive_seconds = c->keep_alive;
    config.sasl = sasl_open(r);
    r->session_size = sizeof *r->client;
    r->client = guard_tail(&memory.session, sizeof *r->client);
    result = epop_client_init(r->client, sizeof *r->client, &config);
    memset(&config, 0xA5, sizeof config);
    return result;
}

static int32_t client_feed(struct run *r, const void *data, size_t len, size_t *used)
{
    return epop_client_feed(r->client, data, len, used);
}

static int32_t client_eof(struct run *r)
{
    return epop_client_eof(r->client);
}

static int32_t client_timeout(struct run *r)
{
    return epop_client_timeout(r->client);
}

static int32_t client_tls_started(struct run *r)
{
    return epop_client_tls_started(r->client);
}

static const uint8_t *client_output(struct run *r, size_t *len)
{
    return epop_client_output(r->client, len);
}

static int32_t client_ack(struct run *r, size_t n)
{
    return epop_client_output_ack(r->client, n);
}

static uint32_t client_wants(const struct run *r)
{
    return epop_client_wants(r->client);
}

static int32_t client_error_info(const struct run *r, epop_error_info *info)
{
    return epop_client_error_info(r->client, info);
}

static uint32_t client_phase(const struct run *r)
{
    return epop_client_phase(r->client);
}

static uint32_t client_deadline(const struct run *r)
{
    return epop_client_deadline(r->client);
}

static void client_reenter(struct run *r)
{
    size_t used = 1;

    run_expect(r, "feed in a callback", epop_client_feed(r->client, "+OK\r\n", 5, &used), EPOP_ERR_REENTRANT);
    run_expect(r, "feed of nothing in a callback", epop_client_feed(r->client, NULL, 0, &used), EPOP_ERR_REENTRANT);
    if (used != 0) {
        run_fail(r, "feed in a callback took octets");
    }
    run_expect(r, "output_ack in a callback", epop_client_output_ack(r->client, 0), EPOP_ERR_REENTRANT);
    run_expect(r, "eof in a callback", epop_client_eof(r->client), EPOP_ERR_REENTRANT);
    run_expect(r, "timeout in a callback", epop_client_timeout(r->client), EPOP_ERR_REENTRANT);
    run_expect(r, "tls_started in a callback", epop_client_tls_started(r->client), EPOP_ERR_REENTRANT);
}

static void client_dead_calls(struct run *r, int32_t code)
{
    run_expect(r, "noop after the end", epop_client_noop(r->client, 1), code);
    run_expect(r, "login after the end", epop_client_login(r->client, 1), code);
    run_expect(r, "quit after the end", epop_client_quit(r->client, 1), code);
    run_expect(r, "raw after the end", epop_client_raw(r->client, "XFOO", 4, EPOP_SHAPE_SINGLE, 1), code);
    if (code != EPOP_ERR_ENDED) {
        run_expect(r, "answer after the end", epop_client_answer(r->client, "a", 1), code);
        run_expect(r, "abort after the end", epop_client_abort(r->client, EPOP_ABORT_DRAIN), code);
    }
}

const struct role client_role = {client_init,     client_feed,  client_eof,   client_timeout,    client_tls_started,
                                 client_output,   client_ack,   client_wants, client_error_info, client_phase,
                                 client_deadline, client_serve, client_host,  client_reenter,    client_dead_calls};
