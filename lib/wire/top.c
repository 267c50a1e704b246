/* Where the answer to TOP ends.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/octets.h"

#include <epop/wire.h>

/* A CR is a line end of its own unless a LF follows it, as stuff.c will write it. */
enum {
    TOP_HEADER_START = 0, /* at the head of a line of the header: a line end here is the blank line */
    TOP_HEADER = 1,
    TOP_HEADER_CR = 2,
    TOP_BLANK_CR = 3, /* the CR of the blank line was taken; a LF may belong to it */
    TOP_BODY = 4,
    TOP_BODY_CR = 5,
    TOP_DONE = 6
};

int32_t epop_top_init(epop_top *top, uint32_t lines)
{
    if (!top) {
        return EPOP_ERR_NULL;
    }
    top->p_lines = lines;
    top->p_state = TOP_HEADER_START;
    return EPOP_OK;
}

static uint8_t in_header(uint8_t state, uint8_t octet)
{
    if (state == TOP_HEADER_CR) {
        if (octet == '\n') {
            return TOP_HEADER_START;
        }
        state = TOP_HEADER_START;
    }
    if (octet == '\r') {
        return state == TOP_HEADER_START ? TOP_BLANK_CR : TOP_HEADER_CR;
    }
    if (octet == '\n') {
        return state == TOP_HEADER_START ? TOP_BODY : TOP_HEADER_START;
    }
    return TOP_HEADER;
}

/* The state after `octet`, or TOP_DONE where it does not belong to the answer any more. */
static uint8_t in_body(epop_top *top, uint8_t octet)
{
    if ((top->p_state == TOP_BODY_CR || top->p_state == TOP_BLANK_CR) && octet == '\n') {
        return TOP_BODY;
    }
    if (top->p_lines == 0) {
        return TOP_DONE;
    }
    if (octet == '\r' || octet == '\n') {
        top->p_lines--;
    }
    return octet == '\r' ? TOP_BODY_CR : TOP_BODY;
}

int32_t epop_top_take(epop_top *top, const void *data, size_t len, size_t *take)
{
    const uint8_t *base = (const uint8_t *)data;
    size_t i;

    if (!top || !take || (!data && len > 0)) {
        return EPOP_ERR_NULL;
    }
    for (i = 0; i < len && top->p_state != TOP_DONE; i++) {
        uint8_t state = top->p_state < TOP_BLANK_CR ? in_header(top->p_state, base[i]) : in_body(top, base[i]);
        top->p_state = state;
        if (state == TOP_DONE) {
            break;
        }
    }
    *take = i;
    return top->p_state == TOP_DONE ? EPOP_END : EPOP_OK;
}
