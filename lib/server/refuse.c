/* The answer no: its -ERR, and what follows from it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

static const char *own_refusal_text(uint32_t asked, uint32_t code)
{
    switch (asked) {
#define EPOPI_SERVER_QUESTION(event, callback, code_without, special, text_of_special, text)                           \
    case EPOP_EVENT_##event:                                                                                           \
        return code == EPOP_CODE_##special ? text_of_special : text;
#include "server/questions.def"
#undef EPOPI_SERVER_QUESTION
    default:
        return "not supported";
    }
}

/* The one place where failed logins are counted, by whatever command and mechanism. Those that could not be decided are
 * not counted, unless the exchange has failed in itself. */
static void count_login(epop_server *s, uint32_t code)
{
    uint32_t undecided = code == EPOP_CODE_SYS_TEMP || code == EPOP_CODE_SYS_PERM || code == EPOP_CODE_LOGIN_DELAY;

    if (undecided && !epopi_server_sasl_failed(s)) {
        return;
    }
    if (++s->p_failed >= s->p_max_failed && s->p_end_error == EPOP_OK) {
        s->p_end_error = EPOP_ERR_PEER_TOO_MANY_LOGINS;
    }
    if (s->p_end_error != EPOP_OK) {
        epopi_server_end_after_reply(s, s->p_end_error);
    }
}

static void after_refusal(epop_server *s, uint32_t asked, uint32_t code)
{
    if (asked == EPOP_EVENT_AUTH) {
        count_login(s, code);
    }
    if (asked == EPOP_EVENT_AUTH || asked == EPOP_EVENT_OPEN) {
        s->p_name_len = 0;
        epopi_server_sasl_end(s);
    }
    if (asked == EPOP_EVENT_COMMAND) {
        epopi_server_count_bad(s);
    }
    if (asked == EPOP_EVENT_COMMIT) {
        epopi_server_goodbye(s);
    } else {
        epopi_server_move(s, EPOPI_SERVER_MOVE_ANSWERED);
    }
}

static void refuse_in_own_words(epop_server *s, uint32_t code, const char *why)
{
    const char *text = NULL;

    if (s->p_asked == EPOP_EVENT_AUTH && epopi_server_sasl_failed(s)) {
        text = epopi_server_sasl_text(s, &code);
    }
    epopi_server_err_because(s, code, text ? text : own_refusal_text(s->p_asked, code), why);
}

static int32_t refuse_in_words_of_host(epop_server *s, uint32_t code, epop_span text)
{
    static const epop_reply none;
    epop_reply reply = none;

    reply.struct_size = sizeof reply;
    reply.status = EPOP_STATUS_ERR;
    reply.code = code;
    reply.detail = text;
    return epopi_server_reply(s, &reply);
}

int32_t epopi_server_refuse(epop_server *s, uint32_t code, epop_span text)
{
    uint32_t asked = s->p_asked;
    const char *why = asked == EPOP_EVENT_COMMAND ? epopi_server_last_text(s) : "";
    int32_t result = EPOP_OK;

    if (code != EPOP_CODE_NONE && epop_code_name(code)[0] == '\0') {
        return EPOP_ERR_VALUE;
    }
    if (!text.ptr || why[0] != '\0') {
        refuse_in_own_words(s, code, why);
    } else {
        result = refuse_in_words_of_host(s, code, text);
    }
    if (result == EPOP_OK) {
        after_refusal(s, asked, code);
    }
    return result;
}
