/* What a log says, in memory: the messages of all accounts, found by account, unique-id and copy.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_LOG_TABLE_H
#define POPGET_LOG_TABLE_H

#include "record.h"

/* A message of any account. One that is neither seen nor intended, and has no mark, is as good as none. */
struct entry {
    struct state_intent intent; /* `key.id` stands behind the entry; `target` is NULL where there is no intent */
    uint64_t hash;
    int64_t first_seen;
    struct state_breaks breaks;
    int64_t gone; /* since when it is not listed; 0: it is */
    uint32_t account;
    bool seen;
    bool deleted; /* as the server says */
};

struct log_table {
    char **accounts;
    size_t account_count;
    struct entry **places;
    size_t place_count;
    size_t entry_count;
};

/* The number of an account; false where there is no memory. */
bool log_table_account(struct log_table *table, const char *name, uint32_t *number);

/* NULL where there is none. */
struct entry *log_table_find(const struct log_table *table, uint32_t account, const struct state_key *key);

/* What a record changes in the table; false where there is no memory. */
bool log_table_apply(struct log_table *table, uint32_t account, const struct record *record);

void log_table_free(struct log_table *table);

#endif
