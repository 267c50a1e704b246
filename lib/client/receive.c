/* Octets from the peer become lines and pieces of a body.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

/* Whether an octet may come now at all. */
static int32_t check_octet_expected(const epop_client *c)
{
    if (c->p_state == EPOPI_CLIENT_TLS) {
        return EPOP_ERR_PEER_PLAINTEXT;
    }
    if (c->p_state == EPOPI_CLIENT_ROWS || c->p_state == EPOPI_CLIENT_BODY ||
        (c->p_state == EPOPI_CLIENT_STATUS && c->p_phase == EPOP_PHASE_GREETING)) {
        return EPOP_OK;
    }
    /* Only a command that the host has sent to its last octet can have an answer. */
    if (c->p_state == EPOPI_CLIENT_ENDED || c->p_ask != 0 || c->p_flight <= c->p_unsent_lines) {
        return EPOP_ERR_PEER_UNSOLICITED;
    }
    return EPOP_OK;
}

static int32_t receive_body(epop_client *c, const uint8_t *data, size_t len, size_t *used)
{
    epop_span piece;
    uint64_t room = c->p_max_body - c->p_body;

    /* Not far beyond the limit, so that it is met at the same octet however the body is cut. */
    len = room < len ? (size_t)room + 1 : len;
    if (epop_dot_decode(&c->p_dot, data, len, used, &piece) == EPOP_END) {
        epopi_client_move(c, EPOPI_CLIENT_MOVE_SENT);
        c->p_pending |= EPOPI_CLIENT_STEP_RESPONSE;
        return EPOP_OK;
    }
    if (piece.len > room) {
        piece.len = (size_t)room;
        c->p_pending |= EPOPI_CLIENT_STEP_LIMIT;
    }
    if (c->p_result == EPOP_ERR_ABORTED) {
        c->p_body += piece.len;
    } else if (piece.len > 0) {
        c->p_text = piece;
        c->p_pending |= EPOPI_CLIENT_STEP_BODY;
    }
    return EPOP_OK;
}

static int32_t receive_line(epop_client *c, const uint8_t *data, size_t len, size_t *used)
{
    epop_line_text line;
    int32_t result;

    line.struct_size = sizeof line;
    result = epop_line_feed(&c->p_line, data, len, used, &line);
    if (result != EPOP_LINE) {
        return result;
    }
    c->p_text = line.text;
    c->p_text_length = line.length;
    return EPOP_LINE;
}

int32_t epopi_client_receive(epop_client *c, const uint8_t *data, size_t len, size_t *used)
{
    int32_t result = check_octet_expected(c);

    *used = 0;
    if (result != EPOP_OK) {
        return result;
    }
    result = c->p_state == EPOPI_CLIENT_BODY ? receive_body(c, data, len, used) : receive_line(c, data, len, used);
    c->p_offset += *used;
    return result == EPOP_LINE ? epopi_client_take_line(c) : result;
}
