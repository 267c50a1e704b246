/* Which messages of the listing are wanted.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_WANTED_H
#define POPGET_WANTED_H

#include <stddef.h>
#include <stdint.h>

struct plan;

/* Answers the sync for a message that has an identity now. */
void wanted_answer(struct plan *plan, uint32_t number, uint64_t octets, const uint8_t *id, size_t len);

#endif
