/* popd without mbedTLS: no TLS and no hashes. What needs them is refused when the options are read.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "tls.h"

#include <stdio.h>

int tls_is_missing(void)
{
    return 1;
}

int tls_crypto(epop_crypto *crypto)
{
    (void)crypto;
    return -1;
}

struct tls_identity *tls_identity_load(const struct options *options, struct tls_problem *problem)
{
    (void)options;
    snprintf(problem->text, sizeof problem->text, "--cert and --key need TLS, and " TLS_MISSING);
    return NULL;
}

void tls_identity_release(struct tls_identity *identity)
{
    (void)identity;
}

struct tls *tls_new(struct tls_identity *identity)
{
    (void)identity;
    return NULL;
}

void tls_free(struct tls *tls)
{
    (void)tls;
}

int tls_is_up(const struct tls *tls)
{
    (void)tls;
    return 0;
}

enum transport_result tls_shake(struct tls *tls, int fd)
{
    (void)tls;
    (void)fd;
    return TRANSPORT_LOST;
}

enum transport_result tls_receive(struct tls *tls, int fd, void *data, size_t room, size_t *moved)
{
    (void)data;
    (void)room;
    *moved = 0;
    return tls_shake(tls, fd);
}

enum transport_result tls_send(struct tls *tls, int fd, const void *data, size_t length, size_t *moved)
{
    (void)data;
    (void)length;
    *moved = 0;
    return tls_shake(tls, fd);
}

enum transport_result tls_flush(struct tls *tls, int fd)
{
    return tls_shake(tls, fd);
}

void tls_close(struct tls *tls, int fd)
{
    (void)tls;
    (void)fd;
}

int32_t tls_error(const struct tls *tls)
{
    (void)tls;
    return EPOP_OK;
}

const char *tls_cause(struct tls *tls)
{
    (void)tls;
    return NULL;
}

int tls_binding(const struct tls *tls, const char *type, uint8_t *octets, size_t room, size_t *length)
{
    (void)tls;
    (void)type;
    (void)octets;
    (void)room;
    (void)length;
    return -1;
}
