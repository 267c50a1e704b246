/* Lines of CAPA as real servers print them, against a slow reference, and the walk over words.
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

static const struct {
    uint32_t id;
    const char *name;
} tags[] = {
    {EPOP_CAPA_TOP, "TOP"},                       /* RFC 2449 section 6.1 */
    {EPOP_CAPA_USER, "USER"},                     /* 6.2 */
    {EPOP_CAPA_SASL, "SASL"},                     /* 6.3 */
    {EPOP_CAPA_RESP_CODES, "RESP-CODES"},         /* 6.4 */
    {EPOP_CAPA_LOGIN_DELAY, "LOGIN-DELAY"},       /* 6.5 */
    {EPOP_CAPA_PIPELINING, "PIPELINING"},         /* 6.6 */
    {EPOP_CAPA_EXPIRE, "EXPIRE"},                 /* 6.7 */
    {EPOP_CAPA_UIDL, "UIDL"},                     /* 6.8 */
    {EPOP_CAPA_IMPLEMENTATION, "IMPLEMENTATION"}, /* 6.9 */
    {EPOP_CAPA_STLS, "STLS"},                     /* RFC 2595 section 4 */
    {EPOP_CAPA_AUTH_RESP_CODE, "AUTH-RESP-CODE"}, /* RFC 3206 section 6 */
    {EPOP_CAPA_UTF8, "UTF8"},                     /* RFC 6856 section 2 */
    {EPOP_CAPA_LANG, "LANG"},                     /* RFC 6856 section 3 */
};

#define TAGS (sizeof tags / sizeof tags[0])

/* ---- The reference ---------------------------------------------------------------------------------------------- */

static int is_blank(uint8_t octet)
{
    return octet == ' ' || octet == '\t';
}

static int same_word(epop_span word, const char *name)
{
    if (word.len != strlen(name)) {
        return 0;
    }
    for (size_t i = 0; i < word.len; i++) {
        uint8_t octet = word.ptr[i];

        if (octet >= 'a' && octet <= 'z') {
            octet = (uint8_t)(octet - 'a' + 'A');
        }
        if (octet != (uint8_t)name[i]) {
            return 0;
        }
    }
    return 1;
}

/* All words of a text; returns how many. */
static size_t split(const uint8_t *text, size_t len, epop_span *words, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++) {
        if (is_blank(text[i])) {
            continue;
        }
        if (i == 0 || is_blank(text[i - 1])) {
            assert_true(count < max);
            words[count].ptr = text + i;
            words[count++].len = 0;
        }
        words[count - 1].len++;
    }
    return count;
}

/* Digits only, and below the two values that mean something else. */
static uint32_t judge_value(epop_span word)
{
    uint64_t value = 0;

    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] < '0' || word.ptr[i] > '9') {
            return EPOP_UNSET;
        }
        value = value * 10 + word.ptr[i] - '0';
        value = value > EPOP_EXPIRE_NEVER ? EPOP_UNSET : value;
    }
    return value >= EPOP_EXPIRE_NEVER ? EPOP_UNSET : (uint32_t)value;
}

static void judge_params(epop_capability *want, const epop_span *words, size_t count)
{
    if (count > 0) {
        want->params.ptr = words[0].ptr;
        want->params.len = (size_t)(words[count - 1].ptr + words[count - 1].len - words[0].ptr);
        if (want->id == EPOP_CAPA_EXPIRE || want->id == EPOP_CAPA_LOGIN_DELAY) {
            want->value = judge_value(words[0]);
        }
        if (want->id == EPOP_CAPA_EXPIRE && same_word(words[0], "NEVER")) {
            want->value = EPOP_EXPIRE_NEVER;
        }
    }
    for (size_t i = 0; i < count; i++) {
        want->user |= same_word(words[i], "USER") ? 1u : 0u;
    }
}

static int32_t judge(epop_capability *want, const uint8_t *text, size_t len)
{
    epop_span words[64];
    size_t count;

    memset(want, 0, sizeof *want);
    memset(words, 0, sizeof words);
    count = split(text, len, words, 64);
    want->value = EPOP_UNSET;
    if (count == 0) {
        return EPOP_ERR_SYNTAX;
    }
    want->tag = words[0];
    for (size_t i = 0; i < TAGS; i++) {
        want->id |= same_word(words[0], tags[i].name) ? tags[i].id : 0;
    }
    judge_params(want, words + 1, count - 1);
    return EPOP_OK;
}

static void check_at(const uint8_t *text, size_t len)
{
    epop_capability want;
    epop_capability got;
    int32_t result = judge(&want, text, len);

    memset(&got, 0xEE, sizeof got);
    got.struct_size = sizeof got;
    if (epop_capability_parse(&got, text, len) != result) {
        octets_fail("another result than the reference has", text, len);
    }
    assert_int_equal(got.struct_size, sizeof got);
    if (result == EPOP_OK && (got.id != want.id || got.value != want.value || got.user != want.user ||
                              !octets_same_place(got.tag, want.tag) || !octets_same_place(got.params, want.params))) {
        octets_fail("parsed otherwise than the reference does", text, len);
    }
}

static void check_words_at(const uint8_t *text, size_t len)
{
    epop_span want[64];
    size_t count = split(text, len, want, 64);
    size_t pos = 0;
    epop_span word = {text, 99};

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(epop_word_next(text, len, &pos, &word), EPOP_OK);
        assert_true(pos <= len);
        if (word.ptr != want[i].ptr || word.len != want[i].len) {
            octets_fail("another word than the reference has", text, len);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(epop_word_next(text, len, &pos, &word), EPOP_END);
        assert_true(pos <= len);
    }
}

static void check(const void *text, size_t len)
{
    check_at(guard_put(&tail_guard, text, len), len);
    check_at(guard_put_first(&first_guard, text, len), len);
    check_words_at(guard_put(&tail_guard, text, len), len);
    check_words_at(guard_put_first(&first_guard, text, len), len);
}

/* ---- Lines of real servers -------------------------------------------------------------------------------------- */

static const struct {
    const char *line;
    uint32_t id;
    const char *tag;
    const char *params;
    uint32_t value;
    uint32_t user;
} lines[] = {
    /* RFC 2449 section 5. */
    {"TOP", EPOP_CAPA_TOP, "TOP", "", EPOP_UNSET, 0},
    {"SASL CRAM-MD5 KERBEROS_V4", EPOP_CAPA_SASL, "SASL", "CRAM-MD5 KERBEROS_V4", EPOP_UNSET, 0},
    {"RESP-CODES", EPOP_CAPA_RESP_CODES, "RESP-CODES", "", EPOP_UNSET, 0},
    {"LOGIN-DELAY 900", EPOP_CAPA_LOGIN_DELAY, "LOGIN-DELAY", "900", 900, 0},
    {"PIPELINING", EPOP_CAPA_PIPELINING, "PIPELINING", "", EPOP_UNSET, 0},
    {"EXPIRE 60", EPOP_CAPA_EXPIRE, "EXPIRE", "60", 60, 0},
    {"IMPLEMENTATION Shlemazle-Plotz-v302", EPOP_CAPA_IMPLEMENTATION, "IMPLEMENTATION", "Shlemazle-Plotz-v302",
     EPOP_UNSET, 0},
    {"EXPIRE 5 USER", EPOP_CAPA_EXPIRE, "EXPIRE", "5 USER", 5, 1},
    {"LOGIN-DELAY 120 USER", EPOP_CAPA_LOGIN_DELAY, "LOGIN-DELAY", "120 USER", 120, 1},
    /* Gmail. */
    {"USER", EPOP_CAPA_USER, "USER", "", EPOP_UNSET, 0},
    {"EXPIRE 0", EPOP_CAPA_EXPIRE, "EXPIRE", "0", 0, 0},
    {"LOGIN-DELAY 300", EPOP_CAPA_LOGIN_DELAY, "LOGIN-DELAY", "300", 300, 0},
    {"UIDL", EPOP_CAPA_UIDL, "UIDL", "", EPOP_UNSET, 0},
    {"X-GOOGLE-RICO", 0, "X-GOOGLE-RICO", "", EPOP_UNSET, 0},
    {"SASL PLAIN XOAUTH2 OAUTHBEARER", EPOP_CAPA_SASL, "SASL", "PLAIN XOAUTH2 OAUTHBEARER", EPOP_UNSET, 0},
    /* Exchange. */
    {"SASL NTLM GSSAPI PLAIN LOGIN", EPOP_CAPA_SASL, "SASL", "NTLM GSSAPI PLAIN LOGIN", EPOP_UNSET, 0},
    {"EXPIRE NEVER", EPOP_CAPA_EXPIRE, "EXPIRE", "NEVER", EPOP_EXPIRE_NEVER, 0},
    {"STLS", EPOP_CAPA_STLS, "STLS", "", EPOP_UNSET, 0},
    /* Dovecot, Zimbra, o2.pl, hMailServer. */
    {"CAPA", 0, "CAPA", "", EPOP_UNSET, 0},
    {"AUTH-RESP-CODE", EPOP_CAPA_AUTH_RESP_CODE, "AUTH-RESP-CODE", "", EPOP_UNSET, 0},
    {"SASL", EPOP_CAPA_SASL, "SASL", "", EPOP_UNSET, 0},
    {"XOIP", 0, "XOIP", "", EPOP_UNSET, 0},
    {"SASL PLAIN X-ZIMBRA", EPOP_CAPA_SASL, "SASL", "PLAIN X-ZIMBRA", EPOP_UNSET, 0},
    {"EXPIRE 31 USER", EPOP_CAPA_EXPIRE, "EXPIRE", "31 USER", 31, 1},
    {"LAST", 0, "LAST", "", EPOP_UNSET, 0},
    /* Courier. */
    {"LOGIN-DELAY 10", EPOP_CAPA_LOGIN_DELAY, "LOGIN-DELAY", "10", 10, 0},
    {"UTF8 USER", EPOP_CAPA_UTF8, "UTF8", "USER", EPOP_UNSET, 1},
    {"LANG", EPOP_CAPA_LANG, "LANG", "", EPOP_UNSET, 0},
    /* Wrong letter case is met. */
    {"top", EPOP_CAPA_TOP, "top", "", EPOP_UNSET, 0},
    {"Login-Delay 10 user", EPOP_CAPA_LOGIN_DELAY, "Login-Delay", "10 user", 10, 1},
    {"expire never", EPOP_CAPA_EXPIRE, "expire", "never", EPOP_EXPIRE_NEVER, 0},
    /* Blanks where none are due. */
    {"SASL  PLAIN \t LOGIN  ", EPOP_CAPA_SASL, "SASL", "PLAIN \t LOGIN", EPOP_UNSET, 0},
    {"SASL ", EPOP_CAPA_SASL, "SASL", "", EPOP_UNSET, 0},
    {"IMPLEMENTATION  \303\204 server ", EPOP_CAPA_IMPLEMENTATION, "IMPLEMENTATION", "\303\204 server", EPOP_UNSET, 0},
    /* Nearly a tag. */
    {"TOPS", 0, "TOPS", "", EPOP_UNSET, 0},
    {"TO", 0, "TO", "", EPOP_UNSET, 0},
    {"RESP_CODES", 0, "RESP_CODES", "", EPOP_UNSET, 0},
    {"AUTH-RESP-CODES", 0, "AUTH-RESP-CODES", "", EPOP_UNSET, 0},
    {"EXPIRE=5", 0, "EXPIRE=5", "", EPOP_UNSET, 0},
    /* Values that are no numbers, or no values. */
    {"EXPIRE", EPOP_CAPA_EXPIRE, "EXPIRE", "", EPOP_UNSET, 0},
    {"EXPIRE USER", EPOP_CAPA_EXPIRE, "EXPIRE", "USER", EPOP_UNSET, 1},
    {"EXPIRE soon", EPOP_CAPA_EXPIRE, "EXPIRE", "soon", EPOP_UNSET, 0},
    {"EXPIRE 5d", EPOP_CAPA_EXPIRE, "EXPIRE", "5d", EPOP_UNSET, 0},
    {"EXPIRE -1", EPOP_CAPA_EXPIRE, "EXPIRE", "-1", EPOP_UNSET, 0},
    {"EXPIRE +1", EPOP_CAPA_EXPIRE, "EXPIRE", "+1", EPOP_UNSET, 0},
    {"EXPIRE 0x1F", EPOP_CAPA_EXPIRE, "EXPIRE", "0x1F", EPOP_UNSET, 0},
    {"EXPIRE 007", EPOP_CAPA_EXPIRE, "EXPIRE", "007", 7, 0},
    {"EXPIRE NEVERMORE", EPOP_CAPA_EXPIRE, "EXPIRE", "NEVERMORE", EPOP_UNSET, 0},
    {"LOGIN-DELAY NEVER", EPOP_CAPA_LOGIN_DELAY, "LOGIN-DELAY", "NEVER", EPOP_UNSET, 0},
    {"LOGIN-DELAY", EPOP_CAPA_LOGIN_DELAY, "LOGIN-DELAY", "", EPOP_UNSET, 0},
    {"TOP 5", EPOP_CAPA_TOP, "TOP", "5", EPOP_UNSET, 0},
    {"X-EXPIRE 5 USERS", 0, "X-EXPIRE", "5 USERS", EPOP_UNSET, 0},
    {"EXPIRE 4294967293", EPOP_CAPA_EXPIRE, "EXPIRE", "4294967293", 4294967293u, 0},
    /* These two would mean something else. */
    {"EXPIRE 4294967294", EPOP_CAPA_EXPIRE, "EXPIRE", "4294967294", EPOP_UNSET, 0},
    {"EXPIRE 4294967295", EPOP_CAPA_EXPIRE, "EXPIRE", "4294967295", EPOP_UNSET, 0},
    {"EXPIRE 4294967296", EPOP_CAPA_EXPIRE, "EXPIRE", "4294967296", EPOP_UNSET, 0},
    {"LOGIN-DELAY 18446744073709551615", EPOP_CAPA_LOGIN_DELAY, "LOGIN-DELAY", "18446744073709551615", EPOP_UNSET, 0},
    {"LOGIN-DELAY 18446744073709551617", EPOP_CAPA_LOGIN_DELAY, "LOGIN-DELAY", "18446744073709551617", EPOP_UNSET, 0},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        epop_capability got;
        size_t len = strlen(lines[i].line);

        memset(&got, 0xEE, sizeof got);
        got.struct_size = sizeof got;
        assert_int_equal(epop_capability_parse(&got, lines[i].line, len), EPOP_OK);
        if (got.id != lines[i].id || got.value != lines[i].value || got.user != lines[i].user) {
            octets_fail("another value than the line has", lines[i].line, len);
        }
        octets_span(got.tag, lines[i].tag);
        octets_span(got.params, lines[i].params);
        octets_within(got.tag, lines[i].line, len);
        octets_within(got.params, lines[i].line, len);
        for (size_t prefix = 0; prefix <= len; prefix++) {
            check(lines[i].line, prefix);
        }
    }
}

static void test_mutations(void **state)
{
    uint8_t text[100];

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        size_t len = strlen(lines[i].line);

        for (size_t at = 0; at <= len; at++) {
            for (unsigned octet = 0; octet < 256; octet++) {
                memcpy(text, lines[i].line, len);
                text[at] = (uint8_t)octet;
                check(text, at < len ? len : len + 1);
                memcpy(text + at + 1, lines[i].line + at, len - at);
                check(text, len + 1);
            }
        }
    }
}

static void test_empty(void **state)
{
    epop_capability got = {.struct_size = sizeof got};

    (void)state;
    assert_int_equal(epop_capability_parse(&got, "", 0), EPOP_ERR_SYNTAX);
    check("", 0);
    check(" ", 1);
    check("\t  ", 3);
}

static void test_names(void **state)
{
    uint32_t all = 0;

    (void)state;
    for (size_t i = 0; i < TAGS; i++) {
        epop_capability got = {.struct_size = sizeof got};

        assert_string_equal(epop_capability_name(tags[i].id), tags[i].name);
        assert_int_equal(epop_capability_parse(&got, tags[i].name, strlen(tags[i].name)), EPOP_OK);
        assert_int_equal(got.id, tags[i].id);
        all |= tags[i].id;
    }
    assert_int_equal(all, 0x1FFF);
    for (uint32_t bit = 0x2000; bit != 0; bit <<= 1) {
        assert_string_equal(epop_capability_name(bit), "");
    }
    for (uint32_t set = 0; set < 0x4000; set++) {
        if ((set & (set - 1)) != 0) { /* "anything but one known bit" */
            assert_string_equal(epop_capability_name(set), "");
        }
    }
    assert_string_equal(epop_capability_name(0), "");
    assert_string_equal(epop_capability_name(0xFFFFFFFFu), "");
}

static void test_every_word_list(void **state)
{
    uint8_t text[8];

    (void)state;
    for (size_t len = 0; len <= 7; len++) {
        for (uint32_t i = 0; i < octets_words(4, len); i++) {
            octets_word(text, len, " \ta.", 4, i);
            check(text, len);
        }
    }
}

static void test_words(void **state)
{
    static const char text[] = "PLAIN  SCRAM-SHA-256\tX ";
    size_t pos = 0;
    epop_span word;

    (void)state;
    assert_int_equal(epop_word_next(TEXT(text), &pos, &word), EPOP_OK);
    octets_span(word, "PLAIN");
    assert_int_equal(epop_word_next(TEXT(text), &pos, &word), EPOP_OK);
    octets_span(word, "SCRAM-SHA-256");
    assert_int_equal(epop_word_next(TEXT(text), &pos, &word), EPOP_OK);
    octets_span(word, "X");
    assert_int_equal(epop_word_next(TEXT(text), &pos, &word), EPOP_END);
    /* A position behind the text is an end as well. */
    pos = sizeof text + 7;
    assert_int_equal(epop_word_next(TEXT(text), &pos, &word), EPOP_END);
    pos = SIZE_MAX;
    assert_int_equal(epop_word_next(TEXT(text), &pos, &word), EPOP_END);
}

static void test_struct_size(void **state)
{
    (void)state;
    STRUCT_SIZE_LAW(epop_capability, epop_capability_parse(it, "EXPIRE 5", 8), EPOP_OK);
}

static void test_null(void **state)
{
    epop_capability got = {.struct_size = sizeof got};
    epop_span word;
    size_t pos = 0;

    (void)state;
    assert_int_equal(epop_capability_parse(NULL, "TOP", 3), EPOP_ERR_NULL);
    assert_int_equal(epop_capability_parse(&got, NULL, 3), EPOP_ERR_NULL);
    assert_int_equal(epop_capability_parse(&got, NULL, 0), EPOP_ERR_SYNTAX);
    assert_int_equal(epop_word_next(NULL, 3, &pos, &word), EPOP_ERR_NULL);
    assert_int_equal(epop_word_next("a", 1, NULL, &word), EPOP_ERR_NULL);
    assert_int_equal(epop_word_next("a", 1, &pos, NULL), EPOP_ERR_NULL);
    assert_int_equal(pos, 0);
    assert_int_equal(epop_word_next(NULL, 0, &pos, &word), EPOP_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),           cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_empty),           cmocka_unit_test(test_names),
        cmocka_unit_test(test_every_word_list), cmocka_unit_test(test_words),
        cmocka_unit_test(test_struct_size),     cmocka_unit_test(test_null),
    };

    return cmocka_run_group_tests_name("wire/capability", tests, open_guards, close_guards);
}
