/* A body, pushed by the host.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "session/call.h"

#include "wire/check.h"
#include "wire/outbox.h"

static int32_t check_body(const epop_server *s)
{
    int32_t result = epopi_session_check_open((const epop_session *)s);

    if (result != EPOP_OK) {
        return result;
    }
    if (s->p_session.p_in_callback) {
        return EPOP_ERR_REENTRANT;
    }
    return s->p_state == EPOPI_SERVER_BODY && s->p_pending == 0 ? EPOP_OK : EPOP_ERR_PHASE;
}

/* How many of `len` octets belong to the answer; *ends where nothing behind them does. */
static size_t within_top(epop_server *s, epop_top top, const uint8_t *data, size_t len, uint32_t *ends)
{
    size_t take = len;

    *ends = s->p_command == EPOP_CMD_TOP && epop_top_take(&top, data, len, &take) == EPOP_END;
    return take;
}

static int32_t body_result(uint32_t ends, uint32_t all)
{
    if (ends) {
        return EPOP_END;
    }
    return all ? EPOP_OK : EPOP_FULL;
}

int32_t epop_server_body(epop_server *server, const void *data, size_t len, size_t *used)
{
    const uint8_t *octets = (const uint8_t *)data;
    size_t room;
    size_t wrote = 0;
    size_t take;
    uint32_t ends = 0;
    int32_t result = check_body(server);

    if (result == EPOP_OK) {
        result = used ? epopi_check_octets(data, len) : EPOP_ERR_NULL;
    }
    if (used) {
        *used = 0;
    }
    if (result != EPOP_OK) {
        return result;
    }
    /* No octet becomes less than one, so that nothing beyond the room need be looked at. */
    room = epopi_outbox_room(&server->p_out, server->p_out.p_size);
    take = within_top(server, server->p_top, octets, len < room ? len : room, &ends);
    (void)epop_dot_encode(&server->p_stuff, octets, take, used, epopi_outbox_end(&server->p_out), room, &wrote);
    epopi_outbox_wrote(&server->p_out, wrote);
    if (server->p_command == EPOP_CMD_TOP) {
        ends = ends && *used == take;
        (void)epop_top_take(&server->p_top, octets, ends ? len : *used, &take);
    }
    return body_result(ends, *used == len);
}

int32_t epop_server_body_end(epop_server *server)
{
    size_t room;
    size_t wrote = 0;
    int32_t result = check_body(server);

    if (result != EPOP_OK) {
        return result;
    }
    room = epopi_outbox_room(&server->p_out, EPOP_DOT_END_MAX);
    if (epop_dot_encode_end(&server->p_stuff, epopi_outbox_end(&server->p_out), room, &wrote) != EPOP_OK) {
        return EPOP_FULL;
    }
    epopi_outbox_wrote(&server->p_out, wrote);
    if (server->p_command == EPOP_CMD_RETR) {
        epopi_server_touch(server);
    }
    epopi_server_move(server, EPOPI_SERVER_MOVE_SENT);
    return EPOP_OK;
}

int32_t epop_server_body_fail(epop_server *server)
{
    int32_t result = check_body(server);

    if (result == EPOP_OK) {
        (void)epopi_server_end(server, EPOP_ERR_ABORTED);
    }
    return result;
}
