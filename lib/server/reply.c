/* Status lines.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "wire/outbox.h"
#include "wire/writer.h"

void epopi_server_sent(epop_server *s, size_t len)
{
    epopi_outbox_wrote(&s->p_out, len);
    s->p_trace_len = (uint16_t)len;
    if (s->p_callbacks->on_trace) {
        s->p_pending |= EPOPI_SERVER_STEP_TRACE_SENT;
    }
}

int32_t epopi_server_reply(epop_server *s, const epop_reply *reply)
{
    size_t room = epopi_outbox_room(&s->p_out, EPOP_STATUS_MAX);
    size_t len = 0;
    int32_t result = epop_reply_write(epopi_outbox_end(&s->p_out), room, &len, reply);

    if (result == EPOP_OK) {
        epopi_server_sent(s, len);
    }
    return result;
}

/* The session's own texts are short: these lines cannot fail. */
static void write_status_line(epop_server *s, const char *indicator, uint32_t code, const char *text, const char *why)
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
    epopi_server_sent(s, len);
}

void epopi_server_ok(epop_server *s, const char *text)
{
    write_status_line(s, "+OK ", EPOP_CODE_NONE, text, "");
}

void epopi_server_err_because(epop_server *s, uint32_t code, const char *text, const char *why)
{
    write_status_line(s, "-ERR ", code, text, why);
}

void epopi_server_err(epop_server *s, const char *text)
{
    write_status_line(s, "-ERR ", EPOP_CODE_NONE, text, "");
}

void epopi_server_ok_numbers(epop_server *s, uint64_t first, const char *between, uint64_t second, const char *end)
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
        epopi_put_word(&w, end);
        epopi_put_word(&w, "\r\n");
    }
    epopi_server_sent(s, len);
}

void epopi_server_ok_maildrop(epop_server *s)
{
    epopi_server_ok_numbers(s, s->p_count, " messages (", s->p_octets, " octets)");
}
