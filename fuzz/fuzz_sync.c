/* Fuzz target for the sync: the server's octets and the host's verdicts come from the input. The events and the octets
 * sent are the same at once and in pieces, and DELE is said of nothing that the host has not let go.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * "At once" is as in fuzz_client.c: up to the end of a line, or of a multi-line response.
 */
#include "fuzz.h"

#include <epop/sync.h>

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 5, TABLE = 7, NUMBERS = 64, MAX_OCTETS = 60 };

/* What comes before the input, line by line: greeting, no CAPA, and a login. */
static const char *const prelude[] = {"+OK\r\n", "-ERR\r\n", "+OK\r\n", "+OK\r\n"};
static const char *const pipelining[] = {"+OK\r\n", "+OK\r\nPIPELINING\r\n.\r\n", "+OK\r\n", "+OK\r\n", "-ERR\r\n"};

typedef struct host {
    epop_client client;
    epop_client_callbacks callbacks;
    epop_client_slot slots[SLOTS];
    epop_sync sync;
    epop_sync_entry *table;
    fuzz_input *input;
    uint32_t *cuts;          /* NULL: at once */
    uint8_t let_go[NUMBERS]; /* by number */
    uint32_t late_count;     /* of a table that is given in on_maildrop */
    uint32_t in_data;
    fuzz_log log;
    fuzz_log sent;
} host;

static int32_t pause_or_not(const host *h)
{
    return h->cuts && fuzz_below(h->cuts, 5) == 0 ? EPOP_PAUSE : 0;
}

static void begin_event(host *h, const char *name, uint32_t number)
{
    fuzz_log_add(&h->log, "%s%s %lu", h->in_data ? "\n" : "", name, (unsigned long)number);
    h->in_data = 0;
}

static void let_go(host *h, uint32_t number)
{
    if (number < NUMBERS) {
        h->let_go[number] = 1;
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The host of the sync
 */

/* Memory, where the config has none: as much as there is, or none at all. */
static int32_t on_maildrop(void *user, const epop_sync_maildrop_event *event)
{
    host *h = user;

    begin_event(h, "maildrop", event->messages);
    fuzz_log_add(&h->log, " %llu\n", (unsigned long long)event->octets);
    FUZZ_CHECK(epop_sync_table(&h->sync, NULL, 1) == EPOP_ERR_NULL);
    FUZZ_CHECK(epop_sync_table(&h->sync, h->table, 0) == EPOP_ERR_VALUE);
    FUZZ_CHECK(epop_sync_table(&h->sync, h->table, 0x80000000u) == EPOP_ERR_VALUE);
    if (h->late_count > 0 && fuzz_decide(h->input) % 8 != 7) {
        FUZZ_CHECK(epop_sync_table(&h->sync, h->table, h->late_count) == EPOP_OK);
    }
    return 0;
}

static void answer_known(host *h, uint32_t number)
{
    uint32_t what = fuzz_decide(h->input);
    int32_t result;

    if (what % 4 == 0) {
        return;
    }
    result = epop_sync_known(&h->sync, what % 4, what / 4, number);
    FUZZ_CHECK(result == EPOP_OK);
    FUZZ_CHECK(epop_sync_known(&h->sync, EPOP_SYNC_NEW, 0, 0) == EPOP_ERR_NOT_ASKED);
    if (what % 4 == EPOP_SYNC_SEEN) {
        let_go(h, number);
    }
}

static int32_t on_listed(void *user, const epop_sync_listed_event *event)
{
    host *h = user;

    FUZZ_CHECK(epop_sync_table(&h->sync, h->table, 1) == EPOP_ERR_NOT_ASKED);
    begin_event(h, "listed", event->number);
    fuzz_log_add(&h->log, " %llu", (unsigned long long)event->octets);
    fuzz_log_span(&h->log, event->unique_id);
    fuzz_log_add(&h->log, "\n");
    answer_known(h, event->number);
    return 0;
}

static void take_data(host *h, const char *name, uint32_t number, uint64_t offset, epop_span data)
{
    if (!h->in_data) {
        begin_event(h, name, number);
        fuzz_log_add(&h->log, " %llu ", (unsigned long long)offset);
        h->in_data = 1;
    }
    fuzz_log_octets(&h->log, data.ptr, data.len);
}

static int32_t on_header(void *user, const epop_sync_header_event *event)
{
    static const uint32_t choices[] = {0, EPOP_SYNC_FETCH, EPOP_SYNC_SKIP, EPOP_SYNC_UNWANTED}; /* 0: no answer */
    host *h = user;
    uint32_t what;

    if (!event->last) {
        FUZZ_CHECK(event->data.len > 0 && event->offset + event->data.len <= MAX_OCTETS);
        take_data(h, "header", event->number, event->offset, event->data);
        return pause_or_not(h);
    }
    begin_event(h, "header ends", event->number);
    fuzz_log_add(&h->log, " %u %u\n", (unsigned)event->purpose, (unsigned)event->status);
    if (event->purpose == EPOP_SYNC_TO_IDENTIFY) {
        answer_known(h, event->number);
        return pause_or_not(h);
    }
    what = choices[fuzz_decide(h->input) % 4];
    if (what > 0) {
        FUZZ_CHECK(epop_sync_choose(&h->sync, what) == EPOP_OK);
    }
    if (what == EPOP_SYNC_UNWANTED) {
        let_go(h, event->number);
    }
    return pause_or_not(h);
}

static int32_t on_begin(void *user, const epop_sync_message_event *event)
{
    host *h = user;

    begin_event(h, "begin", event->number);
    fuzz_log_add(&h->log, " %llu\n", (unsigned long long)event->octets);
    return pause_or_not(h);
}

static int32_t on_body(void *user, const epop_sync_message_event *event)
{
    host *h = user;

    FUZZ_CHECK(event->data.len > 0 && event->octets + event->data.len <= MAX_OCTETS);
    take_data(h, "body", event->number, event->octets, event->data);
    return pause_or_not(h);
}

static int32_t on_end(void *user, const epop_sync_message_event *event)
{
    host *h = user;
    uint32_t stored;

    begin_event(h, "end", event->number);
    fuzz_log_add(&h->log, " %s %llu\n", epop_error_name(event->result), (unsigned long long)event->octets);
    if (event->result != EPOP_OK) {
        FUZZ_CHECK(epop_sync_confirm(&h->sync, event->number, 1) == EPOP_ERR_NOT_ASKED);
        return pause_or_not(h);
    }
    stored = fuzz_decide(h->input) % 4 > 0;
    if (stored) {
        let_go(h, event->number);
    }
    FUZZ_CHECK(epop_sync_confirm(&h->sync, event->number, stored) == EPOP_OK);
    if (fuzz_decide(h->input) % 16 == 5) {
        FUZZ_CHECK(epop_sync_stop(&h->sync) == EPOP_OK);
    }
    return pause_or_not(h);
}

static int32_t on_report(void *user, const epop_sync_report_event *event)
{
    host *h = user;

    begin_event(h, "report", event->number);
    fuzz_log_add(&h->log, " %x %s %u\n", (unsigned)event->outcome, epop_error_name(event->result),
                 (unsigned)event->code);
    FUZZ_CHECK(!(event->outcome & EPOP_SYNC_MARKED) || event->number >= NUMBERS || h->let_go[event->number]);
    FUZZ_CHECK(((event->outcome & EPOP_SYNC_FAILED) != 0) == (event->result != EPOP_OK));
    return 0;
}

static const epop_sync_callbacks sync_callbacks = {
    sizeof sync_callbacks, 0, on_maildrop, on_listed, on_header, on_begin, on_body, on_end, on_report};

/* ---------------------------------------------------------------------------------------------------------------------
 * What passes through to the client's host
 */

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    host *h = user;

    return epop_client_answer(&h->client, event->ask == EPOP_ASK_USER ? "joe" : "secret", 3);
}

static int32_t on_trace(void *user, const epop_trace_event *event)
{
    host *h = user;
    uint32_t number = 0;
    size_t i;

    if (event->sent && event->line.len > 5 && memcmp(event->line.ptr, "DELE ", 5) == 0) {
        for (i = 5; i < event->line.len; i++) {
            number = number * 10 + (uint32_t)(event->line.ptr[i] - '0');
        }
        FUZZ_CHECK(number >= NUMBERS || h->let_go[number]);
    }
    return pause_or_not(h);
}

static int32_t on_quirk(void *user, const epop_quirk_event *event)
{
    host *h = user;

    begin_event(h, epop_quirk_name(event->quirk), event->command);
    fuzz_log_add(&h->log, "\n");
    return pause_or_not(h);
}

static const epop_client_callbacks own_callbacks = {
    sizeof own_callbacks, 0, NULL, NULL, NULL, NULL, NULL, on_ask, on_quirk, on_trace};

/* ---------------------------------------------------------------------------------------------------------------------
 * The loop
 */

static int32_t settle(host *h)
{
    int32_t result = EPOP_OK;

    while (result >= 0 && (epop_client_wants(&h->client) & (EPOP_WANT_DRAIN | EPOP_WANT_RESUME))) {
        size_t len;
        const uint8_t *octets = epop_client_output(&h->client, &len);

        if (octets) {
            len = h->cuts ? 1 + fuzz_below(h->cuts, (uint32_t)len) : len;
            fuzz_log_octets(&h->sent, octets, len);
            result = epop_client_output_ack(&h->client, len);
        } else {
            result = epop_client_feed(&h->client, NULL, 0, &len);
        }
    }
    return result;
}

/* How far the octets from `at` on belong to one line, or to the multi-line response that is under way. */
static size_t reach(const host *h, const uint8_t *octets, size_t at, size_t end)
{
    epop_transfer transfer;
    size_t start = at;

    transfer.struct_size = sizeof transfer;
    FUZZ_CHECK(epop_client_transfer(&h->client, &transfer) == EPOP_OK);
    while (at < end) {
        const uint8_t *found = memchr(octets + at, '\n', end - at);

        at = found ? (size_t)(found - octets) + 1 : end;
        if (!found || transfer.command == 0 || (octets[start] == '.' && at - start <= 3)) {
            break;
        }
        start = at;
    }
    return at;
}

static int32_t feed(host *h, const uint8_t *octets, size_t len)
{
    int32_t result = EPOP_OK;
    size_t at = 0;

    while (result >= 0 && at < len) {
        size_t n = h->cuts ? 1 + fuzz_below(h->cuts, fuzz_below(h->cuts, 2) ? 3 : 60) : len - at;
        uint8_t *copy;
        size_t used;

        n = n < len - at ? n : len - at;
        copy = fuzz_copy(octets + at, n);
        result = epop_client_feed(&h->client, copy, n, &used);
        free(copy);
        at += used;
    }
    return result;
}

static int32_t tell(host *h, const uint8_t *octets, size_t len)
{
    size_t at = 0;
    int32_t result = settle(h);

    while (result >= 0 && at < len) {
        size_t stop = reach(h, octets, at, len);

        result = feed(h, octets + at, stop - at);
        at = stop;
        result = result >= 0 ? settle(h) : result;
        FUZZ_CHECK(epop_client_keep_alive(&h->client) == 0 || epop_client_deadline(&h->client) == 0);
        FUZZ_CHECK(epop_client_is_in_callback(&h->client) == 0);
        FUZZ_CHECK(result < 0 || epop_client_unsent(&h->client) == 0); /* all was acknowledged */
    }
    return result;
}

static void dialogue(host *h)
{
    const char *const *lines = h->input->flags & 0x40 ? pipelining : prelude;
    size_t count = h->input->flags & 0x40 ? 5 : 4;
    int32_t result = EPOP_OK;
    size_t i;

    for (i = 0; i < count && result >= 0; i++) {
        result = tell(h, (const uint8_t *)lines[i], strlen(lines[i]));
    }
    if (result >= 0) {
        result = tell(h, h->input->octets, h->input->len);
    }
    fuzz_log_add(&h->log, "%scapabilities %lx, traits %lu, keep alive %lu, deadline %lu\n", h->in_data ? "\n" : "",
                 (unsigned long)epop_client_capabilities(&h->client), (unsigned long)epop_client_traits(&h->client),
                 (unsigned long)epop_client_keep_alive(&h->client), (unsigned long)epop_client_deadline(&h->client));
    h->in_data = 0;
    if (result >= 0) {
        (void)(h->input->seed & 0x20 ? epop_client_timeout(&h->client) : epop_client_eof(&h->client));
    }
}

static void log_outcome(host *h)
{
    epop_sync_outcome outcome;

    outcome.struct_size = sizeof outcome;
    FUZZ_CHECK(epop_sync_close(&h->sync, &outcome) == EPOP_OK);
    FUZZ_CHECK(epop_sync_close(&h->sync, &outcome) == EPOP_ERR_PHASE);
    FUZZ_CHECK(outcome.malformed_rows == 0 || outcome.deletions == EPOP_SYNC_NOTHING_DELETED);
    FUZZ_CHECK(epop_sync_unconfirmed(&h->sync) == 0);
    begin_event(h, epop_error_name(outcome.result), outcome.deletions);
    fuzz_log_add(&h->log, " %lu %lu %lu %lu %lu\n", (unsigned long)outcome.listed, (unsigned long)outcome.fetched,
                 (unsigned long)outcome.failed, (unsigned long)outcome.marked, (unsigned long)outcome.malformed_rows);
}

static void open_client(host *h, uint8_t *line, uint8_t *out)
{
    static const epop_client_config none;
    epop_client_config config = none;

    h->callbacks.struct_size = sizeof h->callbacks;
    FUZZ_CHECK(epop_sync_client_callbacks(&h->callbacks) == EPOP_OK);
    config.struct_size = sizeof config;
    config.flags = EPOP_CLIENT_ALLOW_CLEARTEXT;
    config.callbacks = &h->callbacks;
    config.user = &h->sync;
    config.line_buffer = line;
    config.line_buffer_size = EPOP_CLIENT_LINE_MIN;
    config.output_buffer = out;
    config.output_buffer_size = EPOP_CLIENT_OUTPUT_MIN;
    config.slots = h->slots;
    config.slot_count = 2 + h->input->more % (SLOTS - 1);
    FUZZ_CHECK(epop_client_init(&h->client, sizeof h->client, &config) == EPOP_OK);
}

static void run(host *h, fuzz_input *input, uint32_t *cuts)
{
    static const epop_sync_config none;
    epop_sync_config config = none;
    uint8_t *line = malloc(EPOP_CLIENT_LINE_MIN);
    uint8_t *out = malloc(EPOP_CLIENT_OUTPUT_MIN);

    memset(h, 0, sizeof *h);
    h->input = input;
    h->cuts = cuts;
    input->decision_at = 0;
    config.struct_size = sizeof config;
    config.flags = input->flags & 0x3F;
    config.callbacks = &sync_callbacks;
    config.user = h;
    config.client = &h->client;
    config.client_callbacks = &own_callbacks;
    config.client_user = h;
    config.table_count = 1 + input->more % TABLE;
    h->table = malloc(config.table_count * sizeof *h->table);
    config.table = h->table;
    if (input->seed & 0x40) {
        h->late_count = config.table_count;
        config.table_count = 0;
        config.table = NULL;
    }
    config.max_messages = input->flags & 0x80 ? 2 : 0;
    config.max_octets = MAX_OCTETS;
    config.max_header = MAX_OCTETS;
    config.keep_newest = 2;
    config.now = 40;
    config.delete_after = input->seed % 3 * 10;
    FUZZ_CHECK(epop_sync_init(&h->sync, sizeof h->sync, &config) == EPOP_OK);
    open_client(h, line, out);
    FUZZ_CHECK(epop_client_login(&h->client, 0) == EPOP_OK);
    FUZZ_CHECK(epop_sync_start(&h->sync) == EPOP_OK);
    dialogue(h);
    log_outcome(h);
    free(h->table);
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
