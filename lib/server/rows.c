/* Listings, a row at a time, as the output has room: CAPA, LIST, UIDL.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "wire/octets.h"
#include "wire/outbox.h"

/* The rows of CAPA, in this order. */
enum {
    ROW_TOP,
    ROW_USER,
    ROW_RESP_CODES,
    ROW_AUTH_RESP_CODE,
    ROW_PIPELINING,
    ROW_UIDL,
    ROW_STLS,
    ROW_SASL,
    ROW_LOGIN_DELAY,
    ROW_EXPIRE,
    ROW_IMPLEMENTATION,
    ROW_HOST,
    ROW_END
};

uint32_t epopi_server_can_row(const epop_server *s)
{
    size_t room = s->p_out.p_size - epopi_outbox_len(&s->p_out);

    return s->p_state == EPOPI_ROWS &&
           room >= (s->p_command == EPOP_CMD_CAPA || s->p_command == EPOP_CMD_AUTH ? (size_t)EPOP_STATUS_MAX
                                                                                   : EPOPI_LISTING_MAX);
}

static int32_t end_of_rows(epop_server *s)
{
    static const uint8_t end[3] = {'.', '\r', '\n'};

    epopi_copy(epopi_outbox_end(&s->p_out), end, sizeof end);
    epopi_outbox_wrote(&s->p_out, sizeof end);
    s->p_state = EPOPI_COMMAND;
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static uint32_t is_announced(const epop_server *s, uint32_t row)
{
    switch (row) {
    case ROW_USER:
        return (s->p_flags & (EPOP_SERVER_TLS | EPOP_SERVER_ALLOW_CLEARTEXT)) && !(s->p_flags & EPOP_SERVER_SASL_ONLY);
    case ROW_STLS:
        /* RFC 2595 section 4: in the AUTHORIZATION phase only, and not where TLS is up. */
        return (s->p_flags & EPOP_SERVER_STLS) && !(s->p_flags & EPOP_SERVER_TLS) &&
               s->p_phase == EPOP_PHASE_AUTHORIZATION;
    case ROW_LOGIN_DELAY:
        return s->p_login_delay != EPOP_UNSET;
    case ROW_EXPIRE:
        return s->p_expire != EPOP_UNSET;
    case ROW_IMPLEMENTATION:
        return s->p_implementation_len > 0;
    case ROW_TOP:
    case ROW_RESP_CODES:
    case ROW_AUTH_RESP_CODE:
    case ROW_PIPELINING:
    case ROW_UIDL:
    case ROW_SASL: /* next_capa finds out whether there are mechanisms to name */
        return 1;
    default:
        return 0;
    }
}

static uint32_t bit_of(uint32_t row)
{
    static const uint16_t bits[] = {
        EPOP_CAPA_TOP,         EPOP_CAPA_USER,   EPOP_CAPA_RESP_CODES,    EPOP_CAPA_AUTH_RESP_CODE,
        EPOP_CAPA_PIPELINING,  EPOP_CAPA_UIDL,   EPOP_CAPA_STLS,          EPOP_CAPA_SASL,
        EPOP_CAPA_LOGIN_DELAY, EPOP_CAPA_EXPIRE, EPOP_CAPA_IMPLEMENTATION};

    return bits[row];
}

static void capa_row(epop_server *s, uint32_t row)
{
    static const epop_capability none;
    epop_capability line = none;
    size_t room = epopi_outbox_room(&s->p_out, EPOP_STATUS_MAX);
    size_t len = 0;

    line.struct_size = sizeof line;
    line.id = bit_of(row);
    line.value = EPOP_UNSET;
    if (row == ROW_IMPLEMENTATION) {
        line.params = epopi_span(s->p_implementation, s->p_implementation_len);
    } else if (row == ROW_EXPIRE || row == ROW_LOGIN_DELAY) {
        line.value = row == ROW_EXPIRE ? s->p_expire : s->p_login_delay;
        line.user = (s->p_flags & EPOP_SERVER_DELAY_USER) && s->p_phase == EPOP_PHASE_AUTHORIZATION;
    }
    (void)epop_capability_write(epopi_outbox_end(&s->p_out), room, &len, &line);
    epopi_outbox_wrote(&s->p_out, len);
}

/* The next of the host's own lines; 0 where there is none any more. init has checked them. */
static uint32_t host_row(epop_server *s)
{
    const uint8_t *lines = s->p_capabilities;
    size_t start = s->p_capabilities_at;
    size_t end;

    if (start >= s->p_capabilities_len) {
        return 0;
    }
    end = epopi_find(lines, start, s->p_capabilities_len, '\n') + 1;
    (void)epopi_outbox_room(&s->p_out, EPOP_STATUS_MAX);
    epopi_copy(epopi_outbox_end(&s->p_out), lines + start, end - start);
    epopi_outbox_wrote(&s->p_out, end - start);
    s->p_capabilities_at = (uint16_t)end;
    return 1;
}

static void sasl_row(epop_server *s)
{
    (void)epopi_outbox_room(&s->p_out, EPOP_STATUS_MAX);
    epopi_outbox_wrote(&s->p_out, epopi_server_sasl_row(s, epopi_outbox_end(&s->p_out)));
    s->p_row++;
}

/* AUTH without an argument: one mechanism a line. Not of RFC 5034, but known clients ask so. */
static int32_t next_mechanism(epop_server *s)
{
    (void)epopi_outbox_room(&s->p_out, EPOP_STATUS_MAX);
    if (s->p_row == epopi_server_sasl_count(s)) {
        return end_of_rows(s);
    }
    epopi_outbox_wrote(&s->p_out, epopi_server_sasl_name(s, s->p_row, epopi_outbox_end(&s->p_out)));
    s->p_row++;
    return EPOP_OK;
}

static int32_t next_capa(epop_server *s)
{
    while (s->p_row < ROW_HOST && !is_announced(s, s->p_row)) {
        s->p_row++;
    }
    if (s->p_row == ROW_SASL) {
        sasl_row(s);
        return EPOP_OK;
    }
    if (s->p_row < ROW_HOST) {
        capa_row(s, s->p_row++);
        return EPOP_OK;
    }
    if (host_row(s)) {
        return EPOP_OK;
    }
    (void)epopi_outbox_room(&s->p_out, EPOP_STATUS_MAX);
    return end_of_rows(s);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t next_listing(epop_server *s)
{
    size_t room = epopi_outbox_room(&s->p_out, EPOPI_LISTING_MAX);
    size_t len = 0;
    int32_t result;

    do {
        s->p_row++;
    } while (s->p_row <= s->p_count && epopi_server_is_marked(s, s->p_row));
    if (s->p_row > s->p_count) {
        return end_of_rows(s);
    }
    result = epopi_server_ask_info(s, s->p_row);
    if (result < 0 || !s->p_info) {
        return result;
    }
    if (s->p_command == EPOP_CMD_LIST) {
        (void)epop_list_write(epopi_outbox_end(&s->p_out), room, &len, s->p_row, s->p_info_octets);
    } else {
        len = s->p_info; /* epop_server_info has written it */
    }
    epopi_outbox_wrote(&s->p_out, len);
    return result;
}

int32_t epopi_server_row(epop_server *s)
{
    switch (s->p_command) {
    case EPOP_CMD_CAPA:
        return next_capa(s);
    case EPOP_CMD_AUTH:
        return next_mechanism(s);
    case EPOP_CMD_LIST:
    case EPOP_CMD_UIDL:
        return next_listing(s);
    default:
        return EPOP_ERR_PHASE;
    }
}
