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

int32_t epopi_server_do_auth(epop_server *s, const epop_command *command)
{
    (void)command;
    return epopi_server_bad(s, "not supported");
}

int32_t epopi_server_do_apop(epop_server *s, const epop_command *command)
{
    return epopi_server_do_auth(s, command);
}

int32_t epopi_server_sasl_take(epop_server *s, const uint8_t *data, size_t len, size_t *used)
{
    (void)s;
    (void)data;
    *used = len;
    return EPOP_OK;
}

int32_t epopi_server_sasl_step(epop_server *s)
{
    (void)s;
    return EPOP_OK;
}

int32_t epopi_server_sasl_accept(epop_server *s)
{
    (void)s;
    return EPOP_ERR_NOT_ASKED;
}

uint32_t epopi_server_sasl_goes_on(epop_server *s, uint32_t code)
{
    (void)s;
    (void)code;
    return 0;
}

void epopi_server_sasl_long(epop_server *s)
{
    (void)s;
}

uint32_t epopi_server_sasl_failed(const epop_server *s)
{
    (void)s;
    return 0;
}

const char *epopi_server_sasl_why(const epop_server *s, uint32_t *code)
{
    (void)s;
    (void)code;
    return NULL;
}

void epopi_server_sasl_end(epop_server *s)
{
    (void)s;
}

int32_t epop_server_answer(epop_server *server, const void *octets, size_t len)
{
    (void)octets;
    (void)len;
    return server ? EPOP_ERR_NOT_ASKED : EPOP_ERR_NULL;
}

int32_t epop_server_key(epop_server *server, const epop_scram_key *key)
{
    (void)key;
    return server ? EPOP_ERR_NOT_ASKED : EPOP_ERR_NULL;
}
