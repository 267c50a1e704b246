/* What the files of the server's SASL have in common.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_SERVER_SASL_H
#define EPOP_SERVER_SASL_H

#include "server/session.h"

/* p_flags, of the line that is being received. Bit 0 is the exchange's. */
enum {
    EPOPI_SERVER_SASL_STAR = 2,     /* it begins with a "*" */
    EPOPI_SERVER_SASL_AFTER_CR = 4, /* the last octet was a CR */
    EPOPI_SERVER_SASL_INITIAL = 8   /* it is the rest of an AUTH line */
};

/* p_flow: what the next step has to look at. */
enum { EPOPI_SERVER_SASL_LINE_ENDED = 16, EPOPI_SERVER_SASL_RESULT_KNOWN = 17 };

/* sasl_offer.c: 1 where the session offers the mechanism of this index; p_step then describes it. */
uint32_t epopi_server_sasl_offers(epop_server *s, uint32_t index);
/* A NUL-terminated word at dst[at]; the new end. */
size_t epopi_server_put_word(uint8_t *dst, size_t at, const char *word);

/* sasl_flow.c: what the mechanism's result leads to: a challenge, a question, the maildrop, or that the login fails. */
void epopi_server_sasl_continue(epop_server *s, int32_t result);
void epopi_server_sasl_fail(epop_server *s, int32_t error);
/* A challenge, and then the client's response to it. */
void epopi_server_sasl_challenge(epop_server *s, uint32_t is_empty);
/* The mechanism's result, or why the exchange fails, to be looked at in the next step. */
void epopi_server_sasl_result(epop_server *s, int32_t result);

#endif
