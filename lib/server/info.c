/* Size and unique-id of a message, as the host says them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The unique-id may not be kept: its row of UIDL is written at once, behind the output, and p_info is its length.
 */
#include "server/session.h"

#include "wire/octets.h"
#include "wire/outbox.h"

int32_t epop_server_message_info(epop_server *server, uint64_t octets, const void *unique_id, size_t len)
{
    size_t room;
    size_t need = 0;
    int32_t result;

    if (!server || (!unique_id && len > 0)) {
        return EPOP_ERR_NULL;
    }
    if (server->p_session.p_error != EPOP_OK) {
        return server->p_session.p_error;
    }
    if (!server->p_session.p_in_callback || server->p_asked != EPOP_EVENT_MESSAGE_INFO) {
        return EPOP_ERR_NOT_ASKED;
    }
    room = server->p_out.p_size - server->p_out.p_tail;
    result = epop_uidl_write(epopi_outbox_end(&server->p_out), room, &need, server->p_number, unique_id, len);
    if (result != EPOP_OK) {
        return result;
    }
    server->p_info_octets = octets;
    server->p_info = (uint8_t)need;
    return EPOP_OK;
}

void epopi_server_info_reply(epop_server *s)
{
    static const uint8_t ok[4] = {'+', 'O', 'K', ' '};
    uint8_t *end = epopi_outbox_end(&s->p_out);

    if (s->p_command == EPOP_CMD_LIST) {
        epopi_server_ok_numbers(s, s->p_number, " ", s->p_info_octets, "");
        return;
    }
    epopi_copy(end + sizeof ok, end, s->p_info);
    epopi_copy(end, ok, sizeof ok);
    epopi_server_sent(s, sizeof ok + s->p_info);
}

void epopi_server_info_row(epop_server *s)
{
    size_t len = s->p_info; /* 0: the message is gone, and has no row */

    if (s->p_command == EPOP_CMD_LIST && len > 0) {
        (void)epop_list_write(epopi_outbox_end(&s->p_out), EPOPI_SERVER_LISTING_MAX, &len, s->p_number,
                              s->p_info_octets);
    }
    epopi_outbox_wrote(&s->p_out, len);
}
