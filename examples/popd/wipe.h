/* Overwriting of memory that held a secret.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_WIPE_H
#define POPD_WIPE_H

#include <stddef.h>

/* The compiler may drop a memset of memory that is not read again; it may not drop this. */
void wipe(void *memory, size_t length);

#endif
