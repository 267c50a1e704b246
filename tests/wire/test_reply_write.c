/* The writer of status lines: what it gives is one line, and reads as the same values.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "octets.h"
#include "writer.h"

#include <epop/wire.h>

static int32_t write_reply(void *dst, size_t cap, size_t *len, const void *value)
{
    return epop_reply_write(dst, cap, len, value);
}

static epop_reply make(uint32_t status, uint32_t code, const char *name, const char *detail)
{
    epop_reply reply;

    memset(&reply, 0, sizeof reply);
    reply.struct_size = sizeof reply;
    reply.status = status;
    reply.code = code;
    reply.retry = 0xEEEEEEEEu; /* "The rest of `reply` is ignored" */
    reply.text.ptr = (const uint8_t *)"\r\n";
    reply.text.len = 2;
    reply.code_name.ptr = (const uint8_t *)name;
    reply.code_name.len = name != NULL ? strlen(name) : 0;
    reply.detail.ptr = (const uint8_t *)detail;
    reply.detail.len = detail != NULL ? strlen(detail) : 0;
    return reply;
}

static void gives(epop_reply reply, const char *want)
{
    epop_reply back = {.struct_size = sizeof back};

    writer_gives(write_reply, &reply, want, strlen(want));
    assert_int_equal(epop_reply_parse(&back, want, strlen(want) - 2), EPOP_OK);
    assert_int_equal(back.status, reply.status);
    assert_int_equal(back.code, reply.code);
    octets_same(back.detail.ptr, back.detail.len, reply.detail.ptr, reply.detail.len, want, strlen(want));
    if (reply.code == EPOP_CODE_OTHER) {
        octets_same(back.code_name.ptr, back.code_name.len, reply.code_name.ptr, reply.code_name.len, want,
                    strlen(want));
    }
}

static void refuses(epop_reply reply, int32_t want)
{
    writer_refuses(write_reply, &reply, want);
}

static void test_write(void **state)
{
    (void)state;
    gives(make(EPOP_STATUS_OK, EPOP_CODE_NONE, NULL, NULL), "+OK \r\n");
    gives(make(EPOP_STATUS_ERR, EPOP_CODE_NONE, NULL, ""), "-ERR \r\n");
    gives(make(EPOP_STATUS_CONTINUE, EPOP_CODE_NONE, NULL, NULL), "+ \r\n");
    gives(make(EPOP_STATUS_OK, EPOP_CODE_NONE, "\r", "2 320"), "+OK 2 320\r\n");
    gives(make(EPOP_STATUS_CONTINUE, EPOP_CODE_NONE, NULL, "AQ=="), "+ AQ==\r\n");
    gives(make(EPOP_STATUS_ERR, EPOP_CODE_IN_USE, "\r", "busy"), "-ERR [IN-USE] busy\r\n");
    gives(make(EPOP_STATUS_ERR, EPOP_CODE_LOGIN_DELAY, NULL, "slow"), "-ERR [LOGIN-DELAY] slow\r\n");
    gives(make(EPOP_STATUS_ERR, EPOP_CODE_SYS, NULL, "x"), "-ERR [SYS] x\r\n");
    gives(make(EPOP_STATUS_ERR, EPOP_CODE_SYS_TEMP, NULL, "x"), "-ERR [SYS/TEMP] x\r\n");
    gives(make(EPOP_STATUS_ERR, EPOP_CODE_SYS_PERM, NULL, "x"), "-ERR [SYS/PERM] x\r\n");
    gives(make(EPOP_STATUS_ERR, EPOP_CODE_AUTH, NULL, "x"), "-ERR [AUTH] x\r\n");
    gives(make(EPOP_STATUS_ERR, EPOP_CODE_UTF8, NULL, "x"), "-ERR [UTF8] x\r\n");
    gives(make(EPOP_STATUS_ERR, EPOP_CODE_OTHER, "REFERRAL/x", "moved"), "-ERR [REFERRAL/x] moved\r\n");
    gives(make(EPOP_STATUS_OK, EPOP_CODE_OTHER, "XCLIENT", " two"), "+OK [XCLIENT]  two\r\n");
    gives(make(EPOP_STATUS_OK, EPOP_CODE_NONE, NULL, " \377 \001\t"), "+OK  \377 \001\t\r\n");
}

/* Nothing behind the code: whether a space follows it is not told, but it must be read back. */
static void test_write_code_without_detail(void **state)
{
    epop_reply reply = make(EPOP_STATUS_ERR, EPOP_CODE_AUTH, NULL, NULL);
    epop_reply back = {.struct_size = sizeof back};
    char dst[64];
    size_t len;

    (void)state;
    assert_int_equal(epop_reply_write(dst, sizeof dst, &len, &reply), EPOP_OK);
    assert_true(len >= 13 && memcmp(dst, "-ERR [AUTH]", 11) == 0 && memcmp(dst + len - 2, "\r\n", 2) == 0);
    assert_int_equal(epop_reply_parse(&back, dst, len - 2), EPOP_OK);
    assert_int_equal(back.code, EPOP_CODE_AUTH);
    assert_int_equal(back.detail.len, 0);
}

/* RFC 2449 section 4: 512 octets with the CRLF. */
static void test_write_length_limit(void **state)
{
    static char text[600];
    static char want[600];

    (void)state;
    for (size_t len = 505; len <= 508; len++) {
        memset(text, 0, sizeof text);
        memset(text, 'x', len);
        memset(want, 0, sizeof want);
        strcat(strcat(strcpy(want, "+OK "), text), "\r\n");
        if (len + 6 <= EPOP_STATUS_MAX) {
            gives(make(EPOP_STATUS_OK, EPOP_CODE_NONE, NULL, text), want);
        } else {
            refuses(make(EPOP_STATUS_OK, EPOP_CODE_NONE, NULL, text), EPOP_ERR_TOO_LONG);
        }
        strcat(strcat(strcpy(want, "-ERR [AUTH] "), text + 8), "\r\n");
        if (len - 8 + 14 <= EPOP_STATUS_MAX) {
            gives(make(EPOP_STATUS_ERR, EPOP_CODE_AUTH, NULL, text + 8), want);
        } else {
            refuses(make(EPOP_STATUS_ERR, EPOP_CODE_AUTH, NULL, text + 8), EPOP_ERR_TOO_LONG);
        }
    }
}

static void test_write_refuses_octets(void **state)
{
    static const char octets[] = {'\r', '\n', '\0'};

    (void)state;
    for (size_t i = 0; i < sizeof octets; i++) {
        for (size_t at = 0; at < 3; at++) {
            char text[3] = {'a', 'b', 'c'};
            epop_reply reply = make(EPOP_STATUS_OK, EPOP_CODE_NONE, NULL, "abc");

            text[at] = octets[i];
            reply.detail.ptr = (const uint8_t *)text;
            refuses(reply, EPOP_ERR_OCTET);
            reply = make(EPOP_STATUS_ERR, EPOP_CODE_OTHER, "abc", "text");
            reply.code_name.ptr = (const uint8_t *)text;
            refuses(reply, EPOP_ERR_OCTET);
        }
    }
}

/* A name that could not be read back as one code: with what result it is refused is not told. */
static void refuses_name(const char *name)
{
    epop_reply reply = make(EPOP_STATUS_ERR, EPOP_CODE_OTHER, name, "x");
    char dst[64];
    size_t len;

    if (epop_reply_write(dst, sizeof dst, &len, &reply) >= 0) {
        octets_fail("taken as the name of a code", name, strlen(name));
    }
}

static void test_write_refuses_code_names(void **state)
{
    (void)state;
    refuses_name("");
    refuses_name("A]");
    refuses_name("]");
    refuses_name("]A");
    refuses_name("A] [B");
    refuses_name("two words");
    refuses_name("\303\244");
    refuses_name("A\t");
}

static void test_write_refuses_empty_levels(void **state)
{
    (void)state;
    refuses_name("A//B");
    refuses_name("/A");
    refuses_name("A/");
    refuses_name("/");
}

static void test_write_refuses_values(void **state)
{
    static const uint32_t statuses[] = {0, 4, 257, 0xFFFFFFFFu};
    static const uint32_t unknown[] = {EPOP_CODE_UTF8 + 1, 256 + EPOP_CODE_AUTH, 0xFFFFFFFFu};

    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        refuses(make(statuses[i], EPOP_CODE_NONE, NULL, "x"), EPOP_ERR_VALUE);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        refuses(make(EPOP_STATUS_ERR, unknown[i], "X", "x"), EPOP_ERR_VALUE);
    }
}

/* A challenge has no response code (RFC 2449 section 8): what stands there would be taken for base64. */
static void test_write_challenge_without_code(void **state)
{
    (void)state;
    for (uint32_t code = EPOP_CODE_LOGIN_DELAY; code <= EPOP_CODE_UTF8; code++) {
        refuses(make(EPOP_STATUS_CONTINUE, code, NULL, "eA=="), EPOP_ERR_VALUE);
    }
}

static void test_write_challenge_without_other_code(void **state)
{
    (void)state;
    refuses(make(EPOP_STATUS_CONTINUE, EPOP_CODE_OTHER, "X", "eA=="), EPOP_ERR_VALUE);
}

static int32_t write_ok(uint32_t struct_size)
{
    epop_reply reply = make(EPOP_STATUS_OK, EPOP_CODE_NONE, NULL, "x");
    char dst[16];
    size_t len;

    reply.struct_size = struct_size;
    return epop_reply_write(dst, sizeof dst, &len, &reply);
}

static void test_struct_size(void **state)
{
    (void)state;
    for (uint32_t size = 0; size < sizeof(epop_reply); size++) {
        assert_int_equal(write_ok(size), EPOP_ERR_STRUCT_SIZE);
    }
    assert_int_equal(write_ok(sizeof(epop_reply)), EPOP_OK);
    assert_int_equal(write_ok(sizeof(epop_reply) + 8), EPOP_OK);
}

static void test_null(void **state)
{
    epop_reply reply = make(EPOP_STATUS_OK, EPOP_CODE_NONE, NULL, "x");
    char dst[16];
    size_t len;

    (void)state;
    assert_int_equal(epop_reply_write(NULL, 16, &len, &reply), EPOP_ERR_NULL);
    assert_int_equal(epop_reply_write(dst, 16, NULL, &reply), EPOP_ERR_NULL);
    assert_int_equal(epop_reply_write(dst, 16, &len, NULL), EPOP_ERR_NULL);
}

/* A span whose pointer is missing though it claims to have octets. */
static void test_null_in_spans(void **state)
{
    epop_reply reply = make(EPOP_STATUS_OK, EPOP_CODE_NONE, NULL, NULL);

    (void)state;
    reply.detail.len = 3;
    refuses(reply, EPOP_ERR_NULL);
    reply = make(EPOP_STATUS_ERR, EPOP_CODE_OTHER, NULL, "x");
    reply.code_name.len = 3;
    refuses(reply, EPOP_ERR_NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_code_without_detail),
        cmocka_unit_test(test_write_length_limit),
        cmocka_unit_test(test_write_refuses_octets),
        cmocka_unit_test(test_write_refuses_code_names),
        cmocka_unit_test(test_write_refuses_empty_levels),
        cmocka_unit_test(test_write_refuses_values),
        cmocka_unit_test(test_write_challenge_without_code),
        cmocka_unit_test(test_write_challenge_without_other_code),
        cmocka_unit_test(test_struct_size),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_null_in_spans),
    };

    return cmocka_run_group_tests_name("wire/reply-write", tests, NULL, NULL);
}
