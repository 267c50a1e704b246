/* A SOCKS proxy, version 5, between us and the server (RFC 1928, RFC 1929).
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_PROXY_H
#define POPGET_PROXY_H

#include "options.h"

enum { PROXY_SECRET = 255 /* octets of user and password: RFC 1929 section 2 */ };

struct proxy {
    char host[NAME_SIZE];
    char port[12];
    char user[PROXY_SECRET + 1]; /* empty: the proxy asks for none */
    char password[PROXY_SECRET + 1];
};

/* Understands socks5://[USER:PASSWORD@]HOST[:PORT]; user and password are percent-encoded. socks5h means the same. */
bool proxy_parse(struct proxy *proxy, const char *text);

/* Whether there is a password in what stands for a proxy. */
bool proxy_has_password(const char *text);

/* Has the proxy connect to the host of the options, whose name it resolves. It has `timeout` seconds in all. False
 * after a report, or where a signal came. Nothing behind its last reply is read. */
bool proxy_pass(const struct proxy *proxy, int fd, const struct options *options, struct report *report);

#endif
