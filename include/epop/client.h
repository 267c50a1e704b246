/* The client side of a POP3 session: greeting, command queue with pipelining, replies, login.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The host runs a loop over epop_client_wants:
 *
 *     while (!((w = epop_client_wants(&c)) & EPOP_WANT_CLOSE) || (w & EPOP_WANT_DRAIN)) {
 *         if (w & EPOP_WANT_DRAIN)    send what epop_client_output shows, then epop_client_output_ack
 *         else if (w & EPOP_WANT_TLS) do the handshake, then epop_client_tls_started
 *         else                        receive, then epop_client_feed; at the end of the stream epop_client_eof
 *     }
 *
 * A host whose callbacks return EPOP_PAUSE must also call feed (with no data if there is none) when EPOP_WANT_RESUME is
 * set.
 *
 * Commands can be queued at any time, before the greeting and inside callbacks too. Each command has a token chosen by
 * the host; its events carry that token. on_end is called exactly once per command, except when the session dies: then
 * the sticky error is the result of all commands that have not ended.
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
 * Events. Pointers and spans in them are valid until the callback returns.
 */

/* Known properties of certain servers, recognised by their greeting or IMPLEMENTATION. Hints for the host: the session
 * itself treats all servers alike (RFC 2449 section 6.9). The table is lib/client/peers.def. */
enum {
    EPOP_TRAIT_RENUMBERS = 0x01,   /* LIST and UIDL renumber messages after DELE, RETR and DELE do not: list before the
                                      first DELE only */
    EPOP_TRAIT_SIZES_LIE = 0x02,   /* sizes in LIST are not those of the message as sent */
    EPOP_TRAIT_TOP_CUTS = 0x04,    /* TOP returns fewer lines than asked for */
    EPOP_TRAIT_SHORT_IDLE = 0x08,  /* disconnects after about a minute of silence: use keep-alive */
    EPOP_TRAIT_FETCH_HIDES = 0x10, /* a fetched message is missing from the next session, without DELE */
    EPOP_TRAIT_APOP_BROKEN = 0x20  /* offers an APOP stamp and always refuses APOP */
};

/* The greeting. If its status is EPOP_STATUS_ERR, the server refuses to serve: the session ends normally, and queued
 * commands end with EPOP_ERR_UNSENT. */
typedef struct epop_greeting_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_GREETING */
    const epop_reply *reply;
    epop_span stamp; /* APOP stamp with its angle brackets, or empty */
    uint32_t pop4;   /* 1: the text contains "POP4 rev" */
    uint32_t traits; /* EPOP_TRAIT_ bits */
} epop_greeting_event;

/* The reply to a command. During a login, replies carry the login's token and the command that was sent. */
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
    EPOP_ROW_STAT = 1,       /* the numbers in the reply to STAT: listing->number messages, listing->octets */
    EPOP_ROW_LIST = 2,       /* listing->number, listing->octets; of LIST with an argument too */
    EPOP_ROW_UIDL = 3,       /* listing->number, listing->unique_id; of UIDL with an argument too */
    EPOP_ROW_CAPA = 4,       /* capability */
    EPOP_ROW_LANG = 5,       /* a language tag and its description, in `line` */
    EPOP_ROW_RAW = 6,        /* a line of the response to a raw command, in `line` */
    EPOP_ROW_UNREADABLE = 7, /* a malformed row of one of the above: see `line`; a quirk event follows */
    EPOP_ROW_SASL = 8 /* why the server refuses an OAuth token (RFC 7628 section 3.2.2), in `line`: usually a JSON
                         object with "status" and "scope", base64 decoded. May hold any octet. Comes during a
                         login, before the refusal; not traced */
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
    uint32_t line_length;              /* of the whole line; greater than line.len if it did not fit the line buffer */
} epop_row_event;

/* A piece of a message, dots unstuffed, with the line ends that the server sent. It points into the fed data. A piece
 * ends at every removed dot, so that a hostile message of dots makes about one event per line. */
typedef struct epop_body_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_BODY */
    uintptr_t token;
    uint32_t command; /* EPOP_CMD_RETR, EPOP_CMD_TOP, or EPOP_CMD_UNKNOWN for a raw one */
    uint32_t number;
    uint64_t offset; /* of this piece in the message */
    epop_span data;  /* never empty */
} epop_body_event;

/* The end of a command. */
typedef struct epop_end_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_END */
    uintptr_t token;
    uint32_t command; /* EPOP_CMD_LOGIN for a login */
    uint32_t number;
    int32_t result;  /* EPOP_OK: there was a reply, see `status`. Otherwise EPOP_ERR_UNSENT, EPOP_ERR_ABORTED, or
                        for a login one of the errors listed there */
    uint32_t status; /* EPOP_STATUS_OK or EPOP_STATUS_ERR of the deciding reply; 0 if there was none */
    uint32_t code;   /* EPOP_CODE_ of that reply */
    uint32_t retry;  /* EPOP_RETRY_ of that reply */
    uint64_t octets; /* received octets of the message, including those dropped by EPOP_ABORT_DRAIN */
} epop_end_event;

/* The session needs a secret or a name that it must not keep. Answer with epop_client_answer or epop_client_decline, in
 * the callback or later; until then the session waits and EPOP_WANT_ANSWER is set.
 *
 * If the output has no room for the whole answer, a part is taken, and the question comes again when there is room,
 * with `offset` set: answer with `text + offset, len - offset`. A question with offset 0 may come twice in one login.
 */
typedef struct epop_ask_event {
    uint32_t struct_size;
    uint32_t kind;         /* EPOP_EVENT_ASK */
    uintptr_t token;       /* of the login */
    uint32_t ask;          /* EPOP_ASK_ of sasl.h */
    uint32_t reserved;     /* 0 */
    uint64_t offset;       /* octets of the answer already taken */
    const char *mechanism; /* "SCRAM-SHA-256", "APOP", "USER", ...; static storage; "" for EPOP_ASK_BINDING */
} epop_ask_event;

/* The server deviates from the specification, and the session tolerates it. Comes after the event of that line. */
typedef struct epop_quirk_event {
    uint32_t struct_size;
    uint32_t kind;   /* EPOP_EVENT_QUIRK */
    uintptr_t token; /* of the command concerned; 0 for the greeting */
    uint32_t command;
    uint32_t quirk; /* one EPOP_QUIRK_ bit */
} epop_quirk_event;

/* Any member may be NULL: the event is dropped (without on_ask, a login ends with EPOP_ERR_DECLINED).
 * Every callback returns 0 to go on, EPOP_PAUSE to stop after this event, or a value of EPOP_ERR_CALLBACK_FIRST or less
 * to abort the session. Inside a callback, commands may be queued, questions answered, transfers aborted and getters
 * called; every other call returns EPOP_ERR_REENTRANT and changes nothing (except init, which cannot detect this). */
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
    EPOP_CLIENT_ALLOW_CLEARTEXT = 0x01, /* send passwords without TLS: anybody on the path can read them */
    EPOP_CLIENT_TLS = 0x02,             /* the connection has TLS already (port 995) */
    EPOP_CLIENT_ALLOW_LF = 0x04,     /* if the greeting ends in a bare LF, use that line ending for the whole session.
                                        Risk: if such a server does not stuff dots after every LF, a mail can forge
                                        the replies that follow it. */
    EPOP_CLIENT_STLS = 0x08,         /* the host can do TLS: a login without TLS begins with STLS, and ends if the
                                        server does not offer it or refuses. With EPOP_CLIENT_ALLOW_CLEARTEXT too, a
                                        server that does not offer STLS gets the password in the clear. Risk: an
                                        attacker on the path removes the offer. */
    EPOP_CLIENT_SASL_ONLY = 0x10,    /* never USER and PASS, only the mechanisms of `sasl` */
    EPOP_CLIENT_SASL_UNLISTED = 0x20 /* if the server lists none of the mechanisms of `sasl` in CAPA, use the first of
                                        them anyway: for servers that have a mechanism and do not list it */
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
    size_t line_buffer_size;                /* EPOP_CLIENT_LINE_MIN or more; longer lines are truncated */
    void *output_buffer;                    /* must outlive the session */
    size_t output_buffer_size;              /* EPOP_CLIENT_OUTPUT_MIN or more */
    epop_client_slot *slots;                /* must outlive the session */
    uint32_t slot_count;                    /* 1 to 65535: most commands that are queued or unanswered */
    uint32_t window_commands;               /* most unanswered commands, if the server has PIPELINING; 0: 32 */
    uint32_t window_octets;      /* ... and most octets of them; 0: 4096, which fits any socket buffer, so that
                                    two blocking peers cannot wait for each other (RFC 2449 section 6.6) */
    uint32_t max_rows;           /* rows in one listing; 0: 10,000,000 */
    uint64_t max_body;           /* octets in one message; 0: no limit */
    uint32_t timeout_seconds;    /* returned by epop_client_deadline; 0: 300 */
    uint32_t keep_alive_seconds; /* returned by epop_client_keep_alive; 0: 45, because known servers disconnect
                                    after 60 seconds, though RFC 1939 section 3 demands ten minutes */
    epop_sasl *sasl;             /* SASL and APOP, of epop_sasl_init; must outlive the session; NULL: none */
} epop_client_config;

/* A session. The struct is complete so that it can be placed anywhere; all members are private. */
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
    epop_dot_decoder p_dot;
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
 * Lifetime
 */

/* sizeof(epop_client), for bindings that cannot see the struct. */
EPOP_API size_t epop_client_sizeof(void);

/* Initialises a session. `size` is sizeof(epop_client). `config` itself is used during the call only; some of what it
 * points to must outlive the session, as said there. There is nothing to free at the end. The output buffer is wiped as
 * it is sent.
 *
 * EPOP_ERR_NULL         `client`, `config` or a buffer is NULL
 * EPOP_ERR_STRUCT_SIZE  `size`, or struct_size of `config` or `callbacks`, is too small
 * EPOP_ERR_VALUE        an unknown flag, or a number out of range
 * EPOP_ERR_BUFFER_SIZE  a buffer is smaller than its minimum */
EPOP_API int32_t epop_client_init(epop_client *client, size_t size, const epop_client_config *config);

/* What the host must do next: EPOP_WANT_ bits. */
EPOP_API uint32_t epop_client_wants(const epop_client *client);

/* Takes data that was received. Events come before this returns. `data` may be NULL if `len` is 0, which resumes after
 * a pause. `*used` is always set; feed what follows it again later.
 *
 * EPOP_OK                    all was used
 * EPOP_PAUSED                a callback returned EPOP_PAUSE
 * EPOP_ERR_NULL, _REENTRANT  the call was wrong
 * EPOP_ERR_PEER_UNSOLICITED  unexpected data, also while a question is open or after the reply to QUIT
 * EPOP_ERR_PEER_, EPOP_ERR_LIMIT_, or the negative value of a callback: the session is dead. Every later call returns
 * the same, and no callback is called again. */
EPOP_API int32_t epop_client_feed(epop_client *client, const void *data, size_t len, size_t *used);

/* The peer closed the connection. Feed everything that was received first.
 *
 * EPOP_OK                      the session had ended normally
 * EPOP_ERR_PEER_QUIT_UNKNOWN   no reply to a QUIT in the TRANSACTION state: messages may or may not be deleted
 * EPOP_ERR_PEER_EOF            all other cases. Both errors are sticky. */
EPOP_API int32_t epop_client_eof(epop_client *client);

/* epop_client_deadline has passed. Like epop_client_eof, with EPOP_ERR_PEER_TIMEOUT in place of EPOP_ERR_PEER_EOF. */
EPOP_API int32_t epop_client_timeout(epop_client *client);

/* The bytes to send: `*len` of them, valid until the next call that is not a getter. NULL and 0 if there are none. */
EPOP_API const uint8_t *epop_client_output(const epop_client *client, size_t *len);

/* The first `n` of those bytes were sent; their memory is wiped. Call this before feeding the server's reply: a reply
 * to a command that is still in the output is EPOP_ERR_PEER_UNSOLICITED.
 *
 * EPOP_ERR_VALUE      `n` is more than there are
 * EPOP_ERR_REENTRANT, or the sticky error */
EPOP_API int32_t epop_client_output_ack(epop_client *client, size_t n);

/* The handshake that EPOP_WANT_TLS asked for has succeeded. Capabilities are forgotten (RFC 2595 section 4).
 * EPOP_ERR_PHASE if EPOP_WANT_TLS was not set. */
EPOP_API int32_t epop_client_tls_started(epop_client *client);

/* Call epop_client_timeout after this many seconds without data from the peer. 0: no timer, since the session waits for
 * nothing from the peer. */
EPOP_API uint32_t epop_client_deadline(const epop_client *client);

/* Queue a NOOP after this many seconds of silence, so that the server does not disconnect. 0: not needed in this state.
 */
EPOP_API uint32_t epop_client_keep_alive(const epop_client *client);

/* Fills `info`. EPOP_OK even if there was no error. */
EPOP_API int32_t epop_client_error_info(const epop_client *client, epop_error_info *info);

EPOP_API uint32_t epop_client_phase(const epop_client *client);        /* EPOP_PHASE_ */
EPOP_API uint32_t epop_client_capabilities(const epop_client *client); /* EPOP_CAPA_ bits; 0 before CAPA */
EPOP_API uint32_t epop_client_traits(const epop_client *client);       /* EPOP_TRAIT_ bits */

/* 1 inside a callback of this session, 0 otherwise. For layers between session and host, which must know which calls
 * are allowed. */
EPOP_API uint32_t epop_client_is_in_callback(const epop_client *client);

/* How many lines in the output are not yet acknowledged completely. After an error: how many were not sent, so that the
 * peer cannot have acted on them. */
EPOP_API uint32_t epop_client_unsent(const epop_client *client);

/* ---------------------------------------------------------------------------------------------------------------------
 * Commands. Each call only queues. If the command can be sent at once, on_trace, on_ask or (if policy forbids it)
 * on_end is called before the call returns, unless the call is made inside a callback.
 *
 * EPOP_ERR_QUEUE_FULL  all slots are in use
 * EPOP_ERR_PHASE       the command will not be legal when its turn comes
 * EPOP_ERR_VALUE       the message-number is 0
 * EPOP_ERR_ENDED       the session has ended
 * or the sticky error
 *
 * If the server announced PIPELINING, commands are sent back to back, within the window. Commands that change the state
 * of the session (login, stls, utf8, quit, raw) are never pipelined: they are sent when all before them have been
 * answered, and nothing is sent until they have been. If one fails, later commands that need its success end with
 * EPOP_ERR_UNSENT.
 */

/* Runs the whole login:
 *
 * 1. CAPA, if the capabilities are not known yet.
 * 2. With EPOP_CLIENT_STLS and no TLS yet: STLS, then EPOP_WANT_TLS, then CAPA again.
 * 3. One mechanism, and only one, so that trying does not lock the account: the first of the host's list that the
 * server has too, else USER and PASS. on_ask asks for names and secrets.
 * 4. CAPA again, if the server knows it: some servers announce more after login.
 *
 * Some servers refuse AUTH because of its initial response, which is newer than they are. If AUTH is refused before any
 * challenge and without a response code, it is sent once more without initial response, and the questions come again.
 * Without TLS this is done for SCRAM only, whose first message is no secret. A server that refuses wrong passwords
 * without a code then counts one wrong password twice.
 *
 * Results in on_end. After an error the session goes on in the AUTHORIZATION state:
 *
 * EPOP_OK                      logged in
 * EPOP_ERR_LOGIN_CLEARTEXT     no TLS, and neither EPOP_CLIENT_STLS nor EPOP_CLIENT_ALLOW_CLEARTEXT: nothing was sent
 * EPOP_ERR_LOGIN_NO_STLS       the server does not offer STLS
 * EPOP_ERR_LOGIN_STLS_REFUSED  ... offers it, and refused
 * EPOP_ERR_LOGIN_NO_MECHANISM  no mechanism in common
 * EPOP_ERR_LOGIN_REFUSED       see `code` and `retry`: wrong password (AUTH), maildrop in use (IN-USE), trouble of the
 *                              server (SYS/TEMP), ...
 * EPOP_ERR_DECLINED            the host declined to answer
 * EPOP_ERR_SASL_, EPOP_ERR_TOO_LONG, EPOP_ERR_OCTET, EPOP_ERR_CRYPTO: the exchange was cancelled
 *
 * The session dies with EPOP_ERR_PEER_SASL if the server replies +OK before it has proved that it knows the password,
 * with a mechanism that demands that proof. */
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
/* The server now deletes the messages that DELE marked. See EPOP_ERR_PEER_QUIT_UNKNOWN. */
EPOP_API int32_t epop_client_quit(epop_client *client, uintptr_t token);

/* LANG with a language range, or without one (NULL, 0) for the list (RFC 6856 section 3). It is not queued, because its
 * text would have to be kept: EPOP_ERR_BUSY unless EPOP_WANT_COMMAND is set. Also the errors of epop_command_write. */
EPOP_API int32_t epop_client_lang(epop_client *client, const void *range, size_t len, uintptr_t token);

/* Any other command: a line without its CRLF, and the shape of its response (EPOP_SHAPE_SINGLE, _ROWS or _BODY). Like
 * LANG, only on an idle session.
 *
 * EPOP_ERR_BUSY      EPOP_WANT_COMMAND is not set
 * EPOP_ERR_NOT_RAW   a command that the library knows (other than XTND): a wrong shape would desynchronise the session
 * EPOP_ERR_OCTET     CR, LF or NUL
 * EPOP_ERR_TOO_LONG  longer than EPOP_COMMAND_MAX
 * EPOP_ERR_SYNTAX    no keyword
 * EPOP_ERR_VALUE     no such shape */
EPOP_API int32_t epop_client_raw(epop_client *client, const void *text, size_t len, uint32_t shape, uintptr_t token);

/* ---------------------------------------------------------------------------------------------------------------------
 * Questions and transfers
 */

/* Answers the open question. `text` is used during the call, and kept nowhere but in the output or, for names, in the
 * buffer of `sasl` until the login ends. After an error the question stays open.
 *
 * EPOP_ERR_NOT_ASKED         no question is open
 * EPOP_ERR_OCTET             an octet that this answer must not hold
 * EPOP_ERR_TOO_LONG          longer than a command, or than the mechanism allows
 * EPOP_ERR_ARGUMENT_MISSING  empty
 * EPOP_ERR_VALUE             not the rest of the answer that was taken in part */
EPOP_API int32_t epop_client_answer(epop_client *client, const void *text, size_t len);

/* Ends the login with EPOP_ERR_DECLINED. A SASL exchange that has begun is cancelled first. EPOP_ERR_NOT_ASKED. */
EPOP_API int32_t epop_client_decline(epop_client *client);

/* The response that is being received: helps to decide whether to abort. */
typedef struct epop_transfer {
    uint32_t struct_size;
    uint32_t command; /* EPOP_CMD_; 0 if nothing is being received */
    uintptr_t token;
    uint32_t number;
    uint32_t behind;   /* commands sent after it, whose responses will come too */
    uint64_t received; /* octets so far, including dropped ones */
    uint64_t expected; /* as the reply said, "+OK 120 octets"; 0 if it did not. Only a hint, like the size from LIST */
} epop_transfer;

EPOP_API int32_t epop_client_transfer(const epop_client *client, epop_transfer *transfer);

enum {
    EPOP_ABORT_DRAIN = 1, /* receive and drop the rest of this response: keeps the session */
    EPOP_ABORT_CLOSE = 2  /* end the session at once: loses the connection and all deletion marks */
};

/* Aborts the response that is being received. EPOP_ABORT_DRAIN: no more rows or body, then on_end with
 * EPOP_ERR_ABORTED. EPOP_ABORT_CLOSE, at any time: EPOP_WANT_CLOSE is set, and every later call returns
 * EPOP_ERR_ABORTED.
 *
 * EPOP_ERR_PHASE  EPOP_ABORT_DRAIN, and no multi-line response is being received
 * EPOP_ERR_VALUE  any other `how` */
EPOP_API int32_t epop_client_abort(epop_client *client, uint32_t how);

#ifdef __cplusplus
}
#endif

#endif
