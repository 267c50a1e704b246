/* EXTERNAL (RFC 4422 appendix A) and ANONYMOUS (RFC 4505): one message, both roles, every cut.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "drive.h"

static const epop_sasl_config config = {.struct_size = sizeof config};

static void client_says(epop_sasl_mechanism mechanism, const char *text, const char *asked)
{
    const answers says = {.authzid = text, .anonymous = text};
    drive d;

    drive_open(&d, mechanism, EPOP_SASL_CLIENT, &config, 0);
    assert_int_equal(d.step.properties, EPOP_SASL_CLIENT_FIRST);
    d.says = &says;
    assert_int_equal(drive_say(&d), EPOP_OK);
    drive_said(&d, text, strlen(text));
    assert_string_equal(d.asked, asked);
    assert_int_equal(drive_finish(&d), EPOP_OK);
    assert_int_equal(drive_hear_whole(&d, TEXT("")), EPOP_ERR_SASL_CHALLENGE);
    drive_close(&d);
}

static void clients(void **state)
{
    (void)state;
    client_says(epop_sasl_anonymous, "sirhc", "5"); /* RFC 4505 section 4 */
    client_says(epop_sasl_anonymous, "", "5");
    client_says(epop_sasl_external, "fred@example.com", "4"); /* RFC 4422 appendix A.4 */
    client_says(epop_sasl_external, "", "4");
}

/* ------------------------------------------------------------------------------------------------------------------ */

typedef struct heard {
    epop_sasl_mechanism mechanism;
    const char *text;
    size_t len;
    int32_t want;
} heard;

static void server_hears(const cutting *how, void *with)
{
    const heard *h = with;
    uint32_t external = h->mechanism == epop_sasl_external;
    drive d;
    int32_t result;

    drive_open(&d, h->mechanism, EPOP_SASL_SERVER, &config, 0);
    result = drive_hear(&d, h->text, h->len, how);
    if (result != h->want) {
        octets_fail("another result", h->text, h->len);
    }
    if (result == EPOP_ASK) {
        drive_question(&d, external ? EPOP_AUTH_EXTERNAL : EPOP_AUTH_ANONYMOUS, "", external ? h->text : "",
                       external ? "" : h->text);
        assert_int_equal(drive_answer(&d, how->last_apart, NULL, 0),
                         how->last_apart ? (int32_t)EPOP_END : (int32_t)EPOP_ERR_LOGIN_REFUSED);
    }
    drive_close(&d);
}

/* What is UTF-8 is said in RFC 3629 section 4. */
static void servers(void **state)
{
    static const heard table[] = {
        {NULL, TEXT("sirhc"), EPOP_ASK},
        {NULL, TEXT("fred@example.com"), EPOP_ASK},
        {NULL, TEXT(""), EPOP_ASK},
        {NULL, TEXT("a b~"), EPOP_ASK},
        {NULL, TEXT("\xC2\x80\xDF\xBF"), EPOP_ASK},
        {NULL, TEXT("\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"), EPOP_ASK},
        {NULL, TEXT("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), EPOP_ASK},
        {NULL, TEXT("a\0b"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("a\r"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\nb"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\x01"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\x1F"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\x7F"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\x80"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\xC1\xBF"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\xC3"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\xC3("), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\xE0\x9F\xBF"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\xED\xA0\x80"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\xE2\x82"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\xE2\x82("), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\xF0\x8F\xBF\xBF"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\xF4\x90\x80\x80"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\xF5\x80\x80\x80"), EPOP_ERR_SASL_CHALLENGE},
        {NULL, TEXT("\xFF"), EPOP_ERR_SASL_CHALLENGE},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof table / sizeof *table; i++) {
        heard h = table[i / 2];
        h.mechanism = i % 2 ? epop_sasl_external : epop_sasl_anonymous;
        drive_cuttings(h.len, server_hears, &h);
    }
}

static void limits(void **state)
{
    static char text[600];

    (void)state;
    memset(text, 't', sizeof text);
    for (size_t len = 250; len < sizeof text; len++) {
        for (size_t room = 0; room < 2; room++) {
            drive d;
            drive_open(&d, room ? epop_sasl_external : epop_sasl_anonymous, EPOP_SASL_SERVER, &config,
                       (size_t)(room ? 928 : 0));
            assert_int_equal(drive_hear_whole(&d, text, len), len <= 255 ? EPOP_ASK : EPOP_ERR_TOO_LONG);
            drive_close(&d);
        }
    }
}

/* A character that is cut off where the memory ends. */
static void cut_off_at_the_end(void **state)
{
    char text[255];
    drive d;

    (void)state;
    for (size_t len = 1; len < 4; len++) {
        memset(text, 't', sizeof text);
        memcpy(text + sizeof text - len, "\xF0\x90\x80", len);
        drive_open(&d, epop_sasl_anonymous, EPOP_SASL_SERVER, &config, 0);
        assert_int_equal(d.step.state_size, 16 + sizeof text);
        assert_int_equal(drive_hear_whole(&d, text, sizeof text), EPOP_ERR_SASL_CHALLENGE);
        drive_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients),
        cmocka_unit_test(servers),
        cmocka_unit_test(limits),
        cmocka_unit_test(cut_off_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
