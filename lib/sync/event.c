/* What the answers of the server mean for the messages, and the host's events that follow from them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync/run.h"

#include "wire/check.h"
#include "wire/octets.h"

/* Commands of a sync have this token; others are the host's own. */
static uint32_t is_ours(const epop_sync *s, uintptr_t token)
{
    return token == (uintptr_t)s;
}

/* Of a host's callback that has nothing to stop at. */
static int32_t without_pause(int32_t result)
{
    return result > 0 ? EPOP_OK : result;
}

/* The callback's own result where it stops something, else that of what came behind it. */
static int32_t first_of(int32_t result, int32_t later)
{
    return result < 0 || later == EPOP_OK ? result : later;
}

/* ---- Events for the host ---- */

int32_t epopi_sync_ask_known(epop_sync *s, uint32_t number, epop_span unique_id)
{
    epop_sync_entry *entry = epopi_sync_entry(s, number);
    epop_sync_listed_event event;
    int32_t result = EPOP_OK;

    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_SYNC_LISTED;
    event.number = number;
    event.reserved = 0;
    event.octets = entry->p_octets;
    event.unique_id = unique_id;
    entry->p_flags |= EPOPI_ASKED;
    s->p_question = EPOPI_ASK_KNOWN;
    s->p_number = number;
    if (s->p_callbacks->on_listed) {
        result = without_pause(s->p_callbacks->on_listed(s->p_user, &event));
    }
    if (s->p_question == EPOPI_ASK_KNOWN) {
        (void)epop_sync_known(s, EPOP_SYNC_SKIP, 0, 0);
    }
    return result;
}

int32_t epopi_sync_ask_table(epop_sync *s, uint64_t octets)
{
    epop_sync_maildrop_event event;
    int32_t result;

    if (!s->p_callbacks->on_maildrop) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_SYNC_MAILDROP;
    event.messages = s->p_messages;
    event.reserved = 0;
    event.octets = octets;
    s->p_question = EPOPI_ASK_TABLE;
    result = without_pause(s->p_callbacks->on_maildrop(s->p_user, &event));
    s->p_question = 0;
    return result;
}

/* Of STAT: what a line deviates in, the client tells. */
int32_t epopi_sync_tell_quirk(epop_sync *s, uint32_t quirk)
{
    epop_quirk_event event;

    if (!s->p_client_callbacks->on_quirk) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_QUIRK;
    event.token = (uintptr_t)s;
    event.command = EPOP_CMD_STAT;
    event.quirk = quirk;
    return without_pause(s->p_client_callbacks->on_quirk(s->p_client_user, &event));
}

static int32_t emit_header(epop_sync *s, uint32_t number, epop_span data, uint32_t last, uint32_t status)
{
    const epop_sync_entry *entry = epopi_sync_entry(s, number);
    epop_sync_header_event event;

    if (!s->p_callbacks->on_header) {
        return EPOP_OK;
    }
    event.struct_size = sizeof event;
    event.kind = EPOP_EVENT_SYNC_HEADER;
    event.number = number;
    event.purpose = s->p_phase == EPOPI_SYNC_IDENTIFY ? EPOP_SYNC_TO_IDENTIFY : EPOP_SYNC_TO_CHOOSE;
    event.octets = entry->p_octets;
    event.key = entry->p_key;
    event.offset = s->p_received;
    event.data = data;
    event.last = last;
    event.status = status;
    return s->p_callbacks->on_header(s->p_user, &event);
}

static int32_t emit_message(epop_sync *s, int32_t (*callback)(void *user, const epop_sync_message_event *event),
                            epop_sync_message_event *event)
{
    if (!callback) {
        return EPOP_OK;
    }
    event->struct_size = sizeof *event;
    event->key = epopi_sync_entry(s, event->number)->p_key;
    return callback(s->p_user, event);
}

int32_t epopi_sync_emit_end(epop_sync *s, uint32_t number, int32_t result)
{
    epop_sync_message_event event;

    event.kind = EPOP_EVENT_SYNC_END;
    event.number = number;
    event.result = result;
    event.octets = s->p_received;
    event.data = epopi_span((const uint8_t *)"", 0);
    s->p_under_way = 0;
    return emit_message(s, s->p_callbacks->on_end, &event);
}

/* ---- Rows ---- */

/* Out of step, or lying: nothing will be deleted on the strength of it. */
static void note_strange(epop_sync *s)
{
    s->p_strange += s->p_strange < UINT32_MAX;
}

/* A line that is no row. Where it is a status line, an answer too many has come before it, and messages would be taken
 * for others from here on: recorded under a wrong unique-id, the right one would never be fetched. */
static void take_unreadable(epop_sync *s, const epop_row_event *event)
{
    epop_reply reply;

    if (event->command == EPOP_CMD_STAT) {
        return; /* as one that was refused: LIST is asked, whose rows show whether the server is in step */
    }
    reply.struct_size = sizeof reply;
    note_strange(s);
    if (epop_reply_parse(&reply, event->line.ptr, event->line.len) == EPOP_OK) {
        epopi_sync_fail(s, EPOP_ERR_SYNC_LISTING);
        (void)epop_client_abort(s->p_client, EPOP_ABORT_CLOSE);
    }
}

static int32_t take_stat(epop_sync *s, const epop_listing *listing)
{
    uint32_t is_whole = !(listing->quirks & EPOP_QUIRK_STAT_OCTETS);

    s->p_messages = listing->number;
    if (listing->number == 0) {
        s->p_stat = EPOPI_STAT_EMPTY;
        return EPOP_OK;
    }
    s->p_stat = is_whole ? EPOPI_STAT_WHOLE : EPOPI_STAT_COUNT;
    return epopi_sync_ask_table(s, is_whole ? listing->octets : EPOP_SYNC_SIZE_UNKNOWN);
}

/* A row of which only the number counts. There is no memory yet to find one that comes twice, so that order must do. */
static void count_row(epop_sync *s, const epop_listing *listing)
{
    uint64_t room = UINT64_MAX - s->p_received;

    if (listing->number <= s->p_messages) {
        note_strange(s);
        return;
    }
    s->p_messages = listing->number;
    s->p_received += listing->octets < room ? listing->octets : room;
}

/* The message that a row is about; NULL where there is no room for it, or it is not the one that was asked for. */
static epop_sync_entry *entry_of_row(epop_sync *s, const epop_row_event *event)
{
    uint32_t number = event->listing->number;

    if (s->p_phase == EPOPI_SYNC_LISTING && number > s->p_count && number <= s->p_table_count) {
        epopi_sync_widen(s, number); /* STAT has not told of it */
    }
    return s->p_single == 0 || s->p_single == number ? epopi_sync_entry(s, number) : NULL;
}

static void take_list(epop_sync *s, const epop_row_event *event)
{
    epop_sync_entry *entry;

    if (s->p_phase == EPOPI_SYNC_COUNT) {
        count_row(s, event->listing);
        return;
    }
    entry = entry_of_row(s, event);
    if (!entry || (entry->p_flags & EPOPI_SIZED)) {
        note_strange(s);
        return;
    }
    entry->p_flags |= EPOPI_PRESENT | EPOPI_SIZED;
    entry->p_octets = event->listing->octets;
}

/* A unique-id that is there and whole: one that was cut can not be told from others with the same head. */
static uint32_t has_unique_id(const epop_row_event *event)
{
    return event->listing->unique_id.len > 0 && event->line_length <= event->line.len;
}

static int32_t take_uidl(epop_sync *s, const epop_row_event *event)
{
    epop_sync_entry *entry = entry_of_row(s, event);

    if (!entry || (entry->p_flags & (EPOPI_ASKED | EPOPI_NAMELESS))) {
        note_strange(s);
        return EPOP_OK;
    }
    entry->p_flags |= EPOPI_PRESENT;
    if (!has_unique_id(event)) {
        entry->p_flags |= EPOPI_NAMELESS;
        return EPOP_OK;
    }
    s->p_has_unique_ids = 1;
    return epopi_sync_ask_known(s, event->listing->number, event->listing->unique_id);
}

/* UIDL of all messages, where it is not asked what they are. */
static int32_t hear_uidl(epop_sync *s, const epop_row_event *event)
{
    if (s->p_phase == EPOPI_SYNC_COUNT) {
        count_row(s, event->listing);
        s->p_received = EPOP_SYNC_SIZE_UNKNOWN;
        return EPOP_OK;
    }
    if (s->p_phase == EPOPI_SYNC_PROBE) {
        s->p_has_unique_ids |= (uint8_t)has_unique_id(event);
        return EPOP_OK;
    }
    return take_uidl(s, event);
}

static int32_t on_row(void *user, const epop_row_event *event)
{
    epop_sync *s = (epop_sync *)user;

    if (!is_ours(s, event->token)) {
        return s->p_client_callbacks->on_row ? s->p_client_callbacks->on_row(s->p_client_user, event) : EPOP_OK;
    }
    switch (event->row) {
    case EPOP_ROW_STAT:
        return take_stat(s, event->listing);
    case EPOP_ROW_LIST:
        take_list(s, event);
        return EPOP_OK;
    case EPOP_ROW_UIDL:
        return hear_uidl(s, event);
    case EPOP_ROW_UNREADABLE:
        take_unreadable(s, event);
        return EPOP_OK;
    default:
        return EPOP_OK;
    }
}

/* ---- Message and header ---- */

/* Whether a command is for a whole message: RETR, or TOP in the phase in which messages are fetched. */
static uint32_t is_fetch(const epop_sync *s, uint32_t command)
{
    return command == EPOP_CMD_RETR || (command == EPOP_CMD_TOP && s->p_phase == EPOPI_SYNC_FETCH);
}

static int32_t on_reply(void *user, const epop_reply_event *event)
{
    epop_sync *s = (epop_sync *)user;
    epop_sync_message_event message;

    if (!is_ours(s, event->token)) {
        return s->p_client_callbacks->on_reply ? s->p_client_callbacks->on_reply(s->p_client_user, event) : EPOP_OK;
    }
    s->p_received = 0;
    s->p_single = event->number;
    if (!is_fetch(s, event->command) || event->reply->status != EPOP_STATUS_OK || s->p_stopped) {
        return EPOP_OK;
    }
    message.kind = EPOP_EVENT_SYNC_BEGIN;
    message.number = event->number;
    message.result = EPOP_OK;
    message.octets = epopi_sync_entry(s, event->number)->p_octets;
    message.data = epopi_span((const uint8_t *)"", 0);
    s->p_under_way = 1;
    return emit_message(s, s->p_callbacks->on_begin, &message);
}

/* Of a header no more is shown than the host can bear; the rest of it is received and dropped. */
static int32_t take_header(epop_sync *s, const epop_body_event *event)
{
    uint64_t room = s->p_max_header - s->p_received;
    epop_span data = event->data;
    int32_t result = EPOP_OK;

    if (data.len > room) {
        data.len = (size_t)room;
    }
    if (data.len > 0) {
        result = emit_header(s, event->number, data, 0, EPOP_STATUS_OK);
    }
    s->p_received += data.len;
    if (s->p_received == s->p_max_header) {
        (void)epop_client_abort(s->p_client, EPOP_ABORT_DRAIN);
    }
    return result;
}

/* Of a message that is too long the host gets as much as it allows, however it was cut. */
static int32_t take_body(epop_sync *s, const epop_body_event *event)
{
    uint64_t room = s->p_max_octets > 0 ? s->p_max_octets - s->p_received : UINT64_MAX;
    epop_sync_message_event message;

    message.kind = EPOP_EVENT_SYNC_BODY;
    message.number = event->number;
    message.result = EPOP_OK;
    message.octets = s->p_received;
    message.data = event->data;
    if (event->data.len > room) {
        message.data.len = (size_t)room;
        epopi_sync_failed(s, epopi_sync_entry(s, event->number), EPOP_ERR_LIMIT_BODY, EPOP_CODE_NONE);
        (void)epop_client_abort(s->p_client, EPOP_ABORT_DRAIN);
    }
    s->p_received += message.data.len;
    return message.data.len > 0 ? emit_message(s, s->p_callbacks->on_body, &message) : EPOP_OK;
}

static int32_t on_body(void *user, const epop_body_event *event)
{
    epop_sync *s = (epop_sync *)user;

    if (!is_ours(s, event->token)) {
        return s->p_client_callbacks->on_body ? s->p_client_callbacks->on_body(s->p_client_user, event) : EPOP_OK;
    }
    if (s->p_stopped) {
        return EPOP_OK;
    }
    return is_fetch(s, event->command) ? take_body(s, event) : take_header(s, event);
}

/* ---- Ends ---- */

void epopi_sync_failed(epop_sync *s, epop_sync_entry *entry, int32_t result, uint32_t code)
{
    if (!(entry->p_flags & EPOPI_FAILED)) {
        entry->p_flags |= EPOPI_FAILED;
        entry->p_result = result;
        entry->p_code = (uint8_t)code;
        s->p_failed++;
    }
}

/* Why a command has not done what it should; EPOP_OK where it has. */
static int32_t reason(const epop_end_event *event)
{
    if (event->result != EPOP_OK) {
        return event->result;
    }
    return event->status == EPOP_STATUS_OK ? EPOP_OK : EPOP_ERR_SYNC_REFUSED;
}

static int32_t end_identify(epop_sync *s, const epop_end_event *event, epop_sync_entry *entry)
{
    int32_t result = reason(event);

    if (result != EPOP_OK && result != EPOP_ERR_ABORTED) {
        epopi_sync_failed(s, entry, EPOP_ERR_SYNC_UNIQUE_ID, event->code);
        return EPOP_OK;
    }
    entry->p_flags |= EPOPI_ASKED;
    s->p_question = EPOPI_ASK_KNOWN;
    s->p_number = event->number;
    result = emit_header(s, event->number, epopi_span((const uint8_t *)"", 0), 1, EPOP_STATUS_OK);
    if (s->p_question == EPOPI_ASK_KNOWN) {
        (void)epop_sync_known(s, EPOP_SYNC_SKIP, 0, 0);
    }
    return result;
}

static int32_t end_filter(epop_sync *s, const epop_end_event *event)
{
    int32_t result = reason(event);

    s->p_question = EPOPI_ASK_CHOICE;
    s->p_number = event->number;
    result = emit_header(s, event->number, epopi_span((const uint8_t *)"", 0), 1,
                         result == EPOP_OK || result == EPOP_ERR_ABORTED ? EPOP_STATUS_OK : EPOP_STATUS_ERR);
    if (s->p_question == EPOPI_ASK_CHOICE) {
        (void)epop_sync_choose(s, EPOP_SYNC_FETCH);
    }
    return result;
}

static int32_t end_top(epop_sync *s, const epop_end_event *event, epop_sync_entry *entry)
{
    if (s->p_stopped) {
        return EPOP_OK;
    }
    return s->p_phase == EPOPI_SYNC_IDENTIFY ? end_identify(s, event, entry) : end_filter(s, event);
}

static int32_t end_retr(epop_sync *s, const epop_end_event *event, epop_sync_entry *entry)
{
    int32_t result = reason(event);

    s->p_flight_octets -= entry->p_flags & EPOPI_SIZED ? entry->p_octets : 0;
    if (result == EPOP_OK && (s->p_stopped || !s->p_callbacks->on_end)) {
        result = s->p_stopped ? EPOP_ERR_ABORTED : EPOP_ERR_DECLINED;
    }
    if (result != EPOP_OK) {
        epopi_sync_failed(s, entry, result, event->code); /* where it was too long, that stands there already */
        return s->p_under_way ? epopi_sync_emit_end(s, event->number, entry->p_result) : EPOP_OK;
    }
    entry->p_flags |= EPOPI_WHOLE;
    s->p_unconfirmed++;
    return epopi_sync_emit_end(s, event->number, EPOP_OK);
}

static void end_dele(epop_sync *s, const epop_end_event *event, epop_sync_entry *entry)
{
    int32_t result = reason(event);

    if (result == EPOP_OK) {
        entry->p_flags |= EPOPI_MARKED;
        s->p_marked++;
    } else {
        epopi_sync_failed(s, entry, result, event->code);
    }
}

static void end_quit(epop_sync *s, const epop_end_event *event)
{
    int32_t result = reason(event);

    if (s->p_phase < EPOPI_SYNC_QUIT) {
        epopi_sync_fail(s, EPOP_ERR_PHASE);
    }
    s->p_phase = EPOPI_SYNC_OVER;
    if (result == EPOP_OK) {
        s->p_deletions = EPOP_SYNC_DELETED;
    } else if (result == EPOP_ERR_SYNC_REFUSED) {
        s->p_deletions = EPOP_SYNC_DELETED_IN_PART;
    }
}

/* Where STAT was not sent, nobody is logged in. */
static int32_t end_stat(epop_sync *s, const epop_end_event *event)
{
    if (event->result == EPOP_ERR_UNSENT) {
        s->p_phase = EPOPI_SYNC_IDLE;
        return EPOP_OK;
    }
    return s->p_stat == EPOPI_STAT_NONE ? epopi_sync_tell_quirk(s, EPOP_QUIRK_STAT_COUNT) : EPOP_OK;
}

/* The listings as a whole: of LIST and UIDL one must do. */
static void end_listing(epop_sync *s, const epop_end_event *event)
{
    if (reason(event) == EPOP_OK) {
        s->p_listed = 1;
    }
}

static int32_t end_command(epop_sync *s, const epop_end_event *event)
{
    epop_sync_entry *entry = event->number > 0 ? epopi_sync_entry(s, event->number) : NULL;

    switch (event->command) {
    case EPOP_CMD_TOP:
    case EPOP_CMD_RETR:
        return is_fetch(s, event->command) ? end_retr(s, event, entry) : end_top(s, event, entry);
    case EPOP_CMD_DELE:
        end_dele(s, event, entry);
        return EPOP_OK;
    case EPOP_CMD_RSET:
        s->p_marked = reason(event) == EPOP_OK ? 0 : s->p_marked;
        return EPOP_OK;
    case EPOP_CMD_STAT:
        return end_stat(s, event);
    case EPOP_CMD_LIST:
    case EPOP_CMD_UIDL:
        end_listing(s, event);
        return EPOP_OK;
    case EPOP_CMD_QUIT: /* see on_end */
        return EPOP_OK;
    default:
        return EPOP_OK;
    }
}

static int32_t on_end(void *user, const epop_end_event *event)
{
    epop_sync *s = (epop_sync *)user;
    int32_t result = EPOP_OK;

    if (is_ours(s, event->token)) {
        if (s->p_flight > 0) {
            s->p_flight--;
        }
        result = end_command(s, event);
    } else if (s->p_client_callbacks->on_end) {
        result = s->p_client_callbacks->on_end(s->p_client_user, event);
    }
    if (event->command == EPOP_CMD_QUIT && s->p_phase != EPOPI_SYNC_IDLE) { /* the host's own deletes as well */
        end_quit(s, event);
    }
    return result < 0 ? result : first_of(result, epopi_sync_walk(s));
}

/* ---- What is not the sync's ---- */

static int32_t on_greeting(void *user, const epop_greeting_event *event)
{
    const epop_sync *s = (const epop_sync *)user;

    return s->p_client_callbacks->on_greeting ? s->p_client_callbacks->on_greeting(s->p_client_user, event) : EPOP_OK;
}

static int32_t on_ask(void *user, const epop_ask_event *event)
{
    const epop_sync *s = (const epop_sync *)user;

    if (s->p_client_callbacks->on_ask) {
        return s->p_client_callbacks->on_ask(s->p_client_user, event);
    }
    (void)epop_client_decline(s->p_client);
    return EPOP_OK;
}

static int32_t on_quirk(void *user, const epop_quirk_event *event)
{
    const epop_sync *s = (const epop_sync *)user;

    return s->p_client_callbacks->on_quirk ? s->p_client_callbacks->on_quirk(s->p_client_user, event) : EPOP_OK;
}

static int32_t on_trace(void *user, const epop_trace_event *event)
{
    const epop_sync *s = (const epop_sync *)user;

    return s->p_client_callbacks->on_trace ? s->p_client_callbacks->on_trace(s->p_client_user, event) : EPOP_OK;
}

int32_t epop_sync_client_callbacks(epop_client_callbacks *callbacks)
{
    int32_t result = epopi_check_struct(callbacks, sizeof *callbacks);

    if (result != EPOP_OK) {
        return result;
    }
    callbacks->reserved = 0;
    callbacks->on_greeting = on_greeting;
    callbacks->on_reply = on_reply;
    callbacks->on_row = on_row;
    callbacks->on_body = on_body;
    callbacks->on_end = on_end;
    callbacks->on_ask = on_ask;
    callbacks->on_quirk = on_quirk;
    callbacks->on_trace = on_trace;
    return EPOP_OK;
}
