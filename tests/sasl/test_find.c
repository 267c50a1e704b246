/* Mechanisms by their names.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "drive.h"

#include <string.h>

/* As IANA's registry writes them, and APOP. */
static const struct {
    const char *name;
    epop_sasl_mechanism mechanism;
} all[] = {
    {"ANONYMOUS", epop_sasl_anonymous},
    {"APOP", epop_sasl_apop},
    {"CRAM-MD5", epop_sasl_cram_md5},
    {"EXTERNAL", epop_sasl_external},
    {"LOGIN", epop_sasl_login},
    {"OAUTHBEARER", epop_sasl_oauthbearer},
    {"PLAIN", epop_sasl_plain},
    {"SCRAM-SHA-1", epop_sasl_scram_sha_1},
    {"SCRAM-SHA-1-PLUS", epop_sasl_scram_sha_1_plus},
    {"SCRAM-SHA-256", epop_sasl_scram_sha_256},
    {"SCRAM-SHA-256-PLUS", epop_sasl_scram_sha_256_plus},
    {"XOAUTH2", epop_sasl_xoauth2},
};

enum { ALL = sizeof all / sizeof all[0] };

static void every_name(void **state)
{
    epop_sasl_step step;
    size_t i;

    (void)state;
    for (i = 0; i < ALL; i++) {
        memset(&step, 0, sizeof step);
        step.struct_size = sizeof step;
        step.verb = EPOP_SASL_DESCRIBE;
        assert_ptr_equal(epop_sasl_find(all[i].name, strlen(all[i].name)), all[i].mechanism);
        assert_int_equal(all[i].mechanism(&step), EPOP_OK);
        assert_string_equal(step.name, all[i].name);
    }
}

static void letter_case(void **state)
{
    (void)state;
    assert_ptr_equal(epop_sasl_find("scram-sha-256", 13), epop_sasl_scram_sha_256);
    assert_ptr_equal(epop_sasl_find("Plain", 5), epop_sasl_plain);
    assert_ptr_equal(epop_sasl_find("XOAUTH2 and what follows", 7), epop_sasl_xoauth2);
}

static void none(void **state)
{
    static const char *const names[] = {"", "P", "PLAI", "PLAINS", "PLAIN ", "SCRAM-SHA-512", "USER", "*", "PL\xC1IN"};
    size_t i;

    (void)state;
    assert_null(epop_sasl_find(NULL, 0));
    assert_null(epop_sasl_find("PLAIN\0", 6));
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_null(epop_sasl_find(names[i], strlen(names[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name),
        cmocka_unit_test(letter_case),
        cmocka_unit_test(none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
