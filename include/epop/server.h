/* The server side of a POP3 session: states, commands, maildrop semantics, replies, limits.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The session knows POP3; the host owns the mail. The session asks by callback; the host answers in the callback or at
 * any time later:
 *
 *     on_auth     may this user in?               epop_server_accept, or epop_server_refuse
 *                 (SASL) what is known of them?   epop_server_answer, epop_server_key, or epop_server_refuse
 *     on_open     open the maildrop               epop_server_opened, or epop_server_refuse
 *     on_message_info     size, unique-id of message n    epop_server_message_info, in the callback
 *     on_send     send message n                  epop_server_accept, or _refuse; then epop_server_body, _body_end
 *     on_commit   delete what is marked           epop_server_accept, or epop_server_refuse
 *     on_command  a command of the host's own?    epop_server_reply, or epop_server_refuse
 *
 * The host runs a loop over epop_server_wants:
 *
 *     while (!((w = epop_server_wants(&s)) & EPOP_WANT_CLOSE) || (w & EPOP_WANT_DRAIN)) {
 *         if (w & EPOP_WANT_BODY)       epop_server_body with more of the message, or epop_server_body_end
 *         else if (w & EPOP_WANT_DRAIN) send what epop_server_output shows, then epop_server_output_ack
 *         else if (w & EPOP_WANT_TLS)   do the handshake, then epop_server_tls_started
 *         else if (w & EPOP_WANT_FEED)  receive, or take what the last feed left, then epop_server_feed
 *     }
 *
 * Get `w` again after every call: after EPOP_FULL, for example, the output must be drained next. A host whose callbacks
 * return EPOP_PAUSE must also call feed (with no data if there is none) when EPOP_WANT_RESUME is set.
 *
 * Deletions reach the host only through on_commit, that is, by QUIT in the TRANSACTION state (RFC 1939 section 6). If a
 * session ends in any other way, nothing is deleted.
 */
#ifndef EPOP_SERVER_H
#define EPOP_SERVER_H

#include <epop/base.h>
#include <epop/sasl.h>
#include <epop/wire.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------------
 * Questions. Pointers and spans in events are valid until the callback returns; copy what is needed later.
 */

/* A login. The session wipes name and secret after use. A host without SASL gets EPOP_AUTH_PASSWORD only. */
typedef struct epop_auth_event {
    uint32_t struct_size;
    uint32_t kind;         /* EPOP_EVENT_AUTH */
    epop_span name;        /* any octets but NUL, CR and LF: check it before it becomes part of a path */
    epop_span password;    /* password, token, or subject of the question; spaces are part of it */
    uint32_t auth;         /* EPOP_AUTH_ of sasl.h */
    uint32_t more;         /* EPOP_AUTH_TOKEN: a piece, and more follow: do not answer yet */
    epop_span authzid;     /* authorization identity; empty means the user. Refuse what you do not know. If accepted, it
                              is the name in on_open */
    const char *mechanism; /* "USER", "PLAIN", "SCRAM-SHA-256", ...; static storage */
    uint64_t offset;       /* EPOP_AUTH_TOKEN: of this piece in the token */
} epop_auth_event;

/* Open the maildrop of the user who was accepted, and lock it (RFC 1939 section 4). */
typedef struct epop_open_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_OPEN */
    epop_span name;
} epop_open_event;

/* Size and unique-id of a message: call epop_server_message_info in the callback. If it is not called, the message
 * counts as deleted: -ERR, or no row in a listing. */
typedef struct epop_message_info_event {
    uint32_t struct_size;
    uint32_t kind;   /* EPOP_EVENT_MESSAGE_INFO */
    uint32_t number; /* 1 to the count given to epop_server_opened */
} epop_message_info_event;

/* Send a message, as it is stored, with any line endings; the session does dot-stuffing and repairs line endings. */
typedef struct epop_send_event {
    uint32_t struct_size;
    uint32_t kind;    /* EPOP_EVENT_SEND */
    uint32_t command; /* EPOP_CMD_RETR or EPOP_CMD_TOP; for TOP the session stops after the right line */
    uint32_t number;
    uint32_t lines; /* TOP: number of body lines */
} epop_send_event;

/* QUIT in the TRANSACTION state: delete the marked messages, and release the maildrop. Comes even if none is marked. */
typedef struct epop_commit_event {
    uint32_t struct_size;
    uint32_t kind;   /* EPOP_EVENT_COMMIT */
    uint32_t marked; /* how many; which ones: epop_server_is_deleted, or the deletion map */
} epop_commit_event;

/* A command that the session does not serve: LANG, UTF8, XTND, or an unknown one. So that no misplaced secret is shown,
 * an unknown command comes here before login only if its keyword has at most 12 letters and it does not follow a
 * refused AUTH (a client that does not wait may have sent its SASL response). Other unknown commands are bad commands.
 */
typedef struct epop_command_event {
    uint32_t struct_size;
    uint32_t kind;  /* EPOP_EVENT_COMMAND */
    uint32_t phase; /* EPOP_PHASE_AUTHORIZATION or EPOP_PHASE_TRANSACTION */
    const epop_command *command;
} epop_command_event;

/* Any member may be NULL: auth, open, send, commit and command questions are then refused, messages have no size or
 * unique-id, traces are dropped. Every callback returns 0 to go on, EPOP_PAUSE to stop after this event, or a value of
 * EPOP_ERR_CALLBACK_FIRST or less to abort the session. Inside a callback the open question may be answered and getters
 * called; every other call returns EPOP_ERR_REENTRANT and changes nothing (except init, which cannot detect this). */
typedef struct epop_server_callbacks {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    int32_t (*on_auth)(void *user, const epop_auth_event *event);
    int32_t (*on_open)(void *user, const epop_open_event *event);
    int32_t (*on_message_info)(void *user, const epop_message_info_event *event);
    int32_t (*on_send)(void *user, const epop_send_event *event);
    int32_t (*on_commit)(void *user, const epop_commit_event *event);
    int32_t (*on_command)(void *user, const epop_command_event *event);
    int32_t (*on_trace)(void *user, const epop_trace_event *event);
} epop_server_callbacks;

/* ---------------------------------------------------------------------------------------------------------------------
 * Configuration
 */

enum {
    EPOP_SERVER_ALLOW_CLEARTEXT = 0x01, /* allow passwords without TLS: anybody on the path can read them */
    EPOP_SERVER_TLS = 0x02,             /* the connection has TLS already (port 995) */
    EPOP_SERVER_STLS = 0x04,            /* offer STLS; the host does the handshake on EPOP_WANT_TLS */
    EPOP_SERVER_LAST = 0x08,            /* serve LAST (RFC 1460; RFC 1725 removed it) */
    EPOP_SERVER_ALLOW_LF = 0x10,   /* if the first line ends in a bare LF, use that line ending for the whole session.
                                      Risk: a client program that puts untrusted text into a command can then be made
                                      to send two. */
    EPOP_SERVER_DELAY_USER = 0x20, /* announce "USER" after LOGIN-DELAY and EXPIRE before login: the values of a
                                      maildrop may differ */
    EPOP_SERVER_REFUSE = 0x40,     /* greet with -ERR and `greeting_code`, and end: the server is busy */
    EPOP_SERVER_SASL_ONLY = 0x80   /* never USER and PASS, only the mechanisms of `sasl`, which may include APOP */
};

/* EXPIRE 0: clients must not leave mail on the server (RFC 2449 section 6.7). */
#define EPOP_EXPIRE_AT_ONCE 0xFFFFFFFDu

enum {
    EPOP_SERVER_LINE_MIN = 255,  /* RFC 2449 section 4: the longest command */
    EPOP_SERVER_OUTPUT_MIN = 512 /* RFC 2449 section 4: the longest status line and capability */
};

typedef struct epop_server_config {
    uint32_t struct_size;
    uint32_t flags;                         /* EPOP_SERVER_ bits; 0 is the safe choice */
    const epop_server_callbacks *callbacks; /* must outlive the session */
    void *user;                             /* first argument of every callback */
    void *line_buffer;                      /* must outlive the session; wiped after a password */
    size_t line_buffer_size;                /* EPOP_SERVER_LINE_MIN or more */
    void *name_buffer;                      /* must outlive the session; keeps the name between USER and PASS */
    size_t name_buffer_size;                /* 1 or more: longer names get -ERR */
    void *output_buffer;                    /* must outlive the session */
    size_t output_buffer_size;              /* EPOP_SERVER_OUTPUT_MIN or more */
    const void *greeting;                   /* text of the greeting, used in init only; NULL: "POP3 server ready" */
    size_t greeting_len;
    const void *implementation; /* for CAPA; must outlive the session; NULL: not announced */
    size_t implementation_len;
    const void *capabilities; /* more CAPA lines, each with its CRLF; must outlive the session; NULL: none */
    size_t capabilities_len;
    uint32_t greeting_code;     /* EPOP_CODE_ in the greeting; 0: none */
    uint32_t expire;            /* days, EPOP_EXPIRE_NEVER or EPOP_EXPIRE_AT_ONCE; 0: not announced */
    uint32_t login_delay;       /* seconds; 0: not announced. The host enforces it by EPOP_CODE_LOGIN_DELAY */
    uint32_t max_bad_commands;  /* this many end the session: before login in total, after login in a row; 0: 10. The
                                   last -ERR says so, and replaces a text of the host */
    uint32_t max_failed_logins; /* this many end the session; 0: 3. All commands and mechanisms count together, and SASL
                                   exchanges that were refused or cancelled count too (EPOP_AUTH_FAILED) */
    uint32_t timeout_seconds; /* returned by epop_server_deadline; 0: 600, the least that RFC 1939 section 3 allows for
                                 an autologout timer */
    epop_sasl *sasl; /* SASL and APOP, of epop_sasl_init; must outlive the session; NULL: none. Its mechanisms are
                        offered with TLS or EPOP_SERVER_ALLOW_CLEARTEXT, APOP by a stamp in the greeting */
    uint32_t max_unknown_commands; /* this many lines before login that do not begin with a known keyword, and that
                                      on_command does not answer, end the session: probably another protocol. 0: 3; at
                                      most 255 */
    uint32_t login_seconds;        /* returned by epop_server_login_deadline; 0: 60; at most 65,535 */
} epop_server_config;

/* An open maildrop. Its messages have the numbers 1 to `count` until the session ends. */
typedef struct epop_maildrop {
    uint32_t struct_size;
    uint32_t count;
    uint64_t octets;     /* of all messages: the sum of the sizes given to epop_server_message_info */
    uint8_t *deleted;    /* deletion map, one bit per message, bit 0 of octet 0 for message 1; must outlive the session;
                            may be NULL if count is 0. The session zeroes it. */
    size_t deleted_size; /* in octets: (count + 7) / 8 or more, else EPOP_ERR_LIMIT_MESSAGES */
    uint32_t expire;     /* for this user, as in the config */
    uint32_t login_delay; /* for this user, as in the config */
} epop_maildrop;

/* A session. The struct is complete so that it can be placed anywhere; all members are private. */
typedef struct epop_server {
    epop_session p_session;
    uint8_t p_state;
    uint8_t p_phase;
    uint8_t p_asked;
    uint8_t p_command;
    uint8_t p_flags;
    uint8_t p_info;
    uint8_t p_name_len;
    uint8_t p_name_size;
    uint8_t p_has_begun;
    uint8_t p_after_auth;
    uint8_t p_unknown_left;
    epop_dot_encoder p_stuff;
    uint16_t p_pending;
    uint16_t p_bad;
    uint16_t p_max_bad;
    uint16_t p_failed;
    uint16_t p_max_failed;
    uint16_t p_trace_len;
    int32_t p_end_error;
    uint32_t p_text_length;
    const epop_server_callbacks *p_callbacks;
    void *p_user;
    epop_outbox p_out;
    epop_sasl *p_sasl;
    epop_span p_text;
    uint32_t p_number;
    uint32_t p_row;
    uint32_t p_count;
    uint32_t p_marked;
    epop_line p_line;
    uint8_t *p_name;
    uint8_t *p_deleted;
    const uint8_t *p_implementation;
    const uint8_t *p_capabilities;
    uint64_t p_offset;
    uint64_t p_octets;
    uint64_t p_octets_all;
    uint64_t p_info_octets;
    epop_top p_top;
    uint32_t p_last;
    uint32_t p_expire;
    uint32_t p_login_delay;
    uint32_t p_timeout;
    uint16_t p_login_seconds;
    uint16_t p_implementation_len;
    uint16_t p_capabilities_len;
    uint16_t p_capabilities_at;
} epop_server;

/* ---------------------------------------------------------------------------------------------------------------------
 * Lifetime
 */

/* sizeof(epop_server), for bindings that cannot see the struct. */
EPOP_API size_t epop_server_sizeof(void);

/* Initialises a session; its greeting is in the output then. `size` is sizeof(epop_server). `config` itself is used
 * during the call only; some of what it points to must outlive the session, as said there. There is nothing to free at
 * the end.
 *
 * EPOP_ERR_NULL         `server`, `config` or a buffer is NULL
 * EPOP_ERR_STRUCT_SIZE  `size`, or struct_size of `config` or `callbacks`, is too small
 * EPOP_ERR_VALUE        an unknown flag, or a number out of range
 * EPOP_ERR_BUFFER_SIZE  a buffer is smaller than its minimum
 * EPOP_ERR_OCTET        greeting, implementation or capabilities hold an octet that is not allowed there
 * EPOP_ERR_TOO_LONG     ... a line of them is too long
 * EPOP_ERR_CRYPTO       APOP is listed, and random octets for its stamp could not be had */
EPOP_API int32_t epop_server_init(epop_server *server, size_t size, const epop_server_config *config);

/* What the host must do next: EPOP_WANT_ bits. */
EPOP_API uint32_t epop_server_wants(const epop_server *server);

/* Takes data that was received. Questions come before this returns. `data` may be NULL if `len` is 0, which resumes
 * after a pause. `*used` is always set; feed what follows it again later. A command is read when the reply before it is
 * complete and there is room for its own. The data may hold a password: wipe the receive buffer afterwards, as the
 * session wipes its own.
 *
 * EPOP_OK                    all was used
 * EPOP_PAUSED                a callback returned EPOP_PAUSE
 * EPOP_AGAIN                 answer the question, or drain the output, first
 * EPOP_ERR_NULL, _REENTRANT  the call was wrong
 * EPOP_ERR_ENDED             data after QUIT
 * EPOP_ERR_PEER_, EPOP_ERR_LIMIT_, or the negative value of a callback: the session is dead, except that pending output
 * still has to be sent (EPOP_WANT_DRAIN). */
EPOP_API int32_t epop_server_feed(epop_server *server, const void *data, size_t len, size_t *used);

/* The peer closed the connection. Feed everything that was received first. EPOP_OK after QUIT; otherwise
 * EPOP_ERR_PEER_EOF: nothing is deleted, unless on_commit was already called, which the host then finishes. */
EPOP_API int32_t epop_server_eof(epop_server *server);

/* epop_server_deadline or epop_server_login_deadline has passed. The session closes without a reply, pending output is
 * dropped (of a dead session too), and nothing is deleted (RFC 1939 section 3): EPOP_ERR_PEER_TIMEOUT, or the sticky
 * error. */
EPOP_API int32_t epop_server_timeout(epop_server *server);

/* The bytes to send: `*len` of them, valid until the next call that is not a getter. NULL and 0 if there are none. */
EPOP_API const uint8_t *epop_server_output(const epop_server *server, size_t *len);

/* The first `n` of those bytes were sent. Pending rows use the room at once, so that on_message_info may be called, and
 * the results of epop_server_feed are possible here too. On a dead session that is sending its final reply: EPOP_OK.
 * EPOP_ERR_VALUE if `n` is more than there are. */
EPOP_API int32_t epop_server_output_ack(epop_server *server, size_t n);

/* The handshake that EPOP_WANT_TLS asked for has succeeded. The session starts over (RFC 2595 section 4).
 * EPOP_ERR_PHASE if EPOP_WANT_TLS was not set. */
EPOP_API int32_t epop_server_tls_started(epop_server *server);

/* Call epop_server_timeout after this many seconds. 0: no timer, since it is the host's turn. Restart the timer when
 * the peer has sent a whole command (RFC 1939 section 3), or has taken a reply or a fair part of a long one. Do not
 * restart it at every octet: a peer that sends or reads one octet now and then could hold the connection for ever. */
EPOP_API uint32_t epop_server_deadline(const epop_server *server);

/* Call epop_server_timeout this many seconds after epop_server_init, unless this has become 0: the time for a login.
 * Nothing restarts this timer, so that a peer cannot hold a connection without logging in. 0 as soon as the maildrop is
 * open, and when the session has ended and its output is sent: get it again after every call. */
EPOP_API uint32_t epop_server_login_deadline(const epop_server *server);

/* Fills `info`. EPOP_OK even if there was no error. */
EPOP_API int32_t epop_server_error_info(const epop_server *server, epop_error_info *info);

EPOP_API uint32_t epop_server_phase(const epop_server *server); /* EPOP_PHASE_ */

/* 1 if message `number` is marked as deleted; 0 if not, or if there is no such message. */
EPOP_API uint32_t epop_server_is_deleted(const epop_server *server, uint32_t number);

/* ---------------------------------------------------------------------------------------------------------------------
 * Answers. EPOP_ERR_NOT_ASKED if no question is open that this answers. Outside a callback, an answer may lead to the
 * next question before it returns.
 */

/* Yes: to on_auth, on_send, on_commit. */
EPOP_API int32_t epop_server_accept(epop_server *server);

/* No: to any question but on_message_info. The reply is -ERR with `code` (EPOP_CODE_, not OTHER) and `text`; if `text`
 * is NULL the session has its own.
 *
 * on_auth: use EPOP_CODE_AUTH and NULL for unknown names and wrong passwords alike, so that they cannot be told apart.
 * EPOP_CODE_SYS_TEMP, _SYS_PERM and _LOGIN_DELAY do not count as failed logins, except as the answer to
 * EPOP_AUTH_FAILED. on_open: EPOP_CODE_IN_USE if another session has the maildrop.
 *
 * EPOP_ERR_OCTET, EPOP_ERR_TOO_LONG, EPOP_ERR_VALUE  `text` or `code` cannot be sent; the question stays open */
EPOP_API int32_t epop_server_refuse(epop_server *server, uint32_t code, const void *text, size_t len);

/* The answer to on_auth's EPOP_AUTH_SECRET and EPOP_AUTH_BINDING. `octets` is used during the call only. */
EPOP_API int32_t epop_server_answer(epop_server *server, const void *octets, size_t len);

/* The answer to on_auth's EPOP_AUTH_KEY. `key` is used during the call only. EPOP_ERR_VALUE for keys of a wrong length,
 * no iterations, or a salt that is empty or longer than EPOP_SCRAM_SALT_MAX: the question stays open. */
EPOP_API int32_t epop_server_key(epop_server *server, const epop_scram_key *key);

/* The answer to on_open. `maildrop` is used during the call only, except the deletion map. EPOP_ERR_LIMIT_MESSAGES if
 * the map is too small: the question stays open. */
EPOP_API int32_t epop_server_opened(epop_server *server, const epop_maildrop *maildrop);

/* The answer to on_message_info, in its callback: the exact size on the wire before dot-stuffing (epop_size), and the
 * unique-id, 1 to 70 octets of 0x21 to 0x7E (EPOP_ERR_ARGUMENT_MISSING, EPOP_ERR_TOO_LONG, EPOP_ERR_OCTET). */
EPOP_API int32_t epop_server_message_info(epop_server *server, uint64_t octets, const void *unique_id, size_t len);

/* The answer to on_command: a reply. With EPOP_SHAPE_ROWS or _BODY and status EPOP_STATUS_OK a multi-line response
 * follows, by epop_server_body and epop_server_body_end. The errors of epop_reply_write. */
EPOP_API int32_t epop_server_reply(epop_server *server, const epop_reply *reply, uint32_t shape);

/* More of the message, while EPOP_WANT_BODY is set. `*used` is always set.
 *
 * EPOP_OK         all was taken
 * EPOP_FULL       the output is full: drain it, then call again with the rest
 * EPOP_END        TOP needs no more: call epop_server_body_end
 * EPOP_ERR_PHASE  no body is expected */
EPOP_API int32_t epop_server_body(epop_server *server, const void *data, size_t len, size_t *used);

/* The end of the message. EPOP_FULL: no room for the final dot line; drain the output, then call again. EPOP_ERR_PHASE.
 */
EPOP_API int32_t epop_server_body_end(epop_server *server);

/* The rest of the message cannot be read. What was sent cannot be taken back, so the session ends and the client sees
 * an incomplete message: every later call returns EPOP_ERR_ABORTED. */
EPOP_API int32_t epop_server_body_fail(epop_server *server);

#ifdef __cplusplus
}
#endif

#endif
