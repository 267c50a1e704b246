/* Fuzz target for the server session: the client's octets and the host's decisions come from the input, and the
 * questions, the octets sent and the error are the same at once and in pieces.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * "At once": all of a segment fed in one piece, an output with room for everything, answers inside the callbacks,
 * bodies pushed whole. "In pieces": the smallest output, cuts, sips and pauses anywhere, answers later.
 */
#include "fuzz.h"
#include "mechanisms.h"

#include <epop/server.h>

#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 20, BODY_MAX = 700, LARGE_OUTPUT = 1 << 25 };

/* Not of the heap: a sanitizer would spend its time on it. */
static uint8_t large_output[LARGE_OUTPUT];

typedef struct host {
    epop_server server;
    fuzz_input *input;
    uint32_t *cuts; /* NULL: at once */
    uint8_t deleted[(MESSAGES + 7) / 8];
    uint32_t count;
    uint32_t held; /* the kind of a question that waits for its answer */
    uint32_t auth; /* which login's it is */
    uint32_t hash; /* ... and of what kind its key is */
    epop_sasl sasl;
    uint8_t body[BODY_MAX];
    size_t body_at;
    size_t body_len;
    uint32_t body_fails; /* where it is to end in a failure */
    uint32_t number;
    uint32_t quit;
    fuzz_log log;
    fuzz_log sent;
} host;

/* ---------------------------------------------------------------------------------------------------------------------
 * Answers, decided by the input and nothing else
 */

/* A message with everything in it that a body can stumble over. */
static void begin_body(host *h, uint32_t number)
{
    static const char alphabet[] = "\r\n.\r\n\n.\ra\0b";
    uint32_t seed = number;
    size_t i;

    h->body_len = fuzz_below(&seed, number % 3 == 0 ? BODY_MAX : 40);
    for (i = 0; i < h->body_len; i++) {
        h->body[i] = (uint8_t)alphabet[fuzz_below(&seed, sizeof alphabet - 1)];
    }
    h->body_at = 0;
    h->body_fails = fuzz_decide(h->input) % 16 == 5;
    if (h->body_fails) {
        h->body_len = fuzz_decide(h->input) % (h->body_len + 1);
    }
}

static int32_t refuse(host *h, uint32_t what)
{
    uint32_t code = what % 9;

    if (what % 4 == 3) {
        FUZZ_CHECK(epop_server_refuse(&h->server, code, "a\r\n+OK", 6) < EPOP_OK);
    }
    if (code == EPOP_CODE_OTHER) {
        FUZZ_CHECK(epop_server_refuse(&h->server, code, NULL, 0) == EPOP_ERR_VALUE);
        code = EPOP_CODE_NONE;
    }
    return epop_server_refuse(&h->server, code, what & 0x40 ? "no" : NULL, what & 0x40 ? 2 : 0);
}

static int32_t open_maildrop(host *h, uint32_t what)
{
    epop_maildrop maildrop;

    memset(&maildrop, 0, sizeof maildrop);
    maildrop.struct_size = sizeof maildrop;
    h->count = what % (MESSAGES + 1);
    maildrop.count = h->count;
    maildrop.octets = what * 100u;
    maildrop.deleted = h->deleted;
    maildrop.deleted_size = 0;
    if (h->count > 0) {
        FUZZ_CHECK(epop_server_opened(&h->server, &maildrop) == EPOP_ERR_LIMIT_MESSAGES);
    }
    maildrop.deleted_size = sizeof h->deleted;
    maildrop.expire = what & 0x20 ? EPOP_EXPIRE_NEVER : EPOP_UNSET;
    maildrop.login_delay = what & 0x40 ? what : EPOP_UNSET;
    return epop_server_opened(&h->server, &maildrop);
}

static int32_t reply(host *h, uint32_t what)
{
    static const epop_reply none;
    epop_reply line = none;
    uint32_t shape = what / 8 % 3;

    line.struct_size = sizeof line;
    line.status = what & 0x80 ? EPOP_STATUS_ERR : EPOP_STATUS_OK;
    line.detail.ptr = (const uint8_t *)"words";
    line.detail.len = what % 6;
    if (shape != EPOP_SHAPE_SINGLE && line.status == EPOP_STATUS_OK) {
        begin_body(h, what);
    }
    return epop_server_reply(&h->server, &line, shape);
}

/* What is known of a user; everybody is known, and has the same password. */
static int32_t look_up(host *h)
{
    uint8_t keys[2 * EPOP_HASH_MAX];
    epop_scram_key key;

    if (h->auth == EPOP_AUTH_KEY) {
        FUZZ_CHECK(epop_server_answer(&h->server, "x", 1) == EPOP_ERR_NOT_ASKED);
        fuzz_scram_key(h->hash, keys, &key);
        return epop_server_key(&h->server, &key);
    }
    FUZZ_CHECK(epop_server_accept(&h->server) == EPOP_ERR_NOT_ASKED);
    return h->auth == EPOP_AUTH_SECRET    ? epop_server_answer(&h->server, FUZZ_PASSWORD, sizeof FUZZ_PASSWORD - 1)
           : h->auth == EPOP_AUTH_BINDING ? epop_server_answer(&h->server, FUZZ_BINDING, sizeof FUZZ_BINDING - 1)
                                          : epop_server_refuse(&h->server, EPOP_CODE_AUTH, NULL, 0);
}

static uint32_t is_look_up(const host *h, uint32_t kind)
{
    return kind == EPOP_EVENT_AUTH && h->auth >= EPOP_AUTH_FAILED;
}

static int32_t answer(host *h, uint32_t kind)
{
    uint32_t what = fuzz_decide(h->input);
    int32_t result;

    h->held = 0;
    if (is_look_up(h, kind) && what % 8 != 0) {
        result = look_up(h);
    } else if (kind == EPOP_EVENT_COMMAND && what % 4 != 0) {
        result = reply(h, what);
    } else if (what % 8 == 0) {
        result = refuse(h, what);
    } else if (kind == EPOP_EVENT_OPEN) {
        result = open_maildrop(h, what);
    } else if (kind == EPOP_EVENT_COMMAND) {
        result = refuse(h, what);
    } else {
        if (kind == EPOP_EVENT_SEND) {
            begin_body(h, h->number);
        }
        result = epop_server_accept(&h->server);
    }
    /* Given later, an answer runs on, and may so meet the end of the session. */
    FUZZ_CHECK(result == EPOP_OK || (h->cuts && result <= EPOP_ERR_PEER_EOF));
    return result;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Questions
 */

static int32_t pause_or_not(const host *h)
{
    return h->cuts && fuzz_below(h->cuts, 5) == 0 ? EPOP_PAUSE : 0;
}

static int32_t now_or_later(host *h, uint32_t kind)
{
    if (h->cuts && fuzz_below(h->cuts, 2)) {
        h->held = kind;
    } else {
        (void)answer(h, kind);
    }
    return pause_or_not(h);
}

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    host *h = user;

    FUZZ_CHECK(event->auth != EPOP_AUTH_PASSWORD || (event->name.len > 0 && event->password.len > 0));
    FUZZ_CHECK(event->auth == EPOP_AUTH_TOKEN || (!event->more && event->offset == 0));
    fuzz_log_add(&h->log, "auth %s %u %u", event->mechanism, (unsigned)event->auth, (unsigned)event->offset);
    fuzz_log_span(&h->log, event->name);
    fuzz_log_span(&h->log, event->authzid);
    fuzz_log_span(&h->log, event->password);
    fuzz_log_add(&h->log, "\n");
    h->auth = event->auth;
    h->hash = strncmp(event->mechanism, "SCRAM-SHA-256", 13) == 0 ? EPOP_HASH_SHA256 : EPOP_HASH_SHA1;
    if (event->more) {
        return pause_or_not(h);
    }
    return now_or_later(h, event->kind);
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    host *h = user;

    fuzz_log_add(&h->log, "open");
    fuzz_log_span(&h->log, event->name);
    fuzz_log_add(&h->log, "\n");
    return now_or_later(h, event->kind);
}

static int32_t on_message_info(void *user, const epop_message_info_event *event)
{
    host *h = user;
    static const char id[] = "0123456789012345678901234567890123456789012345678901234567890123456789";

    FUZZ_CHECK(event->number >= 1 && event->number <= h->count);
    FUZZ_CHECK(!epop_server_is_deleted(&h->server, event->number));
    fuzz_log_add(&h->log, "info %u\n", (unsigned)event->number);
    if (event->number % 7 == 0) {
        FUZZ_CHECK(epop_server_message_info(&h->server, 1, "a b", 3) == EPOP_ERR_OCTET);
    } else {
        FUZZ_CHECK(epop_server_message_info(&h->server, event->number * 1000u, id, event->number * 4) == EPOP_OK ||
                   event->number * 4 > EPOP_UNIQUE_ID_MAX);
    }
    return pause_or_not(h);
}

static int32_t on_send(void *user, const epop_send_event *event)
{
    host *h = user;

    FUZZ_CHECK(event->number >= 1 && event->number <= h->count && !epop_server_is_deleted(&h->server, event->number));
    h->number = event->number;
    fuzz_log_add(&h->log, "send %u %u %u\n", (unsigned)event->command, (unsigned)event->number, (unsigned)event->lines);
    return now_or_later(h, event->kind);
}

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    host *h = user;
    uint32_t marked = 0;
    uint32_t number;

    for (number = 1; number <= h->count; number++) {
        marked += epop_server_is_deleted(&h->server, number);
    }
    FUZZ_CHECK(event->marked == marked && h->quit++ == 0);
    fuzz_log_add(&h->log, "commit %u\n", (unsigned)marked);
    return now_or_later(h, event->kind);
}

static int32_t on_command(void *user, const epop_command_event *event)
{
    host *h = user;

    FUZZ_CHECK(event->command->id != EPOP_CMD_PASS && event->command->id != EPOP_CMD_AUTH);
    fuzz_log_add(&h->log, "command %u %u", (unsigned)event->phase, (unsigned)event->command->id);
    fuzz_log_span(&h->log, event->command->keyword);
    fuzz_log_span(&h->log, event->command->argument);
    fuzz_log_add(&h->log, "\n");
    return now_or_later(h, event->kind);
}

static int32_t on_trace(void *user, const epop_trace_event *event)
{
    host *h = user;

    FUZZ_CHECK(event->sent || event->line.len < 5 || memcmp(event->line.ptr, "AUTH ", 5) != 0 ||
               memchr(event->line.ptr + 5, ' ', event->line.len - 5) == NULL); /* the mechanism alone */
    fuzz_log_add(&h->log, "%s%u", event->sent ? ">" : "<", (unsigned)event->redacted);
    fuzz_log_span(&h->log, event->line);
    fuzz_log_add(&h->log, "\n");
    return pause_or_not(h);
}

static const epop_server_callbacks callbacks = {sizeof callbacks, 0,         on_auth,    on_open, on_message_info,
                                                on_send,          on_commit, on_command, on_trace};

/* ---------------------------------------------------------------------------------------------------------------------
 * The loop
 */

static int32_t sip(host *h)
{
    size_t len;
    const uint8_t *octets = epop_server_output(&h->server, &len);

    FUZZ_CHECK((octets != NULL) == (len > 0));
    len = h->cuts ? fuzz_below(h->cuts, (uint32_t)len) + (len > 0) : len;
    fuzz_log_octets(&h->sent, octets, len);
    return epop_server_output_ack(&h->server, len);
}

static int32_t push(host *h)
{
    size_t left = h->body_len - h->body_at;
    size_t n = h->cuts ? fuzz_below(h->cuts, 50) : left;
    uint8_t *copy;
    size_t used;
    int32_t result;

    n = n < left ? n : left;
    if (left == 0) {
        return h->body_fails ? epop_server_body_fail(&h->server) : epop_server_body_end(&h->server);
    }
    copy = fuzz_copy(h->body + h->body_at, n);
    result = epop_server_body(&h->server, copy, n, &used);
    free(copy);
    FUZZ_CHECK(used <= n && (result != EPOP_OK || used == n));
    h->body_at += used;
    if (result == EPOP_END) {
        h->body_at = h->body_len;
        h->body_fails = 0;
    }
    return result;
}

/* Does what is wanted, other than feeding. */
static int32_t settle(host *h)
{
    int32_t result = EPOP_OK;
    uint32_t wants = epop_server_wants(&h->server);

    while (result >= 0 && ((wants & (EPOP_WANT_DRAIN | EPOP_WANT_BODY | EPOP_WANT_RESUME)) || h->held)) {
        if (wants & EPOP_WANT_BODY) {
            result = push(h);
            FUZZ_CHECK(result >= EPOP_OK || result == EPOP_ERR_ABORTED);
        } else if (wants & EPOP_WANT_RESUME) {
            size_t used;
            result = epop_server_feed(&h->server, NULL, 0, &used);
        } else if (wants & EPOP_WANT_DRAIN) {
            result = sip(h);
        } else {
            result = answer(h, h->held);
        }
        wants = epop_server_wants(&h->server);
        FUZZ_CHECK(!(wants & EPOP_WANT_ANSWER) == !h->held || result < 0);
    }
    return result;
}

static int32_t feed_segment(host *h, size_t at, size_t end)
{
    int32_t result = settle(h);

    while (result >= 0 && at < end) {
        size_t n = h->cuts ? 1 + fuzz_below(h->cuts, fuzz_below(h->cuts, 2) ? 3 : 90) : end - at;
        uint8_t *copy;
        size_t used;
        n = n < end - at ? n : end - at;
        copy = fuzz_copy(h->input->octets + at, n);
        result = epop_server_feed(&h->server, copy, n, &used);
        free(copy);
        FUZZ_CHECK(used <= n && (result != EPOP_OK || used == n));
        at += used;
        if (result == EPOP_AGAIN || result == EPOP_PAUSED || (h->cuts && fuzz_below(h->cuts, 3) == 0)) {
            result = result >= 0 ? settle(h) : result;
        }
    }
    return result >= 0 ? settle(h) : result;
}

static int32_t dialogue(host *h)
{
    size_t at = 0;
    size_t segment;
    int32_t result = EPOP_OK;

    for (segment = 0; segment < h->input->segment_count && result >= 0; segment++) {
        result = feed_segment(h, at, h->input->segments[segment]);
        at = h->input->segments[segment];
        if (result >= 0) {
            fuzz_log_add(&h->log, "deadline %lu login %lu\n", (unsigned long)epop_server_deadline(&h->server),
                         (unsigned long)epop_server_login_deadline(&h->server));
        }
        if (result >= 0 && (epop_server_wants(&h->server) & EPOP_WANT_TLS)) {
            fuzz_log_add(&h->log, "tls\n");
            result = epop_server_tls_started(&h->server);
        }
    }
    if (result < 0) {
        return result;
    }
    return h->input->more & 4 ? epop_server_timeout(&h->server) : epop_server_eof(&h->server);
}

static void log_end(host *h, int32_t result)
{
    epop_error_info info;

    info.struct_size = sizeof info;
    FUZZ_CHECK(epop_server_error_info(&h->server, &info) == EPOP_OK);
    FUZZ_CHECK(info.code == (result == EPOP_ERR_ENDED ? EPOP_OK : result));
    while (epop_server_wants(&h->server) & EPOP_WANT_DRAIN) {
        FUZZ_CHECK(sip(h) == EPOP_OK);
    }
    FUZZ_CHECK(epop_server_wants(&h->server) == EPOP_WANT_CLOSE);
    FUZZ_CHECK(epop_server_phase(&h->server) == EPOP_PHASE_ENDED);
    fuzz_log_add(&h->log, "%s %llu %u %u\n", epop_error_name(result), (unsigned long long)info.offset,
                 (unsigned)info.phase, (unsigned)info.command);
}

static void run(host *h, fuzz_input *input, uint32_t *cuts)
{
    epop_server_config config;
    size_t output = cuts ? EPOP_SERVER_OUTPUT_MIN + fuzz_below(cuts, 3) * fuzz_below(cuts, 200) : LARGE_OUTPUT;
    uint8_t *out = cuts ? malloc(output) : large_output;
    uint8_t *line = malloc(EPOP_SERVER_LINE_MIN);
    uint8_t *name = malloc(10);
    uint8_t *buffer = NULL;

    memset(h, 0, sizeof *h);
    memset(&config, 0, sizeof config);
    h->input = input;
    h->cuts = cuts;
    input->decision_at = 0;
    config.struct_size = sizeof config;
    config.flags = input->flags & 0x3f;
    config.callbacks = &callbacks;
    config.user = h;
    config.line_buffer = line;
    config.line_buffer_size = EPOP_SERVER_LINE_MIN;
    config.name_buffer = name;
    config.name_buffer_size = 10;
    config.output_buffer = out;
    config.output_buffer_size = output;
    config.capabilities = "LANG\r\nX-FUZZ a b\r\n";
    config.capabilities_len = 18;
    config.expire = 3;
    config.login_delay = EPOP_UNSET;
    config.max_bad_commands = input->flags & 0x40 ? 3 : 0;
    config.sasl = input->more & 1 ? fuzz_sasl_open(&h->sasl, &buffer) : NULL;
    FUZZ_CHECK(epop_server_init(&h->server, sizeof h->server, &config) == EPOP_OK);
    log_end(h, dialogue(h));
    fuzz_holds_no_secret(h->input, &h->server, sizeof h->server);
    fuzz_holds_no_secret(h->input, &h->sasl, sizeof h->sasl);
    fuzz_holds_no_secret(h->input, buffer, buffer ? FUZZ_BUFFER : 0);
    free(buffer);
    free(cuts ? out : NULL);
    free(line);
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input input;
    host whole;
    host split;
    uint32_t round;

    /* What is answered fits the large output, however often it is asked for. */
    if (!fuzz_input_open(&input, data, size)) {
        return 0;
    }
    run(&whole, &input, NULL);
    for (round = 0; round < 2; round++) {
        uint32_t seed = input.seed + round * 256;
        run(&split, &input, &seed);
        fuzz_log_same("questions", &whole.log, &split.log);
        fuzz_log_same("octets sent", &whole.sent, &split.sent);
        fuzz_log_free(&split.log);
        fuzz_log_free(&split.sent);
    }
    fuzz_log_free(&whole.log);
    fuzz_log_free(&whole.sent);
    fuzz_input_close(&input);
    return 0;
}
