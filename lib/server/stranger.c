/* Peers that take the port for that of another protocol.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * A web page can make a browser send "POST / HTTP/1.1" to any port, and the body of the request would be commands. Such
 * a session must end at its first line; one that is merely misled is told at once.
 */
#include "server/session.h"

#include "wire/command.h"
#include "wire/octets.h"

/* The words of the list, each with its NUL, and one more at the end. */
static uint32_t is_one_of(epop_span word, const char *list)
{
    while (*list != '\0') {
        if (epopi_is_word(word.ptr, word.len, list)) {
            return 1;
        }
        while (*list++ != '\0') {
        }
    }
    return 0;
}

/* Only the two versions that have lines (RFC 1945, RFC 9112). */
static uint32_t ends_in_http(epop_span line)
{
    static const char end[] = " HTTP/1.";
    size_t start = line.len - sizeof end;
    size_t i;

    if (line.len < sizeof end) {
        return 0;
    }
    for (i = 0; i < sizeof end - 1; i++) {
        if (line.ptr[start + i] != (uint8_t)end[i]) {
            return 0;
        }
    }
    return line.ptr[line.len - 1] == '0' || line.ptr[line.len - 1] == '1';
}

/* A tag, which has a digit in practice, and what IMAP allows before login (RFC 9051 sections 6.1 and 6.2, RFC 2971). */
static uint32_t is_imap(const epop_command *command)
{
    epop_span word = command->argument;

    word.len = epopi_find(word.ptr, 0, word.len, ' ');
    return epopi_command_keyword(command->keyword) == 0 &&
           is_one_of(word, "CAPABILITY\0NOOP\0LOGOUT\0STARTTLS\0AUTHENTICATE\0LOGIN\0ID\0");
}

uint32_t epopi_server_is_stranger(const epop_server *s, const epop_command *command)
{
    if (ends_in_http(s->p_text)) {
        return 1;
    }
    if (command->id != EPOP_CMD_UNKNOWN) {
        return 0;
    }
    /* The end of a long line, which could be that of HTTP, is not at hand. */
    return s->p_text_length > s->p_text.len || is_one_of(command->keyword, "EHLO\0HELO\0LHLO\0") || is_imap(command);
}

uint32_t epopi_server_is_tls_record(const epop_server *s, const uint8_t *data, size_t *len)
{
    if (s->p_flags & EPOP_SERVER_TLS) {
        return 0;
    }
    if (s->p_offset == 0 && data[0] == 0x16) {
        *len = 1; /* the second octet comes alone, however the input is cut */
    }
    return s->p_offset == 1 && s->p_line.p_length == 1 && s->p_line.p_buffer[0] == 0x16 && data[0] == 0x03;
}
