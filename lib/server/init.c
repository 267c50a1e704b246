/* A session is made from its config, with the greeting in its output.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "wire/check.h"
#include "wire/octets.h"
#include "wire/outbox.h"

/* Defaults; server.h says why. */
enum {
    SERVER_MAX_BAD_COMMANDS = 10,
    SERVER_MAX_FAILED_LOGINS = 3,
    SERVER_MAX_UNKNOWN = 3,
    SERVER_TIMEOUT_SECONDS = 600,
    SERVER_LOGIN_SECONDS = 60
};

enum {
    SERVER_ALL_FLAGS = EPOP_SERVER_ALLOW_CLEARTEXT | EPOP_SERVER_TLS | EPOP_SERVER_STLS | EPOP_SERVER_LAST |
                       EPOP_SERVER_ALLOW_LF | EPOP_SERVER_DELAY_USER | EPOP_SERVER_REFUSE | EPOP_SERVER_SASL_ONLY,
    /* "IMPLEMENTATION ", the text and CRLF make one line of CAPA. */
    SERVER_IMPLEMENTATION_MAX = EPOP_STATUS_MAX - 17
};

size_t epop_server_sizeof(void)
{
    return sizeof(epop_server);
}

static int32_t check_server_config(const epop_server_config *config)
{
    int32_t result = epopi_check_struct(config->callbacks, sizeof *config->callbacks);

    if (result != EPOP_OK) {
        return result;
    }
    if (!config->line_buffer || !config->name_buffer || !config->output_buffer) {
        return EPOP_ERR_NULL;
    }
    if (config->line_buffer_size < EPOP_SERVER_LINE_MIN || config->name_buffer_size == 0 ||
        config->output_buffer_size < EPOP_SERVER_OUTPUT_MIN) {
        return EPOP_ERR_BUFFER_SIZE;
    }
    return config->flags > SERVER_ALL_FLAGS ? EPOP_ERR_VALUE : EPOP_OK;
}

/* Whole lines, each short enough, none empty, none that could be taken for the end of the listing. */
static int32_t check_capability_lines(const uint8_t *lines, size_t len)
{
    size_t pos = 0;

    if (!lines) {
        return EPOP_OK;
    }
    if (len > 65535u) {
        return EPOP_ERR_TOO_LONG;
    }
    while (pos < len) {
        size_t end = epopi_find(lines, pos, len, '\r');
        if (end - pos > EPOP_STATUS_MAX - 2) {
            return EPOP_ERR_TOO_LONG;
        }
        if (len - end < 2 || lines[end + 1] != '\n' || end == pos || lines[pos] == '.' ||
            epopi_breaks_line(lines + pos, end - pos)) {
            return EPOP_ERR_OCTET;
        }
        pos = end + 2;
    }
    return EPOP_OK;
}

static int32_t take_server_texts(epop_server *s, const epop_server_config *config)
{
    const uint8_t *implementation = (const uint8_t *)config->implementation;
    const uint8_t *capabilities = (const uint8_t *)config->capabilities;
    int32_t result = check_capability_lines(capabilities, config->capabilities_len);

    if (result != EPOP_OK) {
        return result;
    }
    if (implementation) {
        if (config->implementation_len > SERVER_IMPLEMENTATION_MAX) {
            return EPOP_ERR_TOO_LONG;
        }
        if (epopi_breaks_line(implementation, config->implementation_len)) {
            return EPOP_ERR_OCTET;
        }
        s->p_implementation = implementation;
        s->p_implementation_len = (uint16_t)config->implementation_len;
    }
    if (capabilities) {
        s->p_capabilities = capabilities;
        s->p_capabilities_len = (uint16_t)config->capabilities_len;
    }
    return EPOP_OK;
}

static uint16_t server_limit(uint32_t value, uint32_t otherwise, uint32_t most)
{
    value = epopi_or_default(value, otherwise);
    return (uint16_t)(value < most ? value : most);
}

static void take_server_values(epop_server *s, const epop_server_config *config)
{
    s->p_callbacks = config->callbacks;
    s->p_user = config->user;
    s->p_sasl = config->sasl;
    s->p_name = (uint8_t *)config->name_buffer;
    s->p_name_size = (uint8_t)(config->name_buffer_size < 255 ? config->name_buffer_size : 255);
    s->p_flags = (uint8_t)config->flags;
    s->p_expire = config->expire;
    s->p_login_delay = config->login_delay;
    s->p_max_bad = server_limit(config->max_bad_commands, SERVER_MAX_BAD_COMMANDS, 65535);
    s->p_max_failed = server_limit(config->max_failed_logins, SERVER_MAX_FAILED_LOGINS, 65535);
    s->p_timeout = epopi_or_default(config->timeout_seconds, SERVER_TIMEOUT_SECONDS);
    s->p_unknown_left = (uint8_t)server_limit(config->max_unknown_commands, SERVER_MAX_UNKNOWN, 255);
    s->p_login_seconds = server_limit(config->login_seconds, SERVER_LOGIN_SECONDS, 65535);
    s->p_phase = EPOP_PHASE_AUTHORIZATION;
    s->p_state = EPOPI_SERVER_COMMAND;
    epopi_outbox_init(&s->p_out, config->output_buffer, config->output_buffer_size);
}

static int32_t write_greeting(epop_server *s, const epop_server_config *config)
{
    static const epop_reply none;
    static const char words[] = "POP3 server ready";
    epop_reply reply = none;
    uint32_t refuse = config->flags & EPOP_SERVER_REFUSE;
    int32_t result;

    reply.struct_size = sizeof reply;
    reply.status = refuse ? EPOP_STATUS_ERR : EPOP_STATUS_OK;
    reply.code = config->greeting_code;
    reply.detail = epopi_span((const uint8_t *)config->greeting, config->greeting_len);
    if (!config->greeting) {
        reply.detail = epopi_span((const uint8_t *)words, sizeof words - 1);
    }
    if (config->greeting_code == EPOP_CODE_OTHER) {
        return EPOP_ERR_VALUE;
    }
    if (refuse) {
        epopi_server_goodbye(s);
    }
    result = epopi_server_reply(s, &reply);
    return result == EPOP_OK && !refuse ? epopi_server_sasl_greet(s) : result;
}

int32_t epop_server_init(epop_server *server, size_t size, const epop_server_config *config)
{
    int32_t result = epopi_check_init(server, size, sizeof *server, config, sizeof *config);

    if (result == EPOP_OK) {
        result = check_server_config(config);
    }
    if (result != EPOP_OK) {
        return result;
    }
    epopi_wipe((uint8_t *)server, sizeof *server);
    take_server_values(server, config);
    result = take_server_texts(server, config);
    if (result == EPOP_OK) {
        result = write_greeting(server, config);
    }
    if (result != EPOP_OK) {
        return result;
    }
    return epop_line_init(&server->p_line, config->line_buffer, config->line_buffer_size,
                          config->flags & EPOP_SERVER_ALLOW_LF ? EPOP_EOL_FIRST : EPOP_EOL_CRLF);
}
