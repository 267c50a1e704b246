/* SASL (RFC 4422) for both roles: mechanisms, the hash interface they need, and how to add one.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A host lists the mechanisms it wants, strongest first, and gives the list to its sessions:
 *
 *     static const epop_sasl_mechanism mechanisms[] = {epop_sasl_scram_sha_256_plus, epop_sasl_scram_sha_256,
 *                                                      epop_sasl_oauthbearer, epop_sasl_plain};
 *     static const epop_sasl_config sasl_config = {sizeof sasl_config, 4, mechanisms, &crypto, ...};
 *
 *     epop_sasl_init(&sasl, sizeof sasl, &sasl_config, buffer, sizeof buffer);
 *     client_config.sasl = &sasl;
 *
 * Everything else is the session's: which mechanism both sides have, base64, cancelling, the 255-octet rule for initial
 * responses (RFC 5034 section 4). Names, passwords and tokens are asked for by callback when they are needed, go
 * straight to where they belong, and are not kept. What is not listed is not linked.
 */
#ifndef EPOP_SASL_H
#define EPOP_SASL_H

#include <epop/base.h>
#include <epop/wire.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------------
 * Hashes: somebody else's. lib/mbedtls fills this from PSA Crypto; examples/openssl shows OpenSSL.
 */

enum { EPOP_HASH_MD5 = 1, EPOP_HASH_SHA1 = 2, EPOP_HASH_SHA256 = 4 };

enum { EPOP_HASH_MAX = 32 }; /* octets of the longest digest, SHA-256 */

/* Every function returns 0, or a negative value for a failure of whatever kind. The login then ends: in a client, on_end
 * says EPOP_ERR_CRYPTO, and the call in which it failed returns EPOP_OK; in a server it is a failed login
 * (EPOP_AUTH_FAILED), and the client is told [SYS/TEMP]. Pointers are good during the call only; nothing may be kept. */
typedef struct epop_crypto {
    uint32_t struct_size;
    uint32_t hashes; /* EPOP_HASH_ bits that the functions can do; mechanisms that need others are not offered */
    void *user;      /* first argument of every function */
    /* The digest (16, 20 or 32 octets) of the parts one behind the other. */
    int32_t (*hash)(void *user, uint32_t hash, const epop_span *parts, size_t count, uint8_t *digest);
    /* HMAC (RFC 2104) of the parts. The key has any length, also 0 and more than a block. */
    int32_t (*hmac)(void *user, uint32_t hash, const epop_span *key, const epop_span *parts, size_t count,
                    uint8_t *mac);
    /* `count` rounds of PBKDF2 (RFC 8018 section 5.2): u = HMAC(password, u), sum = sum XOR u. May be NULL: then hmac
     * does it, which is slower where the key can be prepared once. Called with a few hundred rounds at a time. */
    int32_t (*rounds)(void *user, uint32_t hash, const epop_span *password, uint32_t count, uint8_t *u, uint8_t *sum);
    /* Octets that nobody can guess. May be NULL: then mechanisms that need a nonce or a challenge are not offered. */
    int32_t (*random)(void *user, uint8_t *dst, size_t len);
} epop_crypto;

/* 1 where the octets are the same; in a time that depends on `len` alone. */
EPOP_API uint32_t epop_secret_equal(const void *a, const void *b, size_t len);

/* What a server keeps of a password for SCRAM (RFC 5802 section 3). */
typedef struct epop_scram_key {
    uint32_t struct_size;
    uint32_t iterations;
    epop_span salt;
    epop_span stored_key; /* 20 octets for SCRAM-SHA-1, 32 for SCRAM-SHA-256 */
    epop_span server_key;
} epop_scram_key;

enum { EPOP_SCRAM_SALT_MAX = 64 };

/* Makes stored_key and server_key (EPOP_HASH_MAX octets each are enough) of a password; `hash` is EPOP_HASH_SHA1 or
 * _SHA256. Takes as long as `iterations` says. EPOP_ERR_NULL, EPOP_ERR_VALUE (iterations 0, a salt of no octets or over
 * EPOP_SCRAM_SALT_MAX), EPOP_ERR_CRYPTO. */
EPOP_API int32_t epop_scram_derive(const epop_crypto *crypto, uint32_t hash, const void *password, size_t password_len,
                                   const void *salt, size_t salt_len, uint32_t iterations, uint8_t *stored_key,
                                   uint8_t *server_key);

/* The same in slices, for a server that has other clients to serve meanwhile. All members are private. */
typedef struct epop_scram_derivation {
    const epop_crypto *p_crypto;
    uint32_t p_hash;
    uint32_t p_left;
    uint8_t p_u[EPOP_HASH_MAX];
    uint8_t p_salted[EPOP_HASH_MAX];
} epop_scram_derivation;

/* Begins; `size` is sizeof(epop_scram_derivation) as the caller sees it. `crypto` must outlive the derivation; password
 * and salt are used within the call. Errors as above, and EPOP_ERR_STRUCT_SIZE. */
EPOP_API int32_t epop_scram_derive_begin(epop_scram_derivation *derivation, size_t size, const epop_crypto *crypto,
                                         uint32_t hash, const void *password, size_t password_len, const void *salt,
                                         size_t salt_len, uint32_t iterations);

/* Does up to `rounds` iterations, with the password given to begin. EPOP_AGAIN: more are left. EPOP_OK: both keys are
 * there. EPOP_ERR_NULL; EPOP_ERR_CRYPTO. The derivation holds what can stand for the password: it is wiped when the
 * result is not EPOP_AGAIN; a host that gives it up before wipes it. */
EPOP_API int32_t epop_scram_derive_step(epop_scram_derivation *derivation, const void *password, size_t password_len,
                                        uint32_t rounds, uint8_t *stored_key, uint8_t *server_key);

/* ---------------------------------------------------------------------------------------------------------------------
 * Configuration
 */

struct epop_sasl_step;

/* A mechanism is one function; what it must do is said at the end of this header. */
typedef int32_t (*epop_sasl_mechanism)(struct epop_sasl_step *step);

enum {
    EPOP_SASL_MECHANISMS_MAX = 16,
    /* The buffer of a session: the state of SCRAM with a name of 64 octets, or a password of 255. Longer names and
     * passwords need more; the error is EPOP_ERR_TOO_LONG, or -ERR from a server. */
    EPOP_SASL_BUFFER_MIN = 1024,
    EPOP_SASL_BINDING_MAX = 96,      /* "tls-server-end-point:" and a SHA-512 digest fit */
    EPOP_SCRAM_ITERATIONS_MIN = 4096 /* RFC 7677 section 4; RFC 5802 section 5.1 */
};

enum { EPOP_SASL_ASK_AUTHZID = 1 }; /* client: ask for a name to act as (EPOP_ASK_AUTHZID), for PLAIN and others */

/* Shared by any number of sessions; const, kept by pointer, so that it must outlive them with all it points to. */
typedef struct epop_sasl_config {
    uint32_t struct_size;
    uint32_t mechanism_count;              /* 1 to EPOP_SASL_MECHANISMS_MAX */
    const epop_sasl_mechanism *mechanisms; /* the order is that of preference: strongest first */
    const epop_crypto *crypto;             /* NULL: mechanisms that need hashes are left out */
    uint32_t flags;                        /* EPOP_SASL_ASK_AUTHZID */
    uint32_t port;    /* client, OAUTHBEARER: port of the server (RFC 7628 section 3.1); 0: not sent */
    const void *host; /* client, OAUTHBEARER: name of the server, NULL: not sent. Server: what stands behind the "@"
                         in challenges and APOP stamps, visible ASCII, at most 128 octets; NULL: "localhost" */
    size_t host_len;
    uint32_t iterations_min; /* client: fewer are refused; 0: EPOP_SCRAM_ITERATIONS_MIN */
    uint32_t iterations_max; /* client: more are refused, lest a server keep the client busy for hours; 0: 1,000,000 */
    uint32_t iterations;     /* server: what unknown users seem to have; 0: EPOP_SCRAM_ITERATIONS_MIN. All users should
                                have as many, and salts of 16 octets, or the unknown ones can be told apart. */
    const void *salt_secret; /* server: of which the salts of unknown users are made, the same at every start; without
                                one SCRAM is not offered. 16 octets or more. */
    size_t salt_secret_len;
} epop_sasl_config;

/* ---------------------------------------------------------------------------------------------------------------------
 * Questions to the host
 */

/* What a client session asks by on_ask. Answers hold no control octets (EPOP_ERR_OCTET). Names and passwords that are
 * not ASCII are to be given as SASLprep makes them (RFC 4013; the library has no Unicode tables). */
enum {
    EPOP_ASK_USER = 1,      /* the name of the user */
    EPOP_ASK_PASSWORD = 2,  /* the password; with USER and PASS asked only when the server has accepted the name */
    EPOP_ASK_TOKEN = 3,     /* an OAuth access token, of any length; declined where there is none */
    EPOP_ASK_AUTHZID = 4,   /* the name to act as; may be empty. Only with EPOP_SASL_ASK_AUTHZID, and for EXTERNAL */
    EPOP_ASK_ANONYMOUS = 5, /* trace information for ANONYMOUS, such as a mail address; may be empty */
    EPOP_ASK_BINDING = 6    /* channel binding of the TLS connection, "tls-exporter:" and its octets (which may be any);
                               epop_tls_binding makes it. Declined where there is none, which ends nothing. */
};

/* What a server session asks by on_auth, in epop_auth_event.
 *
 * A session never computes PBKDF2: to epop_server_key the host gives keys that were derived once (RFC 5802 section 3),
 * and an unknown name gets a salt by one HMAC of `salt_secret` and keys that nobody has. A host that derives keys in
 * answer to EPOP_AUTH_KEY keeps them for the next time, or lets others pay for each attempt.
 *
 * No attempt is free. An exchange that is refused, or that was cancelled or broken off after a question, counts to
 * `max_failed_logins`. Where the host does not know yet that it has failed, it is told by EPOP_AUTH_FAILED. */
enum {
    /* May this user in? epop_server_accept or epop_server_refuse. */
    EPOP_AUTH_PASSWORD = 1, /* with this password: USER and PASS, PLAIN, LOGIN */
    EPOP_AUTH_TOKEN = 2, /* with this OAuth access token; a long one comes in pieces: keep those that have `more` set,
                            and answer the last */
    EPOP_AUTH_EXTERNAL = 3,  /* by what the host knows of the connection (a TLS client certificate) */
    EPOP_AUTH_ANONYMOUS = 4, /* without a name; `password` is what they say of themselves */
    EPOP_AUTH_PROVEN = 5,    /* they have proved that they know the password (SCRAM, CRAM-MD5, APOP) */
    /* The exchange has failed: the proof is wrong, the response malformed or too long, the channel binding another, the
     * host's hash interface has failed, or the client has cancelled. Only epop_server_refuse, now or after a delay; it
     * counts as a failed login whatever its code. Where `text` is NULL, the session says what was wrong; to all but
     * a wrong proof without a code, or with [SYS/TEMP], for EPOP_CODE_AUTH. `name` and `authzid` are those of the last
     * question, empty where there was none. */
    EPOP_AUTH_FAILED = 6,
    /* What is known of this user? epop_server_answer or epop_server_key; to an unknown one epop_server_refuse with
     * EPOP_CODE_AUTH: the exchange then goes on as with anybody else, and fails at its end. */
    EPOP_AUTH_SECRET = 7, /* epop_server_answer with the password (CRAM-MD5, APOP) */
    EPOP_AUTH_KEY = 8,    /* epop_server_key (SCRAM); `mechanism` tells which hash */
    /* epop_server_answer with the channel binding of this connection, of the type in `password` ("tls-exporter"): the
     * same with a colon and its octets behind it, as epop_tls_binding makes it. Where there is none of that type,
     * epop_server_refuse with EPOP_CODE_AUTH: EPOP_AUTH_FAILED comes next. */
    EPOP_AUTH_BINDING = 9
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Mechanisms
 */

EPOP_API int32_t epop_sasl_plain(struct epop_sasl_step *step);       /* RFC 4616 */
EPOP_API int32_t epop_sasl_login(struct epop_sasl_step *step);       /* never specified; for old servers and clients */
EPOP_API int32_t epop_sasl_external(struct epop_sasl_step *step);    /* RFC 4422 appendix A: TLS has told who it is */
EPOP_API int32_t epop_sasl_anonymous(struct epop_sasl_step *step);   /* RFC 4505 */
EPOP_API int32_t epop_sasl_cram_md5(struct epop_sasl_step *step);    /* RFC 2195; a server needs the password itself */
EPOP_API int32_t epop_sasl_apop(struct epop_sasl_step *step);        /* RFC 1939 section 7; not of SASL, chosen as if */
EPOP_API int32_t epop_sasl_scram_sha_1(struct epop_sasl_step *step); /* RFC 5802 */
EPOP_API int32_t epop_sasl_scram_sha_1_plus(struct epop_sasl_step *step);   /* with channel binding */
EPOP_API int32_t epop_sasl_scram_sha_256(struct epop_sasl_step *step);      /* RFC 7677 */
EPOP_API int32_t epop_sasl_scram_sha_256_plus(struct epop_sasl_step *step); /* with channel binding */
EPOP_API int32_t epop_sasl_oauthbearer(struct epop_sasl_step *step);        /* RFC 7628 */
EPOP_API int32_t epop_sasl_xoauth2(struct epop_sasl_step *step);            /* Google's and Microsoft's */

/* The mechanism of this name, for hosts whose users choose one: "scram-sha-256" in any letter case. NULL if there is none.
 * A program that calls it carries all mechanisms. */
EPOP_API epop_sasl_mechanism epop_sasl_find(const char *name, size_t len);

/* ---------------------------------------------------------------------------------------------------------------------
 * For mechanisms of your own (GSSAPI, NTLM)
 *
 * A mechanism is a function that is called with a verb and does one small thing, so that messages of any length pass
 * through without a buffer of their length. The order of calls, from either side:
 *
 *     START, then messages in turns until the exchange is over: TAKE takes one of the peer's, NEXT gives the parts of
 *     one of ours. The client speaks first where EPOP_SASL_CLIENT_FIRST is set, else the server does.
 *
 * Own message: NEXT returns EPOP_OK with a part in `text`; or EPOP_ASK with a question in `ask`; or EPOP_END when the
 * message is complete. Peer's message: TAKE is called with pieces (`data`), the last of them with `last` set (it may be
 * empty); a mechanism whose memory is full returns EPOP_FULL, or EPOP_ASK with a question, having set `used`.
 *
 * The answer to a client's question: where `keep` was set, ANSWER with all of it in `data`; else it becomes the next
 * part of the message by itself. The answer to a server's question: ANSWER.
 *
 * After TAKE of a last piece, and after ANSWER in the server, the result says what is next: EPOP_OK a message of ours
 * by NEXT; EPOP_ASK a question; EPOP_END the exchange is over and, in the server, the user is in. A negative result
 * ends the exchange: the client cancels, the server refuses. FINISH asks a client's mechanism whether the server's
 * success may be believed: EPOP_OK, or EPOP_ERR_PEER_SASL where the server has not proved yet what it must.
 *
 * A mechanism answers every verb, START by EPOP_OK where it has nothing to prepare. One that it does not know it refuses
 * with EPOP_ERR_VALUE, so that what a later version may ask is never taken for granted.
 */

enum { EPOP_SASL_DESCRIBE = 1, EPOP_SASL_START, EPOP_SASL_TAKE, EPOP_SASL_NEXT, EPOP_SASL_ANSWER, EPOP_SASL_FINISH };

enum { EPOP_SASL_CLIENT = 0, EPOP_SASL_SERVER = 1 };

/* What DESCRIBE says of a mechanism. */
enum {
    EPOP_SASL_CLIENT_FIRST = 0x01, /* may have an initial response */
    EPOP_SASL_BINDS = 0x02,        /* needs channel binding: client, `binding`; server, EPOP_AUTH_BINDING */
    EPOP_SASL_RANDOM = 0x04,       /* needs crypto->random */
    EPOP_SASL_SALT = 0x08,         /* server: needs salt_secret */
    EPOP_SASL_NOT_AUTH = 0x10,     /* APOP: has a command of its own */
    EPOP_SASL_EARLY = 0x20,        /* server: takes an initial response though it speaks first (LOGIN) */
    EPOP_SASL_PROMPTED = 0x40,     /* client: does not look at challenges, so that any text will do (LOGIN) */
    EPOP_SASL_TELLS = 0x80         /* client: a challenge is the server's reason for a refusal, and shown to the host by
                                      EPOP_ROW_SASL (OAuth) */
};

/* What a mechanism sees. Members that the verb at hand does not mention are not to be touched. */
typedef struct epop_sasl_step {
    uint32_t struct_size;
    uint32_t verb;
    uint32_t role;
    const epop_sasl_config *config;
    uint8_t *state;    /* the mechanism's memory: zeroes at START, wiped at the end; aligned as the host's buffer is */
    size_t state_size; /* at least what DESCRIBE said */
    epop_span binding; /* client: "type:" and data of this connection's channel binding, empty where there is none */
    uint32_t unbound;  /* client: 1 where `binding` is there and the server has not offered a mechanism that binds */
    /* DESCRIBE sets these. */
    const char *name;    /* as in SASL, capitals, static */
    uint32_t properties; /* EPOP_SASL_ bits above */
    uint32_t hashes;     /* EPOP_HASH_ bits that it needs */
    size_t state_min;    /* least state_size, at most EPOP_SASL_BUFFER_MIN less EPOP_SASL_BINDING_MAX */
    /* TAKE and ANSWER get these. */
    epop_span data;
    uint32_t last;             /* TAKE: the message ends with `data` */
    uint32_t accepted;         /* ANSWER, server: 1 yes or here is what you asked for, 0 no */
    const epop_scram_key *key; /* ANSWER to EPOP_AUTH_KEY */
    size_t used;               /* TAKE sets it with EPOP_FULL and EPOP_ASK; otherwise all was used */
    /* NEXT, TAKE and ANSWER set these. */
    epop_span text;    /* a part of our message; good until the next call */
    uint32_t ask;      /* EPOP_ASK_ (client) or EPOP_AUTH_ (server) */
    uint32_t keep;     /* client: the answer comes by ANSWER */
    uint32_t more;     /* server, EPOP_AUTH_TOKEN: a piece; no answer follows */
    epop_span user;    /* server's questions: name of the user; it and authzid lie in `state`, and stay there until
                          the exchange ends: EPOP_AUTH_FAILED shows them again */
    epop_span authzid; /* ... whom they want to act as; empty: themselves */
    epop_span secret;  /* ... password, token, or what the question is about */
} epop_sasl_step;

/* ---------------------------------------------------------------------------------------------------------------------
 * One session's part
 */

/* Complete so that it can live anywhere; all members are private. */
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
    uint8_t p_stage_at;
    uint8_t p_stage_len;
    uint8_t p_flow;
    uint8_t p_flags;
    uint8_t p_code;
    uint8_t p_cancelled;
    uint8_t p_stamp_len;
    uint8_t p_stage[48];
    uint8_t p_stamp[17];
} epop_sasl;

EPOP_API size_t epop_sasl_sizeof(void);

/* Makes the SASL part of one session, to be given to epop_client_init or epop_server_init; that session alone may use
 * it, and it must outlive the session, as must `config` and `buffer`. The buffer is wiped after every login, but for APOP's stamp.
 * EPOP_ERR_NULL, EPOP_ERR_STRUCT_SIZE, EPOP_ERR_BUFFER_SIZE, EPOP_ERR_VALUE. */
EPOP_API int32_t epop_sasl_init(epop_sasl *sasl, size_t size, const epop_sasl_config *config, void *buffer,
                                size_t buffer_size);

#ifdef __cplusplus
}
#endif

#endif
