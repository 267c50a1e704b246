/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "wire/outbox.h"

#include "wire/octets.h"

void epopi_outbox_init(epop_outbox *box, void *buffer, size_t size)
{
    box->p_buffer = (uint8_t *)buffer;
    box->p_size = size;
    box->p_head = 0;
    box->p_tail = 0;
}

size_t epopi_outbox_len(const epop_outbox *box)
{
    return box->p_tail - box->p_head;
}

size_t epopi_outbox_room(epop_outbox *box, size_t wanted)
{
    if (box->p_size - box->p_tail < wanted && box->p_head > 0) {
        size_t pending = box->p_tail - box->p_head;
        epopi_copy(box->p_buffer, box->p_buffer + box->p_head, pending);
        epopi_wipe(box->p_buffer + pending, box->p_tail - pending);
        box->p_head = 0;
        box->p_tail = pending;
    }
    return box->p_size - box->p_tail;
}

uint8_t *epopi_outbox_end(const epop_outbox *box)
{
    return box->p_buffer + box->p_tail;
}

void epopi_outbox_wrote(epop_outbox *box, size_t n)
{
    box->p_tail += n;
}

void epopi_outbox_drop(epop_outbox *box, size_t n)
{
    epopi_wipe(box->p_buffer + box->p_head, n);
    box->p_head += n;
    if (box->p_head == box->p_tail) {
        box->p_head = 0;
        box->p_tail = 0;
    }
}

const uint8_t *epopi_outbox_show(const epop_outbox *box, size_t *len)
{
    *len = box->p_tail - box->p_head;
    return *len > 0 ? box->p_buffer + box->p_head : NULL;
}
