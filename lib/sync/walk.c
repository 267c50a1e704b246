/* Which command comes next: the phases of a run, each a walk over the messages of the window.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync/run.h"

#include "wire/octets.h"

/* All of a sync's commands have this token, by which their events are known. */
#define SYNC_TOKEN(s) ((uintptr_t)(s))

/* ---- The order of a walk ---- */

/* LIST and UIDL are two steps. */
static uint32_t step_count(const epop_sync *s)
{
    if (s->p_phase == EPOPI_SYNC_LISTING) {
        return 2;
    }
    if (s->p_phase == EPOPI_SYNC_FETCH) {
        return s->p_round_to;
    }
    return s->p_phase == EPOPI_SYNC_SINGLES ? 2 * s->p_count : s->p_count;
}

/* DELEs go from the highest number down: a server that counts anew after one then moves only what is done with. */
static uint32_t number_at(const epop_sync *s, uint32_t step)
{
    uint32_t index = s->p_phase == EPOPI_SYNC_SINGLES ? step / 2 : step;

    if (s->p_phase == EPOPI_SYNC_DELETE || (s->p_phase > EPOPI_SYNC_SINGLES && (s->p_flags & EPOP_SYNC_NEWEST_FIRST))) {
        index = s->p_count - 1 - index;
    }
    return s->p_base + 1 + index;
}

/* ---- Commands ---- */

/* What a server's TOP cuts off would be lost. */
static uint32_t uses_top(const epop_sync *s)
{
    return (s->p_flags & EPOP_SYNC_USE_TOP) && !(epop_client_traits(s->p_client) & EPOP_TRAIT_TOP_CUTS);
}

static int32_t queue_command(epop_sync *s, uint32_t step, uint32_t number)
{
    epop_client *client = s->p_client;

    switch (s->p_phase) {
    case EPOPI_SYNC_COUNT:
    case EPOPI_SYNC_LISTING:
        return step == 0 ? epop_client_list(client, 0, SYNC_TOKEN(s)) : epop_client_uidl(client, 0, SYNC_TOKEN(s));
    case EPOPI_SYNC_PROBE:
        return epop_client_uidl(client, 0, SYNC_TOKEN(s));
    case EPOPI_SYNC_SINGLES:
        return step % 2 == 0 ? epop_client_list(client, number, SYNC_TOKEN(s))
                             : epop_client_uidl(client, number, SYNC_TOKEN(s));
    case EPOPI_SYNC_FETCH:
        return uses_top(s) ? epop_client_top(client, number, EPOP_SYNC_TOP_LINES, SYNC_TOKEN(s))
                           : epop_client_retr(client, number, SYNC_TOKEN(s));
    case EPOPI_SYNC_DELETE:
        return epop_client_dele(client, number, SYNC_TOKEN(s));
    case EPOPI_SYNC_RESET:
        return epop_client_rset(client, SYNC_TOKEN(s));
    case EPOPI_SYNC_IDENTIFY:
    case EPOPI_SYNC_FILTER:
        return epop_client_top(client, number, 0, SYNC_TOKEN(s));
    default:
        return EPOP_ERR_PHASE;
    }
}

/* What a message counts for in flight; a size that is not known, for nothing. */
static uint64_t flight_weight(const epop_sync *s, const epop_sync_entry *entry)
{
    return s->p_phase == EPOPI_SYNC_FETCH && (entry->p_flags & EPOPI_SIZED) ? entry->p_octets : 0;
}

/* Messages on which `max_messages` is spent, if all goes well. */
static uint32_t is_enough(const epop_sync *s)
{
    uint64_t spent = (uint64_t)s->p_fetched + s->p_flight;

    if (s->p_max_messages == 0) {
        return 0;
    }
    spent += s->p_phase == EPOPI_SYNC_FETCH ? s->p_unconfirmed : s->p_chosen;
    return (s->p_phase == EPOPI_SYNC_FETCH || s->p_phase == EPOPI_SYNC_FILTER) && spent >= s->p_max_messages;
}

/* If the client sends one command at a time, no more are queued: queued commands cannot be stopped. */
static uint32_t is_one_at_a_time(const epop_sync *s)
{
    return !(epop_client_capabilities(s->p_client) & EPOP_CAPA_PIPELINING) ||
           (s->p_phase == EPOPI_SYNC_FETCH && (epop_client_traits(s->p_client) & EPOP_TRAIT_FETCH_HIDES));
}

static uint32_t may_send(const epop_sync *s, uint64_t octets)
{
    if (s->p_flight == 0) {
        return 1;
    }
    return s->p_flight < s->p_depth && !is_one_at_a_time(s) && octets <= s->p_flight_octets_max &&
           s->p_flight_octets <= s->p_flight_octets_max - octets;
}

/* One command; EPOP_AGAIN where it must wait. */
static int32_t send_command(epop_sync *s, uint32_t step, uint32_t number, epop_sync_entry *entry)
{
    uint64_t octets = flight_weight(s, entry);
    int32_t result;

    if (!may_send(s, octets)) {
        return EPOP_AGAIN;
    }
    s->p_flight++; /* first, for the end of the command may come before the call returns */
    s->p_flight_octets += octets;
    s->p_next++;
    if (s->p_phase == EPOPI_SYNC_FETCH) {
        entry->p_flags |= EPOPI_REQUESTED;
    }
    result = queue_command(s, step, number);
    if (result != EPOP_OK) {
        s->p_flight--;
        s->p_flight_octets -= octets;
        s->p_next--;
    }
    return result == EPOP_ERR_QUEUE_FULL ? EPOP_AGAIN : result;
}

/* Commands of this phase, until there are no more or no more may go out. EPOP_END where there are no more. */
static int32_t send_commands(epop_sync *s)
{
    int32_t result = EPOP_OK;

    while (result == EPOP_OK && s->p_next < step_count(s)) {
        uint32_t number = number_at(s, s->p_next);
        epop_sync_entry *entry = &s->p_table[number - s->p_base - 1];

        if (!epopi_sync_needs(s, entry)) {
            s->p_next++;
        } else {
            result = is_enough(s) ? EPOP_AGAIN : send_command(s, s->p_next, number, entry);
        }
    }
    return result == EPOP_OK ? EPOP_END : result;
}

/* ---- From phase to phase ---- */

static void enter_phase(epop_sync *s, uint32_t phase)
{
    s->p_phase = (uint8_t)phase;
    s->p_next = 0;
}

/* The messages up to this one, as many as there is memory for. */
static void open_window(epop_sync *s, uint32_t highest)
{
    s->p_base = highest < s->p_table_count ? 0 : highest - s->p_table_count;
    s->p_count = 0;
    epopi_sync_widen(s, highest);
    s->p_chosen = 0;
    s->p_round_from = 0;
    enter_phase(s, s->p_windowed ? EPOPI_SYNC_SINGLES : EPOPI_SYNC_LISTING);
}

/* How many messages there are is known, and the memory is there. */
static void begin_windows(epop_sync *s)
{
    if (s->p_messages > 0 && s->p_table_count == 0) {
        epopi_sync_fail(s, EPOP_ERR_BUFFER_SIZE);
    }
    if (s->p_messages == 0 || s->p_result != EPOP_OK) {
        enter_phase(s, EPOPI_SYNC_QUIT);
        return;
    }
    s->p_listed = 0;
    s->p_windowed = s->p_messages > s->p_table_count;
    if (!s->p_windowed) {
        s->p_malformed_rows = 0; /* what COUNT has met, LISTING meets again, and judges better */
    }
    open_window(s, s->p_messages);
}

/* A count without octets is good enough for how much memory to use, but windows are asked for by that number alone: a
 * reply that is not that of STAT would not be noticed. */
static void leave_stat(epop_sync *s)
{
    uint32_t is_windowed = s->p_messages > s->p_table_count;

    if (s->p_stat == EPOPI_STAT_WHOLE || (s->p_stat == EPOPI_STAT_COUNT && !is_windowed)) {
        begin_windows(s);
        return;
    }
    s->p_messages = 0;
    enter_phase(s, EPOPI_SYNC_COUNT);
}

/* Servers are known that refuse LIST in an empty maildrop. */
static int32_t leave_count(epop_sync *s)
{
    int32_t result = EPOP_OK;

    if (!s->p_listed && s->p_stat != EPOPI_STAT_EMPTY) {
        epopi_sync_fail(s, EPOP_ERR_SYNC_LISTING);
    } else if (s->p_stat == EPOPI_STAT_EMPTY && s->p_messages > 0) {
        result = epopi_sync_tell_quirk(s, EPOP_QUIRK_STAT_COUNT);
    }
    if (result == EPOP_OK && s->p_result == EPOP_OK && s->p_stat != EPOPI_STAT_COUNT) {
        result = epopi_sync_ask_table(s, s->p_received);
    }
    begin_windows(s);
    return result;
}

static int32_t ask_unnamed(epop_sync *s, uint32_t number, epop_sync_entry *entry)
{
    switch (epopi_sync_decide_unnamed(s, entry)) {
    case EPOPI_UNNAMED_NOT:
        return EPOP_OK;
    case EPOPI_UNNAMED_IDENTIFY:
        entry->p_flags |= EPOPI_NAMELESS;
        return EPOP_OK;
    case EPOPI_UNNAMED_ASK:
        return epopi_sync_ask_known(s, number, epopi_span(EPOPI_LITERAL("")));
    case EPOPI_UNNAMED_LATER:
        epopi_sync_failed(s, entry, EPOP_ERR_SYNC_LATER, EPOP_CODE_NONE);
        return EPOP_OK;
    case EPOPI_UNNAMED_NEVER:
        epopi_sync_failed(s, entry, EPOP_ERR_SYNC_UNIQUE_ID, EPOP_CODE_NONE);
        return EPOP_OK;
    default:
        return EPOP_ERR_VALUE;
    }
}

/* Asks about messages without a unique-id, or says why it does not. */
static int32_t ask_all_unnamed(epop_sync *s)
{
    int32_t result = EPOP_OK;
    uint32_t i;

    for (i = 0; i < s->p_count && result == EPOP_OK; i++) {
        result = ask_unnamed(s, s->p_base + 1 + i, &s->p_table[i]);
    }
    return result;
}

/* One window cannot tell whether UIDL has rows at all. */
static uint32_t is_probe_due(const epop_sync *s)
{
    return (s->p_flags & EPOP_SYNC_IDENTIFY) && !s->p_has_unique_ids && !s->p_probed && s->p_base > 0;
}

/* Without a filter all that is wanted is chosen. */
static void choose_all(epop_sync *s)
{
    uint32_t i;

    for (i = 0; i < s->p_count && !(s->p_flags & EPOP_SYNC_FILTER); i++) {
        s->p_table[i].p_flags |= EPOPI_CHOSEN;
    }
}

static void decide_all_due(epop_sync *s)
{
    uint32_t i;

    for (i = s->p_count; i-- > 0;) {
        epopi_sync_decide_due(s, &s->p_table[i]);
    }
}

/* Where `max_messages` bounds how many pass the filter, and some of those do not come, more are let through: else a
 * message that never comes would stand before all others in every run. */
static void leave_filter(epop_sync *s)
{
    s->p_round_to = s->p_next;
    enter_phase(s, EPOPI_SYNC_FETCH);
    s->p_next = s->p_round_from;
}

static void leave_fetch(epop_sync *s)
{
    if (s->p_round_to < s->p_count && !s->p_stopped && s->p_fetched < s->p_max_messages) {
        s->p_round_from = s->p_round_to;
        s->p_chosen = 0;
        enter_phase(s, EPOPI_SYNC_FILTER);
        s->p_next = s->p_round_from;
        return;
    }
    decide_all_due(s);
    enter_phase(s, EPOPI_SYNC_DELETE);
}

static int32_t close_window(epop_sync *s)
{
    int32_t result = epopi_sync_report(s);

    if (result != EPOP_OK) {
        return result;
    }
    if (s->p_base > 0 && !s->p_stopped) {
        open_window(s, s->p_base);
    } else {
        enter_phase(s, s->p_malformed_rows > 0 && s->p_marked > 0 ? EPOPI_SYNC_RESET : EPOPI_SYNC_QUIT);
    }
    return EPOP_OK;
}

/* The run cannot go on, not even to QUIT. EPOP_AGAIN. */
static int32_t end_run(epop_sync *s, int32_t result)
{
    epopi_sync_fail(s, result);
    enter_phase(s, EPOPI_SYNC_OVER);
    return EPOP_AGAIN;
}

/* A phase is over: what stands between it and the next. EPOP_OK, EPOP_AGAIN, or the host's negative value. */
static int32_t leave_phase(epop_sync *s)
{
    uint32_t phase = s->p_phase;
    int32_t result = EPOP_OK;

    switch (phase) {
    case EPOPI_SYNC_LISTING:
        if (!s->p_listed) {
            epopi_sync_fail(s, EPOP_ERR_SYNC_LISTING);
        }
        phase = EPOPI_SYNC_PROBE;
        result = ask_all_unnamed(s);
        break;
    case EPOPI_SYNC_SINGLES:
        if (is_probe_due(s)) {
            break;
        }
        phase = EPOPI_SYNC_PROBE;
        result = ask_all_unnamed(s);
        break;
    case EPOPI_SYNC_PROBE:
        s->p_probed = 1;
        result = ask_all_unnamed(s);
        break;
    case EPOPI_SYNC_IDENTIFY:
        choose_all(s);
        break;
    case EPOPI_SYNC_FILTER:
        leave_filter(s);
        return EPOP_OK;
    case EPOPI_SYNC_FETCH:
        leave_fetch(s);
        return EPOP_OK;
    case EPOPI_SYNC_DELETE:
        return close_window(s);
    default:
        return end_run(s, EPOP_ERR_PHASE);
    }
    enter_phase(s, phase + 1);
    return result;
}

/* A command about all messages, the `step`th of its phase. EPOP_OK when it is answered. */
static int32_t ask_once(epop_sync *s, uint32_t step)
{
    int32_t result = s->p_next > step ? (int32_t)EPOP_OK : send_command(s, step, 0, NULL);

    if (result < 0) {
        return end_run(s, result);
    }
    return s->p_flight > 0 ? (int32_t)EPOP_AGAIN : result;
}

static int32_t end_of_stat(epop_sync *s)
{
    if (s->p_flight > 0) {
        return EPOP_AGAIN;
    }
    leave_stat(s);
    return EPOP_OK;
}

static int32_t count_all(epop_sync *s)
{
    int32_t result = ask_once(s, 0);

    if (result == EPOP_OK && !s->p_listed && s->p_stat != EPOPI_STAT_EMPTY) {
        result = ask_once(s, 1);
    }
    return result == EPOP_OK ? leave_count(s) : result;
}

/* Takes the marks of earlier windows back; where that fails, the session ends without QUIT, which does the same. */
static int32_t reset_marks(epop_sync *s)
{
    int32_t result = ask_once(s, 0);

    if (result != EPOP_OK) {
        return result;
    }
    if (s->p_marked > 0) {
        (void)end_run(s, EPOP_ERR_SYNC_REFUSED);
        (void)epop_client_abort(s->p_client, EPOP_ABORT_CLOSE);
        return EPOP_AGAIN;
    }
    enter_phase(s, EPOPI_SYNC_QUIT);
    return EPOP_OK;
}

/* QUIT is the last word, and goes out when all else is answered. EPOP_AGAIN. */
static int32_t send_quit(epop_sync *s)
{
    int32_t result = s->p_quit ? (int32_t)EPOP_ERR_QUEUE_FULL : epop_client_quit(s->p_client, SYNC_TOKEN(s));

    if (result == EPOP_OK) {
        s->p_quit = 1;
    } else if (result != EPOP_ERR_QUEUE_FULL && s->p_marked > 0) {
        (void)end_run(s, result);
    } else if (result != EPOP_ERR_QUEUE_FULL) {
        enter_phase(s, EPOPI_SYNC_OVER); /* nothing depends on it */
    }
    return EPOP_AGAIN;
}

/* In a phase with commands for messages: sends, and goes on to the next phase when all are answered and confirmed. */
static int32_t walk_messages(epop_sync *s)
{
    int32_t result = send_commands(s);

    if (result < 0) {
        return end_run(s, result);
    }
    if (s->p_flight > 0 || s->p_unconfirmed > 0 || (result == EPOP_AGAIN && !is_enough(s))) {
        return EPOP_AGAIN;
    }
    return leave_phase(s);
}

static int32_t probe_uidl(epop_sync *s)
{
    int32_t result = ask_once(s, 0);

    return result == EPOP_OK ? leave_phase(s) : result;
}

static int32_t walk_phase(epop_sync *s)
{
    switch (s->p_phase) {
    case EPOPI_SYNC_IDLE:
    case EPOPI_SYNC_OVER:
    case EPOPI_SYNC_CLOSED:
        return EPOP_AGAIN;
    case EPOPI_SYNC_STAT:
        return end_of_stat(s);
    case EPOPI_SYNC_COUNT:
        return count_all(s);
    case EPOPI_SYNC_PROBE:
        return probe_uidl(s);
    case EPOPI_SYNC_RESET:
        return reset_marks(s);
    case EPOPI_SYNC_QUIT:
        return send_quit(s);
    case EPOPI_SYNC_LISTING:
    case EPOPI_SYNC_SINGLES:
    case EPOPI_SYNC_IDENTIFY:
    case EPOPI_SYNC_FILTER:
    case EPOPI_SYNC_FETCH:
    case EPOPI_SYNC_DELETE:
        return walk_messages(s);
    default:
        return end_run(s, EPOP_ERR_PHASE);
    }
}

int32_t epopi_sync_walk(epop_sync *s)
{
    int32_t result = EPOP_OK;

    if (s->p_busy) {
        return EPOP_OK;
    }
    s->p_busy = 1;
    while (result == EPOP_OK) {
        result = walk_phase(s);
    }
    s->p_busy = 0;
    return result == EPOP_AGAIN ? EPOP_OK : result;
}

int32_t epopi_sync_walk_after_call(epop_sync *s)
{
    int32_t result = epop_client_is_in_callback(s->p_client) || s->p_question != 0 ? EPOP_OK : epopi_sync_walk(s);

    if (result < 0) {
        (void)epop_client_abort(s->p_client, EPOP_ABORT_CLOSE);
    }
    return result;
}
