/* The command parser, against a slow reference that knows its grammar from the RFCs; names and shapes of the commands.
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
    guard_open(&tail_guard, 4000);
    guard_open(&first_guard, 4000);
    return 0;
}

static int close_guards(void **state)
{
    (void)state;
    guard_close(&tail_guard);
    guard_close(&first_guard);
    return 0;
}

/* n: a message-number; l: a count of lines; w: a word; r: the rest of the line. Capitals: may be left out. */
typedef struct rule {
    const char *keyword;
    uint32_t id;
    const char *arguments;
    uint32_t shape;          /* of the response, without an argument */
    uint32_t shape_argument; /* and with one */
} rule;

static const rule rules[] = {
    {"USER", EPOP_CMD_USER, "r", EPOP_SHAPE_SINGLE, EPOP_SHAPE_SINGLE},
    {"PASS", EPOP_CMD_PASS, "r", EPOP_SHAPE_SINGLE, EPOP_SHAPE_SINGLE},
    {"APOP", EPOP_CMD_APOP, "ww", EPOP_SHAPE_SINGLE, EPOP_SHAPE_SINGLE},
    {"AUTH", EPOP_CMD_AUTH, "WW", EPOP_SHAPE_ROWS, EPOP_SHAPE_SASL},
    {"STLS", EPOP_CMD_STLS, "", EPOP_SHAPE_SINGLE, EPOP_SHAPE_SINGLE},
    {"CAPA", EPOP_CMD_CAPA, "", EPOP_SHAPE_ROWS, EPOP_SHAPE_ROWS},
    {"UTF8", EPOP_CMD_UTF8, "", EPOP_SHAPE_SINGLE, EPOP_SHAPE_SINGLE},
    {"LANG", EPOP_CMD_LANG, "W", EPOP_SHAPE_ROWS, EPOP_SHAPE_SINGLE},
    {"STAT", EPOP_CMD_STAT, "", EPOP_SHAPE_SINGLE, EPOP_SHAPE_SINGLE},
    {"LIST", EPOP_CMD_LIST, "N", EPOP_SHAPE_ROWS, EPOP_SHAPE_SINGLE},
    {"UIDL", EPOP_CMD_UIDL, "N", EPOP_SHAPE_ROWS, EPOP_SHAPE_SINGLE},
    {"RETR", EPOP_CMD_RETR, "n", EPOP_SHAPE_BODY, EPOP_SHAPE_BODY},
    {"TOP", EPOP_CMD_TOP, "nl", EPOP_SHAPE_BODY, EPOP_SHAPE_BODY},
    {"DELE", EPOP_CMD_DELE, "n", EPOP_SHAPE_SINGLE, EPOP_SHAPE_SINGLE},
    {"NOOP", EPOP_CMD_NOOP, "", EPOP_SHAPE_SINGLE, EPOP_SHAPE_SINGLE},
    {"RSET", EPOP_CMD_RSET, "", EPOP_SHAPE_SINGLE, EPOP_SHAPE_SINGLE},
    {"LAST", EPOP_CMD_LAST, "", EPOP_SHAPE_SINGLE, EPOP_SHAPE_SINGLE},
    {"XTND", EPOP_CMD_XTND, "r", EPOP_SHAPE_ROWS, EPOP_SHAPE_ROWS},
    {"QUIT", EPOP_CMD_QUIT, "", EPOP_SHAPE_SINGLE, EPOP_SHAPE_SINGLE},
};

#define RULES (sizeof rules / sizeof rules[0])

/* ---- The reference -------------------------------------------------------------------------------------------------
 * It says which results are acceptable: where a line has two faults, either may be named. */

enum { MAY_OCTET = 1, MAY_SYNTAX = 2, MAY_MISSING = 4, MAY_EXTRA = 8, MAY_NUMBER = 16 };

typedef struct verdict {
    unsigned errors; /* MAY_ bits; 0: the line is good */
    epop_command command;
} verdict;

static int same_word(const uint8_t *text, size_t len, const char *word)
{
    if (len != strlen(word)) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        int letter = text[i];

        if (letter >= 'a' && letter <= 'z') {
            letter -= 'a' - 'A';
        }
        if (letter != word[i]) {
            return 0;
        }
    }
    return 1;
}

static void judge_number(verdict *v, epop_span word, uint32_t least, uint32_t *number)
{
    uint64_t value = 0;
    size_t digits = 0;

    while (digits < word.len && word.ptr[digits] >= '0' && word.ptr[digits] <= '9') {
        value = digits < 10 ? value * 10 + word.ptr[digits] - '0' : value;
        digits++;
    }
    if (digits == 0 || digits < word.len || digits > 10 || value < least || value > 0xFFFFFFFFu) {
        v->errors |= MAY_NUMBER;
    }
    *number = (uint32_t)value;
}

static void judge_word(verdict *v, char kind, epop_span word)
{
    epop_command *c = &v->command;

    v->errors |= word.len == 0 ? MAY_MISSING : 0;
    if (kind == 'n' || kind == 'N') {
        judge_number(v, word, 1, &c->number);
    } else if (kind == 'l') {
        judge_number(v, word, 0, &c->lines);
    } else if (c->argument.len == 0) {
        c->argument = word;
    } else {
        c->second = word;
    }
}

/* Words between single spaces; two spaces in a row have an empty word between them. Spaces at the very end are nothing:
 * Outlook sends "AUTH " (Cyrus, [MS-POP3]). */
static void judge_words(verdict *v, const char *arguments, const uint8_t *text, size_t len)
{
    size_t pos = 0;

    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    while (*arguments != '\0' && pos < len) {
        epop_span word = {text + pos, 0};

        while (pos < len && text[pos] != ' ') {
            pos++;
            word.len++;
        }
        pos++;
        judge_word(v, *arguments++, word);
    }
    if (pos < len) {
        v->errors |= MAY_EXTRA;
    }
    if (*arguments >= 'a') {
        v->errors |= MAY_MISSING;
    }
}

static const rule *find_rule(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < RULES; i++) {
        if (same_word(text, len, rules[i].keyword)) {
            return &rules[i];
        }
    }
    return NULL;
}

static int has_line_end(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\r' || text[i] == '\n' || text[i] == '\0') {
            return 1;
        }
    }
    return 0;
}

static void judge_arguments(verdict *v, const rule *found, const uint8_t *text, size_t len)
{
    if (found == NULL || found->arguments[0] == 'r') {
        v->command.argument.ptr = text;
        v->command.argument.len = len;
        v->errors = found != NULL && len == 0 ? MAY_MISSING : 0;
    } else {
        judge_words(v, found->arguments, text, len);
    }
}

static verdict judge(const uint8_t *text, size_t len)
{
    static const epop_command empty;
    verdict v = {0, empty};
    size_t keyword = 0;
    size_t rest;
    const rule *found;

    while (keyword < len && text[keyword] != ' ') {
        keyword++;
    }
    found = find_rule(text, keyword);
    rest = keyword < len ? keyword + 1 : len;
    v.command.id = found != NULL ? found->id : (uint32_t)EPOP_CMD_UNKNOWN;
    v.command.keyword.ptr = text;
    v.command.keyword.len = keyword;
    judge_arguments(&v, found, text + rest, len - rest);
    v.errors = keyword == 0 ? MAY_SYNTAX : v.errors;
    v.errors = has_line_end(text, len) ? MAY_OCTET : v.errors;
    if (v.errors != 0) {
        v.command.argument.len = v.command.second.len = 0;
        v.command.number = v.command.lines = 0;
    }
    return v;
}

static unsigned error_bit(int32_t result)
{
    switch (result) {
    case EPOP_OK:
        return 0;
    case EPOP_ERR_OCTET:
        return MAY_OCTET;
    case EPOP_ERR_SYNTAX:
        return MAY_SYNTAX;
    case EPOP_ERR_ARGUMENT_MISSING:
        return MAY_MISSING;
    case EPOP_ERR_ARGUMENT_EXTRA:
        return MAY_EXTRA;
    case EPOP_ERR_NUMBER:
        return MAY_NUMBER;
    default:
        return 0x8000;
    }
}

static int same_command(const epop_command *a, const epop_command *b)
{
    return a->id == b->id && a->number == b->number && a->lines == b->lines &&
           octets_same_place(a->keyword, b->keyword) && octets_same_place(a->argument, b->argument) &&
           octets_same_place(a->second, b->second);
}

static void check_at(const uint8_t *text, size_t len)
{
    verdict want = judge(text, len);
    epop_command got;
    int32_t result;

    memset(&got, 0xEE, sizeof got);
    got.struct_size = sizeof got;
    result = epop_command_parse(&got, text, len);
    if (want.errors == 0 ? result != EPOP_OK : (want.errors & error_bit(result)) == 0) {
        octets_fail(epop_error_name(result), text, len);
    }
    assert_int_equal(got.struct_size, sizeof got);
    if (!same_command(&got, &want.command)) {
        octets_fail("parsed otherwise than the reference does", text, len);
    }
}

static void check(const void *text, size_t len)
{
    check_at(guard_put(&tail_guard, text, len), len);
    check_at(guard_put_first(&first_guard, text, len), len);
}

static const char *const samples[] = {
    "USER mrose",
    "user Mary Rose",
    "PASS tanstaaf",
    "PASS  a  secret of many words ",
    "PASS \303\244",
    "APOP mrose c4c9334bac560ecc979e58001b3e22fb",
    "AUTH",
    "AUTH ",
    "AUTH PLAIN",
    "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm",
    "AUTH EXTERNAL =",
    "STLS",
    "CAPA",
    "UTF8",
    "LANG",
    "LANG es",
    "LANG *",
    "STAT",
    "LIST",
    "LIST 2",
    "Uidl",
    "uidl 1",
    "RETR 1",
    "RETR 4294967295",
    "TOP 1 10",
    "TOP 10 0",
    "TOP 4294967295 4294967295",
    "DELE 0000000001",
    "NOOP",
    "RSET",
    "LAST",
    "XTND BBOARDS system.news",
    "QUIT",
    "XCLIENT ADDR=192.0.2.1 PORT=1234 ",
    "XYZ",
    "A",
};

#define SAMPLES (sizeof samples / sizeof samples[0])

static void test_samples_and_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t len = strlen(samples[i]);

        assert_int_equal(judge((const uint8_t *)samples[i], len).errors, 0);
        for (size_t prefix = 0; prefix <= len; prefix++) {
            check(samples[i], prefix);
        }
    }
}

static void test_mutations(void **state)
{
    uint8_t text[100];

    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t len = strlen(samples[i]);

        for (size_t at = 0; at <= len; at++) {
            for (unsigned octet = 0; octet < 256; octet++) {
                /* One octet replaced, then one put in. */
                memcpy(text, samples[i], len);
                text[at] = (uint8_t)octet;
                check(text, at < len ? len : len + 1);
                memcpy(text + at + 1, samples[i] + at, len - at);
                check(text, len + 1);
            }
        }
    }
}

/* Every keyword with every run of arguments up to three, good and bad, between one and two spaces. */
static void test_every_combination(void **state)
{
    static const char *const words[] = {
        "",           "1",          "0",           "x",          "4294967295",
        "4294967296", "9999999999", "00000000001", "0000000000", "18446744073709551616",
        "-1",         "+1",         "0x10",        "1.0",        "1x",
        "\303\244",   "1\t",        "=",
    };
    enum { WORDS = sizeof words / sizeof words[0] };

    (void)state;
    for (size_t rule_at = 0; rule_at < RULES; rule_at++) {
        for (size_t i = 0; i < WORDS * WORDS * 5; i++) {
            size_t pick[3] = {i % WORDS, i / WORDS % WORDS, i / WORDS / WORDS};
            char text[100];
            size_t len = strlen(rules[rule_at].keyword);

            memcpy(text, rules[rule_at].keyword, len);
            for (size_t word = 0; word < 3; word++) {
                text[len++] = ' ';
                memcpy(text + len, words[pick[word]], strlen(words[pick[word]]));
                len += strlen(words[pick[word]]);
                check(text, len);
            }
        }
    }
}

static epop_command parse(const char *text, int32_t want)
{
    epop_command c;

    memset(&c, 0xEE, sizeof c);
    c.struct_size = sizeof c;
    assert_int_equal(epop_command_parse(&c, text, strlen(text)), want);
    return c;
}

/* By hand, so that the reference is not the only witness. */
static void test_examples(void **state)
{
    epop_command c = parse("pAsS  two  words ", EPOP_OK);

    (void)state;
    assert_int_equal(c.id, EPOP_CMD_PASS);
    octets_span(c.keyword, "pAsS");
    octets_span(c.argument, " two  words ");
    assert_int_equal(c.second.len, 0);
    c = parse("APOP mrose c4c9334bac560ecc979e58001b3e22fb", EPOP_OK);
    octets_span(c.argument, "mrose");
    octets_span(c.second, "c4c9334bac560ecc979e58001b3e22fb");
    c = parse("AUTH PLAIN =", EPOP_OK);
    octets_span(c.argument, "PLAIN");
    octets_span(c.second, "=");
    c = parse("TOP 3 0", EPOP_OK);
    assert_int_equal(c.number, 3);
    assert_int_equal(c.lines, 0);
    c = parse("LIST", EPOP_OK);
    assert_int_equal(c.number, 0);
    c = parse("XCLIENT  a b", EPOP_OK);
    assert_int_equal(c.id, EPOP_CMD_UNKNOWN);
    octets_span(c.keyword, "XCLIENT");
    octets_span(c.argument, " a b");
    c = parse("LOGIN", EPOP_OK); /* a name of the library's own, not a command */
    assert_int_equal(c.id, EPOP_CMD_UNKNOWN);
    c = parse("DELE 0", EPOP_ERR_NUMBER);
    assert_int_equal(c.id, EPOP_CMD_DELE);
    assert_int_equal(c.number, 0);
    parse("", EPOP_ERR_SYNTAX);
    parse(" NOOP", EPOP_ERR_SYNTAX);
    parse("USER", EPOP_ERR_ARGUMENT_MISSING);
    parse("PASS ", EPOP_ERR_ARGUMENT_MISSING);
    parse("RETR", EPOP_ERR_ARGUMENT_MISSING);
    parse("TOP 1", EPOP_ERR_ARGUMENT_MISSING);
    parse("APOP mrose", EPOP_ERR_ARGUMENT_MISSING);
    parse("NOOP x", EPOP_ERR_ARGUMENT_EXTRA);
    parse("LIST 1 2", EPOP_ERR_ARGUMENT_EXTRA);
    parse("TOP 1 2 3", EPOP_ERR_ARGUMENT_EXTRA);
    parse("AUTH PLAIN = x", EPOP_ERR_ARGUMENT_EXTRA);
    parse("LANG a b", EPOP_ERR_ARGUMENT_EXTRA);
    parse("USER name\r\nDELE 1", EPOP_ERR_OCTET);
    parse("RETR 4294967296", EPOP_ERR_NUMBER);
}

/* "an argument is missing or empty" (base.h) */
static void test_empty_argument(void **state)
{
    (void)state;
    parse("APOP  mrose c4c9334bac560ecc979e58001b3e22fb", EPOP_ERR_ARGUMENT_MISSING);
    parse("AUTH PLAIN  =", EPOP_ERR_ARGUMENT_MISSING);
}

static void test_long_lines(void **state)
{
    static char text[3000];
    epop_command c;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "PASS ", 5);
    c.struct_size = sizeof c;
    assert_int_equal(epop_command_parse(&c, guard_put(&tail_guard, text, sizeof text), sizeof text), EPOP_OK);
    assert_int_equal(c.argument.len, sizeof text - 5);
    memset(text, 'x', 5);
    assert_int_equal(epop_command_parse(&c, guard_put(&tail_guard, text, sizeof text), sizeof text), EPOP_OK);
    assert_int_equal(c.id, EPOP_CMD_UNKNOWN);
    assert_int_equal(c.keyword.len, sizeof text);
}

static int is_listed(uint32_t id)
{
    for (size_t i = 0; i < RULES; i++) {
        if (rules[i].id == id) {
            return 1;
        }
    }
    return 0;
}

static void test_names_and_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < RULES; i++) {
        assert_string_equal(epop_command_name(rules[i].id), rules[i].keyword);
        assert_int_equal(epop_command_shape(rules[i].id, 0), rules[i].shape);
        assert_int_equal(epop_command_shape(rules[i].id, 1), rules[i].shape_argument);
        assert_int_equal(epop_command_shape(rules[i].id, 0x100), rules[i].shape_argument);
    }
    assert_string_equal(epop_command_name(EPOP_CMD_LOGIN), "LOGIN");
    for (uint32_t id = 0; id < 1000; id++) {
        if (!is_listed(id)) {
            assert_string_equal(epop_command_name(id), id == EPOP_CMD_LOGIN ? "LOGIN" : "");
            assert_int_equal(epop_command_shape(id, 0), EPOP_SHAPE_SINGLE);
            assert_int_equal(epop_command_shape(id, 1), EPOP_SHAPE_SINGLE);
        }
    }
    assert_string_equal(epop_command_name(0xFFFFFFFFu), "");
    assert_int_equal(epop_command_shape(0xFFFFFFFFu, 1), EPOP_SHAPE_SINGLE);
}

static void test_struct_size(void **state)
{
    (void)state;
    STRUCT_SIZE_LAW(epop_command, epop_command_parse(it, "TOP 1 2", 7), EPOP_OK);
    STRUCT_SIZE_LAW(epop_command, epop_command_parse(it, "TOP 1", 5), EPOP_ERR_ARGUMENT_MISSING);
}

static void test_null(void **state)
{
    epop_command c = {.struct_size = sizeof c};

    (void)state;
    assert_int_equal(epop_command_parse(NULL, "NOOP", 4), EPOP_ERR_NULL);
    assert_int_equal(epop_command_parse(&c, NULL, 4), EPOP_ERR_NULL);
    assert_int_equal(c.id, 0);
    assert_int_equal(epop_command_parse(&c, NULL, 0), EPOP_ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_and_prefixes),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_every_combination),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_empty_argument),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_names_and_shapes),
        cmocka_unit_test(test_struct_size),
        cmocka_unit_test(test_null),
    };

    return cmocka_run_group_tests_name("wire/command", tests, open_guards, close_guards);
}
