/* The inside of a connection, for the files that give it its life: connection.c and connection_open.c.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_CONNECTION_PARTS_H
#define POPD_CONNECTION_PARTS_H

#include "connection.h"

/* Does what the session wants until it has to wait, or others are to have their turn. */
void connection_run(struct connection *connection);

/* The session is over, in good order or not: lets go of all but the socket. */
void connection_end(struct connection *connection, const char *reason, const char *cause);

/* Closes the socket. The memory is freed at the end of the turn. */
void connection_destroy(struct connection *connection);

/* Neither waits nor counts for its address any more. */
void connection_leave_group(struct connection *connection);

/* Its socket is ready. */
void connection_on_ready(struct watch *watch, unsigned events);

#endif
