/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "sasl/memory.h"

#include "wire/octets.h"

size_t epopi_memory_number(const epop_sasl_step *step, size_t at)
{
    return (size_t)step->state[at] << 8 | step->state[at + 1];
}

void epopi_memory_set_number(epop_sasl_step *step, size_t at, size_t value)
{
    step->state[at] = (uint8_t)(value >> 8);
    step->state[at + 1] = (uint8_t)value;
}

int32_t epopi_memory_set_phase(epop_sasl_step *step, uint8_t phase, int32_t result)
{
    step->state[EPOPI_MEMORY_PHASE] = phase;
    return result;
}

static size_t memory_length(const epop_sasl_step *step)
{
    return epopi_memory_number(step, EPOPI_MEMORY_LENGTH);
}

static void set_memory_length(epop_sasl_step *step, size_t len)
{
    epopi_memory_set_number(step, EPOPI_MEMORY_LENGTH, len);
}

epop_span epopi_memory_octets(const epop_sasl_step *step)
{
    return epopi_span(step->state + EPOPI_MEMORY_HEAD, memory_length(step));
}

int32_t epopi_memory_add(epop_sasl_step *step, epop_span octets)
{
    size_t len = memory_length(step);
    size_t room = step->state_size - EPOPI_MEMORY_HEAD;

    room = room < 65535u ? room : 65535u;
    if (octets.len > room - len) {
        return EPOP_ERR_TOO_LONG;
    }
    epopi_copy(step->state + EPOPI_MEMORY_HEAD + len, octets.ptr, octets.len);
    set_memory_length(step, len + octets.len);
    return EPOP_OK;
}

void epopi_memory_truncate(epop_sasl_step *step, size_t len)
{
    epopi_wipe(step->state + EPOPI_MEMORY_HEAD + len, memory_length(step) - len);
    set_memory_length(step, len);
}
