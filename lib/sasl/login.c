/* LOGIN: two challenges, answered by name and password. Never specified; what stands in the challenges is not looked
 * at.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/gather.h"

#include "wire/octets.h"

enum { STATE_MIN = EPOPI_GATHER_HEAD + 255 };

/* Phases of the client: what it says next. */
enum { NOTHING, NAME, NAME_SAID, PASSWORD, PASSWORD_SAID, DONE };

/* Phases of the server: what it waits for. */
enum { AWAITS_NAME, AWAITS_PASSWORD };

/* Where the server keeps the length of the name, and how many challenges it has given. */
enum { NAME_LENGTH = EPOPI_GATHER_OWN, CHALLENGES = NAME_LENGTH + 2 };

static int32_t client_take(epop_sasl_step *step)
{
    uint8_t *phase = &step->state[EPOPI_GATHER_PHASE];

    if (!step->last) {
        return EPOP_OK;
    }
    if (*phase >= PASSWORD_SAID) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    *phase = *phase == NOTHING ? (uint8_t)NAME : (uint8_t)PASSWORD;
    return EPOP_OK;
}

static int32_t client_next(epop_sasl_step *step)
{
    uint8_t *phase = &step->state[EPOPI_GATHER_PHASE];

    if (*phase == NAME || *phase == PASSWORD) {
        return epopi_sasl_ask(step, (*phase)++ == NAME ? EPOP_ASK_USER : EPOP_ASK_PASSWORD, 0);
    }
    *phase = *phase == PASSWORD_SAID ? (uint8_t)DONE : *phase;
    return EPOP_END;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t server_take(epop_sasl_step *step)
{
    int32_t result = epopi_gather(step, step->data);
    epop_span all = epopi_gathered(step);
    size_t name;

    if (result != EPOP_OK || !step->last) {
        return result;
    }
    if (step->state[EPOPI_GATHER_PHASE] == AWAITS_NAME) {
        step->state[EPOPI_GATHER_PHASE] = AWAITS_PASSWORD;
        epopi_gather_set(step, NAME_LENGTH, all.len);
        return EPOP_OK;
    }
    name = epopi_gather_get(step, NAME_LENGTH);
    if (name == 0 || all.len == name || epopi_breaks_line(all.ptr, all.len)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    return epopi_sasl_question(step, EPOP_AUTH_PASSWORD, epopi_span(all.ptr, name),
                               epopi_span(all.ptr + name, all.len - name));
}

/* The words that clients know; some look for exactly these. */
static int32_t server_next(epop_sasl_step *step)
{
    uint8_t *said = &step->state[CHALLENGES];
    uint8_t due = (uint8_t)(step->state[EPOPI_GATHER_PHASE] + 1u);

    if (*said == due) {
        return EPOP_END;
    }
    *said = due;
    return due == AWAITS_PASSWORD + 1 ? epopi_sasl_text(step, "Password:", 9) : epopi_sasl_text(step, "Username:", 9);
}

int32_t epop_sasl_login(epop_sasl_step *step)
{
    uint32_t is_server = step->role == EPOP_SASL_SERVER;

    switch (step->verb) {
    case EPOP_SASL_DESCRIBE:
        return epopi_sasl_is(step, "LOGIN", EPOP_SASL_EARLY | EPOP_SASL_PROMPTED, 0, STATE_MIN);
    case EPOP_SASL_TAKE:
        return is_server ? server_take(step) : client_take(step);
    case EPOP_SASL_NEXT:
        return is_server ? server_next(step) : client_next(step);
    case EPOP_SASL_ANSWER:
        return step->accepted ? (int32_t)EPOP_END : (int32_t)EPOP_ERR_LOGIN_REFUSED;
    case EPOP_SASL_FINISH:
        return step->state[EPOPI_GATHER_PHASE] == DONE ? EPOP_OK : (int32_t)EPOP_ERR_PEER_SASL;
    case EPOP_SASL_START:
        return EPOP_OK;
    default:
        return EPOP_ERR_VALUE;
    }
}
