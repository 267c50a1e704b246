/* The numbers and unique-ids of STAT, LIST and UIDL.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/check.h"
#include "wire/number.h"
#include "wire/octets.h"
#include "wire/writer.h"

#include <epop/wire.h>

/* A text being read from its front. */
typedef struct cursor {
    const uint8_t *base;
    size_t pos;
    size_t end;
    epop_listing *out;
} cursor;

static int32_t begin_listing(cursor *c, epop_listing *out, const void *text, size_t len)
{
    int32_t result = epopi_check_parse(out, sizeof *out, text, len);

    if (result != EPOP_OK) {
        return result;
    }
    out->quirks = 0;
    out->number = 0;
    out->reserved = 0;
    out->octets = 0;
    out->unique_id = epopi_span(NULL, 0);
    c->base = (const uint8_t *)text;
    c->pos = 0;
    c->end = len;
    c->out = out;
    return EPOP_OK;
}

/* Skips blanks and returns how many there were; a quirk unless it is one space where one is due. */
static size_t skip_blanks(cursor *c, uint32_t due)
{
    size_t start = c->pos;

    while (c->pos < c->end && epopi_is_blank(c->base[c->pos])) {
        c->pos++;
    }
    if (c->pos - start > due || (c->pos > start && c->base[start] == '\t')) {
        c->out->quirks |= EPOP_QUIRK_ROW_BLANKS;
    }
    return c->pos - start;
}

#define ROW_STATUS "+OK "
enum { STATUS_LENGTH = sizeof ROW_STATUS - 1 };

/* Old servers print "+OK " in front of every row of UIDL. */
static void skip_status(cursor *c)
{
    if (c->end - c->pos >= STATUS_LENGTH && epopi_is_word(c->base + c->pos, STATUS_LENGTH, ROW_STATUS)) {
        c->out->quirks |= EPOP_QUIRK_ROW_STATUS;
        c->pos += STATUS_LENGTH;
        (void)skip_blanks(c, 0);
    }
}

static int32_t read_number(cursor *c, uint32_t least)
{
    uint64_t value = 0;
    int32_t result = epopi_number_read(c->base, &c->pos, c->end, 0xFFFFFFFFu, &value);

    if (result != EPOP_OK) {
        return result;
    }
    if (value < least) {
        return EPOP_ERR_NUMBER;
    }
    c->out->number = (uint32_t)value;
    return EPOP_OK;
}

/* The number that every row begins with, and what parts it from the rest. */
static int32_t begin_row(cursor *c, epop_listing *out, const void *text, size_t len, uint32_t least)
{
    int32_t result = begin_listing(c, out, text, len);

    if (result != EPOP_OK) {
        return result;
    }
    skip_blanks(c, 0);
    skip_status(c);
    result = read_number(c, least);
    if (result == EPOP_OK && skip_blanks(c, 1) == 0 && c->pos < c->end) {
        result = EPOP_ERR_SYNTAX;
    }
    return result;
}

static int32_t read_octets(cursor *c)
{
    uint64_t value = 0;
    uint32_t negative = c->pos < c->end && c->base[c->pos] == '-';
    int32_t result;

    c->pos += negative;
    result = epopi_number_read(c->base, &c->pos, c->end, UINT64_MAX, &value);
    if (result != EPOP_OK) {
        return result;
    }
    if (c->pos < c->end && !epopi_is_blank(c->base[c->pos])) {
        return EPOP_ERR_SYNTAX;
    }
    if (negative) {
        c->out->quirks |= EPOP_QUIRK_NEGATIVE_SIZE;
    } else {
        c->out->octets = value;
    }
    return EPOP_OK;
}

int32_t epop_stat_parse(epop_listing *out, const void *text, size_t len)
{
    cursor c;
    int32_t result = begin_row(&c, out, text, len, 0);

    if (result == EPOP_OK && read_octets(&c) != EPOP_OK) {
        out->quirks |= EPOP_QUIRK_STAT_OCTETS; /* nothing depends on them */
    }
    return result;
}

int32_t epop_list_parse(epop_listing *out, const void *text, size_t len)
{
    cursor c;
    int32_t result = begin_row(&c, out, text, len, 1);

    return result == EPOP_OK ? read_octets(&c) : result;
}

static void read_unique_id(cursor *c)
{
    epop_listing *out = c->out;
    size_t stop = c->end;

    while (stop > c->pos && epopi_is_blank(c->base[stop - 1])) {
        stop--;
        c->out->quirks |= EPOP_QUIRK_ROW_BLANKS;
    }
    out->unique_id = epopi_span(c->base + c->pos, stop - c->pos);
    if (out->unique_id.len == 0) {
        c->out->quirks |= EPOP_QUIRK_UNIQUE_ID_EMPTY;
    }
    if (out->unique_id.len > EPOP_UNIQUE_ID_MAX) {
        c->out->quirks |= EPOP_QUIRK_UNIQUE_ID_LONG;
    }
    if (!epopi_is_visible(out->unique_id.ptr, out->unique_id.len)) {
        c->out->quirks |= EPOP_QUIRK_UNIQUE_ID_OCTETS;
    }
}

int32_t epop_uidl_parse(epop_listing *out, const void *text, size_t len)
{
    cursor c;
    int32_t result = begin_row(&c, out, text, len, 1);

    if (result == EPOP_OK && epopi_breaks_line(c.base + c.pos, c.end - c.pos)) {
        result = EPOP_ERR_SYNTAX;
    }
    if (result == EPOP_OK) {
        read_unique_id(&c);
    }
    return result;
}

static int32_t check_row_write(const void *dst, size_t cap, size_t *len, uint32_t number)
{
    int32_t result = epopi_check_write(dst, cap, len);

    return result == EPOP_OK && number == 0 ? EPOP_ERR_NUMBER : result;
}

int32_t epop_list_write(void *dst, size_t cap, size_t *len, uint32_t number, uint64_t octets)
{
    epopi_writer w;
    int32_t result = check_row_write(dst, cap, len, number);

    if (result != EPOP_OK) {
        return result;
    }
    for (epopi_writer_begin(&w, dst, cap, len, 0); epopi_writer_pass(&w);) {
        epopi_put_number(&w, number);
        epopi_put_octet(&w, ' ');
        epopi_put_number(&w, octets);
        epopi_put_word(&w, "\r\n");
    }
    return w.result;
}

static int32_t check_unique_id(const uint8_t *id, size_t len)
{
    if (len == 0) {
        return EPOP_ERR_ARGUMENT_MISSING;
    }
    if (!id) {
        return EPOP_ERR_NULL;
    }
    if (len > EPOP_UNIQUE_ID_MAX) {
        return EPOP_ERR_TOO_LONG;
    }
    return epopi_is_visible(id, len) ? EPOP_OK : EPOP_ERR_OCTET;
}

int32_t epop_uidl_write(void *dst, size_t cap, size_t *len, uint32_t number, const void *id, size_t id_len)
{
    const uint8_t *unique_id = (const uint8_t *)id;
    epopi_writer w;
    int32_t result = check_row_write(dst, cap, len, number);

    if (result == EPOP_OK) {
        result = check_unique_id(unique_id, id_len);
    }
    if (result != EPOP_OK) {
        return result;
    }
    for (epopi_writer_begin(&w, dst, cap, len, 0); epopi_writer_pass(&w);) {
        epopi_put_number(&w, number);
        epopi_put_octet(&w, ' ');
        epopi_put_text(&w, epopi_span(unique_id, id_len));
        epopi_put_word(&w, "\r\n");
    }
    return w.result;
}
