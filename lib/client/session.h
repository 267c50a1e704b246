/* The client session from the inside.
 *
 * Everything that happens is a step, and a step calls at most one callback; what is still owed stands in p_todo. So a
 * pause can come after any event, and the session goes on behind it as if nothing had been.
 *
 *     feed -> a line or a slice of a body (client.c) -> what it means, as p_todo bits (response.c)
 *          -> steps (event.c), of which the last ends the command (response.c, login.c)
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

    /* Steps that need the line that was received. */
    EPOPI_TODO_TEXT = EPOPI_TODO_TRACE_RECEIVED | EPOPI_TODO_GREETING | EPOPI_TODO_REPLY | EPOPI_TODO_ROW
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
epop_client_slot *epopi_client_head(const epop_client *c);
uint32_t epopi_client_command(const epop_client *c); /* EPOP_CMD_ that is being answered */
/* Writes the command of the last slot in flight. The results of epop_command_write. */
int32_t epopi_client_send(epop_client *c, const epop_command *command);
uint32_t epopi_client_can_release(const epop_client *c);
/* Sends the next command, or ends it unsent. */
int32_t epopi_client_release(epop_client *c);
int32_t epopi_client_end_head(epop_client *c, int32_t result); /* takes the head slot out of the queue; on_end */
uint32_t epopi_client_is_idle(const epop_client *c);

/* login.c */
uint32_t epopi_login_command(const epop_client *c);
int32_t epopi_login_start(epop_client *c);
int32_t epopi_login_next(epop_client *c); /* a response within the login is complete */
void epopi_login_decline(epop_client *c);

#endif
