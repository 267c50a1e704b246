/* Octets of somebody else as text that a terminal, a log or a reader can be shown.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_ESCAPE_H
#define POPGET_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ESCAPE_ASCII = 0x01,     /* everything beyond ASCII too, for terminals that are not UTF-8 */
    ESCAPE_BACKSLASH = 0x02, /* a backslash is doubled, so that the text can be turned back without doubt */
    ESCAPE_LINES = 0x04      /* LF and TAB stay as they are */
};

/* Controls of C0, DEL and octets that are no UTF-8 become \xHH; other unsafe characters (utf8_is_unsafe) become \u{H}.
 * The rest stays. Takes as much of `text` as fits into `dst`, whole characters only, and returns how many octets were
 * taken; `*wrote` says how many were written. Where `last` is false, a character that is not complete yet is left for
 * the next call. No NUL is added. */
size_t escape_piece(char *dst, size_t cap, size_t *wrote, const uint8_t *text, size_t len, unsigned flags, bool last);

/* The same for a whole text, with a NUL behind it; what does not fit is cut off and shown as "...". `cap` is 8 or more.
 * Returns the length without the NUL. */
size_t escape_text(char *dst, size_t cap, const void *text, size_t len, unsigned flags);

/* How the stream (a file descriptor) wants its text: ESCAPE_ASCII for a terminal whose locale is not UTF-8, else 0. */
unsigned escape_for_stream(int fd);

#endif
