/* SipHash-2-4 gives the numbers of its authors, and each run has a key of its own.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "siphash.h"

/* The key is 00 01 ... 0F, the text 00 01 ... (len - 1). The first one of length 15 is appendix A of the paper, the
 * others are the first rows of vectors_sip64 in the authors' reference code. */
static void test_vectors(void **state)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } rows[] = {
        {15, UINT64_C(0xA129CA6149BE45E5)}, {0, UINT64_C(0x726FDB47DD0E0E31)}, {1, UINT64_C(0x74F839C593DC67FD)},
        {2, UINT64_C(0x0D6C8009D9A94F5A)},  {3, UINT64_C(0x85676696D7FB7E2D)},
    };
    struct siphash_key key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0F0E0D0C0B0A0908)}};
    uint8_t text[16];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)i;
    }
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(siphash(&key, text, rows[i].len) == rows[i].hash);
    }
}

/* Another run has another key. */
static void test_key_of_run(void **state)
{
    struct siphash_key other;
    int ends[2];
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        _exit(write(ends[1], siphash_key_of_run(), sizeof other) != (ssize_t)sizeof other);
    }
    assert_true(child > 0);
    assert_int_equal(read(ends[0], &other, sizeof other), sizeof other);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_memory_not_equal(&other, siphash_key_of_run(), sizeof other);
    assert_ptr_equal(siphash_key_of_run(), siphash_key_of_run());
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors), cmocka_unit_test(test_key_of_run)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
