/* The client session from the inside.
 *
 * Everything that happens is a step, and a step calls at most one callback; what is still owed stands in p_todo. So a
 * pause can come after any event, and the session goes on behind it as if nothing had been.
 *
 *     feed -> a line or a slice of a body (client.c) -> what it means, as p_todo bits (response.c)
 *          -> steps (event.c), of which the last ends the command (response.c; login.c and sasl.c for a login)
 *          -> the next command goes out (queue.c)
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_CLIENT_SESSION_H
#define EPOP_CLIENT_SESSION_H

#include <epop/client.h>

/* What the next octet from the peer belongs to. */
enum {
    EPOPI_STATUS = 1, /* a status line: the greeting, or the head of a response */
    EPOPI_ROWS = 2,
    EPOPI_BODY = 3,
    EPOPI_TLS = 4,  /* nothing: TLS is being started */
    EPOPI_ENDED = 5 /* nothing: over, in good order */
};

/* What is owed, in the order in which it is done. */
enum {
    EPOPI_TODO_TRACE_SENT = 0x01,
    EPOPI_TODO_TRACE_RECEIVED = 0x02,
    EPOPI_TODO_GREETING = 0x04,
    EPOPI_TODO_REPLY = 0x08,
    EPOPI_TODO_ROW = 0x10,
    EPOPI_TODO_QUIRK = 0x20,
    EPOPI_TODO_LIMIT = 0x40, /* the body is longer than the host allows */
    EPOPI_TODO_END = 0x80,
    EPOPI_TODO_ASK = 0x100,
    EPOPI_TODO_CHALLENGE = 0x200, /* a SASL challenge was received */
    EPOPI_TODO_SASL = 0x400,      /* more of a SASL response can be written */

    /* Steps that need the line that was received. */
    EPOPI_TODO_TEXT =
        EPOPI_TODO_TRACE_RECEIVED | EPOPI_TODO_GREETING | EPOPI_TODO_REPLY | EPOPI_TODO_ROW | EPOPI_TODO_CHALLENGE
};

/* Where a login stands: p_login. */
enum {
    EPOPI_LOGIN_CAPA_BEFORE = 1,
    EPOPI_LOGIN_STLS = 2,
    EPOPI_LOGIN_BINDING = 3, /* the host is asked for channel binding */
    EPOPI_LOGIN_USER = 4,
    EPOPI_LOGIN_PASS = 5,
    EPOPI_LOGIN_APOP = 6,
    EPOPI_LOGIN_INITIAL = 7,   /* AUTH with an initial response is being composed; nothing was sent */
    EPOPI_LOGIN_AUTH = 8,       /* AUTH was sent */
    EPOPI_LOGIN_FIRST = 9,      /* AUTH was sent with an initial response, and nothing has come back yet */
    EPOPI_LOGIN_CAPA_AFTER = 10 /* PIPELINING and others show only then at some servers (Gmail) */
};

/* In p_capabilities: CAPA has been answered, and by a list. */
#define EPOPI_CAPA_KNOWN 0x80000000u
#define EPOPI_CAPA_LISTED 0x40000000u

/* client.c: ends the session with a sticky error; returns it. */
int32_t epopi_client_die(epop_client *c, int32_t error);

/* client.c: does steps and sends commands until nothing is left to do, or a callback stopped it. EPOP_OK, EPOP_PAUSED,
 * or the sticky error. */
int32_t epopi_client_run(epop_client *c);

/* client.c: the same for a call of the host's that has made something possible, unless a callback is under way: then
 * the call around that goes on. EPOP_OK or the sticky error. */
int32_t epopi_client_go_on(epop_client *c);

/* event.c: the lowest step of p_todo. EPOP_OK, EPOP_PAUSED, or the sticky error. */
int32_t epopi_client_step(epop_client *c);
int32_t epopi_client_emit_body(epop_client *c, epop_span data);
int32_t epopi_client_emit_end(epop_client *c, const epop_client_slot *slot, int32_t result);

/* response.c: a line that was received; sets p_todo. EPOP_OK or the sticky error. */
int32_t epopi_client_take_line(epop_client *c);
/* response.c: the response is complete: its effects on the session, then on_end, or the next step of the login. */
int32_t epopi_client_finish(epop_client *c);

/* queue.c */
epop_client_slot *epopi_client_slot(const epop_client *c, uint32_t index); /* counted from the oldest */
epop_client_slot *epopi_client_head(const epop_client *c);
uint32_t epopi_client_command(const epop_client *c); /* EPOP_CMD_ that is being answered */
/* Writes the command of the last slot in flight. The results of epop_command_write. */
int32_t epopi_client_send(epop_client *c, const epop_command *command);
/* A line of `len` octets, which stands behind the output already, is that of the last slot in flight. */
void epopi_client_sent(epop_client *c, size_t len);
uint32_t epopi_client_can_release(const epop_client *c);
/* Sends the next command, or ends it unsent. */
int32_t epopi_client_release(epop_client *c);
int32_t epopi_client_end_head(epop_client *c, int32_t result); /* takes the head slot out of the queue; on_end */
uint32_t epopi_client_is_idle(const epop_client *c);

/* login.c */
uint32_t epopi_login_command(const epop_client *c);
int32_t epopi_login_start(epop_client *c);
int32_t epopi_login_next(epop_client *c); /* a response within the login is complete */
int32_t epopi_login_tls_started(epop_client *c);
void epopi_login_decline(epop_client *c);
/* Ends the login with an error at the next step, from inside a callback too; nothing of it is on the wire. */
void epopi_login_fail(epop_client *c, int32_t error);
/* Puts a question. */
int32_t epopi_login_ask(epop_client *c, uint32_t step, uint32_t question);

/* sasl.c, or sasl_none.c where the library is built without SASL. */
void epopi_client_sasl_greeting(epop_client *c, epop_span stamp); /* keeps the stamp */
void epopi_client_sasl_forget(epop_client *c);                    /* a CAPA listing begins */
void epopi_client_sasl_offer(epop_client *c, epop_span words);    /* its row SASL */
/* Begins to log in by the first mechanism that can be; EPOP_END where there is none. */
int32_t epopi_client_sasl_choose(epop_client *c);
uint32_t epopi_client_sasl_expects(const epop_client *c); /* 1 where a challenge may come */
int32_t epopi_client_sasl_challenge(epop_client *c);      /* step: EPOPI_TODO_CHALLENGE */
int32_t epopi_client_sasl_respond(epop_client *c);        /* step: EPOPI_TODO_SASL */
void epopi_client_sasl_drained(epop_client *c);           /* the output is empty */
int32_t epopi_client_sasl_answer(epop_client *c, epop_span text);
void epopi_client_sasl_decline(epop_client *c);
/* AUTH or APOP was answered: EPOP_OK the login has succeeded, or why it has not, or the sticky error. EPOP_AGAIN: it
 * begins again without its initial response. */
int32_t epopi_client_sasl_result(epop_client *c);
const char *epopi_client_sasl_name(const epop_client *c);
uint64_t epopi_client_sasl_offset(const epop_client *c);
void epopi_client_sasl_end(epop_client *c); /* wipes */

#endif
