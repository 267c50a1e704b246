/* How much of a message answers TOP, against a reference that counts lines in the whole message.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "guard.h"
#include "octets.h"

#include <epop/wire.h>

#define ROOM 2000

static guard input_guard;

static int open_guard(void **state)
{
    (void)state;
    guard_open(&input_guard, ROOM);
    return 0;
}

static int close_guard(void **state)
{
    (void)state;
    guard_close(&input_guard);
    return 0;
}

/* Where the line behind the one at `pos` begins. */
static size_t line_behind(const uint8_t *in, size_t len, size_t pos)
{
    while (pos < len && in[pos] != '\r' && in[pos] != '\n') {
        pos++;
    }
    if (pos + 1 < len && in[pos] == '\r' && in[pos + 1] == '\n') {
        return pos + 2;
    }
    return pos < len ? pos + 1 : len;
}

/* RFC 1939 section 7: "the headers of the message, the blank line separating the headers from the body, and then the
 * number of lines of the indicated message's body". A line ends in CRLF, CR or LF, as the encoder takes it. */
static size_t reference(const uint8_t *in, size_t len, uint32_t lines)
{
    size_t pos = 0;
    int in_body = 0;

    while (pos < len && !(in_body && lines == 0)) {
        size_t behind = line_behind(in, len, pos);

        lines -= in_body ? 1 : 0;
        in_body |= in[pos] == '\r' || in[pos] == '\n';
        pos = behind;
    }
    return pos;
}

static void check_pieces(const uint8_t *in, size_t len, size_t first, size_t step, uint32_t lines)
{
    size_t want = reference(in, len, lines);
    size_t taken = 0;
    size_t pos = 0;
    size_t piece = first;
    int ended = 0;
    epop_top top;

    memset(&top, 0xEE, sizeof top);
    assert_int_equal(epop_top_init(&top, lines), EPOP_OK);
    do {
        size_t take = 99;
        int32_t result;

        if (piece > len - pos) {
            piece = len - pos;
        }
        result = epop_top_take(&top, guard_put(&input_guard, in + pos, piece), piece, &take);
        assert_true(take <= piece);
        if (ended) { /* "nothing behind them does", and it stays so */
            assert_int_equal(result, EPOP_END);
            assert_int_equal(take, 0);
        } else if (result == EPOP_END) {
            ended = 1;
        } else {
            assert_int_equal(result, EPOP_OK);
            assert_int_equal(take, piece);
        }
        taken += take;
        pos += piece;
        piece = step;
    } while (pos < len);
    if (taken != want || (want < len && !ended)) {
        octets_fail("took otherwise than the reference does", in, len);
    }
}

static void check_message(const uint8_t *in, size_t len, uint32_t lines)
{
    for (size_t cut = 0; cut <= len; cut++) {
        check_pieces(in, len, cut, len + 1, lines);
    }
    for (size_t step = 1; step < len; step++) {
        check_pieces(in, len, step, step, lines);
    }
}

static void test_every_word(void **state)
{
    uint8_t in[16];

    (void)state;
    for (size_t len = 0; len <= 9; len++) {
        uint32_t words = octets_words(3, len);

        for (uint32_t i = 0; i < words; i++) {
            octets_word(in, len, "\r\na", 3, i);
            for (uint32_t lines = 0; lines <= 4; lines++) {
                check_message(in, len, lines);
            }
        }
    }
}

static void check_example(const char *in, uint32_t lines, const char *want)
{
    epop_top top;
    size_t take = 99;
    int32_t result;

    assert_int_equal(epop_top_init(&top, lines), EPOP_OK);
    result = epop_top_take(&top, guard_put(&input_guard, in, strlen(in)), strlen(in), &take);
    octets_same(in, take, want, strlen(want), in, strlen(in));
    if (strlen(want) < strlen(in)) {
        assert_int_equal(result, EPOP_END);
    }
    check_message((const uint8_t *)in, strlen(in), lines);
}

static void test_examples(void **state)
{
    static const char crlf[] = "A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\n";
    static const char lf[] = "A: 1\nB: 2\n\none\n\nthree\n";
    static const char cr[] = "A: 1\rB: 2\r\rone\r\rthree\r";

    (void)state;
    check_example(crlf, 0, "A: 1\r\nB: 2\r\n\r\n");
    check_example(crlf, 1, "A: 1\r\nB: 2\r\n\r\none\r\n");
    check_example(crlf, 2, "A: 1\r\nB: 2\r\n\r\none\r\n\r\n");
    check_example(crlf, 3, crlf);
    check_example(crlf, 4, crlf);
    check_example(crlf, 99999999, crlf); /* how fetchmail asks for a whole message */
    check_example(crlf, 0xFFFFFFFFu, crlf);
    check_example(lf, 0, "A: 1\nB: 2\n\n");
    check_example(lf, 1, "A: 1\nB: 2\n\none\n");
    check_example(lf, 2, "A: 1\nB: 2\n\none\n\n");
    check_example(cr, 0, "A: 1\rB: 2\r\r");
    check_example(cr, 1, "A: 1\rB: 2\r\rone\r");
    check_example("\r\nbody\r\n", 0, "\r\n"); /* no header at all */
    check_example("\r\nbody\r\n", 1, "\r\nbody\r\n");
    check_example("A: 1\r\n", 0, "A: 1\r\n"); /* no body, not even a blank line */
    check_example("A: 1", 5, "A: 1");
    check_example("", 0, "");
    /* A line of blanks is not the blank line. */
    check_example("A: 1\r\n \r\n\r\nx\r\ny\r\n", 1, "A: 1\r\n \r\n\r\nx\r\n");
}

static void test_end_stays(void **state)
{
    epop_top top;
    size_t take = 9;

    (void)state;
    assert_int_equal(epop_top_init(&top, 0), EPOP_OK);
    assert_int_equal(epop_top_take(&top, "\n\nx", 3, &take), EPOP_END);
    assert_int_equal(take, 1);
    for (unsigned i = 0; i < 3; i++) {
        take = 9;
        assert_int_equal(epop_top_take(&top, "\n\nx", 3, &take), EPOP_END);
        assert_int_equal(take, 0);
    }
}

static void test_long_messages(void **state)
{
    static uint8_t in[1500];
    static const size_t steps[] = {1, 2, 15, 16, 17, 31, 32, 33, 64, 65, 1500};
    uint32_t seed = 0x1957;

    (void)state;
    for (unsigned round = 0; round < 400; round++) {
        size_t len = octets_random(&seed) % sizeof in;
        uint32_t lines = octets_random(&seed) % 30;

        for (size_t i = 0; i < len; i++) {
            in[i] = (uint8_t) "abcdefghijklmnopqrstuvwxyz.\r\n\n"[octets_random(&seed) % 30];
        }
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            check_pieces(in, len, octets_random(&seed) % 70, steps[i], lines);
        }
    }
}

static void test_null(void **state)
{
    epop_top top;
    size_t take;

    (void)state;
    assert_int_equal(epop_top_init(NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_top_init(&top, 0), EPOP_OK);
    assert_int_equal(epop_top_take(NULL, "a", 1, &take), EPOP_ERR_NULL);
    assert_int_equal(epop_top_take(&top, NULL, 1, &take), EPOP_ERR_NULL);
    assert_int_equal(epop_top_take(&top, "a", 1, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_top_take(&top, NULL, 0, &take), EPOP_OK);
    assert_int_equal(take, 0);
    /* None of these moved it: this is still the first line, and the blank one. */
    assert_int_equal(epop_top_take(&top, "\nx", 2, &take), EPOP_END);
    assert_int_equal(take, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_word),    cmocka_unit_test(test_examples), cmocka_unit_test(test_end_stays),
        cmocka_unit_test(test_long_messages), cmocka_unit_test(test_null),
    };

    return cmocka_run_group_tests_name("wire/top", tests, open_guard, close_guard);
}
