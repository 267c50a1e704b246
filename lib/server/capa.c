/* The rows of CAPA (RFC 2449).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "wire/command.h"
#include "wire/octets.h"
#include "wire/outbox.h"

typedef struct server_capa_row {
    uint16_t capability;
    uint8_t needs;
    uint8_t forbids;
    uint8_t phases;
} server_capa_row;

static const server_capa_row server_capa_rows[] = {
#define EPOPI_SERVER_CAPA(capability, phases, forbids, needs)                                                          \
    {EPOP_CAPA_##capability, needs, forbids, EPOPI_PHASES_##phases},
#include "server/capabilities.def"
#undef EPOPI_SERVER_CAPA
};

enum { SERVER_CAPA_ROWS = sizeof server_capa_rows / sizeof server_capa_rows[0] };

static uint32_t is_capa_row_announced(const epop_server *s, const server_capa_row *row)
{
    uint32_t phase = s->p_phase == EPOP_PHASE_AUTHORIZATION ? EPOPI_PHASES_AUTHORIZATION : EPOPI_PHASES_TRANSACTION;

    return (row->needs == 0 || (s->p_flags & row->needs)) && !(s->p_flags & row->forbids) && (row->phases & phase);
}

/* 1 where there is something to say. */
static uint32_t fill_capa_row(const epop_server *s, epop_capability *row)
{
    if (row->id == EPOP_CAPA_IMPLEMENTATION) {
        row->params = epopi_span(s->p_implementation, s->p_implementation_len);
        return s->p_implementation_len > 0;
    }
    if (row->id == EPOP_CAPA_EXPIRE || row->id == EPOP_CAPA_LOGIN_DELAY) {
        uint32_t value = row->id == EPOP_CAPA_EXPIRE ? s->p_expire : s->p_login_delay;
        row->value = value == EPOP_EXPIRE_AT_ONCE ? 0 : value;
        row->user = (s->p_flags & EPOP_SERVER_DELAY_USER) && s->p_phase == EPOP_PHASE_AUTHORIZATION;
        return value != 0 && value != EPOP_UNSET;
    }
    return 1;
}

static size_t write_capa_row(epop_server *s, uint32_t capability)
{
    static const epop_capability none;
    epop_capability row = none;
    size_t len = 0;

    if (capability == EPOP_CAPA_SASL) {
        return epopi_server_sasl_row(s, epopi_outbox_end(&s->p_out));
    }
    row.struct_size = sizeof row;
    row.id = capability;
    row.value = EPOP_UNSET;
    if (fill_capa_row(s, &row)) {
        (void)epop_capability_write(epopi_outbox_end(&s->p_out), EPOP_STATUS_MAX, &len, &row);
    }
    return len;
}

/* The next of the host's own lines; 0 where there is none any more. init has checked them. */
static size_t copy_host_row(epop_server *s)
{
    const uint8_t *lines = s->p_capabilities;
    size_t start = s->p_capabilities_at;
    size_t end = start;

    if (start < s->p_capabilities_len) {
        end = epopi_find(lines, start, s->p_capabilities_len, '\n') + 1;
        epopi_copy(epopi_outbox_end(&s->p_out), lines + start, end - start);
        s->p_capabilities_at = (uint16_t)end;
    }
    return end - start;
}

size_t epopi_server_capa_row(epop_server *s)
{
    size_t len = 0;

    while (len == 0 && s->p_row < SERVER_CAPA_ROWS) {
        const server_capa_row *row = &server_capa_rows[s->p_row++];
        len = is_capa_row_announced(s, row) ? write_capa_row(s, row->capability) : 0;
    }
    return len > 0 ? len : copy_host_row(s);
}
