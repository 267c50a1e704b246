/* One user's Maildir as a maildrop: opening, locking, walking through its folders, reading a message.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "maildrop_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "timer.h"

static const char *const folder_names[2] = {"new", "cur"};

static void close_if_open(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static int open_folder(int parent, const char *name)
{
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static enum maildrop_result wrong_if_lasting(struct maildrop *maildrop)
{
    switch (maildrop->trouble_errno) {
    case ENOTDIR:
    case ELOOP:
    case EACCES:
        return MAILDROP_WRONG;
    default:
        return MAILDROP_TROUBLE;
    }
}

static struct maildrop *new_maildrop(const char *user)
{
    struct maildrop *maildrop = calloc(1, sizeof *maildrop);

    if (maildrop == NULL) {
        return NULL;
    }
    maildrop->user = strdup(user);
    maildrop->folder = maildrop->sub[0] = maildrop->sub[1] = maildrop->reading = -1;
    if (maildrop->user == NULL) {
        maildrop_free(maildrop);
        return NULL;
    }
    return maildrop;
}

/* A user to whom no mail has ever come has no Maildir: that is an empty maildrop. Without the root, nothing is known of
 * anybody's mail. */
static enum maildrop_result open_missing(struct maildrop *maildrop, int root)
{
    struct log_line line;
    struct stat info;

    if (fstat(root, &info) != 0 || info.st_nlink == 0) {
        errno = ENOENT;
        return maildrop_fail(maildrop, "the folder with the Maildirs is gone");
    }
    log_start(&line, "warning");
    log_string(&line, "user", maildrop->user);
    log_string(&line, "text", "this user has no Maildir; an empty maildrop is served");
    log_end(&line);
    maildrop->stage = STAGE_READY;
    return MAILDROP_OK;
}

enum maildrop_result maildrop_open(struct maildrop **out, int root, const char *user)
{
    struct maildrop *maildrop = *out = new_maildrop(user);

    if (maildrop == NULL) {
        return MAILDROP_TROUBLE;
    }
    maildrop->folder = open_folder(root, user);
    if (maildrop->folder < 0 && errno == ENOENT) {
        return open_missing(maildrop, root);
    }
    if (maildrop->folder < 0) {
        maildrop_fail(maildrop, "cannot open the Maildir");
        return wrong_if_lasting(maildrop);
    }
    if (flock(maildrop->folder, LOCK_EX | LOCK_NB) != 0) {
        maildrop_fail(maildrop, "cannot lock the Maildir");
        return maildrop->trouble_errno == EWOULDBLOCK ? MAILDROP_IN_USE : MAILDROP_TROUBLE;
    }
    return MAILDROP_OK;
}

void maildrop_rest(struct maildrop *maildrop)
{
    if (maildrop->directory != NULL) {
        closedir(maildrop->directory);
        maildrop->directory = NULL;
    }
    close_if_open(&maildrop->sub[0]);
    close_if_open(&maildrop->sub[1]);
}

void maildrop_release(struct maildrop *maildrop)
{
    maildrop_rest(maildrop);
    close_if_open(&maildrop->reading);
    close_if_open(&maildrop->folder);
}

void maildrop_free(struct maildrop *maildrop)
{
    if (maildrop != NULL) {
        maildrop_release(maildrop);
        free(maildrop->user);
        free(maildrop->messages);
        free(maildrop->names);
        free(maildrop->deleted);
        free(maildrop);
    }
}

uint32_t maildrop_count(const struct maildrop *maildrop)
{
    return maildrop->count;
}

uint64_t maildrop_octets(const struct maildrop *maildrop)
{
    return maildrop->octets;
}

uint8_t *maildrop_deletion_map(const struct maildrop *maildrop, size_t *size)
{
    *size = ((size_t)maildrop->count + 7) / 8;
    return maildrop->deleted;
}

int maildrop_is_marked(const struct maildrop *maildrop, uint32_t index)
{
    return (maildrop->deleted[index / 8] >> (index % 8)) & 1;
}

uint64_t maildrop_size(const struct maildrop *maildrop, uint32_t index)
{
    return maildrop->messages[index].octets;
}

const char *maildrop_name(const struct maildrop *maildrop, const struct message *message)
{
    return maildrop->names + message->name_at;
}

void maildrop_unique_id(const struct maildrop *maildrop, uint32_t index, struct unique_id *id)
{
    const struct message *message = &maildrop->messages[index];
    const char *name = maildrop_name(maildrop, message);

    if ((message->flags & MESSAGE_TWIN) != 0) {
        maildir_unique_id_of_twin(id, name, message->base_length, message->inode);
    } else {
        maildir_unique_id(id, name, message->base_length);
    }
}

int maildrop_folder_of(struct maildrop *maildrop, const struct message *message)
{
    unsigned which = (message->flags & MESSAGE_CUR) != 0;

    if (maildrop->sub[which] < 0) {
        maildrop->sub[which] = open_folder(maildrop->folder, folder_names[which]);
    }
    return maildrop->sub[which];
}

enum maildrop_result maildrop_fail(struct maildrop *maildrop, const char *what)
{
    maildrop->trouble_errno = errno;
    maildrop->trouble_what = what;
    return MAILDROP_TROUBLE;
}

void maildrop_trouble(const struct maildrop *maildrop, char *text, size_t size)
{
    snprintf(text, size, "%s: %s", maildrop->trouble_what, strerror(maildrop->trouble_errno));
}

void maildrop_log(const struct maildrop *maildrop, const struct message *message, const char *text, int error)
{
    struct log_line line;

    log_start(&line, "warning");
    log_string(&line, "user", maildrop->user);
    log_word(&line, "folder", folder_names[(message->flags & MESSAGE_CUR) != 0]);
    log_string(&line, "file", maildrop_name(maildrop, message));
    log_string(&line, "text", text);
    if (error != 0) {
        log_string(&line, "cause", strerror(error));
    }
    log_end(&line);
}

void maildrop_lose(struct maildrop *maildrop, struct message *message)
{
    if ((message->flags & MESSAGE_LOST) == 0) {
        message->flags |= MESSAGE_LOST;
        maildrop->lost++;
    }
}

int maildrop_slice_is_over(const struct maildrop_slice *slice)
{
    return timer_clock() >= slice->end;
}

int maildrop_keep_name(struct maildrop *maildrop, const char *name, size_t *at)
{
    size_t size = strlen(name) + 1;

    if (size > maildrop->names_room - maildrop->names_length) {
        size_t room = maildrop->names_room * 2 + 1024;
        char *names = realloc(maildrop->names, room);

        if (names == NULL) {
            return 0;
        }
        maildrop->names = names;
        maildrop->names_room = room;
    }
    memcpy(maildrop->names + maildrop->names_length, name, size);
    *at = maildrop->names_length;
    maildrop->names_length += size;
    return 1;
}

/* new/ comes first: what is moved to cur/ during the walk is then met there, if it was not met before. */
void maildrop_walk_begin(struct maildrop *maildrop)
{
    if (maildrop->directory != NULL) {
        closedir(maildrop->directory);
        maildrop->directory = NULL;
    }
    maildrop->next = 0;
}

/* OK, GONE where there is no further folder. A folder that does not exist is as good as an empty one. */
static enum maildrop_result walk_into(struct maildrop *maildrop)
{
    while (maildrop->next < 2) {
        int fd = open_folder(maildrop->folder, folder_names[maildrop->next]);

        maildrop->here = maildrop->next++;
        if (fd < 0 && errno != ENOENT) {
            maildrop_fail(maildrop, "cannot open new or cur in the Maildir");
            return wrong_if_lasting(maildrop);
        }
        if (fd >= 0) {
            maildrop->directory = fdopendir(fd);
            if (maildrop->directory == NULL) {
                maildrop_fail(maildrop, "cannot list new or cur in the Maildir");
                close(fd);
                return MAILDROP_TROUBLE;
            }
            return MAILDROP_OK;
        }
    }
    return MAILDROP_GONE;
}

enum maildrop_result maildrop_walk_next(struct maildrop *maildrop, const char **name)
{
    for (;;) {
        const struct dirent *entry;

        if (maildrop->directory == NULL) {
            enum maildrop_result result = walk_into(maildrop);

            if (result != MAILDROP_OK) {
                return result;
            }
        }
        errno = 0;
        entry = readdir(maildrop->directory);
        if (entry == NULL && errno != 0) {
            return maildrop_fail(maildrop, "cannot list new or cur in the Maildir");
        }
        if (entry == NULL) {
            closedir(maildrop->directory);
            maildrop->directory = NULL;
        } else if (entry->d_name[0] != '.') {
            *name = entry->d_name;
            return MAILDROP_OK;
        }
    }
}

int maildrop_compare(uint64_t a_time, const char *a, size_t a_length, uint64_t b_time, const char *b, size_t b_length)
{
    int order;

    if (a_time != b_time) {
        return a_time < b_time ? -1 : 1;
    }
    order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static enum maildrop_result open_message(struct maildrop *maildrop, struct message *message, int *fd, uint64_t *length)
{
    int folder = maildrop_folder_of(maildrop, message);
    struct stat info;

    /* O_NONBLOCK: what stands there now may be a FIFO. */
    *fd = folder < 0 ? -1
                     : openat(folder, maildrop_name(maildrop, message), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0) {
        if (errno != ENOENT) {
            return maildrop_fail(maildrop, "cannot open a message");
        }
        maildrop_lose(maildrop, message);
        return MAILDROP_SEARCH;
    }
    if (fstat(*fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        errno = EINVAL;
        maildrop_fail(maildrop, "a message is no longer a regular file");
        close(*fd);
        return MAILDROP_TROUBLE;
    }
    if ((uint64_t)info.st_ino != message->inode) {
        maildrop_log(maildrop, message, "this file has replaced a message during the session, and is not sent", 0);
        close(*fd);
        return MAILDROP_GONE;
    }
    *length = (uint64_t)info.st_size;
    return MAILDROP_OK;
}

enum maildrop_result maildrop_fetch(struct maildrop *maildrop, uint32_t index, int *fd, uint64_t *length)
{
    struct message *message = &maildrop->messages[index];
    enum maildrop_result result = MAILDROP_GONE;

    if ((message->flags & MESSAGE_GONE) == 0) {
        result = open_message(maildrop, message, fd, length);
    }
    if (result == MAILDROP_SEARCH) {
        if (maildrop->rounds++ < ROUNDS_MAX) {
            return result;
        }
        result = maildrop_fail(maildrop, "a message is renamed again and again");
    }
    maildrop->rounds = 0;
    maildrop_rest(maildrop);
    return result;
}
