/* The list of results in base.h and the functions that name them, and the version.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "octets.h"

#include <epop/epop.h>

#include <stdio.h>

typedef struct error_row {
    int32_t value;
    const char *name;
    const char *text;
} error_row;

static const error_row rows[] = {
#define ERROR_ROW(name, value, text) {(value), #name, (text)},
    EPOP_ERROR_LIST(ERROR_ROW)
#undef ERROR_ROW
};

#define ROWS (sizeof rows / sizeof rows[0])

static void test_every_error_has_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        assert_string_equal(epop_error_name(rows[i].value), rows[i].name);
    }
}

static void test_every_error_has_its_text(void **state)
{
    /* Built without texts, the library gives the identifier: for one as for all. */
    int texts = strcmp(epop_strerror(rows[0].value), rows[0].name) != 0;

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        assert_string_equal(epop_strerror(rows[i].value), texts ? rows[i].text : rows[i].name);
        assert_true(strlen(rows[i].text) > 0);
    }
}

static void test_results_that_are_no_errors(void **state)
{
    static const struct {
        int32_t value;
        const char *name;
    } results[] = {
        {EPOP_OK, "EPOP_OK"},     {EPOP_PAUSED, "EPOP_PAUSED"}, {EPOP_AGAIN, "EPOP_AGAIN"},
        {EPOP_LINE, "EPOP_LINE"}, {EPOP_END, "EPOP_END"},       {EPOP_FULL, "EPOP_FULL"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        assert_int_equal(results[i].value, (int32_t)i);
        assert_string_equal(epop_error_name(results[i].value), results[i].name);
        assert_true(strlen(epop_strerror(results[i].value)) > 0);
        assert_string_not_equal(epop_strerror(results[i].value), "?");
    }
}

static int is_known(int32_t value)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].value == value) {
            return 1;
        }
    }
    return value >= EPOP_OK && value <= EPOP_FULL;
}

static void check_unknown(int32_t value)
{
    assert_string_equal(epop_error_name(value), "?");
    assert_non_null(epop_strerror(value));
}

static void test_unknown_values(void **state)
{
    static const int32_t far[] = {INT32_MIN,
                                  INT32_MIN + 1,
                                  -65536,
                                  -257,
                                  -256,
                                  255,
                                  256,
                                  65536,
                                  INT32_MAX - 1,
                                  INT32_MAX,
                                  EPOP_ERR_CALLBACK_FIRST,
                                  EPOP_ERR_CALLBACK_FIRST - 1};

    (void)state;
    for (int32_t value = -1100; value <= 300; value++) {
        if (!is_known(value)) {
            check_unknown(value);
        }
    }
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
        check_unknown(far[i]);
    }
}

static void test_names_and_values_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = i + 1; j < ROWS; j++) {
            assert_int_not_equal(rows[i].value, rows[j].value);
            assert_string_not_equal(rows[i].name, rows[j].name);
            assert_string_not_equal(rows[i].text, rows[j].text);
        }
    }
}

static int has_prefix(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* The bands that base.h sets down: what is called a peer error is one, and nothing else is. */
static void test_bands(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        int32_t value = rows[i].value;

        assert_true(has_prefix(rows[i].name, "EPOP_ERR_"));
        assert_in_range((uint32_t)-value, 1, 149);
        assert_true(value > EPOP_ERR_CALLBACK_FIRST);
        assert_int_equal(has_prefix(rows[i].name, "EPOP_ERR_PEER_"), value <= -60 && value >= -89);
        assert_int_equal(has_prefix(rows[i].name, "EPOP_ERR_LIMIT_"), value <= -90 && value >= -119);
    }
    assert_true(EPOP_ERR_NULL == -1 && EPOP_ERR_SPACE == -30 && EPOP_ERR_PEER_EOF == -60);
    assert_true(EPOP_ERR_LIMIT_LINE == -90 && EPOP_ERR_UNSENT == -120);
}

static void test_version(void **state)
{
    unsigned major = 0;
    unsigned minor = 0;
    unsigned patch = 0;
    int end = 0;

    (void)state;
    assert_int_equal(sscanf(EPOP_VERSION, "%u.%u.%u%n", &major, &minor, &patch, &end), 3);
    assert_int_equal(end, strlen(EPOP_VERSION));
    assert_true(major < 256 && minor < 256 && patch < 256);
    assert_int_equal(EPOP_VERSION_NUMBER, major << 16 | minor << 8 | patch);
    assert_int_equal(epop_version_number(), EPOP_VERSION_NUMBER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error_has_its_name),
        cmocka_unit_test(test_every_error_has_its_text),
        cmocka_unit_test(test_results_that_are_no_errors),
        cmocka_unit_test(test_unknown_values),
        cmocka_unit_test(test_names_and_values_are_unique),
        cmocka_unit_test(test_bands),
        cmocka_unit_test(test_version),
    };

    return cmocka_run_group_tests_name("wire/error", tests, NULL, NULL);
}
