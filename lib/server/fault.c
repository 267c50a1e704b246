/* What the peer does wrong: -ERR, counted; too much of it ends the session, and the last -ERR says so.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

/* A line that is no command tells, before login, that the peer has not come for POP3. */
static uint32_t is_unknown_early(const epop_server *s)
{
    return s->p_command == EPOP_CMD_UNKNOWN && s->p_phase == EPOP_PHASE_AUTHORIZATION;
}

const char *epopi_server_last_text(const epop_server *s)
{
    if (is_unknown_early(s) && s->p_unknown_left <= 1) {
        return "; too many unknown commands, goodbye";
    }
    return s->p_bad + 1u >= s->p_max_bad ? "; too many bad commands, goodbye" : "";
}

void epopi_server_count_bad(epop_server *s)
{
    if (epopi_server_last_text(s)[0] != '\0') {
        epopi_server_end_after_reply(s, EPOP_ERR_PEER_TOO_MANY_BAD);
    }
    s->p_unknown_left = (uint8_t)(s->p_unknown_left - is_unknown_early(s));
    s->p_bad++;
}

void epopi_server_bad(epop_server *s, const char *text)
{
    const char *why = epopi_server_last_text(s);

    epopi_server_count_bad(s);
    epopi_server_err_because(s, EPOP_CODE_NONE, text, why);
}

void epopi_server_broken_line(epop_server *s, int32_t error)
{
    s->p_command = EPOP_CMD_UNKNOWN;
    epopi_server_end_after_reply(s, error);
    epopi_server_err(s, error == EPOP_ERR_LIMIT_LINE ? "line too long" : "lines end in CRLF here");
}

void epopi_server_send_off(epop_server *s)
{
    epopi_server_end_after_reply(s, EPOP_ERR_PEER_PROTOCOL);
    epopi_server_err(s, "this is a POP3 server; another protocol was begun");
}
