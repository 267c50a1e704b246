/* The OAuth access token: from a file, and wiped after use.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_TOKEN_H
#define POPGET_TOKEN_H

#include "report.h"

#include <stdbool.h>
#include <stddef.h>

enum { TOKEN_SIZE = 65536 }; /* octets; tokens of large providers have a few thousand at most */

struct token {
    char octets[TOKEN_SIZE + 2]; /* room for the line end behind the longest one */
    size_t len;                  /* 0: there is none */
};

/* The whole file, but for one line end behind it. What is in it must be visible ASCII, so that no token can be more
 * than a token. False after a report. */
bool token_get(struct token *token, const char *name, struct report *report);

/* As the first line that a command prints. */
bool token_ask_command(struct token *token, const char *command, struct report *report);

void token_wipe(struct token *token);

#endif
