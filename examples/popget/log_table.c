/* What a log says, in memory: the messages of all accounts, found by account, unique-id and copy.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "log_table.h"

#include "siphash.h"

#include <stdlib.h>
#include <string.h>

enum { ACCOUNTS_STEP = 16, PLACES_FIRST = 1024 /* a power of 2 */ };

static uint64_t hash_of(uint32_t account, const struct state_key *key)
{
    uint64_t hash = siphash(siphash_key_of_run(), key->id, key->len);

    return hash + (((uint64_t)account << 32 | key->copy) * UINT64_C(0x9E3779B97F4A7C15)); /* spreads the copies */
}

/* Where the message is, or would go. */
static struct entry **place_of(const struct log_table *table, uint32_t account, const struct state_key *key)
{
    uint64_t hash = hash_of(account, key);
    size_t at = (size_t)hash & (table->place_count - 1);
    const struct entry *entry;

    while ((entry = table->places[at]) != NULL &&
           (entry->hash != hash || entry->account != account || entry->intent.key.copy != key->copy ||
            entry->intent.key.len != key->len || memcmp(entry->intent.key.id, key->id, key->len) != 0)) {
        at = (at + 1) & (table->place_count - 1);
    }
    return &table->places[at];
}

static bool grow_table(struct log_table *table)
{
    size_t count = table->place_count > 0 ? 2 * table->place_count : (size_t)PLACES_FIRST;
    struct entry **places = (struct entry **)calloc(count, sizeof(struct entry *));
    size_t i;
    size_t at;

    if (places == NULL) {
        return false;
    }
    for (i = 0; i < table->place_count; i++) {
        if (table->places[i] != NULL) {
            for (at = (size_t)table->places[i]->hash & (count - 1); places[at] != NULL; at = (at + 1) & (count - 1)) {
            }
            places[at] = table->places[i];
        }
    }
    free(table->places);
    table->places = places;
    table->place_count = count;
    return true;
}

/* The entry of a message, made where there is none; NULL where there is no memory. */
static struct entry *entry_of(struct log_table *table, uint32_t account, const struct state_key *key)
{
    struct entry **place;
    struct entry *entry;
    uint8_t *id;

    if (table->place_count > 0 && *place_of(table, account, key) != NULL) {
        return *place_of(table, account, key);
    }
    if (2 * table->entry_count >= table->place_count && !grow_table(table)) {
        return NULL;
    }
    place = place_of(table, account, key);
    entry = (struct entry *)calloc(1, sizeof *entry + key->len);
    if (entry == NULL) {
        return NULL;
    }
    id = (uint8_t *)(entry + 1);
    if (key->len > 0) {
        memcpy(id, key->id, key->len);
    }
    entry->intent.key = *key;
    entry->intent.key.id = id;
    entry->account = account;
    entry->hash = hash_of(account, key);
    table->entry_count++;
    *place = entry;
    return entry;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = (char *)malloc(size);

    return copy != NULL ? (char *)memcpy(copy, text, size) : NULL;
}

/* The texts of an intent are one allocation, which `target` points to. */
static void drop_intent(struct entry *entry)
{
    free((void *)(uintptr_t)entry->intent.target);
    entry->intent.target = NULL;
}

static bool set_intent(struct entry *entry, const struct state_intent *intent)
{
    size_t target = strlen(intent->target) + 1;
    size_t detail = strlen(intent->detail) + 1;
    char *texts = (char *)malloc(target + detail);

    if (texts == NULL) {
        return false;
    }
    memcpy(texts, intent->target, target);
    memcpy(texts + target, intent->detail, detail);
    drop_intent(entry);
    entry->intent.target = texts;
    entry->intent.detail = texts + target;
    entry->intent.time = intent->time;
    return true;
}

bool log_table_account(struct log_table *table, const char *name, uint32_t *number)
{
    char **accounts = table->accounts;
    size_t i;

    for (i = table->account_count; i-- > 0;) {
        if (strcmp(table->accounts[i], name) == 0) {
            *number = (uint32_t)i;
            return true;
        }
    }
    if (table->account_count % ACCOUNTS_STEP == 0) {
        accounts = (char **)realloc(accounts, (table->account_count + ACCOUNTS_STEP) * sizeof(char *));
        if (accounts == NULL) {
            return false;
        }
        table->accounts = accounts;
    }
    accounts[table->account_count] = copy_text(name);
    *number = (uint32_t)table->account_count;
    table->account_count += accounts[table->account_count] != NULL;
    return *number < table->account_count;
}

bool log_table_apply(struct log_table *table, uint32_t account, const struct record *record)
{
    struct entry *entry = entry_of(table, account, &record->intent.key);

    if (entry == NULL) {
        return false;
    }
    switch (record->kind) {
    case RECORD_SEEN:
        if (!entry->seen || entry->first_seen < STATE_CLOCK_LEAST) {
            entry->first_seen = record->intent.time;
        }
        entry->seen = true;
        entry->breaks.count = 0;
        drop_intent(entry);
        return true;
    case RECORD_INTENT:
        return set_intent(entry, &record->intent);
    case RECORD_FORGET:
        entry->seen = entry->deleted = false;
        entry->breaks.count = 0;
        entry->gone = 0;
        return true;
    case RECORD_GONE:
        entry->gone = record->intent.time;
        return true;
    case RECORD_BROKE:
        entry->breaks.count += entry->breaks.count < STATE_BREAKS_MOST;
        entry->breaks.last = record->intent.time;
        return true;
    case RECORD_DELETED:
        entry->deleted = true;
        return true;
    default:
        drop_intent(entry);
        return true;
    }
}

void log_table_free(struct log_table *table)
{
    size_t i;

    for (i = 0; i < table->place_count; i++) {
        if (table->places[i] != NULL) {
            drop_intent(table->places[i]);
            free(table->places[i]);
        }
    }
    for (i = 0; i < table->account_count; i++) {
        free(table->accounts[i]);
    }
    free(table->places);
    free(table->accounts);
}

struct entry *log_table_find(const struct log_table *table, uint32_t account, const struct state_key *key)
{
    return table->place_count > 0 ? *place_of(table, account, key) : NULL;
}
