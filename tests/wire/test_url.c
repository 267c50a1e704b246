/* POP URLs: the examples of RFC 2384, hostile ones, a slow reference, and the way back.
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

/* ---- The reference ---------------------------------------------------------------------------------------------- */

static const char letters_and_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static int is_one_of(uint8_t octet, const char *set)
{
    return octet != 0 && strchr(set, octet) != NULL;
}

static int all_of(epop_span span, const char *more)
{
    for (size_t i = 0; i < span.len; i++) {
        if (!is_one_of(span.ptr[i], letters_and_digits) && !is_one_of(span.ptr[i], more)) {
            return 0;
        }
    }
    return 1;
}

/* achar of RFC 2384 section 8, with "%" where two hexadecimal digits follow that are not NUL, CR or LF. */
static int is_encoded(epop_span span)
{
    for (size_t i = 0; i < span.len; i++) {
        if (span.ptr[i] == '%') {
            static const char hex[] = "0123456789ABCDEFabcdef";

            if (span.len - i < 3 || !is_one_of(span.ptr[i + 1], hex) || !is_one_of(span.ptr[i + 2], hex)) {
                return 0;
            }
            if (span.ptr[i + 1] == '0' && is_one_of(span.ptr[i + 2], "0dDaA")) {
                return 0;
            }
        }
    }
    return all_of(span, "$-_.+!*'(),&=~%");
}

static epop_span part(const uint8_t *from, const uint8_t *to)
{
    epop_span span = {from, (size_t)(to - from)};

    return span;
}

static const uint8_t *find(const uint8_t *from, const uint8_t *to, int octet)
{
    while (from < to && *from != octet) {
        from++;
    }
    return from;
}

static int is_prefix(const uint8_t *text, size_t len, const char *lower)
{
    for (size_t i = 0; i < strlen(lower); i++) {
        uint8_t octet = i < len ? text[i] : 0;

        if (octet >= 'A' && octet <= 'Z') {
            octet = (uint8_t)(octet - 'A' + 'a');
        }
        if (octet != (uint8_t)lower[i]) {
            return 0;
        }
    }
    return 1;
}

static int judge_user(epop_url *want, const uint8_t *from, const uint8_t *to)
{
    const uint8_t *semicolon = find(from, to, ';');

    want->user = part(from, semicolon);
    if (semicolon < to) {
        const uint8_t *auth = semicolon + 6;

        if (!is_prefix(semicolon, (size_t)(to - semicolon), ";auth=")) {
            return 0;
        }
        want->apop = auth < to && *auth == '+';
        want->auth = part(auth + want->apop, to);
        if (want->auth.len == 0) {
            return 0;
        }
    }
    return from < to && is_encoded(want->user) && is_encoded(want->auth);
}

static int all_in(epop_span span, const char *set)
{
    for (size_t i = 0; i < span.len; i++) {
        if (!is_one_of(span.ptr[i], set)) {
            return 0;
        }
    }
    return 1;
}

/* The host; `*behind` is set to what follows it. */
static int judge_host(epop_url *want, const uint8_t *from, const uint8_t *to, const uint8_t **behind)
{
    if (from < to && *from == '[') {
        const uint8_t *bracket = find(from, to, ']');

        want->host = part(from + 1, bracket);
        *behind = bracket + 1;
        return bracket < to && find(from, bracket, ':') < bracket && all_in(want->host, "0123456789abcdefABCDEF:.");
    }
    *behind = find(from, to, ':');
    want->host = part(from, *behind);
    return want->host.len > 0 && all_of(want->host, "-._");
}

static int judge_port(epop_url *want, const uint8_t *from, const uint8_t *to)
{
    epop_span digits;
    uint32_t port = 0;

    if (from == to) {
        return 1;
    }
    digits = part(from + 1, to);
    if (*from != ':' || !all_in(digits, "0123456789")) {
        return 0;
    }
    for (size_t i = 0; i < digits.len && port <= 65535; i++) {
        port = port * 10 + digits.ptr[i] - '0';
    }
    want->port = port;
    return port >= 1 && port <= 65535;
}

static int judge_server(epop_url *want, const uint8_t *from, const uint8_t *to)
{
    const uint8_t *sign = find(from, to, '@');

    if (sign < to) {
        if (!judge_user(want, from, sign)) {
            return 0;
        }
        from = sign + 1;
    }
    if (to > from && to[-1] == '/') {
        to--;
    }
    return judge_host(want, from, to, &from) && judge_port(want, from, to);
}

/* 1: a good URL; 0: not. */
static int judge(epop_url *want, const uint8_t *text, size_t len)
{
    size_t scheme = strlen("pop://");

    memset(want, 0, sizeof *want);
    want->tls = is_prefix(text, len, "pops://") ? 1 : 0;
    want->port = want->tls ? 995 : 110;
    scheme += want->tls;
    if (!want->tls && !is_prefix(text, len, "pop://")) {
        return 0;
    }
    for (size_t i = scheme; i < len; i++) {
        if (text[i] < 0x21 || text[i] > 0x7E) {
            return 0;
        }
    }
    return judge_server(want, text + scheme, text + len);
}

static int same_url(const epop_url *a, const epop_url *b)
{
    return a->tls == b->tls && a->port == b->port && a->apop == b->apop && octets_same_place(a->user, b->user) &&
           octets_same_place(a->auth, b->auth) && octets_same_place(a->host, b->host);
}

static void check_at(const uint8_t *text, size_t len)
{
    epop_url want;
    epop_url got;
    int good = judge(&want, text, len);
    int32_t result;

    memset(&got, 0xEE, sizeof got);
    got.struct_size = sizeof got;
    result = epop_url_parse(&got, text, len);
    assert_int_equal(got.struct_size, sizeof got);
    if (good != (result == EPOP_OK)) {
        octets_fail(good ? "refused, but good" : "taken, but not good", text, len);
    }
    if (!good) {
        assert_true(result == EPOP_ERR_SCHEME || result == EPOP_ERR_SYNTAX || result == EPOP_ERR_NUMBER ||
                    result == EPOP_ERR_OCTET);
    } else if (!same_url(&got, &want)) {
        octets_fail("parsed otherwise than the reference does", text, len);
    }
}

static void check(const void *text, size_t len)
{
    check_at(guard_put(&tail_guard, text, len), len);
    check_at(guard_put_first(&first_guard, text, len), len);
}

/* ---- Good URLs -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *text;
    uint32_t tls;
    uint32_t port;
    uint32_t apop;
    const char *user;
    const char *auth;
    const char *host;
} urls[] = {
    /* RFC 2384 section 7. */
    {"pop://rg@mailsrv.qualcomm.com", 0, 110, 0, "rg", "", "mailsrv.qualcomm.com"},
    {"pop://rg;AUTH=+APOP@mail.eudora.com:8110", 0, 8110, 1, "rg", "APOP", "mail.eudora.com"},
    {"pop://baz;AUTH=SCRAM-MD5@foo.bar", 0, 110, 0, "baz", "SCRAM-MD5", "foo.bar"},
    /* Sections 3 and 4. */
    {"pop://host", 0, 110, 0, "", "", "host"},
    {"pop://host/", 0, 110, 0, "", "", "host"},
    {"pop://host:1", 0, 1, 0, "", "", "host"},
    {"pop://host:65535/", 0, 65535, 0, "", "", "host"},
    {"pop://user;auth=*@host", 0, 110, 0, "user", "*", "host"},
    {"pop://;AUTH=*@host", 0, 110, 0, "", "*", "host"},
    {"pop://;AUTH=+X-MINE@host:00110", 0, 110, 1, "", "X-MINE", "host"},
    {"pop://user%40example.com;AUTH=PL%41IN@pop.example.com", 0, 110, 0, "user%40example.com", "PL%41IN",
     "pop.example.com"},
    {"pop://a%20b%3B%2f%3a@192.0.2.1:110", 0, 110, 0, "a%20b%3B%2f%3a", "", "192.0.2.1"},
    {"pop://$-_.+!*'(),&=~@h", 0, 110, 0, "$-_.+!*'(),&=~", "", "h"},
    /* RFC 8314, RFC 3986. */
    {"pops://host", 1, 995, 0, "", "", "host"},
    {"pops://user@host:110", 1, 110, 0, "user", "", "host"},
    {"POPS://User@Host", 1, 995, 0, "User", "", "Host"},
    {"pop://[::1]", 0, 110, 0, "", "", "::1"},
    {"pop://user@[2001:db8::25]:8110/", 0, 8110, 0, "user", "", "2001:db8::25"},
    {"pops://[::FFFF:192.0.2.1]/", 1, 995, 0, "", "", "::FFFF:192.0.2.1"},
};

static void test_good_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        size_t len = strlen(urls[i].text);
        epop_url got;

        memset(&got, 0xEE, sizeof got);
        got.struct_size = sizeof got;
        if (epop_url_parse(&got, urls[i].text, len) != EPOP_OK) {
            octets_fail("refused", urls[i].text, len);
        }
        assert_int_equal(got.tls, urls[i].tls);
        assert_int_equal(got.port, urls[i].port);
        assert_int_equal(got.apop, urls[i].apop);
        octets_span(got.user, urls[i].user);
        octets_span(got.auth, urls[i].auth);
        octets_span(got.host, urls[i].host);
        for (size_t prefix = 0; prefix <= len; prefix++) {
            check(urls[i].text, prefix);
        }
    }
}

static void test_mutations(void **state)
{
    uint8_t text[100];

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        size_t len = strlen(urls[i].text);

        for (size_t at = 0; at <= len; at++) {
            for (unsigned octet = 0; octet < 256; octet++) {
                memcpy(text, urls[i].text, len);
                text[at] = (uint8_t)octet;
                check(text, at < len ? len : len + 1);
                memcpy(text + at + 1, urls[i].text + at, len - at);
                check(text, len + 1);
            }
        }
    }
}

static void test_every_server(void **state)
{
    uint8_t text[16] = "pop://";

    (void)state;
    for (size_t len = 0; len <= 6; len++) {
        for (uint32_t i = 0; i < octets_words(8, len); i++) {
            octets_word(text + 6, len, "a1:@/[];", 8, i);
            check(text, 6 + len);
        }
    }
}

/* ---- Bad URLs --------------------------------------------------------------------------------------------------- */

static void refused(const char *text, size_t len, int32_t want)
{
    epop_url url = {.struct_size = sizeof url};
    int32_t result = epop_url_parse(&url, guard_put(&tail_guard, text, len), len);

    if (want == 0 ? result >= 0 : result != want) {
        octets_fail(epop_error_name(result), text, len);
    }
}

#define REFUSED(literal, want) refused(TEXT(literal), (want))

static void test_scheme(void **state)
{
    (void)state;
    REFUSED("", EPOP_ERR_SCHEME);
    REFUSED("pop", EPOP_ERR_SCHEME);
    REFUSED("pop:", EPOP_ERR_SCHEME);
    REFUSED("pop:/", EPOP_ERR_SCHEME);
    REFUSED("pop:host", EPOP_ERR_SCHEME);
    REFUSED("pop:/host", EPOP_ERR_SCHEME);
    REFUSED("pop3://host", EPOP_ERR_SCHEME);
    REFUSED("popss://host", EPOP_ERR_SCHEME);
    REFUSED("po://host", EPOP_ERR_SCHEME);
    REFUSED("imap://host", EPOP_ERR_SCHEME);
    REFUSED("//host", EPOP_ERR_SCHEME);
    REFUSED("host", EPOP_ERR_SCHEME);
    REFUSED("://host", EPOP_ERR_SCHEME);
}

static void test_syntax(void **state)
{
    (void)state;
    REFUSED("pop://", EPOP_ERR_SYNTAX);
    REFUSED("pop:///", EPOP_ERR_SYNTAX);
    REFUSED("pop://user@", EPOP_ERR_SYNTAX);
    REFUSED("pop://user@/", EPOP_ERR_SYNTAX);
    REFUSED("pop://:110", EPOP_ERR_SYNTAX);
    REFUSED("pop://user@:110", EPOP_ERR_SYNTAX);
    REFUSED("pop://host/path", EPOP_ERR_SYNTAX);
    REFUSED("pop://host//", EPOP_ERR_SYNTAX);
    REFUSED("pop://host:110/x", EPOP_ERR_SYNTAX);
    REFUSED("pop://host?x", EPOP_ERR_SYNTAX);
    REFUSED("pop://host#x", EPOP_ERR_SYNTAX);
    REFUSED("pop://[::1", EPOP_ERR_SYNTAX);
    REFUSED("pop://::1]", 0);
    REFUSED("pop://[]", EPOP_ERR_SYNTAX);
    REFUSED("pop://[::1]x", EPOP_ERR_SYNTAX);
    REFUSED("pop://x[::1]", EPOP_ERR_SYNTAX);
    REFUSED("pop://[[::1]]", EPOP_ERR_SYNTAX);
    REFUSED("pop://[::1/]", EPOP_ERR_SYNTAX);
    REFUSED("pop://us%er@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user%@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user%4@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user%4g@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user%g4@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user;AUTH=%@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user;AUTH=%zz@host", EPOP_ERR_SYNTAX);
    /* RFC 2384 section 3: "clear text passwords are not permitted". */
    REFUSED("pop://user:secret@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user:@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://:secret@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user;AUTH=PLAIN:secret@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user:secret;AUTH=PLAIN@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user;AUTH=@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user;AUTH=+@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user;AUTH@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://user;x@host", EPOP_ERR_SYNTAX);
    REFUSED("pop://@host", EPOP_ERR_SYNTAX);
}

static void test_ports(void **state)
{
    (void)state;
    REFUSED("pop://host:0", EPOP_ERR_NUMBER);
    REFUSED("pop://host:00", EPOP_ERR_NUMBER);
    REFUSED("pop://host:65536", EPOP_ERR_NUMBER);
    REFUSED("pop://host:65646", EPOP_ERR_NUMBER);
    REFUSED("pop://host:4294967406", EPOP_ERR_NUMBER);
    REFUSED("pop://host:18446744073709551726", EPOP_ERR_NUMBER);
    REFUSED("pop://host:99999999999999999999999999999", EPOP_ERR_NUMBER);
    REFUSED("pop://host:", EPOP_ERR_NUMBER);
    REFUSED("pop://host:/", EPOP_ERR_NUMBER);
    REFUSED("pop://host:-1", EPOP_ERR_NUMBER);
    REFUSED("pop://host:+1", EPOP_ERR_NUMBER);
    REFUSED("pop://[::1]:0", EPOP_ERR_NUMBER);
    REFUSED("pop://[::1]:65536", EPOP_ERR_NUMBER);
    REFUSED("pop://host:x", EPOP_ERR_NUMBER);
    REFUSED("pop://host:0x6e", 0);
    REFUSED("pop://host:110x", 0);
    REFUSED("pop://host:110:110", 0);
    REFUSED("pop://host:1 10", 0);
}

static void test_octets(void **state)
{
    char text[] = "pop://user;AUTH=X@host:110/";

    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        if (octet > 0x20 && octet < 0x7F) {
            continue;
        }
        for (size_t at = 6; at < sizeof text - 1; at++) {
            char kept = text[at];

            text[at] = (char)octet;
            refused(text, sizeof text - 1, EPOP_ERR_OCTET);
            text[at] = kept;
        }
    }
    REFUSED("pop://user%00@host", EPOP_ERR_OCTET);
    REFUSED("pop://user%0d%0aDELE%201@host", EPOP_ERR_OCTET);
    REFUSED("pop://%0A@host", EPOP_ERR_OCTET);
    REFUSED("pop://user;AUTH=%00@host", EPOP_ERR_OCTET);
    REFUSED("pop://user;AUTH=X%0D@host", EPOP_ERR_OCTET);
    REFUSED("pop://ho%00st", 0);
}

/* URLs in which another reader sees another host or mechanism: RFC 3986 section 3.2 ends the authority at the first
 * "/", "?" or "#", and has brackets around addresses of IPv6 only. */
static void test_hostile(void **state)
{
    (void)state;
    REFUSED("pop://good.example@evil.example@good.example", 0);
    REFUSED("pop://evil.example/@good.example", 0);
    REFUSED("pop://evil.example:110/@good.example", 0);
    REFUSED("pop://good.example,evil.example", 0);
    REFUSED("pop://good.example%2eevil.example", 0);
    REFUSED("pop://good.example%00.evil.example", 0);
    REFUSED("pop://good.example;AUTH=X", 0);
}

static void test_hostile_query_and_fragment(void **state)
{
    (void)state;
    REFUSED("pop://evil.example?@good.example", 0);
    REFUSED("pop://evil.example#@good.example", 0);
    REFUSED("pop://evil.example\\@good.example", 0);
    REFUSED("pop://user;AUTH=PLAIN?@good.example", 0);
    REFUSED("pop://user;AUTH=PLAIN#@good.example", 0);
}

static void test_hostile_brackets(void **state)
{
    (void)state;
    REFUSED("pop://[::1]@good.example", EPOP_ERR_SYNTAX);
    REFUSED("pop://user]@good.example", EPOP_ERR_SYNTAX);
    REFUSED("pop://[abc]", EPOP_ERR_SYNTAX);
    REFUSED("pop://[192.0.2.1]", EPOP_ERR_SYNTAX);
}

/* RFC 2384 section 4: a ";" in the user name or mechanism must be encoded. */
static void test_hostile_semicolons(void **state)
{
    (void)state;
    REFUSED("pop://user;AUTH=SCRAM-SHA-256;AUTH=PLAIN@good.example", EPOP_ERR_SYNTAX);
    REFUSED("pop://user;AUTH=PLAIN;x@good.example", EPOP_ERR_SYNTAX);
}

static void test_struct_size(void **state)
{
    (void)state;
    STRUCT_SIZE_LAW(epop_url, epop_url_parse(it, TEXT("pop://user@host")), EPOP_OK);
}

static void test_null(void **state)
{
    epop_url url = {.struct_size = sizeof url};

    (void)state;
    assert_int_equal(epop_url_parse(NULL, TEXT("pop://host")), EPOP_ERR_NULL);
    assert_int_equal(epop_url_parse(&url, NULL, 10), EPOP_ERR_NULL);
    assert_int_equal(epop_url_parse(&url, NULL, 0), EPOP_ERR_SCHEME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_urls),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_every_server),
        cmocka_unit_test(test_scheme),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_octets),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_hostile_query_and_fragment),
        cmocka_unit_test(test_hostile_brackets),
        cmocka_unit_test(test_hostile_semicolons),
        cmocka_unit_test(test_struct_size),
        cmocka_unit_test(test_null),
    };

    return cmocka_run_group_tests_name("wire/url", tests, open_guards, close_guards);
}
