/* Sizes of messages that were counted before, so that a login need not read a whole maildrop again.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "size_cache.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

/* 1.5 MiB, of which only what is used becomes resident. */
enum { PLACES = 32768 };

/* File systems stamp changes with a clock that stands still for some milliseconds, on some for two seconds: two changes
 * within that time look like one. */
enum { SETTLED_SECONDS = 3 };

struct key {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    uint64_t modified;
    uint64_t changed;
};

struct entry {
    struct key key; /* size 0: no entry; empty files are not worth one */
    uint64_t octets;
};

struct size_cache {
    struct entry entries[PLACES];
};

struct size_cache *size_cache_new(void)
{
    return calloc(1, sizeof(struct size_cache));
}

void size_cache_free(struct size_cache *cache)
{
    free(cache);
}

static uint64_t nanoseconds(struct timespec time)
{
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static struct key key_of(const struct stat *file)
{
    struct key key;

    key.device = (uint64_t)file->st_dev;
    key.inode = (uint64_t)file->st_ino;
    key.size = (uint64_t)file->st_size;
    key.modified = nanoseconds(file->st_mtim);
    key.changed = nanoseconds(file->st_ctim);
    return key;
}

static size_t place_of(const struct key *key)
{
    return (size_t)(XXH3_64bits(key, sizeof *key) % PLACES);
}

int size_cache_find(const struct size_cache *cache, const struct stat *file, uint64_t *octets)
{
    struct key key = key_of(file);
    const struct entry *entry = &cache->entries[place_of(&key)];

    if (key.size == 0 || memcmp(&entry->key, &key, sizeof key) != 0) {
        return 0;
    }
    *octets = entry->octets;
    return 1;
}

void size_cache_add(struct size_cache *cache, const struct stat *file, uint64_t octets)
{
    struct key key = key_of(file);
    struct entry *entry = &cache->entries[place_of(&key)];

    if (key.size == 0 || time(NULL) - file->st_ctim.tv_sec < SETTLED_SECONDS) {
        return;
    }
    entry->key = key;
    entry->octets = octets;
}
