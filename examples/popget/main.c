/* popget: fetches mail by POP3 into a Maildir, an mbox, standard output or a command.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "plan.h"
#include "signals.h"
#include "sink.h"

#include <epop/version.h>

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A descriptor that the caller has closed would be given to the next file or connection, and output meant for it would
 * end up there. It is opened so that using it fails. */
static bool hold_standard_descriptors(void)
{
    int fd;

    for (fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) {
            return false;
        }
    }
    return true;
}

static void run_session(struct plan *plan)
{
    static struct loop loop;
    enum loop_end end;

    loop.client = &plan->client;
    loop.transport = plan->transport;
    loop.timeout = plan->options->timeout;
    if (plan_start(plan)) {
        end = loop_run(&loop);
        transport_close(plan->transport); /* first, so that nothing of what follows keeps the server waiting */
        plan_finish(plan, end, &loop.failure);
    }
    plan_free(plan);
}

static void connect_and_run(struct plan *plan)
{
    if (transport_open(plan->transport, plan->options, plan->report)) {
        run_session(plan);
    }
}

/* What can be wrong on this side is told before anybody is asked for a password. */
static void prepare_and_run(struct plan *plan)
{
    if (transport_prepare(plan->transport, plan->options, plan->report)) {
        if (login_prepare(&plan->login, plan->options, plan->report)) {
            connect_and_run(plan);
        }
        login_wipe(&plan->login);
        transport_free(plan->transport);
    }
}

static void open_and_run(struct plan *plan)
{
    if (!plan->options->list) {
        plan->sink = sink_open(plan->options, plan->report);
    }
    if (plan->options->list || plan->sink != NULL) {
        prepare_and_run(plan);
    }
    if (!sink_close(plan->sink) && plan->report->status == STATUS_OK) {
        plan->report->status = STATUS_IO;
    }
}

static void fetch_mail(struct options *options, struct report *report)
{
    static struct transport transport;
    static struct plan plan;
    static struct trace trace;

    plan.options = options;
    plan.report = report;
    plan.transport = &transport;
    plan.trace = &trace;
    if (trace_open(&trace, options->trace_file, report)) {
        open_and_run(&plan);
        trace_close(&trace, report);
    }
    if (signals_caught() && !report->final) {
        report->status = 128 + signals_caught();
    }
}

int main(int argc, char **argv)
{
    static struct options options;
    static struct report report = {NULL, false, STATUS_OK, false};

    if (!hold_standard_descriptors()) {
        return STATUS_IO;
    }
    setlocale(LC_CTYPE, "");
    if (!options_parse(&options, argc, argv, &report)) {
        return report.status;
    }
    if (options.help || options.version) {
        if (options.help) {
            options_print_help();
        } else {
            puts("popget " EPOP_VERSION);
        }
        return fflush(stdout) == 0 ? STATUS_OK : STATUS_IO;
    }
    if (!signals_install()) {
        report_fatal(&report, STATUS_IO, "%s", strerror(errno));
        return report.status;
    }
    fetch_mail(&options, &report);
    return report.status;
}
