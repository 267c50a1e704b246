/* A client session against a server session, under random schedules: what arrives is what is stored, every command is
 * answered by its own answer, and nothing is deleted but by QUIT.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * EPOP_TEST_SEED=N runs one schedule, EPOP_TEST_LONG=1 a hundred times as many.
 */
#include "pair.h"

static pair p;

static uint32_t seed_under_test;

/* How often each end was met, so that no schedule is left out unseen. */
static struct {
    uint32_t good;
    uint32_t cut;
    uint32_t quit_unknown;
    uint32_t refused_login;
    uint64_t octets;
} tally;

static void take_away(record *from, size_t n)
{
    if (n > 0) {
        memmove(from->text, from->text + n, from->len - n);
        from->len -= n;
    }
}

static size_t some(size_t most)
{
    size_t n = random_below(&p.seed, 3) == 0 ? 1 : 1 + random_below(&p.seed, 1500);

    return n < most ? n : most;
}

/* PAUSED is no news here: the callbacks of both hosts ask for it now and then. */
static void check(int32_t result)
{
    if (result != EPOP_PAUSED) {
        assert_string_equal(result_name(result), "OK");
    }
}

static void client_to_wire(void)
{
    size_t len;
    const uint8_t *octets = epop_client_output(&p.client, &len);

    if (octets && p.to_server.len < p.capacity) {
        size_t n = some(len);
        n = n < p.capacity - p.to_server.len ? n : p.capacity - p.to_server.len;
        record_octets(&p.to_server, octets, n);
        check(epop_client_output_ack(&p.client, n));
    }
}

static void server_to_wire(void)
{
    size_t len;
    const uint8_t *octets = epop_server_output(&p.server, &len);

    if (octets && p.to_client.len < p.capacity) {
        size_t n = some(len);
        n = n < p.capacity - p.to_client.len ? n : p.capacity - p.to_client.len;
        record_octets(&p.to_client, octets, n);
        check(epop_server_output_ack(&p.server, n));
    }
}

static void wire_to_client(void)
{
    size_t n = some(p.to_client.len);
    uint8_t *copy = exact_copy(p.to_client.text, n);
    size_t used;
    int32_t result = epop_client_feed(&p.client, copy, n, &used);

    free(copy);
    check(result);
    take_away(&p.to_client, used);
}

static void wire_to_server(void)
{
    size_t n = some(p.to_server.len);
    uint8_t *copy = exact_copy(p.to_server.text, n);
    size_t used;
    int32_t result = epop_server_feed(&p.server, copy, n, &used);

    free(copy);
    if (result != EPOP_AGAIN) {
        check(result);
    }
    take_away(&p.to_server, used);
}

/* The handshake: both want it, and nothing is on the wires. */
static void start_tls(void)
{
    if (epop_client_wants(&p.client) == EPOP_WANT_TLS && epop_server_wants(&p.server) == EPOP_WANT_TLS) {
        assert_int_equal(p.to_client.len + p.to_server.len, 0);
        check(epop_server_tls_started(&p.server));
        check(epop_client_tls_started(&p.client));
    }
}

static void turn(void)
{
    switch (random_below(&p.seed, 10)) {
    case 0:
        pair_answer(&p);
        pair_queue(&p);
        break;
    case 1:
    case 2:
        client_to_wire();
        break;
    case 3:
    case 4:
        wire_to_server();
        break;
    case 5:
        pair_server_act(&p);
        break;
    case 6:
    case 7:
        server_to_wire();
        break;
    default:
        wire_to_client();
        break;
    }
    start_tls();
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void begin(uint32_t seed)
{
    memset(&p, 0, sizeof p);
    p.seed = seed;
    pair_fill(&p);
    p.plan = 3 + random_below(&p.seed, PAIR_COMMANDS - 6);
    p.logins = random_below(&p.seed, 4) == 0 ? random_below(&p.seed, 3) : 0;
    p.failures = p.logins;
    p.want_stls = random_below(&p.seed, 3) == 0;
    p.quits = random_below(&p.seed, 5) != 0;
    p.refuse_commit = random_below(&p.seed, 8) == 0;
    p.capacity = 1 + random_below(&p.seed, random_below(&p.seed, 2) ? 8 : 6000);
    pair_server_begin(&p);
    pair_client_begin(&p);
}

static void end(void)
{
    uint32_t i;

    for (i = 0; i <= PAIR_COMMANDS; i++) {
        tally.refused_login += p.commands[i].ended && p.commands[i].result == EPOP_ERR_LOGIN_REFUSED;
        tally.octets += p.commands[i].got.len;
        record_free(&p.commands[i].expected);
        record_free(&p.commands[i].got);
    }
    for (i = 0; i <= PAIR_MESSAGES; i++) {
        free(p.messages[i].stored);
        record_free(&p.messages[i].repaired);
    }
    free(p.client_out);
    free(p.server_out);
    record_free(&p.to_client);
    record_free(&p.to_server);
}

static uint32_t is_over(void)
{
    return epop_client_wants(&p.client) == EPOP_WANT_CLOSE && epop_server_wants(&p.server) == EPOP_WANT_CLOSE;
}

/* To the end in good order. */
static void check_good_end(void)
{
    assert_int_equal(p.ended, p.queued);
    assert_int_equal(p.to_client.len + p.to_server.len, 0);
    assert_int_equal(p.commits, 1);
    tally.good++;
    assert_int_equal(epop_client_eof(&p.client), EPOP_OK);
    assert_int_equal(epop_server_eof(&p.server), EPOP_OK);
}

/* The connection is cut somewhere in the middle: each side finds its error, and unless QUIT had come through, nothing
 * is to be deleted. */
static void check_cut(void)
{
    int32_t result = epop_client_eof(&p.client);

    if (result == EPOP_OK) {
        assert_int_equal(p.ended, p.queued);
        assert_true(p.quit_queued);
    } else if (result == EPOP_ERR_PEER_QUIT_UNKNOWN) {
        assert_true(p.quit_queued);
        tally.quit_unknown++;
    } else {
        assert_string_equal(result_name(result), "PEER_EOF");
        tally.cut++;
    }
    result = epop_server_eof(&p.server);
    assert_true(result == EPOP_OK || result == EPOP_ERR_PEER_EOF);
    assert_true(p.commits == 0 || p.quit_queued);
    assert_true(result != EPOP_OK || p.commits == 1);
}

static void run(uint32_t seed)
{
    uint32_t turns = 0;
    uint32_t cut_at;
    uint32_t grace; /* turns behind QUIT before the cut, the moment that hurts most */

    seed_under_test = seed;
    begin(seed);
    cut_at = p.quits && random_below(&p.seed, 6) ? 3000000 : 1 + random_below(&p.seed, 4000);
    grace = random_below(&p.seed, 4) ? 3000000 : 1 + random_below(&p.seed, 60);
    while (!is_over() && turns < cut_at && grace > 0) {
        assert_true(++turns < 3000000);
        grace -= epop_client_phase(&p.client) == EPOP_PHASE_UPDATE;
        turn();
    }
    if (is_over()) {
        check_good_end();
    } else {
        check_cut();
    }
    end();
    seed_under_test = 0;
}

static void random_schedules(void **data)
{
    const char *fixed = getenv("EPOP_TEST_SEED");
    uint32_t runs = getenv("EPOP_TEST_LONG") ? 300000 : 3000;
    uint32_t i;

    (void)data;
    if (fixed) {
        run((uint32_t)strtoul(fixed, NULL, 0));
        return;
    }
    for (i = 1; i <= runs; i++) {
        run(i * 2654435761u);
    }
    assert_true(tally.good > runs / 3);
    assert_true(tally.cut > runs / 10);
    assert_true(tally.quit_unknown > runs / 50);
    assert_true(tally.refused_login > runs / 20);
    assert_true(tally.octets > runs * UINT64_C(500));
}

static int tell_seed(void **data)
{
    (void)data;
    if (seed_under_test != 0) {
        print_error("failed; run again with EPOP_TEST_SEED=%u\n", (unsigned)seed_under_test);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(random_schedules, tell_seed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
