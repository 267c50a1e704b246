/* Runs a fuzz target without libFuzzer: the files and folders that are given, then mutations of them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * usage: replay [--runs N] [--seed S] [FILE|FOLDER]...
 *   --runs N   so many mutated inputs behind the files, 100 times as many with EPOP_TEST_LONG=1; else none
 *   --seed S   the first of them; "run K" in a failure is --seed K --runs 1
 */
#define _POSIX_C_SOURCE 200809L

#include "fuzz.h"

#include <epop/wire.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEEDS_MAX = 512, INPUT_MAX = 4096 };

static struct {
    uint8_t *octets;
    size_t len;
} seeds[SEEDS_MAX];

static size_t seed_count;
static char at[600]; /* what is being run, for the one who reads of a failure */

static void tell(void)
{
    (void)!write(2, at, strlen(at));
}

static void on_abort(int signal_number)
{
    tell();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

#if defined(__GNUC__)
/* Sanitizers end the program without a signal, and call this before. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
#endif

static void listen_for_death(void)
{
    signal(SIGABRT, on_abort);
    signal(SIGSEGV, on_abort);
#if defined(__GNUC__)
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(tell);
    }
#endif
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void take_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *octets = malloc(INPUT_MAX);
    size_t len;

    if (!file || !octets || seed_count == SEEDS_MAX) {
        perror(path);
        exit(2);
    }
    len = fread(octets, 1, INPUT_MAX, file);
    fclose(file);
    snprintf(at, sizeof at, "in %s\n", path);
    LLVMFuzzerTestOneInput(octets, len);
    seeds[seed_count].octets = octets;
    seeds[seed_count++].len = len;
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static void take(const char *path)
{
    struct stat status;
    struct dirent **entries;
    int count;
    int i;

    if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode)) {
        take_file(path);
        return;
    }
    count = scandir(path, &entries, NULL, by_name);
    if (count < 0) {
        perror(path);
        exit(2);
    }
    for (i = 0; i < count; i++) {
        char name[512];
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            take_file(name);
        }
        free(entries[i]);
    }
    free(entries);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Mutations
 */

static const char *token(uint32_t *seed)
{
    static const char *const words[] = {
        "\r\n",       "\n",      "\r",       ".\r\n",      "..",         "+OK",
        "-ERR",       "+ ",      " ",        "\r\n.\r\n",  "[IN-USE]",   "[SYS/TEMP] ",
        "4294967295", "0",       "1",        "STLS\r\n",   "\x1e",       "PIPELINING\r\n",
        "=",          "+OK\r\n", "-ERR\r\n", "PASS x\r\n", "USER a\r\n", "QUIT\r\n",
        "\xff"};
    uint32_t what = fuzz_below(seed, 40);

    return what < sizeof words / sizeof words[0] ? words[what] : epop_command_name(1 + fuzz_below(seed, EPOP_CMD_QUIT));
}

static size_t insert(uint8_t *input, size_t len, size_t where, const void *what, size_t n)
{
    n = n < INPUT_MAX - len ? n : INPUT_MAX - len;
    memmove(input + where + n, input + where, len - where);
    memcpy(input + where, what, n);
    return len + n;
}

static size_t mutate(uint8_t *input, size_t len, uint32_t *seed)
{
    size_t where = fuzz_below(seed, (uint32_t)len + 1);
    size_t n = fuzz_below(seed, (uint32_t)(len - where) + 1);
    size_t other = fuzz_below(seed, (uint32_t)seed_count);
    uint8_t copy[INPUT_MAX];
    const char *word = token(seed);

    n = fuzz_below(seed, 2) ? n : n % 4;
    switch (fuzz_below(seed, 7)) {
    case 0: /* take some away */
        memmove(input + where, input + where + n, len - where - n);
        return len - n;
    case 1: /* repeat some */
        memcpy(copy, input + where, n);
        return insert(input, len, where, copy, n);
    case 2:
    case 3:
        return insert(input, len, where, word, strlen(word));
    case 4: /* change an octet */
        if (where < len) {
            input[where] = (uint8_t)fuzz_next(seed);
        }
        return len;
    case 5: /* change a bit */
        if (where < len) {
            input[where] = (uint8_t)(input[where] ^ 1u << fuzz_below(seed, 8));
        }
        return len;
    default: /* go on as another seed does */
        n = fuzz_below(seed, (uint32_t)seeds[other].len + 1);
        return insert(input, where, where, seeds[other].octets + n, seeds[other].len - n);
    }
}

static void run_mutated(uint32_t number)
{
    static uint8_t input[INPUT_MAX];
    uint32_t seed = number;
    size_t from = fuzz_below(&seed, (uint32_t)seed_count);
    uint32_t times = 1 + fuzz_below(&seed, 8);
    size_t len = seeds[from].len;

    snprintf(at, sizeof at, "in run %lu: replay it with --seed %lu --runs 1\n", (unsigned long)number,
             (unsigned long)number);
    memcpy(input, seeds[from].octets, len);
    while (times-- > 0) {
        len = mutate(input, len, &seed);
    }
    LLVMFuzzerTestOneInput(input, len);
}

int main(int argc, char **argv)
{
    uint32_t runs = 0;
    uint32_t first = 1;
    uint32_t k;
    int i;

    listen_for_death();
    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc) {
            runs = (uint32_t)strtoul(argv[++i], NULL, 10) * (getenv("EPOP_TEST_LONG") ? 100u : 1u);
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            first = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else {
            take(argv[i]);
        }
    }
    if (seed_count == 0) {
        fprintf(stderr, "usage: %s [--runs N] [--seed S] FILE|FOLDER...\n", argv[0]);
        return 64;
    }
    for (k = 0; k < runs; k++) {
        run_mutated(first + k);
    }
    printf("%lu files, %lu mutations\n", (unsigned long)seed_count, (unsigned long)runs);
    return 0;
}
