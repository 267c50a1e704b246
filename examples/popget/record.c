/* Lines of the log of what was fetched before.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "record.h"

#include "ranges.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { FIELDS = 8, CHECK = 16 };

static const char kinds[] = {RECORD_SEEN, RECORD_INTENT,  RECORD_END,   RECORD_FORGET,
                             RECORD_GONE, RECORD_DELETED, RECORD_BROKE, '\0'};

/* A line in the making. */
struct line {
    char *text;
    size_t len;
    size_t space;
    bool failed;
};

static void put_octet(struct line *line, char octet)
{
    char *bigger;

    if (line->len == line->space && !line->failed) {
        bigger = (char *)realloc(line->text, line->space + 1024);
        line->failed = bigger == NULL;
        if (bigger != NULL) {
            line->text = bigger;
            line->space += 1024;
        }
    }
    if (!line->failed) {
        line->text[line->len++] = octet;
    }
}

static void put_plain(struct line *line, const char *text)
{
    while (*text != '\0') {
        put_octet(line, *text++);
    }
}

static void put_text(struct line *line, const void *text, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";
    const uint8_t *octets = (const uint8_t *)text;
    size_t i;

    put_octet(line, ' ');
    if (len == 0) {
        put_octet(line, '-');
    }
    for (i = 0; i < len; i++) {
        if (octets[i] > ' ' && octets[i] <= '~' && octets[i] != '%' && !(octets[i] == '-' && len == 1)) {
            put_octet(line, (char)octets[i]);
        } else {
            put_octet(line, '%');
            put_octet(line, digits[octets[i] >> 4]);
            put_octet(line, digits[octets[i] & 15]);
        }
    }
}

bool record_write(FILE *out, const struct record *record)
{
    const struct state_intent *intent = &record->intent;
    struct line line = {NULL, 0, 0, false};
    char number[48];
    bool good;

    put_octet(&line, (char)record->kind);
    put_text(&line, record->account, strlen(record->account));
    put_text(&line, intent->key.id, intent->key.len);
    snprintf(number, sizeof number, " %" PRIu32 " %" PRId64, intent->key.copy, intent->time);
    put_plain(&line, number);
    put_text(&line, intent->target, strlen(intent->target));
    put_text(&line, intent->detail, strlen(intent->detail));
    snprintf(number, sizeof number, " %016" PRIx64 "\n", line.failed ? 0 : (uint64_t)XXH64(line.text, line.len, 0));
    put_plain(&line, number);
    good = !line.failed && fwrite(line.text, 1, line.len, out) == line.len;
    free(line.text);
    return good;
}

static int digit_of(char octet)
{
    if (octet >= '0' && octet <= '9') {
        return octet - '0';
    }
    return octet >= 'A' && octet <= 'F' ? octet - 'A' + 10 : -1;
}

/* Decodes in place, with a NUL behind it; false where that is not what put_text writes. */
static bool decode(char *text, size_t *len)
{
    char *to = text;
    const char *from = text;

    if (strcmp(text, "-") == 0) {
        text[0] = '\0';
    }
    while (*from != '\0') {
        if (*from != '%') {
            *to++ = *from++;
        } else if (digit_of(from[1]) < 0 || digit_of(from[2]) < 0) {
            return false;
        } else {
            *to++ = (char)(digit_of(from[1]) * 16 + digit_of(from[2]));
            from += 3;
        }
    }
    *to = '\0';
    *len = (size_t)(to - text);
    return true;
}

/* Puts a NUL behind each field; false where there are not as many as there should be. */
static bool split(char *line, char **fields)
{
    int i;

    for (i = 0; i < FIELDS; i++) {
        fields[i] = line;
        line = strchr(line, ' ');
        if ((line == NULL) != (i == FIELDS - 1)) {
            return false;
        }
        if (line != NULL) {
            *line++ = '\0';
        }
    }
    return true;
}

static bool parse_number(const char *text, uint64_t most, uint64_t *number)
{
    return ranges_number(&text, most, number) && *text == '\0';
}

static bool is_sound(const char *line, size_t len)
{
    char check[CHECK + 1];

    if (len < CHECK + 2 || memchr(line, '\0', len) != NULL || line[len - CHECK - 1] != ' ') {
        return false;
    }
    snprintf(check, sizeof check, "%016" PRIx64, (uint64_t)XXH64(line, len - CHECK - 1, 0));
    return memcmp(check, line + len - CHECK, CHECK) == 0;
}

bool record_parse(struct record *record, char *line, size_t len)
{
    struct state_intent *intent = &record->intent;
    char *fields[FIELDS];
    uint64_t copy = 0;
    uint64_t time = 0;
    size_t ignored;

    if (!is_sound(line, len) || !split(line, fields) || strlen(fields[0]) != 1 || strchr(kinds, fields[0][0]) == NULL) {
        return false;
    }
    record->kind = fields[0][0];
    record->account = fields[1];
    intent->key.id = (const uint8_t *)fields[2];
    intent->target = fields[5];
    intent->detail = fields[6];
    if (!parse_number(fields[3], UINT32_MAX, &copy) || !parse_number(fields[4], INT64_MAX, &time)) {
        return false;
    }
    intent->key.copy = (uint32_t)copy;
    intent->time = (int64_t)time;
    return decode(fields[1], &ignored) && decode(fields[2], &intent->key.len) && decode(fields[5], &ignored) &&
           decode(fields[6], &ignored);
}
