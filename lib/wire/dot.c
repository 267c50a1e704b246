/* Dot-unstuffing and the end of a multi-line response (RFC 1939 section 3), without a copy.
 *
 * After the dot at the head of a line is dropped, the only octet that can be owed is the CR behind it: it is data
 * unless a LF follows. It is then given from a constant, so that state is all that has to be kept.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/check.h"
#include "wire/octets.h"

#include <epop/wire.h>

enum {
    DOT_LINE_START = 0, /* at octet 0 of a line */
    DOT_IN_LINE = 1,
    DOT_AFTER_CR = 2, /* the last octet was a CR, and was given out */
    DOT = 3,          /* a dot at the head of a line was dropped */
    DOT_CR = 4        /* and the CR behind it is owed */
};

static const uint8_t owed_cr[1] = {'\r'};

int32_t epop_dot_decoder_init(epop_dot_decoder *dot, uint32_t eol)
{
    if (!dot) {
        return EPOP_ERR_NULL;
    }
    if (eol > EPOP_EOL_LF) {
        return EPOP_ERR_VALUE;
    }
    dot->p_state = DOT_LINE_START;
    dot->p_eol = (uint8_t)eol;
    return EPOP_OK;
}

/* 1 where the LF at base[lf], in a run from base[start] on, ends a line. */
static uint32_t ends_line(const epop_dot_decoder *dot, const uint8_t *base, size_t start, size_t lf)
{
    if (dot->p_eol == EPOP_EOL_LF) {
        return 1;
    }
    return lf > start ? base[lf - 1] == '\r' : dot->p_state == DOT_AFTER_CR;
}

/* From base[pos] on, where no dot is to be dropped: the end of the octets that can be given out in one slice. Behind
 * them is a line that begins with a dot, or nothing yet. */
static size_t find_run(epop_dot_decoder *dot, const uint8_t *base, size_t pos, size_t end)
{
    size_t start = pos;
    size_t lf;

    if (pos == end) {
        return end;
    }
    for (lf = epopi_find(base, pos, end, '\n'); lf < end; lf = epopi_find(base, lf + 1, end, '\n')) {
        if (ends_line(dot, base, start, lf) && (lf + 1 == end || base[lf + 1] == '.')) {
            dot->p_state = DOT_LINE_START;
            return lf + 1;
        }
    }
    dot->p_state = base[end - 1] == '\r' ? DOT_AFTER_CR : DOT_IN_LINE;
    return end;
}

/* Takes the one or two octets that decide what a dot at the head of a line is. Returns 1 at the end of the body, and 0
 * when the line turned out to be data. */
static uint32_t after_dot(epop_dot_decoder *dot, const uint8_t *base, size_t *pos, size_t end, epop_span *slice)
{
    while (*pos < end && dot->p_state >= DOT) {
        uint8_t octet = base[*pos];
        if (octet == '\n' && dot->p_state == (dot->p_eol == EPOP_EOL_CRLF ? DOT_CR : DOT)) {
            (*pos)++;
            dot->p_state = DOT_LINE_START;
            return 1;
        }
        if (dot->p_state == DOT_CR) {
            *slice = epopi_span(owed_cr, 1);
            dot->p_state = DOT_AFTER_CR;
        } else if (octet == '\r' && dot->p_eol == EPOP_EOL_CRLF) {
            (*pos)++;
            dot->p_state = DOT_CR;
        } else {
            dot->p_state = DOT_IN_LINE;
        }
    }
    return 0;
}

int32_t epop_dot_decode(epop_dot_decoder *dot, const void *data, size_t len, size_t *used, epop_span *slice)
{
    const uint8_t *base = (const uint8_t *)data;
    size_t pos = 0;

    if (!dot || !used || !slice || epopi_check_octets(data, len) != EPOP_OK) {
        return EPOP_ERR_NULL;
    }
    *slice = epopi_span(base, 0);
    *used = 0;
    if (len == 0) {
        return EPOP_OK;
    }
    if (dot->p_state == DOT_LINE_START && base[0] == '.') {
        dot->p_state = DOT;
        pos = 1;
    }
    if (after_dot(dot, base, &pos, len, slice)) {
        *used = pos;
        return EPOP_END;
    }
    if (slice->len == 0) { /* no CR was owed */
        *used = find_run(dot, base, pos, len);
        *slice = epopi_span(base + pos, *used - pos);
    } else {
        *used = pos;
    }
    return EPOP_OK;
}
