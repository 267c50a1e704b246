/* The host's events, one callback each.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync/run.h"

#include "wire/octets.h"

/* Of a host's callback that has nothing to stop at. */
static int32_t without_pause(int32_t result)
{
    return result > 0 ? EPOP_OK : result;
}

/* A question is open only about a message of the window. */
static epop_sync_entry *asked_about(const epop_sync *s)
{
    return &s->p_table[s->p_number - s->p_base - 1];
}

void epopi_sync_answer_known(epop_sync *s, uint32_t verdict, uint64_t first_seen, uint64_t key)
{
    epop_sync_entry *entry = asked_about(s);

    s->p_question = 0;
    entry->p_key = key;
    epopi_sync_decide_known(s, entry, verdict, first_seen);
}

void epopi_sync_answer_choice(epop_sync *s, uint32_t choice)
{
    s->p_question = 0;
    epopi_sync_decide_choice(s, asked_about(s), choice);
}

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
        epopi_sync_answer_known(s, EPOP_SYNC_SKIP, 0, 0);
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

int32_t epopi_sync_emit_header(epop_sync *s, uint32_t number, epop_span data, uint32_t last, uint32_t status)
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

/* The last event of a header is a question; one that is not answered is answered for the host. */
int32_t epopi_sync_ask_header(epop_sync *s, uint32_t question, uint32_t number, uint32_t status)
{
    int32_t result;

    s->p_question = (uint8_t)question;
    s->p_number = number;
    result = epopi_sync_emit_header(s, number, epopi_span(EPOPI_LITERAL("")), 1, status);
    if (s->p_question == EPOPI_ASK_KNOWN) {
        epopi_sync_answer_known(s, EPOP_SYNC_SKIP, 0, 0);
    } else if (s->p_question == EPOPI_ASK_CHOICE) {
        epopi_sync_answer_choice(s, EPOP_SYNC_FETCH);
    }
    return result;
}

int32_t epopi_sync_emit_message(epop_sync *s, int32_t (*callback)(void *user, const epop_sync_message_event *event),
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
    event.data = epopi_span(EPOPI_LITERAL(""));
    s->p_under_way = 0;
    return epopi_sync_emit_message(s, s->p_callbacks->on_end, &event);
}

int32_t epopi_sync_report(epop_sync *s)
{
    int32_t result;
    uint32_t i;

    for (i = 0; i < s->p_count && s->p_callbacks->on_report; i++) {
        epop_sync_entry *entry = &s->p_table[i];
        epop_sync_report_event event;

        if (!(entry->p_flags & EPOPI_PRESENT)) {
            continue;
        }
        entry->p_flags &= (uint16_t)~EPOPI_PRESENT;
        event.struct_size = sizeof event;
        event.kind = EPOP_EVENT_SYNC_REPORT;
        event.number = s->p_base + 1 + i;
        event.outcome = epopi_sync_outcome(entry);
        event.result = entry->p_result;
        event.code = entry->p_code;
        event.octets = entry->p_octets;
        event.key = entry->p_key;
        result = s->p_callbacks->on_report(s->p_user, &event);
        if (result < 0) {
            return result;
        }
    }
    s->p_count = 0;
    return EPOP_OK;
}
