/* The mail and the mind of the host of a server session: what it answers, and how it pushes messages.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "maildrop.h"

#include <string.h>

/* ---------------------------------------------------------------------------------------------------------------------
 * Answers
 */

uint64_t maildrop_size(const struct message *m)
{
    epop_size size;

    if (m->size) {
        return m->size;
    }
    (void)epop_size_init(&size);
    (void)epop_size_add(&size, m->text.ptr, m->text.len);
    (void)epop_size_end(&size);
    return size.octets;
}

static uint32_t drop_value(const struct words *act, const char *key)
{
    struct octets value;
    uint64_t number;

    if (!word_value(act, key, &value)) {
        return EPOP_UNSET;
    }
    return word_number(&value, &number) ? (uint32_t)number : EPOP_EXPIRE_NEVER;
}

/* opened [map=N] [expire=N|never] [login-delay=N] */
static int32_t do_opened(struct run *r, const struct words *act)
{
    const struct config *c = &r->trace->config;
    uint32_t map = drop_value(act, "map");
    epop_maildrop drop;
    int32_t result;

    memset(&drop, 0, sizeof drop);
    drop.struct_size = sizeof drop;
    drop.count = c->messages;
    for (uint32_t i = 0; i < c->messages; i++) {
        drop.octets += c->message[i].vanished ? 0 : maildrop_size(&c->message[i]);
    }
    drop.deleted_size = map == EPOP_UNSET ? (c->messages + 7) / 8 : map;
    drop.deleted = c->messages ? guard_tail(&memory.map, drop.deleted_size) : NULL;
    drop.expire = drop_value(act, "expire");
    drop.login_delay = drop_value(act, "login-delay");
    result = epop_server_opened(r->server, &drop);
    memset(&drop, 0xA5, sizeof drop);
    return result;
}

/* refuse [CODE ["text"]] */
static int32_t do_refuse(struct run *r, const struct words *act)
{
    uint32_t code = act->count > 1 ? code_from(&act->word[1]) : EPOP_CODE_NONE;
    const void *copy = act->count > 2 ? guard_lend(&memory.lent, act->word[2].ptr, act->word[2].len) : NULL;
    int32_t result = epop_server_refuse(r->server, code, copy, copy ? act->word[2].len : 0);

    if (copy) {
        guard_return(&memory.lent);
    }
    return result;
}

/* reply single|rows|body +OK|-ERR CODE "text" ["lines"] */
static int32_t do_reply(struct run *r, const struct words *act)
{
    uint32_t shape = word_is(act, 1, "rows")   ? EPOP_SHAPE_ROWS
                     : word_is(act, 1, "body") ? EPOP_SHAPE_BODY
                     : word_is(act, 1, "sasl") ? EPOP_SHAPE_SASL
                                               : EPOP_SHAPE_SINGLE;
    epop_reply reply;
    int32_t result;

    memset(&reply, 0, sizeof reply);
    reply.struct_size = sizeof reply;
    reply.status = word_is(act, 2, "+OK") ? EPOP_STATUS_OK : word_is(act, 2, "-ERR") ? EPOP_STATUS_ERR : 0;
    reply.code = code_from(&act->word[3]);
    reply.detail.ptr = guard_lend(&memory.lent, act->word[4].ptr, act->word[4].len);
    reply.detail.len = act->word[4].len;
    result = epop_server_reply(r->server, &reply, shape);
    guard_return(&memory.lent);
    if (result == EPOP_OK && shape != EPOP_SHAPE_SINGLE && reply.status == EPOP_STATUS_OK) {
        r->body = act->word[5];
        r->sending = UINT32_MAX;
        r->body_pos = 0;
        r->body_done = false;
        r->breaks_at = UINT64_MAX;
    }
    return result;
}

static int32_t do_accept(struct run *r, uint32_t kind)
{
    int32_t result = epop_server_accept(r->server);

    if (result >= 0 && kind == EPOP_EVENT_SEND) {
        const struct message *m = &r->trace->config.message[r->sending - 1];

        r->body = m->text;
        r->breaks_at = m->breaks_at;
        r->body_pos = 0;
        r->body_done = false;
    }
    return result;
}

static bool fits_user(const struct run *r)
{
    const struct config *c = &r->trace->config;

    for (size_t i = 0; i < c->names; i++) {
        if (c->name[i].len == r->name.len && c->password[i].len == r->secret.len &&
            (!r->name.len || memcmp(c->name[i].ptr, r->name.ptr, r->name.len) == 0) &&
            (!r->secret.len || memcmp(c->password[i].ptr, r->secret.ptr, r->secret.len) == 0)) {
            return true;
        }
    }
    return false;
}

/* Without a script: users of the config may in, all else is accepted, and strange commands are refused. */
static void answer_default(struct run *r, uint32_t kind)
{
    struct words act;

    memset(&act, 0, sizeof act);
    switch (kind) {
    case EPOP_EVENT_AUTH:
        if (r->auth == EPOP_AUTH_PASSWORD && fits_user(r)) {
            run_result(r, "accept", do_accept(r, kind));
        } else if (r->auth == EPOP_AUTH_PASSWORD) {
            run_result(r, "refuse", epop_server_refuse(r->server, EPOP_CODE_AUTH, NULL, 0));
        } else {
            run_result(r, "answer", sasl_answer(r));
        }
        break;
    case EPOP_EVENT_OPEN:
        run_result(r, "opened", do_opened(r, &act));
        break;
    case EPOP_EVENT_COMMAND:
        run_result(r, "refuse", epop_server_refuse(r->server, EPOP_CODE_NONE, NULL, 0));
        break;
    default:
        run_result(r, "accept", do_accept(r, kind));
        break;
    }
}

/* An act of a script or of an H line; false where it is not known. */
bool maildrop_perform(struct run *r, const struct words *act, uint32_t kind)
{
    if (word_is(act, 0, "accept")) {
        run_result(r, "accept", do_accept(r, kind));
    } else if (word_is(act, 0, "refuse")) {
        run_result(r, "refuse", do_refuse(r, act));
    } else if (word_is(act, 0, "opened")) {
        run_result(r, "opened", do_opened(r, act));
    } else if (word_is(act, 0, "reply") && act->count >= 5) {
        run_result(r, "reply", do_reply(r, act));
    } else {
        return sasl_perform(r, act);
    }
    return true;
}

/* Answers until the session is content; an act that it refuses is followed by the next one. */
void maildrop_answer(struct run *r)
{
    uint32_t kind = r->question;

    for (;;) {
        const struct words *act = run_next_act(r, kind);

        if (act && word_is(act, 0, "hold")) {
            r->held = true;
            return;
        }
        r->question = 0;
        r->result = EPOP_OK;
        if (!act) {
            answer_default(r, kind);
        } else if (!maildrop_perform(r, act, kind)) {
            run_fail(r, "line %d: the host does not know how to do this", act->line);
        }
        if (r->result >= 0 || r->dead || r->failed) {
            return;
        }
        r->question = kind;
        if (!act) {
            run_fail(r, "the last answer was refused");
            return;
        }
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Messages
 */

/* How much is pushed next: by the variant, and not beyond the place where the body breaks off. */
static size_t slice_size(struct run *r)
{
    size_t left = r->body.len - (size_t)r->body_pos;
    size_t n = r->variant->slice && r->variant->slice < left ? r->variant->slice : left;

    n = n > 1 ? run_random(r, n < 24 ? n : 24, n - 1) + 1 : n;
    return r->body_pos + n > r->breaks_at ? (size_t)(r->breaks_at - r->body_pos) : n;
}

static void push_slice(struct run *r)
{
    size_t n = slice_size(r);
    size_t used = SIZE_MAX;
    const void *copy = guard_lend(&memory.lent, r->body.ptr + r->body_pos, n);
    int32_t result = epop_server_body(r->server, copy, n, &used);

    guard_return(&memory.lent);
    if (used > n || (result == EPOP_OK && used != n)) {
        run_fail(r, "body of %lu octets returned %ld and used %lu", (unsigned long)n, (long)result,
                 (unsigned long)used);
        return;
    }
    r->body_pos += used;
    if (result == EPOP_END) {
        r->body_pos = r->body.len;
        r->breaks_at = UINT64_MAX;
    } else if (result == EPOP_FULL && !(epop_server_wants(r->server) & EPOP_WANT_DRAIN)) {
        run_fail(r, "body says EPOP_FULL, and there is nothing to drain");
    }
    run_result(r, "body", result);
}

/* EPOP_FULL leaves the rest for later: EPOP_WANT_BODY is then not set until the output was drained. */
bool maildrop_push(struct run *r)
{
    if (r->body_pos >= r->breaks_at) {
        run_result(r, "body_fail", epop_server_body_fail(r->server));
        r->body_done = true;
    } else if (r->body_pos < r->body.len) {
        push_slice(r);
    } else {
        int32_t result = epop_server_body_end(r->server);

        r->body_done = result == EPOP_OK;
        if (result == EPOP_FULL && !(epop_server_wants(r->server) & EPOP_WANT_DRAIN)) {
            run_fail(r, "body_end says EPOP_FULL, and there is nothing to drain");
        }
        run_result(r, "body_end", result);
    }
    return true;
}
