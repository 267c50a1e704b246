/* How often a sync waits for the other end: 2,000 messages of 4 KiB over a link with 50 ms each way, in a time that is
 * only counted. A link takes any number of octets; what is waited for is the distance alone.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include <epop/epop.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MESSAGES = 2000, OCTETS = 4096, LINE = 64, ONE_WAY_MS = 50, SLOTS = 2048, SEGMENT = 65536 };

/* Octets on their way, in the order in which they were sent. */
typedef struct segment {
    struct segment *next;
    uint64_t arrives;
    size_t len;
    uint8_t octets[];
} segment;

typedef struct link {
    segment *first;
    segment **last;
} link;

typedef struct world {
    epop_client client;
    epop_client_callbacks client_callbacks;
    epop_client_slot slots[SLOTS];
    uint8_t client_line[EPOP_CLIENT_LINE_MIN];
    uint8_t client_out[32768];
    epop_sync sync;
    epop_sync_entry table[MESSAGES];
    epop_sync_outcome outcome;
    uint32_t whole;

    epop_server server;
    uint8_t server_line[EPOP_SERVER_LINE_MIN];
    uint8_t server_name[16];
    uint8_t server_out[SEGMENT];
    uint8_t deleted[(MESSAGES + 7) / 8];
    uint8_t message[OCTETS];
    size_t sent;
    uint32_t committed;

    link to_server;
    link to_client;
    uint64_t now;
} world;

/* ---- The link ---- */

static void put(world *w, link *l, const uint8_t *octets, size_t len)
{
    segment *s = malloc(sizeof *s + len);

    assert_non_null(s);
    s->next = NULL;
    s->arrives = w->now + ONE_WAY_MS;
    s->len = len;
    memcpy(s->octets, octets, len);
    *l->last = s;
    l->last = &s->next;
}

/* The next segment that has arrived, which the caller frees. */
static segment *take(const world *w, link *l)
{
    segment *s = l->first;

    if (s == NULL || s->arrives > w->now) {
        return NULL;
    }
    l->first = s->next;
    if (l->first == NULL) {
        l->last = &l->first;
    }
    return s;
}

/* ---- The server's host ---- */

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    (void)event;
    return epop_server_accept(&((world *)user)->server);
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    world *w = user;
    epop_maildrop maildrop = {.struct_size = sizeof maildrop,
                              .count = MESSAGES,
                              .octets = (uint64_t)MESSAGES * OCTETS,
                              .deleted = w->deleted,
                              .deleted_size = sizeof w->deleted};

    (void)event;
    return epop_server_opened(&w->server, &maildrop);
}

static int32_t on_message_info(void *user, const epop_message_info_event *event)
{
    char unique_id[16];
    int len = snprintf(unique_id, sizeof unique_id, "id%u", (unsigned)event->number);

    return epop_server_message_info(&((world *)user)->server, OCTETS, unique_id, (size_t)len);
}

static int32_t on_send(void *user, const epop_send_event *event)
{
    world *w = user;

    (void)event;
    w->sent = 0;
    return epop_server_accept(&w->server);
}

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    world *w = user;

    w->committed = event->marked;
    return epop_server_accept(&w->server);
}

static const epop_server_callbacks server_callbacks = {.struct_size = sizeof server_callbacks,
                                                       .on_auth = on_auth,
                                                       .on_open = on_open,
                                                       .on_message_info = on_message_info,
                                                       .on_send = on_send,
                                                       .on_commit = on_commit};

static void begin_server(world *w)
{
    epop_server_config config = {.struct_size = sizeof config,
                                 .flags = EPOP_SERVER_ALLOW_CLEARTEXT,
                                 .callbacks = &server_callbacks,
                                 .user = w,
                                 .line_buffer = w->server_line,
                                 .line_buffer_size = sizeof w->server_line,
                                 .name_buffer = w->server_name,
                                 .name_buffer_size = sizeof w->server_name,
                                 .output_buffer = w->server_out,
                                 .output_buffer_size = sizeof w->server_out};

    for (size_t i = 0; i < OCTETS; i++) {
        w->message[i] = i % LINE == LINE - 2 ? '\r' : i % LINE == LINE - 1 ? '\n' : 'x';
    }
    assert_int_equal(epop_server_init(&w->server, sizeof w->server, &config), EPOP_OK);
}

static void send_body(world *w)
{
    size_t used;

    if (epop_server_body(&w->server, w->message + w->sent, OCTETS - w->sent, &used) == EPOP_OK) {
        (void)epop_server_body_end(&w->server);
    }
    w->sent += used;
}

static void drain_server(world *w)
{
    size_t len;
    const uint8_t *octets = epop_server_output(&w->server, &len);

    if (len > 0) {
        put(w, &w->to_client, octets, len);
        assert_true(epop_server_output_ack(&w->server, len) >= 0);
    }
}

/* Does all that the server can do with these octets. */
static void run_server(world *w, const uint8_t *octets, size_t len)
{
    size_t pos = 0;
    size_t used;

    for (;;) {
        uint32_t wants = epop_server_wants(&w->server);

        if (wants & EPOP_WANT_BODY) {
            send_body(w);
        }
        if (epop_server_wants(&w->server) & EPOP_WANT_DRAIN) {
            drain_server(w);
        } else if (!(wants & EPOP_WANT_BODY)) {
            if (pos == len) {
                return;
            }
            assert_true(epop_server_feed(&w->server, octets + pos, len - pos, &used) >= 0);
            pos += used;
        }
    }
}

/* ---- The client's host ---- */

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    const char *answer = event->ask == EPOP_ASK_USER ? "joe" : "secret";

    return epop_client_answer(&((world *)user)->client, answer, strlen(answer));
}

static int32_t on_listed(void *user, const epop_sync_listed_event *event)
{
    (void)event;
    return epop_sync_known(&((world *)user)->sync, EPOP_SYNC_NEW, 0, 0);
}

static int32_t on_end(void *user, const epop_sync_message_event *event)
{
    world *w = user;

    assert_int_equal(event->result, EPOP_OK);
    assert_int_equal(event->octets, OCTETS);
    w->whole++;
    return epop_sync_confirm(&w->sync, event->number, 1);
}

static const epop_client_callbacks own_callbacks = {.struct_size = sizeof own_callbacks, .on_ask = on_ask};
static const epop_sync_callbacks sync_callbacks = {
    .struct_size = sizeof sync_callbacks, .on_listed = on_listed, .on_end = on_end};

static void begin_client(world *w, uint32_t depth)
{
    epop_sync_config sync = {.struct_size = sizeof sync,
                             .flags = EPOP_SYNC_DELETE,
                             .callbacks = &sync_callbacks,
                             .user = w,
                             .client = &w->client,
                             .client_callbacks = &own_callbacks,
                             .client_user = w,
                             .table = w->table,
                             .table_count = MESSAGES,
                             .depth = depth};
    epop_client_config config = {.struct_size = sizeof config,
                                 .flags = EPOP_CLIENT_ALLOW_CLEARTEXT,
                                 .callbacks = &w->client_callbacks,
                                 .user = &w->sync,
                                 .line_buffer = w->client_line,
                                 .line_buffer_size = sizeof w->client_line,
                                 .output_buffer = w->client_out,
                                 .output_buffer_size = sizeof w->client_out,
                                 .slots = w->slots,
                                 .slot_count = SLOTS,
                                 .window_commands = SLOTS,
                                 .window_octets = sizeof w->client_out};

    w->client_callbacks.struct_size = sizeof w->client_callbacks;
    assert_int_equal(epop_sync_init(&w->sync, sizeof w->sync, &sync), EPOP_OK);
    assert_int_equal(epop_sync_client_callbacks(&w->client_callbacks), EPOP_OK);
    assert_int_equal(epop_client_init(&w->client, sizeof w->client, &config), EPOP_OK);
    assert_int_equal(epop_client_login(&w->client, 0), EPOP_OK);
    assert_int_equal(epop_sync_start(&w->sync), EPOP_OK);
}

static void run_client(world *w, const uint8_t *octets, size_t len)
{
    size_t used;
    size_t out;
    const uint8_t *pending;

    assert_int_equal(epop_client_feed(&w->client, octets, len, &used), EPOP_OK);
    assert_int_equal(used, len);
    while (epop_client_wants(&w->client) & EPOP_WANT_DRAIN) {
        pending = epop_client_output(&w->client, &out);
        put(w, &w->to_server, pending, out);
        assert_int_equal(epop_client_output_ack(&w->client, out), EPOP_OK);
    }
}

/* ---- Time ---- */

/* What has arrived, on both sides; 0 where there was nothing. */
static uint32_t deliver(world *w)
{
    segment *up = take(w, &w->to_server);
    segment *down = take(w, &w->to_client);

    if (up != NULL) {
        run_server(w, up->octets, up->len);
    }
    if (down != NULL) {
        run_client(w, down->octets, down->len);
    }
    free(up);
    free(down);
    return up != NULL || down != NULL;
}

/* Round trips that a whole run takes. */
static uint64_t round_trips(uint32_t depth)
{
    world *w = calloc(1, sizeof *w);
    uint64_t waited;

    assert_non_null(w);
    w->to_server.last = &w->to_server.first;
    w->to_client.last = &w->to_client.first;
    begin_server(w);
    begin_client(w, depth);
    run_server(w, NULL, 0);
    while (!(epop_client_wants(&w->client) & EPOP_WANT_CLOSE)) {
        if (!deliver(w)) {
            assert_true(w->to_server.first != NULL || w->to_client.first != NULL);
            w->now += ONE_WAY_MS;
        }
    }
    w->outcome.struct_size = sizeof w->outcome;
    assert_int_equal(epop_sync_close(&w->sync, &w->outcome), EPOP_OK);
    assert_int_equal(w->outcome.result, EPOP_OK);
    assert_int_equal(w->outcome.fetched, MESSAGES);
    assert_int_equal(w->outcome.deletions, EPOP_SYNC_DELETED);
    assert_int_equal(w->whole, MESSAGES);
    assert_int_equal(w->committed, MESSAGES);
    waited = w->now / (2 * ONE_WAY_MS);
    free(w);
    return waited;
}

static void test_round_trips(void **state)
{
    static const uint32_t depths[] = {1, 16, 0, 1000};
    uint64_t trips[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        trips[i] = round_trips(depths[i]);
        print_message("depth %4u: %llu round trips\n", (unsigned)(depths[i] == 0 ? EPOP_SYNC_DEPTH : depths[i]),
                      (unsigned long long)trips[i]);
    }
    assert_in_range(trips[0], 2 * MESSAGES, 2 * MESSAGES + 20); /* RETR and DELE, one by one */
    assert_true(trips[0] >= 20 * trips[2]);                     /* by default, 20 times fewer */
    assert_true(trips[0] >= 200 * trips[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trips)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
