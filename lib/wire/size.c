/* The size of a message on the wire, without sending it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include <epop/wire.h>

enum { SIZE_LINE_START = 0, SIZE_IN_LINE = 1, SIZE_AFTER_CR = 2 };

int32_t epop_size_init(epop_size *size)
{
    if (!size) {
        return EPOP_ERR_NULL;
    }
    size->octets = 0;
    size->on_wire = 0;
    size->p_state = SIZE_LINE_START;
    return EPOP_OK;
}

int32_t epop_size_add(epop_size *size, const void *data, size_t len)
{
    const uint8_t *base = (const uint8_t *)data;
    uint64_t repaired = 0;
    uint64_t stuffed = 0;
    uint8_t state;
    size_t i;

    if (!size || (!data && len > 0)) {
        return EPOP_ERR_NULL;
    }
    /* Every line end counts two octets, of which one or both are there; see stuff.c, which does the repair. */
    state = size->p_state;
    for (i = 0; i < len; i++) {
        uint8_t octet = base[i];
        if (octet == '\n') {
            repaired += state != SIZE_AFTER_CR;
            state = SIZE_LINE_START;
            continue;
        }
        if (state == SIZE_AFTER_CR) {
            repaired++;
            state = SIZE_LINE_START;
        }
        stuffed += state == SIZE_LINE_START && octet == '.';
        state = octet == '\r' ? SIZE_AFTER_CR : SIZE_IN_LINE;
    }
    size->p_state = state;
    size->octets += len + repaired;
    size->on_wire += len + repaired + stuffed;
    return EPOP_OK;
}

int32_t epop_size_end(epop_size *size)
{
    uint32_t missing;

    if (!size) {
        return EPOP_ERR_NULL;
    }
    missing = size->p_state == SIZE_LINE_START ? 0u : size->p_state == SIZE_AFTER_CR ? 1u : 2u;
    size->octets += missing;
    size->on_wire += missing + 3u;
    size->p_state = SIZE_LINE_START;
    return EPOP_OK;
}
