/* Sizes of messages that were counted before, so that a login need not read a whole maildrop again.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A file is known by its number, size and both times to the nanosecond; whatever changes a file changes one of them. A
 * table of fixed size: an entry that needs the place of another takes it, and the other is counted again some day.
 */
#ifndef POPD_SIZE_CACHE_H
#define POPD_SIZE_CACHE_H

#include <stdint.h>
#include <sys/stat.h>

struct size_cache;

struct size_cache *size_cache_new(void); /* NULL: out of memory */
void size_cache_free(struct size_cache *cache);

/* 1 with `*octets` where the file is known, else 0. */
int size_cache_find(const struct size_cache *cache, const struct stat *file, uint64_t *octets);
void size_cache_add(struct size_cache *cache, const struct stat *file, uint64_t octets);

#endif
