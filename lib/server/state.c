/* What decisions set: the state, the next step, the end.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

void epopi_server_move(epop_server *s, uint32_t move)
{
    static const uint8_t to[] = {
#define EPOPI_SERVER_STATE(state, turn, wants, room)
#define EPOPI_SERVER_MOVE(move, from, to, when) EPOPI_SERVER_##to,
#include "server/states.def"
#undef EPOPI_SERVER_MOVE
    };
#ifdef EPOPI_CHECK_MOVES
    enum {
        COMMAND = 1 << EPOPI_SERVER_COMMAND,
        SASL = 1 << EPOPI_SERVER_SASL,
        ASKED = 1 << EPOPI_SERVER_ASKED,
        ROWS = 1 << EPOPI_SERVER_ROWS,
        BODY = 1 << EPOPI_SERVER_BODY,
        TLS = 1 << EPOPI_SERVER_TLS
    };
    static const uint8_t from[] = {
#define EPOPI_SERVER_MOVE(move, from, to, when) from,
#include "server/states.def"
#undef EPOPI_SERVER_MOVE
    };
    if (!((uint32_t)from[move] >> s->p_state & 1u)) {
        __builtin_trap();
    }
#endif
#undef EPOPI_SERVER_STATE
    s->p_state = to[move];
}

void epopi_server_ask(epop_server *s, uint32_t kind)
{
    epopi_server_move(s, EPOPI_SERVER_MOVE_QUESTION);
    s->p_asked = (uint8_t)kind;
    s->p_pending |= EPOPI_SERVER_STEP_ASK;
}

void epopi_server_look_up(epop_server *s, uint32_t number)
{
    s->p_number = number;
    s->p_pending |= EPOPI_SERVER_STEP_INFO;
}

void epopi_server_begin_body(epop_server *s)
{
    epopi_server_move(s, EPOPI_SERVER_MOVE_CONTENT);
    (void)epop_dot_encoder_init(&s->p_stuff);
}

void epopi_server_end_after_reply(epop_server *s, int32_t error)
{
    s->p_end_error = error;
    s->p_pending |= EPOPI_SERVER_STEP_END;
}

void epopi_server_goodbye(epop_server *s)
{
    epopi_server_move(s, EPOPI_SERVER_MOVE_GOODBYE);
    s->p_phase = EPOP_PHASE_ENDED;
}
