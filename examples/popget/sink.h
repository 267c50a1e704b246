/* Where messages go: one interface, and a file for each place.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * For every message: begin, put as often as needed, then finish or drop. Only one message is open at a time. Places
 * whose disk has to be waited for hold finished messages back, so that the wait is shared: they come to their readers
 * all together, with sink_publish.
 */
#ifndef POPGET_SINK_H
#define POPGET_SINK_H

#include "eol.h"
#include "options.h"
#include "report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BATCH_MESSAGES = 64, /* that are held back, until they are brought to their readers */
    BATCH_ROOM = 80,     /* ... and some more where that has to wait */
    SINK_TARGET = 4200,  /* octets of a text that names a place */
    SINK_DETAIL = 512    /* ... and of one that says where in it a message is */
};

#define SINK_MAILDIR "maildir:"
#define SINK_MBOX "mbox:"

/* What a sink may know of a message. */
struct sink_message {
    uint32_t number;
    uint64_t octets; /* as received; known at the end */
    const uint8_t *unique_id;
    size_t unique_id_len;
};

enum sink_result {
    SINK_STORED,  /* it is safe: the copy on the server may go */
    SINK_HELD,    /* it is whole, and waits for sink_publish */
    SINK_PENDING, /* it is whole, and its command has not ended: sink_poll */
    SINK_REFUSED, /* this message was not taken, others may be; was reported */
    SINK_BROKEN   /* nothing more can be stored; was reported, unless a signal was the reason */
};

struct sink;

/* False from begin and put is SINK_BROKEN. After it, and after a finish that has neither stored nor held, drop is
 * called too. Those from
 * prepare to end_batch are NULL where nothing is held back. */
struct sink_place {
    bool (*begin)(struct sink *sink, const struct sink_message *message);
    bool (*put)(void *sink, const uint8_t *data, size_t len); /* line ends are mapped already */
    enum sink_result (*finish)(struct sink *sink, const struct sink_message *message);
    void (*drop)(struct sink *sink);  /* whatever there is of the open message goes */
    bool (*close)(struct sink *sink); /* frees the sink; false after a report */

    bool (*prepare)(struct sink *sink);
    bool (*describe)(struct sink *sink, size_t index, char *text);
    void (*publish)(struct sink *sink);
    void (*end_batch)(struct sink *sink, bool keep);

    enum sink_result (*poll)(struct sink *sink, bool wait); /* NULL where nothing is pending */
};

/* The head of every sink. */
struct sink {
    const struct sink_place *place;
    struct report *report;
    struct eol eol;
    bool crlf;
    bool open;                /* a message was begun, and neither finished nor dropped */
    size_t held;              /* finished messages that wait for sink_publish */
    size_t shown;             /* ... and how many of the first of them it has made safe */
    size_t pending;           /* finished messages that wait for sink_poll */
    unsigned patience;        /* milliseconds that sink_prepare may wait for a lock */
    bool locked;              /* ... which were not enough */
    bool unsure;              /* what sink_publish did may not last, or not have been undone */
    bool crowded;             /* the batch should end, or what is pending, before more comes */
    char target[SINK_TARGET]; /* for sink_resolve; "" where nothing is held back */
};

/* Makes the sink that the options ask for; NULL after a report. */
struct sink *sink_open(const struct options *options, struct report *report);

bool sink_begin(struct sink *sink, const struct sink_message *message);
bool sink_put(struct sink *sink, const uint8_t *data, size_t len);
enum sink_result sink_finish(struct sink *sink, const struct sink_message *message);
void sink_drop(struct sink *sink);  /* does nothing where no message is open */
bool sink_close(struct sink *sink); /* drops what is open or held; NULL does nothing */

/* What is held survives a crash from here on, and it is settled where each message goes. False after a report, or with
 * `locked`, and without a report, where another program holds a lock for longer than `patience`. */
bool sink_prepare(struct sink *sink);

/* What became of the pending message that was finished first: SINK_PENDING where that is not known yet, which with
 * `wait` is only so where nothing is pending. */
enum sink_result sink_poll(struct sink *sink, bool wait);

/* Says in `text`, of SINK_DETAIL octets, where the message goes; for sink_resolve. Behind sink_prepare. */
bool sink_describe(struct sink *sink, size_t index, char *text);

/* Shows what is held to its readers, behind sink_prepare. The first `shown` messages are safe then; with `unsure`,
 * which is said after a report, nobody knows before the next run. */
void sink_publish(struct sink *sink);

/* The batch is over, be there an open message or not: what was not shown goes, or with `keep` stays for sink_resolve.
 * Without a batch it does nothing.
 */
void sink_end_batch(struct sink *sink, bool keep);

/* What became of a message whose sink_publish was cut off by a crash, by what was noted before: SINK_STORED where it
 * had come to its reader, or could now be brought there; SINK_REFUSED where it had not; SINK_BROKEN, after a report,
 * where that cannot be found out. `age`: seconds since then. */
enum sink_result sink_resolve(const char *target, const char *detail, int64_t age, struct report *report);

/* The places. NULL after a report. */
struct sink *sink_maildir_open(const char *directory, struct report *report);
struct sink *sink_mbox_open(const char *file, struct report *report);
struct sink *sink_stdout_open(struct report *report);
struct sink *sink_exec_open(const char *command, struct report *report);

enum sink_result sink_maildir_resolve(const char *directory, const char *detail, int64_t age, struct report *report);
enum sink_result sink_mbox_resolve(const char *file, const char *detail, struct report *report);

/* Sets the target: the kind, and the path from the root, as it is while nobody moves it. */
bool sink_set_target(struct sink *sink, const char *kind, const char *path);

/* Memory for a sink; NULL after a report. */
void *sink_allocate(size_t size, const struct sink_place *place, struct report *report);

/* Reports that `what` failed with this errno, but says nothing of a signal. Returns false, for its callers to return.
 */
bool sink_fail(struct sink *sink, const char *what, int error);

#endif
