/* The law of struct_size, for one call on one struct.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_STRUCT_SIZE_H
#define EPOP_TESTS_STRUCT_SIZE_H

/* Too small is refused and changes nothing; larger than the library knows is taken, and what lies behind the known
 * members is left alone. `call` uses `it`, a pointer to a struct that is a copy of `from`. */
#define STRUCT_SIZE_LAW(type, from, call, want)                                                                        \
    do {                                                                                                               \
        static struct {                                                                                                \
            type known;                                                                                                \
            uint8_t later[16];                                                                                         \
        } grown, before;                                                                                               \
        type *it = &grown.known;                                                                                       \
        uint32_t size_;                                                                                                \
        grown.known = (from);                                                                                          \
        memset(grown.later, 0xA5, sizeof grown.later);                                                                 \
        for (size_ = 0; size_ < sizeof(type); size_++) {                                                               \
            it->struct_size = size_;                                                                                   \
            before = grown;                                                                                            \
            assert_int_equal((call), EPOP_ERR_STRUCT_SIZE);                                                            \
            assert_memory_equal(&grown, &before, sizeof grown);                                                        \
        }                                                                                                              \
        it->struct_size = (uint32_t)sizeof(type);                                                                      \
        assert_int_equal((call), (want));                                                                              \
        grown.known = (from);                                                                                          \
        it->struct_size = (uint32_t)sizeof grown;                                                                      \
        assert_int_equal((call), (want));                                                                              \
        assert_int_equal(it->struct_size, sizeof grown);                                                               \
        assert_memory_equal(grown.later, before.later, sizeof grown.later);                                            \
    } while (0)

#endif
