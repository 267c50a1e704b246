/* What the listings of the server say: a table of messages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * It grows with what the server sends, within limits: rows come in any order, twice, or with gaps.
 */
#ifndef POPGET_MAILBOX_H
#define POPGET_MAILBOX_H

#include "ranges.h"
#include "report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MAILBOX_ROWS_MAX = 1000000,
    MAILBOX_IDS_MAX = 70 * 1000 * 1000 /* octets of all unique-ids: for a million of the length that RFC 1939 allows */
};

struct message {
    uint64_t octets; /* as LIST says: a hint */
    uint32_t number;
    uint32_t id_len; /* 0 where the server told none */
    size_t id_at;
    bool wanted;
};

struct mailbox_id {
    uint32_t number;
    uint32_t len;
    size_t at;
};

struct mailbox {
    struct message *messages;
    size_t count;
    size_t space;
    struct mailbox_id *ids;
    size_t id_count;
    size_t id_space;
    uint8_t *text; /* the unique-ids, one behind the other */
    size_t text_len;
    size_t text_space;
};

enum mailbox_result {
    MAILBOX_OK,
    MAILBOX_NO_MEMORY,
    MAILBOX_TOO_LONG /* MAILBOX_IDS_MAX */
};

/* Rows of LIST and UIDL. */
enum mailbox_result mailbox_add(struct mailbox *mailbox, uint32_t number, uint64_t octets);
enum mailbox_result mailbox_add_id(struct mailbox *mailbox, uint32_t number, const uint8_t *id, size_t len);

/* After the last row: puts the messages in order, each number once, with its unique-id. */
void mailbox_settle(struct mailbox *mailbox);

/* Marks what is chosen as wanted; skips what is larger than `max_size` (0: any) with a note. */
void mailbox_choose(struct mailbox *mailbox, struct ranges *ranges, uint64_t max_size, struct report *report);

const uint8_t *mailbox_id(const struct mailbox *mailbox, const struct message *message);

void mailbox_free(struct mailbox *mailbox);

#endif
