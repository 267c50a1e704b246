/* popget without mbedTLS: no TLS and no hashes. What needs them is refused when the command line is read.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "tls.h"

#include "transport.h"

bool tls_is_there(void)
{
    return false;
}

bool tls_crypto(epop_crypto *crypto)
{
    (void)crypto;
    return false;
}

struct tls *tls_open(const char *ca_file, const uint8_t *fingerprint, struct report *report)
{
    (void)fingerprint;
    (void)ca_file;
    report_fatal(report, STATUS_USAGE, "%s", TLS_MISSING);
    return NULL;
}

void tls_free(struct tls *tls)
{
    (void)tls;
}

bool tls_start(struct tls *tls, const char *host)
{
    (void)tls;
    (void)host;
    return false;
}

long tls_shake(struct tls *tls, int fd)
{
    (void)tls;
    (void)fd;
    return TRANSPORT_BROKEN;
}

long tls_read(struct tls *tls, int fd, uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    return tls_shake(tls, fd);
}

long tls_write(struct tls *tls, int fd, const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    return tls_shake(tls, fd);
}

bool tls_is_up(const struct tls *tls)
{
    (void)tls;
    return false;
}

bool tls_has_input(const struct tls *tls)
{
    return tls_is_up(tls);
}

bool tls_has_output(const struct tls *tls)
{
    return tls_is_up(tls);
}

void tls_close(struct tls *tls, int fd)
{
    (void)tls;
    (void)fd;
}

int32_t tls_explain(const struct tls *tls, char *text, size_t size)
{
    (void)tls;
    (void)text;
    (void)size;
    return EPOP_OK;
}

bool tls_binding(const struct tls *tls, uint8_t *octets, size_t room, size_t *len)
{
    (void)octets;
    (void)room;
    *len = 0;
    return tls_is_up(tls);
}
