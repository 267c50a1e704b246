/* A SASL mechanism of your own, on both sides: X-CODE, a password and then a code that is good once.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 *     C: AUTH X-CODE <name NUL password>
 *     S: + <"code">
 *     C: <the code>
 *     S: +OK
 *
 * A mechanism is one function, called with a verb, for one small thing at a time (include/epop/sasl.h, "For mechanisms
 * of your own"). It knows neither base64 nor commands, and asks the host for all that is secret. mechanism.c uses it.
 */
#include "x_code.h"

#include <string.h>

/* Its memory, one for each exchange, zeroed at START and wiped at the end. Octets only: the session's buffer may begin
 * anywhere. The client keeps nothing but where it stands. */
struct memory {
    uint8_t next;    /* enum below: what comes next */
    uint8_t len;     /* octets of the client's messages so far */
    uint8_t code_at; /* where the second message begins */
    uint8_t octets[252];
};

enum { NAME, NUL, PASSWORD, END_OF_FIRST, CHALLENGE, CODE, END_OF_CODE, DONE };

static int32_t client(epop_sasl_step *step, struct memory *m)
{
    if (step->verb == EPOP_SASL_TAKE) { /* the challenge; its text is of no use to a program */
        if (m->next != CHALLENGE) {
            return EPOP_ERR_SASL_CHALLENGE;
        }
        m->next = step->last ? CODE : CHALLENGE;
        return EPOP_OK;
    }
    step->keep = 0;      /* an answer becomes part of the message at once, whatever its length; nobody keeps it */
    switch (m->next++) { /* EPOP_SASL_NEXT: the parts of our messages, one a call */
    case NAME:
        step->ask = EPOP_ASK_USER;
        return EPOP_ASK;
    case NUL:
        step->text = (epop_span){(const uint8_t *)"", 1};
        return EPOP_OK;
    case PASSWORD:
        step->ask = EPOP_ASK_PASSWORD;
        return EPOP_ASK;
    case CODE:
        step->ask = EPOP_ASK_TOKEN;
        return EPOP_ASK;
    case END_OF_FIRST:
    case END_OF_CODE:
        return EPOP_END;
    default:
        return EPOP_ERR_VALUE;
    }
}

/* The client's message is whole: the question that it leads to. `user` and `authzid` must lie in the memory. */
static int32_t question(epop_sasl_step *step, const struct memory *m)
{
    const uint8_t *nul = (const uint8_t *)memchr(m->octets, 0, m->len);
    size_t name_len = nul != NULL ? (size_t)(nul - m->octets) : 0;

    if (name_len == 0) {
        return EPOP_ERR_SASL_CHALLENGE; /* no name, or no password: refused */
    }
    step->user = (epop_span){m->octets, name_len};
    step->authzid = (epop_span){NULL, 0}; /* nobody wants to act as somebody else */
    step->used = step->data.len;
    step->more = 0;
    if (m->next == CODE) {
        step->ask = EPOP_AUTH_TOKEN;
        step->secret = (epop_span){m->octets + m->code_at, (size_t)(m->len - m->code_at)};
    } else {
        step->ask = EPOP_AUTH_PASSWORD;
        step->secret = (epop_span){nul + 1, (size_t)(m->len - 1) - name_len};
    }
    return EPOP_ASK;
}

static int32_t server(epop_sasl_step *step, struct memory *m)
{
    switch (step->verb) {
    case EPOP_SASL_TAKE: /* pieces of any size */
        if (step->data.len > sizeof m->octets - m->len) {
            return EPOP_ERR_TOO_LONG;
        }
        if (step->data.len > 0) {
            memcpy(m->octets + m->len, step->data.ptr, step->data.len);
            m->len = (uint8_t)(m->len + step->data.len);
        }
        return step->last ? question(step, m) : EPOP_OK;
    case EPOP_SASL_ANSWER: /* the host's verdict; after the first one comes our challenge, after the second nothing */
        if (!step->accepted) {
            return EPOP_ERR_LOGIN_REFUSED;
        }
        if (m->next == CODE) {
            return EPOP_END; /* the user is in */
        }
        m->next = CHALLENGE;
        m->code_at = m->len;
        return EPOP_OK;
    default: /* EPOP_SASL_NEXT: a message of one part, and then its end */
        if (m->next != CHALLENGE) {
            return EPOP_END;
        }
        m->next = CODE;
        step->text = (epop_span){(const uint8_t *)"code", 4};
        return EPOP_OK;
    }
}

int32_t x_code(epop_sasl_step *step)
{
    struct memory *m = (struct memory *)step->state;

    switch (step->verb) {
    case EPOP_SASL_DESCRIBE:
        step->name = "X-CODE";
        step->properties = EPOP_SASL_CLIENT_FIRST;
        step->hashes = 0;
        step->state_min = sizeof *m;
        return EPOP_OK;
    case EPOP_SASL_START:
        return EPOP_OK;
    case EPOP_SASL_TAKE:
    case EPOP_SASL_NEXT:
    case EPOP_SASL_ANSWER:
        return step->role == EPOP_SASL_CLIENT ? client(step, m) : server(step, m);
    case EPOP_SASL_FINISH: /* a server that says +OK before it has our code has not checked it */
        return m->next == DONE ? EPOP_OK : (int32_t)EPOP_ERR_PEER_SASL;
    default: /* what a later version may ask is never taken for granted */
        return EPOP_ERR_VALUE;
    }
}
