/* Buffers between two unreadable pages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void must(int condition, const char *what)
{
    if (!condition) {
        perror(what);
        exit(99);
    }
}

void guard_open(guard *g, size_t room)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = room / page + 1;

    g->map_size = (pages + 2) * page;
    g->map = mmap(NULL, g->map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(g->map != MAP_FAILED, "mmap");
    g->first = g->map + page;
    g->end = g->first + pages * page;
    must(mprotect(g->map, page, PROT_NONE) == 0, "mprotect");
    must(mprotect(g->end, page, PROT_NONE) == 0, "mprotect");
}

void guard_close(guard *g)
{
    must(munmap(g->map, g->map_size) == 0, "munmap");
    memset(g, 0, sizeof *g);
}

uint8_t *guard_tail(const guard *g, size_t len)
{
    must(len <= (size_t)(g->end - g->first), "guard_tail");
    return g->end - len;
}

uint8_t *guard_put(const guard *g, const void *data, size_t len)
{
    uint8_t *at = guard_tail(g, len);

    if (len > 0) {
        memcpy(at, data, len);
    }
    return at;
}

uint8_t *guard_put_first(const guard *g, const void *data, size_t len)
{
    must(len <= (size_t)(g->end - g->first), "guard_put_first");
    if (len > 0) {
        memcpy(g->first, data, len);
    }
    return g->first;
}
