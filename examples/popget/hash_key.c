/* The key of this run for its tables.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "siphash.h"

#include <fcntl.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

static bool read_random(struct siphash_key *key)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    bool good = fd >= 0 && read(fd, key, sizeof *key) == (ssize_t)sizeof *key;

    if (fd >= 0) {
        close(fd);
    }
    return good;
}

const struct siphash_key *siphash_key_of_run(void)
{
    static struct siphash_key key;
    static bool is_made;
    struct timespec now = {0, 0};

    if (!is_made && !read_random(&key)) {
        clock_gettime(CLOCK_REALTIME, &now);
        key.halves[0] = (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 32;
        key.halves[1] = (uint64_t)now.tv_nsec;
    }
    is_made = true;
    return &key;
}
