/* IP addresses in the notation of users. What is one and what is not was asked of Python's ipaddress.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "mbedtls/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

typedef struct notation {
    const char *text;
    uint8_t len;
    const char *octets;
} notation;

#define ZERO_4 "\0\0\0\0"
#define ZERO_8 ZERO_4 ZERO_4

static const notation addresses[] = {
    {"0.0.0.0", 4, ZERO_4},
    {"127.0.0.1", 4, "\x7f\0\0\1"},
    {"255.255.255.255", 4, "\xff\xff\xff\xff"},
    {"192.0.2.10", 4, "\xc0\0\2\x0a"},
    {"::", 16, ZERO_8 ZERO_8},
    {"::1", 16, ZERO_8 ZERO_4 "\0\0\0\1"},
    {"1::", 16, "\0\1\0\0" ZERO_4 ZERO_8},
    {"2001:db8::8:800:200c:417a", 16, "\x20\x01\x0d\xb8\0\0\0\0\0\x08\x08\0\x20\x0c\x41\x7a"},
    {"2001:DB8:0:0:8:800:200C:417A", 16, "\x20\x01\x0d\xb8\0\0\0\0\0\x08\x08\0\x20\x0c\x41\x7a"},
    {"::ffff:192.0.2.1", 16, ZERO_8 "\0\0\xff\xff\xc0\0\2\1"},
    {"1:2:3:4:5:6:192.0.2.1", 16, "\0\1\0\2\0\3\0\4\0\5\0\6\xc0\0\2\1"},
    {"1:2:3:4:5:6:7::", 16, "\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\0"},
    {"::2:3:4:5:6:7:8", 16, "\0\0\0\2\0\3\0\4\0\5\0\6\0\7\0\x08"},
    {"fe80::1%eth0", 16, "\xfe\x80\0\0" ZERO_4 ZERO_4 "\0\0\0\1"},
};

static const char *const names[] = {
    "",
    "pop.example",
    "localhost",
    "127.0.0",
    "127.0.0.1.",
    "127.0.0.1.1",
    "256.0.0.1",
    "127.0.0.01",
    "127.0.0.0001",
    "1.2.3.4%eth0",
    "127.1",
    "0x7f.0.0.1",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::12345",
    "1:2:3:4:5:6:7:",
    ":1:2:3:4:5:6:7",
    "g::1",
    "[::1]",
    "::1.2.3",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "dead.beef",
    "::1 ",
    "1:2:3:4:5:6:7:8:1.2.3.4",
    "a",
    "abcd",
    "1",
    "::256.1.1.1",
    "1::2:3:4:5:6:7:8",
    "1:2:3::4:5:6:7:8",
};

static void test_addresses(void **state)
{
    uint8_t octets[16];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        memset(octets, 0xee, sizeof octets);
        if (epopi_address_parse(addresses[i].text, octets) != addresses[i].len) {
            fail_msg("%s is no address of %u octets", addresses[i].text, addresses[i].len);
        }
        assert_memory_equal(octets, addresses[i].octets, addresses[i].len);
    }
}

static void test_names(void **state)
{
    uint8_t octets[16];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (epopi_address_parse(names[i], octets) != 0) {
            fail_msg("%s was taken for an address", names[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
