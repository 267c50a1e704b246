/* The server side of a POP3 session: phases, commands, maildrop semantics, replies, limits.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The session owns POP3; the host owns the mail. The session asks, by callback, and the host answers, from inside the
 * callback or any time later:
 *
 *     on_auth     may this user in?               epop_server_accept, or epop_server_refuse
 *                 (SASL) what is known of them?   epop_server_answer, epop_server_key, or epop_server_refuse
 *     on_open     open the maildrop               epop_server_opened, or epop_server_refuse
 *     on_info     size, unique-id of message n    epop_server_info, at once
 *     on_send     send message n                  epop_server_accept, or _refuse; then epop_server_body, _body_end
 *     on_commit   delete what is marked           epop_server_accept, or epop_server_refuse
 *     on_command  a command of your own?          epop_server_reply, or epop_server_refuse
 *
 * A host is a loop over epop_server_wants:
 *
 *     while (!((w = epop_server_wants(&s)) & EPOP_WANT_CLOSE) || (w & EPOP_WANT_DRAIN)) {
 *         if (w & EPOP_WANT_BODY)       epop_server_body with more of the message, or epop_server_body_end
 *         else if (w & EPOP_WANT_DRAIN) send what epop_server_output shows, then epop_server_output_ack
 *         else if (w & EPOP_WANT_TLS)   do the handshake, then epop_server_tls_started
 *         else if (w & EPOP_WANT_FEED)  receive, or take what the last feed left, then epop_server_feed
 *     }
 *
 * Ask for `w` anew after every call: EPOP_FULL, for one, means that draining comes next. A host whose callbacks pause
 * also feeds, be it no octets, where EPOP_WANT_RESUME is set.
 *
 * Deletions reach the host only through on_commit, that is, by QUIT in the TRANSACTION phase (RFC 1939 section 6).
 * However else a session ends, nothing was deleted.
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
 * Questions. Pointers and spans in events are good until the callback returns; what is needed later must be copied.
 */

/* A login. The session wipes name and secret when they are done with. A host without SASL knows EPOP_AUTH_PASSWORD
 * alone. */
typedef struct epop_auth_event {
    uint32_t struct_size;
    uint32_t kind;         /* EPOP_EVENT_AUTH */
    epop_span name;        /* any octets but NUL, CR and LF: never make a path of it unchecked */
    epop_span password;    /* the password, token, or what the question is about; spaces are part of it */
    uint32_t auth;         /* EPOP_AUTH_ of sasl.h */
    uint32_t more;         /* EPOP_AUTH_TOKEN: a piece; do not answer yet */
    epop_span authzid;     /* whom the user wants to act as, empty: themselves. Refuse what you do not understand. The
                              maildrop that on_open names is then this one's */
    const char *mechanism; /* "USER", "PLAIN", "SCRAM-SHA-256": static */
    uint64_t offset;       /* EPOP_AUTH_TOKEN: of this piece in the token */
} epop_auth_event;

/* Open the maildrop of the user who was accepted, and lock it (RFC 1939 section 4). */
typedef struct epop_open_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_OPEN */
    epop_span name;
} epop_open_event;

/* Size and unique-id of a message: call epop_server_info before returning. A message for which it is not called counts
 * as gone: -ERR, or no row in a listing. */
typedef struct epop_info_event {
    uint32_t struct_size;
    uint32_t kind;   /* EPOP_EVENT_INFO */
    uint32_t number; /* 1 to the count given to epop_server_opened */
} epop_info_event;

/* Send a message: its octets as they are stored, with any line ends; the session makes them fit for the wire. */
typedef struct epop_send_event {
    uint32_t struct_size;
    uint32_t kind;    /* EPOP_EVENT_SEND */
    uint32_t command; /* EPOP_CMD_RETR or EPOP_CMD_TOP; for TOP the session itself stops after the right line */
    uint32_t number;
    uint32_t lines; /* TOP: lines of the body that were asked for */
} epop_send_event;

/* QUIT in the TRANSACTION phase: remove what is marked, release the maildrop. Asked even where nothing is marked. */
typedef struct epop_commit_event {
    uint32_t struct_size;
    uint32_t kind;   /* EPOP_EVENT_COMMIT */
    uint32_t marked; /* how many; which ones: epop_server_is_deleted, or the host's own deletion map */
} epop_commit_event;

/* A command that the session does not serve: an unknown one, or LANG, UTF8, XTND. Before login, and so that no secret in
 * a wrong place gets here, an unknown one has a keyword of 12 letters at most, and does not follow a refused AUTH: a
 * line of base64 may be what a client that does not wait takes for its response. Others are bad commands. */
typedef struct epop_command_event {
    uint32_t struct_size;
    uint32_t kind;  /* EPOP_EVENT_COMMAND */
    uint32_t phase; /* EPOP_PHASE_AUTHORIZATION or EPOP_PHASE_TRANSACTION */
    const epop_command *command;
} epop_command_event;

/* All members may be NULL: auth, open, send, commit and command questions are then refused, info is not known, traces
 * are dropped. Every callback returns 0 to go on, EPOP_PAUSE to stop after this event, or a value of
 * EPOP_ERR_CALLBACK_FIRST or less to abort the session. Inside a callback the open question may be answered and getters
 * called; anything else returns EPOP_ERR_REENTRANT and changes nothing (init apart, which can not know). */
typedef struct epop_server_callbacks {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    int32_t (*on_auth)(void *user, const epop_auth_event *event);
    int32_t (*on_open)(void *user, const epop_open_event *event);
    int32_t (*on_info)(void *user, const epop_info_event *event);
    int32_t (*on_send)(void *user, const epop_send_event *event);
    int32_t (*on_commit)(void *user, const epop_commit_event *event);
    int32_t (*on_command)(void *user, const epop_command_event *event);
    int32_t (*on_trace)(void *user, const epop_trace_event *event);
} epop_server_callbacks;

/* ---------------------------------------------------------------------------------------------------------------------
 * Configuration
 */

enum {
    EPOP_SERVER_ALLOW_CLEARTEXT = 0x01, /* USER and PASS without TLS: anybody on the path can read the password */
    EPOP_SERVER_TLS = 0x02,             /* the connection has TLS already (port 995) */
    EPOP_SERVER_STLS = 0x04,            /* offer STLS; the host does the handshake on EPOP_WANT_TLS */
    EPOP_SERVER_LAST = 0x08,            /* serve LAST (RFC 1460), which RFC 1725 took out */
    EPOP_SERVER_ALLOW_LF = 0x10,   /* a client whose first line ends in a bare LF may go on so. Risk: a program that
                                      passes text of others into commands can then be made to send two. */
    EPOP_SERVER_DELAY_USER = 0x20, /* announce "USER" behind LOGIN-DELAY and EXPIRE before login: the values given
                                      to epop_server_opened may differ */
    EPOP_SERVER_REFUSE = 0x40,     /* greet with -ERR and `greeting_code`, and end: the house is full */
    EPOP_SERVER_SASL_ONLY = 0x80   /* never USER and PASS: only what `sasl` lists, APOP among it */
};

enum {
    EPOP_SERVER_LINE_MIN = 255,  /* RFC 2449 section 4: the longest command */
    EPOP_SERVER_OUTPUT_MIN = 512 /* RFC 2449 section 4: the longest status line and capability */
};

typedef struct epop_server_config {
    uint32_t struct_size;
    uint32_t flags;                         /* EPOP_SERVER_ bits; 0 is the safe choice */
    const epop_server_callbacks *callbacks; /* must outlive the session */
    void *user;                             /* first argument of every callback */
    void *line_buffer;                      /* must outlive the session; wiped where it held a password */
    size_t line_buffer_size;                /* EPOP_SERVER_LINE_MIN or more */
    void *name_buffer;                      /* must outlive the session; keeps the name between USER and PASS */
    size_t name_buffer_size;                /* 1 or more: a longer name is answered by -ERR */
    void *output_buffer;                    /* must outlive the session */
    size_t output_buffer_size;              /* EPOP_SERVER_OUTPUT_MIN or more */
    const void *greeting;                   /* text of the greeting, used within init; NULL: "POP3 server ready" */
    size_t greeting_len;
    const void *implementation; /* for CAPA; must outlive the session; NULL: not announced */
    size_t implementation_len;
    const void *capabilities; /* more CAPA lines, each with its CRLF; must outlive the session; NULL: none */
    size_t capabilities_len;
    uint32_t greeting_code;     /* EPOP_CODE_ in the greeting; 0: none */
    uint32_t expire;            /* days, EPOP_EXPIRE_NEVER, or EPOP_UNSET: not announced */
    uint32_t login_delay;       /* seconds, or EPOP_UNSET; the host enforces it by EPOP_CODE_LOGIN_DELAY */
    uint32_t max_bad_commands;  /* that many end the session, before login in all, after it in a row; 0: 10. The last
                                   -ERR says so, also in place of the text that the host gave */
    uint32_t max_failed_logins; /* that many end the session; 0: 3. By whatever command and mechanism, SASL exchanges
                                   that were refused or broken off among them (EPOP_AUTH_FAILED) */
    uint32_t timeout_seconds;   /* what epop_server_deadline says; 0: 600, the least that RFC 1939 section 3
                                   allows an autologout timer */
    epop_sasl *sasl; /* SASL and APOP, of epop_sasl_init; must outlive the session; NULL: none. What it lists is
                        offered with TLS or EPOP_SERVER_ALLOW_CLEARTEXT, and APOP by a stamp in the greeting */
    uint32_t max_unknown_commands; /* that many lines before login that begin with no known keyword, and that on_command
                                      does not answer, end the session: likely another protocol; 0: 3, 255 at most */
    uint32_t login_seconds; /* what epop_server_login_deadline says; 0: 60; more than 65,535 are 65,535 */
} epop_server_config;

/* An open maildrop. Its messages have the numbers 1 to `count` until the session ends. */
typedef struct epop_maildrop {
    uint32_t struct_size;
    uint32_t count;
    uint64_t octets;      /* of all messages together: the sum of what epop_server_info says */
    uint8_t *deleted;     /* deletion map, one bit a message, bit 0 of octet 0 for message 1; must outlive the session;
                             may be NULL where count is 0. The session zeroes it. */
    size_t deleted_size;  /* in octets: (count + 7) / 8 or more, else EPOP_ERR_LIMIT_MESSAGES */
    uint32_t expire;      /* for this user, as in the config */
    uint32_t login_delay; /* for this user, as in the config */
} epop_maildrop;

/* A session. Complete so that it can live anywhere; all members are private. */
typedef struct epop_server {
    epop_session p_session;
    const epop_server_callbacks *p_callbacks;
    void *p_user;
    epop_line p_line;
    epop_outbox p_out;
    epop_span p_text;
    uint8_t *p_name;
    epop_sasl *p_sasl;
    const uint8_t *p_implementation;
    const uint8_t *p_capabilities;
    uint8_t *p_deleted;
    uint64_t p_offset;
    uint64_t p_octets_all;
    uint64_t p_octets;
    uint64_t p_info_octets;
    uint32_t p_count;
    uint32_t p_marked;
    uint32_t p_last;
    uint32_t p_row;
    uint32_t p_number;
    uint32_t p_expire;
    uint32_t p_login_delay;
    uint32_t p_timeout;
    uint32_t p_text_length;
    int32_t p_doom;
    epop_top p_top;
    uint16_t p_implementation_len;
    uint16_t p_capabilities_len;
    uint16_t p_capabilities_at;
    uint16_t p_bad;
    uint16_t p_max_bad;
    uint16_t p_failed;
    uint16_t p_max_failed;
    uint16_t p_trace_len;
    uint16_t p_login_seconds;
    epop_stuff p_stuff;
    uint8_t p_name_size;
    uint8_t p_name_len;
    uint8_t p_flags;
    uint8_t p_phase;
    uint8_t p_state;
    uint8_t p_asked;
    uint8_t p_command;
    uint8_t p_info;
    uint8_t p_todo;
    uint8_t p_after_auth;
    uint8_t p_begun;
    uint8_t p_unknown_left;
} epop_server;

/* ---------------------------------------------------------------------------------------------------------------------
 * Life
 */

/* For bindings that can not see the struct. */
EPOP_API size_t epop_server_sizeof(void);

/* Makes a session, with its greeting in the output. `size` is sizeof(epop_server) as the caller sees it. EPOP_ERR_NULL,
 * EPOP_ERR_STRUCT_SIZE, EPOP_ERR_VALUE, EPOP_ERR_BUFFER_SIZE; EPOP_ERR_OCTET or EPOP_ERR_TOO_LONG for the texts;
 * EPOP_ERR_CRYPTO where APOP is listed and its stamp could not be made. */
EPOP_API int32_t epop_server_init(epop_server *server, size_t size, const epop_server_config *config);

/* What the session wants: EPOP_WANT_ bits. */
EPOP_API uint32_t epop_server_wants(const epop_server *server);

/* Gives octets from the peer; a password may be among them, so that the host wipes its buffer afterwards, as the
 * session does with its own. Questions come before this returns. `data` may be NULL where `len` is 0, which resumes
 * after a pause. `*used` is always set; feed the octets behind it again later. A command is read only when there is
 * room for the reply to it, and when the reply before it is complete.
 *
 * EPOP_OK: all was used. EPOP_PAUSED: a callback asked for it. EPOP_AGAIN: answer the question, or drain, first.
 * EPOP_ERR_REENTRANT. A callback's negative value, or EPOP_ERR_PEER_ or EPOP_ERR_LIMIT_: the session is dead, but for
 * output that tells the peer why (EPOP_WANT_DRAIN). EPOP_ERR_ENDED for octets behind QUIT. */
EPOP_API int32_t epop_server_feed(epop_server *server, const void *data, size_t len, size_t *used);

/* The peer has closed its side, and everything it sent was fed. EPOP_OK after QUIT; else EPOP_ERR_PEER_EOF: no deletion
 * took place (a commit that was already asked for stays the host's to finish). */
EPOP_API int32_t epop_server_eof(epop_server *server);

/* epop_server_deadline or epop_server_login_deadline has passed: the session is over without a reply and without
 * deletions (RFC 1939 section 3): EPOP_ERR_PEER_TIMEOUT. */
EPOP_API int32_t epop_server_timeout(epop_server *server);

/* Octets to send: a pointer to `*len` of them, good until the next call that is not a getter. NULL and 0 if none. */
EPOP_API const uint8_t *epop_server_output(const epop_server *server, size_t *len);

/* `n` of those octets were handed to the transport. The room is used at once for rows that are owed, so on_info may be
 * called, and its results come back from here as they would from feed. On a dead session, whose last words are going
 * out, it is EPOP_OK. EPOP_ERR_VALUE where n is more than there are. */
EPOP_API int32_t epop_server_output_ack(epop_server *server, size_t n);

/* TLS is up: after EPOP_WANT_TLS. The session begins anew (RFC 2595 section 4). EPOP_ERR_PHASE. */
EPOP_API int32_t epop_server_tls_started(epop_server *server);

/* Seconds for which to wait for the peer: then call epop_server_timeout. 0 while it is the host's turn. Begin to count
 * anew when the peer has sent a whole command (RFC 1939 section 3) or taken a reply, or a fair part of a long one. A host
 * that does so at every octet can be held for ever by a peer that sends or reads one now and then. */
EPOP_API uint32_t epop_server_deadline(const epop_server *server);

/* Seconds, counted from epop_server_init, within which the session must be in the TRANSACTION phase; when they have
 * passed, call epop_server_timeout. No octet, question or TLS handshake moves this deadline: without it a peer that sends
 * one octet now and then holds its connection for ever. Ask again after every call: the result is 0 once the maildrop is
 * open, and once the session has ended and its output is sent. */
EPOP_API uint32_t epop_server_login_deadline(const epop_server *server);

/* Fills `info`; EPOP_OK even where there was no error. */
EPOP_API int32_t epop_server_error_info(const epop_server *server, epop_error_info *info);

EPOP_API uint32_t epop_server_phase(const epop_server *server); /* EPOP_PHASE_ */

/* 1 where message `number` is marked as deleted, 0 where not, or where there is no such message. */
EPOP_API uint32_t epop_server_is_deleted(const epop_server *server, uint32_t number);

/* ---------------------------------------------------------------------------------------------------------------------
 * Answers. EPOP_ERR_NOT_ASKED where no question is open to which this is an answer; nothing has changed then. Given
 * from outside a callback, an answer may lead to the next question before it returns.
 */

/* Yes: to on_auth, on_send, on_commit. */
EPOP_API int32_t epop_server_accept(epop_server *server);

/* No: to any question but on_info; the reply is -ERR with `code` (EPOP_CODE_, not OTHER) and `text`. Where `text` is
 * NULL the session has its own words. For on_auth say EPOP_CODE_AUTH and NULL to unknown names and wrong passwords
 * alike, so that they can not be told apart; EPOP_CODE_SYS_TEMP, _SYS_PERM and _LOGIN_DELAY do not count as failed
 * logins, unless in answer to EPOP_AUTH_FAILED. For on_open, EPOP_CODE_IN_USE if another session holds the maildrop.
 * EPOP_ERR_OCTET, EPOP_ERR_TOO_LONG, EPOP_ERR_VALUE: the question stays open. */
EPOP_API int32_t epop_server_refuse(epop_server *server, uint32_t code, const void *text, size_t len);

/* To on_auth's EPOP_AUTH_SECRET and EPOP_AUTH_BINDING. Used within the call. */
EPOP_API int32_t epop_server_answer(epop_server *server, const void *octets, size_t len);

/* To on_auth's EPOP_AUTH_KEY. Used within the call. EPOP_ERR_VALUE for keys of a wrong length, no iterations, or a salt
 * that is empty or over EPOP_SCRAM_SALT_MAX: the question stays open. */
EPOP_API int32_t epop_server_key(epop_server *server, const epop_scram_key *key);

/* To on_open. Used within the call but for the deletion map. EPOP_ERR_LIMIT_MESSAGES: the question stays open. */
EPOP_API int32_t epop_server_opened(epop_server *server, const epop_maildrop *maildrop);

/* To on_info, from inside its callback: the exact size on the wire without stuffing (epop_size), and the unique-id, 1
 * to 70 octets of 0x21 to 0x7E (EPOP_ERR_ARGUMENT_MISSING, EPOP_ERR_TOO_LONG, EPOP_ERR_OCTET). */
EPOP_API int32_t epop_server_info(epop_server *server, uint64_t octets, const void *unique_id, size_t len);

/* To on_command: a status line; with EPOP_SHAPE_ROWS or _BODY and status EPOP_STATUS_OK, lines follow, by
 * epop_server_body and epop_server_body_end. The errors of epop_reply_write. */
EPOP_API int32_t epop_server_reply(epop_server *server, const epop_reply *reply, uint32_t shape);

/* More of the body, while EPOP_WANT_BODY is set. `*used` is always set. EPOP_OK: all was taken. EPOP_FULL: the output
 * is full; drain, and come again with the rest. EPOP_END: TOP needs no more; say body_end. EPOP_ERR_PHASE. */
EPOP_API int32_t epop_server_body(epop_server *server, const void *data, size_t len, size_t *used);

/* The body is whole. EPOP_FULL: no room for the final dot line; drain, and say it again. EPOP_ERR_PHASE. */
EPOP_API int32_t epop_server_body_end(epop_server *server);

/* The body can not be finished: the message vanished, the disk failed. What was sent can not be taken back, so the
 * connection ends, and the client sees that the message is not whole: every later call says EPOP_ERR_ABORTED. */
EPOP_API int32_t epop_server_body_fail(epop_server *server);

#ifdef __cplusplus
}
#endif

#endif
