/* Both sides of a mechanism of your own, x_code.c, log in to each other.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The mechanism stands in the list that epop_sasl_config has, as any of the library's does: the client finds it in
 * CAPA, and the hosts answer its questions. Client and server are in one program here, and each is fed what the other
 * puts out: a session does not care where octets come from.
 */
#include <epop/epop.h>
#include <stdio.h>
#include <string.h>

#include "x_code.h"

static epop_client asking;
static epop_server serving;
static char **given; /* NAME PASSWORD CODE */
static int result_of_login = EPOP_ERR_PEER_EOF;

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    const char *answer = given[event->ask == EPOP_ASK_USER ? 0 : event->ask == EPOP_ASK_PASSWORD ? 1 : 2];

    (void)user;
    /* A long answer is taken in parts, and asked for again from `offset`. */
    return epop_client_answer(&asking, answer + event->offset, strlen(answer) - (size_t)event->offset) == EPOP_OK
               ? 0
               : EPOP_ERR_CALLBACK_FIRST;
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    (void)user;
    if (event->command == EPOP_CMD_LOGIN) {
        result_of_login = event->result;
        epop_client_quit(&asking, 0);
    }
    return 0;
}

static int32_t on_trace(void *user, const epop_trace_event *event)
{
    (void)user;
    printf("%s %.*s%s\n", event->sent ? "C:" : "S:", (int)event->line.len, (const char *)event->line.ptr,
           event->redacted ? " (left out: what is secret)" : "");
    return 0;
}

static int is(epop_span text, const char *wanted)
{
    return text.len == strlen(wanted) && epop_secret_equal(text.ptr, wanted, text.len);
}

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    int good = is(event->name, "joe") && ((event->auth == EPOP_AUTH_PASSWORD && is(event->password, "hello")) ||
                                          (event->auth == EPOP_AUTH_TOKEN && is(event->password, "246810")));

    (void)user;
    printf("server is asked: %s %s\n", event->mechanism,
           event->auth == EPOP_AUTH_PASSWORD ? "password"
           : event->auth == EPOP_AUTH_TOKEN  ? "code"
                                             : "failed");
    return good ? epop_server_accept(&serving) : epop_server_refuse(&serving, EPOP_CODE_AUTH, NULL, 0);
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    const epop_maildrop empty = {.struct_size = sizeof empty};

    (void)user;
    (void)event;
    return epop_server_opened(&serving, &empty);
}

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    (void)user;
    (void)event;
    return epop_server_accept(&serving);
}

static int32_t start(void)
{
    static const epop_sasl_mechanism mechanisms[] = {x_code};
    static const epop_sasl_config sasl = {.struct_size = sizeof sasl, .mechanism_count = 1, .mechanisms = mechanisms};
    static const epop_client_callbacks client_callbacks = {
        .struct_size = sizeof client_callbacks, .on_end = on_end, .on_ask = on_ask, .on_trace = on_trace};
    static const epop_server_callbacks server_callbacks = {
        .struct_size = sizeof server_callbacks, .on_auth = on_auth, .on_open = on_open, .on_commit = on_commit};
    static uint8_t buffers[6][1024];
    static epop_sasl client_sasl, server_sasl;
    static epop_client_slot slots[4];
    const epop_client_config client_config = {.struct_size = sizeof client_config,
                                              .flags = EPOP_CLIENT_ALLOW_CLEARTEXT | EPOP_CLIENT_SASL_ONLY,
                                              .callbacks = &client_callbacks,
                                              .line_buffer = buffers[0],
                                              .line_buffer_size = sizeof buffers[0],
                                              .output_buffer = buffers[1],
                                              .output_buffer_size = sizeof buffers[1],
                                              .slots = slots,
                                              .slot_count = 4,
                                              .sasl = &client_sasl};
    const epop_server_config server_config = {.struct_size = sizeof server_config,
                                              .flags = EPOP_SERVER_ALLOW_CLEARTEXT | EPOP_SERVER_SASL_ONLY,
                                              .callbacks = &server_callbacks,
                                              .line_buffer = buffers[2],
                                              .line_buffer_size = sizeof buffers[2],
                                              .name_buffer = buffers[3],
                                              .name_buffer_size = 255,
                                              .output_buffer = buffers[4],
                                              .output_buffer_size = sizeof buffers[4],
                                              .sasl = &server_sasl};
    static uint8_t server_buffer[EPOP_SASL_BUFFER_MIN];
    int32_t result = epop_sasl_init(&client_sasl, sizeof client_sasl, &sasl, buffers[5], sizeof buffers[5]);

    result = result == EPOP_OK
                 ? epop_sasl_init(&server_sasl, sizeof server_sasl, &sasl, server_buffer, sizeof server_buffer)
                 : result;
    result = result == EPOP_OK ? epop_client_init(&asking, sizeof asking, &client_config) : result;
    result = result == EPOP_OK ? epop_server_init(&serving, sizeof serving, &server_config) : result;
    return result == EPOP_OK ? epop_client_login(&asking, 0) : result;
}

int main(int argc, char **argv)
{
    const uint8_t *octets;
    size_t len, used;

    if (argc != 4) {
        fprintf(stderr, "usage: %s NAME PASSWORD CODE; the right ones are joe, hello and 246810\n", argv[0]);
        return 64;
    }
    given = argv + 1;
    if (start() != EPOP_OK) {
        return 1;
    }
    while (!(epop_client_wants(&asking) & EPOP_WANT_CLOSE)) {
        octets = epop_client_output(&asking, &len);
        epop_server_feed(&serving, octets, len, &used);
        epop_client_output_ack(&asking, used); /* what it did not take comes again */
        octets = epop_server_output(&serving, &len);
        epop_client_feed(&asking, octets, len, &used);
        epop_server_output_ack(&serving, used);
    }
    printf("%s\n", epop_error_name(result_of_login));
    return result_of_login != EPOP_OK;
}
