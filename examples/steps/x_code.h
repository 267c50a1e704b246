/* A SASL mechanism of your own: X-CODE, a password and then a code.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef STEPS_X_CODE_H
#define STEPS_X_CODE_H

#include <epop/sasl.h>

/* For both roles. A client is asked for EPOP_ASK_USER, _PASSWORD and _TOKEN (the code); a server for EPOP_AUTH_PASSWORD
 * and, when that was right, EPOP_AUTH_TOKEN. */
int32_t x_code(epop_sasl_step *step);

#endif
