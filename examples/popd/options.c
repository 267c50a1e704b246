/* The command line.
 *
 * Copyright (c) 2026 The epop authors. SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "options.h"

#include <epop/epop.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "tls.h"

enum {
    OPT_ROOT = 256,
    OPT_USERS,
    OPT_LISTEN,
    OPT_LISTEN_TLS,
    OPT_CERT,
    OPT_KEY,
    OPT_TLS_CIPHERS,
    OPT_MECHANISMS,
    OPT_HASH_PASSWORD,
    OPT_ALLOW_CLEARTEXT,
    OPT_PORT_FILE,
    OPT_IDLE_TIMEOUT,
    OPT_LOGIN_TIMEOUT,
    OPT_MAX_SESSIONS,
    OPT_MAX_SESSIONS_PER_ADDRESS,
    OPT_MAX_LOGIN_FAILURES,
    OPT_LOGIN_FAILURE_DELAY,
    OPT_LOG,
    OPT_HELP,
    OPT_VERSION
};

enum {
    IDLE_TIMEOUT_DEFAULT = 600, /* RFC 1939 section 3 asks for ten minutes at least */
    IDLE_TIMEOUT_MAX = 86400,
    LOGIN_TIMEOUT_DEFAULT = 60,
    LOGIN_TIMEOUT_MAX = 3600,
    MAX_SESSIONS_DEFAULT = 1000,
    MAX_SESSIONS_PER_ADDRESS_DEFAULT = 50,
    MAX_SESSIONS_MAX = 1000000,
    MAX_LOGIN_FAILURES_DEFAULT = 3,
    MAX_LOGIN_FAILURES_MAX = 1000,
    LOGIN_FAILURE_DELAY_DEFAULT = 1,
    LOGIN_FAILURE_DELAY_MAX = 60
};

static const struct option long_options[] = {
    {"root", required_argument, NULL, OPT_ROOT},
    {"users", required_argument, NULL, OPT_USERS},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"listen-tls", required_argument, NULL, OPT_LISTEN_TLS},
    {"cert", required_argument, NULL, OPT_CERT},
    {"key", required_argument, NULL, OPT_KEY},
    {"tls-ciphers", required_argument, NULL, OPT_TLS_CIPHERS},
    {"mechanisms", required_argument, NULL, OPT_MECHANISMS},
    {"hash-password", no_argument, NULL, OPT_HASH_PASSWORD},
    {"allow-cleartext", no_argument, NULL, OPT_ALLOW_CLEARTEXT},
    {"port-file", required_argument, NULL, OPT_PORT_FILE},
    {"idle-timeout", required_argument, NULL, OPT_IDLE_TIMEOUT},
    {"login-timeout", required_argument, NULL, OPT_LOGIN_TIMEOUT},
    {"max-sessions", required_argument, NULL, OPT_MAX_SESSIONS},
    {"max-sessions-per-address", required_argument, NULL, OPT_MAX_SESSIONS_PER_ADDRESS},
    {"max-login-failures", required_argument, NULL, OPT_MAX_LOGIN_FAILURES},
    {"login-failure-delay", required_argument, NULL, OPT_LOGIN_FAILURE_DELAY},
    {"log", required_argument, NULL, OPT_LOG},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: popd --root DIR --users FILE [option]...\n"
    "       popd --hash-password < PASSWORD\n"
    "\n"
    "Serves the Maildirs DIR/USER/{new,cur} by POP3.\n"
    "\n"
    "  --root DIR               the folder with one Maildir for each user\n"
    "  --users FILE             lines of name:{PLAIN}secret, name:{SCRAM-SHA-256}hash\n"
    "                           or name:{BEARER-SHA256}digest of a token\n"
    "  --listen ADDR:PORT       listen there; may be given up to 16 times; port 0: any\n"
    "                           (default 127.0.0.1:1110; IPv6: [::1]:1110)\n"
    "  --listen-tls ADDR:PORT   listen there for TLS from the first octet on (pops)\n"
    "  --cert FILE, --key FILE  certificate chain and key in PEM; with them --listen offers STLS\n"
    "  --tls-ciphers LIST       take these cipher suites, names with commas between, the best first\n"
    "  --mechanisms LIST        offer these of SASL and APOP, names with commas between\n"
    "  --allow-cleartext        take passwords on connections without TLS\n"
    "  --port-file FILE         write the addresses to FILE, \"pop ADDR:PORT\" or \"pops ADDR:PORT\"\n"
    "  --idle-timeout SECONDS   close a connection without a whole command or reply for\n"
    "                           that long (default 600)\n"
    "  --login-timeout SECONDS  close a connection that nobody has logged in on by then (default 60)\n"
    "  --max-sessions N         serve that many at a time (default 1000)\n"
    "  --max-sessions-per-address N\n"
    "                           ... and that many of one address (default 50)\n"
    "  --max-login-failures N   failed logins that end a connection (default 3)\n"
    "  --login-failure-delay SECONDS\n"
    "                           answer a failed login after that time (default 1; 0: at once)\n"
    "  --log text|json          form of the log on standard error (default text)\n"
    "  --hash-password          print the hash of a password from standard input, and end\n"
    "  --help, --version        print this, or the version, and end\n"
    "\n"
    "SIGHUP rereads users, certificate and key; SIGTERM and SIGINT end the server.\n";

static int usage(const char *cause, const char *value)
{
    fprintf(stderr, "popd: %s%s%s; see popd --help\n", cause, value != NULL ? ": " : "", value != NULL ? value : "");
    return EX_USAGE;
}

static int number(uint32_t *out, const char *name, const char *text, uint32_t min, uint32_t max)
{
    uint32_t value = 0;
    size_t digits = strspn(text, "0123456789");

    for (size_t i = 0; i < digits && value <= max; i++) {
        value = value * 10 + (uint32_t)(text[i] - '0');
    }
    if (digits == 0 || text[digits] != '\0' || value < min || value > max) {
        fprintf(stderr, "popd: %s needs a number from %u to %u, not \"%s\"\n", name, (unsigned)min, (unsigned)max,
                text);
        return EX_USAGE;
    }
    *out = value;
    return -1;
}

static int add_listener(struct options *options, const char *text, int is_secure)
{
    const char *needs = is_secure ? "--listen-tls needs a numeric ADDR:PORT, such as 127.0.0.1:1995 or [::1]:1995, not"
                                  : "--listen needs a numeric ADDR:PORT, such as 127.0.0.1:1110 or [::1]:1110, not";

    if (options->listen_count == OPTIONS_LISTEN_MAX) {
        return usage(
            "--listen and --listen-tls can be given 16 times at most; listen on 0.0.0.0 or [::] for all addresses",
            NULL);
    }
    if (address_parse(&options->listen[options->listen_count], text) != 0) {
        return usage(needs, text);
    }
    options->listen_secure[options->listen_count] = (uint8_t)is_secure;
    options->listen_count++;
    return -1;
}

static int set_log(struct options *options, const char *text)
{
    if (strcmp(text, "text") == 0) {
        options->log = LOG_FORMAT_TEXT;
    } else if (strcmp(text, "json") == 0) {
        options->log = LOG_FORMAT_JSON;
    } else {
        return usage("--log needs text or json, not", text);
    }
    return -1;
}

static int print(const char *text)
{
    fputs(text, stdout);
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

static int take_path(const char **out, const char *name, const char *text)
{
    if (text[0] == '\0') {
        return usage("a path is empty", name);
    }
    *out = text;
    return -1;
}

static int take(struct options *options, int option, const char *value)
{
    switch (option) {
    case OPT_ROOT:
        return take_path(&options->root, "--root", value);
    case OPT_USERS:
        return take_path(&options->users, "--users", value);
    case OPT_PORT_FILE:
        return take_path(&options->port_file, "--port-file", value);
    case OPT_LISTEN:
        return add_listener(options, value, 0);
    case OPT_LISTEN_TLS:
        return add_listener(options, value, 1);
    case OPT_CERT:
        return take_path(&options->certificate, "--cert", value);
    case OPT_KEY:
        return take_path(&options->key, "--key", value);
    case OPT_TLS_CIPHERS:
        options->tls_ciphers = value;
        return -1;
    case OPT_MECHANISMS:
        options->mechanisms = value;
        return -1;
    case OPT_HASH_PASSWORD:
        options->hash_password = 1;
        return -1;
    case OPT_IDLE_TIMEOUT:
        return number(&options->idle_timeout, "--idle-timeout", value, 1, IDLE_TIMEOUT_MAX);
    case OPT_LOGIN_TIMEOUT:
        return number(&options->login_timeout, "--login-timeout", value, 1, LOGIN_TIMEOUT_MAX);
    case OPT_MAX_SESSIONS_PER_ADDRESS:
        return number(&options->max_sessions_per_address, "--max-sessions-per-address", value, 1, MAX_SESSIONS_MAX);
    case OPT_MAX_SESSIONS:
        return number(&options->max_sessions, "--max-sessions", value, 1, MAX_SESSIONS_MAX);
    case OPT_MAX_LOGIN_FAILURES:
        return number(&options->max_login_failures, "--max-login-failures", value, 1, MAX_LOGIN_FAILURES_MAX);
    case OPT_LOGIN_FAILURE_DELAY:
        return number(&options->login_failure_delay, "--login-failure-delay", value, 0, LOGIN_FAILURE_DELAY_MAX);
    case OPT_LOG:
        return set_log(options, value);
    case OPT_ALLOW_CLEARTEXT:
        options->allow_cleartext = 1;
        return -1;
    case OPT_HELP:
        return print(help);
    case OPT_VERSION:
        return print("popd (epop) " EPOP_VERSION "\n");
    default:
        return EX_USAGE;
    }
}

static int complete_listeners(struct options *options)
{
    int is_secure = 0;

    for (size_t i = 0; i < options->listen_count; i++) {
        is_secure |= options->listen_secure[i];
    }
    if (tls_is_missing() && (is_secure || options->certificate != NULL || options->tls_ciphers != NULL)) {
        fputs("popd: --listen-tls, --cert, --key and --tls-ciphers need TLS, and " TLS_MISSING "\n", stderr);
        return EX_UNAVAILABLE;
    }
    if ((is_secure || options->tls_ciphers != NULL) && options->certificate == NULL) {
        return usage("--listen-tls and --tls-ciphers need --cert FILE and --key FILE", NULL);
    }
    return options->listen_count == 0 ? add_listener(options, "127.0.0.1:1110", 0) : -1;
}

static int complete(struct options *options)
{
    if (options->hash_password) {
        return -1;
    }
    if (options->root == NULL) {
        return usage("--root DIR is missing: the folder that holds the Maildirs", NULL);
    }
    if (options->users == NULL) {
        return usage("--users FILE is missing: the file with lines of name:{PLAIN}secret", NULL);
    }
    if ((options->certificate == NULL) != (options->key == NULL)) {
        return usage("--cert FILE and --key FILE belong together: the certificate chain and its key, in PEM", NULL);
    }
    return complete_listeners(options);
}

int options_parse(struct options *options, int argc, char **argv)
{
    int option;
    int status = -1;

    memset(options, 0, sizeof *options);
    options->idle_timeout = IDLE_TIMEOUT_DEFAULT;
    options->login_timeout = LOGIN_TIMEOUT_DEFAULT;
    options->max_sessions = MAX_SESSIONS_DEFAULT;
    options->max_sessions_per_address = MAX_SESSIONS_PER_ADDRESS_DEFAULT;
    options->max_login_failures = MAX_LOGIN_FAILURES_DEFAULT;
    options->login_failure_delay = LOGIN_FAILURE_DELAY_DEFAULT;
    opterr = 0;
    while (status == -1 && (option = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
        if (option == ':') {
            return usage("a value is missing behind", argv[optind - 1]);
        }
        if (option == '?') {
            return usage("no such option, or a value where none belongs", argv[optind - 1]);
        }
        status = take(options, option, optarg);
    }
    if (status != -1) {
        return status;
    }
    if (optind < argc) {
        return usage("not an option", argv[optind]);
    }
    return complete(options);
}
