/* The server's limits: bad commands, failed logins, small outputs, slow readers, deletion maps.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "server_states.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static server_host host;

static epop_server *const s = &host.server;

/* ---------------------------------------------------------------------------------------------------------------------
 * Bad commands and failed logins
 */

/* Feeds lines of `text`, each of which is wrong, until the session dies, and returns how many that took. */
static uint32_t bad_until_dead(const char *text, uint32_t most)
{
    uint32_t n;
    size_t used;

    for (n = 1; n <= most; n++) {
        int32_t result = server_feed(&host, text, strlen(text), &used);
        if (result != EPOP_OK) {
            assert_int_equal(result, EPOP_ERR_PEER_TOO_MANY_BAD);
            server_is_dead(&host, result);
            server_says(&host, "-ERR *\r\n"); /* the last words go out */
            assert_int_equal(epop_server_wants(s), EPOP_WANT_CLOSE);
            return n;
        }
        server_says(&host, "-ERR *\r\n");
    }
    return 0;
}

static void bad_commands(void **data)
{
    static const char *const bad[] = {"STAT\r\n", "USER\r\n", "XFOO\r\n", "AUTH PLAIN\r\n", "\r\n", "RETR 0\r\n"};
    static const uint32_t most[] = {10, 10, 3, 10, 3, 10}; /* the defaults */
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(bad); i++) {
        server_begin(&host, 0);
        host.command = NO;
        assert_int_equal(bad_until_dead(bad[i], 11), most[i]);
        server_prepare(&host, 0);
        host.config.max_bad_commands = 1;
        server_init(&host);
        host.command = NO;
        server_says(&host, "+OK *\r\n");
        assert_int_equal(bad_until_dead(bad[i], 2), 1);
    }
}

/* In a row: a good command in between forgives, whatever became of it. A message that is not there is no bad command.
 */
static void bad_commands_in_a_row(void **data)
{
    static const char *const good[] = {"NOOP\r\n", "CAPA\r\n", "RETR 99\r\n", "DELE 99\r\n", "XFOO\r\n"};
    size_t i;
    size_t k;

    (void)data;
    server_enter(&host, 0);
    for (i = 0; i < COUNT(good); i++) {
        for (k = 0; k < 9; k++) {
            server_talk(&host, "STAT now\r\n", "-ERR *\r\n");
        }
        server_hears(&host, good[i]);
        server_drain(&host);
        record_clear(&host.said);
    }
    for (k = 0; k < 100; k++) {
        server_talk(&host, "LIST 99\r\n", "-ERR *\r\n");
    }
    assert_int_equal(bad_until_dead("STAT now\r\n", 10), 10);
}

static uint32_t logins_until_dead(uint32_t code, uint32_t most, uint32_t later)
{
    uint32_t n;

    host.code = code;
    host.auth = later ? HOLD : NO;
    for (n = 1; n <= most; n++) {
        size_t used;
        int32_t result;
        server_talk(&host, "USER joe\r\n", "+OK *\r\n");
        result = server_feed(&host, TEXT("PASS x\r\n"), &used);
        if (later) {
            assert_int_equal(result, EPOP_OK);
            result = epop_server_refuse(s, code, NULL, 0);
        }
        server_says(&host, code == EPOP_CODE_NONE ? "-ERR *\r\n" : "-ERR [*] *\r\n");
        if (result != EPOP_OK) {
            assert_int_equal(result, EPOP_ERR_PEER_TOO_MANY_LOGINS);
            server_is_dead(&host, result);
            return n;
        }
    }
    return 0;
}

static void failed_logins(void **data)
{
    static const uint32_t counted[] = {EPOP_CODE_AUTH, EPOP_CODE_NONE};
    static const uint32_t free_of_charge[] = {EPOP_CODE_SYS_TEMP, EPOP_CODE_SYS_PERM, EPOP_CODE_LOGIN_DELAY};
    uint32_t later;
    size_t i;

    (void)data;
    for (later = 0; later < 2; later++) {
        for (i = 0; i < COUNT(counted); i++) {
            server_begin(&host, EPOP_SERVER_ALLOW_CLEARTEXT);
            assert_int_equal(logins_until_dead(counted[i], 4, later), 3); /* the default */
        }
        for (i = 0; i < COUNT(free_of_charge); i++) {
            server_begin(&host, EPOP_SERVER_ALLOW_CLEARTEXT);
            assert_int_equal(logins_until_dead(free_of_charge[i], 20, later), 0);
        }
        server_prepare(&host, EPOP_SERVER_ALLOW_CLEARTEXT);
        host.config.max_failed_logins = 5;
        server_init(&host);
        server_says(&host, "+OK *\r\n");
        assert_int_equal(logins_until_dead(EPOP_CODE_AUTH, 6, later), 5);
    }
}

/* RFC 1939 section 7: behind a PASS that failed comes USER again, or QUIT. */
static void pass_after_a_failed_login(void **data)
{
    (void)data;
    server_begin(&host, EPOP_SERVER_ALLOW_CLEARTEXT);
    host.auth = NO;
    server_talk(&host, "USER joe\r\nPASS x\r\n", "+OK *\r\n-ERR *\r\n");
    host.auth = YES;
    host.open = NO;
    server_talk(&host, "PASS y\r\n", "-ERR *\r\n");
    server_saw(&host, "auth joe x\n");
    server_talk(&host, "USER joe\r\nPASS x\r\n", "+OK *\r\n-ERR *\r\n");
    host.open = YES;
    server_talk(&host, "PASS y\r\n", "-ERR *\r\n");
    server_saw(&host, "auth joe x\nopen joe\n");
}

/* A maildrop that cannot be opened is no failed login. */
static void failed_opens(void **data)
{
    uint32_t i;

    (void)data;
    server_begin(&host, EPOP_SERVER_ALLOW_CLEARTEXT);
    host.open = NO;
    host.code = EPOP_CODE_IN_USE;
    for (i = 0; i < 10; i++) {
        server_talk(&host, "USER joe\r\n", "+OK *\r\n");
        server_talk(&host, "PASS x\r\n", "-ERR [IN-USE] *\r\n");
    }
    assert_int_equal(epop_server_phase(s), EPOP_PHASE_AUTHORIZATION);
}

/* Nothing that the peer sends before login moves the deadline, and neither does the time that the host takes. */
static void login_deadline(void **data)
{
    static const char *const lines[] = {"CAPA\r\n", "NOOP\r\n", "USER joe\r\n", "U", "SER joe\r\n"};
    size_t used;
    size_t i;

    (void)data;
    server_prepare(&host, EPOP_SERVER_ALLOW_CLEARTEXT | EPOP_SERVER_STLS);
    host.config.login_seconds = 7;
    server_init(&host);
    assert_int_equal(epop_server_login_deadline(s), 7);
    server_says(&host, "+OK *\r\n");
    server_talk(&host, "STLS\r\n", "+OK *\r\n");
    assert_int_equal(epop_server_tls_started(s), EPOP_OK);
    for (i = 0; i < COUNT(lines); i++) {
        server_hears(&host, lines[i]);
        assert_int_equal(epop_server_login_deadline(s), 7);
        server_drain(&host);
        assert_int_equal(epop_server_login_deadline(s), 7);
    }
    host.auth = HOLD;
    host.open = HOLD;
    server_hears(&host, "PASS x\r\n");
    assert_int_equal(epop_server_login_deadline(s), 7);
    assert_int_equal(epop_server_accept(s), EPOP_OK);
    assert_int_equal(epop_server_login_deadline(s), 7);
    assert_int_equal(epop_server_timeout(s), EPOP_ERR_PEER_TIMEOUT);
    assert_int_equal(epop_server_login_deadline(s), 0);
    server_is_dead(&host, EPOP_ERR_PEER_TIMEOUT);
    server_enter(&host, 0);
    assert_int_equal(epop_server_login_deadline(s), 0);
    assert_int_equal(server_feed(&host, TEXT("NOOP\n"), &used), EPOP_ERR_PEER_LINE_END);
    assert_int_equal(epop_server_login_deadline(s), 0); /* the session has had its login */
}

/* A peer that does not read the reply that ends its session holds the connection no longer than any other. */
static void login_deadline_of_the_last_reply(void **data)
{
    static const char *const lines[] = {"QUIT\r\n", "NOOP\n"};
    size_t used;
    size_t i;

    (void)data;
    for (i = 0; i < COUNT(lines); i++) {
        server_begin(&host, 0);
        (void)server_feed(&host, lines[i], strlen(lines[i]), &used);
        assert_int_equal(epop_server_login_deadline(s), 60);
        server_drain(&host);
        assert_int_equal(epop_server_login_deadline(s), 0);
        server_begin(&host, 0);
        (void)server_feed(&host, lines[i], strlen(lines[i]), &used);
        assert_true(epop_server_timeout(s) < 0);
        assert_int_equal(epop_server_wants(s), EPOP_WANT_CLOSE); /* nothing is left that would have to be drained */
        assert_int_equal(epop_server_deadline(s), 0);
    }
    server_prepare(&host, 0);
    host.config.login_seconds = 65536;
    server_init(&host);
    assert_int_equal(epop_server_login_deadline(s), 65535);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Backpressure
 */

enum { MANY = 10000 };

/* Any number of messages; the n-th has n octets and the unique-id n, filled up to the longest there can be for every
 * third. */
static int32_t on_info_of_many(void *user, const epop_message_info_event *event)
{
    static char id[EPOP_UNIQUE_ID_MAX + 1];
    record text = {NULL, 0, 0};

    (void)user;
    memset(id, 'u', sizeof id);
    record_add(&text, "%u", (unsigned)event->number);
    memcpy(id + (event->number % 3 == 0 ? EPOP_UNIQUE_ID_MAX - text.len : 0), text.text, text.len);
    assert_int_equal(
        epop_server_message_info(s, event->number, id, event->number % 3 == 0 ? EPOP_UNIQUE_ID_MAX : text.len),
        EPOP_OK);
    record_free(&text);
    return 0;
}

static void add_row(record *out, const char *before, uint32_t number, uint32_t is_uidl)
{
    record_add(out, "%s%u ", before, (unsigned)number);
    if (is_uidl && number % 3 == 0) {
        record digits = {NULL, 0, 0};
        record_add(&digits, "%u", (unsigned)number);
        record_add(out, "%.*s", (int)(EPOP_UNIQUE_ID_MAX - digits.len),
                   "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu");
        record_free(&digits);
    }
    record_add(out, "%u\r\n", (unsigned)number);
}

static uint8_t many_map[(MANY + 7) / 8];

static int32_t on_open_many(void *user, const epop_open_event *event)
{
    epop_maildrop maildrop = server_maildrop(&host);

    (void)user;
    (void)event;
    maildrop.count = MANY;
    maildrop.octets = (uint64_t)MANY * (MANY + 1) / 2;
    maildrop.deleted = many_map;
    maildrop.deleted_size = sizeof many_map;
    assert_int_equal(epop_server_opened(s, &maildrop), EPOP_OK);
    return 0;
}

static void enter_many(size_t output_size)
{
    server_prepare(&host, EPOP_SERVER_ALLOW_CLEARTEXT);
    host.callbacks.on_message_info = on_info_of_many;
    host.callbacks.on_open = on_open_many;
    host.config.output_buffer_size = output_size;
    server_init(&host);
    server_says(&host, "+OK *\r\n");
    server_talk(&host, "USER joe\r\n", "+OK *\r\n");
    server_talk(&host, "PASS x\r\n", "+OK *\r\n");
}

/* Takes `most` octets of the output, if there are any. */
static uint32_t sip(size_t most)
{
    size_t len;
    const uint8_t *octets = epop_server_output(s, &len);

    if (!octets) {
        return 0;
    }
    len = len < most ? len : most;
    record_octets(&host.said, octets, len);
    assert_int_equal(epop_server_output_ack(s, len), EPOP_OK);
    return 1;
}

/* Feeds all of it to a session whose output is taken only when nothing else goes on, and then `most` octets of it. */
static void feed_slowly(const record *input, size_t most)
{
    size_t at = 0;

    while (at < input->len) {
        size_t used;
        int32_t result = epop_server_feed(s, input->text + at, input->len - at, &used);
        at += used;
        if (result == EPOP_AGAIN) {
            assert_true(sip(most));
        } else {
            assert_string_equal(result_name(result), "OK");
        }
    }
    while (sip(most)) {
    }
}

/* "LIST n", "UIDL n", "DELE n", "NOOP" and so on, each with an answer that says what it answers. */
static void ten_thousand_pipelined(void **data)
{
    static const size_t sips[] = {1, 3, 100, 512};
    static const size_t sizes[] = {512, 513, 600, 1000};
    size_t i;
    uint32_t n;

    (void)data;
    for (i = 0; i < COUNT(sips) * COUNT(sizes); i++) {
        record input = {NULL, 0, 0};
        record expected = {NULL, 0, 0};
        enter_many(sizes[i / COUNT(sips)]);
        for (n = 1; n <= MANY; n++) {
            uint32_t is_uidl = n % 2;
            record_add(&input, is_uidl ? "UIDL %u\r\n" : "LIST %u\r\n", (unsigned)n);
            add_row(&expected, "+OK ", n, is_uidl);
        }
        feed_slowly(&input, sips[i % COUNT(sips)]);
        assert_int_equal(host.said.len, expected.len);
        assert_memory_equal(host.said.text, expected.text, expected.len);
        record_free(&input);
        record_free(&expected);
    }
}

/* Listings in the smallest output, sipped, with pipelined commands behind them. */
static void ten_thousand_rows(void **data)
{
    static const size_t sips[] = {1, 80, 511};
    size_t i;
    uint32_t n;

    (void)data;
    for (i = 0; i < 2 * COUNT(sips); i++) {
        uint32_t is_uidl = i % 2 == 1;
        record input = {NULL, 0, 0};
        record expected = {NULL, 0, 0};
        size_t head;
        enter_many(EPOP_SERVER_OUTPUT_MIN);
        record_add(&input, is_uidl ? "UIDL\r\nUIDL 3\r\n" : "LIST\r\nUIDL 3\r\n");
        for (n = 1; n <= MANY; n++) {
            add_row(&expected, "", n, is_uidl);
        }
        record_add(&expected, ".\r\n");
        add_row(&expected, "+OK ", 3, 1);
        feed_slowly(&input, sips[i / 2]);
        head = strcspn(host.said.text, "\n") + 1;
        assert_memory_equal(host.said.text, "+OK ", 4);
        assert_string_equal(host.said.text + head, expected.text);
        record_free(&input);
        record_free(&expected);
    }
}

/* A command is read only when the reply has room, wherever in the buffer the pending octets lie: here they lie at its
 * end, after a body has filled it. */
static void a_command_behind_a_body(void **data)
{
    static char body[2000];
    size_t size;
    size_t keep;
    size_t used;

    (void)data;
    memset(body, 'b', sizeof body);
    for (size = 512 + 1; size <= 700; size += 37) {
        for (keep = 1; keep <= size - 512; keep++) {
            size_t len;
            enter_many(size);
            server_hears(&host, "RETR 1\r\n");
            server_says(&host, "+OK *\r\n");
            assert_int_equal(epop_server_body(s, body, size - 5, &used), EPOP_OK);
            assert_int_equal(epop_server_body_end(s), EPOP_OK);
            (void)epop_server_output(s, &len);
            assert_int_equal(len, size);
            assert_int_equal(epop_server_output_ack(s, size - keep), EPOP_OK);
            assert_int_equal(server_feed(&host, TEXT("UIDL 3\r\n"), &used), EPOP_OK);
            server_drain(&host);
            assert_string_equal(host.said.text + keep,
                                "+OK 3 uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu3\r\n");
        }
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Deletion maps
 */

static void open_with(uint32_t count, uint8_t *map, size_t map_size, int32_t expected)
{
    epop_maildrop maildrop = server_maildrop(&host);

    maildrop.count = count;
    maildrop.octets = 0;
    maildrop.deleted = map;
    maildrop.deleted_size = map_size;
    assert_int_equal(epop_server_opened(s, &maildrop), expected);
}

static void map_bounds(void **data)
{
    uint32_t count;
    uint32_t n;

    (void)data;
    for (count = 0; count <= 33; count++) {
        size_t size = (count + 7) / 8;
        uint8_t *map = exact_copy("\xff\xff\xff\xff\xff", size);
        record command = {NULL, 0, 0};
        server_reach(&host, IN_OPEN_ASKED);
        host.callbacks.on_message_info = on_info_of_many;
        if (size > 0) {
            open_with(count, map, size - 1, EPOP_ERR_LIMIT_MESSAGES);
            assert_int_equal(map[0], 0xff);
            assert_int_equal(epop_server_wants(s), EPOP_WANT_ANSWER);
        }
        open_with(count, size > 0 ? map : NULL, size, EPOP_OK);
        server_says(&host, "+OK *\r\n");
        for (n = 0; n <= count + 9; n++) {
            assert_int_equal(epop_server_is_deleted(s, n), 0);
        }
        for (n = count; n >= 1; n -= 2) {
            record_clear(&command);
            record_add(&command, "DELE %u\r\n", (unsigned)n);
            server_talk(&host, command.text, "+OK *\r\n");
            server_talk(&host, command.text, "-ERR *\r\n");
            if (n == 1) {
                break;
            }
        }
        for (n = 0; n <= count + 9; n++) {
            uint32_t marked = n >= 1 && n <= count && (count - n) % 2 == 0;
            assert_int_equal(epop_server_is_deleted(s, n), marked);
            if (n >= 1 && n <= count) {
                assert_int_equal(map[(n - 1) / 8] >> (n - 1) % 8 & 1, marked);
            }
        }
        assert_int_equal(epop_server_is_deleted(s, 4294967295u), 0);
        server_talk(&host, "RSET\r\n", "+OK *\r\n");
        for (n = 0; n < size; n++) {
            assert_int_equal(map[n], 0);
        }
        record_free(&command);
        free(map);
    }
}

/* 2^29 octets that are one and the same megabyte, again and again. */
static uint8_t *folded_map(size_t size)
{
    enum { PART = 1 << 20 };
    uint8_t *map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    FILE *file = tmpfile();
    size_t at;

    assert_true(map != MAP_FAILED && file && ftruncate(fileno(file), PART) == 0);
    for (at = 0; at < size; at += PART) {
        assert_ptr_equal(mmap(map + at, PART, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fileno(file), 0),
                         map + at);
    }
    fclose(file);
    return map;
}

/* 2^32 - 1 messages need 2^29 octets; one less is too small, and RSET clears the whole of it. */
static void the_largest_map(void **data)
{
    size_t size = (size_t)1 << 29;
    uint8_t *map;

    (void)data;
    server_reach(&host, IN_OPEN_ASKED);
    open_with(4294967295u, host.deleted, size - 1, EPOP_ERR_LIMIT_MESSAGES);
    open_with(4294967289u, host.deleted, size - 1, EPOP_ERR_LIMIT_MESSAGES);
    map = folded_map(size);
    host.callbacks.on_message_info = on_info_of_many;
    open_with(4294967289u, map, size, EPOP_OK);
    server_says(&host, "+OK *\r\n");
    server_talk(&host, "DELE 4294967289\r\n", "+OK *\r\n");
    assert_int_equal(epop_server_is_deleted(s, 4294967289u), 1);
    server_talk(&host, "RSET\r\n", "+OK *\r\n");
    assert_int_equal(epop_server_is_deleted(s, 4294967289u), 0);
    assert_int_equal(munmap(map, size), 0);
}

static int finish(void **data)
{
    (void)data;
    server_end(&host);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_commands),
        cmocka_unit_test(bad_commands_in_a_row),
        cmocka_unit_test(failed_logins),
        cmocka_unit_test(pass_after_a_failed_login),
        cmocka_unit_test(failed_opens),
        cmocka_unit_test(login_deadline),
        cmocka_unit_test(login_deadline_of_the_last_reply),
        cmocka_unit_test(ten_thousand_pipelined),
        cmocka_unit_test(ten_thousand_rows),
        cmocka_unit_test(a_command_behind_a_body),
        cmocka_unit_test(map_bounds),
        cmocka_unit_test(the_largest_map),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
