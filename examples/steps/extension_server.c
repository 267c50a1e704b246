/* A server with a command of its own: XFIND TEXT lists the messages that have TEXT in them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Two things make an extension: a line in CAPA, by which clients find it (`capabilities` in the config), and
 * on_command, which the session calls for every command that it does not know. The rest, framing, dot-stuffing and
 * phases, is the session's. One client at a time; "hello" is everybody's password.
 */
#include <epop/epop.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "sockets.h"

static const char *const messages[] = {"Subject: apples\n\nred and green\n", "Subject: pears\n\ngreen\n",
                                       "Subject: plums\n\nblue\n"};
enum { COUNT = sizeof messages / sizeof messages[0] };

static epop_server server;
static uint8_t deleted[1];
static char rows[COUNT * 12];
static const char *body; /* of the response that is being sent: a message, or rows of XFIND */
static size_t sent;

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    (void)user;
    if (event->password.len == 5 && memcmp(event->password.ptr, "hello", 5) == 0) {
        return epop_server_accept(&server);
    }
    return epop_server_refuse(&server, EPOP_CODE_AUTH, NULL, 0);
}

static uint64_t octets_of(const char *message)
{
    epop_size size;

    epop_size_init(&size);
    epop_size_add(&size, message, strlen(message));
    epop_size_end(&size);
    return size.octets;
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    epop_maildrop maildrop = {
        .struct_size = sizeof maildrop, .count = COUNT, .deleted = deleted, .deleted_size = sizeof deleted};
    int i;

    (void)user;
    (void)event;
    for (i = 0; i < COUNT; i++) {
        maildrop.octets += octets_of(messages[i]);
    }
    return epop_server_opened(&server, &maildrop);
}

static int32_t on_message_info(void *user, const epop_message_info_event *event)
{
    char id[16];
    int len = snprintf(id, sizeof id, "fruit-%u", (unsigned)event->number);

    (void)user;
    return epop_server_message_info(&server, octets_of(messages[event->number - 1]), id, (size_t)len);
}

static int32_t on_send(void *user, const epop_send_event *event)
{
    (void)user;
    body = messages[event->number - 1];
    sent = 0;
    return epop_server_accept(&server);
}

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    (void)user;
    (void)event;
    return epop_server_accept(&server);
}

static int has(const char *message, epop_span text)
{
    size_t len = strlen(message), at;

    for (at = 0; at + text.len <= len; at++) {
        if (memcmp(message + at, text.ptr, text.len) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Message-numbers, as LIST has them; those marked as deleted are no more (RFC 1939 section 5). */
static void find(epop_span text)
{
    uint32_t number;
    int end = 0;

    rows[0] = '\0';
    for (number = 1; number <= COUNT; number++) {
        if (!epop_server_is_deleted(&server, number) && has(messages[number - 1], text)) {
            end += snprintf(rows + end, sizeof rows - (size_t)end, "%u\n", (unsigned)number);
        }
    }
    body = rows;
    sent = 0;
}

static int32_t on_command(void *user, const epop_command_event *event)
{
    static const char found[] = "numbers follow";
    const epop_reply reply = {
        .struct_size = sizeof reply, .status = EPOP_STATUS_OK, .detail = {(const uint8_t *)found, sizeof found - 1}};
    epop_span keyword = event->command->keyword; /* as it came, in any letter case */

    (void)user;
    if (keyword.len != 5 || strncasecmp((const char *)keyword.ptr, "XFIND", 5) != 0) {
        return epop_server_refuse(&server, EPOP_CODE_NONE, "unknown command", 15);
    }
    if (event->phase != EPOP_PHASE_TRANSACTION) { /* the mail is for those who have logged in */
        return epop_server_refuse(&server, EPOP_CODE_NONE, "log in first", 12);
    }
    if (event->command->argument.len == 0) {
        return epop_server_refuse(&server, EPOP_CODE_NONE, "XFIND what?", 11);
    }
    find(event->command->argument);
    return epop_server_reply(&server, &reply, EPOP_SHAPE_ROWS); /* EPOP_WANT_BODY comes next, as for a message */
}

static void send_body(void)
{
    size_t used = 0;
    int32_t result = epop_server_body(&server, body + sent, strlen(body) - sent, &used);

    sent += used;
    if (result == EPOP_OK || result == EPOP_END) { /* EPOP_FULL, of both calls: drain, and come again */
        epop_server_body_end(&server);
    }
}

static void serve(int fd, const epop_server_config *config)
{
    uint8_t input[512];
    size_t at = 0, held = 0, len; /* input[at, held) was received, and the session has not taken it yet */
    int32_t result = EPOP_OK;
    time_t start = time(NULL);
    uint32_t wants, seconds;

    epop_server_init(&server, sizeof server, config);
    while (result == EPOP_OK &&
           (!((wants = epop_server_wants(&server)) & EPOP_WANT_CLOSE) || (wants & EPOP_WANT_DRAIN))) {
        if (wants & EPOP_WANT_BODY) {
            send_body();
        } else if (wants & EPOP_WANT_DRAIN) {
            const uint8_t *pending = epop_server_output(&server, &len);
            result = sockets_send(fd, pending, len);
            epop_server_output_ack(&server, len);
        } else if (at < held || (at = held = 0, result = sockets_receive(fd, input, sizeof input, &held)) == EPOP_OK) {
            epop_server_feed(&server, input + at, held - at, &len);
            memset(input + at, 0, len); /* a password may have been there */
            at += len;
        }
        seconds = epop_server_login_deadline(&server); /* or one client that sends an octet a minute would keep us */
        if (seconds != 0 && difftime(time(NULL), start) > seconds) {
            epop_server_timeout(&server);
        }
    }
}

int main(int argc, char **argv)
{
    static const epop_server_callbacks callbacks = {.struct_size = sizeof callbacks,
                                                    .on_auth = on_auth,
                                                    .on_open = on_open,
                                                    .on_message_info = on_message_info,
                                                    .on_send = on_send,
                                                    .on_commit = on_commit,
                                                    .on_command = on_command};
    static const char capabilities[] = "XFIND\r\n";
    static uint8_t line[EPOP_SERVER_LINE_MIN], name[64], output[EPOP_SERVER_OUTPUT_MIN];
    const epop_server_config config = {.struct_size = sizeof config,
                                       .flags = EPOP_SERVER_ALLOW_CLEARTEXT,
                                       .callbacks = &callbacks,
                                       .line_buffer = line,
                                       .line_buffer_size = sizeof line,
                                       .name_buffer = name,
                                       .name_buffer_size = sizeof name,
                                       .output_buffer = output,
                                       .output_buffer_size = sizeof output,
                                       .capabilities = capabilities,
                                       .capabilities_len = sizeof capabilities - 1};
    int listener, fd;

    if (argc != 2) {
        fprintf(stderr, "usage: %s PORT\n", argv[0]);
        return 64;
    }
    if ((listener = sockets_listen(argv[1])) < 0) {
        return 1;
    }
    while ((fd = sockets_accept(listener)) >= 0) {
        serve(fd, &config);
        close(fd);
    }
    return 1;
}
