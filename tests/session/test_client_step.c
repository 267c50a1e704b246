/* The client in step with a server over many thousand commands: every answer is told to the command that it answers.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * EPOP_TEST_SEED=N runs one schedule, EPOP_TEST_LONG=1 a hundred times as many.
 */
#include "record.h"

#include <epop/client.h>

enum { SLOTS = 300, COMMANDS = 4000, LINE = 512 };

/* The host: queues command after command, and checks that answers come in their order and say the same. */
typedef struct runner {
    epop_client client;
    epop_client_slot slots[SLOTS];
    uint8_t line[LINE];
    uint8_t *out;
    uint32_t seed;
    uint32_t queued;
    uint32_t replied;
    uint32_t ended;
    uint32_t rows;
    uint64_t octets;
    uint32_t pauses;
    uint32_t decided; /* which kind of command has which number is decided once: (seed, number) */
    record wire;      /* what the session said and the server has not read yet */
    record back;      /* what the server said and the session has not read yet */
    uint32_t served;  /* commands that the server has answered */
} runner;

/* What command number n is: the same for the host that queues it and for the checks. */
static uint32_t kind_of(const runner *r, uint32_t number)
{
    uint32_t seed = r->decided ^ (number * 2654435761u) ^ 0x9e3779b9u;

    seed = seed ? seed : 1;
    (void)random_next(&seed);
    return random_below(&seed, 7);
}

static int32_t queue_number(runner *r, uint32_t n)
{
    epop_client *c = &r->client;

    switch (kind_of(r, n)) {
    case 0:
        return epop_client_dele(c, n, n);
    case 1:
        return epop_client_retr(c, n, n);
    case 2:
        return epop_client_top(c, n, n, n);
    case 3:
        return epop_client_list(c, n, n);
    case 4:
        return epop_client_uidl(c, n, n);
    case 5:
        return epop_client_list(c, 0, n);
    default:
        return epop_client_noop(c, n);
    }
}

static void queue_more(runner *r)
{
    int32_t result = EPOP_OK;
    uint32_t count = 1 + random_below(&r->seed, 40);

    while (r->queued < COMMANDS && count-- > 0 && (result = queue_number(r, r->queued + 1)) == EPOP_OK) {
        r->queued++;
    }
    assert_true(result == EPOP_OK || result == EPOP_ERR_QUEUE_FULL);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t pause_or_not(runner *r)
{
    if (random_below(&r->seed, 50) == 0) {
        r->pauses++;
        return EPOP_PAUSE;
    }
    return 0;
}

/* "+OK 17": the server says which command it answers. */
static int32_t on_reply(void *user, const epop_reply_event *event)
{
    runner *r = user;
    record expected = {NULL, 0, 0};

    if (event->token == 0) {
        return 0;
    }
    r->replied++;
    assert_int_equal(event->token, r->replied);
    assert_int_equal(r->ended, r->replied - 1);
    record_add(&expected, "%u 5", (unsigned)r->replied);
    assert_int_equal(event->reply->detail.len, expected.len);
    assert_memory_equal(event->reply->detail.ptr, expected.text, expected.len);
    record_free(&expected);
    r->rows = 0;
    r->octets = 0;
    return pause_or_not(r);
}

static int32_t on_row(void *user, const epop_row_event *event)
{
    runner *r = user;

    if (event->token == 0) {
        return 0;
    }
    assert_int_equal(event->token, r->replied);
    assert_true(event->row == EPOP_ROW_LIST || event->row == EPOP_ROW_UIDL);
    assert_int_equal(event->listing->number, r->replied);
    r->rows++;
    return pause_or_not(r);
}

static int32_t on_body(void *user, const epop_body_event *event)
{
    runner *r = user;

    assert_int_equal(event->token, r->replied);
    assert_int_equal(event->number, r->replied);
    assert_int_equal(event->offset, r->octets);
    r->octets += event->data.len;
    return pause_or_not(r);
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    runner *r = user;
    uint32_t kind;
    uint32_t positive;

    assert_int_equal(event->result, EPOP_OK);
    if (event->token == 0) {
        return 0;
    }
    r->ended++;
    assert_int_equal(event->token, r->ended);
    assert_int_equal(r->replied, r->ended);
    kind = kind_of(r, r->ended);
    positive = r->ended % 5 != 0;
    assert_int_equal(event->status, positive ? EPOP_STATUS_OK : EPOP_STATUS_ERR);
    assert_int_equal(event->octets, positive && (kind == 1 || kind == 2) ? 6 + r->ended % 7 : 0);
    assert_int_equal(r->rows, positive && kind >= 3 && kind <= 5 ? 1 : 0);
    return pause_or_not(r);
}

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    runner *r = user;

    (void)event;
    assert_int_equal(epop_client_answer(&r->client, TEXT("x")), EPOP_OK);
    return 0;
}

static const epop_client_callbacks callbacks = {sizeof callbacks, 0,      NULL,   on_reply, on_row,
                                                on_body,          on_end, on_ask, NULL,     NULL};

/* ---------------------------------------------------------------------------------------------------------------------
 * The server
 */

/* ".x" CRLF, up to 6 "y", CRLF: 6 to 12 octets, sent as one more. */
static void serve_body(runner *r, uint32_t number)
{
    record_add(&r->back, "..x\r\n%.*s\r\n.\r\n", (int)(number % 7), "yyyyyy");
}

/* The answer to the next command of the transaction: "NOOP" has no number in it, so the server counts too. */
static void serve(runner *r, const char *line)
{
    uint32_t number = ++r->served;

    record_add(&r->back, "%s%u 5\r\n", number % 5 != 0 ? "+OK " : "-ERR ", (unsigned)number);
    if (number % 5 == 0) {
        return;
    }
    if (line[0] == 'R' || line[0] == 'T') {
        serve_body(r, number);
    } else if (strncmp(line, "LIST\r", 5) == 0) {
        record_add(&r->back, "%u 5\r\n.\r\n", (unsigned)number);
    }
}

static void serve_line(runner *r, const char *line)
{
    if (strncmp(line, "CAPA", 4) == 0) {
        record_add(&r->back, "+OK\r\nPIPELINING\r\n.\r\n");
    } else if (strncmp(line, "USER", 4) == 0 || strncmp(line, "PASS", 4) == 0) {
        record_add(&r->back, "+OK\r\n");
    } else {
        serve(r, line);
    }
}

static void take_away(record *from, size_t n)
{
    if (n > 0) {
        memmove(from->text, from->text + n, from->len - n);
        from->len -= n;
    }
}

/* Answers the whole lines that came. */
static void serve_all(runner *r)
{
    size_t start = 0;
    size_t i;

    for (i = 0; i < r->wire.len; i++) {
        if (r->wire.text[i] == '\n') {
            serve_line(r, r->wire.text + start);
            start = i + 1;
        }
    }
    take_away(&r->wire, start);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void begin(runner *r, uint32_t seed)
{
    static const epop_client_config none;
    epop_client_config config = none;

    memset(r, 0, sizeof *r);
    r->seed = seed;
    r->decided = random_next(&r->seed);
    config.struct_size = sizeof config;
    config.flags = EPOP_CLIENT_ALLOW_CLEARTEXT;
    config.callbacks = &callbacks;
    config.user = r;
    config.line_buffer = r->line;
    config.line_buffer_size = sizeof r->line;
    config.output_buffer_size = EPOP_CLIENT_OUTPUT_MIN + random_below(&r->seed, 3) * random_below(&r->seed, 5000);
    r->out = malloc(config.output_buffer_size);
    config.output_buffer = r->out;
    config.slots = r->slots;
    config.slot_count = 1 + random_below(&r->seed, SLOTS);
    config.window_commands = random_below(&r->seed, 2) * (1 + random_below(&r->seed, SLOTS));
    config.window_octets = random_below(&r->seed, 2) * (1 + random_below(&r->seed, 3000));
    assert_int_equal(epop_client_init(&r->client, sizeof r->client, &config), EPOP_OK);
    record_add(&r->back, "+OK ready\r\n");
    assert_int_equal(epop_client_login(&r->client, 0), EPOP_OK);
}

static void send_some(runner *r)
{
    size_t len;
    const uint8_t *octets = epop_client_output(&r->client, &len);
    int32_t result;

    if (!octets) {
        return;
    }
    len = random_below(&r->seed, 3) == 0 ? 1 + random_below(&r->seed, (uint32_t)len) : len;
    record_octets(&r->wire, octets, len);
    result = epop_client_output_ack(&r->client, len);
    assert_true(result == EPOP_OK || result == EPOP_PAUSED);
}

static void receive_some(runner *r)
{
    uint32_t most = random_below(&r->seed, 4) == 0 ? 3 : 2000;
    size_t len = random_below(&r->seed, most);
    size_t used;
    uint8_t *copy;
    int32_t result;

    len = len < r->back.len ? len : r->back.len;
    copy = exact_copy(r->back.text, len);
    result = epop_client_feed(&r->client, copy, len, &used);
    free(copy);
    if (result != EPOP_PAUSED) {
        assert_string_equal(result_name(result), "OK");
        assert_int_equal(used, len);
    }
    take_away(&r->back, used);
}

static void run(uint32_t seed)
{
    static runner r;
    uint32_t turns = 0;

    begin(&r, seed);
    while (r.ended < COMMANDS) {
        if (r.queued < COMMANDS && random_below(&r.seed, 3) == 0) {
            queue_more(&r);
        }
        send_some(&r);
        serve_all(&r);
        receive_some(&r);
        assert_true(++turns < 4000000);
    }
    assert_int_equal(r.replied, COMMANDS);
    assert_int_equal(r.served, COMMANDS);
    assert_int_equal(r.back.len, 0);
    assert_true(r.pauses > 0);
    assert_int_equal(epop_client_wants(&r.client), EPOP_WANT_FEED | EPOP_WANT_COMMAND);
    free(r.out);
    record_free(&r.wire);
    record_free(&r.back);
}

static uint32_t fault_at; /* the seed that is being run, for the one who reads of a failure */

static void in_step_over_thousands(void **data)
{
    const char *fixed = getenv("EPOP_TEST_SEED");
    uint32_t runs = getenv("EPOP_TEST_LONG") ? 2000 : 20;

    (void)data;
    if (fixed) {
        run((uint32_t)strtoul(fixed, NULL, 0));
        return;
    }
    for (fault_at = 1; fault_at <= runs; fault_at++) {
        run(fault_at * 2654435761u);
    }
    fault_at = 0;
}

static int tell_seed(void **data)
{
    (void)data;
    if (fault_at != 0) {
        print_error("failed; run again with EPOP_TEST_SEED=%u\n", (unsigned)(fault_at * 2654435761u));
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(in_step_over_thousands, tell_seed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
