/* Constant work per octet: a long input made of any short pattern is not searched again and again.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The library searches by memchr alone. This program brings its own, which counts the octets that are looked at.
 */
#include "octets.h"

#include <epop/wire.h>

enum {
    INPUT = 12000,
    PER_OCTET = 20 /* ample for a parser that looks for several octets; a search from each octet on would need 6000 */
};

static size_t looked_at;

void *memchr(const void *text, int octet, size_t len)
{
    const unsigned char *at = text;

    for (size_t i = 0; i < len; i++) {
        looked_at++;
        if (at[i] == (unsigned char)octet) {
            /* As the standard has it: what is found may be written to, though it came in as const. */
            return (void *)(uintptr_t)(at + i);
        }
    }
    return NULL;
}

typedef void work_call(const uint8_t *in, size_t len);

/* Behind every run over an input: what it cost. */
static void account(const uint8_t *in, size_t len)
{
    if (looked_at > (size_t)PER_OCTET * len) {
        octets_fail("searched again and again", in, 40);
    }
    looked_at = 0;
}

static void work_line(const uint8_t *in, size_t len)
{
    static uint8_t buffer[64];
    epop_line line;
    size_t used;

    for (uint32_t eol = EPOP_EOL_CRLF; eol <= EPOP_EOL_FIRST; eol++) {
        int32_t result = EPOP_OK;

        assert_int_equal(epop_line_init(&line, buffer, sizeof buffer, eol), EPOP_OK);
        for (size_t pos = 0; pos < len && result >= 0; pos += used) {
            epop_line_text out = {sizeof out, 0, {NULL, 0}};

            result = epop_line_feed(&line, in + pos, len - pos, &used, &out);
        }
        account(in, len);
    }
}

static void work_dot(const uint8_t *in, size_t len)
{
    epop_dot_decoder dot;
    epop_span slice;
    size_t used;

    for (uint32_t eol = EPOP_EOL_CRLF; eol <= EPOP_EOL_LF; eol++) {
        assert_int_equal(epop_dot_decoder_init(&dot, eol), EPOP_OK);
        for (size_t pos = 0; pos < len; pos += used) {
            assert_true(epop_dot_decode(&dot, in + pos, len - pos, &used, &slice) >= 0);
        }
        account(in, len);
    }
}

static void work_stuff_space(const uint8_t *in, size_t len, size_t space)
{
    static uint8_t out[3 * INPUT];
    epop_dot_encoder stuff;
    size_t used;
    size_t wrote;

    assert_int_equal(epop_dot_encoder_init(&stuff), EPOP_OK);
    for (size_t pos = 0; pos < len; pos += used) {
        assert_true(epop_dot_encode(&stuff, in + pos, len - pos, &used, out, space, &wrote) >= 0);
    }
    account(in, len);
}

static void work_stuff(const uint8_t *in, size_t len)
{
    work_stuff_space(in, len, 3 * INPUT);
    work_stuff_space(in, len, 64);
    work_stuff_space(in, len, 1);
}

static void work_size_and_top(const uint8_t *in, size_t len)
{
    epop_size size;
    epop_top top;
    size_t take;

    assert_int_equal(epop_size_init(&size), EPOP_OK);
    assert_int_equal(epop_size_add(&size, in, len), EPOP_OK);
    account(in, len);
    assert_int_equal(epop_top_init(&top, 0xFFFFFFFFu), EPOP_OK);
    assert_true(epop_top_take(&top, in, len, &take) >= 0);
    account(in, len);
}

static void work_words(const uint8_t *in, size_t len)
{
    epop_span word;
    size_t pos = 0;

    while (epop_word_next(in, len, &pos, &word) == EPOP_OK) {
    }
    assert_int_equal(pos, len);
    account(in, len);
}

/* Parsers of whole lines; the beginning is made good, so that they go on to the rest. */
static void work_parsers(const uint8_t *in, size_t len)
{
    static const char *const heads[] = {"PASS ", "AUTH ", "+OK [", "-ERR ", "EXPIRE ", "1 ", "pop://", "pop://a@", "<"};
    static uint8_t text[INPUT + 16];
    epop_span stamp;

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        epop_command command = {.struct_size = sizeof command};
        epop_reply reply = {.struct_size = sizeof reply};
        epop_capability capability = {.struct_size = sizeof capability};
        epop_listing listing = {.struct_size = sizeof listing};
        epop_url url = {.struct_size = sizeof url};
        size_t head = strlen(heads[i]);

        memcpy(text, heads[i], head);
        memcpy(text + head, in, len);
        (void)epop_command_parse(&command, text, head + len);
        account(text, head + len);
        (void)epop_reply_parse(&reply, text, head + len);
        account(text, head + len);
        (void)epop_capability_parse(&capability, text, head + len);
        account(text, head + len);
        (void)epop_stat_parse(&listing, text, head + len);
        account(text, head + len);
        (void)epop_uidl_parse(&listing, text, head + len);
        account(text, head + len);
        (void)epop_url_parse(&url, text, head + len);
        account(text, head + len);
        assert_int_equal(epop_greeting_stamp(&stamp, text, head + len), EPOP_OK);
        account(text, head + len);
        (void)epop_greeting_is_pop4(text, head + len);
        account(text, head + len);
    }
}

static void every_pattern(work_call *call, const char *letters)
{
    static uint8_t in[INPUT];
    size_t count = strlen(letters);

    for (size_t period = 1; period <= 3; period++) {
        for (uint32_t i = 0; i < octets_words(count, period); i++) {
            uint8_t pattern[3];

            octets_word(pattern, period, letters, count, i);
            for (size_t at = 0; at < INPUT; at++) {
                in[at] = pattern[at % period];
            }
            looked_at = 0;
            call(in, INPUT);
        }
    }
}

static void test_line(void **state)
{
    (void)state;
    every_pattern(work_line, "\r\n.x");
}

static void test_dot(void **state)
{
    (void)state;
    every_pattern(work_dot, "\r\n.x");
}

static void test_stuff(void **state)
{
    (void)state;
    every_pattern(work_stuff, "\r\n.x");
}

static void test_size_and_top(void **state)
{
    (void)state;
    every_pattern(work_size_and_top, "\r\n.x");
}

static void test_parsers(void **state)
{
    (void)state;
    every_pattern(work_words, " \tx");
    every_pattern(work_parsers, " <>@/x]");
    every_pattern(work_parsers, ";%:[1P");
}

/* The count is real: without it, nothing above could fail. */
static void test_the_count(void **state)
{
    uint8_t in[100];
    epop_dot_decoder dot;
    epop_span slice;
    size_t used;

    (void)state;
    memset(in, 'x', sizeof in);
    assert_int_equal(epop_dot_decoder_init(&dot, EPOP_EOL_CRLF), EPOP_OK);
    looked_at = 0;
    assert_int_equal(epop_dot_decode(&dot, in, sizeof in, &used, &slice), EPOP_OK);
    assert_in_range(looked_at, sizeof in, 2 * sizeof in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),         cmocka_unit_test(test_dot),     cmocka_unit_test(test_stuff),
        cmocka_unit_test(test_size_and_top), cmocka_unit_test(test_parsers), cmocka_unit_test(test_the_count),
    };

    return cmocka_run_group_tests_name("wire/work", tests, NULL, NULL);
}
