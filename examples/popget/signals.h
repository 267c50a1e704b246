/* Signals that end the program in good order: a flag to look at and a descriptor to wait on.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_SIGNALS_H
#define POPGET_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* From here on SIGINT, SIGTERM and SIGHUP set a flag, and SIGPIPE is an error of write(). False with errno set. */
bool signals_install(void);

/* The signal that came, or 0. */
int signals_caught(void);

/* Becomes readable when one comes or a child ends, so that no wait can miss it. */
int signals_descriptor(void);

/* Waits for so long; false where one of them came, or comes meanwhile. */
bool signals_sleep(uint64_t milliseconds);

/* Lets them end the program at once while a call runs that cannot be interrupted, and nothing is to be cleaned up. */
void signals_let_through(bool through);

/* Forgets what made the descriptor readable. */
void signals_drain(void);

/* fork() whose child has the dispositions that a new program expects, and leads a process group of its own. */
pid_t signals_fork(void);

/* The child where it has ended, 0 where it has not, -1 with errno set where there is none. A child that stops because
 * it wants the terminal is killed. */
pid_t signals_look_after(pid_t child, int *status);

/* waitpid() for the child. Where a signal is caught meanwhile, its group gets it too and a short time to end; false
 * then, and false with errno set where there is nothing to wait for. */
bool signals_wait_child(pid_t child, int *status);

#endif
