/* The client session's life: init, octets in, octets out, what it wants, how it ends.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

#include "session/call.h"

#include "wire/check.h"
#include "wire/octets.h"
#include "wire/outbox.h"

/* Defaults; client.h says why. */
enum {
    CLIENT_WINDOW_COMMANDS = 32,
    CLIENT_WINDOW_OCTETS = 4096,
    CLIENT_TIMEOUT_SECONDS = 300,
    CLIENT_KEEP_ALIVE_SECONDS = 45
};
enum {
    CLIENT_ALL_FLAGS = EPOP_CLIENT_ALLOW_CLEARTEXT | EPOP_CLIENT_TLS | EPOP_CLIENT_ALLOW_LF | EPOP_CLIENT_STLS |
                       EPOP_CLIENT_SASL_ONLY | EPOP_CLIENT_SASL_UNLISTED
};
#define CLIENT_MAX_ROWS 10000000u

size_t epop_client_sizeof(void)
{
    return sizeof(epop_client);
}

static int32_t check_client_config(const epop_client_config *config)
{
    int32_t result = epopi_check_struct(config->callbacks, sizeof *config->callbacks);

    if (result != EPOP_OK) {
        return result;
    }
    if (!config->line_buffer || !config->output_buffer || !config->slots) {
        return EPOP_ERR_NULL;
    }
    if (config->line_buffer_size < EPOP_CLIENT_LINE_MIN || config->output_buffer_size < EPOP_CLIENT_OUTPUT_MIN) {
        return EPOP_ERR_BUFFER_SIZE;
    }
    return config->slot_count - 1u > 65534u || config->flags > CLIENT_ALL_FLAGS ? EPOP_ERR_VALUE : EPOP_OK;
}

static void take_client_limits(epop_client *c, const epop_client_config *config)
{
    uint32_t window = epopi_or_default(config->window_commands, CLIENT_WINDOW_COMMANDS);

    c->p_window = (uint16_t)(window < config->slot_count ? window : config->slot_count);
    c->p_window_octets = epopi_or_default(config->window_octets, CLIENT_WINDOW_OCTETS);
    c->p_max_rows = epopi_or_default(config->max_rows, CLIENT_MAX_ROWS);
    c->p_max_body = config->max_body > 0 ? config->max_body : UINT64_MAX;
    c->p_timeout = epopi_or_default(config->timeout_seconds, CLIENT_TIMEOUT_SECONDS);
    c->p_keep_alive = epopi_or_default(config->keep_alive_seconds, CLIENT_KEEP_ALIVE_SECONDS);
}

int32_t epop_client_init(epop_client *client, size_t size, const epop_client_config *config)
{
    int32_t result = epopi_check_init(client, size, sizeof *client, config, sizeof *config);

    if (result == EPOP_OK) {
        result = check_client_config(config);
    }
    if (result != EPOP_OK) {
        return result;
    }
    epopi_wipe((uint8_t *)client, sizeof *client);
    client->p_callbacks = config->callbacks;
    client->p_user = config->user;
    client->p_slots = config->slots;
    client->p_sasl = config->sasl;
    client->p_slot_count = (uint16_t)config->slot_count;
    client->p_flags = (uint8_t)config->flags;
    client->p_phase = EPOP_PHASE_GREETING;
    client->p_phase_queued = EPOP_PHASE_AUTHORIZATION;
    client->p_state = EPOPI_CLIENT_STATUS;
    take_client_limits(client, config);
    epopi_outbox_init(&client->p_out, config->output_buffer, config->output_buffer_size);
    return epop_line_init(&client->p_line, config->line_buffer, config->line_buffer_size,
                          config->flags & EPOP_CLIENT_ALLOW_LF ? EPOP_EOL_FIRST : EPOP_EOL_CRLF);
}

int32_t epop_client_feed(epop_client *client, const void *data, size_t len, size_t *used)
{
    int32_t result = epopi_session_check_feed((const epop_session *)client, data, len, used);

    return result == EPOP_OK ? epopi_client_take(client, (const uint8_t *)data, len, used) : result;
}

static int32_t connection_lost(epop_client *c, int32_t error)
{
    int32_t result = epopi_session_check_call((const epop_session *)c);

    if (result != EPOP_OK || c->p_state == EPOPI_CLIENT_ENDED) {
        return result;
    }
    if (c->p_phase == EPOP_PHASE_UPDATE && c->p_unsent_lines == 0) {
        error = EPOP_ERR_PEER_QUIT_UNKNOWN;
    }
    return epopi_client_end(c, error);
}

int32_t epop_client_eof(epop_client *client)
{
    return connection_lost(client, EPOP_ERR_PEER_EOF);
}

int32_t epop_client_timeout(epop_client *client)
{
    return connection_lost(client, EPOP_ERR_PEER_TIMEOUT);
}

/* ------------------------------------------------------------------------------------------------------------------ */

const uint8_t *epop_client_output(const epop_client *client, size_t *len)
{
    if (!len) {
        return NULL;
    }
    *len = 0;
    return client ? epopi_outbox_show(&client->p_out, len) : NULL;
}

int32_t epop_client_output_ack(epop_client *client, size_t n)
{
    const uint8_t *sent;
    size_t len;
    size_t at;
    int32_t result = epopi_session_check_call((const epop_session *)client);

    if (result != EPOP_OK) {
        return result;
    }
    sent = epopi_outbox_show(&client->p_out, &len);
    if (n > len) {
        return EPOP_ERR_VALUE;
    }
    if (client->p_pending & EPOPI_CLIENT_STEP_TRACE_SENT) {
        result = epopi_client_step(client);
        if (result < 0) {
            return result;
        }
    }
    for (at = epopi_find(sent, 0, n, '\n'); at < n; at = epopi_find(sent, at + 1, n, '\n')) {
        client->p_unsent_lines--;
    }
    epopi_outbox_drop(&client->p_out, n);
    if (epopi_outbox_len(&client->p_out) == 0) {
        epopi_client_sasl_drained(client);
    }
    return result == EPOP_OK ? epopi_client_run(client) : result;
}

int32_t epop_client_tls_started(epop_client *client)
{
    int32_t result = epopi_session_check_call((const epop_session *)client);

    if (result != EPOP_OK) {
        return result;
    }
    if (client->p_state != EPOPI_CLIENT_TLS || client->p_pending != 0) {
        return EPOP_ERR_PHASE;
    }
    epopi_client_move(client, EPOPI_CLIENT_MOVE_TLS_UP);
    client->p_flags |= EPOP_CLIENT_TLS;
    client->p_capabilities = 0;
    epopi_client_sasl_forget(client);
    client->p_offset = 0;
    if (epopi_client_is_login(client)) {
        epopi_client_login_start(client);
    }
    return epopi_client_run(client);
}

/* ------------------------------------------------------------------------------------------------------------------ */

uint32_t epop_client_wants(const epop_client *client)
{
    uint32_t wants = 0;

    if (!client || client->p_session.p_error != EPOP_OK) {
        return EPOP_WANT_CLOSE;
    }
    if (epopi_outbox_len(&client->p_out) > 0) {
        wants |= EPOP_WANT_DRAIN;
    }
    if (client->p_pending != 0 || epopi_client_may_send(client)) {
        return wants | EPOP_WANT_RESUME | EPOP_WANT_FEED;
    }
    if (client->p_ask != 0) {
        return wants | EPOP_WANT_ANSWER;
    }
    return wants | epopi_client_wants_of(client) | (epopi_client_is_idle(client) ? EPOP_WANT_COMMAND : 0u);
}

uint32_t epop_client_deadline(const epop_client *client)
{
    if (!client || client->p_session.p_error != EPOP_OK || client->p_ask != 0 ||
        client->p_state == EPOPI_CLIENT_ENDED || epopi_client_is_idle(client)) {
        return 0;
    }
    return client->p_timeout;
}

uint32_t epop_client_keep_alive(const epop_client *client)
{
    return client && client->p_session.p_error == EPOP_OK && client->p_phase == EPOP_PHASE_TRANSACTION &&
                   epopi_client_is_idle(client)
               ? client->p_keep_alive
               : 0;
}

int32_t epop_client_error_info(const epop_client *client, epop_error_info *info)
{
    int32_t result = client ? epopi_check_struct(info, sizeof *info) : EPOP_ERR_NULL;

    if (result != EPOP_OK) {
        return result;
    }
    info->code = client->p_session.p_error;
    info->offset = client->p_offset;
    info->phase = client->p_phase;
    info->command = epopi_client_command(client);
    info->callback = client->p_session.p_failed_in;
    info->number = client->p_flight > 0 ? epopi_client_head(client)->p_number : 0;
    return EPOP_OK;
}

uint32_t epop_client_phase(const epop_client *client)
{
    return client && client->p_session.p_error == EPOP_OK ? client->p_phase : (uint32_t)EPOP_PHASE_ENDED;
}

uint32_t epop_client_capabilities(const epop_client *client)
{
    return client ? client->p_capabilities & ~(EPOPI_CLIENT_CAPA_KNOWN | EPOPI_CLIENT_CAPA_LISTED) : 0;
}

uint32_t epop_client_traits(const epop_client *client)
{
    return client ? client->p_traits : 0;
}

uint32_t epop_client_is_in_callback(const epop_client *client)
{
    return client ? client->p_session.p_in_callback : 0;
}

uint32_t epop_client_unsent(const epop_client *client)
{
    return client ? client->p_unsent_lines : 0;
}

/* ------------------------------------------------------------------------------------------------------------------ */

int32_t epop_client_transfer(const epop_client *client, epop_transfer *transfer)
{
    const epop_client_slot *head;
    int32_t result = client ? epopi_check_struct(transfer, sizeof *transfer) : EPOP_ERR_NULL;

    if (result != EPOP_OK) {
        return result;
    }
    transfer->command = 0;
    transfer->token = 0;
    transfer->number = 0;
    transfer->behind = 0;
    transfer->received = 0;
    transfer->expected = 0;
    if (client->p_state == EPOPI_CLIENT_BODY || client->p_state == EPOPI_CLIENT_ROWS) {
        head = epopi_client_head(client);
        transfer->command = epopi_client_command(client);
        transfer->token = head->p_token;
        transfer->number = head->p_number;
        transfer->behind = client->p_flight - 1u;
        transfer->received = client->p_body;
        transfer->expected = client->p_expected;
    }
    return EPOP_OK;
}

int32_t epop_client_abort(epop_client *client, uint32_t how)
{
    int32_t result = epopi_session_check_open((const epop_session *)client);

    if (result != EPOP_OK) {
        return result;
    }
    if (how == EPOP_ABORT_CLOSE) {
        epopi_client_end(client, EPOP_ERR_ABORTED);
        return EPOP_OK;
    }
    if (how != EPOP_ABORT_DRAIN) {
        return EPOP_ERR_VALUE;
    }
    if (client->p_state != EPOPI_CLIENT_BODY && client->p_state != EPOPI_CLIENT_ROWS) {
        return EPOP_ERR_PHASE;
    }
    client->p_result = EPOP_ERR_ABORTED;
    client->p_pending &= (uint16_t) ~(EPOPI_CLIENT_STEP_LIMIT | EPOPI_CLIENT_STEP_ROW);
    return EPOP_OK;
}
