/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "mbedtls/signature.h"

#include "wire/octets.h"

#include <string.h>

enum { SEQUENCE = 0x30, OID = 0x06, PSS_HASH = 0xA0 }; /* PSS_HASH: hashAlgorithm of RSASSA-PSS-params, RFC 4055 */

/* Takes the element at the front of `from`, which must have this tag, and leaves what is behind it. */
static uint32_t take_element(epop_span *from, uint8_t tag, epop_span *content)
{
    size_t at = 2;
    size_t len;
    size_t more;

    if (from->len < 2 || from->ptr[0] != tag) {
        return 0;
    }
    len = from->ptr[1];
    if (len >= 0x80) {
        more = len - 0x80;
        if (more == 0 || more > 3 || from->len < 2 + more) {
            return 0;
        }
        for (len = 0; more > 0; more--) {
            len = (len << 8) | from->ptr[at++];
        }
    }
    if (len > from->len - at) {
        return 0;
    }
    *content = epopi_span(from->ptr + at, len);
    *from = epopi_span(from->ptr + at + len, from->len - at - len);
    return 1;
}

/* What comes after all arcs but the last, which is of one octet; 0 if they are others. */
static uint8_t last_arc(epop_span oid, const uint8_t *arcs, size_t len)
{
    return oid.len == len + 1 && memcmp(oid.ptr, arcs, len) == 0 ? oid.ptr[len] : 0;
}

enum { RSASSA_PSS = 10 };

/* The last arc of an OID of PKCS #1 (RFC 8017 appendix C). */
static psa_algorithm_t rsa_hash(uint8_t arc)
{
    switch (arc) {
    case 4: /* MD5 */
    case 5: /* SHA-1 */
    case 11:
        return PSA_ALG_SHA_256;
    case 12:
        return PSA_ALG_SHA_384;
    case 13:
        return PSA_ALG_SHA_512;
    case 14:
        return PSA_ALG_SHA_224;
    default:
        return PSA_ALG_NONE;
    }
}

/* The last arc below 2.16.840.1.101.3.4.2 (RFC 8017 appendix B.1). */
static psa_algorithm_t sha_2_hash(uint8_t arc)
{
    switch (arc) {
    case 1:
        return PSA_ALG_SHA_256;
    case 2:
        return PSA_ALG_SHA_384;
    case 3:
        return PSA_ALG_SHA_512;
    case 4:
        return PSA_ALG_SHA_224;
    default:
        return PSA_ALG_NONE;
    }
}

/* Parameters that are not there, or name no hash, mean SHA-1 (RFC 4055 section 3.1). */
static psa_algorithm_t pss_hash(epop_span parameters)
{
    epop_span members;
    epop_span tagged;
    epop_span algorithm;
    epop_span oid;
    uint8_t arc;

    if (!take_element(&parameters, SEQUENCE, &members) || !take_element(&members, PSS_HASH, &tagged)) {
        return PSA_ALG_SHA_256;
    }
    if (!take_element(&tagged, SEQUENCE, &algorithm) || !take_element(&algorithm, OID, &oid)) {
        return PSA_ALG_NONE;
    }
    arc = last_arc(oid, EPOPI_LITERAL("\x60\x86\x48\x01\x65\x03\x04\x02"));
    if (arc > 0) {
        return sha_2_hash(arc);
    }
    return last_arc(oid, EPOPI_LITERAL("\x2B\x0E\x03\x02")) == 26 ? PSA_ALG_SHA_256 : PSA_ALG_NONE; /* SHA-1 */
}

/* The last arc of ecdsa-with-SHA2 (RFC 5758 section 3.2): SHA-224 comes first there. */
static psa_algorithm_t ecdsa_hash(uint8_t arc)
{
    return arc == 1 ? PSA_ALG_SHA_224 : sha_2_hash((uint8_t)(arc - 1));
}

psa_algorithm_t epopi_signature_hash(epop_span certificate)
{
    epop_span content;
    epop_span signed_part;
    epop_span algorithm;
    epop_span oid;
    uint8_t arc;

    if (!take_element(&certificate, SEQUENCE, &content) || !take_element(&content, SEQUENCE, &signed_part) ||
        !take_element(&content, SEQUENCE, &algorithm) || !take_element(&algorithm, OID, &oid)) {
        return PSA_ALG_NONE;
    }
    arc = last_arc(oid, EPOPI_LITERAL("\x2A\x86\x48\x86\xF7\x0D\x01\x01")); /* 1.2.840.113549.1.1 */
    if (arc > 0) {
        return arc == RSASSA_PSS ? pss_hash(algorithm) : rsa_hash(arc);
    }
    arc = last_arc(oid, EPOPI_LITERAL("\x2A\x86\x48\xCE\x3D\x04\x03")); /* 1.2.840.10045.4.3 */
    if (arc > 0) {
        return ecdsa_hash(arc);
    }
    /* 1.2.840.10045.4.1, ecdsa-with-SHA1 */
    return last_arc(oid, EPOPI_LITERAL("\x2A\x86\x48\xCE\x3D\x04")) == 1 ? PSA_ALG_SHA_256 : PSA_ALG_NONE;
}
