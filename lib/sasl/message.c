/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "sasl/message.h"

#include "sasl/memory.h"
#include "sasl/name.h"

#include "wire/number.h"
#include "wire/octets.h"

enum { NONCE_OCTETS = 18 }; /* more than anybody can guess, and base64 without padding */

void epopi_message_begin(epopi_message *m, epop_sasl_step *step)
{
    m->step = step;
    m->result = EPOP_OK;
}

void epopi_message_check(epopi_message *m, int32_t result)
{
    if (m->result == EPOP_OK) {
        m->result = result;
    }
}

void epopi_message_octets(epopi_message *m, epop_span octets)
{
    if (m->result == EPOP_OK) {
        m->result = epopi_memory_add(m->step, octets);
    }
}

/* One octet at a time: a loop that counted them first would be made a call of strlen. */
void epopi_message_word(epopi_message *m, const char *word)
{
    while (*word != '\0') {
        epopi_message_octets(m, epopi_span((const uint8_t *)word++, 1));
    }
}

void epopi_message_number(epopi_message *m, uint32_t value)
{
    uint8_t digits[EPOPI_NUMBER_MAX];

    epopi_message_octets(m, epopi_span(digits, epopi_number_write(digits, value)));
}

void epopi_message_name(epopi_message *m, epop_span name)
{
    size_t i;

    for (i = 0; i < name.len; i++) {
        epopi_message_octets(m, epopi_name_escape(name.ptr + i));
    }
}

static void encode_octets(epopi_message *m, epop_base64 *state, epop_span octets)
{
    uint8_t text[32];
    size_t used = 0;
    size_t wrote = 0;

    while (octets.len > 0 && m->result == EPOP_OK) {
        (void)epop_base64_encode(state, octets.ptr, octets.len, &used, text, sizeof text, &wrote);
        octets = epopi_span(octets.ptr + used, octets.len - used);
        epopi_message_octets(m, epopi_span(text, wrote));
    }
}

void epopi_message_base64(epopi_message *m, epop_span first, epop_span second)
{
    epop_base64 state;
    uint8_t tail[4];
    size_t wrote = 0;

    (void)epop_base64_init(&state);
    encode_octets(m, &state, first);
    encode_octets(m, &state, second);
    (void)epop_base64_encode_end(&state, tail, sizeof tail, &wrote);
    epopi_message_octets(m, epopi_span(tail, wrote));
}

void epopi_message_nonce(epopi_message *m)
{
    const epop_crypto *crypto = m->step->config->crypto;
    uint8_t random[NONCE_OCTETS];

    if (m->result == EPOP_OK && crypto->random(crypto->user, random, sizeof random) != 0) {
        m->result = EPOP_ERR_CRYPTO;
    }
    if (m->result == EPOP_OK) {
        epopi_message_base64(m, epopi_span(random, sizeof random), epopi_span(NULL, 0));
    }
}

void epopi_message_mark(epopi_message *m, size_t at)
{
    epopi_memory_set_number(m->step, at, epopi_memory_octets(m->step).len);
}
