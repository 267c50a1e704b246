/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "sasl/gather.h"

#include "wire/octets.h"

size_t epopi_gather_get(const epop_sasl_step *step, size_t at)
{
    return (size_t)step->state[at] << 8 | step->state[at + 1];
}

void epopi_gather_set(epop_sasl_step *step, size_t at, size_t value)
{
    step->state[at] = (uint8_t)(value >> 8);
    step->state[at + 1] = (uint8_t)value;
}

static size_t length(const epop_sasl_step *step)
{
    return epopi_gather_get(step, EPOPI_GATHER_LENGTH);
}

static void set_length(epop_sasl_step *step, size_t len)
{
    epopi_gather_set(step, EPOPI_GATHER_LENGTH, len);
}

epop_span epopi_gathered(const epop_sasl_step *step)
{
    return epopi_span(step->state + EPOPI_GATHER_HEAD, length(step));
}

int32_t epopi_gather(epop_sasl_step *step, epop_span octets)
{
    size_t len = length(step);
    size_t room = step->state_size - EPOPI_GATHER_HEAD;

    room = room < 65535u ? room : 65535u;
    if (octets.len > room - len) {
        return EPOP_ERR_TOO_LONG;
    }
    epopi_copy(step->state + EPOPI_GATHER_HEAD + len, octets.ptr, octets.len);
    set_length(step, len + octets.len);
    return EPOP_OK;
}

void epopi_gather_cut(epop_sasl_step *step, size_t len)
{
    epopi_wipe(step->state + EPOPI_GATHER_HEAD + len, length(step) - len);
    set_length(step, len);
}

int32_t epopi_sasl_is(epop_sasl_step *step, const char *name, uint32_t properties, uint32_t hashes, size_t state_min)
{
    step->name = name;
    step->properties = properties;
    step->hashes = hashes;
    step->state_min = state_min;
    return EPOP_OK;
}

int32_t epopi_sasl_text(epop_sasl_step *step, const char *text, size_t len)
{
    step->text = epopi_span((const uint8_t *)text, len);
    return EPOP_OK;
}

int32_t epopi_sasl_ask(epop_sasl_step *step, uint32_t question, uint32_t keep)
{
    step->ask = question;
    step->keep = keep;
    return EPOP_ASK;
}

int32_t epopi_sasl_question(epop_sasl_step *step, uint32_t question, epop_span user, epop_span secret)
{
    step->ask = question;
    step->more = 0;
    step->used = step->data.len;
    step->user = user;
    step->authzid = epopi_span(NULL, 0);
    step->secret = secret;
    return EPOP_ASK;
}
