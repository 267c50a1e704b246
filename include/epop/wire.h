/* POP3 on the wire: bytes to values and back, without a session. For proxies, sniffers and test tools; the sessions are
 * built on it.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Three families:
 * - `*_parse(out, text, len)`: a whole line, without its line end, to a value. Spans in `out` point into `text`.
 * - `*_write(dst, cap, len, ...)`: a value to a line with CRLF. All or nothing: `*len` is always the size needed; if it
 * is more than `cap`, the result is EPOP_ERR_SPACE and nothing is written. `dst` may be NULL if `cap` is 0. Arguments
 * that contain CR, LF or NUL are rejected (EPOP_ERR_OCTET).
 * - Stream decoders and encoders: small structs of plain data. They take input in pieces of any size, and the result
 * does not depend on how it is cut. They may be copied and need no clean-up.
 *
 * Every function returns EPOP_ERR_NULL if a required pointer is NULL; a pointer to data may be NULL if its length is 0.
 */
#ifndef EPOP_WIRE_H
#define EPOP_WIRE_H

#include <epop/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------------
 * Limits. All limits of the library:
 *
 *   255         a command with its CRLF          EPOP_COMMAND_MAX         RFC 2449 section 4
 *   512         a status line with its CRLF      EPOP_STATUS_MAX          RFC 2449 section 4
 *   70          a unique-id                      EPOP_UNIQUE_ID_MAX       RFC 1939 section 7
 *   65,536      any line, a SASL message         EPOP_LINE_LENGTH_MAX     see there
 *   10,000,000  rows of a listing                max_rows of the client   the host's choice
 *   none        octets of a message              max_body of the client   the host's choice
 *   65,535      queued commands                  slots of the client      the host's memory
 *   2^32 - 1    messages of a maildrop           deletion map             message-numbers have 32 bits
 *   10, 3, 3    bad commands, unknown ones       max_bad_commands, ...    the host's choice
 *               before login, failed logins
 */

enum {
    EPOP_COMMAND_MAX = 255, /* RFC 2449 section 4: a command, with its CRLF */
    EPOP_STATUS_MAX = 512,  /* RFC 2449 section 4: the first line of a response, with its CRLF */
    EPOP_UNIQUE_ID_MAX = 70 /* RFC 1939 section 7: a unique-id */
};

/* Limit chosen by this library: the longest known line, an AUTH with a Kerberos ticket, is far shorter. A longer one is
 * an attack. */
#define EPOP_LINE_LENGTH_MAX 65536u

/* ---------------------------------------------------------------------------------------------------------------------
 * Lines
 */

/* Splits a stream into lines. The caller's buffer holds the beginning of a line that comes in pieces. */
typedef struct epop_line {
    uint8_t *p_buffer;
    size_t p_size;
    size_t p_stored;
    uint32_t p_length;
    uint8_t p_eol;
    uint8_t p_after_cr;
} epop_line;

/* A line, without its line end. If it did not fit the buffer, `text` holds its first bytes. */
typedef struct epop_line_text {
    uint32_t struct_size;
    uint32_t length; /* of the whole line, without its line end; greater than text.len if it was truncated */
    epop_span text;  /* points into the fed data or into the buffer; valid until either changes */
} epop_line_text;

/* `eol` is EPOP_EOL_CRLF, _LF or _FIRST. `buffer` must outlive the decoder; `size` is 1 or more. EPOP_ERR_VALUE for
 * another `eol` or a size of 0. */
EPOP_API int32_t epop_line_init(epop_line *line, void *buffer, size_t size, uint32_t eol);

/* Takes data up to the end of a line. `*used` is always set.
 *
 * EPOP_LINE               `out` is filled; feed the rest next
 * EPOP_OK                 all was used, the line is not complete
 * EPOP_ERR_PEER_LINE_END  a bare LF in a session with CRLF, or a CRLF in a session with LF: if both were accepted, text
 *                         with one of them could forge lines
 * EPOP_ERR_LIMIT_LINE     more than EPOP_LINE_LENGTH_MAX octets
 *
 * After an error the decoder must not be used again. */
EPOP_API int32_t epop_line_feed(epop_line *line, const void *data, size_t len, size_t *used, epop_line_text *out);

/* The line ending in use: EPOP_EOL_CRLF, EPOP_EOL_LF, or EPOP_EOL_FIRST before the first line. */
EPOP_API uint32_t epop_line_eol(const epop_line *line);

/* ---------------------------------------------------------------------------------------------------------------------
 * Commands
 */

/* The commands that the library knows; lib/wire/commands.def is the full table. */
enum {
    EPOP_CMD_UNKNOWN = 0,
    EPOP_CMD_USER = 1,
    EPOP_CMD_PASS = 2,
    EPOP_CMD_APOP = 3,
    EPOP_CMD_AUTH = 4,
    EPOP_CMD_STLS = 5,
    EPOP_CMD_CAPA = 6,
    EPOP_CMD_UTF8 = 7,
    EPOP_CMD_LANG = 8,
    EPOP_CMD_STAT = 9,
    EPOP_CMD_LIST = 10,
    EPOP_CMD_UIDL = 11,
    EPOP_CMD_RETR = 12,
    EPOP_CMD_TOP = 13,
    EPOP_CMD_DELE = 14,
    EPOP_CMD_NOOP = 15,
    EPOP_CMD_RSET = 16,
    EPOP_CMD_LAST = 17,
    EPOP_CMD_XTND = 18,
    EPOP_CMD_QUIT = 19,
    EPOP_CMD_LOGIN = 64 /* not on the wire: epop_client_login, whatever commands it takes */
};

/* A command line. Members that the command does not use are empty or 0. */
typedef struct epop_command {
    uint32_t struct_size;
    uint32_t id;        /* EPOP_CMD_, or EPOP_CMD_UNKNOWN */
    uint32_t number;    /* LIST UIDL RETR TOP DELE: message-number from 1; 0 if LIST or UIDL have none */
    uint32_t lines;     /* TOP: number of body lines */
    epop_span keyword;  /* as received, in any letter case */
    epop_span argument; /* USER: name. PASS: password with its spaces. APOP: name. AUTH: mechanism. LANG: language
                           range. XTND and unknown commands: everything after the keyword and one space. */
    epop_span second;   /* APOP: digest. AUTH: initial response in base64, "=" for an empty one */
} epop_command;

/* `text` is a line without its line end. Keywords may have any letter case (RFC 1939 section 3). Arguments are
 * separated by one space. Spaces at the end of the line are ignored, except if the argument is the rest of the line
 * (USER, PASS, XTND and unknown commands). An unknown keyword is not an error: `id` is EPOP_CMD_UNKNOWN. The length is
 * not checked here.
 *
 * EPOP_ERR_OCTET             CR, LF or NUL, anywhere
 * EPOP_ERR_SYNTAX            no keyword
 * EPOP_ERR_ARGUMENT_MISSING  also for two spaces in a row
 * EPOP_ERR_ARGUMENT_EXTRA    too many arguments
 * EPOP_ERR_NUMBER            not 1 to 10 digits, above 2^32 - 1, or message-number 0
 *
 * After an error `id` and `keyword` are set as far as the keyword could be read, and the rest is empty. */
EPOP_API int32_t epop_command_parse(epop_command *out, const void *text, size_t len);

/* Writes a command. `keyword` is used for EPOP_CMD_UNKNOWN only.
 *
 * EPOP_ERR_SPACE             `cap` is too small
 * EPOP_ERR_VALUE             `id` is not a command on the wire
 * EPOP_ERR_SYNTAX            a `keyword` of less than 3 octets, or not of visible ASCII
 * EPOP_ERR_OCTET             CR, LF or NUL in an argument, or a space in one that is a word
 * EPOP_ERR_TOO_LONG          longer than EPOP_COMMAND_MAX
 * EPOP_ERR_ARGUMENT_MISSING, EPOP_ERR_ARGUMENT_EXTRA
 * EPOP_ERR_NUMBER            message-number 0 */
EPOP_API int32_t epop_command_write(void *dst, size_t cap, size_t *len, const epop_command *command);

/* The keyword in capital letters; "" for an unknown id, "LOGIN" for EPOP_CMD_LOGIN. Static. */
EPOP_API const char *epop_command_name(uint32_t id);

/* Shapes of a response. */
enum {
    EPOP_SHAPE_SINGLE = 0, /* a status line */
    EPOP_SHAPE_ROWS = 1,   /* multi-line if positive, each line is a row: LIST, UIDL, CAPA */
    EPOP_SHAPE_BODY = 2,   /* multi-line if positive, a message: RETR, TOP */
    EPOP_SHAPE_SASL = 3    /* AUTH: challenges, then a status line */
};

/* The shape of the response to a command; `has_argument` matters to LIST, UIDL, AUTH and LANG. SINGLE for unknown. */
EPOP_API uint32_t epop_command_shape(uint32_t id, uint32_t has_argument);

/* ---------------------------------------------------------------------------------------------------------------------
 * Status lines and response codes
 */

enum {
    EPOP_STATUS_OK = 1,      /* +OK */
    EPOP_STATUS_ERR = 2,     /* -ERR */
    EPOP_STATUS_CONTINUE = 3 /* "+" alone: a SASL challenge (RFC 5034 section 4) */
};

/* Response codes (RFC 2449 section 8, RFC 3206, RFC 6856 section 5). */
enum {
    EPOP_CODE_NONE = 0,
    EPOP_CODE_OTHER = 1, /* a code that the library does not know; code_name says which */
    EPOP_CODE_LOGIN_DELAY = 2,
    EPOP_CODE_IN_USE = 3,
    EPOP_CODE_SYS = 4, /* SYS with a second level that is neither TEMP nor PERM */
    EPOP_CODE_SYS_TEMP = 5,
    EPOP_CODE_SYS_PERM = 6,
    EPOP_CODE_AUTH = 7,
    EPOP_CODE_UTF8 = 8
};

/* When the same request may succeed. */
enum {
    EPOP_RETRY_UNKNOWN = 0, /* no code, or an unknown one */
    EPOP_RETRY_NOW = 1,     /* at once, after the change that the code asks for (UTF8) */
    EPOP_RETRY_LATER = 2,   /* unchanged, after some time */
    EPOP_RETRY_NEVER = 3    /* only after a human has changed something: AUTH (credentials), SYS/PERM */
};

typedef struct epop_reply {
    uint32_t struct_size;
    uint32_t status;     /* EPOP_STATUS_ */
    uint32_t code;       /* EPOP_CODE_ */
    uint32_t retry;      /* EPOP_RETRY_ of that code */
    epop_span code_name; /* the text in the brackets, "SYS/TEMP" */
    epop_span text;      /* everything after the status indicator and one space, including brackets */
    epop_span detail;    /* the text after the response code; the same as `text` if there is none */
} epop_reply;

/* Parses a status line. The status indicator must be in capitals (RFC 1939 section 3); any text may follow. A bracket
 * at the beginning of the text is a response code if it has the syntax of RFC 2449 section 3; an unknown one is
 * EPOP_CODE_OTHER, and `text` keeps it so that callers who treat it as plain text lose nothing. "+OK" and "+OKAY" are
 * EPOP_STATUS_OK. "+" and "+ " are EPOP_STATUS_CONTINUE, and so is "+" with base64 right after it ("+VXNlcm5hbWU6")
 * that does not begin with "+OK". EPOP_ERR_SYNTAX for everything else. */
EPOP_API int32_t epop_reply_parse(epop_reply *out, const void *text, size_t len);

/* Writes a status line: the indicator, always a space (RFC 1957: some clients need it), the response code in brackets
 * (`code_name` if `code` is EPOP_CODE_OTHER), and `detail`. Other members are ignored. A `detail` that begins with a
 * bracket can be taken for a code: avoid it.
 *
 * EPOP_ERR_SPACE     `cap` is too small
 * EPOP_ERR_TOO_LONG  longer than EPOP_STATUS_MAX
 * EPOP_ERR_VALUE     a wrong status or code, or a code with EPOP_STATUS_CONTINUE
 * EPOP_ERR_OCTET     CR, LF or NUL, or a `code_name` with wrong syntax */
EPOP_API int32_t epop_reply_write(void *dst, size_t cap, size_t *len, const epop_reply *reply);

/* "SYS/TEMP" and so on; "" for NONE and OTHER. Static. */
EPOP_API const char *epop_code_name(uint32_t code);

/* EPOP_RETRY_ of a code. */
EPOP_API uint32_t epop_code_retry(uint32_t code);

/* Finds the APOP stamp in the text of a greeting (RFC 1939 section 7): of the candidates in angle brackets, from left
 * to right, the first that is a msg-id of RFC 5322: one `@` with something on both sides, no space, nothing but visible
 * ASCII, no angle bracket inside. `stamp` includes the brackets and points into `text`; it is empty if there is none
 * (the result is EPOP_OK, too). */
EPOP_API int32_t epop_greeting_stamp(epop_span *stamp, const void *text, size_t len);

/* 1 if the text of a greeting contains "POP4 rev", as the POP4 proposal of 2003 demands; 0 otherwise. Servers that
 * speak plain POP3 are known to print it, too. */
EPOP_API uint32_t epop_greeting_is_pop4(const void *text, size_t len);

/* ---------------------------------------------------------------------------------------------------------------------
 * Rows: STAT, LIST, UIDL, CAPA
 */

/* Deviations that the parsers below tolerate and report; the client session raises an event for each. */
enum {
    EPOP_QUIRK_LF_SESSION = 0x0001,       /* the greeting ended in a bare LF, and so does every line after it */
    EPOP_QUIRK_STATUS_SPACE = 0x0002,     /* no space between the status indicator and the text */
    EPOP_QUIRK_LONG_LINE = 0x0004,        /* a line did not fit the line buffer and was cut */
    EPOP_QUIRK_ROW_SYNTAX = 0x0008,       /* a malformed row; it is passed on unchanged */
    EPOP_QUIRK_ROW_STATUS = 0x0010,       /* "+OK" in front of a row (old servers, in UIDL) */
    EPOP_QUIRK_ROW_BLANKS = 0x0020,       /* several blanks, a tab, or blanks at the beginning or end */
    EPOP_QUIRK_UNIQUE_ID_EMPTY = 0x0040,  /* an empty unique-id */
    EPOP_QUIRK_UNIQUE_ID_LONG = 0x0080,   /* a unique-id longer than 70 octets */
    EPOP_QUIRK_UNIQUE_ID_OCTETS = 0x0100, /* octets outside 0x21 to 0x7E in a unique-id */
    EPOP_QUIRK_NEGATIVE_SIZE = 0x0200,    /* a negative octet count, from 32-bit overflow; 0 is reported */
    EPOP_QUIRK_CHALLENGE_TEXT = 0x0400, /* text after the "+" of an empty SASL challenge ("+ go ahead"), or one that is
                                           not base64 and not needed ("+ Username:", with LOGIN) */
    EPOP_QUIRK_STAT_OCTETS = 0x0800,    /* STAT tells the number of messages without octets; 0 is reported */
    EPOP_QUIRK_STAT_COUNT = 0x1000      /* STAT was refused, has no count, or says 0 though LIST has rows: the sync
                                           uses LIST (reported by lib/sync only) */
};

/* The identifier of one quirk bit, "EPOP_QUIRK_ROW_BLANKS"; "?" for anything else. Static. */
EPOP_API const char *epop_quirk_name(uint32_t quirk);

/* One line of a listing, or the numbers of a status line. */
typedef struct epop_listing {
    uint32_t struct_size;
    uint32_t quirks;     /* EPOP_QUIRK_ bits */
    uint32_t number;     /* message-number; for STAT the number of messages */
    uint32_t reserved;   /* 0 */
    uint64_t octets;     /* LIST: size of the message; STAT: of the maildrop. A hint: many servers are wrong */
    epop_span unique_id; /* UIDL */
} epop_listing;

/* Parses the text of a positive reply to STAT, "2 320". Text after another blank is ignored. If the number of octets is
 * missing or does not fit 64 bits, `octets` is 0, with EPOP_QUIRK_STAT_OCTETS. EPOP_ERR_NUMBER if the number of
 * messages does not fit 32 bits, EPOP_ERR_SYNTAX if there is none. */
EPOP_API int32_t epop_stat_parse(epop_listing *out, const void *text, size_t len);
/* Parses a row of LIST, or the text of a positive reply to LIST with an argument: "2 120". Text after another blank is
 * ignored. EPOP_ERR_NUMBER if a number does not fit (message-number 32 bits, octets 64) or the message-number is 0;
 * EPOP_ERR_SYNTAX otherwise. */
EPOP_API int32_t epop_list_parse(epop_listing *out, const void *text, size_t len);
/* Parses a row of UIDL, or the text of a positive reply to UIDL with an argument: "2 QhdPYR:00WBw1Ph7x7". Tolerant: the
 * unique-id is everything after the first blanks, up to the last octet that is not a blank. EPOP_ERR_SYNTAX for CR or
 * NUL in it; otherwise the errors of epop_list_parse. */
EPOP_API int32_t epop_uidl_parse(epop_listing *out, const void *text, size_t len);

/* Writes a row of LIST, "2 120". EPOP_ERR_NUMBER if `number` is 0. */
EPOP_API int32_t epop_list_write(void *dst, size_t cap, size_t *len, uint32_t number, uint64_t octets);
/* Writes a row of UIDL. The unique-id has 1 to 70 octets of 0x21 to 0x7E (EPOP_ERR_ARGUMENT_MISSING, EPOP_ERR_TOO_LONG,
 * EPOP_ERR_OCTET). EPOP_ERR_NUMBER if `number` is 0. */
EPOP_API int32_t epop_uidl_write(void *dst, size_t cap, size_t *len, uint32_t number, const void *id, size_t id_len);

/* Capabilities (RFC 2449 section 6, 2595 section 4, 3206 section 4, 6856); a set is an OR of these. */
enum {
    EPOP_CAPA_TOP = 0x0001,
    EPOP_CAPA_USER = 0x0002,
    EPOP_CAPA_SASL = 0x0004,
    EPOP_CAPA_RESP_CODES = 0x0008,
    EPOP_CAPA_LOGIN_DELAY = 0x0010,
    EPOP_CAPA_PIPELINING = 0x0020,
    EPOP_CAPA_EXPIRE = 0x0040,
    EPOP_CAPA_UIDL = 0x0080,
    EPOP_CAPA_IMPLEMENTATION = 0x0100,
    EPOP_CAPA_STLS = 0x0200,
    EPOP_CAPA_AUTH_RESP_CODE = 0x0400,
    EPOP_CAPA_UTF8 = 0x0800,
    EPOP_CAPA_LANG = 0x1000
};

#define EPOP_EXPIRE_NEVER 0xFFFFFFFEu /* EXPIRE NEVER: the server deletes nothing by itself */
#define EPOP_UNSET 0xFFFFFFFFu        /* no value */

/* One line of a CAPA listing. */
typedef struct epop_capability {
    uint32_t struct_size;
    uint32_t id;      /* one EPOP_CAPA_ bit; 0 for an unknown tag */
    uint32_t value;   /* EXPIRE: days or EPOP_EXPIRE_NEVER; LOGIN-DELAY: seconds; else EPOP_UNSET */
    uint32_t user;    /* 1: the parameter "USER": EXPIRE and LOGIN-DELAY may differ after login; UTF8: names and
                         passwords may be UTF-8 */
    epop_span tag;    /* as received; letter case is ignored */
    epop_span params; /* everything after the tag, without blanks at the ends; epop_word_next splits it */
} epop_capability;

/* Parses a row of CAPA; letter case is ignored. A value that is not a number, or not below EPOP_EXPIRE_NEVER, becomes
 * EPOP_UNSET, without error. EPOP_ERR_SYNTAX for a line without a tag. */
EPOP_API int32_t epop_capability_parse(epop_capability *out, const void *text, size_t len);

/* Writes a row of CAPA: `tag`, or the name of `id` if that is empty; then `params`, or, if those are empty, `value`
 * (unless EPOP_UNSET) and "USER" (if `user` is 1).
 *
 * EPOP_ERR_SPACE             `cap` is too small
 * EPOP_ERR_ARGUMENT_MISSING  no tag
 * EPOP_ERR_OCTET             CR, LF or NUL; a tag with a space or dot, or not of visible ASCII
 * EPOP_ERR_TOO_LONG          longer than EPOP_STATUS_MAX */
EPOP_API int32_t epop_capability_write(void *dst, size_t cap, size_t *len, const epop_capability *capability);

/* "RESP-CODES" and so on; "" for anything but one known bit. Static. */
EPOP_API const char *epop_capability_name(uint32_t id);

/* The next of several words that are separated by blanks. `*pos` is 0 for the first word, and is advanced. EPOP_OK and
 * a word, or EPOP_END. */
EPOP_API int32_t epop_word_next(const void *text, size_t len, size_t *pos, epop_span *word);

/* ---------------------------------------------------------------------------------------------------------------------
 * Bodies: the multi-line data of RETR and TOP (RFC 1939 section 3)
 */

/* Removes dot-stuffing and finds the end. No octet is copied or kept. */
typedef struct epop_dot_decoder {
    uint8_t p_state;
    uint8_t p_eol;
} epop_dot_decoder;

/* `eol` is EPOP_EOL_CRLF or EPOP_EOL_LF; EPOP_ERR_VALUE for others. */
EPOP_API int32_t epop_dot_decoder_init(epop_dot_decoder *dot, uint32_t eol);

/* Takes the next piece of a body. `*used` and `*slice` are always set. `*slice`, which may be empty, holds octets of
 * the message; it points into `data` or, for a single CR, to a constant.
 *
 * EPOP_OK   `*used` octets are done; call again with the rest, if any
 * EPOP_END  the final dot line was taken: what follows `*used` belongs to the next response. `*slice` is empty.
 *
 * Only CRLF "." CRLF ends a body; in a session with LF only LF "." LF. The line end before the dot belongs to the
 * message. After the end, the decoder is ready for the next body. */
EPOP_API int32_t epop_dot_decode(epop_dot_decoder *dot, const void *data, size_t len, size_t *used, epop_span *slice);

/* Prepares a message for the wire: CRLF for every bare LF and bare CR, dot-stuffing, a missing last CRLF, the final dot
 * line. */
typedef struct epop_dot_encoder {
    uint8_t p_state;
} epop_dot_encoder;

EPOP_API int32_t epop_dot_encoder_init(epop_dot_encoder *stuff);

/* Encodes as much of `data` as fits. `*used` and `*wrote` are always set. EPOP_OK: all was used. EPOP_FULL: call again
 * with the rest and more space. */
EPOP_API int32_t epop_dot_encode(epop_dot_encoder *stuff, const void *data, size_t len, size_t *used, void *dst,
                                 size_t cap, size_t *wrote);

/* Writes the end, at most EPOP_DOT_END_MAX octets, all or nothing: EPOP_ERR_SPACE with `*wrote` as the size needed.
 * Then the encoder is ready for the next body. */
enum { EPOP_DOT_END_MAX = 5 };
EPOP_API int32_t epop_dot_encode_end(epop_dot_encoder *stuff, void *dst, size_t cap, size_t *wrote);

/* Computes the size of a message without sending it. */
typedef struct epop_size {
    uint64_t octets;  /* for LIST (RFC 1939 section 11): with CRLF for every line end, without dot-stuffing */
    uint64_t on_wire; /* as RETR sends it: with dot-stuffing and the final dot line; valid after epop_size_end */
    uint8_t p_state;
} epop_size;

EPOP_API int32_t epop_size_init(epop_size *size);
EPOP_API int32_t epop_size_add(epop_size *size, const void *data, size_t len);
/* Counts a missing last CRLF and the final dot line. For the next message, call epop_size_init. */
EPOP_API int32_t epop_size_end(epop_size *size);

/* Finds how much of a message TOP returns: the header, the blank line, and `lines` lines of the body (RFC 1939 section
 * 7). Line ends are counted as epop_dot_encoder repairs them. */
typedef struct epop_top {
    uint32_t p_lines;
    uint8_t p_state;
} epop_top;

EPOP_API int32_t epop_top_init(epop_top *top, uint32_t lines);
/* The first `*take` octets of `data` belong to the response. EPOP_OK: all of them, go on. EPOP_END: nothing after them.
 */
EPOP_API int32_t epop_top_take(epop_top *top, const void *data, size_t len, size_t *take);

/* ---------------------------------------------------------------------------------------------------------------------
 * Base64 (RFC 4648 section 4, with padding; RFC 5034 section 4 wants it strict)
 */

typedef struct epop_base64 {
    uint32_t p_bits;
    uint8_t p_count;
    uint8_t p_padding;
} epop_base64;

EPOP_API int32_t epop_base64_init(epop_base64 *state);

/* Encodes 3 octets to 4. EPOP_OK: all was used. EPOP_FULL: call again with at least 4 octets of space. */
EPOP_API int32_t epop_base64_encode(epop_base64 *state, const void *data, size_t len, size_t *used, void *dst,
                                    size_t cap, size_t *wrote);
/* Writes the last group with its padding: 0 or 4 octets, or EPOP_ERR_SPACE. Then it is ready for the next text. */
EPOP_API int32_t epop_base64_encode_end(epop_base64 *state, void *dst, size_t cap, size_t *wrote);

/* Decodes 4 octets to 3. EPOP_OK: all was used. EPOP_FULL: call again with at least 3 octets of space. EPOP_ERR_BASE64:
 * an octet outside the alphabet (white space too), anything after padding, or unused bits that are not zero. */
EPOP_API int32_t epop_base64_decode(epop_base64 *state, const void *text, size_t len, size_t *used, void *dst,
                                    size_t cap, size_t *wrote);
/* EPOP_ERR_BASE64 if the text ended inside a group. Then it is ready for the next text. */
EPOP_API int32_t epop_base64_decode_end(epop_base64 *state);

/* ---------------------------------------------------------------------------------------------------------------------
 * POP URLs (RFC 2384): pop://user;AUTH=mechanism@host:port
 */

typedef struct epop_url {
    uint32_t struct_size;
    uint32_t tls;   /* 1: pops://, TLS from the first octet (RFC 8314) */
    uint32_t port;  /* as given, else 110 or 995 */
    uint32_t apop;  /* 1: the mechanism had a "+": APOP or an extension, not SASL */
    epop_span user; /* still percent-encoded: epop_url_decode; empty if none */
    epop_span auth; /* mechanism, percent-encoded, without its "+"; empty if none, "*" for any */
    epop_span
        host; /* name or IPv4 address: letters, digits, ".", "-", "_"; an IPv6 address without its square brackets */
} epop_url;

/* EPOP_ERR_SCHEME  neither pop:// nor pops://
 * EPOP_ERR_SYNTAX  no host, a path other than "/", a wrong bracket or percent code, a password (":" in the user part:
 * RFC 2384 section 3 does not allow one) EPOP_ERR_NUMBER  a port that is not 1 to 65535 EPOP_ERR_OCTET   a control
 * octet, space or 8-bit octet anywhere, or an encoded NUL, CR or LF */
EPOP_API int32_t epop_url_parse(epop_url *out, const void *text, size_t len);

/* Decodes percent codes; no CRLF or NUL is added. `*len` is the size needed. EPOP_ERR_SPACE, EPOP_ERR_SYNTAX,
 * EPOP_ERR_OCTET (an encoded NUL, CR or LF). */
EPOP_API int32_t epop_url_decode(void *dst, size_t cap, size_t *len, const void *text, size_t text_len);

/* Writes a URL, without CRLF. Here `user` and `auth` are not encoded yet. The port is left out if it is 0 or the
 * default of the scheme. EPOP_ERR_SPACE; EPOP_ERR_ARGUMENT_MISSING without a host; EPOP_ERR_OCTET for a host with other
 * octets; EPOP_ERR_VALUE for a port above 65535. */
EPOP_API int32_t epop_url_write(void *dst, size_t cap, size_t *len, const epop_url *url);

#ifdef __cplusplus
}
#endif

#endif
