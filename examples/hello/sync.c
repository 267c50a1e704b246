/* The smallest client that remembers: prints new messages, each once. Usage: sync ADDRESS PORT USER PASSWORD SEEN-FILE */
#include <arpa/inet.h>
#include <epop/epop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { WINDOW = 16 }; /* messages at a time: all the memory that it takes, however many there are */

struct host {
    char **args;
    epop_client client;
    epop_sync sync;
    char ids[WINDOW][EPOP_UNIQUE_ID_MAX + 1]; /* of the messages of the window */
    FILE *seen;
};

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    struct host *host = user;
    const char *answer = event->ask == EPOP_ASK_USER ? host->args[3] : host->args[4];

    return epop_client_answer(&host->client, answer, strlen(answer)) == EPOP_OK ? 0 : EPOP_ERR_CALLBACK_FIRST;
}

static int32_t on_listed(void *user, const epop_sync_listed_event *event)
{
    struct host *host = user;
    char *id = host->ids[event->number % WINDOW];
    char line[EPOP_UNIQUE_ID_MAX + 2];
    int is_seen = 0;

    if (event->unique_id.len > EPOP_UNIQUE_ID_MAX) {
        return 0; /* not answered: skipped */
    }
    memcpy(id, event->unique_id.ptr, event->unique_id.len);
    id[event->unique_id.len] = '\0';
    for (rewind(host->seen); !is_seen && fgets(line, sizeof line, host->seen) != NULL;) {
        line[strcspn(line, "\n")] = '\0';
        is_seen = strcmp(line, id) == 0;
    }
    return epop_sync_known(&host->sync, is_seen ? EPOP_SYNC_SEEN : EPOP_SYNC_NEW, 0, 0);
}

static int32_t on_body(void *user, const epop_sync_message_event *event)
{
    (void)user;
    return fwrite(event->data.ptr, 1, event->data.len, stdout) == event->data.len ? 0 : EPOP_ERR_CALLBACK_FIRST;
}

/* Stored, then recorded, then confirmed: whatever happens in between, nothing is lost. */
static int32_t on_end(void *user, const epop_sync_message_event *event)
{
    struct host *host = user;

    if (event->result != EPOP_OK || fflush(stdout) != 0 || fseek(host->seen, 0, SEEK_END) != 0 ||
        fprintf(host->seen, "%s\n", host->ids[event->number % WINDOW]) < 0 || fflush(host->seen) != 0) {
        return event->result != EPOP_OK ? 0 : EPOP_ERR_CALLBACK_FIRST;
    }
    return epop_sync_confirm(&host->sync, event->number, 1);
}

static int32_t start(struct host *host, const epop_client_callbacks *callbacks, epop_client_slot *slots)
{
    static const epop_client_callbacks own = {.struct_size = sizeof own, .on_ask = on_ask};
    static const epop_sync_callbacks mail = {
        .struct_size = sizeof mail, .on_listed = on_listed, .on_body = on_body, .on_end = on_end};
    static epop_sync_entry table[WINDOW];
    static uint8_t line[EPOP_CLIENT_LINE_MIN], output[EPOP_CLIENT_OUTPUT_MIN];
    epop_sync_config sync = {.struct_size = sizeof sync, .callbacks = &mail, .user = host, .client = &host->client,
        .client_callbacks = &own, .client_user = host, .table = table, .table_count = WINDOW};
    epop_client_config client = {.struct_size = sizeof client, .flags = EPOP_CLIENT_ALLOW_CLEARTEXT,
        .callbacks = callbacks, .user = &host->sync, .line_buffer = line, .line_buffer_size = sizeof line,
        .output_buffer = output, .output_buffer_size = sizeof output, .slots = slots, .slot_count = WINDOW};

    epop_sync_init(&host->sync, sizeof host->sync, &sync);
    epop_client_init(&host->client, sizeof host->client, &client);
    epop_client_login(&host->client, 0);
    return epop_sync_start(&host->sync);
}

int main(int argc, char **argv)
{
    static struct host host;
    static epop_client_callbacks callbacks = {.struct_size = sizeof callbacks};
    static epop_client_slot slots[WINDOW];
    static uint8_t octets[4096];
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(argc == 6 ? atoi(argv[2]) : 0))};
    epop_sync_outcome outcome = {.struct_size = sizeof outcome};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    uint32_t wants;
    size_t used, len;
    ssize_t n;

    host.args = argv;
    if (argc != 6 || inet_pton(AF_INET, argv[1], &peer.sin_addr) != 1 || !(host.seen = fopen(argv[5], "a+")) ||
        connect(fd, (struct sockaddr *)&peer, sizeof peer) != 0) {
        return fprintf(stderr, "usage: sync ADDRESS PORT USER PASSWORD SEEN-FILE, with a server listening there\n"), 1;
    }
    epop_sync_client_callbacks(&callbacks);
    start(&host, &callbacks, slots);
    while (!((wants = epop_client_wants(&host.client)) & EPOP_WANT_CLOSE)) {
        if (wants & EPOP_WANT_DRAIN) {
            const uint8_t *pending = epop_client_output(&host.client, &len);
            n = send(fd, pending, len, 0);
            n > 0 ? epop_client_output_ack(&host.client, (size_t)n) : epop_client_eof(&host.client);
        } else {
            n = recv(fd, octets, sizeof octets, 0);
            n > 0 ? epop_client_feed(&host.client, octets, (size_t)n, &used) : epop_client_eof(&host.client);
        }
    }
    epop_sync_close(&host.sync, &outcome);
    fprintf(stderr, "%s: %u listed, %u fetched, %u failed\n", epop_error_name(outcome.result), (unsigned)outcome.listed,
            (unsigned)outcome.fetched, (unsigned)outcome.failed);
    return outcome.result != EPOP_OK || outcome.failed > 0;
}
