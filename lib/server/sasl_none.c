/* A server without SASL: USER and PASS alone.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "server/session.h"

int32_t epopi_server_sasl_greet(epop_server *s)
{
    (void)s;
    return EPOP_OK;
}

uint32_t epopi_server_sasl_count(const epop_server *s)
{
    (void)s;
    return 0;
}

size_t epopi_server_sasl_row(epop_server *s, uint8_t *dst)
{
    (void)s;
    (void)dst;
    return 0;
}

size_t epopi_server_sasl_name(epop_server *s, uint32_t index, uint8_t *dst)
{
    (void)s;
    (void)index;
    (void)dst;
    return 0;
}

void epopi_server_do_auth(epop_server *s, const epop_command *command)
{
    (void)s;
    (void)command;
}

void epopi_server_do_apop(epop_server *s, const epop_command *command)
{
    (void)s;
    (void)command;
}

void epopi_server_sasl_receive(epop_server *s, const uint8_t *data, size_t len, size_t *used)
{
    (void)s;
    (void)data;
    *used = len;
}

void epopi_server_sasl_long(epop_server *s)
{
    (void)s;
}

int32_t epopi_server_sasl_step(epop_server *s)
{
    (void)s;
    return EPOP_OK;
}

void epopi_server_sasl_describe(epop_server *s, epop_auth_event *event)
{
    (void)s;
    (void)event;
}

int32_t epopi_server_sasl_accept(epop_server *s)
{
    (void)s;
    return EPOP_ERR_NOT_ASKED;
}

int32_t epopi_server_sasl_answer(epop_server *s, epop_span octets)
{
    (void)s;
    (void)octets;
    return EPOP_ERR_NOT_ASKED;
}

int32_t epopi_server_sasl_key(epop_server *s, const epop_scram_key *key)
{
    (void)s;
    (void)key;
    return EPOP_ERR_NOT_ASKED;
}

uint32_t epopi_server_sasl_conceals(epop_server *s, uint32_t code)
{
    (void)s;
    (void)code;
    return 0;
}

uint32_t epopi_server_sasl_failed(const epop_server *s)
{
    (void)s;
    return 0;
}

const char *epopi_server_sasl_text(const epop_server *s, uint32_t *code)
{
    (void)s;
    (void)code;
    return NULL;
}

void epopi_server_sasl_end(epop_server *s)
{
    (void)s;
}
