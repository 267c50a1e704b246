/* Socket addresses as people write them, and back.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* Splits at the last colon, so that an IPv6 address without brackets is not taken for one with a port by accident: what
 * is left of it must then have no colon. */
static int split(const char *text, char *host, size_t host_size, const char **port)
{
    const char *colon = strrchr(text, ':');
    size_t length;

    if (colon == NULL || colon == text) {
        return -1;
    }
    length = (size_t)(colon - text);
    if (text[0] == '[') {
        if (text[length - 1] != ']') {
            return -1;
        }
        text++;
        length -= 2;
    } else if (memchr(text, ':', length) != NULL) {
        return -1;
    }
    if (length == 0 || length >= host_size) {
        return -1;
    }
    memcpy(host, text, length);
    host[length] = '\0';
    *port = colon + 1;
    return 0;
}

static int is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    unsigned value = 0;

    if (digits == 0 || digits > 5 || text[digits] != '\0') {
        return 0;
    }
    for (size_t i = 0; i < digits; i++) {
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    return value <= 65535;
}

int address_parse(struct address *address, const char *text)
{
    char host[ADDRESS_TEXT_MAX];
    const char *port = NULL;
    struct addrinfo hints;
    struct addrinfo *found = NULL;

    if (split(text, host, sizeof host, &port) != 0 || !is_port(port)) {
        return -1;
    }
    memset(&hints, 0, sizeof hints);
    hints.ai_family = text[0] == '[' ? AF_INET6 : AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        return -1;
    }
    memset(address, 0, sizeof *address);
    memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
    address->length = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

void address_format(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
    char host[ADDRESS_TEXT_MAX - 16];
    char port[8];
    int is_v6 = address->storage.ss_family == AF_INET6;

    if (getnameinfo((const struct sockaddr *)(const void *)&address->storage, address->length, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        strcpy(text, "?");
        return;
    }
    snprintf(text, ADDRESS_TEXT_MAX, is_v6 ? "[%s]:%s" : "%s:%s", host, port);
}

int address_is_loopback(const struct address *address)
{
    if (address->storage.ss_family == AF_INET6) {
        struct sockaddr_in6 v6;

        memcpy(&v6, &address->storage, sizeof v6);
        return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    } else {
        struct sockaddr_in v4;

        memcpy(&v4, &address->storage, sizeof v4);
        return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
    }
}
