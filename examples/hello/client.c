/* The smallest client: prints all messages. Usage: client ADDRESS PORT USER PASSWORD */
#include <arpa/inet.h>
#include <epop/epop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static epop_client client;
static char **args;
static int failed;

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    const char *answer = event->ask == EPOP_ASK_USER ? args[3] : args[4];
    (void)user;
    return epop_client_answer(&client, answer, strlen(answer)) == EPOP_OK ? 0 : EPOP_ERR_CALLBACK_FIRST;
}

static int32_t on_row(void *user, const epop_row_event *event)
{
    uint32_t number;
    (void)user;
    if (event->row == EPOP_ROW_STAT) { /* as many messages as the queue takes; a real program queues more in on_end */
        for (number = 1; number <= event->listing->number && epop_client_retr(&client, number, 0) == EPOP_OK; number++) {
        }
        epop_client_quit(&client, 0);
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
        fprintf(stderr, "%s failed: %s\n", epop_command_name(event->command), epop_error_name(event->result));
        failed = 1;
        epop_client_quit(&client, 0);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const epop_client_callbacks callbacks = {.struct_size = sizeof callbacks, .on_ask = on_ask, .on_row = on_row,
                                                    .on_body = on_body, .on_end = on_end};
    static uint8_t line[EPOP_CLIENT_LINE_MIN], output[EPOP_CLIENT_OUTPUT_MIN], octets[4096];
    static epop_client_slot slots[100];
    epop_client_config config = {.struct_size = sizeof config, .flags = EPOP_CLIENT_ALLOW_CLEARTEXT, .callbacks = &callbacks,
        .line_buffer = line, .line_buffer_size = sizeof line, .output_buffer = output, .output_buffer_size = sizeof output,
        .slots = slots, .slot_count = 100};
    struct sockaddr_in peer = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int32_t result = EPOP_OK;
    uint32_t wants;
    size_t used, len;
    ssize_t n;

    args = argv;
    if (argc != 5 || inet_pton(AF_INET, argv[1], &peer.sin_addr) != 1 ||
        (peer.sin_port = htons((uint16_t)atoi(argv[2])), connect(fd, (struct sockaddr *)&peer, sizeof peer)) != 0) {
        return fprintf(stderr, "usage: client ADDRESS PORT USER PASSWORD, with a server listening there\n"), 1;
    }
    epop_client_init(&client, sizeof client, &config);
    epop_client_login(&client, 0);
    epop_client_stat(&client, 0);
    while (!((wants = epop_client_wants(&client)) & EPOP_WANT_CLOSE)) {
        if (wants & EPOP_WANT_DRAIN) {
            const uint8_t *pending = epop_client_output(&client, &len);
            if ((n = send(fd, pending, len, 0)) <= 0) {
                break;
            }
            epop_client_output_ack(&client, (size_t)n);
        } else if ((n = recv(fd, octets, sizeof octets, 0)) > 0) {
            result = epop_client_feed(&client, octets, (size_t)n, &used);
        } else {
            result = epop_client_eof(&client);
        }
    }
    close(fd);
    if (result < 0) {
        fprintf(stderr, "the connection failed: %s\n", epop_strerror(result));
    }
    return failed || result < 0;
}
