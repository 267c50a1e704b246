/* The command writer: what it gives reads as the same command, and nothing in an argument becomes a second one.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "octets.h"
#include "writer.h"

#include <epop/wire.h>

static int32_t write_command(void *dst, size_t cap, size_t *len, const void *value)
{
    return epop_command_write(dst, cap, len, value);
}

/* The keyword is that of an unknown command, and of no account for the known ones. */
static epop_command make(uint32_t id, const char *argument, const char *second, uint32_t number, uint32_t lines)
{
    epop_command c;

    memset(&c, 0, sizeof c);
    c.struct_size = sizeof c;
    c.id = id;
    c.keyword.ptr = (const uint8_t *)"XTRA";
    c.keyword.len = 4;
    c.number = number;
    c.lines = lines;
    if (argument != NULL) {
        c.argument.ptr = (const uint8_t *)argument;
        c.argument.len = strlen(argument);
    }
    if (second != NULL) {
        c.second.ptr = (const uint8_t *)second;
        c.second.len = strlen(second);
    }
    return c;
}

static void gives(epop_command c, const char *want)
{
    epop_command back = {.struct_size = sizeof back};
    epop_command ignored = c;

    writer_gives(write_command, &c, want, strlen(want));
    /* What was written is read as the same values. */
    assert_int_equal(epop_command_parse(&back, want, strlen(want) - 2), EPOP_OK);
    assert_int_equal(back.id, c.id);
    assert_int_equal(back.number, c.number);
    assert_int_equal(back.lines, c.lines);
    octets_same(back.argument.ptr, back.argument.len, c.argument.ptr, c.argument.len, want, strlen(want));
    octets_same(back.second.ptr, back.second.len, c.second.ptr, c.second.len, want, strlen(want));
    if (c.id != EPOP_CMD_UNKNOWN) { /* "keyword is used for EPOP_CMD_UNKNOWN only" */
        ignored.keyword.ptr = (const uint8_t *)"\r\n";
        ignored.keyword.len = 2;
        writer_gives(write_command, &ignored, want, strlen(want));
    }
}

static void refuses(epop_command c, int32_t want)
{
    writer_refuses(write_command, &c, want);
}

static void test_write(void **state)
{
    epop_command unknown = make(EPOP_CMD_UNKNOWN, "ADDR=192.0.2.1 ", NULL, 0, 0);

    (void)state;
    gives(make(EPOP_CMD_USER, "mrose", NULL, 0, 0), "USER mrose\r\n");
    gives(make(EPOP_CMD_USER, "Mary Rose", NULL, 0, 0), "USER Mary Rose\r\n");
    gives(make(EPOP_CMD_PASS, " a  b ", NULL, 0, 0), "PASS  a  b \r\n");
    gives(make(EPOP_CMD_APOP, "mrose", "c4c9334bac560ecc979e58001b3e22fb", 0, 0),
          "APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n");
    gives(make(EPOP_CMD_AUTH, NULL, NULL, 0, 0), "AUTH\r\n");
    gives(make(EPOP_CMD_AUTH, "PLAIN", NULL, 0, 0), "AUTH PLAIN\r\n");
    gives(make(EPOP_CMD_AUTH, "PLAIN", "=", 0, 0), "AUTH PLAIN =\r\n");
    gives(make(EPOP_CMD_STLS, NULL, NULL, 0, 0), "STLS\r\n");
    gives(make(EPOP_CMD_CAPA, NULL, NULL, 0, 0), "CAPA\r\n");
    gives(make(EPOP_CMD_UTF8, NULL, NULL, 0, 0), "UTF8\r\n");
    gives(make(EPOP_CMD_LANG, NULL, NULL, 0, 0), "LANG\r\n");
    gives(make(EPOP_CMD_LANG, "*", NULL, 0, 0), "LANG *\r\n");
    gives(make(EPOP_CMD_STAT, NULL, NULL, 0, 0), "STAT\r\n");
    gives(make(EPOP_CMD_LIST, NULL, NULL, 0, 0), "LIST\r\n");
    gives(make(EPOP_CMD_LIST, NULL, NULL, 1, 0), "LIST 1\r\n");
    gives(make(EPOP_CMD_UIDL, NULL, NULL, 0, 0), "UIDL\r\n");
    gives(make(EPOP_CMD_UIDL, NULL, NULL, 10, 0), "UIDL 10\r\n");
    gives(make(EPOP_CMD_RETR, NULL, NULL, 4294967295u, 0), "RETR 4294967295\r\n");
    gives(make(EPOP_CMD_TOP, NULL, NULL, 1, 0), "TOP 1 0\r\n");
    gives(make(EPOP_CMD_TOP, NULL, NULL, 4294967295u, 4294967295u), "TOP 4294967295 4294967295\r\n");
    gives(make(EPOP_CMD_DELE, NULL, NULL, 99, 0), "DELE 99\r\n");
    gives(make(EPOP_CMD_NOOP, NULL, NULL, 0, 0), "NOOP\r\n");
    gives(make(EPOP_CMD_RSET, NULL, NULL, 0, 0), "RSET\r\n");
    gives(make(EPOP_CMD_LAST, NULL, NULL, 0, 0), "LAST\r\n");
    gives(make(EPOP_CMD_XTND, "ARCHIVE on", NULL, 0, 0), "XTND ARCHIVE on\r\n");
    gives(make(EPOP_CMD_QUIT, NULL, NULL, 0, 0), "QUIT\r\n");
    unknown.keyword.ptr = (const uint8_t *)"XCLIENT";
    unknown.keyword.len = 3;
    gives(unknown, "XCL ADDR=192.0.2.1 \r\n");
    unknown.keyword.len = 7;
    gives(unknown, "XCLIENT ADDR=192.0.2.1 \r\n");
    unknown.argument.len = 0;
    gives(unknown, "XCLIENT\r\n");
}

/* RFC 2449 section 4: 255 octets with the CRLF. */
static void test_write_length_limit(void **state)
{
    static char long_word[300];
    static char want[300];

    (void)state;
    memset(long_word, 'x', sizeof long_word - 1);
    for (size_t len = 247; len <= 250; len++) {
        epop_command c = make(EPOP_CMD_PASS, long_word, NULL, 0, 0);

        c.argument.len = len;
        memset(want, 0, sizeof want);
        memcpy(want, "PASS ", 5);
        memset(want + 5, 'x', len);
        memcpy(want + 5 + len, "\r\n", 2);
        if (5 + len + 2 <= EPOP_COMMAND_MAX) {
            gives(c, want);
        } else {
            refuses(c, EPOP_ERR_TOO_LONG);
        }
    }
    for (size_t len = 245; len <= 250; len++) {
        epop_command c = make(EPOP_CMD_APOP, "n", long_word, 0, 0);
        size_t dummy;

        c.second.len = len;
        assert_int_equal(epop_command_write(want, sizeof want, &dummy, &c),
                         5 + 1 + 1 + len + 2 <= EPOP_COMMAND_MAX ? EPOP_OK : EPOP_ERR_TOO_LONG);
    }
}

static void test_write_refuses_octets(void **state)
{
    static const uint32_t ids[] = {EPOP_CMD_USER,    EPOP_CMD_PASS, EPOP_CMD_LANG, EPOP_CMD_XTND,
                                   EPOP_CMD_UNKNOWN, EPOP_CMD_AUTH, EPOP_CMD_APOP};
    static const char *const bad[] = {"\r",     "\n",     "\0", "\0x", "\r\nDELE 1", "name\r\nDELE 1",
                                      "name\n", "na\rme", "n\0"};
    static const size_t bad_len[] = {1, 1, 1, 2, 8, 12, 5, 5, 2};

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        for (size_t j = 0; j < sizeof bad / sizeof bad[0]; j++) {
            epop_command c = make(ids[i], "name", ids[i] == EPOP_CMD_APOP ? "digest" : NULL, 0, 0);

            c.argument.ptr = (const uint8_t *)bad[j];
            c.argument.len = bad_len[j];
            refuses(c, EPOP_ERR_OCTET);
            if (ids[i] == EPOP_CMD_AUTH || ids[i] == EPOP_CMD_APOP) {
                c.second = c.argument;
                c.argument.ptr = (const uint8_t *)"name";
                c.argument.len = 4;
                refuses(c, EPOP_ERR_OCTET);
            }
        }
    }
    /* A space would make two arguments of one. */
    refuses(make(EPOP_CMD_APOP, "Mary Rose", "digest", 0, 0), EPOP_ERR_OCTET);
    refuses(make(EPOP_CMD_AUTH, "PLAIN AAAA", "=", 0, 0), EPOP_ERR_OCTET);
    refuses(make(EPOP_CMD_AUTH, " PLAIN", "=", 0, 0), EPOP_ERR_OCTET);
    refuses(make(EPOP_CMD_APOP, "name ", "digest", 0, 0), EPOP_ERR_OCTET);
    /* And in the last one, it would make another command than was meant. */
    refuses(make(EPOP_CMD_APOP, "name", "di gest", 0, 0), EPOP_ERR_OCTET);
    refuses(make(EPOP_CMD_AUTH, "PLAIN ", NULL, 0, 0), EPOP_ERR_OCTET);
    refuses(make(EPOP_CMD_LANG, "en de", NULL, 0, 0), EPOP_ERR_OCTET);
}

/* Whatever octet stands in an argument: what was written is one line, and reads as the same. */
static void test_write_every_octet(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        int breaks = octet == 0 || octet == '\r' || octet == '\n';
        char text[4] = {'a', (char)octet, 'b', '\0'};
        char dst[32];
        size_t len;
        epop_command c = make(EPOP_CMD_USER, "", NULL, 0, 0);
        epop_command back = {.struct_size = sizeof back};

        c.argument.ptr = (const uint8_t *)text;
        c.argument.len = 3;
        assert_int_equal(epop_command_write(dst, sizeof dst, &len, &c), breaks ? EPOP_ERR_OCTET : EPOP_OK);
        if (!breaks) {
            assert_int_equal(epop_command_parse(&back, dst, len - 2), EPOP_OK);
            octets_same(back.argument.ptr, back.argument.len, text, 3, text, 3);
        }
        /* "visible ASCII" in the keyword of an unknown command */
        c.id = EPOP_CMD_UNKNOWN;
        c.keyword = c.argument;
        c.argument.len = 0;
        if (octet > 0x20 && octet < 0x7F) {
            assert_int_equal(epop_command_write(dst, sizeof dst, &len, &c), EPOP_OK);
            assert_int_equal(epop_command_parse(&back, dst, len - 2), EPOP_OK);
            octets_same(back.keyword.ptr, back.keyword.len, text, 3, text, 3);
        } else {
            assert_true(epop_command_write(dst, sizeof dst, &len, &c) < 0);
        }
    }
}

static const struct {
    uint32_t id;
    unsigned words;
    unsigned numbers;
} takes[] = {
    {EPOP_CMD_USER, 1, 0}, {EPOP_CMD_PASS, 1, 0}, {EPOP_CMD_APOP, 2, 0}, {EPOP_CMD_AUTH, 2, 0},
    {EPOP_CMD_STLS, 0, 0}, {EPOP_CMD_CAPA, 0, 0}, {EPOP_CMD_UTF8, 0, 0}, {EPOP_CMD_LANG, 1, 0},
    {EPOP_CMD_STAT, 0, 0}, {EPOP_CMD_LIST, 0, 1}, {EPOP_CMD_UIDL, 0, 1}, {EPOP_CMD_RETR, 0, 1},
    {EPOP_CMD_TOP, 0, 2},  {EPOP_CMD_DELE, 0, 1}, {EPOP_CMD_NOOP, 0, 0}, {EPOP_CMD_RSET, 0, 0},
    {EPOP_CMD_LAST, 0, 0}, {EPOP_CMD_XTND, 1, 0}, {EPOP_CMD_QUIT, 0, 0}, {EPOP_CMD_UNKNOWN, 1, 0},
};

static void test_write_refuses_arguments(void **state)
{
    epop_command unknown = make(EPOP_CMD_UNKNOWN, NULL, NULL, 0, 0);
    size_t len;
    char dst[32];

    (void)state;
    for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
        const char *word = takes[i].words > 0 ? "x" : NULL;
        const char *second = takes[i].words > 1 ? "x" : NULL;

        if (takes[i].words < 1) {
            refuses(make(takes[i].id, "x", NULL, takes[i].numbers > 0, 0), EPOP_ERR_ARGUMENT_EXTRA);
        }
        if (takes[i].words < 2) {
            refuses(make(takes[i].id, word, "x", takes[i].numbers > 0, 0), EPOP_ERR_ARGUMENT_EXTRA);
        }
        if (takes[i].numbers < 1) {
            refuses(make(takes[i].id, word, second, 1, 0), EPOP_ERR_ARGUMENT_EXTRA);
        }
        if (takes[i].numbers < 2) {
            refuses(make(takes[i].id, word, second, takes[i].numbers > 0, 1), EPOP_ERR_ARGUMENT_EXTRA);
        }
    }
    refuses(make(EPOP_CMD_USER, NULL, NULL, 0, 0), EPOP_ERR_ARGUMENT_MISSING);
    refuses(make(EPOP_CMD_USER, "", NULL, 0, 0), EPOP_ERR_ARGUMENT_MISSING);
    refuses(make(EPOP_CMD_PASS, NULL, NULL, 0, 0), EPOP_ERR_ARGUMENT_MISSING);
    refuses(make(EPOP_CMD_XTND, NULL, NULL, 0, 0), EPOP_ERR_ARGUMENT_MISSING);
    refuses(make(EPOP_CMD_APOP, "name", NULL, 0, 0), EPOP_ERR_ARGUMENT_MISSING);
    refuses(make(EPOP_CMD_APOP, NULL, "digest", 0, 0), EPOP_ERR_ARGUMENT_MISSING);
    refuses(make(EPOP_CMD_AUTH, NULL, "=", 0, 0), EPOP_ERR_ARGUMENT_MISSING);
    refuses(make(EPOP_CMD_RETR, NULL, NULL, 0, 0), EPOP_ERR_NUMBER);
    refuses(make(EPOP_CMD_DELE, NULL, NULL, 0, 0), EPOP_ERR_NUMBER);
    refuses(make(EPOP_CMD_TOP, NULL, NULL, 0, 5), EPOP_ERR_NUMBER);
    for (size_t n = 0; n < 3; n++) {
        unknown.keyword.ptr = (const uint8_t *)"XY";
        unknown.keyword.len = n;
        assert_true(epop_command_write(dst, sizeof dst, &len, &unknown) < 0);
    }
    refuses(make(20, NULL, NULL, 0, 0), EPOP_ERR_VALUE);
    refuses(make(EPOP_CMD_LOGIN, NULL, NULL, 0, 0), EPOP_ERR_VALUE);
    refuses(make(0x101, NULL, NULL, 0, 0), EPOP_ERR_VALUE);
    refuses(make(0xFFFFFFFFu, NULL, NULL, 0, 0), EPOP_ERR_VALUE);
}

static int32_t write_noop(uint32_t struct_size)
{
    epop_command c = make(EPOP_CMD_NOOP, NULL, NULL, 0, 0);
    char dst[8];
    size_t len;

    c.struct_size = struct_size;
    return epop_command_write(dst, sizeof dst, &len, &c);
}

static void test_struct_size(void **state)
{
    (void)state;
    for (uint32_t size = 0; size < sizeof(epop_command); size++) {
        assert_int_equal(write_noop(size), EPOP_ERR_STRUCT_SIZE);
    }
    assert_int_equal(write_noop(sizeof(epop_command)), EPOP_OK);
    assert_int_equal(write_noop(sizeof(epop_command) + 8), EPOP_OK);
}

static void test_null(void **state)
{
    epop_command c = make(EPOP_CMD_NOOP, NULL, NULL, 0, 0);
    char dst[8];
    size_t len;

    (void)state;
    assert_int_equal(epop_command_write(NULL, 8, &len, &c), EPOP_ERR_NULL);
    assert_int_equal(epop_command_write(dst, 8, NULL, &c), EPOP_ERR_NULL);
    assert_int_equal(epop_command_write(dst, 8, &len, NULL), EPOP_ERR_NULL);
}

/* A span whose pointer is missing though it claims to have octets. */
static void test_null_in_spans(void **state)
{
    epop_command c = make(EPOP_CMD_USER, NULL, NULL, 0, 0);

    (void)state;
    c.argument.len = 3;
    refuses(c, EPOP_ERR_NULL);
    c = make(EPOP_CMD_APOP, "name", NULL, 0, 0);
    c.second.len = 3;
    refuses(c, EPOP_ERR_NULL);
    c = make(EPOP_CMD_UNKNOWN, NULL, NULL, 0, 0);
    c.keyword.ptr = NULL;
    refuses(c, EPOP_ERR_NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_length_limit),
        cmocka_unit_test(test_write_refuses_octets),
        cmocka_unit_test(test_write_every_octet),
        cmocka_unit_test(test_write_refuses_arguments),
        cmocka_unit_test(test_struct_size),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_null_in_spans),
    };

    return cmocka_run_group_tests_name("wire/command-write", tests, NULL, NULL);
}
