/* The mail and the mind of the host of a server session.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_MAILDROP_H
#define EPOP_TESTS_MAILDROP_H

#include "trace.h"

/* The size of a message as LIST must say it. */
uint64_t maildrop_size(const struct message *m);
/* An act of a script or of an H line, as the answer to a question of `kind`; false where it is not known. */
bool maildrop_perform(struct run *r, const struct words *act, uint32_t kind);
/* Answers the open question, unless the script holds the answer back. */
void maildrop_answer(struct run *r);
/* Gives the session the next slice of the message, its end, or the news that there will be no end. */
bool maildrop_push(struct run *r);

#endif
