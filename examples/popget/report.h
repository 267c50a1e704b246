/* What is said on standard error, and the exit status that follows from it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_REPORT_H
#define POPGET_REPORT_H

#include <stdbool.h>
#include <stdint.h>

/* Exit statuses, with the numbers of sysexits.h. */
enum {
    STATUS_OK = 0,
    STATUS_USAGE = 64,       /* the command line is wrong */
    STATUS_PROTOCOL = 65,    /* the server broke the protocol, or refused what it should not */
    STATUS_UNAVAILABLE = 69, /* no connection, unknown host, no service */
    STATUS_SOFTWARE = 70,    /* a fault in this program */
    STATUS_IO = 74,          /* a file, a pipe or a command on this side failed */
    STATUS_TEMPORARY = 75,   /* may go well later: connection lost, mailbox in use */
    STATUS_REFUSED = 77      /* login refused, or forbidden by policy */
};

struct progress;

struct report {
    const char *account;  /* stands before whatever is said; NULL: nothing does */
    struct progress *bar; /* wiped off the line before anything is said; may be NULL */
    bool quiet;           /* no notes */
    int status;           /* what the program would exit with now */
    bool final;           /* that status will not be changed any more */
};

#if defined(__GNUC__)
#define REPORT_FORMAT(from) __attribute__((format(printf, from, from + 1)))
#else
#define REPORT_FORMAT(from)
#endif

/* "popget: " and a line. Whatever is in it, the terminal gets no control characters. */
void report_note(struct report *report, const char *format, ...) REPORT_FORMAT(2); /* not with --quiet */
void report_warning(struct report *report, const char *format, ...) REPORT_FORMAT(2);

/* A failure that the program survives: of several, the status that asks for most attention remains. */
void report_failure(struct report *report, int status, const char *format, ...) REPORT_FORMAT(3);

/* A failure that ends the program; the first one decides the exit status. */
void report_fatal(struct report *report, int status, const char *format, ...) REPORT_FORMAT(3);

/* Of two statuses the one that asks for more attention. */
int report_worse(int one, int other);

/* The status for a negative answer with this response code (EPOP_CODE_), `otherwise` where the code tells nothing. */
int report_status_of_code(uint32_t code, int otherwise);

#endif
