/* What sasl.c and sasl_line.c have in common.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_SERVER_SASL_LINE_H
#define EPOP_SERVER_SASL_LINE_H

#include "server/session.h"

/* p_flags, of the line that is being received. Bit 0 is the exchange's. */
enum {
    EPOPI_SASL_STAR = 2,     /* it begins with a "*" */
    EPOPI_SASL_AFTER_CR = 4, /* the last octet was a CR */
    EPOPI_SASL_INITIAL = 8   /* it is the rest of an AUTH line */
};

/* p_flow: what the next step has to look at. */
enum { EPOPI_SASL_LINE_ENDED = 16, EPOPI_SASL_RESULT_KNOWN = 17 };

/* sasl.c: 1 where the session offers the mechanism of this index; p_step then describes it. */
uint32_t epopi_server_sasl_offers(epop_server *s, uint32_t index);

/* sasl.c: the mechanism's result, or why the exchange fails, to be looked at in the next step. */
void epopi_server_sasl_note(epop_server *s, int32_t result);

#endif
