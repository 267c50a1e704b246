/* Socket addresses as people write them: "127.0.0.1:1110", "[::1]:1110".
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_ADDRESS_H
#define POPD_ADDRESS_H

#include <sys/socket.h>

/* An IPv6 address with a scope name, brackets, colon, port and NUL fit with room to spare. */
enum { ADDRESS_TEXT_MAX = 128 };

struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

/* Numeric addresses only; port 0 is legal. Returns 0, or -1 where the text is not ADDR:PORT. */
int address_parse(struct address *address, const char *text);

void address_format(const struct address *address, char text[ADDRESS_TEXT_MAX]);

int address_is_loopback(const struct address *address);

#endif
