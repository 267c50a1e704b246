/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "sasl/step.h"

#include "wire/octets.h"

int32_t epopi_step_describe(epop_sasl_step *step, const char *name, uint32_t properties, uint32_t hashes,
                            size_t state_min)
{
    step->name = name;
    step->properties = properties;
    step->hashes = hashes;
    step->state_min = state_min;
    return EPOP_OK;
}

int32_t epopi_step_text(epop_sasl_step *step, const uint8_t *text, size_t len)
{
    step->text = epopi_span(text, len);
    return EPOP_OK;
}

int32_t epopi_step_ask(epop_sasl_step *step, uint32_t question, uint32_t keep)
{
    step->ask = question;
    step->keep = keep;
    return EPOP_ASK;
}

int32_t epopi_step_question(epop_sasl_step *step, uint32_t question, epop_span user, epop_span secret)
{
    step->ask = question;
    step->more = 0;
    step->used = step->data.len;
    step->user = user;
    step->authzid = epopi_span(NULL, 0);
    step->secret = secret;
    return EPOP_ASK;
}
