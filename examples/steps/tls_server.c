/* A server with TLS: one message for everybody whose password is "hello", one client at a time.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The session says when TLS is due (EPOP_WANT_TLS), the host makes it (link.h), and says when it is up. With "tls" it
 * is up before the greeting (port 995); with "stls" clients ask for it (port 110), and who has not is not let in: the
 * flags hold no EPOP_SERVER_ALLOW_CLEARTEXT. How to serve many clients at a time is shown by poll_server.c.
 */
#include <epop/epop.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "link.h"
#include "sockets.h"

static const char message[] = "From: epop\nSubject: hello\n\nIt came by TLS.\n";
static epop_server server;
static uint64_t octets_of_message;
static uint8_t deleted[1];
static size_t sent;
static uint8_t input[4096]; /* input[at, held) was received, and the session has not taken it yet */
static size_t at, held;

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    (void)user;
    if (event->password.len == 5 && memcmp(event->password.ptr, "hello", 5) == 0) {
        return epop_server_accept(&server);
    }
    return epop_server_refuse(&server, EPOP_CODE_AUTH, NULL, 0);
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    const epop_maildrop maildrop = {.struct_size = sizeof maildrop,
                                    .count = 1,
                                    .octets = octets_of_message,
                                    .deleted = deleted,
                                    .deleted_size = sizeof deleted};

    (void)user;
    (void)event;
    return epop_server_opened(&server, &maildrop);
}

static int32_t on_message_info(void *user, const epop_message_info_event *event)
{
    (void)user;
    (void)event;
    return epop_server_message_info(&server, octets_of_message, "tls-1", 5);
}

static int32_t on_send(void *user, const epop_send_event *event)
{
    (void)user;
    (void)event;
    sent = 0;
    return epop_server_accept(&server);
}

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    (void)user;
    printf("deleted %u\n", (unsigned)event->marked);
    return epop_server_accept(&server);
}

static void send_body(void)
{
    size_t used = 0;
    int32_t result = epop_server_body(&server, message + sent, strlen(message) - sent, &used);

    sent += used;
    if (result == EPOP_OK || result == EPOP_END) { /* EPOP_FULL, of both calls: drain, and come again */
        epop_server_body_end(&server);
    }
}

/* What is left of the last portion comes before the socket: a client may have sent commands back to back. */
static int32_t feed(struct link *link)
{
    int32_t result = EPOP_OK;
    size_t used;

    if (at == held) {
        at = held = 0;
        result = link_receive(link, input, sizeof input, &held);
    }
    if (result == EPOP_END) {
        epop_server_eof(&server);
    } else if (result == EPOP_OK) {
        epop_server_feed(&server, input + at, held - at, &used);
        memset(input + at, 0, used); /* a password may have been there */
        at += used;
    }
    return result;
}

/* One of the things that the session wants. Only the transport can fail here: a session that dies, by whatever call,
 * wants EPOP_WANT_DRAIN for the reply that tells the client why, and then EPOP_WANT_CLOSE. */
static int32_t turn(struct link *link, uint32_t wants)
{
    int32_t result = EPOP_OK;
    size_t len;

    if (wants & EPOP_WANT_BODY) {
        send_body();
    } else if (wants & EPOP_WANT_DRAIN) {
        const uint8_t *pending = epop_server_output(&server, &len);
        result = link_send(link, pending, len);
        epop_server_output_ack(&server, len);
    } else if ((wants & EPOP_WANT_TLS) && at == held) {
        if ((result = link_start_tls(link)) == EPOP_OK) {
            epop_server_tls_started(&server);
        }
    } else {
        /* Also where octets are left over that came in the clear after STLS: the session dies of them, as it must.
         * Given to TLS, or kept until it is up, they would be an attacker's way in (RFC 2595 section 4). */
        result = feed(link);
    }
    return result;
}

static int32_t serve(struct link *link, int is_tls)
{
    static const epop_server_callbacks callbacks = {.struct_size = sizeof callbacks,
                                                    .on_auth = on_auth,
                                                    .on_open = on_open,
                                                    .on_message_info = on_message_info,
                                                    .on_send = on_send,
                                                    .on_commit = on_commit};
    static uint8_t line[EPOP_SERVER_LINE_MIN], name[64], output[EPOP_SERVER_OUTPUT_MIN];
    const epop_server_config config = {.struct_size = sizeof config,
                                       .flags = is_tls ? EPOP_SERVER_TLS : EPOP_SERVER_STLS,
                                       .callbacks = &callbacks,
                                       .line_buffer = line,
                                       .line_buffer_size = sizeof line,
                                       .name_buffer = name,
                                       .name_buffer_size = sizeof name,
                                       .output_buffer = output,
                                       .output_buffer_size = sizeof output};
    int32_t result = is_tls ? link_start_tls(link) : EPOP_OK;
    epop_error_info info = {.struct_size = sizeof info};
    time_t start = time(NULL);
    uint32_t wants, seconds;

    at = held = 0;
    epop_server_init(&server, sizeof server, &config);
    while (result == EPOP_OK &&
           (!((wants = epop_server_wants(&server)) & EPOP_WANT_CLOSE) || (wants & EPOP_WANT_DRAIN))) {
        result = turn(link, wants);
        seconds = epop_server_login_deadline(&server); /* or one client that sends an octet a minute would keep us */
        if (seconds != 0 && difftime(time(NULL), start) > seconds) {
            epop_server_timeout(&server);
        }
    }
    epop_server_error_info(&server, &info);
    return result < 0 ? result : info.code;
}

int main(int argc, char **argv)
{
    int is_tls = argc == 5 && strcmp(argv[1], "tls") == 0;
    struct link *link;
    epop_size size;
    int listener, fd;

    if (argc != 5 || (!is_tls && strcmp(argv[1], "stls") != 0)) {
        fprintf(stderr, "usage: %s tls|stls PORT CERTIFICATE-FILE KEY-FILE\n", argv[0]);
        return 64;
    }
    epop_size_init(&size);
    epop_size_add(&size, message, strlen(message));
    epop_size_end(&size);
    octets_of_message = size.octets;
    if ((link = link_server(argv[3], argv[4])) == NULL || (listener = sockets_listen(argv[2])) < 0) {
        return 1;
    }
    while ((fd = sockets_accept(listener)) >= 0) {
        link_attach(link, fd);
        printf("session: %s\n", epop_error_name(serve(link, is_tls)));
        fflush(stdout);
        link_close(link);
    }
    return 1;
}
