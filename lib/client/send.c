/* A line goes to the output.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

#include "wire/outbox.h"

void epopi_client_sent(epop_client *c, size_t len)
{
    epop_client_slot *slot = epopi_client_slot(c, c->p_flight - 1u);

    epopi_outbox_wrote(&c->p_out, len);
    c->p_flight_octets = c->p_flight_octets - slot->p_octets + (uint32_t)len;
    slot->p_octets = (uint16_t)len;
    c->p_unsent_lines++;
    c->p_pending |= EPOPI_CLIENT_STEP_TRACE_SENT;
}

int32_t epopi_client_send(epop_client *c, const epop_command *command)
{
    size_t room = epopi_outbox_room(&c->p_out, EPOP_COMMAND_MAX);
    size_t len;
    int32_t result = epop_command_write(epopi_outbox_end(&c->p_out), room, &len, command);

    if (result == EPOP_OK) {
        epopi_client_sent(c, len);
    }
    return result;
}
