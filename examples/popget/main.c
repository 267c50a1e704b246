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

static void run_session(struct plan *plan, struct transport *transport)
{
    static struct loop loop;
    enum loop_end end;

    loop.client = &plan->client;
    loop.transport = transport;
    loop.timeout = plan->options->timeout;
    if (plan_start(plan)) {
        end = loop_run(&loop);
        transport_close(transport); /* first, so that nothing of what follows keeps the server waiting */
        plan_finish(plan, end, loop.error);
    }
    plan_free(plan);
}

static void connect_and_run(struct plan *plan)
{
    static struct transport transport;

    if (transport_open(&transport, plan->options, plan->report)) {
        run_session(plan, &transport);
        transport_close(&transport);
    }
}

/* A password that may not be sent is not asked for: the session will say why. */
static bool get_password(struct plan *plan)
{
    return !plan->options->allow_cleartext || password_get(plan->password, plan->options, plan->report);
}

static void open_and_run(struct plan *plan)
{
    if (!plan->options->list) {
        plan->sink = sink_open(plan->options, plan->report);
    }
    if ((plan->options->list || plan->sink != NULL) && get_password(plan)) {
        connect_and_run(plan);
    }
    password_wipe(plan->password);
    if (!sink_close(plan->sink) && plan->report->status == STATUS_OK) {
        plan->report->status = STATUS_IO;
    }
}

static void fetch_mail(struct options *options, struct report *report)
{
    static struct password password;
    static struct plan plan;
    static struct trace trace;

    plan.options = options;
    plan.report = report;
    plan.password = &password;
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
