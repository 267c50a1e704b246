/* The server session's life: octets in, octets out, what it wants, how it ends.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "session/call.h"

#include "wire/check.h"
#include "wire/outbox.h"

static uint32_t can_take_input(const epop_server *s)
{
    return s->p_pending == 0 && (epopi_server_state_wants(s) & EPOP_WANT_FEED);
}

static int32_t take_from_peer(epop_server *s, const uint8_t *data, size_t len, size_t *used)
{
    *used = 0;
    if (s->p_state == EPOPI_SERVER_TLS) {
        return epopi_server_end(s, EPOP_ERR_PEER_PLAINTEXT);
    }
    if (s->p_state == EPOPI_SERVER_ENDED) {
        return EPOP_ERR_ENDED;
    }
    if (!can_take_input(s)) {
        return EPOP_AGAIN;
    }
    epopi_server_receive(s, data, len, used);
    return epopi_server_run(s);
}

int32_t epop_server_feed(epop_server *server, const void *data, size_t len, size_t *used)
{
    const uint8_t *octets = (const uint8_t *)data;
    size_t pos = 0;
    size_t n = 0;
    int32_t result = epopi_session_check_feed((const epop_session *)server, data, len, used);

    if (result != EPOP_OK) {
        return result;
    }
    result = epopi_server_run(server);
    while (result == EPOP_OK && pos < len) {
        result = take_from_peer(server, octets + pos, len - pos, &n);
        pos += n;
    }
    if (server->p_pending & EPOPI_SERVER_STEPS_WITH_LINE) {
        epopi_session_keep_text(&server->p_line, &server->p_text);
    }
    *used = pos;
    return result;
}

int32_t epop_server_eof(epop_server *server)
{
    int32_t result = epopi_session_check_call((const epop_session *)server);

    if (result != EPOP_OK || server->p_state == EPOPI_SERVER_ENDED) {
        return result;
    }
    return epopi_server_end(server, EPOP_ERR_PEER_EOF);
}

int32_t epop_server_timeout(epop_server *server)
{
    int32_t result = epopi_session_check_call((const epop_session *)server);

    if (result == EPOP_ERR_NULL || result == EPOP_ERR_REENTRANT) {
        return result;
    }
    /* Of a dead session too: its final reply must not keep the host from closing. */
    epopi_outbox_drop(&server->p_out, epopi_outbox_len(&server->p_out));
    return result != EPOP_OK ? result : epopi_server_end(server, EPOP_ERR_PEER_TIMEOUT);
}

/* ------------------------------------------------------------------------------------------------------------------ */

const uint8_t *epop_server_output(const epop_server *server, size_t *len)
{
    if (!len) {
        return NULL;
    }
    *len = 0;
    return server ? epopi_outbox_show(&server->p_out, len) : NULL;
}

int32_t epop_server_output_ack(epop_server *server, size_t n)
{
    int32_t result = EPOP_OK;

    if (!server) {
        return EPOP_ERR_NULL;
    }
    if (server->p_session.p_in_callback) {
        return EPOP_ERR_REENTRANT;
    }
    if (n > epopi_outbox_len(&server->p_out)) {
        return EPOP_ERR_VALUE;
    }
    if (server->p_pending & EPOPI_SERVER_STEP_TRACE_SENT) {
        result = epopi_server_step(server); /* while the line is still there */
    }
    epopi_outbox_drop(&server->p_out, n);
    if (server->p_session.p_error != EPOP_OK) {
        return result < 0 ? result : EPOP_OK;
    }
    return result == EPOP_OK ? epopi_server_run(server) : result;
}

int32_t epop_server_tls_started(epop_server *server)
{
    int32_t result = epopi_session_check_call((const epop_session *)server);

    if (result != EPOP_OK) {
        return result;
    }
    if (server->p_state != EPOPI_SERVER_TLS || epopi_outbox_len(&server->p_out) > 0) {
        return EPOP_ERR_PHASE;
    }
    epopi_server_move(server, EPOPI_SERVER_MOVE_TLS_UP);
    server->p_flags |= EPOP_SERVER_TLS;
    server->p_name_len = 0;
    server->p_has_begun = 0;
    server->p_offset = 0;
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

uint32_t epop_server_wants(const epop_server *server)
{
    uint32_t drain;

    if (!server) {
        return EPOP_WANT_CLOSE;
    }
    drain = epopi_outbox_len(&server->p_out) > 0 ? EPOP_WANT_DRAIN : 0;
    if (server->p_session.p_error != EPOP_OK) {
        return drain | EPOP_WANT_CLOSE;
    }
    if (server->p_pending != 0 || epopi_server_has_rows(server)) {
        return drain | EPOP_WANT_RESUME | EPOP_WANT_FEED;
    }
    return drain | epopi_server_state_wants(server);
}

uint32_t epop_server_deadline(const epop_server *server)
{
    uint32_t awaits_peer;

    if (!server) {
        return 0;
    }
    awaits_peer = server->p_session.p_error == EPOP_OK && epopi_server_awaits_peer(server);
    return awaits_peer || epopi_outbox_len(&server->p_out) > 0 ? server->p_timeout : 0;
}

uint32_t epop_server_login_deadline(const epop_server *server)
{
    uint32_t over;

    if (!server) {
        return 0;
    }
    over = server->p_session.p_error != EPOP_OK || server->p_state == EPOPI_SERVER_ENDED;
    return over && epopi_outbox_len(&server->p_out) == 0 ? 0 : server->p_login_seconds;
}

int32_t epop_server_error_info(const epop_server *server, epop_error_info *info)
{
    int32_t result = server ? epopi_check_struct(info, sizeof *info) : EPOP_ERR_NULL;

    if (result != EPOP_OK) {
        return result;
    }
    info->code = server->p_session.p_error;
    info->offset = server->p_offset;
    info->phase = server->p_phase;
    info->command = server->p_command;
    info->callback = server->p_session.p_failed_in;
    info->number = 0;
    return EPOP_OK;
}

uint32_t epop_server_phase(const epop_server *server)
{
    return server && server->p_session.p_error == EPOP_OK ? server->p_phase : (uint32_t)EPOP_PHASE_ENDED;
}

uint32_t epop_server_is_deleted(const epop_server *server, uint32_t number)
{
    return server && number > 0 && number <= server->p_count && epopi_server_is_marked(server, number);
}
