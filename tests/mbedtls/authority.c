/* Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT */
#include "authority.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <mbedtls/oid.h>
#include <psa/crypto.h>

enum { DNS_NAME = 0x82, IP_ADDRESS = 0x87, SEQUENCE = 0x30 };

int test_random(void *unused, unsigned char *dst, size_t len)
{
    (void)unused;
    assert_int_equal(psa_crypto_init(), PSA_SUCCESS);
    return psa_generate_random(dst, len) == PSA_SUCCESS ? 0 : -1;
}

static size_t add_name(uint8_t *at, uint8_t tag, const void *octets, size_t len)
{
    assert_true(len < 100);
    at[0] = tag;
    at[1] = (uint8_t)len;
    memcpy(at + 2, octets, len);
    return len + 2;
}

static void add_names(mbedtls_x509write_cert *writer, const identity_spec *spec)
{
    uint8_t names[128];
    size_t len = 2;

    if (spec->dns) {
        len += add_name(names + len, DNS_NAME, spec->dns, strlen(spec->dns));
    }
    if (spec->ip) {
        len += add_name(names + len, IP_ADDRESS, spec->ip, spec->ip_len);
    }
    if (len > 2) {
        names[0] = SEQUENCE;
        names[1] = (uint8_t)(len - 2);
        assert_int_equal(mbedtls_x509write_crt_set_extension(writer, MBEDTLS_OID_SUBJECT_ALT_NAME,
                                                             MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0, names,
                                                             len),
                         0);
    }
}

static void write_subject(mbedtls_x509write_cert *writer, identity *made, const identity_spec *spec,
                          const identity *signer)
{
    char issuer[100];
    mbedtls_mpi serial;

    mbedtls_mpi_init(&serial);
    assert_int_equal(mbedtls_mpi_lset(&serial, 1), 0);
    assert_int_equal(mbedtls_x509write_crt_set_serial(writer, &serial), 0);
    mbedtls_mpi_free(&serial);
    mbedtls_x509write_crt_set_md_alg(writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(writer, &made->key);
    assert_int_equal(mbedtls_x509write_crt_set_subject_name(writer, spec->subject), 0);
    if (signer) {
        assert_true(mbedtls_x509_dn_gets(issuer, sizeof issuer, &signer->certificate.subject) > 0);
    }
    assert_int_equal(mbedtls_x509write_crt_set_issuer_name(writer, signer ? issuer : spec->subject), 0);
    assert_int_equal(mbedtls_x509write_crt_set_validity(writer, "20200101000000",
                                                        spec->not_after ? spec->not_after : "20991231235959"),
                     0);
}

void identity_make(identity *made, const identity_spec *spec, const identity *signer)
{
    mbedtls_x509write_cert writer;
    mbedtls_pk_context signing_key;
    uint8_t der[2048];
    int len;

    mbedtls_pk_init(&made->key);
    mbedtls_x509_crt_init(&made->certificate);
    mbedtls_x509write_crt_init(&writer);
    assert_int_equal(mbedtls_pk_setup(&made->key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), 0);
    assert_int_equal(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(made->key), test_random, NULL), 0);
    write_subject(&writer, made, spec, signer);
    signing_key = signer ? signer->key : made->key;
    mbedtls_x509write_crt_set_issuer_key(&writer, &signing_key);
    assert_int_equal(mbedtls_x509write_crt_set_basic_constraints(&writer, spec->is_authority, -1), 0);
    add_names(&writer, spec);
    len = mbedtls_x509write_crt_der(&writer, der, sizeof der, test_random, NULL);
    assert_true(len > 0);
    assert_int_equal(mbedtls_x509_crt_parse_der(&made->certificate, der + sizeof der - (size_t)len, (size_t)len), 0);
    mbedtls_x509write_crt_free(&writer);
}

void identity_free(identity *made)
{
    mbedtls_x509_crt_free(&made->certificate);
    mbedtls_pk_free(&made->key);
}
