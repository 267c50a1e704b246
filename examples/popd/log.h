/* The log: one line on standard error for each event, as text or as JSON.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A line is made of a time, the name of the event, and fields. Octets that came from a peer or from a file name go
 * through log_octets, which escapes all that could forge a line or harm a terminal. Nothing here ever sees a
 * password.
 */
#ifndef POPD_LOG_H
#define POPD_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

enum {
    LOG_VALUE_MAX = 512, /* octets of one value; more are cut, and the cut is shown by "..." */
    LOG_LINE_MAX = 9216  /* three values of full length, five characters an octet in JSON, and some numbers */
};

struct log_line {
    size_t length;
    char text[LOG_LINE_MAX];
};

void log_setup(enum log_format format);

void log_start(struct log_line *line, const char *event);
void log_number(struct log_line *line, const char *key, uint64_t value);
/* A value that this program made up, of letters, digits and harmless marks. */
void log_word(struct log_line *line, const char *key, const char *value);
/* A value from anywhere. */
void log_octets(struct log_line *line, const char *key, const void *value, size_t length);
void log_string(struct log_line *line, const char *key, const char *value);
void log_end(struct log_line *line);

/* A whole line with one field, `text`. */
void log_message(const char *event, const char *text);

#endif
