/* PLAIN: the examples of RFC 4616 and RFC 5034, both roles, every cut, and what is no message of PLAIN's.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "drive.h"

static const epop_sasl_config plain_config = {.struct_size = sizeof plain_config};
static const epop_sasl_config authzid_config = {.struct_size = sizeof authzid_config, .flags = EPOP_SASL_ASK_AUTHZID};

static void client_says(const epop_sasl_config *config, const answers *says, const void *want, size_t len,
                        const char *asked)
{
    drive d;

    drive_open(&d, epop_sasl_plain, EPOP_SASL_CLIENT, config, 0);
    d.says = says;
    assert_int_equal(drive_say(&d), EPOP_OK);
    drive_said(&d, want, len);
    assert_string_equal(d.asked, asked);
    assert_int_equal(drive_finish(&d), EPOP_OK);
    assert_int_equal(drive_hear_whole(&d, TEXT("")), EPOP_ERR_SASL_CHALLENGE);
    drive_close(&d);
}

/* RFC 4616 section 4. */
static void examples_of_the_client(void **state)
{
    const answers tim = {.user = "tim", .password = "tanstaaftanstaaf"};
    const answers kurt = {.user = "Kurt", .password = "xipj3plmq", .authzid = "Ursel"};
    const answers nobody = {.user = "tim", .password = "tanstaaftanstaaf", .authzid = ""};

    (void)state;
    client_says(&plain_config, &tim, TEXT("\0tim\0tanstaaftanstaaf"), "12");
    client_says(&authzid_config, &kurt, TEXT("Ursel\0Kurt\0xipj3plmq"), "412");
    client_says(&authzid_config, &nobody, TEXT("\0tim\0tanstaaftanstaaf"), "412");
}

static void long_answers_pass_through(void **state)
{
    static char user[4001], password[5001];
    static uint8_t want[9002];
    const answers says = {.user = user, .password = password};

    (void)state;
    memset(user, 'u', 4000);
    memset(password, 'p', 5000);
    memcpy(want + 1, user, 4000);
    memcpy(want + 4002, password, 5000);
    client_says(&plain_config, &says, want, 9002, "12");
}

/* ------------------------------------------------------------------------------------------------------------------ */

typedef struct expected {
    const char *message;
    size_t len;
    const char *user, *authzid, *secret; /* user NULL: refused */
} expected;

static void server_hears(const cutting *how, void *with)
{
    const expected *want = with;
    drive d;
    int32_t result;

    drive_open(&d, epop_sasl_plain, EPOP_SASL_SERVER, &plain_config, 0);
    result = drive_hear(&d, want->message, want->len, how);
    if (want->user) {
        assert_int_equal(result, EPOP_ASK);
        drive_question(&d, EPOP_AUTH_PASSWORD, want->user, want->authzid, want->secret);
        assert_int_equal(drive_answer(&d, 1, NULL, 0), EPOP_END);
    } else if (result != EPOP_ERR_SASL_CHALLENGE) {
        octets_fail("was not refused", want->message, want->len);
    }
    drive_close(&d);
}

static void messages_to_the_server(void **state)
{
    static const expected table[] = {
        {TEXT("\0tim\0tanstaaftanstaaf"), "tim", "", "tanstaaftanstaaf"},
        {TEXT("Ursel\0Kurt\0xipj3plmq"), "Kurt", "Ursel", "xipj3plmq"},
        {TEXT("test\0test\0test"), "test", "test", "test"}, /* RFC 5034 section 6 */
        {TEXT("\0a\0b"), "a", "", "b"},
        {TEXT("\0t\xC3\xAFm\0\xE2\x82\xAC"), "t\xC3\xAFm", "", "\xE2\x82\xAC"},
        {TEXT("\0\xFF\x80\0\xFE"), "\xFF\x80", "", "\xFE"},
        {TEXT("\0ti m\0 pass word "), "ti m", "", " pass word "},
        {TEXT(""), NULL, NULL, NULL},
        {TEXT("tim"), NULL, NULL, NULL},
        {TEXT("\0"), NULL, NULL, NULL},
        {TEXT("\0\0"), NULL, NULL, NULL},
        {TEXT("\0\0\0"), NULL, NULL, NULL},
        {TEXT("\0tim"), NULL, NULL, NULL},
        {TEXT("tim\0tanstaaf"), NULL, NULL, NULL},
        {TEXT("\0tim\0"), NULL, NULL, NULL},
        {TEXT("\0\0tanstaaf"), NULL, NULL, NULL},
        {TEXT("tim\0\0tanstaaf"), NULL, NULL, NULL},
        {TEXT("\0tim\0tan\0staaf"), NULL, NULL, NULL},
        {TEXT("\0tim\0tanstaaf\0"), NULL, NULL, NULL},
        {TEXT("\0\0tim\0tanstaaf"), NULL, NULL, NULL},
        {TEXT("\0ti\rm\0tanstaaf"), NULL, NULL, NULL},
        {TEXT("\0ti\nm\0tanstaaf"), NULL, NULL, NULL},
        {TEXT("a\rb\0tim\0tanstaaf"), NULL, NULL, NULL},
        {TEXT("a\nb\0tim\0tanstaaf"), NULL, NULL, NULL},
        {TEXT("\0tim\0tans\rtaaf"), NULL, NULL, NULL},
        {TEXT("\0tim\0tanstaaf\n"), NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        expected want = table[i];
        drive_cuttings(want.len, server_hears, &want);
    }
}

/* 255 octets of authzid, name and password together always fit. */
static void limits_of_the_server(void **state)
{
    uint8_t message[2000];
    drive d;
    int32_t result;
    size_t fits = 0;

    (void)state;
    for (size_t len = 4; len < sizeof message; len++) {
        memset(message, 'p', len);
        memcpy(message, "\0u\0", 3);
        drive_open(&d, epop_sasl_plain, EPOP_SASL_SERVER, &plain_config, 0);
        result = drive_hear_whole(&d, message, len);
        assert_int_equal(result, result == EPOP_ASK ? EPOP_ASK : EPOP_ERR_TOO_LONG);
        assert_true(result == EPOP_ASK ? fits == len - 1 || len == 4 : fits < len);
        fits = result == EPOP_ASK ? len : fits;
        drive_close(&d);
    }
    assert_true(fits >= 257);
}

static void the_host_decides(void **state)
{
    drive d;

    (void)state;
    drive_open(&d, epop_sasl_plain, EPOP_SASL_SERVER, &plain_config, 0);
    assert_int_equal(drive_hear_whole(&d, TEXT("Ursel\0Kurt\0xipj3plmq")), EPOP_ASK);
    assert_int_equal(drive_answer(&d, 0, NULL, 0), EPOP_ERR_LOGIN_REFUSED);
    drive_close(&d);
}

/* Server and client of ours understand each other. */
static void client_against_server(void **state)
{
    const answers says = {.user = "tim", .password = "tanstaaf tanstaaf", .authzid = "Ursel"};
    drive client, server;

    (void)state;
    drive_open(&client, epop_sasl_plain, EPOP_SASL_CLIENT, &authzid_config, 0);
    drive_open(&server, epop_sasl_plain, EPOP_SASL_SERVER, &plain_config, 0);
    client.says = &says;
    assert_int_equal(drive_say(&client), EPOP_OK);
    assert_int_equal(drive_hear_whole(&server, client.message, client.message_len), EPOP_ASK);
    drive_question(&server, EPOP_AUTH_PASSWORD, "tim", "Ursel", "tanstaaf tanstaaf");
    drive_close(&client);
    drive_close(&server);
}

static void described(void **state)
{
    drive d;

    (void)state;
    drive_open(&d, epop_sasl_plain, EPOP_SASL_CLIENT, &plain_config, 0);
    assert_string_equal(d.step.name, "PLAIN");
    assert_int_equal(d.step.properties, EPOP_SASL_CLIENT_FIRST);
    assert_int_equal(d.step.hashes, 0);
    drive_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(described),
        cmocka_unit_test(examples_of_the_client),
        cmocka_unit_test(long_answers_pass_through),
        cmocka_unit_test(messages_to_the_server),
        cmocka_unit_test(limits_of_the_server),
        cmocka_unit_test(the_host_decides),
        cmocka_unit_test(client_against_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
