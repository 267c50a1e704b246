/* A file that is written to in small pieces, with every error seen.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_OUTFILE_H
#define POPGET_OUTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { OUTFILE_BUFFER = 65536 };

struct outfile {
    int fd;    /* -1: none */
    int error; /* errno of the first failure; nothing is written any more then */
    size_t len;
    uint8_t buffer[OUTFILE_BUFFER];
};

/* Takes over `fd`. */
void outfile_start(struct outfile *out, int fd);

/* False once anything has failed; a signal that was caught is EINTR. */
bool outfile_put(struct outfile *out, const void *data, size_t len);
bool outfile_flush(struct outfile *out);

/* Flushes, and waits until the octets are on the disk. Pipes and devices, which have none, are content without. */
bool outfile_sync(struct outfile *out);

/* Flushes, and begins to bring the octets to the disk without waiting; the descriptor, for the two below, or -1 (the
 * file stays open then). */
int outfile_release(struct outfile *out);

/* Waits until the octets are on the disk, and closes. False with errno set. What is -1 is closed already. */
bool outfile_sync_released(int *fd);
void outfile_close_released(int *fd);

/* Closes the file as it is; false where that fails. */
bool outfile_close(struct outfile *out);

/* fsync() of a directory, so that a name in it is on the disk too. False with errno set. */
bool outfile_sync_directory(const char *name);

/* The same for the directory that `name` is in, so that a new name lasts. */
bool outfile_sync_name(const char *name);

/* A new file for this program alone that is gone when it is closed: beside `name` where that directory may be written
 * to, else in TMPDIR or /tmp. With name NULL only there. -1 with errno set. */
int outfile_temporary(const char *name);

#endif
