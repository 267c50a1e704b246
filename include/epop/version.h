/* The version of these headers.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_VERSION_H
#define EPOP_VERSION_H

/* Semantic version: while the first number is 0, the second one changes whenever the ABI does, and the name of the
 * shared library (SONAME) carries both, libepop.so.0.2; later it carries the first alone. */
#define EPOP_VERSION "0.2.0"

/* The same as one number that grows with every release: 0xMMmmpp. */
#define EPOP_VERSION_NUMBER 0x000200

#endif
