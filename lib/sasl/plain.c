/* PLAIN (RFC 4616): authzid NUL authcid NUL password.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/memory.h"
#include "sasl/step.h"

#include "wire/octets.h"

/* Authzid, authcid and password of 255 octets together, and two NULs. */
enum { PLAIN_STATE_MIN = EPOPI_MEMORY_HEAD + 257 };

/* Phases of the client: what it says next. */
enum { PLAIN_AUTHZID, PLAIN_FIRST_NUL, PLAIN_AUTHCID, PLAIN_SECOND_NUL, PLAIN_PASSWORD, PLAIN_END, PLAIN_DONE };

static int32_t plain_next(epop_sasl_step *step)
{
    if (step->state[EPOPI_MEMORY_PHASE] == PLAIN_AUTHZID && !(step->config->flags & EPOP_SASL_ASK_AUTHZID)) {
        step->state[EPOPI_MEMORY_PHASE] = PLAIN_FIRST_NUL;
    }
    switch (step->state[EPOPI_MEMORY_PHASE]++) {
    case PLAIN_AUTHZID:
        return epopi_step_ask(step, EPOP_ASK_AUTHZID, 0);
    case PLAIN_AUTHCID:
        return epopi_step_ask(step, EPOP_ASK_USER, 0);
    case PLAIN_PASSWORD:
        return epopi_step_ask(step, EPOP_ASK_PASSWORD, 0);
    case PLAIN_FIRST_NUL:
    case PLAIN_SECOND_NUL:
        return epopi_step_text(step, EPOPI_LITERAL("\0"));
    case PLAIN_END:
        return EPOP_END;
    default:
        return EPOP_ERR_VALUE;
    }
}

/* The message is whole: two NULs in it, and nothing empty but the authzid. SASLprep, which prepares all three parts
 * (RFC 4616 section 2), prohibits control octets; CR and LF would break the lines of whoever writes names into a file.
 */
static int32_t check_plain_message(epop_sasl_step *step)
{
    epop_span all = epopi_memory_octets(step);
    size_t first = epopi_find(all.ptr, 0, all.len, 0);
    size_t second = epopi_find(all.ptr, first + 1, all.len, 0);

    if (second >= all.len || second - first < 2 || all.len - second < 2) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    if (epopi_breaks_line(all.ptr, first) || epopi_breaks_line(all.ptr + first + 1, second - first - 1) ||
        epopi_breaks_line(all.ptr + second + 1, all.len - second - 1)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    (void)epopi_step_question(step, EPOP_AUTH_PASSWORD, epopi_span(all.ptr + first + 1, second - first - 1),
                              epopi_span(all.ptr + second + 1, all.len - second - 1));
    step->authzid = epopi_span(all.ptr, first);
    return EPOP_ASK;
}

static int32_t plain_take(epop_sasl_step *step)
{
    int32_t result;

    if (step->role == EPOP_SASL_CLIENT) {
        return EPOP_ERR_SASL_CHALLENGE; /* the server has nothing more to say */
    }
    result = epopi_memory_add(step, step->data);
    return result == EPOP_OK && step->last ? check_plain_message(step) : result;
}

int32_t epop_sasl_plain(epop_sasl_step *step)
{
    switch (step->verb) {
    case EPOP_SASL_DESCRIBE:
        return epopi_step_describe(step, "PLAIN", EPOP_SASL_CLIENT_FIRST, 0, PLAIN_STATE_MIN);
    case EPOP_SASL_TAKE:
        return plain_take(step);
    case EPOP_SASL_NEXT:
        return plain_next(step);
    case EPOP_SASL_ANSWER:
        return step->accepted ? (int32_t)EPOP_END : (int32_t)EPOP_ERR_LOGIN_REFUSED;
    case EPOP_SASL_FINISH:
        return step->state[EPOPI_MEMORY_PHASE] == PLAIN_DONE ? EPOP_OK : (int32_t)EPOP_ERR_PEER_SASL;
    case EPOP_SASL_START:
        return EPOP_OK;
    default:
        return EPOP_ERR_VALUE;
    }
}
