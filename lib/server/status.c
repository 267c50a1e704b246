/* Status lines.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "wire/octets.h"
#include "wire/outbox.h"
#include "wire/writer.h"

void epopi_server_sent(epop_server *s, size_t len)
{
    epopi_outbox_wrote(&s->p_out, len);
    s->p_trace_len = (uint16_t)len;
    s->p_todo |= s->p_callbacks->on_trace ? EPOPI_TODO_TRACE_SENT : 0;
}

/* Takes what was written behind the output as the last status line. */
static int32_t sent(epop_server *s, int32_t result, size_t len)
{
    if (result == EPOP_OK) {
        epopi_server_sent(s, len);
    }
    return result;
}

int32_t epopi_server_reply(epop_server *s, const epop_reply *reply)
{
    size_t room = epopi_outbox_room(&s->p_out, EPOP_STATUS_MAX);
    size_t len = 0;
    int32_t result = epop_reply_write(epopi_outbox_end(&s->p_out), room, &len, reply);

    return sent(s, result, len);
}

static int32_t status(epop_server *s, const char *indicator, uint32_t code, const char *text, const char *why)
{
    size_t room = epopi_outbox_room(&s->p_out, EPOP_STATUS_MAX);
    size_t len = 0;
    epopi_writer w;

    for (epopi_writer_begin(&w, epopi_outbox_end(&s->p_out), room, &len, EPOP_STATUS_MAX); epopi_writer_pass(&w);) {
        epopi_put_word(&w, indicator);
        if (code != EPOP_CODE_NONE) {
            epopi_put_octet(&w, '[');
            epopi_put_word(&w, epop_code_name(code));
            epopi_put_word(&w, "] ");
        }
        epopi_put_word(&w, text);
        epopi_put_word(&w, why);
        epopi_put_word(&w, "\r\n");
    }
    return sent(s, w.result, len);
}

int32_t epopi_server_ok(epop_server *s, const char *text)
{
    return status(s, "+OK ", EPOP_CODE_NONE, text, "");
}

int32_t epopi_server_ok_numbers(epop_server *s, uint64_t first, const char *between, uint64_t second,
                                const char *behind)
{
    size_t room = epopi_outbox_room(&s->p_out, EPOP_STATUS_MAX);
    size_t len = 0;
    epopi_writer w;

    for (epopi_writer_begin(&w, epopi_outbox_end(&s->p_out), room, &len, EPOP_STATUS_MAX); epopi_writer_pass(&w);) {
        epopi_put_word(&w, "+OK ");
        epopi_put_number(&w, first);
        if (between[0] != '\0') {
            epopi_put_word(&w, between);
            epopi_put_number(&w, second);
        }
        epopi_put_word(&w, behind);
        epopi_put_word(&w, "\r\n");
    }
    return sent(s, w.result, len);
}

void epopi_server_ok_row(epop_server *s)
{
    static const uint8_t ok[4] = {'+', 'O', 'K', ' '};
    uint8_t *end = epopi_outbox_end(&s->p_out);

    epopi_copy(end + sizeof ok, end, s->p_info);
    epopi_copy(end, ok, sizeof ok);
    (void)sent(s, EPOP_OK, sizeof ok + s->p_info);
}

int32_t epopi_server_err_because(epop_server *s, uint32_t code, const char *text, const char *why)
{
    return status(s, "-ERR ", code, text, why);
}

int32_t epopi_server_err(epop_server *s, uint32_t code, const char *text)
{
    return status(s, "-ERR ", code, text, "");
}

/* What is no command at all tells, before login, that the peer has not come for POP3. */
static uint32_t is_strange(const epop_server *s)
{
    return s->p_command == EPOP_CMD_UNKNOWN && s->p_phase == EPOP_PHASE_AUTHORIZATION;
}

const char *epopi_server_last_words(const epop_server *s)
{
    if (is_strange(s) && s->p_unknown_left <= 1) {
        return "; too many unknown commands, goodbye";
    }
    return s->p_bad + 1u >= s->p_max_bad ? "; too many bad commands, goodbye" : "";
}

void epopi_server_count_bad(epop_server *s)
{
    if (epopi_server_last_words(s)[0] != '\0') {
        epopi_server_doom(s, EPOP_ERR_PEER_TOO_MANY_BAD);
    }
    s->p_unknown_left = (uint8_t)(s->p_unknown_left - is_strange(s));
    s->p_bad++;
}

int32_t epopi_server_bad(epop_server *s, const char *text)
{
    const char *why = epopi_server_last_words(s);

    epopi_server_count_bad(s);
    return epopi_server_err_because(s, EPOP_CODE_NONE, text, why);
}
