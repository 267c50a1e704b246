/* Types and rules that all of epop shares: results, spans, "wants" flags, events of both roles.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Memory. The library does not allocate, block, print, read a clock or keep a global variable. All memory comes from
 * the caller. A pointer argument is used during the call only, unless its comment says that the memory must outlive the
 * session. A pointer that the library returns is valid for as long as its comment says. Sessions, decoders and epop_tls
 * must not be moved in memory while in use; the other structs of epop/wire.h may be copied.
 *
 * Threads. Use a session from one thread at a time. Two sessions share nothing, so that different threads may use
 * different sessions without locks.
 *
 * Re-entry. Inside a callback the host may queue commands, answer questions, abort a transfer and call getters. Every
 * other call returns EPOP_ERR_REENTRANT and changes nothing. A callback must return: no longjmp, and no exception of
 * C++ or of another language may leave it (epop/epop.hpp takes care of that). To end the session, return a negative
 * value.
 *
 * Asynchronous output. The pointer from `output` is valid until the next call on the session that is not a getter. A
 * host whose write completes later (io_uring, libuv) either copies the bytes and calls output_ack at once, or makes no
 * other call on that session until the write has completed.
 *
 * Versions. Set `struct_size` to sizeof in every struct that begins with it, before the call, whoever fills in the
 * rest. Structs only grow, and only at their end, so that an old program works with a newer library of the same SONAME.
 * Members whose names begin with p_ are private.
 *
 * Results are int32_t: 0 is success, positive values are not errors (the call stopped early), negative values are
 * errors.
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

/* A view of bytes owned by someone else. Not NUL-terminated; may be empty, and may hold any byte. */
typedef struct epop_span {
    const uint8_t *ptr;
    size_t len;
} epop_span;

/* ---------------------------------------------------------------------------------------------------------------------
 * Results
 */

/* Positive results are not errors: the call stopped early. */
enum {
    EPOP_OK = 0,
    EPOP_PAUSED = 1, /* feed: a callback returned EPOP_PAUSE; feed the rest again to go on */
    EPOP_AGAIN = 2,  /* feed: output must be drained, or a question answered, before more input is taken */
    EPOP_LINE = 3,   /* epop_line_feed: a line is complete */
    EPOP_END = 4,    /* a multi-line response, a message part or a list has ended */
    EPOP_FULL = 5,   /* the destination is full: call again with more space */
    EPOP_ASK = 6     /* a SASL mechanism: a question must be answered first */
};

/* A callback returns 0 to go on, or EPOP_PAUSE to stop after its event. Any negative value aborts the session: it is
 * returned by this call and every later one. Choose EPOP_ERR_CALLBACK_FIRST or less. */
#define EPOP_PAUSE 1

/* Every error: name, value, meaning. Five bands:
 *
 *   -1 ..  -29  usage: the call was wrong and changed nothing; correct it and call again
 *  -30 ..  -59  input: wire.h rejected the bytes; never ends a session
 *  -60 ..  -89  peer: the peer broke the protocol; the session is dead, and every later call returns the same error
 *  -90 .. -119  limit: a limit was exceeded; sticky like a peer error
 * -120 .. -149  outcome: result of a login, or of a command that got no reply; reported in events
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
    X(EPOP_ERR_NOT_RAW, -10, "this command has a function of its own and cannot be sent raw")                          \
    X(EPOP_ERR_ENDED, -11, "the session has ended normally; it takes no more calls")                                   \
    X(EPOP_ERR_CRYPTO, -12, "a hash or random function of the host failed")                                            \
    X(EPOP_ERR_SPACE, -30, "the destination is too small; the size needed is reported")                                \
    X(EPOP_ERR_OCTET, -31, "CR, LF, NUL or another octet that is not allowed here")                                    \
    X(EPOP_ERR_TOO_LONG, -32, "longer than the protocol allows")                                                       \
    X(EPOP_ERR_ARGUMENT_MISSING, -33, "an argument is missing or empty")                                               \
    X(EPOP_ERR_ARGUMENT_EXTRA, -34, "too many arguments")                                                              \
    X(EPOP_ERR_NUMBER, -35, "not a number, or out of range")                                                           \
    X(EPOP_ERR_SYNTAX, -36, "the syntax is wrong")                                                                     \
    X(EPOP_ERR_BASE64, -37, "not canonical base64")                                                                    \
    X(EPOP_ERR_SCHEME, -38, "not a pop:// or pops:// URL")                                                             \
    X(EPOP_ERR_PEER_EOF, -60, "the connection closed before the session was complete")                                 \
    X(EPOP_ERR_PEER_TIMEOUT, -61, "the peer was silent for too long")                                                  \
    X(EPOP_ERR_PEER_LINE_END, -62, "a line ends in another way than the first line of this session")                   \
    X(EPOP_ERR_PEER_STATUS, -63, "a response begins with neither +OK nor -ERR")                                        \
    X(EPOP_ERR_PEER_UNSOLICITED, -64, "unexpected data: no command was waiting for it")                                \
    X(EPOP_ERR_PEER_PLAINTEXT, -65, "plaintext arrived after STLS and before TLS was up")                              \
    X(EPOP_ERR_PEER_QUIT_UNKNOWN, -66, "QUIT got no reply: it is unknown whether messages were deleted")               \
    X(EPOP_ERR_PEER_TOO_MANY_BAD, -67, "too many bad commands in a row")                                               \
    X(EPOP_ERR_PEER_TOO_MANY_LOGINS, -68, "too many failed logins")                                                    \
    X(EPOP_ERR_PEER_SASL, -69, "the server replied +OK before the SASL exchange was complete")                         \
    X(EPOP_ERR_PEER_TLS, -70, "the TLS handshake or a TLS record failed")                                              \
    X(EPOP_ERR_PEER_CERTIFICATE, -71, "the peer's certificate is untrusted, expired, or for another name")             \
    X(EPOP_ERR_PEER_PROTOCOL, -72, "the peer speaks another protocol")                                                 \
    X(EPOP_ERR_LIMIT_LINE, -90, "a line is longer than EPOP_LINE_LENGTH_MAX")                                          \
    X(EPOP_ERR_LIMIT_ROWS, -91, "a listing has more rows than the host allows")                                        \
    X(EPOP_ERR_LIMIT_BODY, -92, "a message is longer than the host allows")                                            \
    X(EPOP_ERR_LIMIT_MESSAGES, -93, "more messages than the host's deletion map has bits for")                         \
    X(EPOP_ERR_UNSENT, -120, "not sent: it was no longer possible or needed")                                          \
    X(EPOP_ERR_ABORTED, -121, "the host aborted this transfer")                                                        \
    X(EPOP_ERR_DECLINED, -122, "the host declined to answer")                                                          \
    X(EPOP_ERR_LOGIN_CLEARTEXT, -123, "login refused by policy: the connection has no TLS")                            \
    X(EPOP_ERR_LOGIN_REFUSED, -124, "the server refused the login")                                                    \
    X(EPOP_ERR_LOGIN_NO_STLS, -125, "the server does not offer STLS, and login without TLS is not allowed")            \
    X(EPOP_ERR_LOGIN_STLS_REFUSED, -126, "the server offers STLS and refused it")                                      \
    X(EPOP_ERR_LOGIN_NO_MECHANISM, -127, "no login mechanism that both sides have and policy allows")                  \
    X(EPOP_ERR_SASL_CHALLENGE, -128, "the server's challenge is malformed")                                            \
    X(EPOP_ERR_SASL_NONCE, -129, "the server's nonce does not extend ours: a reply to someone else")                   \
    X(EPOP_ERR_SASL_ITERATIONS, -130, "the server's iteration count is below or above the limits")                     \
    X(EPOP_ERR_SASL_SIGNATURE, -131, "the server's signature is wrong: it does not know the password")                 \
    X(EPOP_ERR_SYNC_LISTING, -132, "the maildrop was not listed: LIST and UIDL failed")                                \
    X(EPOP_ERR_SYNC_UNIQUE_ID, -133, "the message has no unique-id by which it could be recognised")                   \
    X(EPOP_ERR_SYNC_REFUSED, -134, "the server refused the command for this message")                                  \
    X(EPOP_ERR_SYNC_LATER, -135, "UIDL lists other messages but not this one: it waits for a later run")

enum {
#define EPOP_ERROR_ENUM(name, value, text) name = (value),
    EPOP_ERROR_LIST(EPOP_ERROR_ENUM)
#undef EPOP_ERROR_ENUM
        EPOP_ERR_CALLBACK_FIRST = -1000 /* for callbacks that abort: this or less is never the library's own */
};

/* The identifier of a result, such as "EPOP_ERR_PEER_EOF"; "?" for any other value. Never NULL; static storage. */
EPOP_API const char *epop_error_name(int32_t result);

/* The meaning of a result in English; its identifier if the library was built without texts. Never NULL; static
 * storage. */
EPOP_API const char *epop_strerror(int32_t result);

/* EPOP_VERSION_NUMBER of the library at run time, to be compared with that of the headers. */
EPOP_API uint32_t epop_version_number(void);

/* ---------------------------------------------------------------------------------------------------------------------
 * Both sessions
 */

/* What the host must do next; epop_client_wants and epop_server_wants return a set of these. */
enum {
    EPOP_WANT_FEED = 0x01,    /* receive bytes and feed them */
    EPOP_WANT_DRAIN = 0x02,   /* output is pending: send it, then call output_ack */
    EPOP_WANT_TLS = 0x04,     /* do the TLS handshake now, then call tls_started; feed nothing before that */
    EPOP_WANT_CLOSE = 0x08,   /* close the connection after all output is sent */
    EPOP_WANT_ANSWER = 0x10,  /* a question to the host is open */
    EPOP_WANT_BODY = 0x20,    /* server: there is room for more of the message body */
    EPOP_WANT_COMMAND = 0x40, /* client: idle; a command would be sent at once */
    EPOP_WANT_RESUME = 0x80   /* events are pending: call feed, even with zero bytes */
};

/* The state of a session (RFC 1939 section 3). */
enum {
    EPOP_PHASE_GREETING = 1,      /* client only: the greeting has not arrived yet */
    EPOP_PHASE_AUTHORIZATION = 2, /* nobody is logged in */
    EPOP_PHASE_TRANSACTION = 3,   /* logged in, maildrop open */
    EPOP_PHASE_UPDATE = 4,        /* QUIT was sent (client) or taken (server) in the TRANSACTION phase */
    EPOP_PHASE_ENDED = 5          /* over, normally or by an error */
};

/* How the lines of a session end. */
enum {
    EPOP_EOL_CRLF = 0, /* CRLF, as RFC 1939 section 3 says; a bare LF is an error in a line and data in a body */
    EPOP_EOL_LF = 1,   /* bare LF throughout */
    EPOP_EOL_FIRST = 2 /* the end of the first line decides for the whole session */
};

/* Part of the session structs below; not for hosts. */
typedef struct epop_outbox {
    uint8_t *p_buffer;
    size_t p_size;
    size_t p_head;
    size_t p_tail;
} epop_outbox;

/* The same: the first member of both sessions. */
typedef struct epop_session {
    int32_t p_error;
    uint8_t p_in_callback;
    uint8_t p_failed_in;
} epop_session;

/* Why and where a session ended; filled by epop_client_error_info and epop_server_error_info. */
typedef struct epop_error_info {
    uint32_t struct_size;
    int32_t code;      /* the sticky result, EPOP_OK while there is none */
    uint64_t offset;   /* octets received from the peer, since init or since TLS started, up to the error */
    uint32_t phase;    /* EPOP_PHASE_ at that time */
    uint32_t command;  /* EPOP_CMD_ that was being answered, 0 if none */
    uint32_t callback; /* kind of the event whose callback aborted (EPOP_EVENT_), 0 if none did */
    uint32_t number;   /* client: message-number of that command, 0 if it has none; server: 0 */
} epop_error_info;

/* Kinds of events. They are unique over both roles, so that a binding can use one function for all callbacks. */
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
    EPOP_EVENT_MESSAGE_INFO = 34,
    EPOP_EVENT_SEND = 35,
    EPOP_EVENT_COMMIT = 36,
    EPOP_EVENT_COMMAND = 37
};

/* A line that was sent or received, for a log. It never holds passwords, digests or SASL messages. Before login, only
 * commands that are known to be harmless are shown with their arguments. Of all others at most the keyword is shown, if
 * it consists of letters, and the mechanism of AUTH. After a refused AUTH nothing is shown until a known command comes.
 * `redacted` is 1 if something was left out. Message bodies are not traced. Both roles use this event. */
typedef struct epop_trace_event {
    uint32_t struct_size;
    uint32_t kind;     /* EPOP_EVENT_TRACE */
    uint32_t sent;     /* 1: from us to the peer, 0: from the peer */
    uint32_t redacted; /* 1: something was left out */
    epop_span line;    /* without its line end; may hold any octet; valid until the callback returns */
} epop_trace_event;

#ifdef __cplusplus
}
#endif

#endif
