/* Overwriting of memory that held a secret.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "wipe.h"

void wipe(void *memory, size_t length)
{
    volatile unsigned char *octet = memory;

    while (length-- > 0) {
        *octet++ = 0;
    }
}
