/* Finding files again that other mail programs have renamed.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "maildrop_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Reading a folder while a file in it is renamed may show that file under neither name. It would take two such
 * accidents to miss a file twice. */
enum { PASSES = 2 };

static int compare(const struct maildrop *maildrop, uint32_t index, uint64_t time, const char *name, size_t length)
{
    const struct message *message = &maildrop->messages[index];

    return maildrop_compare(message->time, maildrop_name(maildrop, message), message->base_length, time, name, length);
}

/* The first message that is not before this base. */
static uint32_t lower_bound(const struct maildrop *maildrop, uint64_t time, const char *name, size_t length)
{
    uint32_t low = 0;
    uint32_t high = maildrop->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (compare(maildrop, middle, time, name, length) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Of several messages with one base, the file's number says which one this is. */
static int is_same_file(struct maildrop *maildrop, const struct message *message, const char *name)
{
    struct stat info;

    return fstatat(dirfd(maildrop->directory), name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           (uint64_t)info.st_ino == message->inode;
}

static int rename_message(struct maildrop *maildrop, struct message *message, const char *name)
{
    char *old = maildrop->names + message->name_at;
    size_t length = strlen(name);

    if (length <= strlen(old)) {
        memcpy(old, name, length + 1);
    } else if (!maildrop_keep_name(maildrop, name, &message->name_at)) {
        return 0;
    }
    message->flags &= (uint16_t) ~(MESSAGE_LOST | MESSAGE_CUR);
    message->flags |= maildrop->here == 1 ? MESSAGE_CUR : 0;
    maildrop->lost--;
    return 1;
}

static int match(struct maildrop *maildrop, const char *name)
{
    uint64_t time = maildir_time(name);
    size_t length = maildir_base_length(name);
    uint32_t first = lower_bound(maildrop, time, name, length);
    uint32_t end = first;
    int is_single;

    while (end < maildrop->count && compare(maildrop, end, time, name, length) == 0) {
        end++;
    }
    is_single = end - first == 1;
    for (uint32_t i = first; i < end; i++) {
        struct message *message = &maildrop->messages[i];
        int is_known = (message->flags & MESSAGE_SIZED) != 0;

        if ((message->flags & MESSAGE_LOST) != 0 && (is_single || !is_known || is_same_file(maildrop, message, name)) &&
            !rename_message(maildrop, message, name)) {
            return 0;
        }
    }
    return 1;
}

static void give_up(struct maildrop *maildrop)
{
    for (uint32_t i = 0; i < maildrop->count && maildrop->lost > 0; i++) {
        struct message *message = &maildrop->messages[i];

        if ((message->flags & MESSAGE_LOST) != 0) {
            message->flags &= (uint16_t)~MESSAGE_LOST;
            message->flags |= MESSAGE_GONE;
            maildrop->lost--;
        }
    }
}

static enum maildrop_result end(struct maildrop *maildrop, enum maildrop_result result)
{
    maildrop->searching = 0;
    maildrop_rest(maildrop);
    return result;
}

enum maildrop_result maildrop_search(struct maildrop *maildrop, const struct maildrop_slice *slice)
{
    if (!maildrop->searching) {
        maildrop->searching = 1;
        maildrop->passes = 0;
        maildrop_walk_begin(maildrop);
    }
    while (maildrop->lost > 0 && maildrop->passes < PASSES) {
        const char *name;
        enum maildrop_result result = maildrop_walk_next(maildrop, &name);

        if (result == MAILDROP_GONE) {
            maildrop->passes++;
            maildrop_walk_begin(maildrop);
        } else if (result != MAILDROP_OK) {
            return end(maildrop, result);
        } else if (!match(maildrop, name)) {
            errno = ENOMEM;
            return end(maildrop, maildrop_fail(maildrop, "cannot look for a message"));
        }
        if (maildrop_slice_is_over(slice)) {
            return MAILDROP_MORE;
        }
    }
    give_up(maildrop);
    return end(maildrop, MAILDROP_OK);
}
