/* OAUTHBEARER and XOAUTH2: the examples of RFC 7628 and of Google and Microsoft, both roles, every cut, tokens that are
 * longer than the memory, and what is no message of theirs.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#include "drive.h"

static const epop_sasl_config bare = {.struct_size = sizeof bare};

static epop_sasl_config server_at(uint32_t port)
{
    epop_sasl_config config = bare;

    config.host = "server.example.com";
    config.host_len = 18;
    config.port = port;
    return config;
}

typedef struct example {
    epop_sasl_mechanism mechanism;
    uint32_t port;
    const char *user, *token;
    const char *base64;
} example;

static const example examples[] = {
    /* RFC 7628 section 4.1, IMAP and SMTP. */
    {epop_sasl_oauthbearer, 143, "user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
     "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI"
     "HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"},
    {epop_sasl_oauthbearer, 587, "user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
     "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9QmVhcmVyIHZGOWRmd"
     "DRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"},
    /* The same at POP3's port. */
    {epop_sasl_oauthbearer, 995, "user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
     "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9OTk1AWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNS"
     "bGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"},
    /* Google's. */
    {epop_sasl_xoauth2, 995, "someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
     "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cB"
     "AQ=="},
    /* Microsoft's. */
    {epop_sasl_xoauth2, 0, "test@contoso.onmicrosoft.com", "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA",
     "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0Vv"
     "QUEBAQ=="},
};

enum { EXAMPLES = sizeof examples / sizeof *examples };

static size_t decoded(const char *base64, uint8_t *out, size_t cap)
{
    epop_base64 decoder;
    size_t used, wrote;

    assert_int_equal(epop_base64_init(&decoder), EPOP_OK);
    assert_int_equal(epop_base64_decode(&decoder, base64, strlen(base64), &used, out, cap, &wrote), EPOP_OK);
    assert_int_equal(epop_base64_decode_end(&decoder), EPOP_OK);
    return wrote;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static void examples_of_the_client(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        const example *e = &examples[i];
        const epop_sasl_config config = server_at(e->port);
        const answers says = {.user = e->user, .token = e->token};
        uint8_t want[300];
        size_t len = decoded(e->base64, want, sizeof want);
        drive d;

        drive_open(&d, e->mechanism, EPOP_SASL_CLIENT, &config, 0);
        d.says = &says;
        assert_int_equal(drive_hear_whole(&d, TEXT("too early")), EPOP_ERR_SASL_CHALLENGE);
        assert_int_equal(drive_say(&d), EPOP_OK);
        drive_said(&d, want, len);
        assert_string_equal(d.asked, "13");
        assert_int_equal(drive_finish(&d), EPOP_OK);
        drive_close(&d);
    }
}

static void client_says(epop_sasl_mechanism mechanism, const epop_sasl_config *config, const char *user,
                        const char *want)
{
    const answers says = {.user = user, .token = "abc="};
    drive d;

    drive_open(&d, mechanism, EPOP_SASL_CLIENT, config, 0);
    d.says = &says;
    assert_int_equal(drive_say(&d), EPOP_OK);
    drive_said(&d, want, strlen(want));
    drive_close(&d);
}

static void parts_that_may_be_missing(void **state)
{
    epop_sasl_config config = server_at(0);

    (void)state;
    client_says(epop_sasl_oauthbearer, &bare, "u", "n,a=u,\1auth=Bearer abc=\1\1");
    client_says(epop_sasl_oauthbearer, &config, "u", "n,a=u,\1host=server.example.com\1auth=Bearer abc=\1\1");
    config = bare;
    config.port = 65535;
    client_says(epop_sasl_oauthbearer, &config, "u", "n,a=u,\1port=65535\1auth=Bearer abc=\1\1");
    client_says(epop_sasl_xoauth2, &config, "u", "user=u\1auth=Bearer abc=\1\1");
}

/* RFC 5801 section 4, in OAUTHBEARER alone. */
static void escaped_names(void **state)
{
    (void)state;
    client_says(epop_sasl_oauthbearer, &bare, "a,b=c", "n,a=a=2Cb=3Dc,\1auth=Bearer abc=\1\1");
    client_says(epop_sasl_oauthbearer, &bare, ",=", "n,a==2C=3D,\1auth=Bearer abc=\1\1");
    client_says(epop_sasl_oauthbearer, &bare, "=2C", "n,a==3D2C,\1auth=Bearer abc=\1\1");
    client_says(epop_sasl_oauthbearer, &bare, "\xE2\x82\xAC", "n,a=\xE2\x82\xAC,\1auth=Bearer abc=\1\1");
    client_says(epop_sasl_xoauth2, &bare, "a,b=c", "user=a,b=c\1auth=Bearer abc=\1\1");
}

/* Names of 64 octets fit whatever stands in them; those that do not fit are too long, not cut. */
static void long_names(void **state)
{
    const epop_sasl_config config = server_at(65535);

    (void)state;
    for (size_t len = 1; len < 400; len++) {
        char user[400];
        const answers says = {.user = user, .token = "abc="};
        drive d;

        memset(user, ',', len);
        user[len] = '\0';
        drive_open(&d, epop_sasl_oauthbearer, EPOP_SASL_CLIENT, &config, 0);
        d.says = &says;
        int32_t result = drive_say(&d);
        assert_true(result == EPOP_OK || result == EPOP_ERR_TOO_LONG);
        assert_true(len > 64 || result == EPOP_OK);
        assert_true(len < 300 || result == EPOP_ERR_TOO_LONG);
        if (result == EPOP_OK) {
            assert_memory_equal(d.message, "n,a==2C", 7);
            assert_int_equal(d.message_len, 4 + 3 * len +
                                                strlen(",\1host=server.example.com\1port=65535\1auth=Bearer "
                                                       "abc=\1\1"));
        }
        drive_close(&d);
    }
}

/* The server's error is answered (0x01; XOAUTH2: nothing), once, and whoever lets us in after it is not believed. */
static void error_is_taken(const cutting *how, void *with)
{
    const example *e = with;
    const answers says = {.user = e->user, .token = e->token};
    static const char error[] =
        "{\"status\":\"401\",\"schemes\":\"bearer mac\",\"scope\":\"https://mail.google.com/\"}\n";
    drive d;

    drive_open(&d, e->mechanism, EPOP_SASL_CLIENT, &bare, 0);
    d.says = &says;
    assert_int_equal(drive_say(&d), EPOP_OK);
    assert_int_equal(drive_finish(&d), EPOP_OK);
    assert_int_equal(drive_hear(&d, TEXT(error), how), EPOP_OK);
    assert_int_equal(drive_finish(&d), EPOP_ERR_PEER_SASL);
    assert_int_equal(drive_say(&d), EPOP_OK);
    drive_said(&d, "\1", e->mechanism == epop_sasl_oauthbearer);
    assert_string_equal(d.asked, "");
    assert_int_equal(drive_finish(&d), EPOP_ERR_PEER_SASL);
    assert_int_equal(drive_hear(&d, TEXT(error), how), EPOP_ERR_SASL_CHALLENGE);
    drive_close(&d);
}

static void error_challenges(void **state)
{
    example first = examples[0], second = examples[3];

    (void)state;
    drive_cuttings(80, error_is_taken, &first);
    drive_cuttings(80, error_is_taken, &second);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* `user` NULL: refused as malformed. */
typedef struct heard {
    epop_sasl_mechanism mechanism;
    const char *text;
    size_t len;
    const char *user, *token;
} heard;

static void server_hears(const cutting *how, void *with)
{
    const heard *h = with;
    drive d;
    int32_t result;

    drive_open(&d, h->mechanism, EPOP_SASL_SERVER, &bare, 0);
    result = drive_hear(&d, h->text, h->len, how);
    if (result != (h->user ? (int32_t)EPOP_ASK : (int32_t)EPOP_ERR_SASL_CHALLENGE)) {
        octets_fail("another result", h->text, h->len);
    }
    if (h->user) {
        drive_question(&d, EPOP_AUTH_TOKEN, h->user, "", h->token);
        assert_int_equal(drive_answer(&d, 1, NULL, 0), EPOP_END);
    }
    drive_close(&d);
}

static void examples_of_the_server(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        uint8_t text[300];
        size_t len = decoded(examples[i].base64, text, sizeof text);
        heard h = {examples[i].mechanism, (const char *)text, len, examples[i].user, examples[i].token};
        drive_cuttings(len, server_hears, &h);
    }
}

static void hear_table(const heard *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        heard h = table[i];
        drive_cuttings(h.len, server_hears, &h);
    }
}

#define TAIL "\1auth=Bearer abc\1\1"
#define BEARER epop_sasl_oauthbearer

static void what_a_bearer_may_say(void **state)
{
    static const heard table[] = {
        {BEARER, TEXT("n,a=u," TAIL), "u", "abc"},
        {BEARER, TEXT("y,a=u," TAIL), "u", "abc"},
        {BEARER, TEXT("n,a=a=2Cb=3Dc," TAIL), "a,b=c", "abc"},
        {BEARER, TEXT("n,a=a=2cb=3dc," TAIL), "a,b=c", "abc"},
        {BEARER, TEXT("n,a=\xC3\xAF\xFF," TAIL), "\xC3\xAF\xFF", "abc"},
        {BEARER, TEXT("n,a=u,\1auth=bearer abc\1\1"), "u", "abc"},
        {BEARER, TEXT("n,a=u,\1auth=BeArEr abc\1\1"), "u", "abc"},
        {BEARER, TEXT("n,a=u,\1auth=Bearer aZ09-._~+/=\1\1"), "u", "aZ09-._~+/="},
        {BEARER, TEXT("n,a=u,\1azAZ=\1auth=Bearer abc\1\1"), "u", "abc"},
        {BEARER, TEXT("n,a=u,\1auth=Bearer abc\1host=h\1port=65535\1\1"), "u", "abc"},
        {BEARER, TEXT("n,a=u,\1host=\1path=/a b\t\r\n~\1auth=Bearer abc\1longerthananyword=\1\1"), "u", "abc"},
        {BEARER, TEXT("n,a=u,\1authauth=Basic\1aut=x\1auth=Bearer abc\1ports=x\1por=y\1\1"), "u", "abc"},
    };

    (void)state;
    hear_table(table, sizeof table / sizeof *table);
}

static void headers_that_are_refused(void **state)
{
    static const heard table[] = {
        {BEARER, TEXT(""), NULL, NULL},
        {BEARER, TEXT("\1"), NULL, NULL},
        {BEARER, TEXT("\1\1"), NULL, NULL},
        {BEARER, TEXT("n,a=u,"), NULL, NULL},
        {BEARER, TEXT("n,a=u" TAIL), NULL, NULL},
        {BEARER, TEXT("n,a=," TAIL), NULL, NULL},
        {BEARER, TEXT("n,a=a,b," TAIL), NULL, NULL},
        {BEARER, TEXT("n,a=u,," TAIL), NULL, NULL},
        {BEARER, TEXT("n,a==2," TAIL), NULL, NULL},
        {BEARER, TEXT("n,a=u=," TAIL), NULL, NULL},
        {BEARER, TEXT("n,a=u=2D," TAIL), NULL, NULL},
        {BEARER, TEXT("n,u," TAIL), NULL, NULL},
        {BEARER, TEXT("n a=u," TAIL), NULL, NULL},
        {BEARER, TEXT("x,a=u," TAIL), NULL, NULL},
        {BEARER, TEXT("n,b=u," TAIL), NULL, NULL},
        {BEARER, TEXT("n,a:u," TAIL), NULL, NULL},
        {BEARER, TEXT("p=tls-exporter,a=u," TAIL), NULL, NULL},
        {BEARER, TEXT("p,a=u," TAIL), NULL, NULL},
        {BEARER, TEXT("n,user=someuser@example.com," TAIL), NULL, NULL}, /* RFC 7628 section 4.4; no GS2 header */
        {BEARER, TEXT("n,a=u\0," TAIL), NULL, NULL},
        {BEARER, TEXT("n,a=u\r," TAIL), NULL, NULL},
        {BEARER, TEXT("n,a=u\n," TAIL), NULL, NULL},
        {BEARER, TEXT("user=u" TAIL), NULL, NULL},
        {epop_sasl_xoauth2, TEXT(""), NULL, NULL},
        {epop_sasl_xoauth2, TEXT("user=" TAIL), NULL, NULL},
        {epop_sasl_xoauth2, TEXT("u" TAIL), NULL, NULL},
        {epop_sasl_xoauth2, TEXT("user=u\0" TAIL), NULL, NULL},
        {epop_sasl_xoauth2, TEXT("user=u\n" TAIL), NULL, NULL},
        {epop_sasl_xoauth2, TEXT("n,a=u," TAIL), NULL, NULL},
    };

    (void)state;
    hear_table(table, sizeof table / sizeof *table);
}

/* The server does not listen to the rest of it. */
static void refused_at_once(void **state)
{
    static const char *const begins[] = {"n,a=,\1", "p=x,,\1", "n,a=u,\1auth=Basic a", "n,a=u,\1auth=Bearer a b"};

    (void)state;
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        drive d;
        drive_open(&d, BEARER, EPOP_SASL_SERVER, &bare, 0);
        assert_int_equal(drive_hear_whole(&d, begins[i], strlen(begins[i])), EPOP_ERR_SASL_CHALLENGE);
        assert_int_equal(d.step.last, 0);
        drive_close(&d);
    }
}

#define HEAD "n,a=u,\1"

static void fields_that_are_refused(void **state)
{
    static const heard table[] = {
        {BEARER, TEXT(HEAD), NULL, NULL},
        {BEARER, TEXT(HEAD "\1"), NULL, NULL},
        {BEARER, TEXT(HEAD "host=h\1\1"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=\1\1"), NULL, NULL}, /* RFC 7628 section 4.3 */
        {BEARER, TEXT(HEAD "auth=Bearer\1\1"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Bearer \1\1"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Bearer  abc\1\1"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Bearerabc\1\1"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Bearer\tabc\1\1"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Basic abc\1\1"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Bearer abc"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Bearer abc\1"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Bearer abc\1\1\1"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Bearer abc\1\1x"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Bearer abc\1\1\r\n"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Bearer abc\1auth=Bearer def\1\1"), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Bearer abc\1AUTH=\1\1"), NULL, NULL},
        {BEARER, TEXT(HEAD "=x" TAIL), NULL, NULL},
        {BEARER, TEXT(HEAD "host" TAIL), NULL, NULL},
        {BEARER, TEXT(HEAD "a1=x" TAIL), NULL, NULL},
        {BEARER, TEXT(HEAD "host=\0" TAIL), NULL, NULL},
        {BEARER, TEXT(HEAD "host=\x80" TAIL), NULL, NULL},
        {BEARER, TEXT(HEAD "host=\x7F" TAIL), NULL, NULL},
        {BEARER, TEXT(HEAD "port=" TAIL), NULL, NULL},
        {BEARER, TEXT(HEAD "port=0" TAIL), NULL, NULL},
        {BEARER, TEXT(HEAD "port=0995" TAIL), NULL, NULL},
        {BEARER, TEXT(HEAD "port=9a5" TAIL), NULL, NULL},
        {BEARER, TEXT(HEAD "PORT=-1" TAIL), NULL, NULL},
        {BEARER, TEXT(HEAD "port=123456" TAIL), NULL, NULL},
        {BEARER, TEXT(HEAD "auth=Bearer abc\1port=x\1\1"), NULL, NULL},
    };

    (void)state;
    hear_table(table, sizeof table / sizeof *table);
}

/* RFC 6750 section 2.1. */
static void octets_of_tokens(void **state)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";

    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        char text[] = HEAD "auth=Bearer a.b\1\1";
        char token[] = "a.b";
        heard h = {BEARER, text, sizeof text - 1, "u", token};

        if (octet == 1) {
            continue; /* ends the field */
        }
        *strchr(text, '.') = (char)octet;
        token[1] = (char)octet;
        h.user = octet && strchr(good, (int)octet) ? h.user : NULL;
        server_hears(&(cutting){SIZE_MAX, SIZE_MAX, 1}, &h);
    }
}

/* ------------------------------------------------------------------------------------------------------------------ */

enum { TOKEN = 16384, SHORT_STATE = 200 };

static char long_token[TOKEN + 1];

static void make_token(void)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    uint32_t seed = 7;

    for (size_t i = 0; i < TOKEN; i++) {
        long_token[i] = letters[octets_random(&seed) % (sizeof letters - 1)];
    }
}

static void hear_long(drive *d, epop_sasl_mechanism mechanism, size_t token_len, const cutting *how)
{
    static char text[TOKEN + 100];
    size_t head = strlen(mechanism == BEARER ? "n,a=u,\1auth=Bearer " : "user=u\1auth=Bearer ");

    memcpy(text, mechanism == BEARER ? "n,a=u,\1auth=Bearer " : "user=u\1auth=Bearer ", head);
    memcpy(text + head, long_token, token_len);
    memcpy(text + head + token_len, "\1\1", 2);
    drive_open(d, mechanism, EPOP_SASL_SERVER, &bare, SHORT_STATE);
    assert_int_equal(drive_hear(d, text, head + token_len + 2, how), EPOP_ASK);
    assert_int_equal(d->step.more, 0);
    octets_span(d->step.user, "u");
    octets_same(d->shown, d->shown_len, long_token, token_len, "", 0);
}

/* 16 KiB through 200 octets; the pieces are the same however the message was cut. */
static void tokens_longer_than_the_memory(void **state)
{
    static const size_t chunks[] = {1, 2, 3, 48, 100, 182, 183, 184, 1000, 4096, 20000};
    drive first, d;

    (void)state;
    make_token();
    hear_long(&first, BEARER, TOKEN, &(cutting){SIZE_MAX, SIZE_MAX, 1});
    assert_true(first.piece_count > TOKEN / SHORT_STATE);
    for (size_t i = 0; i < 2 * sizeof chunks / sizeof *chunks; i++) {
        hear_long(&d, i % 2 ? BEARER : epop_sasl_xoauth2, TOKEN, &(cutting){chunks[i / 2], chunks[i / 2], i % 3 > 0});
        assert_int_equal(d.piece_count, first.piece_count);
        assert_memory_equal(d.piece_lens, first.piece_lens, sizeof d.piece_lens);
        assert_int_equal(drive_answer(&d, 1, NULL, 0), EPOP_END);
        drive_close(&d);
    }
    drive_close(&first);
}

/* Around the ends of the pieces. */
static void tokens_of_every_length(void **state)
{
    (void)state;
    make_token();
    for (size_t len = 1; len < 600; len++) {
        drive whole, cut;
        hear_long(&whole, BEARER, len, &(cutting){SIZE_MAX, SIZE_MAX, 0});
        hear_long(&cut, BEARER, len, &(cutting){len % 7 + 1, len % 7 + 1, 1});
        assert_int_equal(whole.piece_count, cut.piece_count);
        assert_memory_equal(whole.piece_lens, cut.piece_lens, sizeof whole.piece_lens);
        drive_close(&whole);
        drive_close(&cut);
    }
}

/* Half of the state, and never more than 255. */
static void limits_of_names(void **state)
{
    static const size_t rooms[] = {SHORT_STATE, 301, 928, 2000};
    static char text[1000];

    (void)state;
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        size_t limit = rooms[i] / 2 < 255 ? rooms[i] / 2 : 255;
        for (size_t len = 1; len < 900; len++) {
            drive d;
            memset(text, 'u', sizeof text);
            memcpy(text, "user=", 5);
            memcpy(text + 5 + len, TAIL, sizeof TAIL - 1);
            drive_open(&d, epop_sasl_xoauth2, EPOP_SASL_SERVER, &bare, rooms[i]);
            assert_int_equal(drive_hear_whole(&d, text, 5 + len + sizeof TAIL - 1),
                             len <= limit ? EPOP_ASK : EPOP_ERR_TOO_LONG);
            drive_close(&d);
        }
    }
}

/* Fields of any length are passed over. */
static void long_fields(void **state)
{
    static char text[9000];
    heard h = {BEARER, text, sizeof text, "u", "abc"};
    drive d;

    (void)state;
    for (uint32_t behind = 0; behind < 2; behind++) {
        size_t head = behind ? sizeof HEAD "auth=Bearer abc\1host=" - 1 : sizeof HEAD "host=" - 1;
        size_t tail = behind ? 2 : sizeof TAIL - 1;

        memset(text, 'h', sizeof text);
        memcpy(text, behind ? HEAD "auth=Bearer abc\1host=" : HEAD "host=", head);
        memcpy(text + sizeof text - tail, behind ? "\1\1" : TAIL, tail);
        server_hears(&(cutting){50, 50, 1}, &h);
    }
    /* So is a key, but it has to have an end. */
    memset(text, 'k', sizeof text);
    memcpy(text, HEAD, sizeof HEAD - 1);
    drive_open(&d, BEARER, EPOP_SASL_SERVER, &bare, 0);
    assert_int_equal(drive_hear_whole(&d, text, sizeof text), EPOP_ERR_SASL_CHALLENGE);
    drive_close(&d);
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* RFC 7628 section 3.2.2 and 3.2.3. Whatever the client says to the error, it is not in. */
static void refused(epop_sasl_mechanism mechanism, const char *error, const char *reply, size_t len)
{
    drive d;

    make_token();
    hear_long(&d, mechanism, 500, &(cutting){SIZE_MAX, SIZE_MAX, 1});
    assert_int_equal(drive_answer(&d, 0, NULL, 0), EPOP_OK);
    assert_int_equal(drive_say(&d), EPOP_OK);
    drive_said(&d, error, strlen(error));
    assert_int_equal(drive_hear(&d, reply, len, &(cutting){1, 1, 1}), EPOP_ERR_LOGIN_REFUSED);
    drive_close(&d);
}

static void refusals(void **state)
{
    static const char message[] = HEAD "auth=Bearer abc\1\1";

    (void)state;
    refused(BEARER, "{\"status\":\"invalid_token\"}", TEXT("\1"));
    refused(BEARER, "{\"status\":\"invalid_token\"}", TEXT(""));
    refused(BEARER, "{\"status\":\"invalid_token\"}", TEXT(message));
    refused(epop_sasl_xoauth2, "{\"status\":\"401\",\"schemes\":\"bearer\"}", TEXT(""));
    refused(epop_sasl_xoauth2, "{\"status\":\"401\",\"schemes\":\"bearer\"}", TEXT("\1"));
}

static void meet(epop_sasl_mechanism mechanism, const char *user, const char *token, uint32_t accepted)
{
    const epop_sasl_config config = server_at(995);
    const answers says = {.user = user, .token = token};
    drive client, server;

    drive_open(&client, mechanism, EPOP_SASL_CLIENT, &config, 0);
    drive_open(&server, mechanism, EPOP_SASL_SERVER, &config, 0);
    client.says = &says;
    assert_int_equal(drive_say(&client), EPOP_OK);
    assert_int_equal(drive_hear_whole(&server, client.message, client.message_len), EPOP_ASK);
    octets_span(server.step.user, user);
    octets_same(server.shown, server.shown_len, token, strlen(token), "", 0);
    assert_int_equal(drive_answer(&server, accepted, NULL, 0), accepted ? EPOP_END : EPOP_OK);
    assert_int_equal(drive_finish(&client), EPOP_OK);
    if (!accepted) {
        assert_int_equal(drive_say(&server), EPOP_OK);
        assert_int_equal(drive_hear_whole(&client, server.message, server.message_len), EPOP_OK);
        assert_int_equal(drive_say(&client), EPOP_OK);
        assert_int_equal(drive_hear_whole(&server, client.message, client.message_len), EPOP_ERR_LOGIN_REFUSED);
    }
    drive_close(&client);
    drive_close(&server);
}

static void client_against_server(void **state)
{
    (void)state;
    make_token();
    for (uint32_t accepted = 0; accepted < 2; accepted++) {
        meet(BEARER, "user@example.com", long_token, accepted);
        meet(BEARER, "a,=2C,b==", "x", accepted);
        meet(epop_sasl_xoauth2, "user@example.com", long_token, accepted);
        meet(epop_sasl_xoauth2, "a,=2C,b==", "x", accepted);
    }
}

static void described(void **state)
{
    drive d;

    (void)state;
    drive_open(&d, BEARER, EPOP_SASL_CLIENT, &bare, 0);
    assert_string_equal(d.step.name, "OAUTHBEARER");
    assert_int_equal(d.step.properties, EPOP_SASL_CLIENT_FIRST | EPOP_SASL_TELLS);
    assert_int_equal(d.step.hashes, 0);
    drive_close(&d);
    drive_open(&d, epop_sasl_xoauth2, EPOP_SASL_SERVER, &bare, 0);
    assert_string_equal(d.step.name, "XOAUTH2");
    assert_int_equal(d.step.properties, EPOP_SASL_CLIENT_FIRST | EPOP_SASL_TELLS);
    assert_int_equal(d.step.hashes, 0);
    drive_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(described),
        cmocka_unit_test(examples_of_the_client),
        cmocka_unit_test(parts_that_may_be_missing),
        cmocka_unit_test(escaped_names),
        cmocka_unit_test(long_names),
        cmocka_unit_test(error_challenges),
        cmocka_unit_test(examples_of_the_server),
        cmocka_unit_test(what_a_bearer_may_say),
        cmocka_unit_test(headers_that_are_refused),
        cmocka_unit_test(refused_at_once),
        cmocka_unit_test(fields_that_are_refused),
        cmocka_unit_test(octets_of_tokens),
        cmocka_unit_test(tokens_longer_than_the_memory),
        cmocka_unit_test(tokens_of_every_length),
        cmocka_unit_test(limits_of_names),
        cmocka_unit_test(long_fields),
        cmocka_unit_test(refusals),
        cmocka_unit_test(client_against_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
