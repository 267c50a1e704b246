/* Mailbox synchronisation over a client session: find new messages, fetch each once, keep or delete it, lose none.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The sync is a layer between the client session and the host. It provides the callbacks of the client and queues the
 * commands; the host runs its loop over epop_client_wants as usual:
 *
 *     epop_sync_init(&sync, sizeof sync, &sync_config);            sync_config.client = &client
 *     epop_sync_client_callbacks(&callbacks);
 *     epop_client_init(&client, sizeof client, &client_config);    client_config.callbacks = &callbacks, .user = &sync
 *     epop_client_login(&client, 0);
 *     epop_sync_start(&sync);
 *     ... the loop, until EPOP_WANT_CLOSE or an error ...
 *     epop_sync_close(&sync, &outcome);
 *
 * 1. STAT, LIST and UIDL list the maildrop. If the server refuses one of them, the others are enough.
 * 2. on_listed asks the host for each message whether it has seen it.
 * 3. Messages that are new are fetched: on_begin, on_body, on_end.
 * 4. The host confirms each that it has stored: epop_sync_confirm, at once or later. Only then it counts as fetched.
 * 5. What the policy says is deleted, by DELE after everything else, and QUIT.
 *
 * So that no message is lost, wherever a run breaks off, the host must do one thing: keep the unique-ids of what it has
 * confirmed, with the time, and answer on_listed from that. A message can come twice only if the host dies between
 * storing and recording; never, if it does both in one transaction.
 *
 * The sync keeps no unique-ids and no mail. It uses 24 bytes of host memory per message. If that memory is too small
 * for the maildrop, it works in windows of as many messages as fit, from the highest number down.
 */
#ifndef EPOP_SYNC_H
#define EPOP_SYNC_H

#include <epop/base.h>
#include <epop/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------------
 * Events. Pointers and spans in them are valid until the callback returns. `key` is the one given to epop_sync_known.
 */

enum {
    EPOP_EVENT_SYNC_MAILDROP = 64,
    EPOP_EVENT_SYNC_LISTED = 65,
    EPOP_EVENT_SYNC_HEADER = 66,
    EPOP_EVENT_SYNC_BEGIN = 67,
    EPOP_EVENT_SYNC_BODY = 68,
    EPOP_EVENT_SYNC_END = 69,
    EPOP_EVENT_SYNC_REPORT = 70
};

/* The server did not tell the size. */
#define EPOP_SYNC_SIZE_UNKNOWN UINT64_MAX

/* The number of messages, from STAT. If STAT is refused, or has no count or a count of 0, `messages` is the highest
 * number in LIST (in UIDL, if LIST is refused). A count without octets is enough; for windows, LIST is then asked for
 * the highest number, and `messages` stays as STAT said. on_quirk of the client callbacks reports such servers:
 * EPOP_QUIRK_STAT_COUNT, EPOP_QUIRK_STAT_OCTETS.
 *
 * In this callback the host may provide memory with epop_sync_table. With a few entries to spare, messages are fetched
 * that are in LIST and not in STAT. In windows every number up to `messages` is asked for: abort if the number is
 * implausible. */
typedef struct epop_sync_maildrop_event {
    uint32_t struct_size;
    uint32_t kind;     /* EPOP_EVENT_SYNC_MAILDROP */
    uint32_t messages; /* as the server says: only a claim */
    uint32_t reserved; /* 0 */
    uint64_t octets;   /* of all messages; or EPOP_SYNC_SIZE_UNKNOWN */
} epop_sync_maildrop_event;

/* A message and its unique-id: answer with epop_sync_known in the callback. Without an answer it is EPOP_SYNC_SKIP.
 *
 * Duplicate unique-ids. RFC 1939 section 7 allows the same unique-id for identical copies at the same time, and broken
 * servers use it for different messages. The sync does not distinguish them. A host that counts them (first, second,
 * ...) and records each as a message of its own gets each of them; when one is deleted, the counts of the later ones
 * move up. If the messages differ, a count cannot say which of them was stored. A host that must know also records
 * `octets`, or looks at the headers by EPOP_SYNC_FILTER. */
typedef struct epop_sync_listed_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_SYNC_LISTED */
    uint32_t number;
    uint32_t reserved;   /* 0 */
    uint64_t octets;     /* as LIST says, or EPOP_SYNC_SIZE_UNKNOWN: only a claim */
    epop_span unique_id; /* any octets; empty only with EPOP_SYNC_ALL and a server that has none */
} epop_sync_listed_event;

/* Why a header is fetched. */
enum {
    EPOP_SYNC_TO_IDENTIFY = 1, /* no unique-id: make one from it, and answer the last event with epop_sync_known */
    EPOP_SYNC_TO_CHOOSE = 2    /* filter: answer the last event with epop_sync_choose */
};

/* A piece of a header (TOP n 0). After the last piece comes one more event with `last` = 1 and no data: answer it in
 * the callback. Without an answer it is EPOP_SYNC_SKIP, or EPOP_SYNC_FETCH for a filter. */
typedef struct epop_sync_header_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_SYNC_HEADER */
    uint32_t number;
    uint32_t purpose; /* EPOP_SYNC_TO_ */
    uint64_t octets;  /* of the message, as in EPOP_EVENT_SYNC_LISTED */
    uint64_t key;     /* with EPOP_SYNC_TO_CHOOSE */
    uint64_t offset;  /* of this piece */
    epop_span data;
    uint32_t last;   /* 1: the last event */
    uint32_t status; /* EPOP_STATUS_OK; EPOP_STATUS_ERR: TOP was refused, there is no data (filters only) */
} epop_sync_header_event;

/* A message that is being received: on_begin, on_body, on_end. */
typedef struct epop_sync_message_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_SYNC_BEGIN, _BODY, _END */
    uint32_t number;
    int32_t
        result; /* END: EPOP_OK: the message is complete, call epop_sync_confirm now or later. Otherwise drop what came:
                   EPOP_ERR_LIMIT_BODY over `max_octets`, EPOP_ERR_ABORTED by the host, or the session's error */
    uint64_t octets; /* BEGIN: as listed; BODY: offset of `data`; END: octets received */
    uint64_t key;
    epop_span data; /* BODY: never empty, dots unstuffed, line ends as the server sent them */
} epop_sync_message_event;

/* The outcome for a message. No bit: nothing was done, and it stays on the server. */
enum {
    EPOP_SYNC_FETCHED = 0x01, /* complete and confirmed */
    EPOP_SYNC_KNOWN = 0x02,   /* seen in an earlier run */
    EPOP_SYNC_SKIPPED = 0x04, /* by the host, by its size, by the filter, or because of `max_messages` */
    EPOP_SYNC_FAILED = 0x08,  /* see `result` and `code`; it stays on the server and comes again */
    EPOP_SYNC_MARKED = 0x10   /* the server has marked it as deleted; see `deletions` of epop_sync_outcome */
};

typedef struct epop_sync_report_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_SYNC_REPORT */
    uint32_t number;
    uint32_t outcome; /* EPOP_SYNC_ bits */
    int32_t
        result;      /* EPOP_OK, or why it failed: EPOP_ERR_SYNC_REFUSED (-ERR to RETR, to TOP in its place, or to DELE;
                        see  `code`), EPOP_ERR_SYNC_UNIQUE_ID, EPOP_ERR_SYNC_LATER, EPOP_ERR_LIMIT_BODY, EPOP_ERR_ABORTED,
                        EPOP_ERR_DECLINED (the host did not store it), EPOP_ERR_UNSENT, or the session's error */
    uint32_t code;   /* EPOP_CODE_ of the -ERR */
    uint64_t octets; /* as listed */
    uint64_t key;
} epop_sync_report_event;

/* Any member may be NULL: without on_listed all messages are skipped, without on_end nothing is stored. Every callback
 * returns 0 to go on, EPOP_PAUSE to stop after this event (from on_maildrop, on_listed and on_report this counts as 0),
 * or EPOP_ERR_CALLBACK_FIRST or less to abort the session. They are called inside callbacks of the client, with the
 * same rules. Commands may be queued, but leave DELE and RSET to the sync; a QUIT ends the run with EPOP_ERR_PHASE. All
 * functions of this header may be called except init and close. When epop_sync_close calls them, their result is
 * ignored. */
typedef struct epop_sync_callbacks {
    uint32_t struct_size;
    uint32_t reserved; /* 0 */
    int32_t (*on_maildrop)(void *user, const epop_sync_maildrop_event *event);
    int32_t (*on_listed)(void *user, const epop_sync_listed_event *event);
    int32_t (*on_header)(void *user, const epop_sync_header_event *event);
    int32_t (*on_begin)(void *user, const epop_sync_message_event *event);
    int32_t (*on_body)(void *user, const epop_sync_message_event *event);
    int32_t (*on_end)(void *user, const epop_sync_message_event *event);
    int32_t (*on_report)(void *user, const epop_sync_report_event *event);
} epop_sync_callbacks;

/* ---------------------------------------------------------------------------------------------------------------------
 * Configuration
 */

/* The policy. 0: fetch new messages, oldest first, and delete nothing. */
enum {
    EPOP_SYNC_ALL = 0x01,          /* fetch seen messages, too */
    EPOP_SYNC_NEWEST_FIRST = 0x02, /* by message-number; if there are windows, within each */
    EPOP_SYNC_FILTER = 0x04,       /* fetch the header first (TOP n 0), and let the host choose */
    EPOP_SYNC_IDENTIFY = 0x08,    /* recognise a message without usable unique-id (empty, truncated, or none because the
                                     server has no UIDL) by its header. Without this flag it is not fetched, since it
                                     would come again in every run. A message that UIDL leaves out while it lists others
                                     waits for a later run: EPOP_ERR_SYNC_LATER */
    EPOP_SYNC_DELETE = 0x10,      /* delete confirmed and seen messages, after `delete_after` seconds */
    EPOP_SYNC_KEEP_NEWEST = 0x20, /* delete confirmed and seen messages except the `keep_newest` with the highest
                                     numbers; together with EPOP_SYNC_DELETE: what either of them says */
    EPOP_SYNC_USE_TOP = 0x40      /* fetch by TOP n EPOP_SYNC_TOP_LINES, not RETR, for servers that hide or delete what
                                     RETR fetched. A message with more lines would be cut; it has at least 4 GiB. RETR is
                                     used with servers known to cut (EPOP_TRAIT_TOP_CUTS). A refused TOP is
                                     EPOP_ERR_SYNC_REFUSED */
};

enum {
    EPOP_SYNC_DEPTH = 64 /* RETR of 64 messages of 4 KiB fill a link of 100 ms and 2 MB/s */
};

#define EPOP_SYNC_HEADER_MAX 65536u      /* known servers cut TOP there (fetchmail FAQ, I8) */
#define EPOP_SYNC_TOP_LINES 2147483647u  /* some servers read it into a signed 32-bit integer */
#define EPOP_SYNC_FLIGHT_OCTETS 4194304u /* bytes that may be downloaded and discarded when the disk is full */

/* Memory for one message: 24 octets everywhere. */
typedef struct epop_sync_entry {
    uint64_t p_octets;
    uint64_t p_key;
    int32_t p_result;
    uint16_t p_flags;
    uint8_t p_code;
    uint8_t p_reserved;
} epop_sync_entry;

typedef struct epop_sync_config {
    uint32_t struct_size;
    uint32_t flags;                                /* EPOP_SYNC_ policy bits */
    const epop_sync_callbacks *callbacks;          /* must outlive the sync */
    void *user;                                    /* first argument of every callback */
    epop_client *client;                           /* the session; must outlive the sync */
    const epop_client_callbacks *client_callbacks; /* get the events that are not the sync's: greeting, on_ask, quirks,
                                                      traces, and those of commands that the host queues, such as login;
                                                      must outlive the sync; NULL: dropped */
    void *client_user;                             /* first argument of client_callbacks */
    epop_sync_entry *table; /* memory for `table_count` messages at a time; must outlive the sync */
    uint32_t table_count;   /* 1 or more; or 0 with a `table` of NULL: on_maildrop must provide it, or the run fails
                               with EPOP_ERR_BUFFER_SIZE */
    uint32_t depth;         /* most unanswered commands, if the server has PIPELINING; 0: EPOP_SYNC_DEPTH. Always 1 with
                               servers that hide fetched messages (EPOP_TRAIT_FETCH_HIDES), since a broken connection may
                               hide those that were on their way */
    uint32_t flight_octets; /* ... and most octets of messages asked for, by LIST; 0: EPOP_SYNC_FLIGHT_OCTETS. One
                               message is always asked for. */
    uint32_t max_messages;  /* fetch at most this many in this run; 0: all */
    uint64_t max_octets;    /* skip larger messages, and abort one that turns out to be larger; 0: any size */
    uint32_t max_header;    /* most octets of a header; 0: EPOP_SYNC_HEADER_MAX */
    uint32_t keep_newest;   /* with EPOP_SYNC_KEEP_NEWEST */
    uint64_t now;           /* the time, in seconds on the host's clock; with EPOP_SYNC_DELETE */
    uint64_t delete_after;  /* seconds after first seen; 0: as soon as it is confirmed */
} epop_sync_config;

/* The struct is complete so that it can be placed anywhere; all members are private. */
typedef struct epop_sync {
    const epop_sync_callbacks *p_callbacks;
    void *p_user;
    epop_client *p_client;
    const epop_client_callbacks *p_client_callbacks;
    void *p_client_user;
    epop_sync_entry *p_table;
    uint64_t p_max_octets;
    uint64_t p_now;
    uint64_t p_delete_after;
    uint64_t p_flight_octets;
    uint64_t p_received;
    uint32_t p_table_count;
    uint32_t p_flight_octets_max;
    uint32_t p_depth;
    uint32_t p_max_messages;
    uint32_t p_max_header;
    uint32_t p_keep_newest;
    uint32_t p_messages;
    uint32_t p_base;
    uint32_t p_count;
    uint32_t p_next;
    uint32_t p_flight;
    uint32_t p_unconfirmed;
    uint32_t p_chosen;
    uint32_t p_round_from;
    uint32_t p_round_to;
    uint32_t p_rank;
    uint32_t p_number;
    uint32_t p_single;
    uint32_t p_asked;
    uint32_t p_fetched;
    uint32_t p_failed;
    uint32_t p_marked;
    uint32_t p_malformed_rows;
    int32_t p_result;
    uint8_t p_flags;
    uint8_t p_phase;
    uint8_t p_busy;
    uint8_t p_question;
    uint8_t p_stopped;
    uint8_t p_windowed;
    uint8_t p_under_way;
    uint8_t p_deletions;
    uint8_t p_listed;
    uint8_t p_quit;
    uint8_t p_stat;
    uint8_t p_has_unique_ids;
    uint8_t p_probed;
} epop_sync;

/* ---------------------------------------------------------------------------------------------------------------------
 * Lifetime
 */

/* sizeof(epop_sync), for bindings that cannot see the struct. */
EPOP_API size_t epop_sync_sizeof(void);

/* Initialises a sync for one run over one session. `size` is sizeof(epop_sync). The client is not touched, and may be
 * initialised before or after.
 *
 * EPOP_ERR_NULL         `sync`, `config`, or the client in it is NULL
 * EPOP_ERR_STRUCT_SIZE  `size`, or a struct_size, is too small
 * EPOP_ERR_VALUE        an unknown flag, or a number out of range */
EPOP_API int32_t epop_sync_init(epop_sync *sync, size_t size, const epop_sync_config *config);

/* Fills `callbacks` for epop_client_config; its `user` must be the sync. One such struct serves any number of syncs. A
 * host that wants to see more of the sync's own commands, such as the text of a refusal, gives the client callbacks of
 * its own that call these, with the sync as `user`, and return their results. EPOP_ERR_NULL, EPOP_ERR_STRUCT_SIZE. */
EPOP_API int32_t epop_sync_client_callbacks(epop_client_callbacks *callbacks);

/* Starts the run by queueing its first command: call it right after epop_client_login. If the login fails, nothing has
 * happened, and it may be called again after the next login. The errors of epop_client_stat; EPOP_ERR_PHASE if the run
 * has already started. */
EPOP_API int32_t epop_sync_start(epop_sync *sync);

/* Stops fetching: messages that are on their way are received and dropped, no further window is listed, deletions that
 * are due are still done, and the session ends normally. To end it at once, use epop_client_abort. */
EPOP_API int32_t epop_sync_stop(epop_sync *sync);

/* How many complete messages wait for epop_sync_confirm. If nothing else is left to do, the session is idle meanwhile
 * (EPOP_WANT_COMMAND): confirm, or keep it alive by NOOP (epop_client_keep_alive). */
EPOP_API uint32_t epop_sync_unconfirmed(const epop_sync *sync);

/* The outcome of the deletions. */
enum {
    EPOP_SYNC_NOTHING_DELETED =
        0,                 /* nothing was marked, or the session ended before QUIT was sent: nothing was deleted */
    EPOP_SYNC_DELETED = 1, /* +OK to QUIT: the marked messages are deleted */
    EPOP_SYNC_DELETED_IN_PART = 2, /* -ERR to QUIT: some of them may be left (RFC 1939 section 6) */
    EPOP_SYNC_DELETED_UNKNOWN = 3  /* no reply to QUIT: the next run will tell */
};

typedef struct epop_sync_outcome {
    uint32_t struct_size;
    int32_t result;     /* EPOP_OK: the run is complete, though single messages may have failed. Otherwise
                           EPOP_ERR_SYNC_LISTING (LIST and UIDL refused or out of step), EPOP_ERR_BUFFER_SIZE,
                           EPOP_ERR_UNSENT (not started: the login failed), or the session's error */
    uint32_t deletions; /* EPOP_SYNC_DELETED... */
    uint32_t listed;    /* messages that the host was asked about */
    uint32_t fetched;
    uint32_t failed;
    uint32_t marked;
    uint32_t malformed_rows; /* rows of listings that were not understood, the same message twice, or no room for it. If
                         there are any, nothing is deleted in this run, since the server may be out of step; RSET
                         removes the marks of earlier windows. A status line among the rows proves that it is out of
                         step: the session is then aborted. */
} epop_sync_outcome;

/* Ends the run. Call it after the session; a live one is aborted. It calls on_end for a message that was cut off,
 * on_report for messages that were not yet reported, and fills `outcome`. The table belongs to the host again.
 *
 * EPOP_ERR_NULL, EPOP_ERR_STRUCT_SIZE
 * EPOP_ERR_REENTRANT  inside a callback
 * EPOP_ERR_PHASE      called a second time */
EPOP_API int32_t epop_sync_close(epop_sync *sync, epop_sync_outcome *outcome);

/* ---------------------------------------------------------------------------------------------------------------------
 * Answers. EPOP_ERR_NOT_ASKED if no question of that kind is open.
 */

/* The answer to on_maildrop: memory for `count` messages, which must outlive the sync; it replaces the config's. */
EPOP_API int32_t epop_sync_table(epop_sync *sync, epop_sync_entry *table, uint32_t count);

/* What to do with a message. */
enum {
    EPOP_SYNC_NEW = 1,  /* on_listed: never seen */
    EPOP_SYNC_SEEN = 2, /* on_listed: stored in an earlier run */
    EPOP_SYNC_SKIP = 3, /* neither fetch nor delete it in this run */
    EPOP_SYNC_UNWANTED =
        4,              /* delete it without fetching, whatever the policy; with malformed rows nothing is deleted */
    EPOP_SYNC_FETCH = 5 /* EPOP_SYNC_TO_CHOOSE: fetch it */
};

/* The answer to on_listed and EPOP_SYNC_TO_IDENTIFY: EPOP_SYNC_NEW, _SEEN, _SKIP or _UNWANTED. `first_seen`: when it
 * was stored, on the clock of the config's `now`; 0 with EPOP_SYNC_NEW. `key`: a value of the host's choice that later
 * events of this message carry. EPOP_ERR_VALUE: the question stays open. */
EPOP_API int32_t epop_sync_known(epop_sync *sync, uint32_t verdict, uint64_t first_seen, uint64_t key);

/* The answer to EPOP_SYNC_TO_CHOOSE: EPOP_SYNC_FETCH, _SKIP or _UNWANTED. EPOP_ERR_VALUE: the question stays open. */
EPOP_API int32_t epop_sync_choose(epop_sync *sync, uint32_t choice);

/* The answer to on_end with EPOP_OK, in the callback or later, in any order. `stored` 1: the message is safely stored
 * and its unique-id is recorded. 0: it could not be stored. EPOP_ERR_VALUE for another value. Outside a callback, this
 * may lead to the next events before it returns. */
EPOP_API int32_t epop_sync_confirm(epop_sync *sync, uint32_t number, uint32_t stored);

#ifdef __cplusplus
}
#endif

#endif
