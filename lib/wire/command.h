/* What commands.def says of a command, for the sessions.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_WIRE_COMMAND_H
#define EPOP_WIRE_COMMAND_H

#include <epop/wire.h>

enum { EPOPI_PHASES_AUTHORIZATION = 1, EPOPI_PHASES_TRANSACTION = 2, EPOPI_PHASES_BOTH = 3 };
enum { EPOPI_ALONE = 1, EPOPI_SECRET = 2, EPOPI_SERVED = 4, EPOPI_DECLARED = 8 };

/* EPOPI_ALONE and so on; of an unknown command EPOPI_ALONE | EPOPI_DECLARED. */
uint32_t epopi_command_flags(uint32_t id);

/* 1 where the command is legal in EPOP_PHASE_AUTHORIZATION or _TRANSACTION; unknown ones are in both. */
uint32_t epopi_command_legal(uint32_t id, uint32_t phase);

/* The part of a command line that may be shown to anybody: all of it, or the keyword, with AUTH and the mechanism. */
epop_span epopi_command_public(epop_span line);

#endif
