/* The client's events: those of the sync's commands become marks, others go to the host.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "sync/run.h"

#include "wire/check.h"

/* Commands of a sync have this token; others are the host's own. */
static uint32_t is_ours(const epop_sync *s, uintptr_t token)
{
    return token == (uintptr_t)s;
}

/* The callback's own result where it stops something, else that of what came behind it. */
static int32_t first_of(int32_t result, int32_t later)
{
    return result < 0 || later == EPOP_OK ? result : later;
}

static int32_t on_sync_reply(void *user, const epop_reply_event *event)
{
    epop_sync *s = (epop_sync *)user;

    if (is_ours(s, event->token)) {
        return epopi_sync_take_reply(s, event);
    }
    return s->p_client_callbacks->on_reply ? s->p_client_callbacks->on_reply(s->p_client_user, event) : EPOP_OK;
}

static int32_t on_sync_row(void *user, const epop_row_event *event)
{
    epop_sync *s = (epop_sync *)user;

    if (is_ours(s, event->token)) {
        return epopi_sync_take_row(s, event);
    }
    return s->p_client_callbacks->on_row ? s->p_client_callbacks->on_row(s->p_client_user, event) : EPOP_OK;
}

static int32_t on_sync_body(void *user, const epop_body_event *event)
{
    epop_sync *s = (epop_sync *)user;

    if (is_ours(s, event->token)) {
        return epopi_sync_take_body(s, event);
    }
    return s->p_client_callbacks->on_body ? s->p_client_callbacks->on_body(s->p_client_user, event) : EPOP_OK;
}

static int32_t on_sync_end(void *user, const epop_end_event *event)
{
    epop_sync *s = (epop_sync *)user;
    int32_t result = EPOP_OK;

    if (is_ours(s, event->token)) {
        if (s->p_flight > 0) {
            s->p_flight--;
        }
        result = epopi_sync_end_command(s, event);
    } else if (s->p_client_callbacks->on_end) {
        result = s->p_client_callbacks->on_end(s->p_client_user, event);
    }
    if (event->command == EPOP_CMD_QUIT && s->p_phase != EPOPI_SYNC_IDLE) { /* the host's own deletes as well */
        epopi_sync_end_quit(s, event);
    }
    return result < 0 ? result : first_of(result, epopi_sync_walk(s));
}

static int32_t on_sync_greeting(void *user, const epop_greeting_event *event)
{
    const epop_sync *s = (const epop_sync *)user;

    return s->p_client_callbacks->on_greeting ? s->p_client_callbacks->on_greeting(s->p_client_user, event) : EPOP_OK;
}

static int32_t on_sync_ask(void *user, const epop_ask_event *event)
{
    const epop_sync *s = (const epop_sync *)user;

    if (s->p_client_callbacks->on_ask) {
        return s->p_client_callbacks->on_ask(s->p_client_user, event);
    }
    (void)epop_client_decline(s->p_client);
    return EPOP_OK;
}

static int32_t on_sync_quirk(void *user, const epop_quirk_event *event)
{
    const epop_sync *s = (const epop_sync *)user;

    return s->p_client_callbacks->on_quirk ? s->p_client_callbacks->on_quirk(s->p_client_user, event) : EPOP_OK;
}

static int32_t on_sync_trace(void *user, const epop_trace_event *event)
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
    callbacks->on_greeting = on_sync_greeting;
    callbacks->on_reply = on_sync_reply;
    callbacks->on_row = on_sync_row;
    callbacks->on_body = on_sync_body;
    callbacks->on_end = on_sync_end;
    callbacks->on_ask = on_sync_ask;
    callbacks->on_quirk = on_sync_quirk;
    callbacks->on_trace = on_sync_trace;
    return EPOP_OK;
}
