/* The log of a run: one line an event, adjacent slices of a body joined.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------------------
 * Names
 */

static const struct {
    uint32_t code;
    const char *name;
} codes[] = {{EPOP_CODE_NONE, "NONE"},         {EPOP_CODE_OTHER, "OTHER"}, {EPOP_CODE_LOGIN_DELAY, "LOGIN-DELAY"},
             {EPOP_CODE_IN_USE, "IN-USE"},     {EPOP_CODE_SYS, "SYS"},     {EPOP_CODE_SYS_TEMP, "SYS/TEMP"},
             {EPOP_CODE_SYS_PERM, "SYS/PERM"}, {EPOP_CODE_AUTH, "AUTH"},   {EPOP_CODE_UTF8, "UTF8"}};

const char *code_label(uint32_t code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i].code == code) {
            return codes[i].name;
        }
    }
    return "?";
}

uint32_t code_from(const struct octets *word)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (strlen(codes[i].name) == word->len && memcmp(codes[i].name, word->ptr, word->len) == 0) {
            return codes[i].code;
        }
    }
    return UINT32_MAX;
}

const char *verb_name(uint32_t command)
{
    const char *name = epop_command_name(command);

    return *name ? name : command == EPOP_CMD_UNKNOWN ? "UNKNOWN" : "?";
}

const char *status_name(uint32_t status)
{
    return status == EPOP_STATUS_OK ? "+OK" : status == EPOP_STATUS_ERR ? "-ERR" : status == 0 ? "none" : "?";
}

const char *retry_name(uint32_t retry)
{
    static const char *const names[] = {"UNKNOWN", "NOW", "LATER", "NEVER"};

    return retry < sizeof names / sizeof *names ? names[retry] : "?";
}

const char *phase_name(uint32_t phase)
{
    static const char *const names[] = {"?", "GREETING", "AUTHORIZATION", "TRANSACTION", "UPDATE", "ENDED"};

    return phase < sizeof names / sizeof *names ? names[phase] : "?";
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Lines
 */

void log_close_body(struct run *r)
{
    if (r->body_open) {
        text_add(&r->events, "\"\n", 2);
        r->body_open = false;
    }
}

void log_line(struct run *r, const char *format, ...)
{
    char buffer[512];
    va_list list;

    log_close_body(r);
    va_start(list, format);
    vsnprintf(buffer, sizeof buffer, format, list);
    va_end(list);
    text_add(&r->events, buffer, strlen(buffer));
}

void log_span(struct run *r, const char *key, epop_span span)
{
    text_printf(&r->events, " %s=\"", key);
    text_escaped(&r->events, span.ptr, span.len);
    text_add(&r->events, "\"", 1);
}

void log_end(struct run *r)
{
    text_add(&r->events, "\n", 1);
}

void log_body(struct run *r, uintptr_t token, uint32_t number, uint64_t offset, epop_span data)
{
    if (!data.len) {
        run_fail(r, "a body event without octets");
    }
    if (!r->body_open || r->body_token != token) {
        log_line(r, "body token=%lu", (unsigned long)token);
        if (number) {
            text_printf(&r->events, " number=%lu", (unsigned long)number);
        }
        if (offset) {
            text_printf(&r->events, " offset=%llu", (unsigned long long)offset);
        }
        text_add(&r->events, " \"", 2);
        r->body_open = true;
        r->body_token = token;
    } else if (offset != r->body_offset) {
        run_fail(r, "a body event has offset %llu instead of %llu", (unsigned long long)offset,
                 (unsigned long long)r->body_offset);
    }
    text_escaped(&r->events, data.ptr, data.len);
    r->body_offset = offset + data.len;
}

/* Status, text, and the response code if there is one. */
void log_reply(struct run *r, const epop_reply *reply)
{
    text_printf(&r->events, " status=%s", status_name(reply->status));
    log_span(r, "text", reply->text);
    if (reply->code == EPOP_CODE_NONE) {
        if (reply->detail.ptr != reply->text.ptr || reply->detail.len != reply->text.len || reply->code_name.len ||
            reply->retry != EPOP_RETRY_UNKNOWN) {
            run_fail(r, "a reply without response code has a detail, name or retry of its own");
        }
        return;
    }
    text_printf(&r->events, " code=%s", code_label(reply->code));
    log_span(r, "name", reply->code_name);
    text_printf(&r->events, " retry=%s", retry_name(reply->retry));
    log_span(r, "detail", reply->detail);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The trace
 */

void log_trace(struct run *r, const epop_trace_event *event)
{
    const struct config *c = &r->trace->config;
    bool from_client = (c->role == ROLE_CLIENT) == (event->sent != 0);
    struct text line = {NULL, 0, 0};

    if (check_leak(c, event->line.ptr, event->line.len)) {
        run_fail(r, "a trace event has a secret in it");
    }
    text_add(&line, from_client ? "C: " : "S: ", 3);
    text_escaped(&line, event->line.ptr, event->line.len);
    if (event->redacted) {
        text_add(&line, " [redacted]", 11);
    }
    text_add(&line, "\n", 1);
    text_add(&r->wiretrace, line.ptr, line.len);
    text_add(event->sent ? &r->traced_out : &r->traced_in, line.ptr, line.len);
    text_free(&line);
}
