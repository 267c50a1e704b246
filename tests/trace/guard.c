/* Memory that ends at an unreadable page, so that one octet too far is a crash and not luck.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FENCE = 64, MARK = 0xC5, SPOILT = 0xA5 };

static void guard_map(struct guard *g, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t cap = (size + FENCE + page - 1) / page * page;
    uint8_t *base = mmap(NULL, cap + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (base == MAP_FAILED || mprotect(base + cap, page, PROT_NONE) != 0) {
        perror("trace: guard pages");
        exit(2);
    }
    g->end = base + cap;
    g->cap = cap;
}

void *guard_tail(struct guard *g, size_t size)
{
    if (!g->end || g->cap < size + FENCE) {
        guard_free(g);
        guard_map(g, size);
    }
    g->used = size;
    memset(g->end - size - FENCE, MARK, FENCE);
    memset(g->end - size, SPOILT, size);
    return g->end - size;
}

bool guard_intact(const struct guard *g)
{
    if (!g->end) {
        return true;
    }
    for (size_t i = 1; i <= FENCE; i++) {
        if (*(g->end - g->used - i) != MARK) {
            return false;
        }
    }
    return true;
}

void *guard_lend(struct guard *g, const void *ptr, size_t len)
{
    uint8_t *copy = guard_tail(g, len);

    if (len) {
        memcpy(copy, ptr, len);
    }
    return copy;
}

void guard_return(struct guard *g)
{
    memset(g->end - g->used, SPOILT, g->used);
}

void guard_free(struct guard *g)
{
    if (g->end) {
        munmap(g->end - g->cap, g->cap + (size_t)sysconf(_SC_PAGESIZE));
        memset(g, 0, sizeof *g);
    }
}
