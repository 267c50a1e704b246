/* Status lines and response codes, against a slow reference written from RFC 2449 section 3.
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
    uint32_t code;
    const char *name;
    uint32_t retry;
} codes[] = {
    {EPOP_CODE_LOGIN_DELAY, "LOGIN-DELAY", EPOP_RETRY_LATER}, /* RFC 2449 section 8.1.1 */
    {EPOP_CODE_IN_USE, "IN-USE", EPOP_RETRY_LATER},           /* RFC 2449 section 8.1.2 */
    {EPOP_CODE_SYS, "SYS", EPOP_RETRY_UNKNOWN},
    {EPOP_CODE_SYS_TEMP, "SYS/TEMP", EPOP_RETRY_LATER}, /* RFC 3206 section 4 */
    {EPOP_CODE_SYS_PERM, "SYS/PERM", EPOP_RETRY_NEVER},
    {EPOP_CODE_AUTH, "AUTH", EPOP_RETRY_NEVER}, /* RFC 3206 section 5 */
    {EPOP_CODE_UTF8, "UTF8", EPOP_RETRY_NOW},   /* RFC 6856 section 5 */
};

#define CODES (sizeof codes / sizeof codes[0])

/* ---- The reference ---------------------------------------------------------------------------------------------- */

/* rchar = %x21-2E / %x30-5C / %x5E-7F */
static int is_rchar(uint8_t octet)
{
    return octet >= 0x21 && octet <= 0x7E && octet != '/' && octet != ']';
}

/* resp-code = "[" resp-level *("/" resp-level) "]"; its length, 0 where there is none. */
static size_t code_length(const uint8_t *text, size_t len)
{
    size_t pos = 1;

    if (len == 0 || text[0] != '[') {
        return 0;
    }
    for (;;) {
        size_t level = 0;

        while (pos < len && is_rchar(text[pos])) {
            pos++;
            level++;
        }
        if (level == 0 || pos == len) {
            return 0;
        }
        if (text[pos] == ']') {
            return pos + 1;
        }
        if (text[pos++] != '/') {
            return 0;
        }
    }
}

/* Whatever the letter case, and with levels of detail below that nobody knows (RFC 2449 section 8: "Clients MUST ignore
 * unknown hierarchical detail"). */
static int names_code(const uint8_t *text, size_t len, const char *name)
{
    for (size_t i = 0; i < strlen(name); i++) {
        uint8_t octet = i < len ? text[i] : 0;

        if (octet >= 'a' && octet <= 'z') {
            octet = (uint8_t)(octet - 'a' + 'A');
        }
        if (octet != (uint8_t)name[i]) {
            return 0;
        }
    }
    return len == strlen(name) || text[strlen(name)] == '/';
}

static void judge_code(epop_reply *want)
{
    size_t length = code_length(want->text.ptr, want->text.len);

    want->code = EPOP_CODE_NONE;
    want->retry = EPOP_RETRY_UNKNOWN;
    want->detail = want->text;
    if (length == 0 || want->status == EPOP_STATUS_CONTINUE) {
        return;
    }
    want->code = EPOP_CODE_OTHER;
    want->code_name.ptr = want->text.ptr + 1;
    want->code_name.len = length - 2;
    want->detail.ptr += length;
    want->detail.len -= length;
    if (want->detail.len > 0 && want->detail.ptr[0] == ' ') {
        want->detail.ptr++;
        want->detail.len--;
    }
    for (size_t i = 0; i < CODES; i++) {
        if (names_code(want->code_name.ptr, want->code_name.len, codes[i].name)) {
            want->code = codes[i].code; /* SYS stands before SYS/TEMP, so that the more exact one counts */
            want->retry = codes[i].retry;
        }
    }
}

static int begins(const uint8_t *text, size_t len, const char *with)
{
    return len >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

/* A challenge right after its plus: the letters of base64, in fours. */
static int is_bare_challenge(const uint8_t *text, size_t len)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

    for (size_t i = 1; i < len; i++) {
        if (text[i] == 0 || !strchr(letters, text[i])) {
            return 0;
        }
    }
    return len > 1 && text[0] == '+' && len % 4 == 1;
}

static int32_t judge(epop_reply *want, const uint8_t *text, size_t len)
{
    size_t at;

    memset(want, 0, sizeof *want);
    if (begins(text, len, "+OK")) {
        want->status = EPOP_STATUS_OK;
        at = 3;
    } else if (begins(text, len, "-ERR")) {
        want->status = EPOP_STATUS_ERR;
        at = 4;
    } else if (begins(text, len, "+ ") || (len == 1 && text[0] == '+') || is_bare_challenge(text, len)) {
        want->status = EPOP_STATUS_CONTINUE;
        at = 1;
    } else {
        return EPOP_ERR_SYNTAX;
    }
    if (at < len && text[at] == ' ') {
        at++;
    }
    want->text.ptr = text + at;
    want->text.len = len - at;
    judge_code(want);
    return EPOP_OK;
}

static void check_at(const uint8_t *text, size_t len)
{
    epop_reply want;
    epop_reply got;
    int32_t result = judge(&want, text, len);

    memset(&got, 0xEE, sizeof got);
    got.struct_size = sizeof got;
    if (epop_reply_parse(&got, text, len) != result) {
        octets_fail("another result than the reference has", text, len);
    }
    if (result == EPOP_OK && (got.struct_size != sizeof got || got.status != want.status || got.code != want.code ||
                              got.retry != want.retry || !octets_same_place(got.code_name, want.code_name) ||
                              !octets_same_place(got.text, want.text) || !octets_same_place(got.detail, want.detail))) {
        octets_fail("parsed otherwise than the reference does", text, len);
    }
}

static void check(const void *text, size_t len)
{
    /* The grammar calls rchar "printable" and yet has DEL in it; either reading will do. */
    if (len == 0 || memchr(text, 0x7F, len) == NULL) {
        check_at(guard_put(&tail_guard, text, len), len);
        check_at(guard_put_first(&first_guard, text, len), len);
    }
}

/* ---- The parser ------------------------------------------------------------------------------------------------- */

static const char *const samples[] = {
    "+OK",
    "-ERR",
    "+OK ",
    "-ERR ",
    "+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>",
    "-ERR [IN-USE] Do you have another POP session running?",
    "-ERR [LOGIN-DELAY] minimum time between mail checks violation",
    "-ERR [SYS/TEMP] try again",
    "-ERR [SYS/PERM] call us",
    "-ERR [AUTH] invalid user or password",
    "-ERR [UTF8] a message needs it",
    "-ERR [sys/Temp/Disk]full",
    "-ERR [SYS/OTHER] x",
    "-ERR [SYS] x",
    "+OK [XCLIENT] Dovecot ready.",
    "-ERR [REFERRAL/pop.example] moved",
    "+OK The Microsoft Exchange POP3 service is ready. [QQBNADAAUABSADEA]",
    "+OK  [IN-USE] behind two spaces",
    "+OK[IN-USE]no space",
    "+OKAY",
    "-ERROR",
    "+",
    "+ ",
    "+ PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+",
    "+ go ahead",
    "+ [IN-USE]",
};

static void test_samples_and_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        epop_reply reply = {.struct_size = sizeof reply};

        assert_int_equal(epop_reply_parse(&reply, samples[i], strlen(samples[i])), EPOP_OK);
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

static void test_every_bracket(void **state)
{
    uint8_t text[16] = "-ERR ";

    (void)state;
    for (size_t len = 0; len <= 6; len++) {
        for (uint32_t i = 0; i < octets_words(5, len); i++) {
            octets_word(text + 5, len, "[]/A ", 5, i);
            check(text, 5 + len);
            memmove(text + 4, text + 5, len);
            check(text, 4 + len);
            text[4] = ' ';
        }
    }
}

static void test_status(void **state)
{
    static const char *const bad[] = {
        "",
        "O",
        "OK",
        "+O",
        "-",
        "-E",
        "-ER",
        "ERR",
        "+ok",
        "+Ok",
        "-err",
        "-Err",
        " +OK",
        "++OK",
        "- ERR",
        "+\t",
        "*",
        ".",
        "+-",
        "-OK",
        "+ERR",
        "* BYE Server shutting down.",
        "\n+OK",
        "Error",
        "HTTP/1.1 200 OK",
        "+dGVzd==",
        "+dGV=dA= ",
        "+dGVzdA-=",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        epop_reply reply = {.struct_size = sizeof reply};

        check(bad[i], strlen(bad[i]));
        assert_int_equal(epop_reply_parse(&reply, bad[i], strlen(bad[i])), EPOP_ERR_SYNTAX);
    }
}

static void expect(const char *line, uint32_t status, uint32_t code, const char *name, const char *text,
                   const char *detail)
{
    epop_reply reply;

    memset(&reply, 0xEE, sizeof reply);
    reply.struct_size = sizeof reply;
    assert_int_equal(epop_reply_parse(&reply, line, strlen(line)), EPOP_OK);
    assert_int_equal(reply.status, status);
    assert_int_equal(reply.code, code);
    assert_int_equal(reply.retry, epop_code_retry(code));
    octets_span(reply.code_name, name);
    octets_span(reply.text, text);
    octets_span(reply.detail, detail);
}

/* By hand, so that the reference is not the only witness. */
static void test_examples(void **state)
{
    (void)state;
    expect("+OK", EPOP_STATUS_OK, EPOP_CODE_NONE, "", "", "");
    expect("+OK  x ", EPOP_STATUS_OK, EPOP_CODE_NONE, "", " x ", " x ");
    expect("+OKAY", EPOP_STATUS_OK, EPOP_CODE_NONE, "", "AY", "AY");
    expect("-ERR[AUTH]no", EPOP_STATUS_ERR, EPOP_CODE_AUTH, "AUTH", "[AUTH]no", "no");
    expect("-ERR [in-use] x", EPOP_STATUS_ERR, EPOP_CODE_IN_USE, "in-use", "[in-use] x", "x");
    expect("-ERR [SYS/TEMP]  x", EPOP_STATUS_ERR, EPOP_CODE_SYS_TEMP, "SYS/TEMP", "[SYS/TEMP]  x", " x");
    expect("-ERR [SYS/PERM]", EPOP_STATUS_ERR, EPOP_CODE_SYS_PERM, "SYS/PERM", "[SYS/PERM]", "");
    expect("-ERR [SYS/TEMP/DISK] x", EPOP_STATUS_ERR, EPOP_CODE_SYS_TEMP, "SYS/TEMP/DISK", "[SYS/TEMP/DISK] x", "x");
    expect("-ERR [SYS/TEMPORARY] x", EPOP_STATUS_ERR, EPOP_CODE_SYS, "SYS/TEMPORARY", "[SYS/TEMPORARY] x", "x");
    expect("-ERR [LOGIN-DELAY/300] x", EPOP_STATUS_ERR, EPOP_CODE_LOGIN_DELAY, "LOGIN-DELAY/300", "[LOGIN-DELAY/300] x",
           "x");
    expect("-ERR [UTF8] x", EPOP_STATUS_ERR, EPOP_CODE_UTF8, "UTF8", "[UTF8] x", "x");
    expect("-ERR [UTF-8] x", EPOP_STATUS_ERR, EPOP_CODE_OTHER, "UTF-8", "[UTF-8] x", "x");
    expect("-ERR [SYSTEM] x", EPOP_STATUS_ERR, EPOP_CODE_OTHER, "SYSTEM", "[SYSTEM] x", "x");
    expect("+OK [XCLIENT] hi", EPOP_STATUS_OK, EPOP_CODE_OTHER, "XCLIENT", "[XCLIENT] hi", "hi");
    expect("+OK ready [IN-USE]", EPOP_STATUS_OK, EPOP_CODE_NONE, "", "ready [IN-USE]", "ready [IN-USE]");
    expect("+OK [two words] x", EPOP_STATUS_OK, EPOP_CODE_NONE, "", "[two words] x", "[two words] x");
    expect("+OK [] x", EPOP_STATUS_OK, EPOP_CODE_NONE, "", "[] x", "[] x");
    expect("+OK [AUTH", EPOP_STATUS_OK, EPOP_CODE_NONE, "", "[AUTH", "[AUTH");
    expect("+OK [SYS//TEMP] x", EPOP_STATUS_OK, EPOP_CODE_NONE, "", "[SYS//TEMP] x", "[SYS//TEMP] x");
    expect("+", EPOP_STATUS_CONTINUE, EPOP_CODE_NONE, "", "", "");
    expect("+ ", EPOP_STATUS_CONTINUE, EPOP_CODE_NONE, "", "", "");
    expect("+  eA==", EPOP_STATUS_CONTINUE, EPOP_CODE_NONE, "", " eA==", " eA==");
    expect("+eA==", EPOP_STATUS_CONTINUE, EPOP_CODE_NONE, "", "eA==", "eA==");
    expect("++/09azAZ", EPOP_STATUS_CONTINUE, EPOP_CODE_NONE, "", "+/09azAZ", "+/09azAZ");
}

/* ---- Codes ------------------------------------------------------------------------------------------------------ */

static void test_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < CODES; i++) {
        assert_string_equal(epop_code_name(codes[i].code), codes[i].name);
        assert_int_equal(epop_code_retry(codes[i].code), codes[i].retry);
    }
    assert_string_equal(epop_code_name(EPOP_CODE_NONE), "");
    assert_string_equal(epop_code_name(EPOP_CODE_OTHER), "");
    assert_int_equal(epop_code_retry(EPOP_CODE_NONE), EPOP_RETRY_UNKNOWN);
    assert_int_equal(epop_code_retry(EPOP_CODE_OTHER), EPOP_RETRY_UNKNOWN);
    for (uint32_t code = EPOP_CODE_UTF8 + 1; code < 600; code++) {
        assert_string_equal(epop_code_name(code), "");
        assert_int_equal(epop_code_retry(code), EPOP_RETRY_UNKNOWN);
    }
    assert_string_equal(epop_code_name(0xFFFFFFFFu), "");
    assert_int_equal(epop_code_retry(0xFFFFFFFFu), EPOP_RETRY_UNKNOWN);
}

static void test_struct_size(void **state)
{
    (void)state;
    STRUCT_SIZE_LAW(epop_reply, epop_reply_parse(it, "-ERR [AUTH] x", 13), EPOP_OK);
}

static void test_null(void **state)
{
    epop_reply reply = {.struct_size = sizeof reply};

    (void)state;
    assert_int_equal(epop_reply_parse(NULL, "+OK", 3), EPOP_ERR_NULL);
    assert_int_equal(epop_reply_parse(&reply, NULL, 3), EPOP_ERR_NULL);
    assert_int_equal(epop_reply_parse(&reply, NULL, 0), EPOP_ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_and_prefixes),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_every_bracket),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_struct_size),
        cmocka_unit_test(test_null),
    };

    return cmocka_run_group_tests_name("wire/reply", tests, open_guards, close_guards);
}
