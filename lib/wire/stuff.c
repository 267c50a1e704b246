/* Dot-stuffing, with the line ends made right.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/check.h"
#include "wire/octets.h"

#include <epop/wire.h>

enum {
    STUFF_LINE_START = 0,
    STUFF_IN_LINE = 1,
    STUFF_AFTER_CR = 2 /* the CR is written; its LF is not */
};

int32_t epop_dot_encoder_init(epop_dot_encoder *stuff)
{
    if (!stuff) {
        return EPOP_ERR_NULL;
    }
    stuff->p_state = STUFF_LINE_START;
    return EPOP_OK;
}

/* Length of the run of octets in base[pos, end) that need no thought: neither CR nor LF. The caller bounds it by its
 * space, so that no octet is looked at again by the next call; two searches, one for each, would look at the octets
 * behind a CR once for every CR before them. */
static size_t plain(const uint8_t *base, size_t pos, size_t end)
{
    size_t at = pos;

    while (at < end && base[at] != '\r' && base[at] != '\n') {
        at++;
    }
    return at - pos;
}

/* Writes what a CR or LF, or a debt from before `octet`, comes to: one or two octets. Returns how many; 0 for want of
 * space. *taken: whether the octet itself is done. */
static size_t encode_line_end(epop_dot_encoder *stuff, uint8_t octet, uint8_t *dst, size_t space, size_t *taken)
{
    if (stuff->p_state == STUFF_AFTER_CR) {
        if (space < 1) {
            return 0;
        }
        dst[0] = '\n';
        stuff->p_state = STUFF_LINE_START;
        *taken = octet == '\n';
        return 1;
    }
    if (octet == '\r') {
        if (space < 1) {
            return 0;
        }
        dst[0] = '\r';
        stuff->p_state = STUFF_AFTER_CR;
        *taken = 1;
        return 1;
    }
    if (space < 1) {
        return 0;
    }
    dst[0] = '\r';
    stuff->p_state = STUFF_AFTER_CR;
    if (space < 2) {
        *taken = 0; /* the LF goes the way of one behind a CR */
        return 1;
    }
    dst[1] = '\n';
    stuff->p_state = STUFF_LINE_START;
    *taken = 1;
    return 2;
}

/* Copies a run of plain octets as far as the space goes. Behind the dot that is stuffed a line is as any other, so that
 * the two can be parted. */
static size_t text(epop_dot_encoder *stuff, const uint8_t *src, size_t n, uint8_t *dst, size_t space, size_t *taken)
{
    size_t stuffed = stuff->p_state == STUFF_LINE_START && src[0] == '.';

    *taken = 0;
    if (space < 1) {
        return 0;
    }
    if (stuffed) {
        dst[0] = '.';
    }
    n = n < space - stuffed ? n : space - stuffed;
    epopi_copy(dst + stuffed, src, n);
    stuff->p_state = STUFF_IN_LINE;
    *taken = n;
    return n + stuffed;
}

/* Encodes one run of plain octets from base[pos] on, or one line end. Returns what was written, 0 for want of space. */
static size_t encode_run(epop_dot_encoder *stuff, const uint8_t *base, size_t pos, size_t end, uint8_t *dst,
                         size_t space, size_t *taken)
{
    if (stuff->p_state == STUFF_AFTER_CR || base[pos] == '\r' || base[pos] == '\n') {
        return encode_line_end(stuff, base[pos], dst, space, taken);
    }
    end = end - pos < space ? end : pos + space;
    return text(stuff, base + pos, plain(base, pos, end), dst, space, taken);
}

int32_t epop_dot_encode(epop_dot_encoder *stuff, const void *data, size_t len, size_t *used, void *dst, size_t cap,
                        size_t *wrote)
{
    const uint8_t *base = (const uint8_t *)data;
    uint8_t *out = (uint8_t *)dst;
    size_t n = 1;

    if (!stuff || epopi_check_codec(data, len, used, dst, cap, wrote) != EPOP_OK) {
        return EPOP_ERR_NULL;
    }
    while (*used < len && n > 0) {
        size_t taken = 0;
        n = encode_run(stuff, base, *used, len, out + *wrote, cap - *wrote, &taken);
        *wrote += n;
        *used += taken;
    }
    return *used == len ? EPOP_OK : EPOP_FULL;
}

int32_t epop_dot_encode_end(epop_dot_encoder *stuff, void *dst, size_t cap, size_t *wrote)
{
    static const uint8_t end[EPOP_DOT_END_MAX] = {'\r', '\n', '.', '\r', '\n'};
    size_t skip;

    if (!stuff || epopi_check_write(dst, cap, wrote) != EPOP_OK) {
        return EPOP_ERR_NULL;
    }
    skip = stuff->p_state == STUFF_LINE_START ? 2 : stuff->p_state == STUFF_AFTER_CR ? 1 : 0;
    *wrote = sizeof end - skip;
    if (*wrote > cap) {
        return EPOP_ERR_SPACE;
    }
    epopi_copy((uint8_t *)dst, end + skip, *wrote);
    stuff->p_state = STUFF_LINE_START;
    return EPOP_OK;
}
