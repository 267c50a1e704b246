/* The loop that joins a session of epop to a connection: what every host of the library has in some form.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "loop.h"

#include "signals.h"

static enum loop_end feed(struct loop *loop)
{
    size_t used;
    int32_t result = epop_client_feed(loop->client, loop->data + loop->pos, loop->len - loop->pos, &used);

    loop->pos += used;
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
    }
}

/* TRANSPORT_ bits for what the session wants of the connection. */
static unsigned wanted(const struct loop *loop, uint32_t wants)
{
    unsigned want = 0;

    if (((wants & EPOP_WANT_DRAIN) || transport_has_output(loop->transport)) && !loop->deaf) {
        want |= TRANSPORT_WRITE;
    }
    if ((wants & EPOP_WANT_FEED) && loop->pos == loop->len) {
        want |= TRANSPORT_READ;
    }
    return want;
}

static bool is_busy(const struct loop *loop)
{
    return loop->host.is_busy(loop->host.user);
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

/* Waits for the connection, then moves octets both ways: a peer that sends while we do must not be made to wait. */
static enum loop_end move(struct loop *loop, unsigned want)
{
    uint32_t deadline = epop_client_deadline(loop->client);
    unsigned came;

    if (!is_busy(loop)) {
        came = transport_wait(loop->transport, want, deadline > 0 ? deadline : loop->timeout);
    } else if (work(loop, want, &came)) {
        return LOOP_GO_ON;
    }
    if (came == TRANSPORT_SIGNAL) {
        return LOOP_SIGNAL;
    }
    if (came == 0) {
        return epop_client_timeout(loop->client) == EPOP_OK ? LOOP_DONE : LOOP_ERROR;
    }
    if (came & TRANSPORT_WRITE) {
        send_some(loop);
    }
    return came & TRANSPORT_READ ? receive(loop) : LOOP_GO_ON;
}

/* True where input is at hand, or events are owed, and the session takes it. */
static bool can_feed(const struct loop *loop, uint32_t wants)
{
    return !loop->full && ((wants & EPOP_WANT_RESUME) || ((wants & EPOP_WANT_FEED) && loop->pos < loop->len));
}

/* What came in the clear behind the answer to STLS is the session's to refuse. */
static enum loop_end start_tls(struct loop *loop)
{
    if (loop->pos < loop->len) {
        return feed(loop);
    }
    loop->is_stls = true;
    return transport_start_tls(loop->transport) ? LOOP_GO_ON : lose(loop, TRANSPORT_BROKEN);
}

/* Goes on with the handshake. The session waits. */
static enum loop_end shake(struct loop *loop)
{
    long result = transport_shake(loop->transport);
    unsigned came;

    if (result == TRANSPORT_WAIT) {
        came = transport_wait(loop->transport, 0, loop->timeout);
        if (came == TRANSPORT_SIGNAL) {
            return LOOP_SIGNAL;
        }
        return came == 0 && epop_client_timeout(loop->client) != EPOP_OK ? LOOP_ERROR : LOOP_GO_ON;
    }
    if (result <= 0) {
        return lose(loop, result);
    }
    if (transport_is_shaking(loop->transport)) {
        return LOOP_GO_ON;
    }
    return loop->is_stls && epop_client_tls_started(loop->client) != EPOP_OK ? LOOP_ERROR : LOOP_GO_ON;
}

/* Nothing can come that would be of use. */
static enum loop_end stuck(struct loop *loop)
{
    return loop->deaf ? end_of_stream(loop) : LOOP_STUCK;
}

static enum loop_end step(struct loop *loop)
{
    uint32_t wants = epop_client_wants(loop->client);
    unsigned want = wanted(loop, wants);

    if (signals_caught()) {
        return LOOP_SIGNAL;
    }
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
    return want > 0 || is_busy(loop) ? move(loop, want) : stuck(loop);
}

enum loop_end loop_run(struct loop *loop)
{
    enum loop_end end;

    do {
        end = step(loop);
    } while (end == LOOP_GO_ON);
    return end;
}
