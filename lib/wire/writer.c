/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "wire/writer.h"

#include "wire/number.h"
#include "wire/octets.h"

enum { PASS_NONE = 0, PASS_MEASURE = 1, PASS_WRITE = 2 };

void epopi_writer_begin(epopi_writer *w, void *dst, size_t cap, size_t *len, size_t max)
{
    w->dst = (uint8_t *)dst;
    w->cap = cap;
    w->len = len;
    w->at = 0;
    w->max = max;
    w->pass = PASS_NONE;
    w->result = EPOP_OK;
}

uint32_t epopi_writer_pass(epopi_writer *w)
{
    w->pass++;
    if (w->pass == PASS_MEASURE) {
        return 1;
    }
    if (w->pass > PASS_WRITE) {
        return 0;
    }
    *w->len = w->at;
    if (w->max > 0 && w->at > w->max) {
        epopi_writer_fail(w, EPOP_ERR_TOO_LONG);
    }
    if (w->at > w->cap) {
        epopi_writer_fail(w, EPOP_ERR_SPACE);
    }
    w->at = 0;
    return w->result == EPOP_OK;
}

void epopi_put_octet(epopi_writer *w, uint8_t octet)
{
    if (w->pass == PASS_WRITE) {
        w->dst[w->at] = octet;
    }
    w->at++;
}

void epopi_put_word(epopi_writer *w, const char *word)
{
    while (*word != '\0') {
        epopi_put_octet(w, (uint8_t)*word++);
    }
}

void epopi_put_number(epopi_writer *w, uint64_t value)
{
    uint8_t digits[EPOPI_NUMBER_MAX];

    epopi_put_text(w, epopi_span(digits, epopi_number_write(digits, value)));
}

void epopi_put_text(epopi_writer *w, epop_span text)
{
    if (text.len == 0) {
        return;
    }
    if (epopi_breaks_line(text.ptr, text.len)) {
        epopi_writer_fail(w, EPOP_ERR_OCTET);
    }
    if (w->pass == PASS_WRITE) {
        epopi_copy(w->dst + w->at, text.ptr, text.len);
    }
    w->at += text.len;
}

void epopi_writer_fail(epopi_writer *w, int32_t error)
{
    if (w->result == EPOP_OK) {
        w->result = error;
    }
}
