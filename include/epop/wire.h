/* POP3 on the wire: octets to values and back, without a session. For the sessions of this library, and for proxies,
 * sniffers, test tools and pull-style hosts.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 *
 * Three families:
 * - `*_parse(out, text, len)`: one whole line, without its line end, to a value. Spans in `out` point into `text`.
 * - `*_write(dst, cap, len, ...)`: a value to octets. All or nothing: `*len` is always the size that is needed; where
 *   that is more than `cap`, the result is EPOP_ERR_SPACE and nothing is written. `dst` may be NULL where `cap` is 0.
 *   What goes out ends in CRLF, and no argument can smuggle a CR, LF or NUL through (EPOP_ERR_OCTET).
 * - stream decoders and encoders: tiny structs of plain data that take input in any pieces, and give the same result
 *   however it is cut. They can be copied, and need no clean-up.
 *
 * Every function returns EPOP_ERR_NULL and does nothing where a pointer is missing; a pointer to octets may be NULL
 * where their number is 0.
 */
#ifndef EPOP_WIRE_H
#define EPOP_WIRE_H

#include <epop/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------------
 * Limits of the protocol
 */

enum {
    EPOP_COMMAND_MAX = 255, /* RFC 2449 section 4: a command, with its CRLF */
    EPOP_STATUS_MAX = 512,  /* RFC 2449 section 4: the first line of a response, with its CRLF */
    EPOP_UNIQUE_ID_MAX = 70 /* RFC 1939 section 7: a unique-id */
};

/* Ours: a status line, row or command beyond this is an attack, not a deviation: the longest that is known, an AUTH
 * line with a Kerberos ticket, stays far below. */
#define EPOP_LINE_LENGTH_MAX 65536u

/* ---------------------------------------------------------------------------------------------------------------------
 * Lines
 */

/* A stream of octets into lines. The caller's buffer holds the beginning of a line that comes in pieces. */
typedef struct epop_line {
    uint8_t *p_buffer;
    size_t p_size;
    size_t p_stored;
    uint32_t p_length;
    uint8_t p_eol;
    uint8_t p_after_cr;
} epop_line;

/* A line, without its line end. Where it was longer than the buffer, `text` is its beginning, however it was cut. */
typedef struct epop_line_text {
    uint32_t struct_size;
    uint32_t length; /* of the whole line, without its line end; more than text.len where it was truncated */
    epop_span text;  /* points into the fed octets or into the buffer: good until either changes */
} epop_line_text;

/* `eol` is EPOP_EOL_CRLF, _LF or _FIRST. `buffer` must outlive the decoder; `size` may be anything from 1 up.
 * EPOP_ERR_VALUE for another `eol` or a size of 0. */
EPOP_API int32_t epop_line_init(epop_line *line, void *buffer, size_t size, uint32_t eol);

/* Takes octets until a line is whole. `*used` is always set.
 *
 * EPOP_LINE: `out` is filled; feed the rest after it. EPOP_OK: all was used, no line yet.
 * EPOP_ERR_PEER_LINE_END: in a session of CRLF a bare LF, in a session of LF a CRLF. (One rule for a session: if both
 * counted, text of one could forge lines of the other.) EPOP_ERR_LIMIT_LINE: more than EPOP_LINE_LENGTH_MAX octets.
 * After an error the decoder stays where it is: stop. */
EPOP_API int32_t epop_line_feed(epop_line *line, const void *data, size_t len, size_t *used, epop_line_text *out);

/* What the line end turned out to be: EPOP_EOL_CRLF, _LF, or still _FIRST. */
EPOP_API uint32_t epop_line_eol(const epop_line *line);

/* ---------------------------------------------------------------------------------------------------------------------
 * Commands
 */

/* Every command that the library knows; lib/wire/commands.def says all that is to be known of each. */
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
    EPOP_CMD_LOGIN = 64 /* not on the wire: the client's `login`, whatever commands it takes */
};

/* A command line. Which members mean something depends on the command; the others are empty or 0. */
typedef struct epop_command {
    uint32_t struct_size;
    uint32_t id;        /* EPOP_CMD_, or EPOP_CMD_UNKNOWN */
    uint32_t number;    /* LIST UIDL RETR TOP DELE: message-number from 1, 0 where LIST or UIDL have none */
    uint32_t lines;     /* TOP: number of body lines */
    epop_span keyword;  /* as it stood, any letter case */
    epop_span argument; /* USER: name. PASS: password, spaces and all. APOP: name. AUTH: mechanism. LANG: language
                           range. XTND and unknown commands: all that follows the keyword and one space. */
    epop_span second;   /* APOP: digest. AUTH: initial response, base64 as it stood, "=" for an empty one */
} epop_command;

/* `text` is a line without its line end; keywords are taken in any letter case (RFC 1939 section 3). Arguments stand
 * behind single spaces; spaces at the end of the line are ignored, but not where the argument is the rest of the line,
 * as with USER, PASS, XTND and unknown commands.
 *
 * An unknown keyword is not an error: `id` is EPOP_CMD_UNKNOWN. On every error `id` and `keyword` are set as far as the
 * keyword could be read, the rest is empty.
 * EPOP_ERR_OCTET: CR, LF or NUL, anywhere. EPOP_ERR_SYNTAX: no keyword at all. EPOP_ERR_ARGUMENT_MISSING, also for an
 * empty word between two spaces. EPOP_ERR_ARGUMENT_EXTRA. EPOP_ERR_NUMBER: not 1 to 10 digits, above 2^32 - 1, or
 * message-number 0.
 * Length is not checked here: a line is as long as the caller's line decoder lets it be. */
EPOP_API int32_t epop_command_parse(epop_command *out, const void *text, size_t len);

/* Writes the command with its CRLF. `keyword` is used for EPOP_CMD_UNKNOWN only, where it needs 3 octets or more of
 * visible ASCII (EPOP_ERR_SYNTAX). EPOP_ERR_VALUE for an `id` that is none of the commands on the wire. Beyond the
 * family's results: EPOP_ERR_TOO_LONG over EPOP_COMMAND_MAX, EPOP_ERR_ARGUMENT_MISSING, EPOP_ERR_ARGUMENT_EXTRA,
 * EPOP_ERR_NUMBER for a message-number 0 that may not be 0, EPOP_ERR_OCTET also for a space in an argument that is a
 * word. */
EPOP_API int32_t epop_command_write(void *dst, size_t cap, size_t *len, const epop_command *command);

/* The keyword in capital letters; "" for an unknown id, "LOGIN" for EPOP_CMD_LOGIN. Static. */
EPOP_API const char *epop_command_name(uint32_t id);

/* The shapes of a response. */
enum {
    EPOP_SHAPE_SINGLE = 0, /* a status line */
    EPOP_SHAPE_ROWS = 1,   /* where positive, lines follow, each worth looking at: LIST, UIDL, CAPA */
    EPOP_SHAPE_BODY = 2,   /* where positive, a message follows: RETR, TOP */
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
    EPOP_RETRY_LATER = 2,   /* unchanged, after a while */
    EPOP_RETRY_NEVER = 3    /* not before a human has changed something: AUTH (credentials), SYS/PERM */
};

typedef struct epop_reply {
    uint32_t struct_size;
    uint32_t status;     /* EPOP_STATUS_ */
    uint32_t code;       /* EPOP_CODE_ */
    uint32_t retry;      /* EPOP_RETRY_ of that code */
    epop_span code_name; /* what stood in the brackets, "SYS/TEMP" */
    epop_span text;      /* all that follows the status indicator and one space, brackets included */
    epop_span detail;    /* the text behind the response code; the same as `text` where there is none */
} epop_reply;

/* Parses a status line. The indicator is matched in capitals as RFC 1939 section 3 demands; what follows it may be
 * anything. A bracket at the head of the text is a response code where it has the grammar of RFC 2449 section 3; an
 * unknown code is kept as EPOP_CODE_OTHER, and `text` keeps it for those who took it for words. "+OK" and "+OKAY" are
 * status OK; "+" and "+ " are EPOP_STATUS_CONTINUE, and so is "+" with base64 right after it ("+VXNlcm5hbWU6"), if
 * it does not begin with "+OK". EPOP_ERR_SYNTAX for everything else. */
EPOP_API int32_t epop_reply_parse(epop_reply *out, const void *text, size_t len);

/* Writes a status line with its CRLF: indicator, a space always (RFC 1957 tells of clients that need it), the response
 * code in brackets where `code` is neither NONE nor OTHER, and `detail`. `code_name` is used where `code` is OTHER.
 * The rest of `reply` is ignored. A `detail` that begins with a bracket may be read as a code: that is the caller's to
 * avoid. EPOP_ERR_TOO_LONG over EPOP_STATUS_MAX, EPOP_ERR_VALUE for a wrong status or code, or a code with
 * EPOP_STATUS_CONTINUE, EPOP_ERR_OCTET for a `code_name` without the grammar of one. */
EPOP_API int32_t epop_reply_write(void *dst, size_t cap, size_t *len, const epop_reply *reply);

/* "SYS/TEMP" and so on; "" for NONE and OTHER. Static. */
EPOP_API const char *epop_code_name(uint32_t code);

/* EPOP_RETRY_ of a code. */
EPOP_API uint32_t epop_code_retry(uint32_t code);

/* Finds the APOP stamp in the text of a greeting (RFC 1939 section 7): of the candidates in angle brackets, from left
 * to right, the first that is a msg-id of RFC 5322: one `@` with something on both sides, no space, nothing but visible
 * ASCII, no angle bracket inside. `stamp` includes the brackets and points into `text`; empty where there is none (then
 * the result is EPOP_OK too). */
EPOP_API int32_t epop_greeting_stamp(epop_span *stamp, const void *text, size_t len);

/* 1 where the text of a greeting has "POP4 rev" in it, which the POP4 proposal of 2003 asks for; 0 otherwise. It proves
 * nothing: servers are known that print it and speak plain POP3. */
EPOP_API uint32_t epop_greeting_is_pop4(const void *text, size_t len);

/* ---------------------------------------------------------------------------------------------------------------------
 * Rows: STAT, LIST, UIDL, CAPA
 */

/* Deviations that the parsers below tolerate and report, bit by bit; the client session raises an event for each. */
enum {
    EPOP_QUIRK_LF_SESSION = 0x0001,       /* the greeting ended in a bare LF, and so does every line after it */
    EPOP_QUIRK_STATUS_SPACE = 0x0002,     /* no space between the status indicator and the text */
    EPOP_QUIRK_LONG_LINE = 0x0004,        /* a line did not fit the line buffer and was cut */
    EPOP_QUIRK_ROW_SYNTAX = 0x0008,       /* a row could not be understood; it is passed on as it stood */
    EPOP_QUIRK_ROW_STATUS = 0x0010,       /* "+OK" in front of a row (old servers, in UIDL) */
    EPOP_QUIRK_ROW_BLANKS = 0x0020,       /* more than one blank, a tab, or blanks in front or behind */
    EPOP_QUIRK_UNIQUE_ID_EMPTY = 0x0040,  /* a unique-id of no octets: the message can not be told from others */
    EPOP_QUIRK_UNIQUE_ID_LONG = 0x0080,   /* a unique-id over 70 octets */
    EPOP_QUIRK_UNIQUE_ID_OCTETS = 0x0100, /* octets outside 0x21 to 0x7E in a unique-id */
    EPOP_QUIRK_NEGATIVE_SIZE = 0x0200,    /* a negative octet count, from 32-bit overflow; 0 is reported */
    EPOP_QUIRK_CHALLENGE_TEXT = 0x0400,   /* text after the "+" of an empty SASL challenge ("+ go ahead"), or one that is
                                             no base64 where any will do ("+ Username:", with LOGIN) */
    EPOP_QUIRK_STAT_OCTETS = 0x0800,      /* STAT tells how many messages there are, and no octets; 0 is reported */
    EPOP_QUIRK_STAT_COUNT = 0x1000        /* STAT was refused, tells no count, or tells 0 and LIST has rows: the sync
                                             goes by LIST (told by lib/sync alone) */
};

/* The identifier of one quirk bit, "EPOP_QUIRK_ROW_BLANKS"; "?" for anything else. Static. */
EPOP_API const char *epop_quirk_name(uint32_t quirk);

/* One line of a listing, or the numbers of a status line. */
typedef struct epop_listing {
    uint32_t struct_size;
    uint32_t quirks;     /* EPOP_QUIRK_ bits that were met */
    uint32_t number;     /* message-number; for STAT the number of messages */
    uint32_t reserved;   /* 0 */
    uint64_t octets;     /* LIST: size of the message; STAT: of the maildrop. A hint: many servers get it wrong */
    epop_span unique_id; /* UIDL */
} epop_listing;

/* The numbers in the text of a positive reply to STAT, "2 320". What follows after a blank is ignored. If the count of
 * messages is followed by no number of octets, or by one that does not fit 64 bits, `octets` is 0, with
 * EPOP_QUIRK_STAT_OCTETS. EPOP_ERR_NUMBER if the count does not fit 32 bits, EPOP_ERR_SYNTAX if there is none. */
EPOP_API int32_t epop_stat_parse(epop_listing *out, const void *text, size_t len);
/* A row of LIST, or the text of a positive reply to LIST with an argument: "2 120". What follows after a blank is
 * ignored. EPOP_ERR_NUMBER if a number does not fit (messages 32 bits, octets 64) or the message-number is 0,
 * EPOP_ERR_SYNTAX otherwise. */
EPOP_API int32_t epop_list_parse(epop_listing *out, const void *text, size_t len);
/* A row of UIDL, or the text of a positive reply to UIDL with an argument: "2 QhdPYR:00WBw1Ph7x7". Tolerant: the
 * unique-id is all octets behind the first run of blanks, up to the last that is not one; with a CR or NUL among them
 * it is EPOP_ERR_SYNTAX. Same errors. */
EPOP_API int32_t epop_uidl_parse(epop_listing *out, const void *text, size_t len);

/* Two numbers and CRLF, "2 120": a row of LIST. `number` is from 1 (EPOP_ERR_NUMBER), here and below. */
EPOP_API int32_t epop_list_write(void *dst, size_t cap, size_t *len, uint32_t number, uint64_t octets);
/* A row of UIDL. The unique-id is 1 to 70 octets of 0x21 to 0x7E (EPOP_ERR_ARGUMENT_MISSING, EPOP_ERR_TOO_LONG,
 * EPOP_ERR_OCTET). */
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
    uint32_t id;      /* one EPOP_CAPA_ bit, 0 for a tag that the library does not know */
    uint32_t value;   /* EXPIRE: days or EPOP_EXPIRE_NEVER; LOGIN-DELAY: seconds; else EPOP_UNSET */
    uint32_t user;    /* 1: "USER" stands among the parameters: EXPIRE and LOGIN-DELAY may differ after login, and for
                         UTF8, names and passwords may be UTF-8 */
    epop_span tag;    /* as it stood; tags are compared without regard to letter case */
    epop_span params; /* all behind the tag, without blanks at its ends; epop_word_next takes it apart */
} epop_capability;

/* EPOP_ERR_SYNTAX for a line without a tag only. A value that is no number, or one that does not fit below
 * EPOP_EXPIRE_NEVER, is EPOP_UNSET, which is no error. Words are compared without regard to letter case. */
EPOP_API int32_t epop_capability_parse(epop_capability *out, const void *text, size_t len);

/* Writes the line with its CRLF: `tag`, or where that is empty the name of `id`; behind it `params`, or where those are
 * empty `value` (unless EPOP_UNSET) and "USER" (where `user` is 1). EPOP_ERR_ARGUMENT_MISSING without a tag,
 * EPOP_ERR_OCTET for a tag with a space or a dot in it or outside visible ASCII, EPOP_ERR_TOO_LONG over
 * EPOP_STATUS_MAX. */
EPOP_API int32_t epop_capability_write(void *dst, size_t cap, size_t *len, const epop_capability *capability);

/* "RESP-CODES" and so on; "" for anything but one known bit. Static. */
EPOP_API const char *epop_capability_name(uint32_t id);

/* The next word of a list of words between blanks, from `*pos`, which starts at 0 and is moved. EPOP_OK and a word, or
 * EPOP_END. */
EPOP_API int32_t epop_word_next(const void *text, size_t len, size_t *pos, epop_span *word);

/* ---------------------------------------------------------------------------------------------------------------------
 * Bodies: the multi-line data of RETR and TOP (RFC 1939 section 3)
 */

/* Undoes dot-stuffing and finds the end. State only; no octet is copied or kept. */
typedef struct epop_dot {
    uint8_t p_state;
    uint8_t p_eol;
} epop_dot;

/* `eol` is EPOP_EOL_CRLF or EPOP_EOL_LF; EPOP_ERR_VALUE for others. */
EPOP_API int32_t epop_dot_init(epop_dot *dot, uint32_t eol);

/* Takes the next piece of a body. `*slice` is set on every return and may be empty: octets of the message, pointing
 * into `data`, or now and then at a constant.
 *
 * EPOP_OK: `*used` octets are done; call again with the rest, if any. EPOP_END: the final dot line was taken, the
 * octets behind `*used` belong to the next response. (`slice` is then empty.) Only CRLF "." CRLF ends a body; in a
 * session of LF only LF "." LF. The line end before the dot is part of the message. Feeding on after the end starts the
 * next body. */
EPOP_API int32_t epop_dot_decode(epop_dot *dot, const void *data, size_t len, size_t *used, epop_span *slice);

/* Makes a body fit for the wire: CRLF for every bare LF and every bare CR, dots stuffed, a missing last CRLF added, the
 * final dot line. State only. */
typedef struct epop_stuff {
    uint8_t p_state;
} epop_stuff;

EPOP_API int32_t epop_stuff_init(epop_stuff *stuff);

/* Takes as much of `data` as the space allows. `*used` and `*wrote` are always set. EPOP_OK: all was used. EPOP_FULL:
 * call again with the rest and more space. */
EPOP_API int32_t epop_stuff_encode(epop_stuff *stuff, const void *data, size_t len, size_t *used, void *dst, size_t cap,
                                   size_t *wrote);

/* The end: at most EPOP_STUFF_END_MAX octets. All or nothing; EPOP_ERR_SPACE with `*wrote` as the size needed. The
 * encoder is then ready for the next body. */
enum { EPOP_STUFF_END_MAX = 5 };
EPOP_API int32_t epop_stuff_end(epop_stuff *stuff, void *dst, size_t cap, size_t *wrote);

/* The size of a message without sending it. */
typedef struct epop_size {
    uint64_t octets;  /* as LIST must say (RFC 1939 section 11): with CRLF for every line end, dots not stuffed */
    uint64_t on_wire; /* as RETR sends it: dots stuffed, with the final dot line. Right after epop_size_end. */
    uint8_t p_state;
} epop_size;

EPOP_API int32_t epop_size_init(epop_size *size);
EPOP_API int32_t epop_size_add(epop_size *size, const void *data, size_t len);
/* Counts a missing last CRLF and the final dot line. For the next message, begin with epop_size_init. */
EPOP_API int32_t epop_size_end(epop_size *size);

/* How much of a message belongs to `TOP n lines`: the header, the blank line, and `lines` lines of the body (RFC 1939
 * section 7). Line ends are counted as epop_stuff repairs them. */
typedef struct epop_top {
    uint32_t p_lines;
    uint8_t p_state;
} epop_top;

EPOP_API int32_t epop_top_init(epop_top *top, uint32_t lines);
/* `*take` octets of `data` belong to the answer. EPOP_OK: all of it, go on. EPOP_END: nothing behind them does. */
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

/* Three octets to four. EPOP_OK: all used; EPOP_FULL: give more space (at least 4). */
EPOP_API int32_t epop_base64_encode(epop_base64 *state, const void *data, size_t len, size_t *used, void *dst,
                                    size_t cap, size_t *wrote);
/* The last group with its padding: 0 or 4 octets, or EPOP_ERR_SPACE. Ready for the next text then. */
EPOP_API int32_t epop_base64_encode_end(epop_base64 *state, void *dst, size_t cap, size_t *wrote);

/* Four to three. EPOP_OK, EPOP_FULL (give at least 3), or EPOP_ERR_BASE64 for an octet outside the alphabet, anything
 * behind padding, or bits left over that are not zero. White space is not skipped. */
EPOP_API int32_t epop_base64_decode(epop_base64 *state, const void *text, size_t len, size_t *used, void *dst,
                                    size_t cap, size_t *wrote);
/* EPOP_ERR_BASE64 where the text ended inside a group. Ready for the next text then. */
EPOP_API int32_t epop_base64_decode_end(epop_base64 *state);

/* ---------------------------------------------------------------------------------------------------------------------
 * POP URLs (RFC 2384): pop://user;AUTH=mechanism@host:port
 */

typedef struct epop_url {
    uint32_t struct_size;
    uint32_t tls;   /* 1: pops://, TLS from the first octet (RFC 8314) */
    uint32_t port;  /* as given, else 110 or 995 */
    uint32_t apop;  /* 1: the mechanism stood with a "+": APOP or an extension, not SASL */
    epop_span user; /* still percent-encoded: epop_url_decode; empty if none */
    epop_span auth; /* mechanism, percent-encoded, without its "+"; empty if none, "*" for any */
    epop_span
        host; /* name or IPv4 address: letters, digits, ".", "-", "_"; an IPv6 address without its square brackets */
} epop_url;

/* EPOP_ERR_SCHEME: neither pop:// nor pops://. EPOP_ERR_SYNTAX: no host, a path behind it other than "/", a wrong
 * bracket or percent code, a password (":" in the user part: RFC 2384 section 3 does not permit one). EPOP_ERR_NUMBER:
 * a port that is not 1 to 65535. EPOP_ERR_OCTET: a control octet, space or 8-bit anywhere, or encoded NUL, CR or LF. */
EPOP_API int32_t epop_url_parse(epop_url *out, const void *text, size_t len);

/* Percent-decodes a part; no CRLF or NUL is added. `*len` is the size needed. EPOP_ERR_SPACE, EPOP_ERR_SYNTAX,
 * EPOP_ERR_OCTET (an encoded NUL, CR or LF). */
EPOP_API int32_t epop_url_decode(void *dst, size_t cap, size_t *len, const void *text, size_t text_len);

/* Writes a URL, without CRLF. `user` and `auth` are taken raw here and encoded; the port is left out where it is the
 * scheme's own, or 0. EPOP_ERR_ARGUMENT_MISSING without a host, EPOP_ERR_OCTET for one with other octets,
 * EPOP_ERR_VALUE for a port above 65535. */
EPOP_API int32_t epop_url_write(void *dst, size_t cap, size_t *len, const epop_url *url);

#ifdef __cplusplus
}
#endif

#endif
