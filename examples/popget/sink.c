/* What all places for messages have in common: line ends, and what is called when.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sink.h"

#include "signals.h"

#include <stdlib.h>
#include <string.h>

struct sink *sink_open(const struct options *options, struct report *report)
{
    struct sink *sink = NULL;

    switch (options->target) {
    case TARGET_MAILDIR:
        sink = sink_maildir_open(options->target_argument, report);
        break;
    case TARGET_MBOX:
        sink = sink_mbox_open(options->target_argument, report);
        break;
    case TARGET_STDOUT:
        sink = sink_stdout_open(report);
        break;
    case TARGET_EXEC:
        sink = sink_exec_open(options->target_argument, report);
        break;
    case TARGET_NONE:
        break;
    }
    if (sink != NULL) {
        sink->crlf = options->crlf;
    }
    return sink;
}

bool sink_begin(struct sink *sink, const struct sink_message *message)
{
    eol_start(&sink->eol, sink->crlf);
    sink->open = true;
    return sink->place->begin(sink, message);
}

bool sink_put(struct sink *sink, const uint8_t *data, size_t len)
{
    return eol_put(&sink->eol, data, len, sink->place->put, sink);
}

enum sink_result sink_commit(struct sink *sink, const struct sink_message *message)
{
    enum sink_result result = SINK_BROKEN;

    if (eol_end(&sink->eol, sink->place->put, sink)) {
        result = sink->place->commit(sink, message);
    }
    if (result == SINK_STORED) {
        sink->open = false;
    } else {
        sink_drop(sink);
    }
    return result;
}

void sink_drop(struct sink *sink)
{
    if (sink->open) {
        sink->open = false;
        sink->place->drop(sink);
    }
}

bool sink_close(struct sink *sink)
{
    if (sink == NULL) {
        return true;
    }
    sink_drop(sink);
    return sink->place->close(sink);
}

void *sink_allocate(size_t size, const struct sink_place *place, struct report *report)
{
    struct sink *sink = (struct sink *)calloc(1, size);

    if (sink == NULL) {
        report_fatal(report, STATUS_TEMPORARY, "out of memory");
        return NULL;
    }
    sink->place = place;
    sink->report = report;
    return sink;
}

bool sink_fail(struct sink *sink, const char *what, int error)
{
    if (!signals_caught()) {
        report_failure(sink->report, STATUS_IO, "%s: %s (what is not stored stays on the server)", what,
                       strerror(error));
    }
    return false;
}
