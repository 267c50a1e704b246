/* The writer of CAPA lines: what it gives is one line, and reads as the same capability.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "octets.h"
#include "writer.h"

#include <epop/wire.h>

static int32_t write_capability(void *dst, size_t cap, size_t *len, const void *value)
{
    return epop_capability_write(dst, cap, len, value);
}

static epop_capability make(uint32_t id, const char *tag, const char *params, uint32_t value, uint32_t user)
{
    epop_capability c;

    memset(&c, 0, sizeof c);
    c.struct_size = sizeof c;
    c.id = id;
    c.value = value;
    c.user = user;
    c.tag.ptr = (const uint8_t *)tag;
    c.tag.len = tag != NULL ? strlen(tag) : 0;
    c.params.ptr = (const uint8_t *)params;
    c.params.len = params != NULL ? strlen(params) : 0;
    return c;
}

static void gives(epop_capability c, const char *want)
{
    writer_gives(write_capability, &c, want, strlen(want));
}

static void refuses(epop_capability c, int32_t want)
{
    writer_refuses(write_capability, &c, want);
}

static void test_write(void **state)
{
    (void)state;
    for (uint32_t id = EPOP_CAPA_TOP; id <= EPOP_CAPA_LANG; id <<= 1) {
        char want[32];

        strcat(strcpy(want, epop_capability_name(id)), "\r\n");
        gives(make(id, NULL, NULL, EPOP_UNSET, 0), want);
    }
    gives(make(EPOP_CAPA_AUTH_RESP_CODE, NULL, NULL, EPOP_UNSET, 0), "AUTH-RESP-CODE\r\n");
    gives(make(EPOP_CAPA_EXPIRE, NULL, NULL, 0, 0), "EXPIRE 0\r\n");
    gives(make(EPOP_CAPA_EXPIRE, NULL, NULL, 31, 1), "EXPIRE 31 USER\r\n");
    gives(make(EPOP_CAPA_EXPIRE, NULL, NULL, EPOP_EXPIRE_NEVER, 0), "EXPIRE NEVER\r\n");
    gives(make(EPOP_CAPA_EXPIRE, NULL, NULL, EPOP_EXPIRE_NEVER, 1), "EXPIRE NEVER USER\r\n");
    gives(make(EPOP_CAPA_EXPIRE, NULL, NULL, 4294967293u, 0), "EXPIRE 4294967293\r\n");
    gives(make(EPOP_CAPA_LOGIN_DELAY, NULL, NULL, 10, 1), "LOGIN-DELAY 10 USER\r\n");
    gives(make(EPOP_CAPA_UTF8, NULL, NULL, EPOP_UNSET, 1), "UTF8 USER\r\n");
    /* The words as they stand win over the values, and the tag over the bit. */
    gives(make(EPOP_CAPA_EXPIRE, NULL, "5 USER", 31, 0), "EXPIRE 5 USER\r\n");
    gives(make(EPOP_CAPA_SASL, NULL, "PLAIN X", 5, 1), "SASL PLAIN X\r\n");
    gives(make(EPOP_CAPA_SASL, NULL, "x", EPOP_UNSET, 0), "SASL x\r\n");
    gives(make(EPOP_CAPA_TOP, "X-GOOGLE-RICO", NULL, EPOP_UNSET, 0), "X-GOOGLE-RICO\r\n");
    gives(make(0, "X", "\303\244 1.0", EPOP_UNSET, 0), "X \303\244 1.0\r\n");
    refuses(make(0, NULL, "x", EPOP_UNSET, 0), EPOP_ERR_ARGUMENT_MISSING);
    refuses(make(EPOP_CAPA_TOP | EPOP_CAPA_USER, NULL, NULL, EPOP_UNSET, 0), EPOP_ERR_ARGUMENT_MISSING);
    refuses(make(0x2000, "", NULL, EPOP_UNSET, 0), EPOP_ERR_ARGUMENT_MISSING);
}

static void same(epop_span a, epop_span b)
{
    octets_same(a.ptr, a.len, b.ptr, b.len, b.ptr, b.len);
}

static const char *const lines[] = {
    "TOP",
    "SASL CRAM-MD5 KERBEROS_V4",
    "LOGIN-DELAY 900",
    "EXPIRE 5 USER",
    "LOGIN-DELAY 120 USER",
    "EXPIRE 0",
    "X-GOOGLE-RICO",
    "EXPIRE NEVER",
    "EXPIRE NEVER USER",
    "IMPLEMENTATION a  b 1.0",
    "UTF8 USER",
    "UTF8",
    "EXPIRE soon",
    "EXPIRE USER",
    "EXPIRE 4294967293",
    "expire 7",
    "LANG",
    "STLS",
    "SASL",
    "EXPIRE 4294967295",
};

/* Lines of real servers, read, written, and read again: from the words, and from the values alone. */
static void test_write_what_was_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        epop_capability first = {.struct_size = sizeof first};
        epop_capability second = {.struct_size = sizeof second};
        char dst[100];
        size_t len;

        assert_int_equal(epop_capability_parse(&first, lines[i], strlen(lines[i])), EPOP_OK);
        assert_int_equal(epop_capability_write(dst, sizeof dst, &len, &first), EPOP_OK);
        assert_int_equal(epop_capability_parse(&second, dst, len - 2), EPOP_OK);
        assert_true(second.id == first.id && second.value == first.value && second.user == first.user);
        same(second.tag, first.tag);
        same(second.params, first.params);
        if (first.id != 0) {
            first.tag.len = 0;
            first.params.len = 0;
            assert_int_equal(epop_capability_write(dst, sizeof dst, &len, &first), EPOP_OK);
            assert_int_equal(epop_capability_parse(&second, dst, len - 2), EPOP_OK);
            assert_true(second.id == first.id && second.value == first.value && second.user == first.user);
        }
    }
}

static void test_write_refuses_octets(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        for (size_t at = 0; at < 3; at++) {
            char text[4] = "abc";
            epop_capability c = make(0, "abc", NULL, EPOP_UNSET, 0);
            int visible = octet > 0x20 && octet < 0x7F && octet != '.'; /* cchar of RFC 2449 section 3 */

            text[at] = (char)octet;
            c.tag.ptr = (const uint8_t *)text;
            if (visible) {
                char want[6] = {text[0], text[1], text[2], '\r', '\n', '\0'};
                gives(c, want);
            } else {
                refuses(c, EPOP_ERR_OCTET);
            }
            c = make(EPOP_CAPA_SASL, NULL, "abc", EPOP_UNSET, 0);
            c.params.ptr = (const uint8_t *)text;
            if (octet == 0 || octet == '\r' || octet == '\n') {
                refuses(c, EPOP_ERR_OCTET);
            }
        }
    }
}

static void test_write_length_limit(void **state)
{
    static char params[600];
    static char want[600];

    (void)state;
    for (size_t len = 504; len <= 507; len++) {
        memset(params, 0, sizeof params);
        memset(params, 'x', len);
        strcat(strcat(strcpy(want, "SASL "), params), "\r\n");
        if (len + 7 <= EPOP_STATUS_MAX) {
            gives(make(EPOP_CAPA_SASL, NULL, params, EPOP_UNSET, 0), want);
        } else {
            refuses(make(EPOP_CAPA_SASL, NULL, params, EPOP_UNSET, 0), EPOP_ERR_TOO_LONG);
        }
    }
}

static int32_t write_top(uint32_t struct_size)
{
    epop_capability c = make(EPOP_CAPA_TOP, NULL, NULL, EPOP_UNSET, 0);
    char dst[8];
    size_t len;

    c.struct_size = struct_size;
    return epop_capability_write(dst, sizeof dst, &len, &c);
}

static void test_struct_size(void **state)
{
    (void)state;
    for (uint32_t size = 0; size < sizeof(epop_capability); size++) {
        assert_int_equal(write_top(size), EPOP_ERR_STRUCT_SIZE);
    }
    assert_int_equal(write_top(sizeof(epop_capability)), EPOP_OK);
    assert_int_equal(write_top(sizeof(epop_capability) + 8), EPOP_OK);
}

static void test_null(void **state)
{
    epop_capability c = make(EPOP_CAPA_TOP, NULL, NULL, EPOP_UNSET, 0);
    char dst[8];
    size_t len;

    (void)state;
    assert_int_equal(epop_capability_write(NULL, 8, &len, &c), EPOP_ERR_NULL);
    assert_int_equal(epop_capability_write(dst, 8, NULL, &c), EPOP_ERR_NULL);
    assert_int_equal(epop_capability_write(dst, 8, &len, NULL), EPOP_ERR_NULL);
}

/* A span whose pointer is missing though it claims to have octets. */
static void test_null_in_spans(void **state)
{
    epop_capability c = make(EPOP_CAPA_SASL, NULL, NULL, EPOP_UNSET, 0);

    (void)state;
    c.params.len = 3;
    refuses(c, EPOP_ERR_NULL);
    c = make(0, NULL, NULL, EPOP_UNSET, 0);
    c.tag.len = 3;
    refuses(c, EPOP_ERR_NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_what_was_read),
        cmocka_unit_test(test_write_refuses_octets),
        cmocka_unit_test(test_write_length_limit),
        cmocka_unit_test(test_struct_size),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_null_in_spans),
    };

    return cmocka_run_group_tests_name("wire/capability-write", tests, NULL, NULL);
}
