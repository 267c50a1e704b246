/* Line ends of the network to line ends of Unix: CRLF becomes LF, every other octet stays.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "eol.h"

#include <string.h>

static const uint8_t cr = '\r';

void eol_start(struct eol *eol, bool keep)
{
    eol->keep = keep;
    eol->after_cr = false;
}

bool eol_put(struct eol *eol, const uint8_t *data, size_t len, eol_writer write, void *user)
{
    const uint8_t *end = data + len;
    const uint8_t *at;

    if (eol->keep) {
        return write(user, data, len);
    }
    while (data < end) {
        if (eol->after_cr && *data != '\n' && !write(user, &cr, 1)) {
            return false;
        }
        at = (const uint8_t *)memchr(data, '\r', (size_t)(end - data));
        eol->after_cr = at != NULL;
        at = at != NULL ? at : end;
        if (at > data && !write(user, data, (size_t)(at - data))) {
            return false;
        }
        data = eol->after_cr ? at + 1 : end;
    }
    return true;
}

bool eol_end(struct eol *eol, eol_writer write, void *user)
{
    bool owed = eol->after_cr;

    eol->after_cr = false;
    return !owed || write(user, &cr, 1);
}
