/* The law of the writers.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "writer.h"

#include "guard.h"
#include "octets.h"

#define FILLER 0xA5
#define ROOM 2048

static void untouched(const uint8_t *at, const uint8_t *end)
{
    for (; at < end; at++) {
        assert_int_equal(*at, FILLER);
    }
}

void writer_gives(writer_call *call, const void *value, const void *want, size_t want_len)
{
    guard g;
    size_t len = 77;

    assert_true(want_len <= 2000);
    guard_open(&g, ROOM);
    assert_int_equal(call(NULL, 0, &len, value), EPOP_ERR_SPACE);
    assert_int_equal(len, want_len);
    assert_int_equal(call(NULL, ROOM, &len, value), EPOP_ERR_NULL);
    assert_int_equal(call(guard_tail(&g, ROOM), ROOM, NULL, value), EPOP_ERR_NULL);
    for (size_t cap = 0; cap <= want_len + 3; cap++) {
        uint8_t *dst = guard_tail(&g, cap);
        int32_t result;

        memset(g.first, FILLER, (size_t)(g.end - g.first));
        len = 77;
        result = call(dst, cap, &len, value);
        assert_int_equal(len, want_len);
        untouched(g.first, dst);
        if (cap < want_len) {
            assert_int_equal(result, EPOP_ERR_SPACE);
            untouched(dst, g.end);
        } else {
            assert_int_equal(result, EPOP_OK);
            octets_same(dst, want_len, want, want_len, want, want_len);
            untouched(dst + want_len, g.end);
        }
    }
    guard_close(&g);
}

void writer_refuses(writer_call *call, const void *value, int32_t want)
{
    static const size_t caps[] = {0, 1, 4, 64, ROOM};
    guard g;

    guard_open(&g, ROOM);
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        size_t len = 0;
        int32_t result;

        memset(g.first, FILLER, (size_t)(g.end - g.first));
        result = call(guard_tail(&g, caps[i]), caps[i], &len, value);
        if (result != EPOP_ERR_SPACE || caps[i] == ROOM) {
            assert_int_equal(result, want);
        }
        untouched(g.first, g.end);
    }
    guard_close(&g);
}
