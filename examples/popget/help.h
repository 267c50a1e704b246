/* The text of --help.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#ifndef POPGET_HELP_H
#define POPGET_HELP_H

static const char *const help_lines[] = {
    "Usage: popget [options] pop://USER@HOST[:PORT]",
    "Fetch mail by POP3, or list it.",
    "",
    "Where the messages go (give one):",
    "      --maildir DIR         into a Maildir, made where it is missing",
    "      --mbox FILE           to the end of an mbox file (mboxrd)",
    "      --stdout              to standard output, one behind the other",
    "      --exec CMD            to the standard input of 'sh -c CMD', one run for each",
    "  -l, --list                nowhere: print number, size, unique-id, From, Subject, Date",
    "",
    "Which messages, and what becomes of them:",
    "  -m, --messages 1,3-5,9-   only these; all without it",
    "      --max-size BYTES      skip larger ones",
    "  -k, --keep                leave them on the server (default)",
    "  -d, --delete              delete each from the server once it is safely stored",
    "      --crlf                keep the line ends of the network instead of LF",
    "      --json                with --list: one JSON object a line",
    "",
    "Login:",
    "      --password-file FILE  the password is its first line; else POPGET_PASSWORD in",
    "                            the environment; else popget asks on the terminal",
    "      --allow-cleartext     send the password without TLS: anybody on the way reads it",
    "",
    "Connection:",
    "      --pipeline N          requests ahead, where the server allows it (default 16)",
    "      --timeout SECONDS     longest wait for the server (default 180)",
    "      --trace FILE          write the dialogue to FILE, without passwords and messages",
    "",
    "  -q, --quiet               no progress bar, no notes; errors are still told",
    "  -h, --help                this text",
    "  -V, --version             the version",
    "",
    "Exit status: 0 all done, 64 wrong usage, 65 the server broke the protocol or refused a",
    "message, 69 no connection, 74 a local file or command failed, 75 try again later, 77",
    "refused. The README that comes with popget tells the rest.",
};

#endif
