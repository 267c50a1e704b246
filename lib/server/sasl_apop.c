/* APOP: its stamp in the greeting, and the command.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/sasl.h"

#include "sasl/exchange.h"

#include "wire/octets.h"
#include "wire/outbox.h"

/* Of the stamp, without the host and the ">"; 43 of them are digits. */
enum { APOP_STAMP_BITS = 128, APOP_STAMP_LEN = 46 };

static epop_span apop_stamp_host(const epop_sasl *x)
{
    const epop_sasl_config *config = x->p_step.config;

    if (!config->host) {
        return epopi_span((const uint8_t *)"localhost", 9);
    }
    return epopi_span((const uint8_t *)config->host, config->host_len);
}

/* "<digits.digits@", the form of RFC 1939's example, which is the only one that some clients know (Mail::Box::POP3);
 * the host and ">" follow. A digit has three bits, so that all 128 are there. */
static size_t put_apop_stamp(const epop_sasl *x, uint8_t *dst)
{
    size_t at = 0;
    uint32_t bit;

    dst[at++] = '<';
    for (bit = 0; bit < APOP_STAMP_BITS; bit += 3) {
        uint32_t two = x->p_stamp[bit / 8] | (uint32_t)x->p_stamp[bit / 8 + 1] << 8;
        dst[at++] = (uint8_t)('0' + (two >> bit % 8 & 7u));
        if (at == APOP_STAMP_LEN / 2) {
            dst[at++] = '.';
        }
    }
    dst[at++] = '@';
    return at;
}

/* Index of APOP among the mechanisms; p_step then describes it. */
static uint32_t find_apop(epop_sasl *x)
{
    static const uint8_t name[] = {'A', 'P', 'O', 'P'};

    return epopi_sasl_find(x, EPOP_SASL_SERVER, epopi_span(name, sizeof name));
}

int32_t epopi_server_sasl_greet(epop_server *s)
{
    epop_sasl *x = s->p_sasl;
    const epop_crypto *crypto;
    uint8_t *end;
    epop_span host;
    size_t at;

    if (!x || find_apop(x) == EPOP_SASL_MECHANISMS_MAX) {
        return EPOP_OK;
    }
    crypto = x->p_step.config->crypto;
    host = apop_stamp_host(x);
    if (s->p_out.p_tail + APOP_STAMP_LEN + host.len + 2 > EPOP_STATUS_MAX) {
        return EPOP_ERR_TOO_LONG;
    }
    if (!crypto || !crypto->random || crypto->random(crypto->user, x->p_stamp, APOP_STAMP_BITS / 8) != 0) {
        return EPOP_ERR_CRYPTO;
    }
    x->p_stamp[APOP_STAMP_BITS / 8] = 1; /* tells that there is one */
    end = epopi_outbox_end(&s->p_out) - 2;
    end[0] = ' ';
    at = 1 + put_apop_stamp(x, end + 1);
    epopi_copy(end + at, host.ptr, host.len);
    at = epopi_server_put_word(end, at + host.len, ">\r\n");
    epopi_outbox_wrote(&s->p_out, at - 2);
    s->p_trace_len = (uint16_t)(s->p_trace_len + at - 2);
    return EPOP_OK;
}

void epopi_server_do_apop(epop_server *s, const epop_command *command)
{
    epop_sasl *x = s->p_sasl;
    const uint8_t *end = command->second.ptr + command->second.len;
    epop_span host = apop_stamp_host(x);
    int32_t result;

    if (x->p_stamp[APOP_STAMP_BITS / 8] == 0 || find_apop(x) == EPOP_SASL_MECHANISMS_MAX) {
        epopi_server_bad(s, "not supported");
        return;
    }
    result = epopi_sasl_start(x, 0);
    if (result == EPOP_OK) {
        epopi_sasl_begin_take(x);
        epopi_sasl_take_octets(x, x->p_decoded, put_apop_stamp(x, x->p_decoded));
        epopi_sasl_take_octets(x, host.ptr, host.len);
        epopi_sasl_take_octets(x, (const uint8_t *)">", 1);
        result = epopi_sasl_take_end(x);
    }
    if (result == EPOP_OK) {
        epopi_sasl_begin_take(x);
        epopi_sasl_take_octets(x, command->argument.ptr, (size_t)(end - command->argument.ptr));
        result = epopi_sasl_take_end(x);
    }
    epopi_server_sasl_continue(s, result);
}
