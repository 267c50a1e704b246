/* What the host says.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

#include "session/call.h"

#include "wire/check.h"
#include "wire/octets.h"
#include "wire/outbox.h"

static int32_t check_asked(const epop_server *s, uint32_t kind)
{
    int32_t result = epopi_session_check_open((const epop_session *)s);

    if (result != EPOP_OK) {
        return result;
    }
    return s->p_state == EPOPI_ASKED && (kind == 0 || s->p_asked == kind) ? EPOP_OK : EPOP_ERR_NOT_ASKED;
}

uint32_t epopi_server_map_octets(uint32_t count)
{
    return count / 8 + (count % 8 != 0); /* count + 7 may be too much for 32 bits */
}

uint32_t epopi_server_is_marked(const epop_server *s, uint32_t number)
{
    uint32_t index = number - 1;

    return ((uint32_t)s->p_deleted[index / 8] >> index % 8) & 1u;
}

uint32_t epop_server_is_deleted(const epop_server *server, uint32_t number)
{
    return server && number > 0 && number <= server->p_count && epopi_server_is_marked(server, number);
}

static void end_session(epop_server *s)
{
    s->p_state = EPOPI_ENDED;
    s->p_phase = EPOP_PHASE_ENDED;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t accept_login(epop_server *s)
{
    if (s->p_command != EPOP_CMD_PASS) {
        return epopi_server_sasl_accept(s);
    }
    s->p_asked = 0;
    s->p_todo |= EPOPI_TODO_ASK_OPEN;
    return EPOP_OK;
}

int32_t epop_server_accept(epop_server *server)
{
    int32_t result = check_asked(server, 0);

    if (result != EPOP_OK) {
        return result;
    }
    switch (server->p_asked) {
    case EPOP_EVENT_AUTH:
        result = accept_login(server);
        if (result != EPOP_OK) {
            return result;
        }
        break;
    case EPOP_EVENT_SEND:
        if (server->p_command == EPOP_CMD_RETR) {
            (void)epopi_server_ok_numbers(server, server->p_info_octets, "", 0, " octets");
        } else {
            (void)epopi_server_ok(server, "top of message follows");
        }
        server->p_state = EPOPI_BODY;
        (void)epop_stuff_init(&server->p_stuff);
        break;
    case EPOP_EVENT_COMMIT:
        (void)epopi_server_ok(server, "goodbye");
        end_session(server);
        break;
    default:
        return EPOP_ERR_NOT_ASKED;
    }
    return epopi_server_go_on(server);
}

static const char *own_words(uint32_t asked, uint32_t code)
{
    switch (asked) {
    case EPOP_EVENT_AUTH:
        return code == EPOP_CODE_AUTH ? "authentication failed" : "login is not possible now";
    case EPOP_EVENT_OPEN:
        return code == EPOP_CODE_IN_USE ? "maildrop is in use by another session" : "maildrop can not be opened";
    case EPOP_EVENT_SEND:
        return "message can not be sent";
    case EPOP_EVENT_COMMIT:
        return "some deleted messages were not removed";
    case EPOP_EVENT_COMMAND:
        return "unknown command";
    default:
        return "not supported";
    }
}

/* The one place where failed logins are counted, by whatever command and mechanism. Whoever could not be judged is not
 * counted, unless the exchange has failed in itself. */
static void count_login(epop_server *s, uint32_t code)
{
    uint32_t not_judged = code == EPOP_CODE_SYS_TEMP || code == EPOP_CODE_SYS_PERM || code == EPOP_CODE_LOGIN_DELAY;

    if (not_judged && !epopi_server_sasl_failed(s)) {
        return;
    }
    if (++s->p_failed >= s->p_max_failed && s->p_doom == EPOP_OK) {
        s->p_doom = EPOP_ERR_PEER_TOO_MANY_LOGINS;
    }
    if (s->p_doom != EPOP_OK) {
        epopi_server_doom(s, s->p_doom);
    }
}

/* What a refusal does, when its words are written. */
static void after_refusal(epop_server *s, uint32_t asked, uint32_t code)
{
    s->p_state = EPOPI_COMMAND;
    if (asked == EPOP_EVENT_AUTH) {
        count_login(s, code);
    }
    if (asked == EPOP_EVENT_AUTH || asked == EPOP_EVENT_OPEN) {
        s->p_name_len = 0;
        epopi_server_sasl_end(s);
    }
    if (asked == EPOP_EVENT_COMMIT) {
        end_session(s);
    }
    if (asked == EPOP_EVENT_COMMAND) {
        epopi_server_count_bad(s);
    }
}

static int32_t refuse_in_own_words(epop_server *s, uint32_t asked, uint32_t code, const char *why)
{
    const char *words = NULL;

    if (asked == EPOP_EVENT_AUTH && epopi_server_sasl_failed(s)) {
        words = epopi_server_sasl_why(s, &code);
    }
    return epopi_server_err_because(s, code, words ? words : own_words(asked, code), why);
}

int32_t epopi_server_refuse(epop_server *s, uint32_t code, epop_span text)
{
    static const epop_reply none;
    epop_reply reply = none;
    uint32_t asked = s->p_asked;
    const char *why = asked == EPOP_EVENT_COMMAND ? epopi_server_last_words(s) : "";
    int32_t result;

    if (code != EPOP_CODE_NONE && epop_code_name(code)[0] == '\0') {
        return EPOP_ERR_VALUE;
    }
    if (!text.ptr || why[0] != '\0') {
        result = refuse_in_own_words(s, asked, code, why);
    } else {
        reply.struct_size = sizeof reply;
        reply.status = EPOP_STATUS_ERR;
        reply.code = code;
        reply.detail = text;
        result = epopi_server_reply(s, &reply);
    }
    if (result == EPOP_OK) {
        after_refusal(s, asked, code);
    }
    return result;
}

int32_t epop_server_refuse(epop_server *server, uint32_t code, const void *text, size_t len)
{
    int32_t result = check_asked(server, 0);

    if (result == EPOP_OK && server->p_asked == 0) {
        result = EPOP_ERR_NOT_ASKED;
    }
    if (result != EPOP_OK) {
        return result;
    }
    if (server->p_asked != EPOP_EVENT_AUTH || server->p_command == EPOP_CMD_PASS ||
        !epopi_server_sasl_goes_on(server, code)) {
        result = epopi_server_refuse(server, code, epopi_span((const uint8_t *)text, len));
    }
    return result == EPOP_OK ? epopi_server_go_on(server) : result;
}

int32_t epop_server_opened(epop_server *server, const epop_maildrop *maildrop)
{
    int32_t result = check_asked(server, EPOP_EVENT_OPEN);

    if (result != EPOP_OK) {
        return result;
    }
    result = epopi_check_struct(maildrop, sizeof *maildrop);
    if (result == EPOP_OK) {
        result = epopi_check_octets(maildrop->deleted, maildrop->count > 0);
    }
    if (result != EPOP_OK) {
        return result;
    }
    if (maildrop->deleted_size < epopi_server_map_octets(maildrop->count)) {
        return EPOP_ERR_LIMIT_MESSAGES;
    }
    server->p_count = maildrop->count;
    server->p_octets_all = maildrop->octets;
    server->p_deleted = maildrop->deleted;
    server->p_expire = maildrop->expire;
    server->p_login_delay = maildrop->login_delay;
    server->p_octets = maildrop->octets;
    server->p_marked = 0;
    server->p_last = 0;
    epopi_wipe(server->p_deleted, (size_t)epopi_server_map_octets(maildrop->count));
    server->p_phase = EPOP_PHASE_TRANSACTION;
    server->p_login_seconds = 0;
    server->p_after_auth = 0;
    server->p_bad = 0;
    server->p_state = EPOPI_COMMAND;
    (void)epopi_server_ok_numbers(server, server->p_count, " messages (", server->p_octets, " octets)");
    return epopi_server_go_on(server);
}

int32_t epop_server_info(epop_server *server, uint64_t octets, const void *unique_id, size_t len)
{
    size_t room;
    size_t need = 0;
    int32_t result;

    if (!server || (!unique_id && len > 0)) {
        return EPOP_ERR_NULL;
    }
    if (server->p_session.p_error != EPOP_OK) {
        return server->p_session.p_error;
    }
    if (!server->p_session.p_in_callback || server->p_asked != EPOP_EVENT_INFO) {
        return EPOP_ERR_NOT_ASKED;
    }
    /* The row of UIDL is made at once, behind the output, as the unique-id may not be kept; p_info is its length. */
    room = server->p_out.p_size - server->p_out.p_tail;
    result = epop_uidl_write(epopi_outbox_end(&server->p_out), room, &need, server->p_number, unique_id, len);
    if (result != EPOP_OK) {
        return result;
    }
    server->p_info_octets = octets;
    server->p_info = (uint8_t)need;
    return EPOP_OK;
}

int32_t epop_server_reply(epop_server *server, const epop_reply *reply, uint32_t shape)
{
    int32_t result = check_asked(server, EPOP_EVENT_COMMAND);

    if (result == EPOP_OK) {
        result = epopi_check_struct(reply, sizeof *reply);
    }
    if (result == EPOP_OK && (shape > EPOP_SHAPE_BODY || reply->status == EPOP_STATUS_CONTINUE)) {
        result = EPOP_ERR_VALUE;
    }
    if (result == EPOP_OK) {
        result = epopi_server_reply(server, reply);
    }
    if (result != EPOP_OK) {
        return result;
    }
    server->p_bad = server->p_phase == EPOP_PHASE_TRANSACTION ? 0 : server->p_bad;
    server->p_state = EPOPI_COMMAND;
    if (shape != EPOP_SHAPE_SINGLE && reply->status == EPOP_STATUS_OK) {
        server->p_state = EPOPI_BODY;
        (void)epop_stuff_init(&server->p_stuff);
    }
    return epopi_server_go_on(server);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t check_body(const epop_server *s)
{
    int32_t result = epopi_session_check_open((const epop_session *)s);

    if (result != EPOP_OK) {
        return result;
    }
    if (s->p_session.p_in_callback) {
        return EPOP_ERR_REENTRANT;
    }
    return s->p_state == EPOPI_BODY && s->p_todo == 0 ? EPOP_OK : EPOP_ERR_PHASE;
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
    (void)epop_stuff_encode(&server->p_stuff, octets, take, used, epopi_outbox_end(&server->p_out), room, &wrote);
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
    room = epopi_outbox_room(&server->p_out, EPOP_STUFF_END_MAX);
    if (epop_stuff_end(&server->p_stuff, epopi_outbox_end(&server->p_out), room, &wrote) != EPOP_OK) {
        return EPOP_FULL;
    }
    epopi_outbox_wrote(&server->p_out, wrote);
    if (server->p_command == EPOP_CMD_RETR && server->p_number > server->p_last) {
        server->p_last = server->p_number;
    }
    server->p_state = EPOPI_COMMAND;
    return EPOP_OK;
}

int32_t epop_server_body_fail(epop_server *server)
{
    int32_t result = check_body(server);

    if (result == EPOP_OK) {
        (void)epopi_server_die(server, EPOP_ERR_ABORTED);
    }
    return result;
}
