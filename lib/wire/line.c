/* Octets into lines.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/check.h"
#include "wire/octets.h"

#include <epop/wire.h>

int32_t epop_line_init(epop_line *line, void *buffer, size_t size, uint32_t eol)
{
    if (!line || !buffer) {
        return EPOP_ERR_NULL;
    }
    if (eol > EPOP_EOL_FIRST || size == 0) {
        return EPOP_ERR_VALUE;
    }
    line->p_buffer = (uint8_t *)buffer;
    line->p_size = size;
    line->p_stored = 0;
    line->p_length = 0;
    line->p_eol = (uint8_t)eol;
    line->p_after_cr = 0;
    return EPOP_OK;
}

uint32_t epop_line_eol(const epop_line *line)
{
    return line ? line->p_eol : (uint32_t)EPOP_EOL_FIRST;
}

/* Adds base[pos, end) to the line; p_length counts all of it, the buffer keeps what it has room for. */
static void keep(epop_line *line, const uint8_t *base, size_t pos, size_t end)
{
    size_t n = end - pos;
    size_t room = line->p_size - line->p_stored;

    if (n > 0) {
        line->p_after_cr = base[end - 1] == '\r';
    }
    line->p_length += (uint32_t)n;
    n = n < room ? n : room;
    epopi_copy(line->p_buffer + line->p_stored, base + pos, n);
    line->p_stored += n;
}

/* The LF that ends a line was met, and `length` octets stand before it: whether that is a line of this session. */
static int32_t check_end(epop_line *line, uint32_t length, uint32_t after_cr)
{
    if (line->p_eol == EPOP_EOL_FIRST) {
        line->p_eol = after_cr ? EPOP_EOL_CRLF : EPOP_EOL_LF;
    }
    if ((line->p_eol == EPOP_EOL_CRLF) != (after_cr != 0)) {
        return EPOP_ERR_PEER_LINE_END;
    }
    return length - after_cr > EPOP_LINE_LENGTH_MAX ? EPOP_ERR_LIMIT_LINE : EPOP_LINE;
}

static void deliver(epop_line *line, const uint8_t *ptr, uint32_t length, epop_line_text *out)
{
    out->length = length;
    out->text = epopi_span(ptr, length < line->p_size ? length : line->p_size);
    line->p_stored = 0;
    line->p_length = 0;
    line->p_after_cr = 0;
}

int32_t epop_line_feed(epop_line *line, const void *data, size_t len, size_t *used, epop_line_text *out)
{
    const uint8_t *base = (const uint8_t *)data;
    uint32_t room;
    size_t end;
    size_t lf;
    uint32_t after_cr;
    int32_t result;

    if (!line || !used) {
        return EPOP_ERR_NULL;
    }
    *used = 0;
    result = epopi_check_parse(out, sizeof *out, data, len);
    if (result != EPOP_OK) {
        return result;
    }
    /* Two octets beyond the longest line, for its end; more are never looked at. */
    room = EPOP_LINE_LENGTH_MAX + 2u - line->p_length;
    end = len < room ? len : (size_t)room;
    lf = epopi_find(base, 0, end, '\n');
    if (lf == end) {
        keep(line, base, 0, end);
        *used = end;
        return line->p_length >= EPOP_LINE_LENGTH_MAX + 2u ? EPOP_ERR_LIMIT_LINE : EPOP_OK;
    }
    after_cr = lf > 0 ? base[lf - 1] == '\r' : line->p_after_cr;
    result = check_end(line, line->p_length + (uint32_t)lf, after_cr);
    *used = lf + 1;
    if (result != EPOP_LINE) {
        return result;
    }
    if (line->p_length == 0) {
        deliver(line, base, (uint32_t)lf - after_cr, out);
    } else {
        keep(line, base, 0, lf);
        deliver(line, line->p_buffer, line->p_length - after_cr, out);
    }
    return EPOP_LINE;
}
