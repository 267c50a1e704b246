/* Fuzz target for the TLS adapter: its client and its server in one process, and somebody between them who alters
 * records. What arrives is always a beginning of what was sent, and nothing of it comes after an altered record; an
 * error stays; with nothing altered all arrives, and both ends close in good order; it is all the same however the
 * octets are cut.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * An input is four octets: flags; how much the client and the server write, in steps of 512 octets (but the low two
 * bits are octets); a seed. Then alterations of five octets each: the kind, with the high bit for what the server
 * sends; the number of the record; an offset in it; a value. For TLS_INSERT that many octets follow. The generators of
 * both ends and the clock are fixed, so that the same input gives the same records.
 */
#include "fuzz.h"
#include "identity.h"
#include "tls_lane.h"

#include <epop/mbedtls.h>

#include <mbedtls/ssl_ticket.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CLIENT = 0, SERVER = 1 };

enum {
    RESUMED = 0x01,
    SMALL_CLIENT = 0x02,
    SMALL_SERVER = 0x04,
    ANY_HOST = 0x08,
    WRONG_HOST = 0x10,
    ADDRESS = 0x20,
    FIRST = 0x40 /* of no input: the session that others resume is made */
};

enum { HEAD = 4, OP = 5, OPS_MAX = 12, INSERTED_MAX = 64, PLAIN_MAX = 40000, OUTPUT_MAX = 20000, STEPS_MAX = 1000000 };

typedef struct end {
    mbedtls_ssl_context ssl;
    epop_tls tls;
    uint8_t output[OUTPUT_MAX];
    uint32_t seed; /* of the random generator */
    int32_t error;
    uint32_t has_ended;
    uint32_t is_told; /* of the end of the transport */
    size_t to_write;
    size_t written;
    size_t got;
} end;

typedef struct world {
    uint32_t flags;
    uint32_t seed;
    tls_op ops[OPS_MAX];
    size_t op_count;
    tls_lane lanes[2]; /* by who sends */
    end ends[2];
    uint32_t *cuts; /* NULL: octets come as they are sent */
    uint32_t steps;
} world;

/* ---------------------------------------------------------------------------------------------------------------------
 * What is the same in all runs
 */

static mbedtls_ssl_config confs[2];
static mbedtls_ssl_ticket_context tickets;
static mbedtls_ssl_session session;
static mbedtls_x509_crt certificate;
static mbedtls_pk_context key;
static uint32_t ticket_seed;
static world *now; /* the run whose generators are used */

/* mbedTLS puts the time into its first message, and compares certificates with it: instead of libc's, a day in 2027. */
time_t time(time_t *out)
{
    if (out) {
        *out = 1800000000;
    }
    return 1800000000;
}

static int draw(void *user, unsigned char *dst, size_t len)
{
    uint32_t *seed = user == &ticket_seed ? &ticket_seed : &now->ends[user == &confs[SERVER]].seed;
    size_t i;

    for (i = 0; i < len; i++) {
        dst[i] = (unsigned char)fuzz_next(seed);
    }
    return 0;
}

static int read_key(void)
{
#if MBEDTLS_VERSION_NUMBER < 0x03000000
    return mbedtls_pk_parse_key(&key, fuzz_key, sizeof fuzz_key, NULL, 0);
#else
    return mbedtls_pk_parse_key(&key, fuzz_key, sizeof fuzz_key, NULL, 0, draw, &ticket_seed);
#endif
}

static void configure(uint32_t role)
{
    mbedtls_ssl_config *conf = &confs[role];

    mbedtls_ssl_config_init(conf);
    FUZZ_CHECK(mbedtls_ssl_config_defaults(conf, role == SERVER ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                           MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) == 0);
    mbedtls_ssl_conf_rng(conf, draw, conf);
    FUZZ_CHECK(epop_tls_configure(conf, role == SERVER ? EPOP_TLS_SERVER : EPOP_TLS_CLIENT) == EPOP_OK);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    mbedtls_ssl_conf_max_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2); /* the oracles know its records */
#endif
}

static void prepare(void)
{
    mbedtls_x509_crt_init(&certificate);
    mbedtls_pk_init(&key);
    mbedtls_ssl_session_init(&session);
    mbedtls_ssl_ticket_init(&tickets);
    configure(CLIENT);
    configure(SERVER);
    FUZZ_CHECK(mbedtls_x509_crt_parse_der(&certificate, fuzz_certificate, sizeof fuzz_certificate) == 0);
    FUZZ_CHECK(read_key() == 0);
    mbedtls_ssl_conf_ca_chain(&confs[CLIENT], &certificate, NULL);
    FUZZ_CHECK(mbedtls_ssl_conf_own_cert(&confs[SERVER], &certificate, &key) == 0);
    FUZZ_CHECK(mbedtls_ssl_ticket_setup(&tickets, draw, &ticket_seed, MBEDTLS_CIPHER_AES_256_GCM, 86400) == 0);
    mbedtls_ssl_conf_session_tickets_cb(&confs[SERVER], mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The ends
 */

static uint8_t letter(uint32_t from, size_t at)
{
    return (uint8_t)(at * 7 + at / 251 + from * 128);
}

static size_t portion(world *w, size_t len)
{
    size_t most = w->cuts ? 1 + fuzz_below(w->cuts, fuzz_below(w->cuts, 4) ? 900 : 6) : len;

    return len < most ? len : most;
}

/* An error is the same from every call, and closes; what is in the output may still go. */
static void check_dead(end *e)
{
    uint8_t octet = 0;
    size_t used = 1;
    size_t before;
    size_t after;

    (void)epop_tls_output(&e->tls, &before);
    FUZZ_CHECK(e->error == EPOP_ERR_PEER_TLS || e->error == EPOP_ERR_PEER_CERTIFICATE || e->error == EPOP_ERR_PEER_EOF);
    FUZZ_CHECK(epop_tls_feed(&e->tls, &octet, 1, &used) == e->error && used == 0);
    FUZZ_CHECK(epop_tls_write(&e->tls, &octet, 1, &used) == e->error && used == 0);
    FUZZ_CHECK(epop_tls_read(&e->tls, &octet, 1, &used) == e->error && used == 0);
    FUZZ_CHECK(epop_tls_close(&e->tls) == e->error);
    FUZZ_CHECK(epop_tls_eof(&e->tls) == e->error);
    FUZZ_CHECK(epop_tls_binding(&e->tls, NULL, NULL, 0, &used) == e->error);
    FUZZ_CHECK((epop_tls_wants(&e->tls) & (EPOP_WANT_CLOSE | EPOP_WANT_FEED)) == EPOP_WANT_CLOSE);
    (void)epop_tls_output(&e->tls, &after);
    FUZZ_CHECK(after == before);
}

static void note_result(end *e, int32_t result)
{
    if (result == EPOP_END) {
        e->has_ended = 1;
    } else if (result < 0) {
        FUZZ_CHECK(e->error == EPOP_OK || e->error == result);
        e->error = result;
    }
}

/* All plaintext that is there. */
static void read_all(world *w, uint32_t who)
{
    end *e = &w->ends[who];
    uint8_t *dst = malloc(PLAIN_MAX);
    size_t got;
    size_t i;

    FUZZ_CHECK(dst != NULL);
    do {
        int32_t result = epop_tls_read(&e->tls, dst, portion(w, PLAIN_MAX), &got);
        for (i = 0; i < got; i++) {
            FUZZ_CHECK(dst[i] == letter(!who, e->got + i));
        }
        e->got += got;
        FUZZ_CHECK(got == 0 || result == EPOP_OK);
        if (result != EPOP_ERR_PHASE) {
            note_result(e, result);
        }
    } while (got > 0);
    FUZZ_CHECK(e->got <= w->lanes[!who].allowed);
    free(dst);
}

static uint32_t send_some(world *w, uint32_t from)
{
    size_t len;
    const uint8_t *octets = epop_tls_output(&w->ends[from].tls, &len);

    len = portion(w, len);
    if (len > 0) {
        FUZZ_CHECK(epop_tls_output_ack(&w->ends[from].tls, len + OUTPUT_MAX) == EPOP_ERR_VALUE);
        tls_lane_collect(&w->lanes[from], octets, len);
        FUZZ_CHECK(epop_tls_output_ack(&w->ends[from].tls, len) == EPOP_OK);
    }
    return len > 0;
}

static uint32_t receive_some(world *w, uint32_t who)
{
    tls_lane *l = &w->lanes[!who];
    end *e = &w->ends[who];
    size_t len = portion(w, l->out.len - l->out_at);
    size_t used = 0;
    size_t before = e->got;
    size_t waiting;
    uint8_t *copy;
    int32_t result;

    if (len == 0 || e->error != EPOP_OK || e->has_ended || !(epop_tls_wants(&e->tls) & EPOP_WANT_FEED)) {
        return 0;
    }
    copy = fuzz_copy(l->out.octets + l->out_at, len);
    result = epop_tls_feed(&e->tls, copy, len, &used);
    free(copy);
    FUZZ_CHECK(used <= len && (result != EPOP_OK || used == len));
    FUZZ_CHECK(result <= EPOP_OK || result == EPOP_AGAIN || result == EPOP_END);
    l->out_at += used;
    note_result(e, result);
    read_all(w, who);
    (void)epop_tls_output(&e->tls, &waiting);
    FUZZ_CHECK(result != EPOP_AGAIN || e->got > before || waiting > 0);
    return 1;
}

/* Until nothing moves: all that one side has said first, then what the other says to it. */
static void settle(world *w)
{
    uint32_t moved;
    uint32_t from;

    do {
        moved = 0;
        for (from = 0; from < 2; from++) {
            while (send_some(w, from) || receive_some(w, !from)) {
                moved = 1;
                FUZZ_CHECK(++w->steps < STEPS_MAX);
            }
        }
    } while (moved);
    for (from = 0; from < 2; from++) {
        end *e = &w->ends[!from];
        if (w->lanes[from].has_ended && !e->is_told) {
            int32_t result = epop_tls_eof(&e->tls);
            e->is_told = 1;
            FUZZ_CHECK((result == EPOP_OK) == (e->has_ended && e->error == EPOP_OK));
            note_result(e, result);
            read_all(w, !from);
        }
    }
}

static void write_some(world *w, uint32_t who, size_t most)
{
    end *e = &w->ends[who];
    size_t len = e->to_write - e->written < most ? e->to_write - e->written : most;
    uint8_t *octets = malloc(len + 1);
    size_t used = 0;
    size_t i;
    int32_t result;

    FUZZ_CHECK(octets != NULL);
    for (i = 0; i < len; i++) {
        octets[i] = letter(who, e->written + i);
    }
    result = epop_tls_write(&e->tls, octets, len, &used);
    free(octets);
    FUZZ_CHECK(used <= len && (result < 0 || result == EPOP_FULL || (result == EPOP_OK && used == len)));
    if (result < 0 && result != EPOP_ERR_PHASE) {
        note_result(e, result);
    }
    e->written += used;
    e->to_write = result < 0 ? e->written : e->to_write;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * A run
 */

/* A session that is resumed has been made with the right name, and the host says no other one then. */
static uint32_t is_wrong_host(const world *w)
{
    return !(w->flags & ANY_HOST) && ((w->flags & ADDRESS) || (w->flags & (WRONG_HOST | RESUMED)) == WRONG_HOST);
}

static void open_end(world *w, uint32_t role)
{
    end *e = &w->ends[role];
    uint32_t small = w->flags & (role == SERVER ? SMALL_SERVER : SMALL_CLIENT);
    uint32_t flags = role == SERVER ? EPOP_TLS_SERVER : w->flags & ANY_HOST ? EPOP_TLS_NO_HOST_CHECK : EPOP_TLS_CLIENT;
    const char *host = !is_wrong_host(w) ? "pop.example" : w->flags & ADDRESS ? "127.0.0.1" : "pop.invalid";

    mbedtls_ssl_init(&e->ssl);
    FUZZ_CHECK(mbedtls_ssl_setup(&e->ssl, &confs[role]) == 0);
    if (role == CLIENT && (w->flags & RESUMED)) {
        FUZZ_CHECK(mbedtls_ssl_set_session(&e->ssl, &session) == 0);
    }
    FUZZ_CHECK(epop_tls_init(&e->tls, sizeof e->tls, &e->ssl, flags, role == SERVER ? NULL : host, e->output,
                             small ? (size_t)EPOP_TLS_OUTPUT_MIN : sizeof e->output) == EPOP_OK);
    if (role == SERVER) {
        FUZZ_CHECK(epop_tls_server_certificate(&e->tls, fuzz_certificate, sizeof fuzz_certificate) == EPOP_OK);
    }
}

/* Two ends that are up have the same bindings. */
static void check_bindings(world *w)
{
    static const char *const types[] = {"tls-unique", "tls-exporter", "tls-server-end-point", NULL};
    uint8_t data[2][EPOP_SASL_BINDING_MAX];
    size_t len[2];
    size_t i;

    if (!epop_tls_is_up(&w->ends[CLIENT].tls) || !epop_tls_is_up(&w->ends[SERVER].tls) ||
        w->ends[CLIENT].error != EPOP_OK || w->ends[SERVER].error != EPOP_OK) {
        return;
    }
    for (i = 0; i < 4; i++) {
        int32_t left = epop_tls_binding(&w->ends[CLIENT].tls, types[i], data[0], sizeof data[0], &len[0]);
        int32_t right = epop_tls_binding(&w->ends[SERVER].tls, types[i], data[1], sizeof data[1], &len[1]);
        FUZZ_CHECK(left == right && len[0] == len[1]);
        FUZZ_CHECK(left != EPOP_OK || memcmp(data[0], data[1], len[0]) == 0);
    }
}

static void talk(world *w)
{
    uint32_t seed = w->seed;
    uint32_t who;

    settle(w);
    check_bindings(w);
    while (w->ends[CLIENT].written < w->ends[CLIENT].to_write || w->ends[SERVER].written < w->ends[SERVER].to_write) {
        for (who = 0; who < 2; who++) {
            write_some(w, who, 1 + fuzz_below(&seed, 1u << fuzz_below(&seed, 16)));
            settle(w);
        }
        FUZZ_CHECK(++w->steps < STEPS_MAX);
    }
    for (who = 0; who < 2; who++) {
        int32_t result = epop_tls_close(&w->ends[who].tls);
        FUZZ_CHECK(result <= 0 && (w->ends[who].error == EPOP_OK || result == w->ends[who].error));
        settle(w);
    }
}

static void check_run(world *w)
{
    uint32_t who;

    for (who = 0; who < 2; who++) {
        end *e = &w->ends[who];
        FUZZ_CHECK(e->got <= w->lanes[!who].allowed && e->got <= w->ends[!who].written);
        FUZZ_CHECK(!w->lanes[!who].is_broken || !epop_tls_is_up(&e->tls));
        if (e->error != EPOP_OK) {
            check_dead(e);
        }
        if (w->op_count == 0 && !is_wrong_host(w)) {
            FUZZ_CHECK(epop_tls_is_up(&e->tls) && e->error == EPOP_OK);
            FUZZ_CHECK(e->has_ended == (who == SERVER)); /* the client closes first, and then wants no more */
            FUZZ_CHECK(e->got == w->ends[!who].written && epop_tls_cause(&e->tls) == 0);
        }
    }
    FUZZ_CHECK(!is_wrong_host(w) || !epop_tls_is_up(&w->ends[CLIENT].tls));
}

static void run(world *w, uint32_t *cuts, fuzz_log *log)
{
    uint32_t who;

    now = w;
    ticket_seed = 0;
    w->cuts = cuts;
    w->ends[CLIENT].seed = 1;
    w->ends[SERVER].seed = 2;
    open_end(w, CLIENT);
    open_end(w, SERVER);
    for (who = 0; who < 2; who++) {
        w->lanes[who].from = who;
        w->lanes[who].ops = w->ops;
        w->lanes[who].op_count = w->op_count;
        w->lanes[who].sender = &w->ends[who].ssl;
    }
    talk(w);
    check_run(w);
    if (w->flags & FIRST) {
        FUZZ_CHECK(mbedtls_ssl_get_session(&w->ends[CLIENT].ssl, &session) == 0);
    }
    for (who = 0; who < 2; who++) {
        end *e = &w->ends[who];
        tls_lane *l = &w->lanes[who];
        fuzz_log_add(log, "%u: up %u error %ld cause %ld ended %u got %lu written %lu records %u\n", (unsigned)who,
                     (unsigned)epop_tls_is_up(&e->tls), (long)e->error, (long)epop_tls_cause(&e->tls),
                     (unsigned)e->has_ended, (unsigned long)e->got, (unsigned long)e->written, (unsigned)l->count);
        fuzz_log_octets(log, l->out.octets, l->out.len);
        fuzz_log_free(&l->out);
        fuzz_log_free(&l->held);
        mbedtls_ssl_free(&e->ssl);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Inputs
 */

static size_t amount(uint8_t octet)
{
    return (size_t)(octet >> 2) * 512 + (octet & 3u);
}

static void read_input(world *w, const uint8_t *data, size_t size)
{
    size_t at = HEAD;

    memset(w, 0, sizeof *w);
    w->flags = data[0] % FIRST;
    w->ends[CLIENT].to_write = amount(data[1]);
    w->ends[SERVER].to_write = amount(data[2]);
    w->seed = data[3];
    while (w->op_count < OPS_MAX && size - at >= OP) {
        tls_op *o = &w->ops[w->op_count++];
        o->from = data[at] >> 7;
        o->kind = (data[at] & 0x7Fu) % TLS_KINDS;
        o->record = data[at + 1];
        o->offset = (size_t)data[at + 2] << 8 | data[at + 3];
        o->value = data[at + 4];
        at += OP;
        if (o->kind == TLS_INSERT) {
            o->octets = data + at;
            o->len = o->value % INSERTED_MAX < size - at ? o->value % INSERTED_MAX : size - at;
            at += o->len;
        }
    }
}

/* The session that others resume. */
static void make_session(world *w)
{
    static const uint8_t nothing[HEAD] = {0, 0, 0, 0};
    fuzz_log log = {NULL, 0, 0};

    read_input(w, nothing, sizeof nothing);
    w->flags = FIRST;
    run(w, NULL, &log);
    fuzz_log_free(&log);
}

/* A digest does not depend on how its octets are parted. */
static void check_crypto(const uint8_t *data, size_t size)
{
    static const uint32_t hashes[] = {EPOP_HASH_MD5, EPOP_HASH_SHA1, EPOP_HASH_SHA256};
    epop_crypto crypto;
    epop_span parts[3];
    uint8_t digests[2][EPOP_HASH_MAX];
    size_t i;

    crypto.struct_size = sizeof crypto;
    FUZZ_CHECK(epop_mbedtls_crypto(&crypto) == EPOP_OK);
    parts[0].ptr = parts[1].ptr = data;
    parts[0].len = size;
    parts[1].len = data[3] % size;
    parts[2].ptr = data + parts[1].len;
    parts[2].len = size - parts[1].len;
    for (i = 0; i < 3; i++) {
        if (crypto.hashes & hashes[i]) {
            memset(digests, 0, sizeof digests);
            FUZZ_CHECK(crypto.hash(NULL, hashes[i], &parts[0], 1, digests[0]) == 0);
            FUZZ_CHECK(crypto.hash(NULL, hashes[i], &parts[1], 2, digests[1]) == 0);
            FUZZ_CHECK(memcmp(digests[0], digests[1], EPOP_HASH_MAX) == 0);
            FUZZ_CHECK(crypto.hmac(NULL, hashes[i], &parts[2], &parts[0], 1, digests[0]) == 0);
            FUZZ_CHECK(crypto.hmac(NULL, hashes[i], &parts[2], &parts[1], 2, digests[1]) == 0);
            FUZZ_CHECK(memcmp(digests[0], digests[1], EPOP_HASH_MAX) == 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint32_t is_prepared;
    static world w;
    fuzz_log whole = {NULL, 0, 0};
    fuzz_log split = {NULL, 0, 0};
    uint32_t cuts;

    if (size < HEAD) {
        return 0;
    }
    if (!is_prepared) {
        prepare();
        make_session(&w);
        is_prepared = 1;
        FUZZ_CHECK(epop_tls_sizeof() == sizeof(epop_tls));
    }
    check_crypto(data, size);
    read_input(&w, data, size);
    run(&w, NULL, &whole);
    read_input(&w, data, size);
    cuts = w.seed;
    run(&w, &cuts, &split);
    fuzz_log_same("runs", &whole, &split);
    fuzz_log_free(&whole);
    fuzz_log_free(&split);
    return 0;
}
