/* What all places for messages have in common: line ends, and what is called when.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _XOPEN_SOURCE 700

#include "sink.h"

#include "signals.h"

#include <stdio.h>
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

enum sink_result sink_finish(struct sink *sink, const struct sink_message *message)
{
    enum sink_result result = SINK_BROKEN;

    if (eol_end(&sink->eol, sink->place->put, sink)) {
        result = sink->place->finish(sink, message);
    }
    if (result == SINK_STORED || result == SINK_HELD || result == SINK_PENDING) {
        sink->open = false;
        sink->held += result == SINK_HELD;
        sink->pending += result == SINK_PENDING;
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

enum sink_result sink_poll(struct sink *sink, bool wait)
{
    enum sink_result result = sink->pending > 0 ? sink->place->poll(sink, wait) : SINK_PENDING;

    sink->pending -= result != SINK_PENDING;
    return result;
}

bool sink_prepare(struct sink *sink)
{
    sink->locked = false;
    return sink->held == 0 || sink->place->prepare(sink);
}

bool sink_describe(struct sink *sink, size_t index, char *text)
{
    return sink->place->describe(sink, index, text);
}

void sink_publish(struct sink *sink)
{
    sink->shown = 0;
    sink->unsure = false;
    if (sink->held > 0) {
        sink->place->publish(sink);
    }
}

void sink_end_batch(struct sink *sink, bool keep)
{
    if (sink->held > 0) {
        sink->place->end_batch(sink, keep);
    }
    sink->held = sink->shown = 0;
}

bool sink_close(struct sink *sink)
{
    if (sink == NULL) {
        return true;
    }
    sink_drop(sink);
    sink_end_batch(sink, false);
    return sink->place->close(sink);
}

bool sink_set_target(struct sink *sink, const char *kind, const char *path)
{
    char *whole = realpath(path, NULL);
    int len = whole == NULL ? -1 : snprintf(sink->target, sizeof sink->target, "%s%s", kind, whole);

    free(whole);
    return len > 0 && len < (int)sizeof sink->target;
}

enum sink_result sink_resolve(const char *target, const char *detail, int64_t age, struct report *report)
{
    if (strncmp(target, SINK_MAILDIR, strlen(SINK_MAILDIR)) == 0) {
        return sink_maildir_resolve(target + strlen(SINK_MAILDIR), detail, age, report);
    }
    if (strncmp(target, SINK_MBOX, strlen(SINK_MBOX)) == 0) {
        return sink_mbox_resolve(target + strlen(SINK_MBOX), detail, report);
    }
    report_fatal(report, STATUS_IO, "state: a message was on its way to \"%s\", of which this popget knows nothing",
                 target);
    return SINK_BROKEN;
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
