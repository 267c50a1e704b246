/* The header of a message that was not fetched yet: whether its message is wanted, and an identity where the server has
 * none for it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_FILTER_H
#define POPGET_FILTER_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FILTER_SIZE = 65536,    /* octets of a header that are looked at */
    FILTER_DIGEST_SIZE = 48 /* room for a digest, "header:" and 32 digits */
};

struct pattern {
    regex_t regex;
    bool is_there;
    bool negated;
};

struct filter {
    struct pattern wanted;   /* --headers-first */
    struct pattern unwanted; /* --delete-matching */
    bool has_since;
    int64_t since; /* seconds since 1970 */
    bool is_cut;   /* the header had more than there is room for */
    size_t len;
    char text[FILTER_SIZE + 1];
};

/* Understands the argument of --headers-first or --delete-matching. False where it is no regular expression; `why` says
 * what is wrong. */
bool filter_pattern(struct pattern *pattern, const char *text, char *why, size_t size);

/* The pieces of a header, from its beginning. What is too much is dropped. */
void filter_start(struct filter *filter);
void filter_put(struct filter *filter, const uint8_t *data, size_t len);

/* After the last piece: each field becomes one line, with a NUL behind it, and one space where it was folded. Before
 * the two below. */
void filter_unfold(struct filter *filter);

/* Whether it is to be fetched: by --headers-first, and by --since. A message without a date that can be read is new. */
bool filter_passes(const struct filter *filter);

/* Whether it is to be deleted unread. A header that is empty, or was cut where all of it counts, deletes nothing. */
bool filter_condemns(const struct filter *filter);

/* Writes it to `digest`, which has FILTER_DIGEST_SIZE octets, and returns its length. */
size_t filter_digest(const struct filter *filter, char *digest);

void filter_close(struct filter *filter);

#endif
