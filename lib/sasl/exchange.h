/* One SASL exchange as the sessions see it: mechanisms by number, our messages as base64 in pieces, the peer's
 * likewise.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_SASL_EXCHANGE_H
#define EPOP_SASL_EXCHANGE_H

#include <epop/sasl.h>

/* Where our message stands. */
enum {
    EPOPI_FLOW_NONE = 0,
    EPOPI_FLOW_NEXT = 1,   /* the mechanism's next part is due */
    EPOPI_FLOW_TEXT = 2,   /* a part is being written */
    EPOPI_FLOW_ANSWER = 3, /* a question is open, or an answer is being written */
    EPOPI_FLOW_TAIL = 4,   /* only base64's padding is missing */
    EPOPI_FLOW_DONE = 5
};

/* 1 where the mechanism can be used in this role with the hashes and secrets at hand; p_step then describes it. */
uint32_t epopi_sasl_describe(epop_sasl *s, uint32_t role, uint32_t index);

/* Index of the mechanism of that name (any letter case) that can be used in the role, or EPOP_SASL_MECHANISMS_MAX. */
uint32_t epopi_sasl_find(epop_sasl *s, uint32_t role, epop_span name);

/* Begins an exchange with a mechanism that was described: calls START. `keep` octets at the end of the buffer are not
 * the mechanism's. EPOP_OK or the mechanism's error. */
int32_t epopi_sasl_start(epop_sasl *s, size_t keep);

/* Ends it: wipes what the exchange knew. */
void epopi_sasl_end(epop_sasl *s);

/* One call to the mechanism, with what stands in p_step. */
int32_t epopi_sasl_call(epop_sasl *s, uint32_t verb);

/* A message of ours begins. `plain` for one that is not in base64. */
void epopi_sasl_begin_message(epop_sasl *s, uint32_t plain);

/* Goes on with it. EPOP_OK: complete. EPOP_FULL: come again with more room. EPOP_ASK: p_step.ask must be answered by
 * epopi_sasl_answer first. Or the mechanism's error. */
int32_t epopi_sasl_message(epop_sasl *s, uint8_t *dst, size_t cap, size_t *wrote);

/* The host's answer, from p_offset on. EPOP_OK: taken; go on with the message. EPOP_FULL: taken up to p_offset; the
 * rest is to be asked for again. EPOP_ERR_OCTET, EPOP_ERR_VALUE, and what the mechanism says: nothing was taken. */
int32_t epopi_sasl_answer(epop_sasl *s, epop_span text, uint8_t *dst, size_t cap, size_t *wrote);

/* A message of the peer begins. */
void epopi_sasl_begin_take(epop_sasl *s);

/* Takes base64 of it. EPOP_OK: all was used. EPOP_ASK: p_step has a piece for the host (`more`); come again with what
 * is behind `*used`. Errors come from epopi_sasl_take_end. */
int32_t epopi_sasl_take(epop_sasl *s, const uint8_t *text, size_t len, size_t *used);

/* Goes on with what was decoded already and not yet taken. EPOP_OK, EPOP_ASK. */
int32_t epopi_sasl_take_rest(epop_sasl *s);

/* Takes octets that are no base64, without an end. */
void epopi_sasl_take_octets(epop_sasl *s, const uint8_t *octets, size_t len);

/* The message has ended. The mechanism's result, or the first error on the way: EPOP_ERR_BASE64, ... */
int32_t epopi_sasl_take_end(epop_sasl *s);

#endif
