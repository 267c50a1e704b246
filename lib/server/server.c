/* The server session's life: init, octets in, octets out, what it wants, how it ends.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "session/call.h"

#include "wire/check.h"
#include "wire/octets.h"
#include "wire/outbox.h"

/* Defaults; server.h says why. */
enum { MAX_BAD_COMMANDS = 10, MAX_FAILED_LOGINS = 3, MAX_UNKNOWN = 3, TIMEOUT_SECONDS = 600, LOGIN_SECONDS = 60 };

enum {
    ALL_FLAGS = EPOP_SERVER_ALLOW_CLEARTEXT | EPOP_SERVER_TLS | EPOP_SERVER_STLS | EPOP_SERVER_LAST |
                EPOP_SERVER_ALLOW_LF | EPOP_SERVER_DELAY_USER | EPOP_SERVER_REFUSE | EPOP_SERVER_SASL_ONLY,
    /* "IMPLEMENTATION ", the text and CRLF make one line of CAPA. */
    IMPLEMENTATION_MAX = EPOP_STATUS_MAX - 17,
    /* Room that makes pushing more of a body worth while: enough for its end. */
    BODY_ROOM = 16
};

size_t epop_server_sizeof(void)
{
    return sizeof(epop_server);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t check_config(const epop_server_config *config)
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
    return config->flags > ALL_FLAGS ? EPOP_ERR_VALUE : EPOP_OK;
}

/* Whole lines, each short enough, none empty, none that could be taken for the end of the listing. */
static int32_t check_capabilities(const uint8_t *lines, size_t len)
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

static int32_t take_texts(epop_server *s, const epop_server_config *config)
{
    const uint8_t *implementation = (const uint8_t *)config->implementation;
    const uint8_t *capabilities = (const uint8_t *)config->capabilities;
    int32_t result = check_capabilities(capabilities, config->capabilities_len);

    if (result != EPOP_OK) {
        return result;
    }
    if (implementation) {
        if (config->implementation_len > IMPLEMENTATION_MAX) {
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

static uint16_t limit(uint32_t value, uint32_t otherwise)
{
    value = epopi_or_default(value, otherwise);
    return (uint16_t)(value < 65535u ? value : 65535u);
}

static void take_values(epop_server *s, const epop_server_config *config)
{
    s->p_callbacks = config->callbacks;
    s->p_user = config->user;
    s->p_sasl = config->sasl;
    s->p_name = (uint8_t *)config->name_buffer;
    s->p_name_size = (uint8_t)(config->name_buffer_size < 255 ? config->name_buffer_size : 255);
    s->p_flags = (uint8_t)config->flags;
    s->p_expire = config->expire;
    s->p_login_delay = config->login_delay;
    s->p_max_bad = limit(config->max_bad_commands, MAX_BAD_COMMANDS);
    s->p_max_failed = limit(config->max_failed_logins, MAX_FAILED_LOGINS);
    s->p_timeout = epopi_or_default(config->timeout_seconds, TIMEOUT_SECONDS);
    s->p_unknown_left = MAX_UNKNOWN;
    if (config->max_unknown_commands > 0) {
        s->p_unknown_left = (uint8_t)(config->max_unknown_commands < 255 ? config->max_unknown_commands : 255);
    }
    s->p_login_seconds = limit(config->login_seconds, LOGIN_SECONDS);
    s->p_phase = EPOP_PHASE_AUTHORIZATION;
    s->p_state = EPOPI_COMMAND;
    epopi_outbox_init(&s->p_out, config->output_buffer, config->output_buffer_size);
}

static int32_t greet(epop_server *s, const epop_server_config *config)
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
        s->p_state = EPOPI_ENDED;
        s->p_phase = EPOP_PHASE_ENDED;
    }
    result = epopi_server_reply(s, &reply);
    return result == EPOP_OK && !refuse ? epopi_server_sasl_greet(s) : result;
}

int32_t epop_server_init(epop_server *server, size_t size, const epop_server_config *config)
{
    int32_t result = epopi_check_init(server, size, sizeof *server, config, sizeof *config);

    if (result == EPOP_OK) {
        result = check_config(config);
    }
    if (result != EPOP_OK) {
        return result;
    }
    epopi_wipe((uint8_t *)server, sizeof *server);
    take_values(server, config);
    result = take_texts(server, config);
    if (result == EPOP_OK) {
        result = greet(server, config);
    }
    if (result != EPOP_OK) {
        return result;
    }
    return epop_line_init(&server->p_line, config->line_buffer, config->line_buffer_size,
                          config->flags & EPOP_SERVER_ALLOW_LF ? EPOP_EOL_FIRST : EPOP_EOL_CRLF);
}

/* ------------------------------------------------------------------------------------------------------------------ */

int32_t epopi_server_die(epop_server *s, int32_t error)
{
    if (s->p_session.p_error == EPOP_OK) {
        s->p_session.p_error = error;
        s->p_todo = 0;
        epopi_wipe(s->p_line.p_buffer, s->p_line.p_size);
        epopi_server_sasl_end(s);
    }
    return s->p_session.p_error;
}

void epopi_server_doom(epop_server *s, int32_t error)
{
    s->p_doom = error;
    s->p_todo |= EPOPI_TODO_DIE;
}

/* The line may hold a password. In the octets that were fed it is the host's to wipe. */
static void forget_text(epop_server *s)
{
    if (s->p_text.ptr == s->p_line.p_buffer) {
        epopi_wipe(s->p_line.p_buffer, s->p_text.len);
    }
    s->p_text = epopi_span(NULL, 0);
}

static int32_t dispatch(epop_server *s)
{
    int32_t result = epopi_server_dispatch(s);

    forget_text(s);
    return result;
}

static int32_t trace_sent(epop_server *s)
{
    size_t len = s->p_trace_len;

    return epopi_server_trace(s, epopi_span(epopi_outbox_end(&s->p_out) - len, len - 2), 1);
}

static int32_t step(epop_server *s)
{
    uint32_t lowest = s->p_todo & (0u - (uint32_t)s->p_todo);

    s->p_todo &= (uint8_t)~lowest;
    switch (lowest) {
    case EPOPI_TODO_TRACE_SENT:
        return trace_sent(s);
    case EPOPI_TODO_TRACE_RECEIVED:
        return epopi_server_trace(s, s->p_text, 0);
    case EPOPI_TODO_DISPATCH:
        return dispatch(s);
    case EPOPI_TODO_ASK_OPEN:
        return epopi_server_ask_open(s);
    case EPOPI_TODO_ASK_SEND:
        return epopi_server_ask_send(s);
    case EPOPI_TODO_PIECE:
        return epopi_server_show_piece(s);
    case EPOPI_TODO_SASL:
        return epopi_server_sasl_step(s);
    case EPOPI_TODO_DIE:
        return epopi_server_die(s, s->p_doom);
    default:
        return EPOP_ERR_PHASE;
    }
}

int32_t epopi_server_run(epop_server *s)
{
    int32_t result = s->p_session.p_error;

    while (result == EPOP_OK && (s->p_todo != 0 || epopi_server_can_row(s))) {
        result = s->p_todo != 0 ? step(s) : epopi_server_row(s);
    }
    return result;
}

int32_t epopi_server_go_on(epop_server *s)
{
    int32_t result = s->p_session.p_in_callback ? EPOP_OK : epopi_server_run(s);

    return result < 0 ? result : EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static uint32_t can_take_command(const epop_server *s)
{
    return (s->p_state == EPOPI_COMMAND || s->p_state == EPOPI_SASL) && s->p_todo == 0 &&
           s->p_out.p_size - epopi_outbox_len(&s->p_out) >= EPOP_STATUS_MAX;
}

int32_t epopi_server_broken_line(epop_server *s, int32_t error)
{
    s->p_command = EPOP_CMD_UNKNOWN;
    epopi_server_doom(s, error);
    return epopi_server_err(s, EPOP_CODE_NONE,
                            error == EPOP_ERR_LIMIT_LINE ? "line too long" : "lines end in CRLF here");
}

/* A line stops once at the length of the longest command, wherever it was cut. */
static size_t up_to_long(const epop_server *s, size_t len)
{
    uint32_t length = s->p_line.p_length;

    return length < EPOP_SERVER_LINE_MIN && len > EPOP_SERVER_LINE_MIN - length ? EPOP_SERVER_LINE_MIN - length : len;
}

static int32_t take(epop_server *s, const uint8_t *data, size_t len, size_t *used)
{
    epop_line_text line;
    int32_t result;

    *used = 0;
    if (s->p_state == EPOPI_TLS) {
        return epopi_server_die(s, EPOP_ERR_PEER_PLAINTEXT);
    }
    if (s->p_state == EPOPI_ENDED) {
        return EPOP_ERR_ENDED;
    }
    if (!can_take_command(s)) {
        return EPOP_AGAIN;
    }
    if (s->p_state == EPOPI_SASL) {
        result = epopi_server_sasl_take(s, data, len, used);
        s->p_offset += *used;
        return result;
    }
    if (epopi_server_is_tls_record(s, data, &len)) {
        *used = 1;
        s->p_offset++;
        return epopi_server_send_off(s);
    }
    line.struct_size = sizeof line;
    result = epop_line_feed(&s->p_line, data, up_to_long(s, len), used, &line);
    s->p_offset += *used;
    if (result < 0) {
        return epopi_server_broken_line(s, result);
    }
    if (result == EPOP_LINE) {
        s->p_text = line.text;
        s->p_text_length = line.length;
        s->p_todo |= EPOPI_TODO_TEXT;
    } else if (s->p_line.p_length == EPOP_SERVER_LINE_MIN) {
        epopi_server_sasl_long(s);
    }
    return EPOP_OK;
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
        result = take(server, octets + pos, len - pos, &n);
        pos += n;
        if (result == EPOP_OK) {
            result = epopi_server_run(server);
        }
    }
    if (server->p_todo & EPOPI_TODO_TEXT) {
        epopi_session_keep_text(&server->p_line, &server->p_text);
    }
    *used = pos;
    return result;
}

int32_t epop_server_eof(epop_server *server)
{
    int32_t result = epopi_session_check_call((const epop_session *)server);

    if (result != EPOP_OK || server->p_state == EPOPI_ENDED) {
        return result;
    }
    return epopi_server_die(server, EPOP_ERR_PEER_EOF);
}

int32_t epop_server_timeout(epop_server *server)
{
    int32_t result = epopi_session_check_call((const epop_session *)server);

    if (result != EPOP_OK) {
        return result;
    }
    epopi_outbox_drop(&server->p_out, epopi_outbox_len(&server->p_out));
    return epopi_server_die(server, EPOP_ERR_PEER_TIMEOUT);
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
    if (server->p_todo & EPOPI_TODO_TRACE_SENT) {
        result = step(server); /* while the line is still there */
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
    if (server->p_state != EPOPI_TLS || epopi_outbox_len(&server->p_out) > 0) {
        return EPOP_ERR_PHASE;
    }
    server->p_state = EPOPI_COMMAND;
    server->p_flags |= EPOP_SERVER_TLS;
    server->p_name_len = 0;
    server->p_begun = 0;
    server->p_offset = 0;
    return EPOP_OK;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static uint32_t wants_by_state(const epop_server *s)
{
    size_t pending = epopi_outbox_len(&s->p_out);

    switch (s->p_state) {
    case EPOPI_COMMAND:
    case EPOPI_SASL:
        return can_take_command(s) ? EPOP_WANT_FEED : 0;
    case EPOPI_ASKED:
        return EPOP_WANT_ANSWER;
    case EPOPI_BODY:
        return s->p_out.p_size - pending >= BODY_ROOM ? EPOP_WANT_BODY : 0;
    case EPOPI_TLS:
        return pending == 0 ? EPOP_WANT_TLS : 0;
    case EPOPI_ENDED:
        return EPOP_WANT_CLOSE;
    default:
        return 0;
    }
}

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
    if (server->p_todo != 0 || epopi_server_can_row(server)) {
        return drain | EPOP_WANT_RESUME | EPOP_WANT_FEED;
    }
    return drain | wants_by_state(server);
}

uint32_t epop_server_deadline(const epop_server *server)
{
    uint32_t waits;

    if (!server || server->p_session.p_error != EPOP_OK) {
        return server && epopi_outbox_len(&server->p_out) > 0 ? server->p_timeout : 0;
    }
    waits = epopi_outbox_len(&server->p_out) > 0 || server->p_state == EPOPI_COMMAND || server->p_state == EPOPI_SASL ||
            server->p_state == EPOPI_TLS;
    return waits ? server->p_timeout : 0;
}

uint32_t epop_server_login_deadline(const epop_server *server)
{
    uint32_t over;

    if (!server) {
        return 0;
    }
    over = server->p_session.p_error != EPOP_OK || server->p_state == EPOPI_ENDED;
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
