/* The login: what the session may try, what it is told when it asks, and what is said when it fails.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "login.h"

#include "escape.h"
#include "plan.h"
#include "tls.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool may_be_clear(const struct options *options)
{
    return options->allow_cleartext && options->tls != TLS_REQUIRED;
}

bool login_prepare(struct login *login, const struct options *options, struct report *report)
{
    if (options_want_token(options)) {
        password_leave_environment();
        return options->token_file != NULL ? token_get(&login->token, options->token_file, report)
                                           : token_ask_command(&login->token, options->token_command, report);
    }
    /* Without TLS, and without leave to do so, the session will say why it does not log in. */
    if (!options->pops && !may_be_clear(options) && (options->tls == TLS_NEVER || !tls_is_there())) {
        password_leave_environment();
        return true;
    }
    return password_get(&login->password, options, report);
}

static uint32_t flags_of(const struct options *options)
{
    uint32_t flags = may_be_clear(options) ? EPOP_CLIENT_ALLOW_CLEARTEXT : 0u;

    if (options->pops) {
        return EPOP_CLIENT_TLS;
    }
    return options->tls != TLS_NEVER && tls_is_there() ? flags | EPOP_CLIENT_STLS : flags;
}

int32_t login_configure(struct login *login, const struct options *options, epop_client_config *config)
{
    config->flags = flags_of(options);
    return mechanisms_configure(&login->mechanisms, options, config);
}

void login_wipe(struct login *login)
{
    password_wipe(&login->password);
    token_wipe(&login->token);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * What the server offers
 */

void login_greeting(struct plan *plan, const epop_greeting_event *event)
{
    plan->login.has_stamp = event->stamp.len > 0;
}

void login_capabilities(struct plan *plan)
{
    plan->login.offers[0] = '\0';
    plan->login.has_user = false;
}

void login_capability(struct plan *plan, const epop_capability *capability)
{
    struct login *login = &plan->login;

    if (capability->id == EPOP_CAPA_SASL) {
        escape_text(login->offers, sizeof login->offers, capability->params.ptr, capability->params.len, 0);
    } else if (capability->id == EPOP_CAPA_USER) {
        login->has_user = true;
    }
}

static bool holds_token(const struct token *token, epop_span text)
{
    size_t i;

    for (i = 0; token->len > 0 && i + token->len <= text.len; i++) {
        if (memcmp(text.ptr + i, token->octets, token->len) == 0) {
            return true;
        }
    }
    return false;
}

/* A server that says our token back to us is not quoted. */
void login_reason(struct plan *plan, const epop_row_event *event)
{
    struct login *login = &plan->login;

    login->reason[0] = '\0';
    if (!holds_token(&login->token, event->line)) {
        escape_text(login->reason, sizeof login->reason, event->line.ptr, event->line.len, 0);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Questions
 */

static int32_t answer_with(struct plan *plan, uint64_t offset, const char *text, size_t len)
{
    return epop_client_answer(&plan->client, text + offset, len - (size_t)offset);
}

static void answer_binding(struct plan *plan)
{
    uint8_t binding[EPOP_SASL_BINDING_MAX];
    size_t len;

    if (!transport_binding(plan->transport, binding, sizeof binding, &len) ||
        epop_client_answer(&plan->client, binding, len) != EPOP_OK) {
        epop_client_decline(&plan->client);
    }
}

void login_ask(struct plan *plan, const epop_ask_event *event)
{
    struct login *login = &plan->login;
    const char *what = "user";
    int32_t result;

    login->used = event->mechanism;
    switch (event->ask) {
    case EPOP_ASK_BINDING:
        answer_binding(plan);
        return;
    case EPOP_ASK_USER:
        result = answer_with(plan, event->offset, plan->options->user, strlen(plan->options->user));
        break;
    case EPOP_ASK_TOKEN:
        what = "token";
        result = answer_with(plan, event->offset, login->token.octets, login->token.len);
        break;
    default:
        what = "password";
        result = answer_with(plan, event->offset, login->password.octets, login->password.len);
        break;
    }
    if (result < 0) {
        report_fatal(plan->report, STATUS_USAGE, "%s: %s: %s (for the login by %s)", what, epop_error_name(result),
                     epop_strerror(result), event->mechanism);
        epop_client_decline(&plan->client);
    }
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Failures
 */

/* What can be done about a refusal, by its response code (RFC 2449 section 8.1, RFC 3206). */
static const char *remedy_of_code(uint32_t code)
{
    switch (code) {
    case EPOP_CODE_AUTH:
        return "user or password, or token, is wrong, or this user may not log in";
    case EPOP_CODE_IN_USE:
        return "another session has this mailbox; try again later";
    case EPOP_CODE_LOGIN_DELAY:
        return "this user may not log in again so soon; try again later";
    case EPOP_CODE_SYS_TEMP:
        return "the server has trouble of its own, and has not judged the password; try again later";
    case EPOP_CODE_SYS_PERM:
        return "the server has trouble of its own; its operator must mend it";
    default:
        return "check user and password, or token";
    }
}

/* A server that knows another type of channel binding than ours refuses the right password, too: says what to try then.
 * Empty where nothing was bound, or the server has told another reason. */
static void write_unbound(char *text, size_t size, const char *used, uint32_t code)
{
    static const char bound[] = "-PLUS";
    size_t len = used != NULL ? strlen(used) : 0;
    size_t tail = sizeof bound - 1;

    text[0] = '\0';
    if ((code == EPOP_CODE_NONE || code == EPOP_CODE_OTHER || code == EPOP_CODE_AUTH) && len > tail &&
        strcmp(used + len - tail, bound) == 0) {
        snprintf(text, size, "; if they are right, try --auth %.*s : the server may want another channel binding",
                 (int)(len - tail), used);
    }
}

/* Whether the server's CAPA has the mechanism among those of SASL. */
static bool is_offered(const struct login *login, const char *name)
{
    size_t len = strlen(name);
    const char *at = login->offers;

    while (*at != '\0') {
        size_t word = strcspn(at, " ");

        if (word == len && strncasecmp(at, name, len) == 0) {
            return true;
        }
        at += word + strspn(at + word, " ");
    }
    return false;
}

/* What else the user may want to know of a refusal by the server, with "; " in front, or nothing. */
static void write_hint(char *text, size_t size, const struct plan *plan, const epop_end_event *event)
{
    const struct login *login = &plan->login;
    const struct mechanism *chosen = plan->options->mechanism;

    write_unbound(text, size, login->used, event->code);
    if (login->reason[0] != '\0') {
        snprintf(text, size, "; the server's reason: %s", login->reason);
    } else if (chosen != NULL && chosen->step != NULL && !chosen->by_name && !is_offered(login, chosen->name)) {
        snprintf(text, size, "; the server does not list %s, but: %s", chosen->name,
                 login->offers[0] != '\0' ? login->offers : "no SASL");
    }
}

static void report_refusal(struct plan *plan, const epop_end_event *event)
{
    bool by_code = event->result == EPOP_ERR_LOGIN_REFUSED || event->code == EPOP_CODE_SYS_TEMP;
    char hint[OFFERS_SIZE + 64] = "";

    if (event->result == EPOP_ERR_LOGIN_REFUSED) {
        write_hint(hint, sizeof hint, plan, event);
    }
    report_fatal(plan->report, report_status_of_code(event->code, STATUS_REFUSED), "login: %s: %s: \"%s\" (%s%s)",
                 epop_error_name(event->result), epop_strerror(event->result), plan->refusal,
                 by_code ? remedy_of_code(event->code)
                         : "without TLS nobody logs in there; try pops://, or ask the operator of the server",
                 hint);
}

static void report_no_mechanism(struct plan *plan, const epop_end_event *event)
{
    const struct login *login = &plan->login;
    const struct mechanism *chosen = plan->options->mechanism;

    report_fatal(plan->report, STATUS_REFUSED, "login: %s: %s: %s was asked for; the server offers: %s%s%s%s",
                 epop_error_name(event->result), epop_strerror(event->result),
                 chosen != NULL ? chosen->name : "OAUTHBEARER or XOAUTH2",
                 login->offers[0] != '\0' ? login->offers : "no SASL", login->has_user ? ", USER" : "",
                 login->has_stamp ? ", APOP" : "", chosen != NULL ? " (choose by --auth)" : "");
}

/* The rest, where neither the server's words nor its offer matter. */
static const struct {
    int32_t result;
    int status;
    const char *remedy;
} failures[] = {
    {EPOP_ERR_LOGIN_CLEARTEXT, STATUS_REFUSED,
     "leave --tls away, for TLS; or with --allow-cleartext all is sent without, for anybody on the way to read"},
    {EPOP_ERR_LOGIN_NO_STLS, STATUS_REFUSED,
     "try pops://; with --tls optional and --allow-cleartext all is sent without, for anybody on the way to read"},
    {EPOP_ERR_SASL_CHALLENGE, STATUS_PROTOCOL, "try another mechanism by --auth"},
    {EPOP_ERR_SASL_NONCE, STATUS_PROTOCOL, "somebody may be between us and the server"},
    {EPOP_ERR_SASL_ITERATIONS, STATUS_REFUSED,
     "fewer make it easy to guess the password, more keep us busy for hours; ask the operator of the server"},
    {EPOP_ERR_SASL_SIGNATURE, STATUS_REFUSED, "it may be a false server"},
    {EPOP_ERR_TOO_LONG, STATUS_PROTOCOL, "try another mechanism by --auth"},
    {EPOP_ERR_CRYPTO, STATUS_SOFTWARE, "is there a random generator?"},
};

static void report_other(struct plan *plan, const epop_end_event *event)
{
    const size_t count = sizeof failures / sizeof failures[0];
    size_t i = 0;

    while (i < count && failures[i].result != event->result) {
        i++;
    }
    report_fatal(plan->report, i < count ? failures[i].status : STATUS_PROTOCOL, "login: %s: %s (%s)",
                 epop_error_name(event->result), epop_strerror(event->result),
                 i < count ? failures[i].remedy : "--trace FILE writes down what was said");
}

void login_failed(struct plan *plan, const epop_end_event *event)
{
    switch (event->result) {
    case EPOP_ERR_DECLINED: /* reported with the question */
    case EPOP_ERR_UNSENT:   /* ... with the greeting */
        break;
    case EPOP_ERR_LOGIN_REFUSED:
    case EPOP_ERR_LOGIN_STLS_REFUSED:
        report_refusal(plan, event);
        break;
    case EPOP_ERR_LOGIN_NO_MECHANISM:
        report_no_mechanism(plan, event);
        break;
    default:
        report_other(plan, event);
        break;
    }
}
