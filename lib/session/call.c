/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "session/call.h"

#include "wire/octets.h"

int32_t epopi_session_check_call(const epop_session *session)
{
    if (!session) {
        return EPOP_ERR_NULL;
    }
    return session->p_in_callback ? EPOP_ERR_REENTRANT : session->p_error;
}

int32_t epopi_session_check_open(const epop_session *session)
{
    return session ? session->p_error : (int32_t)EPOP_ERR_NULL;
}

int32_t epopi_session_check_feed(const epop_session *session, const void *data, size_t len, size_t *used)
{
    if (!used || (!data && len > 0)) {
        return EPOP_ERR_NULL;
    }
    *used = 0;
    return epopi_session_check_call(session);
}

void epopi_session_enter(epop_session *session)
{
    session->p_in_callback = 1;
}

int32_t epopi_session_leave(epop_session *session, uint32_t kind, int32_t result)
{
    session->p_in_callback = 0;
    if (session->p_error != EPOP_OK) {
        return session->p_error;
    }
    if (result < 0) {
        session->p_failed_in = (uint8_t)kind;
        return result;
    }
    return result > 0 ? EPOP_PAUSED : EPOP_OK;
}

void epopi_session_keep_text(const epop_line *line, epop_span *text)
{
    epopi_copy(line->p_buffer, text->ptr, text->len);
    text->ptr = line->p_buffer;
}
