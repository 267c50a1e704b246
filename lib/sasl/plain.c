/* PLAIN (RFC 4616): authzid NUL authcid NUL password.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/gather.h"

#include "wire/octets.h"

/* Authzid, authcid and password of 255 octets together, and what stands around them. */
enum { STATE_MIN = EPOPI_GATHER_HEAD + 257 };

enum { AUTHZID, FIRST_NUL, AUTHCID, SECOND_NUL, PASSWORD, ENDS, DONE };

static int32_t next(epop_sasl_step *step)
{
    if (step->state[EPOPI_GATHER_PHASE] == AUTHZID && !(step->config->flags & EPOP_SASL_ASK_AUTHZID)) {
        step->state[EPOPI_GATHER_PHASE] = FIRST_NUL;
    }
    switch (step->state[EPOPI_GATHER_PHASE]++) {
    case AUTHZID:
        return epopi_sasl_ask(step, EPOP_ASK_AUTHZID, 0);
    case AUTHCID:
        return epopi_sasl_ask(step, EPOP_ASK_USER, 0);
    case PASSWORD:
        return epopi_sasl_ask(step, EPOP_ASK_PASSWORD, 0);
    case FIRST_NUL:
    case SECOND_NUL:
        return epopi_sasl_text(step, "", 1);
    case ENDS:
        return EPOP_END;
    default:
        return EPOP_ERR_VALUE;
    }
}

/* The message is whole: two NULs in it, and nothing empty but the authzid. SASLprep, which prepares all three parts
 * (RFC 4616 section 2), prohibits control octets; CR and LF would break the lines of whoever writes names into a file.
 */
static int32_t check(epop_sasl_step *step)
{
    epop_span all = epopi_gathered(step);
    size_t first = epopi_find(all.ptr, 0, all.len, 0);
    size_t second = epopi_find(all.ptr, first + 1, all.len, 0);

    if (second >= all.len || second - first < 2 || all.len - second < 2) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    if (epopi_breaks_line(all.ptr, first) || epopi_breaks_line(all.ptr + first + 1, second - first - 1) ||
        epopi_breaks_line(all.ptr + second + 1, all.len - second - 1)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    (void)epopi_sasl_question(step, EPOP_AUTH_PASSWORD, epopi_span(all.ptr + first + 1, second - first - 1),
                              epopi_span(all.ptr + second + 1, all.len - second - 1));
    step->authzid = epopi_span(all.ptr, first);
    return EPOP_ASK;
}

static int32_t take(epop_sasl_step *step)
{
    int32_t result;

    if (step->role == EPOP_SASL_CLIENT) {
        return EPOP_ERR_SASL_CHALLENGE; /* the server has nothing more to say */
    }
    result = epopi_gather(step, step->data);
    return result == EPOP_OK && step->last ? check(step) : result;
}

int32_t epop_sasl_plain(epop_sasl_step *step)
{
    switch (step->verb) {
    case EPOP_SASL_DESCRIBE:
        return epopi_sasl_is(step, "PLAIN", EPOP_SASL_CLIENT_FIRST, 0, STATE_MIN);
    case EPOP_SASL_TAKE:
        return take(step);
    case EPOP_SASL_NEXT:
        return next(step);
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
