/* Calls of the host into a session, and callbacks out of it: the rules that hold for both roles.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A session begins with its epop_session, so that a pointer to it, NULL too, may be cast to one.
 */
#ifndef EPOP_SESSION_CALL_H
#define EPOP_SESSION_CALL_H

#include <epop/wire.h>

/* A call that may not come from inside a callback: EPOP_OK, EPOP_ERR_NULL, EPOP_ERR_REENTRANT, or the sticky error. */
int32_t epopi_session_check_call(const epop_session *session);

/* A call that may: EPOP_OK, EPOP_ERR_NULL, or the sticky error. */
int32_t epopi_session_check_open(const epop_session *session);

/* The arguments of feed; sets *used to 0. The same results. */
int32_t epopi_session_check_feed(const epop_session *session, const void *data, size_t len, size_t *used);

/* A callback begins. */
void epopi_session_enter(epop_session *session);

/* The callback for an event of that kind has returned `result`: EPOP_OK, EPOP_PAUSED, or the error with which the
 * session ends, or has ended within the callback. */
int32_t epopi_session_leave(epop_session *session, uint32_t kind, int32_t result);

/* Before feed returns: the line in hand may lie in the octets that were fed, and moves to the line buffer. */
void epopi_session_keep_text(const epop_line *line, epop_span *text);

#endif
