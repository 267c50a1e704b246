/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "drive.h"

static int32_t call(drive *d, uint32_t verb)
{
    d->step.verb = verb;
    return d->mechanism(&d->step);
}

void drive_open(drive *d, epop_sasl_mechanism mechanism, uint32_t role, const epop_sasl_config *config,
                size_t state_size)
{
    memset(d, 0, sizeof *d);
    d->mechanism = mechanism;
    d->step.struct_size = sizeof d->step;
    d->step.role = role;
    d->step.config = config;
    assert_int_equal(call(d, EPOP_SASL_DESCRIBE), EPOP_OK);
    assert_true(d->step.state_min <= EPOP_SASL_BUFFER_MIN - EPOP_SASL_BINDING_MAX);
    d->step.state_size = state_size ? state_size : d->step.state_min;
    guard_open(&d->memory, d->step.state_size);
    guard_open(&d->pieces, DRIVE_ROOM);
    d->step.state = guard_tail(&d->memory, d->step.state_size);
    memset(d->step.state, 0, d->step.state_size);
    assert_int_equal(call(d, EPOP_SASL_START), EPOP_OK);
    assert_int_equal(call(d, 0), EPOP_ERR_VALUE);
    assert_int_equal(call(d, EPOP_SASL_FINISH + 1), EPOP_ERR_VALUE);
}

void drive_close(drive *d)
{
    guard_close(&d->memory);
    guard_close(&d->pieces);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void add(uint8_t *to, size_t *len, const void *octets, size_t count)
{
    assert_true(count <= DRIVE_ROOM - *len);
    if (count > 0) {
        memcpy(to + *len, octets, count);
    }
    *len += count;
}

static const char *host_says(const drive *d)
{
    switch (d->step.ask) {
    case EPOP_ASK_USER:
        return d->says->user;
    case EPOP_ASK_PASSWORD:
        return d->says->password;
    case EPOP_ASK_TOKEN:
        return d->says->token;
    case EPOP_ASK_AUTHZID:
        return d->says->authzid;
    default:
        assert_int_equal(d->step.ask, EPOP_ASK_ANONYMOUS);
        return d->says->anonymous;
    }
}

/* A client's question: the answer goes where `keep` says. */
static int32_t reply(drive *d)
{
    const char *text = host_says(d);
    size_t len = strlen(text);
    int32_t result;

    assert_true(strlen(d->asked) < sizeof d->asked - 1);
    d->asked[strlen(d->asked)] = (char)('0' + d->step.ask);
    if (!d->step.keep) {
        add(d->message, &d->message_len, text, len);
        return EPOP_OK;
    }
    d->step.data.ptr = guard_put(&d->pieces, text, len);
    d->step.data.len = len;
    result = call(d, EPOP_SASL_ANSWER);
    memset(guard_tail(&d->pieces, len), 'x', len); /* nothing of it may be needed any more */
    return result;
}

int32_t drive_say(drive *d)
{
    int32_t result;

    d->message_len = 0;
    memset(d->asked, 0, sizeof d->asked);
    for (;;) {
        /* A client that has not said all it has to say believes nobody. */
        if (d->step.role == EPOP_SASL_CLIENT) {
            assert_int_equal(drive_finish(d), EPOP_ERR_PEER_SASL);
        }
        d->step.keep = 0;
        result = call(d, EPOP_SASL_NEXT);
        if (result == EPOP_END) {
            return EPOP_OK;
        }
        if (result == EPOP_ASK) {
            assert_int_equal(d->step.role, EPOP_SASL_CLIENT);
            result = reply(d);
        } else if (result == EPOP_OK) {
            add(d->message, &d->message_len, d->step.text.ptr, d->step.text.len);
        }
        if (result != EPOP_OK) {
            return result;
        }
    }
}

void drive_said(const drive *d, const void *want, size_t len)
{
    octets_same(d->message, d->message_len, want, len, d->message, d->message_len);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void show(drive *d)
{
    assert_true(d->piece_count < sizeof d->piece_lens / sizeof *d->piece_lens);
    d->piece_lens[d->piece_count++] = d->step.secret.len;
    add(d->shown, &d->shown_len, d->step.secret.ptr, d->step.secret.len);
}

/* One piece; as often as the mechanism has to show something in between. */
static int32_t hear_piece(drive *d, const uint8_t *text, size_t len, uint32_t last)
{
    int32_t result;

    for (;;) {
        d->step.data.ptr = guard_put(&d->pieces, text, len);
        d->step.data.len = len;
        d->step.last = last;
        d->step.used = SIZE_MAX;
        d->step.more = 0;
        result = call(d, EPOP_SASL_TAKE);
        memset(guard_tail(&d->pieces, len), 'x', len);
        if (result != EPOP_ASK || !d->step.more) {
            break;
        }
        assert_int_equal(d->step.ask, EPOP_AUTH_TOKEN);
        assert_true(d->step.used <= len && d->step.secret.len > 0);
        show(d);
        text += d->step.used;
        len -= d->step.used;
    }
    if (result == EPOP_ASK) {
        assert_true(last && d->step.used == len);
    }
    return result;
}

int32_t drive_hear(drive *d, const void *text, size_t len, const cutting *how)
{
    const uint8_t *at = text;
    size_t n = how->first < len ? how->first : len;
    int32_t result;

    do {
        uint32_t last = n == len && !how->last_apart;

        result = hear_piece(d, at, n, last);
        if (result != EPOP_OK || last) {
            break;
        }
        at += n;
        len -= n;
        n = len < how->chunk ? len : how->chunk;
        if (len == 0) {
            result = hear_piece(d, at, 0, 1);
        }
    } while (len > 0);
    if (result == EPOP_ASK && d->step.ask == EPOP_AUTH_TOKEN) {
        show(d);
    }
    return result;
}

int32_t drive_hear_whole(drive *d, const void *text, size_t len)
{
    static const cutting whole = {SIZE_MAX, SIZE_MAX, 1};

    return drive_hear(d, text, len, &whole);
}

void drive_cuttings(size_t len, void (*check)(const cutting *how, void *with), void *with)
{
    for (uint32_t apart = 0; apart < 2; apart++) {
        for (size_t i = 0; i <= len; i++) {
            check(&(cutting){i, SIZE_MAX, apart}, with);
        }
        for (size_t chunk = 1; chunk <= len; chunk++) {
            check(&(cutting){chunk, chunk, apart}, with);
        }
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

int32_t drive_answer(drive *d, uint32_t accepted, const void *data, size_t len)
{
    int32_t result;

    d->step.accepted = accepted;
    d->step.data.ptr = len > 0 ? guard_put(&d->pieces, data, len) : NULL;
    d->step.data.len = len;
    result = call(d, EPOP_SASL_ANSWER);
    memset(guard_tail(&d->pieces, len), 'x', len);
    return result;
}

int32_t drive_finish(drive *d)
{
    return call(d, EPOP_SASL_FINISH);
}

void drive_question(const drive *d, uint32_t ask, const char *user, const char *authzid, const char *secret)
{
    assert_int_equal(d->step.ask, ask);
    assert_int_equal(d->step.more, 0);
    octets_span(d->step.user, user);
    octets_span(d->step.authzid, authzid);
    octets_span(d->step.secret, secret);
}
