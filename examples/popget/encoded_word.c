/* The value of a header field as text: encoded words (RFC 2047) and 8-bit octets become UTF-8.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Mailers cut a character of several octets between two encoded words, although section 5 forbids it. So the octets of
 * neighbouring words of one charset are gathered first, and converted together.
 */
#define _POSIX_C_SOURCE 200809L

#include "encoded_word.h"

#include "charset.h"
#include "utf8.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum {
    STAGE_SIZE = 512,  /* what iconv makes in one go; more than any one character */
    GATHER_SIZE = 2048 /* the octets of a whole value: decoding makes none longer */
};

struct output {
    char *text;
    size_t cap;
    size_t len;
};

struct gathered {
    char charset[CHARSET_SIZE];
    size_t len;
    uint8_t octets[GATHER_SIZE];
};

/* An encoded word found in a value. */
struct word {
    char charset[CHARSET_SIZE];
    char encoding; /* 'B' or 'Q' */
    const uint8_t *text;
    size_t len;
    size_t size; /* from "=?" to "?=" */
};

static void put_code(struct output *out, uint32_t code)
{
    char octets[UTF8_MAX];
    size_t len = utf8_put(octets, code);

    if (len <= out->cap - out->len) {
        memcpy(out->text + out->len, octets, len);
        out->len += len;
    } else {
        out->cap = out->len; /* nothing may follow what was cut */
    }
}

/* Ordinary text. Where it is not UTF-8 it is taken for Latin-1, in which every octet means something. */
static void put_plain(struct output *out, const uint8_t *text, size_t len, bool is_utf8)
{
    uint32_t code = 0;
    size_t pos = 0;
    int step;

    while (pos < len) {
        step = is_utf8 ? utf8_next(text + pos, len - pos, &code) : 0;
        if (step <= 0) {
            code = text[pos];
            step = 1;
        }
        put_code(out, code);
        pos += (size_t)step;
    }
}

static iconv_t open_charset(const char *label)
{
    const struct charset *charset = charset_find(label);

    return charset != NULL ? iconv_open("UTF-8", charset->converter) : (iconv_t)-1;
}

/* What iconv made. It is looked at once more: that of glibc lets code points above U+10FFFF through. */
static void put_converted(struct output *out, const char *text, size_t len)
{
    uint32_t code = 0;
    size_t pos = 0;
    int step;

    while (pos < len) {
        step = utf8_next((const uint8_t *)text + pos, len - pos, &code);
        put_code(out, step > 0 ? code : UTF8_REPLACEMENT);
        pos += step > 0 ? (size_t)step : 1;
    }
}

static void convert(struct output *out, iconv_t converter, struct gathered *gathered)
{
    char stage[STAGE_SIZE];
    char *from = (char *)gathered->octets;
    size_t left = gathered->len;
    size_t room;
    char *to;

    while (left > 0) {
        to = stage;
        room = sizeof stage;
        errno = 0;
        if (iconv(converter, &from, &left, &to, &room) == (size_t)-1 && errno != E2BIG && left > 0) {
            /* An octet that means nothing in this charset, or a character cut at the end. */
            put_converted(out, stage, sizeof stage - room);
            put_code(out, UTF8_REPLACEMENT);
            from++;
            left--;
        } else {
            put_converted(out, stage, sizeof stage - room);
        }
    }
    to = stage;
    room = sizeof stage;
    iconv(converter, NULL, NULL, &to, &room); /* some hold the last character back, in case an accent follows */
    put_converted(out, stage, sizeof stage - room);
}

/* The converter for what was gathered, whose octets are then as it wants them. */
static iconv_t begin_conversion(struct gathered *gathered)
{
    const struct charset *charset = charset_find(gathered->charset);

    if (charset != NULL && charset->treatment == CHARSET_HZ) {
        gathered->len = charset_unwrap_hz(gathered->octets, gathered->len);
    }
    if (charset != NULL && charset->treatment == CHARSET_ASCII && utf8_valid(gathered->octets, gathered->len)) {
        return open_charset("utf-8");
    }
    return open_charset(gathered->charset);
}

/* What was gathered comes out. */
static void flush(struct output *out, struct gathered *gathered)
{
    iconv_t converter;

    if (gathered->len > 0) {
        converter = begin_conversion(gathered);
        if (converter != (iconv_t)-1) {
            convert(out, converter, gathered);
            iconv_close(converter);
        }
        gathered->len = 0;
    }
}

static int hex_value(uint8_t octet)
{
    static const char digits[] = "0123456789abcdef";
    const char *at;

    if (octet >= 'A' && octet <= 'F') {
        octet = (uint8_t)(octet + ('a' - 'A'));
    }
    at = octet == 0 ? NULL : strchr(digits, octet);
    return at == NULL ? -1 : (int)(at - digits);
}

static void gather(struct gathered *gathered, uint8_t octet)
{
    if (gathered->len < sizeof gathered->octets) {
        gathered->octets[gathered->len++] = octet;
    }
}

/* Section 4.2. A "=" without two digits stands for itself. */
static void gather_q(struct gathered *gathered, const uint8_t *text, size_t len)
{
    size_t i;
    int high;
    int low;

    for (i = 0; i < len; i++) {
        if (text[i] == '_') {
            gather(gathered, ' ');
            continue;
        }
        high = text[i] == '=' && len - i > 2 ? hex_value(text[i + 1]) : -1;
        low = high >= 0 ? hex_value(text[i + 2]) : -1;
        if (low >= 0) {
            gather(gathered, (uint8_t)(high * 16 + low));
            i += 2;
        } else {
            gather(gathered, text[i]);
        }
    }
}

/* Section 4.1. Lenient, for display: missing padding and strange octets do not matter. */
static void gather_b(struct gathered *gathered, const uint8_t *text, size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned count = 0;
    const char *at;
    size_t i;

    for (i = 0; i < len && text[i] != '='; i++) {
        at = text[i] == 0 ? NULL : strchr(alphabet, text[i]);
        if (at == NULL) {
            continue;
        }
        bits = bits << 6 | (uint32_t)(at - alphabet);
        count += 6;
        if (count >= 8) {
            count -= 8;
            gather(gathered, (uint8_t)(bits >> count & 0xFF));
        }
    }
}

/* The charset, without the language that RFC 2231 lets stand behind it. False where it cannot be a name. */
static bool take_charset(struct word *word, const uint8_t *text, size_t len)
{
    size_t i;

    for (i = 0; i < len && text[i] != '*'; i++) {
        if (i == CHARSET_SIZE - 1 || text[i] == 0 ||
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:", text[i]) == NULL) {
            return false;
        }
        word->charset[i] = (char)text[i];
    }
    word->charset[i] = '\0';
    return i > 0;
}

/* Where the "?" behind a charset stands; len where there is none. */
static size_t find_mark(const uint8_t *value, size_t len)
{
    size_t pos = 2;

    while (pos < len && pos < 2 + 2 * CHARSET_SIZE && value[pos] != '?') {
        pos++;
    }
    return pos < len && value[pos] == '?' ? pos : len;
}

/* Where the "?=" at the end of a word stands; len where there is none. */
static size_t find_end(const uint8_t *value, size_t len, size_t pos)
{
    while (len - pos >= 2 && (value[pos] != '?' || value[pos + 1] != '=')) {
        pos++;
    }
    return len - pos >= 2 ? pos : len;
}

/* Whether there is a converter for it. */
static bool can_convert(const char *charset)
{
    iconv_t converter = open_charset(charset);

    if (converter == (iconv_t)-1) {
        return false;
    }
    iconv_close(converter);
    return true;
}

/* Reads an encoded word at the head of the value: =?charset?encoding?text?= */
static bool read_word(struct word *word, const uint8_t *value, size_t len)
{
    size_t charset_end;
    size_t text_end;

    if (len < 2 || value[0] != '=' || value[1] != '?') {
        return false;
    }
    charset_end = find_mark(value, len);
    if (len - charset_end < 3 || value[charset_end + 2] != '?' || !take_charset(word, value + 2, charset_end - 2)) {
        return false;
    }
    word->encoding = (char)(value[charset_end + 1] & ~0x20);
    word->text = value + charset_end + 3;
    text_end = find_end(value, len, charset_end + 3);
    word->len = text_end - (charset_end + 3);
    word->size = text_end + 2;
    return text_end < len && (word->encoding == 'B' || word->encoding == 'Q') && can_convert(word->charset);
}

static void take_word(struct output *out, struct gathered *gathered, const struct word *word)
{
    if (gathered->len > 0 && strcasecmp(gathered->charset, word->charset) != 0) {
        flush(out, gathered);
    }
    memcpy(gathered->charset, word->charset, sizeof gathered->charset);
    if (word->encoding == 'B') {
        gather_b(gathered, word->text, word->len);
    } else {
        gather_q(gathered, word->text, word->len);
    }
}

size_t encoded_word_decode(char *text, size_t cap, const uint8_t *value, size_t len)
{
    struct output out = {text, cap, 0};
    struct gathered gathered;
    struct word word;
    bool is_utf8 = utf8_valid(value, len);
    bool after_word = false;
    size_t plain = 0; /* where text begins that has not come out yet */
    size_t pos = 0;

    gathered.len = 0;
    while (pos < len) {
        if (!read_word(&word, value + pos, len - pos)) {
            after_word = after_word && value[pos] == ' ';
            pos++;
            continue;
        }
        /* Blanks between two encoded words are not part of the text (section 6.2). */
        if (!after_word && pos > plain) {
            flush(&out, &gathered);
            put_plain(&out, value + plain, pos - plain, is_utf8);
        }
        take_word(&out, &gathered, &word);
        after_word = true;
        pos += word.size;
        plain = pos;
    }
    flush(&out, &gathered);
    put_plain(&out, value + plain, len - plain, is_utf8);
    return out.len;
}
