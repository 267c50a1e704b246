/* The encoder of bodies and the counter of sizes, against a reference that sees the whole body at once.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "guard.h"
#include "octets.h"

#include <epop/wire.h>

#define ROOM 8000

static guard input_guard;
static guard output_guard;

static int open_guards(void **state)
{
    (void)state;
    guard_open(&input_guard, ROOM);
    guard_open(&output_guard, ROOM);
    return 0;
}

static int close_guards(void **state)
{
    (void)state;
    guard_close(&input_guard);
    guard_close(&output_guard);
    return 0;
}

typedef struct body {
    uint8_t octets[ROOM];
    size_t len;
} body;

static void put(body *out, const char *text)
{
    while (*text != '\0') {
        out->octets[out->len++] = (uint8_t)*text++;
    }
}

/* RFC 1939 section 11: CRLF for every line end, whatever the server's own convention. */
static void normalise(const uint8_t *in, size_t len, body *out)
{
    size_t pos = 0;

    out->len = 0;
    while (pos < len) {
        size_t line = 0;

        while (pos + line < len && in[pos + line] != '\r' && in[pos + line] != '\n') {
            out->octets[out->len++] = in[pos + line++];
        }
        put(out, "\r\n");
        pos += line;
        pos += pos + 1 < len && in[pos] == '\r' && in[pos + 1] == '\n' ? 2 : 1;
    }
}

/* RFC 1939 section 3: a dot in front of every line that begins with one, and the final dot line. */
static void stuff(const body *in, body *out)
{
    int line_start = 1;

    out->len = 0;
    for (size_t i = 0; i < in->len; i++) {
        if (line_start && in->octets[i] == '.') {
            put(out, ".");
        }
        out->octets[out->len++] = in->octets[i];
        line_start = in->octets[i] == '\n';
    }
    put(out, ".\r\n");
}

/* One piece of input through output spaces of `space` octets. */
static void encode_piece(epop_dot_encoder *stuff_state, const uint8_t *in, size_t len, size_t space, body *out)
{
    const uint8_t *data = guard_put(&input_guard, in, len);
    int32_t result;

    do {
        uint8_t *dst = guard_tail(&output_guard, space);
        size_t used = 99;
        size_t wrote = 99;

        dst[-1] = 0xA5;
        result = epop_dot_encode(stuff_state, data, len, &used, dst, space, &wrote);
        assert_true(used <= len && wrote <= space);
        assert_int_equal(dst[-1], 0xA5);
        memcpy(out->octets + out->len, dst, wrote);
        out->len += wrote;
        data += used;
        len -= used;
        if (result == EPOP_OK) {
            assert_int_equal(len, 0);
        } else {
            assert_int_equal(result, EPOP_FULL);
            assert_true(used > 0 || wrote > 0);
        }
    } while (result == EPOP_FULL);
}

/* All or nothing at every space. */
static void encode_end(epop_dot_encoder *stuff_state, body *out)
{
    size_t needed = 0;

    for (size_t space = 0; space <= EPOP_DOT_END_MAX; space++) {
        uint8_t *dst = guard_tail(&output_guard, space);
        epop_dot_encoder copy = *stuff_state;
        size_t wrote = 99;
        int32_t result;

        memset(output_guard.end - 16, 0xA5, 16);
        result = epop_dot_encode_end(&copy, dst, space, &wrote);
        assert_true(wrote >= 3 && wrote <= EPOP_DOT_END_MAX);
        assert_true(needed == 0 || wrote == needed);
        needed = wrote;
        for (const uint8_t *at = output_guard.end - 16; at < dst; at++) {
            assert_int_equal(*at, 0xA5);
        }
        if (space < needed) {
            assert_int_equal(result, EPOP_ERR_SPACE);
            for (size_t i = 0; i < space; i++) {
                assert_int_equal(dst[i], 0xA5);
            }
            *stuff_state = copy; /* a refusal changes nothing: go on with what it left */
        } else {
            assert_int_equal(result, EPOP_OK);
            for (size_t i = needed; i < space; i++) {
                assert_int_equal(dst[i], 0xA5);
            }
            if (space == needed) {
                memcpy(out->octets + out->len, dst, needed);
                out->len += needed;
            }
        }
    }
    assert_int_equal(epop_dot_encode_end(stuff_state, guard_tail(&output_guard, 5), 5, &needed), EPOP_OK);
}

/* Pieces of `step` octets behind a first one of `first`; twice over, since the end makes the encoder ready again. */
static void check_encoder(const uint8_t *in, size_t len, size_t first, size_t step, size_t space, const body *want)
{
    static body got;
    epop_dot_encoder state;

    memset(&state, 0xEE, sizeof state);
    assert_int_equal(epop_dot_encoder_init(&state), EPOP_OK);
    for (unsigned again = 0; again < 2; again++) {
        size_t pos = 0;
        size_t piece = first;

        got.len = 0;
        do {
            if (piece > len - pos) {
                piece = len - pos;
            }
            encode_piece(&state, in + pos, piece, space, &got);
            pos += piece;
            piece = step;
        } while (pos < len);
        encode_end(&state, &got);
        octets_same(got.octets, got.len, want->octets, want->len, in, len);
    }
}

static void check_size(const uint8_t *in, size_t len, size_t first, size_t step, size_t octets, size_t on_wire)
{
    epop_size size;
    size_t pos = 0;
    size_t piece = first;

    memset(&size, 0xEE, sizeof size);
    assert_int_equal(epop_size_init(&size), EPOP_OK);
    do {
        if (piece > len - pos) {
            piece = len - pos;
        }
        assert_int_equal(epop_size_add(&size, guard_put(&input_guard, in + pos, piece), piece), EPOP_OK);
        pos += piece;
        piece = step;
    } while (pos < len);
    assert_int_equal(epop_size_end(&size), EPOP_OK);
    if (size.octets != octets || size.on_wire != on_wire) {
        octets_fail("the size is wrong", in, len);
    }
}

/* The decoder gives the message back, in two pieces as in one. */
static void check_decoded(const body *wire, const body *want, size_t cut)
{
    static body got;
    epop_dot_decoder dot;
    epop_span slice;
    size_t pos = 0;
    int32_t result = EPOP_OK;

    got.len = 0;
    assert_int_equal(epop_dot_decoder_init(&dot, EPOP_EOL_CRLF), EPOP_OK);
    while (result == EPOP_OK && pos < wire->len) {
        size_t end = pos < cut ? cut : wire->len;
        size_t used;

        result = epop_dot_decode(&dot, wire->octets + pos, end - pos, &used, &slice);
        memcpy(got.octets + got.len, slice.ptr, slice.len);
        got.len += slice.len;
        pos += used;
    }
    assert_int_equal(result, EPOP_END);
    assert_int_equal(pos, wire->len);
    octets_same(got.octets, got.len, want->octets, want->len, wire->octets, wire->len);
}

static void check_body(const uint8_t *in, size_t len, size_t space_max)
{
    static body message;
    static body wire;

    normalise(in, len, &message);
    stuff(&message, &wire);
    for (size_t cut = 0; cut < wire.len; cut++) {
        check_decoded(&wire, &message, cut);
    }
    for (size_t cut = 0; cut <= len; cut++) {
        for (size_t space = 1; space <= space_max; space++) {
            check_encoder(in, len, cut, len + 1, space, &wire);
        }
        check_encoder(in, len, cut, len + 1, wire.len, &wire);
        check_size(in, len, cut, len + 1, message.len, wire.len);
    }
    for (size_t step = 1; step < len; step++) {
        check_encoder(in, len, step, step, space_max, &wire);
        check_size(in, len, step, step, message.len, wire.len);
    }
}

static void test_every_word(void **state)
{
    uint8_t in[16];

    (void)state;
    for (size_t len = 0; len <= 7; len++) {
        uint32_t words = octets_words(4, len);

        for (uint32_t i = 0; i < words; i++) {
            octets_word(in, len, "\r\n.a", 4, i);
            check_body(in, len, len < 6 ? 5 : 2);
        }
    }
}

static void check_example(const char *in, const char *want, uint64_t octets)
{
    static body wire;
    epop_size size;

    wire.len = 0;
    put(&wire, want);
    check_encoder((const uint8_t *)in, strlen(in), strlen(in), 1, 100, &wire);
    check_body((const uint8_t *)in, strlen(in), 5);
    assert_int_equal(epop_size_init(&size), EPOP_OK);
    assert_int_equal(epop_size_add(&size, in, strlen(in)), EPOP_OK);
    assert_int_equal(epop_size_end(&size), EPOP_OK);
    assert_int_equal(size.octets, octets);
    assert_int_equal(size.on_wire, strlen(want));
}

static void test_examples(void **state)
{
    (void)state;
    check_example("", ".\r\n", 0);
    check_example("a", "a\r\n.\r\n", 3);
    check_example("a\r\n", "a\r\n.\r\n", 3);
    check_example("a\n", "a\r\n.\r\n", 3);
    check_example("a\r", "a\r\n.\r\n", 3);
    check_example("\r\n", "\r\n.\r\n", 2);
    check_example("\n\n", "\r\n\r\n.\r\n", 4);
    check_example("\r\r", "\r\n\r\n.\r\n", 4);
    check_example("\n\r", "\r\n\r\n.\r\n", 4);
    check_example("\r\r\n", "\r\n\r\n.\r\n", 4);
    check_example("\r\n\n", "\r\n\r\n.\r\n", 4);
    check_example(".", "..\r\n.\r\n", 3);
    check_example("..", "...\r\n.\r\n", 4);
    check_example(".\r\n", "..\r\n.\r\n", 3);
    check_example("a.b\r\n", "a.b\r\n.\r\n", 5);
    check_example("\n.\n", "\r\n..\r\n.\r\n", 5);
    check_example("\r.\r", "\r\n..\r\n.\r\n", 5);
    check_example("a\r\n.\r\n+OK forged\r\n", "a\r\n..\r\n+OK forged\r\n.\r\n", 18);
    check_example("Subject: x\n\n.sig\n", "Subject: x\r\n\r\n..sig\r\n.\r\n", 20);
}

static void test_long_bodies(void **state)
{
    static body message;
    static body wire;
    static uint8_t in[1000];
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz \200\377\0.....\r\r\r\n\n\n";
    static const size_t steps[] = {1, 3, 15, 16, 17, 31, 32, 33, 64, 1000};
    static const size_t spaces[] = {1, 2, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 4000};
    uint32_t seed = 0x2595;

    (void)state;
    for (unsigned round = 0; round < 60; round++) {
        size_t len = octets_random(&seed) % sizeof in;
        /* Some rounds have line ends everywhere, others hardly any. */
        size_t from = round % 3 == 0 ? 25 : 0;
        size_t plain = round % 4;

        for (size_t i = 0; i < len; i++) {
            in[i] = octets_random(&seed) % 8 < plain * 2
                        ? (uint8_t)'x'
                        : (uint8_t)letters[from + octets_random(&seed) % (sizeof letters - 1 - from)];
        }
        normalise(in, len, &message);
        stuff(&message, &wire);
        check_decoded(&wire, &message, wire.len / 2);
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            for (size_t j = 0; j < sizeof spaces / sizeof spaces[0]; j++) {
                check_encoder(in, len, octets_random(&seed) % 40, steps[i], spaces[j], &wire);
            }
            check_size(in, len, octets_random(&seed) % 40, steps[i], message.len, wire.len);
        }
    }
}

static void test_every_octet(void **state)
{
    uint8_t in[5] = {'a', '\n', 0, '.', 0};

    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        in[2] = (uint8_t)octet;
        in[4] = (uint8_t)octet;
        check_body(in, sizeof in, 5);
    }
}

static void test_no_space_moves_nothing(void **state)
{
    uint8_t *dst = guard_tail(&output_guard, 0);
    epop_dot_encoder stuff_state;
    size_t used = 9;
    size_t wrote = 9;

    (void)state;
    assert_int_equal(epop_dot_encoder_init(&stuff_state), EPOP_OK);
    assert_int_equal(epop_dot_encode(&stuff_state, "a", 1, &used, dst, 0, &wrote), EPOP_FULL);
    assert_int_equal(used, 0);
    assert_int_equal(wrote, 0);
    assert_int_equal(epop_dot_encode(&stuff_state, "", 0, &used, dst, 0, &wrote), EPOP_OK);
    assert_int_equal(used, 0);
    assert_int_equal(wrote, 0);
    dst = guard_tail(&output_guard, 3);
    assert_int_equal(epop_dot_encode_end(&stuff_state, dst, 3, &wrote), EPOP_OK);
    octets_same(dst, wrote, TEXT(".\r\n"), "a", 1);
}

/* More than 32 bits of octets. The members are counters, so that a test need not really count that far. */
static void test_size_of_a_huge_message(void **state)
{
    epop_size size;

    (void)state;
    assert_int_equal(epop_size_init(&size), EPOP_OK);
    size.octets = UINT64_C(0xFFFFFFFE);
    size.on_wire = UINT64_C(0xFFFFFFFD);
    assert_int_equal(epop_size_add(&size, "aa\n.", 4), EPOP_OK);
    assert_int_equal(epop_size_end(&size), EPOP_OK);
    assert_true(size.octets == UINT64_C(0xFFFFFFFE) + 7);
    assert_true(size.on_wire == UINT64_C(0xFFFFFFFD) + 11);
}

static void test_null(void **state)
{
    uint8_t dst[8];
    epop_dot_encoder stuff_state;
    epop_size size;
    size_t used;
    size_t wrote;

    (void)state;
    assert_int_equal(epop_dot_encoder_init(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_encoder_init(&stuff_state), EPOP_OK);
    assert_int_equal(epop_dot_encode(NULL, "a", 1, &used, dst, 8, &wrote), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_encode(&stuff_state, NULL, 1, &used, dst, 8, &wrote), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_encode(&stuff_state, "a", 1, NULL, dst, 8, &wrote), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_encode(&stuff_state, "a", 1, &used, NULL, 8, &wrote), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_encode(&stuff_state, "a", 1, &used, dst, 8, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_encode_end(NULL, dst, 8, &wrote), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_encode_end(&stuff_state, NULL, 8, &wrote), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_encode_end(&stuff_state, dst, 8, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_dot_encode(&stuff_state, NULL, 0, &used, NULL, 0, &wrote), EPOP_OK);
    assert_int_equal(epop_dot_encode_end(&stuff_state, NULL, 0, &wrote), EPOP_ERR_SPACE);
    assert_int_equal(wrote, 3);
    /* None of these moved it. */
    assert_int_equal(epop_dot_encode_end(&stuff_state, dst, 8, &wrote), EPOP_OK);
    octets_same(dst, wrote, TEXT(".\r\n"), "", 0);

    assert_int_equal(epop_size_init(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_size_init(&size), EPOP_OK);
    assert_int_equal(epop_size_add(NULL, "a", 1), EPOP_ERR_NULL);
    assert_int_equal(epop_size_add(&size, NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_size_end(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_size_add(&size, NULL, 0), EPOP_OK);
    assert_int_equal(epop_size_end(&size), EPOP_OK);
    assert_int_equal(size.octets, 0);
    assert_int_equal(size.on_wire, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_word),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_long_bodies),
        cmocka_unit_test(test_every_octet),
        cmocka_unit_test(test_no_space_moves_nothing),
        cmocka_unit_test(test_size_of_a_huge_message),
        cmocka_unit_test(test_null),
    };

    return cmocka_run_group_tests_name("wire/stuff", tests, open_guards, close_guards);
}
