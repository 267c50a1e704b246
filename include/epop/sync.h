/* Mailbox synchronisation over a client session: what is new, fetch it once, keep or delete it, never lose any.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The sync stands between the client session and the host. It is given to the client as callbacks and user, and queues
 * the commands; the host goes on with its loop over epop_client_wants:
 *
 *     epop_sync_init(&sync, sizeof sync, &sync_config);            sync_config.client = &client
 *     epop_sync_client_callbacks(&callbacks);
 *     epop_client_init(&client, sizeof client, &client_config);    client_config.callbacks = &callbacks, .user = &sync
 *     epop_client_login(&client, 0);
 *     epop_sync_start(&sync);
 *     ... the loop, until EPOP_WANT_CLOSE or an error ...
 *     epop_sync_close(&sync, &outcome);
 *
 * STAT, LIST and UIDL tell what is there; if the server refuses one of them, the others will do. Of each message the
 * host is asked whether it has seen it (on_listed); what it has not is fetched (on_begin, on_body, on_end), and counts
 * as fetched only when the host says that it is stored (epop_sync_confirm, at once or later). Only then may it be
 * deleted, by DELEs behind everything else, and QUIT.
 *
 * What the host must do, and all that it must do, so that no message is lost, wherever a run breaks off: keep the
 * unique-ids of what it has confirmed, with the time, and answer on_listed from that. A message comes twice only where
 * the host died between storing and recording; where it does both in one transaction, never.
 *
 * The sync keeps no unique-ids, no mail, and 24 octets a message in memory of the host's. Where that is less than the
 * maildrop needs it works in windows of as many messages as there is room for, from the highest number down.
 */
#ifndef EPOP_SYNC_H
#define EPOP_SYNC_H

#include <epop/base.h>
#include <epop/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------------
 * Events. Pointers and spans in them are good until the callback returns. `key` is the host's own, of epop_sync_known.
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

/* A size that the server has not told. */
#define EPOP_SYNC_SIZE_UNKNOWN UINT64_MAX

/* How many messages there are, as STAT says. If STAT is refused, has no count or counts 0, LIST is asked first and
 * decides (UIDL, if LIST is refused): `messages` is then the highest number in it. A count without octets is good
 * enough; for windows, LIST is asked for the highest number all the same, and `messages` stays as it was told. on_quirk
 * of the client callbacks hears of such servers: EPOP_QUIRK_STAT_COUNT, EPOP_QUIRK_STAT_OCTETS.
 *
 * The host may give memory that fits, with epop_sync_table, before it returns; with some room to spare, messages are
 * fetched too that LIST has and STAT has not. In windows every number up to `messages` is asked for: a host that finds
 * it beyond belief aborts. */
typedef struct epop_sync_maildrop_event {
    uint32_t struct_size;
    uint32_t kind;     /* EPOP_EVENT_SYNC_MAILDROP */
    uint32_t messages; /* as the server says, which may lie */
    uint32_t reserved; /* 0 */
    uint64_t octets;   /* of all of them; EPOP_SYNC_SIZE_UNKNOWN if the server has not said */
} epop_sync_maildrop_event;

/* A message, and its unique-id: answer with epop_sync_known before returning. One that is not answered counts as
 * EPOP_SYNC_SKIP.
 *
 * The sync can not tell twins, messages with one unique-id at one time. RFC 1939 section 7 allows that for identical
 * copies: a host that keeps count, and takes the second one for another message, has each of them. Broken servers do it
 * with messages that differ. Which of those is the one that was stored, no count can say, for a run may have stored the
 * second and not the first; a host that fears them adds `octets` to what it keeps, or has EPOP_SYNC_FILTER show it the
 * headers. When one of several is deleted, the counts of the others move up. */
typedef struct epop_sync_listed_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_SYNC_LISTED */
    uint32_t number;
    uint32_t reserved;   /* 0 */
    uint64_t octets;     /* EPOP_SYNC_SIZE_UNKNOWN where LIST did not say; a hint that may lie */
    epop_span unique_id; /* any octets; empty only with EPOP_SYNC_ALL where the server has told none */
} epop_sync_listed_event;

/* What a header is fetched for. */
enum {
    EPOP_SYNC_TO_IDENTIFY = 1, /* no unique-id: make one of it, and answer the last piece with epop_sync_known */
    EPOP_SYNC_TO_CHOOSE = 2    /* filter: answer the last piece with epop_sync_choose */
};

/* A piece of the answer to TOP n 0. Behind the last one stands a last event, without data, whose question is to be
 * answered before returning: not answered, it counts as EPOP_SYNC_SKIP, or EPOP_SYNC_FETCH. */
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
    uint32_t status; /* EPOP_STATUS_OK; EPOP_STATUS_ERR: the server refused TOP, there was no data (only for filters) */
} epop_sync_header_event;

/* A message on its way: on_begin, on_body, on_end. */
typedef struct epop_sync_message_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_SYNC_BEGIN, _BODY, _END */
    uint32_t number;
    int32_t
        result; /* END: EPOP_OK the message is whole: epop_sync_confirm, now or later. Else it is not, drop what came:
                   EPOP_ERR_LIMIT_BODY over `max_octets`, EPOP_ERR_ABORTED by the host, or the session's error */
    uint64_t octets; /* BEGIN: as listed; BODY: offset of `data`; END: octets that came */
    uint64_t key;
    epop_span data; /* BODY: never empty, dots unstuffed, line ends as the server sent them */
} epop_sync_message_event;

/* What became of a message. None of the bits: nothing, and it stays. */
enum {
    EPOP_SYNC_FETCHED = 0x01, /* whole, and confirmed */
    EPOP_SYNC_KNOWN = 0x02,   /* the host had seen it before */
    EPOP_SYNC_SKIPPED = 0x04, /* by the host, its size, the filter, or because `max_messages` were fetched */
    EPOP_SYNC_FAILED = 0x08,  /* see `result` and `code`; it stays on the server, and comes again */
    EPOP_SYNC_MARKED = 0x10   /* the server has marked it as deleted: gone if QUIT is answered (epop_sync_outcome) */
};

typedef struct epop_sync_report_event {
    uint32_t struct_size;
    uint32_t kind; /* EPOP_EVENT_SYNC_REPORT */
    uint32_t number;
    uint32_t outcome; /* EPOP_SYNC_ bits */
    int32_t result;   /* EPOP_OK, or why it failed: EPOP_ERR_SYNC_REFUSED (RETR, TOP in its place, or DELE got -ERR: `code`),
                         EPOP_ERR_SYNC_UNIQUE_ID, EPOP_ERR_SYNC_LATER (UIDL leaves it out), EPOP_ERR_LIMIT_BODY,
                         EPOP_ERR_ABORTED, EPOP_ERR_DECLINED (the host did not store it), EPOP_ERR_UNSENT, or the
                         session's error */
    uint32_t code;    /* EPOP_CODE_ of the -ERR */
    uint64_t octets;  /* as listed */
    uint64_t key;
} epop_sync_report_event;

/* All members may be NULL: what is not asked about is skipped, and without
 * on_end nothing is stored. Every callback returns 0 to go on,
 * EPOP_PAUSE to stop after this event (from on_maildrop, on_listed and on_report it counts as 0), or
 * EPOP_ERR_CALLBACK_FIRST or less to abort the session. They are called from inside the client's callbacks, whose rules
 * hold: commands may be queued (leave DELE and RSET to the sync; a QUIT ends the run with EPOP_ERR_PHASE), everything
 * of this header but init and close called. From epop_sync_close they can no longer stop anything. */
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

/* The policy. 0: fetch what is new, oldest first, delete nothing. */
enum {
    EPOP_SYNC_ALL = 0x01,          /* fetch what was seen, too */
    EPOP_SYNC_NEWEST_FIRST = 0x02, /* by message-number; in windows, the order within each */
    EPOP_SYNC_FILTER = 0x04,       /* ask by header before fetching (TOP n 0) */
    EPOP_SYNC_IDENTIFY = 0x08,     /* a message without a usable unique-id (an empty one, one that was cut, or none
                                      because the server has no UIDL) is known by its header; without this it is not
                                      fetched: it would come again in every run. One that UIDL leaves out while it has
                                      others waits for a later run: EPOP_ERR_SYNC_LATER */
    EPOP_SYNC_DELETE = 0x10,       /* delete what is confirmed or was seen, from `delete_after` on */
    EPOP_SYNC_KEEP_NEWEST = 0x20,  /* delete what is confirmed or was seen, but not the `keep_newest` messages with the
                                      highest numbers; with EPOP_SYNC_DELETE beside it, what either of them says */
    EPOP_SYNC_USE_TOP = 0x40       /* fetch by TOP n 2147483647 (EPOP_SYNC_TOP_LINES) in place of RETR, for servers that
                                      hide or delete what RETR fetched. A message with more lines would be cut: it has
                                      4 GiB at least. With servers that are known to cut
                                      (EPOP_TRAIT_TOP_CUTS) RETR is used all the same. A refused TOP is
                                      EPOP_ERR_SYNC_REFUSED */
};

enum {
    EPOP_SYNC_DEPTH = 64 /* RETR of 64 messages of 4 KiB fill a link of 100 ms and 2 MB/s */
};

#define EPOP_SYNC_HEADER_MAX 65536u /* known servers cut TOP there (fetchmail FAQ, I8) */
#define EPOP_SYNC_TOP_LINES 2147483647u /* servers are known that read it into 32 bits with a sign */
#define EPOP_SYNC_FLIGHT_OCTETS 4194304u /* what may have to be received in vain, where the host can store no more */

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
    const epop_client_callbacks *client_callbacks; /* gets what is not the sync's: greeting, on_ask, quirks, traces, and
                                                      all of commands that the host queues itself, login among them;
                                                      must outlive the sync; NULL: dropped */
    void *client_user;                             /* first argument of those */
    epop_sync_entry *table;                        /* memory, for as many messages at a time; must outlive the sync */
    uint32_t table_count; /* 1 or more; 0 with a `table` of NULL: on_maildrop gives it, or the run fails with
                             EPOP_ERR_BUFFER_SIZE */
    uint32_t depth;       /* commands unanswered at a time, where the server has PIPELINING; 0: EPOP_SYNC_DEPTH. 1 with
                             servers that hide what was fetched (EPOP_TRAIT_FETCH_HIDES): a cut may hide what was on
                             its way */
    uint32_t flight_octets; /* ... and octets of messages asked for, by LIST; 0: EPOP_SYNC_FLIGHT_OCTETS. One message is
                               always asked for. */
    uint32_t max_messages;  /* fetch no more than that in this run; 0: all */
    uint64_t max_octets;    /* skip larger messages, and give up one that turns out to be; 0: any size */
    uint32_t max_header;    /* octets of a header that are shown; 0: EPOP_SYNC_HEADER_MAX */
    uint32_t keep_newest;   /* with EPOP_SYNC_KEEP_NEWEST */
    uint64_t now;           /* the time, in seconds on the host's clock; with EPOP_SYNC_DELETE */
    uint64_t delete_after;  /* seconds since first seen; 0: as soon as it is confirmed */
} epop_sync_config;

/* Complete so that it can live anywhere; all members are private. */
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
    uint32_t p_strange;
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
 * Life
 */

/* For bindings that can not see the struct. */
EPOP_API size_t epop_sync_sizeof(void);

/* Makes a sync for one run over one session. `size` is sizeof(epop_sync) as the caller sees it. Does not touch the
 * client, which may be initialised before or after. EPOP_ERR_NULL, EPOP_ERR_STRUCT_SIZE, EPOP_ERR_VALUE. */
EPOP_API int32_t epop_sync_init(epop_sync *sync, size_t size, const epop_sync_config *config);

/* Fills in what the client is to have as callbacks; its `user` is then the sync. One such table serves any number of
 * them. A host that wants to see more of the sync's own commands (the words of a refusal) gives the client callbacks of
 * its own, which call these with the sync as `user` and return what they return. EPOP_ERR_NULL, EPOP_ERR_STRUCT_SIZE.
 */
EPOP_API int32_t epop_sync_client_callbacks(epop_client_callbacks *callbacks);

/* Begins; queues the first command, so that it can be said right behind epop_client_login. Where the login fails
 * nothing has happened, and it may be said again behind the next one. The errors of epop_client_stat; EPOP_ERR_PHASE
 * where a run was begun already. */
EPOP_API int32_t epop_sync_start(epop_sync *sync);

/* Fetch no more, and look at no further window: what is under way is received and dropped, deletions that are due are
 * still done, and the session ends in good order. To end it at once, epop_client_abort. */
EPOP_API int32_t epop_sync_stop(epop_sync *sync);

/* How many messages are whole and wait for epop_sync_confirm. While there are any, and nothing else is to be done, the
 * session is idle (EPOP_WANT_COMMAND): confirm, or let it wait with a NOOP at times (epop_client_keep_alive). */
EPOP_API uint32_t epop_sync_unconfirmed(const epop_sync *sync);

/* What became of the deletions. */
enum {
    EPOP_SYNC_NOTHING_DELETED = 0, /* nothing was marked, or the session broke before QUIT was sent: all stays */
    EPOP_SYNC_DELETED = 1,         /* QUIT was answered by +OK: what is marked is gone */
    EPOP_SYNC_DELETED_IN_PART = 2, /* QUIT was answered by -ERR: some of it may be left (RFC 1939 section 6) */
    EPOP_SYNC_DELETED_UNKNOWN = 3  /* QUIT was sent and not answered; the next run finds out */
};

typedef struct epop_sync_outcome {
    uint32_t struct_size;
    int32_t result;     /* EPOP_OK: the run came to its end, whatever became of single messages. Else
                           EPOP_ERR_SYNC_LISTING (both LIST and UIDL refused, or out of step), EPOP_ERR_BUFFER_SIZE,
                           EPOP_ERR_UNSENT (not begun: the login failed), or the session's error */
    uint32_t deletions; /* EPOP_SYNC_DELETED... */
    uint32_t listed;    /* messages that the host was asked about */
    uint32_t fetched;
    uint32_t failed;
    uint32_t marked;
    uint32_t strange; /* rows of listings that could not be understood, or named a message twice, or one that there is
                         no room for. Where there are any, nothing is deleted in this run: the server may be out of
                         step. What earlier windows had marked is taken back by RSET. A status line among the rows
                         proves it: the session is then aborted at once. */
} epop_sync_outcome;

/* Ends the run, when the session is over in whatever way (one that is not is aborted): on_end for a message that was
 * cut, on_report for what was not reported, and the outcome. May be called once; the memory of the table is the host's
 * again. EPOP_ERR_NULL, EPOP_ERR_STRUCT_SIZE, EPOP_ERR_REENTRANT from inside a callback, EPOP_ERR_PHASE a second time.
 */
EPOP_API int32_t epop_sync_close(epop_sync *sync, epop_sync_outcome *outcome);

/* ---------------------------------------------------------------------------------------------------------------------
 * Answers. EPOP_ERR_NOT_ASKED where no question of that kind is open; nothing has changed then.
 */

/* To on_maildrop: memory for `count` messages, which must outlive the sync; in the place of the config's. */
EPOP_API int32_t epop_sync_table(epop_sync *sync, epop_sync_entry *table, uint32_t count);

enum {
    EPOP_SYNC_NEW = 1,  /* never seen */
    EPOP_SYNC_SEEN = 2, /* stored before */
    EPOP_SYNC_SKIP = 3, /* not asked for: neither fetched nor deleted in this run */
    EPOP_SYNC_UNWANTED = 4 /* not asked for, and deleted from the server without fetching, whatever the policy; in a run
                              with malformed rows it stays, as everything does */
};

/* To on_listed and EPOP_SYNC_TO_IDENTIFY. `first_seen`: when it was stored, on the clock of the config's `now`; 0 with
 * EPOP_SYNC_NEW. `key`: whatever the host wants to have with later events of this message. EPOP_ERR_VALUE: the question
 * stays open. */
EPOP_API int32_t epop_sync_known(epop_sync *sync, uint32_t verdict, uint64_t first_seen, uint64_t key);

enum {
    EPOP_SYNC_FETCH = 1, /* fetch it */
    EPOP_SYNC_LEAVE = 2, /* do not, in this run */
    EPOP_SYNC_DROP = 3   /* do not, and delete it from the server */
};

/* To EPOP_SYNC_TO_CHOOSE. EPOP_ERR_VALUE: the question stays open. */
EPOP_API int32_t epop_sync_choose(epop_sync *sync, uint32_t choice);

/* To on_end with EPOP_OK, from inside the callback or later, in any order: `stored` 1, the message can not be lost any
 * more, and its unique-id is recorded; 0, it could not be stored. EPOP_ERR_VALUE for another value. Given from outside
 * a callback it may lead to the next events before it returns. */
EPOP_API int32_t epop_sync_confirm(epop_sync *sync, uint32_t number, uint32_t stored);

#ifdef __cplusplus
}
#endif

#endif
