/* The file that --trace writes: the dialogue without its secrets.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "trace.h"

#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool trace_open(struct trace *trace, const char *name, struct report *report)
{
    static bool is_begun; /* several accounts and rounds go into one file */
    struct stat about;
    int fd;

    trace->file = NULL;
    trace->name = name;
    if (name == NULL) {
        return true;
    }
    fd = open(name, O_WRONLY | O_CREAT | (is_begun ? O_APPEND : O_TRUNC) | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd >= 0) {
        /* A file that was there before may be open to others; what a server says is not for them. */
        if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
            fchmod(fd, 0600);
        }
        trace->file = fdopen(fd, "w"); /* empties nothing */
    }
    if (trace->file == NULL) {
        report_fatal(report, STATUS_IO, "trace file %s: %s", name, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    is_begun = true;
    return true;
}

void trace_line(struct trace *trace, const epop_trace_event *event)
{
    char text[1024];
    size_t pos = 0;
    size_t wrote;

    if (trace->file == NULL) {
        return;
    }
    fputs(event->sent ? "C: " : "S: ", trace->file);
    while (pos < event->line.len) {
        pos += escape_piece(text, sizeof text, &wrote, event->line.ptr + pos, event->line.len - pos,
                            ESCAPE_ASCII | ESCAPE_BACKSLASH, true);
        fwrite(text, 1, wrote, trace->file);
    }
    if (event->redacted) {
        fputs(event->line.len > 0 ? " [redacted]" : "[redacted]", trace->file);
    }
    fputc('\n', trace->file);
    fflush(trace->file); /* what matters most is what came last before a crash */
}

void trace_close(struct trace *trace, struct report *report)
{
    bool bad;

    if (trace->file != NULL) {
        bad = ferror(trace->file) != 0;
        if (fclose(trace->file) != 0 || bad) {
            report_failure(report, STATUS_IO, "trace file %s: not all could be written", trace->name);
        }
        trace->file = NULL;
    }
}
