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
    LOOK_AGAIN = 1 * SECOND,        /* at the file of an account that was set aside */
    SIGNALLED = 128,                /* statuses above it name a signal */
    BACKOFF_LEAST = 5 * SECOND,     /* after a failure, however short --watch is */
    BACKOFF_MOST = 60 * 60 * SECOND /* milliseconds; unless --watch itself is longer */
};

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec / 1000000;
}

/* What will not go well by itself, if it never has: trying again could lock the account, or never end. */
static bool is_final(int status)
{
    return status == STATUS_USAGE || status == STATUS_SOFTWARE || status == STATUS_REFUSED;
}

/* The file that its password or token comes from; NULL where they come from elsewhere. */
static const char *secret_of(const struct account *account)
{
    return account->options.token_file != NULL ? account->options.token_file : account->options.password_file;
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

    account->proven = account->proven || result->logged_in;
    if (is_final(status) && !account->proven) {
        account->aside = secret_of(account) != NULL;
        account->over = !account->aside;
    }
    if (status == STATUS_OK || result->left_alone) {
        account->backoff = 0;
    } else {
        account->backoff = account->backoff > 0 ? 2 * account->backoff : longer(wait, BACKOFF_LEAST);
        account->backoff = account->backoff < most ? account->backoff : most;
    }
    wait = longer(wait, account->backoff);
    wait = longer(wait, (uint64_t)result->login_delay * SECOND);
    if (result->too_soon) {
        wait = longer(wait, 2 * longer(account->backoff, SECOND));
    }
    account->due = now() + (account->aside ? LOOK_AGAIN : wait);
}

static void tell_next(const struct account *account, struct report *report)
{
    if (account->over) {
        report_warning(report, "not tried again");
    } else if (account->aside) {
        report_warning(report, "set aside; tried again when %s has changed", secret_of(account));
    } else {
        report_warning(report, "will be tried again in %llu seconds",
                       (unsigned long long)((account->due - now() + SECOND - 1) / SECOND));
    }
}

/* Whether its turn has come. One that is set aside has none before its file has changed. */
static bool is_due(struct account *account)
{
    struct secret_stamp stamp;

    if (account->over || account->due > now()) {
        return false;
    }
    if (account->aside) {
        secret_file_look(&stamp, secret_of(account));
        account->aside = secret_file_is_same(&account->secret, &stamp);
        account->due = now() + (account->aside ? LOOK_AGAIN : 0);
    }
    return !account->aside;
}

static int run_one(struct account *account, unsigned watch, bool quiet)
{
    struct report report = {account->name, NULL, quiet, STATUS_OK, false};
    struct session_result result = {0, false, false, false};

    if (secret_of(account) != NULL) {
        secret_file_look(&account->secret, secret_of(account));
    }
    session_run(&account->options, &report, &result);
    if (signals_caught() && !report.final && watch == 0) {
        report.status = SIGNALLED + signals_caught();
    }
    if (watch > 0 && !signals_caught()) {
        plan_next(account, watch, report.status, &result);
        if (report.status != STATUS_OK) {
            tell_next(account, &report);
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
        if (is_due(&accounts[i])) {
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
