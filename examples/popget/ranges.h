/* A choice of messages, "1,3-5,9-": the argument of --messages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_RANGES_H
#define POPGET_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANGES_MAX = 1000 }; /* every message is held against every range */

struct range {
    uint32_t first;
    uint32_t last;
    bool met; /* a message of the maildrop is in it */
};

/* Without any range, all messages are chosen. */
struct ranges {
    struct range rows[RANGES_MAX];
    size_t count;
};

/* False where the text is not a list of message-numbers and ranges of them, or too long a list. */
bool ranges_parse(struct ranges *ranges, const char *text);

/* Whether the message is chosen; marks the ranges that it is in. */
bool ranges_take(struct ranges *ranges, uint32_t number);

/* A decimal number without sign or blanks, at `*text`, which is moved behind it. */
bool ranges_number(const char **text, uint64_t most, uint64_t *number);

#endif
