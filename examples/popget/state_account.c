/* The names of accounts in a state.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "state_account.h"

#include <stdio.h>
#include <string.h>

/* Letters of ASCII only: a host name has no others, or is compared octet by octet. */
static void fold_host(char *to, const char *host, size_t len)
{
    size_t i;

    if (len > 1 && host[len - 1] == '.') {
        len--;
    }
    for (i = 0; i < len; i++) {
        to[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] - 'A' + 'a' : host[i]);
    }
    to[len] = '\0';
}

void state_account_name(struct options *options)
{
    char host[NAME_SIZE];

    fold_host(host, options->host, strlen(options->host));
    snprintf(options->state_account, sizeof options->state_account, options->state_by_port ? "%s@%s:%s" : "%s@%s",
             options->user, host, options->port);
}

static bool is_its_port(const struct options *options, const char *port)
{
    return strcmp(port, options->port) == 0 ||
           (!options->state_by_port && (strcmp(port, "110") == 0 || strcmp(port, "995") == 0));
}

bool state_account_is_old(void *user, const char *name)
{
    const struct options *options = (const struct options *)user;
    size_t len = strlen(options->user);
    const char *host = name + len + 1;
    const char *port = strrchr(name, ':');
    char theirs[NAME_SIZE];
    char ours[NAME_SIZE];

    if (strncmp(name, options->user, len) != 0 || name[len] != '@' || port == NULL || port < host ||
        (size_t)(port - host) >= sizeof theirs) {
        return false;
    }
    fold_host(theirs, host, (size_t)(port - host));
    fold_host(ours, options->host, strlen(options->host));
    return strcmp(theirs, ours) == 0 && is_its_port(options, port + 1);
}
