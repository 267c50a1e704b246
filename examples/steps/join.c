/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "join.h"

#include <string.h>

/* ---- The server session asks ---- */

static int copy(char *to, size_t size, epop_span from)
{
    if (from.len >= size) {
        return -1;
    }
    memcpy(to, from.ptr, from.len);
    to[from.len] = '\0';
    return 0;
}

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    struct join *join = (struct join *)user;
    if (copy(join->name, sizeof join->name, event->name) != 0 ||
        copy(join->password, sizeof join->password, event->password) != 0 ||
        epop_client_login(&join->client, 0) != EPOP_OK) {
        return epop_server_refuse(&join->server, EPOP_CODE_SYS_TEMP, NULL, 0);
    }
    return 0; /* the answer comes with the end of the login */
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    struct join *join = (struct join *)user;
    (void)event;
    if (epop_client_list(&join->client, 0, 0) != EPOP_OK || epop_client_uidl(&join->client, 0, 0) != EPOP_OK) {
        return epop_server_refuse(&join->server, EPOP_CODE_SYS_TEMP, NULL, 0);
    }
    return 0;
}

static int32_t on_message_info(void *user, const epop_message_info_event *event)
{
    struct join *join = (struct join *)user;
    const char *id = join->ids[event->number];

    return id[0] != '\0' ? epop_server_message_info(&join->server, join->octets[event->number], id, strlen(id)) : 0;
}

static int32_t on_send(void *user, const epop_send_event *event)
{
    struct join *join = (struct join *)user;
    int32_t result = event->command == EPOP_CMD_TOP ? epop_client_top(&join->client, event->number, event->lines, 0)
                                                    : epop_client_retr(&join->client, event->number, 0);

    return result == EPOP_OK ? 0 : epop_server_refuse(&join->server, EPOP_CODE_SYS_TEMP, NULL, 0);
}

/* As many as the queue takes; more when some are done. */
static void delete_marked(struct join *join)
{
    while (join->next <= join->count && (!epop_server_is_deleted(&join->server, join->next) ||
                                         epop_client_dele(&join->client, join->next, 0) == EPOP_OK)) {
        join->next++;
    }
    if (join->next > join->count) {
        epop_client_quit(&join->client, 0); /* it waits for all that is before it; a second one is refused */
    }
}

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    struct join *join = (struct join *)user;
    (void)event;
    join->next = 1;
    join->failed = 0;
    delete_marked(join);
    return 0;
}

/* ---- The client session answers ---- */

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    struct join *join = (struct join *)user;
    const char *answer = event->ask == EPOP_ASK_USER ? join->name : join->password;

    return epop_client_answer(&join->client, answer, strlen(answer)) == EPOP_OK ? 0 : EPOP_ERR_CALLBACK_FIRST;
}

/* LIST and UIDL. A server with more messages, or without unique-ids, is not for this proxy. */
static int32_t on_row(void *user, const epop_row_event *event)
{
    struct join *join = (struct join *)user;
    const epop_listing *row = event->listing;

    if ((event->row != EPOP_ROW_LIST && event->row != EPOP_ROW_UIDL) || row->number > JOIN_MESSAGES) {
        return 0;
    }
    if (event->row == EPOP_ROW_LIST) {
        join->octets[row->number] = row->octets;
        join->all_octets += row->octets;
        join->count = row->number > join->count ? row->number : join->count;
    } else {
        copy(join->ids[row->number], sizeof join->ids[row->number], row->unique_id);
    }
    return 0;
}

static int32_t on_reply(void *user, const epop_reply_event *event)
{
    struct join *join = (struct join *)user;
    if ((event->command == EPOP_CMD_RETR || event->command == EPOP_CMD_TOP) && event->reply->status == EPOP_STATUS_OK) {
        join->sent = join->pending = 0;
        join->body_ends = 0;
        return epop_server_accept(&join->server);
    }
    return 0;
}

/* A slice lives until we return, so it is kept, and nothing more is received before it is gone: a slow client slows
 * down the server, and no message has to fit into memory. All slices of a portion are together no longer than the
 * portion, and a CR that was held back from the portion before. */
static int32_t on_body(void *user, const epop_body_event *event)
{
    struct join *join = (struct join *)user;
    if (event->data.len > sizeof join->body - join->pending) {
        return EPOP_ERR_CALLBACK_FIRST;
    }
    memcpy(join->body + join->pending, event->data.ptr, event->data.len);
    join->pending += event->data.len;
    return 0;
}

static void answer(struct join *join, int good, const epop_end_event *event)
{
    uint32_t code = event->code == EPOP_CODE_OTHER ? EPOP_CODE_NONE : event->code;

    if (good) {
        epop_server_accept(&join->server);
    } else {
        epop_server_refuse(&join->server, code, NULL, 0);
    }
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    struct join *join = (struct join *)user;
    const epop_maildrop maildrop = {.struct_size = sizeof maildrop,
                                    .count = join->count,
                                    .octets = join->all_octets,
                                    .deleted = join->deleted,
                                    .deleted_size = sizeof join->deleted};
    int good = event->result == EPOP_OK && event->status == EPOP_STATUS_OK;

    switch (event->command) {
    case EPOP_CMD_LOGIN:
        memset(join->password, 0, sizeof join->password);
        answer(join, good, event);
        break;
    case EPOP_CMD_LIST:
    case EPOP_CMD_UIDL: /* both must be there; the first that fails answers */
        if (!good) {
            answer(join, 0, event);
        } else if (event->command == EPOP_CMD_UIDL) {
            epop_server_opened(&join->server, &maildrop);
        }
        break;
    case EPOP_CMD_RETR:
    case EPOP_CMD_TOP:
        join->body_ends = good;
        if (!good) {
            answer(join, 0, event);
        }
        break;
    case EPOP_CMD_DELE:
        join->failed |= !good;
        delete_marked(join);
        break;
    case EPOP_CMD_QUIT:
        answer(join, good && !join->failed, event);
        break;
    default:
        break;
    }
    return 0;
}

/* ---- For the host ---- */

int join_is_full(const struct join *join)
{
    return join->sent < join->pending;
}

int join_push(struct join *join)
{
    size_t used = 0;
    int32_t result;

    if (join->sent == join->pending && !join->body_ends) {
        return 0;
    }
    result = epop_server_body(&join->server, join->body + join->sent, join->pending - join->sent, &used);
    /* EPOP_END: the server sends more lines than TOP asked for. EPOP_FULL: drain, and come again. */
    join->sent = result == EPOP_END ? join->pending : join->sent + used;
    if (join->sent == join->pending && join->body_ends) {
        join->body_ends = epop_server_body_end(&join->server) == EPOP_FULL; /* drain, and say it again */
    }
    if (join->sent == join->pending) {
        join->sent = join->pending = 0;
    }
    return 1;
}

int join_end(struct join *join)
{
    static const char text[] = "the mail server has ended the connection";
    uint32_t wants = epop_server_wants(&join->server);

    if (wants & EPOP_WANT_ANSWER) {
        return epop_server_refuse(&join->server, EPOP_CODE_SYS_TEMP, text, sizeof text - 1) == EPOP_OK;
    }
    if (wants & EPOP_WANT_BODY) {
        epop_server_body_fail(&join->server);
    }
    return 0;
}

void join_init(struct join *join, int is_connected)
{
    static const epop_server_callbacks asks = {.struct_size = sizeof asks,
                                               .on_auth = on_auth,
                                               .on_open = on_open,
                                               .on_message_info = on_message_info,
                                               .on_send = on_send,
                                               .on_commit = on_commit};
    static const epop_client_callbacks answers = {.struct_size = sizeof answers,
                                                  .on_reply = on_reply,
                                                  .on_row = on_row,
                                                  .on_body = on_body,
                                                  .on_end = on_end,
                                                  .on_ask = on_ask};
    const epop_server_config below = {.struct_size = sizeof below,
                                      .flags = is_connected ? EPOP_SERVER_ALLOW_CLEARTEXT : EPOP_SERVER_REFUSE,
                                      .greeting_code = is_connected ? EPOP_CODE_NONE : EPOP_CODE_SYS_TEMP,
                                      .callbacks = &asks,
                                      .user = join,
                                      .line_buffer = join->server_line,
                                      .line_buffer_size = sizeof join->server_line,
                                      .name_buffer = join->server_name,
                                      .name_buffer_size = sizeof join->server_name,
                                      .output_buffer = join->server_output,
                                      .output_buffer_size = sizeof join->server_output};
    const epop_client_config above = {.struct_size = sizeof above,
                                      .flags = EPOP_CLIENT_ALLOW_CLEARTEXT,
                                      .callbacks = &answers,
                                      .user = join,
                                      .line_buffer = join->client_line,
                                      .line_buffer_size = sizeof join->client_line,
                                      .output_buffer = join->client_output,
                                      .output_buffer_size = sizeof join->client_output,
                                      .slots = join->slots,
                                      .slot_count = sizeof join->slots / sizeof join->slots[0]};

    memset(join, 0, sizeof *join);
    epop_server_init(&join->server, sizeof join->server, &below);
    epop_client_init(&join->client, sizeof join->client, &above);
}
