/* What the users file holds against a user's name: a password, what SCRAM keeps of one, or the digest of a token.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPD_SECRET_H
#define POPD_SECRET_H

#include <epop/epop.h>

enum {
    SECRET_PASSWORD_MAX = 248, /* RFC 2449 section 4: what "PASS ", the password and CRLF leave of 255 octets */
    SECRET_DIGEST = 32,        /* octets of SHA-256 */
    SECRET_SALT = 16           /* octets of the salts that popd makes, and Dovecot does */
};

enum secret_kind { SECRET_NONE, SECRET_PLAIN, SECRET_SCRAM, SECRET_BEARER };

/* Passwords lie in slots of one size, padded with zeros, so that comparing them always takes the same steps. */
struct secret {
    enum secret_kind kind;
    uint32_t iterations;
    uint8_t length;                    /* of the password, or of the salt */
    uint8_t stored_key[SECRET_DIGEST]; /* or the digest of a token */
    uint8_t server_key[SECRET_DIGEST];
    uint8_t octets[SECRET_PASSWORD_MAX]; /* the password, or the salt */
};

/* Reads "{SCHEME}...". NULL, or what is wrong. Secrets of hashes can be read and used only where popd has hashes. */
const char *secret_parse(struct secret *secret, const char *text, size_t length, int has_hashes);

/* The form in which secret_parse reads a SCRAM key, and Dovecot does; `text` has room for SECRET_TEXT_MAX. */
enum { SECRET_TEXT_MAX = 256 };
void secret_format(char *text, uint32_t iterations, epop_span salt, const uint8_t *stored_key,
                   const uint8_t *server_key);

/* 1 where it is this password in the clear. Takes the same time for any password and any secret. */
int secret_is_password(const struct secret *secret, const void *password, size_t length);

#endif
