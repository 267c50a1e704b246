/* The answers of a connection to the questions of its session: maildrop, messages, deletions.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "server.h"

/* Milliseconds that one connection may work before others get their turn. */
enum { SLICE = 2 };

static const char text_trouble[] = "the maildrop cannot be opened now, try again later";
static const char text_wrong[] = "the maildrop cannot be opened, ask the operator of this server";
static const char text_message_gone[] = "another program has removed this message";
static const char text_message_trouble[] = "this message cannot be read now, try again later";
static const char text_commit_trouble[] = "some deleted messages could not be removed";

static void log_head(struct log_line *line, const struct connection *connection, const char *event)
{
    log_start(line, event);
    log_number(line, "session", connection->id);
    log_word(line, "peer", connection->peer);
}

static struct maildrop_slice new_slice(struct connection *connection)
{
    struct maildrop_slice slice;

    slice.buffer = connection->server->scratch;
    slice.buffer_size = sizeof connection->server->scratch;
    slice.end = timer_clock() + SLICE;
    slice.sizes = connection->server->sizes;
    return slice;
}

static int32_t refuse(struct connection *connection, uint32_t code, const char *text)
{
    return epop_server_refuse(&connection->session, code, text, text != NULL ? strlen(text) : 0);
}

/* ---- Opening the maildrop ---- */

static void forget_maildrop(struct connection *connection)
{
    maildrop_free(connection->maildrop);
    free(connection->user);
    connection->maildrop = NULL;
    connection->user = NULL;
    connection->job = JOB_NONE;
}

/* The login comes to nothing; `result` says why the maildrop cannot be had. */
static void refuse_open(struct connection *connection, enum maildrop_result result)
{
    char trouble[256] = "out of memory";
    struct log_line line;

    if (result == MAILDROP_IN_USE) {
        connection_log_failed_login(connection, connection->user, strlen(connection->user), "in-use");
        refuse(connection, EPOP_CODE_IN_USE, NULL);
    } else {
        if (connection->maildrop != NULL) {
            maildrop_trouble(connection->maildrop, trouble, sizeof trouble);
        }
        log_head(&line, connection, "error");
        log_string(&line, "user", connection->user != NULL ? connection->user : "");
        log_string(&line, "text", trouble);
        log_end(&line);
        connection_log_failed_login(connection, connection->user,
                                    connection->user != NULL ? strlen(connection->user) : 0, "maildrop");
        refuse(connection, result == MAILDROP_WRONG ? EPOP_CODE_SYS_PERM : EPOP_CODE_SYS_TEMP,
               result == MAILDROP_WRONG ? text_wrong : text_trouble);
    }
    forget_maildrop(connection);
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    struct connection *connection = user;
    const struct server *server = connection->server;
    const char *name = users_find(server->users, event->name.ptr, event->name.len);
    enum maildrop_result result = MAILDROP_TROUBLE;

    if (name == NULL) {
        /* The users file was read again since the password was checked. */
        connection_log_failed_login(connection, event->name.ptr, event->name.len, "credentials");
        refuse(connection, EPOP_CODE_AUTH, NULL);
        return 0;
    }
    connection->user = strdup(name);
    if (connection->user != NULL) {
        result = maildrop_open(&connection->maildrop, server->root, connection->user);
    }
    if (result == MAILDROP_OK) {
        connection->job = JOB_SCAN;
    } else {
        refuse_open(connection, result);
    }
    return 0;
}

static void scan(struct connection *connection)
{
    struct maildrop_slice slice = new_slice(connection);
    enum maildrop_result result = maildrop_scan(connection->maildrop, &slice);
    epop_maildrop opened;
    struct log_line line;

    if (result == MAILDROP_MORE) {
        return;
    }
    connection->job = JOB_NONE;
    if (result != MAILDROP_OK) {
        refuse_open(connection, result);
        return;
    }
    memset(&opened, 0, sizeof opened);
    opened.struct_size = sizeof opened;
    opened.count = maildrop_count(connection->maildrop);
    opened.octets = maildrop_octets(connection->maildrop);
    opened.deleted = maildrop_deletion_map(connection->maildrop, &opened.deleted_size);
    opened.expire = EPOP_EXPIRE_NEVER;
    log_head(&line, connection, "login");
    log_string(&line, "user", connection->user);
    log_word(&line, "mechanism", connection->mechanism);
    log_word(&line, "tls", connection->transport.tls != NULL ? "yes" : "no");
    log_number(&line, "messages", opened.count);
    log_number(&line, "octets", opened.octets);
    log_end(&line);
    epop_server_opened(&connection->session, &opened);
}

/* ---- Messages ---- */

static int32_t on_message_info(void *user, const epop_message_info_event *event)
{
    struct connection *connection = user;
    struct unique_id id;

    maildrop_unique_id(connection->maildrop, event->number - 1, &id);
    epop_server_message_info(&connection->session, maildrop_size(connection->maildrop, event->number - 1), id.text,
                             id.length);
    return 0;
}

static void log_trouble(const struct connection *connection)
{
    char trouble[256];
    struct log_line line;

    maildrop_trouble(connection->maildrop, trouble, sizeof trouble);
    log_head(&line, connection, "error");
    log_string(&line, "user", connection->user);
    log_string(&line, "text", trouble);
    log_end(&line);
}

static void refuse_message(struct connection *connection, enum maildrop_result result)
{
    if (result == MAILDROP_GONE) {
        refuse(connection, EPOP_CODE_NONE, text_message_gone);
    } else {
        log_trouble(connection);
        refuse(connection, EPOP_CODE_SYS_TEMP, text_message_trouble);
    }
}

static void fetch(struct connection *connection)
{
    enum maildrop_result result =
        maildrop_fetch(connection->maildrop, connection->wanted, &connection->body, &connection->body_end);

    connection->job = JOB_NONE;
    if (result == MAILDROP_OK) {
        connection->body_at = 0;
        epop_server_accept(&connection->session);
    } else if (result == MAILDROP_SEARCH) {
        connection->job = JOB_SEARCH;
    } else {
        connection->body = -1;
        refuse_message(connection, result);
    }
}

static int32_t on_send(void *user, const epop_send_event *event)
{
    struct connection *connection = user;

    connection->wanted = event->number - 1;
    connection->body_command = event->command;
    fetch(connection);
    return 0;
}

static void search(struct connection *connection)
{
    struct maildrop_slice slice = new_slice(connection);
    enum maildrop_result result = maildrop_search(connection->maildrop, &slice);

    if (result == MAILDROP_OK) {
        fetch(connection);
    } else if (result != MAILDROP_MORE) {
        connection->job = JOB_NONE;
        refuse_message(connection, result);
    }
}

void connection_close_body(struct connection *connection)
{
    if (connection->body >= 0) {
        close(connection->body);
        connection->body = -1;
    }
}

static int32_t fail_body(struct connection *connection, const char *text)
{
    struct log_line line;

    log_head(&line, connection, "error");
    log_string(&line, "user", connection->user);
    log_number(&line, "message", (uint64_t)connection->wanted + 1);
    log_string(&line, "text", text);
    log_end(&line);
    connection_close_body(connection);
    return epop_server_body_fail(&connection->session);
}

static int32_t end_body(struct connection *connection)
{
    int32_t result = epop_server_body_end(&connection->session);

    if (result == EPOP_OK) {
        connection->retrieved += connection->body_command == EPOP_CMD_RETR;
        connection_close_body(connection);
    }
    return result;
}

int32_t connection_send_body(struct connection *connection)
{
    uint8_t *buffer = connection->server->scratch;
    uint64_t left = connection->body_end - connection->body_at;
    size_t want = left < CONNECTION_OUTPUT ? (size_t)left : CONNECTION_OUTPUT;
    ssize_t got;
    size_t used = 0;
    int32_t result;

    if (want == 0) {
        return end_body(connection);
    }
    do {
        got = pread(connection->body, buffer, want, (off_t)connection->body_at);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return fail_body(connection, strerror(errno));
    }
    if (got == 0) {
        /* An end here would make the client believe that it has the whole message, and delete it. */
        return fail_body(connection, "the file became shorter while it was sent");
    }
    result = epop_server_body(&connection->session, buffer, (size_t)got, &used);
    connection->body_at += used;
    if (result == EPOP_END) {
        connection->body_at = connection->body_end;
        result = end_body(connection);
    }
    return result;
}

/* ---- Deletions ---- */

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    struct connection *connection = user;

    (void)event;
    connection->job = JOB_COMMIT;
    return 0;
}

static void commit(struct connection *connection)
{
    struct maildrop_slice slice = new_slice(connection);
    enum maildrop_result result = maildrop_commit(connection->maildrop, &slice);
    struct log_line line;

    if (result == MAILDROP_MORE) {
        return;
    }
    connection->job = JOB_NONE;
    if (result != MAILDROP_OK) {
        log_trouble(connection);
    }
    log_head(&line, connection, "quit");
    log_string(&line, "user", connection->user);
    log_number(&line, "retrieved", connection->retrieved);
    log_number(&line, "deleted", maildrop_removed(connection->maildrop));
    log_number(&line, "octets_in", connection->octets_in);
    log_number(&line, "octets_out", connection->octets_out);
    log_end(&line);
    /* Before the reply: whoever has read it may come again at once, and must not find the maildrop in use. */
    maildrop_release(connection->maildrop);
    if (result == MAILDROP_OK) {
        epop_server_accept(&connection->session);
    } else {
        refuse(connection, EPOP_CODE_SYS_TEMP, text_commit_trouble);
    }
}

void connection_do_job(struct connection *connection)
{
    switch (connection->job) {
    case JOB_SCAN:
        scan(connection);
        break;
    case JOB_SEARCH:
        search(connection);
        break;
    case JOB_COMMIT:
        commit(connection);
        break;
    case JOB_NONE:
        break;
    }
}

const epop_server_callbacks connection_callbacks = {
    .struct_size = sizeof connection_callbacks,
    .on_auth = connection_on_auth,
    .on_open = on_open,
    .on_message_info = on_message_info,
    .on_send = on_send,
    .on_commit = on_commit,
};
