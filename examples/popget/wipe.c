/* Overwriting of memory that held a secret.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wipe.h"

void wipe(void *memory, size_t len)
{
    volatile unsigned char *at = (volatile unsigned char *)memory;

    while (len-- > 0) {
        *at++ = 0;
    }
}
