/* The messages of one run: their unique-ids, and which of them are twins.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Messages are twins where they have the same unique-id at the same time; they are told apart by the order in which
 * they are listed. The server chooses the unique-ids, so their table goes by a hash whose key it does not know.
 */
#ifndef POPGET_NAMES_H
#define POPGET_NAMES_H

#include "state.h"

enum { NAMES_MAX = 100 * 1000 * 1000 /* octets of all unique-ids, with what is kept beside each */ };

struct twin {
    uint64_t hash;
    uint64_t key;    /* of the first of them */
    uint32_t listed; /* messages of this unique-id; 0: a free place */
    uint32_t stored;
    uint32_t got;    /* ... by this run */
    uint32_t marked; /* ... for deletion */
};

struct names {
    uint8_t *memory; /* for each message a head, and its unique-id */
    size_t len;
    size_t space;
    struct twin *twins;
    size_t twin_count;
    size_t twin_space;
};

/* Adds a message; 0 where there is no memory, or there are too many. Otherwise the key by which it goes from then on.
 */
uint64_t names_add(struct names *names, const uint8_t *id, size_t len);

/* Good until the next names_add. `copy` counts from 1. A key of 0 is a message without a unique-id. */
struct state_key names_of(const struct names *names, uint64_t key);

/* The twins of a message; itself, if it has none. */
struct twin *names_twin(struct names *names, uint64_t key);

/* The messages of a unique-id; NULL if none was added. */
const struct twin *names_seek(const struct names *names, const struct state_key *name);

/* Whether it is one of those that were added: a `state_is_listed` whose user is the names. */
bool names_listed(void *names, const struct state_key *key);

/* It is stored, by this run or an earlier one; where by both, it counts once. */
void names_store(struct names *names, uint64_t key);

/* This run has stored it. */
void names_get(struct names *names, uint64_t key);

/* Marks it as deleted from the server, if all goes well. */
void names_mark(struct names *names, uint64_t key);

/* The next message that was marked, behind `key` (0: the first); 0 where there is none. */
uint64_t names_next_marked(const struct names *names, uint64_t key);

void names_free(struct names *names);

#endif
