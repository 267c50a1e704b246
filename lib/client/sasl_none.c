/* A client without SASL: USER and PASS alone.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "client/session.h"

void epopi_client_sasl_greeting(epop_client *c, epop_span stamp)
{
    (void)c;
    (void)stamp;
}

void epopi_client_sasl_forget(epop_client *c)
{
    (void)c;
}

void epopi_client_sasl_offer(epop_client *c, epop_span words)
{
    (void)c;
    (void)words;
}

int32_t epopi_client_sasl_choose(epop_client *c)
{
    (void)c;
    return EPOP_END;
}

uint32_t epopi_client_sasl_expects(const epop_client *c)
{
    (void)c;
    return 0;
}

int32_t epopi_client_sasl_challenge(epop_client *c)
{
    (void)c;
    return EPOP_OK;
}

int32_t epopi_client_sasl_respond(epop_client *c)
{
    (void)c;
    return EPOP_OK;
}

void epopi_client_sasl_drained(epop_client *c)
{
    (void)c;
}

int32_t epopi_client_sasl_answer(epop_client *c, epop_span text)
{
    (void)c;
    (void)text;
    return EPOP_ERR_NOT_ASKED;
}

void epopi_client_sasl_decline(epop_client *c)
{
    (void)c;
}

int32_t epopi_client_sasl_result(epop_client *c)
{
    (void)c;
    return EPOP_ERR_LOGIN_REFUSED;
}

const char *epopi_client_sasl_name(const epop_client *c)
{
    (void)c;
    return "USER";
}

uint64_t epopi_client_sasl_offset(const epop_client *c)
{
    (void)c;
    return 0;
}

void epopi_client_sasl_end(epop_client *c)
{
    (void)c;
}
