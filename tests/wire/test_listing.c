/* STAT, LIST and UIDL: every known oddity of real servers, a slow reference, and the writers of rows.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "guard.h"
#include "octets.h"
#include "writer.h"

#include <epop/wire.h>

#include <stdio.h>

static guard tail_guard, first_guard;

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

typedef int32_t parse_call(epop_listing *out, const void *text, size_t len);

/* ---- The reference ---------------------------------------------------------------------------------------------- */

typedef struct reader {
    const uint8_t *text;
    size_t pos, len;
} reader;

static size_t blanks(reader *r)
{
    size_t count = 0;

    while (r->pos < r->len && (r->text[r->pos] == ' ' || r->text[r->pos] == '\t')) {
        r->pos++;
        count++;
    }
    return count;
}

static int is_digit(const reader *r)
{
    return r->pos < r->len && r->text[r->pos] >= '0' && r->text[r->pos] <= '9';
}

/* By comparing the digits with those of `max`, which is written in full. */
static int32_t digits(reader *r, const char *max, uint64_t *value)
{
    size_t start = r->pos;
    size_t count;

    while (is_digit(r)) {
        r->pos++;
    }
    if (r->pos == start) {
        return EPOP_ERR_SYNTAX;
    }
    while (start + 1 < r->pos && r->text[start] == '0') {
        start++;
    }
    count = r->pos - start;
    if (count > strlen(max) || (count == strlen(max) && memcmp(r->text + start, max, count) > 0)) {
        return EPOP_ERR_NUMBER;
    }
    *value = 0;
    while (start < r->pos) {
        *value = *value * 10 + r->text[start++] - '0';
    }
    return EPOP_OK;
}

/* One space, or what stands for it. */
static int32_t judge_gap(reader *r, epop_listing *want)
{
    int tab = r->pos < r->len && r->text[r->pos] == '\t';
    size_t count = blanks(r);

    want->quirks |= count > 1 || tab ? EPOP_QUIRK_ROW_BLANKS : 0;
    return count == 0 && r->pos < r->len ? EPOP_ERR_SYNTAX : EPOP_OK;
}

/* Up to the blanks behind the message-number. */
static int32_t judge_number(reader *r, epop_listing *want, uint32_t least)
{
    uint64_t value = 0;
    int32_t result;

    want->quirks |= blanks(r) > 0 ? EPOP_QUIRK_ROW_BLANKS : 0;
    if (r->len - r->pos >= 4 && memcmp(r->text + r->pos, "+OK ", 4) == 0) {
        want->quirks |= EPOP_QUIRK_ROW_STATUS;
        r->pos += 4;
        want->quirks |= blanks(r) > 0 ? EPOP_QUIRK_ROW_BLANKS : 0;
    }
    result = digits(r, "4294967295", &value);
    if (result == EPOP_OK && value < least) {
        result = EPOP_ERR_NUMBER;
    }
    want->number = (uint32_t)value;
    return result == EPOP_OK ? judge_gap(r, want) : result;
}

static int32_t judge_octets(reader *r, epop_listing *want)
{
    int negative = r->pos < r->len && r->text[r->pos] == '-';
    int32_t result;

    r->pos += negative ? 1 : 0;
    result = digits(r, "18446744073709551615", &want->octets);
    if (result == EPOP_OK && r->pos < r->len && blanks(r) == 0) {
        return EPOP_ERR_SYNTAX;
    }
    if (negative) {
        want->octets = 0;
        want->quirks |= EPOP_QUIRK_NEGATIVE_SIZE;
    }
    return result;
}

/* Octets that no line has. */
static int has_line_end(const reader *r)
{
    for (size_t i = r->pos; i < r->len; i++) {
        if (r->text[i] == '\r' || r->text[i] == '\n' || r->text[i] == '\0') {
            return 1;
        }
    }
    return 0;
}

static int32_t judge_unique_id(reader *r, epop_listing *want)
{
    size_t end = r->len;

    while (end > r->pos && (r->text[end - 1] == ' ' || r->text[end - 1] == '\t')) {
        end--;
        want->quirks |= EPOP_QUIRK_ROW_BLANKS;
    }
    want->unique_id.ptr = r->text + r->pos;
    want->unique_id.len = end - r->pos;
    want->quirks |= want->unique_id.len == 0 ? EPOP_QUIRK_UNIQUE_ID_EMPTY : 0;
    want->quirks |= want->unique_id.len > 70 ? EPOP_QUIRK_UNIQUE_ID_LONG : 0;
    for (size_t i = r->pos; i < end; i++) {
        if (r->text[i] < 0x21 || r->text[i] > 0x7E) {
            want->quirks |= EPOP_QUIRK_UNIQUE_ID_OCTETS;
        }
    }
    return has_line_end(r) ? EPOP_ERR_SYNTAX : EPOP_OK;
}

static int32_t judge(parse_call *call, epop_listing *want, const uint8_t *text, size_t len)
{
    reader r = {text, 0, len};
    uint32_t quirks;
    int32_t result;

    memset(want, 0, sizeof *want);
    result = judge_number(&r, want, call == epop_stat_parse ? 0 : 1);
    if (result != EPOP_OK) {
        return result;
    }
    if (call == epop_uidl_parse) {
        return judge_unique_id(&r, want);
    }
    quirks = want->quirks;
    result = judge_octets(&r, want);
    if (result != EPOP_OK && call == epop_stat_parse) { /* as if the count had stood alone */
        want->octets = 0;
        want->quirks = quirks | EPOP_QUIRK_STAT_OCTETS;
        return EPOP_OK;
    }
    return result;
}

static void check_at(parse_call *call, const uint8_t *text, size_t len)
{
    epop_listing want;
    epop_listing got;
    int32_t result = judge(call, &want, text, len);

    memset(&got, 0xEE, sizeof got);
    got.struct_size = sizeof got;
    if (call(&got, text, len) != result) {
        octets_fail("another result than the reference has", text, len);
    }
    if (result != EPOP_OK) {
        return;
    }
    if (want.unique_id.len == 0 && len > 0 && text[len - 1] == ' ') {
        got.quirks |= EPOP_QUIRK_ROW_BLANKS; /* "1 ": a blank behind, or the one that is due; either will do */
        want.quirks |= EPOP_QUIRK_ROW_BLANKS;
    }
    assert_int_equal(got.struct_size, sizeof got);
    assert_int_equal(got.reserved, 0);
    if (got.quirks != want.quirks || got.number != want.number || got.octets != want.octets ||
        !octets_same_place(got.unique_id, want.unique_id)) {
        octets_fail("parsed otherwise than the reference does", text, len);
    }
}

static parse_call *const calls[] = {epop_stat_parse, epop_list_parse, epop_uidl_parse};

/* A status indicator in small letters: the contract does not tell. */
static int left_open(const uint8_t *text, size_t len)
{
    reader r = {text, 0, len};

    blanks(&r);
    if (len - r.pos < 4 || text[r.pos] != '+' || (text[r.pos + 1] | 0x20) != 'o' || (text[r.pos + 2] | 0x20) != 'k') {
        return 0;
    }
    return memcmp(text + r.pos, "+OK", 3) != 0;
}

static void check(const void *text, size_t len)
{
    for (size_t i = 0; i < 3; i++) {
        if (!left_open(text, len)) {
            check_at(calls[i], guard_put(&tail_guard, text, len), len);
            check_at(calls[i], guard_put_first(&first_guard, text, len), len);
        }
    }
}

/* ---- The parsers ------------------------------------------------------------------------------------------------ */

static const char *const samples[] = {
    "2 320",
    "0 0",
    "1 120 extra text",
    "4294967295 18446744073709551615",
    "4294967296 1",
    "1 18446744073709551616",
    "3 -2147483648",
    "1 whqtswO00WBw418f9t5JxYwZ",
    "2 QhdPYR:00WBw1Ph7x7",
    "+OK 2 QhdPYR:00WBw1Ph7x7",
    "1   three.blanks",
    "1\ttab",
    " 1 in.front",
    "1 behind \t",
    "1 with spaces in it",
    "1 \303\244\377",
    "1 ",
    "1",
    "",
};

static void test_samples_and_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        for (size_t len = 0; len <= strlen(samples[i]); len++) {
            check(samples[i], len);
        }
    }
}

static void test_mutations(void **state)
{
    uint8_t text[100];

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        size_t len = strlen(samples[i]);

        for (size_t at = 0; at <= len; at++) {
            for (unsigned octet = 0; octet < 256; octet++) {
                memcpy(text, samples[i], len);
                text[at] = (uint8_t)octet;
                check(text, at < len ? len : len + 1);
                memcpy(text + at + 1, samples[i] + at, len - at);
                check(text, len + 1);
            }
        }
    }
}

static void test_every_word(void **state)
{
    uint8_t text[8];

    (void)state;
    for (size_t len = 0; len <= 6; len++) {
        for (uint32_t i = 0; i < octets_words(7, len); i++) {
            octets_word(text, len, "01 \t-x+", 7, i);
            check(text, len);
        }
    }
}

static void expect(parse_call *call, const char *text, int32_t result, uint32_t number, uint64_t octets,
                   const char *unique_id, uint32_t quirks)
{
    epop_listing got;

    memset(&got, 0xEE, sizeof got);
    got.struct_size = sizeof got;
    if (call(&got, text, strlen(text)) != result) {
        octets_fail("another result", text, strlen(text));
    }
    if (result == EPOP_OK) {
        assert_int_equal(got.number, number);
        assert_true(got.octets == octets);
        octets_span(got.unique_id, unique_id);
        assert_int_equal(got.quirks, quirks);
    }
}

static void test_stat(void **state)
{
    (void)state;
    expect(epop_stat_parse, "2 320", EPOP_OK, 2, 320, "", 0);
    expect(epop_stat_parse, "0 0", EPOP_OK, 0, 0, "", 0);
    expect(epop_stat_parse, "2 320 messages, \303\244 and so on", EPOP_OK, 2, 320, "", 0);
    expect(epop_stat_parse, "0002 00000000000000000000320", EPOP_OK, 2, 320, "", 0);
    expect(epop_stat_parse, "4294967295 4294967296", EPOP_OK, 4294967295u, UINT64_C(4294967296), "", 0);
    expect(epop_stat_parse, "1 18446744073709551615", EPOP_OK, 1, UINT64_MAX, "", 0);
    expect(epop_stat_parse, "1 18446744073709551616", EPOP_OK, 1, 0, "", EPOP_QUIRK_STAT_OCTETS);
    expect(epop_stat_parse, "1 99999999999999999999999999", EPOP_OK, 1, 0, "", EPOP_QUIRK_STAT_OCTETS);
    expect(epop_stat_parse, "4294967296 1", EPOP_ERR_NUMBER, 0, 0, "", 0);
    expect(epop_stat_parse, "42949672950 1", EPOP_ERR_NUMBER, 0, 0, "", 0);
    /* A maildrop over 2 GB, counted in 32 bits. */
    expect(epop_stat_parse, "7 -1966541301", EPOP_OK, 7, 0, "", EPOP_QUIRK_NEGATIVE_SIZE);
    expect(epop_stat_parse, "7 -", EPOP_OK, 7, 0, "", EPOP_QUIRK_STAT_OCTETS);
    expect(epop_stat_parse, "7 --1", EPOP_OK, 7, 0, "", EPOP_QUIRK_STAT_OCTETS);
    expect(epop_stat_parse, "-7 1", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_stat_parse, "+7 1", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_stat_parse, "7 +1", EPOP_OK, 7, 0, "", EPOP_QUIRK_STAT_OCTETS);
    expect(epop_stat_parse, "0x7 1", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_stat_parse, "7 0x1", EPOP_OK, 7, 0, "", EPOP_QUIRK_STAT_OCTETS);
    expect(epop_stat_parse, "7", EPOP_OK, 7, 0, "", EPOP_QUIRK_STAT_OCTETS);
    expect(epop_stat_parse, "7 ", EPOP_OK, 7, 0, "", EPOP_QUIRK_STAT_OCTETS);
    expect(epop_stat_parse, "", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_stat_parse, " ", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_stat_parse, "2 messages (320 octets)", EPOP_OK, 2, 0, "", EPOP_QUIRK_STAT_OCTETS);
    expect(epop_stat_parse, "7x 1", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_stat_parse, "7.1", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_stat_parse, "20437", EPOP_OK, 20437, 0, "", EPOP_QUIRK_STAT_OCTETS);
    expect(epop_stat_parse, "  2\t \t320", EPOP_OK, 2, 320, "", EPOP_QUIRK_ROW_BLANKS);
}

static void test_list(void **state)
{
    (void)state;
    expect(epop_list_parse, "2 120", EPOP_OK, 2, 120, "", 0);
    expect(epop_list_parse, "1 0", EPOP_OK, 1, 0, "", 0);
    expect(epop_list_parse, "2 120 octets", EPOP_OK, 2, 120, "", 0);
    expect(epop_list_parse, "4294967295 1", EPOP_OK, 4294967295u, 1, "", 0);
    expect(epop_list_parse, "4294967294 1", EPOP_OK, 4294967294u, 1, "", 0);
    expect(epop_list_parse, "4294967296 1", EPOP_ERR_NUMBER, 0, 0, "", 0);
    expect(epop_list_parse, "0 1", EPOP_ERR_NUMBER, 0, 0, "", 0);
    expect(epop_list_parse, "000 1", EPOP_ERR_NUMBER, 0, 0, "", 0);
    expect(epop_list_parse, "1 -5", EPOP_OK, 1, 0, "", EPOP_QUIRK_NEGATIVE_SIZE);
    expect(epop_list_parse, "2  120", EPOP_OK, 2, 120, "", EPOP_QUIRK_ROW_BLANKS);
    expect(epop_list_parse, "+OK 2 120", EPOP_OK, 2, 120, "", EPOP_QUIRK_ROW_STATUS);
    expect(epop_list_parse, "2", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_list_parse, "2 x", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_list_parse, "x 2", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_list_parse, "+OK", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_list_parse, ".", EPOP_ERR_SYNTAX, 0, 0, "", 0);
}

static void test_uidl(void **state)
{
    (void)state;
    expect(epop_uidl_parse, "2 QhdPYR:00WBw1Ph7x7", EPOP_OK, 2, 0, "QhdPYR:00WBw1Ph7x7", 0);
    expect(epop_uidl_parse, "2 !~", EPOP_OK, 2, 0, "!~", 0);
    expect(epop_uidl_parse, "+OK 2 a", EPOP_OK, 2, 0, "a", EPOP_QUIRK_ROW_STATUS);
    expect(epop_uidl_parse, "2   a", EPOP_OK, 2, 0, "a", EPOP_QUIRK_ROW_BLANKS);
    expect(epop_uidl_parse, "2\ta", EPOP_OK, 2, 0, "a", EPOP_QUIRK_ROW_BLANKS);
    expect(epop_uidl_parse, "2 \ta", EPOP_OK, 2, 0, "a", EPOP_QUIRK_ROW_BLANKS);
    expect(epop_uidl_parse, " 2 a", EPOP_OK, 2, 0, "a", EPOP_QUIRK_ROW_BLANKS);
    expect(epop_uidl_parse, "2 a ", EPOP_OK, 2, 0, "a", EPOP_QUIRK_ROW_BLANKS);
    expect(epop_uidl_parse, "2 a b", EPOP_OK, 2, 0, "a b", EPOP_QUIRK_UNIQUE_ID_OCTETS);
    expect(epop_uidl_parse, "2 a\tb\t", EPOP_OK, 2, 0, "a\tb", EPOP_QUIRK_UNIQUE_ID_OCTETS | EPOP_QUIRK_ROW_BLANKS);
    expect(epop_uidl_parse, "2 \344", EPOP_OK, 2, 0, "\344", EPOP_QUIRK_UNIQUE_ID_OCTETS);
    expect(epop_uidl_parse, "2 a\177", EPOP_OK, 2, 0, "a\177", EPOP_QUIRK_UNIQUE_ID_OCTETS);
    expect(epop_uidl_parse, "2", EPOP_OK, 2, 0, "", EPOP_QUIRK_UNIQUE_ID_EMPTY);
    expect(epop_uidl_parse, "2   ", EPOP_OK, 2, 0, "", EPOP_QUIRK_UNIQUE_ID_EMPTY | EPOP_QUIRK_ROW_BLANKS);
    expect(epop_uidl_parse, "4294967295 a", EPOP_OK, 4294967295u, 0, "a", 0);
    expect(epop_uidl_parse, "4294967296 a", EPOP_ERR_NUMBER, 0, 0, "", 0);
    expect(epop_uidl_parse, "0 a", EPOP_ERR_NUMBER, 0, 0, "", 0);
    expect(epop_uidl_parse, "-1 a", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_uidl_parse, "a 1", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_uidl_parse, "1a", EPOP_ERR_SYNTAX, 0, 0, "", 0);
    expect(epop_uidl_parse, "", EPOP_ERR_SYNTAX, 0, 0, "", 0);
}

/* One deviation does not forbid another. */
static void test_status_and_blanks(void **state)
{
    (void)state;
    expect(epop_uidl_parse, " +OK 2  a", EPOP_OK, 2, 0, "a", EPOP_QUIRK_ROW_STATUS | EPOP_QUIRK_ROW_BLANKS);
    expect(epop_uidl_parse, "+OK  2 a", EPOP_OK, 2, 0, "a", EPOP_QUIRK_ROW_STATUS | EPOP_QUIRK_ROW_BLANKS);
    expect(epop_list_parse, "+OK  2 120", EPOP_OK, 2, 120, "", EPOP_QUIRK_ROW_STATUS | EPOP_QUIRK_ROW_BLANKS);
}

static void test_unique_id_length(void **state)
{
    char text[200];

    (void)state;
    for (size_t len = 69; len <= 150; len++) {
        epop_listing got = {.struct_size = sizeof got};

        memcpy(text, "7 ", 2);
        memset(text + 2, 'u', len);
        assert_int_equal(epop_uidl_parse(&got, guard_put(&tail_guard, text, len + 2), len + 2), EPOP_OK);
        assert_int_equal(got.unique_id.len, len);
        assert_int_equal(got.quirks, len > EPOP_UNIQUE_ID_MAX ? EPOP_QUIRK_UNIQUE_ID_LONG : 0);
    }
}

/* ---- Quirk names ------------------------------------------------------------------------------------------------ */

static void test_quirk_names(void **state)
{
    static const struct {
        uint32_t quirk;
        const char *name;
    } names[] = {
#define QUIRK(name) {(name), #name}
        QUIRK(EPOP_QUIRK_LF_SESSION),      QUIRK(EPOP_QUIRK_STATUS_SPACE),   QUIRK(EPOP_QUIRK_LONG_LINE),
        QUIRK(EPOP_QUIRK_ROW_SYNTAX),      QUIRK(EPOP_QUIRK_ROW_STATUS),     QUIRK(EPOP_QUIRK_ROW_BLANKS),
        QUIRK(EPOP_QUIRK_UNIQUE_ID_EMPTY), QUIRK(EPOP_QUIRK_UNIQUE_ID_LONG), QUIRK(EPOP_QUIRK_UNIQUE_ID_OCTETS),
        QUIRK(EPOP_QUIRK_NEGATIVE_SIZE),   QUIRK(EPOP_QUIRK_CHALLENGE_TEXT), QUIRK(EPOP_QUIRK_STAT_OCTETS),
        QUIRK(EPOP_QUIRK_STAT_COUNT),
#undef QUIRK
    };
    uint32_t all = 0;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_string_equal(epop_quirk_name(names[i].quirk), names[i].name);
        assert_int_equal(all & names[i].quirk, 0);
        all |= names[i].quirk;
    }
    for (uint32_t bit = 1; bit != 0; bit <<= 1) {
        if ((all & bit) == 0) {
            assert_string_equal(epop_quirk_name(bit), "?");
        }
        assert_string_equal(epop_quirk_name(bit | (bit == 1 ? 2u : 1u)), "?");
    }
    assert_string_equal(epop_quirk_name(0), "?");
    assert_string_equal(epop_quirk_name(0xFFFFFFFFu), "?");
}

/* ---- The writers ------------------------------------------------------------------------------------------------ */

typedef struct row {
    uint32_t number;
    uint64_t octets;
    const char *id;
    size_t id_len;
} row;

static int32_t write_list(void *dst, size_t cap, size_t *len, const void *value)
{
    const row *r = value;

    return epop_list_write(dst, cap, len, r->number, r->octets);
}

static int32_t write_uidl(void *dst, size_t cap, size_t *len, const void *value)
{
    const row *r = value;

    return epop_uidl_write(dst, cap, len, r->number, r->id, r->id_len);
}

static void test_list_write(void **state)
{
    static const uint32_t numbers[] = {1,     9,         10,         99,          100,        65535,
                                       65536, 999999999, 1000000000, 4294967294u, 4294967295u};
    /* clang-format off */
    static const uint64_t sizes[] = {0, 1, 9, 10, 255, 4294967295u, 4294967296u, 9999999999999999999u,
                                     10000000000000000000u, 18446744073709551614u, 18446744073709551615u};
    /* clang-format on */
    row zero = {0, 120, NULL, 0};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            row r = {numbers[i], sizes[j], NULL, 0};
            char want[64];
            epop_listing back = {.struct_size = sizeof back};

            snprintf(want, sizeof want, "%lu %llu\r\n", (unsigned long)numbers[i], (unsigned long long)sizes[j]);
            writer_gives(write_list, &r, want, strlen(want));
            assert_int_equal(epop_list_parse(&back, want, strlen(want) - 2), EPOP_OK);
            assert_true(back.number == numbers[i] && back.octets == sizes[j] && back.quirks == 0);
        }
    }
    writer_refuses(write_list, &zero, EPOP_ERR_NUMBER);
}

static void test_uidl_write(void **state)
{
    char id[80];
    char want[100];
    row r = {0, 0, id, 1};

    (void)state;
    memset(id, 'u', sizeof id);
    writer_refuses(write_uidl, &r, EPOP_ERR_NUMBER);
    r.number = 4294967295u;
    for (r.id_len = 1; r.id_len <= 72; r.id_len++) {
        epop_listing back = {.struct_size = sizeof back};

        snprintf(want, sizeof want, "4294967295 %.*s\r\n", (int)r.id_len, id);
        if (r.id_len > EPOP_UNIQUE_ID_MAX) {
            writer_refuses(write_uidl, &r, EPOP_ERR_TOO_LONG);
            continue;
        }
        writer_gives(write_uidl, &r, want, strlen(want));
        assert_int_equal(epop_uidl_parse(&back, want, strlen(want) - 2), EPOP_OK);
        octets_same(back.unique_id.ptr, back.unique_id.len, id, r.id_len, want, strlen(want));
        assert_int_equal(back.quirks, 0);
    }
    r.id_len = 0;
    writer_refuses(write_uidl, &r, EPOP_ERR_ARGUMENT_MISSING);
    r.id = NULL;
    writer_refuses(write_uidl, &r, EPOP_ERR_ARGUMENT_MISSING);
    r.id_len = 3;
    writer_refuses(write_uidl, &r, EPOP_ERR_NULL);
    r.id = id;
    for (unsigned octet = 0; octet < 256; octet++) {
        for (size_t at = 0; at < 3; at++) {
            memset(id, 'u', 3);
            id[at] = (char)octet;
            if (octet >= 0x21 && octet <= 0x7E) {
                snprintf(want, sizeof want, "4294967295 %.3s\r\n", id);
                writer_gives(write_uidl, &r, want, strlen(want));
            } else {
                writer_refuses(write_uidl, &r, EPOP_ERR_OCTET);
            }
        }
    }
}

/* ---- Struct size and NULL --------------------------------------------------------------------------------------- */

static void test_struct_size(void **state)
{
    (void)state;
    STRUCT_SIZE_LAW(epop_listing, epop_stat_parse(it, "2 320", 5), EPOP_OK);
    STRUCT_SIZE_LAW(epop_listing, epop_list_parse(it, "2 120", 5), EPOP_OK);
    STRUCT_SIZE_LAW(epop_listing, epop_uidl_parse(it, "2 abc", 5), EPOP_OK);
    STRUCT_SIZE_LAW(epop_listing, epop_uidl_parse(it, "x abc", 5), EPOP_ERR_SYNTAX);
}

static void test_null(void **state)
{
    epop_listing out = {.struct_size = sizeof out};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(calls[i](NULL, "1 1", 3), EPOP_ERR_NULL);
        assert_int_equal(calls[i](&out, NULL, 3), EPOP_ERR_NULL);
        assert_int_equal(calls[i](&out, NULL, 0), EPOP_ERR_SYNTAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_and_prefixes),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_every_word),
        cmocka_unit_test(test_stat),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_uidl),
        cmocka_unit_test(test_status_and_blanks),
        cmocka_unit_test(test_unique_id_length),
        cmocka_unit_test(test_quirk_names),
        cmocka_unit_test(test_list_write),
        cmocka_unit_test(test_uidl_write),
        cmocka_unit_test(test_struct_size),
        cmocka_unit_test(test_null),
    };

    return cmocka_run_group_tests_name("wire/listing", tests, open_guards, close_guards);
}
