/* Traces without SASL: the library is built without it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "trace.h"

bool sasl_config(struct config *c, const struct words *w)
{
    (void)c, (void)w;
    return false;
}

epop_sasl *sasl_open(struct run *r)
{
    (void)r;
    return NULL;
}

bool sasl_perform(struct run *r, const struct words *act)
{
    (void)r, (void)act;
    return false;
}

int32_t sasl_answer(struct run *r)
{
    return epop_server_refuse(r->server, EPOP_CODE_AUTH, NULL, 0);
}
