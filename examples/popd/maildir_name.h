/* What the name of a file in a Maildir says: when it came, which message it is, its unique-id.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A name is a base, chosen once at delivery, and in cur/ an info part, ":2," with flags, which mail programs rewrite as
 * they like. Whatever has to stay the same over the life of a message is made from the base alone.
 */
#ifndef POPD_MAILDIR_NAME_H
#define POPD_MAILDIR_NAME_H

#include <epop/epop.h>

#include <stddef.h>
#include <stdint.h>

struct unique_id {
    size_t length;
    char text[EPOP_UNIQUE_ID_MAX];
};

/* Octets of the name before ":2,". */
size_t maildir_base_length(const char *name);

/* Seconds at the head of the name; 0 where there are none. */
uint64_t maildir_time(const char *name);

/* The unique-id of a message: its base if that is a legal id, else a digest of it, which begins with "=". A base that
 * begins with "=" itself counts as not legal, so that no name can pass for the digest of another. */
void maildir_unique_id(struct unique_id *id, const char *base, size_t length);

/* The id of a message whose base another message has too; the file's number tells them apart. */
void maildir_unique_id_of_twin(struct unique_id *id, const char *base, size_t length, uint64_t inode);

#endif
