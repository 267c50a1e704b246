/* A host for server sessions under test: a small maildrop, and answers as it is told.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_SERVER_HOST_H
#define EPOP_TESTS_SERVER_HOST_H

#include "record.h"

#include <epop/server.h>

enum { SERVER_MESSAGES = 16 };

/* What the host does with a question. */
enum { YES = 0, NO = 1, HOLD = 2 };

typedef struct server_message {
    const char *text;
    uint64_t octets; /* what on_message_info says */
    const char *unique_id;
} server_message;

/* Events in the log, one a line:
 *
 *     auth NAME PASSWORD        open NAME        send RETR 2      send TOP 2 10
 *     commit 1                  command KEYWORD ARGUMENT
 *     info 2 where show_info is set: when a session looks a message up is mostly its own affair
 *     > and < before traces, where they are asked for
 */
typedef struct server_host {
    epop_server server;
    epop_server_config config;
    epop_server_callbacks callbacks;
    uint8_t line[EPOP_SERVER_LINE_MIN];
    uint8_t name[40];
    uint8_t *out; /* config.output_buffer_size octets, of the heap */
    uint8_t deleted[SERVER_MESSAGES / 8];
    server_message messages[SERVER_MESSAGES];
    uint32_t count;
    uint64_t octets;
    record log;
    record said;     /* all output that was acknowledged since server_said */
    uint64_t events; /* how many callbacks there were */
    uint32_t auth;   /* what to do with questions: YES, NO, HOLD */
    uint32_t open;
    uint32_t send;
    uint32_t commit;
    uint32_t command;
    uint32_t code; /* of a NO; its text is the session's own */
    uint32_t show_info;
    uint32_t vanished;  /* the message on_message_info knows nothing of */
    uint32_t stop_kind; /* a callback of this kind returns stop_result */
    int32_t stop_result;
    void (*act)(struct server_host *host, uint32_t kind); /* called in every callback, if there */
} server_host;

/* A host with three messages and a config that may still be changed, then its session. */
void server_prepare(server_host *host, uint32_t flags);
void server_init(server_host *host);
/* Both, with the greeting sent. */
void server_begin(server_host *host, uint32_t flags);
/* With EPOP_SERVER_ALLOW_CLEARTEXT, and joe logged in. The log is empty then. */
void server_enter(server_host *host, uint32_t flags);
void server_end(server_host *host);

/* The maildrop of the host. */
epop_maildrop server_maildrop(server_host *host);

/* For callbacks.on_trace. */
int32_t server_on_trace(void *user, const epop_trace_event *event);

/* Octets from the client, given once: the result of feed, and how many were used. */
int32_t server_feed(server_host *host, const void *data, size_t len, size_t *used);
/* A string that is used to its end, with EPOP_OK; output is taken where the session asks for that with EPOP_AGAIN. */
void server_hears(server_host *host, const char *text);
/* Acknowledges all output, again and again where more comes, into `said`. */
void server_drain(server_host *host);
/* Pushes the body of a message and its end, draining as it goes. */
void server_push(server_host *host, const char *text);

/* What was said since the last call, the pending output included, is this; "*" stands for words. */
#define server_says(host, text) server_says_at(host, text, __FILE__, __LINE__)
void server_says_at(server_host *host, const char *text, const char *file, int line);

/* server_hears and server_says. */
#define server_talk(host, command, reply) (server_hears(host, command), server_says(host, reply))

/* The events since the last call are these. */
#define server_saw(host, text) server_saw_at(host, text, __FILE__, __LINE__)
void server_saw_at(server_host *host, const char *text, const char *file, int line);

/* The session is dead of this error: calls say so, and no callback comes. */
void server_is_dead(server_host *host, int32_t error);

#endif
