/* One connection: the host of one epop_server, between its socket and its maildrop.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * connection.c moves octets and knows when the connection lives, waits and dies; login.c and answers.c answer the
 * questions of the session. The life of a connection: live, until the session ends; lingering, until the peer has seen
 * the last reply and closed too, or has taken too long; closed.
 */
#ifndef POPD_CONNECTION_H
#define POPD_CONNECTION_H

#include <epop/epop.h>

#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "maildrop.h"
#include "peer_group.h"
#include "poller.h"
#include "timer.h"
#include "transport.h"
#include "users.h"

struct hashing;
struct server;

enum {
    CONNECTION_TOKEN_MAX = 16384, /* octets of an access token; those in use have up to 4 KiB */
    /* SASL's memory: a name and a password as long as they may be, and what SCRAM gathers besides. */
    CONNECTION_SASL = 2560,
    CONNECTION_INPUT = 1024, /* what is received at a time; commands are short, and pipelined ones wait in the socket */
    CONNECTION_OUTPUT = 16384 /* a page of it is touched by a session that sends no messages */
};

/* What a question to the session's host still needs before it can be answered. */
enum connection_job { JOB_NONE, JOB_SCAN, JOB_SEARCH, JOB_COMMIT };

struct connection {
    struct watch watch; /* first: the poller gives back a pointer to it */
    struct timer timer;
    struct timer login_timer; /* until somebody is logged in: no octet moves it */
    struct server *server;
    struct connection *previous; /* of all */
    struct connection *next;
    struct connection *queue_previous;
    struct connection *queue_next;
    struct peer_group *group;            /* of its address; NULL: it does not count there */
    struct connection *waiting_previous; /* of the group, for a hash */
    struct connection *waiting_next;
    struct hashing *hashing; /* that the answer to a login waits for */
    uint64_t id;
    struct transport transport;
    epop_server session;
    epop_sasl sasl;
    uint8_t *token; /* what has come of it */
    size_t token_length;
    const char *refusal; /* one too many of what: gets a greeting that says so; NULL: it is served. Static */
    struct maildrop *maildrop;
    char *user;            /* once logged in, for the log */
    const char *mechanism; /* by which they want in; static */
    enum connection_job job;
    uint32_t wanted; /* message that JOB_SEARCH is for, from 0 */
    /* The message that is being sent. */
    int body;
    uint32_t body_command;
    uint64_t body_at;
    uint64_t body_end;
    uint32_t retrieved;
    uint64_t octets_in;
    uint64_t octets_out;
    uint64_t paced;   /* octets sent since the timer was set */
    uint64_t drained; /* octets thrown away while lingering */
    uint16_t input_at;
    uint16_t input_length;
    unsigned interest; /* what of the socket the last step waits for */
    uint8_t is_queued;
    uint8_t is_lingering;
    uint8_t is_penalized; /* a login has failed, and its answer waits */
    uint8_t has_progress; /* a whole line has come, a reply has gone, or PACE octets of one, since the timer was set */
    uint8_t peer_closed;
    uint8_t is_secure; /* TLS from the first octet on */
    uint8_t input[CONNECTION_INPUT];
    uint8_t line[EPOP_SERVER_LINE_MIN + 1];
    char name[USERS_NAME_MAX];
    char peer[ADDRESS_TEXT_MAX];
    uint8_t sasl_buffer[CONNECTION_SASL];
    uint8_t output[CONNECTION_OUTPUT]; /* last, so that its unused pages are not touched */
};

/* Takes over a socket that was accepted. */
void connection_open(struct server *server, int fd, const struct address *peer, int is_secure);

/* Its turn in the queue. */
void connection_continue(struct connection *connection);

/* Its timer has run out, or the one for logging in. */
void connection_expire(struct connection *connection);
void connection_expire_login(struct connection *connection);

/* What it waited for in the turns of hashing is done. */
void connection_hashed(struct connection *connection);

/* It has waited long enough for the answer to a failed login. */
void connection_end_penalty(struct connection *connection);

/* The server stops: ends the connection unless a commit is under way, or its outcome on its way to the peer. */
void connection_stop(struct connection *connection);

/* The oldest that lingers has to make room. */
void connection_end_linger(struct connection *connection);

void connection_free(struct connection *connection);

struct connection *connection_of_timer(struct timer *timer);
struct connection *connection_of_login_timer(struct timer *timer);

/* login.c */
int32_t connection_on_auth(void *user, const epop_auth_event *event);
void connection_log_failed_login(const struct connection *connection, const void *name, size_t length,
                                 const char *reason);
void connection_forget_token(struct connection *connection);
void connection_take_hash(struct connection *connection, const struct hashing *hashing);

/* answers.c */
extern const epop_server_callbacks connection_callbacks;
/* A slice of the job. */
void connection_do_job(struct connection *connection);
/* More of the body; what epop_server_body and epop_server_body_end say. */
int32_t connection_send_body(struct connection *connection);
void connection_close_body(struct connection *connection);

#endif
