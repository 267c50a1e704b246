/* The server's host: a maildrop in memory, which checks that what is deleted is stored elsewhere, and due.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

static sim_message *message_of(sim_world *w, uint32_t number)
{
    SIM_CHECK(w, number >= 1 && number <= w->session_count);
    return &w->messages[w->session[number]];
}

static void answer_open(sim_world *w)
{
    epop_maildrop maildrop;
    uint32_t number;

    memset(&maildrop, 0, sizeof maildrop);
    maildrop.struct_size = sizeof maildrop;
    maildrop.count = w->session_count;
    for (number = 1; number <= w->session_count; number++) {
        maildrop.octets += message_of(w, number)->listed;
    }
    maildrop.deleted = w->deleted;
    maildrop.deleted_size = sizeof w->deleted;
    SIM_CHECK(w, epop_server_opened(&w->server, &maildrop) == EPOP_OK);
}

/* ---- What may be deleted ---- */

/* How many messages with numbers at least this one the client has seen in listings. */
static uint32_t rank(sim_world *w, const sim_message *m)
{
    uint32_t number;
    uint32_t count = 0;

    for (number = m->number; number <= w->session_count; number++) {
        count += !message_of(w, number)->hidden;
    }
    return count;
}

static uint32_t is_due(sim_world *w, const sim_message *m)
{
    const sim_policy *policy = &w->policy;

    if (m->dropped) {
        return 1;
    }
    if (!sim_is_stored(w, m)) {
        return 0;
    }
    if ((policy->flags & EPOP_SYNC_KEEP_NEWEST) && rank(w, m) > policy->keep_newest) {
        return 1;
    }
    if (!(policy->flags & EPOP_SYNC_DELETE)) {
        return 0;
    }
    return policy->delete_after == 0 ||
           (m->seen && w->now >= m->first_seen && w->now - m->first_seen >= policy->delete_after);
}

/* Before any of it is done: all that is marked may go, and in a calm run all that may go is marked. */
static void check_marks(sim_world *w, uint32_t marked)
{
    uint32_t all = w->policy.flags & EPOP_SYNC_ALL; /* what could not be fetched again stays */
    uint32_t number;
    uint32_t count = 0;

    for (number = 1; number <= w->session_count; number++) {
        sim_message *m = message_of(w, number);
        uint32_t deleted = epop_server_is_deleted(&w->server, number);

        SIM_CHECK(w, !deleted || is_due(w, m));
        SIM_CHECK(w, !deleted || m->dropped || w->delivered[m->family] > 0);
        SIM_CHECK(w, deleted || !is_due(w, m) || w->refused_dele || w->stopped || (m->seen && !m->confirmed && all));
        count += deleted;
    }
    SIM_CHECK(w, count == marked);
}

/* Where QUIT is refused, a part of it is done. */
static void commit(sim_world *w)
{
    uint32_t number;

    for (number = 1; number <= w->session_count; number++) {
        if (epop_server_is_deleted(&w->server, number) && (!w->commit_refused || sim_below(w, 2))) {
            message_of(w, number)->present = 0;
        }
    }
    w->committed = 1;
}

/* ---- Answers ---- */

static void answer_send(sim_world *w)
{
    const sim_message *m = message_of(w, w->sending);

    if (m->hidden || m->dead || m->refused) {
        SIM_CHECK(w, epop_server_refuse(&w->server, EPOP_CODE_NONE, NULL, 0) == EPOP_OK);
        return;
    }
    w->body = m->text;
    w->body_left = m->len;
    SIM_CHECK(w, epop_server_accept(&w->server) == EPOP_OK);
}

static void answer_commit(sim_world *w)
{
    w->commit_refused = sim_bad_luck(w, 8);
    commit(w);
    if (w->commit_refused) {
        SIM_CHECK(w, epop_server_refuse(&w->server, EPOP_CODE_NONE, NULL, 0) == EPOP_OK);
    } else {
        SIM_CHECK(w, epop_server_accept(&w->server) == EPOP_OK);
    }
}

static void answer(sim_world *w)
{
    uint32_t kind = w->asked;

    w->asked = 0;
    if (kind == EPOP_EVENT_OPEN) {
        answer_open(w);
    } else if (kind == EPOP_EVENT_SEND) {
        answer_send(w);
    } else if (kind == EPOP_EVENT_COMMIT) {
        answer_commit(w);
    } else {
        SIM_CHECK(w, epop_server_accept(&w->server) == EPOP_OK);
    }
}

static int32_t now_or_later(sim_world *w, uint32_t kind)
{
    w->asked = kind;
    if (sim_below(w, 4) != 0) {
        answer(w);
    }
    return 0;
}

static int32_t on_auth(void *user, const epop_auth_event *event)
{
    return now_or_later(user, event->kind);
}

static int32_t on_open(void *user, const epop_open_event *event)
{
    return now_or_later(user, event->kind);
}

static int32_t on_message_info(void *user, const epop_message_info_event *event)
{
    sim_world *w = user;
    const sim_message *m = message_of(w, event->number);
    char unique_id[] = "u0-padding";

    unique_id[1] = (char)('a' + (char)m->family);
    if (!m->hidden) {
        SIM_CHECK(w, epop_server_message_info(&w->server, m->listed, unique_id, sizeof unique_id - 1) == EPOP_OK);
    }
    return 0;
}

static int32_t on_send(void *user, const epop_send_event *event)
{
    sim_world *w = user;

    w->sending = event->number;
    return now_or_later(w, event->kind);
}

static int32_t on_commit(void *user, const epop_commit_event *event)
{
    sim_world *w = user;

    SIM_CHECK(w, !w->committed);
    check_marks(w, event->marked);
    return now_or_later(w, event->kind);
}

void sim_server_act(sim_world *w)
{
    size_t used = 0;
    size_t n;
    int32_t result;

    if (w->asked != 0) {
        answer(w);
        return;
    }
    if (!(epop_server_wants(&w->server) & EPOP_WANT_BODY)) {
        return;
    }
    n = 1 + sim_below(w, 400);
    n = n < w->body_left ? n : w->body_left;
    if (n == 0) {
        (void)epop_server_body_end(&w->server);
        return;
    }
    result = epop_server_body(&w->server, w->body, n, &used);
    SIM_CHECK(w, result == EPOP_OK || result == EPOP_FULL || result == EPOP_END);
    w->body += used;
    w->body_left = result == EPOP_END ? 0 : w->body_left - used;
}

/* ---- What goes by ---- */

/* A command is whole, and its number is that of a message which may be deleted now. */
static void check_dele(sim_world *w)
{
    sim_message *m = message_of(w, (uint32_t)strtoul(w->line + 5, NULL, 10));

    SIM_CHECK(w, m->dropped || sim_is_stored(w, m));
}

/* A server without STAT, UIDL or TOP, or one that refuses a DELE: the keyword becomes one that it does not know. */
static uint8_t spoil(sim_world *w, uint8_t octet)
{
    if (w->line_len != 1) {
        return octet;
    }
    if (w->line[0] == 'D' && sim_bad_luck(w, 12)) {
        w->refused_dele = 1;
        return 'X';
    }
    return (w->no_uidl && w->line[0] == 'U' && octet == 'I') || (w->no_top && w->line[0] == 'T') ||
                   (w->no_stat && w->line[0] == 'S')
               ? 'X'
               : octet;
}

void sim_server_hears(sim_world *w, uint8_t *octets, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        octets[i] = spoil(w, octets[i]);
        SIM_CHECK(w, w->line_len < SIM_LINE - 1);
        w->line[w->line_len++] = (char)octets[i];
        w->line[w->line_len] = '\0';
        if (octets[i] == '\n') {
            w->line_len = 0;
            if (strncmp(w->line, "DELE ", 5) == 0) {
                check_dele(w);
            }
        }
    }
}

void sim_server_begin(sim_world *w)
{
    static const epop_server_callbacks callbacks = {sizeof callbacks, 0,         on_auth, on_open, on_message_info,
                                                    on_send,          on_commit, NULL,    NULL};
    static const char greetings[2][12] = {"ready", "Gpop ready"};
    epop_server_config config;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.flags = EPOP_SERVER_ALLOW_CLEARTEXT;
    config.callbacks = &callbacks;
    config.user = w;
    config.line_buffer = w->server_line;
    config.line_buffer_size = sizeof w->server_line;
    config.name_buffer = w->server_name;
    config.name_buffer_size = sizeof w->server_name;
    config.output_buffer = w->server_out;
    config.output_buffer_size = EPOP_SERVER_OUTPUT_MIN + sim_below(w, 2) * sim_below(w, EPOP_SERVER_OUTPUT_MIN);
    config.greeting = greetings[w->hides];
    config.greeting_len = strlen(greetings[w->hides]);
    config.max_bad_commands = 60000;
    SIM_CHECK(w, epop_server_init(&w->server, sizeof w->server, &config) == EPOP_OK);
}
