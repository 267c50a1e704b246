/* The driver: does what is pending, a step at a time, sends the next command, and ends the session.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

#include "session/call.h"

#include "wire/outbox.h"

int32_t epopi_client_end(epop_client *c, int32_t error)
{
    if (c->p_session.p_error == EPOP_OK) {
        c->p_session.p_error = error;
        c->p_pending = 0;
        epopi_client_sasl_end(c); /* before the output goes, at whose end a line may be under way */
        epopi_outbox_drop(&c->p_out, epopi_outbox_len(&c->p_out));
    }
    return c->p_session.p_error;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t drive_limit(epop_client *c)
{
    (void)c;
    return EPOP_ERR_LIMIT_BODY;
}

static int32_t drive_response(epop_client *c)
{
    epopi_client_apply_response(c);
    if (epopi_client_is_login(c)) {
        return epopi_client_login_next(c);
    }
    epopi_client_over(c, c->p_result);
    return EPOP_OK;
}

/* Whether a reply has decided it: then its status and code are told. */
static uint32_t is_decided(int32_t result)
{
    return result == EPOP_OK || result == EPOP_ERR_ABORTED || result == EPOP_ERR_LOGIN_REFUSED ||
           result == EPOP_ERR_LOGIN_STLS_REFUSED;
}

/* What can still be queued, after a login failed. */
static void predict_phase(epop_client *c)
{
    uint32_t phase = c->p_phase;
    uint32_t i;

    for (i = 0; i < c->p_queued; i++) {
        phase = epopi_client_phase_after(phase, epopi_client_slot(c, i)->p_command);
    }
    c->p_phase_queued = (uint8_t)phase;
}

static int32_t drive_end(epop_client *c)
{
    epop_client_slot slot;

    epopi_client_pop(c, &slot);
    if (!is_decided(c->p_result)) {
        c->p_status = 0;
        c->p_code = EPOP_CODE_NONE;
        c->p_body = 0;
    }
    if (slot.p_command == EPOP_CMD_LOGIN) {
        epopi_client_sasl_end(c);
    }
    if (slot.p_command == EPOP_CMD_LOGIN || slot.p_command == EPOP_CMD_QUIT) {
        predict_phase(c);
    }
    return epopi_client_emit_end(c, &slot);
}

static int32_t drive_ask(epop_client *c)
{
    if (!c->p_callbacks->on_ask) {
        epopi_client_login_decline(c);
        return EPOP_OK;
    }
    return epopi_client_emit_ask(c);
}

/* A case for every row of steps.def. */
static int32_t do_client_step(epop_client *c, uint32_t step)
{
    switch (step) {
#define EPOPI_CLIENT_STEP(step, bit, needs, function)                                                                  \
    case bit:                                                                                                          \
        return function(c);
#include "client/steps.def"
#undef EPOPI_CLIENT_STEP
    default:
        return EPOP_ERR_PHASE;
    }
}

int32_t epopi_client_step(epop_client *c)
{
    uint32_t lowest = c->p_pending & (0u - (uint32_t)c->p_pending);
    int32_t result;

    c->p_pending &= (uint16_t)~lowest;
    result = do_client_step(c, lowest);
    return result < 0 ? epopi_client_end(c, result) : result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t send_slot(epop_client *c, const epop_client_slot *slot)
{
    static const epop_command none;
    epop_command command = none;

    command.struct_size = sizeof command;
    command.id = slot->p_command;
    command.number = slot->p_number;
    command.lines = slot->p_lines;
    return epopi_client_send(c, &command);
}

/* The next command goes out, or ends unsent. */
static int32_t send_next(epop_client *c)
{
    epop_client_slot *slot = epopi_client_slot(c, c->p_flight);

    c->p_flight++;
    if (!epopi_client_is_legal(c, slot->p_command, c->p_phase)) {
        epopi_client_over(c, EPOP_ERR_UNSENT);
        return EPOP_OK;
    }
    if (slot->p_command == EPOP_CMD_LOGIN) {
        epopi_client_login_start(c);
        return EPOP_OK;
    }
    if (slot->p_command == EPOP_CMD_QUIT && c->p_phase == EPOP_PHASE_TRANSACTION) {
        c->p_phase = EPOP_PHASE_UPDATE;
    }
    return send_slot(c, slot);
}

int32_t epopi_client_run(epop_client *c)
{
    int32_t result = c->p_session.p_error;

    while (result == EPOP_OK && (c->p_pending != 0 || epopi_client_may_send(c))) {
        result = c->p_pending != 0 ? epopi_client_step(c) : send_next(c);
    }
    return result;
}

int32_t epopi_client_resume(epop_client *c)
{
    int32_t result = c->p_session.p_in_callback ? EPOP_OK : epopi_client_run(c);

    return result < 0 ? result : EPOP_OK;
}

int32_t epopi_client_take(epop_client *c, const uint8_t *data, size_t len, size_t *used)
{
    size_t pos = 0;
    size_t n = 0;
    int32_t result = epopi_client_run(c);

    while (result == EPOP_OK && pos < len) {
        result = epopi_client_receive(c, data + pos, len - pos, &n);
        pos += n;
        result = result < 0 ? epopi_client_end(c, result) : epopi_client_run(c);
    }
    if (c->p_pending & EPOPI_CLIENT_STEPS_WITH_LINE) {
        epopi_session_keep_text(&c->p_line, &c->p_text);
    }
    *used = pos;
    return result;
}
