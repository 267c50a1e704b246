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
static uint8_t body[PORTION + 2]; /* body[sent, pending) came from the server, and is not in the output yet */
static size_t sent, pending;
static int body_ends, failed; /* the server has sent all of it; a message could not be marked */
static uint8_t input[512];    /* input[at, held) came from our client, and the session has not taken it yet */
static size_t at, held;

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
    failed = 0;
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

/* A slice lives until we return, so it is kept, and nothing more is received before it is gone: a slow client slows
 * down the server, and no message has to fit into memory. All slices of a portion are together no longer than the
 * portion, and a CR that was held back from the portion before. */
static int32_t on_body(void *user, const epop_body_event *event)
{
    (void)user;
    if (event->data.len > sizeof body - pending) {
        return EPOP_ERR_CALLBACK_FIRST;
    }
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
    const epop_maildrop maildrop = {.struct_size = sizeof maildrop,
                                    .count = count,
                                    .octets = all_octets,
                                    .deleted = deleted,
                                    .deleted_size = sizeof deleted,
                                    .expire = EPOP_UNSET,
                                    .login_delay = EPOP_UNSET};
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
        body_ends = good;
        if (!good) {
            answer(0, event);
        }
        break;
    case EPOP_CMD_DELE:
        failed |= !good;
        delete_marked();
        break;
    case EPOP_CMD_QUIT:
        answer(good && !failed, event);
        break;
    default:
        break;
    }
    return 0;
}

/* ---- Octets ---- */

static void push_body(void)
{
    size_t used = 0;
    int32_t result = epop_server_body(&server, body + sent, pending - sent, &used);

    sent = result == EPOP_END ? pending : sent + used; /* END: a server that sends more lines than TOP asked for */
    if (sent == pending && body_ends) {
        body_ends = epop_server_body_end(&server) == EPOP_FULL; /* drain, and say it again */
    }
    if (sent == pending) {
        sent = pending = 0;
    }
}

/* The server has left us. What our client waits for must still be told, and half a message must not look whole. */
static int32_t upward_gone(uint32_t wants)
{
    static const char text[] = "the mail server has ended the connection";

    if (wants & EPOP_WANT_ANSWER) {
        return epop_server_refuse(&server, EPOP_CODE_SYS_TEMP, text, sizeof text - 1);
    }
    return wants & EPOP_WANT_BODY ? epop_server_body_fail(&server) : EPOP_ERR_PEER_EOF;
}

static void timed_out(void)
{
    if (epop_client_deadline(&client) != 0) {
        epop_client_timeout(&client);
    } else {
        epop_server_timeout(&server);
    }
}

/* Waits for either side, but never for a client whose question is open, nor for a server whose mail nobody takes. A
 * real proxy also keeps the server awake while its client is silent: epop_client_keep_alive. */
static int32_t receive(uint32_t wants)
{
    uint32_t seconds =
        epop_client_deadline(&client) != 0 ? epop_client_deadline(&client) : epop_server_deadline(&server);
    int takes = (wants & EPOP_WANT_FEED) != 0; /* our client may have sent more than the session takes for now */
    struct pollfd polled[2] = {{.fd = takes ? downward : -1, .events = POLLIN},
                               {.fd = sent == pending ? upward : -1, .events = POLLIN}};
    uint8_t portion[PORTION];
    size_t len, used;
    int32_t result = EPOP_OK;

    if (!(takes && at < held) && poll(polled, 2, (int)seconds * 1000) == 0) {
        timed_out();
    } else if (takes && (at < held || polled[0].revents != 0)) {
        if (at == held) {
            at = held = 0;
            result = sockets_receive(downward, input, sizeof input, &held);
        }
        if (result == EPOP_OK) {
            epop_server_feed(&server, input + at, held - at, &used);
            memset(input + at, 0, used); /* a password may have been there */
            at += used;
        }
    } else if (polled[1].revents != 0) {
        /* An error of the server's is told to our client by upward_gone. */
        if (sockets_receive(upward, portion, sizeof portion, &len) == EPOP_OK) {
            epop_client_feed(&client, portion, len, &used);
        } else {
            epop_client_eof(&client);
        }
    }
    return result;
}

/* One thing that can be done. EPOP_END: the session with our client is over. */
static int32_t turn(void)
{
    uint32_t down = epop_server_wants(&server), up = epop_client_wants(&client);
    const uint8_t *shown;
    int32_t result;
    size_t len;

    if ((down & EPOP_WANT_BODY) && (sent < pending || body_ends)) {
        push_body();
        return EPOP_OK;
    }
    if (down & EPOP_WANT_DRAIN) {
        shown = epop_server_output(&server, &len);
        result = sockets_send(downward, shown, len);
        epop_server_output_ack(&server, len);
        return result;
    }
    if (down & EPOP_WANT_CLOSE) {
        return EPOP_END;
    }
    if (up & EPOP_WANT_DRAIN) {
        shown = epop_client_output(&client, &len);
        if (sockets_send(upward, shown, len) == EPOP_OK) {
            epop_client_output_ack(&client, len);
        } else {
            epop_client_eof(&client);
        }
        return EPOP_OK;
    }
    return up & EPOP_WANT_CLOSE ? upward_gone(down) : receive(down);
}

static void serve(void)
{
    static const epop_server_callbacks asks = {.struct_size = sizeof asks,
                                               .on_auth = on_auth,
                                               .on_open = on_open,
                                               .on_info = on_info,
                                               .on_send = on_send,
                                               .on_commit = on_commit};
    static const epop_client_callbacks answers = {.struct_size = sizeof answers,
                                                  .on_reply = on_reply,
                                                  .on_row = on_row,
                                                  .on_body = on_body,
                                                  .on_end = on_end,
                                                  .on_ask = on_ask};
    static uint8_t server_line[EPOP_SERVER_LINE_MIN], user_name[255], server_output[2 * PORTION];
    static uint8_t client_line[EPOP_CLIENT_LINE_MIN], client_output[EPOP_CLIENT_OUTPUT_MIN];
    static epop_client_slot slots[50];
    const epop_server_config below = {.struct_size = sizeof below,
                                      .flags = upward >= 0 ? EPOP_SERVER_ALLOW_CLEARTEXT : EPOP_SERVER_REFUSE,
                                      .greeting_code = upward >= 0 ? EPOP_CODE_NONE : EPOP_CODE_SYS_TEMP,
                                      .callbacks = &asks,
                                      .line_buffer = server_line,
                                      .line_buffer_size = sizeof server_line,
                                      .name_buffer = user_name,
                                      .name_buffer_size = sizeof user_name,
                                      .output_buffer = server_output,
                                      .output_buffer_size = sizeof server_output,
                                      .expire = EPOP_UNSET,
                                      .login_delay = EPOP_UNSET};
    const epop_client_config above = {.struct_size = sizeof above,
                                      .flags = EPOP_CLIENT_ALLOW_CLEARTEXT,
                                      .callbacks = &answers,
                                      .line_buffer = client_line,
                                      .line_buffer_size = sizeof client_line,
                                      .output_buffer = client_output,
                                      .output_buffer_size = sizeof client_output,
                                      .slots = slots,
                                      .slot_count = 50};

    memset(ids, 0, sizeof ids);
    count = 0;
    all_octets = 0;
    at = held = sent = pending = 0;
    body_ends = 0;
    epop_server_init(&server, sizeof server, &below);
    epop_client_init(&client, sizeof client, &above);
    while (turn() == EPOP_OK) {
    }
}

int main(int argc, char **argv)
{
    int listener;

    if (argc != 4) {
        fprintf(stderr, "usage: %s PORT SERVER SERVER-PORT\n", argv[0]);
        return 64;
    }
    if ((listener = sockets_listen(argv[1])) < 0) {
        return 1;
    }
    while ((downward = sockets_accept(listener)) >= 0) {
        epop_error_info below = {.struct_size = sizeof below}, above = {.struct_size = sizeof above};
        upward = sockets_connect(argv[2], argv[3]);
        serve();
        epop_server_error_info(&server, &below);
        epop_client_error_info(&client, &above);
        printf("session: client %s, server %s\n", epop_error_name(below.code), epop_error_name(above.code));
        fflush(stdout);
        close(downward);
        if (upward >= 0) {
            close(upward);
        }
    }
    return 1;
}
