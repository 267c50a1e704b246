/* An mbox file: locked, and looked at after a crash.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_MBOX_FILE_H
#define POPGET_MBOX_FILE_H

#include <stdbool.h>
#include <sys/types.h>
#include <xxhash.h>

#define MBOX_WORD "From "

/* Milliseconds; a mail program that rewrites a large mailbox may need some. */
enum { MBOX_LOCK_WAIT = 60 * 1000 };

/* Opens and locks it, after trying for `patience` milliseconds at most; makes it where there is none, which is
 * `fresh` then. The descriptor, or -1 with errno set: EAGAIN where another program holds the lock, EINVAL where it is
 * no plain file. */
int mbox_file_open(const char *name, bool *fresh, unsigned patience);

/* Adds a part of a file to a checksum; false where it is not there. */
bool mbox_file_hash(XXH64_state_t *hash, int fd, off_t at, off_t end);

#endif
