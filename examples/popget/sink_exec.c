/* Messages to a command, each to a run of its own.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The command starts when its message is whole, and reads it from a temporary file: it cannot take a cut message for a
 * whole one, and how much of it the command reads is its own business. Its exit status alone says whether it was
 * stored.
 *
 * While a command is at work the next messages are received, each into a file of its own, and wait in a queue: one
 * command runs at a time, in the order of the messages.
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
    UNIQUE_ID_TEXT = 4 * 1024,
    QUEUE_ENOUGH = 64 * 1024 * 1024 /* octets of messages that wait */
};

/* A whole message, and its command once that has begun. */
struct job {
    int fd;
    pid_t child; /* 0: not begun */
    uint32_t number;
    uint64_t octets;
    char *unique_id; /* fit for the environment */
};

struct command {
    struct sink sink;
    const char *text;
    struct outfile spool;
    struct job queue[BATCH_ROOM]; /* `pending` of them, from `first` on, round and round */
    size_t first;
    uint64_t queued; /* octets of them */
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

/* In the child. */
static void run(const struct command *command, const struct job *job)
{
    char number[16];
    char size[24];

    snprintf(number, sizeof number, "%lu", (unsigned long)job->number);
    snprintf(size, sizeof size, "%llu", (unsigned long long)job->octets);
    if (setenv("POPGET_NUMBER", number, 1) == 0 && setenv("POPGET_SIZE", size, 1) == 0 &&
        setenv("POPGET_UID", job->unique_id, 1) == 0 && dup2(job->fd, STDIN_FILENO) == STDIN_FILENO) {
        execl("/bin/sh", "sh", "-c", command->text, (char *)NULL);
    }
    _exit(NO_SUCH_COMMAND);
}

/* What the end of the command means for its message. */
static enum sink_result judge(struct command *command, const struct job *job, int status)
{
    struct report *report = command->sink.report;
    unsigned long number = job->number;

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

/* The unique-id is a server's text: nothing but visible ASCII gets into the environment. */
static char *copy_unique_id(const struct sink_message *message)
{
    char *text = (char *)malloc(UNIQUE_ID_TEXT);

    if (text != NULL) {
        escape_text(text, UNIQUE_ID_TEXT, message->unique_id, message->unique_id_len, ESCAPE_ASCII);
    }
    return text;
}

static enum sink_result command_finish(struct sink *sink, const struct sink_message *message)
{
    struct command *command = command_of(sink);
    struct job *job = &command->queue[(command->first + sink->pending) % BATCH_ROOM];

    if (!outfile_flush(&command->spool) || lseek(command->spool.fd, 0, SEEK_SET) != 0) {
        sink_fail(sink, "temporary file", command->spool.error != 0 ? command->spool.error : errno);
        return SINK_BROKEN;
    }
    job->unique_id = copy_unique_id(message);
    if (job->unique_id == NULL) {
        sink_fail(sink, "command", ENOMEM);
        return SINK_BROKEN;
    }
    job->fd = command->spool.fd;
    job->child = 0;
    job->number = message->number;
    job->octets = message->octets;
    command->spool.fd = -1;
    command->queued += job->octets;
    command->sink.crowded = sink->pending + 1 >= BATCH_MESSAGES || command->queued > QUEUE_ENOUGH;
    return SINK_PENDING;
}

/* The command has ended, or never began: on to the next. */
static enum sink_result end_job(struct command *command, enum sink_result result)
{
    struct job *job = &command->queue[command->first];

    close(job->fd);
    free(job->unique_id);
    job->unique_id = NULL;
    command->queued -= job->octets;
    command->first = (command->first + 1) % BATCH_ROOM;
    command->sink.crowded = command->sink.pending > BATCH_MESSAGES || command->queued > QUEUE_ENOUGH;
    return result;
}

static bool begin_job(struct command *command, struct job *job)
{
    job->child = signals_caught() ? -1 : signals_fork();
    if (job->child == 0) {
        run(command, job);
    }
    return job->child > 0 || sink_fail(&command->sink, "the command cannot be started", errno);
}

static enum sink_result command_poll(struct sink *sink, bool wait)
{
    struct command *command = command_of(sink);
    struct job *job = &command->queue[command->first];
    int status = 0;
    pid_t ended;

    if (job->child == 0 && !begin_job(command, job)) {
        return end_job(command, SINK_BROKEN);
    }
    ended = !wait ? signals_look_after(job->child, &status) : signals_wait_child(job->child, &status) ? job->child : -1;
    if (ended == 0) {
        return SINK_PENDING;
    }
    if (ended < 0) {
        sink_fail(sink, "the command cannot be waited for", errno);
        return end_job(command, SINK_BROKEN);
    }
    return end_job(command, judge(command, job, status));
}

static void command_drop(struct sink *sink)
{
    outfile_close(&command_of(sink)->spool);
}

static bool command_close(struct sink *sink)
{
    while (sink->pending > 0) {
        end_job(command_of(sink), SINK_BROKEN);
        sink->pending--;
    }
    free(sink);
    return true;
}

static const struct sink_place place = {
    .begin = command_begin,
    .put = command_put,
    .finish = command_finish,
    .drop = command_drop,
    .close = command_close,
    .poll = command_poll,
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
