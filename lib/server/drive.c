/* The driver: does what is pending, a step at a time, and ends the session.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "wire/octets.h"

int32_t epopi_server_end(epop_server *s, int32_t error)
{
    if (s->p_session.p_error == EPOP_OK) {
        s->p_session.p_error = error;
        s->p_pending = 0;
        epopi_wipe(s->p_line.p_buffer, s->p_line.p_size);
        epopi_server_sasl_end(s);
    }
    return s->p_session.p_error;
}

static int32_t step_end(epop_server *s)
{
    return s->p_end_error;
}

static int32_t step_info(epop_server *s)
{
    int32_t result = epopi_server_ask_info(s);

    if (result < 0) {
        return result;
    }
    if (s->p_state == EPOPI_SERVER_ROWS) {
        epopi_server_info_row(s);
    } else {
        epopi_server_do_with_info(s);
    }
    return result;
}

static int32_t step_question(epop_server *s)
{
    uint32_t code = epopi_server_code_unless_asked(s);

    return code == EPOP_CODE_OTHER ? epopi_server_question(s) : epopi_server_refuse(s, code, epopi_span(NULL, 0));
}

static int32_t step_refusal(epop_server *s)
{
    return epopi_server_refuse(s, EPOP_CODE_AUTH, epopi_span(NULL, 0));
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t perform_server_step(epop_server *s, uint32_t step)
{
    switch (step) {
#define EPOPI_SERVER_STEP(step, bit, needs, function)                                                                  \
    case bit:                                                                                                          \
        return function(s);
#include "server/steps.def"
#undef EPOPI_SERVER_STEP
    default:
        return EPOP_ERR_PHASE;
    }
}

/* The line may hold a password. In the octets that were fed it is the host's to wipe. */
static void forget_command_line(epop_server *s)
{
    if (s->p_text.ptr == s->p_line.p_buffer) {
        epopi_wipe(s->p_line.p_buffer, s->p_text.len);
    }
    s->p_text = epopi_span(NULL, 0);
}

int32_t epopi_server_step(epop_server *s)
{
    uint32_t lowest = s->p_pending & (0u - (uint32_t)s->p_pending);
    int32_t result;

    s->p_pending &= (uint16_t)~lowest;
    result = perform_server_step(s, lowest);
    if (!(s->p_pending & EPOPI_SERVER_STEPS_WITH_LINE)) {
        forget_command_line(s);
    }
    return result < 0 ? epopi_server_end(s, result) : result;
}

int32_t epopi_server_run(epop_server *s)
{
    int32_t result = s->p_session.p_error;

    while (result == EPOP_OK && (s->p_pending != 0 || epopi_server_has_rows(s))) {
        if (s->p_pending != 0) {
            result = epopi_server_step(s);
        } else {
            epopi_server_next_row(s);
        }
    }
    return result;
}

int32_t epopi_server_resume(epop_server *s)
{
    int32_t result = s->p_session.p_in_callback ? EPOP_OK : epopi_server_run(s);

    return result < 0 ? result : EPOP_OK;
}
