/* SASL (RFC 4422) for both roles: mechanisms, the hash functions they need, and how to add one.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The host lists the mechanisms that it wants, strongest first, and gives the list to its sessions:
 *
 *     static const epop_sasl_mechanism mechanisms[] = {epop_sasl_scram_sha_256_plus, epop_sasl_scram_sha_256,
 *                                                      epop_sasl_oauthbearer, epop_sasl_plain};
 *     static const epop_sasl_config sasl_config = {sizeof sasl_config, 4, mechanisms, &crypto, ...};
 *
 *     epop_sasl_init(&sasl, sizeof sasl, &sasl_config, buffer, sizeof buffer);
 *     client_config.sasl = &sasl;
 *
 * The session does the rest: it chooses a mechanism that both sides have, does base64, cancels, and keeps the 255-octet
 * rule for initial responses (RFC 5034 section 4). Callbacks ask for names, passwords and tokens when they are needed;
 * these are used at once and not kept. A mechanism that is not listed is not linked.
 */
#ifndef EPOP_SASL_H
#define EPOP_SASL_H

#include <epop/base.h>
#include <epop/wire.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------------
 * Hashes are supplied by the host. lib/mbedtls fills this struct from PSA Crypto, examples/openssl from OpenSSL.
 */

enum { EPOP_HASH_MD5 = 1, EPOP_HASH_SHA1 = 2, EPOP_HASH_SHA256 = 4 };

enum { EPOP_HASH_MAX = 32 }; /* octets of the longest digest, SHA-256 */

/* Every function returns 0, or any negative value for a failure. A failure ends the login: a client gets
 * EPOP_ERR_CRYPTO in on_end (the call in which it happened returns EPOP_OK); in a server it is a failed login
 * (EPOP_AUTH_FAILED), and the client is told [SYS/TEMP]. Pointers are valid during the call only. */
typedef struct epop_crypto {
    uint32_t struct_size;
    uint32_t hashes; /* EPOP_HASH_ bits that the functions support; mechanisms that need others are not offered */
    void *user;      /* first argument of every function */
    /* The digest (16, 20 or 32 octets) of the concatenated parts. */
    int32_t (*hash)(void *user, uint32_t hash, const epop_span *parts, size_t count, uint8_t *digest);
    /* HMAC (RFC 2104) of the concatenated parts. The key may have any length, including 0 and more than a block. */
    int32_t (*hmac)(void *user, uint32_t hash, const epop_span *key, const epop_span *parts, size_t count,
                    uint8_t *mac);
    /* `count` rounds of PBKDF2 (RFC 8018 section 5.2): u = HMAC(password, u), sum = sum XOR u. May be NULL: then hmac
     * is used, which is slower if the key could be prepared once. Called with a few hundred rounds at a time. */
    int32_t (*rounds)(void *user, uint32_t hash, const epop_span *password, uint32_t count, uint8_t *u, uint8_t *sum);
    /* Cryptographically secure random octets. May be NULL: mechanisms that need a nonce or challenge are not offered.
     */
    int32_t (*random)(void *user, uint8_t *dst, size_t len);
} epop_crypto;

/* 1 if the octets are equal; in constant time for each `len`. */
EPOP_API uint32_t epop_secret_equal(const void *a, const void *b, size_t len);

/* The SCRAM key of a user, which a server stores in place of the password (RFC 5802 section 3). */
typedef struct epop_scram_key {
    uint32_t struct_size;
    uint32_t iterations;
    epop_span salt;
    epop_span stored_key; /* 20 octets for SCRAM-SHA-1, 32 for SCRAM-SHA-256 */
    epop_span server_key;
} epop_scram_key;

enum { EPOP_SCRAM_SALT_MAX = 64 };

/* Derives stored_key and server_key (room for EPOP_HASH_MAX octets each) from a password. `hash` is EPOP_HASH_SHA1 or
 * _SHA256. The time it takes is proportional to `iterations`.
 *
 * EPOP_ERR_NULL    a pointer is NULL
 * EPOP_ERR_VALUE   no such hash, no iterations, or a salt that is empty or longer than EPOP_SCRAM_SALT_MAX
 * EPOP_ERR_CRYPTO  a function of `crypto` failed */
EPOP_API int32_t epop_scram_derive(const epop_crypto *crypto, uint32_t hash, const void *password, size_t password_len,
                                   const void *salt, size_t salt_len, uint32_t iterations, uint8_t *stored_key,
                                   uint8_t *server_key);

/* The same in slices, for a server that serves other clients meanwhile. All members are private. */
typedef struct epop_scram_derivation {
    const epop_crypto *p_crypto;
    uint32_t p_hash;
    uint32_t p_left;
    uint8_t p_u[EPOP_HASH_MAX];
    uint8_t p_salted[EPOP_HASH_MAX];
} epop_scram_derivation;

/* Begins. `size` is sizeof(epop_scram_derivation). `crypto` must outlive the derivation; password and salt are used
 * during the call only. The errors of epop_scram_derive, and EPOP_ERR_STRUCT_SIZE. */
EPOP_API int32_t epop_scram_derive_begin(epop_scram_derivation *derivation, size_t size, const epop_crypto *crypto,
                                         uint32_t hash, const void *password, size_t password_len, const void *salt,
                                         size_t salt_len, uint32_t iterations);

/* Does up to `rounds` iterations, with the same password. EPOP_AGAIN: more are left. EPOP_OK: both keys are there.
 * EPOP_ERR_NULL; EPOP_ERR_CRYPTO. The derivation is as secret as the password. It is wiped unless the result is
 * EPOP_AGAIN; a host that stops earlier must wipe it. */
EPOP_API int32_t epop_scram_derive_step(epop_scram_derivation *derivation, const void *password, size_t password_len,
                                        uint32_t rounds, uint8_t *stored_key, uint8_t *server_key);

/* ---------------------------------------------------------------------------------------------------------------------
 * Configuration
 */

struct epop_sasl_step;

/* A mechanism is one function; its contract is at the end of this header. */
typedef int32_t (*epop_sasl_mechanism)(struct epop_sasl_step *step);

enum {
    EPOP_SASL_MECHANISMS_MAX = 16,
    /* The buffer of a session: holds the state of SCRAM with a name of 64 octets, or a password of 255. Longer names
     * and passwords need more; otherwise the result is EPOP_ERR_TOO_LONG, or -ERR from a server. */
    EPOP_SASL_BUFFER_MIN = 1024,
    EPOP_SASL_BINDING_MAX = 96,      /* "tls-server-end-point:" and a SHA-512 digest fit */
    EPOP_SCRAM_ITERATIONS_MIN = 4096 /* RFC 7677 section 4; RFC 5802 section 5.1 */
};

enum {
    EPOP_SASL_ASK_AUTHZID = 1
}; /* client: ask for an authorization identity (EPOP_ASK_AUTHZID), for PLAIN and others */

/* May be shared by any number of sessions. It is kept by pointer: it must outlive them, with all it points to. */
typedef struct epop_sasl_config {
    uint32_t struct_size;
    uint32_t mechanism_count;              /* 1 to EPOP_SASL_MECHANISMS_MAX */
    const epop_sasl_mechanism *mechanisms; /* in order of preference: strongest first */
    const epop_crypto *crypto;             /* NULL: mechanisms that need hashes are not offered */
    uint32_t flags;                        /* EPOP_SASL_ASK_AUTHZID */
    uint32_t port;    /* client, OAUTHBEARER: port of the server (RFC 7628 section 3.1); 0: not sent */
    const void *host; /* client, OAUTHBEARER: name of the server; NULL: not sent. Server: the part after "@" in
                         challenges and APOP stamps, visible ASCII, at most 128 octets; NULL: "localhost" */
    size_t host_len;
    uint32_t iterations_min; /* client: fewer are refused; 0: EPOP_SCRAM_ITERATIONS_MIN */
    uint32_t
        iterations_max;  /* client: more are refused, so that a server cannot keep it busy for hours; 0: 1,000,000 */
    uint32_t iterations; /* server: shown for unknown users; 0: EPOP_SCRAM_ITERATIONS_MIN. Unless all users have as
                            many, and salts of 16 octets, unknown names can be told apart. */
    const void *salt_secret; /* server: key for the salts of unknown users, the same at every start; 16 octets or more.
                                Without it SCRAM is not offered. */
    size_t salt_secret_len;
} epop_sasl_config;

/* ---------------------------------------------------------------------------------------------------------------------
 * Questions to the host
 */

/* Questions of a client session, by on_ask. Answers must not hold control octets (EPOP_ERR_OCTET). Names and passwords
 * beyond ASCII must be prepared by SASLprep (RFC 4013); the library has no Unicode tables. */
enum {
    EPOP_ASK_USER = 1,     /* name of the user */
    EPOP_ASK_PASSWORD = 2, /* password; with USER and PASS asked for after the server has accepted the name */
    EPOP_ASK_TOKEN = 3,    /* OAuth access token of any length; decline if there is none */
    EPOP_ASK_AUTHZID = 4,  /* authorization identity; may be empty. Only with EPOP_SASL_ASK_AUTHZID, and for EXTERNAL */
    EPOP_ASK_ANONYMOUS = 5, /* trace information for ANONYMOUS, such as a mail address; may be empty */
    EPOP_ASK_BINDING = 6    /* channel binding of the TLS connection: "tls-exporter:" and its octets (any octets), as
                               epop_tls_binding makes it. Decline if there is none: the login goes on without. */
};

/* Questions of a server session, by on_auth, in epop_auth_event.
 *
 * A session never computes PBKDF2: epop_server_key takes keys that were derived once (RFC 5802 section 3), and an
 * unknown name gets a salt by one HMAC of `salt_secret`, and keys that nobody has. A host that derives keys when
 * EPOP_AUTH_KEY comes should keep them: otherwise every attempt of an attacker costs it a derivation.
 *
 * No attempt is free. An exchange that is refused, or cancelled or broken off after a question, counts towards
 * `max_failed_logins`. EPOP_AUTH_FAILED reports those that the host has not refused itself. */
enum {
    /* May this user log in? epop_server_accept or epop_server_refuse. */
    EPOP_AUTH_PASSWORD = 1,  /* with this password: USER and PASS, PLAIN, LOGIN */
    EPOP_AUTH_TOKEN = 2,     /* with this OAuth access token; a long one comes in pieces: collect those that have `more`
                                set, and answer the last one */
    EPOP_AUTH_EXTERNAL = 3,  /* by properties of the connection (a TLS client certificate) */
    EPOP_AUTH_ANONYMOUS = 4, /* without a name; `password` is the trace information (RFC 4505) */
    EPOP_AUTH_PROVEN = 5,    /* the client has proved that it knows the password (SCRAM, CRAM-MD5, APOP) */
    /* The exchange has failed: wrong proof, malformed or too long response, wrong channel binding, failed hash
     * function, or the client has cancelled. Only epop_server_refuse is allowed, now or after a delay; it counts as a
     * failed login whatever its code. If `text` is NULL, the session says what was wrong, and sends EPOP_CODE_AUTH for
     * a wrong proof only: with other failures that code is left out, or becomes [SYS/TEMP]. `name` and `authzid` are
     * those of the last question, empty if there was none. */
    EPOP_AUTH_FAILED = 6,
    /* What is this user's secret? For an unknown user, epop_server_refuse with EPOP_CODE_AUTH: the exchange goes on as
     * for any other user, and fails at its end. */
    EPOP_AUTH_SECRET = 7, /* epop_server_answer with the password (CRAM-MD5, APOP) */
    EPOP_AUTH_KEY = 8,    /* epop_server_key (SCRAM); `mechanism` tells which hash */
    /* epop_server_answer with the channel binding of this connection, of the type in `password` ("tls-exporter"): the
     * type, a colon, and the binding's octets, as epop_tls_binding makes it. If there is none of that type,
     * epop_server_refuse with EPOP_CODE_AUTH: EPOP_AUTH_FAILED comes next. */
    EPOP_AUTH_BINDING = 9
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Mechanisms
 */

EPOP_API int32_t epop_sasl_plain(struct epop_sasl_step *step);     /* RFC 4616 */
EPOP_API int32_t epop_sasl_login(struct epop_sasl_step *step);     /* not specified; for old servers and clients */
EPOP_API int32_t epop_sasl_external(struct epop_sasl_step *step);  /* RFC 4422 appendix A: by the certificate in TLS */
EPOP_API int32_t epop_sasl_anonymous(struct epop_sasl_step *step); /* RFC 4505 */
EPOP_API int32_t epop_sasl_cram_md5(struct epop_sasl_step *step);  /* RFC 2195; a server needs the password itself */
EPOP_API int32_t epop_sasl_apop(struct epop_sasl_step *step);      /* RFC 1939 section 7; not SASL, selected like it */
EPOP_API int32_t epop_sasl_scram_sha_1(struct epop_sasl_step *step);        /* RFC 5802 */
EPOP_API int32_t epop_sasl_scram_sha_1_plus(struct epop_sasl_step *step);   /* with channel binding */
EPOP_API int32_t epop_sasl_scram_sha_256(struct epop_sasl_step *step);      /* RFC 7677 */
EPOP_API int32_t epop_sasl_scram_sha_256_plus(struct epop_sasl_step *step); /* with channel binding */
EPOP_API int32_t epop_sasl_oauthbearer(struct epop_sasl_step *step);        /* RFC 7628 */
EPOP_API int32_t epop_sasl_xoauth2(struct epop_sasl_step *step);            /* Google's and Microsoft's */

/* The mechanism of this name, for hosts whose users choose one: "scram-sha-256" in any letter case. NULL if there is
 * none. A program that calls it carries all mechanisms. */
EPOP_API epop_sasl_mechanism epop_sasl_find(const char *name, size_t len);

/* ---------------------------------------------------------------------------------------------------------------------
 * Mechanisms of the host's own (GSSAPI, NTLM)
 *
 * A mechanism is a function that is called with a verb and does one small step, so that messages of any length pass
 * without a buffer of that length. First START; then the two sides send messages in turns until the exchange is over.
 * The client sends the first if EPOP_SASL_CLIENT_FIRST is set, otherwise the server.
 *
 * NEXT composes a message of ours. It returns EPOP_OK with a part in `text`, EPOP_ASK with a question in `ask`, or
 * EPOP_END when the message is complete.
 *
 * TAKE gets a piece of the peer's message in `data`; the last one, which may be empty, has `last` set. If the
 * mechanism's memory is full it sets `used` and returns EPOP_FULL, or EPOP_ASK with a question.
 *
 * ANSWER gets the answer to a server's question, and to a client's if `keep` was set. Otherwise a client's answer
 * becomes the next part of the message by itself.
 *
 * The result of TAKE with `last`, and of ANSWER in the server, says what comes next: EPOP_OK: a message of ours by
 * NEXT. EPOP_ASK: a question. EPOP_END: the exchange is over and, in the server, the user is logged in. A negative
 * result: the client cancels, the server refuses.
 *
 * FINISH asks a client's mechanism whether the server's success is to be believed: EPOP_OK, or EPOP_ERR_PEER_SASL if
 * the server has not proved what it must.
 *
 * A mechanism answers every verb, START with EPOP_OK if it has nothing to prepare. One that it does not know it refuses
 * with EPOP_ERR_VALUE, so that what a later version may ask is never taken for granted.
 */

enum { EPOP_SASL_DESCRIBE = 1, EPOP_SASL_START, EPOP_SASL_TAKE, EPOP_SASL_NEXT, EPOP_SASL_ANSWER, EPOP_SASL_FINISH };

enum { EPOP_SASL_CLIENT = 0, EPOP_SASL_SERVER = 1 };

/* Properties of a mechanism, set by DESCRIBE. */
enum {
    EPOP_SASL_CLIENT_FIRST = 0x01, /* may have an initial response */
    EPOP_SASL_BINDS = 0x02,        /* needs channel binding: client, `binding`; server, EPOP_AUTH_BINDING */
    EPOP_SASL_RANDOM = 0x04,       /* needs crypto->random */
    EPOP_SASL_SALT = 0x08,         /* server: needs salt_secret */
    EPOP_SASL_NOT_AUTH = 0x10,     /* APOP: has a command of its own */
    EPOP_SASL_EARLY = 0x20,        /* server: accepts an initial response, though the server sends first (LOGIN) */
    EPOP_SASL_PROMPTED = 0x40,     /* client: ignores the text of challenges (LOGIN) */
    EPOP_SASL_TELLS = 0x80         /* client: a challenge is the reason for a refusal, shown by EPOP_ROW_SASL (OAuth) */
};

/* The argument of a mechanism. It uses only the members that the verb mentions. */
typedef struct epop_sasl_step {
    uint32_t struct_size;
    uint32_t verb;
    uint32_t role;
    const epop_sasl_config *config;
    uint8_t *state;    /* the mechanism's memory: zeroes at START, wiped at the end; aligned like the host's buffer */
    size_t state_size; /* at least what DESCRIBE said */
    epop_span binding; /* client: channel binding of this connection, "type:" and data; empty if there is none */
    uint32_t unbound;  /* client: 1 if there is a `binding` and the server offers no mechanism that binds */
    /* DESCRIBE sets these. */
    const char *name;    /* as in SASL, capitals, static */
    uint32_t properties; /* EPOP_SASL_ bits above */
    uint32_t hashes;     /* EPOP_HASH_ bits that it needs */
    size_t state_min;    /* least state_size, at most EPOP_SASL_BUFFER_MIN less EPOP_SASL_BINDING_MAX */
    /* TAKE and ANSWER get these. */
    epop_span data;
    uint32_t last;             /* TAKE: the message ends with `data` */
    uint32_t accepted;         /* ANSWER, server: 1 if accepted or answered, 0 if refused */
    const epop_scram_key *key; /* ANSWER to EPOP_AUTH_KEY */
    size_t used;               /* set by TAKE with EPOP_FULL and EPOP_ASK; otherwise all was used */
    /* NEXT, TAKE and ANSWER set these. */
    epop_span text;    /* a part of our message; valid until the next call */
    uint32_t ask;      /* EPOP_ASK_ (client) or EPOP_AUTH_ (server) */
    uint32_t keep;     /* client: the answer comes by ANSWER */
    uint32_t more;     /* server, EPOP_AUTH_TOKEN: a piece; no answer follows */
    epop_span user;    /* server's questions: name of the user; it and `authzid` are in `state`, and stay there
                          until the exchange ends, since EPOP_AUTH_FAILED shows them again */
    epop_span authzid; /* ... authorization identity; empty means the user */
    epop_span secret;  /* ... password, token, or subject of the question */
} epop_sasl_step;

/* ---------------------------------------------------------------------------------------------------------------------
 * One session's part
 */

/* The struct is complete so that it can be placed anywhere; all members are private. */
typedef struct epop_sasl {
    epop_sasl_step p_step;
    uint8_t *p_buffer;
    size_t p_buffer_size;
    epop_sasl_mechanism p_mechanism;
    epop_base64 p_base64;
    uint64_t p_offset;
    uint64_t p_total;
    uint32_t p_offered;
    uint32_t p_length;
    int32_t p_result;
    uint8_t p_binding_len;
    uint8_t p_decoded_at;
    uint8_t p_decoded_len;
    uint8_t p_flow;
    uint8_t p_flags;
    uint8_t p_code;
    uint8_t p_cancelled;
    uint8_t p_stamp_len;
    uint8_t p_decoded[48];
    uint8_t p_stamp[17];
} epop_sasl;

EPOP_API size_t epop_sasl_sizeof(void);

/* Initialises the SASL part of one session, for the config of epop_client_init or epop_server_init. It belongs to that
 * session alone and must outlive it, as must `config` and `buffer`. The buffer is wiped after every login, except the
 * APOP stamp.
 *
 * EPOP_ERR_NULL         a pointer is NULL
 * EPOP_ERR_STRUCT_SIZE  `size`, or a struct_size, is too small
 * EPOP_ERR_BUFFER_SIZE  `buffer_size` is less than EPOP_SASL_BUFFER_MIN
 * EPOP_ERR_VALUE        a member of `config` is out of range */
EPOP_API int32_t epop_sasl_init(epop_sasl *sasl, size_t size, const epop_sasl_config *config, void *buffer,
                                size_t buffer_size);

#ifdef __cplusplus
}
#endif

#endif
