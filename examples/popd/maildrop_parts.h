/* The inside of a maildrop, for the files that work on it: maildrop.c, maildrop_scan.c, maildrop_search.c and
 * maildrop_commit.c.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_MAILDROP_PARTS_H
#define POPD_MAILDROP_PARTS_H

#include <dirent.h>

#include "maildrop.h"

enum {
    MESSAGE_CUR = 0x01,    /* in cur/, otherwise in new/ */
    MESSAGE_LOST = 0x02,   /* not found under its name; to be looked for */
    MESSAGE_GONE = 0x04,   /* looked for, and not there */
    MESSAGE_SIZED = 0x08,  /* `octets`, `inode` and `length` are known */
    MESSAGE_TWIN = 0x10,   /* another message has the same base, and that one has the plain unique-id */
    MESSAGE_DROP = 0x20,   /* no message after all */
    MESSAGE_SETTLED = 0x40 /* the commit has dealt with it */
};

/* How often a file may be renamed between being found and being used before that counts as trouble. */
enum { ROUNDS_MAX = 4 };

enum maildrop_stage {
    STAGE_START,
    STAGE_LIST,
    STAGE_SORT,
    STAGE_MEASURE,
    STAGE_SCAN_SEARCH,
    STAGE_READY,
    STAGE_REMOVE,
    STAGE_COMMIT_SEARCH,
    STAGE_DONE
};

/* Kept small: a maildrop may have a hundred thousand of them. */
struct message {
    uint64_t time;
    uint64_t octets;
    uint64_t inode;
    uint64_t length; /* of the file, which is not what goes over the wire */
    size_t name_at;  /* in maildrop.names */
    uint16_t base_length;
    uint16_t flags;
};

struct maildrop {
    char *user;
    int folder; /* DIR/USER, which carries the lock; -1 after release */
    int sub[2]; /* new and cur; -1 but while they are needed */
    enum maildrop_stage stage;
    struct message *messages;
    uint32_t count;
    uint32_t room;
    char *names; /* all names, each with its NUL */
    size_t names_length;
    size_t names_room;
    uint8_t *deleted;
    uint64_t octets;
    /* Work in slices. */
    uint32_t at;
    uint32_t lost;
    unsigned rounds;
    int searching;
    unsigned passes;
    uint32_t skipped; /* by the scan: cannot be read */
    uint32_t removed;
    uint32_t failed; /* to be removed */
    /* The walk through new/ and cur/. */
    DIR *directory;
    unsigned next; /* folder to open next: 0 new, 1 cur, 2 none */
    unsigned here; /* folder that is open */
    /* The message that is being measured. */
    int reading;
    uint64_t left;
    epop_size size;
    /* What went wrong last. */
    int trouble_errno;
    const char *trouble_what;
};

const char *maildrop_name(const struct maildrop *maildrop, const struct message *message);
int maildrop_is_marked(const struct maildrop *maildrop, uint32_t index);

/* Descriptor of the folder that a message is in, or -1 with errno. */
int maildrop_folder_of(struct maildrop *maildrop, const struct message *message);

/* Closes new, cur and the walk. */
void maildrop_rest(struct maildrop *maildrop);

/* Keeps errno and `what` for maildrop_trouble, and returns TROUBLE. */
enum maildrop_result maildrop_fail(struct maildrop *maildrop, const char *what);

/* A line in the log about a file of this maildrop; `error` is an errno, or 0. */
void maildrop_log(const struct maildrop *maildrop, const struct message *message, const char *text, int error);

void maildrop_lose(struct maildrop *maildrop, struct message *message);
int maildrop_slice_is_over(const struct maildrop_slice *slice);

/* Copies a name into `names`. 1, or 0 without memory. */
int maildrop_keep_name(struct maildrop *maildrop, const char *name, size_t *at);

/* The next file name in new/, then in cur/: OK with `*name`, GONE at the end, TROUBLE, WRONG. `here` says where it
 * is. */
void maildrop_walk_begin(struct maildrop *maildrop);
enum maildrop_result maildrop_walk_next(struct maildrop *maildrop, const char **name);

/* Delivery time, then base, octet by octet. */
int maildrop_compare(uint64_t a_time, const char *a, size_t a_length, uint64_t b_time, const char *b, size_t b_length);

/* Twins and doubles, once all messages are sorted and measured: of entries that are one file all but the last are
 * dropped; of files with the same base all but one get MESSAGE_TWIN. 1, or 0 without memory. */
int maildrop_settle_twins(struct maildrop *maildrop);

#endif
