/* LOGIN: challenges and answers in both roles, initial responses, and what ends it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "drive.h"

static const epop_sasl_config config = {.struct_size = sizeof config};
static const answers tim = {.user = "tim", .password = "tanstaaftanstaaf"};

/* Whatever the words of the challenges are, and however they are cut. */
static void client_answers(const cutting *how, void *with)
{
    const char *challenge = with;
    drive d;

    drive_open(&d, epop_sasl_login, EPOP_SASL_CLIENT, &config, 0);
    d.says = &tim;
    assert_int_equal(drive_finish(&d), EPOP_ERR_PEER_SASL);
    assert_int_equal(drive_hear(&d, challenge, strlen(challenge), how), EPOP_OK);
    assert_int_equal(drive_say(&d), EPOP_OK);
    drive_said(&d, TEXT("tim"));
    assert_string_equal(d.asked, "1");
    assert_int_equal(drive_finish(&d), EPOP_ERR_PEER_SASL);
    assert_int_equal(drive_hear(&d, challenge, strlen(challenge), how), EPOP_OK);
    assert_int_equal(drive_say(&d), EPOP_OK);
    drive_said(&d, TEXT("tanstaaftanstaaf"));
    assert_string_equal(d.asked, "2");
    assert_int_equal(drive_finish(&d), EPOP_OK);
    assert_int_equal(drive_hear(&d, challenge, strlen(challenge), how), EPOP_ERR_SASL_CHALLENGE);
    drive_close(&d);
}

static void challenges_of_all_kinds(void **state)
{
    static const char *const challenges[] = {"Username:", "User Name", "Password:", "", "\xFF\r\n\x01", "x"};

    (void)state;
    for (size_t i = 0; i < sizeof challenges / sizeof *challenges; i++) {
        char challenge[16];
        strcpy(challenge, challenges[i]);
        drive_cuttings(strlen(challenge), client_answers, challenge);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

typedef struct pair {
    const char *user, *password;
    size_t user_len, password_len;
    uint32_t early; /* the name comes as an initial response */
    int32_t want;
} pair;

static void server_hears(const cutting *how, void *with)
{
    const pair *p = with;
    drive d;
    int32_t result;

    drive_open(&d, epop_sasl_login, EPOP_SASL_SERVER, &config, 0);
    if (!p->early) {
        assert_int_equal(drive_say(&d), EPOP_OK);
        drive_said(&d, TEXT("Username:"));
    }
    assert_int_equal(drive_hear(&d, p->user, p->user_len, how), EPOP_OK);
    assert_int_equal(drive_say(&d), EPOP_OK);
    drive_said(&d, TEXT("Password:"));
    result = drive_hear(&d, p->password, p->password_len, how);
    assert_int_equal(result, p->want);
    if (result == EPOP_ASK) {
        drive_question(&d, EPOP_AUTH_PASSWORD, p->user, "", p->password);
        assert_int_equal(drive_answer(&d, 1, NULL, 0), EPOP_END);
    }
    drive_close(&d);
}

static void messages_to_the_server(void **state)
{
    static const pair table[] = {
        {"tim", "tanstaaftanstaaf", 3, 16, 0, EPOP_ASK},
        {"t m", " \xE2\x82\xAC ", 3, 5, 0, EPOP_ASK},
        {"\xFF", "\x01", 1, 1, 0, EPOP_ASK},
        {"", "tanstaaf", 0, 8, 0, EPOP_ERR_SASL_CHALLENGE},
        {"tim", "", 3, 0, 0, EPOP_ERR_SASL_CHALLENGE},
        {"", "", 0, 0, 0, EPOP_ERR_SASL_CHALLENGE},
        {"ti\0m", "x", 4, 1, 0, EPOP_ERR_SASL_CHALLENGE},
        {"ti\rm", "x", 4, 1, 0, EPOP_ERR_SASL_CHALLENGE},
        {"ti\nm", "x", 4, 1, 0, EPOP_ERR_SASL_CHALLENGE},
        {"tim", "x\0y", 3, 3, 0, EPOP_ERR_SASL_CHALLENGE},
        {"tim", "x\r", 3, 2, 0, EPOP_ERR_SASL_CHALLENGE},
        {"tim", "\nx", 3, 2, 0, EPOP_ERR_SASL_CHALLENGE},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof table / sizeof *table; i++) {
        pair p = table[i / 2];
        p.early = i % 2;
        drive_cuttings(p.user_len > p.password_len ? p.user_len : p.password_len, server_hears, &p);
    }
}

/* Name and password of 255 octets together always fit; no longer ones are cut. */
static void limits_of_the_server(void **state)
{
    static char user[1000];
    drive d;

    (void)state;
    memset(user, 'u', sizeof user);
    for (size_t len = 1; len < sizeof user; len++) {
        drive_open(&d, epop_sasl_login, EPOP_SASL_SERVER, &config, 0);
        int32_t result = drive_hear_whole(&d, user, len);
        if (result == EPOP_OK) {
            result = drive_hear_whole(&d, TEXT("p"));
        }
        assert_int_equal(result, len + 1 <= d.step.state_size - 16 ? EPOP_ASK : EPOP_ERR_TOO_LONG);
        assert_true(len + 1 > 255 || result == EPOP_ASK);
        if (result == EPOP_ASK) {
            assert_int_equal(d.step.user.len, len);
        }
        drive_close(&d);
    }
}

static void client_against_server(void **state)
{
    drive client, server;

    (void)state;
    drive_open(&client, epop_sasl_login, EPOP_SASL_CLIENT, &config, 0);
    drive_open(&server, epop_sasl_login, EPOP_SASL_SERVER, &config, 0);
    client.says = &tim;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(drive_say(&server), EPOP_OK);
        assert_int_equal(drive_hear_whole(&client, server.message, server.message_len), EPOP_OK);
        assert_int_equal(drive_say(&client), EPOP_OK);
        assert_int_equal(drive_hear_whole(&server, client.message, client.message_len), i ? EPOP_ASK : EPOP_OK);
    }
    drive_question(&server, EPOP_AUTH_PASSWORD, "tim", "", "tanstaaftanstaaf");
    assert_int_equal(drive_answer(&server, 0, NULL, 0), EPOP_ERR_LOGIN_REFUSED);
    drive_close(&client);
    drive_close(&server);
}

static void described(void **state)
{
    drive d;

    (void)state;
    drive_open(&d, epop_sasl_login, EPOP_SASL_SERVER, &config, 0);
    assert_string_equal(d.step.name, "LOGIN");
    assert_int_equal(d.step.properties, EPOP_SASL_EARLY | EPOP_SASL_PROMPTED);
    assert_int_equal(d.step.hashes, 0);
    drive_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(described),
        cmocka_unit_test(challenges_of_all_kinds),
        cmocka_unit_test(messages_to_the_server),
        cmocka_unit_test(limits_of_the_server),
        cmocka_unit_test(client_against_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
