/* What the users file holds against a user's name.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "secret.h"

#include <stdio.h>
#include <string.h>

#include "tls.h"
#include "wipe.h"

static const char wrong_scram[] =
    "what stands behind {SCRAM-SHA-256} is not right; write iterations,salt,stored key,server key, the last three in "
    "base64 (popd --hash-password makes it)";
static const char wrong_bearer[] = "behind {BEARER-SHA256} 64 hexadecimal digits must stand, the SHA-256 of the token";
static const char no_hashes[] = "all but {PLAIN} needs hashes, and " TLS_MISSING;

/* Why a password can never be sent in PASS, or NULL. */
static const char *take_plain(struct secret *secret, const char *text, size_t length)
{
    if (length == 0) {
        return "the secret is empty; write one behind {PLAIN}";
    }
    if (length > SECRET_PASSWORD_MAX) {
        return "the secret is longer than 248 octets, which no PASS command can carry; choose a shorter one";
    }
    if (memchr(text, '\r', length) != NULL) {
        return "a carriage return stands in the line; save the file with plain line ends";
    }
    if (memchr(text, '\0', length) != NULL) {
        return "a NUL octet stands in the secret; remove it";
    }
    secret->kind = SECRET_PLAIN;
    secret->length = (uint8_t)length;
    memcpy(secret->octets, text, length);
    return NULL;
}

/* The next of the fields that commas part, in base64; its length, 0 where it is not right. */
static size_t take_base64(const char **text, const char *end, uint8_t *octets, size_t room)
{
    const char *comma = memchr(*text, ',', (size_t)(end - *text));
    const char *stop = comma != NULL ? comma : end;
    uint8_t decoded[EPOP_SCRAM_SALT_MAX + 3]; /* the last group is decoded only where it might be a full one */
    epop_base64 state;
    size_t used = 0;
    size_t length = 0;

    epop_base64_init(&state);
    if (epop_base64_decode(&state, *text, (size_t)(stop - *text), &used, decoded, sizeof decoded, &length) != EPOP_OK ||
        epop_base64_decode_end(&state) != EPOP_OK || length > room) {
        length = 0;
    }
    memcpy(octets, decoded, length);
    wipe(decoded, sizeof decoded);
    *text = comma != NULL ? comma + 1 : end;
    return length;
}

static const char *take_scram(struct secret *secret, const char *text, size_t length)
{
    const char *end = text + length;
    uint32_t iterations = 0;

    while (text < end && *text >= '0' && *text <= '9' && iterations < 100000000) {
        iterations = iterations * 10 + (uint32_t)(*text++ - '0');
    }
    if (text == end || *text++ != ',') {
        return wrong_scram;
    }
    if (iterations < EPOP_SCRAM_ITERATIONS_MIN || iterations > 1000000) {
        return "the number behind {SCRAM-SHA-256} must be 4096 to 1000000; make the line anew (popd --hash-password)";
    }
    secret->kind = SECRET_SCRAM;
    secret->iterations = iterations;
    secret->length = (uint8_t)take_base64(&text, end, secret->octets, EPOP_SCRAM_SALT_MAX);
    return secret->length > 0 && take_base64(&text, end, secret->stored_key, SECRET_DIGEST) == SECRET_DIGEST &&
                   take_base64(&text, end, secret->server_key, SECRET_DIGEST) == SECRET_DIGEST && text == end &&
                   end[-1] != ','
               ? NULL
               : wrong_scram;
}

static int digit(char letter)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = memchr(digits, letter >= 'A' && letter <= 'F' ? letter - 'A' + 'a' : letter, 16);

    return found != NULL ? (int)(found - digits) : -1;
}

static const char *take_bearer(struct secret *secret, const char *text, size_t length)
{
    if (length != (size_t)2 * SECRET_DIGEST) {
        return wrong_bearer;
    }
    for (size_t i = 0; i < SECRET_DIGEST; i++) {
        int high = digit(text[2 * i]);
        int low = digit(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return wrong_bearer;
        }
        secret->stored_key[i] = (uint8_t)(high * 16 + low);
    }
    secret->kind = SECRET_BEARER;
    return NULL;
}

const char *secret_parse(struct secret *secret, const char *text, size_t length, int has_hashes)
{
    static const struct {
        const char *scheme;
        const char *(*take)(struct secret *secret, const char *text, size_t length);
        int needs_hashes;
    } schemes[] = {{"{PLAIN}", take_plain, 0}, {"{SCRAM-SHA-256}", take_scram, 1}, {"{BEARER-SHA256}", take_bearer, 1}};

    memset(secret, 0, sizeof *secret);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t head = strlen(schemes[i].scheme);

        if (length >= head && memcmp(text, schemes[i].scheme, head) == 0) {
            return schemes[i].needs_hashes && !has_hashes ? no_hashes
                                                          : schemes[i].take(secret, text + head, length - head);
        }
    }
    return "the secret does not begin with {PLAIN}, {SCRAM-SHA-256} or {BEARER-SHA256}; write name:{PLAIN}secret";
}

static size_t put_base64(char *text, size_t room, const uint8_t *octets, size_t length, char end)
{
    epop_base64 state;
    size_t used = 0;
    size_t wrote = 0;
    size_t tail = 0;

    epop_base64_init(&state);
    epop_base64_encode(&state, octets, length, &used, text, room - 1, &wrote);
    epop_base64_encode_end(&state, text + wrote, room - 1 - wrote, &tail);
    text[wrote + tail] = end;
    return wrote + tail + (end != '\0');
}

void secret_format(char *text, uint32_t iterations, epop_span salt, const uint8_t *stored_key,
                   const uint8_t *server_key)
{
    size_t at = (size_t)snprintf(text, SECRET_TEXT_MAX, "{SCRAM-SHA-256}%u,", (unsigned)iterations);

    at += put_base64(text + at, SECRET_TEXT_MAX - at, salt.ptr, salt.len, ',');
    at += put_base64(text + at, SECRET_TEXT_MAX - at, stored_key, SECRET_DIGEST, ',');
    put_base64(text + at, SECRET_TEXT_MAX - at, server_key, SECRET_DIGEST, '\0');
}

int secret_is_password(const struct secret *secret, const void *password, size_t length)
{
    uint8_t padded[SECRET_PASSWORD_MAX] = {0};
    uint32_t same;

    if (length > sizeof padded) {
        return 0;
    }
    memcpy(padded, password, length);
    same = epop_secret_equal(padded, secret->octets, sizeof padded);
    wipe(padded, sizeof padded);
    return same && secret->length == length && secret->kind == SECRET_PLAIN;
}
