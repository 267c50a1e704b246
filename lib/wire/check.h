/* What every public function asks of its arguments before it trusts them.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_WIRE_CHECK_H
#define EPOP_WIRE_CHECK_H

#include <epop/base.h>

/* `object` points to a struct that begins with struct_size, and has at least `size` octets: EPOP_OK, EPOP_ERR_NULL or
 * EPOP_ERR_STRUCT_SIZE. */
int32_t epopi_check_struct(const void *object, size_t size);

/* The arguments of an init: `object` has `size` octets, of which `needed` are used, and `config` is a struct of
 * `config_size`. */
int32_t epopi_check_init(const void *object, size_t size, size_t needed, const void *config, size_t config_size);

/* A member of a config: 0 stands for the default. */
uint32_t epopi_or_default(uint32_t value, uint32_t otherwise);

/* Octets may be missing only where there are none of them: EPOP_OK or EPOP_ERR_NULL. */
int32_t epopi_check_octets(const void *octets, size_t len);

int32_t epopi_check_spans(epop_span first, epop_span second);

/* The arguments of a parser: a struct to fill, and a text. */
int32_t epopi_check_parse(const void *out, size_t size, const void *text, size_t len);

/* The arguments of a serializer; sets *len to 0. */
int32_t epopi_check_write(const void *dst, size_t cap, size_t *len);

/* The arguments of a stream codec; sets *used and *wrote to 0. */
int32_t epopi_check_codec(const void *data, size_t len, size_t *used, const void *dst, size_t cap, size_t *wrote);

#endif
