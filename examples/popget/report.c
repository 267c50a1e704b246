/* What is said on standard error, and the exit status that follows from it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "report.h"

#include "escape.h"
#include "progress.h"

#include <epop/wire.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SIGNALLED = 128 }; /* statuses above it name a signal */

static void say(struct report *report, const char *format, va_list args)
{
    char text[4096];
    char safe[2 * sizeof text];

    vsnprintf(text, sizeof text, format, args);
    escape_text(safe, sizeof safe, text, strlen(text), escape_for_stream(STDERR_FILENO));
    progress_wipe(report->bar);
    fprintf(stderr, "popget: %s%s%s\n", report->account != NULL ? report->account : "",
            report->account != NULL ? ": " : "", safe);
}

void report_note(struct report *report, const char *format, ...)
{
    va_list args;

    if (!report->quiet) {
        va_start(args, format);
        say(report, format, args);
        va_end(args);
    }
}

void report_warning(struct report *report, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(report, format, args);
    va_end(args);
}

/* A failure on this side comes first, for a human must act on it; then what may go well later, for a caller may just
 * try again; then the rest. */
static int rank(int status)
{
    return status == STATUS_IO ? 3 : status == STATUS_TEMPORARY ? 2 : status != STATUS_OK;
}

void report_failure(struct report *report, int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(report, format, args);
    va_end(args);
    if (!report->final && rank(status) > rank(report->status)) {
        report->status = status;
    }
}

void report_fatal(struct report *report, int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(report, format, args);
    va_end(args);
    /* After a failure on this side the connection may well break too; but that is not what has to be seen to. */
    if (!report->final && (report->status != STATUS_IO || status > SIGNALLED)) {
        report->status = status;
    }
    report->final = true;
}

int report_worse(int one, int other)
{
    if (one > SIGNALLED || other > SIGNALLED) {
        return one > other ? one : other;
    }
    return rank(other) > rank(one) ? other : one;
}

int report_status_of_code(uint32_t code, int otherwise)
{
    switch (epop_code_retry(code)) {
    case EPOP_RETRY_LATER:
        return STATUS_TEMPORARY;
    case EPOP_RETRY_NEVER:
        return code == EPOP_CODE_AUTH ? STATUS_REFUSED : otherwise;
    default:
        return otherwise;
    }
}
