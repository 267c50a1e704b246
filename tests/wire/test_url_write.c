/* Percent codes, and POP URLs from values: what is written reads as the same values.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "guard.h"
#include "octets.h"
#include "writer.h"

#include <epop/wire.h>

static epop_span span(const char *text)
{
    epop_span s = {(const uint8_t *)text, text != NULL ? strlen(text) : 0};

    return s;
}

/* ---- Decoding --------------------------------------------------------------------------------------------------- */

static guard text_guard;

static int open_guard(void **state)
{
    (void)state;
    guard_open(&text_guard, 1000);
    return 0;
}

static int close_guard(void **state)
{
    (void)state;
    guard_close(&text_guard);
    return 0;
}

static int32_t decode(void *dst, size_t cap, size_t *len, const void *value)
{
    const epop_span *text = value;

    return epop_url_decode(dst, cap, len, guard_put(&text_guard, text->ptr, text->len), text->len);
}

static void decodes(const char *text, const char *want)
{
    epop_span in = span(text);

    writer_gives(decode, &in, want, strlen(want));
}

static void decode_refuses(const char *text, int32_t want)
{
    epop_span in = span(text);

    writer_refuses(decode, &in, want);
}

static void test_decode(void **state)
{
    (void)state;
    decodes("rg", "rg");
    decodes("user%40example.com", "user@example.com");
    decodes("%41%6a%6A", "Ajj");
    decodes("a+b", "a+b"); /* a plus is a plus */
    decodes("%25", "%");
    decodes("%2541", "%41"); /* decoded once */
    decodes("%C3%a4%FF", "\303\244\377");
    decodes("%01%7f", "\001\177");
    decode_refuses("%", EPOP_ERR_SYNTAX);
    decode_refuses("%4", EPOP_ERR_SYNTAX);
    decode_refuses("abc%4", EPOP_ERR_SYNTAX);
    decode_refuses("%%41", EPOP_ERR_SYNTAX);
    decode_refuses("%g0", EPOP_ERR_SYNTAX);
    decode_refuses("%0g", EPOP_ERR_SYNTAX);
    decode_refuses("%G0", EPOP_ERR_SYNTAX);
    decode_refuses("% 4", EPOP_ERR_SYNTAX);
    decode_refuses("%-1", EPOP_ERR_SYNTAX);
    decode_refuses("%:0", EPOP_ERR_SYNTAX);
    decode_refuses("%/0", EPOP_ERR_SYNTAX);
    decode_refuses("%@0", EPOP_ERR_SYNTAX);
    decode_refuses("%`0", EPOP_ERR_SYNTAX);
    decode_refuses("%00", EPOP_ERR_OCTET);
    decode_refuses("%0d", EPOP_ERR_OCTET);
    decode_refuses("%0D", EPOP_ERR_OCTET);
    decode_refuses("%0a", EPOP_ERR_OCTET);
    decode_refuses("%0A", EPOP_ERR_OCTET);
    decode_refuses("name%0d%0aDELE%201", EPOP_ERR_OCTET);
}

static void test_decode_every_code(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        for (unsigned form = 0; form < 2; form++) {
            const char *hex = form == 0 ? "0123456789ABCDEF" : "0123456789abcdef";
            char text[6] = {'x', '%', hex[value >> 4], hex[value & 15], 'y', '\0'};
            char want[4] = {'x', (char)value, 'y', '\0'};

            if (value == 0 || value == '\r' || value == '\n') {
                decode_refuses(text, EPOP_ERR_OCTET);
            } else {
                decodes(text, want);
            }
        }
    }
}

/* Nothing is as good as a place for nothing. */
static void test_decode_empty(void **state)
{
    char dst[1];
    size_t len = 9;

    (void)state;
    assert_int_equal(epop_url_decode(dst, 0, &len, "", 0), EPOP_OK);
    assert_int_equal(len, 0);
    assert_int_equal(epop_url_decode(NULL, 0, &len, NULL, 0), EPOP_OK);
    assert_int_equal(epop_url_decode(NULL, 1, &len, "a", 1), EPOP_ERR_NULL);
    assert_int_equal(epop_url_decode(dst, 1, NULL, "a", 1), EPOP_ERR_NULL);
    assert_int_equal(epop_url_decode(dst, 1, &len, NULL, 1), EPOP_ERR_NULL);
}

/* What a writer gives has no CR, LF or NUL in it, whatever way it was brought in. */
static void test_decode_refuses_raw_line_ends(void **state)
{
    (void)state;
    decode_refuses("a\rb", EPOP_ERR_OCTET);
    decode_refuses("a\nb", EPOP_ERR_OCTET);
    writer_refuses(decode, &(epop_span){(const uint8_t *)"a\0b", 3}, EPOP_ERR_OCTET);
}

/* ---- Writing ---------------------------------------------------------------------------------------------------- */

static int32_t write_url(void *dst, size_t cap, size_t *len, const void *value)
{
    return epop_url_write(dst, cap, len, value);
}

static epop_url make(uint32_t tls, uint32_t port, uint32_t apop, const char *user, const char *auth, const char *host)
{
    epop_url url;

    memset(&url, 0, sizeof url);
    url.struct_size = sizeof url;
    url.tls = tls;
    url.port = port;
    url.apop = apop;
    url.user = span(user);
    url.auth = span(auth);
    url.host = span(host);
    return url;
}

static void same_decoded(epop_span part, epop_span want)
{
    char raw[1000];
    size_t len = 0;

    assert_int_equal(epop_url_decode(raw, sizeof raw, &len, part.ptr, part.len), EPOP_OK);
    octets_same(raw, len, want.ptr, want.len, part.ptr, part.len);
}

static void reads_as(const epop_url *url, const void *text, size_t len)
{
    epop_url back = {.struct_size = sizeof back};

    if (epop_url_parse(&back, text, len) != EPOP_OK) {
        octets_fail("written, but not readable", text, len);
    }
    assert_int_equal(back.tls, url->tls);
    assert_int_equal(back.port, url->port != 0 ? url->port : url->tls ? 995 : 110);
    assert_int_equal(back.apop, url->apop);
    same_decoded(back.user, url->user);
    same_decoded(back.auth, url->auth);
    octets_same(back.host.ptr, back.host.len, url->host.ptr, url->host.len, text, len);
}

static void gives(epop_url url, const char *want)
{
    writer_gives(write_url, &url, want, strlen(want));
    reads_as(&url, want, strlen(want));
}

static void refuses(epop_url url, int32_t want)
{
    writer_refuses(write_url, &url, want);
}

static void test_write(void **state)
{
    (void)state;
    /* RFC 2384 section 7. */
    gives(make(0, 110, 0, "rg", NULL, "mailsrv.qualcomm.com"), "pop://rg@mailsrv.qualcomm.com");
    gives(make(0, 8110, 1, "rg", "APOP", "mail.eudora.com"), "pop://rg;AUTH=+APOP@mail.eudora.com:8110");
    gives(make(0, 0, 0, "baz", "SCRAM-MD5", "foo.bar"), "pop://baz;AUTH=SCRAM-MD5@foo.bar");
    gives(make(0, 0, 0, NULL, NULL, "host"), "pop://host");
    gives(make(0, 1, 0, NULL, NULL, "host"), "pop://host:1");
    gives(make(0, 995, 0, NULL, NULL, "host"), "pop://host:995");
    gives(make(0, 65535, 0, NULL, NULL, "host"), "pop://host:65535");
    gives(make(1, 0, 0, NULL, NULL, "host"), "pops://host");
    gives(make(1, 995, 0, NULL, NULL, "host"), "pops://host");
    gives(make(1, 110, 0, NULL, NULL, "host"), "pops://host:110");
    gives(make(0, 0, 0, "a", "*", "192.0.2.1"), "pop://a;AUTH=*@192.0.2.1");
    gives(make(0, 0, 0, NULL, "*", "h"), "pop://;AUTH=*@h");
    gives(make(1, 0, 0, "a", NULL, "2001:db8::25"), "pops://a@[2001:db8::25]");
    gives(make(0, 111, 0, NULL, NULL, "::1"), "pop://[::1]:111");
    gives(make(0, 0, 0, "a@b", NULL, "h"), "pop://a%40b@h");
    gives(make(0, 0, 0, "aZ09-._~", NULL, "h"), "pop://aZ09-._~@h"); /* RFC 3986 section 2.3: never encoded */
    gives(make(0, 0, 0, "a b;AUTH=x:/%?#", NULL, "h"), "pop://a%20b%3BAUTH%3Dx%3A%2F%25%3F%23@h");
}

/* Every octet in a name and in a mechanism, and mechanisms that look like what they are not. */
static void test_write_every_octet(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        char text[2][4] = {{(char)octet, 'a', (char)octet, '\0'}, {'a', (char)octet, '\0', '\0'}};

        for (size_t i = 0; i < 2; i++) {
            epop_url url = make(0, 0, 0, "user", "auth", "host");
            epop_span bad = {(const uint8_t *)text[i], 3 - i};
            char dst[100];
            size_t len;
            int32_t want = octet == 0 || octet == '\r' || octet == '\n' ? EPOP_ERR_OCTET : EPOP_OK;

            url.user = bad;
            assert_int_equal(epop_url_write(dst, sizeof dst, &len, &url), want);
            if (want == EPOP_OK) {
                reads_as(&url, dst, len);
            }
            url.auth = bad;
            url.user = span(NULL);
            assert_int_equal(epop_url_write(dst, sizeof dst, &len, &url), want);
            if (want == EPOP_OK) {
                reads_as(&url, dst, len);
            }
        }
    }
    gives(make(0, 0, 0, NULL, "+APOP", "h"), "pop://;AUTH=%2BAPOP@h");
    gives(make(0, 0, 1, NULL, "+APOP", "h"), "pop://;AUTH=+%2BAPOP@h");
    gives(make(0, 0, 0, NULL, "**", "h"), "pop://;AUTH=%2A%2A@h");
}

/* The host goes out raw: what is no host is refused, so that no other host can come of it. */
static void test_write_refuses_hosts(void **state)
{
    static const char *const bad[] = {
        "/b",  "@b",  "[b",       "a/b", "a@b",  "a b",  "a?b", "a#b",  "[::1]",    "a%2eb",
        "a[b", "a]b", "host:110", "::g", "::1]", "a\\b", "a;b", "a\tb", "\303\244",
    };
    static const char breaks[] = {'\r', '\n', '\0'};
    epop_url url = make(0, 0, 0, "user", NULL, "host");
    char dst[100];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        url.host = span(bad[i]);
        if (epop_url_write(dst, sizeof dst, &len, &url) >= 0) {
            octets_fail("taken as a host", bad[i], strlen(bad[i]));
        }
    }
    for (size_t i = 0; i < sizeof breaks; i++) {
        for (size_t at = 0; at < 3; at++) {
            char host[3] = {'a', 'b', 'c'};

            host[at] = breaks[i];
            url.host.ptr = (const uint8_t *)host;
            url.host.len = 3;
            refuses(url, EPOP_ERR_OCTET);
        }
    }
}

static void test_write_refuses_values(void **state)
{
    (void)state;
    refuses(make(0, 0, 0, "user", NULL, NULL), EPOP_ERR_ARGUMENT_MISSING);
    refuses(make(0, 0, 0, "user", NULL, ""), EPOP_ERR_ARGUMENT_MISSING);
    refuses(make(0, 65536, 0, NULL, NULL, "host"), EPOP_ERR_VALUE);
    refuses(make(0, 65646, 0, NULL, NULL, "host"), EPOP_ERR_VALUE);
    refuses(make(1, 0xFFFFFFFFu, 0, NULL, NULL, "host"), EPOP_ERR_VALUE);
}

static int32_t write_host(uint32_t struct_size)
{
    epop_url url = make(0, 0, 0, NULL, NULL, "host");
    char dst[32];
    size_t len;

    url.struct_size = struct_size;
    return epop_url_write(dst, sizeof dst, &len, &url);
}

static void test_struct_size(void **state)
{
    (void)state;
    for (uint32_t size = 0; size < sizeof(epop_url); size++) {
        assert_int_equal(write_host(size), EPOP_ERR_STRUCT_SIZE);
    }
    assert_int_equal(write_host(sizeof(epop_url)), EPOP_OK);
    assert_int_equal(write_host(sizeof(epop_url) + 8), EPOP_OK);
}

static void test_null(void **state)
{
    epop_url url = make(0, 0, 0, NULL, NULL, "host");
    char dst[32];
    size_t len;

    (void)state;
    assert_int_equal(epop_url_write(NULL, 32, &len, &url), EPOP_ERR_NULL);
    assert_int_equal(epop_url_write(dst, 32, NULL, &url), EPOP_ERR_NULL);
    assert_int_equal(epop_url_write(dst, 32, &len, NULL), EPOP_ERR_NULL);
}

/* A span whose pointer is missing though it claims to have octets. */
static void test_null_in_spans(void **state)
{
    epop_url url = make(0, 0, 0, NULL, NULL, "host");

    (void)state;
    url.user.len = 3;
    refuses(url, EPOP_ERR_NULL);
    url = make(0, 0, 0, NULL, NULL, "host");
    url.auth.len = 3;
    refuses(url, EPOP_ERR_NULL);
    url = make(0, 0, 0, NULL, NULL, NULL);
    url.host.len = 3;
    refuses(url, EPOP_ERR_NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_decode_every_code),
        cmocka_unit_test(test_decode_empty),
        cmocka_unit_test(test_decode_refuses_raw_line_ends),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_every_octet),
        cmocka_unit_test(test_write_refuses_hosts),
        cmocka_unit_test(test_write_refuses_values),
        cmocka_unit_test(test_struct_size),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_null_in_spans),
    };

    return cmocka_run_group_tests_name("wire/url-write", tests, open_guard, close_guard);
}
