/* The server's host in a pair: random messages, and answers now or later.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "pair.h"

static int32_t pause_or_not(pair *p)
{
    return random_below(&p->seed, 12) == 0 ? EPOP_PAUSE : 0;
}

static void fill_message(pair *p, uint32_t number)
{
    static const char alphabet[] = "\r\n.\r\n\r\n.abc \t\0\xe4";
    pair_message *m = &p->messages[number];
    uint32_t sort = random_below(&p->seed, 12);
    record digits = {NULL, 0, 0};
    size_t i;

    m->len = random_below(&p->seed, sort == 0 ? 6000 : sort < 4 ? 20 : 300);
    m->stored = malloc(m->len + 1);
    for (i = 0; i < m->len; i++) {
        m->stored[i] = (uint8_t)(sort == 1 ? random_next(&p->seed)
                                           : (uint32_t)alphabet[random_below(&p->seed, sizeof alphabet - 1)]);
    }
    reference_message(&m->repaired, m->stored, m->len, REFERENCE_ALL, 0);
    memset(m->unique_id, '!' + (int)random_below(&p->seed, 94), 1 + random_below(&p->seed, EPOP_UNIQUE_ID_MAX - 2));
    record_add(&digits, "%u", (unsigned)number);
    memcpy(m->unique_id, digits.text, digits.len);
    record_free(&digits);
    m->vanished = random_below(&p->seed, 20) == 0;
    m->unsendable = random_below(&p->seed, 20) == 0;
}

void pair_fill(pair *p)
{
    uint32_t number;

    p->count = random_below(&p->seed, PAIR_MESSAGES + 1);
    for (number = 1; number <= p->count; number++) {
        fill_message(p, number);
    }
}

uint64_t pair_octets(const pair *p, uint32_t number)
{
    return p->messages[number].vanished ? 0 : p->messages[number].repaired.len;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void answer_open(pair *p)
{
    epop_maildrop maildrop;
    uint32_t number;

    memset(&maildrop, 0, sizeof maildrop);
    maildrop.struct_size = sizeof maildrop;
    maildrop.count = p->count;
    for (number = 1; number <= p->count; number++) {
        maildrop.octets += pair_octets(p, number);
    }
    maildrop.deleted = p->deleted;
    maildrop.deleted_size = sizeof p->deleted;
    maildrop.expire = EPOP_EXPIRE_NEVER;
    assert_int_equal(epop_server_opened(&p->server, &maildrop), EPOP_OK);
}

/* The marks at commit are those that the client's host has made. */
static void check_commit(const pair *p)
{
    uint32_t number;

    for (number = 1; number <= p->count; number++) {
        assert_int_equal(epop_server_is_deleted(&p->server, number), p->marked[number]);
    }
}

static void answer(pair *p, uint32_t kind)
{
    static const epop_reply none;
    epop_reply reply = none;
    int32_t result;

    p->asked = 0;
    reply.struct_size = sizeof reply;
    reply.status = EPOP_STATUS_OK;
    if (kind == EPOP_EVENT_OPEN) {
        answer_open(p);
        return;
    }
    if (kind == EPOP_EVENT_COMMAND) {
        p->body = (const uint8_t *)"one\n.two";
        p->body_left = 8;
        result = epop_server_reply(&p->server, &reply, EPOP_SHAPE_BODY);
    } else if (kind == EPOP_EVENT_AUTH && p->failures > 0) {
        p->failures--;
        result = epop_server_refuse(&p->server, EPOP_CODE_AUTH, NULL, 0);
    } else if (kind == EPOP_EVENT_SEND && (p->messages[p->sending].unsendable || p->messages[p->sending].vanished)) {
        result = epop_server_refuse(&p->server, EPOP_CODE_SYS_TEMP, TEXT("not now"));
    } else if (kind == EPOP_EVENT_COMMIT && p->refuse_commit) {
        result = epop_server_refuse(&p->server, EPOP_CODE_NONE, NULL, 0);
    } else {
        p->body = p->messages[p->sending].stored;
        p->body_left = p->messages[p->sending].len;
        result = epop_server_accept(&p->server);
    }
    assert_string_equal(result_name(result), "OK");
}

static int32_t now_or_later(pair *p, uint32_t kind)
{
    p->asked = kind;
    if (random_below(&p->seed, 2) == 0) {
        answer(p, kind);
    }
    return pause_or_not(p);
}

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    assert_int_equal(event->name.len, 3);
    assert_memory_equal(event->name.ptr, "joe", 3);
    assert_int_equal(event->password.len, 8);
    assert_memory_equal(event->password.ptr, " s e c\t ", 8);
    return now_or_later(user, event->kind);
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    assert_memory_equal(event->name.ptr, "joe", 3);
    return now_or_later(user, event->kind);
}

static int32_t on_message_info(void *user, const epop_message_info_event *event)
{
    pair *p = user;
    const pair_message *m = &p->messages[event->number];

    assert_in_range(event->number, 1, p->count);
    if (!m->vanished) {
        assert_int_equal(epop_server_message_info(&p->server, m->repaired.len, m->unique_id, strlen(m->unique_id)),
                         EPOP_OK);
    }
    return pause_or_not(p);
}

static int32_t on_send(void *user, const epop_send_event *event)
{
    pair *p = user;

    assert_in_range(event->number, 1, p->count);
    p->sending = event->number;
    return now_or_later(p, event->kind);
}

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    pair *p = user;
    uint32_t marked = 0;
    uint32_t number;

    for (number = 1; number <= p->count; number++) {
        marked += p->marked[number];
    }
    assert_true(p->quit_queued);
    assert_int_equal(event->marked, marked);
    assert_int_equal(p->commits++, 0);
    check_commit(p);
    return now_or_later(p, event->kind);
}

static int32_t on_command(void *user, const epop_command_event *event)
{
    pair *p = user;

    assert_int_equal(event->command->argument.len, 3);
    assert_memory_equal(event->command->argument.ptr, "a b", 3);
    return now_or_later(p, event->kind);
}

static int32_t on_trace(void *user, const epop_trace_event *event)
{
    size_t i;

    for (i = 0; i + 8 <= event->line.len; i++) {
        assert_true(memcmp(event->line.ptr + i, " s e c\t ", 8) != 0);
    }
    return pause_or_not(user);
}

static const epop_server_callbacks callbacks = {sizeof callbacks, 0,         on_auth,    on_open, on_message_info,
                                                on_send,          on_commit, on_command, on_trace};

void pair_server_begin(pair *p)
{
    epop_server_config config;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.flags = EPOP_SERVER_STLS | EPOP_SERVER_LAST | (p->want_stls ? 0u : (uint32_t)EPOP_SERVER_ALLOW_CLEARTEXT);
    config.callbacks = &callbacks;
    config.user = p;
    config.line_buffer = p->server_line;
    config.line_buffer_size = sizeof p->server_line;
    config.name_buffer = p->server_name;
    config.name_buffer_size = sizeof p->server_name;
    config.output_buffer_size = EPOP_SERVER_OUTPUT_MIN + random_below(&p->seed, 2) * random_below(&p->seed, 3000);
    p->server_out = malloc(config.output_buffer_size);
    config.output_buffer = p->server_out;
    assert_int_equal(epop_server_init(&p->server, sizeof p->server, &config), EPOP_OK);
}

static void push(pair *p)
{
    size_t n = 1 + random_below(&p->seed, random_below(&p->seed, 2) ? 20 : 2000);
    uint8_t *copy;
    size_t used;
    int32_t result;

    n = n < p->body_left ? n : p->body_left;
    if (n == 0) {
        result = epop_server_body_end(&p->server);
        assert_true(result == EPOP_OK || result == EPOP_FULL);
        return;
    }
    copy = exact_copy(p->body, n);
    result = epop_server_body(&p->server, copy, n, &used);
    free(copy);
    assert_true(result == EPOP_OK || result == EPOP_FULL || result == EPOP_END);
    p->body += used;
    p->body_left = result == EPOP_END ? 0 : p->body_left - used;
}

void pair_server_act(pair *p)
{
    if (p->asked != 0) {
        answer(p, p->asked);
    } else if (epop_server_wants(&p->server) & EPOP_WANT_BODY) {
        push(p);
    }
}
