/* The server session from the inside.
 *
 * As in the client, everything is a step that calls at most one callback, and what is owed stands in p_todo.
 *
 *     feed -> a line (server.c) -> what it asks for (dispatch.c) -> a question to the host (event.c)
 *          -> the answer, which becomes a status line (answer.c, status.c) -> rows (rows.c) or a body (answer.c)
 *
 * Before a command is read there is room for a whole status line, so that no answer can fail for want of space.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_SERVER_SESSION_H
#define EPOP_SERVER_SESSION_H

#include <epop/server.h>

/* What the session is doing. */
enum {
    EPOPI_COMMAND = 1, /* waiting for a command */
    EPOPI_ASKED = 2,   /* waiting for the host's answer; p_asked is the kind of the question's event */
    EPOPI_ROWS = 3,    /* sending a listing */
    EPOPI_BODY = 4,    /* sending what the host pushes */
    EPOPI_TLS = 5,     /* STLS was agreed; nothing but a handshake may follow */
    EPOPI_ENDED = 6,   /* over, in good order */
    EPOPI_SASL = 7     /* waiting for a SASL response */
};

/* What is owed, in the order in which it is done. */
enum {
    EPOPI_TODO_TRACE_SENT = 0x01,
    EPOPI_TODO_TRACE_RECEIVED = 0x02,
    EPOPI_TODO_DISPATCH = 0x04,
    EPOPI_TODO_ASK_OPEN = 0x08,
    EPOPI_TODO_ASK_SEND = 0x10,
    EPOPI_TODO_DIE = 0x20,   /* of p_doom, when the -ERR that says why is written and traced */
    EPOPI_TODO_PIECE = 0x40, /* a piece of an OAuth token is to be shown */
    EPOPI_TODO_SASL = 0x80,  /* a SASL response has ended, or its mechanism has said something */

    /* Steps that need the line that was received. */
    EPOPI_TODO_TEXT = EPOPI_TODO_TRACE_RECEIVED | EPOPI_TODO_DISPATCH
};

/* "+OK ", a message-number, a space, a unique-id and CRLF. A row is shorter, and so is one with a size. */
enum { EPOPI_LISTING_MAX = 4 + 10 + 1 + EPOP_UNIQUE_ID_MAX + 2 };

/* server.c: ends the session with a sticky error, and returns it. What is in the output still goes out. */
int32_t epopi_server_die(epop_server *s, int32_t error);
/* server.c: the same, as the next step, so that the status line just written is traced. */
void epopi_server_doom(epop_server *s, int32_t error);
/* server.c: does steps until nothing is left to do, there is no room, or a callback stopped it. */
int32_t epopi_server_run(epop_server *s);
/* server.c: the same for an answer of the host's, unless a callback is under way: the call around that goes on then. */
int32_t epopi_server_go_on(epop_server *s);
/* server.c: the framing is broken: says why, and ends the session. */
int32_t epopi_server_broken_line(epop_server *s, int32_t error);

/* event.c: traces and questions. EPOP_OK, EPOP_PAUSED, or the sticky error. What has no callback is refused. */
int32_t epopi_server_trace(epop_server *s, epop_span line, uint32_t sent);
int32_t epopi_server_ask_auth(epop_server *s, epop_span password);
int32_t epopi_server_ask_sasl(epop_server *s);   /* what the mechanism asks */
int32_t epopi_server_show_piece(epop_server *s); /* the same for what needs no answer */
int32_t epopi_server_ask_open(epop_server *s);
int32_t epopi_server_ask_info(epop_server *s, uint32_t number); /* then p_info tells whether there was an answer */
int32_t epopi_server_ask_send(epop_server *s);
int32_t epopi_server_ask_commit(epop_server *s);
int32_t epopi_server_ask_command(epop_server *s, const epop_command *command);

/* dispatch.c: the line in hand is a command. */
int32_t epopi_server_dispatch(epop_server *s);

/* stranger.c: 1 where the first line is that of another protocol; 1 where the octet in hand is the second of a TLS record
 * on a connection without TLS, and *len is cut so that it is seen; the end of such a session, with -ERR. */
uint32_t epopi_server_is_stranger(const epop_server *s, const epop_command *command);
uint32_t epopi_server_is_tls_record(const epop_server *s, const uint8_t *data, size_t *len);
int32_t epopi_server_send_off(epop_server *s);

/* rows.c: the next row of a listing, or its end. */
uint32_t epopi_server_can_row(const epop_server *s);
int32_t epopi_server_row(epop_server *s);

/* status.c: a status line. `text` is NUL-terminated. */
void epopi_server_sent(epop_server *s, size_t len); /* of a line that stands behind the output already */
int32_t epopi_server_reply(epop_server *s, const epop_reply *reply);
int32_t epopi_server_ok(epop_server *s, const char *text);
int32_t epopi_server_ok_numbers(epop_server *s, uint64_t first, const char *between, uint64_t second,
                                const char *behind);
void epopi_server_ok_row(epop_server *s); /* of the row that epop_server_info has written behind the output */
int32_t epopi_server_err(epop_server *s, uint32_t code, const char *text);
int32_t epopi_server_err_because(epop_server *s, uint32_t code, const char *text, const char *why);
/* -ERR to a command that was wrong in itself; too many of those end the session, and the last -ERR says so. */
int32_t epopi_server_bad(epop_server *s, const char *text);
const char *epopi_server_last_words(const epop_server *s); /* why one more ends the session; "" where it does not */
void epopi_server_count_bad(epop_server *s);

/* answer.c */
uint32_t epopi_server_map_octets(uint32_t count); /* of the deletion map for that many messages */
uint32_t epopi_server_is_marked(const epop_server *s, uint32_t number);
int32_t epopi_server_refuse(epop_server *s, uint32_t code, epop_span text);

/* sasl.c, or sasl_none.c where the library is built without SASL. */
int32_t epopi_server_sasl_greet(epop_server *s); /* adds the stamp of APOP to the greeting, where APOP is listed */
uint32_t epopi_server_sasl_count(const epop_server *s);
size_t epopi_server_sasl_row(epop_server *s, uint8_t *dst);                  /* of CAPA; 0: none */
size_t epopi_server_sasl_name(epop_server *s, uint32_t index, uint8_t *dst); /* of AUTH's listing; 0: not offered */
int32_t epopi_server_do_auth(epop_server *s, const epop_command *command);
int32_t epopi_server_do_apop(epop_server *s, const epop_command *command);
int32_t epopi_server_sasl_take(epop_server *s, const uint8_t *data, size_t len, size_t *used);
int32_t epopi_server_sasl_step(epop_server *s); /* EPOPI_TODO_SASL */
int32_t epopi_server_sasl_accept(epop_server *s);
/* The host says no. 1 where the exchange has to go on as if nothing had been, 0 where the refusal goes out now. */
uint32_t epopi_server_sasl_goes_on(epop_server *s, uint32_t code);
/* The line in hand has EPOP_SERVER_LINE_MIN octets and no end yet. Where it is AUTH with an initial response, that is
 * taken as a response on a line of its own would be (RFC 5034 section 4), and the session waits for the rest of it. */
void epopi_server_sasl_long(epop_server *s);
/* 1 where the open question is EPOP_AUTH_FAILED: the attempt counts, whatever the host's answer. */
uint32_t epopi_server_sasl_failed(const epop_server *s);
/* The words for a failed exchange where they are not those for a wrong password, and *code, which the host gave, to go
 * with them; NULL otherwise. */
const char *epopi_server_sasl_why(const epop_server *s, uint32_t *code);
void epopi_server_sasl_end(epop_server *s); /* wipes */

#endif
