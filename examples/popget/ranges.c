/* A choice of messages, "1,3-5,9-": the argument of --messages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "ranges.h"

bool ranges_number(const char **text, uint64_t most, uint64_t *number)
{
    const char *at = *text;
    uint64_t digit;

    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        digit = (uint64_t)(*at - '0');
        if (*number > (most - digit) / 10) {
            return false;
        }
        *number = *number * 10 + digit;
    }
    if (at == *text) {
        return false;
    }
    *text = at;
    return true;
}

static bool parse_range(const char **text, struct range *range)
{
    uint64_t first;
    uint64_t last;

    if (!ranges_number(text, UINT32_MAX, &first)) {
        return false;
    }
    last = first;
    if (**text == '-') {
        (*text)++;
        if (**text == '\0' || **text == ',') {
            last = UINT32_MAX;
        } else if (!ranges_number(text, UINT32_MAX, &last)) {
            return false;
        }
    }
    range->first = (uint32_t)first;
    range->last = (uint32_t)last;
    range->met = false;
    return first > 0 && first <= last;
}

bool ranges_parse(struct ranges *ranges, const char *text)
{
    ranges->count = 0;
    for (;;) {
        if (ranges->count == RANGES_MAX || !parse_range(&text, &ranges->rows[ranges->count])) {
            return false;
        }
        ranges->count++;
        if (*text == '\0') {
            return true;
        }
        if (*text != ',') {
            return false;
        }
        text++;
    }
}

bool ranges_take(struct ranges *ranges, uint32_t number)
{
    bool taken = ranges->count == 0;
    size_t i;

    for (i = 0; i < ranges->count; i++) {
        if (number >= ranges->rows[i].first && number <= ranges->rows[i].last) {
            ranges->rows[i].met = true;
            taken = true;
        }
    }
    return taken;
}
