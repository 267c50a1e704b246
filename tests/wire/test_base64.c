/* Base64 in both directions: the vectors of the RFCs, every small input, and a slow reference for what is canonical.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "guard.h"
#include "octets.h"

#include <epop/wire.h>

#define ROOM 4000

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

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* RFC 4648 section 4, one bit at a time. Returns the length. */
static size_t reference_encode(const uint8_t *in, size_t len, uint8_t *out)
{
    size_t wrote = 0;

    for (size_t bit = 0; bit < len * 8; bit += 6) {
        unsigned value = 0;

        for (size_t i = bit; i < bit + 6; i++) {
            unsigned one = i < len * 8 ? ((unsigned)in[i / 8] >> (7 - i % 8)) & 1u : 0u;
            value = value << 1 | one;
        }
        out[wrote++] = (uint8_t)alphabet[value];
    }
    while (wrote % 4 != 0) {
        out[wrote++] = '=';
    }
    return wrote;
}

/* A text is canonical where it is what the encoder makes of what a careless decoder makes of it. */
static int reference_decode(const uint8_t *text, size_t len, uint8_t *out, size_t *out_len)
{
    static uint8_t again[ROOM];
    size_t bits = 0;

    memset(out, 0, len + 1);
    for (size_t i = 0; i < len; i++) {
        const char *at = text[i] == 0 ? NULL : strchr(alphabet, text[i]);

        for (unsigned bit = 0; at != NULL && bit < 6; bit++, bits++) {
            unsigned one = ((unsigned)(at - alphabet) >> (5 - bit)) & 1u;
            out[bits / 8] = (uint8_t)(out[bits / 8] | one << (7 - bits % 8));
        }
    }
    *out_len = bits / 8;
    return reference_encode(out, *out_len, again) == len && memcmp(again, text, len) == 0;
}

typedef int32_t stream_call(epop_base64 *state, const void *data, size_t len, size_t *used, void *dst, size_t cap,
                            size_t *wrote);

/* One piece through output spaces of `space` octets and, in between, of fewer than any group needs. Returns EPOP_OK or
 * the error. */
static int32_t run_piece(stream_call *call, epop_base64 *state, const uint8_t *in, size_t len, size_t space,
                         uint8_t *out, size_t *out_len)
{
    const uint8_t *data = guard_put(&input_guard, in, len);
    size_t starved = len;
    int32_t result;

    do {
        size_t room = starved++ % 4 < 2 ? starved % 3 : space;
        uint8_t *dst = guard_tail(&output_guard, room);
        size_t used = 99999;
        size_t wrote = 99999;

        dst[-1] = 0xA5;
        result = call(state, data, len, &used, dst, room, &wrote);
        assert_int_equal(dst[-1], 0xA5);
        if (result < 0) {
            return result;
        }
        assert_true(used <= len && wrote <= room);
        memcpy(out + *out_len, dst, wrote);
        *out_len += wrote;
        data += used;
        len -= used;
        if (result == EPOP_OK) {
            assert_int_equal(len, 0);
        } else {
            assert_int_equal(result, EPOP_FULL);
            assert_true(used > 0 || wrote > 0 || room < space);
        }
    } while (result == EPOP_FULL);
    return EPOP_OK;
}

static int32_t run_pieces(stream_call *call, epop_base64 *state, const uint8_t *in, size_t len, size_t first,
                          size_t step, size_t space, uint8_t *out, size_t *out_len)
{
    size_t pos = 0;
    size_t piece = first;
    int32_t result = EPOP_OK;

    do {
        if (piece > len - pos) {
            piece = len - pos;
        }
        result = run_piece(call, state, in + pos, piece, space, out, out_len);
        pos += piece;
        piece = step;
    } while (result == EPOP_OK && pos < len);
    return result;
}

/* The last group: 0 or 4 octets, all or nothing. */
static void run_end(epop_base64 *state, uint8_t *out, size_t *out_len)
{
    epop_base64 probe = *state;
    size_t needed = 99;
    size_t wrote = 99;

    assert_int_equal(epop_base64_encode_end(&probe, guard_tail(&output_guard, 4), 4, &needed), EPOP_OK);
    assert_true(needed == 0 || needed == 4);
    for (size_t space = 0; space < needed; space++) {
        uint8_t *dst = guard_tail(&output_guard, space);

        memset(dst, 0xA5, space);
        assert_int_equal(epop_base64_encode_end(state, dst, space, &wrote), EPOP_ERR_SPACE);
        for (size_t i = 0; i < space; i++) {
            assert_int_equal(dst[i], 0xA5);
        }
    }
    assert_int_equal(epop_base64_encode_end(state, guard_tail(&output_guard, needed), needed, &wrote), EPOP_OK);
    assert_int_equal(wrote, needed);
    memcpy(out + *out_len, guard_tail(&output_guard, needed), needed);
    *out_len += needed;
}

/* Twice over: the end makes the state ready for the next text. */
static void check_encode(const uint8_t *in, size_t len, size_t first, size_t step, size_t space)
{
    static uint8_t want[ROOM];
    static uint8_t got[ROOM];
    size_t want_len = reference_encode(in, len, want);
    epop_base64 state;

    memset(&state, 0xEE, sizeof state);
    assert_int_equal(epop_base64_init(&state), EPOP_OK);
    for (unsigned again = 0; again < 2; again++) {
        size_t got_len = 0;

        assert_int_equal(run_pieces(epop_base64_encode, &state, in, len, first, step, space, got, &got_len), EPOP_OK);
        run_end(&state, got, &got_len);
        octets_same(got, got_len, want, want_len, in, len);
    }
}

static void check_decode(const uint8_t *text, size_t len, size_t first, size_t step, size_t space)
{
    static uint8_t want[ROOM];
    static uint8_t got[ROOM];
    size_t want_len = 0;
    size_t got_len = 0;
    int canonical = reference_decode(text, len, want, &want_len);
    epop_base64 state;
    int32_t result;

    memset(&state, 0xEE, sizeof state);
    assert_int_equal(epop_base64_init(&state), EPOP_OK);
    result = run_pieces(epop_base64_decode, &state, text, len, first, step, space, got, &got_len);
    if (result == EPOP_OK) {
        result = epop_base64_decode_end(&state);
    }
    if (result != (canonical ? EPOP_OK : EPOP_ERR_BASE64)) {
        octets_fail(canonical ? "refused though canonical" : "taken though not canonical", text, len);
    }
    if (!canonical) {
        return;
    }
    octets_same(got, got_len, want, want_len, text, len);
    /* Ready for the next text. */
    got_len = 0;
    assert_int_equal(run_pieces(epop_base64_decode, &state, text, len, first, step, space, got, &got_len), EPOP_OK);
    assert_int_equal(epop_base64_decode_end(&state), EPOP_OK);
    octets_same(got, got_len, want, want_len, text, len);
}

static void check_both(const uint8_t *in, size_t len)
{
    static uint8_t text[ROOM];
    size_t text_len = reference_encode(in, len, text);

    for (size_t cut = 0; cut <= len; cut++) {
        for (size_t space = 4; space < 10; space++) {
            check_encode(in, len, cut, len + 1, space);
        }
        check_encode(in, len, cut, 1, text_len + 4);
    }
    for (size_t cut = 0; cut <= text_len; cut++) {
        for (size_t space = 3; space < 8; space++) {
            check_decode(text, text_len, cut, text_len + 1, space);
        }
        check_decode(text, text_len, cut, 1, text_len + 3);
    }
    for (size_t step = 1; step <= text_len; step++) {
        check_encode(in, len, step, step, 4);
        check_decode(text, text_len, step, step, 3);
    }
}

static void check_vector(const char *plain, const char *text)
{
    uint8_t made[200];
    size_t made_len = reference_encode((const uint8_t *)plain, strlen(plain), made);

    octets_same(made, made_len, text, strlen(text), plain, strlen(plain));
    check_both((const uint8_t *)plain, strlen(plain));
}

/* RFC 4648 section 10; RFC 2195 section 2 and others, as computed by another implementation. */
static void test_vectors(void **state)
{
    static const uint8_t plain_sasl[] = "\0tim\0tanstaaftanstaaf";
    static const char plain_text[] = "AHRpbQB0YW5zdGFhZnRhbnN0YWFm";
    uint8_t made[64];
    size_t made_len;

    (void)state;
    check_vector("", "");
    check_vector("f", "Zg==");
    check_vector("fo", "Zm8=");
    check_vector("foo", "Zm9v");
    check_vector("foob", "Zm9vYg==");
    check_vector("fooba", "Zm9vYmE=");
    check_vector("foobar", "Zm9vYmFy");
    check_vector("<1896.697170952@postoffice.reston.mci.net>",
                 "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+");
    check_vector("tim b913a602c7eda7a495b4e6e7334d3890", "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw");
    check_vector("Username:", "VXNlcm5hbWU6");
    check_vector("Password:", "UGFzc3dvcmQ6");
    check_vector("\001", "AQ==");
    made_len = reference_encode(plain_sasl, sizeof plain_sasl - 1, made);
    octets_same(made, made_len, plain_text, strlen(plain_text), plain_text, strlen(plain_text));
    check_both(plain_sasl, sizeof plain_sasl - 1);
}

static void test_every_two_octets(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 65536; i++) {
        uint8_t in[3] = {(uint8_t)(i >> 8), (uint8_t)i, (uint8_t)(i * 37 + 11)};
        uint8_t text[4];

        check_encode(in, 1 + i % 3, i % 2, 3, 4 + i % 3);
        check_decode(text, reference_encode(in, 1 + i % 3, text), i % 5, 4, 3 + i % 3);
    }
}

/* Everything that is nearly base64, up to eight octets: of the alphabet A and B (whose low bits are zero, and not) and
 * the slash (whose bits are all ones), padding, and octets from outside. */
static void test_every_word(void **state)
{
    static const char letters[] = "AB/= -";
    uint8_t text[8];

    (void)state;
    for (size_t len = 0; len <= 5; len++) {
        uint32_t words = octets_words(6, len);

        for (uint32_t i = 0; i < words; i++) {
            octets_word(text, len, letters, 6, i);
            for (size_t cut = 0; cut <= len; cut++) {
                check_decode(text, len, cut, len + 1, 3 + i % 4);
            }
            check_decode(text, len, 1, 1, 3);
        }
    }
    for (uint32_t i = 0; i < octets_words(4, 8); i++) {
        octets_word(text, 8, letters, 4, i);
        check_decode(text, 8, i % 9, 8, 3 + i % 4);
    }
}

static void test_every_octet_at_every_place(void **state)
{
    static const char *const texts[] = {"Zm9vYmFy", "Zm9vYmE=", "Zm9vYg==", "////", "+/+/"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t len = strlen(texts[i]);
        uint8_t text[8];

        for (size_t at = 0; at < len; at++) {
            memcpy(text, texts[i], len);
            for (unsigned octet = 0; octet < 256; octet++) {
                text[at] = (uint8_t)octet;
                check_decode(text, len, at, len, 3);
                check_decode(text, len, len, len, 7);
                check_decode(text, len, 1, 1, 6);
            }
        }
        for (size_t prefix = 0; prefix <= len; prefix++) {
            check_decode((const uint8_t *)texts[i], prefix, prefix / 2, len, 3);
        }
    }
}

static void test_refusals(void **state)
{
    static const char *const texts[] = {
        "Z",        "Zg",       "Zg=",      "Zm8",   "Zh==",  "Zm9=",     "Zg===",     "====",       "=",
        "Zg==Zg==", "Zg==A",    "Zm8=\r\n", "Zm9v ", " Zm9v", "Zm\r\n9v", "Zm9v\n",    "Zm9_",       "Zm9-",
        "Zm9v=",    "Zm9v====", "Z===",     "Zg=a",  "Z=g=",  "*",        "Zm9vYmFy.", "\303\244==", "Zm9\t",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t len = strlen(texts[i]);
        epop_base64 base64;
        uint8_t out[32];
        size_t used;
        size_t wrote;
        int32_t result;

        assert_int_equal(epop_base64_init(&base64), EPOP_OK);
        result = epop_base64_decode(&base64, texts[i], len, &used, out, sizeof out, &wrote);
        if (result == EPOP_OK) {
            result = epop_base64_decode_end(&base64);
        }
        if (result != EPOP_ERR_BASE64) {
            octets_fail("not refused", texts[i], len);
        }
        check_decode((const uint8_t *)texts[i], len, len / 2, 1, 3);
    }
}

static void test_long_text(void **state)
{
    static uint8_t in[1000];
    static uint8_t text[ROOM];
    static const size_t steps[] = {1, 2, 3, 4, 5, 63, 64, 65, 1000, 2000};
    static const size_t spaces[] = {4, 5, 6, 7, 8, 63, 64, 65, 2000};
    uint32_t seed = 0x4648;

    (void)state;
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (uint8_t)octets_random(&seed);
    }
    for (size_t len = 990; len <= sizeof in; len++) {
        size_t text_len = reference_encode(in, len, text);

        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            for (size_t j = 0; j < sizeof spaces / sizeof spaces[0]; j++) {
                check_encode(in, len, octets_random(&seed) % 20, steps[i], spaces[j]);
                check_decode(text, text_len, octets_random(&seed) % 20, steps[i], spaces[j]);
            }
        }
    }
}

/* Where a group is whole and there is no room for it, nothing is written and nothing lost. */
static void test_too_little_space(void **state)
{
    epop_base64 base64;
    uint8_t *dst;
    size_t used;
    size_t wrote;

    (void)state;
    for (size_t space = 0; space < 4; space++) {
        dst = guard_tail(&output_guard, space);
        assert_int_equal(epop_base64_init(&base64), EPOP_OK);
        assert_int_equal(epop_base64_encode(&base64, "foo", 3, &used, dst, space, &wrote), EPOP_FULL);
        assert_int_equal(wrote, 0);
        assert_true(used <= 3);
        dst = guard_tail(&output_guard, 4);
        assert_int_equal(epop_base64_encode(&base64, &"foo"[used], 3 - used, &used, dst, 4, &wrote), EPOP_OK);
        octets_same(dst, wrote, TEXT("Zm9v"), "foo", 3);
    }
    for (size_t space = 0; space < 3; space++) {
        dst = guard_tail(&output_guard, space);
        assert_int_equal(epop_base64_init(&base64), EPOP_OK);
        assert_int_equal(epop_base64_decode(&base64, "Zm9v", 4, &used, dst, space, &wrote), EPOP_FULL);
        assert_int_equal(wrote, 0);
        assert_true(used <= 4);
        dst = guard_tail(&output_guard, 3);
        assert_int_equal(epop_base64_decode(&base64, &"Zm9v"[used], 4 - used, &used, dst, 3, &wrote), EPOP_OK);
        octets_same(dst, wrote, TEXT("foo"), "Zm9v", 4);
        assert_int_equal(epop_base64_decode_end(&base64), EPOP_OK);
    }
}

static void test_end_inside_a_group(void **state)
{
    epop_base64 base64;
    uint8_t out[8];
    size_t used;
    size_t wrote;

    (void)state;
    assert_int_equal(epop_base64_init(&base64), EPOP_OK);
    assert_int_equal(epop_base64_decode_end(&base64), EPOP_OK);
    for (size_t len = 1; len < 4; len++) {
        assert_int_equal(epop_base64_decode(&base64, "Zm9v", len, &used, out, 8, &wrote), EPOP_OK);
        assert_int_equal(epop_base64_decode_end(&base64), EPOP_ERR_BASE64);
        /* "Ready for the next text then." */
        assert_int_equal(epop_base64_decode(&base64, "Zm9v", 4, &used, out, 8, &wrote), EPOP_OK);
        octets_same(out, wrote, TEXT("foo"), "Zm9v", 4);
        assert_int_equal(epop_base64_decode_end(&base64), EPOP_OK);
    }
}

static void test_null(void **state)
{
    epop_base64 base64;
    uint8_t out[8];
    size_t used;
    size_t wrote;
    static stream_call *const calls[] = {epop_base64_encode, epop_base64_decode};

    (void)state;
    assert_int_equal(epop_base64_init(NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_base64_init(&base64), EPOP_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(calls[i](NULL, "AAAA", 4, &used, out, 8, &wrote), EPOP_ERR_NULL);
        assert_int_equal(calls[i](&base64, NULL, 4, &used, out, 8, &wrote), EPOP_ERR_NULL);
        assert_int_equal(calls[i](&base64, "AAAA", 4, NULL, out, 8, &wrote), EPOP_ERR_NULL);
        assert_int_equal(calls[i](&base64, "AAAA", 4, &used, NULL, 8, &wrote), EPOP_ERR_NULL);
        assert_int_equal(calls[i](&base64, "AAAA", 4, &used, out, 8, NULL), EPOP_ERR_NULL);
        assert_int_equal(calls[i](&base64, NULL, 0, &used, NULL, 0, &wrote), EPOP_OK);
    }
    assert_int_equal(epop_base64_encode_end(NULL, out, 8, &wrote), EPOP_ERR_NULL);
    assert_int_equal(epop_base64_encode_end(&base64, NULL, 8, &wrote), EPOP_ERR_NULL);
    assert_int_equal(epop_base64_encode_end(&base64, out, 8, NULL), EPOP_ERR_NULL);
    assert_int_equal(epop_base64_decode_end(NULL), EPOP_ERR_NULL);
    /* None of these moved it. */
    assert_int_equal(epop_base64_encode_end(&base64, out, 8, &wrote), EPOP_OK);
    assert_int_equal(wrote, 0);
    assert_int_equal(epop_base64_decode_end(&base64), EPOP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_every_two_octets),
        cmocka_unit_test(test_every_word),
        cmocka_unit_test(test_every_octet_at_every_place),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_too_little_space),
        cmocka_unit_test(test_end_inside_a_group),
        cmocka_unit_test(test_null),
    };

    return cmocka_run_group_tests_name("wire/base64", tests, open_guards, close_guards);
}
