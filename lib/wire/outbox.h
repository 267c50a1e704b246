/* Octets on their way out, in memory of the host.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_WIRE_OUTBOX_H
#define EPOP_WIRE_OUTBOX_H

#include <epop/base.h>

void epopi_outbox_init(epop_outbox *box, void *buffer, size_t size);

/* Octets that are pending. */
size_t epopi_outbox_len(const epop_outbox *box);

/* Room for more; moves what is pending to the front first where that is needed for `wanted` octets. */
size_t epopi_outbox_room(epop_outbox *box, size_t wanted);

/* Where to write; valid for what epopi_outbox_room returned. Then say how much was written. */
uint8_t *epopi_outbox_end(const epop_outbox *box);
void epopi_outbox_wrote(epop_outbox *box, size_t n);

/* Drops the first n octets, and wipes them: passwords pass through here. */
void epopi_outbox_drop(epop_outbox *box, size_t n);

const uint8_t *epopi_outbox_show(const epop_outbox *box, size_t *len);

#endif
