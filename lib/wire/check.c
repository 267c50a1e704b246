/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "wire/check.h"

int32_t epopi_check_struct(const void *object, size_t size)
{
    if (!object) {
        return EPOP_ERR_NULL;
    }
    return *(const uint32_t *)object >= size ? EPOP_OK : EPOP_ERR_STRUCT_SIZE;
}

int32_t epopi_check_init(const void *object, size_t size, size_t needed, const void *config, size_t config_size)
{
    if (!object) {
        return EPOP_ERR_NULL;
    }
    return size < needed ? EPOP_ERR_STRUCT_SIZE : epopi_check_struct(config, config_size);
}

uint32_t epopi_or_default(uint32_t value, uint32_t otherwise)
{
    return value > 0 ? value : otherwise;
}

int32_t epopi_check_octets(const void *octets, size_t len)
{
    return octets || len == 0 ? EPOP_OK : EPOP_ERR_NULL;
}

int32_t epopi_check_spans(epop_span first, epop_span second)
{
    int32_t result = epopi_check_octets(first.ptr, first.len);

    return result == EPOP_OK ? epopi_check_octets(second.ptr, second.len) : result;
}

int32_t epopi_check_parse(const void *out, size_t size, const void *text, size_t len)
{
    int32_t result = epopi_check_octets(text, len);

    return result == EPOP_OK ? epopi_check_struct(out, size) : result;
}

int32_t epopi_check_write(const void *dst, size_t cap, size_t *len)
{
    if (!len) {
        return EPOP_ERR_NULL;
    }
    *len = 0;
    return epopi_check_octets(dst, cap);
}

int32_t epopi_check_codec(const void *data, size_t len, size_t *used, const void *dst, size_t cap, size_t *wrote)
{
    if (!used) {
        return EPOP_ERR_NULL;
    }
    *used = 0;
    return epopi_check_octets(data, len) == EPOP_OK ? epopi_check_write(dst, cap, wrote) : EPOP_ERR_NULL;
}
