/* The lines that --list prints: columns for a terminal, tab-separated fields, or JSON.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include "listing.h"

#include "encoded_word.h"
#include "escape.h"
#include "json.h"
#include "utf8.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum {
    NUMBER,
    SIZE,
    UNIQUE_ID,
    FROM,
    SUBJECT,
    DATE,
    COLUMNS,
    TERMINAL_DEFAULT = 80,
    TERMINAL_LEAST = 60,
    WIDE_NUMBER = 5,
    WIDE_SIZE = 9,
    WIDE_DATE = 17,                    /* "14 Nov 2026 22:13" */
    VALUE_SIZE = 4 * HEADER_VALUE_MAX, /* a value as UTF-8 */
    SAFE_SIZE = 4 * VALUE_SIZE         /* ... and escaped */
};

static void set_widths(struct listing *listing)
{
    struct winsize size;
    int width = TERMINAL_DEFAULT;
    int rest;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        width = size.ws_col;
    }
    width = width < TERMINAL_LEAST ? TERMINAL_LEAST : width;
    listing->widths[NUMBER] = WIDE_NUMBER;
    listing->widths[SIZE] = WIDE_SIZE;
    listing->widths[DATE] = WIDE_DATE;
    /* One column stays free: many terminals turn the line when the last one is written. */
    rest = width - WIDE_NUMBER - WIDE_SIZE - WIDE_DATE - COLUMNS - 1;
    listing->widths[UNIQUE_ID] = rest / 4;
    listing->widths[FROM] = rest / 3;
    listing->widths[SUBJECT] = rest - listing->widths[UNIQUE_ID] - listing->widths[FROM];
}

void listing_start(struct listing *listing, bool json)
{
    bool terminal = isatty(STDOUT_FILENO) == 1;

    memset(listing, 0, sizeof *listing);
    listing->json = json;
    listing->columns = terminal && !json;
    listing->ascii = escape_for_stream(STDOUT_FILENO) != 0;
    if (listing->columns) {
        set_widths(listing);
    }
}

/* Columns that a character takes on a terminal. */
static int width_of(uint32_t code)
{
    int width = code < 0x80 ? 1 : wcwidth((wchar_t)code);

    return width < 0 ? 1 : width;
}

/* Prints safe text in a column of that width, filled up or cut off. */
static void print_cell(const char *text, int width)
{
    const uint8_t *octets = (const uint8_t *)text;
    size_t len = strlen(text);
    size_t pos = 0;
    int used = 0;
    uint32_t code = 0;
    int step;

    while (pos < len && (step = utf8_next(octets + pos, len - pos, &code)) > 0) {
        if (used + width_of(code) > width) {
            break;
        }
        used += width_of(code);
        pos += (size_t)step;
    }
    printf("%.*s%*s ", (int)pos, text, width - used, "");
}

/* From "Tue, 14 Nov 2026 22:13:20 +0100" the part that fits its column and matters. */
static const char *short_date(const char *date)
{
    const char *at = date;

    while (*at != '\0' && !isdigit((unsigned char)*at)) {
        at++;
    }
    return *at != '\0' ? at : date;
}

static void print_head(struct listing *listing)
{
    static const char *const names[COLUMNS] = {"#", "SIZE", "UNIQUE-ID", "FROM", "SUBJECT", "DATE"};
    int i;

    listing->headed = true;
    printf("%*s %*s ", WIDE_NUMBER, names[NUMBER], WIDE_SIZE, names[SIZE]);
    for (i = UNIQUE_ID; i < DATE; i++) {
        print_cell(names[i], listing->widths[i]);
    }
    puts(names[DATE]);
}

/* A field as text, empty where there is none; returns its length. */
static size_t decode(const struct listing_row *row, int field, char *text)
{
    const struct header_value *value;

    if (row->header == NULL) {
        return 0;
    }
    value = &row->header->values[field];
    return encoded_word_decode(text, VALUE_SIZE, value->octets, value->len);
}

static void safe_field(const struct listing_row *row, int field, unsigned flags, char *safe)
{
    char text[VALUE_SIZE];
    size_t len = decode(row, field, text);

    escape_text(safe, SAFE_SIZE, text, len, flags);
}

static void print_columns(struct listing *listing, const struct listing_row *row)
{
    unsigned flags = listing->ascii ? ESCAPE_ASCII : 0;
    char safe[SAFE_SIZE];

    if (!listing->headed) {
        print_head(listing);
    }
    printf("%*" PRIu32 " %*" PRIu64 " ", WIDE_NUMBER, row->number, WIDE_SIZE, row->octets);
    escape_text(safe, sizeof safe, row->unique_id, row->unique_id_len, flags);
    print_cell(safe, listing->widths[UNIQUE_ID]);
    safe_field(row, HEADER_FROM, flags, safe);
    print_cell(safe, listing->widths[FROM]);
    safe_field(row, HEADER_SUBJECT, flags, safe);
    print_cell(safe, listing->widths[SUBJECT]);
    safe_field(row, HEADER_DATE, flags, safe);
    print_cell(short_date(safe), listing->widths[DATE]);
    putchar('\n');
}

static void print_fields(const struct listing_row *row)
{
    static const int fields[] = {HEADER_FROM, HEADER_SUBJECT, HEADER_DATE};
    char safe[SAFE_SIZE];
    size_t i;

    escape_text(safe, sizeof safe, row->unique_id, row->unique_id_len, ESCAPE_BACKSLASH);
    printf("%" PRIu32 "\t%" PRIu64 "\t%s", row->number, row->octets, safe);
    for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        safe_field(row, fields[i], ESCAPE_BACKSLASH, safe);
        printf("\t%s", safe);
    }
    putchar('\n');
}

static void print_json(struct listing *listing, const struct listing_row *row)
{
    static const struct {
        const char *name;
        int field;
    } fields[] = {{"from", HEADER_FROM}, {"subject", HEADER_SUBJECT}, {"date", HEADER_DATE}};
    char text[VALUE_SIZE];
    size_t i;

    printf("{\"number\":%" PRIu32 ",\"size\":%" PRIu64 ",\"uid\":", row->number, row->octets);
    json_string(stdout, row->unique_id, row->unique_id_len, listing->ascii);
    for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        printf(",\"%s\":", fields[i].name);
        json_string(stdout, text, decode(row, fields[i].field, text), listing->ascii);
    }
    puts("}");
}

bool listing_print(struct listing *listing, const struct listing_row *row)
{
    errno = 0;
    if (listing->json) {
        print_json(listing, row);
    } else if (listing->columns) {
        print_columns(listing, row);
    } else {
        print_fields(row);
    }
    return !ferror(stdout);
}

bool listing_end(struct listing *listing)
{
    (void)listing;
    errno = 0;
    return fflush(stdout) == 0 && !ferror(stdout);
}
