/* A SASL message that is put together in a mechanism's memory, piece by piece.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 *     epopi_message m;
 *     epopi_message_begin(&m, step);
 *     epopi_message_word(&m, "r="); epopi_message_nonce(&m); ...
 *     return m.result;
 *
 * The first error stays, and nothing is added after it: EPOP_ERR_TOO_LONG where the memory is full, EPOP_ERR_CRYPTO
 * where the host's random octets failed.
 */
#ifndef EPOP_SASL_MESSAGE_H
#define EPOP_SASL_MESSAGE_H

#include <epop/sasl.h>

typedef struct epopi_message {
    epop_sasl_step *step;
    int32_t result;
} epopi_message;

void epopi_message_begin(epopi_message *m, epop_sasl_step *step);

/* The result of something that the message depends on. */
void epopi_message_check(epopi_message *m, int32_t result);

void epopi_message_octets(epopi_message *m, epop_span octets);
void epopi_message_word(epopi_message *m, const char *word);
void epopi_message_number(epopi_message *m, uint32_t value);

/* A name, escaped (name.h). */
void epopi_message_name(epopi_message *m, epop_span name);

/* Both, one after the other, in base64. */
void epopi_message_base64(epopi_message *m, epop_span first, epop_span second);

/* Random octets in base64, 24 digits. */
void epopi_message_nonce(epopi_message *m);

/* Notes at `at` of the memory's head how long the octets are by now. */
void epopi_message_mark(epopi_message *m, size_t at);

#endif
