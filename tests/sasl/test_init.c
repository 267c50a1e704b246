/* What epop_sasl_init refuses.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "../wire/octets.h"

#include <epop/sasl.h>

static const epop_sasl_mechanism list[17] = {epop_sasl_plain};
static const epop_crypto nothing = {.struct_size = sizeof nothing, .hashes = EPOP_HASH_MD5};
static const epop_crypto old = {.struct_size = sizeof old - 1};
static epop_sasl sasl;
static uint8_t buffer[EPOP_SASL_BUFFER_MIN];

static int32_t nameless(epop_sasl_step *step)
{
    (void)step;
    return EPOP_OK;
}

static void every_error(void **state)
{
    static const epop_sasl_mechanism without_name[] = {nameless};
    static char host[129];
    const epop_sasl_config good = {.struct_size = sizeof good, .mechanism_count = 1, .mechanisms = list};
    epop_sasl_config c = good;

    (void)state;
    memset(host, 'h', sizeof host);
    assert_int_equal(epop_sasl_init(NULL, sizeof sasl, &c, buffer, sizeof buffer), EPOP_ERR_NULL);
    assert_int_equal(epop_sasl_init(&sasl, sizeof sasl, &c, NULL, sizeof buffer), EPOP_ERR_NULL);
    assert_int_equal(epop_sasl_init(&sasl, sizeof sasl, NULL, buffer, sizeof buffer), EPOP_ERR_NULL);
    assert_int_equal(epop_sasl_init(&sasl, sizeof sasl - 1, &c, buffer, sizeof buffer), EPOP_ERR_STRUCT_SIZE);
    assert_int_equal(epop_sasl_init(&sasl, sizeof sasl, &c, buffer, sizeof buffer - 1), EPOP_ERR_BUFFER_SIZE);
#define SAYS(change, error)                                                                                            \
    (c = good, change, assert_int_equal(epop_sasl_init(&sasl, sizeof sasl, &c, buffer, sizeof buffer), error))
    SAYS(c.struct_size--, EPOP_ERR_STRUCT_SIZE);
    SAYS(c.mechanisms = NULL, EPOP_ERR_NULL);
    SAYS(c.mechanism_count = 0, EPOP_ERR_VALUE);
    SAYS(c.mechanism_count = 17, EPOP_ERR_VALUE);
    SAYS(c.mechanism_count = 2, EPOP_ERR_NULL); /* the second is NULL */
    SAYS(c.mechanisms = without_name, EPOP_ERR_VALUE);
    SAYS(c.flags = EPOP_SASL_ASK_AUTHZID + 1, EPOP_ERR_VALUE);
    SAYS(c.port = 65536, EPOP_ERR_VALUE);
    SAYS(c.port = 65535, EPOP_OK);
    SAYS(c.host_len = 1, EPOP_ERR_NULL);
    SAYS((c.host = host, c.host_len = 129), EPOP_ERR_VALUE);
    SAYS((c.host = host, c.host_len = 128), EPOP_OK);
    SAYS((c.host = "a b", c.host_len = 3), EPOP_ERR_VALUE);
    SAYS(c.salt_secret_len = 16, EPOP_ERR_NULL);
    SAYS((c.salt_secret = host, c.salt_secret_len = 15), EPOP_ERR_VALUE);
    SAYS((c.salt_secret = host, c.salt_secret_len = 16), EPOP_OK);
    SAYS(c.crypto = &nothing, EPOP_ERR_NULL);
    SAYS(c.crypto = &old, EPOP_ERR_STRUCT_SIZE);
#undef SAYS
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_error)};

    return cmocka_run_group_tests_name("sasl/init", tests, NULL, NULL);
}
