/* The smallest client: prints all messages. Usage: client ADDRESS PORT USER PASSWORD */
#include <arpa/inet.h>
#include <epop/epop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static epop_client client;
static int failed;

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    char **args = user;
    const char *answer = event->ask == EPOP_ASK_USER ? args[3] : args[4];
    return epop_client_answer(&client, answer, strlen(answer)) == EPOP_OK ? 0 : EPOP_ERR_CALLBACK_FIRST;
}

static int32_t on_row(void *user, const epop_row_event *event)
{
    (void)user;
    if (event->row == EPOP_ROW_STAT) { /* as many messages as the queue takes; a real program queues more in on_end */
        for (uint32_t n = 1; n <= event->listing->number && epop_client_retr(&client, n, 0) == EPOP_OK; n++) {
        }
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
    (void)user;
    if (event->result != EPOP_OK || event->status != EPOP_STATUS_OK) {
        failed = fprintf(stderr, "%s: %s\n", epop_command_name(event->command), epop_error_name(event->result));
    }
    if (epop_client_wants(&client) & EPOP_WANT_COMMAND) { /* nothing left to do */
        epop_client_quit(&client, 0);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const epop_client_callbacks callbacks = {.struct_size = sizeof callbacks, .on_row = on_row, .on_body = on_body,
                                                    .on_end = on_end, .on_ask = on_ask};
    static uint8_t line[EPOP_CLIENT_LINE_MIN], output[EPOP_CLIENT_OUTPUT_MIN], octets[4096];
    static epop_client_slot slots[100];
    epop_client_config config = {.struct_size = sizeof config, .flags = EPOP_CLIENT_ALLOW_CLEARTEXT, .callbacks = &callbacks,
        .user = argv, .line_buffer = line, .line_buffer_size = sizeof line, .output_buffer = output,
        .output_buffer_size = sizeof output, .slots = slots, .slot_count = 100};
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(argc == 5 ? atoi(argv[2]) : 0))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int32_t result = EPOP_OK;
    uint32_t wants;
    size_t used, len;
    ssize_t n;

    if (argc != 5 || inet_pton(AF_INET, argv[1], &peer.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&peer, sizeof peer) != 0) {
        return fprintf(stderr, "usage: client ADDRESS PORT USER PASSWORD, with a server listening there\n"), 1;
    }
    epop_client_init(&client, sizeof client, &config);
    epop_client_login(&client, 0);
    epop_client_stat(&client, 0);
    while (!((wants = epop_client_wants(&client)) & EPOP_WANT_CLOSE)) {
        if (wants & EPOP_WANT_DRAIN) {
            const uint8_t *pending = epop_client_output(&client, &len);
            n = send(fd, pending, len, 0);
            result = n > 0 ? epop_client_output_ack(&client, (size_t)n) : epop_client_eof(&client);
        } else {
            n = recv(fd, octets, sizeof octets, 0);
            result = n > 0 ? epop_client_feed(&client, octets, (size_t)n, &used) : epop_client_eof(&client);
        }
    }
    if (result < 0) {
        fprintf(stderr, "the connection failed: %s\n", epop_strerror(result));
    }
    return failed || result < 0;
}
