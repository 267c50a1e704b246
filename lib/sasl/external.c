/* EXTERNAL (RFC 4422 appendix A) and ANONYMOUS (RFC 4505): one message with a text, and no secret.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sasl/memory.h"
#include "sasl/step.h"

#include "wire/octets.h"

/* RFC 4505 section 2: trace information has 255 characters at most. An authzid is a name. */
enum { EXTERNAL_TEXT_MAX = 255, EXTERNAL_STATE_MIN = EPOPI_MEMORY_HEAD + EXTERNAL_TEXT_MAX };

enum { EXTERNAL_ASK, EXTERNAL_END, EXTERNAL_DONE };

static int32_t external_next(epop_sasl_step *step, uint32_t question)
{
    uint8_t *phase = &step->state[EPOPI_MEMORY_PHASE];

    if (*phase == EXTERNAL_ASK) {
        *phase = EXTERNAL_END;
        return epopi_step_ask(step, question, 0);
    }
    *phase = EXTERNAL_DONE;
    return EPOP_END;
}

/* How many octets follow the first of a character (RFC 3629 section 4); 4 where none can begin so. */
static size_t octets_following(uint8_t first)
{
    if (first < 0x80) {
        return 0;
    }
    if (first < 0xC2 || first > 0xF4) {
        return 4;
    }
    return first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
}

/* The second octet of some characters has a narrower range: no overlong forms, no surrogates, none above U+10FFFF. */
static uint32_t is_second_octet(uint8_t first, uint8_t second)
{
    uint8_t from = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t to = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;

    return second >= from && second <= to;
}

/* 1 for UTF-8 without control octets. */
static uint32_t is_utf8_text(epop_span text)
{
    size_t pos = 0;

    while (pos < text.len) {
        uint8_t first = text.ptr[pos++];
        size_t more = octets_following(first);
        if (first < 0x20 || first == 0x7F || more > text.len - pos || more == 4) {
            return 0;
        }
        if (more > 0 && !is_second_octet(first, text.ptr[pos])) {
            return 0;
        }
        for (; more > 0; more--) {
            if ((text.ptr[pos++] & 0xC0) != 0x80) {
                return 0;
            }
        }
    }
    return 1;
}

static int32_t external_take(epop_sasl_step *step, uint32_t question)
{
    int32_t result =
        step->role == EPOP_SASL_CLIENT ? (int32_t)EPOP_ERR_SASL_CHALLENGE : epopi_memory_add(step, step->data);
    epop_span all = epopi_memory_octets(step);
    epop_span none = epopi_span(NULL, 0);

    if (result == EPOP_OK && all.len > EXTERNAL_TEXT_MAX) {
        result = EPOP_ERR_TOO_LONG;
    }
    if (result != EPOP_OK || !step->last) {
        return result;
    }
    if (!is_utf8_text(all)) {
        return EPOP_ERR_SASL_CHALLENGE;
    }
    (void)epopi_step_question(step, question, epopi_span(NULL, 0), question == EPOP_AUTH_ANONYMOUS ? all : none);
    step->authzid = question == EPOP_AUTH_EXTERNAL ? all : none;
    return EPOP_ASK;
}

static int32_t one_message(epop_sasl_step *step, const char *name, uint32_t client_asks, uint32_t server_asks)
{
    switch (step->verb) {
    case EPOP_SASL_DESCRIBE:
        return epopi_step_describe(step, name, EPOP_SASL_CLIENT_FIRST, 0, EXTERNAL_STATE_MIN);
    case EPOP_SASL_TAKE:
        return external_take(step, server_asks);
    case EPOP_SASL_NEXT:
        return external_next(step, client_asks);
    case EPOP_SASL_ANSWER:
        return step->accepted ? (int32_t)EPOP_END : (int32_t)EPOP_ERR_LOGIN_REFUSED;
    case EPOP_SASL_FINISH:
        return step->state[EPOPI_MEMORY_PHASE] == EXTERNAL_DONE ? EPOP_OK : (int32_t)EPOP_ERR_PEER_SASL;
    case EPOP_SASL_START:
        return EPOP_OK;
    default:
        return EPOP_ERR_VALUE;
    }
}

int32_t epop_sasl_external(epop_sasl_step *step)
{
    return one_message(step, "EXTERNAL", EPOP_ASK_AUTHZID, EPOP_AUTH_EXTERNAL);
}

int32_t epop_sasl_anonymous(epop_sasl_step *step)
{
    return one_message(step, "ANONYMOUS", EPOP_ASK_ANONYMOUS, EPOP_AUTH_ANONYMOUS);
}
