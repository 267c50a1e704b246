/* Entries of a Maildir with the same base.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Deliverers choose bases that no other message has, but copies made by hand, or a file that was renamed while the
 * folders were read, bring two. Entries that are one file are one message. Of different files, the one with the
 * lowest number keeps the plain unique-id: a choice that stays the same over renames and restarts.
 */
#define _GNU_SOURCE
#include "maildrop_parts.h"

#include <stdlib.h>

struct twin {
    uint64_t inode;
    uint32_t index;
};

static int is_out(const struct message *message)
{
    return (message->flags & MESSAGE_SIZED) == 0 || (message->flags & MESSAGE_DROP) != 0;
}

static int have_same_base(const struct maildrop *maildrop, uint32_t a, uint32_t b)
{
    const struct message *x = &maildrop->messages[a];
    const struct message *y = &maildrop->messages[b];

    return maildrop_compare(x->time, maildrop_name(maildrop, x), x->base_length, y->time, maildrop_name(maildrop, y),
                            y->base_length) == 0;
}

static int compare_twins(const void *left, const void *right)
{
    const struct twin *a = left;
    const struct twin *b = right;

    if (a->inode != b->inode) {
        return a->inode < b->inode ? -1 : 1;
    }
    return (a->index > b->index) - (a->index < b->index);
}

/* Returns a twin, NULL if there is none, or sets *failed. */
static const struct message *settle(struct maildrop *maildrop, uint32_t first, uint32_t end, int *failed)
{
    const struct message *found = NULL;
    struct twin *twins = malloc((end - first) * sizeof *twins);
    uint32_t count = 0;
    uint32_t files = 0;

    if (twins == NULL) {
        *failed = 1;
        return NULL;
    }
    for (uint32_t i = first; i < end; i++) {
        if (!is_out(&maildrop->messages[i])) {
            twins[count].inode = maildrop->messages[i].inode;
            twins[count++].index = i;
        }
    }
    qsort(twins, count, sizeof *twins, compare_twins);
    for (uint32_t i = 0; i < count; i++) {
        struct message *message = &maildrop->messages[twins[i].index];

        if (i + 1 < count && twins[i + 1].inode == twins[i].inode) {
            message->flags |= MESSAGE_DROP;
        } else if (files++ > 0) {
            message->flags |= MESSAGE_TWIN;
            found = message;
        }
    }
    free(twins);
    return found;
}

int maildrop_settle_twins(struct maildrop *maildrop)
{
    const struct message *twin = NULL;
    uint32_t first = 0;
    int failed = 0;

    while (first < maildrop->count) {
        uint32_t end = first + 1;

        while (end < maildrop->count && have_same_base(maildrop, first, end)) {
            end++;
        }
        if (end - first > 1) {
            const struct message *found = settle(maildrop, first, end, &failed);

            twin = found != NULL ? found : twin;
        }
        first = end;
    }
    if (twin != NULL) {
        maildrop_log(maildrop, twin, "another message has the base name of this one, which gets a unique-id of its own",
                     0);
    }
    return !failed;
}
