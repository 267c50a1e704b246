/* The client session from the inside.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Calls between the files go one way, down this list:
 *
 *     client.c, command.c             what the host calls
 *     drive.c                         does the pending steps (steps.def), sends commands, ends the session
 *     event.c                         one callback each, and nothing else
 *     receive.c, response.c, rows.c, login.c, sasl.c
 *                                     decisions: they write lines, and set what is pending, the question, the state
 *     peers.c, send.c, state.c, rules.c, ring.c
 *                                     leaves; rules.c only looks
 *
 * A step calls at most one callback, so that a pause can come after any event, and the session goes on later as if
 * there had been none.
 */
#ifndef EPOP_CLIENT_SESSION_H
#define EPOP_CLIENT_SESSION_H

#include <epop/client.h>

/* Values of p_state. */
enum {
#define EPOPI_CLIENT_STATE(state, wants) EPOPI_CLIENT_##state,
#define EPOPI_CLIENT_MOVE(move, from, to, when)
#include "client/states.def"
#undef EPOPI_CLIENT_STATE
#undef EPOPI_CLIENT_MOVE
    EPOPI_CLIENT_STATES
};

enum {
#define EPOPI_CLIENT_STATE(state, wants)
#define EPOPI_CLIENT_MOVE(move, from, to, when) EPOPI_CLIENT_MOVE_##move,
#include "client/states.def"
#undef EPOPI_CLIENT_STATE
#undef EPOPI_CLIENT_MOVE
    EPOPI_CLIENT_MOVES
};

/* Bits of p_pending. */
enum {
#define EPOPI_CLIENT_STEP(step, bit, needs, function) EPOPI_CLIENT_STEP_##step = bit,
#include "client/steps.def"
#undef EPOPI_CLIENT_STEP
    EPOPI_CLIENT_NEEDS_NOTHING = 0,
    EPOPI_CLIENT_NEEDS_LINE = 1,
    EPOPI_CLIENT_STEPS_WITH_LINE = 0
#define EPOPI_CLIENT_STEP(step, bit, needs, function) | (bit)*EPOPI_CLIENT_NEEDS_##needs
#include "client/steps.def"
#undef EPOPI_CLIENT_STEP
};

/* Values of p_login, and what a row of login.def says. */
enum {
#define EPOPI_CLIENT_LOGIN(step, command, traits, ok, err, after) EPOPI_CLIENT_LOGIN_##step,
#define EPOPI_CLIENT_LOGIN_THEN(decision, function, words)
#include "client/login.def"
#undef EPOPI_CLIENT_LOGIN
#undef EPOPI_CLIENT_LOGIN_THEN
    EPOPI_CLIENT_LOGIN_STEPS
};

enum {
#define EPOPI_CLIENT_LOGIN(step, command, traits, ok, err, after)
#define EPOPI_CLIENT_LOGIN_THEN(decision, function, words) EPOPI_CLIENT_THEN_##decision,
#include "client/login.def"
#undef EPOPI_CLIENT_LOGIN
#undef EPOPI_CLIENT_LOGIN_THEN
    EPOPI_CLIENT_THENS
};

/* Traits of a step. */
enum {
    EPOPI_CLIENT_TRAIT_ANSWER = 1,
    EPOPI_CLIENT_TRAIT_COMPOSED = 2,
    EPOPI_CLIENT_TRAIT_CHALLENGED = 4,
    EPOPI_CLIENT_TRAIT_RESPONSE = 8
};

typedef struct epopi_client_login_row {
    uint8_t command;
    uint8_t traits;
    uint8_t then[2]; /* EPOPI_CLIENT_THEN_ on -ERR, on +OK */
} epopi_client_login_row;

/* What a row of responses.def says. */
enum {
    EPOPI_CLIENT_EFFECT_NOTHING,
    EPOPI_CLIENT_EFFECT_CAPABILITIES,
    EPOPI_CLIENT_EFFECT_TLS,
    EPOPI_CLIENT_EFFECT_UTF8,
    EPOPI_CLIENT_EFFECT_GOODBYE
};

typedef struct epopi_client_response {
    uint8_t row; /* EPOP_ROW_ */
    uint8_t has_values;
    uint8_t effect;
} epopi_client_response;

/* A row as it is read. */
typedef struct epopi_client_row {
    uint32_t kind;  /* EPOP_ROW_ */
    epop_span line; /* dots unstuffed */
    epop_listing listing;
    epop_capability capability;
} epopi_client_row;

/* In p_capabilities: CAPA has been answered, and by a list. */
#define EPOPI_CLIENT_CAPA_KNOWN 0x80000000u
#define EPOPI_CLIENT_CAPA_LISTED 0x40000000u

/* ---------------------------------------------------------------------------------------------------------------------
 * Leaves
 */

/* ring.c: the queue of commands. */
epop_client_slot *epopi_client_slot(const epop_client *c, uint32_t index); /* counted from the oldest */
epop_client_slot *epopi_client_head(const epop_client *c);
epop_client_slot *epopi_client_push(epop_client *c, uint32_t command, uint32_t number, uint32_t shape, uintptr_t token);
void epopi_client_pop(epop_client *c, epop_client_slot *slot);

/* rules.c: what holds by the tables, the state and the queue. */
const epopi_client_login_row *epopi_client_login_step(const epop_client *c);
const epopi_client_response *epopi_client_response_to(uint32_t command);
uint32_t epopi_client_command(const epop_client *c);  /* EPOP_CMD_ that is being answered */
uint32_t epopi_client_is_login(const epop_client *c); /* 1 where the oldest command is a login that has begun */
uint32_t epopi_client_is_idle(const epop_client *c);
uint32_t epopi_client_is_legal(const epop_client *c, uint32_t command, uint32_t phase);
uint32_t epopi_client_phase_after(uint32_t phase, uint32_t command);   /* if the command succeeds */
uint32_t epopi_client_may_send(const epop_client *c);                  /* the next command */
uint32_t epopi_client_wants_of(const epop_client *c);                  /* EPOP_WANT_ of the state */
void epopi_client_read_reply(const epop_client *c, epop_reply *reply); /* the line in hand, which parsed when it came */

/* state.c: what decisions set. */
void epopi_client_move(epop_client *c, uint32_t move);       /* EPOPI_CLIENT_MOVE_ */
void epopi_client_login_move(epop_client *c, uint32_t step); /* EPOPI_CLIENT_LOGIN_ */
void epopi_client_login_start(epop_client *c);               /* the login begins, or begins again with TLS */
void epopi_client_ask(epop_client *c, uint32_t question);    /* EPOP_ASK_ */
void epopi_client_over(epop_client *c, int32_t result);      /* the oldest command is over */
void epopi_client_quirk(epop_client *c, uint32_t quirk);

/* send.c: writes the command of the last slot in flight. The results of epop_command_write. */
int32_t epopi_client_send(epop_client *c, const epop_command *command);
/* send.c: a line of `len` octets, which stands at the end of the output already, is that of the last slot in flight. */
void epopi_client_sent(epop_client *c, size_t len);

/* ---------------------------------------------------------------------------------------------------------------------
 * event.c: callbacks. EPOP_OK, EPOP_PAUSED, or the error that ends the session.
 */
int32_t epopi_client_trace_sent(epop_client *c);
int32_t epopi_client_trace_received(epop_client *c);
int32_t epopi_client_emit_greeting(epop_client *c);
int32_t epopi_client_emit_reply(epop_client *c);
int32_t epopi_client_emit_row(epop_client *c);
int32_t epopi_client_emit_body(epop_client *c); /* p_text */
int32_t epopi_client_emit_quirk(epop_client *c);
int32_t epopi_client_emit_ask(epop_client *c);
int32_t epopi_client_emit_end(epop_client *c, const epop_client_slot *slot); /* by p_result */

/* ---------------------------------------------------------------------------------------------------------------------
 * Decisions. Where they return a result: EPOP_OK, or the error that ends the session.
 */

/* receive.c: octets from the peer, up to the end of a line or a piece of a body. */
int32_t epopi_client_receive(epop_client *c, const uint8_t *data, size_t len, size_t *used);

/* rows.c: the line in hand as a row; notes the capability that it is, and quirks. */
void epopi_client_read_row(epop_client *c, epopi_client_row *row);

/* response.c: the line in hand. */
int32_t epopi_client_take_line(epop_client *c);
/* response.c: a response is complete: its effects on the session. */
void epopi_client_apply_response(epop_client *c);

/* login.c: a step of the login is answered. */
int32_t epopi_client_login_next(epop_client *c);
/* login.c: the host's answer. An error of the argument leaves the question open. */
int32_t epopi_client_login_answer(epop_client *c, epop_span text);
void epopi_client_login_decline(epop_client *c);

/* sasl.c, or sasl_none.c where the library is built without SASL. */
void epopi_client_sasl_greeting(epop_client *c, epop_span stamp); /* keeps the stamp */
void epopi_client_sasl_forget(epop_client *c);                    /* a CAPA listing begins */
void epopi_client_sasl_offer(epop_client *c, epop_span row);      /* its row SASL */
/* Begins to log in by the first mechanism that can be; EPOP_END where there is none. */
int32_t epopi_client_sasl_choose(epop_client *c);
uint32_t epopi_client_sasl_expects(const epop_client *c); /* 1 where a challenge may come */
int32_t epopi_client_sasl_challenge(epop_client *c);      /* step CHALLENGE */
int32_t epopi_client_sasl_respond(epop_client *c);        /* step SASL */
void epopi_client_sasl_drained(epop_client *c);           /* the output is empty */
int32_t epopi_client_sasl_answer(epop_client *c, epop_span text);
void epopi_client_sasl_decline(epop_client *c);
/* AUTH or APOP was answered. EPOP_OK: the login has succeeded; EPOP_END: it has not, or begins again without its
 * initial response, and all is set for that; or an error. */
int32_t epopi_client_sasl_result(epop_client *c);
const char *epopi_client_sasl_name(const epop_client *c);
uint64_t epopi_client_sasl_offset(const epop_client *c);
void epopi_client_sasl_end(epop_client *c); /* wipes */

/* ---------------------------------------------------------------------------------------------------------------------
 * The driver
 */

/* drive.c: ends the session with a sticky error, and returns it. */
int32_t epopi_client_end(epop_client *c, int32_t error);
/* The next pending step. EPOP_OK, EPOP_PAUSED, or the sticky error. */
int32_t epopi_client_step(epop_client *c);
/* Steps and commands, until nothing is left to do, or a callback stopped it. The same results. */
int32_t epopi_client_run(epop_client *c);
/* The same after a call of the host that has made something possible, unless it came from inside a callback: the call
 * around that does it then. EPOP_OK or the sticky error. */
int32_t epopi_client_resume(epop_client *c);
/* Octets from the peer, with all that comes of them. The results of epop_client_feed. */
int32_t epopi_client_take(epop_client *c, const uint8_t *data, size_t len, size_t *used);

#endif
