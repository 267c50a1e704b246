/* From the sink to the server: batches of messages that become safe together, and are confirmed then.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * With a state, a batch goes so: its messages lie ready on the disk; intents are noted; the messages are shown to their
 * readers; they are noted as seen, and the intents with that are gone; the sync hears that they are stored. Whoever is
 * killed between any two of these finds out at the next start.
 */
#ifndef POPGET_DELIVERY_H
#define POPGET_DELIVERY_H

#include "sink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BATCH_OCTETS = 4 * 1024 * 1024 };

struct plan;

/* What is held back by the sink. */
struct delivery {
    struct {
        uint32_t number;
        uint64_t key;
    } held[BATCH_ROOM];
    size_t count;
    uint64_t octets;
    int64_t locked_since; /* transport_now when a lock was first met that keeps the batch waiting; 0: none does */
};

/* What an earlier run has left open is brought to its end. False after a report. */
bool delivery_recover(struct plan *plan);

/* The sink holds one more message, or one more command is pending. */
void delivery_add(struct plan *plan, uint32_t number, uint64_t key, uint64_t octets);

/* Whether something is awaited: a lock, or a command that is at work. Then delivery_look, from time to time. */
bool delivery_waits(const struct plan *plan);

/* ... and nothing more can be taken before that. */
bool delivery_is_crowded(const struct plan *plan);

/* Looks what has become of it. */
void delivery_look(struct plan *plan);

/* Brings what is held to its readers, where no lock is in the way; does nothing where nothing is held. */
void delivery_try(struct plan *plan);

/* Brings what is held to its readers, and waits for what is pending; does nothing where there is nothing. */
void delivery_commit(struct plan *plan);

/* Notes as seen a message that the sink has stored by itself. False after a report. */
bool delivery_record(struct plan *plan, uint64_t key);

/* A message was marked for deletion: called before QUIT. */
void delivery_marked(struct plan *plan, uint64_t key);

/* After the run: what was deleted is forgotten, and so is what is not listed any more. */
void delivery_finish(struct plan *plan);

#endif
