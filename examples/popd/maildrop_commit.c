/* Removing what a session has marked as deleted.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "maildrop_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum check {
    CHECK_OK,
    CHECK_LOST, /* nothing has this name */
    CHECK_OTHER /* must not be removed, and errno says why */
};

/* Is the file under this message's name the one that the session has listed? Another program may have put a new message
 * there, which nobody has read. */
static enum check check_file(const struct message *message, int folder, const char *name)
{
    struct stat info;

    if (folder < 0 || fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? CHECK_LOST : CHECK_OTHER;
    }
    if ((uint64_t)info.st_ino != message->inode || (uint64_t)info.st_size != message->length) {
        errno = ESTALE;
        return CHECK_OTHER;
    }
    return CHECK_OK;
}

static void settle(struct message *message, uint32_t *counter)
{
    message->flags |= MESSAGE_SETTLED;
    ++*counter;
}

static void cannot_remove(struct maildrop *maildrop, const struct message *message)
{
    int cause = errno;

    maildrop_fail(maildrop,
                  cause == ESTALE ? "a message was replaced or changed during the session" : "cannot remove a message");
    if (maildrop->failed == 0) {
        maildrop_log(maildrop, message,
                     cause == ESTALE ? "this file was replaced or changed during the session, and is kept"
                                     : "this message, and others perhaps, cannot be removed",
                     cause == ESTALE ? 0 : cause);
    }
}

/* Stops at no failure: of the messages that the user wanted gone as many as possible go. */
static void remove_message(struct maildrop *maildrop, uint32_t index)
{
    struct message *message = &maildrop->messages[index];
    enum check check;
    const char *name;
    int folder;

    if (!maildrop_is_marked(maildrop, index) || (message->flags & MESSAGE_SETTLED) != 0) {
        return;
    }
    if ((message->flags & MESSAGE_GONE) != 0) {
        settle(message, &maildrop->removed);
        return;
    }
    folder = maildrop_folder_of(maildrop, message);
    name = maildrop_name(maildrop, message);
    check = check_file(message, folder, name);
    if (check == CHECK_OK && unlinkat(folder, name, 0) == 0) {
        settle(message, &maildrop->removed);
    } else if (check != CHECK_OTHER && errno == ENOENT) {
        maildrop_lose(maildrop, message);
    } else {
        cannot_remove(maildrop, message);
        settle(message, &maildrop->failed);
    }
}

static enum maildrop_result finish(struct maildrop *maildrop)
{
    maildrop->stage = STAGE_DONE;
    maildrop_rest(maildrop);
    return maildrop->failed + maildrop->lost > 0 ? MAILDROP_TROUBLE : MAILDROP_OK;
}

enum maildrop_result maildrop_commit(struct maildrop *maildrop, const struct maildrop_slice *slice)
{
    if (maildrop->stage == STAGE_READY) {
        maildrop->stage = STAGE_REMOVE;
        maildrop->at = 0;
        maildrop->rounds = 0;
    }
    if (maildrop->stage == STAGE_COMMIT_SEARCH) {
        enum maildrop_result result = maildrop_search(maildrop, slice);

        if (result != MAILDROP_OK) {
            return result == MAILDROP_MORE ? result : finish(maildrop);
        }
        maildrop->stage = STAGE_REMOVE;
        maildrop->at = 0;
    }
    while (maildrop->at < maildrop->count) {
        remove_message(maildrop, maildrop->at++);
        if (maildrop_slice_is_over(slice)) {
            return MAILDROP_MORE;
        }
    }
    if (maildrop->lost > 0) {
        if (maildrop->rounds++ < ROUNDS_MAX) {
            maildrop->stage = STAGE_COMMIT_SEARCH;
            return MAILDROP_MORE;
        }
        errno = ENOENT;
        maildrop_fail(maildrop, "a message is renamed again and again");
    }
    return finish(maildrop);
}

uint32_t maildrop_removed(const struct maildrop *maildrop)
{
    return maildrop->removed;
}
