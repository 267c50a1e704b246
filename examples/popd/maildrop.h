/* One user's Maildir as a maildrop: locked, numbered, measured; its messages read and removed.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Whatever may take long - measuring, looking for renamed files, removing - is done in slices: a function that returns
 * MAILDROP_MORE wants to be called again, and the event loop serves others in between.
 *
 * Other mail programs rename files at any time to set flags, and move them from new/ to cur/. A file that is not there
 * under its last known name is therefore looked for by its base (maildir_name.h) before it counts as gone.
 */
#ifndef POPD_MAILDROP_H
#define POPD_MAILDROP_H

#include <epop/epop.h>

#include <stddef.h>
#include <stdint.h>

#include "maildir_name.h"
#include "size_cache.h"

enum maildrop_result {
    MAILDROP_OK,
    MAILDROP_MORE,    /* the slice is used up; call again */
    MAILDROP_SEARCH,  /* a name is out of date: call maildrop_search until it is done, then this again */
    MAILDROP_GONE,    /* the message is not there any more */
    MAILDROP_IN_USE,  /* another session holds the lock */
    MAILDROP_TROUBLE, /* may go away by itself; see maildrop_trouble */
    MAILDROP_WRONG    /* will not go away before somebody acts */
};

/* What a slice of work may use: a buffer, and the time until which it may run. */
struct maildrop_slice {
    uint8_t *buffer;
    size_t buffer_size;
    uint64_t end; /* milliseconds of timer_clock */
    struct size_cache *sizes;
};

struct maildrop;

/* Opens and locks the Maildir `user` below the folder `root`. `user` has no slash and no leading dot. The lock is one
 * of the kernel's on the folder itself: it ends with the descriptor, however the process ends. OK, IN_USE, TROUBLE,
 * WRONG; `*out` is set in every case but when memory is short (TROUBLE). */
enum maildrop_result maildrop_open(struct maildrop **out, int root, const char *user);

/* Releases the lock and all descriptors. The deletion map stays until maildrop_free. */
void maildrop_release(struct maildrop *maildrop);
void maildrop_free(struct maildrop *maildrop);

/* Lists and measures all messages. OK, MORE, TROUBLE, WRONG. */
enum maildrop_result maildrop_scan(struct maildrop *maildrop, const struct maildrop_slice *slice);

/* After the scan. */
uint32_t maildrop_count(const struct maildrop *maildrop);
uint64_t maildrop_octets(const struct maildrop *maildrop);
uint8_t *maildrop_deletion_map(const struct maildrop *maildrop, size_t *size);

/* Below, `index` counts from 0. */
uint64_t maildrop_size(const struct maildrop *maildrop, uint32_t index);
void maildrop_unique_id(const struct maildrop *maildrop, uint32_t index, struct unique_id *id);

/* Opens a message for reading. OK with `*fd` and the `*length` of the file; SEARCH, GONE, TROUBLE. */
enum maildrop_result maildrop_fetch(struct maildrop *maildrop, uint32_t index, int *fd, uint64_t *length);

/* Looks for what is lost. OK, MORE, TROUBLE, WRONG. */
enum maildrop_result maildrop_search(struct maildrop *maildrop, const struct maildrop_slice *slice);

/* Removes the messages that are marked in the deletion map. OK, MORE; TROUBLE when all was tried and something could
 * not be removed. Once only. */
enum maildrop_result maildrop_commit(struct maildrop *maildrop, const struct maildrop_slice *slice);
/* How many the commit has removed, or found gone. */
uint32_t maildrop_removed(const struct maildrop *maildrop);

/* What went wrong: "cannot open the folder new: Permission denied". */
void maildrop_trouble(const struct maildrop *maildrop, char *text, size_t size);

#endif
