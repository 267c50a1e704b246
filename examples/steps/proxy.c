/* A proxy: a server session towards the client, a client session towards the server, and mail that goes through.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The idea: every question of the server session becomes a command of the client session, and its answer waits for the
 * reply. So both sides are checked as sessions check them: neither can send the other anything that is not POP3.
 *
 *     on_auth    login with the same name and password      its end: accept, or refuse
 *     on_open    LIST and UIDL                              their ends: opened
 *     on_send    RETR or TOP                                its lines: body; its end: body_end
 *     on_commit  DELE for what is marked, QUIT              its end: accept
 *
 * One client at a time, without TLS on both sides: keep it on one machine, or put link.h on either side.
 */
#include <epop/epop.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sockets.h"

enum { MESSAGES = 10000, PORTION = 4096 };

static epop_server server;
static epop_client client;
static int downward, upward; /* the sockets: to our client, and to the server */
static char password[256];   /* from the question to the login's own */
static char name[256];
static uint64_t octets[MESSAGES + 1];
static char ids[MESSAGES + 1][EPOP_UNIQUE_ID_MAX + 1];
static uint32_t count, next; /* messages; the next one to be deleted */
static uint64_t all_octets;
static uint8_t deleted[(MESSAGES + 7) / 8];
static uint8_t body[PORTION]; /* body[sent, pending) came from the server, and is not in the output yet */
static size_t sent, pending;
static int body_ends;

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
    (void)user;
    if (copy(name, sizeof name, event->name) != 0 || copy(password, sizeof password, event->password) != 0 ||
        epop_client_login(&client, 0) != EPOP_OK) {
        return epop_server_refuse(&server, EPOP_CODE_SYS_TEMP, NULL, 0);
    }
    return 0; /* the answer comes with the end of the login */
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    (void)user;
    (void)event;
    if (epop_client_list(&client, 0, 0) != EPOP_OK || epop_client_uidl(&client, 0, 0) != EPOP_OK) {
        return epop_server_refuse(&server, EPOP_CODE_SYS_TEMP, NULL, 0);
    }
    return 0;
}

static int32_t on_info(void *user, const epop_info_event *event)
{
    const char *id = ids[event->number];

    (void)user;
    return id[0] != '\0' ? epop_server_info(&server, octets[event->number], id, strlen(id)) : 0;
}

static int32_t on_send(void *user, const epop_send_event *event)
{
    int32_t result = event->command == EPOP_CMD_TOP ? epop_client_top(&client, event->number, event->lines, 0)
                                                    : epop_client_retr(&client, event->number, 0);

    (void)user;
    return result == EPOP_OK ? 0 : epop_server_refuse(&server, EPOP_CODE_SYS_TEMP, NULL, 0);
}

/* As many as the queue takes; more when some are done. */
static void delete_marked(void)
{
    while (next <= count && (!epop_server_is_deleted(&server, next) || epop_client_dele(&client, next, 0) == EPOP_OK)) {
        next++;
    }
    if (next > count) {
        epop_client_quit(&client, 0); /* it waits for all that is before it; a second one is refused */
    }
}

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    (void)user;
    (void)event;
    next = 1;
    delete_marked();
    return 0;
}

/* ---- The client session answers ---- */

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    const char *answer = event->ask == EPOP_ASK_USER ? name : password;

    (void)user;
    return epop_client_answer(&client, answer, strlen(answer)) == EPOP_OK ? 0 : EPOP_ERR_CALLBACK_FIRST;
}

/* LIST and UIDL. A server with more messages, or without unique-ids, is not for this proxy. */
static int32_t on_row(void *user, const epop_row_event *event)
{
    const epop_listing *row = event->listing;

    (void)user;
    if ((event->row != EPOP_ROW_LIST && event->row != EPOP_ROW_UIDL) || row->number > MESSAGES) {
        return 0;
    }
    if (event->row == EPOP_ROW_LIST) {
        octets[row->number] = row->octets;
        all_octets += row->octets;
        count = row->number > count ? row->number : count;
    } else {
        copy(ids[row->number], sizeof ids[row->number], row->unique_id);
    }
    return 0;
}

static int32_t on_reply(void *user, const epop_reply_event *event)
{
    (void)user;
    if ((event->command == EPOP_CMD_RETR || event->command == EPOP_CMD_TOP) && event->reply->status == EPOP_STATUS_OK) {
        sent = pending = 0;
        body_ends = 0;
        return epop_server_accept(&server);
    }
    return 0;
}

/* A slice lives until we return. What the output takes is done; the rest is kept, and nothing more is fed before it is
 * gone: so a slow client slows down the server, and no message has to fit into memory. A slice is never longer than the
 * portion that was fed, but there may be several. */
static int32_t on_body(void *user, const epop_body_event *event)
{
    (void)user;
    memcpy(body + pending, event->data.ptr, event->data.len);
    pending += event->data.len;
    return 0;
}

static void answer(int good, const epop_end_event *event)
{
    uint32_t code = event->code == EPOP_CODE_OTHER ? EPOP_CODE_NONE : event->code;

    if (good) {
        epop_server_accept(&server);
    } else {
        epop_server_refuse(&server, code, NULL, 0);
    }
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    const epop_maildrop maildrop = {.struct_size = sizeof maildrop, .count = count, .octets = all_octets,
        .deleted = deleted, .deleted_size = sizeof deleted, .expire = EPOP_UNSET, .login_delay = EPOP_UNSET};
    int good = event->result == EPOP_OK && event->status == EPOP_STATUS_OK;

    (void)user;
    switch (event->command) {
    case EPOP_CMD_LOGIN:
        memset(password, 0, sizeof password);
        answer(good, event);
        break;
    case EPOP_CMD_LIST:
    case EPOP_CMD_UIDL: /* both must be there; the first that fails answers */
        if (!good) {
            answer(0, event);
        } else if (event->command == EPOP_CMD_UIDL) {
            epop_server_opened(&server, &maildrop);
        }
        break;
    case EPOP_CMD_RETR:
    case EPOP_CMD_TOP:
        body_ends = 1;
        if (!good) {
            answer(0, event);
        }
        break;
    case EPOP_CMD_DELE:
        delete_marked();
        break;
    case EPOP_CMD_QUIT:
        answer(good, event);
        break;
    default:
        break;
    }
    return 0;
}
