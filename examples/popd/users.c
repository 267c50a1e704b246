/* The users file: who may log in, with what password.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "wipe.h"

enum { FILE_SIZE_MAX = 16 * 1024 * 1024 };

struct keys {
    uint8_t stored_key[SECRET_DIGEST];
    uint8_t server_key[SECRET_DIGEST];
    uint8_t are_made;
};

struct user {
    uint32_t line;
    uint8_t name_length;
    char name[USERS_NAME_MAX + 1];
    struct secret secret;
    struct keys keys[2]; /* of a password in the clear, for SCRAM-SHA-256 and SCRAM-SHA-1 */
};

struct users {
    struct user *list; /* sorted by name */
    size_t count;
    size_t room;
    int exposed;
    int has_hashes;
    unsigned kinds;
    uint32_t iterations;
    int uneven;
};

struct text {
    char *octets;
    size_t length;
};

static int problem_errno(struct users_problem *problem, int status, const char *path, const char *remedy)
{
    problem->status = status;
    snprintf(problem->text, sizeof problem->text, "users file %s: %s; %s", path, strerror(errno), remedy);
    return -1;
}

static int problem_text(struct users_problem *problem, const char *path, const char *text)
{
    problem->status = EX_CONFIG;
    snprintf(problem->text, sizeof problem->text, "users file %s %s", path, text);
    return -1;
}

static int problem_line(struct users_problem *problem, const char *path, uint32_t line, const char *text)
{
    problem->status = EX_CONFIG;
    snprintf(problem->text, sizeof problem->text, "%s:%u: %s", path, (unsigned)line, text);
    return -1;
}

static int check_kind(int fd, const char *path, struct stat *info, struct users_problem *problem)
{
    if (fstat(fd, info) != 0) {
        return problem_errno(problem, EX_IOERR, path, "check the disk");
    }
    if (!S_ISREG(info->st_mode)) {
        return problem_text(problem, path, "is not a regular file; give the path of one");
    }
    if (info->st_size > FILE_SIZE_MAX) {
        return problem_text(problem, path, "is longer than 16 MiB; give the path of a list of users");
    }
    return 0;
}

static int read_all(int fd, const char *path, struct text *text, size_t size, struct users_problem *problem)
{
    text->length = 0;
    text->octets = malloc(size + 1);
    if (text->octets == NULL) {
        return problem_errno(problem, EX_OSERR, path, "give the process more memory");
    }
    while (text->length < size) {
        ssize_t got = read(fd, text->octets + text->length, size - text->length);

        if (got < 0) {
            return problem_errno(problem, EX_IOERR, path, "check the disk");
        }
        if (got == 0) {
            break;
        }
        text->length += (size_t)got;
    }
    return 0;
}

/* Why a name cannot be the name of a folder below the root, or NULL. */
static const char *name_fault(const char *name, size_t length)
{
    if (length == 0) {
        return "the name is empty; write name:{PLAIN}secret";
    }
    if (length > USERS_NAME_MAX) {
        return "the name is longer than 200 octets; choose a shorter one";
    }
    if (name[0] == '.') {
        return "the name begins with a dot; choose another one";
    }
    for (size_t i = 0; i < length; i++) {
        uint8_t octet = (uint8_t)name[i];

        if (octet < 0x20 || octet == 0x7F) {
            return "a control octet stands in the name; remove it";
        }
        if (octet == '/') {
            return "a slash stands in the name, which is also the name of a folder; choose another one";
        }
    }
    return NULL;
}

static struct user *append(struct users *users)
{
    if (users->count == users->room) {
        size_t room = users->room != 0 ? users->room * 2 : 16;
        struct user *list = calloc(room, sizeof *list);

        if (list == NULL) {
            return NULL;
        }
        if (users->count > 0) {
            memcpy(list, users->list, users->count * sizeof *list);
            wipe(users->list, users->count * sizeof *list);
        }
        free(users->list);
        users->list = list;
        users->room = room;
    }
    return &users->list[users->count++];
}

/* One line, without its line feed. Returns what is wrong with it, or NULL. */
static const char *take_line(struct users *users, const char *line, size_t length, uint32_t number)
{
    const char *colon = memchr(line, ':', length);
    const char *fault;
    struct user *user;

    if (colon == NULL) {
        return "there is no colon; write name:{PLAIN}secret";
    }
    fault = name_fault(line, (size_t)(colon - line));
    if (fault != NULL) {
        return fault;
    }
    user = append(users);
    if (user == NULL) {
        return "out of memory; give the process more of it";
    }
    user->line = number;
    user->name_length = (uint8_t)(colon - line);
    memcpy(user->name, line, user->name_length);
    return secret_parse(&user->secret, colon + 1, length - (size_t)(colon + 1 - line), users->has_hashes);
}

static int is_nothing(const char *line, size_t length)
{
    size_t blanks = 0;

    if (length > 0 && line[0] == '#') {
        return 1;
    }
    while (blanks < length && (line[blanks] == ' ' || line[blanks] == '\t')) {
        blanks++;
    }
    return blanks == length;
}

static int parse(struct users *users, const struct text *text, const char *path, struct users_problem *problem)
{
    uint32_t number = 0;

    if (text->length >= 3 && memcmp(text->octets, "\xEF\xBB\xBF", 3) == 0) {
        return problem_line(problem, path, 1, "the file begins with a byte order mark; save it without");
    }
    for (size_t at = 0; at < text->length;) {
        const char *line = text->octets + at;
        const char *end = memchr(line, '\n', text->length - at);
        size_t length = end != NULL ? (size_t)(end - line) : text->length - at;

        number++;
        if (!is_nothing(line, length)) {
            const char *fault = take_line(users, line, length, number);

            if (fault != NULL) {
                return problem_line(problem, path, number, fault);
            }
        }
        at += length + 1;
    }
    return 0;
}

static int compare_names(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_users(const void *left, const void *right)
{
    const struct user *a = left;
    const struct user *b = right;
    int order = compare_names(a->name, a->name_length, b->name, b->name_length);

    return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

static int sort(struct users *users, const char *path, struct users_problem *problem)
{
    char text[96];

    if (users->count == 0) {
        return 0;
    }
    qsort(users->list, users->count, sizeof *users->list, compare_users);
    for (size_t i = 1; i < users->count; i++) {
        const struct user *a = &users->list[i - 1];
        const struct user *b = &users->list[i];

        if (compare_names(a->name, a->name_length, b->name, b->name_length) == 0) {
            snprintf(text, sizeof text, "the name stands in line %u already; remove one of the two", (unsigned)a->line);
            return problem_line(problem, path, b->line, text);
        }
    }
    return 0;
}

static void measure(struct users *users)
{
    for (size_t i = 0; i < users->count; i++) {
        const struct secret *secret = &users->list[i].secret;

        users->kinds |= 1u << secret->kind;
        if (secret->kind == SECRET_SCRAM) {
            users->uneven |=
                secret->length != SECRET_SALT || (users->iterations != 0 && secret->iterations != users->iterations);
            users->iterations = secret->iterations > users->iterations ? secret->iterations : users->iterations;
        }
    }
}

static int load(struct users *users, int fd, const char *path, struct users_problem *problem)
{
    struct text text = {NULL, 0};
    struct stat info;
    int result = check_kind(fd, path, &info, problem);

    if (result == 0) {
        users->exposed = (info.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0;
        result = read_all(fd, path, &text, (size_t)info.st_size, problem);
    }
    if (result == 0) {
        result = parse(users, &text, path, problem);
    }
    if (result == 0) {
        result = sort(users, path, problem);
        measure(users);
    }
    if (text.octets != NULL) {
        wipe(text.octets, text.length);
        free(text.octets);
    }
    return result;
}

struct users *users_load(const char *path, int has_hashes, struct users_problem *problem)
{
    /* Without O_NONBLOCK a FIFO in this place would stop the server. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct users *users;
    int result;

    if (fd < 0) {
        problem_errno(problem, EX_CONFIG, path, "check the path and the rights of --users");
        return NULL;
    }
    users = calloc(1, sizeof *users);
    if (users == NULL) {
        result = problem_errno(problem, EX_OSERR, path, "give the process more memory");
    } else {
        users->has_hashes = has_hashes;
        result = load(users, fd, path, problem);
    }
    close(fd);
    if (result != 0) {
        users_free(users);
        return NULL;
    }
    return users;
}

void users_free(struct users *users)
{
    if (users != NULL) {
        if (users->list != NULL) {
            wipe(users->list, users->count * sizeof *users->list);
        }
        free(users->list);
        free(users);
    }
}

size_t users_count(const struct users *users)
{
    return users->count;
}

int users_are_exposed(const struct users *users)
{
    return users->exposed;
}

static const struct user *find(const struct users *users, const char *name, size_t length)
{
    size_t low = 0;
    size_t high = users->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct user *user = &users->list[middle];
        int order = compare_names(name, length, user->name, user->name_length);

        if (order == 0) {
            return user;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

const char *users_find(const struct users *users, const void *name, size_t length)
{
    const struct user *user = find(users, name, length);

    return user != NULL ? user->name : NULL;
}

const struct secret *users_secret(const struct users *users, const void *name, size_t length)
{
    const struct user *user = find(users, name, length);

    return user != NULL ? &user->secret : NULL;
}

const char *users_name(const struct users *users, size_t index)
{
    return users->list[index].name;
}

int users_keys(const struct users *users, const void *name, size_t length, uint32_t hash, uint8_t *stored_key,
               uint8_t *server_key)
{
    const struct user *user = find(users, name, length);
    const struct keys *keys = user != NULL ? &user->keys[hash == EPOP_HASH_SHA1] : NULL;

    if (keys == NULL || !keys->are_made) {
        return 0;
    }
    memcpy(stored_key, keys->stored_key, SECRET_DIGEST);
    memcpy(server_key, keys->server_key, SECRET_DIGEST);
    return 1;
}

void users_keep_keys(struct users *users, const void *name, size_t length, uint32_t hash, const uint8_t *stored_key,
                     const uint8_t *server_key)
{
    const struct user *user = find(users, name, length);

    if (user != NULL) {
        struct keys *keys = &users->list[user - users->list].keys[hash == EPOP_HASH_SHA1];

        memcpy(keys->stored_key, stored_key, SECRET_DIGEST);
        memcpy(keys->server_key, server_key, SECRET_DIGEST);
        keys->are_made = 1;
    }
}

unsigned users_kinds(const struct users *users)
{
    return users->kinds;
}

uint32_t users_iterations(const struct users *users)
{
    return users->iterations;
}

int users_are_uneven(const struct users *users)
{
    return users->uneven;
}
