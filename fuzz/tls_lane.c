/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "tls_lane.h"

#include <string.h>

/* Types of records. */
enum { CHANGE_CIPHER_SPEC = 20, HANDSHAKE = 22, APPLICATION_DATA = 23 };

static uint8_t type_of(const tls_lane *l)
{
    return l->record[0];
}

static size_t offset_in(const tls_op *o, size_t len)
{
    return o->offset % (len + 1);
}

/* What an alteration makes of the record in `made`. 1 where the record is to come later. */
static uint32_t alter(tls_lane *l, const tls_op *o, fuzz_log *made)
{
    size_t at = offset_in(o, made->len);
    fuzz_log rest = {NULL, 0, 0};

    fuzz_log_octets(&rest, made->octets + at, made->len - at);
    switch (o->kind) {
    case TLS_FLIP:
        if (at < made->len) {
            made->octets[at] ^= (uint8_t)(o->value > 0 ? o->value : 1);
        }
        break;
    case TLS_DROP:
        made->len = 0;
        break;
    case TLS_REPEAT:
        fuzz_log_octets(made, l->record, l->len);
        break;
    case TLS_INSERT:
        made->len = at;
        fuzz_log_octets(made, o->octets, o->len);
        fuzz_log_octets(made, rest.octets, rest.len);
        break;
    case TLS_SPLIT:
    case TLS_SHORTEN:
        if (at > 5) {
            made->octets[3] = (uint8_t)((at - 5) >> 8);
            made->octets[4] = (uint8_t)(at - 5);
            made->len = at;
        }
        if (at > 5 && o->kind == TLS_SPLIT) {
            uint8_t head[5] = {made->octets[0], made->octets[1], made->octets[2], (uint8_t)(rest.len >> 8),
                               (uint8_t)rest.len};
            fuzz_log_octets(made, head, sizeof head);
            fuzz_log_octets(made, rest.octets, rest.len);
        }
        break;
    case TLS_CUT_OFF:
        made->len = at;
        break;
    case TLS_HANG_UP:
        made->len = at;
        l->has_ended = 1;
        break;
    default: /* TLS_HOLD */
        break;
    }
    fuzz_log_free(&rest);
    return o->kind == TLS_HOLD;
}

/* Whether the record comes as it was sent; more may follow. The version of a record in the clear is looked at by
 * nobody, and protected by nothing. */
static uint32_t is_whole(const tls_lane *l, const fuzz_log *made)
{
    if (made->len < l->len || made->octets[0] != l->record[0] ||
        memcmp(made->octets + 3, l->record + 3, l->len - 3) != 0) {
        return 0;
    }
    return !l->is_secret || memcmp(made->octets, l->record, 3) == 0;
}

/* Whether the alterations of a message in the clear are such that TLS must notice them: it does not have to where the
 * message is parted in other ways, or where alerts come between, which are in no transcript. */
static uint32_t must_be_noticed(const tls_op *o)
{
    return o->kind != TLS_INSERT && o->kind != TLS_SPLIT;
}

static void note(tls_lane *l, const fuzz_log *made, uint32_t is_noticeable)
{
    int expansion = l->is_secret ? mbedtls_ssl_get_record_expansion(l->sender) : 0;

    if (l->is_secret && !l->is_altered && is_whole(l, made) && type_of(l) == APPLICATION_DATA) {
        FUZZ_CHECK(expansion > 5 && l->len > (size_t)expansion);
        l->allowed += l->len - (size_t)expansion;
    }
    if (!is_whole(l, made) || made->len > l->len) {
        l->is_altered |= l->is_secret;
        l->is_broken |= !l->is_secret && type_of(l) == HANDSHAKE && is_noticeable;
    }
    l->is_secret |= type_of(l) == CHANGE_CIPHER_SPEC;
}

/* A whole record goes on its way. */
static void pass(tls_lane *l)
{
    fuzz_log made = {NULL, 0, 0};
    uint32_t is_late = 0;
    uint32_t is_noticeable = 1;
    size_t i;

    fuzz_log_octets(&made, l->record, l->len);
    for (i = 0; i < l->op_count && !l->has_ended; i++) {
        if (l->ops[i].from == l->from && l->ops[i].record == l->count) {
            is_late |= alter(l, &l->ops[i], &made);
            is_noticeable &= must_be_noticed(&l->ops[i]);
        }
    }
    if (is_late) {
        fuzz_log nothing = {NULL, 0, 0};
        note(l, &nothing, is_noticeable);
        fuzz_log_octets(&l->held, made.octets, made.len);
    } else {
        note(l, &made, is_noticeable);
        fuzz_log_octets(&l->out, made.octets, made.len);
        fuzz_log_octets(&l->out, l->held.octets, l->held.len);
        l->held.len = 0;
    }
    fuzz_log_free(&made);
    l->len = 0;
    l->count++;
}

static size_t record_length(const tls_lane *l)
{
    return l->len < 5 ? 5 : 5 + ((size_t)l->record[3] << 8 | l->record[4]);
}

void tls_lane_collect(tls_lane *l, const uint8_t *octets, size_t len)
{
    size_t i;

    for (i = 0; i < len && !l->has_ended; i++) {
        FUZZ_CHECK(l->len < sizeof l->record);
        l->record[l->len++] = octets[i];
        if (l->len >= 5 && l->len == record_length(l)) {
            pass(l);
        }
    }
}
