/* Command lines to values and back, after commands.def.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wire/command.h"

#include "wire/check.h"
#include "wire/number.h"
#include "wire/octets.h"
#include "wire/writer.h"

enum { NONE, NUMBER, NUMBER_OPTIONAL, NUMBER_LINES, REST, WORD_OPTIONAL, WORD_WORD, WORDS_OPTIONAL };

enum {
    MECHANISM_MAX = 20,
    KEYWORD_MAX = 12 /* AUTHENTICATE, of IMAP. What is longer is more likely a secret in a wrong place. */
};

#define ALONE EPOPI_ALONE
#define HARMLESS EPOPI_HARMLESS
#define READS EPOPI_READS
#define DECLARED EPOPI_DECLARED

/* The keyword lies in the row, not behind a pointer, so that the table needs no relocation. */
typedef struct command_row {
    char keyword[5];
    uint8_t id;
    uint8_t grammar;
    uint8_t phases;
    uint8_t shape;
    uint8_t shape_argument;
    uint8_t flags;
} command_row;

static const command_row command_rows[] = {
#define EPOP_COMMAND(keyword, grammar, phases, shape, shape_argument, flags, source)                                   \
    {#keyword,           EPOP_CMD_##keyword,          grammar, EPOPI_PHASES_##phases,                                  \
     EPOP_SHAPE_##shape, EPOP_SHAPE_##shape_argument, (flags)},
#include "wire/commands.def"
#undef EPOP_COMMAND
};

enum { ROW_COUNT = sizeof command_rows / sizeof command_rows[0] };

static const command_row *find_id(uint32_t id)
{
    uint32_t i;

    for (i = 0; i < ROW_COUNT; i++) {
        if (command_rows[i].id == id) {
            return &command_rows[i];
        }
    }
    return NULL;
}

static const command_row *find_keyword(const uint8_t *ptr, size_t len)
{
    uint32_t i;

    for (i = 0; i < ROW_COUNT; i++) {
        if (epopi_is_word(ptr, len, command_rows[i].keyword)) {
            return &command_rows[i];
        }
    }
    return NULL;
}

const char *epop_command_name(uint32_t id)
{
    const command_row *r = find_id(id);

    if (id == EPOP_CMD_LOGIN) {
        return "LOGIN";
    }
    return r ? r->keyword : "";
}

uint32_t epop_command_shape(uint32_t id, uint32_t has_argument)
{
    const command_row *r = find_id(id);

    if (!r) {
        return EPOP_SHAPE_SINGLE;
    }
    return has_argument ? r->shape_argument : r->shape;
}

uint32_t epopi_command_flags(uint32_t id)
{
    const command_row *r = find_id(id);

    return r ? r->flags : (uint32_t)(ALONE | DECLARED);
}

uint32_t epopi_command_legal(uint32_t id, uint32_t phase)
{
    const command_row *r = find_id(id);
    uint32_t phases = r ? r->phases : (uint32_t)EPOPI_PHASES_BOTH;

    return (phase == EPOP_PHASE_AUTHORIZATION && (phases & EPOPI_PHASES_AUTHORIZATION)) ||
           (phase == EPOP_PHASE_TRANSACTION && (phases & EPOPI_PHASES_TRANSACTION));
}

/* The end of the mechanism's name that begins at `pos`, or `pos` where it is none (RFC 4422 section 3.1: 20 capitals,
 * digits, "-" and "_" at most). A longer word is not taken for a name, so that a misplaced password is not shown. */
static size_t mechanism_end(const uint8_t *base, size_t pos, size_t end)
{
    size_t stop = epopi_find(base, pos, end, ' ');
    size_t i;

    for (i = pos; i < stop; i++) {
        if (!((base[i] >= 'A' && base[i] <= 'Z') || (base[i] >= '0' && base[i] <= '9') || base[i] == '-' ||
              base[i] == '_')) {
            return pos;
        }
    }
    return stop - pos <= MECHANISM_MAX ? stop : pos;
}

size_t epopi_command_keyword(epop_span line)
{
    size_t stop = epopi_find(line.ptr, 0, line.len, ' ');
    size_t i;

    for (i = 0; i < stop; i++) {
        if ((line.ptr[i] | 0x20u) - 'a' > 'z' - 'a') {
            return 0;
        }
    }
    return stop <= KEYWORD_MAX ? stop : 0;
}

uint32_t epopi_command_is_known(epop_span line)
{
    return find_keyword(line.ptr, epopi_find(line.ptr, 0, line.len, ' ')) != NULL;
}

epop_span epopi_command_public(epop_span line, uint32_t phase)
{
    size_t keyword = epopi_find(line.ptr, 0, line.len, ' ');
    const command_row *r = find_keyword(line.ptr, keyword);
    size_t end;

    if (r ? r->flags & HARMLESS : phase >= EPOP_PHASE_TRANSACTION) {
        return line;
    }
    if (!r) {
        keyword = epopi_command_keyword(line);
    } else if (r->id == EPOP_CMD_AUTH && keyword < line.len) {
        end = mechanism_end(line.ptr, keyword + 1, line.len);
        keyword = end > keyword + 1 ? end : keyword;
    }
    line.len = keyword;
    return line;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* The words between single spaces in base[pos, end). Two spaces in a row make an empty word, which no grammar takes. */
typedef struct words {
    const uint8_t *base;
    size_t pos;
    size_t end;
} words;

static uint32_t next_word(words *w, epop_span *word)
{
    size_t stop;

    if (w->pos >= w->end) {
        return 0;
    }
    stop = epopi_find(w->base, w->pos, w->end, ' ');
    *word = epopi_span(w->base + w->pos, stop - w->pos);
    w->pos = stop < w->end ? stop + 1 : stop;
    return 1;
}

static int32_t next_number(words *w, uint32_t least, uint32_t *number)
{
    epop_span word = {NULL, 0};
    uint64_t value = 0;
    size_t at = 0;

    if (!next_word(w, &word) || word.len == 0) {
        return EPOP_ERR_ARGUMENT_MISSING;
    }
    /* 2^32 - 1 has 10 digits. */
    if (word.len > 10 || epopi_number_read(word.ptr, &at, word.len, 0xFFFFFFFFu, &value) != EPOP_OK || at < word.len ||
        value < least) {
        return EPOP_ERR_NUMBER;
    }
    *number = (uint32_t)value;
    return EPOP_OK;
}

static int32_t parse_words(epop_command *out, uint32_t grammar, words *w)
{
    if (next_word(w, &out->argument) && out->argument.len == 0) {
        return EPOP_ERR_ARGUMENT_MISSING;
    }
    if (grammar != WORD_OPTIONAL && next_word(w, &out->second) && out->second.len == 0) {
        return EPOP_ERR_ARGUMENT_MISSING;
    }
    if (grammar == WORD_WORD && out->second.len == 0) {
        return EPOP_ERR_ARGUMENT_MISSING;
    }
    return EPOP_OK;
}

static int32_t parse_arguments(epop_command *out, uint32_t grammar, words *w)
{
    int32_t result = EPOP_OK;

    switch (grammar) {
    case REST:
        out->argument = epopi_span(w->base + w->pos, w->end - w->pos);
        w->pos = w->end;
        return out->argument.len > 0 ? EPOP_OK : EPOP_ERR_ARGUMENT_MISSING;
    case WORD_OPTIONAL:
    case WORD_WORD:
    case WORDS_OPTIONAL:
        result = parse_words(out, grammar, w);
        break;
    case NUMBER:
    case NUMBER_LINES:
        result = next_number(w, 1, &out->number);
        break;
    case NUMBER_OPTIONAL:
        result = w->pos < w->end ? next_number(w, 1, &out->number) : EPOP_OK;
        break;
    case NONE:
        break;
    default:
        return EPOP_ERR_SYNTAX;
    }
    if (result == EPOP_OK && grammar == NUMBER_LINES) {
        result = next_number(w, 0, &out->lines);
    }
    if (result == EPOP_OK && w->pos < w->end) {
        result = EPOP_ERR_ARGUMENT_EXTRA;
    }
    return result;
}

/* Known clients send a space behind commands without arguments (Outlook: "AUTH "). In the rest of a line, as in a
 * password, it counts. */
static void drop_trailing_spaces(words *w)
{
    while (w->end > w->pos && w->base[w->end - 1] == ' ') {
        w->end--;
    }
}

static void clear(epop_command *out)
{
    out->number = 0;
    out->lines = 0;
    out->argument = epopi_span(NULL, 0);
    out->second = epopi_span(NULL, 0);
}

int32_t epop_command_parse(epop_command *out, const void *text, size_t len)
{
    words w;
    const command_row *r;
    size_t stop;
    int32_t result = epopi_check_parse(out, sizeof *out, text, len);

    if (result != EPOP_OK) {
        return result;
    }
    w.base = (const uint8_t *)text;
    stop = epopi_find(w.base, 0, len, ' ');
    r = find_keyword(w.base, stop);
    clear(out);
    out->id = r ? r->id : (uint32_t)EPOP_CMD_UNKNOWN;
    out->keyword = epopi_span(w.base, stop);
    if (epopi_breaks_line(w.base, len)) {
        return EPOP_ERR_OCTET;
    }
    if (stop == 0) {
        return EPOP_ERR_SYNTAX;
    }
    w.pos = stop < len ? stop + 1 : stop;
    w.end = len;
    if (!r) {
        out->argument = epopi_span(w.base + w.pos, w.end - w.pos);
        return EPOP_OK;
    }
    if (r->grammar != REST) {
        drop_trailing_spaces(&w);
    }
    result = parse_arguments(out, r->grammar, &w);
    if (result != EPOP_OK) {
        clear(out);
    }
    return result;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void put_argument(epopi_writer *w, epop_span text)
{
    epopi_put_octet(w, ' ');
    epopi_put_text(w, text);
}

/* A word that another one may follow: a space in it would make two of it. */
static void put_word_argument(epopi_writer *w, epop_span text)
{
    if (text.len == 0) {
        return;
    }
    if (epopi_find(text.ptr, 0, text.len, ' ') < text.len) {
        epopi_writer_fail(w, EPOP_ERR_OCTET);
    }
    put_argument(w, text);
}

static void put_number_argument(epopi_writer *w, uint32_t number)
{
    epopi_put_octet(w, ' ');
    epopi_put_number(w, number);
}

/* What each grammar takes, and what it must have. */
enum { FIRST = 1, SECOND = 2, NUMERIC = 4, COUNT = 8 };

static const uint8_t takes[] = {0, NUMERIC, NUMERIC, NUMERIC | COUNT, FIRST, FIRST, FIRST | SECOND, FIRST | SECOND};
static const uint8_t needed_arguments[] = {0, NUMERIC, 0, NUMERIC, FIRST, 0, FIRST | SECOND, 0};

static uint32_t parts_of(const epop_command *c)
{
    return (c->argument.len > 0 ? (uint32_t)FIRST : 0u) | (c->second.len > 0 ? (uint32_t)SECOND : 0u) |
           (c->number > 0 ? (uint32_t)NUMERIC : 0u) | (c->lines > 0 ? (uint32_t)COUNT : 0u);
}

static int32_t check_arguments(const epop_command *c, uint32_t grammar)
{
    uint32_t has = parts_of(c);
    uint32_t missing = needed_arguments[grammar] & ~has;

    if (has & ~(uint32_t)takes[grammar]) {
        return EPOP_ERR_ARGUMENT_EXTRA;
    }
    if (missing & NUMERIC) {
        return EPOP_ERR_NUMBER;
    }
    /* A second word cannot stand without the first. */
    return missing || ((has & SECOND) && !(has & FIRST)) ? EPOP_ERR_ARGUMENT_MISSING : EPOP_OK;
}

static void put_arguments(epopi_writer *w, const epop_command *c, uint32_t grammar)
{
    if (grammar == REST) {
        put_argument(w, c->argument);
    } else {
        put_word_argument(w, c->argument);
        put_word_argument(w, c->second);
    }
    if (c->number > 0) {
        put_number_argument(w, c->number);
    }
    if (grammar == NUMBER_LINES) {
        put_number_argument(w, c->lines);
    }
}

/* RFC 2449 section 3 has keywords of three or four octets; some in the wild are longer (XCLIENT), none is shorter. */
static int32_t check_unknown(const epop_command *c)
{
    if (epopi_check_octets(c->keyword.ptr, c->keyword.len) != EPOP_OK) {
        return EPOP_ERR_NULL;
    }
    if (c->keyword.len < 3 || !epopi_is_visible(c->keyword.ptr, c->keyword.len)) {
        return EPOP_ERR_SYNTAX;
    }
    return c->second.len > 0 || c->number > 0 || c->lines > 0 ? EPOP_ERR_ARGUMENT_EXTRA : EPOP_OK;
}

static void put_unknown(epopi_writer *w, const epop_command *c)
{
    epopi_put_text(w, c->keyword);
    if (c->argument.len > 0) {
        put_argument(w, c->argument);
    }
}

static int32_t check_command(const void *dst, size_t cap, size_t *len, const epop_command *command)
{
    const command_row *r;
    int32_t result = epopi_check_write(dst, cap, len);

    if (result == EPOP_OK) {
        result = epopi_check_struct(command, sizeof *command);
    }
    if (result == EPOP_OK) {
        result = epopi_check_spans(command->argument, command->second);
    }
    if (result != EPOP_OK) {
        return result;
    }
    r = find_id(command->id);
    if (!r && command->id != EPOP_CMD_UNKNOWN) {
        return EPOP_ERR_VALUE;
    }
    return r ? check_arguments(command, r->grammar) : check_unknown(command);
}

int32_t epop_command_write(void *dst, size_t cap, size_t *len, const epop_command *command)
{
    epopi_writer w;
    const command_row *r;
    int32_t result;

    result = check_command(dst, cap, len, command);
    if (result != EPOP_OK) {
        return result;
    }
    r = find_id(command->id);
    for (epopi_writer_begin(&w, dst, cap, len, EPOP_COMMAND_MAX); epopi_writer_pass(&w);) {
        if (r) {
            epopi_put_word(&w, r->keyword);
            put_arguments(&w, command, r->grammar);
        } else {
            put_unknown(&w, command);
        }
        epopi_put_word(&w, "\r\n");
    }
    return w.result;
}
