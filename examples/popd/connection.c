/* One connection: its octets, its timer, its beginning and its end.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "connection_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hash_turns.h"
#include "hashing.h"
#include "log.h"
#include "server.h"
#include "tls.h"
#include "wipe.h"

enum {
    STEPS = 32,                       /* before other connections get their turn */
    PACE = 65536,                     /* octets of one reply that the peer takes within each --idle-timeout, at least */
    LINGER_OCTETS = 16 * 1024 * 1024, /* a peer that still sends so much does not listen */
    LINGER_OCTETS_STRANGER = 16384    /* nor does one that has not logged in, and had no reason to send much */
};

/* ---- The queue of those who have work to do ---- */

static void enqueue(struct connection *connection)
{
    struct server *server = connection->server;

    if (connection->is_queued) {
        return;
    }
    connection->is_queued = 1;
    connection->queue_next = NULL;
    connection->queue_previous = server->queue_last;
    if (server->queue_last != NULL) {
        server->queue_last->queue_next = connection;
    } else {
        server->queue_first = connection;
    }
    server->queue_last = connection;
}

static void dequeue(struct connection *connection)
{
    struct server *server = connection->server;

    if (!connection->is_queued) {
        return;
    }
    connection->is_queued = 0;
    if (connection->queue_previous != NULL) {
        connection->queue_previous->queue_next = connection->queue_next;
    } else {
        server->queue_first = connection->queue_next;
    }
    if (connection->queue_next != NULL) {
        connection->queue_next->queue_previous = connection->queue_previous;
    } else {
        server->queue_last = connection->queue_previous;
    }
}

/* ---- The end ---- */

void connection_destroy(struct connection *connection)
{
    struct server *server = connection->server;
    int fd = connection->watch.fd;

    dequeue(connection);
    timer_cancel(&connection->timer);
    timer_cancel(&connection->login_timer);
    poller_remove(server->poller, &connection->watch);
    close(fd);
    server->lingering -= connection->is_lingering;
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        server->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    connection->next = server->closed;
    server->closed = connection;
}

/* Any of these may hold a password that came in too late, or not as a whole. */
static void wipe_secrets(struct connection *connection)
{
    connection_forget_token(connection);
    wipe(connection->input, sizeof connection->input);
    wipe(connection->line, sizeof connection->line);
    wipe(connection->sasl_buffer, sizeof connection->sasl_buffer);
    wipe(&connection->sasl, sizeof connection->sasl);
}

/* Neither waits nor counts for its address any more. */
void connection_leave_group(struct connection *connection)
{
    hash_turns_leave(connection);
    if (connection->group != NULL) {
        peer_group_leave(&connection->server->groups, connection->group);
        connection->group = NULL;
    }
}

void connection_free(struct connection *connection)
{
    connection_leave_group(connection);
    connection_close_body(connection);
    wipe_secrets(connection);
    transport_free(&connection->transport);
    maildrop_free(connection->maildrop);
    free(connection->user);
    free(connection);
}

static void log_closed(const struct connection *connection, const char *reason, const char *cause)
{
    struct log_line line;

    log_start(&line, "closed");
    log_number(&line, "session", connection->id);
    log_word(&line, "peer", connection->peer);
    log_word(&line, "reason", reason);
    if (cause != NULL) {
        log_string(&line, "cause", cause);
    }
    log_number(&line, "octets_in", connection->octets_in);
    log_number(&line, "octets_out", connection->octets_out);
    log_end(&line);
}

void connection_end(struct connection *connection, const char *reason, const char *cause)
{
    if (connection->refusal == NULL) {
        log_closed(connection, reason, cause);
        connection->server->sessions--;
    }
    connection->job = JOB_NONE;
    dequeue(connection);
    connection_leave_group(connection);
    timer_cancel(&connection->login_timer);
    wipe_secrets(connection);
    connection_close_body(connection);
    if (connection->maildrop != NULL) {
        maildrop_release(connection->maildrop);
    }
}

static const char *reason_of(const struct connection *connection)
{
    epop_error_info info;

    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    epop_server_error_info(&connection->session, &info);
    return epop_error_name(info.code);
}

/* A close with octets unread in the socket makes the kernel reset the connection, and the peer may lose the last
 * reply to that. So the peer closes first, or time runs out. */
static void begin_linger(struct connection *connection)
{
    struct server *server = connection->server;
    enum transport_result said = transport_finish(&connection->transport); /* also to one who has said so before us */

    if (connection->peer_closed || said != TRANSPORT_OK ||
        poller_change(server->poller, &connection->watch, POLLER_READ) != 0) {
        connection_destroy(connection);
        return;
    }
    if (server->lingering >= LINGER_MAX) {
        connection_end_linger(connection_of_timer(server->linger.first));
    }
    connection->is_lingering = 1;
    server->lingering++;
    timer_arm(&connection->timer, &server->linger, server->now);
}

/* One portion a turn: it is thrown away, and whoever sends without end must not cost others more than a moment. */
static void linger(struct connection *connection)
{
    struct server *server = connection->server;
    size_t room = connection->user != NULL ? sizeof server->scratch : sizeof connection->input;
    size_t moved = 0;
    enum transport_result result = transport_receive(&connection->transport, server->scratch, room, &moved);

    connection->drained += moved;
    wipe(server->scratch, moved);
    if (result == TRANSPORT_EOF || result == TRANSPORT_LOST ||
        connection->drained > (connection->user != NULL ? LINGER_OCTETS : LINGER_OCTETS_STRANGER)) {
        connection_destroy(connection);
    }
}

void connection_end_linger(struct connection *connection)
{
    connection_destroy(connection);
}

/* The connection broke. A commit that was asked for is finished all the same. */
static void lose(struct connection *connection, int error)
{
    epop_server_eof(&connection->session);
    connection_end(connection, reason_of(connection), error != 0 ? strerror(error) : NULL);
    connection_destroy(connection);
}

/* ---- Steps: each does one thing that the session wants ---- */

enum step {
    STEP_ON,    /* something was done; look again */
    STEP_WAIT,  /* for the socket, as `interest` says */
    STEP_QUEUE, /* for the own turn in the queue */
    STEP_OVER   /* the connection is not live any more */
};

static enum step wait_or_lose(struct connection *connection, enum transport_result result)
{
    if (result == TRANSPORT_LOST) {
        lose(connection, errno);
        return STEP_OVER;
    }
    connection->interest = result == TRANSPORT_WAIT_READ ? POLLER_READ : POLLER_WRITE;
    return STEP_WAIT;
}

/* A line that is whole makes the session say or ask something, and so it waits for no other until all of that is out.
 * What moves the deadline is this, never an octet: a peer could send one now and then, for ever. */
static int wants_a_line(const struct connection *connection)
{
    return epop_server_wants(&connection->session) == EPOP_WANT_FEED;
}

static enum step drain(struct connection *connection)
{
    size_t length = 0;
    size_t moved = 0;
    const uint8_t *data = epop_server_output(&connection->session, &length);
    enum transport_result result = transport_send(&connection->transport, data, length, &moved);

    if (result != TRANSPORT_OK) {
        return wait_or_lose(connection, result);
    }
    connection->octets_out += moved;
    connection->paced += moved;
    epop_server_output_ack(&connection->session, moved);
    connection->has_progress |= connection->paced >= PACE || wants_a_line(connection);
    return STEP_ON;
}

static enum step receive(struct connection *connection)
{
    size_t moved = 0;
    enum transport_result result =
        transport_receive(&connection->transport, connection->input, sizeof connection->input, &moved);

    if (result == TRANSPORT_EOF) {
        connection->peer_closed = 1;
        epop_server_eof(&connection->session);
        return STEP_ON;
    }
    if (result != TRANSPORT_OK) {
        return wait_or_lose(connection, result);
    }
    connection->input_at = 0;
    connection->input_length = (uint16_t)moved;
    connection->octets_in += moved;
    return STEP_ON;
}

static enum step feed(struct connection *connection)
{
    size_t used = 0;

    epop_server_feed(&connection->session, connection->input + connection->input_at,
                     (size_t)(connection->input_length - connection->input_at), &used);
    wipe(connection->input + connection->input_at, used);
    connection->input_at = (uint16_t)(connection->input_at + used);
    if (connection->input_at == connection->input_length) {
        connection->input_at = connection->input_length = 0;
    }
    connection->has_progress |= !wants_a_line(connection);
    return STEP_ON;
}

/* A handshake has as long as a client may be idle, all in all: `has_progress` is left alone. */
static enum step shake(struct connection *connection)
{
    enum transport_result result = transport_shake(&connection->transport);

    if (result == TRANSPORT_EOF || result == TRANSPORT_LOST) {
        int32_t error = tls_error(connection->transport.tls);
        const char *cause = error == EPOP_OK ? strerror(errno) : tls_cause(connection->transport.tls);

        connection_end(connection, epop_error_name(error == EPOP_OK ? EPOP_ERR_PEER_TLS : error), cause);
        connection_destroy(connection);
        return STEP_OVER;
    }
    if (result != TRANSPORT_OK) {
        return wait_or_lose(connection, result);
    }
    if (!transport_is_shaking(&connection->transport) &&
        (epop_server_wants(&connection->session) & EPOP_WANT_TLS) != 0) {
        epop_server_tls_started(&connection->session);
    }
    return STEP_ON;
}

/* Octets that came in the clear behind STLS are the session's, which dies of them (RFC 2595 section 4). */
static enum step start_tls(struct connection *connection)
{
    if (connection->input_at < connection->input_length) {
        return feed(connection);
    }
    if (transport_start_tls(&connection->transport, connection->server->identity) != 0) {
        lose(connection, ENOMEM);
        return STEP_OVER;
    }
    return STEP_ON;
}

static enum step finish(struct connection *connection)
{
    enum transport_result result = transport_flush(&connection->transport);

    if (result != TRANSPORT_OK) {
        return wait_or_lose(connection, result);
    }
    connection_end(connection, reason_of(connection), NULL);
    begin_linger(connection);
    return STEP_OVER;
}

static enum step step(struct connection *connection)
{
    uint32_t wants = epop_server_wants(&connection->session);

    if (transport_is_shaking(&connection->transport)) {
        return shake(connection);
    }
    /* Whatever waits for the socket: a commit that was asked for does not depend on whether the client reads. */
    if ((wants & EPOP_WANT_ANSWER) != 0 && connection->job != JOB_NONE) {
        return STEP_QUEUE;
    }
    if ((wants & EPOP_WANT_BODY) != 0) {
        return connection_send_body(connection) == EPOP_FULL ? drain(connection) : STEP_ON;
    }
    if ((wants & EPOP_WANT_DRAIN) != 0) {
        return drain(connection);
    }
    if ((wants & EPOP_WANT_CLOSE) != 0) {
        return finish(connection);
    }
    if ((wants & EPOP_WANT_TLS) != 0) {
        return start_tls(connection);
    }
    if ((wants & EPOP_WANT_ANSWER) != 0) {
        connection->interest = 0; /* the answer waits for its time, or for a hash */
        return STEP_WAIT;
    }
    if ((wants & EPOP_WANT_RESUME) != 0 || connection->input_at < connection->input_length) {
        return feed(connection);
    }
    return receive(connection);
}

/* Whoever waits for the socket has a deadline, even when the session is over and only TLS has octets left. */
static int is_free_of_deadlines(const struct connection *connection)
{
    return connection->interest == 0 && epop_server_deadline(&connection->session) == 0;
}

static void set_timer(struct connection *connection)
{
    struct server *server = connection->server;

    if (connection->is_penalized) {
        /* The timer is armed already, for the answer. */
    } else if (is_free_of_deadlines(connection)) {
        timer_cancel(&connection->timer);
    } else if (server->stopping) {
        if (connection->timer.queue != &server->linger) {
            timer_arm(&connection->timer, &server->linger, server->now);
        }
    } else if (connection->has_progress || connection->timer.queue == NULL) {
        timer_arm(&connection->timer, &server->idle, server->now);
        connection->paced = 0;
    }
    connection->has_progress = 0;
    if (epop_server_login_deadline(&connection->session) == 0) {
        timer_cancel(&connection->login_timer);
    }
}

void connection_run(struct connection *connection)
{
    enum step next = STEP_ON;

    for (int i = 0; i < STEPS && next == STEP_ON; i++) {
        next = step(connection);
    }
    if (next == STEP_OVER) {
        return;
    }
    if (next != STEP_WAIT) {
        connection->interest = 0;
        enqueue(connection);
    }
    set_timer(connection);
    if (poller_change(connection->server->poller, &connection->watch, connection->interest) != 0) {
        lose(connection, errno);
    }
}

void connection_continue(struct connection *connection)
{
    dequeue(connection);
    connection_do_job(connection);
    connection_run(connection);
}

/* Until then nothing is read or sent. */
static int waits_for_time(const struct connection *connection)
{
    return connection->is_penalized || connection->hashing != NULL;
}

void connection_on_ready(struct watch *watch, unsigned events)
{
    struct connection *connection = (struct connection *)(void *)watch;

    if (connection->is_lingering) {
        linger(connection);
    } else if (!connection->is_queued && (!waits_for_time(connection) || (events & POLLER_BROKEN) == 0)) {
        connection_run(connection);
    } else if ((events & POLLER_BROKEN) != 0 && connection->job != JOB_COMMIT) {
        lose(connection, ECONNRESET);
    }
}

void connection_expire(struct connection *connection)
{
    if (!connection->is_lingering) {
        epop_server_timeout(&connection->session);
        connection_end(connection, reason_of(connection), NULL);
    }
    connection_destroy(connection);
}

/* A login that is under way by now may take the time that a large maildrop needs to be counted. */
void connection_expire_login(struct connection *connection)
{
    if (connection->job == JOB_SCAN) {
        timer_arm(&connection->login_timer, &connection->server->login, connection->server->now);
    } else {
        connection_expire(connection);
    }
}

void connection_hashed(struct connection *connection)
{
    struct hashing *hashing = connection->hashing;

    connection->hashing = NULL;
    connection_take_hash(connection, hashing);
    hashing_free(hashing);
    connection_run(connection);
}

void connection_end_penalty(struct connection *connection)
{
    connection->is_penalized = 0;
    epop_server_refuse(&connection->session, EPOP_CODE_AUTH, NULL, 0);
    connection_run(connection);
}

void connection_stop(struct connection *connection)
{
    if (connection->is_lingering) {
        connection_destroy(connection);
    } else if ((epop_server_wants(&connection->session) & EPOP_WANT_CLOSE) != 0) {
        /* Its final reply is on its way, perhaps the outcome of a commit. */
        timer_arm(&connection->timer, &connection->server->linger, connection->server->now);
    } else if (connection->job != JOB_COMMIT) {
        connection_end(connection, "shutdown", NULL);
        connection_destroy(connection);
    }
}

struct connection *connection_of_timer(struct timer *timer)
{
    return (struct connection *)(void *)((char *)timer - offsetof(struct connection, timer));
}

struct connection *connection_of_login_timer(struct timer *timer)
{
    return (struct connection *)(void *)((char *)timer - offsetof(struct connection, login_timer));
}
