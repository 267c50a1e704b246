/* SCRAM, the client: the vectors of RFC 5802 and RFC 7677, another implementation as its server, and servers that lie.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "drive.h"
#include "scram_peer.h"

#include <stdio.h>

static epop_crypto crypto;
static epop_sasl_config config = {.struct_size = sizeof config, .crypto = &crypto};
static epop_sasl_config quick; /* one iteration is enough */

static const answers tim = {.user = "tim", .password = "tanstaaf", .authzid = "Ursel"};

static int set_up(void **state)
{
    (void)state;
    scram_crypto(&crypto);
    quick = config;
    quick.iterations_min = 1;
    return 0;
}

/* How the client begins: the mechanism, and what its gs2 header is to be. */
typedef struct kind {
    epop_sasl_mechanism mechanism;
    const char *binding;
    uint32_t unbound;
    const char *gs2;
    const char *bound; /* what of the binding goes into "c=" behind the header */
} kind;

static const kind kinds[] = {
    {epop_sasl_scram_sha_1, "", 0, "n,,", ""},
    {epop_sasl_scram_sha_256, "", 0, "n,,", ""},
    {epop_sasl_scram_sha_256, "tls-exporter:abc", 0, "n,,", ""},
    {epop_sasl_scram_sha_1, "tls-exporter:abc", 1, "y,,", ""},
    {epop_sasl_scram_sha_256, "tls-exporter:abc", 1, "y,,", ""},
    {epop_sasl_scram_sha_1_plus, "tls-exporter:abc", 0, "p=tls-exporter,,", "abc"},
    {epop_sasl_scram_sha_256_plus, "tls-server-end-point:0123456789:,=\xFF", 0, "p=tls-server-end-point,,",
     "0123456789:,=\xFF"},
};

static void opens(drive *d, const kind *k, const epop_sasl_config *with, const answers *says)
{
    drive_open(d, k->mechanism, EPOP_SASL_CLIENT, with, 0);
    d->says = says;
    d->step.binding.ptr = (const uint8_t *)k->binding;
    d->step.binding.len = strlen(k->binding);
    d->step.unbound = k->unbound;
}

static void hears(drive *d, const char *text, int32_t want)
{
    int32_t result = drive_hear_whole(d, text, strlen(text));

    if (result != want) {
        print_error("%s instead of %s\n", epop_error_name(result), epop_error_name(want));
        octets_fail("another result", text, strlen(text));
    }
}

/* Whoever believes the server now is a fool. */
static void ends_unproven(drive *d)
{
    assert_int_equal(drive_finish(d), EPOP_ERR_PEER_SASL);
    drive_close(d);
}

static void described(void **state)
{
    static const struct {
        epop_sasl_mechanism mechanism;
        const char *name;
        uint32_t binds, hashes;
    } table[] = {
        {epop_sasl_scram_sha_1, "SCRAM-SHA-1", 0, EPOP_HASH_SHA1},
        {epop_sasl_scram_sha_256, "SCRAM-SHA-256", 0, EPOP_HASH_SHA256},
        {epop_sasl_scram_sha_1_plus, "SCRAM-SHA-1-PLUS", EPOP_SASL_BINDS, EPOP_HASH_SHA1},
        {epop_sasl_scram_sha_256_plus, "SCRAM-SHA-256-PLUS", EPOP_SASL_BINDS, EPOP_HASH_SHA256},
    };
    drive d;

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        drive_open(&d, table[i / 2].mechanism, i % 2, &config, 0);
        assert_string_equal(d.step.name, table[i / 2].name);
        assert_int_equal(d.step.properties,
                         EPOP_SASL_CLIENT_FIRST | EPOP_SASL_RANDOM | EPOP_SASL_SALT | table[i / 2].binds);
        assert_int_equal(d.step.hashes, table[i / 2].hashes);
        drive_close(&d);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* RFC 5802 section 5, RFC 7677 section 3. */
typedef struct vector {
    epop_sasl_mechanism mechanism;
    const char *client_nonce, *server_nonce, *salt, *proof, *verifier;
} vector;

static const vector vectors[] = {
    {epop_sasl_scram_sha_1, "fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92",
     "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {epop_sasl_scram_sha_256, "rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "W22ZaJ0SNY7soEsUEjb6gQ==",
     "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

static void client_does(const cutting *how, void *with)
{
    const vector *v = with;
    const answers says = {.user = "user", .password = "pencil"};
    char text[256];
    drive d;

    swap_from = SCRAM_NONCE; /* the RFC's nonce is not ours, and has another length */
    swap_to = v->client_nonce;
    opens(&d, &(kind){v->mechanism, "", 0, "", ""}, &config, &says);
    assert_int_equal(drive_say(&d), EPOP_OK);
    drive_said(&d, TEXT("n,,n=user,r=" SCRAM_NONCE));
    assert_string_equal(d.asked, "1");
    snprintf(text, sizeof text, "r=" SCRAM_NONCE "%s,s=%s,i=4096", v->server_nonce, v->salt);
    assert_int_equal(drive_hear(&d, text, strlen(text), how), EPOP_OK);
    assert_int_equal(drive_say(&d), EPOP_OK);
    snprintf(text, sizeof text, "c=biws,r=" SCRAM_NONCE "%s,p=%s", v->server_nonce, v->proof);
    drive_said(&d, text, strlen(text));
    assert_string_equal(d.asked, "2");
    snprintf(text, sizeof text, "v=%s", v->verifier);
    assert_int_equal(drive_hear(&d, text, strlen(text), how), EPOP_OK);
    assert_int_equal(drive_say(&d), EPOP_OK);
    drive_said(&d, TEXT(""));
    assert_int_equal(drive_finish(&d), EPOP_OK);
    hears(&d, text, EPOP_ERR_SASL_CHALLENGE);
    drive_close(&d);
    swap_from = NULL;
}

static void examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        vector v = vectors[i];
        drive_cuttings(90, client_does, &v);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* The peer learns what the client has said so far, and goes on honestly. */
static void peer_opens(scram_peer *p, const drive *d, const kind *k, const char *password)
{
    memset(p, 0, sizeof *p);
    p->hash = d->step.hashes;
    p->password = password;
    p->salt = "0123456789abcdef";
    p->iterations = 4096;
    snprintf(p->bare, sizeof p->bare, "%.*s", (int)(d->message_len - strlen(k->gs2)), d->message + strlen(k->gs2));
}

static void peer_challenges(scram_peer *p)
{
    char salt[128];

    scram_encode(salt, p->salt, strlen(p->salt));
    snprintf(p->challenge, sizeof p->challenge, "r=" SCRAM_NONCE "s3rv3r!~,s=%s,i=%u", salt, p->iterations);
}

/* client-final is what it must be, and its proof is right. */
static void peer_checks(scram_peer *p, const drive *d, const kind *k)
{
    uint8_t bound[512];
    char base64[700], proof[64], want[1200];

    memcpy(bound, k->gs2, strlen(k->gs2));
    memcpy(bound + strlen(k->gs2), k->bound, strlen(k->bound));
    scram_encode(base64, bound, strlen(k->gs2) + strlen(k->bound));
    snprintf(p->final, sizeof p->final, "c=%s,r=" SCRAM_NONCE "s3rv3r!~", base64);
    scram_proof(p, proof);
    snprintf(want, sizeof want, "%s,p=%s", p->final, proof);
    drive_said(d, want, strlen(want));
}

static uint32_t holds(const drive *d, const void *secret, size_t len)
{
    for (size_t i = 0; i + len <= d->step.state_size; i++) {
        if (memcmp(d->step.state + i, secret, len) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Neither the password nor what is as good as the password stays behind, though the exchange goes on. */
static void forgets(const scram_peer *p, const drive *d)
{
    uint8_t key[EPOP_HASH_MAX];
    void (*const keys[])(const scram_peer *, uint8_t *) = {scram_salted, scram_client_key, scram_stored_key,
                                                           scram_server_key};

    assert_false(holds(d, p->password, strlen(p->password)));
    for (size_t i = 0; i < 4; i++) {
        keys[i](p, key);
        assert_false(holds(d, key, scram_length(p->hash)));
    }
}

/* Up to where the client waits for the server's signature, which `base64` then is. */
static void reaches_the_end(drive *d, scram_peer *p, const kind *k, const epop_sasl_config *with, const answers *says,
                            char *base64)
{
    opens(d, k, with, says);
    assert_int_equal(drive_say(d), EPOP_OK);
    peer_opens(p, d, k, says->password);
    p->iterations = with == &quick ? 1 : 4096;
    peer_challenges(p);
    hears(d, p->challenge, EPOP_OK);
    assert_int_equal(drive_say(d), EPOP_OK);
    peer_checks(p, d, k);
    forgets(p, d);
    scram_signature(p, base64);
}

static void with_another_server(void **state)
{
    char signature[64], text[80];
    scram_peer p;
    drive d;

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        reaches_the_end(&d, &p, &kinds[i], &config, &tim, signature);
        snprintf(text, sizeof text, "v=%s", signature);
        hears(&d, text, EPOP_OK);
        assert_int_equal(drive_say(&d), EPOP_OK);
        drive_said(&d, TEXT(""));
        assert_int_equal(drive_finish(&d), EPOP_OK);
        drive_close(&d);
    }
}

/* "," and "=" of names, and a name to act as. */
static void escaped_names(void **state)
{
    static const struct {
        const char *user, *authzid, *want;
    } table[] = {
        {"tim", "Ursel", "n,a=Ursel,n=tim,r=" SCRAM_NONCE},
        {"tim", "", "n,,n=tim,r=" SCRAM_NONCE},
        {",", "=", "n,a==3D,n==2C,r=" SCRAM_NONCE},
        {"=2C", "a,b=c,", "n,a=a=2Cb=3Dc=2C,n==3D2C,r=" SCRAM_NONCE},
        {"r=x,i=1", "n=y", "n,a=n=3Dy,n=r=3Dx=2Ci=3D1,r=" SCRAM_NONCE},
        {"t\xC3\xAFm", "\xE2\x82\xAC", "n,a=\xE2\x82\xAC,n=t\xC3\xAFm,r=" SCRAM_NONCE},
    };
    epop_sasl_config asks = config;
    drive d;

    (void)state;
    asks.flags = EPOP_SASL_ASK_AUTHZID;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        answers says = {.user = table[i].user, .authzid = table[i].authzid};
        opens(&d, &kinds[1], &asks, &says);
        assert_int_equal(drive_say(&d), EPOP_OK);
        drive_said(&d, table[i].want, strlen(table[i].want));
        assert_string_equal(d.asked, "41");
        drive_close(&d);
    }
}

/* 64 octets that all have to be escaped fit the least memory, with the longest binding; a password has no limit. */
static void limits(void **state)
{
    static char name[1200], password[5001], binding[EPOP_SASL_BINDING_MAX + 1];
    const answers says = {.user = name, .password = password};
    kind k = {epop_sasl_scram_sha_256_plus, binding, 0, "p=tls-exporter,,", binding + 13};
    char signature[64], text[80];
    size_t longest = 0;
    scram_peer p;
    drive d;

    (void)state;
    memset(binding, 'b', sizeof binding - 1);
    memcpy(binding, "tls-exporter:", 13);
    memset(password, 'p', sizeof password - 1);
    memset(name, ',', 64);
    reaches_the_end(&d, &p, &k, &quick, &says, signature);
    snprintf(text, sizeof text, "v=%s", signature);
    hears(&d, text, EPOP_OK);
    assert_int_equal(drive_say(&d), EPOP_OK);
    assert_int_equal(drive_finish(&d), EPOP_OK);
    drive_close(&d);
    for (size_t len = 1; len < sizeof name; len++) {
        memset(name, 0, sizeof name);
        memset(name, 'n', len);
        opens(&d, &kinds[1], &quick, &says);
        int32_t result = drive_say(&d);
        assert_true(result == EPOP_OK || (result == EPOP_ERR_TOO_LONG && len > 255));
        assert_true(result != EPOP_OK || longest == len - 1);
        longest = result == EPOP_OK ? len : longest;
        drive_close(&d);
    }
    assert_in_range(longest, 255, sizeof name - 2);
    /* A name that leaves no room for the rest. */
    memset(name, 0, sizeof name);
    memset(name, 'n', longest);
    opens(&d, &kinds[1], &quick, &says);
    assert_int_equal(drive_say(&d), EPOP_OK);
    hears(&d, "r=" SCRAM_NONCE "1,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=1", EPOP_ERR_TOO_LONG);
    ends_unproven(&d);
}

/* ------------------------------------------------------------------------------------------------------------------ */

#define SALT "MDEyMzQ1Njc4OWFiY2RlZg=="
#define NONCE "r=" SCRAM_NONCE "s3rv3r,"

/* What a server must not say first, and what the client says to it. */
typedef struct lie {
    const char *text;
    size_t len;
    int32_t result;
} lie;

static void client_refuses(const cutting *how, void *with)
{
    const lie *l = with;
    int32_t result;
    drive d;

    opens(&d, &kinds[1], &config, &tim);
    assert_int_equal(drive_say(&d), EPOP_OK);
    result = drive_hear(&d, l->text, l->len, how);
    if (result != l->result) {
        print_error("%s instead of %s\n", epop_error_name(result), epop_error_name(l->result));
        octets_fail("another result", l->text, l->len);
    }
    ends_unproven(&d);
}

static const lie lies[] = {
    /* The nonce: not extended, shortened, another, another in its last octet, without the name. */
    {TEXT("r=" SCRAM_NONCE ",s=" SALT ",i=4096"), EPOP_ERR_SASL_NONCE},
    {TEXT("r=DyAxQlNkdYaXqLnK2+z9Dh8,s=" SALT ",i=4096"), EPOP_ERR_SASL_NONCE},
    {TEXT("r=xyAxQlNkdYaXqLnK2+z9Dh8w123,s=" SALT ",i=4096"), EPOP_ERR_SASL_NONCE},
    {TEXT("r=DyAxQlNkdYaXqLnK2+z9Dh8x123,s=" SALT ",i=4096"), EPOP_ERR_SASL_NONCE},
    {TEXT("r=123" SCRAM_NONCE ",s=" SALT ",i=4096"), EPOP_ERR_SASL_NONCE},
    {TEXT("r=,s=" SALT ",i=4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT("r=" SCRAM_NONCE "\x80,s=" SALT ",i=4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT("r=" SCRAM_NONCE "\0,s=" SALT ",i=4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT("r=" SCRAM_NONCE " x,s=" SALT ",i=4096"), EPOP_ERR_SASL_CHALLENGE},
    /* Iterations. */
    {TEXT(NONCE "s=" SALT ",i=0"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT ",i=1"), EPOP_ERR_SASL_ITERATIONS},
    {TEXT(NONCE "s=" SALT ",i=4095"), EPOP_ERR_SASL_ITERATIONS},
    {TEXT(NONCE "s=" SALT ",i=1000001"), EPOP_ERR_SASL_ITERATIONS},
    {TEXT(NONCE "s=" SALT ",i=2147483648"), EPOP_ERR_SASL_ITERATIONS},
    {TEXT(NONCE "s=" SALT ",i=4294967296"), EPOP_ERR_SASL_ITERATIONS},
    {TEXT(NONCE "s=" SALT ",i=4294971392"), EPOP_ERR_SASL_ITERATIONS}, /* 4096 in 32 bits */
    {TEXT(NONCE "s=" SALT ",i=18446744073709555712"), EPOP_ERR_SASL_ITERATIONS},
    {TEXT(NONCE "s=" SALT ",i=1000000000000000000000000000000"), EPOP_ERR_SASL_ITERATIONS},
    {TEXT(NONCE "s=" SALT ",i=04096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT ",i=+4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT ",i=-4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT ",i= 4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT ",i=4096 "), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT ",i=4096.0"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT ",i=0x1000"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT ",i=4096\0"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT ",i=many"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT ",i="), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT ",i"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT ","), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT), EPOP_ERR_SASL_CHALLENGE},
    /* Salt: none, not base64, not whole, 65 octets. */
    {TEXT(NONCE "s=,i=4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s====,i=4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=MDEy*zQ1,i=4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=MDEyMzQ,i=4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=MDEyMzR=,i=4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=" SALT "MDEy,i=4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "s=QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=,i=4096"),
     EPOP_ERR_SASL_CHALLENGE},
    /* RFC 5802 section 5.1: what begins with "m=" is not for those who do not know it. */
    {TEXT("m=ext," NONCE "s=" SALT ",i=4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT("x=ext," NONCE "s=" SALT ",i=4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(NONCE "m=ext,s=" SALT ",i=4096"), EPOP_ERR_SASL_CHALLENGE},
    /* The order is fixed. */
    {TEXT("s=" SALT "," NONCE "i=4096"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT("e=other-error"), EPOP_ERR_SASL_CHALLENGE},
    {TEXT("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(","), EPOP_ERR_SASL_CHALLENGE},
    {TEXT(""), EPOP_ERR_SASL_CHALLENGE},
    {TEXT("R=" SCRAM_NONCE "s3rv3r,s=" SALT ",i=4096"), EPOP_ERR_SASL_CHALLENGE},
};

static void lies_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        lie l = lies[i];
        drive_cuttings(l.len, client_refuses, &l);
    }
}

/* Bounds that the host has set; salts of 1 and of 64 octets; an extension that may be passed over. */
static void what_is_allowed(void **state)
{
    epop_sasl_config bounds = config;
    drive d;

    (void)state;
    bounds.iterations_min = 10;
    bounds.iterations_max = 20;
    static const struct {
        const char *text;
        int32_t result;
    } table[] = {
        {NONCE "s=" SALT ",i=9", EPOP_ERR_SASL_ITERATIONS},
        {NONCE "s=" SALT ",i=10", EPOP_OK},
        {NONCE "s=" SALT ",i=20", EPOP_OK},
        {NONCE "s=" SALT ",i=21", EPOP_ERR_SASL_ITERATIONS},
        {NONCE "s=MA==,i=10", EPOP_OK},
        {NONCE "s=QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ==,i=10",
         EPOP_OK},
        {NONCE "s=" SALT ",i=10,x=more,m=more", EPOP_OK},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        opens(&d, &kinds[1], &bounds, &tim);
        assert_int_equal(drive_say(&d), EPOP_OK);
        hears(&d, table[i].text, table[i].result);
        assert_true(table[i].result != EPOP_OK || drive_say(&d) == EPOP_OK);
        ends_unproven(&d);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void lies_last(void **state)
{
    static const struct {
        const char *text;
        int32_t result;
    } table[] = {
        {"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", EPOP_ERR_SASL_SIGNATURE},
        {"v=AAAA", EPOP_ERR_SASL_SIGNATURE},
        {"v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", EPOP_ERR_SASL_SIGNATURE},                 /* 20 octets */
        {"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", EPOP_ERR_SASL_SIGNATURE}, /* 33 */
        {"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", EPOP_ERR_SASL_CHALLENGE},
        {"v=", EPOP_ERR_SASL_CHALLENGE},
        {"v", EPOP_ERR_SASL_CHALLENGE},
        {"", EPOP_ERR_SASL_CHALLENGE},
        {"v=====", EPOP_ERR_SASL_CHALLENGE},
        {"x=AAAA", EPOP_ERR_SASL_CHALLENGE},
        {"m=x,v=AAAA", EPOP_ERR_SASL_CHALLENGE},
        {"e=invalid-proof", EPOP_ERR_LOGIN_REFUSED},
        {"e=unknown-user", EPOP_ERR_LOGIN_REFUSED},
        {"e=", EPOP_ERR_SASL_CHALLENGE},
    };
    char signature[64];
    scram_peer p;
    drive d;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        reaches_the_end(&d, &p, &kinds[1], &quick, &tim, signature);
        hears(&d, table[i].text, table[i].result);
        ends_unproven(&d);
    }
}

/* Every octet of the signature counts; so does every one of what was said before. */
static void wrong_signatures(void **state)
{
    char signature[64], text[80];
    scram_peer p;
    drive d;

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        for (size_t at = 0; at < (k ? 43 : 27); at++) {
            reaches_the_end(&d, &p, &kinds[k], &quick, &tim, signature);
            signature[at] = signature[at] == 'A' ? 'E' : 'A';
            snprintf(text, sizeof text, "v=%s", signature);
            int32_t result = drive_hear_whole(&d, text, strlen(text));
            /* The last digit holds bits that must be zero. */
            assert_true(result == EPOP_ERR_SASL_SIGNATURE || (at > 25 && result == EPOP_ERR_SASL_CHALLENGE));
            ends_unproven(&d);
        }
    }
    /* A server that does not know the password; one that signs another exchange; one that plays the client's part. */
    reaches_the_end(&d, &p, &kinds[1], &quick, &tim, signature);
    p.password = "tanstaag";
    scram_signature(&p, signature);
    snprintf(text, sizeof text, "v=%s", signature);
    hears(&d, text, EPOP_ERR_SASL_SIGNATURE);
    ends_unproven(&d);
    reaches_the_end(&d, &p, &kinds[1], &quick, &tim, signature);
    p.bare[2] = 'x';
    scram_signature(&p, signature);
    snprintf(text, sizeof text, "v=%s", signature);
    hears(&d, text, EPOP_ERR_SASL_SIGNATURE);
    ends_unproven(&d);
    reaches_the_end(&d, &p, &kinds[1], &quick, &tim, signature);
    scram_proof(&p, signature);
    snprintf(text, sizeof text, "v=%s", signature);
    hears(&d, text, EPOP_ERR_SASL_SIGNATURE);
    ends_unproven(&d);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static int32_t no_hash(void *user, uint32_t hash, const epop_span *parts, size_t count, uint8_t *digest)
{
    (void)user, (void)hash, (void)parts, (void)count, (void)digest;
    return -1;
}

/* The n-th HMAC fails. */
static uint32_t until_failure;

static int32_t failing_hmac(void *user, uint32_t hash, const epop_span *key, const epop_span *parts, size_t count,
                            uint8_t *out)
{
    return --until_failure == 0 ? -1 : crypto.hmac(user, hash, key, parts, count, out);
}

static int32_t no_rounds(void *user, uint32_t hash, const epop_span *password, uint32_t count, uint8_t *u, uint8_t *sum)
{
    (void)user, (void)hash, (void)password, (void)count, (void)u, (void)sum;
    return -1;
}

static int32_t no_random(void *user, uint8_t *dst, size_t len)
{
    (void)user, (void)dst, (void)len;
    return -1;
}

static int32_t with_crypto(epop_crypto *weak, const char *iterations)
{
    epop_sasl_config with = quick;
    char text[128];
    int32_t result;
    drive d;

    with.crypto = weak;
    opens(&d, &kinds[1], &with, &tim);
    result = drive_say(&d);
    if (result == EPOP_OK) {
        snprintf(text, sizeof text, NONCE "s=" SALT ",i=%s", iterations);
        hears(&d, text, EPOP_OK);
        result = drive_say(&d);
        assert_false(holds(&d, "tanstaaf", 8));
    }
    ends_unproven(&d);
    return result;
}

static void hashes_that_fail(void **state)
{
    epop_crypto weak = crypto;

    (void)state;
    weak.random = no_random;
    assert_int_equal(with_crypto(&weak, "2"), EPOP_ERR_CRYPTO);
    weak = crypto;
    weak.hash = no_hash;
    assert_int_equal(with_crypto(&weak, "2"), EPOP_ERR_CRYPTO);
    weak = crypto;
    weak.rounds = no_rounds;
    assert_int_equal(with_crypto(&weak, "2"), EPOP_ERR_CRYPTO);
    assert_int_equal(with_crypto(&weak, "1"), EPOP_OK); /* none are needed behind the first */
    weak.rounds = NULL;
    weak.hmac = failing_hmac;
    /* U1, 299 more, ClientKey, ClientSignature, ServerKey, ServerSignature. */
    for (uint32_t n = 1; n <= 305; n++) {
        until_failure = n;
        assert_int_equal(with_crypto(&weak, "300"), n < 305 ? EPOP_ERR_CRYPTO : EPOP_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(described),        cmocka_unit_test(examples),  cmocka_unit_test(with_another_server),
        cmocka_unit_test(escaped_names),    cmocka_unit_test(limits),    cmocka_unit_test(lies_first),
        cmocka_unit_test(what_is_allowed),  cmocka_unit_test(lies_last), cmocka_unit_test(wrong_signatures),
        cmocka_unit_test(hashes_that_fail),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
