/* What the listings of the server say: a table of messages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "mailbox.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SPACE = 64 };

/* Makes room for `more` behind `count` elements of `size` octets; NULL where there is no memory. */
static void *grow(void *memory, size_t count, size_t more, size_t size, size_t *space)
{
    size_t wish = *space > 0 ? *space : FIRST_SPACE;
    void *bigger;

    if (more <= *space - count) {
        return memory;
    }
    while (wish - count < more) {
        wish *= 2;
    }
    bigger = realloc(memory, wish * size);
    if (bigger != NULL) {
        *space = wish;
    }
    return bigger;
}

enum mailbox_result mailbox_add(struct mailbox *mailbox, uint32_t number, uint64_t octets)
{
    struct message *messages =
        (struct message *)grow(mailbox->messages, mailbox->count, 1, sizeof *messages, &mailbox->space);

    if (messages == NULL) {
        return MAILBOX_NO_MEMORY;
    }
    mailbox->messages = messages;
    memset(&messages[mailbox->count], 0, sizeof *messages);
    messages[mailbox->count].number = number;
    messages[mailbox->count].octets = octets;
    mailbox->count++;
    return MAILBOX_OK;
}

enum mailbox_result mailbox_add_id(struct mailbox *mailbox, uint32_t number, const uint8_t *id, size_t len)
{
    struct mailbox_id *ids =
        (struct mailbox_id *)grow(mailbox->ids, mailbox->id_count, 1, sizeof *ids, &mailbox->id_space);
    uint8_t *text;

    if (ids == NULL) {
        return MAILBOX_NO_MEMORY;
    }
    mailbox->ids = ids;
    if (len > MAILBOX_IDS_MAX - mailbox->text_len) {
        return MAILBOX_TOO_LONG;
    }
    text = (uint8_t *)grow(mailbox->text, mailbox->text_len, len, 1, &mailbox->text_space);
    if (text == NULL && len > 0) {
        return MAILBOX_NO_MEMORY;
    }
    mailbox->text = text;
    if (len > 0) {
        memcpy(text + mailbox->text_len, id, len);
    }
    ids[mailbox->id_count].number = number;
    ids[mailbox->id_count].len = (uint32_t)len;
    ids[mailbox->id_count].at = mailbox->text_len;
    mailbox->text_len += len;
    mailbox->id_count++;
    return MAILBOX_OK;
}

static int by_number(const void *left, const void *right)
{
    const struct message *a = (const struct message *)left;
    const struct message *b = (const struct message *)right;

    return (a->number > b->number) - (a->number < b->number);
}

static int id_by_number(const void *left, const void *right)
{
    const struct mailbox_id *a = (const struct mailbox_id *)left;
    const struct mailbox_id *b = (const struct mailbox_id *)right;

    return (a->number > b->number) - (a->number < b->number);
}

/* Honest servers list in order; then nothing is to be sorted. */
static bool in_order(const struct mailbox *mailbox)
{
    size_t i;

    for (i = 1; i < mailbox->count; i++) {
        if (mailbox->messages[i].number <= mailbox->messages[i - 1].number) {
            return false;
        }
    }
    for (i = 1; i < mailbox->id_count; i++) {
        if (mailbox->ids[i].number <= mailbox->ids[i - 1].number) {
            return false;
        }
    }
    return true;
}

static void drop_doubles(struct mailbox *mailbox)
{
    size_t kept = 0;
    size_t i;

    for (i = 0; i < mailbox->count; i++) {
        if (kept == 0 || mailbox->messages[i].number != mailbox->messages[kept - 1].number) {
            mailbox->messages[kept++] = mailbox->messages[i];
        }
    }
    mailbox->count = kept;
}

void mailbox_settle(struct mailbox *mailbox)
{
    struct message *message;
    size_t id = 0;
    size_t i;

    if (!in_order(mailbox)) {
        if (mailbox->count > 0) {
            qsort(mailbox->messages, mailbox->count, sizeof *mailbox->messages, by_number);
        }
        if (mailbox->id_count > 0) {
            qsort(mailbox->ids, mailbox->id_count, sizeof *mailbox->ids, id_by_number);
        }
        drop_doubles(mailbox);
    }
    for (i = 0; i < mailbox->count; i++) {
        message = &mailbox->messages[i];
        while (id < mailbox->id_count && mailbox->ids[id].number < message->number) {
            id++;
        }
        if (id < mailbox->id_count && mailbox->ids[id].number == message->number) {
            message->id_at = mailbox->ids[id].at;
            message->id_len = mailbox->ids[id].len;
        }
    }
}

void mailbox_choose(struct mailbox *mailbox, struct ranges *ranges, uint64_t max_size, struct report *report)
{
    struct message *message;
    size_t i;

    for (i = 0; i < mailbox->count; i++) {
        message = &mailbox->messages[i];
        message->wanted = ranges_take(ranges, message->number);
        if (message->wanted && max_size > 0 && message->octets > max_size) {
            message->wanted = false;
            report_note(report, "message %lu: skipped: %llu octets are more than --max-size %llu",
                        (unsigned long)message->number, (unsigned long long)message->octets,
                        (unsigned long long)max_size);
        }
    }
}

const uint8_t *mailbox_id(const struct mailbox *mailbox, const struct message *message)
{
    return message->id_len > 0 ? mailbox->text + message->id_at : (const uint8_t *)"";
}

void mailbox_free(struct mailbox *mailbox)
{
    free(mailbox->messages);
    free(mailbox->ids);
    free(mailbox->text);
    memset(mailbox, 0, sizeof *mailbox);
}
