/* The addresses of a host.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_ADDRESS_H
#define POPGET_ADDRESS_H

#include <stddef.h>

struct addrinfo;

enum { ADDRESS_LISTS = 2 };

/* The addresses in the order in which they are to be tried; unused lists are NULL. */
struct addresses {
    struct addrinfo *lists[ADDRESS_LISTS];
};

/* Looks up a host for a stream socket. `localhost`, and every name that ends in `.localhost`, is this machine, and no
 * resolver is asked about it (RFC 6761 section 6.3). 0, or an error of getaddrinfo(); addresses_free in any case. */
int addresses_find(struct addresses *addresses, const char *host, const char *port);

/* The next address after `last` (NULL: the first); NULL after the last one. */
const struct addrinfo *addresses_next(const struct addresses *addresses, const struct addrinfo *last);

void addresses_free(struct addresses *addresses);

#endif
