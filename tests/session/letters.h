/* Results as letters, so that those of a call in every state fit a line.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_LETTERS_H
#define EPOP_TESTS_LETTERS_H

#include <stdint.h>

/* The letter at `index`, spaces not counted, as a result. */
int32_t letters_result(const char *letters, uint32_t index);

/* The letter itself. */
char letters_at(const char *letters, uint32_t index);

#endif
