/* What decisions set: the state, the login's step, the question, the next step of the session.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

void epopi_client_move(epop_client *c, uint32_t move)
{
    static const uint8_t to[] = {
#define EPOPI_CLIENT_STATE(state, wants)
#define EPOPI_CLIENT_MOVE(move, from, to, when) EPOPI_CLIENT_##to,
#include "client/states.def"
#undef EPOPI_CLIENT_MOVE
    };
#ifdef EPOPI_CHECK_MOVES
    static const uint8_t from[] = {
#define EPOPI_CLIENT_MOVE(move, from, to, when) EPOPI_CLIENT_##from,
#include "client/states.def"
#undef EPOPI_CLIENT_MOVE
    };
    if (from[move] != c->p_state) {
        __builtin_trap();
    }
#endif
#undef EPOPI_CLIENT_STATE
    c->p_state = to[move];
}

void epopi_client_login_move(epop_client *c, uint32_t step)
{
#ifdef EPOPI_CHECK_MOVES
    enum {
#define EPOPI_CLIENT_LOGIN(step, command, traits, ok, err, after) step = 1 << EPOPI_CLIENT_LOGIN_##step,
#define EPOPI_CLIENT_LOGIN_THEN(decision, function, words)
#include "client/login.def"
#undef EPOPI_CLIENT_LOGIN
        ALL_STEPS = 0
    };
    static const uint16_t after[] = {
#define EPOPI_CLIENT_LOGIN(step, command, traits, ok, err, after) after,
#include "client/login.def"
#undef EPOPI_CLIENT_LOGIN
#undef EPOPI_CLIENT_LOGIN_THEN
    };
    if (!((uint32_t)after[step] >> c->p_login & 1u)) {
        __builtin_trap();
    }
#endif
    c->p_login = (uint8_t)step;
}

void epopi_client_login_start(epop_client *c)
{
    c->p_login = EPOPI_CLIENT_LOGIN_START;
    c->p_pending |= EPOPI_CLIENT_STEP_RESPONSE;
}

void epopi_client_ask(epop_client *c, uint32_t question)
{
    c->p_ask = (uint8_t)question;
    c->p_pending |= EPOPI_CLIENT_STEP_ASK;
}

void epopi_client_over(epop_client *c, int32_t result)
{
    c->p_result = result;
    c->p_pending |= EPOPI_CLIENT_STEP_END;
}

void epopi_client_quirk(epop_client *c, uint32_t quirk)
{
    c->p_quirks |= quirk;
    if (c->p_quirks != 0) {
        c->p_pending |= EPOPI_CLIENT_STEP_QUIRK;
    }
}
