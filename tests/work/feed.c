/* Feeds one octet again and again, in every state, in small chunks and large ones, for callgrind to count what it
 * costs. laws/work.py builds and runs this, and judges.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The instructions of each case are a dump of callgrind whose trigger is the words
 *
 *     CASE LETTER CHUNK OFFERED
 *
 * OFFERED octets were there to be taken. A session that ends at an error took fewer, and cost less.
 */
#include <epop/epop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

enum { LINE = 65536, BODY = 1048576, SMALL = 64, MIDDLE = 4096 };

/* One octet stands for all that are like it: a letter, both halves of a line end, what is stuffed, what ends a C
 * string, what ends a word, and what is no ASCII. And V, of which base64 makes the letter U, where that of A is NUL. */
static const char *const letter_names[] = {"A", "CR", "LF", "dot", "NUL", "space", "0xFF", "V"};
static const char letters[] = {'A', '\r', '\n', '.', '\0', ' ', '\xff', 'V'};

static uint8_t in[BODY];
static uint8_t out[3 * BODY + 16];

/* What a case works with. All of it is new for each. */
static struct {
    epop_client client;
    epop_client_slot slots[4];
    epop_server server;
    epop_sasl sasl;
    epop_sasl_config config;
    epop_sasl_mechanism mechanisms[1];
    uint8_t line[EPOP_CLIENT_LINE_MIN], sent[4096], name[64], memory[EPOP_SASL_BUFFER_MIN];
    epop_line decoder;
    epop_dot_decoder dot;
    epop_dot_encoder stuff;
    epop_size size;
    epop_top top;
    epop_base64 base64;
} w;

static void expect(int right, const char *what)
{
    if (!right) {
        printf("not as it should be: %s\n", what);
        exit(1);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Sessions
 */

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    (void)user, (void)event;
    return epop_client_answer(&w.client, "joe", 3);
}

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    (void)user;
    return event->auth == EPOP_AUTH_FAILED || event->more ? 0 : epop_server_accept(&w.server);
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    epop_maildrop empty;

    (void)user, (void)event;
    memset(&empty, 0, sizeof empty);
    empty.struct_size = sizeof empty;
    return epop_server_opened(&w.server, &empty);
}

static int32_t on_trace(void *user, const epop_trace_event *event)
{
    (void)user, (void)event;
    return 0;
}

static void open_sasl(epop_sasl_mechanism mechanism)
{
    w.mechanisms[0] = mechanism;
    w.config.struct_size = sizeof w.config;
    w.config.mechanism_count = 1;
    w.config.mechanisms = w.mechanisms;
    expect(epop_sasl_init(&w.sasl, sizeof w.sasl, &w.config, w.memory, sizeof w.memory) == EPOP_OK, "epop_sasl_init");
}

static void drain_server(void)
{
    size_t len;

    while (epop_server_output(&w.server, &len) != NULL) {
        expect(epop_server_output_ack(&w.server, len) >= 0, "epop_server_output_ack");
    }
}

static void server_hears(const char *text)
{
    size_t used;

    expect(epop_server_feed(&w.server, text, strlen(text), &used) == EPOP_OK, text);
    expect(used == strlen(text), text);
    drain_server();
}

static void open_server(epop_sasl_mechanism mechanism)
{
    static const epop_server_callbacks callbacks = {sizeof callbacks, 0, on_auth, on_open, NULL, NULL, NULL, NULL,
                                                    on_trace};
    epop_server_config config;

    open_sasl(mechanism);
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.flags = EPOP_SERVER_TLS;
    config.callbacks = &callbacks;
    config.line_buffer = w.line;
    config.line_buffer_size = EPOP_SERVER_LINE_MIN;
    config.name_buffer = w.name;
    config.name_buffer_size = sizeof w.name;
    config.output_buffer = w.sent;
    config.output_buffer_size = sizeof w.sent;
    config.sasl = &w.sasl;
    expect(epop_server_init(&w.server, sizeof w.server, &config) == EPOP_OK, "epop_server_init");
    drain_server();
}

static void drain_client(void)
{
    size_t len;

    while (epop_client_output(&w.client, &len) != NULL && len > 0) {
        expect(epop_client_output_ack(&w.client, len) >= 0, "epop_client_output_ack");
    }
}

static void client_hears(const char *text)
{
    size_t used;

    expect(epop_client_feed(&w.client, text, strlen(text), &used) == EPOP_OK, text);
    drain_client();
}

static void open_client(epop_sasl_mechanism mechanism)
{
    static const epop_client_callbacks callbacks = {sizeof callbacks, 0,    NULL,    NULL, NULL, NULL, NULL,
                                                    on_ask,           NULL, on_trace};
    epop_client_config config;

    open_sasl(mechanism);
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.flags = EPOP_CLIENT_TLS;
    config.callbacks = &callbacks;
    config.line_buffer = w.line;
    config.line_buffer_size = sizeof w.line;
    config.output_buffer = w.sent;
    config.output_buffer_size = sizeof w.sent;
    config.slots = w.slots;
    config.slot_count = 4;
    config.sasl = &w.sasl;
    expect(epop_client_init(&w.client, sizeof w.client, &config) == EPOP_OK, "epop_client_init");
}

/* In the TRANSACTION phase. */
static void log_in(void)
{
    open_client(epop_sasl_plain);
    client_hears("+OK\r\n");
    expect(epop_client_login(&w.client, 1) == EPOP_OK, "epop_client_login");
    drain_client();
    client_hears("-ERR\r\n");
    client_hears("+OK\r\n");
    client_hears("+OK\r\n");
    while (epop_client_phase(&w.client) != EPOP_PHASE_TRANSACTION) {
        client_hears("-ERR\r\n");
    }
}

/* Where the next line may be a challenge. */
static void begin_exchange(epop_sasl_mechanism mechanism, const char *capability)
{
    open_client(mechanism);
    client_hears("+OK\r\n");
    expect(epop_client_login(&w.client, 1) == EPOP_OK, "epop_client_login");
    drain_client();
    client_hears("+OK\r\n");
    client_hears(capability);
    client_hears(".\r\n");
}

static void at_greeting(void)
{
    open_client(epop_sasl_plain);
}

static void at_reply(void)
{
    log_in();
    expect(epop_client_stat(&w.client, 2) == EPOP_OK, "epop_client_stat");
    drain_client();
}

static void at_text_of_reply(void)
{
    at_reply();
    client_hears("+OK ");
}

static void at_list(void)
{
    log_in();
    expect(epop_client_list(&w.client, 0, 2) == EPOP_OK, "epop_client_list");
    drain_client();
    client_hears("+OK\r\n");
}

static void at_uidl(void)
{
    log_in();
    expect(epop_client_uidl(&w.client, 0, 2) == EPOP_OK, "epop_client_uidl");
    drain_client();
    client_hears("+OK\r\n1 ");
}

static void at_body(void)
{
    log_in();
    expect(epop_client_retr(&w.client, 1, 2) == EPOP_OK, "epop_client_retr");
    drain_client();
    client_hears("+OK\r\n");
}

static void at_prompt(void)
{
    begin_exchange(epop_sasl_login, "SASL LOGIN\r\n");
    client_hears("+ ");
}

static void at_challenge(void)
{
    begin_exchange(epop_sasl_xoauth2, "SASL XOAUTH2\r\n");
    client_hears("+ ");
}

static int32_t feed_client(const uint8_t *data, size_t len, size_t *used)
{
    return epop_client_feed(&w.client, data, len, used);
}

static void at_first_command(void)
{
    open_server(epop_sasl_plain);
}

static void at_password(void)
{
    open_server(epop_sasl_plain);
    server_hears("USER joe\r\n");
    server_hears("PASS ");
}

static void at_command(void)
{
    open_server(epop_sasl_plain);
    server_hears("USER joe\r\n");
    server_hears("PASS joe\r\n");
    expect(epop_server_phase(&w.server) == EPOP_PHASE_TRANSACTION, "login");
}

static void at_response(void)
{
    open_server(epop_sasl_plain);
    server_hears("AUTH PLAIN\r\n");
}

static void at_token(void)
{
    open_server(epop_sasl_xoauth2);
    server_hears("AUTH XOAUTH2\r\ndXNlcj1qb2UBYXV0aD1CZWFyZXIg");
}

static void at_initial_response(void)
{
    open_server(epop_sasl_plain);
    server_hears("AUTH PLAIN ");
}

static int32_t feed_server(const uint8_t *data, size_t len, size_t *used)
{
    int32_t result = epop_server_feed(&w.server, data, len, used);

    drain_server();
    return result;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Parts
 */

static void new_line(void)
{
    expect(epop_line_init(&w.decoder, w.line, sizeof w.line, EPOP_EOL_FIRST) == EPOP_OK, "epop_line_init");
}

static int32_t take_line(const uint8_t *data, size_t len, size_t *used)
{
    epop_line_text text = {sizeof text, 0, {NULL, 0}};

    return epop_line_feed(&w.decoder, data, len, used, &text);
}

static void new_dot(void)
{
    expect(epop_dot_decoder_init(&w.dot, EPOP_EOL_CRLF) == EPOP_OK, "epop_dot_decoder_init");
}

static int32_t take_dot(const uint8_t *data, size_t len, size_t *used)
{
    epop_span slice;

    return epop_dot_decode(&w.dot, data, len, used, &slice);
}

static void new_stuff(void)
{
    expect(epop_dot_encoder_init(&w.stuff) == EPOP_OK, "epop_dot_encoder_init");
}

static int32_t take_stuff(const uint8_t *data, size_t len, size_t *used)
{
    size_t wrote;

    return epop_dot_encode(&w.stuff, data, len, used, out, sizeof out, &wrote);
}

/* With less space than there is to write, as an output buffer has it. */
static int32_t take_stuff_little(const uint8_t *data, size_t len, size_t *used)
{
    size_t wrote;

    return epop_dot_encode(&w.stuff, data, len, used, out, 512, &wrote);
}

static void new_size(void)
{
    expect(epop_size_init(&w.size) == EPOP_OK, "epop_size_init");
}

static int32_t take_size(const uint8_t *data, size_t len, size_t *used)
{
    *used = len;
    return epop_size_add(&w.size, data, len);
}

static void new_top(void)
{
    expect(epop_top_init(&w.top, 0xFFFFFFFFu) == EPOP_OK, "epop_top_init");
}

static int32_t take_top(const uint8_t *data, size_t len, size_t *used)
{
    return epop_top_take(&w.top, data, len, used);
}

static void new_base64(void)
{
    expect(epop_base64_init(&w.base64) == EPOP_OK, "epop_base64_init");
}

static int32_t take_base64_encode(const uint8_t *data, size_t len, size_t *used)
{
    size_t wrote;

    return epop_base64_encode(&w.base64, data, len, used, out, sizeof out, &wrote);
}

static int32_t take_base64_decode(const uint8_t *data, size_t len, size_t *used)
{
    size_t wrote;

    return epop_base64_decode(&w.base64, data, len, used, out, 512, &wrote);
}

/* ------------------------------------------------------------------------------------------------------------------ */

typedef struct work_case {
    const char *name;
    void (*reach)(void);
    int32_t (*feed)(const uint8_t *data, size_t len, size_t *used);
    size_t octets;
} work_case;

static const work_case cases[] = {
    {"client:greeting", at_greeting, feed_client, LINE},
    {"client:reply", at_reply, feed_client, LINE},
    {"client:reply-text", at_text_of_reply, feed_client, LINE - 4},
    {"client:list", at_list, feed_client, LINE},
    {"client:uidl", at_uidl, feed_client, LINE - 2},
    {"client:prompt", at_prompt, feed_client, LINE - 2},
    {"client:challenge", at_challenge, feed_client, LINE - 2},
    {"client:body", at_body, feed_client, BODY},
    {"server:first-command", at_first_command, feed_server, LINE},
    {"server:password", at_password, feed_server, LINE - 5},
    {"server:command", at_command, feed_server, LINE},
    {"server:response", at_response, feed_server, LINE},
    {"server:token", at_token, feed_server, LINE - 28},
    {"server:initial-response", at_initial_response, feed_server, LINE - 11},
    {"line", new_line, take_line, LINE},
    {"dot", new_dot, take_dot, BODY},
    {"stuff", new_stuff, take_stuff, BODY},
    {"stuff-little", new_stuff, take_stuff_little, LINE},
    {"size", new_size, take_size, BODY},
    {"top", new_top, take_top, BODY},
    {"base64-encode", new_base64, take_base64_encode, LINE},
    {"base64-decode", new_base64, take_base64_decode, LINE},
};

/* All octets, in chunks; what a feed leaves is fed again. */
static void run(const work_case *work, size_t octets, size_t chunk)
{
    size_t pos = 0;
    size_t used = 1;
    int32_t result = EPOP_OK;

    while (pos < octets && result >= 0 && used > 0) {
        size_t end = octets - pos < chunk ? octets : pos + chunk;

        for (used = 1; pos < end && result >= 0 && used > 0; pos += used) {
            result = work->feed(in + pos, end - pos, &used);
        }
    }
}

static void measure(const work_case *work, size_t letter, size_t octets, size_t chunk)
{
    char words[100];

    (void)snprintf(words, sizeof words, "%s %s %lu %lu", work->name, letter_names[letter], (unsigned long)chunk,
                   (unsigned long)octets);
    memset(&w, 0, sizeof w);
    work->reach();
    CALLGRIND_ZERO_STATS;
    run(work, octets, chunk);
    CALLGRIND_DUMP_STATS_AT(words);
}

int main(void)
{
    for (size_t letter = 0; letter < sizeof letters; letter++) {
        memset(in, letters[letter], sizeof in);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            size_t some = cases[i].octets < LINE ? cases[i].octets : (size_t)LINE;

            measure(&cases[i], letter, some, SMALL);
            measure(&cases[i], letter, some, MIDDLE);
            measure(&cases[i], letter, cases[i].octets, cases[i].octets);
        }
    }
    return 0;
}
