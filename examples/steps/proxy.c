/* A proxy: passes mail from a server on to its clients, and their deletions back to it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * join.c makes commands of questions, this file moves octets: between our client and the server session, and between
 * the client session and the mail server. One client at a time, without TLS on both sides: keep it on one machine, or
 * put link.h on either side.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "join.h"
#include "sockets.h"

static struct join join;
static int downward, upward; /* the sockets: to our client, and to the mail server */
static uint8_t input[512];   /* input[at, held) came from our client, and the session has not taken it yet */
static size_t at, held;

static void timed_out(void)
{
    if (epop_client_deadline(&join.client) != 0) {
        epop_client_timeout(&join.client);
    } else {
        epop_server_timeout(&join.server);
    }
}

/* Waits for either side, but never for a client whose question is open, nor for a server whose mail nobody takes. A
 * real proxy also keeps the server awake while its client is silent: epop_client_keep_alive. */
static int32_t receive(uint32_t wants)
{
    uint32_t above = epop_client_deadline(&join.client),
             seconds = above != 0 ? above : epop_server_deadline(&join.server);
    int takes = (wants & EPOP_WANT_FEED) != 0; /* our client may have sent more than the session takes for now */
    struct pollfd polled[2] = {{.fd = takes ? downward : -1, .events = POLLIN},
                               {.fd = join_is_full(&join) ? -1 : upward, .events = POLLIN}};
    uint8_t portion[JOIN_PORTION];
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
            epop_server_feed(&join.server, input + at, held - at, &used);
            memset(input + at, 0, used); /* a password may have been there */
            at += used;
        }
    } else if (polled[1].revents != 0) {
        /* An error of the server's is told to our client by join_end. */
        if (sockets_receive(upward, portion, sizeof portion, &len) == EPOP_OK) {
            epop_client_feed(&join.client, portion, len, &used);
        } else {
            epop_client_eof(&join.client);
        }
    }
    return result;
}

/* One thing that can be done. EPOP_END: the session with our client is over. */
static int32_t turn(void)
{
    uint32_t down = epop_server_wants(&join.server), up = epop_client_wants(&join.client);
    const uint8_t *shown;
    int32_t result;
    size_t len;

    if ((down & EPOP_WANT_BODY) && join_push(&join)) {
        return EPOP_OK;
    }
    if (down & EPOP_WANT_DRAIN) {
        shown = epop_server_output(&join.server, &len);
        result = sockets_send(downward, shown, len);
        epop_server_output_ack(&join.server, len);
        return result;
    }
    if (down & EPOP_WANT_CLOSE) {
        return EPOP_END;
    }
    if (up & EPOP_WANT_DRAIN) {
        shown = epop_client_output(&join.client, &len);
        if (sockets_send(upward, shown, len) == EPOP_OK) {
            epop_client_output_ack(&join.client, len);
        } else {
            epop_client_eof(&join.client);
        }
        return EPOP_OK;
    }
    if (up & EPOP_WANT_CLOSE) {
        return join_end(&join) ? EPOP_OK : EPOP_END;
    }
    return receive(down);
}

static void serve(int is_connected)
{
    at = held = 0;
    join_init(&join, is_connected);
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
        serve(upward >= 0);
        epop_server_error_info(&join.server, &below);
        epop_client_error_info(&join.client, &above);
        printf("session: client %s, server %s\n", epop_error_name(below.code), epop_error_name(above.code));
        fflush(stdout);
        close(downward);
        if (upward >= 0) {
            close(upward);
        }
    }
    return 1;
}
