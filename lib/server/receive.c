/* Octets from the peer, until a line is whole.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

static void receive_command(epop_server *s, const uint8_t *data, size_t len, size_t *used)
{
    uint32_t length = s->p_line.p_length;
    epop_line_text line;
    int32_t result;

    /* A line stops once at the length of the longest command, wherever it was cut. */
    if (length < EPOP_SERVER_LINE_MIN && len > EPOP_SERVER_LINE_MIN - length) {
        len = EPOP_SERVER_LINE_MIN - length;
    }
    line.struct_size = sizeof line;
    result = epop_line_feed(&s->p_line, data, len, used, &line);
    if (result < 0) {
        epopi_server_broken_line(s, result);
    } else if (result == EPOP_LINE) {
        s->p_text = line.text;
        s->p_text_length = line.length;
        s->p_pending |= EPOPI_SERVER_STEP_TRACE_RECEIVED | EPOPI_SERVER_STEP_COMMAND;
    } else if (s->p_line.p_length == EPOP_SERVER_LINE_MIN) {
        epopi_server_sasl_long(s);
    }
}

void epopi_server_receive(epop_server *s, const uint8_t *data, size_t len, size_t *used)
{
    if (s->p_state == EPOPI_SERVER_SASL) {
        epopi_server_sasl_receive(s, data, len, used);
    } else if (epopi_server_is_tls_record(s, data, &len)) {
        *used = 1;
        epopi_server_send_off(s);
    } else {
        receive_command(s, data, len, used);
    }
    s->p_offset += *used;
}
