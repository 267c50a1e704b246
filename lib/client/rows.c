/* What the line in hand says as a row of a listing, or as values in a status line.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/peers.h"
#include "client/session.h"

#include "wire/octets.h"

/* A dot at the head of a row is stuffing; the line that is a dot alone never comes here. A row of AUTH was decoded. */
static epop_span text_of_row(const epop_client *c, uint32_t kind)
{
    epop_span line = c->p_text;
    epop_reply reply;

    if (kind == EPOP_ROW_SASL) {
        return line;
    }
    if (c->p_state != EPOPI_CLIENT_ROWS) {
        epopi_client_read_reply(c, &reply);
        return reply.text;
    }
    if (line.len > 0 && line.ptr[0] == '.') {
        line = epopi_span(line.ptr + 1, line.len - 1);
    }
    return line;
}

static int32_t parse_row(epopi_client_row *row)
{
    switch (row->kind) {
    case EPOP_ROW_STAT:
        return epop_stat_parse(&row->listing, row->line.ptr, row->line.len);
    case EPOP_ROW_LIST:
        return epop_list_parse(&row->listing, row->line.ptr, row->line.len);
    case EPOP_ROW_UIDL:
        return epop_uidl_parse(&row->listing, row->line.ptr, row->line.len);
    case EPOP_ROW_CAPA:
        return epop_capability_parse(&row->capability, row->line.ptr, row->line.len);
    case EPOP_ROW_LANG:
    case EPOP_ROW_SASL:
    case EPOP_ROW_RAW:
        return EPOP_OK;
    default:
        return EPOP_ERR_SYNTAX;
    }
}

static void note_capability(epop_client *c, const epop_capability *capability)
{
    c->p_capabilities_new |= capability->id;
    if (capability->id == EPOP_CAPA_SASL) {
        epopi_client_sasl_offer(c, capability->params);
    }
    if (capability->id == EPOP_CAPA_IMPLEMENTATION && c->p_traits == 0) {
        c->p_traits = (uint8_t)epopi_peer_traits(capability->params);
    }
}

void epopi_client_read_row(epop_client *c, epopi_client_row *row)
{
    row->listing.struct_size = sizeof row->listing;
    row->listing.quirks = 0;
    row->capability.struct_size = sizeof row->capability;
    row->kind = epopi_client_response_to(epopi_client_command(c))->row;
    row->line = text_of_row(c, row->kind);
    if (parse_row(row) != EPOP_OK) {
        row->kind = EPOP_ROW_UNREADABLE;
        row->listing.quirks |= EPOP_QUIRK_ROW_SYNTAX;
    }
    if (row->kind == EPOP_ROW_CAPA) {
        note_capability(c, &row->capability);
    }
    epopi_client_quirk(c, row->listing.quirks);
}
