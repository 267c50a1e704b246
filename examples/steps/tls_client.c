/* A client with TLS: prints all messages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The session says when TLS is due (EPOP_WANT_TLS), the host makes it (link.h), and says when it is up. With "tls" it
 * is up before the session hears anything (port 995); with "stls" the session asks for it before it logs in (port 110),
 * and where the server does not offer it no password is sent.
 */
#include <epop/epop.h>
#include <stdio.h>
#include <string.h>

#include "link.h"
#include "sockets.h"

static epop_client client;
static const char *name;
static char password[256];
static uint32_t next = 1, count; /* messages: the next one to ask for, and how many there are */
static int failed;

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    const char *answer = event->ask == EPOP_ASK_USER ? name : password;
    (void)user;
    return epop_client_answer(&client, answer, strlen(answer)) == EPOP_OK ? 0 : EPOP_ERR_CALLBACK_FIRST;
}

static int32_t on_row(void *user, const epop_row_event *event)
{
    (void)user;
    if (event->row == EPOP_ROW_STAT) {
        count = event->listing->number;
    }
    return 0;
}

static int32_t on_body(void *user, const epop_body_event *event)
{
    (void)user;
    return fwrite(event->data.ptr, 1, event->data.len, stdout) == event->data.len ? 0 : EPOP_ERR_CALLBACK_FIRST;
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    int good = event->result == EPOP_OK && event->status == EPOP_STATUS_OK;

    (void)user;
    if (!good) {
        failed = 1;
        fprintf(stderr, "%s: %s\n", epop_command_name(event->command),
                event->result != EPOP_OK ? epop_strerror(event->result) : "the server refused it");
    }
    if (good && event->command == EPOP_CMD_LOGIN) {
        epop_client_stat(&client, 0);
    }
    while (next <= count && epop_client_retr(&client, next, 0) == EPOP_OK) { /* as many as the queue takes */
        next++;
    }
    if (epop_client_wants(&client) & EPOP_WANT_COMMAND) { /* nothing is queued or under way any more */
        epop_client_quit(&client, 0);
    }
    return 0;
}

/* One of the things that the session wants. */
static int32_t turn(struct link *link, uint32_t wants)
{
    uint8_t octets[4096];
    size_t len, used;
    int32_t result;

    if (wants & EPOP_WANT_DRAIN) {
        const uint8_t *pending = epop_client_output(&client, &len);
        result = link_send(link, pending, len);
        return result == EPOP_OK ? epop_client_output_ack(&client, len) : result;
    }
    if (wants & EPOP_WANT_TLS) {
        /* A client's feed uses all or fails: no octet that came in the clear is left over for TLS. */
        result = link_start_tls(link);
        return result == EPOP_OK ? epop_client_tls_started(&client) : result;
    }
    result = link_receive(link, octets, sizeof octets, &len);
    if (result == EPOP_OK) {
        return epop_client_feed(&client, octets, len, &used);
    }
    return result == EPOP_END ? epop_client_eof(&client) : result;
}

static int32_t run(struct link *link, int is_tls)
{
    static const epop_client_callbacks callbacks = {
        .struct_size = sizeof callbacks, .on_row = on_row, .on_body = on_body, .on_end = on_end, .on_ask = on_ask};
    static uint8_t line[EPOP_CLIENT_LINE_MIN], output[EPOP_CLIENT_OUTPUT_MIN];
    static epop_client_slot slots[20];
    const epop_client_config config = {.struct_size = sizeof config,
                                       .flags = is_tls ? EPOP_CLIENT_TLS : EPOP_CLIENT_STLS,
                                       .callbacks = &callbacks,
                                       .line_buffer = line,
                                       .line_buffer_size = sizeof line,
                                       .output_buffer = output,
                                       .output_buffer_size = sizeof output,
                                       .slots = slots,
                                       .slot_count = 20};
    int32_t result = epop_client_init(&client, sizeof client, &config);
    uint32_t wants;

    if (result == EPOP_OK) {
        result = epop_client_login(&client, 0);
    }
    if (result == EPOP_OK && is_tls) {
        result = link_start_tls(link);
    }
    while (result >= 0 && (!((wants = epop_client_wants(&client)) & EPOP_WANT_CLOSE) || (wants & EPOP_WANT_DRAIN))) {
        result = turn(link, wants);
    }
    return result;
}

int main(int argc, char **argv)
{
    int is_tls = argc == 6 && strcmp(argv[1], "tls") == 0;
    struct link *link;
    int32_t result;
    int fd;

    if (argc != 6 || (!is_tls && strcmp(argv[1], "stls") != 0)) {
        /* An argument could be read by every user of this machine, in the list of processes. */
        fprintf(stderr, "usage: %s tls|stls HOST PORT USER CA-FILE, and the password as a line of standard input\n",
                argv[0]);
        return 64;
    }
    name = argv[4];
    if ((link = link_client(argv[2], argv[5])) == NULL || sockets_read_password(password, sizeof password) != 0 ||
        (fd = sockets_connect(argv[2], argv[3])) < 0) {
        return 1;
    }
    link_attach(link, fd);
    result = run(link, is_tls);
    link_close(link);
    if (result < 0) {
        fprintf(stderr, "%s: %s (%s)\n", argv[2], epop_strerror(result), epop_error_name(result));
    }
    return failed || result < 0 || fflush(stdout) != 0;
}
