/* What a SASL mechanism's result leads to.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * It is looked at in a step of its own, because it may ask the host again, and the host's answer may have come from
 * inside a callback.
 */
#include "server/sasl.h"

#include "sasl/exchange.h"
#include "sasl/step.h"

#include "wire/octets.h"
#include "wire/outbox.h"

void epopi_server_sasl_end(epop_server *s)
{
    if (s->p_sasl) {
        epopi_sasl_end(s->p_sasl);
    }
}

void epopi_server_sasl_result(epop_server *s, int32_t result)
{
    s->p_sasl->p_result = result;
    s->p_sasl->p_flow = EPOPI_SERVER_SASL_RESULT_KNOWN;
    s->p_pending |= EPOPI_SERVER_STEP_SASL;
}

static void forget_login_names(epop_sasl_step *step)
{
    step->user = epopi_span(NULL, 0);
    step->authzid = epopi_span(NULL, 0);
}

/* The host is told that the exchange has failed, so that it can log the attempt and delay the answer, and its refusal
 * counts as any other does. A token that the host itself has refused is no news to it. */
void epopi_server_sasl_fail(epop_server *s, int32_t error)
{
    epop_sasl *x = s->p_sasl;

    x->p_result = error;
    x->p_offset = 0;
    if (x->p_code != EPOP_CODE_NONE) {
        s->p_asked = EPOP_EVENT_AUTH;
        s->p_pending |= EPOPI_SERVER_STEP_REFUSE;
        return;
    }
    if (x->p_step.ask == 0) {
        forget_login_names(&x->p_step);
    }
    (void)epopi_step_question(&x->p_step, EPOP_AUTH_FAILED, x->p_step.user, epopi_span(NULL, 0));
    epopi_server_ask(s, EPOP_EVENT_AUTH);
}

void epopi_server_sasl_challenge(epop_server *s, uint32_t is_empty)
{
    epop_sasl *x = s->p_sasl;
    size_t len = 0;
    uint8_t *end;

    (void)epopi_outbox_room(&s->p_out, EPOP_STATUS_MAX);
    end = epopi_outbox_end(&s->p_out);
    epopi_sasl_begin_message(x, 0);
    if (!is_empty && epopi_sasl_message(x, end + 2, EPOP_STATUS_MAX - 4, &len) != EPOP_OK) {
        epopi_wipe(end, EPOP_STATUS_MAX);
        epopi_server_sasl_fail(s, EPOP_ERR_CRYPTO);
        return;
    }
    end[0] = '+';
    end[1] = ' ';
    end[len + 2] = '\r';
    end[len + 3] = '\n';
    epopi_server_sent(s, len + 4);
    epopi_sasl_begin_take(x);
    x->p_length = 0;
    epopi_server_move(s, EPOPI_SERVER_MOVE_CHALLENGE);
}

/* Whose maildrop on_open will name. */
static uint32_t keep_login_name(epop_server *s)
{
    const epop_sasl_step *step = &s->p_sasl->p_step;
    epop_span name = step->authzid.len > 0 ? step->authzid : step->user;

    if (name.len > s->p_name_size) {
        return 0;
    }
    epopi_copy(s->p_name, name.ptr, name.len);
    s->p_name_len = (uint8_t)name.len;
    return 1;
}

static void ask_about_login(epop_server *s)
{
    if (keep_login_name(s)) {
        epopi_server_ask(s, EPOP_EVENT_AUTH);
    } else {
        forget_login_names(&s->p_sasl->p_step);
        epopi_server_sasl_fail(s, EPOP_ERR_TOO_LONG);
    }
}

void epopi_server_sasl_continue(epop_server *s, int32_t result)
{
    if (result == EPOP_OK) {
        epopi_server_sasl_challenge(s, 0);
    } else if (result == EPOP_ASK) {
        ask_about_login(s);
    } else if (result == EPOP_END) {
        epopi_server_sasl_end(s);
        epopi_server_ask(s, EPOP_EVENT_OPEN);
    } else {
        epopi_server_sasl_fail(s, result);
    }
}

static void end_response(epop_server *s)
{
    epop_sasl *x = s->p_sasl;

    if (!(x->p_flags & EPOPI_SERVER_SASL_STAR) || x->p_result != EPOP_OK) {
        epopi_server_sasl_continue(s, epopi_sasl_take_end(x));
    } else if (x->p_step.ask != 0) {
        epopi_server_sasl_fail(s, EPOP_ERR_DECLINED);
    } else {
        epopi_server_sasl_end(s);
        epopi_server_move(s, EPOPI_SERVER_MOVE_CANCELLED);
        epopi_server_bad(s, "login cancelled");
    }
}

int32_t epopi_server_sasl_step(epop_server *s)
{
    if (s->p_sasl->p_flow == EPOPI_SERVER_SASL_LINE_ENDED) {
        end_response(s);
    } else {
        epopi_server_sasl_continue(s, s->p_sasl->p_result);
    }
    return EPOP_OK;
}
