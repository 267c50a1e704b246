/* A host for client sessions under test: it writes down every event, and answers questions as it is told.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_CLIENT_HOST_H
#define EPOP_TESTS_CLIENT_HOST_H

#include "record.h"

#include <epop/client.h>

enum { CLIENT_SLOTS = 8 };

/* Events in the log, one a line; TOKEN is a number, OK and UNSENT are results without their prefix:
 *
 *     greeting + text          reply TOKEN STAT - text      ask TOKEN user          quirk TOKEN STAT ROW_BLANKS
 *     row TOKEN STAT 2 320     row TOKEN CAPA tag           row TOKEN ... UNREADABLE line
 *     body TOKEN RETR octets (adjacent pieces are one)      end TOKEN RETR OK + octets
 *     > and < before traces, where they are asked for
 */
typedef struct client_host {
    epop_client client;
    epop_client_config config;
    epop_client_callbacks callbacks;
    epop_client_slot slots[CLIENT_SLOTS];
    uint8_t line[EPOP_CLIENT_LINE_MIN];
    uint8_t out[1024];
    record log;
    uint64_t events;      /* how many callbacks there were */
    uint64_t body_octets; /* of all bodies together */
    uint32_t in_body;     /* the last line of the log is a body, to which more can be added */
    const char *user;     /* the answers to on_ask; NULL leaves the question open */
    const char *password;
    uint32_t stop_kind; /* a callback of this kind returns stop_result */
    int32_t stop_result;
    void (*act)(struct client_host *host, uint32_t kind); /* called in every callback, if there */
} client_host;

/* A host with a config that may still be changed, then its session. The first also ends what it was before. */
void client_prepare(client_host *host, uint32_t flags);
void client_init(client_host *host);
/* Both, and the greeting. */
void client_begin(client_host *host, uint32_t flags);
void client_end(client_host *host);

/* With EPOP_CLIENT_ALLOW_CLEARTEXT: from nothing to the TRANSACTION phase, at a server that answers CAPA with these
 * rows ("TOP\r\nPIPELINING\r\n"; NULL: -ERR). The log is empty then. */
void client_enter(client_host *host, uint32_t flags, const char *capabilities);
/* The same from a host that is only prepared. */
void client_log_in(client_host *host, const char *capabilities);

/* For callbacks.on_trace. */
int32_t client_on_trace(void *user, const epop_trace_event *event);

/* Octets from the server. The result of feed; where that is EPOP_OK, all was used. */
int32_t client_feed(client_host *host, const void *data, size_t len);
/* The same with a string, and EPOP_OK. */
void client_hears(client_host *host, const char *text);

/* The session's output is exactly this, and is acknowledged. */
#define client_says(host, text) client_says_at(host, text, __FILE__, __LINE__)
void client_says_at(client_host *host, const char *text, const char *file, int line);

/* The events since the last call are these; "*" as in record_fits. */
#define client_saw(host, text) client_saw_at(host, text, __FILE__, __LINE__)
void client_saw_at(client_host *host, const char *text, const char *file, int line);

/* The session is dead of this error: every call says so, and no callback comes. */
void client_is_dead(client_host *host, int32_t error);

#endif
