/* Line ends of the network to line ends of Unix: CRLF becomes LF, every other octet stays.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_EOL_H
#define POPGET_EOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes text that was mapped; false to stop. */
typedef bool (*eol_writer)(void *user, const uint8_t *data, size_t len);

struct eol {
    bool keep;     /* map nothing */
    bool after_cr; /* a CR is held back until the octet behind it is known */
};

void eol_start(struct eol *eol, bool keep);
bool eol_put(struct eol *eol, const uint8_t *data, size_t len, eol_writer write, void *user);

/* The text ends here: a CR that was held back comes out. */
bool eol_end(struct eol *eol, eol_writer write, void *user);

#endif
