/* Where messages go: one interface, and a file for each place.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * For every message: begin, put as often as needed, then commit or drop. Only one message is open at a time.
 */
#ifndef POPGET_SINK_H
#define POPGET_SINK_H

#include "eol.h"
#include "options.h"
#include "report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a sink may know of a message. */
struct sink_message {
    uint32_t number;
    uint64_t octets; /* as received; known at commit */
    const uint8_t *unique_id;
    size_t unique_id_len;
};

enum sink_result {
    SINK_STORED,  /* it is safe: the copy on the server may go */
    SINK_REFUSED, /* this message was not taken, others may be; was reported */
    SINK_BROKEN   /* nothing more can be stored; was reported, unless a signal was the reason */
};

struct sink;

/* False from begin and put is SINK_BROKEN. After it, and after a commit that did not store, drop is called too. */
struct sink_place {
    bool (*begin)(struct sink *sink, const struct sink_message *message);
    bool (*put)(void *sink, const uint8_t *data, size_t len); /* line ends are mapped already */
    enum sink_result (*commit)(struct sink *sink, const struct sink_message *message);
    void (*drop)(struct sink *sink);  /* whatever there is of the open message goes */
    bool (*close)(struct sink *sink); /* frees the sink; false after a report */
};

/* The head of every sink. */
struct sink {
    const struct sink_place *place;
    struct report *report;
    struct eol eol;
    bool crlf;
    bool open; /* a message was begun, and neither committed nor dropped */
};

/* Makes the sink that the options ask for; NULL after a report. */
struct sink *sink_open(const struct options *options, struct report *report);

bool sink_begin(struct sink *sink, const struct sink_message *message);
bool sink_put(struct sink *sink, const uint8_t *data, size_t len);
enum sink_result sink_commit(struct sink *sink, const struct sink_message *message);
void sink_drop(struct sink *sink);  /* does nothing where no message is open */
bool sink_close(struct sink *sink); /* drops what is open; NULL does nothing */

/* The places. NULL after a report. */
struct sink *sink_maildir_open(const char *directory, struct report *report);
struct sink *sink_mbox_open(const char *file, struct report *report);
struct sink *sink_stdout_open(struct report *report);
struct sink *sink_exec_open(const char *command, struct report *report);

/* Memory for a sink; NULL after a report. */
void *sink_allocate(size_t size, const struct sink_place *place, struct report *report);

/* Reports that `what` failed with this errno, but says nothing of a signal. Returns false, for its callers to return.
 */
bool sink_fail(struct sink *sink, const char *what, int error);

#endif
