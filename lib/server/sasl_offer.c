/* The mechanisms that a session offers.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/sasl.h"

#include "sasl/exchange.h"

uint32_t epopi_server_sasl_offers(epop_server *s, uint32_t index)
{
    epop_sasl *x = s->p_sasl;

    return x && index < x->p_step.config->mechanism_count && epopi_sasl_describe(x, EPOP_SASL_SERVER, index) &&
           !(x->p_step.properties & EPOP_SASL_NOT_AUTH) &&
           (!(x->p_step.properties & EPOP_SASL_BINDS) || (s->p_flags & EPOP_SERVER_TLS)) && epopi_server_may_login(s);
}

uint32_t epopi_server_sasl_count(const epop_server *s)
{
    return s->p_sasl ? s->p_sasl->p_step.config->mechanism_count : 0;
}

size_t epopi_server_put_word(uint8_t *dst, size_t at, const char *word)
{
    while (*word != '\0') {
        dst[at++] = (uint8_t)*word++;
    }
    return at;
}

/* EPOP_SASL_MECHANISMS_MAX names of 20 octets fit a status line. */
size_t epopi_server_sasl_row(epop_server *s, uint8_t *dst)
{
    size_t none = epopi_server_put_word(dst, 0, "SASL");
    size_t at = none;
    uint32_t i;

    for (i = 0; i < epopi_server_sasl_count(s); i++) {
        if (epopi_server_sasl_offers(s, i)) {
            dst[at++] = ' ';
            at = epopi_server_put_word(dst, at, s->p_sasl->p_step.name);
        }
    }
    return at == none ? 0 : epopi_server_put_word(dst, at, "\r\n");
}

size_t epopi_server_sasl_name(epop_server *s, uint32_t index, uint8_t *dst)
{
    if (!epopi_server_sasl_offers(s, index)) {
        return 0;
    }
    return epopi_server_put_word(dst, epopi_server_put_word(dst, 0, s->p_sasl->p_step.name), "\r\n");
}
