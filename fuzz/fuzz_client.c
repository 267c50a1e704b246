/* Fuzz target for the client session: the server's octets and the host's decisions come from the input, and the events,
 * the octets sent and the error are the same at once and in pieces.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Octets that answer a command must come after it was sent, so "at once" is: up to the end of a line, or of a
 * multi-line response where one is under way. "In pieces" cuts that anywhere, pauses in callbacks, answers later, and
 * acknowledges the output in pieces.
 */
#include "fuzz.h"
#include "mechanisms.h"

#include <epop/client.h>

#include <stdlib.h>
#include <string.h>

/* The last is a bound: a host that queues a command whenever one ends could go on for ever. */
enum { SLOTS = 6, OUTPUT = EPOP_CLIENT_OUTPUT_MIN, COMMANDS = 64 };

typedef struct host {
    epop_client client;
    epop_client_slot slots[SLOTS];
    fuzz_input *input;
    uint32_t *cuts; /* NULL: at once */
    uint32_t token; /* of the last command that was queued */
    uint32_t held;  /* a question waits for its answer */
    uint32_t ask;
    size_t offset;    /* where its answer goes on */
    const char *said; /* the answer that was begun */
    epop_sasl sasl;
    fuzz_log log;
    fuzz_log sent;
    uint64_t body;
    uint32_t in_body;
} host;

/* ---------------------------------------------------------------------------------------------------------------------
 * What the host does, decided by the input and nothing else
 */

static int32_t queue(host *h, uint32_t what)
{
    epop_client *c = &h->client;
    uintptr_t token = ++h->token;
    uint32_t number = what / 16 % 4;

    switch (what % 16) {
    case 0:
        return epop_client_login(c, token);
    case 1:
        return epop_client_stls(c, token);
    case 2:
        return epop_client_capa(c, token);
    case 3:
        return epop_client_utf8(c, token);
    case 4:
        return epop_client_stat(c, token);
    case 5:
        return epop_client_list(c, number, token);
    case 6:
        return epop_client_uidl(c, number, token);
    case 7:
        return epop_client_retr(c, number, token);
    case 8:
        return epop_client_top(c, number, what, token);
    case 9:
        return epop_client_dele(c, number, token);
    case 10:
        return epop_client_noop(c, token);
    case 11:
        return epop_client_last(c, token);
    case 12:
        return epop_client_quit(c, token);
    case 13:
        return epop_client_lang(c, "de", number > 0 ? 2 : 0, token);
    case 14:
        return epop_client_raw(c, "XFOO a", 6, number, token);
    default:
        return epop_client_rset(c, token);
    }
}

static void act(host *h)
{
    uint32_t count = fuzz_decide(h->input) % 4;

    while (count-- > 0 && h->token < COMMANDS) {
        uint32_t what = fuzz_decide(h->input);
        int32_t result = queue(h, what);
        fuzz_log_add(&h->log, "call %u %s\n", (unsigned)(what % 16), epop_error_name(result));
    }
}

static const char *text_for(const host *h, uint32_t what)
{
    static const char *const names[] = {"joe", "a b ", "x", "\xc3\xa4"};
    static const char *const secrets[] = {FUZZ_PASSWORD, "s3cr3t a b ", "s3cr3t,=", "s3cr3t\xc3\xa4"};
    static char token[600];

    if (h->ask == EPOP_ASK_BINDING) {
        return FUZZ_BINDING;
    }
    if (h->ask == EPOP_ASK_TOKEN && what / 8 % 4 == 3) {
        memset(token, 't', sizeof token - 1);
        memcpy(token, "s3cr3t", 6);
        return token;
    }
    return h->ask == EPOP_ASK_PASSWORD || h->ask == EPOP_ASK_TOKEN ? secrets[what / 8 % 4] : names[what / 8 % 4];
}

/* The rest of an answer is no new decision. An answer that cannot be taken is followed by none. */
static void answer(host *h)
{
    uint32_t what = h->offset == 0 ? fuzz_decide(h->input) : 2;
    int32_t result;

    h->held = 0;
    if (what % 8 == 0) {
        result = epop_client_answer(&h->client, "a\r\nDELE 1", 9);
        FUZZ_CHECK(result == EPOP_ERR_OCTET || h->ask == EPOP_ASK_BINDING);
    }
    if (what % 8 == 1) {
        result = epop_client_decline(&h->client);
    } else {
        const char *text = h->offset == 0 ? text_for(h, what) : h->said;
        h->said = text;
        result = epop_client_answer(&h->client, text + h->offset, strlen(text) - h->offset);
        if (result == EPOP_ERR_OCTET || result == EPOP_ERR_TOO_LONG) {
            FUZZ_CHECK(h->offset == 0);
            result = epop_client_decline(&h->client);
        }
    }
    FUZZ_CHECK(result >= EPOP_OK || result == EPOP_ERR_ABORTED);
}

/* Lines may be dropped at any event that does not depend on how a body is cut. */
static void maybe_abort(host *h)
{
    uint32_t what = fuzz_decide(h->input);

    if (what % 16 == 7) {
        fuzz_log_add(&h->log, "drain %s\n", epop_error_name(epop_client_abort(&h->client, EPOP_ABORT_DRAIN)));
    }
    if (what % 64 == 9) {
        fuzz_log_add(&h->log, "close %s\n", epop_error_name(epop_client_abort(&h->client, EPOP_ABORT_CLOSE)));
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Events
 */

static int32_t pause_or_not(const host *h)
{
    return h->cuts && fuzz_below(h->cuts, 5) == 0 ? EPOP_PAUSE : 0;
}

static void begin_event(host *h, const char *name, uintptr_t token)
{
    fuzz_log_add(&h->log, "%s%s %lu", h->in_body ? "\n" : "", name, (unsigned long)token);
    h->in_body = 0;
}

static void log_reply(host *h, const epop_reply *reply)
{
    fuzz_log_add(&h->log, " %u %u %u", (unsigned)reply->status, (unsigned)reply->code, (unsigned)reply->retry);
    fuzz_log_span(&h->log, reply->text);
    fuzz_log_span(&h->log, reply->detail);
    fuzz_log_add(&h->log, "\n");
}

static int32_t on_greeting(void *user, const epop_greeting_event *event)
{
    host *h = user;

    begin_event(h, "greeting", event->pop4 * 100 + event->traits);
    fuzz_log_span(&h->log, event->stamp);
    log_reply(h, event->reply);
    act(h);
    return pause_or_not(h);
}

static int32_t on_reply(void *user, const epop_reply_event *event)
{
    host *h = user;

    FUZZ_CHECK(event->reply->status == EPOP_STATUS_OK || event->reply->status == EPOP_STATUS_ERR);
    begin_event(h, "reply", event->token);
    fuzz_log_add(&h->log, " %u %u", (unsigned)event->command, (unsigned)event->number);
    log_reply(h, event->reply);
    h->body = 0;
    maybe_abort(h);
    return pause_or_not(h);
}

static int32_t on_row(void *user, const epop_row_event *event)
{
    host *h = user;

    begin_event(h, "row", event->token);
    fuzz_log_add(&h->log, " %u %u %u", (unsigned)event->command, (unsigned)event->row, (unsigned)event->line_length);
    fuzz_log_span(&h->log, event->line);
    if (event->listing) {
        FUZZ_CHECK(event->row == EPOP_ROW_STAT || event->listing->number > 0);
        fuzz_log_add(&h->log, " %u %llu", (unsigned)event->listing->number, (unsigned long long)event->listing->octets);
        fuzz_log_span(&h->log, event->listing->unique_id);
    }
    if (event->capability) {
        fuzz_log_add(&h->log, " %u", (unsigned)event->capability->id);
        fuzz_log_span(&h->log, event->capability->params);
    }
    FUZZ_CHECK((event->row == EPOP_ROW_CAPA) == (event->capability != NULL));
    FUZZ_CHECK(event->line_length >= event->line.len);
    fuzz_log_add(&h->log, "\n");
    maybe_abort(h);
    return pause_or_not(h);
}

static int32_t on_body(void *user, const epop_body_event *event)
{
    host *h = user;

    FUZZ_CHECK(event->data.len > 0 && event->offset == h->body);
    h->body += event->data.len;
    if (!h->in_body) {
        begin_event(h, "body", event->token);
        fuzz_log_add(&h->log, " %u %u ", (unsigned)event->command, (unsigned)event->number);
        h->in_body = 1;
    }
    fuzz_log_octets(&h->log, event->data.ptr, event->data.len);
    return pause_or_not(h);
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    host *h = user;

    FUZZ_CHECK(event->result == EPOP_ERR_ABORTED || event->octets == h->body || event->status == 0);
    begin_event(h, "end", event->token);
    fuzz_log_add(&h->log, " %u %u %s %u %u %u %llu\n", (unsigned)event->command, (unsigned)event->number,
                 epop_error_name(event->result), (unsigned)event->status, (unsigned)event->code, (unsigned)event->retry,
                 (unsigned long long)event->octets);
    h->body = 0;
    act(h);
    return pause_or_not(h);
}

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    host *h = user;

    if (event->offset == 0) { /* how often an answer is taken up again depends on the room for it */
        begin_event(h, "ask", event->token);
        fuzz_log_add(&h->log, " %u %s\n", (unsigned)event->ask, event->mechanism);
    }
    h->ask = event->ask;
    h->offset = (size_t)event->offset;
    if (h->cuts && fuzz_below(h->cuts, 2)) {
        h->held = 1;
    } else {
        answer(h);
    }
    return pause_or_not(h);
}

static int32_t on_quirk(void *user, const epop_quirk_event *event)
{
    host *h = user;

    begin_event(h, "quirk", event->token);
    fuzz_log_add(&h->log, " %u %s\n", (unsigned)event->command, epop_quirk_name(event->quirk));
    return pause_or_not(h);
}

static int32_t on_trace(void *user, const epop_trace_event *event)
{
    host *h = user;

    begin_event(h, event->sent ? ">" : "<", event->redacted);
    fuzz_log_span(&h->log, event->line);
    fuzz_log_add(&h->log, "\n");
    FUZZ_CHECK(!event->sent || event->line.len < 5 || memcmp(event->line.ptr, "PASS ", 5) != 0);
    FUZZ_CHECK(!event->sent || event->line.len < 5 || memcmp(event->line.ptr, "AUTH ", 5) != 0 ||
               memchr(event->line.ptr + 5, ' ', event->line.len - 5) == NULL); /* the mechanism alone */
    fuzz_holds_no_secret(h->input, event->line.ptr, event->line.len);
    return pause_or_not(h);
}

static const epop_client_callbacks callbacks = {sizeof callbacks, 0,      on_greeting, on_reply, on_row,
                                                on_body,          on_end, on_ask,      on_quirk, on_trace};

/* ---------------------------------------------------------------------------------------------------------------------
 * The loop
 */

/* Sends all there is, answers what is held, and takes up what a pause has left. */
static int32_t settle(host *h)
{
    uint32_t wants = epop_client_wants(&h->client);
    int32_t result = EPOP_OK;

    while (result >= 0 && ((wants & (EPOP_WANT_DRAIN | EPOP_WANT_RESUME)) || h->held)) {
        size_t len;
        const uint8_t *octets = epop_client_output(&h->client, &len);
        if (octets) {
            len = h->cuts ? 1 + fuzz_below(h->cuts, (uint32_t)len) : len;
            fuzz_log_octets(&h->sent, octets, len);
            result = epop_client_output_ack(&h->client, len);
        } else if (h->held) {
            answer(h);
        } else {
            size_t used;
            result = epop_client_feed(&h->client, NULL, 0, &used);
        }
        wants = epop_client_wants(&h->client);
    }
    return result;
}

/* Where what begins at `at` may be fed to in one piece. */
static size_t reach(const host *h, size_t at, size_t end)
{
    const uint8_t *octets = h->input->octets;
    epop_transfer transfer;
    size_t start = at;

    transfer.struct_size = sizeof transfer;
    FUZZ_CHECK(epop_client_transfer(&h->client, &transfer) == EPOP_OK);
    while (start > 0 && octets[start - 1] != '\n') {
        start--;
    }
    while (at < end) {
        size_t len;
        while (at < end && octets[at] != '\n') {
            at++;
        }
        if (at == end) {
            break;
        }
        len = at++ - start;
        if (transfer.command == 0 || (octets[start] == '.' && (len == 1 || (len == 2 && octets[start + 1] == '\r')))) {
            break;
        }
        start = at;
    }
    return at;
}

static int32_t feed(host *h, size_t at, size_t end)
{
    int32_t result = EPOP_OK;

    while (result >= 0 && at < end) {
        size_t n = h->cuts ? 1 + fuzz_below(h->cuts, fuzz_below(h->cuts, 2) ? 3 : 60) : end - at;
        uint8_t *copy;
        size_t used;
        n = n < end - at ? n : end - at;
        copy = fuzz_copy(h->input->octets + at, n);
        result = epop_client_feed(&h->client, copy, n, &used);
        free(copy);
        FUZZ_CHECK(used <= n && (result != EPOP_OK || used == n));
        at += used;
        if (result >= 0 && h->cuts && (epop_client_wants(&h->client) & EPOP_WANT_RESUME) && fuzz_below(h->cuts, 2)) {
            result = epop_client_feed(&h->client, NULL, 0, &used);
        }
    }
    return result;
}

static int32_t dialogue(host *h)
{
    size_t at = 0;
    size_t segment;
    int32_t result = EPOP_OK;

    for (segment = 0; segment < h->input->segment_count; segment++) {
        size_t end = h->input->segments[segment];
        result = settle(h);
        while (result >= 0 && at < end) {
            size_t stop = reach(h, at, end);
            result = feed(h, at, stop);
            at = stop;
            result = result >= 0 ? settle(h) : result;
        }
        if (result < 0) {
            return result;
        }
        if (epop_client_wants(&h->client) & EPOP_WANT_TLS) {
            begin_event(h, "tls\n", 0);
            FUZZ_CHECK(epop_client_tls_started(&h->client) >= EPOP_OK);
        }
    }
    result = settle(h);
    return result < 0 ? result : epop_client_eof(&h->client);
}

static void log_end(host *h, int32_t result)
{
    epop_error_info info;

    info.struct_size = sizeof info;
    FUZZ_CHECK(epop_client_error_info(&h->client, &info) == EPOP_OK);
    FUZZ_CHECK(info.code == (result < 0 ? result : EPOP_OK));
    FUZZ_CHECK(epop_client_wants(&h->client) == EPOP_WANT_CLOSE);
    FUZZ_CHECK(epop_client_phase(&h->client) == EPOP_PHASE_ENDED);
    begin_event(h, epop_error_name(result), (uintptr_t)info.offset);
    fuzz_log_add(&h->log, " %u %u %u\n", (unsigned)info.phase, (unsigned)info.command, (unsigned)info.callback);
}

static void run(host *h, fuzz_input *input, uint32_t *cuts)
{
    static const epop_client_config none;
    epop_client_config config = none;
    uint8_t *line = malloc(EPOP_CLIENT_LINE_MIN);
    uint8_t *out = calloc(1, OUTPUT); /* looked through at the end */
    uint8_t *buffer = NULL;

    memset(h, 0, sizeof *h);
    h->input = input;
    h->cuts = cuts;
    input->decision_at = 0;
    config.struct_size = sizeof config;
    config.flags =
        (input->flags & 7) | (input->more & 2 ? EPOP_CLIENT_STLS : 0) | (input->more & 4 ? EPOP_CLIENT_SASL_ONLY : 0);
    config.sasl = input->more & 1 ? fuzz_sasl_open(&h->sasl, &buffer) : NULL;
    config.callbacks = &callbacks;
    config.user = h;
    config.line_buffer = line;
    config.line_buffer_size = EPOP_CLIENT_LINE_MIN;
    config.output_buffer = out;
    config.output_buffer_size = OUTPUT;
    config.slots = h->slots;
    config.slot_count = 1 + (input->flags >> 3) % SLOTS;
    config.window_commands = input->flags & 0x40 ? 2 : 0;
    config.window_octets = input->flags & 0x80 ? 40 : 0;
    config.max_rows = 20;
    config.max_body = 150;
    FUZZ_CHECK(epop_client_init(&h->client, sizeof h->client, &config) == EPOP_OK);
    act(h);
    log_end(h, dialogue(h));
    fuzz_holds_no_secret(h->input, &h->client, sizeof h->client);
    fuzz_holds_no_secret(h->input, &h->sasl, sizeof h->sasl);
    fuzz_holds_no_secret(h->input, buffer, buffer ? FUZZ_BUFFER : 0);
    fuzz_holds_no_secret(h->input, out, OUTPUT);
    free(buffer);
    free(line);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input;
    host whole;
    host split;
    uint32_t round;

    if (!fuzz_input_open(&input, data, size)) {
        return 0;
    }
    run(&whole, &input, NULL);
    for (round = 0; round < 2; round++) {
        uint32_t seed = input.seed + round * 256;
        run(&split, &input, &seed);
        fuzz_log_same("events", &whole.log, &split.log);
        fuzz_log_same("octets sent", &whole.sent, &split.sent);
        fuzz_log_free(&split.log);
        fuzz_log_free(&split.sent);
    }
    fuzz_log_free(&whole.log);
    fuzz_log_free(&whole.sent);
    fuzz_input_close(&input);
    return 0;
}
