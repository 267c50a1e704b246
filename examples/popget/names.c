/* The messages of one run: their unique-ids, and which of them are twins.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "names.h"

#include "siphash.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SPACE = 4096, FIRST_TWINS = 64 /* a power of 2 */ };

/* What stands before each unique-id. */
struct head {
    uint32_t len;
    uint32_t copy;
    uint16_t stored;
    uint16_t marked;
};

static uint64_t hash_of(const uint8_t *id, size_t len)
{
    return siphash(siphash_key_of_run(), id, len);
}

static struct head head_of(const struct names *names, uint64_t key)
{
    struct head head;

    memcpy(&head, names->memory + key - 1, sizeof head);
    return head;
}

static bool is_of(const struct names *names, const struct twin *twin, uint64_t hash, const uint8_t *id, size_t len)
{
    return twin->hash == hash && head_of(names, twin->key).len == len &&
           (len == 0 || memcmp(names->memory + twin->key - 1 + sizeof(struct head), id, len) == 0);
}

/* Where the twins of a unique-id are, or would go. */
static struct twin *place_of(const struct names *names, uint64_t hash, const uint8_t *id, size_t len)
{
    size_t at = (size_t)hash & (names->twin_space - 1);

    while (names->twins[at].listed > 0 && !is_of(names, &names->twins[at], hash, id, len)) {
        at = (at + 1) & (names->twin_space - 1);
    }
    return &names->twins[at];
}

static bool grow_twins(struct names *names)
{
    struct names bigger = {0};
    size_t i;
    size_t at;

    bigger.twin_space = names->twin_space > 0 ? 2 * names->twin_space : (size_t)FIRST_TWINS;
    bigger.twins = (struct twin *)calloc(bigger.twin_space, sizeof *bigger.twins);
    if (bigger.twins == NULL) {
        return false;
    }
    for (i = 0; i < names->twin_space; i++) {
        if (names->twins[i].listed > 0) {
            at = (size_t)names->twins[i].hash & (bigger.twin_space - 1);
            while (bigger.twins[at].listed > 0) {
                at = (at + 1) & (bigger.twin_space - 1);
            }
            bigger.twins[at] = names->twins[i];
        }
    }
    free(names->twins);
    names->twins = bigger.twins;
    names->twin_space = bigger.twin_space;
    return true;
}

/* Counts one more message of that unique-id, which will have `key`; how many there are now, 0 where there is no memory.
 */
static uint32_t count(struct names *names, const uint8_t *id, size_t len, uint64_t key)
{
    uint64_t hash = hash_of(id, len);
    struct twin *twin;

    if (2 * names->twin_count >= names->twin_space && !grow_twins(names)) {
        return 0;
    }
    twin = place_of(names, hash, id, len);
    if (twin->listed == 0) {
        names->twin_count++;
        twin->key = key;
        twin->hash = hash;
    }
    return ++twin->listed;
}

static bool make_room(struct names *names, size_t more)
{
    size_t space = names->space > 0 ? names->space : (size_t)FIRST_SPACE;
    uint8_t *memory;

    if (more > NAMES_MAX - names->len) {
        return false;
    }
    while (space - names->len < more) {
        space *= 2;
    }
    if (space == names->space) {
        return true;
    }
    memory = (uint8_t *)realloc(names->memory, space);
    if (memory == NULL) {
        return false;
    }
    names->memory = memory;
    names->space = space;
    return true;
}

uint64_t names_add(struct names *names, const uint8_t *id, size_t len)
{
    struct head head = {(uint32_t)len, 0, 0, 0};
    uint64_t key = (uint64_t)names->len + 1;

    if (!make_room(names, sizeof head + len)) {
        return 0;
    }
    head.copy = count(names, id, len, key);
    if (head.copy == 0) {
        return 0;
    }
    memcpy(names->memory + names->len, &head, sizeof head);
    if (len > 0) {
        memcpy(names->memory + names->len + sizeof head, id, len);
    }
    names->len += sizeof head + len;
    return key;
}

struct state_key names_of(const struct names *names, uint64_t key)
{
    struct state_key name = {(const uint8_t *)"", 0, 0};
    struct head head;

    if (key > 0) {
        head = head_of(names, key);
        name.id = names->memory + key - 1 + sizeof head;
        name.len = head.len;
        name.copy = head.copy;
    }
    return name;
}

struct twin *names_twin(struct names *names, uint64_t key)
{
    struct state_key name = names_of(names, key);

    return place_of(names, hash_of(name.id, name.len), name.id, name.len);
}

const struct twin *names_seek(const struct names *names, const struct state_key *name)
{
    const struct twin *twin;

    if (names->twin_space == 0) {
        return NULL;
    }
    twin = place_of(names, hash_of(name->id, name->len), name->id, name->len);
    return twin->listed > 0 ? twin : NULL;
}

bool names_listed(void *names, const struct state_key *key)
{
    const struct twin *twin = names_seek((const struct names *)names, key);

    return twin != NULL && key->copy <= twin->listed;
}

void names_store(struct names *names, uint64_t key)
{
    struct head head = head_of(names, key);

    if (!head.stored) {
        head.stored = 1;
        memcpy(names->memory + key - 1, &head, sizeof head);
        names_twin(names, key)->stored++;
    }
}

void names_get(struct names *names, uint64_t key)
{
    names_store(names, key);
    names_twin(names, key)->got++;
}

void names_mark(struct names *names, uint64_t key)
{
    struct head head = head_of(names, key);

    head.marked = 1;
    memcpy(names->memory + key - 1, &head, sizeof head);
    names_twin(names, key)->marked++;
}

uint64_t names_next_marked(const struct names *names, uint64_t key)
{
    size_t at = key > 0 ? (size_t)key - 1 + sizeof(struct head) + head_of(names, key).len : 0;
    struct head head;

    for (; at < names->len; at += sizeof head + head.len) {
        head = head_of(names, (uint64_t)at + 1);
        if (head.marked) {
            return (uint64_t)at + 1;
        }
    }
    return 0;
}

void names_free(struct names *names)
{
    free(names->memory);
    free(names->twins);
    memset(names, 0, sizeof *names);
}
