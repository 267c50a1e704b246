/* The loop that joins a session of epop to a connection: what every host of the library has in some form.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "loop.h"

#include "signals.h"

enum {
    SECOND = 1000,
    LOOK_AGAIN = 100 /* milliseconds, at a lock */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Time
 */

static void start_window(struct loop *loop)
{
    loop->window_end = transport_now() + (int64_t)loop->timeout * SECOND;
    loop->window_octets = 0;
    loop->window_steps = loop->host.steps(loop->host.user);
}

static void note_octets(struct loop *loop, long count)
{
    loop->window_octets += (uint64_t)count;
    loop->last_octets = transport_now();
}

/* Milliseconds until the peer must have come further. */
static int64_t time_left(struct loop *loop, bool awaited)
{
    bool further = loop->window_steps != loop->host.steps(loop->host.user) ||
                   loop->window_octets >= (uint64_t)loop->timeout * LOOP_LEAST;
    int64_t left;

    if (!awaited || further || loop->window_end == 0) {
        start_window(loop);
    }
    left = loop->window_end - transport_now();
    return left > 0 ? left : 0;
}

/* Milliseconds until the server may lose its patience with a session that says nothing. */
static int64_t quiet_left(const struct loop *loop)
{
    int64_t left = loop->last_octets + (int64_t)loop->keep_alive * SECOND - transport_now();

    return left > 0 ? left : 0;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Octets
 */

static enum loop_end feed(struct loop *loop)
{
    size_t used;
    int32_t result = epop_client_feed(loop->client, loop->data + loop->pos, loop->len - loop->pos, &used);

    loop->pos += used;
    loop->last_octets = transport_now();
    if (result < 0) {
        return LOOP_ERROR;
    }
    loop->full = result == EPOP_AGAIN;
    loop->host.watch(loop->host.user);
    return LOOP_GO_ON;
}

/* The stream of the peer has ended, one way or the other. */
static enum loop_end end_of_stream(struct loop *loop)
{
    return epop_client_eof(loop->client) == EPOP_OK ? LOOP_DONE : LOOP_ERROR;
}

/* The connection gives nothing more, and why. */
static enum loop_end lose(struct loop *loop, long outcome)
{
    transport_explain(loop->transport, outcome, &loop->failure);
    return end_of_stream(loop);
}

static enum loop_end receive(struct loop *loop)
{
    long got = transport_read(loop->transport, loop->data, sizeof loop->data);

    if (got == TRANSPORT_WAIT) {
        return LOOP_GO_ON;
    }
    if (got <= 0) {
        return lose(loop, got);
    }
    loop->pos = 0;
    loop->len = (size_t)got;
    note_octets(loop, got);
    return feed(loop);
}

static void send_some(struct loop *loop)
{
    size_t len;
    const uint8_t *data = epop_client_output(loop->client, &len);
    long sent = transport_write(loop->transport, data, len);

    if (sent == TRANSPORT_BROKEN) {
        transport_explain(loop->transport, sent, &loop->failure);
        loop->deaf = true;
    } else if (sent > 0) {
        epop_client_output_ack(loop->client, (size_t)sent);
        loop->full = false;
        note_octets(loop, sent);
    }
}

static bool is_busy(const struct loop *loop)
{
    return loop->host.is_busy(loop->host.user);
}

static bool waits(const struct loop *loop)
{
    return loop->host.waits(loop->host.user);
}

/* The host can take no more for now. Once in a while a little is taken all the same, or a server that is in the middle
 * of a message would take us for dead. */
static bool is_held_back(const struct loop *loop)
{
    return waits(loop) && loop->host.is_crowded(loop->host.user) && quiet_left(loop) > 0;
}

/* TRANSPORT_ bits for what the session wants of the connection. */
static unsigned wanted(const struct loop *loop, uint32_t wants)
{
    unsigned want = 0;

    if (((wants & EPOP_WANT_DRAIN) || transport_has_output(loop->transport)) && !loop->deaf) {
        want |= TRANSPORT_WRITE;
    }
    if ((wants & EPOP_WANT_FEED) && loop->pos == loop->len && !is_held_back(loop)) {
        want |= TRANSPORT_READ;
    }
    return want;
}

/* The host's turn, where the peer has nothing to say and takes nothing; true where it came to that. */
static bool work(struct loop *loop, unsigned want, unsigned *came)
{
    *came = want > 0 ? transport_wait(loop->transport, want, 0) : 0;
    if (*came == 0) {
        loop->host.work(loop->host.user);
    }
    return *came == 0;
}

/* While the host waits for something of its own, a server that waits for us hears of us. */
static unsigned wait_with_host(struct loop *loop, unsigned want)
{
    int64_t left = quiet_left(loop);

    if (left == 0 && epop_client_keep_alive(loop->client) > 0) {
        epop_client_noop(loop->client, 0);
        loop->last_octets = transport_now();
    }
    return transport_wait(loop->transport, want | TRANSPORT_CHILD, LOOK_AGAIN);
}

/* Moves octets both ways: a peer that sends while we do must not be made to wait. */
static enum loop_end transfer(struct loop *loop, unsigned came)
{
    if (came & TRANSPORT_SIGNAL) {
        return LOOP_SIGNAL;
    }
    if (came & TRANSPORT_WRITE) {
        send_some(loop);
    }
    return came & TRANSPORT_READ ? receive(loop) : LOOP_GO_ON;
}

/* Waits for the connection, and moves what it gives and takes. */
static enum loop_end move(struct loop *loop, unsigned want)
{
    bool awaited = epop_client_deadline(loop->client) > 0 || (want & TRANSPORT_WRITE);
    bool held_back = waits(loop) && !(want & TRANSPORT_READ);
    int64_t left = time_left(loop, awaited && !held_back);
    unsigned came;

    if (left == 0 && awaited) {
        return epop_client_timeout(loop->client) == EPOP_OK ? LOOP_DONE : LOOP_ERROR;
    }
    if (waits(loop)) {
        return transfer(loop, wait_with_host(loop, want));
    }
    if (!is_busy(loop)) {
        came = transport_wait(loop->transport, want, left);
    } else if (work(loop, want, &came)) {
        return LOOP_GO_ON;
    }
    if (came == 0 && !awaited) {
        return epop_client_timeout(loop->client) == EPOP_OK ? LOOP_DONE : LOOP_ERROR;
    }
    return transfer(loop, came);
}

/* True where input is at hand, or events are owed, and the session takes it. */
static bool can_feed(const struct loop *loop, uint32_t wants)
{
    return !loop->full && !is_held_back(loop) &&
           ((wants & EPOP_WANT_RESUME) || ((wants & EPOP_WANT_FEED) && loop->pos < loop->len));
}

/* What came in the clear behind the answer to STLS is the session's to refuse. */
static enum loop_end start_tls(struct loop *loop)
{
    if (loop->pos < loop->len) {
        return feed(loop);
    }
    loop->is_stls = true;
    start_window(loop);
    return transport_start_tls(loop->transport) ? LOOP_GO_ON : lose(loop, TRANSPORT_BROKEN);
}

/* Goes on with the handshake, which no octet gives more time. The session waits. */
static enum loop_end shake(struct loop *loop)
{
    long result = transport_shake(loop->transport);
    int64_t left = loop->window_end - transport_now();
    unsigned came = 0;

    if (result == TRANSPORT_WAIT && left > 0) {
        came = transport_wait(loop->transport, 0, left);
        if (came == TRANSPORT_SIGNAL) {
            return LOOP_SIGNAL;
        }
    }
    if (result == TRANSPORT_WAIT || left <= 0) {
        return came == 0 && epop_client_timeout(loop->client) != EPOP_OK ? LOOP_ERROR : LOOP_GO_ON;
    }
    if (result <= 0) {
        return lose(loop, result);
    }
    if (transport_is_shaking(loop->transport)) {
        return LOOP_GO_ON;
    }
    start_window(loop);
    return loop->is_stls && epop_client_tls_started(loop->client) != EPOP_OK ? LOOP_ERROR : LOOP_GO_ON;
}

/* Nothing can come that would be of use. */
static enum loop_end stuck(struct loop *loop)
{
    return loop->deaf ? end_of_stream(loop) : LOOP_STUCK;
}

static bool has_work(const struct loop *loop, unsigned want)
{
    return want > 0 || is_busy(loop) || waits(loop);
}

static enum loop_end step(struct loop *loop)
{
    uint32_t wants = epop_client_wants(loop->client);
    unsigned want = wanted(loop, wants);

    if (transport_is_shaking(loop->transport)) {
        return shake(loop);
    }
    if ((wants & EPOP_WANT_TLS) && want == 0) {
        return start_tls(loop);
    }
    if ((wants & EPOP_WANT_CLOSE) && want == 0) {
        return LOOP_DONE;
    }
    if (can_feed(loop, wants)) {
        return feed(loop);
    }
    return has_work(loop, want) ? move(loop, want) : stuck(loop);
}

enum loop_end loop_run(struct loop *loop)
{
    enum loop_end end;

    start_window(loop);
    loop->last_octets = transport_now();
    do {
        if (waits(loop)) {
            loop->host.look(loop->host.user);
        }
        end = signals_caught() ? LOOP_SIGNAL : step(loop);
    } while (end == LOOP_GO_ON);
    return end;
}
