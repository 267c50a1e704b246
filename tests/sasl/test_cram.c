/* CRAM-MD5 and APOP: the examples of RFC 2195 and RFC 1939, both roles, every cut, and every wrong digit.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "../../examples/openssl/hash.h"
#include "drive.h"

static epop_crypto crypto;
static epop_crypto broken;
static epop_sasl_config config = {.struct_size = sizeof config, .crypto = &crypto};

/* RFC 2195 section 2, RFC 1939 section 7. */
typedef struct example {
    epop_sasl_mechanism mechanism;
    const char *challenge, *user, *password, *response;
} example;

static const example examples[] = {
    {epop_sasl_cram_md5, "<1896.697170952@postoffice.reston.mci.net>", "tim", "tanstaaftanstaaf",
     "tim b913a602c7eda7a495b4e6e7334d3890"},
    {epop_sasl_apop, "<1896.697170952@dbc.mtview.ca.us>", "mrose", "tanstaaf",
     "mrose c4c9334bac560ecc979e58001b3e22fb"},
};

enum { EXAMPLES = sizeof examples / sizeof *examples };

static int32_t fails(void)
{
    return -1;
}

static int32_t no_hash(void *user, uint32_t hash, const epop_span *parts, size_t count, uint8_t *digest)
{
    (void)user, (void)hash, (void)parts, (void)count, (void)digest;
    return fails();
}

static int32_t no_hmac(void *user, uint32_t hash, const epop_span *key, const epop_span *parts, size_t count,
                       uint8_t *mac)
{
    (void)key;
    return no_hash(user, hash, parts, count, mac);
}

static int32_t no_random(void *user, uint8_t *dst, size_t len)
{
    (void)user, (void)dst, (void)len;
    return fails();
}

/* Random octets that a test can foresee. */
static int32_t known_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    for (size_t i = 0; i < len; i++) {
        dst[i] = (uint8_t)(0x0F + 0x11 * i);
    }
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    if (openssl_crypto(&crypto) != 0) {
        return -1;
    }
    broken = crypto;
    broken.hash = no_hash;
    broken.hmac = no_hmac;
    broken.random = no_random;
    return 0;
}

static void describes(epop_sasl_mechanism mechanism, uint32_t role, const char *name, uint32_t properties)
{
    drive d;

    drive_open(&d, mechanism, role, &config, 0);
    assert_string_equal(d.step.name, name);
    assert_int_equal(d.step.properties, properties);
    assert_int_equal(d.step.hashes, EPOP_HASH_MD5);
    drive_close(&d);
}

static void described(void **state)
{
    (void)state;
    describes(epop_sasl_cram_md5, EPOP_SASL_CLIENT, "CRAM-MD5", 0);
    describes(epop_sasl_cram_md5, EPOP_SASL_SERVER, "CRAM-MD5", EPOP_SASL_RANDOM);
    describes(epop_sasl_apop, EPOP_SASL_CLIENT, "APOP", EPOP_SASL_NOT_AUTH);
    describes(epop_sasl_apop, EPOP_SASL_SERVER, "APOP", EPOP_SASL_NOT_AUTH | EPOP_SASL_RANDOM);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void client_answers(const cutting *how, void *with)
{
    const example *e = with;
    const answers says = {.user = e->user, .password = e->password};
    drive d;

    drive_open(&d, e->mechanism, EPOP_SASL_CLIENT, &config, 0);
    d.says = &says;
    assert_int_equal(drive_hear(&d, e->challenge, strlen(e->challenge), how), EPOP_OK);
    assert_int_equal(drive_say(&d), EPOP_OK);
    drive_said(&d, e->response, strlen(e->response));
    assert_string_equal(d.asked, "12");
    assert_int_equal(drive_finish(&d), EPOP_OK);
    assert_int_equal(drive_hear_whole(&d, e->challenge, strlen(e->challenge)), EPOP_ERR_SASL_CHALLENGE);
    drive_close(&d);
}

static void examples_of_the_client(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        example e = examples[i];
        drive_cuttings(strlen(e.challenge), client_answers, &e);
    }
}

/* A challenge of no octets is none; one that does not fit is too long, and so is one that leaves no room to answer. */
static void limits_of_the_client(void **state)
{
    static char challenge[1200];
    const answers says = {.user = "tim", .password = "x"};
    drive d;

    (void)state;
    memset(challenge, 'c', sizeof challenge);
    drive_open(&d, epop_sasl_cram_md5, EPOP_SASL_CLIENT, &config, 0);
    assert_int_equal(drive_hear_whole(&d, "", 0), EPOP_ERR_SASL_CHALLENGE);
    drive_close(&d);
    for (size_t len = 1; len < sizeof challenge; len++) {
        drive_open(&d, epop_sasl_cram_md5, EPOP_SASL_CLIENT, &config, 0);
        d.says = &says;
        int32_t result = drive_hear_whole(&d, challenge, len);
        result = result == EPOP_OK ? drive_say(&d) : result;
        assert_true(len > 255 || result == EPOP_OK);
        /* To the last octet: 16 are the mechanism's own, 32 the digits. */
        assert_int_equal(result, len + 48 <= d.step.state_size ? EPOP_OK : EPOP_ERR_TOO_LONG);
        drive_close(&d);
    }
}

static void hashes_that_fail(void **state)
{
    const answers says = {.user = "tim", .password = "x"};
    drive d;

    (void)state;
    config.crypto = &broken;
    for (size_t i = 0; i < EXAMPLES; i++) {
        const example *e = &examples[i];
        drive_open(&d, e->mechanism, EPOP_SASL_CLIENT, &config, 0);
        d.says = &says;
        assert_int_equal(drive_hear_whole(&d, "<1@x>", 5), EPOP_OK);
        assert_int_equal(drive_say(&d), EPOP_ERR_CRYPTO);
        drive_close(&d);
        for (uint32_t accepted = 0; accepted < 2; accepted++) {
            drive_open(&d, epop_sasl_apop, EPOP_SASL_SERVER, &config, 0);
            assert_int_equal(drive_hear_whole(&d, "<1@x>", 5), EPOP_OK);
            assert_int_equal(drive_hear_whole(&d, e->response, strlen(e->response)), EPOP_ASK);
            assert_int_equal(drive_answer(&d, accepted, NULL, 0), EPOP_ERR_CRYPTO);
            drive_close(&d);
        }
    }
    drive_open(&d, epop_sasl_cram_md5, EPOP_SASL_SERVER, &config, 0);
    assert_int_equal(drive_say(&d), EPOP_ERR_CRYPTO);
    drive_close(&d);
    config.crypto = &crypto;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* The server of APOP takes any stamp; with it CRAM-MD5's judgement is tested as well, but for the digest. */
static int32_t apop_hears(drive *d, const char *response, size_t len, const cutting *how)
{
    const char *stamp = examples[1].challenge;

    drive_open(d, epop_sasl_apop, EPOP_SASL_SERVER, &config, 0);
    assert_int_equal(drive_hear(d, stamp, strlen(stamp), how), EPOP_OK);
    return drive_hear(d, response, len, how);
}

static void judged(drive *d, const char *user, uint32_t accepted, const char *password, uint32_t proven)
{
    drive_question(d, EPOP_AUTH_SECRET, user, "", "");
    assert_int_equal(drive_answer(d, accepted, password, strlen(password)), EPOP_ASK);
    drive_question(d, proven ? EPOP_AUTH_PROVEN : EPOP_AUTH_FAILED, user, "", "");
    /* The host cannot let in whoever has failed. */
    assert_int_equal(drive_answer(d, 1, NULL, 0), proven ? (int32_t)EPOP_END : (int32_t)EPOP_ERR_LOGIN_REFUSED);
    drive_close(d);
}

static void server_hears(const cutting *how, void *with)
{
    const char *response = with;
    drive d;

    assert_int_equal(apop_hears(&d, response, strlen(response), how), EPOP_ASK);
    judged(&d, "mrose", 1, "tanstaaf", 1);
}

static void example_of_the_server(void **state)
{
    char lower[] = "mrose c4c9334bac560ecc979e58001b3e22fb";
    char upper[] = "mrose C4C9334BAC560ECC979E58001B3E22FB";

    (void)state;
    drive_cuttings(strlen(lower), server_hears, lower);
    drive_cuttings(strlen(upper), server_hears, upper);
}

/* Every digit of the digest counts, and none but the right one is taken. */
static void wrong_digits(void **state)
{
    static const cutting whole = {SIZE_MAX, SIZE_MAX, 1};
    const char *right = examples[1].response;
    char wrong[64];
    drive d;

    (void)state;
    for (size_t at = 6; at < strlen(right); at++) {
        for (unsigned octet = 1; octet < 256; octet++) {
            char digit = octet >= 'A' && octet <= 'F' ? (char)(octet + 32) : (char)octet;
            if (octet == ' ' || octet == '\r' || octet == '\n') {
                continue;
            }
            strcpy(wrong, right);
            wrong[at] = (char)octet;
            assert_int_equal(apop_hears(&d, wrong, strlen(wrong), &whole), EPOP_ASK);
            judged(&d, "mrose", 1, "tanstaaf", digit == right[at]);
        }
    }
}

static void who_does_not_get_in(void **state)
{
    static const cutting whole = {SIZE_MAX, SIZE_MAX, 1};
    /* MD5("<1896.697170952@dbc.mtview.ca.us>"), by md5sum: what a client without a password would send. */
    static const char empty[] = "mrose 6d7379174f7df9fb329480e5c47c1f1a";
    const char *right = examples[1].response;
    drive d;

    (void)state;
    assert_int_equal(apop_hears(&d, right, strlen(right), &whole), EPOP_ASK);
    judged(&d, "mrose", 1, "tanstaag", 0);
    assert_int_equal(apop_hears(&d, right, strlen(right), &whole), EPOP_ASK);
    judged(&d, "mrose", 0, "", 0);
    assert_int_equal(apop_hears(&d, empty, strlen(empty), &whole), EPOP_ASK);
    judged(&d, "mrose", 0, "", 0);
    assert_int_equal(apop_hears(&d, empty, strlen(empty), &whole), EPOP_ASK);
    judged(&d, "mrose", 1, "", 1);
    /* One who has proved it may be refused all the same. */
    assert_int_equal(apop_hears(&d, right, strlen(right), &whole), EPOP_ASK);
    assert_int_equal(drive_answer(&d, 1, TEXT("tanstaaf")), EPOP_ASK);
    assert_int_equal(drive_answer(&d, 0, NULL, 0), EPOP_ERR_LOGIN_REFUSED);
    drive_close(&d);
}

/* ------------------------------------------------------------------------------------------------------------------ */

typedef struct heard {
    const char *text;
    size_t len;
    const char *user; /* NULL: refused */
} heard;

#define DIGITS "c4c9334bac560ecc979e58001b3e22fb"

static void form_is_checked(const cutting *how, void *with)
{
    const heard *h = with;
    drive d;
    int32_t result = apop_hears(&d, h->text, h->len, how);

    if (result != (h->user ? (int32_t)EPOP_ASK : (int32_t)EPOP_ERR_SASL_CHALLENGE)) {
        octets_fail("another result", h->text, h->len);
    }
    if (h->user) {
        judged(&d, h->user, 1, "tanstaaf", 1);
    } else {
        drive_close(&d);
    }
}

static void forms(void **state)
{
    static const heard table[] = {
        {TEXT("tim " DIGITS), "tim"},
        {TEXT("tim smith " DIGITS), "tim smith"},
        {TEXT(" tim  " DIGITS), " tim "},
        {TEXT("t\xC3\xAFm\xFF " DIGITS), "t\xC3\xAFm\xFF"},
        {TEXT(""), NULL},
        {TEXT("tim"), NULL},
        {TEXT(DIGITS), NULL},
        {TEXT(" " DIGITS), NULL},
        {TEXT("tim" DIGITS), NULL},
        {TEXT("tim " DIGITS " "), NULL},
        {TEXT("tim " DIGITS "0"), NULL},
        {TEXT("tim c4c9334bac560ecc979e58001b3e22f"), NULL},
        {TEXT("tim\t" DIGITS), NULL},
        {TEXT("t\0m " DIGITS), NULL},
        {TEXT("t\rm " DIGITS), NULL},
        {TEXT("t\nm " DIGITS), NULL},
        {TEXT("tim " DIGITS "\r\n"), NULL},
        {TEXT("tim c4c9334bac560ecc\0"
              "79e58001b3e22fb"),
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        heard h = table[i];
        drive_cuttings(h.len, form_is_checked, &h);
    }
}

static void limits_of_the_server(void **state)
{
    static const cutting whole = {SIZE_MAX, SIZE_MAX, 1};
    static char text[1200];

    (void)state;
    memset(text, 'n', sizeof text);
    for (size_t len = 1; len < sizeof text - 33; len++) {
        drive d;
        memcpy(text + len, " " DIGITS, 33);
        int32_t result = apop_hears(&d, text, len + 33, &whole);
        assert_true(result == EPOP_ASK || (len > 255 && result == EPOP_ERR_TOO_LONG));
        assert_true(len < 1000 || result != EPOP_ASK);
        if (result == EPOP_ASK) {
            char user[1200] = {0};
            memcpy(user, text, len);
            judged(&d, user, 1, "tanstaaf", 1);
        } else {
            drive_close(&d);
        }
        memset(text + len, 'n', 33);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void challenge_is(const epop_sasl_config *server_config, const char *want)
{
    drive d;

    drive_open(&d, epop_sasl_cram_md5, EPOP_SASL_SERVER, server_config, 0);
    assert_int_equal(drive_say(&d), EPOP_OK);
    drive_said(&d, want, strlen(want));
    drive_close(&d);
}

static void challenges(void **state)
{
    char host[129], want[256];
    epop_crypto known = crypto;
    epop_sasl_config named = {.struct_size = sizeof named, .crypto = &known};

    (void)state;
    known.random = known_random;
    challenge_is(&named, "<0f2031425364758697a8b9cadbecfd0e@localhost>");
    named.host = "pop.example.com";
    named.host_len = 15;
    challenge_is(&named, "<0f2031425364758697a8b9cadbecfd0e@pop.example.com>");
    memset(host, 'h', 128);
    host[128] = '\0';
    named.host = host;
    named.host_len = 128;
    strcpy(want, "<0f2031425364758697a8b9cadbecfd0e@");
    strcat(want, host);
    strcat(want, ">");
    challenge_is(&named, want);
}

/* Everything together: the client of CRAM-MD5, its server, and a password that the client may have wrong. */
static void client_meets_server(const char *user, const char *password, const char *known, uint32_t accepted,
                                uint32_t proven)
{
    const answers says = {.user = user, .password = password};
    drive client, server;

    drive_open(&client, epop_sasl_cram_md5, EPOP_SASL_CLIENT, &config, 0);
    drive_open(&server, epop_sasl_cram_md5, EPOP_SASL_SERVER, &config, 0);
    client.says = &says;
    assert_int_equal(drive_say(&server), EPOP_OK);
    assert_int_equal(drive_hear_whole(&client, server.message, server.message_len), EPOP_OK);
    assert_int_equal(drive_say(&client), EPOP_OK);
    assert_int_equal(drive_hear_whole(&server, client.message, client.message_len), EPOP_ASK);
    judged(&server, user, accepted, known, proven);
    drive_close(&client);
}

static void client_against_server(void **state)
{
    static char sixty_four[65], long_one[201];

    (void)state;
    memset(sixty_four, 'x', 64); /* MD5's block: a longer key is hashed first */
    memset(long_one, 'y', 200);
    client_meets_server("tim", "tanstaaftanstaaf", "tanstaaftanstaaf", 1, 1);
    client_meets_server("tim", "tanstaaftanstaaf", "tanstaaftanstaag", 1, 0);
    client_meets_server("tim", "tanstaaftanstaaf", "tanstaaftanstaaf", 0, 0);
    client_meets_server("tim o'tee", " \xE2\x82\xAC ", " \xE2\x82\xAC ", 1, 1);
    client_meets_server("tim", sixty_four, sixty_four, 1, 1);
    client_meets_server("tim", long_one, long_one, 1, 1);
    client_meets_server("tim", "", "x", 1, 0);
    client_meets_server("tim", "", "", 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(described),
        cmocka_unit_test(examples_of_the_client),
        cmocka_unit_test(limits_of_the_client),
        cmocka_unit_test(hashes_that_fail),
        cmocka_unit_test(example_of_the_server),
        cmocka_unit_test(wrong_digits),
        cmocka_unit_test(who_does_not_get_in),
        cmocka_unit_test(forms),
        cmocka_unit_test(limits_of_the_server),
        cmocka_unit_test(challenges),
        cmocka_unit_test(client_against_server),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
