/* Overwriting of memory that held a secret.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_WIPE_H
#define POPGET_WIPE_H

#include <stddef.h>

/* Zeroes, by stores that the compiler cannot drop. */
void wipe(void *memory, size_t len);

#endif
