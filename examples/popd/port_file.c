/* The file that tells other programs where the server listens.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "port_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "listener.h"
#include "server.h"

static int write_lines(const struct server *server, int fd)
{
    for (size_t i = 0; i < server->options->listen_count; i++) {
        char address[ADDRESS_TEXT_MAX];

        address_format(&server->listeners[i].address, address);
        if (dprintf(fd, "%s %s\n", server->listeners[i].is_secure ? "pops" : "pop", address) < 0) {
            return -1;
        }
    }
    /* mkstemp makes a file for nobody else, but this one is meant to be read. */
    return fchmod(fd, 0644);
}

int port_file_write(const struct server *server)
{
    static const char suffix[] = ".XXXXXX";
    const char *path = server->options->port_file;
    size_t length = strlen(path);
    char *temporary = malloc(length + sizeof suffix);
    int result = -1;
    int fd;

    if (temporary == NULL) {
        return -1;
    }
    memcpy(temporary, path, length);
    memcpy(temporary + length, suffix, sizeof suffix);
    fd = mkstemp(temporary);
    if (fd >= 0) {
        int kept;

        result = write_lines(server, fd);
        result = close(fd) != 0 || result != 0 || rename(temporary, path) != 0 ? -1 : 0;
        kept = errno;
        if (result != 0) {
            unlink(temporary);
        }
        errno = kept;
    }
    free(temporary);
    return result;
}
