/* IP addresses in certificates (RFC 5280 section 4.2.1.6), which mbedTLS compares only since 3.5.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef EPOP_MBEDTLS_ADDRESS_H
#define EPOP_MBEDTLS_ADDRESS_H

#include <epop/base.h>

#include <mbedtls/x509_crt.h>

/* The octets of an address in its usual notation: 4, 16, or 0 where `text` is no address. An IPv6 zone ("%eth0") is
 * left out: it is the host's own affair and in no certificate. */
uint8_t epopi_address_parse(const char *text, uint8_t address[16]);

/* 1 where `address` is among the subjectAltNames. The common name is not looked at (RFC 9525 section 6.3). */
uint32_t epopi_address_certified(const mbedtls_x509_crt *certificate, const uint8_t *address, size_t len);

#endif
