/* What the name of a file in a Maildir says: when it came, which message it is, its unique-id.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "maildir_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

size_t maildir_base_length(const char *name)
{
    const char *info = strstr(name, ":2,");

    return info != NULL ? (size_t)(info - name) : strlen(name);
}

uint64_t maildir_time(const char *name)
{
    uint64_t time = 0;

    for (; *name >= '0' && *name <= '9'; name++) {
        unsigned digit = (unsigned)(*name - '0');

        if (time > (UINT64_MAX - digit) / 10) {
            return UINT64_MAX;
        }
        time = time * 10 + digit;
    }
    return time;
}

static int is_legal(const char *base, size_t length)
{
    if (length == 0 || length > EPOP_UNIQUE_ID_MAX || base[0] == '=') {
        return 0;
    }
    for (size_t i = 0; i < length; i++) {
        uint8_t octet = (uint8_t)base[i];

        if (octet < 0x21 || octet > 0x7E) {
            return 0;
        }
    }
    return 1;
}

static void digest(struct unique_id *id, const void *data, size_t length)
{
    XXH128_canonical_t canonical;
    static const char hex[] = "0123456789abcdef";

    XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, length));
    id->text[0] = '=';
    for (size_t i = 0; i < sizeof canonical.digest; i++) {
        id->text[1 + 2 * i] = hex[canonical.digest[i] >> 4];
        id->text[2 + 2 * i] = hex[canonical.digest[i] & 15];
    }
    id->length = 1 + 2 * sizeof canonical.digest;
}

void maildir_unique_id(struct unique_id *id, const char *base, size_t length)
{
    if (is_legal(base, length)) {
        memcpy(id->text, base, length);
        id->length = length;
    } else {
        digest(id, base, length);
    }
}

void maildir_unique_id_of_twin(struct unique_id *id, const char *base, size_t length, uint64_t inode)
{
    char both[512];
    const size_t room = sizeof both - 32;

    if (length > room) {
        length = room;
    }
    memcpy(both, base, length);
    /* No base has a NUL in it: what is digested here is digested for no single message. */
    both[length] = '\0';
    length++;
    length += (size_t)snprintf(both + length, sizeof both - length, "%" PRIu64, inode);
    digest(id, both, length);
}
