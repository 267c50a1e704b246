/* Listings, a row at a time, as the output has room: CAPA, LIST, UIDL, and AUTH's mechanisms.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "wire/octets.h"
#include "wire/outbox.h"

void epopi_server_begin_rows(epop_server *s, const char *text)
{
    epopi_server_move(s, EPOPI_SERVER_MOVE_LISTING);
    s->p_row = 0;
    s->p_capabilities_at = 0;
    epopi_server_ok(s, text);
}

/* AUTH without an argument: one mechanism a line. Not of RFC 5034, but known clients ask so. */
static size_t mechanism_row(epop_server *s)
{
    size_t len = 0;

    while (len == 0 && s->p_row < epopi_server_sasl_count(s)) {
        len = epopi_server_sasl_name(s, s->p_row++, epopi_outbox_end(&s->p_out));
    }
    return len;
}

/* Writes one; 0: there is none any more. Of LIST and UIDL it only asks for what the row will say. */
static size_t write_next_row(epop_server *s)
{
    uint32_t number;

    switch (s->p_command) {
    case EPOP_CMD_CAPA:
        return epopi_server_capa_row(s);
    case EPOP_CMD_AUTH:
        return mechanism_row(s);
    case EPOP_CMD_LIST:
    case EPOP_CMD_UIDL:
        number = epopi_server_next_row_number(s);
        if (number > 0) {
            epopi_server_look_up(s, number);
        }
        return 0;
    default:
        return 0;
    }
}

void epopi_server_next_row(epop_server *s)
{
    static const uint8_t end[3] = {'.', '\r', '\n'};
    size_t len;

    (void)epopi_outbox_room(&s->p_out, EPOP_STATUS_MAX);
    len = write_next_row(s);
    if (len == 0 && s->p_pending == 0) {
        epopi_copy(epopi_outbox_end(&s->p_out), end, sizeof end);
        len = sizeof end;
        epopi_server_move(s, EPOPI_SERVER_MOVE_LISTED);
    }
    epopi_outbox_wrote(&s->p_out, len);
}
