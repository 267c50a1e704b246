/* Runs one mechanism by its verbs, as sasl.h says that they come, and checks what every mechanism must keep to.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_TESTS_DRIVE_H
#define EPOP_TESTS_DRIVE_H

#include "../wire/guard.h"
#include "../wire/octets.h"

#include <epop/sasl.h>

enum { DRIVE_ROOM = 20000 };

/* What a client's host says to the questions. */
typedef struct answers {
    const char *user, *password, *token, *authzid, *anonymous;
} answers;

/* How a peer's message is cut: a first piece, then pieces of `chunk` octets; whether `last` comes with octets. */
typedef struct cutting {
    size_t first;
    size_t chunk;
    uint32_t last_apart;
} cutting;

typedef struct drive {
    epop_sasl_mechanism mechanism;
    epop_sasl_step step;
    guard memory; /* the state ends at an unreadable page */
    guard pieces; /* so does every piece of a message */
    const answers *says;
    char asked[32]; /* the questions of one message, a digit each */
    uint8_t message[DRIVE_ROOM];
    size_t message_len;
    uint8_t shown[DRIVE_ROOM]; /* the octets of EPOP_AUTH_TOKEN, all pieces */
    size_t shown_len;
    size_t piece_lens[512];
    size_t piece_count;
} drive;

/* START with a state of `state_size` octets, or, where it is 0, of as many as DESCRIBE asks for. */
void drive_open(drive *d, epop_sasl_mechanism mechanism, uint32_t role, const epop_sasl_config *config,
                size_t state_size);
void drive_close(drive *d);

/* A message of ours, into `message`: EPOP_OK, or the mechanism's error. */
int32_t drive_say(drive *d);

/* A message of the peer's: what TAKE says at its end, or the first error. */
int32_t drive_hear(drive *d, const void *text, size_t len, const cutting *how);

/* The same in one piece. */
int32_t drive_hear_whole(drive *d, const void *text, size_t len);

int32_t drive_answer(drive *d, uint32_t accepted, const void *data, size_t len);
int32_t drive_finish(drive *d);

/* Calls `check` for every cut into two pieces, every chunk size, and both ways to say that it was the last. */
void drive_cuttings(size_t len, void (*check)(const cutting *how, void *with), void *with);

/* Fails the test where our message is not this one. */
void drive_said(const drive *d, const void *want, size_t len);

/* Fails the test where the open question is not this one. */
void drive_question(const drive *d, uint32_t ask, const char *user, const char *authzid, const char *secret);

#endif
