/* The addresses of a host.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "address.h"

#include <netdb.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* IPv4 is first: most servers of one machine listen there. */
static const char *const loopback[ADDRESS_LISTS] = {"127.0.0.1", "::1"};

static bool is_localhost(const char *host)
{
    static const char name[] = "localhost";
    size_t most = sizeof name - 1;
    size_t len = strlen(host);

    if (len > 0 && host[len - 1] == '.') {
        len--;
    }
    return len >= most && strncasecmp(host + len - most, name, most) == 0 &&
           (len == most || host[len - most - 1] == '.');
}

int addresses_find(struct addresses *addresses, const char *host, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    int result = EAI_NONAME;
    size_t i;

    memset(addresses, 0, sizeof *addresses);
    if (!is_localhost(host)) {
        return getaddrinfo(host, port, &hints, &addresses->lists[0]);
    }
    hints.ai_flags |= AI_NUMERICHOST;
    for (i = 0; i < ADDRESS_LISTS; i++) {
        if (getaddrinfo(loopback[i], port, &hints, &addresses->lists[i]) == 0) {
            result = 0;
        }
    }
    return result;
}

const struct addrinfo *addresses_next(const struct addresses *addresses, const struct addrinfo *last)
{
    const struct addrinfo *at;
    bool found = last == NULL;
    size_t i;

    for (i = 0; i < ADDRESS_LISTS; i++) {
        for (at = addresses->lists[i]; at != NULL; at = at->ai_next) {
            if (found) {
                return at;
            }
            found = at == last;
        }
    }
    return NULL;
}

void addresses_free(struct addresses *addresses)
{
    size_t i;

    for (i = 0; i < ADDRESS_LISTS; i++) {
        if (addresses->lists[i] != NULL) {
            freeaddrinfo(addresses->lists[i]);
        }
        addresses->lists[i] = NULL;
    }
}
