/* Whose mail it is, where, and how safe the way there must be: the URL, and the options of the login.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "account.h"

#include "idn.h"
#include "mechanisms.h"
#include "tls.h"

#include <epop/wire.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum {
    AUTH_SIZE = 64, /* of a mechanism's name; RFC 4422 section 3.1 allows 20 */
    PORT_OF_POP = 110,
    PORT_OF_POPS = 995,
    URL_SIZE = 4 * NAME_SIZE + AUTH_SIZE /* every octet of the user may be percent-encoded */
};

static bool decode(char *dst, size_t size, epop_span text)
{
    size_t len;

    if (epop_url_decode(dst, size - 1, &len, text.ptr, text.len) != EPOP_OK) {
        return false;
    }
    dst[len] = '\0';
    return true;
}

/* A mechanism by its name; `*` is any, and changes nothing. */
static bool set_mechanism(struct options *options, const char *where, const char *name, struct report *report)
{
    const struct mechanism *mechanism = mechanism_find(name);
    char names[256];

    if (strcmp(name, "*") == 0) {
        return true;
    }
    if (mechanism == NULL) {
        mechanism_names(names, sizeof names);
        report_fatal(report, STATUS_USAGE, "%s: '%s' is no mechanism of this popget (there are: *, %s)", where, name,
                     names);
        return false;
    }
    if (options->mechanism != NULL && options->mechanism != mechanism) {
        report_fatal(report, STATUS_USAGE, "%s: %s contradicts %s (say one of them)", where, mechanism->name,
                     options->mechanism->name);
        return false;
    }
    options->mechanism = mechanism;
    return true;
}

static bool take_url(struct options *options, const epop_url *url, struct report *report)
{
    char auth[AUTH_SIZE] = "*";
    const char *wrong = NULL;

    if (url->user.len == 0) {
        wrong = "URL: there is no user in it (write pop://USER@HOST; an '@' within the name is %40)";
    } else if (!decode(options->user, sizeof options->user, url->user) ||
               !decode(options->host, sizeof options->host, url->host)) {
        wrong = "URL: user or host is too long, or wrongly encoded";
    } else if (url->auth.len > 0 && !decode(auth, sizeof auth, url->auth)) {
        wrong = "URL: the name behind ;AUTH= is too long, or wrongly encoded";
    }
    if (wrong != NULL) {
        report_fatal(report, STATUS_USAGE, "%s", wrong);
        return false;
    }
    snprintf(options->port, sizeof options->port, "%u", (unsigned)url->port);
    options->port_number = url->port;
    options->pops = url->tls != 0;
    return set_mechanism(options, "URL: ;AUTH=", auth, report);
}

/* What most often is wrong with the user of a URL; NULL where it is something else. */
static const char *fault_of_user(const char *text)
{
    const char *start = strstr(text, "://");
    const char *at = start != NULL ? strchr(start, '@') : NULL;
    const char *colon = start != NULL ? strchr(start + 3, ':') : NULL;

    if (at != NULL && strchr(at + 1, '@') != NULL) {
        return "there is more than one '@' in it (an '@' within the user's name is written %40)";
    }
    if (at != NULL && colon != NULL && colon < at) {
        return "there is a ':' in front of '@' (a ':' within the user's name is written %3A; a password has no place "
               "in a URL: --password-file FILE)";
    }
    return NULL;
}

static bool read_url(struct options *options, const char *text, struct report *report)
{
    epop_url url = {.struct_size = sizeof url};
    char uri[URL_SIZE];
    int32_t result;

    if (!idn_convert_url(uri, sizeof uri, text, report)) {
        return false;
    }
    result = epop_url_parse(&url, uri, strlen(uri));
    if (result != EPOP_OK && fault_of_user(text) != NULL) {
        report_fatal(report, STATUS_USAGE, "URL: %s: %s", epop_error_name(result), fault_of_user(text));
        return false;
    }
    if (result != EPOP_OK) {
        report_fatal(report, STATUS_USAGE,
                     "URL: %s: %s (write pops://USER@HOST or pop://USER@HOST:PORT, without a password)",
                     epop_error_name(result), epop_strerror(result));
        return false;
    }
    return take_url(options, &url, report);
}

/* An address of this host, written as one: nobody can listen on the way there, and no name server can lie about it. */
static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;

    if (inet_pton(AF_INET, host, &four) == 1) {
        return ntohl(four.s_addr) >> 24 == 127;
    }
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* What is not in this build; NULL where all is well. */
static const char *shortcoming(const struct options *options)
{
    if (tls_is_there()) {
        return NULL;
    }
    if (options->pops) {
        return "pops://: " TLS_MISSING;
    }
    if (options->ca_file != NULL) {
        return "--ca: " TLS_MISSING;
    }
    if (options->has_fingerprint) {
        return "--tls-fingerprint: " TLS_MISSING;
    }
    return options->mechanism != NULL && options->mechanism->hashes
               ? "this mechanism needs hashes: this popget was built without mbedTLS and has none (build it with meson "
                 "-Dmbedtls=enabled)"
               : NULL;
}

static const char *contradiction_of_secrets(const struct options *options)
{
    const struct mechanism *mechanism = options->mechanism;

    int passwords =
        (options->password_file != NULL) + (options->password_command != NULL) + (options->password != NULL);

    if (options->token_file != NULL && options->token_command != NULL) {
        return "--oauth-token-file and --oauth-token-eval contradict each other";
    }
    if (options_want_token(options) && passwords > 0) {
        return "--oauth-token-file (or -eval) and --password-file contradict each other (as do passwordeval and "
               "password)";
    }
    if (passwords > 1) {
        return "there is more than one password (give one of --password-file, --passwordeval, password)";
    }
    if (mechanism != NULL && mechanism->token && !options_want_token(options)) {
        return "this mechanism needs a token (give --oauth-token-file FILE or --oauth-token-eval CMD)";
    }
    if (options_want_token(options) && (mechanism != NULL ? !mechanism->token : mechanism_find("XOAUTH2") == NULL)) {
        return "a token is for OAUTHBEARER and XOAUTH2";
    }
    return NULL;
}

static const char *contradiction_of_tls(const struct options *options)
{
    if (options->pops && options->tls == TLS_NEVER) {
        return "--tls never: pops:// is TLS from the first octet (write pop://)";
    }
    if (options->ca_file != NULL && options->tls == TLS_NEVER) {
        return "--ca: there is no certificate to check with --tls never";
    }
    if (options->has_fingerprint && options->tls == TLS_NEVER) {
        return "--tls-fingerprint: there is no certificate to check with --tls never";
    }
    return NULL;
}

/* A server on this host, or the near end of a tunnel, whose certificate is seldom for this address: STLS is tried there
 * only where the user has said by --ca or --tls-fingerprint what it is to be checked against. Behind a proxy that
 * address is of another host.
 */
static enum tls_policy default_policy(const struct options *options)
{
    if (!options->allow_cleartext || options->proxy != NULL || !is_loopback(options->host)) {
        return TLS_REQUIRED;
    }
    return options->ca_file != NULL || options->has_fingerprint ? TLS_OPTIONAL : TLS_NEVER;
}

/* The rule that keeps secrets where no TLS can be had. */
static bool is_possible(const struct options *options, struct report *report)
{
    if (options->tls == TLS_REQUIRED && !tls_is_there()) {
        report_fatal(report, STATUS_REFUSED,
                     "login: %s: %s; or, where the way to the server is protected otherwise, "
                     "give --allow-cleartext and --tls never",
                     epop_error_name(EPOP_ERR_LOGIN_CLEARTEXT), TLS_MISSING);
        return false;
    }
    return true;
}

/* User, host and port that were told one by one. */
static bool check_parts(struct options *options, struct report *report)
{
    if (options->user[0] == '\0' || options->host[0] == '\0') {
        report_fatal(report, STATUS_USAGE, "account: it has no %s (say host and user, or url)",
                     options->host[0] == '\0' ? "host" : "user");
        return false;
    }
    if (options->port_number == 0) {
        options->port_number = options->pops ? PORT_OF_POPS : PORT_OF_POP;
    }
    snprintf(options->port, sizeof options->port, "%u", (unsigned)options->port_number);
    return idn_convert(options->host, sizeof options->host, "host: ", report);
}

static bool find_server(struct options *options, struct report *report)
{
    if (options->url == NULL) {
        return check_parts(options, report);
    }
    if (options->user[0] != '\0' || options->host[0] != '\0' || options->port_number != 0) {
        report_fatal(report, STATUS_USAGE, "account: url contradicts host, port and user");
        return false;
    }
    return read_url(options, options->url, report);
}

bool account_settle(struct options *options, struct report *report)
{
    const char *wrong;

    if (options->auth != NULL && !set_mechanism(options, "--auth", options->auth, report)) {
        return false;
    }
    if (!find_server(options, report)) {
        return false;
    }
    wrong = shortcoming(options);
    wrong = wrong != NULL ? wrong : contradiction_of_secrets(options);
    wrong = wrong != NULL ? wrong : contradiction_of_tls(options);
    if (wrong != NULL) {
        report_fatal(report, STATUS_USAGE, "%s", wrong);
        return false;
    }
    if (options->tls == TLS_DEFAULT) {
        options->tls = default_policy(options);
    }
    return is_possible(options, report);
}
