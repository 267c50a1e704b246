/* The server session from the inside.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Calls between the files go one way, down this list:
 *
 *     server.c, answer.c, body.c      what the host calls
 *     drive.c                         does the pending steps (steps.def), and ends the session
 *     event.c                         one callback each, and nothing else
 *     command.c, receive.c, rows.c, refuse.c, sasl.c, ...
 *                                     decisions: they write replies, and set what is pending, the question, the state
 *     fault.c, reply.c, info.c, maildrop.c, state.c, rules.c, stranger.c
 *                                     leaves; rules.c and stranger.c only look
 *
 * A step calls at most one callback, so that a pause can come after any event, and the session goes on later as if
 * there had been none. Before a command is read there is room for a whole status line, so that no reply can fail.
 */
#ifndef EPOP_SERVER_SESSION_H
#define EPOP_SERVER_SESSION_H

#include <epop/server.h>

/* Values of p_state, and what may be done with it. */
enum {
#define EPOPI_SERVER_STATE(state, turn, wants, room) EPOPI_SERVER_##state,
#define EPOPI_SERVER_MOVE(move, from, to, when)
#include "server/states.def"
#undef EPOPI_SERVER_STATE
#undef EPOPI_SERVER_MOVE
    EPOPI_SERVER_STATES
};

enum {
#define EPOPI_SERVER_STATE(state, turn, wants, room)
#define EPOPI_SERVER_MOVE(move, from, to, when) EPOPI_SERVER_MOVE_##move,
#include "server/states.def"
#undef EPOPI_SERVER_STATE
#undef EPOPI_SERVER_MOVE
    EPOPI_SERVER_MOVES
};

/* Bits of p_pending. */
enum {
#define EPOPI_SERVER_STEP(step, bit, needs, function) EPOPI_SERVER_STEP_##step = bit,
#include "server/steps.def"
#undef EPOPI_SERVER_STEP
    EPOPI_SERVER_NEEDS_NOTHING = 0,
    EPOPI_SERVER_NEEDS_LINE = 1,
    EPOPI_SERVER_STEPS_WITH_LINE = 0
#define EPOPI_SERVER_STEP(step, bit, needs, function) | (bit)*EPOPI_SERVER_NEEDS_##needs
#include "server/steps.def"
#undef EPOPI_SERVER_STEP
};

/* "+OK ", a message-number, a space, a unique-id and CRLF. A row is shorter, and so is one with a size. */
enum { EPOPI_SERVER_LISTING_MAX = 4 + 10 + 1 + EPOP_UNIQUE_ID_MAX + 2 };

/* ---------------------------------------------------------------------------------------------------------------------
 * Leaves
 */

/* rules.c: what holds by state, phase and flags. */
uint32_t epopi_server_state_wants(const epop_server *s);            /* EPOP_WANT_ bits; 0 while there is no room */
uint32_t epopi_server_awaits_peer(const epop_server *s);            /* its timer runs */
uint32_t epopi_server_has_rows(const epop_server *s);               /* to write, and room for the next one */
uint32_t epopi_server_is_open(const epop_server *s, uint32_t kind); /* that question; 0: any */
uint32_t epopi_server_may_login(const epop_server *s);              /* secrets may be taken: TLS, or the host said so */

/* state.c: what decisions set. */
void epopi_server_move(epop_server *s, uint32_t move);      /* EPOPI_SERVER_MOVE_ */
void epopi_server_ask(epop_server *s, uint32_t kind);       /* a question, by the kind of its event, as the next step */
void epopi_server_look_up(epop_server *s, uint32_t number); /* size and unique-id of a message, likewise */
void epopi_server_begin_body(epop_server *s);
void epopi_server_end_after_reply(epop_server *s, int32_t error);
void epopi_server_goodbye(epop_server *s); /* the session is over in good order */

/* maildrop.c: messages and their deletion marks. */
uint32_t epopi_server_map_octets(uint32_t count); /* of the deletion map for that many messages */
uint32_t epopi_server_is_marked(const epop_server *s, uint32_t number);
void epopi_server_open_maildrop(epop_server *s, const epop_maildrop *maildrop);
void epopi_server_mark(epop_server *s);  /* p_number, of p_info_octets */
void epopi_server_touch(epop_server *s); /* p_number, for LAST */
void epopi_server_unmark_all(epop_server *s);
uint32_t epopi_server_next_row_number(epop_server *s); /* the next in a listing, 0: none */

/* stranger.c: 1 where the first line is that of another protocol; 1 where the octet in hand is the second of a TLS
 * record on a connection without TLS, and *len is cut so that it is seen. */
uint32_t epopi_server_is_stranger(const epop_server *s, const epop_command *command);
uint32_t epopi_server_is_tls_record(const epop_server *s, const uint8_t *data, size_t *len);

/* reply.c: a status line. `text` is NUL-terminated. */
void epopi_server_sent(epop_server *s, size_t len); /* of a line that stands behind the output already */
int32_t epopi_server_reply(epop_server *s, const epop_reply *reply);
void epopi_server_ok(epop_server *s, const char *text);
void epopi_server_ok_numbers(epop_server *s, uint64_t first, const char *between, uint64_t second, const char *end);
void epopi_server_ok_maildrop(epop_server *s); /* messages and octets */
void epopi_server_err(epop_server *s, const char *text);
void epopi_server_err_because(epop_server *s, uint32_t code, const char *text, const char *why);

/* info.c: what the host has said of a message, which stands behind the output as a row of UIDL. */
void epopi_server_info_reply(epop_server *s);
void epopi_server_info_row(epop_server *s);

/* fault.c: what the peer does wrong: -ERR, counted; too much of it ends the session, and the last -ERR says so. */
void epopi_server_bad(epop_server *s, const char *text);
const char *epopi_server_last_text(const epop_server *s); /* why one more ends the session; "" where it does not */
void epopi_server_count_bad(epop_server *s);
void epopi_server_broken_line(epop_server *s, int32_t error);
void epopi_server_send_off(epop_server *s); /* a stranger */

/* ---------------------------------------------------------------------------------------------------------------------
 * Callbacks. EPOP_OK, EPOP_PAUSED, or the error that ends the session.
 */

/* event.c */
int32_t epopi_server_trace_sent(epop_server *s);
int32_t epopi_server_trace_received(epop_server *s);
/* The code by which p_asked is refused, as there is no callback for it; EPOP_CODE_OTHER: there is one. */
uint32_t epopi_server_code_unless_asked(const epop_server *s);
int32_t epopi_server_question(epop_server *s); /* p_asked */
int32_t epopi_server_show_piece(epop_server *s);
int32_t epopi_server_ask_info(epop_server *s); /* then p_info tells whether there was an answer */

/* ---------------------------------------------------------------------------------------------------------------------
 * Decisions
 */

/* command.c */
int32_t epopi_server_do_command(epop_server *s); /* of the line in hand */
void epopi_server_do_with_info(epop_server *s);  /* the rest of it, when size and unique-id are known */

/* receive.c: octets of a line, or of a SASL response. */
void epopi_server_receive(epop_server *s, const uint8_t *data, size_t len, size_t *used);

/* rows.c: the next row of a listing, or its end. */
void epopi_server_begin_rows(epop_server *s, const char *text);
void epopi_server_next_row(epop_server *s);

/* capa.c: the octets of the next row, written behind the output; 0: there is none any more. */
size_t epopi_server_capa_row(epop_server *s);

/* refuse.c: -ERR in answer to the open question. EPOP_OK, or an error of the arguments: then nothing has changed. */
int32_t epopi_server_refuse(epop_server *s, uint32_t code, epop_span text);

/* sasl.c and the other sasl_*.c, or sasl_none.c where the library is built without SASL. */
int32_t epopi_server_sasl_greet(epop_server *s); /* adds the stamp of APOP to the greeting, where APOP is listed */
uint32_t epopi_server_sasl_count(const epop_server *s);
size_t epopi_server_sasl_row(epop_server *s, uint8_t *dst);                  /* of CAPA; 0: none */
size_t epopi_server_sasl_name(epop_server *s, uint32_t index, uint8_t *dst); /* of AUTH's listing; 0: not offered */
void epopi_server_do_auth(epop_server *s, const epop_command *command);
void epopi_server_do_apop(epop_server *s, const epop_command *command);
void epopi_server_sasl_receive(epop_server *s, const uint8_t *data, size_t len, size_t *used);
/* The line in hand has EPOP_SERVER_LINE_MIN octets and no end yet. Where it is AUTH with an initial response, that is
 * taken as a response on a line of its own would be (RFC 5034 section 4), and the session waits for the rest of it. */
void epopi_server_sasl_long(epop_server *s);
int32_t epopi_server_sasl_step(epop_server *s);
void epopi_server_sasl_describe(epop_server *s, epop_auth_event *event); /* what the mechanism asks */
/* The host's answers. EPOP_ERR_NOT_ASKED where the open question is not of that kind. */
int32_t epopi_server_sasl_accept(epop_server *s);
int32_t epopi_server_sasl_answer(epop_server *s, epop_span octets);
int32_t epopi_server_sasl_key(epop_server *s, const epop_scram_key *key);
/* The host says no. 1 where the exchange has to go on as if nothing had been, 0 where the refusal goes out now. */
uint32_t epopi_server_sasl_conceals(epop_server *s, uint32_t code);
/* 1 where the open question is EPOP_AUTH_FAILED: the attempt counts, whatever the host's answer. */
uint32_t epopi_server_sasl_failed(const epop_server *s);
/* The text for a failed exchange where it is not that for a wrong password, and *code, which the host gave, to go with
 * it; NULL otherwise. */
const char *epopi_server_sasl_text(const epop_server *s, uint32_t *code);
void epopi_server_sasl_end(epop_server *s); /* wipes */

/* ---------------------------------------------------------------------------------------------------------------------
 * The driver
 */

/* drive.c: ends the session with a sticky error, and returns it. What is in the output still goes out. */
int32_t epopi_server_end(epop_server *s, int32_t error);
/* The next pending step. */
int32_t epopi_server_step(epop_server *s);
/* Steps, until none is pending, there is no room, or a callback stopped it. */
int32_t epopi_server_run(epop_server *s);
/* The same after an answer of the host, unless it came from inside a callback: the call around that does them then. */
int32_t epopi_server_resume(epop_server *s);

#endif
