/* What every room of epop shares: results, spans, wants flags, and the rules that hold everywhere.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The rules that hold everywhere
 * ------------------------------
 * - Nothing here allocates, blocks, prints, reads a clock or keeps a global. All memory comes from the caller.
 * - A pointer that the caller passes is used within the call and forgotten, unless its comment says that the memory
 *   must outlive the session. A pointer that the library shows is good for as long as its comment says.
 * - Every struct that begins with `struct_size` wants it set to its `sizeof` before the call, whoever fills the rest.
 *   It is how an old program and a new library understand each other: structs grow only at their end.
 * - A session belongs to one thread at a time. Two sessions share nothing.
 * - Results are int32_t: 0 is success, a positive value is "stopped on purpose", a negative one is an error.
 */
#ifndef EPOP_BASE_H
#define EPOP_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(EPOP_STATIC) || !(defined(__GNUC__) || defined(_WIN32))
#define EPOP_API
#elif defined(_WIN32) && defined(EPOP_BUILD)
#define EPOP_API __declspec(dllexport)
#elif defined(_WIN32)
#define EPOP_API __declspec(dllimport)
#else
#define EPOP_API __attribute__((visibility("default")))
#endif

/* Octets of somebody else: not NUL-terminated, possibly empty, possibly with any octet in them. */
typedef struct epop_span {
    const uint8_t *ptr;
    size_t len;
} epop_span;

/* ---------------------------------------------------------------------------------------------------------------------
 * Results
 */

/* Positive results: the call stopped on purpose, and nothing is wrong. */
enum {
    EPOP_OK = 0,
    EPOP_PAUSED = 1, /* feed: a callback returned EPOP_PAUSE; feed the rest again to go on */
    EPOP_AGAIN = 2,  /* feed: output must be drained, or a question answered, before more input is taken */
    EPOP_LINE = 3,   /* epop_line_feed: a whole line is there */
    EPOP_END = 4,    /* a multi-line response, a message part or a list has ended */
    EPOP_FULL = 5,   /* the destination is full; give more space and call again */
    EPOP_ASK = 6     /* a SASL mechanism: a question must be answered first */
};

/* What a callback returns to stop after its event. Any negative value aborts the session instead, and comes back
 * unchanged from the call in progress and from every later one; choose one below EPOP_ERR_CALLBACK_FIRST. */
#define EPOP_PAUSE 1

/* Every error: name, value, meaning. Five bands:
 *
 *   -1 ..  -29  usage: the call was wrong and changed nothing; correct it and call again
 *  -30 ..  -59  input: octets that a parser or serializer of wire.h will not take; no session ends for one
 *  -60 ..  -89  peer: the other side broke the protocol; the session is dead and every later call says the same
 *  -90 .. -119  limit: a bound was met; sticky like a peer error
 * -120 .. -149  outcome: how a login or a command ended that never got its reply; reported in events
 */
#define EPOP_ERROR_LIST(X)                                                                                             \
    X(EPOP_ERR_NULL, -1, "a pointer that must not be NULL is NULL")                                                    \
    X(EPOP_ERR_STRUCT_SIZE, -2, "struct_size is not set, or too small")                                                \
    X(EPOP_ERR_VALUE, -3, "an argument is outside its range")                                                          \
    X(EPOP_ERR_BUFFER_SIZE, -4, "a buffer given at init is smaller than its documented minimum")                       \
    X(EPOP_ERR_REENTRANT, -5, "this call may not be made from inside a callback")                                      \
    X(EPOP_ERR_PHASE, -6, "not possible in this phase of the session")                                                 \
    X(EPOP_ERR_QUEUE_FULL, -7, "the command queue is full; wait for a reply")                                          \
    X(EPOP_ERR_BUSY, -8, "other commands are queued or unanswered; wait until the session is idle")                    \
    X(EPOP_ERR_NOT_ASKED, -9, "no question of that kind is open")                                                      \
    X(EPOP_ERR_NOT_RAW, -10, "this command has a function of its own and can not be sent raw")                         \
    X(EPOP_ERR_ENDED, -11, "the session has ended in good order; nothing more can be done with it")                    \
    X(EPOP_ERR_CRYPTO, -12, "the host's hash interface has failed")                                                    \
    X(EPOP_ERR_SPACE, -30, "the destination is too small; the needed size is reported")                                \
    X(EPOP_ERR_OCTET, -31, "CR, LF, NUL or another octet that may not stand there")                                    \
    X(EPOP_ERR_TOO_LONG, -32, "longer than the protocol allows")                                                       \
    X(EPOP_ERR_ARGUMENT_MISSING, -33, "an argument is missing or empty")                                               \
    X(EPOP_ERR_ARGUMENT_EXTRA, -34, "an argument too many")                                                            \
    X(EPOP_ERR_NUMBER, -35, "not a number, or one that does not fit")                                                  \
    X(EPOP_ERR_SYNTAX, -36, "does not have the form that the specification asks for")                                  \
    X(EPOP_ERR_BASE64, -37, "not canonical base64")                                                                    \
    X(EPOP_ERR_SCHEME, -38, "not a pop:// or pops:// URL")                                                             \
    X(EPOP_ERR_PEER_EOF, -60, "the connection ended in the middle of the dialogue")                                    \
    X(EPOP_ERR_PEER_TIMEOUT, -61, "the peer was silent for too long")                                                  \
    X(EPOP_ERR_PEER_LINE_END, -62, "a line does not end as the lines of this session do")                              \
    X(EPOP_ERR_PEER_STATUS, -63, "a response begins neither with +OK nor with -ERR")                                   \
    X(EPOP_ERR_PEER_UNSOLICITED, -64, "octets arrived that answer no command")                                         \
    X(EPOP_ERR_PEER_PLAINTEXT, -65, "plaintext arrived after STLS was agreed and before TLS was up")                   \
    X(EPOP_ERR_PEER_QUIT_UNKNOWN, -66, "QUIT got no answer: whether deletions took place is unknown")                  \
    X(EPOP_ERR_PEER_TOO_MANY_BAD, -67, "too many bad commands in a row")                                               \
    X(EPOP_ERR_PEER_TOO_MANY_LOGINS, -68, "too many failed logins")                                                    \
    X(EPOP_ERR_PEER_SASL, -69, "the server answered +OK before the login was complete, where only a + was due")         \
    X(EPOP_ERR_PEER_TLS, -70, "the TLS handshake or a TLS record failed")                                              \
    X(EPOP_ERR_PEER_CERTIFICATE, -71, "the peer's certificate is not trusted, out of date, or for another name")       \
    X(EPOP_ERR_PEER_PROTOCOL, -72, "the peer speaks another protocol")                                                 \
    X(EPOP_ERR_LIMIT_LINE, -90, "a line is longer than EPOP_LINE_LENGTH_MAX")                                          \
    X(EPOP_ERR_LIMIT_ROWS, -91, "a listing has more rows than the host allows")                                        \
    X(EPOP_ERR_LIMIT_BODY, -92, "a message is longer than the host allows")                                            \
    X(EPOP_ERR_LIMIT_MESSAGES, -93, "more messages than the host's deletion map has bits")                             \
    X(EPOP_ERR_UNSENT, -120, "the command was never sent: the session had no use for it any more")                     \
    X(EPOP_ERR_ABORTED, -121, "the host aborted this transfer")                                                        \
    X(EPOP_ERR_DECLINED, -122, "the host declined to give what was asked")                                             \
    X(EPOP_ERR_LOGIN_CLEARTEXT, -123, "login refused by policy: the connection has no TLS")                            \
    X(EPOP_ERR_LOGIN_REFUSED, -124, "the server refused the login")                                                    \
    X(EPOP_ERR_LOGIN_NO_STLS, -125, "the server does not offer STLS, and login without TLS is not allowed")            \
    X(EPOP_ERR_LOGIN_STLS_REFUSED, -126, "the server offers STLS and refused it")                                      \
    X(EPOP_ERR_LOGIN_NO_MECHANISM, -127, "no way to log in that both sides have and policy allows")                    \
    X(EPOP_ERR_SASL_CHALLENGE, -128, "the server's challenge has not the form that the mechanism asks for")            \
    X(EPOP_ERR_SASL_NONCE, -129, "the server's nonce does not extend ours: an answer to somebody else")                \
    X(EPOP_ERR_SASL_ITERATIONS, -130, "the server asks for fewer or more iterations than are allowed")                 \
    X(EPOP_ERR_SASL_SIGNATURE, -131, "the server's signature is wrong: it does not know the password")                 \
    X(EPOP_ERR_SYNC_LISTING, -132, "the maildrop was not listed: LIST and UIDL failed")                                \
    X(EPOP_ERR_SYNC_UNIQUE_ID, -133, "the server tells no unique-id by which the message could be known again")        \
    X(EPOP_ERR_SYNC_REFUSED, -134, "the server refused the command for this message")                                  \
    X(EPOP_ERR_SYNC_LATER, -135, "UIDL leaves this message out and has others: it waits for a later run")

enum {
#define EPOP_ERROR_ENUM(name, value, text) name = (value),
    EPOP_ERROR_LIST(EPOP_ERROR_ENUM)
#undef EPOP_ERROR_ENUM
        EPOP_ERR_CALLBACK_FIRST = -1000 /* what callbacks that abort return, or less; none of it is the library's own */
};

/* The identifier of a result, "EPOP_ERR_PEER_EOF"; "?" for a value that is none of the above. Never NULL, static. */
EPOP_API const char *epop_error_name(int32_t result);

/* The meaning of a result in English. Never NULL, static; the identifier where the library was built without texts. */
EPOP_API const char *epop_strerror(int32_t result);

/* EPOP_VERSION_NUMBER of the library that is running, to be compared with that of the headers. */
EPOP_API uint32_t epop_version_number(void);

/* ---------------------------------------------------------------------------------------------------------------------
 * Both sessions
 */

/* What a session wants of its host next; `epop_client_wants` and `epop_server_wants` return a set of these. */
enum {
    EPOP_WANT_FEED = 0x01,    /* take octets from the peer and feed them */
    EPOP_WANT_DRAIN = 0x02,   /* output is pending: send it, then acknowledge it */
    EPOP_WANT_TLS = 0x04,     /* start the TLS handshake now, then say tls_started; feed nothing before that */
    EPOP_WANT_CLOSE = 0x08,   /* drain what is pending, then close the connection */
    EPOP_WANT_ANSWER = 0x10,  /* a question put to the host is open */
    EPOP_WANT_BODY = 0x20,    /* server: there is room for more of the body that is being sent */
    EPOP_WANT_COMMAND = 0x40, /* client: nothing is queued or unanswered; a command would go out at once */
    EPOP_WANT_RESUME = 0x80   /* events are owed from before a pause or an AGAIN; feed, be it with no octets */
};

/* Where a session stands (RFC 1939 section 3). */
enum {
    EPOP_PHASE_GREETING = 1,      /* client only: the greeting has not arrived yet */
    EPOP_PHASE_AUTHORIZATION = 2, /* nobody is logged in */
    EPOP_PHASE_TRANSACTION = 3,   /* logged in, maildrop open */
    EPOP_PHASE_UPDATE = 4,        /* QUIT was sent (client) or taken (server) in the TRANSACTION phase */
    EPOP_PHASE_ENDED = 5          /* over, in good order or not */
};

/* How the lines of a session end. */
enum {
    EPOP_EOL_CRLF = 0, /* CRLF, as RFC 1939 section 3 says; a bare LF is an error in a line and data in a body */
    EPOP_EOL_LF = 1,   /* bare LF throughout */
    EPOP_EOL_FIRST = 2 /* the end of the first line decides between the two, for the whole session */
};

/* Part of the session structs below; not for hosts. */
typedef struct epop_outbox {
    uint8_t *p_buffer;
    size_t p_size;
    size_t p_head;
    size_t p_tail;
} epop_outbox;

/* Likewise: the first member of both. */
typedef struct epop_session {
    int32_t p_error;
    uint8_t p_in_callback;
    uint8_t p_failed_in;
} epop_session;

/* Why and where a session ended; filled by epop_client_error_info and epop_server_error_info. */
typedef struct epop_error_info {
    uint32_t struct_size;
    int32_t code;      /* the sticky result, EPOP_OK while there is none */
    uint64_t offset;   /* octets taken from the peer, since init or since TLS started, when it was met */
    uint32_t phase;    /* EPOP_PHASE_ at that time */
    uint32_t command;  /* EPOP_CMD_ that was being answered, 0 if none */
    uint32_t callback; /* kind of the event whose callback aborted (EPOP_EVENT_), 0 if none did */
} epop_error_info;

/* The kind of an event is unique over both roles, so that a binding can point all callbacks at one function. */
enum {
    EPOP_EVENT_GREETING = 1,
    EPOP_EVENT_REPLY = 2,
    EPOP_EVENT_ROW = 3,
    EPOP_EVENT_BODY = 4,
    EPOP_EVENT_END = 5,
    EPOP_EVENT_ASK = 6,
    EPOP_EVENT_QUIRK = 7,
    EPOP_EVENT_TRACE = 8,
    EPOP_EVENT_AUTH = 32,
    EPOP_EVENT_OPEN = 33,
    EPOP_EVENT_INFO = 34,
    EPOP_EVENT_SEND = 35,
    EPOP_EVENT_COMMIT = 36,
    EPOP_EVENT_COMMAND = 37
};

/* A line that went over the wire, for a log, without passwords, digests and SASL data. Before login a command line is
 * whole only where the command is known to be harmless. Of any other line at most the keyword is left, if it is made of
 * letters, and the mechanism of AUTH; of a line that follows a refused AUTH nothing, until a known command comes.
 * `redacted` is then 1. Message bodies are not traced. Both roles use this event. */
typedef struct epop_trace_event {
    uint32_t struct_size;
    uint32_t kind;     /* EPOP_EVENT_TRACE */
    uint32_t sent;     /* 1: from us to the peer, 0: from the peer */
    uint32_t redacted; /* 1: something secret was left out */
    epop_span line;    /* without its line end; any octet may be in it. Good until the callback returns. */
} epop_trace_event;

#ifdef __cplusplus
}
#endif

#endif
