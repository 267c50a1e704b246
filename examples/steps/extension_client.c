/* A client that uses a command which the library does not know: asks extension_server.c for XFIND.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * epop_client_raw sends any line; the host says which shape the response has, since nobody else knows it: a status
 * line, or one with lines after it. Whether the server has the command is seen in CAPA, which the login asks for.
 */
#include <epop/epop.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "sockets.h"

static epop_client client;
static const char *name, *text;
static char password[256];
static int has_xfind, failed;

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    const char *answer = event->ask == EPOP_ASK_USER ? name : password;
    (void)user;
    return epop_client_answer(&client, answer, strlen(answer)) == EPOP_OK ? 0 : EPOP_ERR_CALLBACK_FIRST;
}

static int32_t on_row(void *user, const epop_row_event *event)
{
    (void)user;
    if (event->row == EPOP_ROW_CAPA) {
        epop_span tag = event->capability->tag;
        has_xfind |= tag.len == 5 && strncasecmp((const char *)tag.ptr, "XFIND", 5) == 0;
    } else if (event->row == EPOP_ROW_RAW) {
        printf("%.*s\n", (int)event->line.len, (const char *)event->line.ptr);
    }
    return 0;
}

/* A line of ours has no CR or LF in it, or it would be two: EPOP_ERR_OCTET. The session must be idle, since it keeps no
 * copy of the line: EPOP_ERR_BUSY. In on_end of the only command it is. */
static int32_t send_xfind(void)
{
    char line[EPOP_COMMAND_MAX + 1];
    int len = snprintf(line, sizeof line, "XFIND %s", text);

    return len < (int)sizeof line ? epop_client_raw(&client, line, (size_t)len, EPOP_SHAPE_ROWS, 0) : EPOP_ERR_TOO_LONG;
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    int good = event->result == EPOP_OK && event->status == EPOP_STATUS_OK;
    int32_t result = good ? EPOP_OK : event->result;

    (void)user;
    if (good && event->command == EPOP_CMD_LOGIN && has_xfind) {
        result = send_xfind();
    } else if (good && event->command == EPOP_CMD_LOGIN) {
        failed = 1;
        fprintf(stderr, "the server has no XFIND\n");
    }
    if (!good || result != EPOP_OK) {
        failed = 1;
        fprintf(stderr, "%s: %s\n", event->command == EPOP_CMD_LOGIN && !good ? "LOGIN" : "XFIND",
                result != EPOP_OK ? epop_strerror(result) : "the server refused it");
    }
    if (epop_client_wants(&client) & EPOP_WANT_COMMAND) {
        epop_client_quit(&client, 0);
    }
    return 0;
}

static int32_t run(int fd)
{
    uint8_t octets[4096];
    int32_t result = EPOP_OK;
    uint32_t wants;
    size_t len, used;

    while (result >= 0 && (!((wants = epop_client_wants(&client)) & EPOP_WANT_CLOSE) || (wants & EPOP_WANT_DRAIN))) {
        if (wants & EPOP_WANT_DRAIN) {
            const uint8_t *pending = epop_client_output(&client, &len);
            result = sockets_send(fd, pending, len);
            result = result == EPOP_OK ? epop_client_output_ack(&client, len) : result;
        } else {
            result = sockets_receive(fd, octets, sizeof octets, &len);
            if (result >= 0) {
                result = result == EPOP_OK ? epop_client_feed(&client, octets, len, &used) : epop_client_eof(&client);
            }
        }
    }
    return result;
}

int main(int argc, char **argv)
{
    static const epop_client_callbacks callbacks = {
        .struct_size = sizeof callbacks, .on_row = on_row, .on_end = on_end, .on_ask = on_ask};
    static uint8_t line[EPOP_CLIENT_LINE_MIN], output[EPOP_CLIENT_OUTPUT_MIN];
    static epop_client_slot slots[4];
    const epop_client_config config = {.struct_size = sizeof config,
                                       .flags = EPOP_CLIENT_ALLOW_CLEARTEXT,
                                       .callbacks = &callbacks,
                                       .line_buffer = line,
                                       .line_buffer_size = sizeof line,
                                       .output_buffer = output,
                                       .output_buffer_size = sizeof output,
                                       .slots = slots,
                                       .slot_count = 4};
    int32_t result;
    int fd;

    if (argc != 5) {
        fprintf(stderr, "usage: %s HOST PORT USER TEXT, and the password as a line of standard input\n", argv[0]);
        return 64;
    }
    name = argv[3];
    text = argv[4];
    if (sockets_read_password(password, sizeof password) != 0 || (fd = sockets_connect(argv[1], argv[2])) < 0) {
        return 1;
    }
    epop_client_init(&client, sizeof client, &config);
    epop_client_login(&client, 0);
    result = run(fd);
    close(fd);
    if (result < 0) {
        fprintf(stderr, "%s: %s (%s)\n", argv[1], epop_strerror(result), epop_error_name(result));
    }
    return failed || result < 0 || fflush(stdout) != 0;
}
