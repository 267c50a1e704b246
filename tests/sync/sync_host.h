/* A host for syncs under test, and a server that answers by a script: what it is not told, it answers as a server would
 * that has `count` messages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_SYNC_HOST_H
#define EPOP_TESTS_SYNC_HOST_H

#include "../session/record.h"
#include "../wire/guard.h"

#include <epop/sync.h>

enum { HOST_MESSAGES = 20, HOST_SLOTS = 16 };

/* `command` without its CRLF, and the whole answer to it. "EOF" in it: the server hangs up there. "*" fits what is left
 * of a command. The first rule that fits counts. */
typedef struct rule {
    const char *command;
    const char *answer;
} rule;

enum { CONFIRM_AT_ONCE = 0, CONFIRM_LATER = 1, CONFIRM_NEVER = 2, DECLINE = 3 };

typedef struct sync_host {
    epop_client client;
    epop_client_config client_config;
    epop_client_callbacks client_callbacks;
    epop_client_callbacks own_callbacks;
    epop_client_slot slots[HOST_SLOTS];
    uint8_t line[EPOP_CLIENT_LINE_MIN];
    uint8_t out[1024];

    epop_sync sync;
    epop_sync_config config;
    epop_sync_callbacks callbacks;
    guard memory;         /* of the table, which ends at an unreadable page */
    uint32_t table_count; /* of that; HOST_MESSAGES unless a test says otherwise */
    uint32_t late_table;  /* given in on_maildrop, not in the config */
    epop_sync_outcome outcome;

    /* The server. */
    const char *greeting;
    const char *capabilities; /* rows of CAPA; NULL: -ERR */
    const rule *rules;        /* the last has a NULL for `command` */
    uint32_t count;
    size_t piece;       /* octets fed at a time; 0: all that there are */
    uint32_t renumbers; /* LIST n and UIDL n count what is not marked */
    uint8_t marked[HOST_MESSAGES + 1];
    record answers;
    uint32_t hung_up;

    /* What the host does. */
    uint32_t verdicts[HOST_MESSAGES + 2];
    uint64_t first_seen[HOST_MESSAGES + 2];
    uint32_t choices[HOST_MESSAGES + 2];
    uint8_t keyed[HOST_MESSAGES + 2];          /* messages whose key the sync knows */
    uint64_t header_octets[HOST_MESSAGES + 2]; /* what the last event of a header said of its message */
    uint32_t confirm;
    uint32_t waiting[HOST_MESSAGES + 2]; /* numbers to confirm later */
    uint32_t waiting_count;
    uint32_t events;
    uint32_t stop_at; /* the event of that number (from 1) returns stop_result */
    int32_t stop_result;
    void (*act)(struct sync_host *h, uint32_t kind, uint32_t number); /* in every event, if there */

    record log;  /* events, one a line */
    record sent; /* commands behind the login; "|" between those that went out without waiting for an answer */
    uint32_t in_body;
} sync_host;

/* A host with three messages, a policy of 0, and configs that can still be changed. */
void host_prepare(sync_host *h, uint32_t flags);
/* Its sessions, logged in; the sync is started. */
void host_begin(sync_host *h);
/* All that can happen without the host: until the session ends, or is idle. */
void host_go(sync_host *h);
/* One turn of it: what is to be sent, and the answers. 0 where there is nothing to send. */
uint32_t host_step(sync_host *h);
/* begin, go, close. */
void host_run(sync_host *h);
void host_close(sync_host *h);
void host_free(sync_host *h);

/* Octets from the server; the result of feed, which goes on where it was paused. */
int32_t host_hears(sync_host *h, const char *text);

/* What was sent, or seen, since the last call; "*" as in record_fits. Events:
 *
 *     maildrop 3 96             listed 1 32 u1          (size ? where it is not known)
 *     header 1 choose text      header 1 choose last + 12 (octets that were shown)
 *     begin 1 32    body 1 text (pieces are one)    end 1 OK 32
 *     report 1 FETCHED MARKED   report 2 FAILED SYNC_REFUSED
 *     own STAT OK +             (a command of the host's own)
 *     quirk STAT_COUNT          (of STAT)
 *     outcome OK DELETED listed 3 fetched 2 failed 0 marked 1 strange 0
 */
#define host_sent(h, text) host_sent_at(h, text, __FILE__, __LINE__)
#define host_saw(h, text) host_saw_at(h, text, __FILE__, __LINE__)
void host_sent_at(sync_host *h, const char *text, const char *file, int line);
void host_saw_at(sync_host *h, const char *text, const char *file, int line);
/* The reports and the outcome alone, of all that was seen. */
#define host_ended(h, text) host_ended_at(h, text, __FILE__, __LINE__)
void host_ended_at(sync_host *h, const char *text, const char *file, int line);

/* Message n, as the server has it. */
const char *host_text(uint32_t number);

#endif
