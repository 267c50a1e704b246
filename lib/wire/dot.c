/* Dot-unstuffing and the end of a multi-line response (RFC 1939 section 3), without a copy.
 *
 * After the dot at the head of a line is dropped, the only octet that can be owed is the CR behind it: it is data unless a
 * LF follows. It is then given from a constant, so that state is all that has to be kept.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/octets.h"

#include <epop/wire.h>

enum {
    LINE_START = 0, /* at octet 0 of a line */
    IN_LINE = 1,
    AFTER_CR = 2, /* the last octet was a CR, and was given out */
    DOT = 3,      /* a dot at the head of a line was dropped */
    DOT_CR = 4    /* and the CR behind it is owed */
};

static const uint8_t owed_cr[1] = {'\r'};

int32_t epop_dot_init(epop_dot *dot, uint32_t eol)
{
    if (!dot) {
        return EPOP_ERR_NULL;
    }
    if (eol > EPOP_EOL_LF) {
        return EPOP_ERR_VALUE;
    }
    dot->p_state = LINE_START;
    dot->p_eol = (uint8_t)eol;
    return EPOP_OK;
}

/* From base[pos] on, which is not at the head of a line: where the first line that begins with a dot begins, or `end`.
 * Sets *state to what holds there. `after_cr`: the octet before pos is a CR. */
static size_t run(const uint8_t *base, size_t pos, size_t end, uint32_t crlf, uint32_t after_cr, uint8_t *state)
{
    size_t start = pos;
    size_t lf;

    while (pos < end) {
        lf = epopi_find(base, pos, end, '\n');
        if (lf == end) {
            break;
        }
        pos = lf + 1;
        if (!crlf || (lf > start ? base[lf - 1] == '\r' : after_cr)) {
            if (pos == end || base[pos] == '.') {
                *state = LINE_START;
                return pos;
            }
        }
    }
    *state = end > start && base[end - 1] == '\r' ? AFTER_CR : IN_LINE;
    return end;
}

/* Takes the one or two octets that decide what a dot at the head of a line is. Returns 1 at the end of the body, and 0
 * when the line turned out to be data. */
static uint32_t after_dot(epop_dot *dot, const uint8_t *base, size_t *pos, size_t end, epop_span *slice)
{
    while (*pos < end && dot->p_state >= DOT) {
        uint8_t octet = base[*pos];
        if (octet == '\n' && dot->p_state == (dot->p_eol == EPOP_EOL_CRLF ? DOT_CR : DOT)) {
            (*pos)++;
            dot->p_state = LINE_START;
            return 1;
        }
        if (dot->p_state == DOT_CR) {
            *slice = epopi_span(owed_cr, 1);
            dot->p_state = AFTER_CR;
        } else if (octet == '\r' && dot->p_eol == EPOP_EOL_CRLF) {
            (*pos)++;
            dot->p_state = DOT_CR;
        } else {
            dot->p_state = IN_LINE;
        }
    }
    return 0;
}

int32_t epop_dot_decode(epop_dot *dot, const void *data, size_t len, size_t *used, epop_span *slice)
{
    const uint8_t *base = (const uint8_t *)data;
    size_t pos = 0;
    size_t start;

    if (!dot || !used || !slice || (!data && len > 0)) {
        return EPOP_ERR_NULL;
    }
    *slice = epopi_span(base, 0);
    *used = 0;
    if (len == 0) {
        return EPOP_OK;
    }
    if (dot->p_state == LINE_START && base[0] == '.') {
        dot->p_state = DOT;
        pos = 1;
    }
    if (dot->p_state >= DOT) {
        uint32_t ended = after_dot(dot, base, &pos, len, slice);
        if (ended || slice->len > 0 || dot->p_state >= DOT) {
            *used = pos;
            return ended ? EPOP_END : EPOP_OK;
        }
    }
    start = pos;
    pos = run(base, pos, len, dot->p_eol == EPOP_EOL_CRLF, dot->p_state == AFTER_CR, &dot->p_state);
    *slice = epopi_span(base + start, pos - start);
    *used = pos;
    return EPOP_OK;
}
