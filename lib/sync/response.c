/* What the server's answers mean for the messages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync/run.h"

#include "wire/octets.h"

/* ---- Rows ---- */

/* Out of step, or lying: nothing will be deleted on the strength of it. */
static void count_malformed_row(epop_sync *s)
{
    s->p_malformed_rows += s->p_malformed_rows < UINT32_MAX;
}

/* A line that is no row. Where it is a status line, an answer too many has come before it, and messages would be taken
 * for others from here on: recorded under a wrong unique-id, the right one would never be fetched. */
static void take_unreadable_row(epop_sync *s, const epop_row_event *event)
{
    epop_reply reply;

    if (event->command == EPOP_CMD_STAT) {
        return; /* as one that was refused: LIST is asked, whose rows show whether the server is in step */
    }
    reply.struct_size = sizeof reply;
    count_malformed_row(s);
    if (epop_reply_parse(&reply, event->line.ptr, event->line.len) == EPOP_OK) {
        epopi_sync_fail(s, EPOP_ERR_SYNC_LISTING);
        (void)epop_client_abort(s->p_client, EPOP_ABORT_CLOSE);
    }
}

static int32_t take_stat_row(epop_sync *s, const epop_listing *listing)
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
static void count_row_only(epop_sync *s, const epop_listing *listing)
{
    uint64_t room = UINT64_MAX - s->p_received;

    if (listing->number <= s->p_messages) {
        count_malformed_row(s);
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

static void take_list_row(epop_sync *s, const epop_row_event *event)
{
    epop_sync_entry *entry;

    if (s->p_phase == EPOPI_SYNC_COUNT) {
        count_row_only(s, event->listing);
        return;
    }
    entry = entry_of_row(s, event);
    if (!entry || (entry->p_flags & EPOPI_SIZED)) {
        count_malformed_row(s);
        return;
    }
    entry->p_flags |= EPOPI_PRESENT | EPOPI_SIZED;
    entry->p_octets = event->listing->octets;
}

/* A unique-id that is there and complete: a truncated one cannot be told from others with the same beginning. */
static uint32_t has_unique_id(const epop_row_event *event)
{
    return event->listing->unique_id.len > 0 && event->line_length <= event->line.len;
}

static int32_t take_uidl_row(epop_sync *s, const epop_row_event *event)
{
    epop_sync_entry *entry = entry_of_row(s, event);

    if (!entry || (entry->p_flags & (EPOPI_ASKED | EPOPI_NAMELESS))) {
        count_malformed_row(s);
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
static int32_t take_any_uidl_row(epop_sync *s, const epop_row_event *event)
{
    if (s->p_phase == EPOPI_SYNC_COUNT) {
        count_row_only(s, event->listing);
        s->p_received = EPOP_SYNC_SIZE_UNKNOWN;
        return EPOP_OK;
    }
    if (s->p_phase == EPOPI_SYNC_PROBE) {
        s->p_has_unique_ids |= (uint8_t)has_unique_id(event);
        return EPOP_OK;
    }
    return take_uidl_row(s, event);
}

int32_t epopi_sync_take_row(epop_sync *s, const epop_row_event *event)
{
    switch (event->row) {
    case EPOP_ROW_STAT:
        return take_stat_row(s, event->listing);
    case EPOP_ROW_LIST:
        take_list_row(s, event);
        return EPOP_OK;
    case EPOP_ROW_UIDL:
        return take_any_uidl_row(s, event);
    case EPOP_ROW_UNREADABLE:
        take_unreadable_row(s, event);
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

int32_t epopi_sync_take_reply(epop_sync *s, const epop_reply_event *event)
{
    epop_sync_message_event message;

    s->p_received = 0;
    s->p_single = event->number;
    if (!is_fetch(s, event->command) || event->reply->status != EPOP_STATUS_OK || s->p_stopped) {
        return EPOP_OK;
    }
    message.kind = EPOP_EVENT_SYNC_BEGIN;
    message.number = event->number;
    message.result = EPOP_OK;
    message.octets = epopi_sync_entry(s, event->number)->p_octets;
    message.data = epopi_span(EPOPI_LITERAL(""));
    s->p_under_way = 1;
    return epopi_sync_emit_message(s, s->p_callbacks->on_begin, &message);
}

/* Of a header no more is shown than the host can bear; the rest of it is received and dropped. */
static int32_t take_header_body(epop_sync *s, const epop_body_event *event)
{
    uint64_t room = s->p_max_header - s->p_received;
    epop_span data = event->data;
    int32_t result = EPOP_OK;

    if (data.len > room) {
        data.len = (size_t)room;
    }
    if (data.len > 0) {
        result = epopi_sync_emit_header(s, event->number, data, 0, EPOP_STATUS_OK);
    }
    s->p_received += data.len;
    if (s->p_received == s->p_max_header) {
        (void)epop_client_abort(s->p_client, EPOP_ABORT_DRAIN);
    }
    return result;
}

/* Of a message that is too long the host gets as much as it allows, however it was cut. */
static int32_t take_message_body(epop_sync *s, const epop_body_event *event)
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
    return message.data.len > 0 ? epopi_sync_emit_message(s, s->p_callbacks->on_body, &message) : EPOP_OK;
}

int32_t epopi_sync_take_body(epop_sync *s, const epop_body_event *event)
{
    if (s->p_stopped) {
        return EPOP_OK;
    }
    return is_fetch(s, event->command) ? take_message_body(s, event) : take_header_body(s, event);
}

/* ---- Ends ---- */

/* Why a command has not done what it should; EPOP_OK where it has. */
static int32_t failure_of(const epop_end_event *event)
{
    if (event->result != EPOP_OK) {
        return event->result;
    }
    return event->status == EPOP_STATUS_OK ? EPOP_OK : EPOP_ERR_SYNC_REFUSED;
}

static int32_t end_identify(epop_sync *s, const epop_end_event *event, epop_sync_entry *entry)
{
    int32_t result = failure_of(event);

    if (result != EPOP_OK && result != EPOP_ERR_ABORTED) {
        epopi_sync_failed(s, entry, EPOP_ERR_SYNC_UNIQUE_ID, event->code);
        return EPOP_OK;
    }
    entry->p_flags |= EPOPI_ASKED;
    return epopi_sync_ask_header(s, EPOPI_ASK_KNOWN, event->number, EPOP_STATUS_OK);
}

static int32_t end_filter(epop_sync *s, const epop_end_event *event)
{
    int32_t result = failure_of(event);

    return epopi_sync_ask_header(s, EPOPI_ASK_CHOICE, event->number,
                                 result == EPOP_OK || result == EPOP_ERR_ABORTED ? EPOP_STATUS_OK : EPOP_STATUS_ERR);
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
    int32_t result = failure_of(event);

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
    int32_t result = failure_of(event);

    if (result == EPOP_OK) {
        entry->p_flags |= EPOPI_MARKED;
        s->p_marked++;
    } else {
        epopi_sync_failed(s, entry, result, event->code);
    }
}

void epopi_sync_end_quit(epop_sync *s, const epop_end_event *event)
{
    int32_t result = failure_of(event);

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
    if (failure_of(event) == EPOP_OK) {
        s->p_listed = 1;
    }
}

int32_t epopi_sync_end_command(epop_sync *s, const epop_end_event *event)
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
        s->p_marked = failure_of(event) == EPOP_OK ? 0 : s->p_marked;
        return EPOP_OK;
    case EPOP_CMD_STAT:
        return end_stat(s, event);
    case EPOP_CMD_LIST:
    case EPOP_CMD_UIDL:
        end_listing(s, event);
        return EPOP_OK;
    case EPOP_CMD_QUIT: /* epopi_sync_end_quit, as the host may have queued it, too */
        return EPOP_OK;
    default:
        return EPOP_OK;
    }
}
