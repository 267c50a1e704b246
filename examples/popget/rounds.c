/* Several accounts, and several rounds.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "rounds.h"

#include "session.h"
#include "signals.h"

#include <time.h>

enum {
    SECOND = 1000,
    SIGNALLED = 128,                /* statuses above it name a signal */
    BACKOFF_MOST = 60 * 60 * SECOND /* milliseconds; unless --watch itself is longer */
};

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec / 1000000;
}

/* What will not go well by itself: trying again could lock the account, or never end. */
static bool is_final(int status)
{
    return status == STATUS_USAGE || status == STATUS_SOFTWARE || status == STATUS_REFUSED;
}

static uint64_t longer(uint64_t one, uint64_t other)
{
    return one > other ? one : other;
}

/* When the account is due again. After a failure the wait doubles; the server's own wish is never undercut. */
static void plan_next(struct account *account, unsigned watch, int status, const struct session_result *result)
{
    uint64_t wait = (uint64_t)watch * SECOND;
    uint64_t most = longer(wait, BACKOFF_MOST);

    account->over = is_final(status);
    if (status == STATUS_OK) {
        account->backoff = 0;
    } else {
        account->backoff = account->backoff > 0 ? 2 * account->backoff : wait;
        account->backoff = account->backoff < most ? account->backoff : most;
    }
    wait = longer(wait, account->backoff);
    wait = longer(wait, (uint64_t)result->login_delay * SECOND);
    if (result->too_soon) {
        wait = longer(wait, 2 * longer(account->backoff, SECOND));
    }
    account->due = now() + wait;
}

static int run_one(struct account *account, unsigned watch, bool quiet)
{
    struct report report = {account->name, NULL, quiet, STATUS_OK, false};
    struct session_result result = {0, false};

    session_run(&account->options, &report, &result);
    if (signals_caught() && !report.final && watch == 0) {
        report.status = SIGNALLED + signals_caught();
    }
    if (watch > 0 && !signals_caught()) {
        plan_next(account, watch, report.status, &result);
        if (report.status != STATUS_OK) {
            report_note(&report, account->over ? "not tried again" : "will be tried again in %llu seconds",
                        (unsigned long long)((account->due - now() + SECOND - 1) / SECOND));
        }
    }
    return report.status;
}

/* Every account that is due. The status that asks for most attention. */
static int run_due(struct account *accounts, size_t count, unsigned watch, bool quiet)
{
    int status = STATUS_OK;
    size_t i;

    for (i = 0; i < count && !signals_caught(); i++) {
        if (!accounts[i].over && accounts[i].due <= now()) {
            status = report_worse(status, run_one(&accounts[i], watch, quiet));
        }
    }
    return status;
}

/* The time when the next one is due; 0 where all are over. */
static uint64_t next_due(const struct account *accounts, size_t count)
{
    uint64_t due = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        if (!accounts[i].over && (due == 0 || accounts[i].due < due)) {
            due = accounts[i].due;
        }
    }
    return due;
}

int rounds_run(struct account *accounts, size_t count, unsigned watch, bool quiet)
{
    int status = run_due(accounts, count, watch, quiet);
    uint64_t due;
    uint64_t time;

    if (watch == 0) {
        return signals_caught() ? SIGNALLED + signals_caught() : status;
    }
    while (!signals_caught()) {
        due = next_due(accounts, count);
        if (due == 0) {
            return status;
        }
        time = now();
        if (!signals_sleep(due > time ? due - time : 0)) {
            return STATUS_OK;
        }
        status = run_due(accounts, count, watch, quiet);
    }
    /* A signal is the end that is meant for it, unless that has cut a session. */
    return status > SIGNALLED ? status : STATUS_OK;
}
