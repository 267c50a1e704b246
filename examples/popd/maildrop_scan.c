/* Listing and measuring all messages of a maildrop, in slices.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The sort is a heap sort: entries go into the heap as the folders are read, and come out one by one, so that no step
 * takes long, however many there are.
 */
#define _GNU_SOURCE
#include "maildrop_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 640 MiB of memory; whoever has so much mail needs another server. */
enum { COUNT_MAX = 1 << 24 };

static int compare(const struct maildrop *maildrop, const struct message *a, const struct message *b)
{
    const char *a_name = maildrop_name(maildrop, a);
    const char *b_name = maildrop_name(maildrop, b);
    int order = maildrop_compare(a->time, a_name, a->base_length, b->time, b_name, b->base_length);

    if (order == 0) {
        order = (a->flags & MESSAGE_CUR) - (b->flags & MESSAGE_CUR);
    }
    return order != 0 ? order : strcmp(a_name, b_name);
}

static void swap(struct message *a, struct message *b)
{
    struct message kept = *a;

    *a = *b;
    *b = kept;
}

/* The heap has its largest entry in front. */
static void sift_up(struct maildrop *maildrop, uint32_t at)
{
    struct message *heap = maildrop->messages;

    while (at > 0 && compare(maildrop, &heap[(at - 1) / 2], &heap[at]) < 0) {
        swap(&heap[(at - 1) / 2], &heap[at]);
        at = (at - 1) / 2;
    }
}

static void sift_down(struct maildrop *maildrop, uint32_t count)
{
    struct message *heap = maildrop->messages;
    uint32_t at = 0;

    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= count) {
            return;
        }
        if (child + 1 < count && compare(maildrop, &heap[child], &heap[child + 1]) < 0) {
            child++;
        }
        if (compare(maildrop, &heap[at], &heap[child]) >= 0) {
            return;
        }
        swap(&heap[at], &heap[child]);
        at = child;
    }
}

static int make_room(struct maildrop *maildrop)
{
    uint32_t room = maildrop->room != 0 ? maildrop->room * 2 : 16;
    struct message *messages;

    if (maildrop->count < maildrop->room) {
        return 1;
    }
    errno = ENOMEM;
    if (maildrop->count >= COUNT_MAX) {
        return 0;
    }
    messages = realloc(maildrop->messages, room * sizeof *messages);
    if (messages == NULL) {
        return 0;
    }
    maildrop->messages = messages;
    maildrop->room = room;
    return 1;
}

static int add(struct maildrop *maildrop, const char *name)
{
    struct message *message;

    if (!make_room(maildrop)) {
        return 0;
    }
    message = &maildrop->messages[maildrop->count];
    memset(message, 0, sizeof *message);
    if (!maildrop_keep_name(maildrop, name, &message->name_at)) {
        return 0;
    }
    message->time = maildir_time(name);
    message->base_length = (uint16_t)maildir_base_length(name);
    message->flags = maildrop->here == 1 ? MESSAGE_CUR : 0;
    sift_up(maildrop, maildrop->count++);
    return 1;
}

static enum maildrop_result list(struct maildrop *maildrop, const struct maildrop_slice *slice)
{
    do {
        const char *name;
        enum maildrop_result result = maildrop_walk_next(maildrop, &name);

        if (result == MAILDROP_GONE) {
            maildrop->stage = STAGE_SORT;
            maildrop->at = maildrop->count;
            return MAILDROP_OK;
        }
        if (result != MAILDROP_OK) {
            return result;
        }
        if (!add(maildrop, name)) {
            return maildrop_fail(maildrop, "cannot list the messages");
        }
    } while (!maildrop_slice_is_over(slice));
    return MAILDROP_MORE;
}

static enum maildrop_result sort(struct maildrop *maildrop, const struct maildrop_slice *slice)
{
    while (maildrop->at > 1) {
        maildrop->at--;
        swap(&maildrop->messages[0], &maildrop->messages[maildrop->at]);
        sift_down(maildrop, maildrop->at);
        if (maildrop_slice_is_over(slice)) {
            return MAILDROP_MORE;
        }
    }
    maildrop->stage = STAGE_MEASURE;
    maildrop->at = 0;
    return MAILDROP_OK;
}

/* A message that cannot be read is left out, with a word in the log: the others are worth more than the whole. What
 * is the trouble of the server, not of the message, ends the scan. */
static enum maildrop_result give_up_message(struct maildrop *maildrop, struct message *message, const char *what)
{
    if (errno == ENOENT) {
        maildrop_lose(maildrop, message);
        return MAILDROP_OK;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
        return maildrop_fail(maildrop, what);
    }
    if (maildrop->skipped++ == 0) {
        maildrop_log(maildrop, message, "this message, and others perhaps, cannot be read and is left out", errno);
    }
    message->flags |= MESSAGE_DROP;
    return MAILDROP_OK;
}

/* Opens the file unless its size is known. OK with maildrop->reading still -1: there is nothing to read. */
static enum maildrop_result begin_message(struct maildrop *maildrop, struct message *message,
                                          const struct maildrop_slice *slice)
{
    const char *name = maildrop_name(maildrop, message);
    int folder = maildrop_folder_of(maildrop, message);
    struct stat info;

    if (folder < 0 || fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return give_up_message(maildrop, message, "cannot look at a message");
    }
    message->inode = (uint64_t)info.st_ino;
    message->length = (uint64_t)info.st_size;
    if (!S_ISREG(info.st_mode)) {
        message->flags |= MESSAGE_DROP;
        return MAILDROP_OK;
    }
    if (size_cache_find(slice->sizes, &info, &message->octets)) {
        message->flags |= MESSAGE_SIZED;
        return MAILDROP_OK;
    }
    maildrop->reading = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (maildrop->reading < 0) {
        return give_up_message(maildrop, message, "cannot open a message");
    }
    /* A file that grows for ever must not be read for ever. */
    maildrop->left = (uint64_t)info.st_size;
    epop_size_init(&maildrop->size);
    return MAILDROP_OK;
}

static void end_message(struct maildrop *maildrop, struct message *message, const struct maildrop_slice *slice)
{
    struct stat info;

    epop_size_end(&maildrop->size);
    message->octets = maildrop->size.octets;
    message->flags |= MESSAGE_SIZED;
    if (maildrop->left == 0 && fstat(maildrop->reading, &info) == 0) {
        message->inode = (uint64_t)info.st_ino;
        message->length = (uint64_t)info.st_size;
        size_cache_add(slice->sizes, &info, message->octets);
    }
    close(maildrop->reading);
    maildrop->reading = -1;
}

static enum maildrop_result read_message(struct maildrop *maildrop, struct message *message,
                                         const struct maildrop_slice *slice)
{
    size_t want = slice->buffer_size < maildrop->left ? slice->buffer_size : (size_t)maildrop->left;
    ssize_t got = read(maildrop->reading, slice->buffer, want);

    if (got < 0) {
        enum maildrop_result result = give_up_message(maildrop, message, "cannot read a message");

        close(maildrop->reading);
        maildrop->reading = -1;
        return result;
    }
    epop_size_add(&maildrop->size, slice->buffer, (size_t)got);
    maildrop->left -= (uint64_t)got;
    if (got == 0 || maildrop->left == 0) {
        end_message(maildrop, message, slice);
    }
    return MAILDROP_OK;
}

static enum maildrop_result measure(struct maildrop *maildrop, const struct maildrop_slice *slice)
{
    while (maildrop->at < maildrop->count) {
        struct message *message = &maildrop->messages[maildrop->at];
        enum maildrop_result result = MAILDROP_OK;

        if (maildrop->reading >= 0) {
            result = read_message(maildrop, message, slice);
        } else if ((message->flags & (MESSAGE_SIZED | MESSAGE_DROP | MESSAGE_GONE)) == 0) {
            result = begin_message(maildrop, message, slice);
        }
        if (result != MAILDROP_OK) {
            return result;
        }
        if (maildrop->reading < 0) {
            maildrop->at++;
        }
        if (maildrop_slice_is_over(slice)) {
            return MAILDROP_MORE;
        }
    }
    maildrop->stage = STAGE_READY;
    if (maildrop->lost > 0 && maildrop->rounds++ < ROUNDS_MAX) {
        maildrop->stage = STAGE_SCAN_SEARCH;
    }
    return MAILDROP_OK;
}

static void compact(struct maildrop *maildrop)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < maildrop->count; i++) {
        const struct message *message = &maildrop->messages[i];

        if ((message->flags & MESSAGE_SIZED) != 0 && (message->flags & MESSAGE_DROP) == 0) {
            maildrop->octets += message->octets;
            maildrop->messages[kept++] = *message;
        }
    }
    maildrop->count = kept;
    maildrop->lost = 0;
    maildrop->rounds = 0;
}

/* A large maildrop gives back what it grew ahead of its needs. */
static void shrink(struct maildrop *maildrop)
{
    struct message *messages;
    char *names;

    if (maildrop->count == 0) {
        return;
    }
    messages = realloc(maildrop->messages, maildrop->count * sizeof *messages);
    if (messages != NULL) {
        maildrop->messages = messages;
        maildrop->room = maildrop->count;
    }
    names = realloc(maildrop->names, maildrop->names_length);
    if (names != NULL) {
        maildrop->names = names;
        maildrop->names_room = maildrop->names_length;
    }
}

static enum maildrop_result finish(struct maildrop *maildrop)
{
    maildrop_rest(maildrop);
    if (!maildrop_settle_twins(maildrop)) {
        errno = ENOMEM;
        return maildrop_fail(maildrop, "cannot list the messages");
    }
    compact(maildrop);
    shrink(maildrop);
    maildrop->deleted = calloc(((size_t)maildrop->count + 7) / 8 + 1, 1);
    if (maildrop->deleted == NULL) {
        return maildrop_fail(maildrop, "cannot list the messages");
    }
    return MAILDROP_OK;
}

enum maildrop_result maildrop_scan(struct maildrop *maildrop, const struct maildrop_slice *slice)
{
    enum maildrop_result result = MAILDROP_OK;

    if (maildrop->stage == STAGE_START) {
        maildrop->stage = STAGE_LIST;
        maildrop_walk_begin(maildrop);
    }
    while (result == MAILDROP_OK && maildrop->stage != STAGE_READY) {
        switch (maildrop->stage) {
        case STAGE_LIST:
            result = list(maildrop, slice);
            break;
        case STAGE_SORT:
            result = sort(maildrop, slice);
            break;
        case STAGE_MEASURE:
            result = measure(maildrop, slice);
            break;
        default:
            result = maildrop_search(maildrop, slice);
            if (result == MAILDROP_OK) {
                maildrop->stage = STAGE_MEASURE;
                maildrop->at = 0;
            }
        }
    }
    return result == MAILDROP_OK ? finish(maildrop) : result;
}
