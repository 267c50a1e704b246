/* What a client looks for in the text of a greeting.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/octets.h"

#include <epop/wire.h>

/* 1 where the octets between two angle brackets make a msg-id (RFC 5322 section 3.6.4), as far as that can be told
 * without its whole grammar: one "@" with something on both sides, all of it visible. */
static uint32_t is_msg_id(const uint8_t *ptr, size_t len)
{
    size_t at = epopi_find(ptr, 0, len, '@');

    return at > 0 && at + 1 < len && epopi_find(ptr, at + 1, len, '@') == len && epopi_is_visible(ptr, len);
}

int32_t epop_greeting_stamp(epop_span *stamp, const void *text, size_t len)
{
    const uint8_t *base = (const uint8_t *)text;
    size_t open = len;
    size_t i;

    if (!stamp || (!text && len > 0)) {
        return EPOP_ERR_NULL;
    }
    *stamp = epopi_span(NULL, 0);
    /* An angle bracket inside a candidate starts a new one, so that each octet is looked at once. */
    for (i = 0; i < len; i++) {
        if (base[i] == '<') {
            open = i;
        } else if (base[i] == '>' && open < len) {
            if (is_msg_id(base + open + 1, i - open - 1)) {
                *stamp = epopi_span(base + open, i - open + 1);
                return EPOP_OK;
            }
            open = len;
        }
    }
    return EPOP_OK;
}

uint32_t epop_greeting_is_pop4(const void *text, size_t len)
{
    static const char mark[] = "POP4 rev";
    const uint8_t *base = (const uint8_t *)text;
    size_t i;
    size_t k;

    for (i = 0; base && i + sizeof mark - 1 <= len; i++) {
        for (k = 0; mark[k] != '\0' && base[i + k] == (uint8_t)mark[k]; k++) {
        }
        if (mark[k] == '\0') {
            return 1;
        }
    }
    return 0;
}
