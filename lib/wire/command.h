/* What commands.def says of a command, for the sessions.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_WIRE_COMMAND_H
#define EPOP_WIRE_COMMAND_H

#include <epop/wire.h>

enum { EPOPI_PHASES_AUTHORIZATION = 1, EPOPI_PHASES_TRANSACTION = 2, EPOPI_PHASES_BOTH = 3 };
enum { EPOPI_ALONE = 1, EPOPI_HARMLESS = 2, EPOPI_READS = 4, EPOPI_DECLARED = 8 };

/* EPOPI_ALONE and so on; of an unknown command EPOPI_ALONE | EPOPI_DECLARED. */
uint32_t epopi_command_flags(uint32_t id);

/* 1 where the command is legal in EPOP_PHASE_AUTHORIZATION or _TRANSACTION; unknown ones are in both. */
uint32_t epopi_command_legal(uint32_t id, uint32_t phase);

/* The length of the keyword that the line begins with, where that is made of letters; 0 where it is not. */
size_t epopi_command_keyword(epop_span line);

/* 1 where the line begins with the keyword of a command that has a row. */
uint32_t epopi_command_is_known(epop_span line);

/* The part of a command line that may be shown to anybody in that phase: all of it where the command is known to be
 * harmless, or where it is unknown and nobody has to log in any more; else the keyword, with AUTH and the mechanism; or
 * nothing, where the line does not begin with a keyword of letters. For both roles. */
epop_span epopi_command_public(epop_span line, uint32_t phase);

#endif
