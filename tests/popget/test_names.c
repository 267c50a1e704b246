/* The table of unique-ids, under a hash for which all collide.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "names.h"
#include "siphash.h"

static unsigned hashed;

/* The worst that a hash can be. */
uint64_t siphash(const struct siphash_key *key, const uint8_t *data, size_t len)
{
    (void)key;
    (void)data;
    (void)len;
    hashed++;
    return 7;
}

const struct siphash_key *siphash_key_of_run(void)
{
    return NULL;
}

static uint64_t add(struct names *names, unsigned number)
{
    char id[16];

    snprintf(id, sizeof id, "id-%u", number);
    return names_add(names, (const uint8_t *)id, strlen(id));
}

/* Unique-ids with one hash are told apart, also when the table has grown; equal ones are twins. */
static void test_one_hash(void **state)
{
    enum { COUNT = 200 };
    struct names names = {0};
    uint64_t keys[COUNT];
    uint64_t twin;
    struct state_key absent = {(const uint8_t *)"id-1000", 7, 1};
    unsigned i;

    (void)state;
    for (i = 0; i < COUNT; i++) {
        keys[i] = add(&names, i);
        assert_true(keys[i] != 0);
        assert_int_equal(names_of(&names, keys[i]).copy, 1);
    }
    twin = add(&names, 50);
    assert_int_equal(names_of(&names, twin).copy, 2);
    names_store(&names, keys[3]);
    for (i = 0; i < COUNT; i++) {
        struct state_key name = names_of(&names, keys[i]);

        assert_int_equal(names_twin(&names, keys[i])->listed, i == 50 ? 2 : 1);
        assert_int_equal(names_twin(&names, keys[i])->stored, i == 3 ? 1 : 0);
        assert_true(names_listed(&names, &name));
    }
    assert_false(names_listed(&names, &absent));
    assert_true(hashed > COUNT); /* the table does go by the hash with a key */
    names_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_hash)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
