/* The smallest server: one message for everybody who knows the password, one client at a time. Usage: server PORT */
#include <arpa/inet.h>
#include <epop/epop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char message[] = "From: epop\nSubject: hello\n\nThe line below is a dot.\n.\n";
static epop_server server;
static uint8_t deleted[1];
static uint64_t octets;
static size_t sent;

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
    epop_maildrop maildrop = {.struct_size = sizeof maildrop, .count = 1, .octets = octets, .deleted = deleted,
                              .deleted_size = sizeof deleted};
    (void)user;
    (void)event;
    return epop_server_opened(&server, &maildrop);
}

static int32_t on_message_info(void *user, const epop_message_info_event *event)
{
    (void)user;
    (void)event;
    return epop_server_message_info(&server, octets, "hello-1", 7);
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
    printf("%u message deleted\n", (unsigned)event->marked);
    return epop_server_accept(&server);
}

static void serve(int fd, const epop_server_config *config)
{
    uint8_t input[512];
    size_t held = 0, used = 0, len; /* input[used, held) was received and not yet taken */
    uint32_t wants;
    ssize_t n;

    epop_server_init(&server, sizeof server, config);
    while (!((wants = epop_server_wants(&server)) & EPOP_WANT_CLOSE) || (wants & EPOP_WANT_DRAIN)) {
        if (wants & EPOP_WANT_BODY) {
            size_t took = 0;
            int32_t result = epop_server_body(&server, message + sent, strlen(message) - sent, &took);
            sent += took;
            if (result == EPOP_OK || result == EPOP_END) {
                epop_server_body_end(&server);
            }
        } else if (wants & EPOP_WANT_DRAIN) {
            const uint8_t *pending = epop_server_output(&server, &len);
            if ((n = send(fd, pending, len, 0)) <= 0) {
                return;
            }
            epop_server_output_ack(&server, (size_t)n);
        } else {
            if (used == held) {
                if ((n = recv(fd, input, sizeof input, 0)) <= 0) {
                    return;
                }
                held = (size_t)n;
                used = 0;
            }
            epop_server_feed(&server, input + used, held - used, &len);
            used += len;
        }
    }
}

int main(int argc, char **argv)
{
    static const epop_server_callbacks callbacks = {.struct_size = sizeof callbacks, .on_auth = on_auth, .on_open = on_open,
                                                    .on_message_info = on_message_info, .on_send = on_send, .on_commit = on_commit};
    static uint8_t line[EPOP_SERVER_LINE_MIN], name[64], output[EPOP_SERVER_OUTPUT_MIN];
    epop_server_config config = {.struct_size = sizeof config, .flags = EPOP_SERVER_ALLOW_CLEARTEXT, .callbacks = &callbacks,
        .line_buffer = line, .line_buffer_size = sizeof line, .name_buffer = name, .name_buffer_size = sizeof name,
        .output_buffer = output, .output_buffer_size = sizeof output};
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(argc == 2 ? atoi(argv[1]) : 0))};
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
    epop_size size;

    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (argc != 2 || bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 5) != 0) {
        return fprintf(stderr, "usage: server PORT, a free one\n"), 1;
    }
    epop_size_init(&size);
    epop_size_add(&size, message, strlen(message));
    epop_size_end(&size);
    octets = size.octets;
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        serve(fd, &config);
        close(fd);
    }
    return 0;
}
