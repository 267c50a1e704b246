/* Messages to a command, each to a run of its own.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The command starts when its message is whole, and reads it from a temporary file: it can not take a cut message for a
 * whole one, and how much of it the command reads is its own business. Its exit status alone says whether it was
 * stored.
 */
#define _POSIX_C_SOURCE 200809L

#include "escape.h"
#include "outfile.h"
#include "signals.h"
#include "sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    NO_SUCH_COMMAND = 127, /* what a shell exits with where it finds none */
    UNIQUE_ID_TEXT = 4 * 1024
};

struct command {
    struct sink sink;
    const char *text;
    struct outfile spool;
};

static struct command *command_of(void *sink)
{
    return (struct command *)sink;
}

static bool command_begin(struct sink *sink, const struct sink_message *message)
{
    int fd = outfile_temporary(NULL);

    (void)message;
    if (fd < 0) {
        return sink_fail(sink, "temporary file", errno);
    }
    outfile_start(&command_of(sink)->spool, fd);
    return true;
}

static bool command_put(void *sink, const uint8_t *data, size_t len)
{
    struct command *command = command_of(sink);

    return outfile_put(&command->spool, data, len) || sink_fail(sink, "temporary file", command->spool.error);
}

/* In the child. The unique-id is a server's text: nothing but visible ASCII gets into the environment. */
static void run(const struct command *command, const struct sink_message *message)
{
    char number[16];
    char size[24];
    char unique_id[UNIQUE_ID_TEXT];

    snprintf(number, sizeof number, "%lu", (unsigned long)message->number);
    snprintf(size, sizeof size, "%llu", (unsigned long long)message->octets);
    escape_text(unique_id, sizeof unique_id, message->unique_id, message->unique_id_len, ESCAPE_ASCII);
    if (setenv("POPGET_NUMBER", number, 1) == 0 && setenv("POPGET_SIZE", size, 1) == 0 &&
        setenv("POPGET_UID", unique_id, 1) == 0 && dup2(command->spool.fd, STDIN_FILENO) == STDIN_FILENO) {
        execl("/bin/sh", "sh", "-c", command->text, (char *)NULL);
    }
    _exit(NO_SUCH_COMMAND);
}

/* What the end of the command means for its message. */
static enum sink_result judge(struct command *command, const struct sink_message *message, int status)
{
    struct report *report = command->sink.report;
    unsigned long number = message->number;

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return SINK_STORED;
    }
    if (WIFEXITED(status)) {
        report_failure(report, WEXITSTATUS(status) == STATUS_TEMPORARY ? STATUS_TEMPORARY : STATUS_IO,
                       "message %lu: the command ended with status %d (the message stays on the server)", number,
                       WEXITSTATUS(status));
    } else {
        report_failure(report, STATUS_IO,
                       "message %lu: the command was ended by signal %d (the message stays on the server)", number,
                       WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
    return SINK_REFUSED;
}

static enum sink_result command_finish(struct sink *sink, const struct sink_message *message)
{
    struct command *command = command_of(sink);
    enum sink_result result = SINK_BROKEN;
    pid_t child;
    int status = 0;

    if (!outfile_flush(&command->spool) || lseek(command->spool.fd, 0, SEEK_SET) != 0) {
        sink_fail(sink, "temporary file", command->spool.error != 0 ? command->spool.error : errno);
        return SINK_BROKEN;
    }
    child = signals_fork();
    if (child == 0) {
        run(command, message);
    }
    if (child < 0) {
        sink_fail(sink, "the command can not be started", errno);
    } else if (signals_wait_child(child, &status)) {
        result = judge(command, message, status);
    } else {
        sink_fail(sink, "the command can not be waited for", errno);
    }
    outfile_close(&command->spool);
    return result;
}

static void command_drop(struct sink *sink)
{
    outfile_close(&command_of(sink)->spool);
}

static bool command_close(struct sink *sink)
{
    free(sink);
    return true;
}

static const struct sink_place place = {
    .begin = command_begin,
    .put = command_put,
    .finish = command_finish,
    .drop = command_drop,
    .close = command_close,
};

struct sink *sink_exec_open(const char *text, struct report *report)
{
    struct command *command = (struct command *)sink_allocate(sizeof *command, &place, report);

    if (command == NULL) {
        return NULL;
    }
    command->spool.fd = -1;
    command->text = text;
    return &command->sink;
}
