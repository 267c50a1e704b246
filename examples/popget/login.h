/* The login: what the session may try, what it is told when it asks, and what is said when it fails.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_LOGIN_H
#define POPGET_LOGIN_H

#include "mechanisms.h"
#include "password.h"
#include "token.h"
#include "transport.h"

#include <epop/client.h>

enum { OFFERS_SIZE = 512 };

struct login {
    struct password password;
    struct token token;
    struct mechanisms mechanisms;
    char offers[OFFERS_SIZE]; /* the mechanisms of the server's last CAPA, fit to be shown */
    bool has_user;            /* ... and whether USER is in it */
    bool has_stamp;           /* the greeting allows APOP */
    char reason[OFFERS_SIZE]; /* why the server does not take the token, fit to be shown; else empty */
    const char *used;         /* the mechanism that has asked last; NULL: none */
};

struct plan;

/* Gets the password or the token that the options ask for; one that may not be sent is not asked for. False after a
 * report. */
bool login_prepare(struct login *login, const struct options *options, struct report *report);

/* Fills in what the session is to know. */
int32_t login_configure(struct login *login, const struct options *options, epop_client_config *config);

/* Events. */
void login_greeting(struct plan *plan, const epop_greeting_event *event);
void login_capabilities(struct plan *plan); /* a new listing begins */
void login_capability(struct plan *plan, const epop_capability *capability);
void login_reason(struct plan *plan, const epop_row_event *event);
void login_ask(struct plan *plan, const epop_ask_event *event);
void login_failed(struct plan *plan, const epop_end_event *event);

void login_wipe(struct login *login);

#endif
