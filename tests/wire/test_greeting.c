/* The APOP stamp and the POP4 mark in a greeting.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "guard.h"
#include "octets.h"

#include <epop/wire.h>

static guard tail_guard;
static guard first_guard;

static int open_guards(void **state)
{
    (void)state;
    guard_open(&tail_guard, 1000);
    guard_open(&first_guard, 1000);
    return 0;
}

static int close_guards(void **state)
{
    (void)state;
    guard_close(&tail_guard);
    guard_close(&first_guard);
    return 0;
}

static int may_stand_inside(uint8_t octet)
{
    return octet >= 0x21 && octet <= 0x7E && octet != '<' && octet != '>';
}

/* The length of the msg-id that begins at text[0]: "one `@` with something on both sides, no space, nothing but visible
 * ASCII, no angle bracket inside". 0 where there is none. */
static size_t stamp_length(const uint8_t *text, size_t len)
{
    size_t signs = 0;
    size_t i = 1;

    if (len == 0 || text[0] != '<') {
        return 0;
    }
    while (i < len && may_stand_inside(text[i])) {
        signs += text[i++] == '@';
    }
    if (i == len || text[i] != '>' || signs != 1) {
        return 0;
    }
    return text[1] != '@' && text[i - 1] != '@' ? i + 1 : 0;
}

static void check_at(const uint8_t *text, size_t len)
{
    epop_span stamp = {text, 99};
    size_t want = 0;
    size_t at = 0;

    while (at < len && (want = stamp_length(text + at, len - at)) == 0) {
        at++;
    }
    assert_int_equal(epop_greeting_stamp(&stamp, text, len), EPOP_OK);
    if (stamp.len != want || (want > 0 && stamp.ptr != text + at)) {
        octets_fail("another stamp than the reference finds", text, len);
    }
}

static void check(const void *text, size_t len)
{
    check_at(guard_put(&tail_guard, text, len), len);
    check_at(guard_put_first(&first_guard, text, len), len);
}

static void test_every_word(void **state)
{
    uint8_t text[8];

    (void)state;
    for (size_t len = 0; len <= 7; len++) {
        for (uint32_t i = 0; i < octets_words(5, len); i++) {
            octets_word(text, len, "<>@a ", 5, i);
            check(text, len);
        }
    }
}

static const struct {
    const char *text;
    const char *stamp;
} greetings[] = {
    /* RFC 1939 section 7. */
    {"POP3 server ready <1896.697170952@dbc.mtview.ca.us>", "<1896.697170952@dbc.mtview.ca.us>"},
    /* Brackets with something else in them, as a well-known server sends. */
    {"E.Novation POP3 server ready <a.b.c>", ""},
    {"<1.2@host> first, and text behind", "<1.2@host>"},
    {"[XCLIENT] Dovecot ready. <1c9a.1.5f@mx>", "<1c9a.1.5f@mx>"},
    {"<no-stamp> then <1.2@host> then <3.4@host>", "<1.2@host>"},
    {"<<1.2@host>>", "<1.2@host>"},
    {"<a<b@c>", "<b@c>"},
    {"<a@b<c>", ""},
    {"<a@b@c> <d@e>", "<d@e>"},
    {"<@b> <a@> <@>", ""},
    {"<a b@c>", ""},
    {"<a@b", ""},
    {"a@b>", ""},
    {"> <a@b>", "<a@b>"},
    {"<>", ""},
    {"<\303\244@b>", ""},
    {"<a@b\t>", ""},
    {"<a@b\177>", ""},
    {"", ""},
};

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
        size_t len = strlen(greetings[i].text);
        epop_span stamp = {NULL, 99};

        assert_int_equal(epop_greeting_stamp(&stamp, greetings[i].text, len), EPOP_OK);
        octets_span(stamp, greetings[i].stamp);
        octets_within(stamp, greetings[i].text, len);
        for (size_t prefix = 0; prefix <= len; prefix++) {
            check(greetings[i].text, prefix);
        }
    }
}

static void test_mutations(void **state)
{
    uint8_t text[100];

    (void)state;
    for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
        size_t len = strlen(greetings[i].text);

        for (size_t at = 0; at < len; at++) {
            memcpy(text, greetings[i].text, len);
            for (unsigned octet = 0; octet < 256; octet++) {
                text[at] = (uint8_t)octet;
                check(text, len);
            }
        }
    }
}

static uint32_t is_pop4(const char *text, size_t len)
{
    uint32_t found = epop_greeting_is_pop4(guard_put(&tail_guard, text, len), len);

    assert_int_equal(epop_greeting_is_pop4(guard_put_first(&first_guard, text, len), len), found);
    return found;
}

static void test_pop4(void **state)
{
    static const char text[] = "mail.example POP4 rev 1 ready";

    (void)state;
    assert_int_equal(is_pop4(TEXT("POP4 rev")), 1);
    assert_int_equal(is_pop4(TEXT("POP4 revision 2")), 1);
    assert_int_equal(is_pop4(TEXT("POP4POP4 rev")), 1);
    assert_int_equal(is_pop4(TEXT("POP4 POP4 re POP4 rev")), 1);
    assert_int_equal(is_pop4(TEXT("")), 0);
    assert_int_equal(is_pop4(TEXT("POP3 server ready")), 0);
    assert_int_equal(is_pop4(TEXT("POP4 re")), 0);
    assert_int_equal(is_pop4(TEXT("POP4  rev")), 0);
    assert_int_equal(is_pop4(TEXT("POP4 reV")), 0);
    assert_int_equal(is_pop4(TEXT("OP4 rev")), 0);
    assert_int_equal(is_pop4(TEXT("BOP4 rev")), 0);
    assert_int_equal(is_pop4(TEXT("POP4 rew")), 0);
    assert_int_equal(is_pop4(TEXT("POP4\0rev")), 0);
    for (size_t len = 0; len <= sizeof text - 1; len++) {
        assert_int_equal(is_pop4(text, len), len >= strlen("mail.example POP4 rev"));
    }
    assert_int_equal(epop_greeting_is_pop4(NULL, 0), 0);
    assert_int_equal(epop_greeting_is_pop4(NULL, 8), 0);
}

static void test_null(void **state)
{
    epop_span stamp = {NULL, 99};

    (void)state;
    assert_int_equal(epop_greeting_stamp(NULL, "<a@b>", 5), EPOP_ERR_NULL);
    assert_int_equal(epop_greeting_stamp(&stamp, NULL, 1), EPOP_ERR_NULL);
    assert_int_equal(epop_greeting_stamp(&stamp, NULL, 0), EPOP_OK);
    assert_int_equal(stamp.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_word), cmocka_unit_test(test_examples), cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_pop4),       cmocka_unit_test(test_null),
    };

    return cmocka_run_group_tests_name("wire/greeting", tests, open_guards, close_guards);
}
