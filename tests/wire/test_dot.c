/* The dot decoder against a reference that is written from RFC 1939 section 3 and sees the whole text at once.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "guard.h"
#include "octets.h"

#include <epop/wire.h>

#define LOG_MAX 9000
#define BODY_END 0x10000u /* in a log: a body ended; the offset behind its dot line is added */

typedef struct dot_log {
    uint32_t entries[LOG_MAX];
    size_t count;
} dot_log;

static guard input_guard;

static int open_guard(void **state)
{
    (void)state;
    guard_open(&input_guard, LOG_MAX);
    return 0;
}

static int close_guard(void **state)
{
    (void)state;
    guard_close(&input_guard);
    return 0;
}

static int is_line_end(const uint8_t *in, size_t pos, uint32_t eol)
{
    return in[pos - 1] == '\n' && (eol == EPOP_EOL_LF || (pos >= 2 && in[pos - 2] == '\r'));
}

/* "If any line of the multi-line response begins with the termination octet, the line is byte-stuffed ... the client
 * checks to see if the line begins with the termination octet. If so and if octets other than CRLF follow, the first
 * octet of the line is stripped away. If so and if CRLF immediately follows, then the response is ended." */
static void reference(const uint8_t *in, size_t len, uint32_t eol, dot_log *log)
{
    const char *end = eol == EPOP_EOL_LF ? ".\n" : ".\r\n";
    size_t pos = 0;
    int line_start = 1;

    log->count = 0;
    while (pos < len) {
        size_t rest = len - pos < strlen(end) ? len - pos : strlen(end);

        if (line_start && memcmp(in + pos, end, rest) == 0) {
            pos += rest;
            if (rest == strlen(end)) { /* else it is too early to say what the dot is */
                log->entries[log->count++] = BODY_END + (uint32_t)pos;
            }
            continue;
        }
        pos += line_start && in[pos] == '.' ? 1 : 0;
        log->entries[log->count++] = in[pos++];
        line_start = is_line_end(in, pos, eol);
    }
}

static void check_slice(epop_span slice, const uint8_t *data, size_t used)
{
    static const uint8_t owed = '\r';

    if (slice.len == 0) {
        return;
    }
    assert_non_null(slice.ptr);
    if (slice.ptr >= input_guard.first && slice.ptr < input_guard.end) {
        octets_within(slice, data, used);
    } else {
        assert_int_equal(slice.len, 1);
        assert_memory_equal(slice.ptr, &owed, 1);
    }
}

/* Feeds one piece, after an empty one, which must change nothing. `offset` is where the piece stood in the whole. */
static void feed(epop_dot_decoder *dot, const uint8_t *in, size_t len, size_t offset, dot_log *log)
{
    const uint8_t *data = guard_put(&input_guard, in, len);
    epop_span slice = {data, 9};
    size_t used = 9;

    assert_int_equal(epop_dot_decode(dot, data, 0, &used, &slice), EPOP_OK);
    assert_int_equal(used, 0);
    assert_int_equal(slice.len, 0);
    while (len > 0) {
        int32_t result = epop_dot_decode(dot, data, len, &used, &slice);

        assert_true(used <= len);
        check_slice(slice, data, used);
        for (size_t i = 0; i < slice.len; i++) {
            log->entries[log->count++] = slice.ptr[i];
        }
        data += used;
        offset += used;
        len -= used;
        if (result == EPOP_END) {
            assert_int_equal(slice.len, 0);
            log->entries[log->count++] = BODY_END + (uint32_t)offset;
        } else {
            assert_int_equal(result, EPOP_OK);
            assert_true(used > 0 || slice.len > 0);
        }
    }
}

static void compare(const dot_log *got, const dot_log *want, const uint8_t *in, size_t len)
{
    if (got->count != want->count || memcmp(got->entries, want->entries, want->count * sizeof want->entries[0]) != 0) {
        octets_fail("decoded otherwise than the reference does", in, len);
    }
}

/* The input in pieces of `step` octets, but with a first piece of `first`. */
static void check_pieces(const uint8_t *in, size_t len, size_t first, size_t step, uint32_t eol, const dot_log *want)
{
    static dot_log got;
    epop_dot_decoder dot;
    size_t pos = 0;
    size_t piece = first;

    got.count = 0;
    memset(&dot, 0xEE, sizeof dot);
    assert_int_equal(epop_dot_decoder_init(&dot, eol), EPOP_OK);
    while (pos < len) {
        epop_dot_decoder copy = dot; /* a decoder may be copied at any time */

        if (piece > len - pos) {
            piece = len - pos;
        }
        feed(&copy, in + pos, piece, pos, &got);
        dot = copy;
        pos += piece;
        piece = step;
    }
    compare(&got, want, in, len);
}

static void check_all_cuts(const uint8_t *in, size_t len, uint32_t eol)
{
    static dot_log want;

    reference(in, len, eol, &want);
    for (size_t cut = 0; cut <= len; cut++) {
        check_pieces(in, len, cut, len, eol, &want);
    }
    for (size_t step = 1; step < len; step++) {
        check_pieces(in, len, step, step, eol, &want);
    }
}

static void every_word(size_t len_max, uint32_t eol)
{
    uint8_t in[16];

    for (size_t len = 0; len <= len_max; len++) {
        uint32_t words = octets_words(4, len);

        for (uint32_t i = 0; i < words; i++) {
            octets_word(in, len, "\r\n.a", 4, i);
            check_all_cuts(in, len, eol);
        }
    }
}

static void test_every_word_crlf(void **state)
{
    (void)state;
    every_word(8, EPOP_EOL_CRLF);
}

static void test_every_word_lf(void **state)
{
    (void)state;
    every_word(8, EPOP_EOL_LF);
}

/* A body as a string, fed in every way; "|" in `want` is the end of a body. */
static void check_example(const char *in, uint32_t eol, const char *want)
{
    static dot_log log;
    char text[200];
    size_t len = 0;

    check_all_cuts((const uint8_t *)in, strlen(in), eol);
    reference((const uint8_t *)in, strlen(in), eol, &log);
    for (size_t i = 0; i < log.count; i++) {
        text[len++] = log.entries[i] >= BODY_END ? '|' : (char)log.entries[i];
    }
    octets_same(text, len, want, strlen(want), in, strlen(in));
}

static void test_examples(void **state)
{
    (void)state;
    check_example(".\r\n", EPOP_EOL_CRLF, "|");
    check_example("\r\n.\r\n", EPOP_EOL_CRLF, "\r\n|");
    check_example("a\r\n.\r\n+OK\r\n", EPOP_EOL_CRLF, "a\r\n|+OK\r\n");
    check_example("..\r\n.\r\n", EPOP_EOL_CRLF, ".\r\n|");
    check_example("a\r\n..b\r\n...\r\n.\r\n", EPOP_EOL_CRLF, "a\r\n.b\r\n..\r\n|");
    check_example(".\r\n.\r\nx", EPOP_EOL_CRLF, "||x");
    /* A dot that nobody stuffed is stripped all the same: octets other than CRLF follow. */
    check_example("a\r\n.b\r\n.\r\n", EPOP_EOL_CRLF, "a\r\nb\r\n|");
    check_example(".\rb", EPOP_EOL_CRLF, "\rb");
    check_example(".\r\r\n.\r\n", EPOP_EOL_CRLF, "\r\r\n|");
    /* A bare LF is data, so a dot behind it is too: mail text cannot forge an end. */
    check_example("a\n.\r\nDELE 1\r\n.\r\n", EPOP_EOL_CRLF, "a\n.\r\nDELE 1\r\n|");
    check_example("a\r\n.\n.\r\n.\r\n", EPOP_EOL_CRLF, "a\r\n\n.\r\n|");
    check_example("a\r.\r\n.\r\n", EPOP_EOL_CRLF, "a\r.\r\n|");
    check_example("a.\r\n.\r\n", EPOP_EOL_CRLF, "a.\r\n|");
    check_example(".\n", EPOP_EOL_LF, "|");
    check_example("a\n.\n+OK\n", EPOP_EOL_LF, "a\n|+OK\n");
    check_example("a\r\n.\r\n.\n", EPOP_EOL_LF, "a\r\n\r\n|");
    check_example("..\n..\r\n.\n", EPOP_EOL_LF, ".\n.\r\n|");
}

/* Bodies long enough for whatever is done in wide steps, at every alignment. */
static void random_bodies(uint32_t eol, const char *alphabet, size_t letters, uint32_t seed)
{
    static dot_log want;
    static uint8_t in[1200];
    static const size_t steps[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 1200};

    for (unsigned round = 0; round < 300; round++) {
        size_t len = octets_random(&seed) % sizeof in;

        for (size_t i = 0; i < len; i++) {
            in[i] = (uint8_t)alphabet[octets_random(&seed) % letters];
        }
        reference(in, len, eol, &want);
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            check_pieces(in, len, octets_random(&seed) % 70, steps[i], eol, &want);
        }
    }
}

static void test_long_bodies(void **state)
{
    (void)state;
    random_bodies(EPOP_EOL_CRLF, "\r\n.a", 4, 0x1939);
    random_bodies(EPOP_EOL_CRLF, TEXT("abcdefghijklmnopqrstuvwxyz \200\377....\r\r\r\n\n\n"), 0x2449);
    random_bodies(EPOP_EOL_LF, TEXT("abcdefghijklmnopqrstuvwxyz \200\377....\r\n\n\n"), 0x5034);
}

static void test_dot_pair_at_every_offset(void **state)
{
    static dot_log want;
    static uint8_t in[200];

    (void)state;
    for (size_t at = 0; at + 8 < sizeof in; at++) {
        size_t len = at + 8;

        memset(in, 'x', sizeof in);
        memcpy(in + at, "\r\n..\r\n.\r", 8);
        in[len++] = '\n';
        reference(in, len, EPOP_EOL_CRLF, &want);
        assert_int_equal(want.entries[want.count - 1], BODY_END + len);
        for (size_t step = 1; step <= len; step++) {
            check_pieces(in, len, step, step, EPOP_EOL_CRLF, &want);
        }
    }
}

static void test_every_octet_is_data(void **state)
{
    uint8_t in[6] = {'a', '\r', '\n', '.', 0, 'b'};

    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        in[4] = (uint8_t)octet;
        check_all_cuts(in, sizeof in, EPOP_EOL_CRLF);
        check_all_cuts(in, sizeof in, EPOP_EOL_LF);
        check_all_cuts(in + 3, 3, EPOP_EOL_CRLF);
        check_all_cuts(in + 4, 2, EPOP_EOL_LF);
    }
}

static void test_init(void **state)
{
    epop_dot_decoder dot;

    (void)state;
    assert_int_equal(epop_dot_decoder_init(NULL, EPOP_EOL_CRLF), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_decoder_init(&dot, EPOP_EOL_CRLF), EPOP_OK);
    assert_int_equal(epop_dot_decoder_init(&dot, EPOP_EOL_LF), EPOP_OK);
    assert_int_equal(epop_dot_decoder_init(&dot, EPOP_EOL_FIRST), EPOP_ERR_VALUE);
    assert_int_equal(epop_dot_decoder_init(&dot, 3), EPOP_ERR_VALUE);
    assert_int_equal(epop_dot_decoder_init(&dot, 256), EPOP_ERR_VALUE);
    assert_int_equal(epop_dot_decoder_init(&dot, 0xFFFFFFFFu), EPOP_ERR_VALUE);
}

static void test_null(void **state)
{
    epop_dot_decoder dot;
    size_t used;
    epop_span slice;

    (void)state;
    assert_int_equal(epop_dot_decoder_init(&dot, EPOP_EOL_CRLF), EPOP_OK);
    assert_int_equal(epop_dot_decode(NULL, "a", 1, &used, &slice), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_decode(&dot, NULL, 1, &used, &slice), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_decode(&dot, "a", 1, NULL, &slice), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_decode(&dot, "a", 1, &used, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_decode(&dot, NULL, 0, &used, &slice), EPOP_OK);
    assert_int_equal(used, 0);
    assert_int_equal(slice.len, 0);
    /* None of these moved it. */
    assert_int_equal(epop_dot_decode(&dot, ".\r\n", 3, &used, &slice), EPOP_END);
    assert_int_equal(used, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_word_crlf),
        cmocka_unit_test(test_every_word_lf),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_long_bodies),
        cmocka_unit_test(test_dot_pair_at_every_offset),
        cmocka_unit_test(test_every_octet_is_data),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_null),
    };

    return cmocka_run_group_tests_name("wire/dot", tests, open_guard, close_guard);
}
