/* A progress bar on a terminal.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    AMOUNT_SIZE = 16,
    WIDTH_DEFAULT = 80,
    WIDTH_MIN = 60, /* below this there is no room for the bar itself, only for the numbers */
    NUMBERS = 56,   /* columns that the numbers may take */
    BAR_MAX = 40,
    INTERVAL = 100 /* milliseconds between two drawings: what an eye can follow */
};

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

const char *progress_amount(char *text, uint64_t octets)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double amount = (double)octets;
    size_t unit = 0;

    while (amount >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        amount /= 1024;
        unit++;
    }
    snprintf(text, AMOUNT_SIZE, unit == 0 ? "%.0f %s" : "%.1f %s", amount, units[unit]);
    return text;
}

static int columns(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return WIDTH_DEFAULT;
}

/* Permille done, by octets; by messages where the server named no sizes. What the server announced may be too little.
 */
static unsigned done(const struct progress *bar)
{
    double part;

    if (bar->octets > 0) {
        part = (double)bar->octets_done / (double)bar->octets;
    } else {
        part = bar->messages > 0 ? (double)bar->messages_done / (double)bar->messages : 1;
    }
    return part >= 1 ? 1000u : (unsigned)(part * 1000);
}

static void draw(struct progress *bar)
{
    char got[AMOUNT_SIZE];
    char all[AMOUNT_SIZE];
    char speed[AMOUNT_SIZE];
    char numbers[NUMBERS + 40];
    char cells[BAR_MAX + 1];
    uint64_t elapsed = bar->drawn_at - bar->began;
    uint64_t rate = (uint64_t)((double)bar->octets_done * 1000 / (double)(elapsed > 0 ? elapsed : 1));
    int width = columns();
    int room = width - NUMBERS - 3;
    int length = room > BAR_MAX ? BAR_MAX : room;

    snprintf(numbers, sizeof numbers, "%llu/%llu  %s of %s  %s/s", (unsigned long long)bar->messages_done,
             (unsigned long long)bar->messages, progress_amount(got, bar->octets_done),
             progress_amount(all, bar->octets), progress_amount(speed, rate));
    if (width < WIDTH_MIN + BAR_MAX / 4 || length < 1) {
        fprintf(stderr, "\r%.*s\033[K", width > 1 ? width - 1 : 1, numbers);
    } else {
        memset(cells, ' ', (size_t)length);
        memset(cells, '=', (size_t)length * done(bar) / 1000);
        cells[length] = '\0';
        fprintf(stderr, "\r[%s] %.*s\033[K", cells, NUMBERS, numbers);
    }
    fflush(stderr);
    bar->drawn = true;
}

static void draw_sometimes(struct progress *bar)
{
    uint64_t time;

    if (bar->active) {
        time = now();
        if (!bar->drawn || time - bar->drawn_at >= INTERVAL) {
            bar->drawn_at = time;
            draw(bar);
        }
    }
}

void progress_begin(struct progress *bar, bool wanted, uint64_t messages, uint64_t octets)
{
    const char *terminal = getenv("TERM");

    memset(bar, 0, sizeof *bar);
    bar->messages = messages;
    bar->octets = octets;
    bar->began = now();
    bar->active = wanted && messages > 0 && isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
    draw_sometimes(bar);
}

void progress_octets(struct progress *bar, uint64_t octets)
{
    bar->octets_done += octets;
    draw_sometimes(bar);
}

void progress_message(struct progress *bar)
{
    bar->messages_done++;
    draw_sometimes(bar);
}

void progress_wipe(struct progress *bar)
{
    if (bar != NULL && bar->drawn) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        bar->drawn = false;
    }
}

bool progress_end(struct progress *bar)
{
    bool was_active = bar->active;

    progress_wipe(bar);
    bar->active = false;
    return was_active;
}
