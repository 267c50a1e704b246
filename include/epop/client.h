/* The client side of a POP3 session: greeting, command queue with pipelining, replies, login.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A host is a loop over epop_client_wants:
 *
 *     while (!((w = epop_client_wants(&c)) & EPOP_WANT_CLOSE) || (w & EPOP_WANT_DRAIN)) {
 *         if (w & EPOP_WANT_DRAIN)    send what epop_client_output shows, then epop_client_output_ack
 *         else if (w & EPOP_WANT_TLS) do the handshake, then epop_client_tls_started
 *         else                        receive, then epop_client_feed; at the end of the stream epop_client_eof
 *     }
 *
 * A host whose callbacks pause also feeds, be it no octets, where EPOP_WANT_RESUME is set.
 *
 * Commands are queued at any time, before the greeting and from inside callbacks too. Each carries a token of the
 * host's choice, and its events carry that token. For every command whose fate is known, on_end comes exactly once;
 * only where the session itself dies do commands end without a word (the sticky error says it for all of them).
 *
 * Events of one command: on_reply, then on_row or on_body for the lines that follow, then on_end.
 */
#ifndef EPOP_CLIENT_H
#define EPOP_CLIENT_H

#include <epop/base.h>
#include <epop/sasl.h>
#include <epop/wire.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------------
 * Events. Pointers and spans in them are good until the callback returns.
 */

/* What is known of certain servers, found by their greeting or IMPLEMENTATION. Hints for the host: the session itself
 * behaves the same to all (RFC 2449 section 6.9). The table is lib/client/peers.def. */
enum {
    EPOP_TRAIT_RENUMBERS = 0x01,   /* LIST and UIDL count anew after DELE, RETR and DELE do not: list once, before it */
    EPOP_TRAIT_SIZES_LIE = 0x02,   /* sizes in LIST are not those of the message as sent */
    EPOP_TRAIT_TOP_CUTS = 0x04,    /* TOP gives less than was asked for */
    EPOP_TRAIT_SHORT_IDLE = 0x08,  /* hangs up after about a minute of silence: keep alive */
    EPOP_TRAIT_FETCH_HIDES = 0x10, /* a message that was fetched is gone from the next session without DELE */
    EPOP_TRAIT_APOP_BROKEN = 0x20  /* offers an APOP stamp and refuses APOP always */
};

/* The greeting has arrived. Where its status is EPOP_STATUS_ERR, the server will not serve: the session ends in good
 * order, and commands that are queued end with EPOP_ERR_UNSENT. */
typedef struct epop_greeting_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_GREETING */
    const epop_reply *reply;
    epop_span stamp; /* APOP stamp with its angle brackets, or empty */
    uint32_t pop4;   /* 1: "POP4 rev" was seen */
    uint32_t traits; /* EPOP_TRAIT_ bits */
} epop_greeting_event;

/* The status line of a command. During a login these come with the login's token and the command that was sent. */
typedef struct epop_reply_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_REPLY */
    uintptr_t token;
    const epop_reply *reply;
    uint32_t command; /* EPOP_CMD_, EPOP_CMD_UNKNOWN for a raw one */
    uint32_t number;  /* message-number of the command, or 0 */
} epop_reply_event;

/* The kinds of rows. */
enum {
    EPOP_ROW_STAT = 1,      /* the numbers in the reply to STAT: listing->number messages, listing->octets */
    EPOP_ROW_LIST = 2,      /* listing->number, listing->octets; of LIST with an argument too */
    EPOP_ROW_UIDL = 3,      /* listing->number, listing->unique_id; of UIDL with an argument too */
    EPOP_ROW_CAPA = 4,      /* capability */
    EPOP_ROW_LANG = 5,      /* a language tag and its description, in `line` */
    EPOP_ROW_RAW = 6,       /* a line of the response to a raw command, in `line` */
    EPOP_ROW_UNREADABLE = 7, /* a line that does not parse as the above should: see `line`; a quirk event follows */
    EPOP_ROW_SASL = 8        /* why the server refuses an OAuth token (RFC 7628 section 3.2.2), in `line`: a JSON object with
                                "status" and "scope", decoded, or what else the server wrote; of any octets. It comes
                                during a login, before the refusal itself; it is not traced */
};

/* A line of a listing, or the values in a status line. */
typedef struct epop_row_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_ROW */
    uintptr_t token;
    uint32_t command;
    uint32_t row;                      /* EPOP_ROW_ */
    const epop_listing *listing;       /* STAT, LIST, UIDL; else NULL */
    const epop_capability *capability; /* CAPA; else NULL */
    epop_span line;                    /* the line, dots unstuffed; for values in a status line, its text */
    uint32_t line_length;              /* of the whole line; more than line.len where it did not fit the line buffer */
} epop_row_event;

/* A piece of a message, dots unstuffed, with the line ends that the server sent. It points into the octets fed. */
typedef struct epop_body_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_BODY */
    uintptr_t token;
    uint32_t command; /* EPOP_CMD_RETR, EPOP_CMD_TOP, or EPOP_CMD_UNKNOWN for a raw one */
    uint32_t number;
    uint64_t offset; /* of this piece in the message */
    epop_span data;  /* never empty */
} epop_body_event;

/* A command is over. */
typedef struct epop_end_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_END */
    uintptr_t token;
    uint32_t command; /* EPOP_CMD_LOGIN for a login */
    uint32_t number;
    int32_t result;  /* EPOP_OK: it was answered, see `status`. EPOP_ERR_UNSENT, _ABORTED, _DECLINED,
                        _LOGIN_CLEARTEXT, _LOGIN_REFUSED */
    uint32_t status; /* EPOP_STATUS_OK or _ERR of the reply that decided it; 0 if there was none */
    uint32_t code;   /* EPOP_CODE_ of that reply */
    uint32_t retry;  /* EPOP_RETRY_ of that reply */
    uint64_t octets; /* of the message that were received, those dropped by EPOP_ABORT_DRAIN included */
} epop_end_event;

/* The session needs octets that it will not store. Answer with epop_client_answer or epop_client_decline, from inside
 * the callback or later; until then the session waits, and wants EPOP_WANT_ANSWER.
 *
 * An answer that is longer than the output has room for is taken in part, and asked for again from `offset` when there
 * is room: answer with `text + offset, len - offset`. With an offset of 0 a question may come twice in one login. */
typedef struct epop_ask_event {
    uint32_t struct_size;
    uint32_t kind;         /* EPOP_EVENT_ASK */
    uintptr_t token;       /* of the login */
    uint32_t ask;          /* EPOP_ASK_ of sasl.h */
    uint32_t reserved;     /* 0 */
    uint64_t offset;       /* octets of the answer that were taken already */
    const char *mechanism; /* what asks, "SCRAM-SHA-256", "APOP", "USER", static; "" for EPOP_ASK_BINDING */
} epop_ask_event;

/* The server deviates from the specification, and the session goes on. Comes behind the event of the line concerned. */
typedef struct epop_quirk_event {
    uint32_t struct_size;
    uint32_t kind;   /* EPOP_EVENT_QUIRK */
    uintptr_t token; /* of the command concerned; 0 for the greeting */
    uint32_t command;
    uint32_t quirk; /* one EPOP_QUIRK_ bit */
} epop_quirk_event;

/* All members may be NULL: the event is then dropped (a login that asks nobody ends with EPOP_ERR_DECLINED).
 * Every callback returns 0 to go on, EPOP_PAUSE to stop after this event, or a value of EPOP_ERR_CALLBACK_FIRST or less
 * to abort the session. Inside a callback, commands may be queued, questions answered, transfers aborted and getters
 * called; anything else returns EPOP_ERR_REENTRANT and changes nothing (init apart, which can not know). */
typedef struct epop_client_callbacks {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    int32_t (*on_greeting)(void *user, const epop_greeting_event *event);
    int32_t (*on_reply)(void *user, const epop_reply_event *event);
    int32_t (*on_row)(void *user, const epop_row_event *event);
    int32_t (*on_body)(void *user, const epop_body_event *event);
    int32_t (*on_end)(void *user, const epop_end_event *event);
    int32_t (*on_ask)(void *user, const epop_ask_event *event);
    int32_t (*on_quirk)(void *user, const epop_quirk_event *event);
    int32_t (*on_trace)(void *user, const epop_trace_event *event);
} epop_client_callbacks;

/* ---------------------------------------------------------------------------------------------------------------------
 * Configuration
 */

/* One command in the queue; an array of them is the queue's memory. */
typedef struct epop_client_slot {
    uintptr_t p_token;
    uint32_t p_number;
    uint32_t p_lines;
    uint16_t p_octets;
    uint8_t p_command;
    uint8_t p_shape;
} epop_client_slot;

enum {
    EPOP_CLIENT_ALLOW_CLEARTEXT = 0x01, /* passwords may be sent without TLS: anybody on the path can read them */
    EPOP_CLIENT_TLS = 0x02,             /* the connection has TLS already (port 995) */
    EPOP_CLIENT_ALLOW_LF = 0x04,        /* a server whose greeting ends in a bare LF is taken at its word for the whole
                                           session. Risk: such a server that does not stuff dots behind every LF lets a
                                           mail forge the replies that follow it. */
    EPOP_CLIENT_STLS = 0x08,            /* the host can do TLS: a login without TLS begins with STLS. Where the server
                                           does not offer it, or refuses, the login ends; with ALLOW_CLEARTEXT beside it,
                                           a server that does not offer STLS gets the password in the clear. Risk: an
                                           attacker on the path takes the offer away. */
    EPOP_CLIENT_SASL_ONLY = 0x10,       /* never USER and PASS: only what `sasl` lists */
    EPOP_CLIENT_SASL_UNLISTED = 0x20    /* where the server lists none of `sasl` in CAPA, its first is used all the same:
                                           for servers that have a mechanism and do not say so */
};

enum {
    EPOP_CLIENT_LINE_MIN = 512,  /* RFC 2449 section 4: the longest status line and capability */
    EPOP_CLIENT_OUTPUT_MIN = 255 /* RFC 2449 section 4: the longest command */
};

typedef struct epop_client_config {
    uint32_t struct_size;
    uint32_t flags;                         /* EPOP_CLIENT_ bits; 0 is the safe choice */
    const epop_client_callbacks *callbacks; /* must outlive the session */
    void *user;                             /* first argument of every callback */
    void *line_buffer;                      /* must outlive the session */
    size_t line_buffer_size;                /* EPOP_CLIENT_LINE_MIN or more; longer lines are delivered cut */
    void *output_buffer;                    /* must outlive the session */
    size_t output_buffer_size;              /* EPOP_CLIENT_OUTPUT_MIN or more */
    epop_client_slot *slots;                /* must outlive the session */
    uint32_t slot_count;                    /* 1 to 65535: how many commands can be queued and unanswered */
    uint32_t window_commands;               /* how many may be unanswered where the server has PIPELINING; 0: 32 */
    uint32_t window_octets;                 /* ... and how many octets of them; 0: 4096, which fits any socket buffer,
                                               so that two blocking peers can not wait for each other for ever (RFC 2449
                                               section 6.6) */
    uint32_t max_rows;                      /* rows in one listing; 0: 10,000,000 */
    uint64_t max_body;                      /* octets in one message; 0: no limit */
    uint32_t timeout_seconds;               /* what epop_client_deadline says; 0: 300 */
    uint32_t keep_alive_seconds;            /* what epop_client_keep_alive says; 0: 45, because known servers hang up
                                               after 60 seconds, whatever RFC 1939 section 3 says of ten minutes */
    epop_sasl *sasl;                        /* SASL and APOP, of epop_sasl_init; must outlive the session; NULL: none */
} epop_client_config;

/* A session. Complete so that it can live anywhere; all members are private. */
typedef struct epop_client {
    epop_session p_session;
    uint8_t p_state;
    uint8_t p_phase;
    uint8_t p_phase_queued;
    uint8_t p_flags;
    uint8_t p_login;
    uint8_t p_ask;
    uint8_t p_status;
    uint8_t p_code;
    uint8_t p_traits;
    uint8_t p_utf8;
    epop_dot p_dot;
    uint16_t p_pending;
    uint16_t p_flight;
    uint16_t p_queued;
    uint16_t p_unsent_lines;
    uint16_t p_slot_count;
    uint16_t p_slot_head;
    uint16_t p_window;
    uint32_t p_text_length;
    uint32_t p_flight_octets;
    int32_t p_result;
    uint32_t p_capabilities;
    uint32_t p_quirks;
    const epop_client_callbacks *p_callbacks;
    void *p_user;
    epop_client_slot *p_slots;
    epop_sasl *p_sasl;
    epop_span p_text;
    epop_outbox p_out;
    epop_line p_line;
    uint32_t p_window_octets;
    uint32_t p_capabilities_new;
    uint32_t p_rows;
    uint32_t p_max_rows;
    uint32_t p_timeout;
    uint32_t p_keep_alive;
    uint64_t p_body;
    uint64_t p_max_body;
    uint64_t p_offset;
    uint64_t p_expected;
} epop_client;

/* ---------------------------------------------------------------------------------------------------------------------
 * Life
 */

/* For bindings that can not see the struct. */
EPOP_API size_t epop_client_sizeof(void);

/* Makes a session. `size` is sizeof(epop_client) as the caller sees it. Everything in `config` but what it points to
 * may be forgotten afterwards. Nothing is to be freed at the end; the output buffer is wiped as it is sent.
 * EPOP_ERR_NULL, EPOP_ERR_STRUCT_SIZE, EPOP_ERR_VALUE, EPOP_ERR_BUFFER_SIZE. */
EPOP_API int32_t epop_client_init(epop_client *client, size_t size, const epop_client_config *config);

/* What the session wants: EPOP_WANT_ bits. */
EPOP_API uint32_t epop_client_wants(const epop_client *client);

/* Gives octets from the peer. Events come before this returns. `data` may be NULL where `len` is 0, which resumes after
 * a pause. `*used` is always set; feed the octets behind it again later.
 *
 * EPOP_OK: all was used. EPOP_PAUSED: a callback asked for it. EPOP_ERR_REENTRANT. EPOP_ERR_PEER_UNSOLICITED for octets
 * that answer nothing, be it while a question is open or behind the answer to QUIT. A callback's negative value, or
 * EPOP_ERR_PEER_ or EPOP_ERR_LIMIT_: the session is dead, every later call says the same, no callback comes again. */
EPOP_API int32_t epop_client_feed(epop_client *client, const void *data, size_t len, size_t *used);

/* The peer has closed its side. EPOP_OK where the session had ended in good order; else EPOP_ERR_PEER_QUIT_UNKNOWN
 * where QUIT was sent in the TRANSACTION phase and not answered, or EPOP_ERR_PEER_EOF; both sticky. Feed everything
 * first. */
EPOP_API int32_t epop_client_eof(epop_client *client);

/* epop_client_deadline has passed: as eof, with EPOP_ERR_PEER_TIMEOUT. */
EPOP_API int32_t epop_client_timeout(epop_client *client);

/* Octets to send: a pointer to `*len` of them, good until the next call that is not a getter. NULL and 0 if none. */
EPOP_API const uint8_t *epop_client_output(const epop_client *client, size_t *len);

/* `n` of those octets were handed to the transport; their memory is wiped. Say so before feeding what comes back: a
 * reply to a command that was not sent is EPOP_ERR_PEER_UNSOLICITED. EPOP_ERR_VALUE where n is more than there are. */
EPOP_API int32_t epop_client_output_ack(epop_client *client, size_t n);

/* TLS is up: after EPOP_WANT_TLS. Capabilities learned before are forgotten (RFC 2595 section 4). EPOP_ERR_PHASE. */
EPOP_API int32_t epop_client_tls_started(epop_client *client);

/* Seconds without an octet from the peer after which to call epop_client_timeout; 0: nothing is awaited. */
EPOP_API uint32_t epop_client_deadline(const epop_client *client);

/* Seconds of silence after which to queue a NOOP, lest the server hang up; 0 where none is due in this phase. */
EPOP_API uint32_t epop_client_keep_alive(const epop_client *client);

/* Fills `info`; EPOP_OK even where there was no error. */
EPOP_API int32_t epop_client_error_info(const epop_client *client, epop_error_info *info);

EPOP_API uint32_t epop_client_phase(const epop_client *client);        /* EPOP_PHASE_ */
EPOP_API uint32_t epop_client_capabilities(const epop_client *client); /* EPOP_CAPA_ bits; 0 before a CAPA */
EPOP_API uint32_t epop_client_traits(const epop_client *client);       /* EPOP_TRAIT_ bits */

/* 1 while one of the session's callbacks is under way, 0 otherwise. For layers between the session and the host, which
 * must know which calls they may make. */
EPOP_API uint32_t epop_client_is_in_callback(const epop_client *client);

/* How many lines stand in the output that were not acknowledged to their last octet; after an error, how many were not
 * sent: the peer can not have acted on those. */
EPOP_API uint32_t epop_client_unsent(const epop_client *client);

/* ---------------------------------------------------------------------------------------------------------------------
 * Commands. All of them only queue. EPOP_ERR_QUEUE_FULL; EPOP_ERR_PHASE where the command can not be legal any more
 * when its turn comes; EPOP_ERR_ENDED; the sticky error. A `number` of 0 where a message-number is needed:
 * EPOP_ERR_VALUE. Where a command can go out at once, on_trace, on_ask or (for one that policy forbids) on_end comes
 * before the call returns, unless the call is made from inside a callback.
 *
 * Where the server announced PIPELINING they go out back to back, within the window. Commands that change the state of
 * the session (login, stls, utf8, quit, raw) go out alone: after all before them are answered, and before all behind
 * them. Where one fails, those behind it that need its success end with EPOP_ERR_UNSENT.
 */

/* All of it: CAPA where the capabilities are not known yet; STLS where EPOP_CLIENT_STLS asks for it, then
 * EPOP_WANT_TLS, and CAPA again; then one way to log in, and only one, so that no account is locked by trying: the
 * first mechanism of the host's list that the server has too, else USER and PASS; and CAPA again where the server knows
 * it. Names and secrets are asked for by on_ask.
 *
 * A server may refuse AUTH for its initial response, which servers older than RFC 5034 do not know. So an AUTH that is
 * refused before any challenge, and without a response code, is sent once more without one, and the questions are asked
 * again. Without TLS only SCRAM does that, since its first message tells no secret. A server that refuses passwords
 * without a code counts a wrong one twice then.
 *
 * on_end with EPOP_OK is success. EPOP_ERR_LOGIN_CLEARTEXT: without TLS, EPOP_CLIENT_STLS or
 * EPOP_CLIENT_ALLOW_CLEARTEXT nothing is sent. EPOP_ERR_LOGIN_NO_STLS, EPOP_ERR_LOGIN_STLS_REFUSED,
 * EPOP_ERR_LOGIN_NO_MECHANISM, EPOP_ERR_DECLINED. EPOP_ERR_LOGIN_REFUSED: `code` and `retry` say whether the password
 * is wrong (AUTH), somebody else is in (IN-USE), or the server has trouble of its own (SYS/TEMP). EPOP_ERR_SASL_...,
 * EPOP_ERR_TOO_LONG, EPOP_ERR_OCTET, EPOP_ERR_CRYPTO: the exchange was cancelled. In all those cases the session goes
 * on, in the AUTHORIZATION phase. It ends with EPOP_ERR_PEER_SASL where the server says +OK before it has proved what
 * the mechanism asks of it. */
EPOP_API int32_t epop_client_login(epop_client *client, uintptr_t token);
EPOP_API int32_t epop_client_stls(epop_client *client, uintptr_t token); /* then EPOP_WANT_TLS */
EPOP_API int32_t epop_client_capa(epop_client *client, uintptr_t token);
EPOP_API int32_t epop_client_utf8(epop_client *client,
                                  uintptr_t token); /* RFC 6856: before login, and no STLS after it */
EPOP_API int32_t epop_client_stat(epop_client *client, uintptr_t token);
EPOP_API int32_t epop_client_list(epop_client *client, uint32_t number, uintptr_t token); /* number 0: all */
EPOP_API int32_t epop_client_uidl(epop_client *client, uint32_t number, uintptr_t token); /* number 0: all */
EPOP_API int32_t epop_client_retr(epop_client *client, uint32_t number, uintptr_t token);
EPOP_API int32_t epop_client_top(epop_client *client, uint32_t number, uint32_t lines, uintptr_t token);
EPOP_API int32_t epop_client_dele(epop_client *client, uint32_t number, uintptr_t token);
EPOP_API int32_t epop_client_noop(epop_client *client, uintptr_t token);
EPOP_API int32_t epop_client_rset(epop_client *client, uintptr_t token);
EPOP_API int32_t epop_client_last(epop_client *client, uintptr_t token); /* RFC 1460 */
/* Where messages were marked by DELE, the server deletes them now; see EPOP_ERR_PEER_QUIT_UNKNOWN. */
EPOP_API int32_t epop_client_quit(epop_client *client, uintptr_t token);

/* LANG with a language range, or with none (NULL, 0) for the list (RFC 6856 section 3). It can not wait in the queue,
 * because its text would have to: EPOP_ERR_BUSY unless EPOP_WANT_COMMAND is set. The errors of epop_command_write. */
EPOP_API int32_t epop_client_lang(epop_client *client, const void *range, size_t len, uintptr_t token);

/* Any other command: a line without its CRLF, with the shape of its response (EPOP_SHAPE_SINGLE, _ROWS or _BODY). As
 * with LANG, only on an idle session. Commands of the table, XTND apart, are refused with EPOP_ERR_NOT_RAW: a wrong
 * shape would put the session out of step. EPOP_ERR_OCTET, EPOP_ERR_TOO_LONG, EPOP_ERR_SYNTAX, EPOP_ERR_VALUE. */
EPOP_API int32_t epop_client_raw(epop_client *client, const void *text, size_t len, uint32_t shape, uintptr_t token);

/* ---------------------------------------------------------------------------------------------------------------------
 * Questions and transfers
 */

/* Answers the open question. The octets are used within the call and kept nowhere but in the output, or (names) in the
 * buffer of `sasl` until the login is over. EPOP_ERR_NOT_ASKED; EPOP_ERR_OCTET, EPOP_ERR_TOO_LONG,
 * EPOP_ERR_ARGUMENT_MISSING, EPOP_ERR_VALUE (not as long as the answer that was taken in part): the question stays
 * open. */
EPOP_API int32_t epop_client_answer(epop_client *client, const void *text, size_t len);

/* Ends the login that asks, with EPOP_ERR_DECLINED; where an exchange is under way, it is cancelled first. */
EPOP_API int32_t epop_client_decline(epop_client *client);

/* The transfer that is under way, so that a host can weigh up what aborting it would cost. */
typedef struct epop_transfer {
    uint32_t struct_size;
    uint32_t command; /* EPOP_CMD_, of the response that is being received; 0 if none */
    uintptr_t token;
    uint32_t number;
    uint32_t behind;   /* commands sent behind it, whose responses will come too */
    uint64_t received; /* octets so far, dropped ones included */
    uint64_t expected; /* what the status line said, "+OK 120 octets"; 0 if it did not. A hint that may lie; the size
                          from LIST is as good */
} epop_transfer;

EPOP_API int32_t epop_client_transfer(const epop_client *client, epop_transfer *transfer);

enum {
    EPOP_ABORT_DRAIN = 1, /* receive and drop the rest of this response: costs its octets, keeps the session */
    EPOP_ABORT_CLOSE = 2  /* end the session at once: costs the connection, and every deletion mark with it */
};

/* Aborts the response that is being received. EPOP_ABORT_DRAIN: no more rows or body, then on_end with
 * EPOP_ERR_ABORTED; EPOP_ERR_PHASE where no multi-line response is under way. EPOP_ABORT_CLOSE: the session wants
 * EPOP_WANT_CLOSE, and every later call says EPOP_ERR_ABORTED; possible at any time. */
EPOP_API int32_t epop_client_abort(epop_client *client, uint32_t how);

#ifdef __cplusplus
}
#endif

#endif
