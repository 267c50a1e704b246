/* What the host of a client session answers to its questions.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "trace.h"

#include <string.h>

int32_t ask_give(struct run *r, const struct octets *text)
{
    size_t from = (size_t)r->ask_offset;
    void *copy;
    int32_t result;

    if (text->len == 8 && memcmp(text->ptr, "!decline", 8) == 0) {
        return epop_client_decline(r->client);
    }
    if (from > text->len) {
        run_fail(r, "more of an answer is asked for than there is");
        from = 0;
    }
    copy = guard_lend(&memory.lent, text->ptr + from, text->len - from);
    result = epop_client_answer(r->client, copy, text->len - from);
    guard_return(&memory.lent);
    return result;
}

/* What the config has to say to a question, and which of it is next. */
static const struct octets *answers(struct run *r, size_t *count, size_t **next)
{
    static const struct octets decline = {(const uint8_t *)"!decline", 8};
    const struct config *c = &r->trace->config;
    const struct octets *one = r->ask == EPOP_ASK_TOKEN       ? &c->token
                               : r->ask == EPOP_ASK_AUTHZID   ? &c->authzid
                               : r->ask == EPOP_ASK_ANONYMOUS ? &c->anonymous
                               : c->binding.ptr               ? &c->binding
                                                              : &decline;

    *next = r->ask == EPOP_ASK_USER ? &r->next_name : &r->next_password;
    if (r->ask == EPOP_ASK_USER || r->ask == EPOP_ASK_PASSWORD) {
        *count = r->ask == EPOP_ASK_USER ? c->names : c->passwords;
        return r->ask == EPOP_ASK_USER ? c->name : c->password;
    }
    *count = one->ptr != NULL;
    *next = &r->next_other;
    return one;
}

bool ask_answer(struct run *r)
{
    uint32_t ask = r->ask;
    size_t count;
    size_t *next;
    const struct octets *list = answers(r, &count, &next);

    *next -= r->ask_offset > 0; /* the rest of the same */
    for (size_t tries = 0; tries < count; tries++) {
        size_t at = *next < count ? *next : count - 1;

        (*next)++;
        r->ask = 0;
        run_result(r, "answer", ask_give(r, &list[at]));
        if (r->result >= 0 || r->dead || r->failed) {
            return true;
        }
        r->ask = ask;
    }
    if (count) {
        run_fail(r, "no answer of the config is taken");
    }
    return false;
}
