/* The header of a message that was not fetched yet.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "filter.h"

#include "date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

bool filter_pattern(struct pattern *pattern, const char *text, char *why, size_t size)
{
    int result;

    pattern->negated = text[0] == '!';
    result = regcomp(&pattern->regex, text + pattern->negated, REG_EXTENDED | REG_ICASE | REG_NOSUB);
    pattern->is_there = result == 0;
    if (result != 0) {
        regerror(result, &pattern->regex, why, size);
    }
    return pattern->is_there;
}

void filter_start(struct filter *filter)
{
    filter->len = 0;
    filter->is_cut = false;
}

void filter_put(struct filter *filter, const uint8_t *data, size_t len)
{
    size_t room = FILTER_SIZE - filter->len;

    filter->is_cut = filter->is_cut || len >= room; /* more than fits is not even given to us */
    len = len < room ? len : room;
    if (len > 0) {
        memcpy(filter->text + filter->len, data, len);
        filter->len += len;
    }
}

static bool is_blank(char octet)
{
    return octet == ' ' || octet == '\t';
}

/* The length of the line end here; 0 where there is none. */
static size_t line_end(const struct filter *filter, size_t at)
{
    if (filter->text[at] == '\n') {
        return 1;
    }
    return filter->text[at] == '\r' && at + 1 < filter->len && filter->text[at + 1] == '\n' ? 2 : 0;
}

/* Behind a line end: a line that begins with a blank goes on with the field (RFC 5322 section 2.2.3). Returns where the
 * text goes on. */
static size_t join_line(struct filter *filter, size_t to, size_t *at)
{
    char *text = filter->text;

    if (*at == filter->len || !is_blank(text[*at])) {
        text[to] = '\0';
        return to + 1;
    }
    while (to > 0 && is_blank(text[to - 1])) {
        to--;
    }
    while (*at < filter->len && is_blank(text[*at])) {
        *at += 1;
    }
    text[to] = ' ';
    return to + 1;
}

void filter_unfold(struct filter *filter)
{
    char *text = filter->text;
    size_t to = 0;
    size_t at = 0;
    size_t end;

    while (at < filter->len) {
        end = line_end(filter, at);
        if (end == 0) {
            text[to++] = text[at] != '\0' ? text[at] : ' ';
            at++;
        } else if (to == 0 || text[to - 1] == '\0') {
            break; /* an empty line: the header ends */
        } else {
            at += end;
            to = join_line(filter, to, &at);
        }
    }
    if (to > 0 && text[to - 1] != '\0') {
        text[to++] = '\0'; /* in place of a line end, or at the very end of the room */
    }
    filter->len = to;
}

/* Whether one of the fields has what the pattern looks for. */
static bool matches(const struct filter *filter, const struct pattern *pattern)
{
    size_t at;

    for (at = 0; at < filter->len; at += strlen(filter->text + at) + 1) {
        if (regexec(&pattern->regex, filter->text + at, 0, NULL, 0) == 0) {
            return true;
        }
    }
    return false;
}

/* The value of the first field of this name; NULL where there is none. */
static const char *value_of(const struct filter *filter, const char *name)
{
    size_t len = strlen(name);
    const char *line;
    size_t at;

    for (at = 0; at < filter->len; at += strlen(filter->text + at) + 1) {
        line = filter->text + at;
        if (strncasecmp(line, name, len) == 0 && line[len + strspn(line + len, " \t")] == ':') {
            return strchr(line, ':') + 1;
        }
    }
    return NULL;
}

/* The first Received field is the last to be added, by the server itself; Date is the sender's. */
static bool is_too_old(const struct filter *filter)
{
    const char *value = value_of(filter, "Received");
    int64_t time = 0;

    value = value != NULL ? strrchr(value, ';') : NULL;
    if (value == NULL || !date_parse(value + 1, &time)) {
        value = value_of(filter, "Date");
        if (value == NULL || !date_parse(value, &time)) {
            return false;
        }
    }
    return time < filter->since;
}

bool filter_passes(const struct filter *filter)
{
    const struct pattern *wanted = &filter->wanted;

    return !(wanted->is_there && matches(filter, wanted) == wanted->negated) &&
           !(filter->has_since && is_too_old(filter));
}

bool filter_condemns(const struct filter *filter)
{
    const struct pattern *unwanted = &filter->unwanted;

    if (!unwanted->is_there || filter->len == 0 || (unwanted->negated && filter->is_cut)) {
        return false;
    }
    return matches(filter, unwanted) != unwanted->negated;
}

/* Fields that no server changes or adds after it has a message. */
static bool is_steady(const char *line)
{
    static const char *const names[] = {"Message-ID", "Date", "From", "To", "Subject", "Received"};
    size_t len = strcspn(line, ": \t");
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) == len && strncasecmp(names[i], line, len) == 0) {
            return true;
        }
    }
    return false;
}

size_t filter_digest(const struct filter *filter, char *digest)
{
    static const char prefix[] = "header:";
    XXH3_state_t *hash = XXH3_createState();
    XXH128_canonical_t octets;
    size_t len = 0;
    size_t at;
    size_t i;

    if (hash == NULL) {
        return 0;
    }
    XXH3_128bits_reset(hash);
    for (at = 0; at < filter->len; at += strlen(filter->text + at) + 1) {
        if (is_steady(filter->text + at)) {
            XXH3_128bits_update(hash, filter->text + at, strlen(filter->text + at) + 1);
        }
    }
    XXH128_canonicalFromHash(&octets, XXH3_128bits_digest(hash));
    XXH3_freeState(hash);
    len = (size_t)snprintf(digest, FILTER_DIGEST_SIZE, "%s", prefix);
    for (i = 0; i < sizeof octets.digest; i++) {
        len += (size_t)snprintf(digest + len, FILTER_DIGEST_SIZE - len, "%02x", octets.digest[i]);
    }
    return len;
}

static void close_pattern(struct pattern *pattern)
{
    if (pattern->is_there) {
        regfree(&pattern->regex);
        pattern->is_there = false;
    }
}

void filter_close(struct filter *filter)
{
    close_pattern(&filter->wanted);
    close_pattern(&filter->unwanted);
}
