/* The log: one line on standard error for each event, as text or as JSON.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The most that log_end adds: a closing brace and the line feed. */
enum { LOG_TAIL = 2 };

static enum log_format format_in_use = LOG_FORMAT_TEXT;

void log_setup(enum log_format format)
{
    format_in_use = format;
}

static void put(struct log_line *line, const char *text, size_t length)
{
    if (length <= sizeof line->text - LOG_TAIL - line->length) {
        memcpy(line->text + line->length, text, length);
        line->length += length;
    }
}

static void put_string(struct log_line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_key(struct log_line *line, const char *key)
{
    if (format_in_use == LOG_FORMAT_JSON) {
        put_string(line, ",\"");
        put_string(line, key);
        put_string(line, "\":");
    } else {
        put_string(line, " ");
        put_string(line, key);
        put_string(line, "=");
    }
}

void log_start(struct log_line *line, const char *event)
{
    struct timespec now;
    struct tm utc;
    char date[32];
    char head[64];

    line->length = 0;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(head, sizeof head, "%s.%03dZ", date, (int)(now.tv_nsec / 1000000));
    if (format_in_use == LOG_FORMAT_JSON) {
        put_string(line, "{\"time\":\"");
        put_string(line, head);
        put_string(line, "\",\"event\":\"");
        put_string(line, event);
        put_string(line, "\"");
    } else {
        put_string(line, head);
        put_string(line, " ");
        put_string(line, event);
    }
}

void log_number(struct log_line *line, const char *key, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    put_key(line, key);
    put_string(line, text);
}

void log_word(struct log_line *line, const char *key, const char *value)
{
    const char *quote = format_in_use == LOG_FORMAT_JSON ? "\"" : "";

    put_key(line, key);
    put_string(line, quote);
    put_string(line, value);
    put_string(line, quote);
}

/* In both forms an octet that is not plain ASCII reads "\xHH", and a backslash reads "\\". JSON cannot carry octets
 * as they are, and reading them as UTF-8 or Latin-1 would be a guess; so the backslash itself is escaped there once
 * more. */
static void put_octet(struct log_line *line, uint8_t octet)
{
    int json = format_in_use == LOG_FORMAT_JSON;
    char text[8];

    if (octet == '\\') {
        put_string(line, json ? "\\\\\\\\" : "\\\\");
    } else if (octet == '"') {
        put_string(line, "\\\"");
    } else if (octet >= 0x20 && octet < 0x7F) {
        text[0] = (char)octet;
        put(line, text, 1);
    } else {
        snprintf(text, sizeof text, json ? "\\\\x%02X" : "\\x%02X", octet);
        put_string(line, text);
    }
}

void log_octets(struct log_line *line, const char *key, const void *value, size_t length)
{
    const uint8_t *octets = value;
    size_t shown = length < LOG_VALUE_MAX ? length : LOG_VALUE_MAX;

    put_key(line, key);
    put_string(line, "\"");
    for (size_t i = 0; i < shown; i++) {
        put_octet(line, octets[i]);
    }
    put_string(line, shown < length ? "...\"" : "\"");
}

void log_string(struct log_line *line, const char *key, const char *value)
{
    log_octets(line, key, value, strlen(value));
}

void log_end(struct log_line *line)
{
    size_t done = 0;

    if (format_in_use == LOG_FORMAT_JSON) {
        line->text[line->length++] = '}';
    }
    line->text[line->length++] = '\n';
    while (done < line->length) {
        ssize_t wrote = write(STDERR_FILENO, line->text + done, line->length - done);

        /* A log that cannot be written is no reason to stop serving mail. */
        if (wrote < 0 && errno != EINTR) {
            return;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
}

void log_message(const char *event, const char *text)
{
    struct log_line line;

    log_start(&line, event);
    log_string(&line, "text", text);
    log_end(&line);
}
