/* Fuzz target for the SASL mechanisms by their verbs, in both roles: what the peer says comes from the input. The
 * questions, the messages and the outcome are the same however a message is cut; nobody gets in, and no server is
 * believed, without the proof; a password that was given is not in the mechanism's memory behind the call.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * An input is as for the session targets: the flags choose mechanism and role, segments are the peer's messages.
 */
#include "fuzz.h"
#include "mechanisms.h"

#include <epop/wire.h>

#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 6000, MESSAGES = 8 };

typedef struct message {
    uint8_t octets[MESSAGE_MAX];
    size_t len;
} message;

typedef struct exchange {
    epop_sasl_step step;
    epop_sasl_mechanism mechanism;
    fuzz_input *input;
    uint32_t *cuts; /* NULL: messages come whole */
    fuzz_log log;
    fuzz_log token;
    message said[MESSAGES]; /* ours */
    message got[MESSAGES];
    size_t said_count;
    size_t got_count;
    uint8_t keys[2 * EPOP_HASH_MAX];
    epop_scram_key key;
    uint32_t known;    /* the host knows the user */
    uint32_t accepted; /* the host has said yes to the last question */
    uint32_t asked;
} exchange;

static int32_t call(exchange *x, uint32_t verb)
{
    x->step.verb = verb;
    return x->mechanism(&x->step);
}

/* Any text that is found is the name of what was found. */
static void find(const uint8_t *data, size_t size)
{
    epop_sasl_mechanism mechanism = epop_sasl_find((const char *)data, size);
    epop_sasl_step step;

    if (mechanism != NULL) {
        memset(&step, 0, sizeof step);
        step.struct_size = sizeof step;
        step.verb = EPOP_SASL_DESCRIBE;
        FUZZ_CHECK(mechanism(&step) == EPOP_OK && strlen(step.name) == size);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The proof, computed once more from what was said
 */

static epop_span span(const void *ptr, size_t len)
{
    epop_span made = {ptr, len};
    return made;
}

static epop_span text(const message *m)
{
    return span(m->octets, m->len);
}

/* The last octet `c`, or the end. */
static size_t last_of(epop_span all, uint8_t c)
{
    size_t at = all.len;

    while (at > 0 && all.ptr[at - 1] != c) {
        at--;
    }
    return at > 0 ? at - 1 : all.len;
}

/* What stands behind the second comma: client-first-bare. */
static epop_span bare_of(epop_span first)
{
    size_t at = 0;
    size_t commas = 0;

    while (at < first.len && commas < 2) {
        commas += first.ptr[at++] == ',';
    }
    return span(first.ptr + at, first.len - at);
}

/* `value` is "x=" and the base64 of these octets. */
static uint32_t is_encoded(epop_span value, const uint8_t *octets, size_t len)
{
    uint8_t encoded[64];
    epop_base64 state;
    size_t used;
    size_t wrote;
    size_t tail;

    (void)epop_base64_init(&state);
    (void)epop_base64_encode(&state, octets, len, &used, encoded, sizeof encoded, &wrote);
    (void)epop_base64_encode_end(&state, encoded + wrote, sizeof encoded - wrote, &tail);
    return value.len == 2 + wrote + tail && memcmp(value.ptr + 2, encoded, wrote + tail) == 0;
}

/* HMAC of AuthMessage. */
static void sign(uint32_t hash, const uint8_t *key, epop_span first, epop_span challenge, epop_span final, uint8_t *out)
{
    epop_span with = span(key, hash == EPOP_HASH_SHA256 ? 32 : 20);
    epop_span parts[5];

    parts[0] = bare_of(first);
    parts[1] = span(",", 1);
    parts[2] = challenge;
    parts[3] = parts[1];
    parts[4] = span(final.ptr, last_of(final, ','));
    FUZZ_CHECK(fuzz_crypto.hmac(NULL, hash, &with, parts, 5, out) == 0);
}

/* The server lets somebody in: H(proof XOR ClientSignature) is StoredKey. As the client is the input, the proof that it
 * must have sent is not known; but it can be turned round. */
static void check_proof(const exchange *x)
{
    epop_span final = text(&x->got[1]);
    epop_span key;
    size_t at = last_of(final, ',') + 3;
    size_t len = x->step.hashes == EPOP_HASH_SHA256 ? 32 : 20;
    uint8_t signature[EPOP_HASH_MAX];
    uint8_t proof[64];
    epop_base64 state;
    size_t used;
    size_t wrote;
    size_t i;

    FUZZ_CHECK(x->known && x->got_count == 3 && x->got[2].len == 0 && at < final.len);
    (void)epop_base64_init(&state);
    FUZZ_CHECK(epop_base64_decode(&state, final.ptr + at, final.len - at, &used, proof, sizeof proof, &wrote) ==
               EPOP_OK);
    FUZZ_CHECK(wrote == len);
    sign(x->step.hashes, x->keys, text(&x->got[0]), text(&x->said[0]), final, signature);
    for (i = 0; i < len; i++) {
        proof[i] ^= signature[i];
    }
    key = span(proof, len);
    FUZZ_CHECK(fuzz_crypto.hash(NULL, x->step.hashes, &key, 1, signature) == 0);
    FUZZ_CHECK(memcmp(signature, x->keys, len) == 0);
}

/* The client believes the server: it has signed with ServerKey. What the input says of salt and iterations may be other
 * than ours; then the input cannot know the key, and FINISH must have said no. */
static void check_signature(exchange *x)
{
    uint8_t signature[EPOP_HASH_MAX];

    FUZZ_CHECK(x->got_count >= 2 && x->said_count >= 2);
    fuzz_scram_key(x->step.hashes, x->keys, &x->key);
    sign(x->step.hashes, x->keys + EPOP_HASH_MAX, text(&x->said[0]), text(&x->got[0]), text(&x->said[1]), signature);
    FUZZ_CHECK(is_encoded(text(&x->got[1]), signature, x->key.server_key.len));
}

/* CRAM-MD5: the name and the digest of the challenge that the server has said. */
static void check_digest(const exchange *x)
{
    static const char digits[] = "0123456789abcdef";
    epop_span password = span(FUZZ_PASSWORD, sizeof FUZZ_PASSWORD - 1);
    epop_span challenge = text(&x->said[0]);
    epop_span response = text(&x->got[0]);
    uint8_t mac[16];
    size_t i;

    FUZZ_CHECK(x->known && response.len > 33);
    FUZZ_CHECK(fuzz_crypto.hmac(NULL, EPOP_HASH_MD5, &password, &challenge, 1, mac) == 0);
    for (i = 0; i < 32; i++) {
        int nibble = i % 2 ? mac[i / 2] & 15 : mac[i / 2] >> 4;
        FUZZ_CHECK((response.ptr[response.len - 32 + i] | 0x20) == (digits[nibble] | 0x20));
    }
}

static uint32_t is_scram(const exchange *x)
{
    return strncmp(x->step.name, "SCRAM", 5) == 0;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Messages
 */

static void say_part(message *m, epop_span part)
{
    if (part.len > sizeof m->octets - m->len) {
        part.len = sizeof m->octets - m->len; /* longer than anything that is of use here */
    }
    if (part.len > 0) {
        memcpy(m->octets + m->len, part.ptr, part.len);
    }
    m->len += part.len;
}

/* The answer to a client's question. */
static int32_t reply(exchange *x, message *m)
{
    static const char *const texts[] = {"", FUZZ_USER, FUZZ_PASSWORD, "s3cr3t-token", "", "trace"};
    const char *answer = texts[x->step.ask];
    uint8_t *copy;
    int32_t result;

    fuzz_log_add(&x->log, "ask %u\n", (unsigned)x->step.ask);
    if (!x->step.keep) {
        say_part(m, span(answer, strlen(answer)));
        return EPOP_OK;
    }
    copy = fuzz_copy(answer, strlen(answer));
    x->step.data = span(copy, strlen(answer));
    result = call(x, EPOP_SASL_ANSWER);
    free(copy);
    fuzz_holds_no_secret(x->input, x->step.state, x->step.state_size);
    return result;
}

/* A message of ours; what it comes to. */
static int32_t say(exchange *x)
{
    message *m = &x->said[x->said_count++];
    int32_t result;

    m->len = 0;
    do {
        FUZZ_CHECK(x->step.role == EPOP_SASL_SERVER || call(x, EPOP_SASL_FINISH) != EPOP_OK || x->said_count > 1);
        x->step.keep = 0;
        result = call(x, EPOP_SASL_NEXT);
        if (result == EPOP_ASK) {
            result = reply(x, m);
        } else if (result == EPOP_OK) {
            say_part(m, x->step.text);
        }
    } while (result == EPOP_OK);
    fuzz_log_add(&x->log, "said %ld", (long)result);
    fuzz_log_span(&x->log, text(m));
    fuzz_log_add(&x->log, "\n");
    return result;
}

static int32_t take(exchange *x, const uint8_t *octets, size_t len, uint32_t last)
{
    int32_t result;

    for (;;) {
        uint8_t *copy = fuzz_copy(octets, len);
        x->step.data = span(copy, len);
        x->step.last = last;
        x->step.more = 0;
        x->step.used = len;
        result = call(x, EPOP_SASL_TAKE);
        FUZZ_CHECK(x->step.used <= len);
        if (result == EPOP_ASK && x->step.ask == EPOP_AUTH_TOKEN) {
            fuzz_log_octets(&x->token, x->step.secret.ptr, x->step.secret.len);
        }
        free(copy);
        if (result != EPOP_ASK || !x->step.more) {
            return result;
        }
        fuzz_log_add(&x->log, "piece %u\n", (unsigned)x->step.secret.len);
        octets += x->step.used;
        len -= x->step.used;
    }
}

/* A message of the peer's. */
static int32_t hear(exchange *x, epop_span all)
{
    message *m = &x->got[x->got_count++];
    int32_t result = EPOP_OK;
    size_t at = 0;

    m->len = 0;
    say_part(m, all);
    while (x->cuts && result == EPOP_OK && at < all.len) {
        size_t n = 1 + fuzz_below(x->cuts, fuzz_below(x->cuts, 2) ? 3 : 60);
        n = n < all.len - at ? n : all.len - at;
        if (at + n == all.len && fuzz_below(x->cuts, 2)) {
            break;
        }
        result = take(x, all.ptr + at, n, 0);
        at += n;
    }
    if (result == EPOP_OK) {
        result = take(x, all.ptr + at, all.len - at, 1);
    }
    fuzz_log_add(&x->log, "heard %ld\n", (long)result);
    return result;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The host of a server
 */

static uint32_t is_tim(epop_span name)
{
    return name.len == sizeof FUZZ_USER - 1 && memcmp(name.ptr, FUZZ_USER, name.len) == 0;
}

static int32_t answer(exchange *x)
{
    uint32_t what = fuzz_decide(x->input);
    int32_t result;

    fuzz_log_add(&x->log, "question %u", (unsigned)x->step.ask);
    fuzz_log_span(&x->log, x->step.user);
    fuzz_log_span(&x->log, x->step.authzid);
    fuzz_log_span(&x->log, x->step.ask == EPOP_AUTH_TOKEN ? span(x->token.octets, x->token.len) : x->step.secret);
    fuzz_log_add(&x->log, "\n");
    x->asked = x->step.ask;
    x->known = x->asked == EPOP_AUTH_SECRET || x->asked == EPOP_AUTH_KEY ? is_tim(x->step.user) : x->known;
    x->accepted = what % 8 != 0;
    if (x->asked == EPOP_AUTH_SECRET || x->asked == EPOP_AUTH_KEY) {
        x->accepted = x->known;
    }
    x->step.accepted = x->accepted;
    x->step.data = span(NULL, 0);
    if (x->asked == EPOP_AUTH_KEY) {
        fuzz_scram_key(x->step.hashes, x->keys, &x->key);
        x->step.key = x->known ? &x->key : NULL;
    } else if (x->asked == EPOP_AUTH_SECRET && x->known) {
        x->step.data = span(FUZZ_PASSWORD, sizeof FUZZ_PASSWORD - 1);
    } else if (x->asked == EPOP_AUTH_BINDING) {
        x->step.data = span(FUZZ_BINDING, sizeof FUZZ_BINDING - 1);
    }
    result = call(x, EPOP_SASL_ANSWER);
    x->step.key = NULL;
    if (x->asked != EPOP_AUTH_PASSWORD) { /* what the peer said may have the word in it */
        fuzz_log_add(&x->log, "answered %ld\n", (long)result);
    }
    return result;
}

/* Somebody is in. */
static void check_entry(const exchange *x)
{
    FUZZ_CHECK(x->accepted);
    if (is_scram(x)) {
        FUZZ_CHECK(x->asked == EPOP_AUTH_PROVEN);
        check_proof(x);
    } else if (strcmp(x->step.name, "CRAM-MD5") == 0) {
        FUZZ_CHECK(x->asked == EPOP_AUTH_PROVEN);
        check_digest(x);
    } else {
        FUZZ_CHECK(x->asked < EPOP_AUTH_FAILED);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The exchange
 */

static int32_t questions(exchange *x, int32_t result)
{
    while (result == EPOP_ASK) {
        result = answer(x);
    }
    return result;
}

static void talk(exchange *x)
{
    uint32_t is_server = x->step.role == EPOP_SASL_SERVER;
    uint32_t client_begins = (x->step.properties & EPOP_SASL_CLIENT_FIRST) != 0;
    uint32_t we_begin = client_begins != is_server;
    int32_t result = we_begin ? say(x) : EPOP_OK;
    size_t at = 0;
    size_t i;

    if (we_begin && result != EPOP_END) {
        return;
    }
    for (i = 0; i < x->input->segment_count && x->got_count < MESSAGES - 1; i++) {
        result = questions(x, hear(x, span(x->input->octets + at, x->input->segments[i] - at)));
        at = x->input->segments[i];
        if (result == EPOP_OK) {
            result = say(x);
        } else if (result == EPOP_END && is_server) {
            check_entry(x);
            return;
        }
        if (result != EPOP_END) {
            return;
        }
    }
    if (!is_server && call(x, EPOP_SASL_FINISH) == EPOP_OK && is_scram(x)) {
        check_signature(x);
    }
}

static void run(exchange *x, fuzz_input *input, uint32_t *cuts)
{
    memset(x, 0, sizeof *x);
    x->input = input;
    x->cuts = cuts;
    input->decision_at = 0;
    x->mechanism = fuzz_sasl_config.mechanisms[input->flags % (fuzz_sasl_config.mechanism_count - 1)]; /* not APOP */
    x->step.struct_size = sizeof x->step;
    x->step.role = input->flags >> 7;
    x->step.config = &fuzz_sasl_config;
    FUZZ_CHECK(call(x, EPOP_SASL_DESCRIBE) == EPOP_OK);
    x->step.state_size = x->step.state_min + (input->more & 1 ? 500 : 0);
    x->step.state = calloc(1, x->step.state_size);
    FUZZ_CHECK(x->step.state != NULL);
    if (x->step.role == EPOP_SASL_CLIENT) {
        x->step.binding = span(FUZZ_BINDING, sizeof FUZZ_BINDING - 1);
        x->step.unbound = input->more >> 1 & 1;
    }
    FUZZ_CHECK(call(x, EPOP_SASL_START) == EPOP_OK);
    talk(x);
    free(x->step.state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static exchange whole;
    static exchange split;
    fuzz_input input;
    uint32_t round;

    find(data, size);
    if (size > MESSAGE_MAX / 2 || !fuzz_input_open(&input, data, size)) {
        return 0;
    }
    run(&whole, &input, NULL);
    for (round = 0; round < 2; round++) {
        uint32_t seed = input.seed + round * 256;
        run(&split, &input, &seed);
        fuzz_log_same("exchanges", &whole.log, &split.log);
        fuzz_log_same("tokens", &whole.token, &split.token);
        fuzz_log_free(&split.log);
        fuzz_log_free(&split.token);
    }
    fuzz_log_free(&whole.log);
    fuzz_log_free(&whole.token);
    fuzz_input_close(&input);
    return 0;
}
