/* The client's host: it remembers what it has stored, confirms now or later, may die at any point, and checks that what
 * it is told is true.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sim.h"

#include <stdio.h>
#include <string.h>

/* A point at which the host may die. 1: it is dead, and does nothing any more. */
static uint32_t dies(sim_world *w)
{
    if (w->points++ == w->die_at) {
        w->dead = 1;
    }
    return w->dead;
}

/* What a callback returns in the end. */
static int32_t leave(sim_world *w)
{
    if (dies(w)) {
        return SIM_KILLED;
    }
    if (sim_bad_luck(w, 400)) {
        w->gave_up = 1;
        return SIM_STOPPED;
    }
    if (sim_bad_luck(w, 300)) {
        w->stopped = 1;
        SIM_CHECK(w, epop_sync_stop(&w->sync) == EPOP_OK);
    }
    if (sim_bad_luck(w, 60) && epop_client_noop(&w->client, 7) == EPOP_OK) {
        w->noops++;
    }
    return sim_below(w, 12) == 0 ? EPOP_PAUSE : 0;
}

static sim_message *message_of(sim_world *w, uint32_t number)
{
    SIM_CHECK(w, number >= 1 && number <= w->session_count);
    return &w->messages[w->session[number]];
}

static sim_message *message_by_key(sim_world *w, uint32_t number, uint64_t key)
{
    sim_message *m = message_of(w, number);

    SIM_CHECK(w, key == number * UINT64_C(1000003));
    return m;
}

uint32_t sim_is_stored(const sim_world *w, const sim_message *m)
{
    (void)w;
    return m->confirmed || m->seen;
}

/* ---- Storing ---- */

/* Mail, then record; or both in one transaction. What was dead before stays undone. */
static void store(sim_world *w, sim_message *m)
{
    sim_record *record = &w->store[m->family];
    uint32_t anew = !m->seen;

    if (dies(w)) {
        return;
    }
    SIM_CHECK(w, !m->stored);
    m->stored = 1;
    w->delivered[m->family]++;
    sim_count.delivered++;
    if (!w->transaction && dies(w)) {
        w->allowed[m->family]++;
        return;
    }
    if (record->count == 0) {
        record->first_seen = w->now;
    }
    record->count += anew;
    (void)dies(w);
}

static void confirm(sim_world *w, sim_message *m)
{
    if (!m->stored) {
        store(w, m);
    }
    if (w->dead) {
        return;
    }
    m->confirmed = 1;
    m->whole = 0;
    SIM_CHECK(w, epop_sync_confirm(&w->sync, m->number, 1) >= SIM_STOPPED);
    SIM_CHECK(w, epop_sync_confirm(&w->sync, m->number, 1) == EPOP_ERR_NOT_ASKED);
}

static void decline(sim_world *w, sim_message *m)
{
    m->whole = 0;
    SIM_CHECK(w, epop_sync_confirm(&w->sync, m->number, 0) >= SIM_STOPPED);
}

/* From outside: one that waits, or all of them; the highest or the lowest first. */
void sim_reader_act(sim_world *w, uint32_t must)
{
    uint32_t upward = sim_below(w, 2);
    uint32_t most = w->confirm_style == 3 || must ? SIM_MESSAGES : 1;
    uint32_t i;

    if (!must && sim_below(w, 4) != 0) {
        return;
    }
    for (i = 0; i < w->session_count && most > 0 && !w->dead; i++) {
        sim_message *m = message_of(w, upward ? i + 1 : w->session_count - i);
        if (m->whole) {
            most--;
            confirm(w, m);
        }
    }
}

/* ---- Events ---- */

static int32_t on_maildrop(void *user, const epop_sync_maildrop_event *event)
{
    sim_world *w = user;

    SIM_CHECK(w, event->kind == EPOP_EVENT_SYNC_MAILDROP && event->messages <= w->session_count);
    if (dies(w)) {
        return SIM_KILLED;
    }
    if (w->late_table) {
        SIM_CHECK(w, epop_sync_table(&w->sync, w->table, w->table_count) == EPOP_OK);
    }
    return leave(w);
}

static void answer_known(sim_world *w, sim_message *m)
{
    sim_record *record = &w->store[m->family];
    uint64_t key = m->number * UINT64_C(1000003);
    uint32_t verdict = EPOP_SYNC_NEW;

    m->listed_now = 1;
    m->first_seen = record->first_seen;
    if (++w->family_listed[m->family] <= record->count) {
        m->seen = 1;
        verdict = EPOP_SYNC_SEEN;
    } else if (m->skip) {
        m->told_skip = 1;
        verdict = EPOP_SYNC_SKIP;
    }
    SIM_CHECK(w, epop_sync_known(&w->sync, 5, 0, 0) == EPOP_ERR_VALUE);
    SIM_CHECK(w, epop_sync_known(&w->sync, verdict, m->seen ? m->first_seen : 0, key) == EPOP_OK);
    SIM_CHECK(w, epop_sync_known(&w->sync, verdict, 0, key) == EPOP_ERR_NOT_ASKED);
}

static int32_t on_listed(void *user, const epop_sync_listed_event *event)
{
    sim_world *w = user;
    sim_message *m = message_of(w, event->number);

    if (dies(w)) {
        return SIM_KILLED;
    }
    SIM_CHECK(w, !m->hidden && !m->listed_now);
    SIM_CHECK(w, event->octets == m->listed);
    if (event->unique_id.len > 0) {
        SIM_CHECK(w, event->unique_id.ptr[1] == 'a' + m->family);
    } else {
        SIM_CHECK(w, w->no_uidl && (w->policy.flags & EPOP_SYNC_ALL));
    }
    answer_known(w, m);
    return leave(w);
}

static void answer_header(sim_world *w, sim_message *m, const epop_sync_header_event *event)
{
    if (event->purpose == EPOP_SYNC_TO_IDENTIFY) {
        SIM_CHECK(w, w->no_uidl && event->status == EPOP_STATUS_OK);
        SIM_CHECK(w, w->header_len > 9 && w->header[9] == (char)('a' + (char)m->family));
        sim_count.identified++;
        answer_known(w, m);
        return;
    }
    SIM_CHECK(w, event->key == m->number * UINT64_C(1000003));
    if (event->status == EPOP_STATUS_OK && m->drop) {
        m->dropped = 1;
        SIM_CHECK(w, epop_sync_choose(&w->sync, EPOP_SYNC_UNWANTED) == EPOP_OK);
    } else if (event->status == EPOP_STATUS_OK && m->leave) {
        SIM_CHECK(w, epop_sync_choose(&w->sync, EPOP_SYNC_SKIP) == EPOP_OK);
    } else if (sim_below(w, 2)) {
        SIM_CHECK(w, epop_sync_choose(&w->sync, EPOP_SYNC_FETCH) == EPOP_OK);
    }
}

static int32_t on_header(void *user, const epop_sync_header_event *event)
{
    sim_world *w = user;
    sim_message *m = message_of(w, event->number);

    if (dies(w)) {
        return SIM_KILLED;
    }
    w->header_len = event->offset == 0 && event->data.len > 0 ? 0 : w->header_len;
    SIM_CHECK(w, event->status == EPOP_STATUS_ERR || event->offset == w->header_len);
    SIM_CHECK(w, event->data.len <= SIM_TEXT - w->header_len);
    memcpy(w->header + w->header_len, event->data.ptr, event->data.len);
    w->header_len += event->data.len;
    SIM_CHECK(w, event->status == EPOP_STATUS_ERR || memcmp(w->header, m->text, w->header_len) == 0);
    if (event->last) {
        SIM_CHECK(w, event->data.len == 0);
        answer_header(w, m, event);
    }
    return leave(w);
}

static int32_t on_begin(void *user, const epop_sync_message_event *event)
{
    sim_world *w = user;
    sim_message *m = message_by_key(w, event->number, event->key);

    if (dies(w)) {
        return SIM_KILLED;
    }
    SIM_CHECK(w, w->under_way == 0 && !m->begun && !m->told_skip && event->octets == m->listed);
    m->begun = 1;
    w->under_way = event->number;
    w->body_len = 0;
    if (sim_bad_luck(w, 40)) {
        SIM_CHECK(w, epop_client_abort(&w->client, EPOP_ABORT_DRAIN) == EPOP_OK);
    }
    return leave(w);
}

static int32_t on_body(void *user, const epop_sync_message_event *event)
{
    sim_world *w = user;

    if (dies(w)) {
        return SIM_KILLED;
    }
    SIM_CHECK(w, event->number == w->under_way && event->octets == w->body_len && event->data.len > 0);
    SIM_CHECK(w, event->data.len <= SIM_TEXT - w->body_len);
    memcpy(w->body_got + w->body_len, event->data.ptr, event->data.len);
    w->body_len += event->data.len;
    SIM_CHECK(w, w->policy.max_octets == 0 || w->body_len <= w->policy.max_octets);
    return leave(w);
}

static int32_t on_end(void *user, const epop_sync_message_event *event)
{
    sim_world *w = user;
    sim_message *m = message_by_key(w, event->number, event->key);

    if (dies(w)) {
        return SIM_KILLED;
    }
    SIM_CHECK(w, event->number == w->under_way && event->octets == w->body_len);
    w->under_way = 0;
    if (event->result != EPOP_OK) {
        SIM_CHECK(w, epop_sync_confirm(&w->sync, m->number, 1) == EPOP_ERR_NOT_ASKED);
        return leave(w);
    }
    SIM_CHECK(w, w->body_len == m->len && memcmp(w->body_got, m->text, m->len) == 0);
    m->whole = 1;
    if (sim_bad_luck(w, 20)) {
        decline(w, m);
    } else if (w->confirm_style == 0 || (w->confirm_style == 1 && sim_below(w, 2))) {
        confirm(w, m);
    } else if (sim_below(w, 2)) {
        store(w, m); /* and confirm later */
    }
    return leave(w);
}

static int32_t on_report(void *user, const epop_sync_report_event *event)
{
    sim_world *w = user;
    sim_message *m = message_of(w, event->number);

    if (dies(w)) {
        return SIM_KILLED;
    }
    SIM_CHECK(w, !m->reported && event->octets == m->listed);
    m->reported = 1;
    m->outcome = event->outcome;
    SIM_CHECK(w, !(event->outcome & EPOP_SYNC_FETCHED) == !m->confirmed);
    SIM_CHECK(w, !(event->outcome & EPOP_SYNC_KNOWN) == !m->seen);
    SIM_CHECK(w, !m->told_skip || (event->outcome & EPOP_SYNC_SKIPPED));
    SIM_CHECK(w, (event->result != EPOP_OK) == ((event->outcome & EPOP_SYNC_FAILED) != 0));
    SIM_CHECK(w, !(event->outcome & EPOP_SYNC_MARKED) || m->dropped || sim_is_stored(w, m));
    return leave(w);
}

/* Of the client's, what is the host's own: the login, and its NOOPs. */
static int32_t on_ask(void *user, const epop_ask_event *event)
{
    sim_world *w = user;

    if (dies(w)) {
        return SIM_KILLED;
    }
    SIM_CHECK(w, epop_client_answer(&w->client, event->ask == EPOP_ASK_USER ? "joe" : "pw",
                                    event->ask == EPOP_ASK_USER ? 3 : 2) == EPOP_OK);
    return 0;
}

static int32_t on_client_end(void *user, const epop_end_event *event)
{
    sim_world *w = user;

    SIM_CHECK(w, event->token == 5 ? event->command == EPOP_CMD_LOGIN : event->command == EPOP_CMD_NOOP);
    SIM_CHECK(w, event->token == 5 || w->noops-- > 0);
    return leave(w);
}

/* ---- The run ---- */

static void begin_sync(sim_world *w)
{
    static const epop_sync_callbacks callbacks = {sizeof callbacks, 0,       on_maildrop, on_listed, on_header,
                                                  on_begin,         on_body, on_end,      on_report};
    static const epop_client_callbacks own = {sizeof own, 0, NULL, NULL, NULL, NULL, on_client_end, on_ask, NULL, NULL};
    epop_sync_config config;

    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.flags = w->policy.flags;
    config.callbacks = &callbacks;
    config.user = w;
    config.client = &w->client;
    config.client_callbacks = &own;
    config.client_user = w;
    w->table_count = sim_below(w, 2) ? SIM_TABLE : 1 + sim_below(w, SIM_TABLE);
    sim_count.windowed += w->table_count < w->session_count;
    w->late_table = sim_below(w, 2);
    if (!w->late_table) {
        config.table = w->table;
        config.table_count = w->table_count;
    }
    config.depth = sim_below(w, 5);
    config.flight_octets = sim_below(w, 3) * 200;
    config.max_messages = w->policy.max_messages;
    config.max_octets = w->policy.max_octets;
    config.max_header = sim_below(w, 2) * (16 + sim_below(w, 80));
    config.keep_newest = w->policy.keep_newest;
    config.now = w->now;
    config.delete_after = w->policy.delete_after;
    SIM_CHECK(w, epop_sync_init(&w->sync, sizeof w->sync, &config) == EPOP_OK);
}

void sim_reader_begin(sim_world *w)
{
    epop_client_config config;

    begin_sync(w);
    memset(&config, 0, sizeof config);
    w->client_callbacks.struct_size = sizeof w->client_callbacks;
    SIM_CHECK(w, epop_sync_client_callbacks(&w->client_callbacks) == EPOP_OK);
    config.struct_size = sizeof config;
    config.flags = EPOP_CLIENT_ALLOW_CLEARTEXT;
    config.callbacks = &w->client_callbacks;
    config.user = &w->sync;
    config.line_buffer = w->client_line;
    config.line_buffer_size = sizeof w->client_line;
    config.output_buffer = w->client_out;
    config.output_buffer_size = EPOP_CLIENT_OUTPUT_MIN + sim_below(w, 2) * sim_below(w, EPOP_CLIENT_OUTPUT_MIN);
    config.slots = w->slots;
    config.slot_count = 2 + sim_below(w, SIM_SLOTS - 1);
    config.window_commands = sim_below(w, 4);
    SIM_CHECK(w, epop_client_init(&w->client, sizeof w->client, &config) == EPOP_OK);
    SIM_CHECK(w, epop_client_login(&w->client, 5) == EPOP_OK);
    SIM_CHECK(w, epop_sync_start(&w->sync) == EPOP_OK);
}

/* What the outcome says of deletions, against what the server did. */
static void check_deletions(sim_world *w)
{
    uint32_t number;
    uint32_t marked = 0;

    for (number = 1; number <= w->session_count; number++) {
        const sim_message *m = message_of(w, number);
        uint32_t is_marked = m->outcome & EPOP_SYNC_MARKED;

        marked += is_marked != 0;
        SIM_CHECK(w, w->outcome.deletions != EPOP_SYNC_DELETED || m->present == !is_marked);
        SIM_CHECK(w, w->outcome.deletions != EPOP_SYNC_NOTHING_DELETED || m->present);
        SIM_CHECK(w, m->present || is_marked);
    }
    SIM_CHECK(w, marked == w->outcome.marked || w->gave_up);
    SIM_CHECK(w, w->outcome.deletions != EPOP_SYNC_DELETED || (w->committed && !w->commit_refused));
    SIM_CHECK(w, w->outcome.deletions != EPOP_SYNC_DELETED_IN_PART || w->commit_refused);
    sim_count.unknown += w->outcome.deletions == EPOP_SYNC_DELETED_UNKNOWN;
    sim_count.deleted += w->outcome.deletions == EPOP_SYNC_DELETED;
    sim_count.in_part += w->outcome.deletions == EPOP_SYNC_DELETED_IN_PART;
}

void sim_end_run(sim_world *w)
{
    uint32_t fetched = 0;
    uint32_t failed = 0;
    uint32_t listed = 0;
    uint32_t number;

    w->outcome.struct_size = sizeof w->outcome;
    w->die_at = UINT64_MAX;
    SIM_CHECK(w, epop_sync_close(&w->sync, &w->outcome) == EPOP_OK);
    SIM_CHECK(w, epop_sync_close(&w->sync, &w->outcome) == EPOP_ERR_PHASE);
    SIM_CHECK(w, w->under_way == 0);
    for (number = 1; number <= w->session_count; number++) {
        const sim_message *m = message_of(w, number);
        SIM_CHECK(w, m->reported || !m->listed_now || w->gave_up);
        SIM_CHECK(w, !m->hidden || !m->reported);
        fetched += (m->outcome & EPOP_SYNC_FETCHED) != 0;
        failed += (m->outcome & EPOP_SYNC_FAILED) != 0;
        listed += m->listed_now;
    }
    SIM_CHECK(w, w->outcome.listed == listed && w->outcome.malformed_rows == 0);
    SIM_CHECK(w, w->gave_up || (w->outcome.fetched == fetched && w->outcome.failed == failed));
    SIM_CHECK(w, w->outcome.result == EPOP_OK || w->broken || w->gave_up);
    check_deletions(w);
}
