/* What holds by state, phase and flags. Only looks.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "wire/outbox.h"

/* Columns of states.def. */
enum { SERVER_TURN_PEER, SERVER_TURN_HOST, SERVER_TURN_SESSION };
enum { SERVER_ROOM_NONE = 0, SERVER_ROOM_BODY = 16, SERVER_ROOM_REPLY = EPOP_STATUS_MAX, SERVER_ROOM_ALL = 0x7FFF };

typedef struct server_state_row {
    uint16_t room;
    uint8_t wants;
    uint8_t turn;
} server_state_row;

static const server_state_row server_states[] = {
#define EPOPI_SERVER_STATE(state, turn, wants, room) {SERVER_ROOM_##room, wants, SERVER_TURN_##turn},
#define EPOPI_SERVER_MOVE(move, from, to, when)
#include "server/states.def"
#undef EPOPI_SERVER_STATE
#undef EPOPI_SERVER_MOVE
};

static uint32_t output_has_room(const epop_server *s, size_t room)
{
    size_t pending = epopi_outbox_len(&s->p_out);

    return room == SERVER_ROOM_ALL ? pending == 0 : s->p_out.p_size - pending >= room;
}

uint32_t epopi_server_state_wants(const epop_server *s)
{
    const server_state_row *row = &server_states[s->p_state];

    return output_has_room(s, row->room) ? row->wants : 0u;
}

uint32_t epopi_server_awaits_peer(const epop_server *s)
{
    return server_states[s->p_state].turn == SERVER_TURN_PEER;
}

uint32_t epopi_server_has_rows(const epop_server *s)
{
    size_t row = EPOP_STATUS_MAX;

    if (s->p_command == EPOP_CMD_LIST || s->p_command == EPOP_CMD_UIDL) {
        row = EPOPI_SERVER_LISTING_MAX;
    }
    return s->p_state == EPOPI_SERVER_ROWS && output_has_room(s, row);
}

uint32_t epopi_server_is_open(const epop_server *s, uint32_t kind)
{
    return s->p_state == EPOPI_SERVER_ASKED && s->p_pending == 0 && (kind == 0 || s->p_asked == kind);
}

uint32_t epopi_server_may_login(const epop_server *s)
{
    return s->p_flags & (EPOP_SERVER_TLS | EPOP_SERVER_ALLOW_CLEARTEXT);
}
