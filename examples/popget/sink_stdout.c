/* Messages to standard output, one behind the other.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "escape.h"
#include "outfile.h"
#include "sink.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct standard {
    struct sink sink;
    struct outfile out;
    bool terminal;
    unsigned flags;
    uint8_t held[UTF8_MAX]; /* terminal: the beginning of a character whose rest has not come yet */
    size_t held_len;
};

static struct standard *standard_of(void *sink)
{
    return (struct standard *)sink;
}

static bool standard_begin(struct sink *sink, const struct sink_message *message)
{
    (void)message;
    standard_of(sink)->held_len = 0;
    return true;
}

/* Puts what can be put of the text; returns how much that was. */
static size_t put_safe(struct standard *standard, const uint8_t *data, size_t len, bool last)
{
    char safe[4096];
    size_t done = 0;
    size_t wrote;
    size_t used;

    do {
        used = escape_piece(safe, sizeof safe, &wrote, data + done, len - done, standard->flags, last);
        outfile_put(&standard->out, safe, wrote);
        done += used;
    } while (used > 0);
    return done;
}

/* Mail may hold anything, but the terminal gets nothing that moves the cursor or worse. */
static void put_on_terminal(struct standard *standard, const uint8_t *data, size_t len)
{
    size_t done;

    while (standard->held_len > 0 && len > 0) {
        standard->held[standard->held_len++] = *data++;
        len--;
        done = put_safe(standard, standard->held, standard->held_len, standard->held_len == UTF8_MAX);
        standard->held_len -= done;
        memmove(standard->held, standard->held + done, standard->held_len);
    }
    done = put_safe(standard, data, len, false);
    memcpy(standard->held + standard->held_len, data + done, len - done);
    standard->held_len += len - done;
}

static bool standard_put(void *sink, const uint8_t *data, size_t len)
{
    struct standard *standard = standard_of(sink);

    if (standard->terminal) {
        put_on_terminal(standard, data, len);
    } else {
        outfile_put(&standard->out, data, len);
    }
    return standard->out.error == 0 || sink_fail(sink, "standard output", standard->out.error);
}

static enum sink_result standard_finish(struct sink *sink, const struct sink_message *message)
{
    struct standard *standard = standard_of(sink);

    (void)message;
    put_safe(standard, standard->held, standard->held_len, true);
    if (outfile_sync(&standard->out)) {
        return SINK_STORED;
    }
    sink_fail(sink, "standard output", standard->out.error);
    return SINK_BROKEN;
}

/* What is out is out; what is not shall stay here. */
static void standard_drop(struct sink *sink)
{
    standard_of(sink)->out.len = 0;
}

static bool standard_close(struct sink *sink)
{
    free(sink);
    return true;
}

static const struct sink_place place = {
    .begin = standard_begin,
    .put = standard_put,
    .finish = standard_finish,
    .drop = standard_drop,
    .close = standard_close,
};

struct sink *sink_stdout_open(struct report *report)
{
    struct standard *standard = (struct standard *)sink_allocate(sizeof *standard, &place, report);

    if (standard == NULL) {
        return NULL;
    }
    outfile_start(&standard->out, STDOUT_FILENO);
    standard->terminal = isatty(STDOUT_FILENO) == 1;
    standard->flags = ESCAPE_LINES | escape_for_stream(STDOUT_FILENO);
    return &standard->sink;
}
