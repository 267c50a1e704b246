/* The queue of commands: a ring in the host's memory. Its first p_flight slots are sent, or being sent; the rest wait.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

/* Index 0 to p_slot_count, counted from the head. */
static uint32_t place_in_ring(const epop_client *c, uint32_t index)
{
    uint32_t at = c->p_slot_head + index;

    return at < c->p_slot_count ? at : at - c->p_slot_count;
}

epop_client_slot *epopi_client_slot(const epop_client *c, uint32_t index)
{
    return &c->p_slots[place_in_ring(c, index)];
}

epop_client_slot *epopi_client_head(const epop_client *c)
{
    return epopi_client_slot(c, 0);
}

epop_client_slot *epopi_client_push(epop_client *c, uint32_t command, uint32_t number, uint32_t shape, uintptr_t token)
{
    epop_client_slot *slot = epopi_client_slot(c, c->p_queued);

    slot->p_token = token;
    slot->p_number = number;
    slot->p_lines = 0;
    slot->p_octets = 0;
    slot->p_command = (uint8_t)command;
    slot->p_shape = (uint8_t)shape;
    c->p_queued++;
    return slot;
}

void epopi_client_pop(epop_client *c, epop_client_slot *slot)
{
    *slot = *epopi_client_head(c);
    c->p_slot_head = (uint16_t)place_in_ring(c, 1);
    c->p_queued--;
    c->p_flight--;
    c->p_flight_octets -= slot->p_octets;
}
