/* What holds by the tables, by the state and by the queue; nothing is changed here.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

#include "wire/command.h"
#include "wire/outbox.h"

/* "TOP 4294967295 4294967295" and its CRLF: no command without text is longer. */
enum { CLIENT_NUMERIC_MAX = 27 };

const epopi_client_login_row *epopi_client_login_step(const epop_client *c)
{
    enum {
        ANSWER = EPOPI_CLIENT_TRAIT_ANSWER,
        COMPOSED = EPOPI_CLIENT_TRAIT_COMPOSED,
        CHALLENGED = EPOPI_CLIENT_TRAIT_CHALLENGED,
        RESPONSE = EPOPI_CLIENT_TRAIT_RESPONSE
    };
    static const epopi_client_login_row steps[] = {
#define EPOPI_CLIENT_LOGIN(step, command, traits, ok, err, after)                                                      \
    {EPOP_CMD_##command, traits, {EPOPI_CLIENT_THEN_##err, EPOPI_CLIENT_THEN_##ok}},
#define EPOPI_CLIENT_LOGIN_THEN(decision, function, words)
#include "client/login.def"
#undef EPOPI_CLIENT_LOGIN
#undef EPOPI_CLIENT_LOGIN_THEN
    };

    return &steps[c->p_login];
}

/* What is known of the response to each command of responses.def: enumerators, which the rows of commands.def ask for.
 */
enum {
    EPOPI_CLIENT_VALUES = 1,
    EPOPI_CLIENT_TEXT = 0,
#define EPOPI_CLIENT_RESPONSE(keyword, rows, status, effect)                                                           \
    EPOPI_CLIENT_ROW_OF_##keyword = EPOP_ROW_##rows, EPOPI_CLIENT_STATUS_OF_##keyword = EPOPI_CLIENT_##status,         \
    EPOPI_CLIENT_EFFECT_OF_##keyword = EPOPI_CLIENT_EFFECT_##effect,
#include "client/responses.def"
#undef EPOPI_CLIENT_RESPONSE
    EPOPI_CLIENT_RESPONSES_END
};

const epopi_client_response *epopi_client_response_to(uint32_t command)
{
    static const epopi_client_response none = {EPOP_ROW_UNREADABLE, 0, EPOPI_CLIENT_EFFECT_NOTHING};
    static const epopi_client_response responses[] = {
        [EPOP_CMD_UNKNOWN] = {EPOP_ROW_RAW, 0, EPOPI_CLIENT_EFFECT_NOTHING},
#define EPOP_COMMAND(keyword, grammar, phases, shape, shape_argument, flags, source)                                   \
    [EPOP_CMD_##keyword] = {EPOPI_CLIENT_ROW_OF_##keyword, EPOPI_CLIENT_STATUS_OF_##keyword,                           \
                            EPOPI_CLIENT_EFFECT_OF_##keyword},
#include "wire/commands.def"
#undef EPOP_COMMAND
    };

    return command < sizeof responses / sizeof responses[0] ? &responses[command] : &none;
}

uint32_t epopi_client_wants_of(const epop_client *c)
{
    static const uint8_t wants[] = {
#define EPOPI_CLIENT_STATE(state, wants) wants,
#define EPOPI_CLIENT_MOVE(move, from, to, when)
#include "client/states.def"
#undef EPOPI_CLIENT_STATE
#undef EPOPI_CLIENT_MOVE
    };

    return wants[c->p_state];
}

/* ------------------------------------------------------------------------------------------------------------------ */

void epopi_client_read_reply(const epop_client *c, epop_reply *reply)
{
    reply->struct_size = sizeof *reply;
    (void)epop_reply_parse(reply, c->p_text.ptr, c->p_text.len);
}

uint32_t epopi_client_is_login(const epop_client *c)
{
    return c->p_flight > 0 && epopi_client_head(c)->p_command == EPOP_CMD_LOGIN;
}

uint32_t epopi_client_command(const epop_client *c)
{
    uint32_t command = c->p_flight > 0 ? epopi_client_head(c)->p_command : (uint32_t)EPOP_CMD_UNKNOWN;

    return command == EPOP_CMD_LOGIN ? epopi_client_login_step(c)->command : command;
}

uint32_t epopi_client_is_idle(const epop_client *c)
{
    return c->p_state == EPOPI_CLIENT_STATUS && c->p_phase != EPOP_PHASE_GREETING && c->p_queued == 0 &&
           c->p_pending == 0;
}

uint32_t epopi_client_phase_after(uint32_t phase, uint32_t command)
{
    if (command == EPOP_CMD_LOGIN) {
        return EPOP_PHASE_TRANSACTION;
    }
    return command == EPOP_CMD_QUIT ? (uint32_t)EPOP_PHASE_ENDED : phase;
}

uint32_t epopi_client_is_legal(const epop_client *c, uint32_t command, uint32_t phase)
{
    if (command == EPOP_CMD_STLS && (c->p_utf8 || c->p_state == EPOPI_CLIENT_TLS || (c->p_flags & EPOP_CLIENT_TLS))) {
        return 0;
    }
    return command == EPOP_CMD_LOGIN ? phase == EPOP_PHASE_AUTHORIZATION : epopi_command_legal(command, phase);
}

static uint32_t is_sent_alone(const epop_client_slot *slot)
{
    return slot->p_command == EPOP_CMD_LOGIN || (epopi_command_flags(slot->p_command) & EPOPI_ALONE);
}

uint32_t epopi_client_may_send(const epop_client *c)
{
    if (c->p_queued == c->p_flight || c->p_phase == EPOP_PHASE_GREETING || c->p_state == EPOPI_CLIENT_TLS) {
        return 0;
    }
    if (c->p_flight == 0) {
        return 1;
    }
    return (c->p_capabilities & EPOP_CAPA_PIPELINING) && !is_sent_alone(epopi_client_head(c)) &&
           !is_sent_alone(epopi_client_slot(c, c->p_flight)) && c->p_flight < c->p_window &&
           c->p_flight_octets + CLIENT_NUMERIC_MAX <= c->p_window_octets &&
           c->p_out.p_size - epopi_outbox_len(&c->p_out) >= CLIENT_NUMERIC_MAX;
}
