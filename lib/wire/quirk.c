/* Names of the deviations that parsers tolerate.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include <epop/wire.h>

/* Row n has bit n of EPOP_QUIRK_; arrays and no pointers, so that nothing has to be relocated. */
static const char quirk_names[][28] = {
    "EPOP_QUIRK_LF_SESSION",      "EPOP_QUIRK_STATUS_SPACE",   "EPOP_QUIRK_LONG_LINE",
    "EPOP_QUIRK_ROW_SYNTAX",      "EPOP_QUIRK_ROW_STATUS",     "EPOP_QUIRK_ROW_BLANKS",
    "EPOP_QUIRK_UNIQUE_ID_EMPTY", "EPOP_QUIRK_UNIQUE_ID_LONG", "EPOP_QUIRK_UNIQUE_ID_OCTETS",
    "EPOP_QUIRK_NEGATIVE_SIZE",   "EPOP_QUIRK_CHALLENGE_TEXT", "EPOP_QUIRK_STAT_OCTETS",
    "EPOP_QUIRK_STAT_COUNT",
};

const char *epop_quirk_name(uint32_t quirk)
{
    uint32_t i;

    for (i = 0; i < sizeof quirk_names / sizeof quirk_names[0]; i++) {
        if (quirk == (uint32_t)1 << i) {
            return quirk_names[i];
        }
    }
    return "?";
}
