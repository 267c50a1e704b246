/* SCRAM, the server: the vectors of RFC 5802 and RFC 7677, another implementation as its client, clients that lie, and
 * users that are not there.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "drive.h"
#include "scram_peer.h"

#include <stdio.h>

static epop_crypto crypto;
static epop_sasl_config config = {
    .struct_size = sizeof config, .crypto = &crypto, .salt_secret = "sixteen octets!!", .salt_secret_len = 16};

static int set_up(void **state)
{
    (void)state;
    scram_crypto(&crypto);
    return 0;
}

static const epop_sasl_mechanism SHA_1 = epop_sasl_scram_sha_1, SHA_256 = epop_sasl_scram_sha_256,
                                 PLUS = epop_sasl_scram_sha_256_plus;

static const cutting whole = {SIZE_MAX, SIZE_MAX, 1};

/* The host gives the key of a password, or says that there is no such user. */
static void gives_key(drive *d, const char *password, const void *salt, size_t salt_len, uint32_t iterations,
                      uint32_t known)
{
    uint8_t stored_key[EPOP_HASH_MAX], server_key[EPOP_HASH_MAX];
    size_t len = scram_length(d->step.hashes);
    epop_scram_key key = {sizeof key, iterations, {salt, salt_len}, {stored_key, len}, {server_key, len}};

    assert_int_equal(epop_scram_derive(&crypto, d->step.hashes, password, strlen(password), salt, salt_len, iterations,
                                       stored_key, server_key),
                     EPOP_OK);
    d->step.key = known ? &key : NULL;
    assert_int_equal(drive_answer(d, known, NULL, 0), EPOP_OK);
    d->step.key = NULL;
    memset(stored_key, 'x', sizeof stored_key);
    memset(server_key, 'x', sizeof server_key);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* RFC 5802 section 5, RFC 7677 section 3. */
typedef struct vector {
    epop_sasl_mechanism mechanism;
    const char *client_nonce, *server_nonce, *salt;
    size_t salt_len;
    const char *base64, *proof, *verifier;
} vector;

static const vector vectors[] = {
    {epop_sasl_scram_sha_1, "fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j",
     TEXT("\x41\x25\xC2\x47\xE4\x3A\xB1\xE9\x3C\x6D\xFF\x76"), "QSXCR+Q6sek8bf92",
     "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {epop_sasl_scram_sha_256, "rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     TEXT("\x5B\x6D\x99\x68\x9D\x12\x35\x8E\xEC\xA0\x4B\x14\x12\x36\xFA\x81"), "W22ZaJ0SNY7soEsUEjb6gQ==",
     "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

static void server_does(const cutting *how, void *with)
{
    const vector *v = with;
    char text[256];
    drive d;

    swap_from = SCRAM_NONCE; /* the RFC's nonce is not ours, and has another length */
    swap_to = v->server_nonce;
    drive_open(&d, v->mechanism, EPOP_SASL_SERVER, &config, 0);
    snprintf(text, sizeof text, "n,,n=user,r=%s", v->client_nonce);
    assert_int_equal(drive_hear(&d, text, strlen(text), how), EPOP_ASK);
    drive_question(&d, EPOP_AUTH_KEY, "user", "", "");
    gives_key(&d, "pencil", v->salt, v->salt_len, 4096, 1);
    assert_int_equal(drive_say(&d), EPOP_OK);
    snprintf(text, sizeof text, "r=%s" SCRAM_NONCE ",s=%s,i=4096", v->client_nonce, v->base64);
    drive_said(&d, text, strlen(text));
    snprintf(text, sizeof text, "c=biws,r=%s" SCRAM_NONCE ",p=%s", v->client_nonce, v->proof);
    assert_int_equal(drive_hear(&d, text, strlen(text), how), EPOP_ASK);
    drive_question(&d, EPOP_AUTH_PROVEN, "user", "", "");
    assert_int_equal(drive_answer(&d, 1, NULL, 0), EPOP_OK);
    assert_int_equal(drive_say(&d), EPOP_OK);
    snprintf(text, sizeof text, "v=%s", v->verifier);
    drive_said(&d, text, strlen(text));
    assert_int_equal(drive_hear_whole(&d, "", 0), EPOP_END);
    drive_close(&d);
    swap_from = NULL;
}

static void examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        vector v = vectors[i];
        drive_cuttings(110, server_does, &v);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* A client: how it begins, who it says that it is, and what it knows. */
typedef struct client {
    epop_sasl_mechanism mechanism;
    const char *gs2, *bare;
    const char *user, *authzid;
    const char *type, *data; /* of the binding, as the server sees it */
    const char *password;
} client;

static const client honest = {epop_sasl_scram_sha_256, "n,,", "n=tim,r=CLIENT", "tim", "", "", "", "tanstaaf"};

#define PLUS_GS2 "p=tls-exporter,,"

static const client bound = {
    epop_sasl_scram_sha_256_plus, PLUS_GS2, "n=tim,r=CLIENT", "tim", "", "tls-exporter", "a,b=c\xFF:", "tanstaaf"};

/* Up to server-first; the peer then knows what was said. */
static void begins(drive *d, scram_peer *p, const client *c, size_t state_size, const cutting *how, uint32_t known)
{
    char text[2200];

    memset(p, 0, sizeof *p);
    drive_open(d, c->mechanism, EPOP_SASL_SERVER, &config, state_size);
    snprintf(text, sizeof text, "%s%s", c->gs2, c->bare);
    assert_int_equal(drive_hear(d, text, strlen(text), how), EPOP_ASK);
    drive_question(d, EPOP_AUTH_KEY, c->user, c->authzid, "");
    gives_key(d, "tanstaaf", TEXT("0123456789abcdef"), 100, known);
    assert_int_equal(drive_say(d), EPOP_OK);
    p->hash = d->step.hashes;
    p->password = c->password;
    p->salt = "0123456789abcdef";
    p->iterations = 100;
    snprintf(p->bare, sizeof p->bare, "%s", c->bare);
    snprintf(p->challenge, sizeof p->challenge, "%.*s", (int)d->message_len, d->message);
}

/* "c=..." and "r=..." as they must be. */
static void finals(scram_peer *p, const client *c)
{
    char raw[512], base64[700];
    const char *nonce = strstr(c->bare, ",r=") + 3;

    snprintf(raw, sizeof raw, "%s%s", c->gs2, c->data);
    scram_encode(base64, raw, strlen(raw));
    snprintf(p->final, sizeof p->final, "c=%s,r=%.*s" SCRAM_NONCE, base64, (int)strcspn(nonce, ","), nonce);
}

/* client-final, and the question of the binding, to the question behind it. */
static int32_t final_heard(drive *d, const client *c, const char *text, const cutting *how)
{
    char binding[200];
    int32_t result = drive_hear(d, text, strlen(text), how);

    if (*c->type == '\0' || result != EPOP_ASK) {
        return result;
    }
    drive_question(d, EPOP_AUTH_BINDING, c->user, c->authzid, c->type);
    snprintf(binding, sizeof binding, "%s:%s", c->type, c->data);
    return drive_answer(d, 1, binding, strlen(binding));
}

/* The outcome for one client-final: the question, and what is sent to the one who is let in. */
static void ends(drive *d, const scram_peer *p, const client *c, const char *text, const cutting *how, uint32_t proven)
{
    char signature[64], want[80];

    assert_int_equal(final_heard(d, c, text, how), EPOP_ASK);
    drive_question(d, proven ? EPOP_AUTH_PROVEN : EPOP_AUTH_FAILED, c->user, c->authzid, "");
    assert_int_equal(drive_answer(d, 1, NULL, 0), proven ? EPOP_OK : (int32_t)EPOP_ERR_LOGIN_REFUSED);
    if (proven) {
        assert_int_equal(drive_say(d), EPOP_OK);
        scram_signature(p, signature);
        snprintf(want, sizeof want, "v=%s", signature);
        drive_said(d, want, strlen(want));
        assert_int_equal(drive_hear(d, "", 0, how), EPOP_END);
    }
    drive_close(d);
}

static void whole_exchange(const cutting *how, void *with)
{
    const client *c = with;
    char proof[64], text[2200];
    scram_peer p;
    drive d;

    begins(&d, &p, c, 0, how, 1);
    finals(&p, c);
    scram_proof(&p, proof);
    snprintf(text, sizeof text, "%s,p=%s", p.final, proof);
    ends(&d, &p, c, text, how, strcmp(c->password, "tanstaaf") == 0);
}

/* Flags, names, bindings; every cut. */
static void with_another_client(void **state)
{
    static const client table[] = {
        {epop_sasl_scram_sha_1, "n,,", "n=tim,r=CLIENT", "tim", "", "", "", "tanstaaf"},
        {epop_sasl_scram_sha_1, "n,,", "n=tim,r=CLIENT", "tim", "", "", "", "tanstaag"},
        {epop_sasl_scram_sha_256, "y,a=Ursel,", "n=tim,r=CLIENT", "tim", "Ursel", "", "", "tanstaaf"},
        {epop_sasl_scram_sha_256, "n,a==2C=3D,", "n=a=2Cb=3Dc,r=!+/~", "a,b=c", ",=", "", "", "tanstaaf"},
        {epop_sasl_scram_sha_256, "n,,", "n=t\xC3\xAFm smith,r=x,x=ext", "t\xC3\xAFm smith", "", "", "", "tanstaaf"},
        {epop_sasl_scram_sha_1_plus, "p=tls-unique,,", "n=tim,r=CLIENT", "tim", "", "tls-unique", "abc", "tanstaaf"},
        {epop_sasl_scram_sha_256_plus, "p=tls-server-end-point,a=u,", "n=tim,r=CLIENT", "tim", "u",
         "tls-server-end-point", "0123", "tanstaaf"},
        {epop_sasl_scram_sha_256_plus, PLUS_GS2, "n=tim,r=CLIENT", "tim", "", "tls-exporter", "a,b=c\xFF:", "tan"},
    };
    client c;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        c = table[i];
        whole_exchange(&whole, &c);
    }
    c = honest;
    drive_cuttings(60, whole_exchange, &c);
    c = bound;
    drive_cuttings(60, whole_exchange, &c);
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void hears_first(epop_sasl_mechanism mechanism, const epop_sasl_config *with, const char *text, size_t len,
                        int32_t want)
{
    drive d;
    int32_t result;

    drive_open(&d, mechanism, EPOP_SASL_SERVER, with, 0);
    result = drive_hear_whole(&d, text, len);
    if (result != want) {
        print_error("%s instead of %s\n", epop_error_name(result), epop_error_name(want));
        octets_fail("another result", text, len);
    }
    drive_close(&d);
}

static void malformed_first(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } table[] = {
        {TEXT("")},
        {TEXT(",")},
        {TEXT("n")},
        {TEXT("n,")},
        {TEXT("n,,")},
        {TEXT("n,n=tim,r=x")},
        {TEXT("x,,n=tim,r=x")},
        {TEXT("N,,n=tim,r=x")},
        {TEXT("nn,,n=tim,r=x")},
        {TEXT("p=tls-exporter,,n=tim,r=x")}, /* not with a mechanism that does not bind */
        {TEXT("n,a=,n=tim,r=x")},
        {TEXT("n,b=x,n=tim,r=x")},
        {TEXT("n,a=x=,n=tim,r=x")},
        {TEXT("n,a=x\0,n=tim,r=x")},
        {TEXT("n,,n=,r=x")},
        {TEXT("n,,r=x")},
        {TEXT("n,,r=x,n=tim")},
        {TEXT("n,,n=tim")},
        {TEXT("n,,n=tim,")},
        {TEXT("n,,n=tim,r")},
        {TEXT("n,,n=tim,r=")},
        {TEXT("n,,n=tim,x=y,r=x")},
        {TEXT("n,,n=tim,r=a b")},
        {TEXT("n,,n=tim,r=a\x7F")},
        {TEXT("n,,n=tim,r=a\0")},
        {TEXT("n,,n=tim,r=\xC3\xAF")},
        {TEXT("n,,m=ext,n=tim,r=x")}, /* RFC 5802 section 5.1: unknown, and not to be passed over */
        {TEXT("n,,n=t=im,r=x")},      /* "=" alone, or with other digits */
        {TEXT("n,,n=tim=,r=x")},
        {TEXT("n,,n=tim=2,r=x")},
        {TEXT("n,,n=tim=20,r=x")},
        {TEXT("n,,n=tim=3C,r=x")},
        {TEXT("n,,n=tim==,r=x")},
        {TEXT("n,,n=ti\rm,r=x")},
        {TEXT("n,,n=ti\nm,r=x")},
        {TEXT("n,,n=ti\0m,r=x")},
        {TEXT("n,,n=ti\x7Fm,r=x")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        hears_first(SHA_1, &config, table[i].text, table[i].len, EPOP_ERR_SASL_CHALLENGE);
        hears_first(SHA_256, &config, table[i].text, table[i].len, EPOP_ERR_SASL_CHALLENGE);
    }
    static const char *const plus[] = {"n,,n=tim,r=x",     "y,,n=tim,r=x",     "p,,n=tim,r=x",      "p=,,n=tim,r=x",
                                       "p=a b,,n=tim,r=x", "p=a:b,,n=tim,r=x", "P=x,,n=tim,r=x",    "p=\xC3,,n=tim,r=x",
                                       "p=tls-exporter",   "p=x,n=tim,r=x",    "p=x,,m=y,n=tim,r=x"};
    for (size_t i = 0; i < sizeof plus / sizeof *plus; i++) {
        hears_first(PLUS, &config, plus[i], strlen(plus[i]), EPOP_ERR_SASL_CHALLENGE);
    }
    hears_first(PLUS, &config, TEXT("p=Tls-9.x,,n=tim,r=x"), EPOP_ASK);
}

/* RFC 5802 section 6: "y" says that the server was not seen to offer a form that binds. Where it has one, somebody has
 * taken that out of the list. */
static void downgrade_is_noticed(void **state)
{
    static const epop_sasl_mechanism both[] = {epop_sasl_scram_sha_256_plus, epop_sasl_scram_sha_256,
                                               epop_sasl_scram_sha_1};
    epop_sasl_config with = config;

    (void)state;
    with.mechanisms = both;
    with.mechanism_count = 3;
    hears_first(SHA_256, &with, TEXT("y,,n=tim,r=x"), EPOP_ERR_SASL_CHALLENGE);
    hears_first(SHA_256, &with, TEXT("n,,n=tim,r=x"), EPOP_ASK);
    hears_first(SHA_1, &with, TEXT("y,,n=tim,r=x"), EPOP_ASK); /* there is no SCRAM-SHA-1-PLUS in the list */
    with.mechanisms = both + 1;
    with.mechanism_count = 2;
    hears_first(SHA_256, &with, TEXT("y,,n=tim,r=x"), EPOP_ASK);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* What an honest client-final is made into; `right` is the one that would be taken. */
static void final_is(const client *c, const char *head, const char *tail, int32_t want, uint32_t sign)
{
    char proof[64], text[2200];
    scram_peer p;
    drive d;
    int32_t result;

    begins(&d, &p, c, 0, &whole, 1);
    finals(&p, c);
    if (head) {
        snprintf(p.final, sizeof p.final, "%s", head);
    }
    scram_proof(&p, proof);
    snprintf(text, sizeof text, "%s%s%s", p.final, tail, sign ? proof : "");
    result = final_heard(&d, c, text, &whole);
    if (result != want) {
        print_error("%s instead of %s\n", epop_error_name(result), epop_error_name(want));
        octets_fail("another result", text, strlen(text));
    }
    if (result == EPOP_ASK) {
        assert_int_equal(d.step.ask, EPOP_AUTH_FAILED);
        assert_int_equal(drive_answer(&d, 1, NULL, 0), EPOP_ERR_LOGIN_REFUSED);
    }
    drive_close(&d);
}

/* All of these are signed with the right password, over what they say. */
static void altered_finals(void **state)
{
    (void)state;
    /* The nonce: another, shortened, longer, the client's alone, the server's alone. */
    final_is(&honest, "c=biws,r=CLIENX" SCRAM_NONCE, ",p=", EPOP_ASK, 1);
    final_is(&honest, "c=biws,r=CLIENTDyAxQlNkdYaXqLnK2+z9Dh8", ",p=", EPOP_ASK, 1);
    final_is(&honest, "c=biws,r=CLIENT" SCRAM_NONCE "x", ",p=", EPOP_ASK, 1);
    final_is(&honest, "c=biws,r=CLIENT", ",p=", EPOP_ASK, 1);
    final_is(&honest, "c=biws,r=" SCRAM_NONCE, ",p=", EPOP_ASK, 1);
    /* "c=": another flag, another name to act as, no header, a binding where there is none, not base64. */
    final_is(&honest, "c=eSws,r=CLIENT" SCRAM_NONCE, ",p=", EPOP_ASK, 1);
    final_is(&honest, "c=bixhPXgs,r=CLIENT" SCRAM_NONCE, ",p=", EPOP_ASK, 1);
    final_is(&honest, "c=biw,r=CLIENT" SCRAM_NONCE, ",p=", EPOP_ASK, 1);
    final_is(&honest, "c=biwsYWJj,r=CLIENT" SCRAM_NONCE, ",p=", EPOP_ASK, 1);
    final_is(&honest, "c=****,r=CLIENT" SCRAM_NONCE, ",p=", EPOP_ASK, 1);
    final_is(&honest, "c=,r=CLIENT" SCRAM_NONCE, ",p=", EPOP_ERR_SASL_CHALLENGE, 1);
    /* The binding of another connection; of none. */
    final_is(&bound, "c=cD10bHMtZXhwb3J0ZXIsLGEsYj1j/zs=,r=CLIENT" SCRAM_NONCE, ",p=", EPOP_ASK, 1);
    final_is(&bound, "c=cD10bHMtZXhwb3J0ZXIsLA==,r=CLIENT" SCRAM_NONCE, ",p=", EPOP_ASK, 1);
    final_is(&bound, "c=biws,r=CLIENT" SCRAM_NONCE, ",p=", EPOP_ASK, 1);
    /* Order, and what is missing. */
    final_is(&honest, "r=CLIENT" SCRAM_NONCE ",c=biws", ",p=", EPOP_ERR_SASL_CHALLENGE, 1);
    final_is(&honest, "c=biws", ",p=", EPOP_ERR_SASL_CHALLENGE, 1);
    final_is(&honest, "m=x,c=biws,r=CLIENT" SCRAM_NONCE, ",p=", EPOP_ERR_SASL_CHALLENGE, 1);
    final_is(&honest, "", "", EPOP_ERR_SASL_CHALLENGE, 0);
    final_is(&honest, "", ",", EPOP_ERR_SASL_CHALLENGE, 0);
    final_is(&honest, "p", "", EPOP_ERR_SASL_CHALLENGE, 0);
    final_is(&honest, NULL, "", EPOP_ERR_SASL_CHALLENGE, 0);
    final_is(&honest, NULL, ",x=", EPOP_ERR_SASL_CHALLENGE, 1);
    /* Proofs: none, not base64, of 31 and 33 octets, of another hash's length, all zero. */
    final_is(&honest, NULL, ",p=", EPOP_ERR_SASL_CHALLENGE, 0);
    final_is(&honest, NULL, ",p=====", EPOP_ERR_SASL_CHALLENGE, 0);
    final_is(&honest, NULL, ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", EPOP_ERR_SASL_CHALLENGE, 0);
    final_is(&honest, NULL, ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", EPOP_ERR_SASL_CHALLENGE, 0);
    final_is(&honest, NULL, ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", EPOP_ERR_SASL_CHALLENGE, 0);
    final_is(&honest, NULL, ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", EPOP_ERR_SASL_CHALLENGE, 0);
    final_is(&honest, NULL, ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", EPOP_ASK, 0);
}

/* Every octet of the proof counts. */
static void wrong_proofs(void **state)
{
    char proof[64], text[2200];
    scram_peer p;
    drive d;

    (void)state;
    for (size_t at = 0; at < 42; at++) {
        begins(&d, &p, &honest, 0, &whole, 1);
        finals(&p, &honest);
        scram_proof(&p, proof);
        proof[at] = proof[at] == 'A' ? 'E' : 'A';
        snprintf(text, sizeof text, "%s,p=%s", p.final, proof);
        ends(&d, &p, &honest, text, &whole, 0);
    }
}

/* An extension between nonce and proof is signed with the rest, and passed over. */
static void extensions(void **state)
{
    char proof[64], text[2200];
    scram_peer p;
    drive d;

    (void)state;
    begins(&d, &p, &honest, 0, &whole, 1);
    finals(&p, &honest);
    strcat(p.final, ",x=ext,y=,z");
    scram_proof(&p, proof);
    snprintf(text, sizeof text, "%s,p=%s", p.final, proof);
    ends(&d, &p, &honest, text, &whole, 1);
}

/* The host has no binding of that type, or gives another. */
static void bindings_of_the_host(void **state)
{
    static const char *const given[] = {
        NULL, "", "tls-exporter", "tls-exporte:a,b=c\xFF:", "tls-exporterx:abc", "TLS-EXPORTER:a,b=c\xFF:"};
    char proof[64], text[2200];
    scram_peer p;
    drive d;

    (void)state;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        begins(&d, &p, &bound, 0, &whole, 1);
        finals(&p, &bound);
        scram_proof(&p, proof);
        snprintf(text, sizeof text, "%s,p=%s", p.final, proof);
        assert_int_equal(drive_hear_whole(&d, text, strlen(text)), EPOP_ASK);
        drive_question(&d, EPOP_AUTH_BINDING, "tim", "", "tls-exporter");
        assert_int_equal(drive_answer(&d, given[i] != NULL, given[i], given[i] ? strlen(given[i]) : 0),
                         EPOP_ERR_LOGIN_REFUSED);
        drive_close(&d);
    }
}

/* RFC 5802 section 3: the client answers the signature by an empty message, and by nothing else. */
static void after_the_signature(void **state)
{
    char proof[64], text[2200];
    scram_peer p;
    drive d;

    (void)state;
    for (uint32_t last_words = 0; last_words < 2; last_words++) {
        begins(&d, &p, &honest, 0, &whole, 1);
        finals(&p, &honest);
        scram_proof(&p, proof);
        snprintf(text, sizeof text, "%s,p=%s", p.final, proof);
        assert_int_equal(drive_hear_whole(&d, text, strlen(text)), EPOP_ASK);
        assert_int_equal(drive_answer(&d, last_words, NULL, 0),
                         last_words ? EPOP_OK : (int32_t)EPOP_ERR_LOGIN_REFUSED); /* proven, and not let in */
        if (last_words) {
            assert_int_equal(drive_say(&d), EPOP_OK);
            assert_int_equal(drive_hear_whole(&d, "x", 1), EPOP_ERR_SASL_CHALLENGE);
        }
        drive_close(&d);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* server-first for a user whom nobody knows. */
static void false_first(const epop_sasl_config *with, epop_sasl_mechanism mechanism, const char *name, char *out)
{
    char text[300];
    drive d;

    drive_open(&d, mechanism, EPOP_SASL_SERVER, with, 0);
    snprintf(text, sizeof text, "n,,n=%s,r=CLIENT", name);
    assert_int_equal(drive_hear_whole(&d, text, strlen(text)), EPOP_ASK);
    assert_int_equal(drive_answer(&d, 0, NULL, 0), EPOP_OK);
    assert_int_equal(drive_say(&d), EPOP_OK);
    snprintf(out, 300, "%.*s", (int)d.message_len, d.message);
    drive_close(&d);
}

/* They have salts: of 16 octets, always the same, another for each name and each secret. */
static void unknown_users(void **state)
{
    char one[300], other[300], proof[64], text[2200];
    epop_sasl_config with = config;
    client c = honest;
    scram_peer p;
    drive d;

    (void)state;
    false_first(&config, SHA_256, "tom", one);
    assert_int_equal(strlen(one), strlen("r=CLIENT" SCRAM_NONCE ",s=0123456789012345678901==,i=4096"));
    assert_memory_equal(one, "r=CLIENT" SCRAM_NONCE ",s=", 35);
    assert_string_equal(one + 57, "==,i=4096");
    false_first(&config, SHA_256, "tom", other);
    assert_string_equal(one, other);
    false_first(&config, SHA_256, "tim", other);
    assert_string_not_equal(one, other);
    with.salt_secret = "sixteen octets!?";
    false_first(&with, SHA_256, "tom", other);
    assert_string_not_equal(one, other);
    with.iterations = 10000;
    false_first(&with, SHA_256, "tom", other);
    assert_string_equal(other + 57, "==,i=10000");
    /* Then they fail where a wrong password fails, and whatever the host says. */
    for (uint32_t known = 0; known < 2; known++) {
        c.password = known ? "wrong" : "tanstaaf";
        begins(&d, &p, &c, 0, &whole, known);
        finals(&p, &c);
        scram_proof(&p, proof);
        snprintf(text, sizeof text, "%s,p=%s", p.final, proof);
        ends(&d, &p, &c, text, &whole, 0);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* Names of 64 octets, all escaped, and the longest binding fit the least memory; longer ones are too long. */
static void limits(void **state)
{
    static char gs2[300], bare[1200], name[65], data[EPOP_SASL_BINDING_MAX];
    client c = {epop_sasl_scram_sha_256_plus, gs2, bare, name, "", "tls-exporter", data, "tanstaaf"};
    size_t longest = 0;

    (void)state;
    memset(data, 'd', EPOP_SASL_BINDING_MAX - 13);
    memset(name, ',', 64);
    strcpy(gs2, PLUS_GS2);
    strcpy(bare, "n=");
    for (size_t i = 0; i < 64; i++) {
        strcat(bare, "=2C");
    }
    strcat(bare, ",r=0123456789abcdef01234567");
    whole_exchange(&whole, &c);
    for (size_t len = 1; len < 1000; len++) {
        char text[1100];
        drive d;

        memset(text, 'n', sizeof text);
        memcpy(text, "n,,n=", 5);
        memcpy(text + 5 + len, ",r=x", 4);
        drive_open(&d, SHA_256, EPOP_SASL_SERVER, &config, 0);
        int32_t result = drive_hear_whole(&d, text, len + 9);
        assert_true(result == EPOP_ASK || (result == EPOP_ERR_TOO_LONG && len > 255));
        assert_true(result != EPOP_ASK || longest == len - 1);
        longest = result == EPOP_ASK ? len : longest;
        drive_close(&d);
    }
    assert_in_range(longest, 255, 998);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(with_another_client),
        cmocka_unit_test(malformed_first),
        cmocka_unit_test(downgrade_is_noticed),
        cmocka_unit_test(altered_finals),
        cmocka_unit_test(wrong_proofs),
        cmocka_unit_test(extensions),
        cmocka_unit_test(bindings_of_the_host),
        cmocka_unit_test(after_the_signature),
        cmocka_unit_test(unknown_users),
        cmocka_unit_test(limits),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
