/* The file that tells other programs where the server listens.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_PORT_FILE_H
#define POPD_PORT_FILE_H

struct server;

/* Writes "pop ADDR:PORT" for each listener. The file is there whole or not at all. 0, or -1 with errno. */
int port_file_write(const struct server *server);

#endif
