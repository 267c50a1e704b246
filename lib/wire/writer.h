/* All-or-nothing serializing: the same composing code runs once to measure and once to write.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 *     epopi_writer w;
 *     for (epopi_writer_begin(&w, dst, cap, len); epopi_writer_pass(&w);) { epopi_put...(&w, ...); }
 *     return w.result;
 */
#ifndef EPOP_WIRE_WRITER_H
#define EPOP_WIRE_WRITER_H

#include <epop/base.h>

typedef struct epopi_writer {
    uint8_t *dst;
    size_t cap;
    size_t *len;
    size_t at;
    size_t max; /* EPOP_ERR_TOO_LONG above it; 0: no limit */
    uint32_t pass;
    int32_t result;
} epopi_writer;

/* `len` and `dst` as in the family of *_write functions; neither may be NULL but `dst` where cap is 0. */
void epopi_writer_begin(epopi_writer *w, void *dst, size_t cap, size_t *len, size_t max);

/* 1 while another pass is to be made. */
uint32_t epopi_writer_pass(epopi_writer *w);

void epopi_put_octet(epopi_writer *w, uint8_t octet);
void epopi_put_word(epopi_writer *w, const char *word);
void epopi_put_number(epopi_writer *w, uint64_t value);

/* Octets of the caller: CR, LF and NUL among them make the result EPOP_ERR_OCTET. */
void epopi_put_text(epopi_writer *w, epop_span text);

/* The first error stays. */
void epopi_writer_fail(epopi_writer *w, int32_t error);

#endif
