/* LOGIN: two challenges, answered by name and password. Never specified; what stands in the challenges is not looked
 * at.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/memory.h"
#include "sasl/step.h"

#include "wire/octets.h"

enum { SASL_LOGIN_STATE_MIN = EPOPI_MEMORY_HEAD + 255 };

/* Phases of the client: what it says next. */
enum {
    SASL_LOGIN_NOTHING,
    SASL_LOGIN_NAME,
    SASL_LOGIN_NAME_SAID,
    SASL_LOGIN_PASSWORD,
    SASL_LOGIN_PASSWORD_SAID,
    SASL_LOGIN_DONE
};

/* Phases of the server: what it waits for. */
enum { SASL_LOGIN_AWAITS_NAME, SASL_LOGIN_AWAITS_PASSWORD };

/* Where the server keeps the length of the name, and how many challenges it has given. */
enum { SASL_LOGIN_NAME_LENGTH = EPOPI_MEMORY_OWN, SASL_LOGIN_CHALLENGES = SASL_LOGIN_NAME_LENGTH + 2 };

static int32_t sasl_login_client_take(epop_sasl_step *step)
{
    uint8_t *phase = &step->state[EPOPI_MEMORY_PHASE];

    if (!step->last) {
        return EPOP_OK;
    }
    if (*phase >= SASL_LOGIN_PASSWORD_SAID) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    *phase = *phase == SASL_LOGIN_NOTHING ? (uint8_t)SASL_LOGIN_NAME : (uint8_t)SASL_LOGIN_PASSWORD;
    return EPOP_OK;
}

static int32_t sasl_login_client_next(epop_sasl_step *step)
{
    uint8_t *phase = &step->state[EPOPI_MEMORY_PHASE];

    if (*phase == SASL_LOGIN_NAME || *phase == SASL_LOGIN_PASSWORD) {
        return epopi_step_ask(step, (*phase)++ == SASL_LOGIN_NAME ? EPOP_ASK_USER : EPOP_ASK_PASSWORD, 0);
    }
    *phase = *phase == SASL_LOGIN_PASSWORD_SAID ? (uint8_t)SASL_LOGIN_DONE : *phase;
    return EPOP_END;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t sasl_login_server_take(epop_sasl_step *step)
{
    int32_t result = epopi_memory_add(step, step->data);
    epop_span all = epopi_memory_octets(step);
    size_t name;

    if (result != EPOP_OK || !step->last) {
        return result;
    }
    if (step->state[EPOPI_MEMORY_PHASE] == SASL_LOGIN_AWAITS_NAME) {
        step->state[EPOPI_MEMORY_PHASE] = SASL_LOGIN_AWAITS_PASSWORD;
        epopi_memory_set_number(step, SASL_LOGIN_NAME_LENGTH, all.len);
        return EPOP_OK;
    }
    name = epopi_memory_number(step, SASL_LOGIN_NAME_LENGTH);
    if (name == 0 || all.len == name || epopi_breaks_line(all.ptr, all.len)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    return epopi_step_question(step, EPOP_AUTH_PASSWORD, epopi_span(all.ptr, name),
                               epopi_span(all.ptr + name, all.len - name));
}

/* The words that clients know; some look for exactly these. */
static int32_t sasl_login_server_next(epop_sasl_step *step)
{
    uint8_t *said = &step->state[SASL_LOGIN_CHALLENGES];
    uint8_t due = (uint8_t)(step->state[EPOPI_MEMORY_PHASE] + 1u);

    if (*said == due) {
        return EPOP_END;
    }
    *said = due;
    return due == SASL_LOGIN_AWAITS_PASSWORD + 1 ? epopi_step_text(step, EPOPI_LITERAL("Password:"))
                                                 : epopi_step_text(step, EPOPI_LITERAL("Username:"));
}

int32_t epop_sasl_login(epop_sasl_step *step)
{
    uint32_t is_server = step->role == EPOP_SASL_SERVER;

    switch (step->verb) {
    case EPOP_SASL_DESCRIBE:
        return epopi_step_describe(step, "LOGIN", EPOP_SASL_EARLY | EPOP_SASL_PROMPTED, 0, SASL_LOGIN_STATE_MIN);
    case EPOP_SASL_TAKE:
        return is_server ? sasl_login_server_take(step) : sasl_login_client_take(step);
    case EPOP_SASL_NEXT:
        return is_server ? sasl_login_server_next(step) : sasl_login_client_next(step);
    case EPOP_SASL_ANSWER:
        return step->accepted ? (int32_t)EPOP_END : (int32_t)EPOP_ERR_LOGIN_REFUSED;
    case EPOP_SASL_FINISH:
        return step->state[EPOPI_MEMORY_PHASE] == SASL_LOGIN_DONE ? EPOP_OK : (int32_t)EPOP_ERR_PEER_SASL;
    case EPOP_SASL_START:
        return EPOP_OK;
    default:
        return EPOP_ERR_VALUE;
    }
}
