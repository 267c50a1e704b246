/* Fuzz target for wire.h: what is written parses back to itself, and streams do not care how they are cut.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * The first octet chooses the part, the second seeds the cuts, the rest is the input of that part.
 */
#include "fuzz.h"

#include <epop/wire.h>

#include <stdlib.h>
#include <string.h>

enum { ROOM = 70000 };

static uint8_t written[ROOM];

static void check_within(epop_span span, const uint8_t *data, size_t size)
{
    if (span.len > 0) {
        FUZZ_CHECK(span.ptr >= data && span.len <= size && span.ptr - data <= (ptrdiff_t)(size - span.len));
    }
}

static void check_same(epop_span left, epop_span right)
{
    FUZZ_CHECK(left.len == right.len && (left.len == 0 || memcmp(left.ptr, right.ptr, left.len) == 0));
}

/* What was written is a line, and nothing in it could be taken for another. */
static size_t check_line(size_t len)
{
    FUZZ_CHECK(len >= 2 && written[len - 2] == '\r' && written[len - 1] == '\n');
    FUZZ_CHECK(memchr(written, '\r', len - 2) == NULL && memchr(written, '\n', len - 2) == NULL);
    FUZZ_CHECK(memchr(written, 0, len) == NULL);
    return len - 2;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Lines and values
 */

static void fuzz_command(const uint8_t *data, size_t size)
{
    epop_command command;
    epop_command again;
    size_t len = 0;

    command.struct_size = sizeof command;
    again.struct_size = sizeof again;
    if (epop_command_parse(&command, data, size) != EPOP_OK) {
        return;
    }
    check_within(command.keyword, data, size);
    check_within(command.argument, data, size);
    check_within(command.second, data, size);
    if (epop_command_write(written, sizeof written, &len, &command) != EPOP_OK) {
        /* Too long, or a keyword that is none: all else that parses can be written. */
        FUZZ_CHECK(len > EPOP_COMMAND_MAX || command.id == EPOP_CMD_UNKNOWN);
        return;
    }
    FUZZ_CHECK(epop_command_parse(&again, written, check_line(len)) == EPOP_OK);
    FUZZ_CHECK(again.id == command.id && again.number == command.number && again.lines == command.lines);
    FUZZ_CHECK(again.keyword.len == command.keyword.len);
    check_same(again.argument, command.argument);
    check_same(again.second, command.second);
    FUZZ_CHECK(epop_command_shape(command.id, command.number > 0) <= EPOP_SHAPE_SASL);
}

static void fuzz_reply(const uint8_t *data, size_t size)
{
    epop_reply reply;
    epop_reply again;
    size_t len = 0;
    int32_t result;

    reply.struct_size = sizeof reply;
    again.struct_size = sizeof again;
    if (epop_reply_parse(&reply, data, size) != EPOP_OK) {
        return;
    }
    check_within(reply.text, data, size);
    check_within(reply.detail, data, size);
    check_within(reply.code_name, data, size);
    FUZZ_CHECK((reply.code == EPOP_CODE_NONE) == (reply.code_name.len == 0));
    FUZZ_CHECK(reply.retry == epop_code_retry(reply.code));
    FUZZ_CHECK((epop_code_name(reply.code)[0] != '\0') ==
               (reply.code != EPOP_CODE_NONE && reply.code != EPOP_CODE_OTHER));
    result = epop_reply_write(written, sizeof written, &len, &reply);
    if (result != EPOP_OK) {
        FUZZ_CHECK(result == EPOP_ERR_OCTET || (result == EPOP_ERR_TOO_LONG && len > EPOP_STATUS_MAX));
        return;
    }
    FUZZ_CHECK(epop_reply_parse(&again, written, check_line(len)) == EPOP_OK);
    FUZZ_CHECK(again.status == reply.status && again.code == reply.code);
    check_same(again.detail, reply.detail);
}

static void fuzz_listing(const uint8_t *data, size_t size)
{
    epop_listing row;
    epop_listing again;
    size_t len = 0;

    row.struct_size = sizeof row;
    again.struct_size = sizeof again;
    if (epop_list_parse(&row, data, size) == EPOP_OK) {
        FUZZ_CHECK(epop_list_write(written, sizeof written, &len, row.number, row.octets) == EPOP_OK);
        FUZZ_CHECK(epop_list_parse(&again, written, check_line(len)) == EPOP_OK);
        FUZZ_CHECK(again.number == row.number && again.octets == row.octets && again.quirks == 0);
        FUZZ_CHECK(epop_stat_parse(&again, data, size) == EPOP_OK && again.number == row.number);
    }
    if (epop_uidl_parse(&row, data, size) == EPOP_OK) {
        uint32_t unclean = EPOP_QUIRK_UNIQUE_ID_EMPTY | EPOP_QUIRK_UNIQUE_ID_LONG | EPOP_QUIRK_UNIQUE_ID_OCTETS;
        int32_t result;
        check_within(row.unique_id, data, size);
        result = epop_uidl_write(written, sizeof written, &len, row.number, row.unique_id.ptr, row.unique_id.len);
        FUZZ_CHECK((result == EPOP_OK) == ((row.quirks & unclean) == 0));
        if (result == EPOP_OK) {
            FUZZ_CHECK(epop_uidl_parse(&again, written, check_line(len)) == EPOP_OK);
            FUZZ_CHECK(again.number == row.number && again.quirks == 0);
            check_same(again.unique_id, row.unique_id);
        }
    }
}

static void fuzz_capability(const uint8_t *data, size_t size)
{
    epop_capability capability;
    epop_capability again;
    epop_span word;
    size_t words = 0;
    size_t pos = 0;
    size_t len = 0;

    while (epop_word_next(data, size, &pos, &word) == EPOP_OK) {
        check_within(word, data, size);
        FUZZ_CHECK(word.len > 0);
        words++;
    }
    FUZZ_CHECK(pos == size);
    capability.struct_size = sizeof capability;
    again.struct_size = sizeof again;
    FUZZ_CHECK((epop_capability_parse(&capability, data, size) == EPOP_OK) == (words > 0));
    if (words == 0) {
        return;
    }
    check_within(capability.tag, data, size);
    check_within(capability.params, data, size);
    FUZZ_CHECK(capability.tag.len > 0 && (capability.params.len > 0) == (words > 1));
    if (epop_capability_write(written, sizeof written, &len, &capability) != EPOP_OK) {
        return;
    }
    FUZZ_CHECK(epop_capability_parse(&again, written, check_line(len)) == EPOP_OK);
    FUZZ_CHECK((epop_capability_name(capability.id)[0] != '\0') == (capability.id != 0));
    FUZZ_CHECK(again.id == capability.id && again.value == capability.value && again.user == capability.user);
    check_same(again.params, capability.params);
}

static void fuzz_greeting(const uint8_t *data, size_t size)
{
    epop_span stamp;

    FUZZ_CHECK(epop_greeting_stamp(&stamp, data, size) == EPOP_OK);
    check_within(stamp, data, size);
    if (stamp.len > 0) {
        FUZZ_CHECK(stamp.len >= 5 && stamp.ptr[0] == '<' && stamp.ptr[stamp.len - 1] == '>');
        FUZZ_CHECK(memchr(stamp.ptr, '@', stamp.len) != NULL && memchr(stamp.ptr, ' ', stamp.len) == NULL);
    }
    FUZZ_CHECK(epop_greeting_is_pop4(data, size) <= 1);
}

static void fuzz_url(const uint8_t *data, size_t size)
{
    static uint8_t user[ROOM];
    static uint8_t auth[ROOM];
    epop_url url;
    epop_url again;
    size_t user_len = 0;
    size_t auth_len = 0;
    size_t len = 0;

    url.struct_size = sizeof url;
    again.struct_size = sizeof again;
    if (size > ROOM / 4 || epop_url_parse(&url, data, size) != EPOP_OK) {
        return;
    }
    check_within(url.user, data, size);
    check_within(url.auth, data, size);
    check_within(url.host, data, size);
    FUZZ_CHECK(url.port >= 1 && url.port <= 65535 && url.host.len > 0);
    FUZZ_CHECK(epop_url_decode(user, sizeof user, &user_len, url.user.ptr, url.user.len) == EPOP_OK);
    FUZZ_CHECK(epop_url_decode(auth, sizeof auth, &auth_len, url.auth.ptr, url.auth.len) == EPOP_OK);
    again = url;
    again.user.ptr = user;
    again.user.len = user_len;
    again.auth.ptr = auth;
    again.auth.len = auth_len;
    FUZZ_CHECK(epop_url_write(written, sizeof written, &len, &again) == EPOP_OK);
    FUZZ_CHECK(epop_url_parse(&again, written, len) == EPOP_OK);
    FUZZ_CHECK(again.tls == url.tls && again.port == url.port && again.apop == url.apop);
    check_same(again.host, url.host);
    FUZZ_CHECK(epop_url_decode(written + len, sizeof written - len, &len, again.user.ptr, again.user.len) == EPOP_OK);
    FUZZ_CHECK(len == user_len);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Streams
 */

static void lines_of(fuzz_log *log, const uint8_t *data, size_t size, uint32_t eol, size_t room, uint32_t *cuts)
{
    uint8_t *buffer = malloc(room);
    epop_line_text text;
    epop_line line;
    size_t at = 0;
    int32_t result = EPOP_OK;

    FUZZ_CHECK(buffer != NULL && epop_line_init(&line, buffer, room, eol) == EPOP_OK);
    text.struct_size = sizeof text;
    while (at < size && result >= 0) {
        size_t n = cuts ? 1 + fuzz_below(cuts, 9) : size - at;
        uint8_t *copy;
        size_t used;
        n = n < size - at ? n : size - at;
        copy = fuzz_copy(data + at, n);
        result = epop_line_feed(&line, copy, n, &used, &text);
        FUZZ_CHECK(used <= n && (result != EPOP_OK || used == n));
        at += used;
        if (result == EPOP_LINE) {
            FUZZ_CHECK(text.text.len == (text.length < room ? text.length : room));
            fuzz_log_add(log, "%lu %u", (unsigned long)at, (unsigned)text.length);
            fuzz_log_span(log, text.text);
        }
        free(copy);
    }
    fuzz_log_add(log, " %d %lu %u", (int)(result < 0 ? result : 0), (unsigned long)at, (unsigned)epop_line_eol(&line));
    free(buffer);
}

static void fuzz_line(const uint8_t *data, size_t size, uint32_t seed)
{
    fuzz_log whole = {NULL, 0, 0};
    fuzz_log split = {NULL, 0, 0};
    size_t room = 1 + seed % 40;

    lines_of(&whole, data, size, seed % 3, room, NULL);
    lines_of(&split, data, size, seed % 3, room, &seed);
    fuzz_log_same("lines", &whole, &split);
    fuzz_log_free(&whole);
    fuzz_log_free(&split);
}

static void decoded(fuzz_log *log, const uint8_t *data, size_t size, uint32_t eol, uint32_t *cuts)
{
    epop_dot_decoder dot;
    size_t at = 0;

    FUZZ_CHECK(epop_dot_decoder_init(&dot, eol) == EPOP_OK);
    while (at < size) {
        size_t n = cuts ? 1 + fuzz_below(cuts, 5) : size - at;
        epop_span slice;
        uint8_t *copy;
        size_t used;
        int32_t result;
        n = n < size - at ? n : size - at;
        copy = fuzz_copy(data + at, n);
        result = epop_dot_decode(&dot, copy, n, &used, &slice);
        FUZZ_CHECK(used <= n && (result == EPOP_OK || (result == EPOP_END && slice.len == 0)));
        FUZZ_CHECK(used > 0 || slice.len > 0);
        fuzz_log_octets(log, slice.ptr, slice.len);
        at += used;
        if (result == EPOP_END) {
            fuzz_log_add(log, "END %lu\n", (unsigned long)at);
        }
        free(copy);
    }
}

static void fuzz_dot(const uint8_t *data, size_t size, uint32_t seed)
{
    fuzz_log whole = {NULL, 0, 0};
    fuzz_log split = {NULL, 0, 0};

    decoded(&whole, data, size, seed % 2, NULL);
    decoded(&split, data, size, seed % 2, &seed);
    fuzz_log_same("unstuffing", &whole, &split);
    fuzz_log_free(&whole);
    fuzz_log_free(&split);
}

static void stuffed(fuzz_log *log, const uint8_t *data, size_t size, uint32_t *cuts)
{
    epop_dot_encoder stuff;
    uint8_t end[EPOP_DOT_END_MAX];
    size_t at = 0;
    size_t wrote;

    FUZZ_CHECK(epop_dot_encoder_init(&stuff) == EPOP_OK);
    while (at < size) {
        size_t n = cuts ? 1 + fuzz_below(cuts, 7) : size - at;
        size_t cap = cuts ? fuzz_below(cuts, 7) : 2 * n + 2;
        uint8_t *dst = malloc(cap + 1);
        uint8_t *copy;
        size_t used;
        int32_t result;
        n = n < size - at ? n : size - at;
        copy = fuzz_copy(data + at, n);
        result = epop_dot_encode(&stuff, copy, n, &used, dst, cap, &wrote);
        FUZZ_CHECK(used <= n && wrote <= cap && result == (used == n ? EPOP_OK : EPOP_FULL));
        FUZZ_CHECK(used > 0 || wrote > 0 || cap < 2);
        fuzz_log_octets(log, dst, wrote);
        at += used;
        free(copy);
        free(dst);
    }
    FUZZ_CHECK(epop_dot_encode_end(&stuff, end, sizeof end, &wrote) == EPOP_OK);
    fuzz_log_octets(log, end, wrote);
}

/* Stuffed and unstuffed again, a message is itself with its line ends made right; and the counters know its sizes. */
static void fuzz_stuff(const uint8_t *data, size_t size, uint32_t seed)
{
    fuzz_log whole = {NULL, 0, 0};
    fuzz_log split = {NULL, 0, 0};
    fuzz_log back = {NULL, 0, 0};
    fuzz_log again = {NULL, 0, 0};
    epop_size sizes;
    size_t end_len;

    stuffed(&whole, data, size, NULL);
    stuffed(&split, data, size, &seed);
    fuzz_log_same("stuffing", &whole, &split);
    decoded(&back, whole.octets, whole.len, EPOP_EOL_CRLF, NULL);
    fuzz_log_add(&again, "END %lu\n", (unsigned long)whole.len);
    end_len = again.len;
    FUZZ_CHECK(back.len >= end_len && memcmp(back.octets + back.len - end_len, again.octets, end_len) == 0);
    back.len -= end_len;
    FUZZ_CHECK(epop_size_init(&sizes) == EPOP_OK && epop_size_add(&sizes, data, size) == EPOP_OK);
    FUZZ_CHECK(epop_size_end(&sizes) == EPOP_OK && sizes.octets == back.len && sizes.on_wire == whole.len);
    again.len = 0;
    stuffed(&again, back.octets, back.len, NULL);
    fuzz_log_same("stuffing what was unstuffed", &whole, &again);
    fuzz_log_free(&whole);
    fuzz_log_free(&split);
    fuzz_log_free(&back);
    fuzz_log_free(&again);
}

static void fuzz_top(const uint8_t *data, size_t size, uint32_t seed)
{
    epop_top top;
    size_t whole;
    size_t split = 0;
    size_t taken;
    uint32_t lines = seed % 5;
    int32_t end;
    int32_t result = EPOP_OK;

    FUZZ_CHECK(epop_top_init(&top, lines) == EPOP_OK);
    end = epop_top_take(&top, data, size, &whole);
    FUZZ_CHECK(whole <= size && (end == EPOP_END || (end == EPOP_OK && whole == size)));
    FUZZ_CHECK(epop_top_init(&top, lines) == EPOP_OK);
    while (result == EPOP_OK && split < size) {
        size_t n = 1 + fuzz_below(&seed, 6);
        n = n < size - split ? n : size - split;
        result = epop_top_take(&top, data + split, n, &taken);
        FUZZ_CHECK(taken <= n && (result == EPOP_END || taken == n));
        split += taken;
    }
    FUZZ_CHECK(split == whole && result == end);
}

static size_t base64_of(uint8_t *out, const uint8_t *data, size_t size)
{
    epop_base64 state;
    size_t used;
    size_t wrote;
    size_t end;

    FUZZ_CHECK(epop_base64_init(&state) == EPOP_OK);
    FUZZ_CHECK(epop_base64_encode(&state, data, size, &used, out, ROOM, &wrote) == EPOP_OK && used == size);
    FUZZ_CHECK(epop_base64_encode_end(&state, out + wrote, ROOM - wrote, &end) == EPOP_OK);
    return wrote + end;
}

/* The octets of a text, in pieces where there are cuts; -1 where it is none. */
static ptrdiff_t octets_of(uint8_t *out, const uint8_t *text, size_t size, uint32_t *cuts)
{
    epop_base64 state;
    size_t at = 0;
    size_t len = 0;

    FUZZ_CHECK(epop_base64_init(&state) == EPOP_OK);
    while (at < size) {
        size_t n = cuts ? 1 + fuzz_below(cuts, 7) : size - at;
        size_t cap = cuts ? 3 + fuzz_below(cuts, 3) : ROOM;
        size_t used;
        size_t wrote;
        int32_t result;
        n = n < size - at ? n : size - at;
        result = epop_base64_decode(&state, text + at, n, &used, out + len, cap, &wrote);
        if (result < 0) {
            return -1;
        }
        FUZZ_CHECK(used <= n && wrote <= cap && (result == EPOP_FULL || used == n));
        at += used;
        len += wrote;
    }
    return epop_base64_decode_end(&state) == EPOP_OK ? (ptrdiff_t)len : -1;
}

static void fuzz_base64(const uint8_t *data, size_t size, uint32_t seed)
{
    static uint8_t octets[2 * ROOM];
    ptrdiff_t len;
    size_t text;

    if (size > ROOM / 2) {
        return;
    }
    text = base64_of(written, data, size);
    FUZZ_CHECK(text == (size + 2) / 3 * 4);
    FUZZ_CHECK(octets_of(octets, written, text, &seed) == (ptrdiff_t)size);
    FUZZ_CHECK(size == 0 || memcmp(octets, data, size) == 0);
    len = octets_of(octets, data, size, NULL);
    FUZZ_CHECK(octets_of(octets, data, size, &seed) == len);
    if (len >= 0) { /* canonical: there is one text for it only */
        FUZZ_CHECK(base64_of(written, octets, (size_t)len) == size);
        FUZZ_CHECK(size == 0 || memcmp(written, data, size) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const parts[])(const uint8_t *data, size_t size) = {fuzz_command,    fuzz_reply,    fuzz_listing,
                                                                      fuzz_capability, fuzz_greeting, fuzz_url};
    static void (*const streams[])(const uint8_t *data, size_t size, uint32_t seed) = {fuzz_line, fuzz_dot, fuzz_stuff,
                                                                                       fuzz_top, fuzz_base64};
    enum { PARTS = sizeof parts / sizeof parts[0], STREAMS = sizeof streams / sizeof streams[0] };
    uint32_t part;
    uint8_t *copy;

    if (size < 2) {
        return 0;
    }
    part = data[0] % (PARTS + STREAMS);
    copy = fuzz_copy(data + 2, size - 2);
    if (part < PARTS) {
        parts[part](copy, size - 2);
    } else {
        streams[part - PARTS](copy, size - 2, data[1]);
    }
    free(copy);
    return 0;
}
